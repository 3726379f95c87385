package claim

import (
	"bytes"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/journal"
)

// A Fate is what became of a message.
type Fate string

const (
	Arrived  Fate = "arrived later" // a copy of it reached somebody who was alive
	Unread   Fate = "not read: the node was dead"
	WasLost  Fate = "lost" // by a fault
	WasCut   Fate = "blocked by a cut link"
	OnItsWay Fate = "not received by the end" // of the run
	Unknown  Fate = "arrival not recorded"
)

// Message says that a message was sent, and what became of it. Each arrow of a
// picture is one. Run.Sent returns it.
type Message struct {
	ID, At    int // At is where it was sent
	Src, Dest string
	Fate      Fate
	Copies    int           // 1, unless a fault has doubled it
	Late      time.Duration // by which a fault has delayed it
}

// Sent returns what there is to say of a message. It does not hold if there is
// no such message.
func (r *Run) Sent(id int) Message {
	m := r.messages[id]
	if m == nil {
		return Message{ID: id}
	}
	return Message{id, m.sent, m.src, m.dest, r.fate(m), m.copies, m.late}
}

func (c Message) holds(r *Run) bool { return r.messages[c.ID] != nil && c == r.Sent(c.ID) }

func (c Message) text(r *Run) string {
	m := r.message(c.ID)
	fate := "it was " + string(c.Fate)
	switch c.Fate {
	case Arrived:
		fate = "it arrived " + r.when(m.arrival())
	case Unknown:
		fate = "its arrival is not recorded"
	}
	if c.Late > 0 {
		fate += say(", delayed by %s", brief(c.Late))
	}
	if c.Copies > 1 {
		fate += ", and the network duplicated it"
	}
	if c.Copies > 2 {
		fate += say(" %d times", c.Copies-1)
	}
	return say("%s sent %s %s %s; %s.", c.Src, c.Dest, r.body(c.ID), r.when(m.sent), fate)
}

func (c Message) shows(*Run) Shown { return arrows(c.ID) }

// arrival returns where the first copy of a message reached somebody who was
// alive, or -1.
func (m *message) arrival() int {
	for _, e := range m.ends {
		if e.what == journal.Received && !e.unread {
			return e.at
		}
	}
	return -1
}

// arrivedBefore reports whether a copy of a message had reached somebody alive.
func (m *message) arrivedBefore(at int) bool { return m.arrival() >= 0 && m.arrival() < at }

func (r *Run) fate(m *message) Fate {
	switch {
	case m.arrival() >= 0:
		return Arrived
	case len(m.ends) < m.copies && r.whole(m.sent, len(r.Journal)):
		return OnItsWay
	case len(m.ends) < m.copies || !r.whole(m.sent, m.ends[0].at):
		return Unknown
	}
	return map[journal.What]Fate{journal.Received: Unread, journal.Blocked: WasCut, journal.Lost: WasLost}[m.ends[0].what]
}

// GotTwice says that two arrivals at Dest, before it sent Until, were of the
// same: of a message that the network copied, or, if Second is another than
// First, of one that Src sent again with the same msg_id.
type GotTwice struct {
	First, Second, Until int
	Src, Dest            string
}

func (c GotTwice) holds(r *Run) bool {
	first, second, until := r.message(c.First), r.message(c.Second), r.byNode(c.Until)
	again := first.sent < second.sent && second.arrivals(until.sent) > 0 && second.src == c.Src && second.dest == c.Dest &&
		len(first.body["msg_id"]) > 0 && same(r.Journal[first.sent].Body, r.Journal[second.sent].Body)
	return first.src == c.Src && first.dest == c.Dest && until.src == c.Dest && first.arrivedBefore(until.sent) &&
		(again || first == second && first.arrivals(until.sent) > 1)
}

