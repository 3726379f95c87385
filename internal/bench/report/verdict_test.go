package report

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/page/pagetest"
	"maelstrom-counter/internal/bench/verdict"
)

// judged returns a run with the verdict on the evidence.
func judged(e verdict.Evidence) Run {
	run := sample()
	run.Result.Config.Consistency = e.Consistency
	run.Result.History, run.Result.Verdict = e.History, verdict.Judge(e, maelstromtest.GCounter{})
	run.Interrupted = !e.Complete
	return run
}

// counted is the evidence of a run with which nothing is wrong.
func counted(promise verdict.Consistency, complete bool) verdict.Evidence {
	read := func(at time.Duration, value int64) verdict.Op {
		return verdict.Op{F: "read", Node: "n1", Value: value, Invoke: at, Complete: at + ms, Outcome: verdict.OK}
	}
	last := read(time.Second, 2)
	last.Final = true
	return verdict.Evidence{
		History:     []verdict.Op{{F: "add", Node: "n0", Value: int64(2), Complete: 5 * ms, Outcome: verdict.OK}, read(17*ms, 2), last},
		Consistency: promise, Complete: complete,
	}
}

func old(e *verdict.Evidence)     { e.History[1].Value = int64(0) }
func lost(e *verdict.Evidence)    { e.History[2].Value = int64(0) }
func early(e *verdict.Evidence)   { e.History = e.History[:2] }
func crashed(e *verdict.Evidence) { e.Crashes = []verdict.Crash{{Node: "n1", At: 2310 * ms}} }
func nothing(e *verdict.Evidence) { e.History, e.Idle = nil, "the rate is 0" }
func babbling(e *verdict.Evidence) {
	e.Mutes = []verdict.Mute{{Node: "n1", Line: "hello", Why: "not JSON"}}
}
func unfinal(e *verdict.Evidence) {
	op := &e.History[2]
	op.Outcome, op.Unanswered = verdict.Info, true
}
func refusing(e *verdict.Evidence) {
	e.History[0].Outcome, e.History[0].Error = verdict.Fail, true
}
func broken(e *verdict.Evidence) {
	e.Failures = []verdict.Failure{{Check: verdict.RunComplete, Text: "the nodes still talk"}}
}

