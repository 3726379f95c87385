package maelstromstore

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/verdict"
)

// A request is one that a client sent, with its answer.
type request struct {
	*message
	at     time.Duration // by the journal's clock
	answer *message      // that the client has received; or nil
	came   time.Duration
}

// A stray is a message that its client had no use for.
type stray struct {
	*message
	at    time.Duration
	twice bool // it had been answered
}

// requestsOf returns the requests of each client, in order, and by node the
// clients in the order of their first requests. A client waits for one answer
// at a time.
func (r *reader) requestsOf() (all map[string][]*request, clients map[string][]string) {
	all, clients = map[string][]*request{}, map[string][]string{}
	for i := range r.events {
		e := &r.events[i]
		m := e.msg
		switch own := all[m.dest]; {
		case e.recv && len(own) > 0: // a client, as only these have any
			q := own[len(own)-1]
			if q.answer == nil && q.msgID == m.inReplyTo {
				q.answer, q.came = m, e.at
			} else {
				twice := slices.ContainsFunc(own, func(q *request) bool { return q.msgID == m.inReplyTo })
				r.strays = append(r.strays, stray{m, e.at, twice})
			}
		case !e.recv && r.isClient(m.src) && m.kind != "init":
			if all[m.src] == nil {
				clients[m.dest] = append(clients[m.dest], m.src)
			}
			all[m.src] = append(all[m.src], &request{message: m, at: e.at})
		}
	}
	return all, clients
}

// match finds the client of each process, which has one client of its own, and
// with it the request of each operation. Operations of which the journal has no
// request have none. Processes and clients begin in nearly the same order.
func (r *reader) match() map[*logged]*request {
	all, clients := r.requestsOf()
	processes := map[int][]*logged{}
	var order []int
	for _, o := range r.log.ops {
		if processes[o.process] == nil {
			order = append(order, o.process)
		}
		processes[o.process] = append(processes[o.process], o)
	}
	found := map[*logged]*request{}
	for _, process := range order {
		node, ops, best, length := r.nodeOf(process), processes[process], -1, 0
		own := clients[node]
		for i, client := range own[:min(len(own), 2*r.log.Concurrency)] {
			if n := alike(ops, all[client]); n > length {
				best, length = i, n
			}
		}
		if best < 0 {
			continue
		}
		for i, q := range all[own[best]][:length] {
			found[ops[i]] = q
		}
		clients[node] = slices.Delete(own, best, best+1)
	}
	return found
}

// alike returns how many requests may be those of a process: none if one
// contradicts what the process has logged, or if it has logged fewer.
func alike(ops []*logged, requests []*request) int {
	if len(requests) > len(ops) {
		return 0
	}
	for i, q := range requests {
		if o := ops[i]; o.F != q.kind || o.F == "add" && o.Value != field(q.message, "delta") ||
			q.answer != nil && (o.Unanswered || o.F == "read" && o.Outcome == verdict.OK && o.Value != field(q.answer, "value")) {
			return 0
		}
	}
	return len(requests)
}

// nodeOf returns the node of a process. Its worker's number is the process's
// modulo the number of workers: Jepsen's interpreter.clj.
func (r *reader) nodeOf(process int) string {
	return r.log.Nodes[r.workerOf(process)%len(r.log.Nodes)]
}

func (r *reader) workerOf(process int) int { return process % r.log.Concurrency }

// setOrigin finds the instant of the journal's clock from which the log's times
// count. A worker logs an operation and then sends its request, mostly at once.
// So of the differences the least counts, without some that may be false.
func (r *reader) setOrigin(found map[*logged]*request) {
	var differences []time.Duration
	for o, q := range found {
		differences = append(differences, q.at-o.Invoke)
	}
	if len(differences) == 0 {
		r.events, r.ended = nil, false // their times mean nothing
		return
	}
	slices.Sort(differences)
	r.origin = differences[len(differences)/50]
	// Of clients whose messages are not recorded, another's may seem to be
	// theirs.
	slack := 50 * time.Millisecond
	if r.ended {
		slack = time.Second
	}
	for o, q := range found {
		if d := q.at - o.Invoke - r.origin; d < -slack || d > slack {
			delete(found, o) // it is of another operation that is alike
		}
	}
}

// history returns the operations, in the order of their invocations: by the
// messages, if the journal has them, or else by the log.
func (r *reader) history() (history []verdict.Op) {
	found := r.match()
	r.setOrigin(found)
	if r.coarse = len(r.log.ops) - len(found); r.coarse > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("No messages were found in the network's journal for %d of %d requests. "+
			"Their times are from jepsen.log, which has whole milliseconds. So they may seem to have taken up to 3 ms longer.", r.coarse, len(r.log.ops)))
	}
	for _, o := range r.log.ops {
		op, q := o.Op, found[o]
		op.Worker, op.Node = r.workerOf(o.process), r.nodeOf(o.process)
		switch {
		case q == nil:
			op.Invoke -= tick // its time is compared with those of messages
		case q.answer != nil:
			reply, _ := maelstromtest.ReplyOf(q.answer.body)
			op.Client, op.Invoke, op.Complete = q.src, r.since(q.at), r.since(q.came)
			op.Outcome, op.Text = verdict.Info, ""
			maelstromtest.Conclude(&op, maelstromtest.GCounter{}, reply)
		default:
			op.Client, op.Invoke = q.src, r.since(q.at)
			if op.Unanswered {
				op.Complete = op.Invoke + r.cfg.ClientTimeout
			}
		}
		if op.Complete == never {
			op.Complete, op.Text = max(r.log.last, op.Invoke), "no answer before the end"
		}
		history = append(history, op)
	}
	slices.SortStableFunc(history, func(a, b verdict.Op) int { return cmp.Compare(a.Invoke, b.Invoke) })
	return history
}

// since returns a time of the journal in the history's time.
func (r *reader) since(at time.Duration) time.Duration { return at - r.origin }

// field returns an integer of a message's body, or nil.
func field(m *message, name string) any {
	fields, _ := maelstromtest.ReplyOf(m.body) // a body is an object
	return number(string(fields[name]))
}

// isClient reports whether a name is a client's. A node may have such a name.
func (r *reader) isClient(name string) bool {
	return strings.HasPrefix(name, "c") && !slices.Contains(r.log.Nodes, name)
}
