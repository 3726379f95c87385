package maelstromstore

import (
	"reflect"
	"testing"
	"testing/fstest"

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

// Without messages, nobody knows how long a node ran.
func TestALifeWithoutMessages(t *testing.T) {
	r := &reader{log: &runLog{lives: verdict.Lives{Crashes: []verdict.Crash{{Node: "n0"}}, Mutes: []verdict.Mute{{Node: "n0", At: -5 * ms}, {Node: "n1", At: 5 * ms}}}}}
	r.placeLives(fstest.MapFS{})
	if l := r.log.lives; l.Crashes[0].At != -1 || l.Mutes[0].At >= 0 || l.Mutes[1].At != 5*ms {
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

// A run that is broken off while Maelstrom stops the nodes has all requests.
func TestWhetherNodesHaveCrashedIsKnownAfterAll(t *testing.T) {
	for stopped, want := range map[bool]verdict.Status{false: verdict.NotChecked, true: verdict.Passed} {
		r := &reader{Run: &Run{}, log: &runLog{done: true, stopped: stopped}}
		if got := verdict.Judge(r.evidence(nil), maelstromtest.GCounter{}).Check(verdict.NoCrash); got.Status != want {
			t.Errorf("stopped %v: %+v, want %s", stopped, got, want)
		}
	}
}
