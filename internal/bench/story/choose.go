package story

import (
	"cmp"
	"fmt"
	"slices"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// A teller chooses what belongs to a story.
type teller struct {
	*run
	*cause
	chosen map[*Message]Mark
	notes  []remark
	said   []string // the caption's sentences
}

// A remark is a note that does not have its place yet.
type remark struct {
	point
	lane, text string
	style      Style
}

// remark makes a note, once.
func (t *teller) remark(p point, lane string, style Style, format string, args ...any) {
	r := remark{p, lane, fmt.Sprintf(format, args...), style}
	if !slices.Contains(t.notes, r) {
		t.notes = append(t.notes, r)
	}
}

// choose chooses the messages of a story: those of the request that is
// contradicted, and those that contradict it.
func (t *teller) choose() {
	switch t.kind {
	case CrashedNode:
		t.beforeTheCrash()
		return
	case LostUpdate, TakenBack:
		t.bothUpdates()
	case CountedTwice:
		t.operation(t.add, Plain)
		t.update(t.lost)
		t.update(t.by)
	case CountedOnce:
		t.operation(t.add, Acknowledged)
		t.update(t.lost)
		for _, c := range t.retried() {
			t.exchange(c)
			if m := c.taken; m.from != nil && !m.from.Changed && m.from.State == m.from.Newest {
				t.remark(m.before(), m.Src, NewValue, "%s already", t.gauge.show(t.lost.key, t.valueAt(t.lost.slot, m.from.State)))
			}
		}
	case OldAnswer:
		t.newerState()
	case Misdirected:
		t.operation(t.add, Acknowledged)
		t.exchange(t.wrong)
	case TornRead:
		t.operation(t.add, Acknowledged)
		t.changed(t.lost, Plain)
		t.operation(t.newer.add(), unneeded)
		t.changed(t.newer, unneeded)
	default:
		t.anAcknowledgedAdd()
	}
	t.theRead()
}

// bothUpdates chooses the update that was lost and the one that overwrote it,
// with what each was computed from, unless it was an old write that did it.
func (t *teller) bothUpdates() {
	t.operation(t.add, Acknowledged)
	if t.kind == LostUpdate {
		t.exchange(t.basisOf(t.lost))
	}
	t.changed(t.lost, Plain)
	mark := Acknowledged
	switch o := t.by.add(); {
	case !o.acked():
		mark = Plain
	case t.read.Int() < t.add.Int() || o.Complete >= t.read.Invoke: // the read is wrong without it
		mark = unneeded
	}
	t.operation(t.by.call.op, mark)
	if t.kind == LostUpdate {
		t.exchange(t.basis)
	}
	t.changed(t.by, unneeded)
}

// newerState chooses the change that an old answer missed, with the
// acknowledged add or the earlier read that shows it.
func (t *teller) newerState() {
	if t.than == nil {
		t.operation(t.add, Acknowledged)
		t.changed(t.lost, Plain)
		return
	}
	t.operation(t.than, Acknowledged)
	for _, c := range t.seen(t.than) {
		if c.slot() == t.lost.slot {
			t.exchange(c)
		}
	}
	t.changed(t.lost, unneeded)
}

// anAcknowledgedAdd chooses the add that the cause names, or else the last that
// was acknowledged, and its change.
func (t *teller) anAcknowledgedAdd() {
	if t.add == nil {
		for _, o := range t.ops {
			if o.ackedBefore(t.read) && o.Int() > 0 && (t.add == nil || o.Complete > t.add.Complete) {
				t.add = o
			}
		}
	}
	t.operation(t.add, Acknowledged)
	if i := slices.IndexFunc(t.changes, func(ch *change) bool { return t.add != nil && ch.add() == t.add }); i >= 0 {
		t.changed(t.changes[i], Plain)
	}
}

// theRead chooses the read that the verdict is about, with what it asked the
// services for: if that is a lot, only with what matters. It also remarks what
// happened to the nodes until then.
func (t *teller) theRead() {
	verdict := Wrong
	if t.kind == CountedOnce {
		verdict = Right
	}
	t.operation(t.read, verdict)
	seen := t.seen(t.read)
	for _, c := range seen {
		if len(seen) <= 3 || c == t.old || t.lost != nil && c.request.key == t.lost.key {
			t.exchange(c)
		}
	}
	t.lives()
}

// update chooses a change and its answer, with what it was computed from.
func (t *teller) update(ch *change) {
	t.exchange(t.basisOf(ch))
	t.changed(ch, Plain)
}

// unneeded is the mark of a call whose reply is left out.
const unneeded Mark = "left out"

// operation chooses a request of a client and its reply.
func (t *teller) operation(o *op, mark Mark) {
	if o != nil && o.call != nil {
		t.pair(o.call, mark)
	}
}

// pair chooses a request and its first reply.
func (t *teller) pair(c *call, mark Mark) {
	t.chosen[c.request] = Plain
	if len(c.replies) > 0 && mark != unneeded {
		t.chosen[c.replies[0]] = mark
	}
}

// path chooses the calls between nodes for whose sake a call was made.
func (t *teller) path(c *call) {
	for p := c.parent; p != nil && p.parent != nil; p = p.parent {
		t.pair(p, Plain)
	}
}

// exchange chooses a call and the answer that was taken for its own. It remarks
// if that came from an old state.
func (t *teller) exchange(c *call) {
	if c == nil {
		return
	}
	t.path(c)
	t.chosen[c.request] = Plain
	m := cmp.Or(append([]*Message{c.taken}, c.replies...)...)
	if m == nil {
		return
	}
	t.chosen[m] = Plain
	t.chosen[m.call.request] = Plain // another, if the answer was mistaken
	if age := t.age(c.slot(), m); age > 0 {
		value := t.valueAt(c.slot(), m.from.State)
		t.remark(m.before(), m.Src, OldState, "old state, %s back: %s", plural(age, "change"), t.gauge.show(c.request.key, value))
	}
}

// changed chooses the call that made a change, with its answer or, if that is
// unneeded, without it, and remarks the new value.
func (t *teller) changed(ch *change, mark Mark) {
	t.path(ch.call)
	t.pair(ch.call, mark)
	if m := ch.call.taken; m != nil && mark != unneeded {
		t.chosen[m] = Plain
	}
	for _, made := range t.changes { // by all copies
		if made.call != ch.call {
			continue
		}
		text := t.gauge.show(made.key, made.value)
		if made.idle {
			text += " already"
		}
		t.remark(made.point, made.service, NewValue, "%s", text)
	}
}

// lives remarks what happened to the nodes in the story, from the first message
// to the request of the wrong read.
func (t *teller) lives() {
	first, last := len(t.entries), 0
	nodes := map[string]bool{}
	for m := range t.chosen {
		first, last = min(first, m.pos), max(last, m.pos)
		nodes[m.Src], nodes[m.Dest] = true, true
	}
	if t.read.call != nil {
		last = t.read.call.request.pos
	}
	texts := map[maelstromtest.What]string{
		maelstromtest.Killed: "is killed", maelstromtest.Crashed: "crashes", maelstromtest.Started: "starts again",
		maelstromtest.Paused: "is paused", maelstromtest.Resumed: "goes on",
	}
	for pos := first; pos < last; pos++ {
		e := t.entries[pos]
		if text := texts[e.What]; text != "" && nodes[e.Node] {
			t.remark(point{pos, e.Time}, e.Node, AFault, "%s %s", e.Node, text)
		}
	}
}

// retried returns the calls to the store that a node made for an add, after a
// change that it did not hear of.
func (t *teller) retried() []*call {
	return slices.DeleteFunc(t.add.call.all(), func(c *call) bool {
		return c.slot() != t.lost.slot || c.request.pos <= t.lost.call.request.pos || c.taken == nil
	})
}

// lastWords is how many messages before a crash are shown.
const lastWords = 6

// beforeTheCrash chooses the last messages to and from a node that crashed.
func (t *teller) beforeTheCrash() {
	end := slices.IndexFunc(t.entries, func(e maelstromtest.Entry) bool {
		return e.What == maelstromtest.Crashed && e.Node == t.crash.Node
	})
	if end < 0 {
		end = len(t.entries)
	} else {
		t.remark(point{end, t.entries[end].Time}, t.crash.Node, AFault, "%s crashes", t.crash.Node)
	}
	near := slices.DeleteFunc(slices.Clone(t.messages), func(m *Message) bool {
		said := m.Src == t.crash.Node && m.pos < end
		heard := m.Dest == t.crash.Node && m.arrived >= 0 && m.arrived < end
		return m.kind == "init" || m.kind == "init_ok" || !said && !heard
	})
	slices.SortStableFunc(near, func(a, b *Message) int { return cmp.Compare(a.arrived, b.arrived) })
	for _, m := range near[max(0, len(near)-lastWords):] {
		t.chosen[m] = Plain
	}
}
