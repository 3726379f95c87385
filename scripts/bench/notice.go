//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/verdict"
)

const (
	maxNotices = 3  // of one node
	maxLines   = 32 // of one node's standard error that are kept
)

// A herald says on the screen what happens to nodes and messages, as soon as it
// happens.
type herald struct {
	to         *screen
	look       look
	prefix     string
	send, recv bool // messages are shown
	log        bool // what nodes write to stderr is shown

	ready  bool     // all nodes are ready
	early  []string // notices from before that: they are of no use if the run does not start
	stderr map[string][]string
	told   map[string]int // notices by node
}

func newHerald(to *screen, l look, prefix string, o options) *herald {
	return &herald{
		to: to, look: l, prefix: prefix, send: o.logSend, recv: o.logRecv, log: o.logStderr,
		stderr: map[string][]string{}, told: map[string]int{},
	}
}

// watch is called with each entry of the journal.
func (h *herald) watch(e maelstromtest.Entry) {
	switch e.What {
	case maelstromtest.Sent:
		h.message(e, h.send)
	case maelstromtest.Received, maelstromtest.Lost, maelstromtest.Blocked:
		h.message(e, h.recv)
	case maelstromtest.Started:
		delete(h.stderr, e.Node)
	case maelstromtest.ToStderr:
		lines := append(h.stderr[e.Node], e.Text)
		h.stderr[e.Node] = slices.Clone(lines[max(0, len(lines)-maxLines):])
		if h.log {
			fmt.Fprintf(h.to, "%9.4f s  stderr   %s  %s\n", e.Time.Seconds(), e.Node, e.Text)
		}
	case maelstromtest.Crashed:
		why := e.Text
		if line := journal.Telling(h.stderr[e.Node]); line != "" {
			why += ": " + line
		}
		h.notice(e, "crashed %s: %s", h.when(e), why)
	case maelstromtest.Muted:
		h.notice(e, "became mute %s: it printed a line that Maelstrom does not accept (%s)%s", h.when(e), e.Why, quoted(e.Text))
	case maelstromtest.Pending:
		h.notice(e, "has printed %d bytes without a newline %s%s", len(e.Text), h.when(e), quoted(e.Text))
	}
}

// message shows what happened to a message.
func (h *herald) message(e maelstromtest.Entry, shown bool) {
	if shown {
		fmt.Fprintf(h.to, "%9.4f s  %-7s  %s -> %s  %s\n", e.Time.Seconds(), e.What, e.Src, e.Dest, oneLine(e.Body))
	}
}

// oneLine returns JSON on one line.
func oneLine(body json.RawMessage) string {
	var line bytes.Buffer
	if json.Compact(&line, body) != nil {
		return string(body)
	}
	return line.String()
}

// notice says what happened to a node, unless enough was said of it already.
func (h *herald) notice(e maelstromtest.Entry, format string, args ...any) {
	if h.told[e.Node] == maxNotices {
		return
	}
	text := fmt.Sprintf(format, args...)
	if h.told[e.Node]++; h.told[e.Node] == maxNotices {
		text += " (more of this node is not shown here)"
	}
	line := fmt.Sprintf("%s%s %s\n", h.prefix, h.look.paint(red, e.Node), printable(text))
	if h.ready {
		_, _ = io.WriteString(h.to, line)
	} else {
		h.early = append(h.early, line)
	}
}

// begin is called when all nodes are ready.
func (h *herald) begin() {
	h.ready = true
	for _, line := range h.early {
		_, _ = io.WriteString(h.to, line)
	}
}

// quoted shows what a node has printed, after a colon, if there is anything to
// be seen.
func quoted(line string) string {
	const most = 200
	shown := []rune(line[:min(len(line), most*utf8.UTFMax)]) // it may be very long
	switch {
	case strings.TrimSpace(line) == "":
		return ""
	case len(shown) > most:
		line = string(shown[:most]) + "…"
	}
	return ": " + line
}

// printable replaces the characters that would do something to a terminal, and
// tabs by four spaces.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return utf8.RuneError
		}
		return r
	}, strings.ReplaceAll(line, "\t", "    "))
}

// when shows when something happened. Times count from when all nodes are
// ready, and before that from the start.
func (h *herald) when(e maelstromtest.Entry) string {
	if !h.ready {
		return verdict.Time(e.Time) + " after the start"
	}
	return "at " + verdict.Time(e.Time)
}
