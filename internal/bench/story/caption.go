package story

import (
	"fmt"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// caption tells in plain words what happened.
func (t *teller) caption() string {
	switch t.kind {
	case CrashedNode:
		t.crashed()
	case LostUpdate:
		t.lostUpdate()
	case TakenBack:
		t.takenBack()
	case CountedTwice:
		t.countedTwice()
	case CountedOnce:
		t.countedOnce()
	case OldAnswer:
		t.oldAnswer()
	case Misdirected:
		t.say("%s was killed before the answer to its request reached it. After its start it gave another request the same msg_id, and took that late answer for its own.", t.wrong.request.Src)
		t.say("So it acknowledged the add of %d, which is not in the store.", t.add.Int())
	case TornRead:
		t.say("%s asked the store for the key %s, and was answered before %s set that to %s and the add of %d was acknowledged.",
			t.old.request.Src, t.lost.key.name(), t.lost.call.request.Src, t.value(t.lost), t.add.Int())
		t.say("It asked for %s so late that it saw an add of %d that was asked for after that.", t.newer.key.name(), t.newer.add().Int())
	case NotStored:
		t.say("%s acknowledged the add of %d, but told the store nothing of it.", t.add.Node, t.add.Int())
	case NotAsked:
		if t.add != nil {
			t.say("The add of %d had been acknowledged by %s.", t.add.Int(), t.add.Node)
		}
	case Unexplained:
		t.say("The messages do not tell why.")
	}
	if t.read != nil {
		t.conclude()
	}
	return strings.Join(t.said, " ")
}

// say adds a sentence to the caption.
func (t *teller) say(format string, args ...any) {
	t.said = append(t.said, fmt.Sprintf(format, args...))
}

// conclude tells what the read came to.
func (t *teller) conclude() {
	o := t.read
	subject := "A read of " + o.Node
	if o.Final {
		subject = "The final read of " + o.Node
	}
	if (t.kind == NotStored || t.kind == NotAsked) && len(t.seen(o)) == 0 {
		subject += ", which did not ask the store,"
	}
	t.say("%s returned %d.", subject, o.Int())
	if len(t.Acceptable) == 0 || !o.Final {
		return
	}
	missing, extra := t.Acceptable[0].Lo-o.Int(), o.Int()-t.Acceptable[len(t.Acceptable)-1].Hi
	switch {
	case t.kind == CountedTwice && extra > t.add.Int():
		t.say("That was the first add that was counted twice; in the end the total was %d too much.", extra)
	case (t.kind == LostUpdate || t.kind == TakenBack) && missing > t.add.Int():
		t.say("That was where the total first parted from what had been acknowledged; in the end %d were missing.", missing)
	}
}

func (t *teller) lostUpdate() {
	loser, winner := t.lost.call.request.Src, t.by.call.request.Src
	first, second := t.shown(t.basisOf(t.lost)), t.shown(t.basis)
	if first != "" && first == second && loser != winner {
		t.say("%s and %s both found %s.", loser, winner, first)
		t.aboutOld(t.basis)
		t.wrote()
	} else {
		t.wrote()
		if t.basis != nil {
			t.say("%s had found %s.", winner, second)
			t.aboutOld(t.basis)
		}
	}
	if t.basis != nil && t.basis.taken.call != t.basis {
		t.say("That was the answer to a request of its earlier life, with the same msg_id.")
	}
	if t.by.idle {
		t.say("%s wrote %s, too, which changed nothing: two adds have become one.", winner, t.value(t.by))
		return
	}
	how := "wrote"
	if t.by.call.request.kind == "cas" {
		how = "swapped in"
	}
	t.say("%s %s %s over it, and the add of %d was lost.", winner, how, t.value(t.by), t.add.Int())
}

// wrote says which write was lost.
func (t *teller) wrote() {
	t.say("%s wrote %s, and its add of %d was acknowledged.", t.lost.call.request.Src, t.value(t.lost), t.add.Int())
}

// shown returns the value that a call was answered with.
func (t *teller) shown(c *call) string {
	switch {
	case c == nil:
		return ""
	case c.taken.kind == "error":
		return "no value yet"
	}
	return t.gauge.brief(c.request.key, c.taken.body["value"])
}

func (t *teller) value(c *change) string { return t.gauge.brief(c.key, c.value) }

// aboutOld says that an answer came from an old state, if its key has changed
// since.
func (t *teller) aboutOld(c *call) {
	if age := t.age(c.slot(), c.taken); age > 0 {
		t.say("What %s found was old by %s.", c.request.Src, plural(age, "change"))
	}
}

func (t *teller) takenBack() {
	m, end := t.by.call.request, t.by.ending()
	t.wrote()
	after := ""
	if end.At > m.At {
		after = fmt.Sprintf(", %s after it was sent", brief(end.At-m.At))
	}
	switch {
	case len(m.Copies) > 1:
		t.say("Then a second copy of %s's write of %s arrived%s.", m.Src, t.value(t.by), after)
	case t.by.orphaned:
		t.say("Then %s's write of %s from before it was killed arrived%s.", m.Src, t.value(t.by), after)
	default:
		t.say("Then an earlier write of %s by %s arrived%s.", t.value(t.by), m.Src, after)
	}
	t.say("It took the value back, and the add of %d was lost.", t.add.Int())
}

func (t *teller) countedTwice() {
	first, second := t.lost.call, t.by.call
	node := first.request.Src
	if node != second.request.Src {
		t.countedByTwo(first, second)
		return
	}
	what := "write of " + t.value(t.lost)
	if first.request.kind == "cas" {
		what = "swap " + t.gauge.brief(t.lost.key, first.request.body["from"]) + " → " + t.value(t.lost)
	}
	switch {
	case first == second:
		t.say("%s's %s was doubled on its way, and both copies took effect.", node, what)
	case t.lost.pos < second.request.pos:
		t.say("%s's %s took effect, but %s.", node, what, t.noAnswer(first, second))
	default:
		t.say("%s's %s was on its way for so long that %s tried again.", node, what, node)
		t.say("Then both took effect, so the same add of %d was counted twice.", t.add.Int())
		return
	}
	found := t.shown(t.basisOf(t.by))
	if found == "" {
		found = t.gauge.brief(t.by.key, second.request.body["from"])
	}
	t.say("%s tried again and found %s, so the same add of %d was counted twice.", node, found, t.add.Int())
}

// countedByTwo tells of an add that two nodes counted because one had handed it
// to the other.
func (t *teller) countedByTwo(first, second *call) {
	who := func(c *call) string {
		if p := c.parent; p != nil && isNode(p.request.Src) {
			return fmt.Sprintf("%s, to which %s had handed the add of %d,", c.request.Src, p.request.Src, t.add.Int())
		}
		return c.request.Src
	}
	but := ""
	if p := first.parent; p != nil && p.request.Src == second.request.Src {
		but = ", but " + t.noAnswer(p, second)
	}
	t.say("%s set %s to %s%s.", who(first), t.lost.key.name(), t.value(t.lost), but)
	t.say("Then %s set %s to %s, so the same add was counted twice.", who(second), t.by.key.name(), t.value(t.by))
}

// countedOnce tells how an add came to count once.
func (t *teller) countedOnce() {
	first := t.lost.call
	node := first.request.Src
	calls := t.retried()
	if len(calls) == 0 {
		t.say("%s set the key %s to %s, and did not hear of it.", node, t.lost.key.name(), t.value(t.lost))
		return
	}
	t.say("%s's swap to %s took effect, but %s.", node, t.value(t.lost), t.noAnswer(first, calls[0]))
	swap, again := first.request, calls[0].request
	if again.kind == "cas" && again.field("from") == swap.field("from") && again.field("to") == swap.field("to") {
		t.say("%s sent the same swap again, which could not take effect twice, and acknowledged the add of %d.", node, t.add.Int())
	} else {
		t.say("%s asked the store, found its add of %d there already, and acknowledged it.", node, t.add.Int())
	}
	t.say("So it counted once.")
}

// noAnswer says why a node went on without the answer to a call.
func (t *teller) noAnswer(c, next *call) string {
	if len(c.replies) == 0 {
		return "there was no answer"
	}
	if len(c.request.Copies) > 1 && c.taken != nil && c.taken != c.replies[0] && c.taken.kind == "error" {
		return "it was doubled on its way, and the answer to the second copy, which failed, came first"
	}
	end := c.replies[0].Copies[0]
	waited := next.request.At - c.request.At
	switch {
	case end.What == maelstromtest.Lost:
		return "its answer was lost"
	case end.What == maelstromtest.Blocked:
		return "its answer met a cut link"
	case end.unread:
		return "its answer reached nobody, as the node was dead"
	case end.Late > 0:
		return fmt.Sprintf("its answer was late by %s", brief(end.Late))
	case end.What == "":
		return "its answer was still on its way"
	case end.pos > next.request.pos:
		return fmt.Sprintf("its answer took longer than the %s that %s waited", brief(waited), c.request.Src)
	}
	return "its answer was not heeded"
}

func (t *teller) oldAnswer() {
	name := t.lost.key.name()
	if t.than != nil {
		t.say("A read of %s had returned %d.", t.than.Node, t.than.Int())
	} else {
		t.say("%s set the key %s to %s, and its add of %d was acknowledged.", t.lost.call.request.Src, name, t.value(t.lost), t.add.Int())
	}
	state, newest := t.old.taken.state()
	if newest < t.lost.number {
		t.say("%s had read %s before that change, and heard no more of it.", t.old.request.Src, name)
		return
	}
	value := "in which it had no value yet"
	if v := t.valueAt(t.old.slot(), state); len(v) > 0 {
		value = "in which it was " + t.gauge.brief(t.lost.key, v)
	}
	t.say("Then %s asked the store for the key %s, and was answered from a state %s old, %s.",
		t.old.request.Src, name, plural(t.age(t.old.slot(), t.old.taken), "change"), value)
}

func (t *teller) crashed() {
	t.say("%s crashed after %s: %s.", t.crash.Node, brief(t.crash.At), strings.TrimSuffix(t.crash.Why, "."))
	if lines := strings.Split(strings.TrimSpace(t.crash.Stderr), "\n"); lines[0] != "" {
		t.say("The last thing that it wrote to stderr: %q.", shortened(lastTelling(lines), 120))
	}
}

// lastTelling returns the line of a log that says most about a crash: the
// panic, if there is one, or else the last line.
func lastTelling(lines []string) string {
	for _, line := range lines {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return line
		}
	}
	return lines[len(lines)-1]
}

// brief shows a duration with two or three digits.
func brief(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.3g ms", float64(d.Microseconds())/1000)
}
