//go:build unix

package main

import (
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// What happens to nodes is told once all are ready, a few times for each node,
// and in one line.
func TestWhatHappensToNodesIsTold(t *testing.T) {
	var out strings.Builder
	h := newHerald(&screen{w: &out}, look{}, "run 1  ", options{})
	crash := maelstromtest.Entry{Time: 2310 * time.Millisecond, What: maelstromtest.Crashed, Node: "n1", Text: "exit status 1"}
	h.watch(maelstromtest.Entry{Time: 900 * time.Millisecond, What: maelstromtest.Muted, Node: "n0", Why: "a blank line"})
	if out.String() != "" {
		t.Errorf("told is %s, although the run may not start", out.String())
	}
	h.begin()
	for _, line := range strings.Split(strings.Repeat("starting\n", 2*maxLines)+"Traceback (most recent call last):\n  File \"x\"\nTypeError: delta of undefined", "\n") {
		h.watch(maelstromtest.Entry{What: maelstromtest.ToStderr, Node: "n1", Text: line})
	}
	h.watch(crash)
	h.watch(maelstromtest.Entry{What: maelstromtest.Started, Node: "n1"})
	h.watch(crash) // in another life, which has printed nothing
	h.watch(maelstromtest.Entry{Time: 300 * time.Millisecond, What: maelstromtest.Muted, Node: "n2", Why: "dest n9 does not exist", Text: "{\"dest\":\t\"n9\"}\x1b"})
	h.watch(maelstromtest.Entry{Time: 300 * time.Millisecond, What: maelstromtest.Muted, Node: "n2", Why: "a blank line"})
	h.watch(maelstromtest.Entry{Time: time.Millisecond, What: maelstromtest.Pending, Node: "n0", Text: strings.Repeat("x", 201)})
	h.watch(crash)
	h.watch(crash)
	h.watch(maelstromtest.Entry{What: maelstromtest.Sent, Src: "n0", Dest: "seq-kv"})
	want := "run 1  n0 became mute 900 ms after the start: it printed a line that Maelstrom does not accept (a blank line)\n" +
		"run 1  n1 crashed at 2.31 s: exit status 1: TypeError: delta of undefined\n" +
		"run 1  n1 crashed at 2.31 s: exit status 1\n" +
		"run 1  n2 became mute at 300 ms: it printed a line that Maelstrom does not accept (dest n9 does not exist): {\"dest\":    \"n9\"}\uFFFD\n" +
		"run 1  n2 became mute at 300 ms: it printed a line that Maelstrom does not accept (a blank line)\n" +
		"run 1  n0 has printed 201 bytes without a newline at 1.0 ms: " + strings.Repeat("x", 200) + "…\n" +
		"run 1  n1 crashed at 2.31 s: exit status 1 (more of this node is not shown here)\n"
	if out.String() != want {
		t.Errorf("told is\n%s, not\n%s", out.String(), want)
	}
}

func TestMessagesAreShown(t *testing.T) {
	entry := func(what maelstromtest.What) maelstromtest.Entry {
		return maelstromtest.Entry{Time: 1234567 * time.Microsecond, What: what, Src: "n0", Dest: "seq-kv", Body: []byte("{\"type\":\n\"read\"}")}
	}
	for _, test := range []struct {
		o    options
		want string
	}{
		{options{}, ""},
		{options{logStderr: true}, "   1.0000 s  stderr   n1  hello\n"},
		{options{logSend: true}, "   1.2346 s  send     n0 -> seq-kv  {\"type\":\"read\"}\n"},
		{options{logRecv: true}, "   1.2346 s  recv     n0 -> seq-kv  {\"type\":\"read\"}\n   1.2346 s  blocked  n0 -> seq-kv  {\"type\":\"read\"}\n   1.2346 s  lost     n0 -> seq-kv  {\"type\":\"read\"}\n"},
	} {
		var out strings.Builder
		h := newHerald(&screen{w: &out}, look{}, "", test.o)
		h.watch(maelstromtest.Entry{Time: time.Second, What: maelstromtest.ToStderr, Node: "n1", Text: "hello"})
		for _, what := range []maelstromtest.What{maelstromtest.Sent, maelstromtest.Received, maelstromtest.Blocked, maelstromtest.Lost} {
			h.watch(entry(what))
		}
		if out.String() != test.want {
			t.Errorf("shown is\n%s, not\n%s", out.String(), test.want)
		}
	}
}
