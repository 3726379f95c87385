package maelstromstore

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/verdict"
)

const origin = time.Hour // of the journals of these tests

// journalOf returns the events of a journal. Each has its milliseconds, send or
// recv, and its message's number. Of each message, its first event has the
// source, the destination, the type and perhaps the body.
func journalOf(lines ...string) *reader {
	r, messages := &reader{Run: &Run{}, log: &runLog{}, origin: origin, latest: map[string]int{}}, map[string]*message{}
	r.log.Nodes = []string{"n0", "n1"}
	for _, line := range lines {
		f := append(strings.Fields(line), "")
		var at int
		fmt.Sscan(f[0], &at)
		m := messages[f[2]]
		if m == nil {
			m = &message{src: f[3], dest: f[4], kind: f[5], body: journal.Raw(f[6])}
			fmt.Sscan(f[2], &m.id)
			messages[f[2]] = m
		}
		e := event{at: origin + time.Duration(at)*ms, recv: f[1] == "recv", msg: m}
		if r.events = append(r.events, e); e.recv {
			m.recv, r.latest[m.dest] = len(r.events), max(r.latest[m.dest], m.sent)
		} else {
			m.sent = len(r.events)
		}
	}
	return r
}

// cutOf returns a cut in milliseconds, in which n1 does not hear n0.
func cutOf(start, stop time.Duration) cut {
	return cut{maelstromtest.FaultRecord{Start: start * ms, Stop: stop * ms}, map[string]map[string]bool{"n1": {"n0": true}}}
}

// shown returns the entries of a run, a line each.
func shown(r *reader) string {
	var b strings.Builder
	r.entries(func(e journal.Entry) {
		fields := []any{e.Time.Milliseconds(), e.What, e.Node, e.Src, e.Dest, e.Text, e.Why, string(e.Body)}
		if e.Src != "" && e.What != journal.LinkCut && e.What != journal.LinkMends {
			fields = append(fields, e.ID)
		}
		if e.Answer != nil {
			fields = append(fields, string(e.Answer.Value))
		}
		if e.Omitted != nil {
			fields = append(fields, map[bool]string{true: "missing"}[e.Omitted.Missing], "until", e.Omitted.Until)
		}
		b.WriteString(strings.Join(strings.Fields(fmt.Sprintln(fields...)), " ") + "\n")
	})
	return b.String()
}

func TestTheEntriesOfARun(t *testing.T) {
	r := journalOf(
		"10 recv 1 c0 n0 init {1}", // that it was sent is not recorded
		"12 send 2 c1 n1 init {2}",
		"14 recv 2",
		"15 send 3 c1 n1 init {3}",
		"20 recv 3",
		"22 send 4 n0 n1 x {4}",
		"23 send 5 n0 n1 x {5}",
		"24 recv 5",
		"25 send 6 n0 seq-kv read {6}",
		"26 recv 6",
		"27 send 7 n1 seq-kv read {7}",
		"28 recv 7",
		"30 send 8 seq-kv n1 read_ok {8}",
	)
	r.answers = map[string][]*journal.Answer{"seq-kv": {nil, {Value: journal.Raw("9")}}}
	r.log.last = 50 * ms
	r.log.cuts = []cut{cutOf(22, 24), cutOf(33, -1), cutOf(0, 0)}
	r.log.lives = verdict.Lives{
		Mutes:   []verdict.Mute{{Node: "n0", At: 25 * ms, Line: "l", Why: "w"}, {Node: "n2", At: 14 * ms}},
		Crashes: []verdict.Crash{{Node: "n1", At: 27 * ms, Why: "c"}},
	}
	r.log.stderr = []journal.Entry{
		{Time: 5 * ms, What: journal.ToStderr, Node: "n0"}, {Time: 32 * ms, What: journal.ToStderr, Node: "n1"},
	}
	const want = `0 cut n0 n1
0 mend n0 n1
5 stderr n0
10 start n0
10 send c0 n0 {1} 1
10 recv c0 n0 {1} 1
12 start n1
12 send c1 n1 {2} 2
14 recv c1 n1 {2} 2
14 mute n2
15 send c1 n1 {3} 3
20 recv c1 n1 {3} 3
22 send n0 n1 {4} 4
22 blocked n0 n1 {4} 4
22 cut n0 n1
23 send n0 n1 {5} 5
24 recv n0 n1 {5} 5
24 mend n0 n1
25 send n0 seq-kv {6} 6
25 mute n0 l w
26 recv n0 seq-kv {6} 6
27 send n1 seq-kv {7} 7
28 recv n1 seq-kv {7} 7
28 answer n1 seq-kv 7 9
30 send seq-kv n1 {8} 8
30 full missing until 30ms
32 stderr n1
33 cut n0 n1
50 crash n1 c
`
	if got := shown(r); got != want {
		t.Errorf("entries\n%s\nwant\n%s", got, want)
	}
	r.ended, r.log.last = true, 20*ms
	if got := shown(r); strings.Contains(got, "full") || !strings.HasSuffix(got, "30 crash n1 c\n32 stderr n1\n33 cut n0 n1\n") {
		t.Errorf("a run that ended: %s", got)
	}
	r.ended, r.events, r.log.cuts, r.log.stderr, r.log.lives = false, nil, nil, nil, verdict.Lives{}
	if got, want := shown(r), "20 full missing until 20ms\n"; got != want {
		t.Errorf("a run without events: %s, want %s", got, want)
	}
}

