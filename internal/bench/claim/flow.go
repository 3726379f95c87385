package claim

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/verdict"
)

// The claims of this file are about what a node could know when it sent a
// message, Until: a read's answer, or a write to a service.
//
// News of an add is at a node when the add's request arrives there. It goes
// from node to node with each message that has content: a field with a value,
// beside type, msg_id and in_reply_to. It goes to a service with each message
// of a node that has it, and from there with each answer that tells a value set
// by such a message. A node that is killed loses it.

// NoPath says that news of an add did not come to To before it sent Until.
type NoPath struct {
	Add   int
	Node  string // which got the add
	Delta int64
	To    string
	Until int
}

func (c NoPath) holds(r *Run) bool {
	from, until := r.request(c.Add).arrival(), r.byNode(c.Until)
	return r.isAdd(c.Add, c.Node, c.Delta) && until.src == c.To && r.whole(from, until.sent) &&
		!r.knows(c.To, c.Add, until.sent)
}

func (c NoPath) text(r *Run) string {
	if c.Node == c.To {
		return say("%s was killed after an add of %d had arrived. Before it %s, no message could have told it of that add again.",
			c.To, c.Delta, r.did(c.Until))
	}
	return say("Before %s %s, no message could have told it of %s's add of %d, not even through others.",
		c.To, r.did(c.Until), c.Node, c.Delta)
}

// did says what a node did by sending a message, as in "answered that read" or
// "sent the write at 17 ms".
func (r *Run) did(until int) string {
	m := r.message(until)
	switch {
	case isClient(m.dest):
		return "answered that read"
	case m.kind == "write" || m.kind == "cas":
		return say("sent the %s %s", m.kind, r.when(m.sent))
	}
	return say("sent its %s %s", m.kind, r.when(m.sent))
}

// Path says that messages led from an add to a node: each was received where
// the next was sent, or set the value that the next one told. The first was
// sent after the add came, and the last arrived before Until was sent.
type Path struct {
	Add      int
	Node     string
	Delta    int64
	To       string
	Until    int
	Messages []int
}

func (c Path) holds(r *Run) bool {
	node, at, until := c.Node, r.request(c.Add).arrival(), r.byNode(c.Until)
	if !r.isAdd(c.Add, c.Node, c.Delta) || until.src != c.To || len(c.Messages) == 0 {
		return false
	}
	var set *message // the last message, if it went to a service
	for _, id := range c.Messages {
		m := r.message(id)
		switch {
		case set != nil && m.basis >= 0:
			value, ok := r.toldValue(m)
			if !ok || value < 0 || r.Journal[value].ID != set.id || !r.sure(m) {
				return false
			}
		case set != nil || m.src != node || m.sent <= at || isNode(m.dest) && !m.hasContent() ||
			r.happened(at, m.sent, node, journal.Killed, journal.Crashed):
			return false
		}
		if set = nil; isService(m.dest) {
			set = m
			continue
		}
		if node, at = m.dest, m.arrival(); at < 0 {
			return false
		}
	}
	return set == nil && node == c.To && at < until.sent &&
		!r.happened(at, until.sent, node, journal.Killed, journal.Crashed)
}

func (c Path) text(r *Run) string {
	return say("Before %s %s, it could have learned of %s's add of %d through %s.",
		c.To, r.did(c.Until), c.Node, c.Delta, verdict.Number(len(c.Messages), "message"))
}

func (c Path) shows(*Run) Shown { return arrows(c.Messages...) }

// Undelivered says which messages set out with news of an add, to nodes that
// did not have it or to change a service, and had not arrived when Until was
// sent.
type Undelivered struct {
	Add      int
	Node     string
	Delta    int64
	Until    int
	Messages []int // all, in order
}

func (c Undelivered) holds(r *Run) bool {
	from, until := r.request(c.Add).arrival(), r.byNode(c.Until)
	var messages []int
	for m := range r.sent("", from, until.sent) {
		fresh := isNode(m.dest) && m.hasContent() && !r.knows(m.dest, c.Add, m.sent)
		sets := isService(m.dest) && (m.kind == "write" || m.kind == "cas")
		if r.knows(m.src, c.Add, m.sent) && (fresh || sets) && !m.arrivedBefore(until.sent) {
			messages = append(messages, m.id)
		}
	}
	return r.isAdd(c.Add, c.Node, c.Delta) && r.whole(from, until.sent) && len(c.Messages) > 0 &&
		slices.Equal(messages, c.Messages)
}

