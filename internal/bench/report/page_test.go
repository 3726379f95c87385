package report

import (
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/page"
)

// written returns a run's page, which needs no network.
func written(t *testing.T, run Run) string {
	t.Helper()
	var b strings.Builder
	if err := run.writePage(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "ZgotmplZ") {
		t.Error("html/template has refused a value")
	}
	for _, link := range regexp.MustCompile(`(src|href|url|xlink)[=(]"?([^" >)]*)`).FindAllStringSubmatch(b.String(), -1) {
		if strings.Contains(link[2], "//") {
			t.Errorf("the page asks the network for %s", link[0])
		}
	}
	return b.String()
}

// What matters comes first: the verdict, why, the findings, then what else was
// measured. If the run is right, why a check beyond Maelstrom is wrong comes
// behind that check.
func TestAPageShowsWhatMattersFirst(t *testing.T) {
	run := wrong(t)
	run.Result.Checks[0].Status = maelstromtest.NotChecked
	text := written(t, run)
	last := 0
	for _, part := range []string{
		`class="verdict wrong"`, "<h1>WRONG", `id="why"`, "<svg class=\"story\"", `id="findings"`, "less than had been acknowledged", `class="facts"`, "<b>0\u00a0refused, 0\u00a0unknown</b>", `id="checks"`,
		`>wrong</td><td><a href="#findings">reads in order</a></td>`, `warn">not checked</td><td>no crash`, `good">ok</td><td>only messages on stdout`, `faint">not checked</td><td>refused adds`, `id="charts"`, "Latency, in ms", "Throughput", "The counter", `<td>all</td>`, `id="settings"`, "--bin ./cas", `id="files"`, `href="story.svg"`, `href="messages.jsonl"`, `href="node-logs/n2.log"`,
	} {
		i := strings.Index(text[last:], part)
		if i < 0 {
			t.Fatalf("no %q after the part before it", part)
		}
		last += i
	}
	if strings.Contains(text, `id="beyond"`) {
		t.Error("what decides is said to be beyond Maelstrom")
	}
	right := written(t, sample())
	for _, part := range []string{`id="why"`, `id="findings"`, `id="beyond"`} {
		if strings.Contains(right, part) {
			t.Errorf("a run that is right has %s", part)
		}
	}
	last = 0
	text = written(t, lucky(t))
	for _, part := range []string{
		`class="verdict right"`, "<h1>RIGHT by Maelstrom", "seq-kv had a choice", `id="beyond"`, "the exercise does not ask for it", "reads are out of order",
		"a read must not return less", "less than had been acknowledged (and ", "not linearizable", `id="why"`, `<svg class="story"`, `id="checks"`, ">ok</td><td>every kind succeeded", "by Maelstrom (:stats)",
	} {
		i := strings.Index(text[last:], part)
		if i < 0 {
			t.Fatalf("no %q after the part before it", part)
		}
		last += i
	}
	if strings.Contains(text, `id="findings"`) {
		t.Error("a valid run has findings that decide")
	}
	if want := "<dd>5 ms on average, uniform, × 0.5 for n1, × 4 for n2</dd>"; !strings.Contains(right, want) {
		t.Errorf("no %s", want)
	}
}

// long returns a run of n requests.
func long(n int) Run {
	run := sample()
	r := run.Result
	r.History, r.Config.TimeLimit, r.Config.Seed = nil, time.Duration(n)*ms, 1
	var total int64
	for i := range n {
		at := time.Duration(i) * ms
		op := maelstromtest.Op{F: "read", Node: "n0", Client: fmt.Sprintf("c%d", i%50), Value: total, Invoke: at, Complete: at + time.Duration(1+i%7)*ms, Outcome: maelstromtest.OK}
		switch {
		case i%3 == 0:
			op.F, op.Value = "add", int64(1)
			total++
		case i%10 == 1:
			op.Outcome, op.Text = maelstromtest.Info, maelstromtest.ErrTimeout.Error()
		}
		if i == n/2 {
			op.Complete, op.Outcome = at+time.Hour, maelstromtest.OK
		}
		r.History = append(r.History, op)
	}
	return run
}

// However long a run was, its page is small enough to open. It says what it
// leaves out, and always shows the slowest requests.
func TestThePageOfALongRunIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes most of a second")
	}
	text := written(t, long(60_000))
	if len(text) > 2_000_000 {
		t.Errorf("%d bytes", len(text))
	}
	for _, want := range []string{"add ok (20000; one in 23 drawn, and the slowest 50)", "after 3600000 ms"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
}

