package story

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/verdict"
)

// If the journal had no room for a storm, the story tells of what it has left
// out: how often the same request was made and refused.
func TestAFullJournalTellsOfTheStorm(t *testing.T) {
	r, entries, lost := casLost(t)
	ask, refuse := json.RawMessage(`{"key":"counter","type":"cas"}`), json.RawMessage(`{"code":22,"type":"error"}`)
	gap := journal.Entry{Time: entries[lost].Time, What: journal.Gap, Omitted: &journal.Omission{
		Lines: 30000, Until: r.History[0].Complete, Most: []journal.Frequent{
			{Src: "n0", Dest: "seq-kv", Body: ask, Times: 9214}, {Src: "seq-kv", Dest: "n0", Body: refuse, Times: 9213},
		},
	}}
	r.History = r.History[:1]
	r.History[0].Outcome, r.History[0].Unanswered = verdict.Info, true
	r.Checks = []verdict.Check{{Name: "every kind succeeded", Status: verdict.Wrong, Maelstrom: true}}
	isAnswer := func(e journal.Entry) bool { return e.Time > gap.Time }
	s := Tell(r, slices.DeleteFunc(slices.Insert(entries, lost, gap), isAnswer))
	if s == nil || s.Kind != Repeated {
		t.Fatalf("%+v", s)
	}
	for _, says := range []string{"n0 did not answer an add of 1 in time", `n0 sent seq-kv the same {"key":"counter","type":"cas"} 9214 times`, `seq-kv sent n0 the same {"code":22,"type":"error"} 9213 times`} {
		if !strings.Contains(s.Caption, says) {
			t.Errorf("it doesn't say %q:\n%s", says, s.Text())
		}
	}
}

// Something that is there is not taken for something that is missing.
func TestWhatIsThereIsNotTakenForWhatIsMissing(t *testing.T) {
	const ms = time.Millisecond
	ask := func(invoke, complete time.Duration) verdict.Op {
		return verdict.Op{Client: "c0", Node: "n0", F: "read", Invoke: invoke, Complete: complete, Outcome: verdict.Info}
	}
	r := claim.Result{History: []verdict.Op{ask(1*ms, 9*ms), ask(5*ms, 9*ms), ask(5*ms, 9*ms), ask(8*ms, 9*ms)}}
	r.History[3].Error = true
	message := func(at time.Duration, what journal.What, id int, src, dest, body string) journal.Entry {
		return journal.Entry{Time: at, What: what, ID: id, Src: src, Dest: dest, Body: json.RawMessage(body)}
	}
	answer := message(2*ms, journal.Answered, 3, "n0", "seq-kv", "")
	answer.Answer = &journal.Answer{}
	gap := func(at time.Duration) journal.Entry {
		return journal.Entry{Time: at, What: journal.Gap, Omitted: &journal.Omission{Lines: 1, Until: at, Missing: true}}
	}
	x := newTeller(r, []journal.Entry{
		message(2*ms, journal.Sent, 3, "n0", "seq-kv", `{"type":"read","msg_id":1}`),
		message(2*ms, journal.Received, 3, "n0", "seq-kv", ""), answer,
		gap(3 * ms), // the reply
		message(4*ms, journal.Sent, 4, "seq-kv", "n0", `{"type":"error","in_reply_to":2}`),
		message(5*ms, journal.Sent, 5, "c0", "n0", `{"type":"read","msg_id":2}`),
		message(5*ms, journal.Sent, 6, "c0", "n0", `{"type":"read","msg_id":3}`),
		message(6*ms, journal.Sent, 7, "n0", "n1", `{"type":"more"}`),
		gap(6 * ms), // another copy of it
		message(7*ms, journal.Lost, 7, "n0", "n1", ""),
		message(8*ms, journal.Sent, 8, "c0", "n0", `{"type":"read","msg_id":4}`),
		message(8*ms, journal.Sent, 9, "n0", "n1", `{"type":"more"}`),
		message(9*ms, journal.Lost, 9, "n0", "n1", ""),
	})
	for i, want := range []*Message{nil, x.byID[5], x.byID[6], x.byID[8]} {
		if got := x.ops[i].request; got != want {
			t.Errorf("operation %d began with %+v, want %+v", i, got, want)
		}
	}
	if of := x.byID[4].of; of != nil {
		t.Errorf("the reply of which the request is missing answers %+v", of)
	}
	for id, want := range map[int]claim.Fate{7: claim.Unknown, 9: claim.WasLost} {
		m := x.byID[id]
		if got := x.fateOf(m, m.Copies[0]); got != want || got != x.facts.Sent(id).Fate {
			t.Errorf("message %d: %s, want %s; the claim has %s", id, got, want, x.facts.Sent(id).Fate)
		}
	}
	for to, want := range map[int]bool{3: false, 4: true, 13: true} {
		if got := x.gapIn(0, to); got != want {
			t.Errorf("a gap before %d: %v", to, got)
		}
	}
	if x.gapIn(4, 8) || x.gapIn(9, 13) || !x.ops[0].silent() || x.ops[3].silent() {
		t.Error("there are two gaps, and an operation that was answered with an error is not silent")
	}
}

// Of a request that did not come, the story says what became of it. It says
// that something is missing if there was a claim that it could not make.
func TestARequestThatDidNotComeAndAClaimThatCannotBeMade(t *testing.T) {
	r, entries, _ := casLost(t)
	r.History = r.History[:1]
	r.History[0].Outcome, r.History[0].Unanswered = verdict.Info, true
	r.Checks = []verdict.Check{{Name: "every kind succeeded", Status: verdict.Wrong, Maelstrom: true}}
	sent := slices.IndexFunc(entries, func(e journal.Entry) bool { return e.What == journal.Sent && e.Src == r.History[0].Client })
	s := Tell(r, entries[:sent+1])
	check(t, s)
	if !strings.Contains(s.Caption, "it was not received by the end") {
		t.Errorf("%s", s.Text())
	}
	missing := journal.Entry{What: journal.Gap, Omitted: &journal.Omission{Lines: 7, Missing: true}}
	for _, dropped := range [][]claim.Claim{nil, {claim.NoService{}}} {
		x := newTeller(r, append(entries[:sent+1:sent+1], missing))
		x.dropped = dropped
		x.whatIsWrong()
		if said := slices.Contains(x.claims, claim.Claim(claim.LeftOut{At: sent + 1, Lines: 7})); said != (len(dropped) > 0) {
			t.Errorf("with %d claims that do not hold, what is missing is told: %v\n%+v", len(dropped), said, x.claims)
		}
	}
}
