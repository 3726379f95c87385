package maelstromtest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"
)

func newRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func ask(t *testing.T, s *store, caller, body string) kvReply {
	t.Helper()
	raw, _, ok := answer(s, caller, json.RawMessage(body))
	if !ok {
		t.Fatalf("no answer to %s", body)
	}
	var reply kvReply
	if err := json.Unmarshal(raw, &reply); err != nil {
		t.Fatal(err)
	}
	return reply
}

func TestStoresAnswer(t *testing.T) {
	for name, s := range map[string]*store{"lin-kv": newLinearizable(), "seq-kv": newSequential(newRandom(1))} {
		for _, exchange := range [][2]string{
			{`{"type":"read","key":"k","msg_id":1}`, `{"type":"error","code":20,"text":"key does not exist","in_reply_to":1}`},
			{`{"type":"cas","key":"k","from":0,"to":1,"msg_id":2}`, `{"type":"error","code":20,"text":"key does not exist","in_reply_to":2}`},
			{`{"type":"cas","key":"k","from":7,"to":1,"create_if_not_exists":true,"msg_id":3}`, `{"type":"cas_ok","in_reply_to":3}`},
			{`{"type":"read","key":"k","msg_id":4}`, `{"type":"read_ok","value":1,"in_reply_to":4}`},
			{`{"type":"cas","key":"k","from":1.0,"to":2,"msg_id":5}`, `{"type":"error","code":22,"text":"current value 1 is not 1.0","in_reply_to":5}`},
			{`{"type":"cas","key":"k","from":1,"to":{"b":[1e2,12345678901234567890],"a":null},"msg_id":6}`, `{"type":"cas_ok","in_reply_to":6}`},
			{`{"type":"cas","key":"k","from":{"b":{"c":[ ]},"a":"\"\\\n\u00e9"},"to":true,"msg_id":6}`,
				`{"type":"error","code":22,"text":"current value {\"b\" [1e2 12345678901234567890], \"a\" nil} is not {\"b\" {\"c\" []}, \"a\" \"\\\"\\\\\\né\"}","in_reply_to":6}`},
			{`{"type":"cas","key":"k","from":{"a":null,"b":[100.0,12345678901234567890]},"to":"x"}`, `{"type":"cas_ok","in_reply_to":null}`},
			{`{"type":"read","key":"k"}`, `{"type":"read_ok","value":"x","in_reply_to":null}`},
			{`{"type":"write","key":1,"value":12345678901234567891}`, `{"type":"write_ok","in_reply_to":null}`},
			{`{"type":"read","key":1}`, `{"type":"read_ok","value":12345678901234567891,"in_reply_to":null}`},
			{`{"type":"cas","key":1,"from":12345678901234567890,"to":0}`,
				`{"type":"error","code":22,"text":"current value 12345678901234567891 is not 12345678901234567890","in_reply_to":null}`},
			{`{"type":"read","key":"1"}`, `{"type":"error","code":20,"text":"key does not exist","in_reply_to":null}`},
		} {
			// A write of a new value before each request brings the caller to
			// the newest state.
			ask(t, s, "n0", fmt.Sprintf(`{"type":"write","key":"scratch","value":%q}`, exchange[0]))
			got, _, ok := answer(s, "n0", json.RawMessage(exchange[0]))
			if !ok || string(got) != exchange[1] {
				t.Errorf("%s: %s\nanswer %s\nwant   %s", name, exchange[0], got, exchange[1])
			}
		}
		for _, body := range []string{`{"type":"delete","key":"k"}`, `{"key":"k"}`, `{"type":7}`} {
			if reply, _, ok := answer(s, "n0", json.RawMessage(body)); ok {
				t.Errorf("%s: answered %s with %s", name, body, reply)
			}
		}
	}
}

func TestValuesAreComparedAsInClojure(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{`1`, ` 1 `, true}, {`1`, `1.0`, false}, {`1.0`, `1e0`, true}, {`100.0`, `1E+2`, true}, {`100`, `1e2`, false},
		{`0`, `-0`, true}, {`[-0]`, `[0]`, true}, {`0`, `0.0`, false}, {`-1`, `1`, false},
		{`12345678901234567890`, `12345678901234567891`, false}, {`0.1`, `0.10`, true}, {`0.1`, `0.2`, false},
		{`"a"`, `"\u0061"`, true}, {`"1e2"`, `"100"`, false}, {`"-0"`, `"0"`, false}, {`"1"`, `1`, false}, {`"<"`, `"\u003c"`, true},
		{`{"a":1,"b":[2]}`, `{"b": [ 2 ], "a": 1}`, true}, {`{"a":1,"a":2}`, `{"a":2}`, true}, {`{"a":1.0,"a":2}`, `{"a":1.0}`, false},
		{`{"a":{"b":1,"a":1e1}}`, `{"a":{"a":10.0,"b":1}}`, true}, {`[1,2]`, `[2,1]`, false}, {`{"a":1}`, `{"b":1}`, false},
		{`null`, ``, true}, {`null`, `false`, false}, {`{}`, `[]`, false},
	} {
		a, b := valueOf(json.RawMessage(test.a)), valueOf(json.RawMessage(test.b))
		if got := a.equals(b); got != test.want || b.equals(a) != got {
			t.Errorf("%s equals %s: %v", test.a, test.b, got)
		}
	}
}

