package journal

import (
	"fmt"
	"strings"
	"testing"
)

// ask returns the entries of a request to a service, and of its answer.
func ask(id int, caller, service, request string, a Answer) []Entry {
	return []Entry{
		{What: Received, ID: id, Src: caller, Dest: service, Body: Raw(request)},
		{What: Answered, ID: id, Src: caller, Dest: service, Answer: &a},
	}
}

func changes(state int, key, value string) Answer {
	return Answer{State: state, Newest: state, Changed: true, Key: Raw(key), Value: Raw(value)}
}

// A caller can be answered from any of the last 32 states that is not older
// than what it has seen. States before its own last change are older.
func TestAReadCanBeAnsweredFromEachStateThatTheCallerHasNotSeenBeyond(t *testing.T) {
	const readK, readX, swap = `{"type":"read","key":"k"}`, `{"type":"read","key":"x"}`, `{"type":"cas","key":"k"}`
	var s States
	var got []string
	for i, step := range []struct {
		caller, service, request string
		a                        Answer
	}{
		{"n0", "seq-kv", readK, Answer{}},                                 // one state, the empty one
		{"n1", "seq-kv", swap, changes(0, `"k"`, "1")},                    // state 1
		{"n1", "seq-kv", readK, Answer{State: 1, Newest: 1}},              // n1 has made state 1
		{"n0", "seq-kv", readK, Answer{State: 0, Newest: 1}},              // 0 or 1, and 0 does not have k
		{"n1", "seq-kv", swap, changes(1, `"k"`, "2")},                    // state 2
		{"n2", "seq-kv", readX, Answer{State: 0, Newest: 2}},              // 0 to 2, in which x is the same
		{"n2", "seq-kv", readK, Answer{State: 1, Newest: 2}},              // 0 to 2, of which two are old
		{"n2", "seq-kv", readK, Answer{State: 1, Newest: 2}},              // 1 or 2
		{"n1", "seq-kv", swap, changes(2, `"x"`, "7")},                    // state 3
		{"n2", "seq-kv", readK, Answer{State: 3, Newest: 3}},              // 1 to 3, of which one is old
		{"n1", "lin-kv", readK, Answer{State: 0, Newest: 9}},              // another store
		{"n0", "seq-kv", swap, Answer{State: 3, Newest: 3}},               // fails, on the newest
		{"n1", "seq-kv", swap, changes(40, `"k"`, "3")},                   // states 4 to 40 changed nothing
		{"n0", "seq-kv", readK, Answer{State: 10, Newest: 41}},            // 10 to 41
		{"n3", "seq-kv", readX, Answer{State: 40, Newest: 41}},            // the same
		{"n3", "seq-kv", readK, Answer{State: 41, Newest: 41}},            // 40 or 41
		{"n1", "seq-kv", swap, changes(41, `"k"`, "4")},                   // state 42
		{"n1", "seq-kv", swap, changes(42, `"k"`, "3")},                   // state 43, with the value of 41
		{"n3", "seq-kv", readK, Answer{State: 41, Newest: 43}},            // 41 to 43, of which 42 is another
		{"n4", "seq-kv", `{"type":`, Answer{State: 41, Newest: 41}},       // no request
		{"n4", "seq-kv", `{"key":"read"}`, Answer{State: 41, Newest: 41}}, // no read
	} {
		for _, e := range ask(i, step.caller, step.service, step.request, step.a) {
			if c, ok := s.Follow(e); ok {
				got = append(got, fmt.Sprintf("%d: %s %d of %d", i, c.Key, c.Older, c.States))
			}
		}
	}
	want := `0: "k" 0 of 1
2: "k" 0 of 1
3: "k" 1 of 2
5: "x" 0 of 3
6: "k" 2 of 3
7: "k" 1 of 2
9: "k" 1 of 3
13: "k" 31 of 32
14: "x" 0 of 32
15: "k" 1 of 2
18: "k" 1 of 3`
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
	if _, ok := s.Follow(Entry{What: Answered, Dest: "seq-kv"}); ok {
		t.Error("an answer without a state was taken")
	}
	if _, ok := s.Follow(Entry{What: Answered, Dest: "seq-kv", ID: 99, Answer: &Answer{}}); ok {
		t.Error("the answer to a request that has not arrived was taken")
	}
}

// Where a key may have been set, nothing is known.
func TestWhatIsUnsureIsNoKnownChoice(t *testing.T) {
	const read, write = `{"type":"read","key":"k"}`, `{"type":"write","key":"k","value":1}`
	unsure := func(a Answer) Answer { a.Unsure = true; return a }
	newest := Answer{State: 2, Newest: 2}
	for name, test := range map[string]struct {
		request string
		a       Answer
		want    string // of two reads after it
	}{
		"a read":                       {read, unsure(Answer{State: 1, Newest: 2}), "1 of 2, 0 of 1, "},
		"a read that is sure":          {read, Answer{State: 1, Newest: 2}, "1 of 2, 0 of 1, "},
		"a swap that fails":            {`{"type":"cas","key":"k","from":3,"to":4}`, unsure(Answer{State: 1, Newest: 2}), "1 of 2, 0 of 1, "},
		"a change":                     {`{"type":"cas","key":"k","from":2,"to":4}`, unsure(changes(1, `"k"`, "4")), ""},
		"a write that may change it":   {write, unsure(newest), ""},
		"a write that changes nothing": {write, newest, "0 of 1, 0 of 1, "},
		"a write of what is there":     {`{"type":"write","key":"k","value":2}`, unsure(newest), "0 of 1, 0 of 1, "},
	} {
		var s States
		id := 0
		follow := func(request string, a Answer) (c Choice, ok bool) {
			for _, e := range ask(id, "n1", "seq-kv", request, a) {
				c, ok = s.Follow(e)
			}
			id++
			return c, ok
		}
		follow(write, changes(0, `"k"`, "1"))
		s.seen["n1"] = 0
		follow(write, changes(1, `"k"`, "2"))
		s.seen["n1"] = 0
		follow(test.request, test.a)
		got := ""
		for range 2 {
			if c, ok := follow(read, newest); ok {
				got += fmt.Sprintf("%d of %d, ", c.Older, c.States)
			}
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
