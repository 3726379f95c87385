package story

import (
	"encoding/json"
	"slices"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// A reader follows the journal from entry to entry and makes the index.
type reader struct {
	*run
	now    point
	byID   map[int]*Message
	asked  map[[3]string][]*call // by sender, receiver and msg_id
	served *Message              // the request that a service has just dealt with
	answer *maelstromtest.Answer // what the service made of it
	unmade map[string][]*op      // by client: the operations whose calls have not come yet

	working map[string][]*call // by node: the calls that it is working on, in order of arrival
	heard   map[string]hearing // by receiver: the last
	lives   map[string]int     // by node: where it started last; below 0 while it is dead
}

// A hearing is that somebody has received a request or reply of a call.
type hearing struct {
	at   time.Duration
	call *call
}

// Messages returns the messages of a journal, in the order in which they were
// sent.
func Messages(journal []maelstromtest.Entry) []*Message {
	return read(&maelstromtest.Result{}, journal).messages
}

// read puts a run's journal and history together.
func read(result *maelstromtest.Result, journal []maelstromtest.Entry) *run {
	r := &reader{
		run:  &run{crashes: result.Crashes, entries: journal},
		byID: map[int]*Message{}, asked: map[[3]string][]*call{}, unmade: map[string][]*op{},
		working: map[string][]*call{}, heard: map[string]hearing{}, lives: map[string]int{},
	}
	r.CounterFacts, _ = result.Facts.(maelstromtest.CounterFacts)
	for _, o := range result.History {
		own := &op{Op: o}
		r.ops = append(r.ops, own)
		r.unmade[o.Client] = append(r.unmade[o.Client], own)
	}
	for pos, e := range journal {
		r.now = point{pos, e.Time}
		r.entry(e)
	}
	r.chooseGauge()
	return r.run
}

func (r *reader) entry(e maelstromtest.Entry) {
	m := r.byID[e.ID]
	switch {
	case e.What == maelstromtest.Sent:
		r.sent(e)
	case e.What == maelstromtest.Started:
		r.lives[e.Node] = r.now.pos
	case e.What == maelstromtest.Killed || e.What == maelstromtest.Crashed:
		r.lives[e.Node] = ^r.now.pos
		delete(r.working, e.Node)
	case m == nil: // the rest is about messages
	case e.What == maelstromtest.Doubled:
		m.Copies = append(m.Copies, &Ending{})
	case e.What == maelstromtest.IsLate:
		m.Copies[len(m.Copies)-1].Late = e.Delay
	case e.What == maelstromtest.Answered && e.Answer != nil:
		r.serves(m, e)
	case e.What == maelstromtest.Received || e.What == maelstromtest.Lost || e.What == maelstromtest.Blocked:
		r.ended(m, e.What)
	}
}

// sent notes a message, which begins a call or answers one.
func (r *reader) sent(e maelstromtest.Entry) {
	m := &Message{point: r.now, Src: e.Src, Dest: e.Dest, Copies: []*Ending{{}}, arrived: -1, life: r.lives[e.Src]}
	m.body = fieldsOf(e.Body)
	m.key = keyOf(m.body["key"])
	_ = json.Unmarshal(m.body["type"], &m.kind)
	r.byID[e.ID] = m
	r.messages = append(r.messages, m)
	asked := r.repliedTo(m)
	switch served := r.served; {
	case served != nil && m.Src == served.Dest && m.Dest == served.Src:
		m.from, m.call, r.served = r.answer, served.call, nil
	case len(asked) > 0:
		m.call = asked[len(asked)-1]
	default:
		r.begins(m)
		return
	}
	m.call.replies = append(m.call.replies, m)
}

// repliedTo returns the calls that a message answers: after a restart there may
// be several.
func (r *reader) repliedTo(m *Message) []*call {
	if len(m.body["in_reply_to"]) == 0 {
		return nil
	}
	return r.asked[[3]string{m.Dest, m.Src, m.field("in_reply_to")}]
}

// begins notes a call, and finds out for whose sake it is made: a client's for
// its next operation, a node's for a call that the node is working on.
func (r *reader) begins(m *Message) {
	c := &call{request: m}
	m.call = c
	id := [3]string{m.Src, m.Dest, m.field("msg_id")}
	r.asked[id] = append(r.asked[id], c)
	if isNode(m.Src) {
		if p := r.parentOf(c); p != nil {
			c.parent, c.op = p, p.op
			p.calls = append(p.calls, c)
		}
	} else if own := r.unmade[m.Src]; len(own) > 0 { // a client has one request in hand at a time
		own[0].call, c.op = c, own[0]
		r.unmade[m.Src] = own[1:]
	}
}

// ended notes the end of the copy of a message that has been under way for
// longest. With two copies this is usually the right one, and never a worse
// guess than the other.
func (r *reader) ended(m *Message, what maelstromtest.What) {
	var next *Ending
	for _, c := range m.Copies {
		if c.What == "" && (next == nil || c.Late < next.Late) {
			next = c
		}
	}
	if next == nil {
		return
	}
	next.What, next.point = what, r.now
	next.unread = what == maelstromtest.Received && isNode(m.Dest) && r.lives[m.Dest] < 0
	if what == maelstromtest.Received && !next.unread {
		r.hears(m)
	}
}

// hears notes that a message has reached its receiver. A node takes the first
// reply for the answer to its call. After a restart that may be the answer to a
// call of an earlier life, which had the same msg_id.
func (r *reader) hears(m *Message) {
	r.heard[m.Dest] = hearing{r.now.At, m.call}
	if m == m.call.request && !slices.Contains(r.working[m.Dest], m.call) {
		r.working[m.Dest] = append(r.working[m.Dest], m.call)
	}
	if m.arrived >= 0 {
		return
	}
	m.arrived = r.now.pos
	for _, c := range r.repliedTo(m) {
		if c.taken == nil && c.request.life == r.lives[m.Dest] {
			c.taken = m
		}
	}
}

// serves notes that a service has dealt with a request.
func (r *reader) serves(m *Message, e maelstromtest.Entry) {
	r.served, r.answer = m, e.Answer
	c := &change{point: r.now, slot: slot{m.Dest, key(e.Key)}, number: e.Newest + 1, value: e.Value, call: m.call}
	c.orphaned = m.life != r.lives[m.Src]
	if !e.Changed {
		if m.kind != "write" {
			return
		}
		c.number, c.key, c.value, c.idle = e.State, m.key, m.body["value"], true
	}
	for i, copied := range m.Copies {
		if copied.What == maelstromtest.Received && !copied.served {
			copied.served, c.copy = true, i
		}
	}
	r.changes = append(r.changes, c)
}

// justNow is how long after a message a node's calls are taken to follow from
// it. In virtual time they are made at the same instant.
const justNow = 2 * time.Millisecond

// parentOf returns the call that a node makes another call for: if it is
// working on several, the first that fits best.
func (r *reader) parentOf(c *call) *call {
	node := c.request.Src
	r.working[node] = slices.DeleteFunc(r.working[node], func(in *call) bool { return len(in.replies) > 0 })
	candidates := r.working[node]
	if same := c.matching(candidates); len(same) > 0 {
		candidates = same
	}
	last := r.heard[node]
	recent := last.call != nil && c.request.At-last.at <= justNow
	for _, fits := range []func(in *call) bool{
		func(in *call) bool { return recent && in == last.call },
		func(in *call) bool { return recent && in == last.call.parent },
		func(in *call) bool { return recent && len(in.calls) == 0 }, // it has waited for its turn
		func(in *call) bool { return slices.ContainsFunc(in.calls, c.repeats) },
		func(*call) bool { return true },
	} {
		if i := slices.IndexFunc(candidates, fits); i >= 0 {
			return candidates[i]
		}
	}
	return nil
}

// repeats reports whether a call may be another attempt at an earlier one.
func (c *call) repeats(earlier *call) bool {
	return earlier.request.kind == c.request.kind && earlier.request.key == c.request.key
}

// matching returns the adds that a change may be for: for a swap, those of
// exactly the amount that it adds; for a write, all adds.
func (c *call) matching(candidates []*call) []*call {
	from, ok := integer(c.request.body["from"])
	to, ok2 := integer(c.request.body["to"])
	swap := ok && ok2
	return slices.DeleteFunc(slices.Clone(candidates), func(in *call) bool {
		return in.op == nil || in.op.F != "add" || !(swap && in.op.Int() == to-from || c.request.kind == "write")
	})
}
