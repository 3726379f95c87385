package service_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"

	"slices"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/rivals"
	"maelstrom-counter/internal/bench/service"
	"maelstrom-counter/internal/bench/strangers"
)

func newRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// A traffic says which requests a store gets.
type traffic struct {
	callers, keys, values       int  // how many there are
	reads, writes, swaps, idles int  // shares; an idle swap is of a value for itself
	fresh                       bool // most values that are set were never there
	laggard                     bool // n0 asks seldom, so it falls behind more than the ring holds
	mayBeOpen                   int  // percent of the answers that may be unsure
	mayBeWrong                  int  // how many changes and states may be wrong and not unsure
}

var traffics = map[string]traffic{
	"fresh values": {
		callers: 5, keys: 2, values: 10,
		reads: 4, writes: 2, swaps: 3, idles: 1, fresh: true, mayBeOpen: 35,
	},
	"fresh values, a laggard": {
		callers: 5, keys: 2, values: 10,
		reads: 4, writes: 2, swaps: 3, idles: 1, fresh: true, laggard: true, mayBeOpen: 35,
	},
	"few values": {
		callers: 5, keys: 3, values: 4,
		reads: 4, writes: 2, swaps: 3, idles: 1, mayBeOpen: 55,
	},
	"few values, a laggard": {
		callers: 5, keys: 3, values: 4,
		reads: 4, writes: 2, swaps: 3, idles: 1, laggard: true, mayBeOpen: 50,
	},
	"mostly writes, few values": {
		callers: 5, keys: 2, values: 4,
		reads: 2, writes: 4, swaps: 1, mayBeOpen: 75, mayBeWrong: 5,
	},
	"more values":      {callers: 5, keys: 2, values: 100, reads: 4, writes: 4, swaps: 1, mayBeOpen: 30},
	"25 callers":       {callers: 25, keys: 2, values: 100, reads: 4, writes: 4, swaps: 1, mayBeOpen: 50},
	"a swap loop":      {callers: 5, keys: 1, values: 10, reads: 2, swaps: 8, fresh: true, mayBeOpen: 1},
	"a key of its own": {callers: 1, keys: 3, values: 5, reads: 2, writes: 2, swaps: 2, idles: 2},
}

// An exchange is a request and its reply, and the truth about them.
type exchange struct {
	caller         string
	request, reply journal.Raw
	truth          *journal.Answer
}

// ask has a store handle random requests.
func (t traffic) ask(s *service.Store, random *rand.Rand, requests int) (all []exchange) {
	seen := map[string]int{} // by caller and key, the value that was read last
	fresh := t.values
	for range requests {
		caller := fmt.Sprint("n", random.IntN(t.callers))
		if t.laggard && caller == "n0" && random.IntN(40) > 0 {
			caller = "n1"
		}
		key := fmt.Sprint("k", random.IntN(t.keys))
		known, value := seen[caller+key], random.IntN(t.values)
		if t.fresh && random.IntN(8) > 0 {
			fresh++
			value = fresh
		}
		body := fmt.Sprintf(`{"type":"read","key":%q}`, key)
		switch n := random.IntN(t.reads + t.writes + t.swaps + t.idles); {
		case n < t.writes:
			body = fmt.Sprintf(`{"type":"write","key":%q,"value":%d}`, key, value)
		case n < t.writes+t.swaps+t.idles:
			if n >= t.writes+t.swaps {
				value = known
			}
			body = fmt.Sprintf(`{"type":"cas","key":%q,"from":%d,"to":%d,"create_if_not_exists":%v}`,
				key, known, value, random.IntN(3) == 0)
		}
		if random.IntN(50) == 0 {
			body = `{"type":"delete","key":"k0"}`
		}
		e := exchange{caller: caller, request: journal.Raw(body)}
		e.reply, e.truth = service.Answer(s, caller, e.request)
		var reply struct{ Value *int }
		if json.Unmarshal(e.reply, &reply) == nil && reply.Value != nil {
			seen[caller+key] = *reply.Value
		}
		all = append(all, e)
	}
	return all
}

// replay returns what a replay finds out about exchanges.
func replay(name string, all []exchange) ([]*journal.Answer, *service.Replay) {
	r := service.NewReplay(name)
	for _, e := range all {
		r.Handle(e.caller, e.request, e.reply)
	}
	return r.Answers(), r
}

