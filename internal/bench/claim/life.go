package claim

import (
	"slices"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/verdict"
)

// Killed says that a fault killed a node.
type Killed struct {
	Node string
	At   int
}

func (c Killed) holds(r *Run) bool {
	e := r.entry(c.At)
	return e.What == journal.Killed && e.Node == c.Node
}

func (c Killed) text(r *Run) string { return say("%s was killed %s.", c.Node, r.when(c.At)) }

func (c Killed) shows(*Run) Shown { return arrows().note(c.At, c.Node, c.Node+" is killed") }

// AckedInMemory says that a node was killed that had acknowledged adds in that
// life, and that since the first of them had come it had sent nobody anything
// with content, and nothing that changed a service.
type AckedInMemory struct {
	Node  string
	At    int // the kill
	Acked int64
}

func (c AckedInMemory) holds(r *Run) bool {
	e := r.entry(c.At)
	from := r.born(c.Node, c.At)
	first, acked := c.At, int64(0)
	for i, op := range r.History {
		m := r.firstReply(i)
		if op.F != "add" || op.Outcome != verdict.OK || m == nil || m.src != c.Node || m.sent < from ||
			m.sent > c.At {
			continue
		}
		acked += op.Int()
		first = min(first, max(r.request(i).arrival(), from))
	}
	for m := range r.sent(c.Node, first, c.At) {
		if isNode(m.dest) && m.hasContent() || r.changedAt(m, len(r.Journal)) >= 0 {
			return false
		}
	}
	return e.What == journal.Killed && e.Node == c.Node && acked == c.Acked && acked > 0 && r.whole(from, c.At)
}

func (c AckedInMemory) text(r *Run) string {
	return say("%s was killed %s. It had acknowledged adds that sum to %d. "+
		"Since the first of them arrived, it had told no other node anything and changed nothing in a service.",
		c.Node, r.when(c.At), c.Acked)
}

func (c AckedInMemory) shows(*Run) Shown { return arrows().note(c.At, c.Node, c.Node+" is killed") }

// OwnAcked says that before a read was sent, its node itself had acknowledged
// adds that make more than it answered.
type OwnAcked struct {
	Read         int
	Node         string
	Value, Acked int64
}

func (c OwnAcked) holds(r *Run) bool {
	read, reply := r.read(c.Read)
	return reply.src == c.Node && read.Int() == c.Value && r.ackedByWhen(c.Node, c.Read) == c.Acked &&
		c.Value < c.Acked && r.whole(0, reply.sent)
}

func (c OwnAcked) text(*Run) string {
	return say("Before that read was sent, %s itself had acknowledged adds that sum to %d.", c.Node, c.Acked)
}

// Crash says that a node ended by itself: at a time, or if that was not seen,
// after it was last heard of.
type Crash struct {
	Node   string
	At     time.Duration
	Why    string
	Unseen bool
}

func (c Crash) holds(r *Run) bool {
	return slices.ContainsFunc(r.Crashes, func(x verdict.Crash) bool {
		return x.Node == c.Node && x.At == c.At && x.Why == c.Why && x.Unseen == c.Unseen
	})
}

func (c Crash) text(*Run) string {
	when := "at " + brief(c.At)
	if c.Unseen {
		when = "some time after " + brief(c.At)
	}
	if c.Unseen && c.At < 0 {
		when = "at a time that is not recorded"
	}
	return say("%s ended by itself %s: %s.", c.Node, when, c.Why)
}

func (c Crash) shows(r *Run) Shown {
	for at, e := range r.Journal {
		if e.What == journal.Crashed && e.Node == c.Node && (e.Time == c.At || c.Unseen) {
			return arrows().note(at, c.Node, c.Node+" has ended by itself")
		}
	}
	return Shown{}
}

// Stderr says what a node wrote to its standard error. At is -1 if the line's
// time is not known: then it is one of the last lines that the node wrote.
type Stderr struct {
	Node, Line string
	At         int
}