// The headline has Maelstrom's verdict first, and never claims one that was not
// reached.
func TestTheHeadlineSaysWhatTheVerdictRestsOn(t *testing.T) {
	const lin, ev = verdict.Linearizable, verdict.Eventual
	for _, test := range []struct {
		promise  verdict.Consistency
		complete bool
		changes  []func(*verdict.Evidence)
		grade    Grade
		want     string
	}{
		{ev, true, nil, Right, "RIGHT by Maelstrom's verdict, and linearizable."},
		{ev, true, []func(*verdict.Evidence){old}, Right, "RIGHT by Maelstrom's verdict."},
		{ev, true, []func(*verdict.Evidence){babbling}, Right, "RIGHT by Maelstrom's verdict, and linearizable."},
		{ev, true, []func(*verdict.Evidence){unfinal}, Right, "RIGHT by Maelstrom's verdict, and linearizable. Not checked: final reads (none of 1 succeeded)."},
		{ev, true, []func(*verdict.Evidence){lost}, Wrong, "WRONG by Maelstrom's verdict (:workload): 1 of 1 final read is wrong; the first is 0, not 2."},
		{ev, true, []func(*verdict.Evidence){refusing}, Wrong, "WRONG by Maelstrom's verdict (:stats): no add succeeded."},
		{ev, true, []func(*verdict.Evidence){crashed, lost}, Wrong, "WRONG by Maelstrom's verdict: n1 crashed at 2.31 s, and Maelstrom breaks off such a run without results."},
		{ev, true, []func(*verdict.Evidence){nothing}, Wrong, "WRONG: nothing was asked: the rate is 0."},
		{ev, false, []func(*verdict.Evidence){early}, Open, "The run ended before Maelstrom reached a verdict. No check that decides was wrong so far. Not checked: final reads (none was made)."},
		{ev, false, []func(*verdict.Evidence){early, refusing}, Open, "The run ended before Maelstrom reached a verdict. No check that decides was wrong so far. " +
			"Not checked: every kind succeeded (the run was ended, and no add succeeded until then); final reads (none was made)."},
		{ev, false, []func(*verdict.Evidence){early, crashed}, Wrong, "WRONG by Maelstrom's verdict: n1 crashed at 2.31 s, and Maelstrom breaks off such a run without results."},
		{ev, false, nil, Right, "As far as it went: RIGHT by Maelstrom's verdict, and linearizable."},
		{ev, false, []func(*verdict.Evidence){early, broken}, Wrong, "WRONG: the nodes still talk. The run ended before Maelstrom reached a verdict."},
		{lin, true, nil, Right, "RIGHT by Maelstrom's verdict, and linearizable."},
		{lin, true, []func(*verdict.Evidence){old}, Wrong, "WRONG: not linearizable, though Maelstrom would call it valid."},
		{lin, true, []func(*verdict.Evidence){babbling}, Wrong, "WRONG: Maelstrom stopped listening to n1, though Maelstrom would call it valid."},
		{lin, true, []func(*verdict.Evidence){lost}, Wrong, "WRONG by Maelstrom's verdict (:workload): 1 of 1 final read is wrong; the first is 0, not 2."},
		{lin, false, []func(*verdict.Evidence){early, old}, Wrong, "WRONG: not linearizable. The run ended before Maelstrom reached a verdict."},
		{lin, false, nil, Right, "As far as it went: RIGHT by Maelstrom's verdict, and linearizable. Not checked: run complete (it was ended before its time)."},
	} {
		e := counted(test.promise, test.complete)
		for _, change := range test.changes {
			change(&e)
		}
		run := judged(e)
		if got := run.Headline(); got != test.want || run.Grade() != test.grade || run.Passed() != (test.grade < Missed) {
			t.Errorf("%s %q, not %s %q", run.Grade(), got, test.grade, test.want)
		}
		want := "true"
		switch {
		case strings.HasPrefix(test.want, "WRONG by Maelstrom"):
			want = "false"
		case strings.Contains(test.want, "before Maelstrom reached a verdict"):
			want = "null"
		}
		if valid, _ := json.Marshal(run.results().Valid); string(valid) != want {
			t.Errorf("%s: valid is %s, want %s", test.want, valid, want)
		}
	}
	for complete, want := range map[bool]string{
		true:  "RIGHT by Maelstrom's verdict and by every other check.",
		false: "RIGHT by Maelstrom's verdict. Not checked: run complete (it was ended before its time).",
	} {
		run := sample()
		run.Result.Verdict = verdict.Judge(verdict.Evidence{
			History: []verdict.Op{{F: "echo", Outcome: verdict.OK}}, Complete: complete, Consistency: verdict.Linearizable,
		}, maelstromtest.Echo{})
		if got := run.Headline(); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

// What Maelstrom does not look at is told apart, in words for one who does not
// know it, and with its findings if they are not told elsewhere.
func TestWhatIsBeyondMaelstromIsExplained(t *testing.T) {
	e := counted(verdict.Eventual, true)
	old(&e)
	const explained = "  wrong: reads in order: 1 of 2 reads is out of order\n" +
		"    (a read must not return less than was acknowledged before it began or than an earlier read returned, nor more than was added before it ended)\n"
	const finding = "    the read made to n1 at 17 ms (op 1) returned 0 instead of 2: less than had been acknowledged\n"
	const last = "  ok: only messages on stdout, starts and ends, run complete, answers well-formed, live nodes answer, some request answered\n" +
		"  not checked: refused adds not in the total (no add was refused)"
	const late = "\n  late: 1 read, 0 of them final, returned less than had been acknowledged or read before they began. The read made to n1 at 17 ms missed the most: 2."
	got := strings.Join(judged(e).Beyond(), "\n")
	if !strings.HasPrefix(got, "Beyond Maelstrom, which the exercise does not ask for:\n"+explained+finding+"  wrong: linearizable: not linearizable\n") || !strings.HasSuffix(got, "\n"+last+late) {
		t.Errorf("got\n%s", got)
	}
	e.Consistency = verdict.Linearizable
	got = strings.Join(judged(e).Beyond(), "\n")
	if !strings.HasPrefix(got, "Beyond Maelstrom, as --consistency linearizable demands:\n"+explained+"  wrong: linearizable") || strings.Contains(got, finding) {
		t.Errorf("got\n%s", got)
	}
	run := judged(e)
	run.Result.Remarks = []verdict.Remark{{Node: "n1", At: 17 * ms, Line: "{} // sent", Text: "there is text after the message"}}
	const note = "n1: there is text after the message: {} // sent"
	if got = strings.Join(run.Beyond(), "\n"); !strings.HasSuffix(got, "\n  remark: "+note+late) {
		t.Errorf("got\n%s", got)
	}
	folder := t.TempDir()
	if err := Write(folder, run); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		PageFile:       "Remark: " + note,
		"results.json": `"lines_that_others_may_refuse": [`,
	} {
		if !strings.Contains(read(t, folder, file), want) {
			t.Errorf("%s has no %s", file, want)
		}
	}
	if none := (Run{Result: &maelstromtest.Result{}}); none.Beyond() != nil || none.Headline() != "WRONG by Maelstrom's verdict." {
		t.Errorf("of no checks, %q and %q", none.Headline(), none.Beyond())
	}
}

func TestOddsAreToldIfRunsDiffer(t *testing.T) {
	run := func(changes ...func(*verdict.Evidence)) Run {
		e := counted(verdict.Eventual, true)
		for _, change := range changes {
			change(&e)
		}
		return judged(e)
	}
	e := counted(verdict.Eventual, false)
	early(&e)
	valid, invalid, cut := run(old), run(lost), judged(e)
	const want = "Maelstrom's verdict varies: 2 of 3 runs passed it. For this node, the verdict on a single run is a matter of chance."
	for _, test := range []struct {
		runs []Run
		want string
	}{
		{nil, ""}, {[]Run{valid, valid}, ""}, {[]Run{invalid, invalid}, ""}, {[]Run{valid, cut}, ""},
		{[]Run{valid, invalid, valid, cut}, want},
	} {
		if got := Odds(test.runs); got != test.want {
			t.Errorf("%q, not %q", got, test.want)
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
	run := sample()
	run.Thresholds.MaxP99, run.Result.Latency.P99 = 20*ms, 20*ms+ms/5
	if got := run.Bars()[0].String(); got != "MISSED: p99 20.2 ms, with --max-p99 20ms" {
		t.Error(got) // what is a little more must not look the same
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
	const both = "All 2 workers waited for answers for 50 % of the time, so fewer requests were made than asked for. "
	const more = both + "Requests that could not be made are not in the latencies. Try --concurrency "
	for _, test := range []struct {
		rate float64
		need int
		says string
	}{{10, 0, ""}, {11, 0, ""}, {12, 3, more + "2n."}, {100, 15, more + "8n."}} {
		r.Config.Rate = test.rate
		l := LoadOf(r)
		if want := (Load{Span: time.Second, Asked: test.rate, Made: 10, OK: 9, Busy: 0.5, Limited: test.need > 0, Failed: 0.1, Need: test.need}); l != want {
			t.Errorf("%+v, not %+v", l, want)
		}
		if got := l.Waiting(r.Config); got != test.says {
			t.Errorf("at rate %g: %q, not %q", test.rate, got, test.says)
		}
	}
	// Workers that wait for answers that do not come are not too few.
	for i := range 5 {
		r.History[i].Outcome = maelstromtest.Info
	}
	if l := LoadOf(r); l.Need != 0 || l.Waiting(r.Config) != both+"The waiting was mostly for requests that were not answered ok." {
		t.Errorf("half of the requests failed: %+v, %s", l, l.Waiting(r.Config))
	}
	for i := range 5 {
		r.History[i].Unanswered = true
	}
	if l := LoadOf(r); l.Need != 0 || l.Delayed || l.Waiting(r.Config) != both+"The waiting was mostly for answers that did not come in time." {
		t.Errorf("half of the requests were not answered: %+v, %s", l, l.Waiting(r.Config))
	}
	// All workers are busy for less than half of the share that is missing:
	// something else kept requests from being made.
	for i := range r.History {
		r.History[i].Complete = r.History[i].Invoke + 80*ms
	}
	if l := LoadOf(r); math.Abs(l.Busy-0.4) > 1e-9 || l.Limited || l.Need != 0 || !l.Delayed {
		t.Errorf("%+v", l)
	}
	r.Config.Concurrency = 3
	if l := LoadOf(r); l.Busy != 0 || l.Need != 0 || l.Waiting(r.Config) != "" || !l.Delayed {
		t.Errorf("%+v", l)
	}
	// If a request lasts beyond the time limit, only its time within the limit
	// counts.
	r = &maelstromtest.Result{Config: maelstromtest.Config{Nodes: 1, Concurrency: 1, Rate: 2, TimeLimit: time.Second}, Elapsed: 9 * time.Second}
	r.History = []maelstromtest.Op{
		{Complete: 500 * ms, Outcome: maelstromtest.OK}, {Invoke: 750 * ms, Complete: 9 * time.Second, Unanswered: true},
	}
	if l := LoadOf(r); l.Busy != 0.75 || math.Abs(l.Failed-1./3) > 1e-9 || l.Failed != l.Unheard {
		t.Errorf("%+v", l)
	}
}

// A run that makes a few requests less than it was told to may have done so by
// chance.
func TestDelaysOfTheMachineAreNotClaimedWithoutNeed(t *testing.T) {
	for _, test := range []struct {
		made    int
		rate    float64
		limit   time.Duration
		elapsed time.Duration
		want    bool
	}{
		{60, 100, time.Second, time.Second, true},
		{86, 100, time.Second, time.Second, false}, // by chance
		{85, 100, time.Second, time.Second, true},
		{960, 100, 10 * time.Second, 10 * time.Second, false}, // nearly all
		{940, 100, 10 * time.Second, 20 * time.Second, true},
		{600, 100, 10 * time.Second, 9 * time.Second, false}, // ended before its time
		{100, 0, time.Second, time.Second, false},
	} {
		r := &maelstromtest.Result{
			Config:  maelstromtest.Config{Nodes: 1, Concurrency: 1, Rate: test.rate, TimeLimit: test.limit},
			Elapsed: test.elapsed, History: make([]maelstromtest.Op, test.made),
		}
		if l := LoadOf(r); l.Delayed != test.want || l.Limited {
			t.Errorf("%d requests: %+v", test.made, l)
		}
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