// A caller of seq-kv never goes back. Old states really are served, up to 32 of
// them. A change takes effect on the newest state and brings its caller there.
func TestASequentialStoreServesOldStatesButNeverGoesBack(t *testing.T) {
	t.Parallel()
	s := newSequential(newRandom(1))
	random := newRandom(2)
	request := func(caller, kind string, from, to int) (kvReply, int) {
		number := func(n int) value { return valueOf(json.RawMessage(strconv.Itoa(n))) }
		reply := s.handle(caller, kvRequest{kind: kind, key: `"k"`, value: number(to), from: number(from), to: number(to)})
		n, _ := strconv.Atoi(string(reply.Value)) // zero before the first write
		return reply, n
	}
	newest := 0
	seen := map[string]int{}
	for range 50000 {
		caller := fmt.Sprint("n", random.IntN(5))
		switch random.IntN(10) {
		case 0, 1, 2: // a change
			newest++
			request(caller, "write", 0, newest)
			seen[caller] = newest
		case 3: // a CAS whose from is perhaps the current value
			from := newest - random.IntN(3)
			if reply, _ := request(caller, "cas", from, newest+1); reply.Type == "cas_ok" {
				if from != newest {
					t.Fatalf("cas from %d succeeded on %d", from, newest)
				}
				newest++
				seen[caller] = newest
			}
		default:
			_, value := request(caller, "read", 0, 0)
			if value < seen[caller] || value < newest-31 {
				t.Fatalf("%s, which has seen %d, read %d of %d", caller, seen[caller], value, newest)
			}
			seen[caller] = value
		}
		if v, ok := s.newest().values[`"k"`]; ok && string(v.raw) != strconv.Itoa(newest) {
			t.Fatalf("newest state has %s, not %d", v.raw, newest)
		}
	}
	// A caller that has seen nothing for 32 changes gets any of 32 states.
	ages := map[int]int{}
	const rounds = 3200
	for range rounds {
		for range 32 {
			newest++
			request("writer", "write", 0, newest)
		}
		_, value := request("reader", "read", 0, 0)
		ages[newest-value]++
	}
	for age := range 32 {
		if got, want := ages[age], rounds/32; got < want/2 || got > want*2 {
			t.Errorf("state %d changes old was served %d times, not about %d", age, got, want)
		}
	}
}

// An answer tells which state it is about. A request that would change an old
// state, but not the newest, makes a state that is equal to the one before.
func TestAnAnswerTellsWhatHasChanged(t *testing.T) {
	s := newStore(func(_ string, oldest, _ int) int { return oldest })
	two := valueOf(json.RawMessage("2"))
	changed := Answer{Changed: true, Key: json.RawMessage(`"k"`), Value: two.raw}
	for i, step := range []struct {
		caller, kind string
		want         Answer
	}{
		{"a", "write", changed}, {"a", "read", Answer{State: 1, Newest: 1}}, {"b", "read", Answer{Newest: 1}},
		{"b", "write", Answer{State: 1, Newest: 1}}, {"c", "read", Answer{Newest: 2}}, {"b", "read", Answer{State: 2, Newest: 2}},
	} {
		if got := s.handle(step.caller, kvRequest{kind: step.kind, key: `"k"`, value: two}).from; !reflect.DeepEqual(got, step.want) {
			t.Errorf("step %d: %+v, want %+v", i, got, step.want)
		}
	}
}

// A CAS that changes nothing may succeed on a past state. A CAS that would
// change a past state runs on the newest one.
func TestACASThatChangesNothingMaySucceedOnAPastState(t *testing.T) {
	stale, failed := 0, 0
	for seed := range uint64(1000) {
		s := newSequential(newRandom(seed))
		for i := range 10 {
			ask(t, s, "writer", fmt.Sprintf(`{"type":"write","key":"k","value":%d}`, i))
		}
		if ask(t, s, "a", `{"type":"cas","key":"k","from":5,"to":5}`).Type == "cas_ok" {
			stale++
		}
		if r := ask(t, s, "b", `{"type":"cas","key":"k","from":5,"to":6}`); r.Type != "error" {
			t.Fatalf("a CAS from a past value took effect: %+v", r)
		}
		if ask(t, s, "c", `{"type":"cas","key":"k","from":9,"to":9}`).Type == "error" {
			failed++
		}
	}
	if stale < 50 || stale > 150 { // 1 in 11
		t.Errorf("%d of 1000 CASes of a past value to itself succeeded", stale)
	}
	if failed < 850 || failed > 970 { // 10 in 11
		t.Errorf("%d of 1000 CASes of the current value to itself failed", failed)
	}
}

func TestALinearizableStoreServesNoPastState(t *testing.T) {
	s := newLinearizable()
	for i := range 100 {
		ask(t, s, "writer", fmt.Sprintf(`{"type":"write","key":"k","value":%d}`, i))
		if got := ask(t, s, fmt.Sprint("reader", i%7), `{"type":"read","key":"k"}`).Value; string(got) != fmt.Sprint(i) {
			t.Fatalf("read %s after a write of %d", got, i)
		}
	}
}