func (c Undelivered) text(r *Run) string {
	return say("By then, %s that could have told of %s's add of %d had not arrived%s.",
		verdict.Number(len(c.Messages), "message"), c.Node, c.Delta, r.fates(c.Messages))
}

// fates says what became of messages that did not arrive in time.
func (r *Run) fates(ids []int) string {
	counts := map[Fate]int{}
	for _, id := range ids {
		counts[r.fate(r.message(id))]++
	}
	var texts []string
	for _, f := range slices.Sorted(maps.Keys(counts)) {
		texts = append(texts, say("%d %s", counts[f], f))
	}
	return " (" + strings.Join(texts, ", ") + ")"
}

func (c Undelivered) shows(*Run) Shown { return Shown{Messages: c.Messages[:1]} }

// Silent says that until To sent Until, none of the nodes that had news of an
// add sent anything with content to a node that did not have it, or anything
// that changed a service.
type Silent struct {
	Add   int
	Node  string
	Delta int64
	Knew  []string // those nodes, sorted
	To    string
	Until int
}

func (c Silent) holds(r *Run) bool {
	from, until := r.request(c.Add).arrival(), r.byNode(c.Until)
	for m := range r.sent("", from, until.sent) {
		told := isNode(m.dest) && m.hasContent() && !r.knows(m.dest, c.Add, m.sent)
		if r.knows(m.src, c.Add, m.sent) && (told || r.changedAt(m, until.sent) >= 0) {
			return false
		}
	}
	return r.isAdd(c.Add, c.Node, c.Delta) && until.src == c.To && r.whole(from, until.sent) &&
		!r.knows(c.To, c.Add, until.sent) && slices.Equal(c.Knew, r.whoKnew(c.Add, until.sent)) && len(c.Knew) > 0
}

func (c Silent) text(r *Run) string {
	until := say("until %s %s", c.To, r.did(c.Until))
	if len(c.Knew) == 1 {
		return say("After %s's add of %d, %s told no other node anything and changed nothing in a service %s.",
			c.Node, c.Delta, c.Knew[0], until)
	}
	return say("After %s's add of %d, only these nodes could know of it %s: %s. "+
		"They told no other node anything and changed nothing in a service.",
		c.Node, c.Delta, until, shorten(strings.Join(c.Knew, ", "), 60))
}

// LastChange says what the last change was that a node made in a service before
// Until was sent.
type LastChange struct {
	Node, Service, Key, Value string // Key and Value are JSON
	At                        int    // the service's answer
	Until                     int
}

func (c LastChange) holds(r *Run) bool {
	e, until := r.changed(c.At, c.Service, c.Key), r.byNode(c.Until)
	return e.Src == c.Node && same(e.Value, json.RawMessage(c.Value)) &&
		r.changedBefore(c.Node, until.sent) == c.At && r.whole(c.At, until.sent)
}

func (c LastChange) text(r *Run) string {
	return say("Before %s %s, the last change that %s made in a service was %s: it set %s's key %s to %s.",
		r.message(c.Until).src, r.did(c.Until), c.Node, r.when(c.At), c.Service, name(c.Key), outline(c.Value))
}

func (c LastChange) shows(r *Run) Shown { return r.change(c.At) }

// AskedNobody says that a node sent nothing to nodes or services between the
// arrival of a read and its answer.
type AskedNobody struct {
	Read int
	Node string
}

func (c AskedNobody) holds(r *Run) bool {
	_, reply := r.read(c.Read)
	from := r.request(c.Read).arrival()
	calls, _ := r.calls(c.Node, from, reply.sent)
	return reply.src == c.Node && r.op(c.Read).Node == c.Node && r.whole(from, reply.sent) && len(calls) == 0
}

func (c AskedNobody) text(*Run) string {
	return say("Between that read and its answer, %s sent nothing to other nodes or to services.", c.Node)
}

// AnsweredBefore says that a node answered a read before these of the messages
// that it had sent since the read came were answered. All of them have a
// msg_id, so they ask for an answer.
type AnsweredBefore struct {
	Read  int
	Node  string
	Calls []int // all such, in order
}

func (c AnsweredBefore) holds(r *Run) bool {
	_, reply := r.read(c.Read)
	from := r.request(c.Read).arrival()
	calls, _ := r.calls(c.Node, from, reply.sent)
	calls = slices.DeleteFunc(calls, func(id int) bool {
		m := r.message(id)
		return len(m.body["msg_id"]) == 0 || r.answeredBy(m, reply.sent)
	})
	return reply.src == c.Node && r.op(c.Read).Node == c.Node && r.whole(from, reply.sent) && len(calls) > 0 &&
		slices.Equal(calls, c.Calls)
}

