package claim

import (
	"bytes"
	"encoding/json"
	"iter"
	"slices"
	"sort"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/verdict"
)

// This file has the facts that several predicates need. Each is found by
// scanning the journal plainly.

// whole reports whether the journal has all entries from one position up to
// another.
func (r *Run) whole(from, to int) bool {
	next := sort.SearchInts(r.gaps, from)
	return 0 <= from && from <= to && to <= len(r.Journal) && (next == len(r.gaps) || r.gaps[next] >= to)
}

// happened reports whether an entry from one position up to another is of some
// kind and about a node.
func (r *Run) happened(from, to int, node string, kinds ...journal.What) bool {
	return slices.ContainsFunc(r.Journal[max(from, 0):max(to, from, 0)], func(e journal.Entry) bool {
		return e.Node == node && slices.Contains(kinds, e.What)
	})
}

// born returns where the life of a node began that it had at a position: 0 if
// the journal has no start.
func (r *Run) born(node string, at int) int {
	born := 0
	for _, start := range r.starts[node] {
		if start <= at {
			born = start
		}
	}
	return born
}

// sent returns the messages that a node, or if the name is empty, anybody sent
// from one position up to another.
func (r *Run) sent(node string, from, to int) iter.Seq[*message] {
	return func(yield func(*message) bool) {
		for at := max(from, 0); at < to; at++ {
			e := r.Journal[at]
			if e.What == journal.Sent && (node == "" || e.Src == node) && !yield(r.message(e.ID)) {
				return
			}
		}
	}
}

// calls returns the messages that a node sent to nodes and services from one
// position up to another, and how many it sent to clients.
func (r *Run) calls(node string, from, to int) (calls []int, clients int) {
	for m := range r.sent(node, from, to) {
		if isClient(m.dest) {
			clients++
		} else {
			calls = append(calls, m.id)
		}
	}
	return calls, clients
}

// changedAt returns where a message last changed a service before a position,
// or may have; or -1.
func (r *Run) changedAt(m *message, before int) (last int) {
	if last = -1; len(m.answers) == 0 && isService(m.dest) && m.kind != "read" && m.arrivedBefore(before) {
		return m.arrival() // a service without states, or with a gap before its answer
	}
	for _, at := range m.answers {
		_, doubt := slices.BinarySearch(r.doubts[slot{m.dest, m.key}], at)
		if at < before && (doubt || r.Journal[at].Changed) {
			last = at
		}
	}
	return last
}

// changedBefore returns where a node last changed a service before a position,
// or may have; or -1.
func (r *Run) changedBefore(node string, before int) (last int) {
	last = -1
	for m := range r.sent(node, 0, before) {
		last = max(last, r.changedAt(m, before))
	}
	return last
}

// reply returns the first answer to an operation that anybody sent.
func (r *Run) reply(op int) *message {
	if m := r.firstReply(op); m != nil {
		return m
	}
	panic(missing{"reply"})
}

func (r *Run) firstReply(op int) *message {
	r.op(op)
	if r.requests[op] < 0 {
		return nil
	}
	return r.answerTo(r.request(op))
}

// answerTo returns the first message that answers another, or nil: a service's
// by its answer, anybody else's by in_reply_to. A client may be answered by
// anybody.
func (r *Run) answerTo(m *message) *message {
	for _, y := range r.replying[m.number()] {
		if r.answers(y, m) {
			return y
		}
	}
	return nil
}

// answers reports whether a message answers another that has the number which
// it replies to.
func (r *Run) answers(y, m *message) bool {
	if y.basis >= 0 {
		return r.Journal[y.basis].ID == m.id
	}
	return m.number().id != "" && m.sent < y.sent && (y.src == m.dest || isClient(m.src))
}

// questionOf returns the request that a service's message answers.
func (r *Run) questionOf(m *message) *message {
	if m.basis >= 0 {
		return r.message(r.Journal[m.basis].ID)
	}
	last := &message{}
	for _, q := range r.numbered[m.replyTo()] {
		if q.dest == m.src && r.answers(m, q) {
			last = q
		}
	}
	return last
}

