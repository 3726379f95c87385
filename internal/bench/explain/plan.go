// Package explain searches for the shortest run of a counter, in virtual time,
// that goes wrong: for a design under a kind of trouble, or for a simulation
// that failed. It leaves out requests, nodes, faults and delays one after
// another for as long as the same kind of thing still goes wrong (delta
// debugging: Zeller and Hildebrandt, Simplifying and isolating failure-inducing
// input, 2002). Package story tells what is left.
package explain

import (
	"slices"
	"strconv"
	"strings"
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
	Faults   []maelstromtest.ScriptedFault
	Fates    []Fate
	Ages     []Age
	Rest     time.Duration // after the last answer
}

// A Request is made to a node at a time.
type Request struct {
	At    time.Duration
	Node  int
	Delta int64 // of an add; aRead for a read
	Final bool
}

// aRead stands in place of a delta.
const aRead = -1

// A Link is one direction between two nodes, or between a node and a service.
type Link struct{ Src, Dest int }

// aService stands in place of a node's number.
const aService = -1

// An Nth is the Nth message on a link, counted from 0.
type Nth struct {
	Link
	N int
}

// A Fate is what becomes of a message. Without copies it is lost.
type Fate struct {
	Nth
	Copies []maelstromtest.Copy
}

// An Age says how many states behind the newest the store's answer to a request
// is.
type Age struct {
	Nth // of the requests that reach the store
	Age int
}

// A counter counts messages.
type counter map[Link]int

func (c counter) next(src, dest string) Nth {
	link := Link{number(src), number(dest)}
	c[link]++
	return Nth{link, c[link] - 1}
}

// theStore is the service that the designs use.
const theStore = "seq-kv"

// script returns a script that carries out the plan. It can be used once. After
// that, used returns the plan without the fates and ages of messages that were
// never sent.
func (p Plan) script() (s *maelstromtest.Script, used func() Plan) {
	s = &maelstromtest.Script{Faults: p.Faults, Rest: p.Rest}
	for _, r := range p.Requests {
		request := maelstromtest.Request{F: "read", Body: maelstromtest.Body{"type": "read"}}
		if r.Delta != aRead {
			request = maelstromtest.Request{F: "add", Value: r.Delta, Body: maelstromtest.Body{"type": "add", "delta": r.Delta}}
		}
		s.Requests = append(s.Requests, maelstromtest.ScriptedRequest{At: r.At, Node: r.Node, Request: request, Final: r.Final})
	}
	fates, ages := map[Nth][]maelstromtest.Copy{}, map[Nth]int{}
	for _, f := range p.Fates {
		fates[f.Nth] = f.Copies
	}
	for _, a := range p.Ages {
		ages[a.Nth] = a.Age
	}
	sent, asked := counter{}, counter{}
	s.Deliver = func(src, dest string) []maelstromtest.Copy {
		if copies, ok := fates[sent.next(src, dest)]; ok {
			return copies
		}
		return []maelstromtest.Copy{{Latency: p.Latency}}
	}
	s.Answer = func(caller string, oldest, newest int) int { return newest - ages[asked.next(caller, theStore)] }
	return s, func() Plan {
		p := p.clone()
		p.Fates = slices.DeleteFunc(p.Fates, func(f Fate) bool { return f.N >= sent[f.Link] })
		p.Ages = slices.DeleteFunc(p.Ages, func(a Age) bool { return a.N >= asked[a.Link] })
		return p
	}
}

// number returns the number of a node, or aService for other names.
func number(name string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(name, "n"))
	if err != nil {
		return aService
	}
	return n
}
