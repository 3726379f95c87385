package maelstromtest

import (
	"slices"
	"time"
)

// A Script takes the place of chance: a run that has one draws nothing at random. It makes the requests that are listed
// instead of those of the workload, which is left to judge the answers, and ends when the last is answered. Times count from
// when all nodes were ready. What is nil leaves messages their Config.Latency, and has the store answer from its newest
// state.
type Script struct {
	Requests []ScriptedRequest
	Faults   []ScriptedFault

	// Deliver returns the copies of a message that involves no client. If there are none, it is lost.
	Deliver func(src, dest string) []Copy
	// Answer returns the number of the state that a request of caller to seq-kv runs on, from oldest to newest.
	Answer func(caller string, oldest, newest int) int
}

// A ScriptedRequest is made by a client of its node that has no other in hand.
type ScriptedRequest struct {
	At   time.Duration
	Node int
	Request
	Final bool
}

// A ScriptedFault kills a node and starts it again, or, if the kind is Pause, holds its input and output.
type ScriptedFault struct {
	Kind Kind
	Node int
	At   time.Duration
	For  time.Duration
}

// A Copy is one that arrives after Latency and Delay, of which Delay is a fault's doing.
type Copy struct{ Latency, Delay time.Duration }

// play has the script's requests made and its faults happen.
func (l *load) play(s *Script) {
	l.phase, l.unmade = scripted, len(s.Requests)
	for _, r := range s.Requests {
		l.b.after(r.At, func() {
			l.unmade--
			l.invoke(l.workerOf(l.b.nodes[r.Node%len(l.b.nodes)]), r.Request, r.Final)
		})
	}
	for _, f := range s.Faults {
		n := l.b.nodes[f.Node%len(l.b.nodes)]
		l.b.after(f.At, func() {
			if n.healthy() {
				l.b.after(f.For, l.b.befall(n, Fault{Kind: f.Kind}))
			}
		})
	}
	l.advance()
}

// befall begins a fault of one node and returns what ends it.
func (b *bench) befall(n *node, f Fault) (stop func()) {
	if f.Kind == Pause {
		b.pause(n)
		return b.begin(f, n.name, func() { b.resume(n) })
	}
	b.kill(n)
	return b.begin(f, n.name, func() { b.restart(n) })
}

// workerOf returns a worker of a node that has no request in hand.
func (l *load) workerOf(n *node) *worker {
	i := slices.IndexFunc(l.workers, func(w *worker) bool { return w.node == n && !w.busy })
	if i < 0 {
		i = len(l.workers)
		l.workers = append(l.workers, &worker{id: i, node: n, client: l.b.newClient()})
	}
	return l.workers[i]
}

// deliver is Deliver for a network whose messages take latency where the script doesn't say.
func (s *Script) deliver(latency time.Duration) func(*message) []Copy {
	return func(m *message) []Copy {
		if s.Deliver == nil {
			return []Copy{{Latency: latency}}
		}
		return s.Deliver(m.src.name, m.dest.name)
	}
}

func (s *Script) answer(caller string, oldest, newest int) int {
	if s.Answer == nil {
		return newest
	}
	return min(max(s.Answer(caller, oldest, newest), oldest), newest)
}
