package claim

import (
	"bytes"
	"encoding/json"
	"iter"
	"maps"
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
	return 0 <= from && from <= to && to <= len(r.Journal) &&
		!slices.ContainsFunc(r.gaps, func(at int) bool { return from <= at && at < to })
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

// changesBefore reports whether a message had changed a service before a
// position.
func (r *Run) changesBefore(m *message, before int) bool {
	return slices.ContainsFunc(m.answers, func(at int) bool { return at < before && r.Journal[at].Changed })
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
	return op.Outcome == verdict.Info && (m == nil || m.arrival() < 0 || r.entry(m.arrival()).Time > op.Complete)
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

// adds returns the sum of the adds for which a predicate is true.
func (r *Run) adds(is func(i int, op verdict.Op) bool) (sum int64) {
	for i, op := range r.History {
		if op.F == "add" && is(i, op) {
			sum += op.Int()
		}
	}
	return sum
}

// acked returns the sum of the adds that a node had acknowledged at a position.
func (r *Run) acked(node string, at int) int64 { return sumBefore(r.addsAt(node, true), at) }

// asked returns the sum of the adds that had reached a node at a position.
func (r *Run) asked(node string, at int) int64 { return sumBefore(r.addsAt(node, false), at) }

func sumBefore(adds []timed, at int) (sum int64) {
	for _, t := range adds {
		if t.at < at {
			sum += t.Value
		}
	}
	return sum
}

// ackedBefore reports whether an operation is an add that was acknowledged
// before another began.
func (r *Run) ackedBefore(i, read int) bool {
	op := r.op(i)
	return op.F == "add" && op.Outcome == verdict.OK && op.Complete < r.op(read).Invoke
}

// read returns an operation that is a read and was answered, and its answer.
func (r *Run) read(i int) (verdict.Op, *message) {
	op := r.op(i)
	if op.F != "read" || op.Outcome != verdict.OK {
		panic(missing{"answered read"})
	}
	return op, r.reply(i)
}

// ---- Services ----

// A version is a value of a key.
type version struct {
	at    int // the position of the change; -1 if the key is missing
	value json.RawMessage
}

// changed returns the entry of a change of a key.
func (r *Run) changed(at int, service, key string) journal.Entry {
	e := r.entry(at)
	if e.What != journal.Answered || e.Answer == nil || !e.Changed || e.Dest != service ||
		r.message(e.ID).key != canonical(key) {
		panic(missing{"change"})
	}
	return e
}

// A slot is a key of a service, in canonical form.
type slot struct{ service, key string }

// latest returns where the value was set that a key has in a state, or -1.
func (r *Run) latest(s slot, state int) int {
	changes := r.changes[s]
	i := sort.Search(len(changes), func(i int) bool { return r.Journal[changes[i]].Newest >= state })
	if i == 0 {
		return -1
	}
	return changes[i-1]
}

// set returns the entry of a change of a key, or of a write that changed
// nothing in the newest state, with the value that it wrote.
func (r *Run) set(at int, service, key string) journal.Entry {
	e := r.entry(at)
	if e.Answer == nil || e.Changed || e.State != e.Newest || r.message(e.ID).kind != "write" {
		return r.changed(at, service, key)
	}
	if e.Dest != service || r.message(e.ID).key != canonical(key) {
		panic(missing{"write"})
	}
	answer := *e.Answer
	answer.Value = r.message(e.ID).body["value"]
	e.Answer = &answer
	return e
}

// version returns the value that a key has in a state, as far as it is known
// before a position.
func (r *Run) version(service, key string, state, before int) version {
	at := r.latest(slot{service, canonical(key)}, state)
	if !r.whole(max(at, 0), before) {
		panic(missing{"entries"})
	}
	if at < 0 {
		return version{at: -1}
	}
	return version{at, r.Journal[at].Value}
}

// versionAt returns the value that a key has at a position.
func (r *Run) versionAt(service, key string, at int) version {
	changes := r.changesOf(service, key, at)
	if len(changes) == 0 {
		return r.version(service, key, 0, at)
	}
	return r.version(service, key, r.Journal[changes[len(changes)-1]].Newest+1, at)
}

// changesOf returns where a key changed before a position.
func (r *Run) changesOf(service, key string, before int) []int {
	changes := r.changes[slot{service, canonical(key)}]
	return changes[:sort.SearchInts(changes, before)]
}

// changedBefore returns where the last change of a node was before a position,
// or -1.
func (r *Run) changedBefore(node string, before int) int {
	for at, e := range slices.Backward(r.Journal[:before]) {
		if e.Answer != nil && e.Changed && e.Src == node {
			return at
		}
	}
	return -1
}

// told returns the request, the state and the newest state that a service's
// reply rests on, and what its key was there.
func (r *Run) told(reply int) (request *message, state, newest int, v version) {
	m := r.message(reply)
	if m.basis < 0 || m.arrival() < 0 {
		panic(missing{"answer"})
	}
	e := r.Journal[m.basis]
	state, newest = e.State, e.Newest
	if e.Changed {
		state, newest = newest+1, newest+1
	}
	request = r.questionOf(m)
	v = r.version(m.src, request.key, state, m.basis+1)
	if m.kind == "read_ok" && !same(m.body["value"], v.value) {
		panic(missing{"value"})
	}
	return request, state, newest, v
}

// steps returns where and by how much a node changed a number before a
// position.
func (r *Run) steps(node, service, key, path string, before int) (steps []step) {
	var last int64
	for _, at := range r.changesOf(service, key, before) {
		n := numbers(r.Journal[at].Value)[path]
		if r.Journal[at].Src == node {
			steps = append(steps, step{at, last, n})
		}
		last = n
	}
	if !r.whole(0, min(before, len(r.Journal))) {
		panic(missing{"entries"})
	}
	return steps
}

// overtaken reports whether the request that made a change was sent before the
// request that made the change before.
func (r *Run) overtaken(at int) bool {
	e := r.entry(at)
	m := r.message(e.ID)
	before := r.version(e.Dest, m.key, e.Newest, at).at
	return before >= 0 && r.message(r.Journal[before].ID).sent > m.sent
}

// hasPath reports whether a key ever has a number at a path.
func (r *Run) hasPath(service, key, path string) bool {
	return slices.ContainsFunc(r.changesOf(service, key, len(r.Journal)), func(at int) bool {
		_, has := numbers(r.Journal[at].Value)[path]
		return has
	})
}

// A step is a change of a number.
type step struct {
	at       int
	from, to int64
}

// changedBy returns the sum of a node's changes of a number before a position.
func (r *Run) changedBy(node, service, key, path string, before int) (sum int64) {
	for _, s := range r.steps(node, service, key, path, before) {
		sum += s.to - s.from
	}
	return sum
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

// ---- Requests ----

// definite is the codes that say for certain that a request did not happen.
var definite = []int{1, 10, 11, 12, 14, 20, 21, 22, 30}

// isAdd reports whether an operation is an add of an amount that reached a
// node.
func (r *Run) isAdd(i int, node string, delta int64) bool {
	op := r.op(i)
	return op.F == "add" && op.Node == node && op.Int() == delta && r.request(i).arrival() >= 0
}

// isRead reports whether an operation is a read that a node answered with a
// value.
func (r *Run) isRead(i int, node string, value int64) bool {
	op, reply := r.read(i)
	return reply.src == node && op.Int() == value
}

func (r *Run) isFinal(i int, node string, value int64) bool {
	return r.isRead(i, node, value) && r.op(i).Final
}

// totals returns the sums of all acknowledged adds and any of those that may
// have happened.
func (r *Run) totals(maybe func(verdict.Op) bool) (right []Range) {
	const most = 1 << 20 // sums that are told apart
	acked := r.adds(func(_ int, op verdict.Op) bool { return op.Outcome == verdict.OK })
	sums := map[int64]bool{acked: true}
	for _, op := range r.History {
		if op.F != "add" || op.Outcome == verdict.OK || !maybe(op) {
			continue
		}
		for sum := range maps.Clone(sums) {
			sums[sum+op.Int()] = true
		}
		if len(sums) > most {
			panic(missing{"so many sums"})
		}
	}
	for _, sum := range slices.Sorted(maps.Keys(sums)) {
		if n := len(right); n > 0 && right[n-1].Hi+1 == sum {
			right[n-1].Hi = sum
		} else {
			right = append(right, Range{Lo: sum, Hi: sum})
		}
	}
	return right
}

func within(ranges []Range, n int64) bool {
	return slices.ContainsFunc(ranges, func(x Range) bool { return x.Lo <= n && n <= x.Hi })
}

// ackedSum returns the sum of the adds that were acknowledged before a read was
// asked.
func (r *Run) ackedSum(read int) int64 {
	return r.adds(func(i int, _ verdict.Op) bool { return r.ackedBefore(i, read) })
}

// ackedByWhen returns the sum of those that a node acknowledged.
func (r *Run) ackedByWhen(node string, read int) int64 {
	return r.adds(func(i int, _ verdict.Op) bool {
		m := r.firstReply(i)
		return r.ackedBefore(i, read) && m != nil && m.src == node
	})
}

// askedSum returns the sum of the adds that had been asked for when a read was
// answered, without those that were refused for certain.
func (r *Run) askedSum(read int) int64 {
	end := r.op(read).Complete
	return r.adds(func(_ int, op verdict.Op) bool { return op.Invoke <= end && op.Outcome != verdict.Fail })
}

// missing returns by how much a read is too little, or, if it is negative, too
// much; or zero.
func (r *Run) missing(read int) int64 {
	op, _ := r.read(read)
	acked, most, value := r.ackedSum(read), r.askedSum(read), op.Int()
	if op.Final {
		right := r.totals(func(op verdict.Op) bool { return op.Outcome != verdict.OK })
		most = right[len(right)-1].Hi
	}
	switch {
	case value < acked:
		return acked - value
	case value > most:
		return most - value
	}
	return 0
}

// addsInHand returns the adds that a node had in hand at a position.
func (r *Run) addsInHand(node string, at int) (adds []int) {
	for i, op := range r.History {
		if op.F == "add" && op.Node == node && r.inHand(i, at) {
			adds = append(adds, i)
		}
	}
	return adds
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

// step returns how a change by a node changed a number.
func (r *Run) step(at int, node, service, key, path string) step {
	r.changed(at, service, key)
	steps := r.steps(node, service, key, path, at+1)
	if len(steps) == 0 || steps[len(steps)-1].at != at {
		panic(missing{"step"})
	}
	return steps[len(steps)-1]
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
