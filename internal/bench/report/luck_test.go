package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/rivals"
	"maelstrom-counter/internal/bench/verdict"
)

// told returns what LuckOf tells of a run with these entries.
func told(t *testing.T, r *maelstromtest.Result, entries []journal.Entry) string {
	t.Helper()
	folder := t.TempDir()
	f, err := os.Create(filepath.Join(folder, MessagesFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := journal.Write(f, e); err != nil {
			t.Fatal(err)
		}
	}
	f.Close()
	text, err := LuckOf(folder, r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Chance is only mentioned for final reads, and only if the store could have
// given an older value and the node did nothing about it.
func TestWhatSeqKVCouldHaveAnsweredIsTold(t *testing.T) {
	final := func(node string) maelstromtest.Op {
		return maelstromtest.Op{F: "read", Node: node, Value: int64(3), Invoke: 10 * time.Second, Complete: 10*time.Second + 5*ms, Outcome: maelstromtest.OK, Final: true}
	}
	earlier, refused := final("n3"), final("n4")
	earlier.Final, refused.Outcome = false, maelstromtest.Fail
	r := &maelstromtest.Result{History: []maelstromtest.Op{earlier, final("n0"), final("n1"), final("n2"), refused}}
	r.MaelstromValid = true
	id := 0
	ask := func(at time.Duration, node, request string, a journal.Answer) []journal.Entry {
		id++
		return []journal.Entry{
			{Time: at, What: journal.Received, ID: id, Src: node, Dest: "seq-kv", Body: journal.Raw(request)},
			{Time: at, What: journal.Answered, ID: id, Src: node, Dest: "seq-kv", Answer: &a},
		}
	}
	const read, swap = `{"type":"read","key":"k"}`, `{"type":"cas","key":"k"}`
	change := func(state int) journal.Answer {
		return journal.Answer{State: state, Newest: state, Changed: true, Key: journal.Raw(`"k"`), Value: journal.Raw("1234567"[state : state+1])}
	}
	newest := journal.Answer{State: 2, Newest: 2}
	before := append(ask(0, "n9", swap, change(0)), ask(0, "n9", swap, change(1))...)
	at := 10*time.Second + 2*ms
	const want = `chance: seq-kv had a choice for 1 of 3 final reads. For the final read of n1 it could answer the read of "k" from any of 3 states, ` +
		`and 2 of them hold an older value. It chooses at random.`
	for name, test := range map[string]struct {
		during []journal.Entry
		want   string
	}{
		"a plain read":                {ask(at, "n1", read, newest), want},
		"at the first instant":        {ask(10*time.Second, "n1", read, newest), want},
		"at the last instant":         {ask(10*time.Second+5*ms, "n1", read, newest), want},
		"of two nodes":                {append(ask(at, "n1", read, newest), ask(at, "n2", read, newest)...), strings.Replace(want, "1 of 3 f", "2 of 3 f", 1)},
		"a second read":               {append(ask(at, "n1", read, newest), ask(at, "n1", read, newest)...), want},
		"before":                      {ask(10*time.Second-1, "n1", read, newest), ""},
		"after":                       {ask(10*time.Second+5*ms+1, "n1", read, newest), ""},
		"of a read that is not final": {ask(at, "n3", read, newest), ""},
		"of one that was refused":     {ask(at, "n4", read, newest), ""},
		"then a change":               {append(ask(at, "n1", read, newest), ask(at+ms, "n1", swap, change(2))...), ""},
		"of the newest state":         {ask(at, "n9", read, newest), ""},
		"a write that may change it":  {append(ask(0, "n9", `{"type":"write","key":"k","value":9}`, journal.Answer{State: 2, Newest: 2, Unsure: true}), ask(at, "n1", read, newest)...), ""},
		"messages are missing":        {append(ask(at, "n1", read, newest), journal.Entry{What: journal.Gap}), ""},
	} {
		if got := told(t, r, append(before[:len(before):len(before)], test.during...)); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	one := append(ask(0, "n9", swap, change(0)), ask(at, "n1", read, journal.Answer{State: 1, Newest: 1})...)
	if got := told(t, r, one); !strings.HasSuffix(got, " from any of 2 states, and 1 of them holds an older value. It chooses at random.") {
		t.Errorf("with a single older state: %q", got)
	}
	r.MaelstromValid = false
	if got := told(t, r, append(before, ask(at, "n1", read, newest)...)); got != "" {
		t.Errorf("of an invalid run, %q", got)
	}
	r.MaelstromValid = true
	run := Run{Result: r, Luck: want}
	if lines := run.Beyond(); len(lines) != 2 || lines[1] != "  "+want {
		t.Errorf("beyond Maelstrom: %q", lines)
	}
}

func TestLuckNeedsAJournalThatCanBeRead(t *testing.T) {
	folder, r := t.TempDir(), sample().Result
	if text, err := LuckOf(folder, r); text != "" || err != nil {
		t.Errorf("without messages: %q, %v", text, err)
	}
	path := filepath.Join(folder, MessagesFile)
	if err := os.WriteFile(path, []byte("{"), 0o666); err != nil {
		t.Fatal(err)
	}
	want := "cannot tell what was luck: messages.jsonl: journal: line 1: "
	if _, err := LuckOf(folder, r); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
}

// Among the runs of the loop that reads plainly there are some that are valid
// by chance, as there are some that are not valid.
func TestTheRunsOfAPlainLoopAreValidByChance(t *testing.T) {
	rival, err := rivals.Named("cas")
	if err != nil {
		t.Fatal(err)
	}
	lucky, valid := 0, 0
	const seeds = 8
	for seed := range uint64(seeds) {
		r, entries := maelstromtest.Record(t, maelstromtest.Config{Rate: 100, TimeLimit: 5 * time.Second, Seed: seed}, rival.Program)
		if r.MaelstromValid {
			valid++
		}
		if told(t, r, entries) != "" {
			lucky++
		}
	}
	if valid == 0 || valid == seeds || lucky == 0 || lucky > valid {
		t.Errorf("%d of %d runs are valid, %d by chance", valid, seeds, lucky)
	}
}

func TestLateReadsOfAValidRunAreCounted(t *testing.T) {
	e := counted(verdict.Eventual, true)
	read := e.History[1]
	late := func(at time.Duration, value int64, final bool) verdict.Op {
		read.Invoke, read.Complete, read.Value, read.Final = at, at+ms, value, final
		return read
	}
	if got := judged(e).Late(); got != "" {
		t.Errorf("of no late read, %q", got)
	}
	unanswered := late(25*ms, 0, false)
	unanswered.Outcome = verdict.Info
	e.History = append(e.History[:2:2], late(20*ms, 0, false), unanswered, late(30*ms, 1, false),
		late(40*ms, 9, false), late(50*ms, 9, false), e.History[2]) // more than had been added is not late
	const want = "late: 3 reads, 1 of them final, returned less than had been acknowledged or read before they began. " +
		"The final read of n1 missed the most: 7."
	if got := judged(e).Late(); got != want {
		t.Errorf("%q, not %q", got, want)
	}
	lost(&e)
	for name, run := range map[string]Run{"an invalid run": judged(wrongAtTheEnd(e)), "no counter": {Result: &maelstromtest.Result{}}} {
		if got := run.Late(); got != "" {
			t.Errorf("of %s, %q", name, got)
		}
	}
}

func wrongAtTheEnd(e verdict.Evidence) verdict.Evidence {
	e.History[len(e.History)-1].Value = int64(0)
	return e
}