// In the chart of margins, exactly those reads are below 0 that returned less
// than had been acknowledged.
func TestTheMarginIsBelowZeroIfAnAddWasMissed(t *testing.T) {
	run := simulated(t, "crdt", maelstromtest.Config{Rate: 100, TimeLimit: 5 * time.Second, Seed: 1})
	facts := run.Result.Facts.(maelstromtest.CounterFacts)
	missed := map[string]bool{}
	for _, v := range facts.OutOfOrder {
		if strings.HasPrefix(v.Why, "less than had been acknowledged") {
			missed[fmt.Sprintf("op %d:", v.Index)] = true
		}
	}
	if len(missed) == 0 {
		t.Fatal("nothing was missed")
	}
	below := 0
	for _, dots := range marginChart(run.Result, facts).Dots {
		for _, p := range dots.Points {
			name, _, _ := strings.Cut(p.Text, " read")
			name = strings.TrimSuffix(name, " final")
			if (p.Y < 0) != missed[name] || p.Y < 0 && dots.Class != "contradicted" {
				t.Errorf("%s is at %v", p.Text, p.Y)
			}
			if p.Y < 0 {
				below++
			}
		}
	}
	if below != len(missed) {
		t.Errorf("%d below, %d missed", below, len(missed))
	}
}

// The lines in the chart of the counter end at the sums of all that was
// acknowledged and asked for, however many adds there were.
func TestTheLinesOfTheCounterEndAtTheSums(t *testing.T) {
	for _, n := range []int{100, 6_000} {
		r := long(n).Result
		r.History[0].Outcome = maelstromtest.Info
		c := counterChart(r, maelstromtest.CounterFacts{})
		if read := c.Dots[0].Points[0]; read.X != 0.005 || read.For != 0.003 {
			t.Errorf("the read at 2 ms ends at %v s, after %v s", read.X, read.For)
		}
		for i, want := range []float64{float64((n + 2) / 3), float64((n+2)/3 - 1)} {
			run := c.Lines[i].Runs[0]
			if last := run[len(run)-1]; last != (page.Point{X: span(r).Seconds(), Y: want}) || len(run) > maxSteps+10 {
				t.Errorf("%d requests, %s: %d points, the last %v, not %v", n, c.Lines[i].Name, len(run), last, want)
			}
		}
	}
}

// If there are very many faults, only the first are shown. Faults after the end
// of the picture are never shown.
func TestLanesAreBounded(t *testing.T) {
	run := sample()
	run.Result.Faults = nil
	for i := range 1000 {
		at := time.Duration(i) * ms
		run.Result.Faults = append(run.Result.Faults, maelstromtest.FaultRecord{Fault: "kill", Detail: "n1", Start: at, Stop: at + ms})
	}
	late := maelstromtest.FaultRecord{Fault: "pause", Detail: "n2", Start: time.Minute, Stop: -1}
	run.Result.Faults = append(run.Result.Faults, late)
	all := lanes(run.Result, 4*time.Second)
	if len(all) != 1 || all[0].Name != "kill (300 of 1000)" || len(all[0].Bars) != maxBars || all[0].Bars[1].Title != "kill n1, 0.001 s to 0.002 s" {
		t.Errorf("%d lanes, the first %q with %d bars", len(all), all[0].Name, len(all[0].Bars))
	}
}

func TestFinalReadsOfAWrongTotalAreMarked(t *testing.T) {
	final := func(n int64, outcome maelstromtest.Outcome) maelstromtest.Op {
		return maelstromtest.Op{F: "read", Value: n, Outcome: outcome, Final: true}
	}
	history := []maelstromtest.Op{final(2, maelstromtest.OK), final(3, maelstromtest.OK), final(0, maelstromtest.Info)}
	facts := maelstromtest.CounterFacts{Acceptable: []maelstromtest.Range{{Lo: 1, Hi: 2}}}
	got := contradicted(&maelstromtest.Result{History: history}, facts)
	if want := map[int]bool{1: true}; !maps.Equal(got, want) {
		t.Errorf("marked are %v, not %v", got, want)
	}
}

// A single value looks like a count unless its label says what it is.
func TestTotalsAreSaidToBeValues(t *testing.T) {
	for _, test := range []struct {
		finals []int64
		right  []maelstromtest.Range
		want   string
	}{
		{nil, []maelstromtest.Range{{Lo: 0, Hi: 0}}, "[{final reads none} {right answer 0}]"},
		{[]int64{7, 7}, []maelstromtest.Range{{Lo: 7, Hi: 7}}, "[{final reads returned 7} {right answer 7}]"},
		{[]int64{7, 8}, []maelstromtest.Range{{Lo: 7, Hi: 9}}, "[{final reads returned 7, 8} {right answers 7..9}]"},
		{[]int64{7}, []maelstromtest.Range{{Lo: 1, Hi: 1}, {Lo: 7, Hi: 7}}, "[{final reads returned 7} {right answers 1, 7}]"},
	} {
		if got := fmt.Sprint(Totals(maelstromtest.CounterFacts{FinalReads: test.finals, Acceptable: test.right})); got != test.want {
			t.Errorf("%s, not %s", got, test.want)
		}
	}
}
