package maelstromtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// The journal tells enough to follow every message from its sender to its end,
// and the store from state to state.
func TestTheJournalTellsWhatHappened(t *testing.T) {
	t.Parallel()
	var journal strings.Builder
	r, watched := Record(t, Config{
		Rate: 100, TimeLimit: 20 * time.Second, Latency: 10 * time.Millisecond, LatencyDist: "exponential",
		Nemesis: nemesis(t, "partition,loss,late,duplicate,kill,clock,pause"), Seed: 7, Journal: &journal,
	}, seqCounter)
	entries, err := ReadJournal(strings.NewReader(journal.String()))
	if err != nil || !reflect.DeepEqual(watched, entries) {
		t.Errorf("%d entries were watched, and %d are in the journal, or they differ: %v", len(watched), len(entries), err)
	}
	copies := map[int]int{} // of each message, on their way
	count := map[What]int{}
	requests := map[int]string{} // messages to the store
	answers := map[string]Answer{}
	values, newest := []string{"0"}, 0 // of the one key, by state
	for _, e := range entries {
		count[e.What]++
		body := Packet{Body: e.Body}
		switch e.What {
		case Sent:
			copies[e.ID]++
			reply := e.Dest + body.Field("in_reply_to")
			if from, ok := answers[reply]; ok && e.Src == "seq-kv" {
				delete(answers, reply)
				if value := body.Field("value"); value != "" && value != values[from.State] {
					t.Fatalf("%s read %s from state %d, which has %s", e.Dest, value, from.State, values[from.State])
				}
			}
		case Doubled:
			copies[e.ID]++
		case Received, Lost, Blocked:
			if copies[e.ID]--; copies[e.ID] < 0 {
				t.Fatalf("message %d ends more often than it was sent", e.ID)
			}
			requests[e.ID] = e.Src + body.Field("msg_id")
		case IsLate:
			if e.Delay <= 0 || e.Delay > 3*time.Second {
				t.Errorf("message %d is late by %v", e.ID, e.Delay)
			}
		case Answered:
			for ; newest < e.Newest; newest++ { // by changes that turned out to change nothing in the newest state
				values = append(values, values[newest])
			}
			if e.State > e.Newest || e.Newest != newest || e.Changed && e.State != e.Newest {
				t.Fatalf("state %d, newest %d of %d, changed: %v", e.State, e.Newest, newest, e.Changed)
			}
			if e.Changed {
				newest++
				values = append(values, string(e.Value))
			}
			answers[requests[e.ID]] = *e.Answer
		}
	}
	// After ten seconds of rest, the greatest of the final reads should be the
	// newest state.
	last := fmt.Sprint(slices.Max(r.Facts.(CounterFacts).FinalReads))
	if count[Answered] < 100 || newest < 20 || values[newest] != last {
		t.Errorf("%d answers and %d states, the last %s", count[Answered], newest, values[newest])
	}
	// Nothing is blocked: these nodes don't talk to each other.
	for _, what := range []What{Lost, IsLate, Doubled, Killed, Started, Paused, Resumed, ClockSet, LinkCut, LinkMends} {
		if count[what] == 0 {
			t.Errorf("no %s in the journal", what)
		}
	}
	if count[LinkCut] != count[LinkMends] || count[Started] != count[Killed]+3 {
		t.Errorf("the journal tells %v", count)
	}
}

// A scripted run goes on for its rest after the last answer: a fault that comes
// then is in it.
func TestAScriptedRunRestsAfterTheLastAnswer(t *testing.T) {
	for rest, want := range map[time.Duration]int{0: 0, 199 * time.Millisecond: 0, 201 * time.Millisecond: 1} {
		r := Simulate(t, Config{Script: &Script{
			Requests: []ScriptedRequest{{Request: Request{F: "read", Body: Body{"type": "read"}}}},
			Faults:   []ScriptedFault{{Kind: Kill, At: 200 * time.Millisecond, For: time.Second}},
			Rest:     rest,
		}}, linCounter)
		if r.OK != 1 || len(r.Faults) != want {
			t.Errorf("with a rest of %v: %d answers and faults %v", rest, r.OK, r.Faults)
		}
	}
}

