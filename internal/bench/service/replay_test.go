package service

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"maelstrom-counter/internal/bench/journal"
)

// A traffic says what a store is asked.
type traffic struct {
	callers, keys, values       int  // how many there are
	reads, writes, swaps, idles int  // shares; an idle swap is of a value for itself
	fresh                       bool // most values that are set were never there
	laggard                     bool // n0 asks seldom, so it falls behind more than the ring holds
	mayBeOpen                   int  // percent of the answers that may be unsure
	mayBeWrong                  int  // how many changes and states may be wrong and not unsure, in 5,000 requests
}

var traffics = map[string]traffic{
	"fresh values":              {callers: 5, keys: 2, values: 10, reads: 4, writes: 2, swaps: 3, idles: 1, fresh: true, mayBeOpen: 35},
	"fresh values, a laggard":   {callers: 5, keys: 2, values: 10, reads: 4, writes: 2, swaps: 3, idles: 1, fresh: true, laggard: true, mayBeOpen: 35},
	"few values":                {callers: 5, keys: 3, values: 4, reads: 4, writes: 2, swaps: 3, idles: 1, mayBeOpen: 55},
	"few values, a laggard":     {callers: 5, keys: 3, values: 4, reads: 4, writes: 2, swaps: 3, idles: 1, laggard: true, mayBeOpen: 50},
	"mostly writes, few values": {callers: 5, keys: 2, values: 4, reads: 2, writes: 4, swaps: 1, mayBeOpen: 75, mayBeWrong: 5},
	"more values":               {callers: 5, keys: 2, values: 100, reads: 4, writes: 4, swaps: 1, mayBeOpen: 30},
	"25 callers":                {callers: 25, keys: 2, values: 100, reads: 4, writes: 4, swaps: 1, mayBeOpen: 50},
	"a swap loop":               {callers: 5, keys: 1, values: 10, reads: 2, swaps: 8, fresh: true, mayBeOpen: 35},
	"a key of its own":          {callers: 1, keys: 3, values: 5, reads: 2, writes: 2, swaps: 2, idles: 2},
}

// An exchange is a request and its reply, and the truth about them.
type exchange struct {
	caller         string
	request, reply journal.Raw
	truth          *journal.Answer
}

// ask has a store handle random requests.
func (t traffic) ask(s *Store, random *rand.Rand, requests int) (all []exchange) {
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
			body = fmt.Sprintf(`{"type":"cas","key":%q,"from":%d,"to":%d,"create_if_not_exists":%v}`, key, known, value, random.IntN(3) == 0)
		}
		if random.IntN(50) == 0 {
			body = `{"type":"delete","key":"k0"}`
		}
		e := exchange{caller: caller, request: journal.Raw(body)}
		e.reply, e.truth = Answer(s, caller, e.request)
		var reply struct{ Value *int }
		if json.Unmarshal(e.reply, &reply) == nil && reply.Value != nil {
			seen[caller+key] = *reply.Value
		}
		all = append(all, e)
	}
	return all
}

// replay returns what a replay finds out about exchanges.
func replay(name string, all []exchange) ([]*journal.Answer, *Replay) {
	r := NewReplay(name)
	for _, e := range all {
		r.Handle(e.caller, e.request, e.reply)
	}
	return r.Answers(), r
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

// Whatever a store is asked, a replay finds out what it did, except where it
// says that it is not sure. No answer seems to be impossible.
func TestAReplayFindsOutWhatAStoreDid(t *testing.T) {
	const requests = 5000
	for name, traffic := range traffics {
		for seed := range uint64(3) {
			all := traffic.ask(NewSequential(newRandom(seed)), newRandom(seed+100), requests)
			got, r := replay("seq-kv", all)
			s, err := compare(all, got)
			t.Logf("%s, seed %d: %+v", name, seed, s)
			if err != nil || s.wrongChanges+s.wrongStates > traffic.mayBeWrong || r.misfits > 0 {
				t.Errorf("%s, seed %d: %+v, %v, %q", name, seed, s, err, r.Notes())
			}
			if s.open*100 > requests*traffic.mayBeOpen {
				t.Errorf("%s, seed %d: %d of %d answers are unsure", name, seed, s.open, requests)
			}
		}
	}
}

// lin-kv leaves nothing open.
func TestAReplayOfALinearizableStoreIsCertain(t *testing.T) {
	for name, traffic := range traffics {
		all := traffic.ask(NewLinearizable(), newRandom(7), 2000)
		got, r := replay("lin-kv", all)
		if s, err := compare(all, got); err != nil || s.open+s.wrongChanges+s.wrongStates > 0 || r.Notes() != nil {
			t.Errorf("%s: %+v, %v, %q", name, s, err, r.Notes())
		}
	}
}

func TestOnlyServicesWithOneStateAfterTheOtherAreReplayed(t *testing.T) {
	for name, want := range map[string]bool{"seq-kv": true, "lin-kv": true, "lww-kv": false, "lin-tso": false} {
		if got := NewReplay(name) != nil; got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
