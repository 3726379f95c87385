package claim

import "time"

// Killed says that a fault killed a node.
type Killed struct {
	Node string
	At   int
}

func (c Killed) text(r *Run) string { return say("%s was killed %s.", c.Node, r.when(c.At)) }

func (c Killed) shows(*Run) Shown {
	return Shown{Notes: []Note{{c.At, c.Node, c.Node + " is killed"}}}
}

// AckedInMemory says that a node was killed after it had acknowledged adds in
// that life, which make Acked, and that in that life it had told nobody
// anything with content and changed nothing in a service since the first of
// them came.
type AckedInMemory struct {
	Node  string
	At    int // the kill
	Acked int64
}

func (c AckedInMemory) text(r *Run) string {
	return say("%s was killed %s. It had acknowledged adds that make %d, and since the first of them it had told nobody anything.",
		c.Node, r.when(c.At), c.Acked)
}

func (c AckedInMemory) shows(*Run) Shown {
	return Shown{Notes: []Note{{c.At, c.Node, c.Node + " is killed"}}}
}

// Crash says that a node ended by itself.
type Crash struct {
	Node string
	At   time.Duration
	Why  string
}

func (c Crash) text(*Run) string {
	return say("%s ended by itself after %s: %s.", c.Node, brief(c.At), c.Why)
}

func (c Crash) shows(r *Run) Shown {
	for at, e := range r.Journal {
		if e.What == "crash" && e.Node == c.Node && e.Time == c.At {
			return Shown{Notes: []Note{{at, c.Node, c.Node + " ends by itself"}}}
		}
	}
	return Shown{}
}

// LastInput says that the last message that reached a node before it ended was
// this.
type LastInput struct {
	Node    string
	At      int // the crash
	Message int
	Src     string
}

func (c LastInput) text(r *Run) string {
	return say("The last message that had reached %s was %s from %s, %s.", c.Node, r.body(c.Message), c.Src, r.when(r.message(c.Message).arrival()))
}

func (c LastInput) shows(*Run) Shown { return Shown{Messages: []int{c.Message}} }

// Stderr says what a node wrote to its standard error. At is -1 if the line's
// time is not known: then it is one of the last lines that a node wrote that
// ended by itself.
type Stderr struct {
	Node, Line string
	At         int
}

func (c Stderr) text(r *Run) string {
	when := ""
	if c.At >= 0 {
		when = " " + r.when(c.At)
	}
	return say("%s wrote to its stderr%s: %s", c.Node, when, shorten(c.Line, 160))
}

func (c Stderr) shows(r *Run) Shown {
	if c.At < 0 {
		return Shown{}
	}
	return Shown{Notes: []Note{{c.At, c.Node, "stderr: " + shorten(c.Line, 40)}}}
}

// Mute says that a node printed a line that is no message, so that Maelstrom
// would take nothing from it any more. Unheard is how many more lines it
// printed.
type Mute struct {
	Node, Line, Why string
	At              int
	Unheard         int
}

func (c Mute) text(r *Run) string {
	line := shorten(c.Line, 100)
	if c.Line == "" {
		line = "(a blank line)"
	}
	return say("%s printed a line that is not a message %s: %s. The line: %s. From then on it is mute: nothing that it prints counts, and it has printed %s since.",
		c.Node, r.when(c.At), c.Why, line, plural(c.Unheard, "line"))
}

func (c Mute) shows(*Run) Shown {
	return Shown{Notes: []Note{{c.At, c.Node, c.Node + " is mute from here"}}}
}

// Stray says that a node printed a line that is not a message, after the time
// At.
type Stray struct {
	Node, Line, Why string
	At              time.Duration
}

func (c Stray) text(*Run) string {
	return say("%s printed a line that is not a message after %s: %s. The line: %s", c.Node, brief(c.At), c.Why, shorten(c.Line, 100))
}

// PendingBytes says that a node had printed the beginning of a line and not its
// end.
type PendingBytes struct {
	Node, Line string
	At         int
}

func (c PendingBytes) text(r *Run) string {
	return say("%s had printed %s without a newline %s: %s", c.Node, plural(len(c.Line), "byte"), r.when(c.At), shorten(c.Line, 100))
}

func (c PendingBytes) shows(*Run) Shown {
	return Shown{Notes: []Note{{c.At, c.Node, "no newline"}}}
}

// Within says that something happened at a node between the arrival of a
// request and when its client gave up: At is an entry about that node.
type Within struct {
	Op   int
	Node string
	At   int
}

func (c Within) text(r *Run) string {
	return say("That was %s after the request came.", brief(r.entry(c.At).Time-r.entry(r.request(c.Op).arrival()).Time))
}