// impossible reports whether a replay says that an answer does not fit.
func impossible(r *service.Replay) bool {
	return slices.ContainsFunc(r.Notes(), func(note string) bool { return strings.Contains(note, "fit no state") })
}

// makers returns which request has made each state, or -1. Of a state that is
// equal to the one before, it is the request that made that one.
func makers(answers []*journal.Answer) (makers []int) {
	maker := -1
	for i, a := range answers {
		for a != nil && len(makers) <= a.Newest {
			makers = append(makers, maker)
		}
		if a != nil && a.Changed {
			maker = i
		}
	}
	return makers
}

// A score counts how a replay's answers compare with the truth.
type score struct{ open, openChanges, changes, wrongChanges, wrongStates int }

func compare(all []exchange, got []*journal.Answer) (s score, err error) {
	var truth []*journal.Answer
	for i, e := range all {
		if truth = append(truth, e.truth); (e.truth == nil) != (got[i] == nil) {
			return s, fmt.Errorf("request %d, %s: answer %v, truth %v", i, e.request, got[i], e.truth)
		}
	}
	mine, made := makers(got), makers(truth)
	for i, a := range got {
		t := truth[i]
		switch {
		case a == nil:
			continue
		case a.Unsure:
			s.open++
		case a.Changed != t.Changed || a.Changed && (string(a.Key) != string(t.Key) || string(a.Value) != string(t.Value)):
			s.wrongChanges++
		case mine[a.State] != made[t.State] || mine[a.Newest] != made[t.Newest]:
			s.wrongStates++
		}
		if t.Changed {
			s.changes++
		}
		if a.Changed != t.Changed || a.Unsure && a.Changed {
			s.openChanges++
		}
		if !a.Changed && (a.Key != nil || a.Value != nil) {
			return s, fmt.Errorf("request %d has changed nothing, but %s to %s", i, a.Key, a.Value)
		}
	}
	return s, nil
}

// Whatever requests a store gets, a replay finds out what it did, except where
// it says that it is not sure. No answer seems to be impossible.
func TestAReplayFindsOutWhatAStoreDid(t *testing.T) {
	const requests = 3000
	for name, traffic := range traffics {
		for seed := range uint64(3) {
			all := traffic.ask(service.NewSequential(newRandom(seed)), newRandom(seed+100), requests)
			got, r := replay("seq-kv", all)
			s, err := compare(all, got)
			t.Logf("%s, seed %d: %+v", name, seed, s)
			if err != nil || s.wrongChanges+s.wrongStates > traffic.mayBeWrong || impossible(r) {
				t.Errorf("%s, seed %d: %+v, %v, %q", name, seed, s, err, r.Notes())
			}
			if s.open*100 > requests*traffic.mayBeOpen {
				t.Errorf("%s, seed %d: %d of %d answers are unsure", name, seed, s.open, requests)
			}
		}
	}
}

// If a reply was not recorded, what a replay says of the others is still true.
func TestAReplayDoesWithoutSomeReplies(t *testing.T) {
	for name, traffic := range traffics {
		for seed := range uint64(3) {
			random := newRandom(seed)
			all := traffic.ask(service.NewSequential(random), random, 2000)
			for range 20 {
				all[random.IntN(len(all))].reply = nil
			}
			got, r := replay("seq-kv", all)
			s, err := compare(all, got)
			if err != nil || s.wrongChanges+s.wrongStates > traffic.mayBeWrong || impossible(r) {
				t.Errorf("%s, seed %d: %+v, %v, %q", name, seed, s, err, r.Notes())
			}
		}
	}
}

// Nothing is certain where requests are missing or were damaged, but a replay
// goes on, and says so.
func TestAReplaySaysThatSomethingIsMissing(t *testing.T) {
	for name, traffic := range traffics {
		for seed := range uint64(3) {
			random := newRandom(seed)
			whole := traffic.ask(service.NewSequential(random), random, 2000)
			var all []exchange
			for _, e := range whole {
				other := whole[random.IntN(len(whole))]
				switch random.IntN(60) {
				case 0:
					continue
				case 1:
					e.reply = other.reply
				case 2:
					e.request = other.request
				}
				all = append(all, e)
			}
			got, r := replay("seq-kv", all)
			if len(got) != len(all) || !impossible(r) && traffic.mayBeOpen < 50 {
				t.Errorf("%s, seed %d: %d answers of %d, %q", name, seed, len(got), len(all), r.Notes())
			}
			for i, a := range got {
				if a != nil && (a.State < 0 || a.State > a.Newest) {
					t.Errorf("%s, seed %d: request %d: %s", name, seed, i, told(a))
				}
			}
		}
	}
}

