package ledger

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"
)

// Lives are ordered by boot, then by nonce. Apply takes a fold only if it is
// pending. Applied to a clone, it does not change the original.
func TestAFoldIsAppliedIfItIsPending(t *testing.T) {
	value := Value{Total: Max - 10, Receipts: map[string]Receipt{"n0": {Life{5, 0}, 3}, "n2": {Life{9, 9}, 9}}}
	second := Value{1, map[string]Receipt{"n0": {Life{5, 8}, 3}}} // of the same boot
	for _, c := range []struct {
		name string
		v    Value
		f    Fold
		want Standing
	}{
		{"the next", value, Fold{"n0", Life{5, 0}, 4, 1}, Pending},
		{"a later one", value, Fold{"n0", Life{5, 0}, 9, 1}, Pending},
		{"the last once more", value, Fold{"n0", Life{5, 0}, 3, 1}, Applied},
		{"one before the last", value, Fold{"n0", Life{5, 0}, 2, 1}, Applied},
		{"the first of a later life", value, Fold{"n0", Life{6, 0}, 1, 1}, Pending},
		{"one of an earlier life", value, Fold{"n0", Life{4, 0}, 1, 1}, Outlived},
		{"one of an earlier life with a greater seq", value, Fold{"n0", Life{4, 0}, 9, 1}, Outlived},
		{"the first of another node", value, Fold{"n1", Life{1, 0}, 1, 1}, Pending},
		{"the first of all", Value{}, Fold{"n0", Life{1, 0}, 1, Max}, Pending},
		{"one of a later life of the same boot", second, Fold{"n0", Life{5, 9}, 1, 1}, Pending},
		{"one of an earlier life of the same boot", second, Fold{"n0", Life{5, 7}, 9, 1}, Outlived},
		{"one of a later boot with a smaller nonce", second, Fold{"n0", Life{6, 7}, 1, 1}, Pending},
		{"a fold of 0", value, Fold{"n0", Life{5, 0}, 4, 0}, Pending},
		{"a fold of 0 once more", value, Fold{"n0", Life{5, 0}, 3, 0}, Applied},
		{"one up to the greatest total", value, Fold{"n0", Life{5, 0}, 4, 10}, Pending},
		{"one beyond the greatest total", value, Fold{"n0", Life{5, 0}, 4, 11}, Overflowing},
		{"the greatest one", value, Fold{"n1", Life{1, 0}, 1, Max}, Overflowing},
		{"an applied one that would not fit again", value, Fold{"n0", Life{5, 0}, 3, 11}, Applied},
		{"an outlived one that would not fit", value, Fold{"n0", Life{4, 0}, 3, 11}, Outlived},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.v.Standing(c.f); got != c.want {
				t.Errorf("standing of %+v to %+v is %d, want %d", c.f, c.v, got, c.want)
			}
			before, want := fmt.Sprint(c.v), Value{c.v.Total, maps.Collect(maps.All(c.v.Receipts))}
			if c.want == Pending {
				want.Total += c.f.Delta
				want.Receipts[c.f.Node] = Receipt{c.f.Life, c.f.Seq}
			}
			v := c.v.Clone()
			defer func() {
				if panicked := recover() != nil; panicked != (c.want != Pending) {
					t.Errorf("panicked %v", panicked)
				}
				if !v.Equal(want) {
					t.Errorf("%+v applied to %s made %+v, want %+v", c.f, before, v, want)
				}
				if got := v.Standing(c.f); c.want == Pending && got != Applied {
					t.Errorf("afterwards its standing is %d", got)
				}
				if after := fmt.Sprint(c.v); after != before {
					t.Errorf("the original became %s", after)
				}
			}()
			v.Apply(c.f)
		})
	}
}

func TestEqualComparesTotalAndReceipts(t *testing.T) {
	v := Value{3, map[string]Receipt{"n0": {Life{5, 0}, 1}}}
	if !v.Equal(v.Clone()) || !(Value{}).Equal(Value{Receipts: map[string]Receipt{}}) {
		t.Error("a value differs from itself")
	}
	for _, w := range []Value{
		{4, map[string]Receipt{"n0": {Life{5, 0}, 1}}},
		{3, map[string]Receipt{"n0": {Life{5, 0}, 2}}},
		{3, map[string]Receipt{"n0": {Life{6, 0}, 1}}},
		{3, map[string]Receipt{"n0": {Life{5, 1}, 1}}},
		{3, map[string]Receipt{"n1": {Life{5, 0}, 1}}},
		{3, map[string]Receipt{"n0": {Life{5, 0}, 1}, "n1": {Life{5, 0}, 1}}},
		{3, nil},
	} {
		if v.Equal(w) || w.Equal(v) {
			t.Errorf("%+v is equal to %+v", v, w)
		}
	}
}

