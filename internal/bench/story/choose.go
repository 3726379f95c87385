package story

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// A teller chooses what belongs to a story.
type teller struct {
	*run
	*cause
	chosen map[*message]Mark
	notes  []remark
}

// A remark is a note that does not have its place yet.
type remark struct {
	pos   int
	at    time.Duration
	lane  string
	text  string
	style Style
}

// choose chooses the messages of a story: those of the request that is
// contradicted, and those that contradict it.
func (t *teller) choose() {
	switch t.kind {
	case CrashedNode:
		t.beforeTheCrash()
		return
	case LostUpdate:
		t.bothUpdates()
	case TakenBack:
		t.bothWrites()
	case CountedTwice:
		t.bothCounts()
	case CountedOnce:
		t.countAndRetries()
	case OldAnswer:
		t.newerState()
	case Misdirected:
		t.operation(t.add, Acknowledged)
		t.exchange(t.wrong)
	case TornRead:
		t.missedAndNewer()
	default:
		t.anAcknowledgedAdd()
	}
	t.theRead()
}

// bothUpdates chooses the update that was lost and the one that overwrote it,
// with what each was computed from.
func (t *teller) bothUpdates() {
	t.operation(t.add, Acknowledged)
	t.exchange(t.basisOf(t.lost))
	t.changed(t.lost, true)
	t.operation(t.by.call.op, t.needed(t.by.add()))
	t.exchange(t.basis)
	t.changed(t.by, false)
}

// bothWrites chooses the write that was taken back and the old one that did it.
func (t *teller) bothWrites() {
	t.operation(t.add, Acknowledged)
	t.changed(t.lost, true)
	t.operation(t.by.call.op, t.needed(t.by.add()))
	t.changed(t.by, false)
}

// bothCounts chooses the two changes that were made for one add, with what each
// was computed from.
func (t *teller) bothCounts() {
	t.operation(t.add, t.needed(t.add))
	t.exchange(t.basisOf(t.lost))
	t.changed(t.lost, true)
	t.exchange(t.basisOf(t.by))
	t.changed(t.by, true)
}

// countAndRetries chooses the change that the node did not hear of, and what
// the node asked the store after it.
func (t *teller) countAndRetries() {
	t.operation(t.add, Acknowledged)
	t.exchange(t.basisOf(t.lost))
	t.changed(t.lost, true)
	for _, c := range t.retried() {
		t.exchange(c)
		t.unchanged(c)
	}
}

// newerState chooses the change that an old answer missed, with the
// acknowledged add or the earlier read that shows it.
func (t *teller) newerState() {
	if t.than == nil {
		t.operation(t.add, Acknowledged)
		t.changed(t.lost, true)
		return
	}
	t.operation(t.than, Acknowledged)
	for _, c := range t.seen(t.than) {
		if keyOf(c) == t.lost.key {
			t.exchange(c)
		}
	}
	t.changed(t.lost, false)
}

// missedAndNewer chooses the change that a torn read missed, and the newer one
// that it knew of.
func (t *teller) missedAndNewer() {
	t.operation(t.add, Acknowledged)
	t.changed(t.lost, true)
	t.operation(t.newer.add(), unneeded)
	t.changed(t.newer, false)
}

// anAcknowledgedAdd chooses the add that the cause names, or else the last that
// was acknowledged, and its change.
func (t *teller) anAcknowledgedAdd() {
	if t.add == nil {
		t.add = t.lastAcked()
	}
	t.operation(t.add, Acknowledged)
	if ch := t.changeFor(t.add); ch != nil {
		t.changed(ch, true)
	}
}

// theRead chooses the read that the verdict is about, with what it asked the
// services for. It also remarks what befell the nodes until then.
func (t *teller) theRead() {
	verdict := Wrong
	if t.kind == CountedOnce {
		verdict = Right
	}
	t.operation(t.cause.read, verdict)
	t.asked()
	t.lives()
}

// needed returns the mark of an add's acknowledgment: Acknowledged if the read
// could be right without it.
func (t *teller) needed(o *op) Mark {
	if !o.acked() {
		return Plain
	}
	if t.kind == CountedTwice {
		return Plain
	}
	if t.cause.read.Int() < t.add.Int() || o.Complete >= t.cause.read.Invoke {
		return unneeded
	}
	return Acknowledged
}

// unneeded is the mark of an operation whose reply is left out.
const unneeded Mark = "left out"

// operation chooses a request of a client and its reply.
func (t *teller) operation(o *op, mark Mark) {
	if o == nil || o.call == nil {
		return
	}
	t.chosen[o.call.request] = Plain
	if len(o.call.replies) > 0 && mark != unneeded {
		t.chosen[o.call.replies[0]] = mark
	}
}

// exchange chooses a call and the answer that was taken for its own.
func (t *teller) exchange(c *call) {
	if c == nil {
		return
	}
	t.path(c)
	t.chosen[c.request] = Plain
	m := c.taken
	if m == nil && len(c.replies) > 0 {
		m = c.replies[0]
	}
	if m == nil {
		return
	}
	t.chosen[m] = Plain
	if !slices.Contains(c.replies, m) {
		for _, other := range t.messages { // what it was the answer to
			if other.dest == m.src && other.src == m.dest && other.pos < c.request.pos && string(other.body.MsgID) == string(m.body.InReplyTo) {
				t.chosen[other] = Plain
			}
		}
	}
	if m.from != nil && !m.from.Changed && m.from.State < m.from.Newest {
		t.remarkOld(c, m)
	}
}