func (c Stderr) holds(r *Run) bool {
	if strings.TrimSpace(c.Line) == "" {
		return false
	}
	if c.At >= 0 {
		e := r.entry(c.At)
		return e.What == journal.ToStderr && e.Node == c.Node &&
			strings.TrimSpace(e.Text) == strings.TrimSpace(c.Line)
	}
	last := r.Lives.Stderr[c.Node]
	for _, x := range r.Crashes {
		if x.Node == c.Node {
			last += "\n" + x.Stderr
		}
	}
	return c.At == -1 && slices.ContainsFunc(strings.Split(last, "\n"), func(line string) bool {
		return strings.TrimSpace(line) == strings.TrimSpace(c.Line)
	})
}

func (c Stderr) text(r *Run) string {
	when := "at a time that is not recorded"
	if c.At >= 0 {
		when = r.when(c.At)
	}
	return say("%s wrote to its stderr %s: %s", c.Node, when, shorten(c.Line, 160))
}

func (c Stderr) shows(r *Run) Shown {
	if c.At < 0 {
		return Shown{}
	}
	return arrows().note(c.At, c.Node, "stderr: "+shorten(c.Line, 40))
}

// Mute says that a node printed a line that is not a message, so that Maelstrom
// ignores all that it prints afterwards. Unheard is how many more lines it
// printed.
type Mute struct {
	Node, Line, Why string
	At, Unheard     int
}

func (c Mute) holds(r *Run) bool {
	e, unheard := r.entry(c.At), 0
	for _, later := range r.Journal[c.At:] {
		if later.What == journal.Unheard && later.Node == c.Node {
			unheard++
		}
	}
	return e.What == journal.Muted && e.Node == c.Node && e.Text == c.Line && e.Why == c.Why &&
		unheard == c.Unheard && (unheard == 0 || r.whole(c.At, len(r.Journal)))
}

func (c Mute) text(r *Run) string {
	line, since := ": "+shorten(c.Line, 100), ""
	if c.Line == "" {
		line = ""
	}
	if c.Unheard > 0 {
		since = say(" It printed %s after that.", verdict.Number(c.Unheard, "more line"))
	}
	when := r.when(c.At)
	return say("%s, %s printed a line that Maelstrom does not accept (%s)%s. "+
		"From then on %s is mute: Maelstrom ignores all that it prints.%s",
		strings.ToUpper(when[:1])+when[1:], c.Node, shorten(c.Why, 200), line, c.Node, since)
}

func (c Mute) shows(*Run) Shown { return arrows().note(c.At, c.Node, c.Node+" is mute from here") }

// PendingBytes says that a node had printed the beginning of a line and not its
// end.
type PendingBytes struct {
	Node, Line string
	At         int
}

func (c PendingBytes) holds(r *Run) bool {
	e := r.entry(c.At)
	return e.What == journal.Pending && e.Node == c.Node && e.Text == c.Line && c.Line != ""
}

func (c PendingBytes) text(r *Run) string {
	return say("%s had printed %s without a newline %s: %s",
		c.Node, verdict.Number(len(c.Line), "byte"), r.when(c.At), shorten(c.Line, 100))
}

func (c PendingBytes) shows(*Run) Shown { return arrows().note(c.At, c.Node, "no newline") }

// Within says that something happened at a node between the arrival of a
// request and when its client gave up: At is an entry about that node.
type Within struct {
	Op   int
	Node string
	At   int
}

func (c Within) holds(r *Run) bool {
	from, to := r.wait(c.Op)
	e := r.entry(c.At)
	return r.op(c.Op).Node == c.Node && e.Node == c.Node && from <= c.At && c.At < to
}

func (c Within) text(r *Run) string {
	return say("That was %s after the request arrived.", brief(r.entry(c.At).Time-r.entry(r.request(c.Op).arrival()).Time))
}
