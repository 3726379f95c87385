package maelstromstore

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/verdict"
)

// With --nodes a,b,c there is a node whose name begins as a client's does.
func TestANodeMayBeCalledC(t *testing.T) {
	r := &reader{log: &runLog{settings: settings{Nodes: []string{"a", "b", "c"}}}}
	for i, m := range []message{
		{src: "c9", dest: "c", body: journal.Raw(`{"type":"read","msg_id":1}`), kind: "read", msgID: "1"},
		{src: "c", dest: "a", body: journal.Raw(`{"type":"read","msg_id":1}`), kind: "read", msgID: "1"},
		{src: "a", dest: "c", body: journal.Raw(`{"type":"read_ok","in_reply_to":1}`), kind: "read_ok", inReplyTo: "1"},
		{src: "c", dest: "c9", body: journal.Raw(`{"type":"read_ok","in_reply_to":1}`), kind: "read_ok", inReplyTo: "1"},
	} {
		m.sent, m.recv = 2*i+1, 2*i+2
		r.events = append(r.events, event{msg: &m}, event{msg: &m, recv: true})
	}
	all, clients := r.requestsOf()
	if !reflect.DeepEqual(clients, map[string][]string{"c": {"c9"}}) || len(all["c9"]) != 1 || all["c9"][0].answer == nil || len(r.strays) > 0 {
		t.Errorf("clients %v, requests %v, strays %v", clients, all, r.strays)
	}
}

// A client has one answer to a request. It has no use for others, be they again
// to that request or to none. An init is not among the requests.
func TestWhichMessagesAreAnswers(t *testing.T) {
	r := &reader{log: &runLog{settings: settings{Nodes: []string{"n0"}}}}
	for i, m := range []message{
		{src: "c1", dest: "n0", kind: "init", msgID: "1"},
		{src: "n0", dest: "c1", kind: "init_ok", inReplyTo: "1"},
		{src: "n0", dest: "c1", kind: "init_ok", inReplyTo: "1"},
		{src: "c2", dest: "n0", kind: "read", msgID: "1"},
		{src: "n0", dest: "c2", kind: "read_ok", inReplyTo: "1"}, // 4
		{src: "n0", dest: "c2", kind: "read_ok", inReplyTo: "1"},
		{src: "n0", dest: "c2", kind: "read_ok", inReplyTo: "9"}, // 6
		{src: "c2", dest: "n0", kind: "read", msgID: "2"},
		{src: "n0", dest: "c2", kind: "read_ok", inReplyTo: "1"}, // 8
		{src: "n0", dest: "c2", kind: "read_ok", inReplyTo: "2"},
		{src: "c2", dest: "n0", kind: "read", msgID: "3"},
	} {
		m.id = int64(i)
		at := time.Duration(10 * i)
		r.events = append(r.events, event{at: at, msg: &m}, event{at: at + 5, msg: &m, recv: true})
	}
	all, clients := r.requestsOf()
	var got []string
	for _, q := range all["c2"] {
		answer := "none"
		if q.answer != nil {
			answer = fmt.Sprintf("%d at %d", q.answer.id, q.came)
		}
		got = append(got, fmt.Sprintf("%s at %d: %s", q.msgID, q.at, answer))
	}
	for _, s := range r.strays {
		got = append(got, fmt.Sprintf("%d at %d twice %v", s.id, s.at, s.twice))
	}
	want := []string{"1 at 30: 4 at 45", "2 at 70: 9 at 95", "3 at 100: none",
		"5 at 55 twice true", "6 at 65 twice false", "8 at 85 twice true"}
	if !slices.Equal(got, want) || len(all) != 1 || !reflect.DeepEqual(clients, map[string][]string{"n0": {"c2"}}) {
		t.Errorf("%q of %v, want %q", got, clients, want)
	}
}

