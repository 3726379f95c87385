// Package explain searches for the shortest run of a counter, in virtual time,
// that goes wrong: for a design under a kind of trouble, or for a simulation
// that failed. It leaves out requests, nodes, faults and delays one after
// another for as long as the same kind of thing still goes wrong (delta
// debugging: Zeller and Hildebrandt, Simplifying and isolating failure-inducing
// input, 2002). Package story tells what is left.
package explain

import (
	"fmt"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// A Plan is a run as data: it lists everything that chance decides in other
// runs. If it does not list a message, the message arrives after Latency. If it
// does not list an answer of the store, the answer comes from the newest state.
type Plan struct {
	Nodes    int
	Latency  time.Duration
	Requests []Request // in order of time
	Faults   []Fault
	Fates    []Fate
	Ages     []Age
}

// A Request is made to a node at a time.
type Request struct {
	At    time.Duration
	Node  int
	Delta int64 // of an add; aRead for a read
	Final bool
}

// A Fault is a kill or a pause of a node.
type Fault struct {
	Kind maelstromtest.Kind
	Node int
	At   time.Duration
	For  time.Duration
}

// A Fate is what becomes of the Nth message on a link, counted from 0. Without
// copies it is lost.
type Fate struct {
	Link
	N      int
	Copies []maelstromtest.Copy
}

// A Link is one direction between two endpoints.
type Link struct{ Src, Dest string }

// An Age says how many states behind the newest the store's answer to a node's
// Nth request is.
type Age struct {
	Node string
	N    int
	Age  int
}

// aRead stands in place of a delta.
const aRead = -1

// script returns a script that carries out the plan. It can be used once.
func (p Plan) script() *maelstromtest.Script {
	s := &maelstromtest.Script{}
	for _, r := range p.Requests {
		request := maelstromtest.Request{F: "read", Body: maelstromtest.Body{"type": "read"}}
		if r.Delta != aRead {
			request = maelstromtest.Request{F: "add", Value: r.Delta, Body: maelstromtest.Body{"type": "add", "delta": r.Delta}}
		}
		s.Requests = append(s.Requests, maelstromtest.ScriptedRequest{At: r.At, Node: r.Node, Request: request, Final: r.Final})
	}
	for _, f := range p.Faults {
		s.Faults = append(s.Faults, maelstromtest.ScriptedFault(f))
	}
	type nth struct {
		Link
		n int
	}
	fates, ages := map[nth][]maelstromtest.Copy{}, map[nth]int{}
	for _, f := range p.Fates {
		fates[nth{f.Link, f.N}] = f.Copies
	}
	for _, a := range p.Ages {
		ages[nth{Link{Src: a.Node}, a.N}] = a.Age
	}
	sent, asked := map[Link]int{}, map[string]int{}
	s.Deliver = func(src, dest string) []maelstromtest.Copy {
		link := Link{src, dest}
		n := sent[link]
		sent[link]++
		if copies, ok := fates[nth{link, n}]; ok {
			return copies
		}
		return []maelstromtest.Copy{{Latency: p.Latency}}
	}
	s.Answer = func(caller string, oldest, newest int) int {
		n := asked[caller]
		asked[caller]++
		return newest - ages[nth{Link{Src: caller}, n}]
	}
	return s
}

// end returns when the last request is made.
func (p Plan) end() time.Duration {
	var last time.Duration
	for _, r := range p.Requests {
		last = max(last, r.At)
	}
	return last
}

func nodeName(i int) string { return fmt.Sprintf("n%d", i) }
