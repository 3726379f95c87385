package maelstromtest

import (
	"slices"
	"time"

	"maelstrom-counter/internal/bench/service"
)

// A Script takes the place of chance: a run with a script draws nothing at
// random. The run makes the listed requests instead of the workload's. It ends
// when the last of them has been answered and Rest has passed. The workload
// still judges the answers. Times count from when all nodes were ready. If
// Deliver is nil, messages take Config.Latency. If Answer is nil, the store
// answers from its newest state.
type Script struct {
	Requests []ScriptedRequest
	Faults   []ScriptedFault
	Rest     time.Duration // after the last answer

	// Deliver returns the copies of a message that involves no client. If there
	// are none, it is lost.
	Deliver func(src, dest string) []Copy
	// Answer returns the number of the state that a request of caller to seq-kv
	// runs on, from oldest to newest.
	Answer func(caller string, oldest, newest int) int
}

// A ScriptedRequest is made by a client of its node that has no other open
// request.
type ScriptedRequest struct {
	At   time.Duration
	Node int
	Request
	Final bool
}

// A ScriptedFault kills a node and starts it again, or, if the kind is Pause,
// holds its input and output.
type ScriptedFault struct {
	Kind Kind
	Node int
	At   time.Duration
	For  time.Duration
}

// A Copy is a copy of a message that arrives after Latency and Delay. The Delay
// is a fault's doing.
type Copy struct {
	Latency, Delay time.Duration

	added time.Duration // the part of Latency that a far node has added
}

// play makes the script's requests and faults happen.
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
				l.b.after(f.For, l.b.hit(Fault{Kind: f.Kind}, n, clockFault{}))
			}
		})
	}
	l.advance()
}

// end ends the run after a rest.
func (l *load) end(rest time.Duration) {
	if rest == 0 {
		l.b.done = true
		return
	}
	l.b.after(rest, func() { l.b.done = true })
}

// workerOf returns a worker of a node that has no open request.
func (l *load) workerOf(n *node) *worker {
	i := slices.IndexFunc(l.workers, func(w *worker) bool { return w.node == n && !w.busy })
	if i < 0 {
		i = len(l.workers)
		l.workers = append(l.workers, &worker{id: i, node: n, client: l.b.newClient()})
	}
	return l.workers[i]
}

// deliver returns what the network calls to deliver a message. If the script
// has no Deliver, messages take latency.
func (s *Script) deliver(latency time.Duration) func(*message) []Copy {
	return func(m *message) []Copy {
		if s.Deliver == nil {
			return []Copy{{Latency: latency}}
		}
		return s.Deliver(m.src.name, m.dest.name)
	}
}

// answer returns the state that a caller's request to seq-kv runs on. None is
// older than what the caller has seen, not even where Maelstrom's ring would
// wrap around.
func (s *Script) answer(caller string, seen, newest int) int {
	if s.Answer == nil {
		return newest
	}
	oldest := max(seen, newest-service.KeptStates+1)
	return min(max(s.Answer(caller, oldest, newest), oldest), newest)
}