// What has the time of an event comes after it.
func TestTheEntriesOfARunWithOneEvent(t *testing.T) {
	r := journalOf("10 send 1 c2 n0 x")
	r.log.last, r.log.stderr = 50*ms, []journal.Entry{{Time: 10 * ms, What: journal.ToStderr, Node: "n0"}}
	const send, stderr = "10 send c2 n0 1\n", "10 stderr n0\n"
	if got, want := shown(r), send+"10 full missing until 10ms\n"+stderr; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	r.ended = true
	r.events[0].at++
	if got, want := shown(r), stderr+send; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestWhichMessagesWereBlocked(t *testing.T) {
	const sent, taken = 5000, 5000 + 1000 + 10*20
	other := cut{cutOf(4000, 9000).FaultRecord, map[string]map[string]bool{"n0": {"n1": true}}}
	for _, test := range []struct {
		name  string
		third string // what happens after the second message was sent
		cut   cut
		want  bool
	}{
		{"a cut", "5002 recv 2", cutOf(4000, 9000), true},
		{"its receiver may not have come to it", "5002 recv 1", cutOf(4000, 9000), false},
		{"a cut at the last moment", "5002 recv 2", cutOf(taken, 9000), true},
		{"a cut that came too late", "5002 recv 2", cutOf(taken+1, 9000), false},
		{"a cut to the end", "5002 recv 2", cutOf(4000, -1), true},
		{"a cut that had ended", "5002 recv 2", cutOf(4000, sent-1), false},
		{"a cut at the first moment", "5002 recv 2", cutOf(4000, sent), true},
		{"a cut at the start", "5002 recv 2", cutOf(0, 0), false},
		{"a cut of the other direction", "5002 recv 2", other, false},
	} {
		r := journalOf("4999 send 0 n0 n1 x", "4999 send 1 n0 n1 x", "5000 send 9 n0 n1 x", "5001 send 2 n0 n1 x", test.third)
		r.cfg.Latency, r.log.cuts = 20*ms, []cut{test.cut}
		if got := r.blocked(r.events[2].msg); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
		if received := r.events[4].msg; r.blocked(received) {
			t.Errorf("%s: what was received was blocked", test.name)
		}
	}
}

// A service answers a request before it takes the next. What it sends that is
// not the answer to its last request tells nothing of it.
func TestWhichRepliesAreReplayed(t *testing.T) {
	const write, wrote = `{"type":"write","key":"k","value":1}`, `{"type":"write_ok"}`
	const read, missing = `{"type":"read","key":"k"}`, `{"type":"error","code":20}`
	r := journalOf(
		"1 send 1 n0 seq-kv write "+write, "2 recv 1", "3 send 2 seq-kv n0 write_ok "+wrote, "4 recv 2",
		"5 send 3 n1 seq-kv read "+read, "6 recv 3", "7 send 4 seq-kv n1 error "+missing, "8 recv 4",
		"11 send 5 n0 lin-kv read "+read, "12 recv 5", "13 send 6 lin-kv n0 error "+missing, "14 recv 6",
		"21 send 7 n1 seq-kv read "+read, "22 recv 7", "23 send 8 seq-kv n0 error "+missing, // to another
		"24 send 9 n1 seq-kv read "+read, "25 recv 9", "26 send 10 seq-kv n1 error "+missing, // to another request
		"27 send 11 n1 seq-kv read "+read, "28 recv 11", // without an answer
		"29 send 12 n0 lww-kv read "+read, "30 recv 12", "31 send 13 lww-kv n0 error "+missing,
		"32 send 14 n0 seq-kv read "+read, "33 recv 14",
	)
	for i, id := range map[int][2]string{
		1: {"1", ""}, 2: {"", "1"}, 4: {"", "null"}, 5: {"2", ""}, 6: {"", "2"},
		7: {"3", ""}, 8: {"", "3"}, 9: {"4", ""}, 10: {"", "3"}, 11: {"5", ""}, 14: {"6", ""},
	} {
		for _, e := range r.events {
			if e.msg.id == int64(i) {
				e.msg.msgID, e.msg.inReplyTo = id[0], id[1]
			}
		}
	}
	r.replay()
	got := func(name string) (all []string) {
		for _, a := range r.answers[name] {
			all = append(all, fmt.Sprintf("%d of %d changed %v unsure %v", a.State, a.Newest, a.Changed, a.Unsure))
		}
		return all
	}
	unsure := "1 of 1 changed false unsure true"
	want := []string{"0 of 0 changed true unsure false", "0 of 1 changed false unsure false", unsure, unsure, unsure,
		"1 of 1 changed false unsure false"}
	if seq := got("seq-kv"); !slices.Equal(seq, want) {
		t.Errorf("seq-kv: %q, want %q", seq, want)
	}
	want = []string{"0 of 0 changed false unsure false"}
	if lin := got("lin-kv"); !slices.Equal(lin, want) || len(r.answers) != 2 || len(r.Notes) > 0 {
		t.Errorf("lin-kv: %q, of %d, notes %q", lin, len(r.answers), r.Notes)
	}
}
