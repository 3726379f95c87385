package story

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

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
	for _, says := range []string{"n0 did not answer an add of 1 in time", "n0 sent seq-kv 9214 times", "seq-kv sent n0 9213 times"} {
		if !strings.Contains(s.Caption, says) {
			t.Errorf("it doesn't say %q:\n%s", says, s.Text())
		}
	}
}
