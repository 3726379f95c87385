package report

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot/plotter"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/page"
)

// These bound the size of a page: the points drawn of a chart's ok requests, of
// its other requests, and of a line of steps, and the bars drawn in a lane.
const (
	maxDots     = 2500
	maxFailures = 1000
	maxSteps    = 1500
	maxBars     = 300
	alwaysDrawn = 50 // of the slowest requests, if not all requests are drawn
)

// charts returns the charts of a run. They share the time axis and the lanes of
// the faults.
func charts(r *maelstromtest.Result) []*page.Chart {
	all := []*page.Chart{latencyChart(r), rateChart(r)}
	if facts, ok := r.Facts.(maelstromtest.CounterFacts); ok {
		all = append(all, counterChart(r, facts), marginChart(r, facts))
	}
	for _, c := range all {
		c.End = span(r).Seconds()
		c.Lanes = lanesOfPage(r, c.End)
	}
	return all
}

// latencyChart has a point for each request, or for some of them if there are
// too many, and percentiles over time.
func latencyChart(r *maelstromtest.Result) *page.Chart {
	c := &page.Chart{Title: "Latency, in ms from when a request was made", Log: true, Note: "Each point is a request, at the time when it was made."}
	c.Low, c.High = latencyBounds(r)
	for i, runs := range percentilesOf(r) {
		name := fmt.Sprintf("p%d", percents[i])
		c.Lines = append(c.Lines, page.Line{Name: name, Class: name, Runs: pointsOf(runs...)})
	}
	all := divide(r.History)
	made := map[bool]int{} // ok, or not
	for _, s := range all {
		made[s.outcome == maelstromtest.OK] += len(s.ops)
	}
	for _, s := range all {
		class, shape := s.look()
		most := maxFailures
		if s.outcome == maelstromtest.OK {
			most = maxDots
		}
		kept, every := thin(s.ops, max(1, most*len(s.ops)/max(most, made[s.outcome == maelstromtest.OK])))
		dots := page.Dots{Name: counted(s.String(), len(s.ops), every), Class: class, Shape: shape}
		for _, op := range kept {
			dots.Points = append(dots.Points, dot(op, op.Invoke, milliseconds(op.Complete-op.Invoke), r))
		}
		c.Dots = append(c.Dots, dots)
	}
	return c
}

// rateChart shows how many requests were asked for, made and completed in each
// second.
func rateChart(r *maelstromtest.Result) *page.Chart {
	c := &page.Chart{Title: "Throughput, in requests per second", Note: "Answers are counted when they came."}
	asked, made, completed, height := ratesOf(r)
	c.High = height
	c.Lines = append(c.Lines,
		page.Line{Name: asked.text, Class: "asked", Runs: pointsOf(asked.points)},
		page.Line{Name: made.text, Class: "made", Runs: pointsOf(made.points)})
	for _, rate := range completed {
		class, _ := rate.of.look()
		if rate.of.outcome == maelstromtest.Info {
			class += " unknown"
		}
		c.Lines = append(c.Lines, page.Line{Name: rate.text, Class: class, Runs: pointsOf(rate.points)})
	}
	return c
}

// counterChart shows what was read over time, between what had been
// acknowledged and what had been asked for.
func counterChart(r *maelstromtest.Result, facts maelstromtest.CounterFacts) *page.Chart {
	c := &page.Chart{Title: "The counter", Fit: true,
		Note: "A read lasts from when it was made to its answer: it must begin on or above the lower line and end on or below the upper. The final reads, which come after the rest, are at the right edge."}
	acknowledged, asked := acknowledgedIn(r), askedIn(r)
	c.Lines = []page.Line{
		{Name: "adds asked for", Class: "upper", Runs: [][]page.Point{fewer(asked, span(r))}, Steps: true},
		{Name: "adds acknowledged", Class: "lower", Runs: [][]page.Point{fewer(acknowledged, span(r))}, Steps: true},
	}
	c.Dots = reads(r, facts, func(op maelstromtest.Op) float64 { return float64(op.Int()) })
	c.High = max(1, 1.05*highest(c.Dots), 1.05*asked[len(asked)-1].Y)
	return c
}