func TestALifeIsNamedByItsClockAndItsNonce(t *testing.T) {
	for _, c := range []struct {
		clock time.Time
		boot  int64
	}{
		{time.Unix(1_795_421_345, 123_000), 1_795_421_345_000_123},
		{time.Unix(0, 1000), 1},
		{time.Unix(0, 0), 1},
		{time.Unix(-1, 0), 1},
		{time.Unix(-1<<40, 0), 1},
		{time.UnixMicro(maxClock), maxClock},
		{time.UnixMicro(maxClock + 1), maxClock},
		{time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), maxClock},
	} {
		if got, want := NewLife(c.clock, 7), (Life{c.boot, 7}); got != want {
			t.Errorf("a life that begins at %v is %+v, want %+v", c.clock, got, want)
		}
	}
}

// Whatever boot a clock or another node brings, a later life exists, and all
// nodes accept it in the store.
func TestEveryLifeCanBeFollowedByALaterOne(t *testing.T) {
	for _, last := range []Life{{1, 0}, {1, Max}, {maxClock - 1, 5}, {maxClock, 5}, {maxClock, Max}, {maxPeer, Max}, {Max - 1, Max}} {
		for _, nonce := range []int64{0, 5, Max} {
			l := NewLife(time.Unix(-1, 0), nonce).After(last)
			if l.Compare(last) <= 0 || last.Compare(l) >= 0 || l.Nonce != nonce {
				t.Errorf("%+v does not come after %+v", l, last)
			}
			v := Value{Total: 1, Receipts: map[string]Receipt{"n0": {last, 9}}}
			v.Apply(Fold{"n0", l, 1, 1})
			survives(t, v)
		}
	}
	for _, clock := range []time.Time{time.Unix(-1, 0), time.Now(), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)} {
		l := NewLife(clock, 3)
		for range 1000 {
			l = l.After(l)
		}
		if err := (Fold{"n0", l, 1, 1}).Validate(); err != nil {
			t.Errorf("a thousand lives after %v: %v", clock, err)
		}
	}
}

func TestValidateRefusesWhatIsOutOfRange(t *testing.T) {
	for _, c := range []struct {
		f    Fold
		want string // part of the error, or ""
	}{
		{Fold{"n0", Life{1, 0}, 1, 0}, ""},
		{Fold{"n0", Life{maxPeer, Max}, Max, Max}, ""},
		{Fold{"n0", Life{0, 0}, 1, 1}, "boot 0"},
		{Fold{"n0", Life{-1, 0}, 1, 1}, "boot -1"},
		{Fold{"n0", Life{maxPeer + 1, 0}, 1, 1}, "boot 6755399441055745"},
		{Fold{"n0", Life{1, -1}, 1, 1}, "nonce -1"},
		{Fold{"n0", Life{1, Max + 1}, 1, 1}, "nonce 9007199254740992"},
		{Fold{"n0", Life{1, 0}, 0, 1}, "seq 0"},
		{Fold{"n0", Life{1, 0}, Max + 1, 1}, "seq 9007199254740992"},
		{Fold{"n0", Life{1, 0}, 1, -1}, "delta -1"},
		{Fold{"n0", Life{1, 0}, 1, Max + 1}, "delta 9007199254740992"},
	} {
		err := c.f.Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: error %v, want %q", c.f, err, c.want)
		}
	}
}

