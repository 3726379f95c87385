package story

import (
	"fmt"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// caption tells in plain words what happened.
func (t *teller) caption() string {
	var said []string
	say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	switch t.kind {
	case CrashedNode:
		return t.crashCaption()
	case LostUpdate:
		t.lostUpdate(say)
	case TakenBack:
		t.takenBack(say)
	case CountedTwice:
		t.countedTwice(say)
	case CountedOnce:
		t.countedOnce(say)
	case OldAnswer:
		t.oldAnswer(say)
	case Misdirected:
		say("%s was killed before the answer to its request reached it. After its start it gave another request the same msg_id, and took that late answer for its own.", t.wrong.request.src)
		say("So it acknowledged the add of %d, which is not in the store.", t.add.Int())
	case TornRead:
		say("%s asked the store for the key %s, and was answered before %s set that to %s and the add of %d was acknowledged.", t.old.request.src,
			strings.Trim(t.lost.key, `"`), t.lost.call.request.src, t.value(t.lost), t.add.Int())
		say("It asked for %s so late that it saw an add of %d that was asked for after that.", strings.Trim(t.newer.key, `"`), t.newer.add().Int())
	case NotStored:
		say("%s acknowledged the add of %d, but told the store nothing of it.", t.add.Node, t.add.Int())
	case NotAsked:
		if t.add != nil {
			say("The add of %d had been acknowledged by %s.", t.add.Int(), t.add.Node)
		}
	case Unexplained:
		say("The messages do not tell why.")
	}
	t.conclude(say)
	return strings.Join(said, " ")
}

// conclude tells what the read came to.
func (t *teller) conclude(say func(string, ...any)) {
	o := t.cause.read
	subject := "A read of " + o.Node
	if o.Final {
		subject = "The final read of " + o.Node
	}
	asked := ""
	if (t.kind == NotStored || t.kind == NotAsked) && len(t.seen(o)) == 0 {
		asked = ", which did not ask the store,"
	}
	say("%s%s returned %d.", subject, asked, o.Int())
	if len(t.acceptable) == 0 || !o.Final {
		return
	}
	missing, extra := t.acceptable[0].Lo-o.Int(), o.Int()-t.acceptable[len(t.acceptable)-1].Hi
	switch {
	case t.kind == CountedTwice && extra > t.add.Int():
		say("That was the first add that was counted twice; in the end the total was %d too much.", extra)
	case (t.kind == LostUpdate || t.kind == TakenBack) && missing > t.add.Int():
		say("That was where the total first parted from what had been acknowledged; in the end %d were missing.", missing)
	}
}

func (t *teller) lostUpdate(say func(string, ...any)) {
	loser, winner := t.lost.call.request.src, t.by.call.request.src
	first, second := t.basisOf(t.lost), t.basis
	a, b := t.shown(first), t.shown(second)
	switch {
	case second == nil:
		say("%s wrote %s, and its add of %d was acknowledged.", loser, t.value(t.lost), t.add.Int())
	case first != nil && a == b && loser != winner:
		say("%s and %s both found %s.", loser, winner, a)
		t.aboutOld(say, second)
		say("%s wrote %s, and its add of %d was acknowledged.", loser, t.value(t.lost), t.add.Int())
	default:
		say("%s wrote %s, and its add of %d was acknowledged.", loser, t.value(t.lost), t.add.Int())
		say("%s had found %s.", winner, b)
		t.aboutOld(say, second)
	}
	if m := second; m != nil && m.taken != nil && t.mistaken(m.taken) {
		say("That was the answer to a request of its earlier life, with the same msg_id.")
	}
	if t.by.idle {
		say("%s wrote %s, too, which changed nothing: two adds have become one.", winner, t.value(t.by))
		return
	}
	how := "wrote"
	if t.by.call.request.body.Type == "cas" {
		how = "swapped in"
	}
	say("%s %s %s over it, and the add of %d was lost.", winner, how, t.value(t.by), t.add.Int())
}

// shown returns the value that a call was answered with.
func (t *teller) shown(c *call) string {
	if c == nil || c.taken == nil {
		return ""
	}
	if c.taken.body.Type == "error" {
		return "no value yet"
	}
	return t.gauge.brief(string(c.request.body.Key), c.taken.body.Value)
}

func (t *teller) value(c *change) string { return t.gauge.brief(c.key, c.value) }

// aboutOld says that an answer came from an old state, if it did and its key
// has changed since.
func (t *teller) aboutOld(say func(string, ...any), c *call) {
	if c == nil || c.taken == nil {
		return
	}
	for _, r := range t.notes {
		if r.style == OldState && r.pos == c.taken.pos-1 {
			say("What %s found was old by %s.", c.request.src, t.age(c))
			return
		}
	}
}

// age says how many changes of its key a call's answer was behind.
func (t *teller) age(c *call) string {
	state, newest := c.state()
	n := 0
	for _, ch := range t.changes {
		if !ch.idle && ch.service == c.request.dest && ch.key == keyOf(c) && ch.number > state && ch.number <= newest {
			n++
		}
	}
	return plural(n, "change")
}

func (t *teller) takenBack(say func(string, ...any)) {
	m := t.by.call.request
	writer := m.src
	say("%s wrote %s, and its add of %d was acknowledged.", t.lost.call.request.src, t.value(t.lost), t.add.Int())
	var end *ending
	for _, c := range m.copies {
		if c.change == t.by {
			end = c
		}
	}
	after := ""
	if end != nil && end.at > m.at {
		after = fmt.Sprintf(", %s after it was sent", brief(end.at-m.at))
	}
	switch {
	case t.by.copy > 0 || len(m.copies) > 1:
		say("Then a second copy of %s's write of %s arrived%s.", writer, t.value(t.by), after)
	case !t.sameLife(writer, m.pos, t.by.pos):
		say("Then %s's write of %s from before it was killed arrived%s.", writer, t.value(t.by), after)
	default:
		say("Then an earlier write of %s by %s arrived%s.", t.value(t.by), writer, after)
	}
	say("It took the value back, and the add of %d was lost.", t.add.Int())
}

func (t *teller) countedTwice(say func(string, ...any)) {
	first, second := t.lost.call, t.by.call
	if first.request.src != second.request.src {
		t.countedByTwo(say, first, second)
		return
	}
	node := first.request.src
	what := "change"
	if first.request.body.Type == "cas" {
		what = "swap " + t.gauge.brief(t.lost.key, first.request.body.From) + " → " + t.value(t.lost)
	} else {
		what = "write of " + t.value(t.lost)
	}
	if first == second {
		say("%s's %s was doubled on its way, and both copies took effect.", node, what)
	} else if before := t.lost.pos < second.request.pos; !before {
		say("%s's %s was on its way for so long that %s tried again.", node, what, node)
		say("Then both took effect, so the same add of %d was counted twice.", t.add.Int())
		return
	} else {
		say("%s's %s took effect, but %s.", node, what, t.noAnswer(first, second))
	}
	found := t.shown(t.basisOf(t.by))
	if found == "" {
		found = t.gauge.brief(t.by.key, second.request.body.From)
	}
	say("%s tried again and found %s, so the same add of %d was counted twice.", node, found, t.add.Int())
}

// countedByTwo tells of an add that two nodes counted because one had handed it
// to the other.
func (t *teller) countedByTwo(say func(string, ...any), first, second *call) {
	who := func(c *call) string {
		if p := c.parent; p != nil && isNode(p.request.src) {
			return fmt.Sprintf("%s, to which %s had handed the add of %d,", c.request.src, p.request.src, t.add.Int())
		}
		return c.request.src
	}
	value := func(ch *change) string { return fmt.Sprintf("set %s to %s", strings.Trim(ch.key, `"`), t.value(ch)) }
	but := ""
	if p := first.parent; p != nil && p.request.src == second.request.src {
		but = ", but " + t.noAnswer(p, second)
	}
	say("%s %s%s.", who(first), value(t.lost), but)
	say("Then %s %s, so the same add was counted twice.", who(second), value(t.by))
}

// noAnswer says why a node went on without the answer to a call.
func (t *teller) noAnswer(c, next *call) string {
	if len(c.replies) == 0 {
		return "there was no answer"
	}
	if len(c.request.copies) > 1 && c.taken != nil && c.taken != c.replies[0] && c.taken.body.Type == "error" {
		return "it was doubled on its way, and the answer to the second copy, which failed, came first"
	}
	end := c.replies[0].copies[0]
	waited := next.request.at - c.request.at
	switch {
	case end.what == maelstromtest.Lost:
		return "its answer was lost"
	case end.what == maelstromtest.Blocked:
		return "its answer met a cut link"
	case end.unread:
		return "its answer reached nobody, as the node was dead"
	case end.late > 0:
		return fmt.Sprintf("its answer was late by %s", brief(end.late))
	case end.what == "":
		return "its answer was still on its way"
	case end.pos > next.request.pos:
		return fmt.Sprintf("its answer took longer than the %s that %s waited", brief(waited), c.request.src)
	}
	return "its answer was not heeded"
}

func (t *teller) oldAnswer(say func(string, ...any)) {
	name := strings.Trim(t.lost.key, `"`)
	if t.than != nil {
		say("A read of %s had returned %d.", t.than.Node, t.than.Int())
	} else {
		say("%s set the key %s to %s, and its add of %d was acknowledged.", t.lost.call.request.src, name, t.value(t.lost), t.add.Int())
	}
	state, _ := t.old.state()
	value := "in which it had no value yet"
	if v := t.valueAt(t.old.request.dest, t.old.request.keyText(), state); len(v) > 0 {
		value = "in which it was " + t.gauge.brief(t.lost.key, v)
	}
	if _, newest := t.old.state(); newest < t.lost.number {
		say("%s had read %s before that change, and heard no more of it.", t.old.request.src, name)
		return
	}
	say("Then %s asked the store for the key %s, and was answered from a state %s old, %s.", t.old.request.src, name, t.age(t.old), value)
}

func (m *message) keyText() string { return keyOf(&call{request: m}) }

func (t *teller) crashCaption() string {
	said := fmt.Sprintf("%s crashed after %s: %s.", t.crash.Node, brief(t.crash.At), strings.TrimSuffix(t.crash.Why, "."))
	if lines := strings.Split(strings.TrimSpace(t.crash.Stderr), "\n"); lines[0] != "" {
		said += fmt.Sprintf(" The last thing that it wrote to stderr: %q.", shortened(lastTelling(lines), 120))
	}
	return said
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
