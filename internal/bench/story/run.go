package story

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// A run is a journal and a history put together: it says which message answers
// which, and which message serves which operation.
type run struct {
	entries  []maelstromtest.Entry
	ops      []*op
	messages []*message // in the order in which they were sent
	calls    []*call    // in the order in which they were made
	changes  []*change  // of the services, in order
	lives    map[string][]life
	gauge    gauge
	judgement
}

// An op is an operation, and the call of the client that it consists of.
type op struct {
	maelstromtest.Op
	index int   // in the history
	call  *call // nil if the journal has none
}

// A message is a message that was sent. Positions are indices of journal
// entries.
type message struct {
	id        int
	src, dest string
	body      body
	raw       json.RawMessage
	at        time.Duration
	pos       int
	copies    []*ending
	from      *maelstromtest.Answer // of a service's reply: the state that it rests on
}

// An ending is what became of one copy of a message.
type ending struct {
	what   maelstromtest.What // Received, Lost or Blocked; empty while it is on its way
	at     time.Duration
	pos    int
	late   time.Duration
	unread bool // it reached a node that was dead
	change *change
}

// A body has the fields of messages' bodies that matter here.
type body struct {
	Type      string          `json:"type"`
	MsgID     json.RawMessage `json:"msg_id"`
	InReplyTo json.RawMessage `json:"in_reply_to"`
	Key       json.RawMessage `json:"key"`
	Value     json.RawMessage `json:"value"`
	From      json.RawMessage `json:"from"`
	To        json.RawMessage `json:"to"`
	Delta     json.RawMessage `json:"delta"`
	Code      json.RawMessage `json:"code"`
	Create    json.RawMessage `json:"create_if_not_exists"`
}

// A call is a request with its replies, and the calls that its receiver made
// for its sake.
type call struct {
	request *message
	replies []*message
	parent  *call // the call for whose sake it was made; nil for a client's call, or if it is not known
	calls   []*call
	op      *op      // the operation that it was made for, however indirectly; nil if that is not known
	taken   *message // the reply that its sender took for the answer because it came first; nil if none came
}

// A change is a change of a service's state.
type change struct {
	number  int // the number of the state that it made
	service string
	key     string
	value   json.RawMessage
	at      time.Duration
	pos     int
	call    *call
	copy    int // which of the request's copies made it
	sum     int64
	step    int64 // by how much the sum has changed
	idle    bool  // it changed nothing: a write of a value that was there already, in the state that it ran on
}

// A life is a node's life. For its last life, to is the end of the journal.
type life struct{ from, to int }

func read(entries []maelstromtest.Entry, history []maelstromtest.Op, found judgement) *run {
	x := &run{entries: entries, lives: map[string][]life{}, judgement: found}
	for i, o := range history {
		x.ops = append(x.ops, &op{Op: o, index: i})
	}
	x.calls = x.follow()
	x.assign(x.calls)
	x.gauge = chooseGauge(x)
	x.measure()
	return x
}

// reader follows the journal from entry to entry.
type reader struct {
	*run
	byID     map[int]*message
	open     map[[3]string]*call // the latest request by sender, receiver and msg_id
	callOf   map[*message]*call
	answer   *maelstromtest.Answer
	answered *message
	order    []*call
}

// follow reads the messages, lives and changes. It returns all calls in the
// order in which they were made.
func (x *run) follow() []*call {
	r := &reader{run: x, byID: map[int]*message{}, open: map[[3]string]*call{}, callOf: map[*message]*call{}}
	for pos, e := range x.entries {
		switch e.What {
		case maelstromtest.Sent:
			r.sent(pos, e)
		case maelstromtest.Received, maelstromtest.Lost, maelstromtest.Blocked:
			r.ended(pos, e)
		case maelstromtest.Doubled:
			if m := r.byID[e.ID]; m != nil {
				m.copies = append(m.copies, &ending{})
			}
		case maelstromtest.IsLate:
			if m := r.byID[e.ID]; m != nil {
				m.copies[len(m.copies)-1].late = e.Delay
			}
		case maelstromtest.Answered:
			r.serves(pos, e)
		case maelstromtest.Started:
			x.lives[e.Node] = append(x.lives[e.Node], life{pos, len(x.entries)})
		case maelstromtest.Killed, maelstromtest.Crashed:
			if l := x.lives[e.Node]; len(l) > 0 {
				l[len(l)-1].to = pos
			}
		}
	}
	r.take()
	return r.order
}