// Parse accepts what Apply makes, and whatever else means the same. It refuses
// everything else, and says why.
var parseCases = []struct {
	name, data string
	want       string // part of the error, or ""
}{
	{"a value", `{"total":42,"receipts":{"n0":{"boot":1795421345123000,"nonce":0,"seq":17},"n2":{"boot":1795421345990000,"nonce":0,"seq":4}}}`, ""},
	{"white space and another order", " {\"receipts\": {\"n0\": {\"seq\": 1, \"boot\": 2, \"nonce\": 3}},\n\"total\": 0}\n", ""},
	{"the greatest", `{"total":9007199254740991,"receipts":{"n0":{"boot":9007199254740991,"nonce":9007199254740991,"seq":9007199254740991}}}`, ""},

	{"nothing", ``, "not a total with receipts"},
	{"half of it", `{"total":1,"receipts":{"n0":{"boot":1`, "not a total with receipts"},
	{"an integer", `42`, "not a total with receipts: value: a JSON number"},
	{"text", `"42"`, "not a total with receipts: value: a JSON string"},
	{"a list", `[{"total":1,"receipts":{"n0":{"boot":1,"nonce":0,"seq":1}}}]`, "not a total with receipts"},
	{"a boolean", `true`, "not a total with receipts"},
	{"null", `null`, "no total"},
	{"an empty object", `{}`, "no total"},
	{"no total", `{"receipts":{"n0":{"boot":1,"nonce":0,"seq":1}}}`, "no total"},
	{"null as total", `{"total":null,"receipts":{"n0":{"boot":1,"nonce":0,"seq":1}}}`, "no total"},
	{"text as total", `{"total":"1","receipts":{"n0":{"boot":1,"nonce":0,"seq":1}}}`, `not a total with receipts: "total": a JSON string`},
	{"a fraction as total", `{"total":1.5,"receipts":{"n0":{"boot":1,"nonce":0,"seq":1}}}`, "not a total with receipts"},
	{"a float as total", `{"total":1.0,"receipts":{"n0":{"boot":1,"nonce":0,"seq":1}}}`, "not a total with receipts"},
	{"an exponent in the total", `{"total":1e3,"receipts":{"n0":{"boot":1,"nonce":0,"seq":1}}}`, "not a total with receipts"},
	{"a negative total", `{"total":-1,"receipts":{"n0":{"boot":1,"nonce":0,"seq":1}}}`, "total -1"},
	{"a total that is too great", `{"total":9007199254740992,"receipts":{"n0":{"boot":1,"nonce":0,"seq":1}}}`, "total 9007199254740992"},
	{"a total beyond 64 bits", `{"total":99999999999999999999,"receipts":{"n0":{"boot":1,"nonce":0,"seq":1}}}`, "not a total with receipts"},
	{"receipts missing", `{"total":1}`, "no receipts"},
	{"null as receipts", `{"total":1,"receipts":null}`, "no receipts"},
	{"no receipts", `{"total":0,"receipts":{}}`, "no receipts"},
	{"a list of receipts", `{"total":1,"receipts":[{"boot":1,"nonce":0,"seq":1}]}`, "not a total with receipts"},
	{"null as receipt", `{"total":1,"receipts":{"n0":null}}`, `receipt of "n0"`},
	{"a receipt without boot", `{"total":1,"receipts":{"n0":{"nonce":0,"seq":1}}}`, `receipt of "n0": no boot`},
	{"a receipt without nonce", `{"total":1,"receipts":{"n0":{"boot":1,"seq":1}}}`, `receipt of "n0": no nonce`},
	{"null as boot", `{"total":1,"receipts":{"n0":{"boot":null,"nonce":0,"seq":1}}}`, `receipt of "n0": no boot`},
	{"null as nonce", `{"total":1,"receipts":{"n0":{"boot":1,"nonce":null,"seq":1}}}`, `receipt of "n0": no nonce`},
	{"null as seq", `{"total":1,"receipts":{"n0":{"boot":1,"nonce":0,"seq":null}}}`, `receipt of "n0": no seq`},
	{"boot 0", `{"total":1,"receipts":{"n0":{"boot":0,"nonce":0,"seq":1}}}`, `receipt of "n0": boot 0`},
	{"seq 0", `{"total":1,"receipts":{"n0":{"boot":1,"nonce":0,"seq":0}}}`, `receipt of "n0": seq 0`},
	{"a receipt without seq", `{"total":1,"receipts":{"n0":{"boot":1,"nonce":0}}}`, `receipt of "n0": no seq`},
	{"a negative boot", `{"total":1,"receipts":{"n0":{"boot":-1,"nonce":0,"seq":1}}}`, "boot -1"},
	{"a boot that is too great", `{"total":1,"receipts":{"n0":{"boot":9007199254740992,"nonce":0,"seq":1}}}`, "boot 9007199254740992"},
	{"one receipt of two out of range", `{"total":1,"receipts":{"n0":{"boot":1,"nonce":0,"seq":1},"n1":{"boot":1,"nonce":0,"seq":0}}}`, `receipt of "n1": seq 0`},
	{"an unknown field", `{"total":1,"receipts":{"n0":{"boot":1,"nonce":0,"seq":1}},"epoch":1}`, "unknown field"},
	{"a negative nonce", `{"total":1,"receipts":{"n0":{"boot":1,"nonce":-1,"seq":1}}}`, "nonce -1"},
	{"a nonce that is too great", `{"total":1,"receipts":{"n0":{"boot":1,"nonce":9007199254740992,"seq":1}}}`, "nonce 9007199254740992"},
	{"a seq that is too great", `{"total":1,"receipts":{"n0":{"boot":1,"nonce":1,"seq":9007199254740992}}}`, "seq 9007199254740992"},
	{"a total in capitals", `{"Total":1,"receipts":{"n0":{"boot":1,"nonce":0,"seq":1}}}`, "unknown field"},
	{"receipts in capitals", `{"total":1,"Receipts":{"n0":{"boot":1,"nonce":0,"seq":1}}}`, "unknown field"},
	{"a boot in capitals", `{"total":1,"receipts":{"n0":{"Boot":1,"nonce":0,"seq":1}}}`, "no boot"},
	{"a boot in capitals beside one in lower case", `{"total":1,"receipts":{"n0":{"boot":1,"Boot":1,"nonce":0,"seq":1}}}`, "unknown field"},
	{"an unknown field in a receipt", `{"total":1,"receipts":{"n0":{"boot":1,"nonce":0,"seq":1,"delta":1}}}`, "unknown field"},
	{"another value behind it", `{"total":1,"receipts":{"n0":{"boot":1,"nonce":0,"seq":1}}} {}`, "not a total with receipts"},
	{"something else behind it", `{"total":1,"receipts":{"n0":{"boot":1,"nonce":0,"seq":1}}}]`, "not a total with receipts"},
}

