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

// A caller can be answered from any state that it has not seen beyond, of the
// last 32. What is older than its own last change is out.
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
