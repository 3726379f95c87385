package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// Thresholds are limits that a run must keep, besides being right. A zero value
// means that there is no limit.
type Thresholds struct {
	MaxP99 time.Duration // of the requests that were answered ok
	MinOK  float64       // in percent of all requests
}

// A Bar is a threshold that a run has met or missed.
type Bar struct {
	Name   string  `json:"name"`
	Limit  float64 `json:"limit"`
	Actual float64 `json:"actual"`
	Met    bool    `json:"met"`
	text   string
}

func (b Bar) String() string {
	return map[bool]string{true: "MET: ", false: "MISSED: "}[b.Met] + b.text
}

// Bars compares a run with its thresholds. If nothing was answered ok, there is
// no p99, and its threshold is missed.
func (run Run) Bars() []Bar {
	var bars []Bar
	r := run.Result
	if limit := run.Thresholds.MaxP99; limit > 0 {
		p99 := r.Latency.P99
		bars = append(bars, Bar{
			Name: "max_p99_ms", Limit: milliseconds(limit), Actual: milliseconds(p99), Met: r.OK > 0 && p99 <= limit,
			text: fmt.Sprintf("p99 %s, with --max-p99 %v", Milliseconds(p99), limit),
		})
	}
	if limit := run.Thresholds.MinOK; limit > 0 {
		percent := 100 * r.Availability
		bars = append(bars, Bar{
			Name: "min_ok_percent", Limit: limit, Actual: percent, Met: r.Invoked > 0 && percent >= limit,
			text: fmt.Sprintf("%s ok, with --min-ok %g", Percent(r.Availability), limit),
		})
	}
	return bars
}

// A Grade is the verdict on a run and its thresholds in a word. A worse grade
// is greater.
type Grade int

const (
	Right  Grade = iota
	Missed       // a threshold
	Wrong
)

func (g Grade) String() string { return [...]string{"RIGHT", "MISSED", "WRONG"}[g] }

// Grade returns the grade of a run.
func (run Run) Grade() Grade {
	missed := func(bar Bar) bool { return !bar.Met }
	switch {
	case !run.Result.Right:
		return Wrong
	case slices.ContainsFunc(run.Bars(), missed):
		return Missed
	}
	return Right
}

// Passed reports whether a run was right and met its thresholds.
func (run Run) Passed() bool { return run.Grade() == Right }

// Headline returns the verdict in a line.
func (run Run) Headline() string {
	r, prefix := run.Result, ""
	if run.Interrupted {
		prefix = "Interrupted. As far as it went: "
	}
	eventual := r.Config.Consistency == maelstromtest.Eventual
	var unchecked []string
	for _, c := range r.Checks {
		if c.Status == maelstromtest.NotChecked && (c.Maelstrom || !eventual) {
			unchecked = append(unchecked, fmt.Sprintf("%s (%s)", c.Name, c.Detail))
		}
	}
	switch {
	case !r.Right && r.MaelstromValid:
		return prefix + "WRONG by the stricter checks, although Maelstrom would call it valid."
	case !r.Right:
		return prefix + "WRONG, by Maelstrom's verdict too."
	case len(unchecked) > 0:
		return prefix + "RIGHT by every check that was made. Not checked: " + strings.Join(unchecked, "; ") + "."
	case eventual:
		return prefix + "RIGHT by Maelstrom's verdict, which is all that eventual consistency promises."
	}
	return prefix + "RIGHT by Maelstrom's verdict and by every stricter check."
}

// LatencyRows returns rows with a name and percentiles of the latency of
// requests that were answered ok: of all, and of each kind.
func (run Run) LatencyRows() [][]string {
	rows := [][]string{append([]string{"all"}, Percentiles(run.Result.Latency)...)}
	for _, kind := range slices.Sorted(maps.Keys(run.Result.LatencyByKind)) {
		rows = append(rows, append([]string{kind}, Percentiles(run.Result.LatencyByKind[kind])...))
	}
	return rows
}

// Percentiles shows the median, the 95th and 99th percentiles, and the maximum.
func Percentiles(q maelstromtest.Quantiles) []string {
	if q.Max == 0 {
		return slices.Repeat([]string{"none"}, 4)
	}
	return []string{Milliseconds(q.P50), Milliseconds(q.P95), Milliseconds(q.P99), Milliseconds(q.Max)}
}

// Milliseconds shows a duration with two digits or more.
func Milliseconds(d time.Duration) string {
	ms := milliseconds(d)
	if ms < 10 {
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.0f ms", ms)
}

// Percent shows a share from 0 to 1 in percent. Only a share of 1 is shown as
// 100 %.
func Percent(share float64) string {
	if share < 1 && share > 0.9999 {
		return "99.99 %"
	}
	return fmt.Sprintf("%.4g %%", 100*share)
}
