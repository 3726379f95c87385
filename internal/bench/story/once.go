package story

import (
	"slices"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/verdict"
)

// TellOnce returns a story of a run that is right. It is about the first add
// that changed a service without its node hearing of it, and was acknowledged
// all the same: what the node did then, and what the read after it returned.
// TellOnce returns nil if the run was wrong, or if there is no such add.
func TellOnce(r claim.Result, entries []journal.Entry) *Story {
	if !r.Right {
		return nil
	}
	t := newTeller(r, entries)
	t.kind = CountedOnce
	for _, c := range t.effects {
		heard := slices.ContainsFunc(c.by.answers, func(m *Message) bool {
			return m.arrived != none && m.used != nil && m.used.Changed
		})
		hand := t.inHand(c.by)
		if c.idle || heard || len(hand) != 1 || !hand[0].acked() || !t.adds(c, hand[0]) {
			continue
		}
		i := slices.IndexFunc(t.ops, func(o *op) bool {
			return o.F == "read" && o.Outcome == verdict.OK && o.Invoke > hand[0].Complete && o.reply != nil
		})
		if i >= 0 && t.once(c, hand[0], t.ops[i]) {
			return t.lay()
		}
	}
	return nil
}

// adds reports whether a change is by the amount of an add, and notes the path
// of the number. If there are several such numbers, it is the one with the
// shortest path: the others may count something else, such as requests.
func (t *teller) adds(c *change, add *op) bool {
	fits := slices.DeleteFunc(numbersIn(nil, "", c.value), func(n number) bool {
		return n.value-c.before.number(n.path) != add.Int()
	})
	if len(fits) == 0 {
		return false
	}
	t.field = slices.MinFunc(fits, func(a, b number) int { return len(a.path) - len(b.path) }).path
	return true
}

// once tells how an add came to count once.
func (t *teller) once(c *change, add, read *op) bool {
	if !t.say(t.changed(c), t.onlyAdd(add, c.by)) {
		return false
	}
	for _, m := range c.by.answers {
		t.say(t.sent(m))
	}
	for _, m := range t.sentBy[add.Node] {
		if m.pos > c.by.pos && m.pos < add.answered && isService(m.Dest) && m.slot() == c.slot &&
			m.answeredBefore(add.answered) {
			t.heard(m)
		}
	}
	if !t.say(t.acknowledged(add)) {
		return false
	}
	t.asksFor(read, c.slot)
	return t.say(claim.Answered{Read: read.index, Node: read.Node, Value: read.Int(), Reply: read.reply.ID})
}

// heard tells of a request and its answer: what that said of a key.
func (t *teller) heard(m *Message) {
	answer := m.answers[0]
	if answer.used != nil && m.kind == "read" {
		told := t.toldClaim(answer)
		if told.Was == told.Is {
			told.Path = ""
		}
		if t.try("", told) {
			return
		}
	}
	t.say(t.sent(m), t.sent(answer))
}

// asksFor tells of the first change of a key that a node made while it had a
// read in hand, and of the last that it was told about the key.
func (t *teller) asksFor(read *op, s slot) {
	for _, c := range t.slots[s] {
		if c.by.Src == read.Node && c.by.pos > read.arrived && c.pos < read.answered {
			t.say(t.changed(c))
			break
		}
	}
	if m := latest(t.sentBy[read.Node], func(m *Message) bool {
		return m.pos > read.arrived && m.toService() && m.slot() == s && m.kind == "read" && m.answeredBefore(read.answered)
	}); m != nil {
		t.heard(m)
	}
}
