package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/verdict"
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
			text: fmt.Sprintf("p99 %.4g ms, with --max-p99 %v", milliseconds(p99), limit), // 50.2 misses 50
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
	Open         // ended before Maelstrom's verdict was reached, and nothing was wrong so far
	Missed       // a threshold
	Wrong
)

func (g Grade) String() string { return [...]string{"RIGHT", "OPEN", "MISSED", "WRONG"}[g] }

// Grade returns the grade of a run.
func (run Run) Grade() Grade {
	missed := func(bar Bar) bool { return !bar.Met }
	switch {
	case !run.Result.Right:
		return Wrong
	case slices.ContainsFunc(run.Bars(), missed):
		return Missed
	case run.Result.Cut:
		return Open
	}
	return Right
}

// Passed reports whether nothing was wrong with a run, as far as it went, and
// it met its thresholds.
func (run Run) Passed() bool { return run.Grade() < Missed }

// Headline returns the verdict in a line. Maelstrom's verdict comes first.
func (run Run) Headline() string {
	v, strict := run.Result.Verdict, run.Result.Config.Consistency == verdict.Linearizable
	prefix := ""
	if run.Interrupted && !v.Cut {
		prefix = "As far as it went: "
	}
	unmade := run.unmade()
	switch {
	case !v.MaelstromValid:
		return prefix + wrongByMaelstrom(v)
	case !v.Right:
		return prefix + wrongBeyond(v)
	case v.Cut:
		return "The run ended before Maelstrom reached a verdict. No check that decides was wrong so far. " +
			"Not checked: " + unmade + "."
	}
	text := prefix + "RIGHT by Maelstrom's verdict"
	switch {
	case v.Check(verdict.IsLinearizable).Status == verdict.Passed:
		text += ", and linearizable"
	case strict && unmade == "":
		text += " and by every other check"
	}
	if unmade != "" {
		text += ". Not checked: " + unmade
	}
	return text + "."
}

// unmade lists the checks that decide and could not be made.
func (run Run) unmade() string {
	var names []string
	for _, c := range run.Result.Checks {
		if run.open(c) {
			names = append(names, fmt.Sprintf("%s (%s)", c.Name, c.Detail))
		}
	}
	return strings.Join(names, "; ")
}

// open reports whether a check decides and could not be made.
func (run Run) open(c verdict.Check) bool {
	strict := run.Result.Config.Consistency == verdict.Linearizable
	return c.Status == verdict.NotChecked && !c.Vacuous && (c.Maelstrom || strict)
}

// wrongByMaelstrom names the first of Maelstrom's checkers that is not content.
func wrongByMaelstrom(v verdict.Verdict) string {
	c := first(v, func(c verdict.Check) bool { return c.Maelstrom })
	text := "WRONG by Maelstrom's verdict"
	if c.Checker != "" {
		text += " (:" + c.Checker + ")"
	}
	return strings.TrimSuffix(text+": "+cmp.Or(c.Detail, c.Name), ": ") + "."
}

// wrongBeyond says what is wrong with a run that Maelstrom would call valid.
func wrongBeyond(v verdict.Verdict) string {
	c := first(v, func(c verdict.Check) bool { return c.Decides && c.Name == verdict.IsLinearizable })
	if c.Name == "" {
		c = first(v, func(c verdict.Check) bool { return c.Decides })
	}
	text := "WRONG: " + cmp.Or(c.Detail, c.Name)
	switch {
	case v.Cut:
		return text + ". The run ended before Maelstrom reached a verdict."
	case c.Name == verdict.SomeAnswered:
		return text + "."
	}
	return text + ", though Maelstrom would call it valid."
}

// first returns the first check that is wrong and meets a condition. If there
// is none, its name is empty.
func first(v verdict.Verdict, meets func(verdict.Check) bool) verdict.Check {
	for _, c := range v.Checks {
		if c.Status == verdict.Wrong && meets(c) {
			return c
		}
	}
	return verdict.Check{}
}

// Beyond returns lines about the checks that Maelstrom does not make: what is
// wrong first, with what it means. If these checks do not decide, the lines
// have their findings, too.
func (run Run) Beyond() []string {
	var wrong, fine, other []string
	for _, c := range run.Result.Checks {
		switch {
		case c.Maelstrom:
		case c.Status == verdict.Passed:
			fine = append(fine, c.Name)
		case c.Status == verdict.NotChecked:
			other = append(other, fmt.Sprintf("not checked: %s (%s)", c.Name, c.Detail))
		default:
			wrong = append(wrong, strings.TrimSuffix("wrong: "+c.Name+": "+c.Detail, ": "))
			if c.Explanation != "" {
				wrong = append(wrong, "  ("+c.Explanation+")")
			}
			if !c.Decides && !slices.Equal(c.Findings, []string{c.Detail}) {
				wrong = append(wrong, indented(c.Findings)...)
			}
		}
	}
	if len(fine) > 0 {
		wrong = append(wrong, "ok: "+strings.Join(fine, ", "))
	}
	lines := append(wrong, other...)
	for _, note := range run.Result.Notes() {
		lines = append(lines, "remark: "+note)
	}
	for _, line := range []string{run.Late(), run.Luck} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	header := "Beyond Maelstrom, which the exercise does not ask for:"
	if run.Result.Config.Consistency == verdict.Linearizable {
		header = "Beyond Maelstrom, as --consistency linearizable demands:"
	}
	return append([]string{header}, indented(lines)...)
}

func indented(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = "  " + line
	}
	return out
}

// Odds says how many of several runs passed Maelstrom's verdict, if some did
// and some did not. Runs that were ended early do not count.
func Odds(runs []Run) string {
	valid, known := 0, 0
	for _, run := range runs {
		if run.Result.MaelstromValid && run.Result.Cut {
			continue
		}
		known++
		if run.Result.MaelstromValid {
			valid++
		}
	}
	if valid == 0 || valid == known {
		return ""
	}
	return fmt.Sprintf("Maelstrom's verdict varies: %d of %d runs passed it. "+
		"For this node, the verdict on a single run is a matter of chance.", valid, known)
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
