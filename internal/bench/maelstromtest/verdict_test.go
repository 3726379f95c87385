package maelstromtest

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// Err is nil if and only if no check is wrong, be it one of Maelstrom's or a
// stricter one.
func TestErrIsNilOnlyIfTheRunWasRight(t *testing.T) {
	result := func(checks ...Check) *Result { return &Result{Workload: "w", Verdict: judge(checks, nil)} }
	wrong := NewCheck("b", "bs", []string{"b is not so"})
	for name, test := range map[string]struct {
		r            *Result
		right, valid bool
		err          string
	}{
		"ok":                       {result(NewCheck("a", "as", nil).byMaelstrom()), true, true, ""},
		"not checked":              {result(NewCheck("a", "as", nil), skipped("b", "too long")), true, true, ""},
		"wrong, strictly":          {result(NewCheck("a", "as", nil), wrong), false, true, "b is not so"},
		"wrong by Maelstrom":       {result(wrong.byMaelstrom(), skipped("c", "too long")), false, false, "b is not so"},
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
	if n := strings.Count(text, ": less than had been "); n != maxFindings || !strings.Contains(text, " more reads out of order\n") {
		t.Errorf("%d reads out of order in %s", n, text)
	}
	if last := text[strings.LastIndex(text, "\n"):]; !strings.HasPrefix(last, "\nthe history is not linearizable: op ") {
		t.Errorf("the last finding is missing: %s", text)
	}
	if found := len(r.Facts.(CounterFacts).OutOfOrder); found < 100 {
		t.Errorf("only %d reads are out of order", found)
	}
}

// Each figure counts what its name says. One of the two requests without an
// answer counts against its node, which was dead for the other.
func TestFiguresAreOfWhatTheirNamesSay(t *testing.T) {
	b, err := newBench(Config{}, true, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.Messages, b.ServerMessages, b.epoch = 30, 12, time.Second
	b.nodes[0].down = []interval{{ms(1500), ms(2000)}, {from: ms(7000)}}
	b.nodes[1].down = []interval{{from: ms(1)}}
	up, dead := add(1, 1001, 5999, Info), add(1, 1001, 6000, Info)
	up.unanswered, up.Final, dead.unanswered = true, true, true
	r := b.result([]Op{read(0, 0, 1), add(1, 10, 13, OK), add(1, 20, 90, Fail), dead, up, read(1, 40, 44)})
	if want := (Counts{Invoked: 6, OK: 3, Fail: 1, Info: 2, Unanswered: 2, Availability: 0.5}); r.Counts != want {
		t.Errorf("counts %+v, want %+v", r.Counts, want)
	}
	all, reads := Quantiles{ms(3), ms(3), ms(3), ms(4)}, Quantiles{ms(1), ms(1), ms(1), ms(4)}
	if add := r.LatencyByKind["add"]; r.Latency != all || r.LatencyByKind["read"] != reads || add.P50 != ms(3) || add.Max != ms(3) {
		t.Errorf("latencies %+v", r.Latencies)
	}
	if r.Messages != 30 || r.ServerMessages != 12 || r.MessagesPerRequest != 2 || r.Elapsed != ms(6000) {
		t.Errorf("traffic %+v in %v", r.Traffic, r.Elapsed)
	}
	for check, want := range map[string][]string{
		liveAnswers:    {"n0 was up and did not answer add of 1.001s"},
		somethingAsked: {"none of 1 final requests succeeded"},
	} {
		if got := r.Check(check).Findings; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", check, got, want)
		}
	}
	if c := r.Check(finalReads); c.Status != NotChecked || r.Check(runComplete).Status != NotChecked {
		t.Errorf("a run that was cut off, in which no final read was answered, is judged %+v", r.Verdict)
	}
}

func TestEveryCheckIsNamed(t *testing.T) {
	r := Simulate(t, Config{Rate: 100, TimeLimit: 2 * time.Second}, linCounter)
	var got []string
	for _, c := range r.Checks {
		got = append(got, fmt.Sprintf("%s: %s, %v", c.Name, c.Status, c.Maelstrom))
	}
	want := `no crash: ok, true
no babble: ok, false
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
