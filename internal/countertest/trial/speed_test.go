package trial

import (
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

func TestAFailureNamesTheFigureThatExceedsItsLimit(t *testing.T) {
	limits := Figures{P50: 1, P95: 2, P99: 3, Max: 4, Messages: 5, OK: 0.9, Fair: 0.5}
	if failures := limits.exceededBy(limits); len(failures) > 0 {
		t.Errorf("the limits themselves: %q", failures)
	}
	if failures := (Figures{}).exceededBy(Figures{P50: time.Hour, P95: time.Hour, P99: time.Hour, Max: time.Hour, Messages: 100}); len(failures) > 0 {
		t.Errorf("no limits: %q", failures)
	}
	for want, change := range map[string]func(*Figures){
		"p50":             func(f *Figures) { f.P50 = 2 },
		"p95":             func(f *Figures) { f.P95 = 3 },
		"p99":             func(f *Figures) { f.P99 = 4 },
		"max":             func(f *Figures) { f.Max = 5 },
		"messages":        func(f *Figures) { f.Messages = 5.1 },
		"answered ok":     func(f *Figures) { f.OK = 0.89 },
		"served 49 % of ": func(f *Figures) { f.Fair = 0.49 },
	} {
		got := limits
		change(&got)
		if failures := limits.exceededBy(got); len(failures) != 1 || !strings.Contains(failures[0], want) {
			t.Errorf("%+v: %q, want one about %s", got, failures, want)
		}
	}
}

func TestAMeanIsOverAllSeeds(t *testing.T) {
	got := mean([]Figures{
		{P50: 1, P95: 2, P99: 3, Max: 9, Messages: 1, OK: 1, Fair: 0.5},
		{P50: 3, P95: 4, P99: 5, Max: 4, Messages: 2, OK: 0.5, Fair: 1},
	})
	if want := (Figures{P50: 2, P95: 3, P99: 4, Max: 9, Messages: 1.5, OK: 0.75, Fair: 0.75}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := mean(nil); got != (Figures{}) {
		t.Errorf("the mean of no figures is %+v", got)
	}
}

// A row without limits would always pass.
func TestEachRowHasLimits(t *testing.T) {
	names := map[string]bool{}
	for _, row := range Rows {
		if row.Limits.P50 == 0 || row.Limits.P99 == 0 || row.Limits.Messages == 0 || row.Limits.OK < 0.9 || row.Seeds == 0 || row.Config.Rate == 0 {
			t.Errorf("%+v lacks something", row)
		}
		if names[row.Name] {
			t.Errorf("two rows are called %s", row.Name)
		}
		names[row.Name] = true
	}
}

func TestFiguresAreTakenFromTheResult(t *testing.T) {
	op := func(node string, outcome maelstromtest.Outcome) maelstromtest.Op {
		return maelstromtest.Op{Node: node, Outcome: outcome}
	}
	got := figures(&maelstromtest.Result{
		Config:    maelstromtest.Config{Nodes: 2},
		Counts:    maelstromtest.Counts{Availability: 0.75},
		Latencies: maelstromtest.Latencies{Latency: maelstromtest.Quantiles{P50: 1, P95: 2, P99: 3, Max: 4}},
		Traffic:   maelstromtest.Traffic{MessagesPerRequest: 5},
		History:   []maelstromtest.Op{op("n0", "ok"), op("n0", "ok"), op("n1", "ok"), op("n1", "fail")},
	})
	if want := (Figures{P50: 1, P95: 2, P99: 3, Max: 4, Messages: 5, OK: 0.75, Fair: 0.5}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
