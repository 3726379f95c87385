package maelstromtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/verdict"
)

// A Workload says what nodes are asked, which answers are well-formed, and
// whether a history is right.
type Workload interface {
	// Name is the workload's name on Maelstrom's command line.
	Name() string
	// Next returns a request for any node.
	Next(random *rand.Rand) Request
	// Final returns the request that each worker makes at the end, after
	// everything has recovered, if there is one.
	Final() (Request, bool)
	// Complete takes a reply that isn't an error: it sets op.Value, or returns
	// what is wrong with the reply.
	Complete(op *Op, reply Reply) error
	// Check judges a history, which is in the order of invocations, and tells
	// what else it has found out, in a type of its own.
	Check(history []Op) (checks []Check, facts any)
}

// A Preparer is a Workload that sends each node a request before the load
// begins, as Maelstrom's broadcast sends the topology.
type Preparer interface {
	Workload
	// Prepare returns the body of the request that a node gets each time that
	// it starts, or nil for no request. At the start of the cluster, the
	// request is sent when all nodes have answered init; later, when the node
	// itself has. The node must not answer with an error. The argument nodes
	// has the names of all nodes.
	Prepare(node string, nodes []string) Body
}

// A Request is something to ask a node.
type Request struct {
	F     string // what kind of operation this is
	Value any    // its argument, if any
	Body  Body
}

// A worker makes requests to one node, one at a time.
type worker struct {
	id     int
	node   *node
	client *benchClient
	busy   bool
	failed bool // its last request did not succeed
}

// A load makes a workload's requests.
type load struct {
	b       *bench
	workers []*worker
	history []*Op
	counts  map[Outcome]int // of the completed
	waiting bool            // a request is due, and no worker is free
	unmade  int             // of a script's requests: those that are still to be made
	phase   phase
	rested  time.Duration // when recovery ends

	latest []time.Duration // latencies of the requests that were answered ok since the last report
}

type phase int

const (
	generating phase = iota
	draining         // until the last requests are answered
	recovering
	final
	scripted // until the last of a script's requests is answered
	lost     // no node can answer any more
)

func (b *bench) startLoad() *load {
	l := &load{b: b, counts: map[Outcome]int{}}
	if b.cfg.Script != nil {
		l.play(b.cfg.Script)
		return l
	}
	for i := range b.cfg.Concurrency {
		l.workers = append(l.workers, &worker{id: i, node: b.nodes[i%len(b.nodes)], client: b.newClient()})
	}
	if b.cfg.Rate > 0 && b.cfg.TimeLimit > 0 {
		l.next()
	}
	b.after(b.cfg.TimeLimit, func() {
		l.phase = draining
		b.faulty = false
		l.advance()
		b.endIfLost()
	})
	if b.cfg.Progress != nil {
		l.report()
	}
	return l
}

// next makes a request if a worker is free, and plans the one after. Intervals
// are uniform between 0 and twice the mean, and count from when the request was
// really made. So missed requests are not made up for, as with Jepsen's
// stagger.
func (l *load) next() {
	if l.phase != generating {
		return
	}
	free := l.idle()
	if l.waiting = len(free) == 0; l.waiting {
		return
	}
	w := free[l.b.rng.IntN(len(free))]
	l.invoke(w, l.b.cfg.Workload.Next(l.b.rng), false)
	l.b.after(between(l.b.rng, 0, time.Duration(2*float64(time.Second)/l.b.cfg.Rate)), l.next)
}

// idle returns the workers without an open request.
func (l *load) idle() []*worker {
	return slices.DeleteFunc(slices.Clone(l.workers), func(w *worker) bool { return w.busy })
}

// invoke has a worker make a request. As with Jepsen, a worker whose last
// request did not succeed first replaces its client by a new one.
func (l *load) invoke(w *worker, r Request, final bool) {
	if w.failed {
		w.client.close()
		w.client = l.b.newClient()
	}
	op := &Op{
		Worker: w.id, Client: w.client.endpoint.name, Node: w.node.name,
		F: r.F, Value: r.Value, Invoke: l.b.since(), Complete: -1, Outcome: Info, Final: final,
	}
	l.history = append(l.history, op)
	w.busy = true
	w.client.request(w.node, r.Body, l.b.cfg.ClientTimeout, func(reply Reply, err error) {
		l.complete(op, reply, err)
		w.busy, w.failed = false, op.Outcome != OK
		l.advance()
	})
}

// complete notes what came of an operation.
func (l *load) complete(op *Op, reply Reply, err error) {
	op.Complete = l.b.since()
	var unsent bodyError
	switch {
	case errors.As(err, &unsent):
		op.Outcome, op.Text = Fail, verdict.Shown(err.Error())
		l.b.complain(runComplete, "%v", err)
	case err != nil && reply == nil:
		op.Text, op.Unanswered = err.Error(), true
	default:
		Conclude(op, l.b.cfg.Workload, reply)
	}
	l.counts[op.Outcome]++
	if op.Outcome == OK && l.b.cfg.Progress != nil {
		l.latest = append(l.latest, op.Complete-op.Invoke)
	}
}

