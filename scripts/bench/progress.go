//go:build unix

package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/report"
)

// defaultColumns is the assumed width of a terminal that does not tell its
// width.
const defaultColumns = 80

// A progress shows how far a run has come. On a terminal it overwrites one
// line. Elsewhere it writes a new line every two seconds.
type progress struct {
	w       io.Writer
	columns func() int // the width of the terminal; nil if there is none
	limit   time.Duration
	prefix  string
	shown   bool
}

// columns returns a function that returns the width of a terminal, or nil if w
// is not a terminal.
func columns(w io.Writer) func() int {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	return func() int {
		width, _, err := term.GetSize(int(file.Fd()))
		if err != nil || width <= 0 {
			return defaultColumns
		}
		return width
	}
}

// show is called when all nodes are ready, and then once a second.
func (p *progress) show(now maelstromtest.Progress) {
	second := int(now.Elapsed.Round(time.Second) / time.Second)
	if second == 0 || p.columns == nil && second%2 != 0 {
		return
	}
	p.shown = true
	if p.columns == nil {
		fmt.Fprintln(p.w, p.line(second, now, defaultColumns))
		return
	}
	// A line of full width would make some terminals scroll.
	fmt.Fprintf(p.w, "\r%s\x1b[K", p.line(second, now, p.columns()-1))
}

// line returns the line of a second, with at most width characters. If it does
// not fit, the names of the faults are left out first, and then the latency.
func (p *progress) line(second int, now maelstromtest.Progress, width int) string {
	count := fmt.Sprintf("%d requests", now.Invoked)
	for _, outcome := range []struct {
		n    int
		name string
	}{{now.OK, "ok"}, {now.Refused, "refused"}, {now.Unknown, "unknown"}} {
		if outcome.n > 0 {
			count += fmt.Sprintf(", %d %s", outcome.n, outcome.name)
		}
	}
	var p99 string
	if now.P99 > 0 {
		p99 = "p99 " + report.Milliseconds(now.P99)
	}
	names := strings.Join(now.Faults, ", ")
	number, _, _ := strings.Cut(names, " ")
	if len(now.Faults) > 1 {
		number = fmt.Sprintf("%d faults", len(now.Faults))
	}
	start := fmt.Sprintf("%s%3d s", p.prefix, second)
	var line string
	for _, parts := range [][]string{
		{start, count, p99, now.Waiting, names},
		{start, count, p99, now.Waiting, number},
		{start, count, now.Waiting, number},
		{start, now.Waiting, count},
	} {
		line = strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "  ")
		if utf8.RuneCountInString(line) <= width {
			return line
		}
	}
	return string([]rune(line)[:max(0, width)])
}

// end clears the line on a terminal.
func (p *progress) end() {
	if p.columns != nil && p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// A shared writer is for several goroutines: the nodes' logs and the progress
// may come at once.
type shared struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}