// What a process has logged must not contradict its client's messages. Each
// request is followed by its answer, if it has one.
func TestWhichRequestsMayBeThoseOfAProcess(t *testing.T) {
	ops := []*logged{
		{0, verdict.Op{F: "add", Value: int64(3), Outcome: verdict.OK}},
		{0, verdict.Op{F: "read", Value: int64(5), Outcome: verdict.OK}},
		{0, verdict.Op{F: "read", Outcome: verdict.Info}}, // its answer was refused
		{0, verdict.Op{F: "read", Outcome: verdict.Info, Unanswered: true}},
	}
	const add, added, read = `{"type":"add","delta":3}`, `{"type":"add_ok"}`, `{"type":"read"}`
	const five, odd = `{"type":"read_ok","value":5}`, `{"type":"read_ok","value":5,"x":1}`
	for _, test := range []struct {
		name   string
		bodies []string // requests and answers in turn
		want   int
	}{
		{"none", nil, 0},
		{"some", []string{add, added, read, five}, 2},
		{"all", []string{add, added, read, five, read, odd, read, ""}, 4},
		{"answers that are not recorded", []string{add, "", read, "", read, "", read, ""}, 4},
		{"more", []string{add, added, read, five, read, odd, read, "", read, ""}, 0},
		{"another kind", []string{read, ""}, 0},
		{"another delta", []string{`{"type":"add","delta":4}`, added}, 0},
		{"another value", []string{add, added, read, `{"type":"read_ok","value":6}`}, 0},
		{"an answer too many", []string{add, added, read, five, read, odd, read, five}, 0},
	} {
		var requests []*request
		for i := 0; i < len(test.bodies); i += 2 {
			kind := "read"
			if strings.Contains(test.bodies[i], "add") {
				kind = "add"
			}
			q := &request{message: &message{kind: kind, body: journal.Raw(test.bodies[i])}}
			if answer := test.bodies[i+1]; answer != "" {
				q.answer = &message{body: journal.Raw(answer)}
			}
			requests = append(requests, q)
		}
		if got := alike(ops, requests); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

// The messages tell more than the log. What they do not tell is the log's.
func TestWhatIsKnownOfARequest(t *testing.T) {
	const second = 1000 * ms
	ok := verdict.Op{F: "read", Value: int64(5), Invoke: 5 * ms, Complete: 9 * ms, Outcome: verdict.OK}
	failed := verdict.Op{F: "read", Invoke: 5 * ms, Complete: 9 * ms, Outcome: verdict.Info, Text: "of the log"}
	late := verdict.Op{F: "read", Invoke: 5 * ms, Complete: 5009 * ms, Outcome: verdict.Info, Text: "no answer", Unanswered: true}
	open := verdict.Op{F: "read", Invoke: 5 * ms, Complete: never, Outcome: verdict.Info}
	beyond := open
	beyond.Invoke = 9 * second
	for _, test := range []struct {
		name   string
		logged verdict.Op
		answer string
		want   verdict.Op
	}{
		{"an answer", ok, `{"type":"read_ok","value":5}`, verdict.Op{Value: int64(5), Complete: 7 * ms, Outcome: verdict.OK}},
		{"an answer that is not recorded", ok, "", verdict.Op{Value: int64(5), Complete: 9 * ms, Outcome: verdict.OK}},
		{"an answer with too much", ok, `{"type":"read_ok","value":5,"x":1}`,
			verdict.Op{Value: int64(5), Complete: 7 * ms, Text: `read_ok has a field "x": 1`, Outcome: verdict.Info, Malformed: true}},
		{"an error", failed, `{"type":"error","code":11,"text":"of the node"}`,
			verdict.Op{Complete: 7 * ms, Outcome: verdict.Fail, Error: true, Code: 11, Text: "of the node"}},
		{"what Maelstrom has refused", failed, `{"type":"read_ok","value":5}`,
			verdict.Op{Value: int64(5), Complete: 7 * ms, Outcome: verdict.OK}},
		{"another failure", failed, "", verdict.Op{Complete: 9 * ms, Outcome: verdict.Info, Text: "of the log"}},
		{"no answer in time", late, "", verdict.Op{Complete: 5005 * ms, Outcome: verdict.Info, Text: "no answer", Unanswered: true}},
		{"the end before it was sent", beyond, "",
			verdict.Op{Complete: 9 * second, Outcome: verdict.Info, Text: "no answer before the end"}},
		{"the end", open, "", verdict.Op{Complete: 8 * second, Outcome: verdict.Info, Text: "no answer before the end"}},
	} {
		r := &reader{Run: &Run{}, log: &runLog{last: 8 * second, settings: settings{Nodes: []string{"n0", "n1"}, Concurrency: 6}}}
		r.cfg.ClientTimeout = 5 * second
		r.log.ops = []*logged{{9, test.logged}}
		r.events = []event{{at: second, msg: &message{src: "c7", dest: "n1", kind: "read", msgID: "1"}}}
		if test.answer != "" {
			answer := &message{src: "n1", dest: "c7", inReplyTo: "1", body: journal.Raw(test.answer)}
			r.events = append(r.events, event{at: second + 2*ms, recv: true, msg: answer})
		}
		want := test.want
		want.F, want.Worker, want.Node, want.Client, want.Invoke = "read", 3, "n1", "c7", test.logged.Invoke
		if got := r.history(); len(got) != 1 || !reflect.DeepEqual(got[0], want) || r.coarse != 0 || r.Notes != nil {
			t.Errorf("%s: %+v, want %+v; %d, %q", test.name, got, want, r.coarse, r.Notes)
		}
	}
}

// Of fifty differences between the clocks, one may be false. A match is false
// that is more than a second off, or 50 ms if the journal is not whole.
func TestWhereTheClocksMeet(t *testing.T) {
	for _, test := range []struct {
		ended       bool
		differences map[time.Duration]int // how many there are of each
		origin      time.Duration
		found       int
	}{
		{true, map[time.Duration]int{7 * ms: 1}, 7 * ms, 1},
		{false, map[time.Duration]int{-43 * ms: 1, 7 * ms: 58, 57 * ms: 1}, 7 * ms, 60},
		{false, map[time.Duration]int{-43*ms - 1: 1, 7 * ms: 58, 57*ms + 1: 1}, 7 * ms, 58},
		{true, map[time.Duration]int{-500 * ms: 1, 7 * ms: 48}, -500 * ms, 49},
		{true, map[time.Duration]int{-500 * ms: 1, 7 * ms: 49}, 7 * ms, 50},
		{true, map[time.Duration]int{7*ms - time.Second: 1, 7 * ms: 58, 7*ms + time.Second: 1}, 7 * ms, 60},
		{true, map[time.Duration]int{7*ms - time.Second - 1: 1, 7 * ms: 58, 7*ms + time.Second + 1: 1}, 7 * ms, 58},
	} {
		r, found := &reader{ended: test.ended}, map[*logged]*request{}
		for d, n := range test.differences {
			for range n {
				invoke := time.Duration(len(found)) * time.Second
				found[&logged{0, verdict.Op{Invoke: invoke}}] = &request{at: invoke + d}
			}
		}
		if r.setOrigin(found); r.origin != test.origin || len(found) != test.found {
			t.Errorf("%v: origin %v, %d found", test.differences, r.origin, len(found))
		}
	}
}

// If no request is found in the journal, the times of its events are unknown.
func TestAJournalOfOtherRequests(t *testing.T) {
	r := &reader{Run: &Run{}, ended: true, log: &runLog{settings: settings{Nodes: []string{"n0"}, Concurrency: 1}}}
	r.log.ops = []*logged{{0, verdict.Op{F: "read", Invoke: 5 * ms, Complete: 9 * ms, Outcome: verdict.Info}}}
	r.events = []event{{at: 7 * ms, msg: &message{src: "c1", dest: "n0", kind: "add", sent: 1}}}
	history := r.history()
	want := []verdict.Op{{Node: "n0", F: "read", Invoke: 4 * ms, Complete: 9 * ms, Outcome: verdict.Info}}
	if !reflect.DeepEqual(history, want) {
		t.Errorf("%+v, want %+v", history, want)
	}
	if r.events != nil || r.ended || r.coarse != 1 || len(r.Notes) != 1 {
		t.Errorf("%d events, ended %v, coarse %d, notes %q", len(r.events), r.ended, r.coarse, r.Notes)
	}
}

// Without messages, it is not known how long a node ran.
func TestALifeWithoutMessages(t *testing.T) {
	r := &reader{log: &runLog{lives: verdict.Lives{Crashes: []verdict.Crash{{Node: "n0"}}, Mutes: []verdict.Mute{{Node: "n0", At: -5 * ms}, {Node: "n1", At: 5 * ms}}}}}
	r.placeLives(fstest.MapFS{})
	if l := r.log.lives; l.Crashes[0].At != -1 || l.Mutes[0].At >= 0 || l.Mutes[1].At != 5*ms {
		t.Errorf("%+v", l)
	}
}

// A node was alive, and not mute, as long as it sent something.
func TestALifeWithMessages(t *testing.T) {
	r := journalOf("10 send 1 n0 n1 x", "20 send 2 n1 n0 x", "30 recv 1", "30 recv 2")
	r.log.lives.Crashes = []verdict.Crash{{Node: "n0"}}
	r.log.lives.Mutes = []verdict.Mute{{Node: "n0", At: 9 * ms}, {Node: "n1", At: 21 * ms}}
	r.placeLives(fstest.MapFS{})
	if l := r.log.lives; l.Crashes[0].At != 10*ms || l.Mutes[0].At != 10*ms || l.Mutes[1].At != 21*ms {
		t.Errorf("%+v", l)
	}
}

// The log's milliseconds, taken as widely as they may be meant, hide what is
// out of order by less.
func TestMillisecondsDoNotShowOrder(t *testing.T) {
	for coarse, want := range map[int]verdict.Status{0: verdict.Passed, 1: verdict.NotChecked} {
		r := &reader{Run: &Run{}, log: &runLog{}, coarse: coarse}
		v := verdict.Judge(r.evidence([]verdict.Op{{F: "read", Value: int64(0), Complete: ms, Outcome: verdict.OK, Final: true}}), maelstromtest.GCounter{})
		for _, name := range []string{verdict.ReadsInOrder, verdict.IsLinearizable} {
			if got := v.Check(name); got.Status != want {
				t.Errorf("%d: %+v, want %s", coarse, got, want)
			}
		}
	}
}

// Workers log their first operations in one order, and may send the requests in
// another.
func TestClientsMayBeginInAnotherOrder(t *testing.T) {
	r := &reader{log: &runLog{settings: settings{Nodes: []string{"n0"}, Concurrency: 2}}}
	for process, f := range []string{"read", "add"} {
		r.log.ops = append(r.log.ops, &logged{process, verdict.Op{F: f}})
	}
	for i, m := range []message{
		{src: "c2", dest: "n0", body: journal.Raw(`{"type":"add","msg_id":1}`), kind: "add"},
		{src: "c1", dest: "n0", body: journal.Raw(`{"type":"read","msg_id":1}`), kind: "read"},
	} {
		m.sent = i + 1
		r.events = append(r.events, event{msg: &m})
	}
	if found := r.match(); len(found) != 2 || found[r.log.ops[0]].src != "c1" || found[r.log.ops[1]].src != "c2" {
		t.Errorf("%+v", found)
	}
}

// A process's client is among the first twice as many as there are workers. So
// the time to find it does not grow with the run.
func TestHowFarClientsAreLookedFor(t *testing.T) {
	for others, want := range map[int]int{3: 1, 4: 0} {
		r := &reader{log: &runLog{settings: settings{Nodes: []string{"n0"}, Concurrency: 2}, ops: []*logged{{0, verdict.Op{F: "read"}}}}}
		for i := range others + 1 {
			m := &message{src: fmt.Sprint("c", i), dest: "n0", kind: "add"}
			if i == others {
				m.kind = "read"
			}
			r.events = append(r.events, event{msg: m})
		}
		if found := r.match(); len(found) != want {
			t.Errorf("behind %d others, %d are found, want %d", others, len(found), want)
		}
	}
}

// A run that is broken off while Maelstrom stops the nodes has all requests.
func TestWhetherNodesHaveCrashedIsKnownAfterAll(t *testing.T) {
	for stopped, want := range map[bool]verdict.Status{false: verdict.NotChecked, true: verdict.Passed} {
		r := &reader{Run: &Run{}, log: &runLog{done: true, stopped: stopped}}
		if got := verdict.Judge(r.evidence(nil), maelstromtest.GCounter{}).Check(verdict.NoCrash); got.Status != want {
			t.Errorf("stopped %v: %+v, want %s", stopped, got, want)
		}
	}
}