// answeredBy reports whether an answer to a message had reached its sender
// before a position.
func (r *Run) answeredBy(m *message, at int) bool {
	return slices.ContainsFunc(r.replying[m.number()], func(y *message) bool {
		return y.src == m.dest && r.answers(y, m) && y.arrivedBefore(at)
	})
}

// unanswered reports whether no answer to an operation reached its client in
// time.
func (r *Run) unanswered(i int) bool {
	op, m := r.op(i), r.firstReply(i)
	late := m == nil || m.arrival() < 0 || r.entry(m.arrival()).Time > op.Complete
	return op.Outcome == verdict.Info && !op.Error && !op.Malformed && late
}

// wait returns the positions between which an operation's request was at its
// node, up to when its client gave up.
func (r *Run) wait(i int) (from, to int) {
	from = r.request(i).arrival()
	if from < 0 {
		panic(missing{"arrival"})
	}
	return from, r.until(from, r.op(i).Complete)
}

// until returns the first position from another on that is not before a time.
func (r *Run) until(from int, end time.Duration) int {
	for from < len(r.Journal) && r.Journal[from].Time < end {
		from++
	}
	return from
}

// silenced reports whether a node had printed what cannot be heard.
func (r *Run) silenced(node string, before int) bool {
	return r.happened(0, before, node, journal.Muted, journal.Unheard, journal.Pending)
}

// inHand reports whether an operation's request was at its node at a position:
// it had come in the node's present life, and nobody had answered it.
func (r *Run) inHand(i, at int) bool {
	if r.requests[i] < 0 {
		return false
	}
	op, arrived, reply := r.op(i), r.request(i).arrival(), r.firstReply(i)
	return arrived >= 0 && arrived < at && (reply == nil || reply.sent > at) &&
		!r.happened(arrived, at, op.Node, journal.Killed, journal.Crashed)
}

// lastGot returns the last message of a node or service that reached a node
// before a position.
func (r *Run) lastGot(node string, before int) (last *message) {
	for _, m := range r.got[node] {
		if m.arrival() < before && !isClient(m.src) {
			last = m
		}
	}
	return last
}

// lastTold returns the last reply of a service about a key that reached a node
// between two positions.
func (r *Run) lastTold(node, service, key string, from, to int) (last *message) {
	key = canonical(key)
	for _, m := range r.got[node] {
		if from <= m.arrival() && m.arrival() < to && m.src == service && m.basis >= 0 && r.questionOf(m).key == key {
			last = m
		}
	}
	return last
}

// alone reports whether a node has exchanged no content with other nodes
// before a position. Only then are its requests' adds all that it can count.
func (r *Run) alone(node string, before int) bool {
	for _, e := range r.Journal[:before] {
		if e.What == journal.Sent && (e.Src == node && isNode(e.Dest) || e.Dest == node && isNode(e.Src)) &&
			e.Src != e.Dest && r.message(e.ID).hasContent() {
			return false
		}
	}
	return true
}

// hasContent reports whether a message tells more than its type.
func (m *message) hasContent() bool {
	for field, value := range m.body {
		switch field {
		case "type", "msg_id", "in_reply_to":
		default:
			if s := string(bytes.TrimSpace(value)); !slices.Contains([]string{"null", `""`, "[]", "{}"}, s) {
				return true
			}
		}
	}
	return false
}

// code returns the code of an error, and zero for another message.
func code(m *message) (n int) {
	if m.kind == "error" {
		_ = json.Unmarshal(m.body["code"], &n)
	}
	return n
}

func isInteger(raw json.RawMessage) bool {
	digits := strings.TrimPrefix(strings.TrimSpace(string(raw)), "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

func (r *Run) bodyOf(m *message) string { return withoutIDs(r.Journal[m.sent].Body) }
