package claim

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/journal"
)

// A Fate is what became of a message.
type Fate string

const (
	Arrived  Fate = "arrived"    // a copy of it reached somebody who was alive
	Unread   Fate = "unread"     // it came to a node that was dead
	WasLost  Fate = "lost"       // by a fault
	WasCut   Fate = "blocked"    // by a cut link
	OnItsWay Fate = "on its way" // at the end of the journal
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
	return Message{id, m.sent, m.src, m.dest, m.fate(), m.copies, m.late}
}

func (c Message) holds(r *Run) bool { return r.messages[c.ID] != nil && c == r.Sent(c.ID) }

func (c Message) text(r *Run) string {
	m := r.message(c.ID)
	fate := map[Fate]string{
		WasLost: "it was lost", WasCut: "it was blocked by a cut link",
		Unread: say("it came when %s was dead", c.Dest), OnItsWay: "it was still on its way at the end",
	}[c.Fate]
	if c.Fate == Arrived {
		fate = "it arrived " + r.when(m.arrival())
	}
	if c.Late > 0 {
		fate += say(", delayed by %s", brief(c.Late))
	}
	if c.Copies > 1 {
		fate += say(", and the network made %s of it", plural(c.Copies-1, "more copy"))
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

func (m *message) fate() Fate {
	switch has := func(what journal.What) bool {
		return slices.ContainsFunc(m.ends, func(e end) bool { return e.what == what })
	}; {
	case m.arrival() >= 0:
		return Arrived
	case len(m.ends) < m.copies:
		return OnItsWay
	case has(journal.Received):
		return Unread
	case has(journal.Blocked):
		return WasCut
	}
	return WasLost
}

// ArrivedTwice says that a message of Src to Dest arrived more than once before
// another was sent.
type ArrivedTwice struct {
	Message, Times, Until int
	Src, Dest             string
}

func (c ArrivedTwice) holds(r *Run) bool {
	m, until := r.message(c.Message), r.byNode(c.Until)
	times := 0
	for _, e := range m.ends {
		if e.what == journal.Received && !e.unread && e.at < until.sent {
			times++
		}
	}
	return m.src == c.Src && m.dest == c.Dest && until.src == c.Dest && times == c.Times && times > 1
}

func (c ArrivedTwice) text(r *Run) string {
	return say("%s of %s to %s arrived %d times.", r.body(c.Message), c.Src, c.Dest, c.Times)
}

func (c ArrivedTwice) shows(*Run) Shown { return arrows(c.Message) }

// SentAgain says that a node sent another the same message again, with the same
// msg_id, and that both arrived before Until was sent.
type SentAgain struct {
	First, Second, Until int
	Src, Dest            string
}

func (c SentAgain) holds(r *Run) bool {
	first, second, until := r.message(c.First), r.message(c.Second), r.byNode(c.Until)
	return first.sent < second.sent && first.src == c.Src && second.src == c.Src && first.dest == c.Dest &&
		second.dest == c.Dest &&
		until.src == c.Dest && len(first.body["msg_id"]) > 0 &&
		same(r.Journal[first.sent].Body, r.Journal[second.sent].Body) &&
		first.arrivedBefore(until.sent) && second.arrivedBefore(until.sent)
}

func (c SentAgain) text(r *Run) string {
	return say("%s sent %s %s %s, and the same again %s; both arrived.",
		c.Src, c.Dest, r.body(c.First), r.when(r.message(c.First).sent), r.when(r.message(c.Second).sent))
}

func (c SentAgain) shows(*Run) Shown { return arrows(c.First, c.Second) }

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
	for _, y := range r.sent(call.dest, 0, max(at, 0)) {
		first := call.sent < y.arrival() && y.arrivedBefore(at)
		if y.dest == c.Node && first && bytes.Equal(y.body["in_reply_to"], call.body["msg_id"]) {
			return false
		}
	}
	life := r.lifeOf(c.Node, at)
	return call.src == c.Node && call.dest == reply.src && reply.dest == c.Node && r.questionOf(reply) == earlier &&
		earlier.src == c.Node && len(call.body["msg_id"]) > 0 && call.sent < at && r.lifeOf(c.Node, call.sent) == life &&
		r.lifeOf(c.Node, earlier.sent) != life && bytes.Equal(reply.body["in_reply_to"], call.body["msg_id"])
}

func (c Misdirected) text(r *Run) string {
	return say("What looked like the answer to %s, which %s had sent %s, answers a request of its earlier life, %s; it came %s.",
		r.body(c.Call), c.Node, r.when(r.message(c.Call).sent), r.body(c.Earlier), r.when(r.message(c.Reply).arrival()))
}

func (c Misdirected) shows(*Run) Shown { return arrows(c.Earlier, c.Call, c.Reply) }

// LeftOut says that the journal had no room for some lines.
type LeftOut struct{ At, Lines int }

func (c LeftOut) holds(r *Run) bool {
	e := r.entry(c.At)
	return e.What == journal.Gap && e.Omitted != nil && e.Omitted.Lines == c.Lines
}

func (c LeftOut) text(r *Run) string {
	return say("The journal had no room for %d lines, from %s to %s.",
		c.Lines, strings.TrimPrefix(r.when(c.At), "after "), brief(r.entry(c.At).Omitted.Until))
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
	return say("In that time %s sent %s %s%d times the same %s.",
		c.Src, c.Dest, atLeast, c.Times, shorten(string(left.Most[c.Most].Body), 90))
}