// take finds the reply that each caller took for its answer. After a restart
// that may be the answer to a call of an earlier life, which had the same
// msg_id.
func (r *reader) take() {
	replies := map[[3]string][]*message{}
	for _, m := range r.messages {
		if len(m.body.InReplyTo) > 0 && m.arrival() >= 0 {
			id := [3]string{m.dest, m.src, string(m.body.InReplyTo)}
			replies[id] = append(replies[id], m)
		}
	}
	for _, c := range r.order {
		for _, m := range replies[[3]string{c.request.src, c.request.dest, string(c.request.body.MsgID)}] {
			if r.sameLife(c.request.src, c.request.pos, m.arrival()) && (c.taken == nil || m.arrival() < c.taken.arrival()) {
				c.taken = m
			}
		}
	}
}

func (r *reader) sent(pos int, e maelstromtest.Entry) {
	m := &message{id: e.ID, src: e.Src, dest: e.Dest, raw: e.Body, at: e.Time, pos: pos, copies: []*ending{{}}}
	if json.Unmarshal(e.Body, &m.body) != nil {
		m.body = body{} // a field is of another type than it should be: the message is shown as it is
	}
	r.byID[m.id] = m
	r.messages = append(r.messages, m)
	if r.answered != nil && m.src == r.answered.dest && m.dest == r.answered.src {
		m.from = r.answer
		if c := r.callOf[r.answered]; c != nil {
			c.replies = append(c.replies, m)
		}
		r.answered = nil
		return
	}
	if len(m.body.InReplyTo) > 0 {
		if c := r.open[[3]string{m.dest, m.src, string(m.body.InReplyTo)}]; c != nil {
			c.replies = append(c.replies, m)
			return
		}
	}
	c := &call{request: m}
	r.callOf[m] = c
	r.order = append(r.order, c)
	r.open[[3]string{m.src, m.dest, string(m.body.MsgID)}] = c
}

// ended notes the end of the copy of a message that has been under way for
// longest. With two copies this is usually the right one, and never a worse
// guess than the other.
func (r *reader) ended(pos int, e maelstromtest.Entry) {
	m := r.byID[e.ID]
	if m == nil {
		return
	}
	var next *ending
	for _, c := range m.copies {
		if c.what == "" && (next == nil || c.late < next.late) {
			next = c
		}
	}
	if next == nil {
		return
	}
	next.what, next.at, next.pos = e.What, e.Time, pos
	next.unread = e.What == maelstromtest.Received && isNode(m.dest) && !r.alive(m.dest)
}

// alive reports whether a node has a life that has not ended so far.
func (x *run) alive(node string) bool {
	l := x.lives[node]
	return len(l) == 0 || l[len(l)-1].to == len(x.entries)
}

func (r *reader) serves(pos int, e maelstromtest.Entry) {
	m := r.byID[e.ID]
	if m == nil || e.Answer == nil {
		return
	}
	r.answer, r.answered = e.Answer, m
	c := &change{number: e.Newest + 1, service: m.dest, key: string(e.Key), value: e.Value, at: e.Time, pos: pos, call: r.callOf[m]}
	if !e.Changed {
		if m.body.Type != "write" || c.call == nil {
			return
		}
		c.number, c.key, c.value, c.idle = e.State, keyOf(c.call), m.body.Value, true
	}
	for i, copied := range m.copies {
		if copied.pos < pos && copied.what == maelstromtest.Received && copied.change == nil {
			copied.change, c.copy = c, i
		}
	}
	r.changes = append(r.changes, c)
}

