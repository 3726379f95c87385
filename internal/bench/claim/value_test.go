package claim

import (
	"encoding/json"
	"maps"
	"testing"
	"time"
)

func TestNumbersOfAValue(t *testing.T) {
	for value, want := range map[string]map[string]int64{
		`7`:                          {"": 7},
		`-7.0`:                       {"": -7},
		`7.5`:                        {},
		`1e30`:                       {},
		`"42"`:                       {"": 42},
		`"4 2"`:                      {},
		`null`:                       {},
		`true`:                       {},
		`{"n0":1,"n1":{"n2":"3"}}`:   {"n0": 1, "n1.n2": 3},
		`"{\"n0\":5}"`:               {"n0": 5},
		`[1,2]`:                      {"0": 1, "1": 2},
		`["n0",1,"n1"]`:              {"1": 1},
		`[["n0",4],["n1","5"]]`:      {"0.1": 4, "1.1": 5},
		`{"value":9007199254740993}`: {"value": 9007199254740993},
	} {
		if got := numbers(json.RawMessage(value)); !maps.Equal(got, want) {
			t.Errorf("the numbers of %s are %v, not %v", value, got, want)
		}
	}
}

// Of a long object, short strings are shown, or else only the number that most
// likely is the total.
func TestValuesAreOutlined(t *testing.T) {
	for value, want := range map[string]string{
		`7`:                   `7`,
		`{"n0":1,"total":12}`: `{"n0":1,"total":12}`,
		`{"total":1,"receipts":{"n0":"198c53aae04a7b1f"}}`:                              `{"total":1,"receipts":{"n0":"198c…"}}`,
		`{"a name of a field":1,"name":"of 8 cha","b":"\u0041aaaaaa"}`:                  `{"a name of a field":1,"name":"of 8 cha","b":"\u0041aaaaaa"}`,
		`{"total":1,"receipts":{"n0":"198c53aae04a7b1f","n1":1,"n2":1,"n3":1}}`:         `{"total":1,"receipts":{"n0":"198c…","n1":1,"n2":1,"n3":1}}`,
		`{"receipts":{"n":1,"m":2,"l":3,"k":4,"j":5},"total":12,"something":13}`:        `{"total":12,…}`,
		`{"receipts":{"n0":{"seq":123456789012345678901,"epoch":1234567890123456789}}}`: `{"receipts":{"n0":{"seq":12345678901234…`,
		`"a text of more than forty characters, shortened"`:                             `"a text of more than forty characters, …`,
	} {
		if got := outline(value); got != want {
			t.Errorf("%s is outlined as %s, not %s", value, got, want)
		}
	}
}

func TestEqualValues(t *testing.T) {
	for _, test := range []struct {
		a, b  string
		equal bool
	}{
		{`{"a":1,"b":2}`, `{ "b": 2, "a": 1 }`, true},
		{`"t"`, `"\u0074"`, true},
		{`"t"`, `"t"1`, false},
		{``, ``, true},
		{``, `null`, false},
		{`9007199254740993`, `9007199254740992`, false},
	} {
		if got := same(json.RawMessage(test.a), json.RawMessage(test.b)); got != test.equal {
			t.Errorf("%q and %q are equal: %v", test.a, test.b, got)
		}
	}
}

func TestMentions(t *testing.T) {
	for text, want := range map[string]bool{
		`"n1"`: true, `"n10"`: false, `"n10 n1"`: true, `"counter-n1-x"`: true, `"t"`: false, `n1`: true, ``: false,
	} {
		if got := mentions(text, "n1"); got != want {
			t.Errorf("%s mentions n1: %v", text, got)
		}
	}
}

func TestNamesAreOfNodesClientsOrServices(t *testing.T) {
	for name, want := range map[string]string{
		"n0": "node", "n12": "node", "c3": "client", "n": "node", "nobody": "node", "c": "node", "7": "node",
		"seq-kv": "service", "lin-tso": "service",
	} {
		kinds := map[string]bool{"node": isNode(name), "client": isClient(name), "service": isService(name)}
		for kind, is := range kinds {
			if is != (kind == want) {
				t.Errorf("%q is a %s: %v", name, kind, is)
			}
		}
	}
}

func TestTimesAsPeopleReadThem(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ms", 17_432_100: "17.4 ms", 848 * time.Millisecond: "848 ms", 14_526: "0.0145 ms",
		999_600 * time.Microsecond: "1 s", time.Second: "1 s", 1_310 * time.Millisecond: "1.31 s",
		9_876 * time.Millisecond: "9.88 s", 12_304 * time.Millisecond: "12.30 s", 75 * time.Second: "75.00 s",
	} {
		if got := brief(d); got != want {
			t.Errorf("%v is shown as %q, not %q", d, got, want)
		}
	}
}