// arrivals counts the copies of a message that had reached somebody who was
// alive.
func (m *message) arrivals(before int) (n int) {
	for _, e := range m.ends {
		if e.what == journal.Received && !e.unread && e.at < before {
			n++
		}
	}
	return n
}

func (c GotTwice) text(r *Run) string {
	twice := "The network duplicated it, and both copies arrived"
	if c.First != c.Second {
		twice = say("It sent the same again %s, and both arrived", r.when(r.message(c.Second).sent))
	}
	return say("%s sent %s %s %s. %s.",
		c.Src, c.Dest, r.body(c.First), r.when(r.message(c.First).sent), twice)
}

func (c GotTwice) shows(*Run) Shown { return arrows(c.First, c.Second) }

// Misdirected says that the first message that looked like the answer to a
// node's Call was the answer to Earlier, a request of an earlier life of the
// node with the same msg_id.
type Misdirected struct {
	Node                 string
	Reply, Call, Earlier int
}

func (c Misdirected) holds(r *Run) bool {
	reply, call, earlier := r.message(c.Reply), r.byNode(c.Call), r.message(c.Earlier)
	at := reply.arrival()
	for y := range r.sent(call.dest, 0, max(at, 0)) {
		first := call.sent < y.arrival() && y.arrivedBefore(at)
		if y.dest == c.Node && first && bytes.Equal(y.body["in_reply_to"], call.body["msg_id"]) {
			return false
		}
	}
	born := r.born(c.Node, at)
	return call.src == c.Node && call.dest == reply.src && reply.dest == c.Node && r.questionOf(reply) == earlier &&
		earlier.src == c.Node && len(call.body["msg_id"]) > 0 && call.sent < at && r.born(c.Node, call.sent) == born &&
		r.whole(call.sent, at) && r.born(c.Node, earlier.sent) != born && bytes.Equal(reply.body["in_reply_to"], call.body["msg_id"])
}

func (c Misdirected) text(r *Run) string {
	return say("%s sent %s %s. What looked like the answer arrived %s, but it answered a request from an earlier life of %s: %s.",
		c.Node, r.body(c.Call), r.when(r.message(c.Call).sent), r.when(r.message(c.Reply).arrival()), c.Node, r.body(c.Earlier))
}

func (c Misdirected) shows(*Run) Shown { return arrows(c.Earlier, c.Call, c.Reply) }

// LeftOut says that some entries are missing: the journal had no room for them,
// or they were not recorded.
type LeftOut struct{ At, Lines int }

func (c LeftOut) holds(r *Run) bool {
	e := r.entry(c.At)
	return e.What == journal.Gap && e.Omitted != nil && e.Omitted.Lines == c.Lines
}

func (c LeftOut) text(r *Run) string {
	from, left := strings.TrimPrefix(r.when(c.At), "at "), r.entry(c.At).Omitted
	if left.Missing {
		return say("The record is incomplete from %s on.", from)
	}
	return say("The journal had no room for %d lines, from %s to %s.", c.Lines, from, brief(left.Until))
}

// SentMost says how often one of the most frequent messages was sent among the
// lines for which the journal had no room.
type SentMost struct {
	At        int // the gap
	Most      int // in its list
	Src, Dest string
	Times     int // at least
}

func (c SentMost) holds(r *Run) bool {
	e := r.entry(c.At)
	if e.What != journal.Gap || e.Omitted == nil || c.Most < 0 || c.Most >= len(e.Omitted.Most) {
		return false
	}
	most := e.Omitted.Most[c.Most]
	return c.Src == most.Src && c.Dest == most.Dest && c.Times == most.Times
}

func (c SentMost) text(r *Run) string {
	left, atLeast := r.entry(c.At).Omitted, ""
	if left.MoreTimes > 0 {
		atLeast = "at least "
	}
	return say("In that time, %s sent %s the same %s %s%d times.",
		c.Src, c.Dest, shorten(string(left.Most[c.Most].Body), 90), atLeast, c.Times)
}
