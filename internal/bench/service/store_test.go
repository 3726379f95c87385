package service

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"

	"maelstrom-counter/internal/bench/journal"
)

func newRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func TestStoresAnswer(t *testing.T) {
	for name, s := range map[string]*Store{"lin-kv": NewLinearizable(), "seq-kv": NewSequential(newRandom(1))} {
		for i, exchange := range [][2]string{
			{`{"type":"read","key":"k","msg_id":1}`, `{"type":"error","code":20,"text":"key does not exist","in_reply_to":1}`},
			{`{"type":"cas","key":"k","from":0,"to":1,"msg_id":2}`, `{"type":"error","code":20,"text":"key does not exist","in_reply_to":2}`},
			{`{"type":"cas","key":"k","from":7,"to":1,"create_if_not_exists":true,"msg_id":3}`, `{"type":"cas_ok","in_reply_to":3}`},
			{`{"type":"cas","key":"k","from":7,"to":2,"create_if_not_exists":true}`,
				`{"type":"error","code":22,"text":"current value 1 is not 7","in_reply_to":null}`},
			{`{"type":"cas","key":"x","create_if_not_exists":false}`, `{"type":"error","code":20,"text":"key does not exist","in_reply_to":null}`},
			{`{"type":"cas","key":"x","create_if_not_exists":null}`, `{"type":"error","code":20,"text":"key does not exist","in_reply_to":null}`},
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
			s.handle("n0", kvRequest{kind: "write", key: `"scratch"`, value: number(i)})
			got, _ := Answer(s, "n0", json.RawMessage(exchange[0]))
			if string(got) != exchange[1] {
				t.Errorf("%s: %s\nanswer %s\nwant   %s", name, exchange[0], got, exchange[1])
			}
		}
		for _, body := range []string{`{"type":"delete","key":"k"}`, `{"key":"k"}`, `{"type":7}`} {
			if reply, _ := Answer(s, "n0", json.RawMessage(body)); reply != nil {
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

// number returns an integer as a store's value.
func number(n int) value { return valueOf(json.RawMessage(strconv.Itoa(n))) }

// A caller of seq-kv never goes back. Old states really are served, up to 32 of
// them. A change takes effect on the newest state and brings its caller there.
func TestASequentialStoreServesOldStatesButNeverGoesBack(t *testing.T) {
	t.Parallel()
	s := NewSequential(newRandom(1))
	random := newRandom(2)
	newest := 0
	seen := map[string]int{}
	change := func(caller, kind string, from int) (ok bool) {
		reply := s.handle(caller, kvRequest{kind: kind, key: `"k"`, value: number(newest + 1), from: number(from), to: number(newest + 1)})
		if ok = reply.Type == kind+"_ok"; ok {
			newest++
			seen[caller] = newest
		}
		return ok
	}
	read := func(caller string) int {
		reply := s.handle(caller, kvRequest{kind: "read", key: `"k"`})
		n, _ := strconv.Atoi(string(reply.Value)) // zero before the first write
		if n < seen[caller] || n < newest-31 {
			t.Fatalf("%s, which has seen %d, read %d of %d", caller, seen[caller], n, newest)
		}
		seen[caller] = n
		return n
	}
	for range 50000 {
		caller := fmt.Sprint("n", random.IntN(5))
		switch random.IntN(10) {
		case 0, 1, 2:
			change(caller, "write", 0)
		case 3:
			if back := random.IntN(3); change(caller, "cas", newest-back) && back > 0 {
				t.Fatalf("a cas succeeded on %d, which was not the newest of %d", newest-1-back, newest-1)
			}
		default:
			read(caller)
		}
		if v, ok := s.newest().values[`"k"`]; ok && string(v.raw) != strconv.Itoa(newest) {
			t.Fatalf("newest state has %s, not %d", v.raw, newest)
		}
	}
	// A caller that has seen nothing for 32 changes gets any of 32 states.
	var ages [32]int
	const rounds = 3200
	for range rounds {
		for range 32 {
			change("writer", "write", 0)
		}
		ages[newest-read("reader")]++
	}
	for age, got := range ages {
		if want := rounds / 32; got < want/2 || got > want*2 {
			t.Errorf("state %d changes old was served %d times, not about %d", age, got, want)
		}
	}
}

// The ring of 32 states wraps around for a caller that draws a state that is no
// longer kept: the answer comes from the one whose age is the same modulo 32.
// What the caller has seen is the state that it has drawn.
func TestTheRingOfStatesWrapsAround(t *testing.T) {
	var drawn, seen int // the state to draw, and the newest that the caller had seen
	s := NewStore(func(caller string, from, newest int) int {
		if seen = from; caller == "writer" {
			return newest
		}
		return drawn
	})
	for i := range 100 { // state i+1 has i
		s.handle("writer", kvRequest{kind: "write", key: `"k"`, value: number(i)})
	}
	for i, step := range []struct {
		drawn, state int
		seen         int // before
	}{
		{0, 96, 0},   // 100 old: 4
		{4, 100, 0},  // 96 old: 0
		{5, 69, 4},   // 95 old: 31
		{68, 100, 5}, // 32 old: 0
		{69, 69, 68}, // 31 old, which is kept
		{70, 70, 69},
		{100, 100, 70},
	} {
		drawn = step.drawn
		reply := s.handle("reader", kvRequest{kind: "read", key: `"k"`})
		if want := (journal.Answer{State: step.state, Newest: 100}); !reflect.DeepEqual(*reply.from, want) || seen != step.seen ||
			string(reply.Value) != strconv.Itoa(step.state-1) {
			t.Errorf("step %d: %s from %+v after %d, want %+v after %d", i, reply.Value, *reply.from, seen, want, step.seen)
		}
	}
	// A store that has not filled its ring yet has no state that is too old.
	young := NewStore(func(string, int, int) int { return 0 })
	for i := range KeptStates - 1 {
		young.handle("writer", kvRequest{kind: "write", key: `"k"`, value: number(i)})
	}
	if reply := young.handle("reader", kvRequest{kind: "read", key: `"k"`}); reply.from.State != 0 || reply.Code != 20 {
		t.Errorf("%+v from %+v", reply, reply.from)
	}
	// Any state from the newest seen on is drawn.
	random := NewSequential(newRandom(1))
	var states [100]int
	for range 20_000 {
		states[random.pick("", 3, 99)]++
	}
	for state, times := range states {
		if state < 3 && times > 0 || state >= 3 && (times < 100 || times > 400) {
			t.Errorf("state %d was drawn %d times", state, times)
		}
	}
}

// An answer tells which state it is about. A request that would change an old
// state runs on the newest, and makes a state that is equal to the one before
// if it does not change that one, too. A CAS that changes nothing may succeed
// on an old state.
func TestAnAnswerTellsWhatHasChanged(t *testing.T) {
	s := NewStore(func(_ string, oldest, _ int) int { return oldest })
	at := func(state, newest int) journal.Answer { return journal.Answer{State: state, Newest: newest} }
	changed := func(newest int, to string) journal.Answer {
		return journal.Answer{State: newest, Newest: newest, Changed: true, Key: json.RawMessage(`"k"`), Value: json.RawMessage(to)}
	}
	for i, step := range []struct {
		caller, kind string
		from, to     int
		reply        string // its value, if it has one
		want         journal.Answer
	}{
		{"a", "write", 0, 2, "write_ok", changed(0, "2")},
		{"a", "read", 0, 0, "read_ok2", at(1, 1)},
		{"b", "read", 0, 0, "error", at(0, 1)},
		{"b", "write", 0, 2, "write_ok", at(1, 1)},
		{"c", "read", 0, 0, "error", at(0, 2)},
		{"b", "read", 0, 0, "read_ok2", at(2, 2)},
		{"a", "cas", 2, 3, "cas_ok", changed(2, "3")},
		{"b", "cas", 2, 2, "cas_ok", at(2, 3)}, // the current value is 3
		{"b", "cas", 3, 3, "error", at(2, 3)},
		{"b", "cas", 2, 4, "error", at(3, 3)},
		{"b", "read", 0, 0, "read_ok3", at(4, 4)},
	} {
		got := s.handle(step.caller, kvRequest{
			kind: step.kind, key: `"k"`, value: number(step.to), from: number(step.from), to: number(step.to),
		})
		if reply := got.Type + string(got.Value); reply != step.reply || !reflect.DeepEqual(*got.from, step.want) {
			t.Errorf("step %d: %s from %+v, want %s from %+v", i, reply, *got.from, step.reply, step.want)
		}
	}
}

func TestALinearizableStoreServesNoPastState(t *testing.T) {
	s := NewLinearizable()
	for i := range 100 {
		s.handle("writer", kvRequest{kind: "write", key: `"k"`, value: number(i)})
		if got := s.handle(fmt.Sprint("reader", i%7), kvRequest{kind: "read", key: `"k"`}).Value; string(got) != fmt.Sprint(i) {
			t.Fatalf("read %s after a write of %d", got, i)
		}
	}
}