// lin-kv leaves nothing open.
func TestAReplayOfALinearizableStoreIsCertain(t *testing.T) {
	for name, traffic := range traffics {
		all := traffic.ask(service.NewLinearizable(), newRandom(7), 2000)
		got, r := replay("lin-kv", all)
		if s, err := compare(all, got); err != nil || s.open+s.wrongChanges+s.wrongStates > 0 || r.Notes() != nil {
			t.Errorf("%s: %+v, %v, %q", name, s, err, r.Notes())
		}
	}
}

func TestOnlyServicesWithOneStateAfterTheOtherAreReplayed(t *testing.T) {
	for name, want := range map[string]bool{"seq-kv": true, "lin-kv": true, "lww-kv": false, "lin-tso": false} {
		if got := service.NewReplay(name) != nil; got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What nodes ask in a whole cluster is replayed as well.
func TestAReplayFollowsNodes(t *testing.T) {
	partition, err := maelstromtest.ParseNemesis("partition")
	if err != nil {
		t.Fatal(err)
	}
	const seed = 1
	try := func(name, on string, program maelstromtest.Program) (requests int) {
		_, entries := maelstromtest.Record(t, maelstromtest.Config{
			Nodes: 5, Rate: 100, TimeLimit: 5 * time.Second, Latency: 5 * time.Millisecond, Nemesis: partition, Seed: seed,
		}, program)
		all := exchanges(entries, on)
		got, r := replay(on, all)
		s, err := compare(all, got)
		t.Logf("%s: %d requests, %+v", name, len(all), s)
		if err != nil || s.wrongChanges+s.wrongStates > 0 || impossible(r) {
			t.Errorf("%s, seed %d: %+v, %v, %q", name, seed, s, err, r.Notes())
		}
		return len(all)
	}
	busy := 0
	for _, r := range rivals.All {
		busy += min(1, try(r.Name, "seq-kv", r.Program)/500)
	}
	for _, s := range strangers.All {
		if s.On == "" && !s.Mute {
			busy += min(1, try(s.Name, "seq-kv", s.Program)/500)
		}
	}
	if busy < 20 {
		t.Errorf("only %d designs have made 500 requests", busy)
	}
}

// exchanges returns what a service was asked in a journal.
func exchanges(entries []journal.Entry, name string) (all []exchange) {
	for _, e := range entries {
		last := len(all) - 1
		switch {
		case e.What == journal.Received && e.Dest == name:
			all = append(all, exchange{caller: e.Src, request: e.Body})
		case e.What == journal.Answered && e.Dest == name:
			all[last].truth = e.Answer
		case e.What == journal.Sent && e.Src == name:
			all[last].reply = e.Body
		}
	}
	return all
}

// Requests and replies. Keys are k, if they have no other name.
const (
	read    = `{"type":"read","key":"k"}`
	readJ   = `{"type":"read","key":"j"}`
	wrote   = `{"type":"write_ok"}`
	swapped = `{"type":"cas_ok"}`
	missing = `{"type":"error","code":20,"text":"key does not exist"}`
)

func write(value string) string  { return `{"type":"write","key":"k","value":` + value + `}` }
func writeJ(value string) string { return strings.Replace(write(value), `"k"`, `"j"`, 1) }
func cas(from, to string) string {
	return `{"type":"cas","key":"k","from":` + from + `,"to":` + to + `}`
}
func create(from, to string) string {
	return strings.TrimSuffix(cas(from, to), "}") + `,"create_if_not_exists":true}`
}
func value(v string) string { return `{"type":"read_ok","value":` + v + `}` }
func refused(current, from string) string {
	return fmt.Sprintf(`{"type":"error","code":22,"text":%q}`, "current value "+current+" is not "+from)
}

// A step is a request, its reply, and what a replay tells of it: the state, the
// newest, what has changed, and whether that is unsure.
type step struct{ caller, request, reply, want string }

func TestWhatAReplayTells(t *testing.T) {
	const open = "Some requests to seq-kv (1 in all) may have changed something or not: " +
		"an old state that already held the new value may have answered. What is said about them is only likely."
	others := func(times, state int) (steps []step) { // so many changes of j, from that state on
		for ; times > 0; times, state = times-1, state+1 {
			steps = append(steps, step{"n0", writeJ(fmt.Sprint(state)), wrote, fmt.Sprintf("%d of %d j=%d", state, state, state)})
		}
		return steps
	}
	begin := []step{{"n0", write("1"), wrote, "0 of 0 k=1"}, {"n0", write("2"), wrote, "1 of 1 k=2"}}
	for name, test := range map[string]struct {
		steps []step
		notes string
	}{
		"each request": {steps: []step{
			{"n0", read, missing, "0 of 0"},
			{"n0", cas("1", "2"), `{"type":"error","code":20,"text":"5"}`, "0 of 0"},
			{"n0", create("7", "1"), swapped, "0 of 0 k=1"},
			{"n0", create("1", "2"), swapped, "1 of 1 k=2"},
			{"n0", create("1", "3"), refused("2", "1"), "2 of 2"},
			{"n0", read, value("2"), "2 of 2"},
			{"n0", `{"type":"write","key":[1],"value":null}`, wrote, "2 of 2 [1]=null"},
			{"n0", `{"type":"write","key":[ 1 ]}`, wrote, "3 of 3"},
			{"n0", `{"type":"delete","key":"k"}`, "", "none"},
			{"n0", cas("2", "2"), swapped, "3 of 3"},
		}},
		"old states": {steps: append(begin[:2:2],
			step{"n0", write("3"), wrote, "2 of 2 k=3"},
			step{"n1", read, missing, "0 of 3"},
			step{"n1", read, value("2"), "2 of 3"},
			step{"n1", read, value("3"), "3 of 3"},
			step{"n2", cas("1", "1"), swapped, "1 of 3"},
			step{"n2", cas("1", "9"), refused("2", "1"), "2 of 3"},
			step{"n3", cas("9", "9"), refused("1", "9"), "1 of 3"},
		)},
		"a refusal that tells nothing": {steps: append(begin[:2:2],
			step{"n1", cas("9", "9"), `{"type":"error","code":22}`, "1 of 2"},
			step{"n1", read, value("1"), "1 of 2"},
			step{"n1", cas("9", "9"), refused("1N", "9"), "2 of 2 unsure"},
			step{"n1", cas("9", "9"), refused("1 is not 9", "9"), "2 of 2 unsure"},
		)},
		"the newest that agrees with what the caller saw later": {steps: append(begin[:2:2],
			step{"n0", cas("2", "1"), swapped, "2 of 2 k=1"},
			step{"n1", read, value("1"), "3 of 3 unsure"},
			step{"n2", read, value("1"), "1 of 3"},
			step{"n2", read, value("2"), "2 of 3"},
			step{"n3", read, value("2"), "2 of 3"},
			step{"n3", read, value("1"), "3 of 3"},
		)},
		"many reads make no state": {steps: slices.Concat(begin,
			[]step{{"n0", cas("2", "1"), swapped, "2 of 2 k=1"}}, slices.Repeat([]step{{"n0", read, value("1"), "3 of 3"}}, 40),
			[]step{{"n2", read, value("1"), "1 of 3"}, {"n2", read, value("2"), "2 of 3"}, {"n2", read, value("1"), "3 of 3"}},
		)},
		"a write that changes nothing, as a swap shows": {steps: append(begin[:2:2],
			step{"n1", write("1"), wrote, "1 of 2"},
			step{"n0", cas("2", "3"), swapped, "2 of 2 k=3"},
			step{"n1", read, value("1"), "1 of 3"},
		)},
		"a write that changes something, as a swap shows": {steps: append(begin[:2:2],
			step{"n1", write("1"), wrote, "2 of 2 k=1"},
			step{"n0", cas("1", "3"), swapped, "3 of 3 k=3"},
			step{"n1", read, value("1"), "3 of 4"},
		)},
		"a write that changes something, as its caller is not behind": {steps: append(begin[:2:2],
			step{"n0", write("1"), wrote, "2 of 2 k=1"},
			step{"n0", read, value("1"), "3 of 3"},
		)},
		"a write that has likely changed something": {steps: append(begin[:2:2],
			step{"n1", write("1"), wrote, "2 of 2 k=1 unsure"},
			step{"n0", write("3"), wrote, "3 of 3 k=3 unsure"},
			step{"n0", read, value("3"), "4 of 4"},
			step{"n1", read, value("1"), "3 of 4 unsure"},
			step{"n2", read, value("2"), "2 of 4 unsure"},
		), notes: open},
		"a write that has likely changed nothing": {steps: append(begin[:1:1],
			step{"n0", writeJ("2"), wrote, "1 of 1 j=2"},
			step{"n0", writeJ("3"), wrote, "2 of 2 j=3"},
			step{"n0", write("4"), wrote, "3 of 3 k=4"},
			step{"n1", readJ, value("2"), "2 of 4"},
			step{"n1", write("1"), wrote, "3 of 4 unsure"},
			step{"n2", writeJ("5"), wrote, "4 of 4 j=5 unsure"},
			step{"n2", writeJ("6"), wrote, "5 of 5 j=6"},
		), notes: open},
		"four states in which a write changes nothing, and three in which it does": {steps: slices.Concat(
			begin[:1], others(3, 1), []step{
				{"n0", write("5"), wrote, "4 of 4 k=5"},
				{"n0", write("6"), wrote, "5 of 5 k=6"},
				{"n0", write("7"), wrote, "6 of 6 k=7"},
				{"n1", read, value("1"), "4 of 7 unsure"},
				{"n1", write("1"), wrote, "4 of 7 unsure"},
			}), notes: open},
		"the likelier of two writes": {steps: slices.Concat(begin, []step{
			{"n1", read, value("1"), "1 of 2"},
			{"n1", write("1"), wrote, "2 of 2 k=1 unsure"},
			{"n2", write("1"), wrote, "3 of 3 unsure"},
		}), notes: strings.Replace(open, "1 in", "2 in", 1)},
		"what is certain after what is not": {steps: slices.Concat(begin, []step{
			{"n0", writeJ("5"), wrote, "2 of 2 j=5"},
			{"n0", writeJ("6"), wrote, "3 of 3 j=6"},
			{"n1", write("1"), wrote, "4 of 4 k=1 unsure"},
			{"n2", writeJ("5"), wrote, "3 of 5 unsure"},
			{"n0", strings.Replace(cas("6", "7"), `"k"`, `"j"`, 1), swapped, "5 of 5 j=7 unsure"},
			{"n0", writeJ("8"), wrote, "6 of 6 j=8"},
		}), notes: open},
		"what the caller saw after the ring wrapped around": {steps: slices.Concat(begin, others(27, 2), []step{
			{"n0", writeJ("2"), wrote, "29 of 29 j=2"},
			{"n2", readJ, value("2"), "3 of 30"},
		}, others(10, 30), []step{
			{"n2", readJ, value("35"), "36 of 40"},
			{"n2", readJ, value("12"), "13 of 40"},
		})},
		"a swap that shows much later that a write changed nothing": {steps: slices.Concat(begin,
			[]step{{"n1", write("1"), wrote, "1 of 2"}}, others(40, 2),
			[]step{{"n0", cas("2", "3"), swapped, "42 of 42 k=3"}},
		)},
		"a swap that shows it, when older changes are settled": {steps: slices.Concat(begin, others(30, 2),
			[]step{{"n1", write("1"), wrote, "1 of 32"}}, others(40, 32),
			[]step{{"n0", cas("2", "3"), swapped, "72 of 72 k=3"}},
		)},
		"a swap that shows it too late": {steps: slices.Concat(begin,
			[]step{{"n1", write("1"), wrote, "2 of 2 k=1 unsure"}, {"n0", writeJ("7"), wrote, "3 of 3 j=7 unsure"}}, others(70, 4),
			[]step{{"n0", cas("2", "3"), swapped, "74 of 74 k=3 unsure"}},
		), notes: strings.Replace(open, "1 in", "2 in", 1)},
		"replies that are not known": {steps: []step{
			{"n0", write("1"), "", "0 of 0 k=1"},
			{"n0", read, "", "1 of 1"},
			{"n1", read, "", "1 of 1 unsure"},
			{"n0", cas("1", "2"), "", "1 of 1 k=2"},
			{"n0", cas("1", "3"), "", "2 of 2"},
			{"n0", read, value("2"), "2 of 2"},
			{"n1", cas("2", "4"), "", "1 of 2 unsure"},
			{"n0", read, value("2"), "2 of 2"},
			{"n0", cas("2", "4"), swapped, "2 of 2 k=4"},
			{"n1", cas("4", "5"), "", "3 of 3 k=5"},
			{"n0", read, value("5"), "4 of 4"},
		}},
		"values in other words": {steps: []step{
			{"n0", write(`{"a":1,"b":[1e2]}`), wrote, `0 of 0 k={"a":1,"b":[1e2]}`},
			{"n1", write("5"), wrote, "1 of 1 k=5"},
			{"n0", read, value(`{"b":[100.0],"a":1}`), "1 of 2"},
			{"n2", cas("7", "8"), refused(`{"b" [100.0], "a" 1}`, "7"), "2 of 2 unsure"},
			{"n3", cas("7", "8"), refused(`{"a" 1, "b" [1e2]}`, "7"), "1 of 2"},
			{"n1", cas("5", `{"c":"x"}`), swapped, `2 of 2 k={"c":"x"}`},
			{"n0", cas("7", "8"), refused(`{"c" "x"}`, "7"), "3 of 3"},
		}},
		"answers from nowhere": {steps: []step{
			{"n0", write("1"), wrote, "0 of 0 k=1"},
			{"n0", read, value("7"), "1 of 1 unsure"},
			{"n0", cas("7", "8"), swapped, "1 of 1 k=8 unsure"},
			{"n0", write("9"), missing, "2 of 2 k=9 unsure"},
			{"n0", cas("9", "1"), swapped, "3 of 3 k=1 unsure"},
			{"n0", cas("1", "2"), swapped, "4 of 4 k=2"},
			{"n0", cas("7", "3"), value("9"), "5 of 5 unsure"},
		}, notes: strings.Replace(open, "1 in", "2 in", 1) +
			`|Some answers of seq-kv (4 in all) fit no state that it can have had. ` +
			`The first: {"type":"read","key":"k"} from n0, answered with {"type":"read_ok","value":7}.`},
		"answers from nowhere, long after each other": {steps: slices.Concat(
			[]step{{"n0", cas("7", "8"), swapped, "0 of 0 k=8 unsure"}, {"n0", writeJ("7"), wrote, "1 of 1 j=7 unsure"}}, others(70, 2),
			[]step{{"n0", read, value("9"), "72 of 72 unsure"}},
		), notes: open + `|Some answers of seq-kv (2 in all) fit no state that it can have had. ` +
			`The first: {"type":"cas","key":"k","from":7,"to":8} from n0, answered with {"type":"cas_ok"}.`},
	} {
		r := service.NewReplay("seq-kv")
		for _, s := range test.steps {
			var reply journal.Raw
			if s.reply != "" {
				reply = journal.Raw(s.reply)
			}
			request := journal.Raw(s.request)
			r.Handle(s.caller, request, reply)
			clear(request)
			clear(reply)
		}
		for i, a := range r.Answers() {
			if s := test.steps[i]; told(a) != s.want {
				t.Errorf("%s: step %d: %s of %s, answered with %s: %s, want %s",
					name, i, s.request, s.caller, s.reply, told(a), s.want)
			}
		}
		if notes := strings.Join(r.Notes(), "|"); notes != test.notes {
			t.Errorf("%s: notes %s\nwant %s", name, notes, test.notes)
		}
	}
}

// told returns an answer in short.
func told(a *journal.Answer) string {
	if a == nil {
		return "none"
	}
	text := fmt.Sprintf("%d of %d", a.State, a.Newest)
	if a.Changed {
		text += fmt.Sprintf(" %s=%s", strings.Trim(string(a.Key), `"`), a.Value)
	}
	if a.Unsure {
		text += " unsure"
	}
	return text
}

// A caller that is far behind may be answered from one state and later from an
// older one, since the ring wraps around. That may be so earlier than the
// numbers of states show, since some requests make a state that is equal to the
// one before.
func TestAReplayKnowsThatTheRingWraps(t *testing.T) {
	for name, test := range map[string]struct {
		writes int
		equal  bool  // every other one makes a state that is equal to the one before
		draws  []int // which states n2 draws
	}{
		"long ago":      {40, false, []int{8, 9, 39, 40}},
		"just now":      {32, false, []int{0, 1, 32}},
		"before it may": {40, true, []int{8, 9, 39, 40}},
	} {
		s := service.NewStore(func(caller string, seen, newest int) int {
			if caller != "n2" {
				return seen
			}
			drawn := test.draws[0]
			test.draws = test.draws[1:]
			return drawn
		})
		var all []exchange
		ask := func(caller, request string) {
			e := exchange{caller: caller, request: journal.Raw(request)}
			e.reply, e.truth = service.Answer(s, caller, e.request)
			all = append(all, e)
		}
		for i := range test.writes {
			if test.equal { // the second of two has not seen the first one
				i /= 2
			}
			ask(fmt.Sprint("n", len(all)%2), write(fmt.Sprint(i)))
		}
		for len(test.draws) > 0 {
			ask("n2", read)
		}
		got, r := replay("seq-kv", all)
		if s, err := compare(all, got); err != nil || s.open+s.wrongStates+s.wrongChanges > 0 || r.Notes() != nil {
			t.Errorf("%s: %+v, %v, %q", name, s, err, r.Notes())
		}
		if first, second := got[test.writes], got[test.writes+1]; second.State >= first.State {
			t.Errorf("%s: state %d, and later %d", name, first.State, second.State)
		}
	}
}

// An answer from a state that the store no longer had is noted.
func TestAReplayKnowsHowManyStatesAreKept(t *testing.T) {
	for state, kept := range map[int]bool{0: false, 8: false, 9: true, 40: true} {
		r := service.NewReplay("seq-kv")
		for i := range 40 {
			r.Handle("n0", journal.Raw(write(fmt.Sprint(i+1))), journal.Raw(wrote))
		}
		reply, want := missing, "40 of 40 unsure"
		if state > 0 {
			reply = value(fmt.Sprint(state))
		}
		if kept {
			want = fmt.Sprintf("%d of 40", state)
		}
		r.Handle("n1", journal.Raw(read), journal.Raw(reply))
		if got := told(r.Answers()[40]); got != want || impossible(r) == kept {
			t.Errorf("state %d: %s, want %s; %q", state, got, want, r.Notes())
		}
	}
}

// BenchmarkReplay measures a replay of many requests, in nanoseconds and bytes
// for each: all that it allocates, and what it keeps, answers included.
func BenchmarkReplay(b *testing.B) {
	for name, ask := range map[string]func(i int) string{
		"swaps":         func(i int) string { return create(fmt.Sprint(i/2), fmt.Sprint(i/2+1)) },
		"new keys":      func(i int) string { return strings.Replace(write(fmt.Sprint(i)), "k", fmt.Sprint("k", i), 1) },
		"few values":    func(i int) string { return write(fmt.Sprint(i * 7 % 11)) },
		"values of 10k": func(i int) string { return write(fmt.Sprintf(`"%s%d"`, strings.Repeat("x", 10_000), i)) },
		"maps": func(i int) string {
			return create(fmt.Sprintf(`{"a":{"b":%d}}`, i/2), fmt.Sprintf(`{"a":{"b":%d}}`, i/2+1))
		},
	} {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			s := service.NewStore(func(_ string, seen, newest int) int { return max(seen, newest-5) })
			all := make([]exchange, b.N)
			for i := range all {
				e := exchange{caller: fmt.Sprint("n", i%5), request: journal.Raw(ask(i)), reply: journal.Raw(wrote)}
				if name != "new keys" { // of which a Store copies all for each change
					e.reply, _ = service.Answer(s, e.caller, e.request)
				}
				all[i] = e
			}
			before := heap()
			b.ReportAllocs()
			b.ResetTimer()
			got, r := replay("seq-kv", all)
			b.StopTimer()
			b.ReportMetric((heap()-before)/float64(b.N), "kept-B/op")
			runtime.KeepAlive(got)
			if impossible(r) {
				b.Error(r.Notes())
			}
			runtime.KeepAlive(all)
		})
	}
}

// heap returns how many bytes are in use.
func heap() float64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}