// assign finds out for whose sake calls were made: those of clients for their
// operations, and a node's for the call that it was working on. If there are
// several, it is the one about which the node has just received a message.
func (x *run) assign(calls []*call) {
	open := map[string][]*call{} // the incoming calls, by node, in the order of arrival
	byClient := map[string][]*op{}
	for _, o := range x.ops {
		byClient[o.Client] = append(byClient[o.Client], o)
	}
	var heard []hearing
	for _, c := range calls {
		for _, copied := range c.request.copies {
			if copied.what == maelstromtest.Received && !copied.unread {
				heard = append(heard, hearing{copied.pos, copied.at, c.request.dest, c})
			}
		}
		for _, reply := range c.replies {
			for _, copied := range reply.copies {
				if copied.what == maelstromtest.Received {
					heard = append(heard, hearing{copied.pos, copied.at, reply.dest, c})
				}
			}
		}
	}
	slices.SortFunc(heard, func(a, b hearing) int { return a.pos - b.pos })
	last := map[string]hearing{}
	for _, c := range calls {
		for len(heard) > 0 && heard[0].pos < c.request.pos {
			h := heard[0]
			heard = heard[1:]
			last[h.who] = h
			if h.call.request.dest == h.who && !slices.Contains(open[h.who], h.call) {
				open[h.who] = append(open[h.who], h.call)
			}
		}
		if isNode(c.request.src) {
			c.parent = x.parentOf(c, open, last[c.request.src])
			if c.parent != nil {
				c.op = c.parent.op
				c.parent.calls = append(c.parent.calls, c)
			}
			continue
		}
		if own := byClient[c.request.src]; len(own) > 0 { // a client has one request in hand at a time
			own[0].call, c.op = c, own[0]
			byClient[c.request.src] = own[1:]
		}
	}
}

// A hearing is that somebody has received a request or reply of a call.
type hearing struct {
	pos  int
	at   time.Duration
	who  string
	call *call
}

// justNow is how long after a message a node's calls are taken to follow from
// it. In virtual time they are made at the same instant.
const justNow = 2 * time.Millisecond

func (x *run) parentOf(c *call, open map[string][]*call, last hearing) *call {
	node, pos := c.request.src, c.request.pos
	open[node] = slices.DeleteFunc(open[node], func(in *call) bool {
		return !x.sameLife(node, in.arrival(), pos) || slices.ContainsFunc(in.replies, func(r *message) bool { return r.pos < pos })
	})
	candidates := open[node]
	if len(candidates) == 0 {
		return nil
	}
	if same := c.matching(candidates); len(same) > 0 {
		candidates = same
	}
	if last.call != nil && c.request.at-last.at <= justNow {
		for _, in := range []*call{last.call, last.call.parent} {
			if in != nil && slices.Contains(candidates, in) {
				return in
			}
		}
		for _, in := range candidates { // or a call that has waited for its turn
			if len(in.calls) == 0 {
				return in
			}
		}
	}
	for _, in := range candidates { // or a call for which c repeats a request
		for _, earlier := range in.calls {
			if earlier.request.body.Type == c.request.body.Type && string(earlier.request.body.Key) == string(c.request.body.Key) {
				return in
			}
		}
	}
	return candidates[0]
}

// matching returns the adds that a change may be for: for a swap, those of
// exactly the amount that it adds; for a write, all adds.
func (c *call) matching(candidates []*call) []*call {
	from, ok := integer(c.request.body.From)
	to, ok2 := integer(c.request.body.To)
	swap := ok && ok2
	var same []*call
	for _, in := range candidates {
		if in.op != nil && in.op.F == "add" && (swap && in.op.Int() == to-from || c.request.body.Type == "write") {
			same = append(same, in)
		}
	}
	return same
}

// arrival returns the position at which a call's request first reached its
// receiver, or -1.
func (c *call) arrival() int {
	at := -1
	for _, copied := range c.request.copies {
		if copied.what == maelstromtest.Received && !copied.unread && (at < 0 || copied.pos < at) {
			at = copied.pos
		}
	}
	return at
}

// sameLife reports whether a node was in the same life at two positions of the
// journal.
func (x *run) sameLife(node string, a, b int) bool {
	l := x.lives[node]
	return a <= b && (len(l) == 0 || slices.ContainsFunc(l, func(l life) bool { return l.from <= a && b <= l.to }))
}

// isNode reports whether a name is a node's: n and a number.
func isNode(name string) bool {
	number, ok := strings.CutPrefix(name, "n")
	_, err := strconv.Atoi(number)
	return ok && err == nil
}

// each calls f for a call and for all calls that were made for its sake.
func (c *call) each(f func(*call)) {
	if c == nil {
		return
	}
	f(c)
	for _, made := range c.calls {
		made.each(f)
	}
}

// integer reads JSON that is an integer.
func integer(raw json.RawMessage) (int64, bool) {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	return n, err == nil
}
