package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/story"
)

// record returns the plan that carries out again what happened in a run by
// chance.
func record(cfg maelstromtest.Config, history []maelstromtest.Op, journal []maelstromtest.Entry) Plan {
	p := Plan{Nodes: cmp.Or(cfg.Nodes, 3), Latency: cfg.Latency.Truncate(time.Millisecond)}
	for _, op := range history {
		r := Request{At: op.Invoke, Node: number(op.Node), Delta: aRead, Final: op.Final}
		if op.F == "add" {
			r.Delta = op.Int()
		}
		p.Requests = append(p.Requests, r)
	}
	p.Fates = fates(journal, p.Latency)
	asked := counter{}
	down := map[string]int{} // by node: the index of its fault
	kinds := map[maelstromtest.What]maelstromtest.Kind{
		maelstromtest.Killed: maelstromtest.Kill, maelstromtest.Paused: maelstromtest.Pause,
	}
	for _, e := range journal {
		switch kind := kinds[e.What]; {
		case e.What == maelstromtest.Answered && e.Dest == theStore:
			nth := asked.next(e.Src, e.Dest)
			if age := e.Newest - e.State; age > 0 {
				p.Ages = append(p.Ages, Age{nth, age})
			}
		case kind != "":
			down[e.Node] = len(p.Faults)
			f := maelstromtest.ScriptedFault{Kind: kind, Node: number(e.Node), At: e.Time, For: never}
			p.Faults = append(p.Faults, f)
		case e.What == maelstromtest.Started || e.What == maelstromtest.Resumed:
			if i, ok := down[e.Node]; ok {
				p.Faults[i].For = e.Time - p.Faults[i].At
			}
		}
	}
	return p
}

// never is longer than any run.
const never = time.Hour

// fates returns what became of each message that did not arrive once, after
// latency.
func fates(journal []maelstromtest.Entry, latency time.Duration) []Fate {
	var fates []Fate
	sent := counter{}
	for _, m := range story.Messages(journal) {
		if strings.HasPrefix(m.Src, "c") || strings.HasPrefix(m.Dest, "c") { // a client
			continue
		}
		f := Fate{Nth: sent.next(m.Src, m.Dest)}
		for _, c := range m.Copies {
			if c.What == maelstromtest.Received {
				took := c.At - m.Time
				delay := min(c.Late, took)
				f.Copies = append(f.Copies, maelstromtest.Copy{Latency: took - delay, Delay: delay})
			}
		}
		if !slices.Equal(f.Copies, []maelstromtest.Copy{{Latency: latency}}) {
			fates = append(fates, f)
		}
	}
	return fates
}

// mostRuns bounds how often a simulation that failed is run again to make it
// shorter.
const mostRuns = 600

// shortened counts how often Shorten was called.
var shortened atomic.Int32

// mostShortened is how many failed simulations of one process are made shorter.
// If more fail, most fail for the same reason.
const mostShortened = 3

// Shorten runs a failed simulation again and makes it shorter for as long as
// the same kind of thing goes wrong. It returns the story of what is left, as
// text, or says why there is none. After the third call it does nothing.
func Shorten(t *testing.T, cfg maelstromtest.Config, program maelstromtest.Program) string {
	t.Helper()
	if shortened.Add(1) > mostShortened {
		return "The stories of the first simulations that failed are told above."
	}
	r := &runner{t: t, program: program, cfg: maelstromtest.Config{Workload: cfg.Workload, Args: cfg.Args, Seed: cfg.Seed, ClientTimeout: cfg.ClientTimeout}}
	whole := r.simulate(cfg)
	if whole.story == nil {
		return "What went wrong has no story: no node crashed, and the reads are right."
	}
	if whole.story.Kind == story.CrashedNode {
		return whole.story.Text()
	}
	x := r.try(record(cfg, whole.result.History, whole.journal))
	if x.story == nil {
		return "The whole run, since nothing goes wrong when its record is played again:\n\n" + whole.story.Text()
	}
	x = r.shorten(x, mostRuns, func(trial, trial) bool { return true })
	return fmt.Sprintf("The shortest run in which the same kind of thing goes wrong, found in %d runs, has %d requests:\n\n%s", r.runs, len(x.plan.Requests), x.story.Text())
}
