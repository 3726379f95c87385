package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

func TestTheHeadlineSaysWhatTheVerdictRestsOn(t *testing.T) {
	skip := func(i int, why string) func(*Run) {
		return func(r *Run) { r.Result.Checks[i].Status, r.Result.Checks[i].Detail = maelstromtest.NotChecked, why }
	}
	eventual := func(r *Run) { r.Result.Config.Consistency = maelstromtest.Eventual }
	for want, changes := range map[string][]func(*Run){
		"RIGHT by Maelstrom's verdict and by every stricter check.":                                 {},
		"WRONG by the stricter checks, although Maelstrom would call it valid.":                     {func(r *Run) { r.Result.Right = false }},
		"WRONG, by Maelstrom's verdict too.":                                                        {func(r *Run) { r.Result.Right, r.Result.MaelstromValid = false, false }},
		"RIGHT by every check that was made. Not checked: linearizable (why).":                      {skip(1, "why")},
		"RIGHT by every check that was made. Not checked: final reads (none).":                      {skip(0, "none"), skip(1, "why"), eventual},
		"RIGHT by Maelstrom's verdict, which is all that eventual consistency promises.":            {skip(1, "why"), eventual},
		"Interrupted. As far as it went: RIGHT by Maelstrom's verdict and by every stricter check.": {func(r *Run) { r.Interrupted = true }},
	} {
		run := sample()
		for _, change := range changes {
			change(&run)
		}
		if got := run.Headline(); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestARunPassesIfItMeetsItsThresholds(t *testing.T) {
	for _, test := range []struct {
		limits Thresholds
		ok     int
		want   string
		passed bool
	}{
		{Thresholds{}, 11, "", true},
		{Thresholds{MaxP99: 20 * ms}, 11, "MET: p99 20 ms, with --max-p99 20ms", true},
		{Thresholds{MaxP99: 19 * ms}, 11, "MISSED: p99 20 ms, with --max-p99 19ms", false},
		{Thresholds{MaxP99: 30 * ms}, 0, "MISSED: p99 20 ms, with --max-p99 30ms", false},
		{Thresholds{MinOK: 84}, 11, "MET: 84.62 % ok, with --min-ok 84", true},
		{Thresholds{MinOK: 99.9}, 11, "MISSED: 84.62 % ok, with --min-ok 99.9", false},
	} {
		run := sample()
		run.Thresholds, run.Result.OK = test.limits, test.ok
		got := ""
		for _, bar := range run.Bars() {
			got += bar.String()
		}
		if got != test.want || run.Passed() != test.passed {
			t.Errorf("%+v: %q, passed %v", test.limits, got, run.Passed())
		}
	}
}

func TestOnlyAShareOfOneIsAHundredPercent(t *testing.T) {
	for share, want := range map[float64]string{1: "100 %", 0.999999: "99.99 %", 0.9131: "91.31 %", 0: "0 %"} {
		if got := Percent(share); got != want {
			t.Errorf("%v is %q, not %q", share, got, want)
		}
	}
}

func TestTheLoadSaysWhetherTheWorkersWereTheLimit(t *testing.T) {
	// Two workers, each with a request of 100 ms at every 200 ms: both are busy
	// half of the time, at 10 requests a second.
	r := &maelstromtest.Result{Config: maelstromtest.Config{Nodes: 2, Concurrency: 2, Rate: 10, TimeLimit: time.Second}, Elapsed: time.Second}
	for i := range 5 {
		at := time.Duration(i) * 200 * ms
		for range 2 {
			r.History = append(r.History, maelstromtest.Op{Invoke: at, Complete: at + 100*ms, Outcome: maelstromtest.OK})
		}
	}
	r.History = append(r.History, maelstromtest.Op{Invoke: time.Second, Complete: 9 * time.Second, Final: true})
	r.History[3].Outcome = maelstromtest.Info
	for _, test := range []struct {
		rate float64
		need int
	}{{10, 0}, {11, 0}, {12, 3}, {100, 15}} {
		r.Config.Rate = test.rate
		l := LoadOf(r)
		if want := (Load{Span: time.Second, Asked: test.rate, Made: 10, OK: 9, Busy: l.Busy, Need: test.need}); l != want || math.Abs(l.Busy-0.5) > 1e-9 {
			t.Errorf("%+v, not %+v", l, want)
		}
	}
	r.Config.Concurrency, r.Config.Rate = 3, 100 // the workers are never all busy: something else kept requests from being made
	if l := LoadOf(r); l.Busy != 0 || l.Need != 0 {
		t.Errorf("%+v", l)
	}
	// If a request lasts beyond the time limit, only its time within the limit
	// counts.
	r = &maelstromtest.Result{Config: maelstromtest.Config{Nodes: 1, Concurrency: 1, Rate: 1, TimeLimit: time.Second}, Elapsed: 3 * time.Second}
	r.History = []maelstromtest.Op{{Invoke: 750 * ms, Complete: 3 * time.Second}}
	if l := LoadOf(r); l.Busy != 0.25 {
		t.Errorf("%+v", l)
	}
}

func TestEachFaultHasALaneAndAColour(t *testing.T) {
	all := lanes(sample().Result, 4*time.Second)
	if len(all) != len(maelstromtest.AllFaults()) {
		t.Errorf("%d lanes", len(all))
	}
	seen := map[template.CSS]maelstromtest.Kind{}
	for i, f := range maelstromtest.AllFaults() {
		l := all[i]
		if l.Name != f.String() || len(l.Bars) != 2 || l.Bars[1].To != 14 || l.Bars[0].To != l.Bars[0].From+1 {
			t.Errorf("lane %+v of %s", l, f)
		}
		if other, ok := seen[l.Colour]; l.Colour == "" || ok && other != f.Kind {
			t.Errorf("the colour of %s is %v, as that of %s", f, l.Colour, other)
		}
		seen[l.Colour] = f.Kind
	}
}

func TestFailuresAreDrawnOnTop(t *testing.T) {
	r := sample().Result
	r.History[9].Outcome = maelstromtest.Fail
	var order []string
	for _, dots := range latencyChart(r).Dots {
		order = append(order, dots.Name+", "+dots.Class)
	}
	want := []string{"add ok (3), ok0", "read ok (6), ok1", "read unknown (2), bad1 hollow", "add refused (1), bad0 square"}
	if !slices.Equal(order, want) {
		t.Errorf("drawn in the order %q, not %q", order, want)
	}
}

// A chart ends with the last request that is not a final one, and shows what
// was asked for unless it is far above the rest.
func TestChartsUseTheirRoom(t *testing.T) {
	run := sample()
	for rate, top := range map[float64]float64{3: 3.45, 4: 4.6, 1000: 3.3} {
		run.Result.Config.Rate = rate
		if c := rateChart(run.Result); c.End != 4 || math.Abs(c.High-top) > 1e-9 {
			t.Errorf("up to %v s and %v requests/s, not %v", c.End, c.High, top)
		}
	}
	if c := latencyChart(run.Result); c.End != 4 || c.Low != 1 || c.High != 100 {
		t.Errorf("up to %v s, %v to %v ms", c.End, c.Low, c.High)
	}
}

func TestLinesAreBrokenWhereNothingWasAnswered(t *testing.T) {
	r := &maelstromtest.Result{Config: maelstromtest.Config{TimeLimit: 4 * time.Second}, Elapsed: 4 * time.Second}
	for _, second := range []float64{0, 0.5, 1.5, 3, 3.5} {
		at := time.Duration(second * float64(time.Second))
		r.History = append(r.History, maelstromtest.Op{Invoke: at, Complete: at + 20*ms, Outcome: maelstromtest.OK})
	}
	want := "[[{0.25 20} {0.75 20}] [{1.75 20}] [{3.25 20} {3.75 20}]]"
	if got := fmt.Sprint(percentiles(r)[0].Runs); got != want {
		t.Errorf("%s, not %s", got, want)
	}
}

func TestARunWithoutRequestsHasPictures(t *testing.T) {
	run := Run{Result: &maelstromtest.Result{Workload: "echo"}}
	if err := Write(t.TempDir(), run); err != nil {
		t.Error(err)
	}
}