// marginChart shows how much more each read returned than had been acknowledged
// when it was made, which the chart of the counter is too coarse to show.
func marginChart(r *maelstromtest.Result, facts maelstromtest.CounterFacts) *page.Chart {
	c := &page.Chart{Title: "Reads, minus what had been acknowledged when they were made", Fit: true,
		Note: "A read below 0 has missed an add that had been acknowledged."}
	acknowledged := acknowledgedIn(r)
	end := span(r).Seconds()
	c.Lines = []page.Line{{Name: "what had been acknowledged", Class: "lower", Runs: [][]page.Point{{{X: 0}, {X: end}}}}}
	c.Dots = reads(r, facts, func(op maelstromtest.Op) float64 {
		return float64(op.Int()) - sumBefore(acknowledged, seconds(op.Invoke))
	})
	least := 0.
	for i := range c.Dots {
		for j, p := range c.Dots[i].Points {
			c.Dots[i].Points[j].For = 0
			least = min(least, p.Y)
		}
	}
	c.High = max(2, 1.1*highest(c.Dots))
	c.Low = min(-0.1*c.High, 1.1*least)
	return c
}

func highest(all []page.Dots) float64 {
	most := 0.
	for _, dots := range all {
		for _, p := range dots.Points {
			most = max(most, p.Y)
		}
	}
	return most
}

// reads returns points for the reads that were answered ok: first the reads
// that are right, then those that are wrong.
func reads(r *maelstromtest.Result, facts maelstromtest.CounterFacts, y func(maelstromtest.Op) float64) []page.Dots {
	class := "ok0"
	for _, s := range divide(r.History) {
		if s.kind == "read" && s.outcome == maelstromtest.OK {
			class, _ = s.look()
		}
	}
	bad := contradicted(r, facts)
	var fine, wrong []request
	for i, op := range r.History {
		switch {
		case op.F != "read" || op.Outcome != maelstromtest.OK:
		case bad[i]:
			wrong = append(wrong, request{op, i})
		default:
			fine = append(fine, request{op, i})
		}
	}
	end := span(r)
	var all []page.Dots
	for _, kind := range []struct {
		name, class string
		ops         []request
		most        int
	}{{"read", class, fine, maxDots}, {"read that contradicts others", "contradicted", wrong, maxFailures}} {
		kept, every := thin(kind.ops, kind.most)
		if len(kept) == 0 {
			continue
		}
		dots := page.Dots{Name: counted(kind.name, len(kind.ops), every), Class: kind.class}
		for _, op := range kept {
			point := dot(op, min(op.Complete, end), y(op.Op), r)
			if !op.Final {
				point.For = seconds(op.Complete - op.Invoke)
			}
			dots.Points = append(dots.Points, point)
		}
		all = append(all, dots)
	}
	return all
}

// contradicted returns the indices of the reads that the verdict has found
// wrong.
func contradicted(r *maelstromtest.Result, facts maelstromtest.CounterFacts) map[int]bool {
	bad := map[int]bool{}
	for _, v := range facts.OutOfOrder {
		bad[v.Index] = true
	}
	if facts.Unexplained != nil {
		bad[facts.Unexplained.Index] = true
	}
	for i, op := range r.History {
		if op.Final && op.Outcome == maelstromtest.OK && !slices.ContainsFunc(facts.Acceptable, func(a maelstromtest.Range) bool { return a.Lo <= op.Int() && op.Int() <= a.Hi }) {
			bad[i] = true
		}
	}
	return bad
}

// acknowledgedIn returns the sum of the acknowledged adds over time.
func acknowledgedIn(r *maelstromtest.Result) []page.Point {
	return sums(r, func(op maelstromtest.Op) (time.Duration, bool) { return op.Complete, op.Outcome == maelstromtest.OK })
}

// askedIn returns the sum over time of the adds that had been asked for and
// were not refused.
func askedIn(r *maelstromtest.Result) []page.Point {
	return sums(r, func(op maelstromtest.Op) (time.Duration, bool) { return op.Invoke, op.Outcome != maelstromtest.Fail })
}

// sums adds up the adds that count, each from a time on. It begins with a sum
// of 0.
func sums(r *maelstromtest.Result, counts func(maelstromtest.Op) (time.Duration, bool)) []page.Point {
	all := []page.Point{{}}
	for _, op := range r.History {
		if at, ok := counts(op); ok && op.F == "add" && op.Int() > 0 {
			all = append(all, page.Point{X: at.Seconds(), Y: float64(op.Int())})
		}
	}
	slices.SortStableFunc(all, func(a, b page.Point) int { return cmp.Compare(a.X, b.X) })
	for i := range all[1:] {
		all[i+1].Y += all[i].Y
	}
	return all
}

