package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
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
	asked := map[string]int{}
	downs := map[string]Fault{}
	for _, e := range journal {
		switch e.What {
		case maelstromtest.Answered:
			if e.Dest != "seq-kv" {
				break
			}
			if age := e.Newest - e.State; age > 0 {
				p.Ages = append(p.Ages, Age{e.Src, asked[e.Src], age})
			}
			asked[e.Src]++
		case maelstromtest.Killed:
			downs[e.Node] = Fault{maelstromtest.Kill, number(e.Node), e.Time, never}
		case maelstromtest.Paused:
			downs[e.Node] = Fault{maelstromtest.Pause, number(e.Node), e.Time, never}
		case maelstromtest.Started, maelstromtest.Resumed:
			if f, ok := downs[e.Node]; ok {
				f.For = e.Time - f.At
				p.Faults = append(p.Faults, f)
				delete(downs, e.Node)
			}
		}
	}
	for i := range p.Nodes { // those that were down at the end
		if f, ok := downs[nodeName(i)]; ok {
			p.Faults = append(p.Faults, f)
		}
	}
	return p
}

// never is longer than any run.
const never = time.Hour

// number returns the number of a node.
func number(node string) int {
	n, _ := strconv.Atoi(node[min(1, len(node)):]) // the bench itself has named the nodes
	return n
}

// fates returns what became of each message that did not arrive once, after
// latency.
func fates(journal []maelstromtest.Entry, latency time.Duration) []Fate {
	type message struct {
		Link
		n      int
		at     time.Duration
		copies []maelstromtest.Copy
		late   []time.Duration // the delays of its copies that are on their way
	}
	var order []*message
	byID, sent := map[int]*message{}, map[Link]int{}
	for _, e := range journal {
		m := byID[e.ID]
		if e.What == maelstromtest.Sent && !isClient(e.Src) && !isClient(e.Dest) {
			link := Link{e.Src, e.Dest}
			m = &message{Link: link, n: sent[link], at: e.Time, late: []time.Duration{0}}
			sent[link]++
			byID[e.ID] = m
			order = append(order, m)
		}
		if m == nil || e.Answer != nil {
			continue
		}
		switch e.What {
		case maelstromtest.Doubled:
			m.late = append(m.late, 0)
		case maelstromtest.IsLate:
			m.late[len(m.late)-1] = e.Delay
		case maelstromtest.Received:
			took := e.Time - m.at
			c := maelstromtest.Copy{Latency: took}
			for i, d := range m.late { // of the copies that can have arrived by now, take the one with the greatest delay
				if d > 0 && d <= took && (c.Delay == 0 || d > c.Delay) {
					c = maelstromtest.Copy{Latency: took - d, Delay: d}
					m.late[i] = 0
				}
			}
			m.copies = append(m.copies, c)
		}
	}
	var all []Fate
	for _, m := range order {
		if !slices.Equal(m.copies, []maelstromtest.Copy{{Latency: latency}}) {
			all = append(all, Fate{m.Link, m.n, m.copies})
		}
	}
	return all
}

func isClient(name string) bool { return len(name) > 1 && name[0] == 'c' }

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
	whole.plan = record(cfg, whole.result.History, whole.journal)
	if whole.story.Kind == story.CrashedNode {
		return whole.story.Text()
	}
	x := r.try(whole.plan)
	if x.story == nil {
		return "The whole run, since nothing goes wrong when its record is played again:\n\n" + whole.story.Text()
	}
	kind := x.story.Kind
	shrink(x.plan, mostRuns, func(p Plan) (Plan, bool) {
		y := r.try(p)
		if y.story == nil || y.story.Kind != kind || y.hasty() {
			return p, false
		}
		x = y
		x.plan = x.used()
		return x.plan, true
	})
	return fmt.Sprintf("The shortest run in which the same kind of thing goes wrong, found in %d runs, has %d requests:\n\n%s", r.runs, len(x.plan.Requests), x.story.Text())
}

// used returns a trial's plan without the fates and ages of messages that were
// never sent.
func (x trial) used() Plan {
	sent, asked := map[Link]int{}, map[string]int{}
	for _, e := range x.journal {
		switch {
		case e.What == maelstromtest.Sent:
			sent[Link{e.Src, e.Dest}]++
		case e.What == maelstromtest.Answered && e.Dest == "seq-kv":
			asked[e.Src]++
		}
	}
	p := x.plan.clone()
	p.Fates = slices.DeleteFunc(p.Fates, func(f Fate) bool { return f.N >= sent[f.Link] })
	p.Ages = slices.DeleteFunc(p.Ages, func(a Age) bool { return a.N >= asked[a.Node] })
	return p
}
