// Package speed says how fast the counter has to be, and checks that it is. It
// measures virtual time, so the figures are the same on every machine.
package trial

import (
	"fmt"
	"math"
	"strings"
	"sync"
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
	Limits Figures // lower limits of OK and Fair, and upper limits of the others; zero is no limit
}

// Figures are the figures of a run, or their means over several runs.
type Figures struct {
	P50, P95, P99 time.Duration
	Max           time.Duration // over several runs, the greatest
	Messages      float64       // per request, without the clients'
	OK            float64       // the share of the requests that were answered ok
	Fair          float64       // see Fairness
}

func (f Figures) String() string {
	var s strings.Builder
	for _, x := range []struct {
		name string
		d    time.Duration
	}{{"p50", f.P50}, {"p95", f.P95}, {"p99", f.P99}, {"max", f.Max}} {
		fmt.Fprintf(&s, "%s %.1f ms, ", x.name, float64(x.d)/float64(time.Millisecond))
	}
	fmt.Fprintf(&s, "%.2f messages per request, %.2f %% ok, fair to %.0f %%", f.Messages, 100*f.OK, 100*f.Fair)
	return s.String()
}

// Check measures a program under a row's condition, and compares the figures
// with the limits. If seeds is not zero, it replaces the row's own number of
// seeds. The limits are those of the row's own seeds: with others, which are a
// little luckier or unluckier, the figures are only logged.
func (row Row) Check(t *testing.T, program maelstromtest.Program, seeds int) {
	t.Helper()
	if seeds == 0 {
		seeds = row.Seeds
	}
	var mu sync.Mutex
	var all []Figures
	Run(t, program, seeds, row.Config, AtLeast(math.Floor(row.Limits.OK)), func(_ *testing.T, r *maelstromtest.Result) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, figures(r))
	})
	got := mean(all)
	t.Logf("%d seeds: %v", len(all), got)
	if seeds != row.Seeds {
		return
	}
	for _, failure := range row.Limits.exceededBy(got) {
		t.Error(failure)
	}
}

func figures(r *maelstromtest.Result) Figures {
	return Figures{
		P50: r.Latency.P50, P95: r.Latency.P95, P99: r.Latency.P99, Max: r.Latency.Max,
		Messages: r.MessagesPerRequest, OK: r.Availability, Fair: Fairness(r),
	}
}

// mean returns the means of some figures. Their order does not matter.
func mean(all []Figures) Figures {
	var m Figures
	if len(all) == 0 {
		return m
	}
	n := len(all)
	for _, f := range all {
		m.P50, m.P95, m.P99, m.Max = m.P50+f.P50, m.P95+f.P95, m.P99+f.P99, max(m.Max, f.Max)
		m.Messages, m.OK, m.Fair = m.Messages+f.Messages, m.OK+f.OK, m.Fair+f.Fair
	}
	m.P50, m.P95, m.P99 = m.P50/time.Duration(n), m.P95/time.Duration(n), m.P99/time.Duration(n)
	m.Messages, m.OK, m.Fair = m.Messages/float64(n), m.OK/float64(n), m.Fair/float64(n)
	return m
}

// exceededBy returns a text for each figure of f that is worse than its limit.
func (l Figures) exceededBy(f Figures) (failures []string) {
	for _, x := range []struct {
		name      string
		got, most time.Duration
	}{{"p50", f.P50, l.P50}, {"p95", f.P95, l.P95}, {"p99", f.P99, l.P99}, {"max", f.Max, l.Max}} {
		if x.most > 0 && x.got > x.most {
			failures = append(failures, fmt.Sprintf("%s is %v, want at most %v", x.name, x.got, x.most))
		}
	}
	if l.Messages > 0 && f.Messages > l.Messages {
		failures = append(failures, fmt.Sprintf("%.2f messages per request, want at most %v", f.Messages, l.Messages))
	}
	const rounding = 1e-9
	if f.OK < l.OK-rounding {
		failures = append(failures, fmt.Sprintf("%.2f %% of the requests were answered ok, want at least %v %%", 100*f.OK, 100*l.OK))
	}
	if f.Fair < l.Fair {
		failures = append(failures, fmt.Sprintf("the node that served the fewest requests served %.0f %% of what the busiest node did, want at least %.0f %%",
			100*f.Fair, 100*l.Fair))
	}
	return failures
}
