//go:build unix

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"maelstrom-counter/internal/maelstromtest"
)

// A progress shows how far a run has come: in one line that is written over again on a terminal, and elsewhere in a new line
// every two seconds.
type progress struct {
	w        io.Writer
	terminal bool
	limit    time.Duration
	shown    bool
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// show is called once a second.
func (p *progress) show(now maelstromtest.Progress) {
	second := int(now.Elapsed.Round(time.Second) / time.Second)
	if !p.terminal && second%2 != 0 {
		return
	}
	faults := strings.Join(now.Faults, ", ")
	switch {
	case now.Elapsed > p.limit:
		faults = "at rest"
	case faults == "":
		faults = "no fault"
	}
	line := fmt.Sprintf("%3d s  %d requests, %d ok, %d errors, p99 %s, %s",
		second, now.Invoked, now.OK, now.Refused+now.Unknown, milliseconds(now.P99), faults)
	if p.terminal {
		fmt.Fprintf(p.w, "\r%s\x1b[K", line)
	} else {
		fmt.Fprintln(p.w, line)
	}
	p.shown = true
}

// end clears the line on a terminal.
func (p *progress) end() {
	if p.terminal && p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// milliseconds shows a latency with three digits or so.
func milliseconds(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	if ms < 10 {
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}

// A shared writer is for several goroutines: the nodes' logs and the progress may come at once.
type shared struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}
