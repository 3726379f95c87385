package verdict

import (
	"fmt"
	"strings"
	"time"
)

// Lives tells what nodes did that the requests do not show.
type Lives struct {
	Crashes []Crash  `json:"crashes,omitempty"`
	Mutes   []Mute   `json:"mutes,omitempty"`
	Remarks []Remark `json:"remarks,omitempty"`
	Ended   string   `json:"ended,omitempty"` // why the run ended before its time, if that is the nodes' doing
	Exits   []Exit   `json:"exits"`

	// Stderr has, by node, the last lines of the standard error of a run whose
	// journal does not have them, so that it is not known when they were
	// written.
	Stderr map[string]string `json:"stderr,omitempty"`
}

// A Crash is a node that ended before the end of its input, with the last lines
// that it wrote.
type Crash struct {
	Node   string        `json:"node"`
	At     time.Duration `json:"at"`
	Why    string        `json:"why"`
	Stdout string        `json:"stdout"`
	Stderr string        `json:"stderr"`

	// Unseen says that it is not known when the node ended: At is when it was
	// last heard of.
	Unseen bool `json:"unseen,omitempty"`
}

func (c Crash) String() string {
	return fmt.Sprintf("%s: %s\nstdout:\n%s\nstderr:\n%s", c.short(), c.Why, c.Stdout, c.Stderr)
}

// short says which node crashed, and when.
func (c Crash) short() string {
	switch {
	case c.Unseen && c.At < 0:
		return c.Node + " ended at a time that is not recorded"
	case c.Unseen:
		return c.Node + " ended some time after " + Time(c.At)
	}
	return c.Node + " crashed at " + Time(c.At)
}

// A Mute is a node that printed a line that Maelstrom does not accept: it is
// not a message, or its sender or receiver does not exist. Maelstrom ignores
// all that the node prints after it in the same life.
type Mute struct {
	Node string        `json:"node"`
	Life int           `json:"life"` // 0 is the first
	At   time.Duration `json:"at"`
	Line string        `json:"line"`
	Why  string        `json:"why"` // such as "a blank line"
}

func (m Mute) String() string {
	when := "at " + Time(m.At)
	if m.At < 0 {
		when = "before the first request"
	}
	text := fmt.Sprintf("%s became mute %s, when it printed a line that Maelstrom does not accept (%s)", m.Node, when, m.Why)
	if line := strings.TrimSpace(m.Line); line != "" {
		text += ": " + line
		if !strings.HasPrefix(line, "{") {
			text += " (use stderr for logs)"
		}
	}
	return text
}

// A Remark is about a line that Maelstrom accepts, and that a stricter parser
// would refuse.
type Remark struct {
	Node string        `json:"node"`
	At   time.Duration `json:"at"`
	Line string        `json:"line"`
	Text string        `json:"text"`
}

func (r Remark) String() string {
	return strings.TrimPrefix(fmt.Sprintf("%s: %s: %s", r.Node, r.Text, r.Line), ": ")
}

// Notes returns a line for each kind of remark.
func (l Lives) Notes() []string {
	var lines []string
	for _, g := range grouped(l.Remarks, func(r Remark) string { return Kind(r.Text) }) {
		lines = append(lines, andMore(g.first.String(), g.n))
	}
	return lines
}

// An Exit is how a node's life ended.
type Exit struct {
	Node   string `json:"node"`
	Life   int    `json:"life"`   // 0 is the first
	Code   int    `json:"code"`   // of a process: -1 if a signal ended it; of a Program: 1 if it returned an error
	Forced bool   `json:"forced"` // it had not ended 2 s after the end of its input
}
