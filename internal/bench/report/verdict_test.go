package report

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/page/pagetest"
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
		right  bool
		want   string // the grade, and what became of the thresholds
	}{
		{Thresholds{}, 11, true, "RIGHT"},
		{Thresholds{}, 11, false, "WRONG"},
		{Thresholds{MaxP99: 20 * ms}, 11, true, "RIGHT MET: p99 20 ms, with --max-p99 20ms"},
		{Thresholds{MaxP99: 19 * ms}, 11, true, "MISSED MISSED: p99 20 ms, with --max-p99 19ms"},
		{Thresholds{MaxP99: 19 * ms}, 11, false, "WRONG MISSED: p99 20 ms, with --max-p99 19ms"},
		{Thresholds{MaxP99: 30 * ms}, 0, true, "MISSED MISSED: p99 20 ms, with --max-p99 30ms"},
		{Thresholds{MinOK: 84}, 11, true, "RIGHT MET: 84.62 % ok, with --min-ok 84"},
		{Thresholds{MinOK: 99.9}, 11, true, "MISSED MISSED: 84.62 % ok, with --min-ok 99.9"},
	} {
		run := sample()
		run.Thresholds, run.Result.OK, run.Result.Right = test.limits, test.ok, test.right
		got := run.Grade().String()
		for _, bar := range run.Bars() {
			got += " " + bar.String()
		}
		if got != test.want || run.Passed() != (run.Grade() == Right) {
			t.Errorf("%+v: %q, not %q; passed %v", test.limits, got, test.want, run.Passed())
		}
	}
}

func TestLatenciesAreShownByKind(t *testing.T) {
	run := sample()
	run.Result.Latency = maelstromtest.Quantiles{P50: 100 * time.Microsecond, P95: 9900 * time.Microsecond, P99: 10 * ms, Max: time.Second}
	run.Result.LatencyByKind["add"] = maelstromtest.Quantiles{}
	got := fmt.Sprint(run.LatencyRows()) + " " + List([]int{2, 1, 2})
	if want := "[[all 0.1 ms 9.9 ms 10 ms 1000 ms] [add none none none none] [read 20 ms 20 ms 20 ms 20 ms]] 2, 1"; got != want {
		t.Errorf("%s, not %s", got, want)
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
	// The workers are never all busy: something else kept requests from being
	// made.
	r.Config.Concurrency, r.Config.Rate = 3, 100
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

// The pictures in testdata show requests of each kind and outcome, failures on
// top, and every fault in its lane and colour.
func TestPicturesShowWhatHappened(t *testing.T) {
	folder, run := t.TempDir(), sample()
	run.Result.History[1].Complete += 30 * ms
	run.Result.History[2].Complete += 2 * time.Second
	run.Result.History[9].Outcome = maelstromtest.Fail
	if err := Write(folder, run); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"latency.svg", "rate.svg"} {
		pagetest.Golden(t, filepath.Join("testdata", name), read(t, folder, name))
	}
}

// A chart ends with the last request that is not a final one, and shows what
// was asked for unless it is far above the rest.
func TestChartsUseTheirRoom(t *testing.T) {
	run := sample()
	for rate, top := range map[float64]float64{3: 3.45, 4: 4.6, 1000: 3.3} {
		run.Result.Config.Rate = rate
		c := rateChart(run.Result)
		if c.End != 4 || math.Abs(c.High-top) > 1e-9 || strings.Contains(c.Lines[0].Name, "above") != (rate > top) {
			t.Errorf("up to %v s and %v requests/s, not %v, %s", c.End, c.High, top, c.Lines[0].Name)
		}
	}
	if c := latencyChart(run.Result); c.End != 4 || c.Low != 1 || c.High != 100 {
		t.Errorf("up to %v s, %v to %v ms", c.End, c.Low, c.High)
	}
}

// In each half of a second in which anything was answered, requests took 0 to
// 100 ms.
func TestPercentilesAreBrokenWhereNothingWasAnswered(t *testing.T) {
	r := &maelstromtest.Result{Config: maelstromtest.Config{TimeLimit: 4 * time.Second}, Elapsed: 4 * time.Second}
	for _, half := range []time.Duration{0, 1, 3, 6, 7} {
		for i := range time.Duration(101) {
			at := half * time.Second / 2
			r.History = append(r.History, maelstromtest.Op{Invoke: at, Complete: at + i*37%101*ms, Outcome: maelstromtest.OK})
		}
	}
	for i, percent := range []string{"50", "95", "99"} {
		want := strings.ReplaceAll("[[{0.25 y} {0.75 y}] [{1.75 y}] [{3.25 y} {3.75 y}]]", "y", percent)
		if line := percentiles(r)[i]; line.Name != "p"+percent || fmt.Sprint(line.Runs) != want {
			t.Errorf("%+v, not %s", line, want)
		}
	}
}

func TestARunWithoutRequestsHasFiles(t *testing.T) {
	folder, run := t.TempDir(), Run{Result: &maelstromtest.Result{Workload: "echo"}}
	if err := Write(folder, run); err != nil || !strings.Contains(read(t, folder, PageFile), "No request was answered ok") {
		t.Errorf("error %v, page\n%s", err, read(t, folder, PageFile))
	}
}