// sumBefore is the sum just before a time.
func sumBefore(sums []page.Point, at float64) float64 {
	i, _ := slices.BinarySearchFunc(sums, at, func(p page.Point, at float64) int { return cmp.Compare(p.X, at) })
	return sums[max(0, i-1)].Y
}

// fewer returns the sums up to an end. Of many it returns only those at equal
// distances.
func fewer(sums []page.Point, until time.Duration) []page.Point {
	end := until.Seconds()
	slot := func(p page.Point) int { return int(p.X / end * maxSteps) }
	var kept []page.Point
	for i, p := range sums {
		if len(sums) <= maxSteps || i == 0 || i+1 == len(sums) || slot(sums[i+1]) > slot(p) {
			kept = append(kept, page.Point{X: min(p.X, end), Y: p.Y})
		}
	}
	return append(kept, page.Point{X: end, Y: sums[len(sums)-1].Y})
}

// thin returns about as many requests as most: one in every so many, and the
// slowest.
func thin(ops []request, most int) (kept []request, every int) {
	every = (len(ops)-1)/max(1, most) + 1
	if every <= 1 {
		return ops, 1
	}
	slow := slices.Clone(ops)
	took := func(op request) time.Duration { return op.Complete - op.Invoke }
	slices.SortFunc(slow, func(a, b request) int { return cmp.Compare(took(b), took(a)) })
	bound, left := took(slow[min(alwaysDrawn, len(slow)-1)]), alwaysDrawn
	for i, op := range ops {
		outlier := took(op) > bound && left > 0
		if outlier {
			left--
		}
		if outlier || i%every == 0 {
			kept = append(kept, op)
		}
	}
	return kept, every
}

// counted returns a name for the legend that says how many points there are,
// and how many of them are drawn.
func counted(name string, n, every int) string {
	if every > 1 {
		return fmt.Sprintf("%s (%d; one in %d drawn, and the slowest %d)", name, n, every, alwaysDrawn)
	}
	return fmt.Sprintf("%s (%d)", name, n)
}

// dot returns an operation's point.
func dot(op request, at time.Duration, y float64, r *maelstromtest.Result) page.Dot {
	what := op.F
	if op.Value != nil {
		what += fmt.Sprintf(" %v", op.Value)
	}
	if op.Final {
		what = "final " + what
	}
	text := fmt.Sprintf("op %d: %s, %s by %s after %s, made at %.4g s by %s", op.index, what, OutcomeName(op.Outcome), op.Node,
		Milliseconds(op.Complete-op.Invoke), seconds(op.Invoke), op.Client)
	if why := Why(op.Op, r); op.Outcome != maelstromtest.OK && why != "" {
		text += ": " + why
	}
	return page.Dot{Point: page.Point{X: seconds(at), Y: y}, Text: text}
}

// look returns the class and the shape that a series has on a page.
func (s series) look() (class, shape string) {
	class = fmt.Sprintf("bad%d", s.rank%3)
	switch s.outcome {
	case maelstromtest.OK:
		return fmt.Sprintf("ok%d", s.rank%3), ""
	case maelstromtest.Info:
		return class, "hollow"
	}
	return class, "square"
}

func pointsOf(runs ...plotter.XYs) [][]page.Point {
	var all [][]page.Point
	for _, run := range runs {
		var points []page.Point
		for _, p := range run {
			points = append(points, page.Point(p))
		}
		all = append(all, points)
	}
	return all
}

// lanesOfPage returns the lanes of the faults, up to the time at which charts
// end.
func lanesOfPage(r *maelstromtest.Result, end float64) []page.Lane {
	var lanes []page.Lane
	for _, l := range lanesOf(r) {
		lane := page.Lane{Name: l.fault, Colour: template.CSS(fmt.Sprintf("#%02x%02x%02x", l.shade.R, l.shade.G, l.shade.B))}
		for i, b := range l.bars {
			if i == maxBars {
				lane.Name += fmt.Sprintf(" (%d of %d)", maxBars, len(l.bars))
				break
			}
			if b.from < end {
				title := strings.TrimSpace(fmt.Sprintf("%s %s", l.fault, b.detail)) + fmt.Sprintf(", %.4g s to %.4g s", b.from, b.to)
				lane.Bars = append(lane.Bars, page.Bar{From: b.from, To: b.to, Text: b.detail, Title: title})
			}
		}
		if len(lane.Bars) > 0 {
			lanes = append(lanes, lane)
		}
	}
	return lanes
}
