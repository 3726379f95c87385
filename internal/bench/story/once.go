package story

import (
	"slices"
	"strings"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// Once returns a story of a run that is right. It is about the first
// acknowledged add that changed the store without the node hearing of it in
// time: how the add counted once all the same, and the read after it. Once
// returns nil if the run was wrong, or if there is no such add.
func Once(r *maelstromtest.Result, journal []maelstromtest.Entry) *Story {
	if !r.Right {
		return nil
	}
	x := read(journal, r.History, judgementOf(r))
	for _, ch := range x.changes {
		o := ch.add()
		if !o.acked() || ch.step != o.Int() || ch.step == 0 || !ch.unheard() {
			continue
		}
		i := slices.IndexFunc(x.ops, func(read *op) bool {
			return read.F == "read" && read.Outcome == maelstromtest.OK && read.Invoke > o.Complete
		})
		if i < 0 {
			continue
		}
		t := &teller{run: x, cause: &cause{kind: CountedOnce, add: o, lost: ch, read: x.ops[i]}, chosen: map[*message]Mark{}}
		t.choose()
		return t.lay()
	}
	return nil
}

// unheard reports whether no answer to the call that made a change has arrived.
func (c *change) unheard() bool {
	return !slices.ContainsFunc(c.call.replies, func(m *message) bool { return m.arrival() >= 0 && m.from != nil && m.from.Changed })
}

// retried returns the calls to the store that a node made for an add, after a
// change that it did not hear of.
func (t *teller) retried() []*call {
	var calls []*call
	t.add.call.each(func(c *call) {
		if c.request.dest == t.lost.service && keyOf(c) == t.lost.key && c.request.pos > t.lost.call.request.pos && c.taken != nil {
			calls = append(calls, c)
		}
	})
	return calls
}

// countedOnce tells how an add came to count once.
func (t *teller) countedOnce(say func(string, ...any)) {
	first := t.lost.call
	node := first.request.src
	calls := t.retried()
	if len(calls) == 0 {
		say("%s set the key %s to %s, and did not hear of it.", node, strings.Trim(t.lost.key, `"`), t.value(t.lost))
		return
	}
	say("%s's swap to %s took effect, but %s.", node, t.value(t.lost), t.noAnswer(first, calls[0]))
	if again := calls[0].request.body; again.Type == "cas" && string(again.From) == string(first.request.body.From) && string(again.To) == string(first.request.body.To) {
		say("%s sent the same swap again, which could not take effect twice, and acknowledged the add of %d.", node, t.add.Int())
	} else {
		say("%s asked the store, found its add of %d there already, and acknowledged it.", node, t.add.Int())
	}
	say("So it counted once.")
}

// unchanged remarks that the store's value was what it was when a call was
// answered.
func (t *teller) unchanged(c *call) {
	if m := c.taken; m.from != nil && !m.from.Changed && m.from.State == m.from.Newest {
		t.notes = append(t.notes, remark{m.pos - 1, m.at, m.src, t.gauge.show(t.lost.key, t.valueAt(m.src, t.lost.key, m.from.State)) + " already", NewValue})
	}
}
