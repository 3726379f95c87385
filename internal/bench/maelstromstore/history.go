package maelstromstore

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
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

// requestsOf returns the requests of each client, in order, and the clients in
// the order of their first requests. A client waits for one answer at a time.
func (r *reader) requestsOf() (all map[string][]*request, clients []string) {
	all = map[string][]*request{}
	for i := range r.events {
		e := &r.events[i]
		m := e.msg
		switch own := all[m.dest]; {
		case e.recv && isClient(m.dest) && len(own) > 0:
			q := own[len(own)-1]
			if q.answer == nil && q.msgID == m.inReplyTo {
				q.answer, q.came = m, e.at
			} else {
				twice := slices.ContainsFunc(own, func(q *request) bool { return q.msgID == m.inReplyTo })
				r.strays = append(r.strays, stray{m, e.at, twice})
			}
		case !e.recv && isClient(m.src) && m.kind != "init":
			if all[m.src] == nil {
				clients = append(clients, m.src)
			}
			all[m.src] = append(all[m.src], &request{message: m, at: e.at})
		}
	}
	return all, clients
}

// A stray is a message that its client had no use for.
type stray struct {
	*message
	at    time.Duration
	twice bool // the client had been answered
}

// failures says what is wrong with the strays.
func (r *reader) failures() (all []verdict.Failure) {
	for _, m := range r.strays {
		text := fmt.Sprintf("%s sent %s a reply to none of its requests: %s", m.src, m.dest, verdict.Shown(string(m.body)))
		if m.twice {
			text = fmt.Sprintf("%s answered request %s of %s twice, the second time %s", m.src, m.inReplyTo, m.dest, verdict.Shown(string(m.body)))
		}
		all = append(all, verdict.Failure{Check: verdict.WellFormed, Text: "after " + verdict.Time(r.since(m.at)) + ": " + text})
	}
	return all
}

// match finds the client of each process, which has one client of its own, and
// with it the request of each operation. Operations of which the journal has no
// request have none.
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
		ops, best, length := processes[process], -1, 0
		for i, client := range clients {
			if requests := all[client]; requests[0].dest == r.nodeOf(process) {
				if n := alike(ops, requests); n > length {
					best, length = i, n
				}
			}
		}
		if best < 0 {
			continue
		}
		for i, q := range all[clients[best]][:length] {
			found[ops[i]] = q
		}
		clients = slices.Delete(clients, best, best+1)
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
		if o := ops[i]; o.f != q.kind || o.f == "add" && o.asked != field(q.message, "delta") ||
			q.answer != nil && (o.timedOut() || o.f == "read" && o.outcome == verdict.OK && o.given != field(q.answer, "value")) {
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
// count. A worker logs an operation and then sends its request, most often at
// once: of differences that are about the same, the least is the closest.
func (r *reader) setOrigin(found map[*logged]*request) {
	var differences []time.Duration
	for o, q := range found {
		differences = append(differences, q.at-o.begin)
	}
	if len(differences) == 0 {
		r.events, r.ended = nil, false // their times mean nothing
		return
	}
	slices.Sort(differences)
	median := differences[len(differences)/2]
	i, _ := slices.BinarySearch(differences, median-closely)
	r.origin = differences[i]
	for o, q := range found {
		if d := q.at - o.begin - r.origin; d < -maxSkew || d > maxSkew {
			delete(found, o) // it is of another operation that is alike
		}
	}
}

// Bounds of how long after the log's line a request is sent.
const (
	closely = 50 * time.Millisecond
	maxSkew = time.Second
)

// history returns the operations, in the order of their invocations.
func (r *reader) history() []verdict.Op {
	found := r.match()
	r.setOrigin(found)
	var history []verdict.Op
	for _, o := range r.log.ops {
		op := verdict.Op{
			Worker: r.workerOf(o.process), Node: r.nodeOf(o.process), F: o.f,
			Invoke: o.begin, Complete: o.end, Outcome: cmp.Or(o.outcome, verdict.Info), Final: o.final,
		}
		if n, err := strconv.ParseInt(cmp.Or(o.given, o.asked), 10, 64); err == nil {
			op.Value = n
		}
		q := found[o]
		r.conclude(&op, o, q)
		history = append(history, op)
	}
	slices.SortStableFunc(history, func(a, b verdict.Op) int { return cmp.Compare(a.Invoke, b.Invoke) })
	return history
}

// conclude notes what came of an operation: by the messages, if the journal has
// them, or else by the log.
func (r *reader) conclude(op *verdict.Op, o *logged, q *request) {
	if q != nil {
		op.Client, op.Invoke = q.src, r.since(q.at)
	} else {
		op.Invoke -= tick // its time is compared with those of messages
	}
	switch {
	case q != nil && q.answer != nil:
		reply, _ := maelstromtest.ReplyOf(q.answer.body)
		op.Complete, op.Outcome = r.since(q.came), verdict.Info
		maelstromtest.Conclude(op, maelstromtest.GCounter{}, reply)
	case o.end == never:
		op.Complete, op.Text = max(r.log.last, op.Invoke), "no answer before the end"
	case o.timedOut():
		op.Text, op.Unanswered = maelstromtest.ErrTimeout.Error(), true
		if q != nil {
			op.Complete = op.Invoke + r.cfg.ClientTimeout
		}
	default:
		op.Complete, op.Text = o.end+tick, verdict.Shown(o.why)
	}
}

// tick is the resolution of the log's times.
const tick = time.Millisecond

// since returns a time of the journal in the history's time.
func (r *reader) since(at time.Duration) time.Duration { return at - r.origin }

// field returns a field of a message's body, as JSON.
func field(m *message, name string) string {
	fields, _ := maelstromtest.ReplyOf(m.body) // a body is an object
	return string(fields[name])
}

func isClient(name string) bool { return strings.HasPrefix(name, "c") } // as Maelstrom sees it
