package explain

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/story"
)

// A runner carries out plans for one program and counts them.
type runner struct {
	t       *testing.T
	program maelstromtest.Program
	cfg     maelstromtest.Config // what a plan does not say
	runs    int
}

// A trial is what came of a plan.
type trial struct {
	plan    Plan
	used    func() Plan  // see Plan.script
	story   *story.Story // nil if all was right
	result  *maelstromtest.Result
	journal []maelstromtest.Entry
}

func (r *runner) try(p Plan) trial {
	r.t.Helper()
	cfg := r.cfg
	script, used := p.script()
	cfg.Nodes, cfg.Latency, cfg.Script = p.Nodes, p.Latency, script
	x := r.simulate(cfg)
	x.plan, x.used = p, used
	return x
}

// simulate runs a simulation and looks for its story. That Maelstrom would call
// the run valid does not matter.
func (r *runner) simulate(cfg maelstromtest.Config) trial {
	r.t.Helper()
	r.runs++
	cfg.Journal, cfg.Progress, cfg.Consistency = nil, nil, maelstromtest.Linearizable
	result, entries := maelstromtest.Record(r.t, cfg, r.program)
	return trial{result: result, journal: entries, story: maelstromtest.Tell(result, entries)}
}

// weight says how good a story of a trouble a trial makes: less is better. The
// first number counts most.
func (x trial) weight(trouble Trouble) []int {
	hidden := 0
	if trouble.shown != nil && !slices.ContainsFunc(x.story.Arrows, trouble.shown) {
		hidden = 1
	}
	vague := 1
	if slices.Contains([]story.Kind{story.LostUpdate, story.CountedTwice, story.OldAnswer, story.TakenBack}, x.story.Kind) {
		vague = 0
	}
	return []int{
		vague, hidden, -min(1, x.story.Asked), x.story.Messages(), len(x.story.Rows),
		len(x.plan.Requests) + len(x.plan.Faults) + len(x.plan.Fates) + len(x.plan.Ages),
		x.result.Messages, int(x.plan.Requests[len(x.plan.Requests)-1].At),
	}
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

// The limits of a search. They count runs, not time, so that the same seed
// gives the same story.
const (
	mostDraws   = 2500 // the most plans that are drawn
	mostFound   = 6    // the most of these that go wrong and are made shorter
	mostShrinks = 400  // the most attempts at making one shorter
)

// search returns the shortest run that it finds in which trouble makes a
// counter go wrong; without a story if there is none. The store may answer from
// an old state only if there is no other trouble: otherwise it would be hard to
// say what does the harm. The story shows all that the trouble has hit, since
// it would go right without that.
func (r *runner) search(trouble Trouble, seed uint64) trial {
	best := r.best(trouble, seed, false)
	if best.story == nil && trouble.add == nil {
		best = r.best(trouble, seed, true)
	}
	if best.story == nil {
		return best
	}
	last := best.plan.clone()
	last.Rest = rest
	if told := r.try(last); told.story != nil && told.story.Kind == best.story.Kind {
		best = told
	}
	if claims := trouble.claims(best); len(claims) > 0 {
		best.story = maelstromtest.Tell(best.result, best.journal, claims...)
	}
	return best
}

// rest is how long the run that is told goes on after its last answer, so that
// the story can say what came too late.
const rest = time.Second

// dice returns dice for the links that the program uses. It runs a plan in
// which nothing goes wrong, to see which these are.
func (r *runner) dice(seed uint64) dice {
	d := dice{Rand: rand.New(rand.NewPCG(seed, 0))}
	p := Plan{Nodes: 2, Latency: hop}
	for node := range p.Nodes {
		p.Requests = append(p.Requests, Request{Node: node, Delta: 1})
	}
	for node := range p.Nodes {
		p.Requests = append(p.Requests, Request{At: 10 * time.Second, Node: node, Delta: aRead, Final: true})
	}
	for _, e := range r.try(p).journal {
		if e.What == maelstromtest.Sent && number(e.Src) != aService {
			d.store = d.store || e.Dest == theStore
			d.peers = d.peers || number(e.Dest) != aService
		}
	}
	return d
}

// best returns the shortest of the runs that it finds. The store answers from
// old states if old is set.
func (r *runner) best(trouble Trouble, seed uint64, old bool) (best trial) {
	random := r.dice(seed)
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
		x := r.shorten(first, mostShrinks, func(was, is trial) bool {
			return slices.Compare(is.weight(trouble)[:4], was.weight(trouble)[:4]) <= 0 && r.matters(is, trouble)
		})
		if best.story == nil || slices.Compare(x.weight(trouble), best.weight(trouble)) < 0 {
			best = x
		}
	}
	return best
}

// matters reports whether a run goes wrong because of the trouble, that is,
// whether it is right without it.
func (r *runner) matters(x trial, trouble Trouble) bool {
	if trouble.add == nil {
		return true
	}
	plain := trouble.without(x.plan.clone())
	return !slices.Equal(plain.size(), x.plan.size()) && r.try(plain).story == nil
}

// shorten makes a run shorter for as long as the same kind of thing goes wrong,
// and as better says that the new run will do in place of the old.
func (r *runner) shorten(x trial, limit int, better func(was, is trial) bool) trial {
	shrink(x.plan, limit, func(p Plan) (Plan, bool) {
		y := r.try(p)
		if y.story == nil || y.story.Kind != x.story.Kind || y.hasty() || !better(x, y) {
			return p, false
		}
		x = y
		x.plan = x.used()
		return x.plan, true
	})
	return x
}