// remarkOld remarks that an answer came from an old state, if its key has
// changed since.
func (t *teller) remarkOld(c *call, m *message) {
	key := keyOf(c)
	age := 0
	for _, ch := range t.changes {
		if !ch.idle && ch.service == m.src && ch.key == key && ch.number > m.from.State && ch.number <= m.from.Newest {
			age++
		}
	}
	if age == 0 {
		return
	}
	t.notes = append(t.notes, remark{m.pos - 1, m.at, m.src, fmt.Sprintf(
		"old state, %s back: %s", plural(age, "change"), t.gauge.show(key, t.valueAt(m.src, key, m.from.State))), OldState})
}

// changed chooses the call that made a change, perhaps with its answer, and
// remarks the new value.
func (t *teller) changed(ch *change, answer bool) {
	if ch.call == nil {
		return
	}
	t.path(ch.call)
	t.chosen[ch.call.request] = Plain
	if answer && len(ch.call.replies) > 0 {
		t.chosen[ch.call.replies[0]] = Plain
		if m := ch.call.taken; m != nil {
			t.chosen[m] = Plain
		}
	}
	for _, made := range t.changes { // by all copies
		text := t.gauge.show(made.key, made.value)
		if made.idle {
			text += " already"
		}
		r := remark{made.pos, made.at, made.service, text, NewValue}
		if made.call == ch.call && !slices.Contains(t.notes, r) {
			t.notes = append(t.notes, r)
		}
	}
}

// path chooses the calls between nodes for whose sake a call was made.
func (t *teller) path(c *call) {
	for p := c.parent; p != nil && p.parent != nil; p = p.parent {
		t.chosen[p.request] = Plain
		if len(p.replies) > 0 {
			t.chosen[p.replies[0]] = Plain
		}
	}
}

// asked chooses what the read has asked the services for. If that is a lot, it
// chooses only what matters.
func (t *teller) asked() {
	seen := t.seen(t.cause.read)
	for _, c := range seen {
		if len(seen) <= 3 || c == t.old || t.lost != nil && keyOf(c) == t.lost.key {
			t.exchange(c)
		}
	}
}

func (t *teller) lastAcked() *op {
	var last *op
	for _, o := range t.ops {
		if o.acked() && o.Int() > 0 && o.Complete < t.cause.read.Invoke && (last == nil || o.Complete > last.Complete) {
			last = o
		}
	}
	return last
}

func (t *teller) changeFor(o *op) *change {
	for _, ch := range t.changes {
		if o != nil && ch.add() == o {
			return ch
		}
	}
	return nil
}

// lives remarks what befell the nodes in the story, from the first message to
// the wrong read.
func (t *teller) lives() {
	first, last := t.span()
	nodes := map[string]bool{}
	for m := range t.chosen {
		nodes[m.src], nodes[m.dest] = true, true
	}
	if o := t.cause.read; o != nil && o.call != nil {
		last = o.call.request.pos
	}
	texts := map[maelstromtest.What]string{
		maelstromtest.Killed: "is killed", maelstromtest.Crashed: "crashes", maelstromtest.Started: "starts again",
		maelstromtest.Paused: "is paused", maelstromtest.Resumed: "goes on",
	}
	for pos := first; pos < last; pos++ {
		e := t.entries[pos]
		if text := texts[e.What]; text != "" && nodes[e.Node] {
			t.notes = append(t.notes, remark{pos, e.Time, e.Node, e.Node + " " + text, AFault})
		}
	}
}

// span returns the positions at which the first and the last of the chosen
// messages were sent.
func (t *teller) span() (first, last int) {
	first = len(t.entries)
	for m := range t.chosen {
		first, last = min(first, m.pos), max(last, m.pos)
	}
	return first, last
}

// lastWords is how many messages before a crash are shown.
const lastWords = 6

// beforeTheCrash chooses the last messages to and from a node that crashed.
func (t *teller) beforeTheCrash() {
	end := len(t.entries)
	for pos, e := range t.entries {
		if e.What == maelstromtest.Crashed && e.Node == t.crash.Node {
			end = pos
			t.notes = append(t.notes, remark{pos, e.Time, e.Node, e.Node + " crashes", AFault})
			break
		}
	}
	var near []*message
	for _, m := range t.messages {
		if m.body.Type == "init" || m.body.Type == "init_ok" {
			continue
		}
		if a := m.arrival(); m.src == t.crash.Node && m.pos < end || m.dest == t.crash.Node && a >= 0 && a < end {
			near = append(near, m)
		}
	}
	slices.SortStableFunc(near, func(a, b *message) int { return cmp.Compare(a.arrival(), b.arrival()) })
	for _, m := range near[max(0, len(near)-lastWords):] {
		t.chosen[m] = Plain
	}
}
