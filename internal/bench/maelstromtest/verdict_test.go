package maelstromtest

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/verdict"
)

// Err is nil if and only if no check is wrong, be it one of Maelstrom's or a
// stricter one.
func TestErrIsNilOnlyIfTheRunWasRight(t *testing.T) {
	result := func(checks ...Check) *Result {
		return &Result{Workload: "w", Verdict: verdict.Judge(verdict.Evidence{History: []Op{{Outcome: OK}}, Complete: true}, these(checks))}
	}
	wrong := NewCheck("b", "bs", []string{"b is not so"})
	for name, test := range map[string]struct {
		r            *Result
		right, valid bool
		err          string
	}{
		"ok":                       {result(NewCheck("a", "as", nil).ByMaelstrom()), true, true, ""},
		"not checked":              {result(NewCheck("a", "as", nil), verdict.Skipped("b", "too long")), true, true, ""},
		"wrong, strictly":          {result(NewCheck("a", "as", nil), wrong), false, true, "b is not so"},
		"wrong by Maelstrom":       {result(wrong.ByMaelstrom(), verdict.Skipped("c", "too long")), false, false, "b is not so"},
		"wrong without a finding":  {result(Check{Name: "d", Status: Wrong}), false, true, "d: wrong"},
		"wrong with a mere detail": {result(Check{Name: "d", Status: Wrong, Detail: "just so"}), false, true, "d: wrong: just so"},
	} {
		err := test.r.Err()
		if test.r.Right != test.right || test.r.MaelstromValid != test.valid || (err == nil) != test.right {
			t.Errorf("%s: %+v, error %v", name, test.r.Verdict, err)
		}
		if err != nil && !strings.HasSuffix(err.Error(), "\n"+test.err) {
			t.Errorf("%s: error %v, want %q", name, err, test.err)
		}
	}
}

// These are the checks of a workload that makes no others.
type these []Check

func (c these) Check([]Op) ([]Check, any) { return c, nil }

// Each check reports a bounded number of findings, and causes come before what
// may follow from them.
func TestACrashIsNotBuried(t *testing.T) {
	// Each node counts for itself alone, so that many reads are out of order,
	// until it ends too soon.
	r := Simulate(t, Config{Rate: 100, TimeLimit: 20 * time.Second, Seed: 1}, func(env Env) error {
		env.Stdin = io.LimitReader(env.Stdin, 30_000)
		return memoryCounter()(env)
	})
	text := fmt.Sprint(r.Err())
	if lines := strings.Split(text, "\n"); !strings.HasPrefix(lines[1], "n") || !strings.Contains(lines[1], " crashed after") {
		t.Errorf("the first finding is %s", lines[1])
	}
	if n := strings.Count(text, ": less than had been "); n != 10 || !strings.Contains(text, " more reads out of order\n") {
		t.Errorf("%d reads out of order in %s", n, text)
	}
	if last := text[strings.LastIndex(text, "\n"):]; !strings.HasPrefix(last, "\nthe history is not linearizable: op ") {
		t.Errorf("the last finding is missing: %s", text)
	}
	if found := len(r.Facts.(CounterFacts).OutOfOrder); found < 100 {
		t.Errorf("only %d reads are out of order", found)
	}
}

func TestEveryCheckIsNamed(t *testing.T) {
	r := Simulate(t, Config{Rate: 100, TimeLimit: 2 * time.Second}, linCounter)
	var got []string
	for _, c := range r.Checks {
		got = append(got, fmt.Sprintf("%s: %s, %v", c.Name, c.Status, c.Maelstrom))
	}
	want := `no crash: ok, true
no babble: ok, true
starts and ends: ok, false
run complete: ok, false
answers well-formed: ok, false
live nodes answer: ok, false
something asked and answered: ok, false
every kind succeeded: ok, true
final reads: ok, true
refused adds not in the total: ok, false
reads in order: ok, false
linearizable: ok, false`
	if strings.Join(got, "\n") != want {
		t.Errorf("checks:\n%s\nwant:\n%s", strings.Join(got, "\n"), want)
	}
}