func TestParseRefusesWhatApplyCannotHaveMade(t *testing.T) {
	for _, c := range parseCases {
		t.Run(c.name, func(t *testing.T) {
			v, err := Parse([]byte(c.data))
			switch {
			case c.want == "" && err != nil:
				t.Errorf("%s: %v", c.data, err)
			case c.want == "":
				survives(t, v)
			case err == nil:
				t.Errorf("%s became %+v", c.data, v)
			case !strings.Contains(err.Error(), c.want):
				t.Errorf("%s: error %q does not say %q", c.data, err, c.want)
			case v.Total != 0 || v.Receipts != nil:
				t.Errorf("%s: got %+v along with the error", c.data, v)
			}
		})
	}
}

// survives checks that v can be stored and read again without a change.
func survives(t *testing.T, v Value) {
	t.Helper()
	data, err := json.Marshal(v)
	again, parseErr := Parse(data)
	if err != nil || parseErr != nil || !again.Equal(v) {
		t.Fatalf("%+v, stored as %s, came back as %+v: %v, %v", v, data, again, err, parseErr)
	}
}

// FuzzParse checks every value that Parse accepts: it is in range, survives the
// store, and contains the folds of its receipts.
func FuzzParse(f *testing.F) {
	for _, c := range parseCases {
		f.Add([]byte(c.data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data)
		if err != nil {
			return
		}
		if v.Total < 0 || v.Total > Max || len(v.Receipts) == 0 {
			t.Errorf("total %d, %d receipts", v.Total, len(v.Receipts))
		}
		for node, r := range v.Receipts {
			if r.Boot < 1 || r.Boot > Max || r.Nonce < 0 || r.Nonce > Max || r.Seq < 1 || r.Seq > Max {
				t.Errorf("receipt %+v of %q", r, node)
			}
			if got := v.Standing(Fold{node, r.Life, r.Seq, 1}); got != Applied {
				t.Errorf("the fold of receipt %+v has the standing %d", r, got)
			}
		}
		survives(t, v)
	})
}
