package trial

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// A Row is a condition, and how fast the counter has to be under it, in the
// mean over some seeds.
type Row struct {
	Name   string
	Seeds  int
	Config maelstromtest.Config
	Limits Figures // zero means no limit
}

// Figures are the figures of a run, or their means over several runs. They are
// measured in virtual time, so they are the same on every machine.
type Figures [len(kinds)]float64

// The indices of Figures. Answered and Even have lower limits, the others upper
// ones.
const (
	P50 = iota // of the latencies, in ms
	P95
	P99
	Longest    // over several runs, the greatest
	PerRequest // messages, without the clients'
	Answered   // ok, in %
	// What the node that served the fewest requests served of what the busiest
	// one did, in %.
	Even
)

// kinds says how each figure is written.
var kinds = [...]string{"p50 %.1f ms", "p95 %.1f ms", "p99 %.1f ms", "max %.1f ms", "%.2f messages per request", "%.2f %% ok", "fair to %.0f %%"}

func (f Figures) String() string {
	var texts []string
	for i, x := range f {
		texts = append(texts, fmt.Sprintf(kinds[i], x))
	}
	return strings.Join(texts, ", ")
}

// Check measures a program under a row's condition, and compares the figures
// with the limits. The limits are for the row's own seeds. With the flag
// -seeds, the figures are only logged, as other seeds are a little luckier or
// unluckier.
func (row Row) Check(t *testing.T, program maelstromtest.Program) {
	t.Helper()
	all := eachSeed(t, row.Seeds, func(t *testing.T, seed uint64) Figures {
		floor := 100 * math.Floor(row.Limits[Answered]/100)
		return figures(run(t, program, seed, row.Config, Within(Figures{Answered: floor})))
	})
	got := mean(all)
	t.Logf("%d seeds: %v", len(all), got)
	if len(all) != row.Seeds {
		return
	}
	for _, failure := range row.Limits.exceededBy(got) {
		t.Error(failure)
	}
}

func figures(r *maelstromtest.Result) Figures {
	f := Figures{PerRequest: r.MessagesPerRequest, Answered: 100 * r.Availability, Even: 100 * Fairness(r)}
	for i, latency := range []time.Duration{r.Latency.P50, r.Latency.P95, r.Latency.P99, r.Latency.Max} {
		f[i] = latency.Seconds() * 1000
	}
	return f
}

// mean returns the means of some figures.
func mean(all []Figures) (m Figures) {
	for _, f := range all {
		for i, x := range f {
			if i == Longest {
				m[i] = max(m[i], x)
			} else {
				m[i] += x / float64(len(all))
			}
		}
	}
	return m
}

// exceededBy returns a text for each figure of f that is worse than its limit.
func (l Figures) exceededBy(f Figures) (failures []string) {
	const rounding = 1e-7
	for i, limit := range l {
		excess, bound := f[i]-limit, "most"
		if i >= Answered {
			excess, bound = -excess, "least"
		}
		if limit > 0 && excess > rounding {
			failures = append(failures, fmt.Sprintf(kinds[i]+", want at %s %v", f[i], bound, limit))
		}
	}
	return failures
}
