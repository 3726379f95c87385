package trial

import (
	"strings"
	"testing"

	"maelstrom-counter/internal/bench/maelstromtest"
)

func TestAFailureNamesTheFigureThatExceedsItsLimit(t *testing.T) {
	limits := Figures{1, 2, 3, 4, 5, 90, 50}
	if failures := limits.exceededBy(limits); len(failures) > 0 {
		t.Errorf("the limits themselves: %q", failures)
	}
	if failures := (Figures{}).exceededBy(Figures{1e6, 1e6, 1e6, 1e6, 100}); len(failures) > 0 {
		t.Errorf("no limits: %q", failures)
	}
	for i, want := range []string{
		"p50 1.1 ms, want at most 1", "p95 2.1 ms", "p99 3.1 ms", "max 4.1 ms", "5.10 messages",
		"89.90 % ok, want at least 90", "fair to 50 %, want at least 50",
	} {
		got := limits
		got[i] += 0.1
		if i >= Answered {
			got[i] -= 0.2
		}
		if failures := limits.exceededBy(got); len(failures) != 1 || !strings.HasPrefix(failures[0], want) {
			t.Errorf("%v: %q, want one about %s", got, failures, want)
		}
	}
}

func TestAMeanIsOverAllSeeds(t *testing.T) {
	got := mean([]Figures{{1, 2, 3, 9, 1, 100, 50}, {3, 4, 5, 4, 2, 50, 100}})
	if want := (Figures{2, 3, 4, 9, 1.5, 75, 75}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := mean(nil); got != (Figures{}) {
		t.Errorf("the mean of no figures is %v", got)
	}
}

// A row without limits would always pass.
func TestEachRowHasLimits(t *testing.T) {
	for _, row := range Rows {
		l := row.Limits
		if min(l[P50], l[P99], l[PerRequest]) == 0 || l[Answered] < 90 || row.Seeds == 0 || row.Config.Rate == 0 {
			t.Errorf("%+v lacks something", row)
		}
	}
}

func TestFiguresAreTakenFromTheResult(t *testing.T) {
	op := func(node string, outcome maelstromtest.Outcome) maelstromtest.Op {
		return maelstromtest.Op{Node: node, Outcome: outcome}
	}
	got := figures(&maelstromtest.Result{
		Config:    maelstromtest.Config{Nodes: 2},
		Counts:    maelstromtest.Counts{Availability: 0.75},
		Latencies: maelstromtest.Latencies{Latency: maelstromtest.Quantiles{P50: 1 * ms, P95: 2 * ms, P99: 3 * ms, Max: 4 * ms}},
		Traffic:   maelstromtest.Traffic{MessagesPerRequest: 5},
		History:   []maelstromtest.Op{op("n0", "ok"), op("n0", "ok"), op("n1", "ok"), op("n1", "fail")},
	})
	if want := (Figures{1, 2, 3, 4, 5, 75, 50}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