// A script decides when requests are made, when faults happen, what becomes of
// messages, and how the store answers.
func TestAScriptTakesThePlaceOfChance(t *testing.T) {
	add := Request{F: "add", Value: int64(1), Body: Body{"type": "add", "delta": 1}}
	read := Request{F: "read", Body: Body{"type": "read"}}
	run := func() (*Result, []Entry) {
		toStore := 0
		return Record(t, Config{
			Nodes: 2, Latency: time.Millisecond, Nemesis: AllFaults(), Rate: 100, TimeLimit: time.Second,
			Script: &Script{
				Requests: []ScriptedRequest{
					{At: 0, Node: 0, Request: add}, {At: 0, Node: 1, Request: add}, {At: 10 * time.Second, Node: 1, Request: read, Final: true},
					{At: 20 * time.Second, Node: 0, Request: read}, {At: 20 * time.Second, Node: 0, Request: add},
				},
				Faults: []ScriptedFault{{Kind: Kill, Node: 0, At: 20 * time.Second, For: time.Second}},
				Deliver: func(src, dest string) []Copy {
					if src == "n0" {
						if toStore++; toStore == 1 {
							return nil
						}
					}
					return []Copy{{Latency: 3 * time.Millisecond}}
				},
				Answer: func(caller string, oldest, newest int) int { return oldest },
			},
		}, seqCounter)
	}
	r, journal := run()
	history := r.History
	if again, _ := run(); !reflect.DeepEqual(again.History, history) {
		t.Errorf("a second run differs: %v", again.History)
	}
	var outcomes []Outcome
	for _, op := range history {
		outcomes = append(outcomes, op.Outcome)
	}
	want := []Outcome{Fail, OK, OK, Info, Info} // n0's first read of the store is lost, and it gives up
	if !slices.Equal(outcomes, want) || history[3].Client == history[4].Client ||
		history[1].Complete != 12*time.Millisecond || history[2].Complete-history[2].Invoke != 6*time.Millisecond {
		got, _ := json.Marshal(history)
		t.Errorf("history %s", got)
	}
	if len(r.Faults) != 1 || r.Faults[0].Stop != 21*time.Second {
		t.Errorf("faults %v", r.Faults)
	}
	if slices.ContainsFunc(journal, func(e Entry) bool { return e.What == Answered && e.State < e.Newest }) {
		t.Errorf("n1 was served an old state, although its own change is the newest")
	}
}

// All services answer the nodes of a cluster. Their answers are drawn from the
// seed, and the journal has no Answered entries for them.
func TestAllOfMaelstromsServicesAnswer(t *testing.T) {
	run := func(seed uint64) (heard string) {
		program := respond(func(env Env, m Packet) {
			if m.Type != "echo" {
				heard += fmt.Sprint(m.Src, m.Type, m.Field("value"), m.Field("ts"), " ")
				return
			}
			for _, service := range []string{"lin-kv", "lww-kv", "seq-kv"} {
				say(env, m.Dest, service, fmt.Sprintf(`{"type":"write","key":"k","value":%d,"msg_id":%d}`, m.MsgID, m.MsgID))
				say(env, m.Dest, service, `{"type":"read","key":"k","msg_id":9}`)
			}
			say(env, m.Dest, "lin-tso", `{"type":"ts","msg_id":9}`)
			echo(env, m)
		})
		_, journal := Record(t, Config{Workload: Echo{}, Nodes: 1, Rate: 100, TimeLimit: time.Second, Seed: seed}, program)
		answered := map[string]bool{}
		for _, e := range journal {
			if e.What == Answered {
				answered[e.Dest] = true
			}
		}
		if got := slices.Sorted(maps.Keys(answered)); !slices.Equal(got, []string{"lin-kv", "seq-kv"}) {
			t.Errorf("the journal has answers of %q", got)
		}
		return heard
	}
	first := run(1)
	for _, answer := range []string{"lin-kvread_ok1 ", "lww-kvwrite_ok ", "seq-kvread_ok", "lin-tsots_ok0 ", "lin-tsots_ok1 "} {
		if !strings.Contains(first, answer) {
			t.Errorf("no %q in %s", answer, first)
		}
	}
	if run(1) != first || run(2) == first {
		t.Error("the seed does not decide what lww-kv and seq-kv answer, or not alone")
	}
}