// Conclude notes what came of an operation that was answered. Its Outcome must
// be Info.
func Conclude(op *Op, w Workload, reply Reply) {
	err := reply.rpcError()
	var rpc *maelstrom.RPCError
	if errors.As(err, &rpc) {
		op.Error, op.Code, op.Text = true, rpc.Code, verdict.Shown(rpc.Text)
		if definite(op.Code) {
			op.Outcome = Fail
		}
		return
	}
	if err == nil {
		err = w.Complete(op, reply)
	}
	if err != nil {
		op.Text, op.Malformed = verdict.Shown(err.Error()), true
		return
	}
	op.Outcome = OK
}

// advance does what was waiting for a worker to become free.
func (l *load) advance() {
	if l.waiting && l.phase == generating {
		l.waiting = false
		l.next()
		return
	}
	if l.phase == generating || slices.ContainsFunc(l.workers, func(w *worker) bool { return w.busy }) {
		return
	}
	switch l.phase {
	case draining:
		l.b.healFaults()
		last, ok := l.b.cfg.Workload.Final()
		if !ok {
			l.b.done = true
			return
		}
		l.phase, l.rested = recovering, l.b.since()+l.b.cfg.Recovery
		l.b.after(l.b.cfg.Recovery, func() {
			l.phase = final
			for _, w := range l.workers {
				l.invoke(w, last, true)
			}
			l.advance()
		})
	case final:
		l.b.done = true
	case scripted:
		if l.unmade == 0 {
			l.end(l.b.cfg.Script.Rest)
		}
	}
}

// report calls Progress once a second.
func (l *load) report() {
	p := Progress{
		Elapsed: l.b.since(), Invoked: len(l.history),
		OK: l.counts[OK], Refused: l.counts[Fail], Unknown: l.counts[Info],
		P99: verdict.QuantilesOf(l.latest).P99, Waiting: l.waitsFor(),
	}
	l.latest = nil
	for _, f := range l.b.faultLog {
		if f.Stop < 0 {
			p.Faults = append(p.Faults, f.String())
		}
	}
	l.b.cfg.Progress(p)
	l.b.after(time.Second, l.report)
}

// waitsFor says what the run waits for once the time limit has been reached.
func (l *load) waitsFor() string {
	busy := len(l.workers) - len(l.idle())
	switch l.phase {
	case draining:
		return fmt.Sprintf("last requests (%d left)", busy)
	case recovering:
		return fmt.Sprintf("recovery (%d s left)", (l.rested-l.b.since()+time.Second-1)/time.Second)
	case final:
		last, _ := l.b.cfg.Workload.Final()
		return fmt.Sprintf("final %ss (%d left)", last.F, busy)
	}
	return ""
}

// snapshot returns the history so far. An operation without an answer is
// indeterminate.
func (l *load) snapshot() []Op {
	history := make([]Op, len(l.history))
	for i, op := range l.history {
		history[i] = *op
		if op.Complete < 0 {
			history[i].Complete, history[i].Text = l.b.since(), "no answer before the end"
		}
	}
	return history
}

// fieldsOf checks that a reply has type typ and, besides in_reply_to and
// perhaps msg_id, exactly these fields, as Maelstrom's schemas do.
func fieldsOf(reply Reply, typ string, names ...string) error {
	switch got := reply.Type(); {
	case reply["type"] == nil:
		return fmt.Errorf("reply has no type, and not the type %q", typ)
	case got != typ:
		return fmt.Errorf("reply has type %s, not %q", reply["type"], typ)
	}
	var missing, strange []string
	for _, name := range names {
		if _, ok := reply[name]; !ok {
			missing = append(missing, name)
		}
	}
	for name, raw := range reply {
		switch {
		case name == "type" || slices.Contains(names, name):
		case name == "msg_id" || name == "in_reply_to":
			if !isInteger(raw) {
				return fmt.Errorf("%s of %s is not an integer: %s", name, typ, raw)
			}
		default:
			strange = append(strange, fmt.Sprintf("%q: %s", name, raw))
		}
	}
	slices.Sort(strange)
	switch {
	case len(missing) > 0 && len(strange) > 0:
		return fmt.Errorf("%s has no %s, but a field %s", typ, missing[0], strange[0])
	case len(missing) > 0:
		return fmt.Errorf("%s has no %s", typ, missing[0])
	case len(strange) > 0:
		return fmt.Errorf("%s has a field %s", typ, strange[0])
	}
	return nil
}

// integer reads a JSON integer.
func integer(raw json.RawMessage) (int64, error) {
	var n int64
	if !isInteger(raw) {
		return 0, fmt.Errorf("%s is not an integer", raw)
	}
	if json.Unmarshal(raw, &n) != nil {
		return 0, fmt.Errorf("%s does not fit in 64 bits", raw)
	}
	return n, nil
}
