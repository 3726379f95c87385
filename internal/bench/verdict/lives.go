package verdict

import (
	"fmt"
	"strings"
	"time"
)

// Lives tells what nodes did that the requests do not show.
type Lives struct {
	Crashes []Crash `json:"crashes,omitempty"`
	Strays  []Stray `json:"strays,omitempty"`
	Exits   []Exit  `json:"exits"`
}

// A Crash is a node that ended before the end of its input, with the last lines
// that it wrote.
type Crash struct {
	Node   string        `json:"node"`
	At     time.Duration `json:"at"`
	Why    string        `json:"why"`
	Stdout string        `json:"stdout"`
	Stderr string        `json:"stderr"`
}

func (c Crash) String() string {
	return fmt.Sprintf("%s crashed after %s: %s\nstdout:\n%s\nstderr:\n%s", c.Node, Time(c.At), c.Why, c.Stdout, c.Stderr)
}

// A Stray is a line that a node printed and that Maelstrom would not take: it
// is not a message, or nobody has the name of its sender or receiver.
type Stray struct {
	Node string        `json:"node"`
	At   time.Duration `json:"at"`
	Line string        `json:"line"`
	Why  string        `json:"why"`
}

func (s Stray) String() string {
	text := fmt.Sprintf("%s printed after %s a line that Maelstrom does not take (%s)", s.Node, Time(s.At), s.Why)
	if line := strings.TrimSpace(s.Line); line != "" {
		text += ": " + line
		if !strings.HasPrefix(line, "{") {
			text += " (use stderr for logs)"
		}
	}
	return text
}

// An Exit is how a node's life ended.
type Exit struct {
	Node   string `json:"node"`
	Life   int    `json:"life"`   // 0 is the first
	Code   int    `json:"code"`   // of a process: -1 if a signal ended it; of a Program: 1 if it returned an error
	Forced bool   `json:"forced"` // it had not ended 2 s after the end of its input
}