func (c AnsweredBefore) text(*Run) string {
	what := "an answer to a request"
	if n := len(c.Calls); n > 1 {
		what = say("answers to %d requests", n)
	}
	return say("%s answered that read before it had %s that it had sent after the read arrived.", c.Node, what)
}

func (c AnsweredBefore) shows(r *Run) Shown {
	if y := r.answerTo(r.message(c.Calls[0])); y != nil {
		return arrows(c.Calls[0], y.id)
	}
	return arrows(c.Calls[0])
}

// ToldNothing says that a node had received nothing from nodes or services in
// its life when it answered a read.
type ToldNothing struct {
	Read int
	Node string
}

func (c ToldNothing) holds(r *Run) bool {
	_, reply := r.read(c.Read)
	last, since := r.lastGot(c.Node, reply.sent), r.born(c.Node, reply.sent)
	return reply.src == c.Node && r.whole(since, reply.sent) && (last == nil || last.arrival() < since)
}

func (c ToldNothing) text(*Run) string {
	return say("Since %s started, it had received nothing from a node or service.", c.Node)
}

// LastGot says which message from a node or service was the last that had
// reached a node before a position, where it sent something.
type LastGot struct {
	Node            string
	Before, Message int
	Src             string
}

func (c LastGot) holds(r *Run) bool {
	e, last := r.entry(c.Before), r.lastGot(c.Node, c.Before)
	return e.What == journal.Sent && e.Src == c.Node && last != nil && last.id == c.Message && last.src == c.Src &&
		r.whole(last.arrival(), c.Before)
}

func (c LastGot) text(r *Run) string {
	return say("The last message that %s had received from a node or service by then was %s from %s, %s.",
		c.Node, r.body(c.Message), c.Src, r.when(r.message(c.Message).arrival()))
}

func (c LastGot) shows(*Run) Shown { return arrows(c.Message) }

// Cone says that news of none of these acknowledged adds had come to the node
// that answered a read before it did. They are all such adds that had been
// acknowledged when the read was sent, without those of 0. If there are
// Replies, messages that had told the node the value, the claim is about what
// could be known where they were sent: a node's; or where their values were
// set: a service's.
type Cone struct {
	Read          int
	Node          string
	Replies, Adds []int
	Sum           int64 // of them
}

func (c Cone) holds(r *Run) bool {
	_, reply := r.read(c.Read)
	known := r.news().knownTo(c.Node, reply.sent)
	for i, id := range c.Replies {
		if m := r.message(id); m.dest != c.Node || !m.arrivedBefore(reply.sent) ||
			slices.Contains(c.Replies[:i], id) || isClient(m.src) {
			return false
		}
	}
	if len(c.Replies) > 0 {
		if known = r.news().told(c.Replies); !r.makes(c.Replies, r.op(c.Read).Int()) {
			return false
		}
	}
	adds, sum := r.missed(c.Read, known)
	return reply.src == c.Node && r.whole(0, reply.sent) && len(adds) > 0 && slices.Equal(adds, c.Adds) && sum == c.Sum
}

func (c Cone) text(r *Run) string {
	adds, it := say("an add of %d", c.Sum), "it"
	if len(c.Adds) > 1 {
		adds, it = say("%d adds that sum to %d", len(c.Adds), c.Sum), "them"
	}
	why := say("%s could not know of %s when it answered", c.Node, it)
	switch n := len(c.Replies); {
	case n == 1 && code(r.message(c.Replies[0])) == 20:
		why = "A key that does not exist cannot contain " + it
	case n == 1:
		why = "That value cannot contain " + it
	case n > 1:
		why = "Those values cannot contain " + it
	}
	return say("Before that read was sent, %s had been acknowledged. %s.", adds, why)
}

func (c Cone) shows(*Run) Shown { return arrows(c.Replies...) }

func (c Cone) amount() (string, int64) { return "", c.Sum }

// NoService says that no node sent anything to a service in the whole run.
type NoService struct{}

func (NoService) holds(r *Run) bool {
	used := 0
	for m := range r.sent("", 0, len(r.Journal)) {
		switch {
		case isService(m.dest):
			return false
		case isNode(m.src):
			used++
		}
	}
	return used > 0 && r.whole(0, len(r.Journal))
}

func (NoService) text(*Run) string { return "No node used a service." }
