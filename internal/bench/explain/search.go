package explain

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/story"
)

// A runner carries out plans for one program and counts them.
type runner struct {
	t       *testing.T
	program maelstromtest.Program
	cfg     maelstromtest.Config // what a plan does not say: the nodes' arguments, the workload, the seed
	runs    int
}

// A trial is what came of a plan.
type trial struct {
	plan     Plan
	story    *story.Story // nil if all was right
	result   *maelstromtest.Result
	journal  []maelstromtest.Entry
	messages int // in all
}

func (r *runner) try(p Plan) trial {
	r.t.Helper()
	cfg := r.cfg
	cfg.Nodes, cfg.Latency, cfg.Script = p.Nodes, p.Latency, p.script()
	x := r.simulate(cfg)
	x.plan = p
	return x
}

// simulate runs a simulation and looks for its story.
func (r *runner) simulate(cfg maelstromtest.Config) trial {
	r.t.Helper()
	r.runs++
	cfg.Journal, cfg.Progress = nil, nil
	result, entries := maelstromtest.Record(r.t, cfg, r.program)
	return trial{result: result, journal: entries, messages: result.Messages, story: story.Of(result, entries)}
}

// shorter reports whether a trial makes a better story than another.
func (x trial) shorter(y trial) bool {
	a, b := x.weight(), y.weight()
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

func (x trial) weight() [6]int {
	return [6]int{-min(1, x.story.Asked), x.story.Messages(), x.story.Rows, len(x.plan.Requests) + len(x.plan.Faults) + len(x.plan.Fates) + len(x.plan.Ages),
		x.messages, int(x.plan.end() / time.Microsecond)}
}

// hasty reports whether a final read was made before all other requests were
// over, as Maelstrom never does.
func (x trial) hasty() bool {
	for _, final := range x.result.History {
		for _, op := range x.result.History {
			if final.Final && !op.Final && op.Complete >= final.Invoke {
				return true
			}
		}
	}
	return false
}

func (p Plan) String() string {
	return fmt.Sprintf("%d nodes, latency %v, requests %v, faults %v, fates %v, ages %v", p.Nodes, p.Latency, p.Requests, p.Faults, p.Fates, p.Ages)
}

// The limits of a search. They count runs, not time, so that the same seed
// gives the same story.
const (
	mostDraws   = 2500 // the most plans that are drawn
	mostFound   = 6    // the most of these that go wrong and are made shorter
	mostShrinks = 400  // the most attempts at making one shorter
)

// search returns the shortest run that it finds in which trouble makes a
// counter go wrong, or false. The store may answer from an old state only if
// there is no other trouble: otherwise it would be hard to say what does the
// harm.
func (r *runner) search(trouble Trouble, seed uint64) (trial, bool) {
	if trouble.add != nil {
		return r.best(trouble, seed, false)
	}
	best, ok := r.best(trouble, seed, false)
	if !ok {
		best, ok = r.best(trouble, seed, true)
	}
	return best, ok
}

// best returns the shortest of the runs that it finds. The store answers from
// old states if old is set.
func (r *runner) best(trouble Trouble, seed uint64, old bool) (best trial, ok bool) {
	random := rand.New(rand.NewPCG(seed, 0))
	most := mostDraws
	if trouble.add == nil {
		most /= 5 // a run that needs no trouble is found soon
	}
	for n, found := 0, 0; n < most && found < mostFound; n++ {
		first := r.try(draw(random, trouble, old))
		if first.story == nil || first.story.Kind == story.Unexplained || first.hasty() || !r.matters(first, trouble) {
			continue
		}
		found++
		if x := r.shorten(first, trouble); best.story == nil || x.shorter(best) {
			best, ok = x, true
		}
	}
	return best, ok
}

// matters reports whether a run goes wrong because of the trouble, that is,
// whether it is right without it.
func (r *runner) matters(x trial, trouble Trouble) bool {
	return trouble.add == nil || trouble.has(x.plan) && r.try(trouble.without(x.plan.clone())).story == nil
}

// shorten makes a run shorter for as long as the same kind of thing goes wrong,
// for the same reason.
func (r *runner) shorten(x trial, trouble Trouble) trial {
	shrink(x.plan, mostShrinks, func(p Plan) (Plan, bool) {
		y := r.try(p)
		if y.story == nil || y.story.Kind != x.story.Kind || y.story.Messages() > x.story.Messages() || y.hasty() || !r.matters(y, trouble) {
			return p, false
		}
		x = y
		x.plan = x.used()
		return x.plan, true
	})
	return x
}
