package report

import (
	"cmp"
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"

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

// over gives a chart the time axis of a run, and the lanes of its faults.
func over(r *maelstromtest.Result, c *page.Chart) *page.Chart {
	end := span(r)
	c.End, c.Lanes = end.Seconds(), lanes(r, end)
	return c
}

// span returns the time that charts show. It ends with the last request that is
// not a final one, since the final ones come only after a long rest.
func span(r *maelstromtest.Result) time.Duration {
	end := max(time.Second, min(r.Config.TimeLimit, r.Elapsed))
	for _, op := range r.History {
		if !op.Final {
			end = max(end, op.Complete)
		}
	}
	return end
}

// picture returns a function that writes a chart as a picture.
func (run Run) picture(chart func(*maelstromtest.Result) *page.Chart) func(io.Writer) error {
	return func(w io.Writer) error { return chart(run.Result).WriteSVG(w, run.describe()) }
}

// describe says in a line what a run was put through.
func (run Run) describe() string {
	cfg := run.Result.Config
	text := fmt.Sprintf("%s, %d nodes, %d workers, %g requests/s asked for", run.Result.Workload, cfg.Nodes, cfg.Concurrency, cfg.Rate)
	if cfg.Latency > 0 {
		text += ", latency " + latency(cfg)
	}
	if run.Maelstrom == nil {
		text += fmt.Sprintf(", seed %d", cfg.Seed)
	}
	return text
}

// counterChart shows what was read over time, between what had been
// acknowledged and what had been asked for.
func counterChart(r *maelstromtest.Result, facts maelstromtest.CounterFacts) *page.Chart {
	acknowledged, asked, end := acknowledgedIn(r), askedIn(r), span(r)
	dots := reads(r, facts, func(op request) page.Dot {
		point := dot(r, op, min(op.Complete, end), float64(op.Int()))
		if !op.Final {
			point.For = op.took().Seconds()
		}
		return point
	})
	_, most := bounds(dots)
	return over(r, &page.Chart{
		Title: "The counter",
		Note: "A read lasts from when it was made to its answer: it must begin on or above the lower line and end on or below the upper. " +
			"The final reads, which come after the rest, are at the right edge.",
		Fit: true, High: max(1, 1.05*most, 1.05*asked[len(asked)-1].Y), Dots: dots,
		Lines: []page.Line{
			{Name: "adds asked for", Class: "upper", Runs: [][]page.Point{fewer(asked, end)}, Steps: true},
			{Name: "adds acknowledged", Class: "lower", Runs: [][]page.Point{fewer(acknowledged, end)}, Steps: true},
		},
	})
}

// marginChart shows how much more each read returned than had been acknowledged
// when it was made, which the chart of the counter is too coarse to show.
func marginChart(r *maelstromtest.Result, facts maelstromtest.CounterFacts) *page.Chart {
	acknowledged, end := acknowledgedIn(r), span(r)
	dots := reads(r, facts, func(op request) page.Dot {
		return dot(r, op, min(op.Complete, end), float64(op.Int())-sumBefore(acknowledged, op.Invoke.Seconds()))
	})
	least, most := bounds(dots)
	high := max(2, 1.1*most)
	return over(r, &page.Chart{
		Title: "Reads, minus what had been acknowledged when they were made",
		Note:  "A read below 0 has missed an add that had been acknowledged.",
		Fit:   true, Low: min(-0.1*high, 1.1*least), High: high, Dots: dots,
		Lines: []page.Line{{Name: "what had been acknowledged", Class: "lower", Runs: [][]page.Point{{{X: 0}, {X: end.Seconds()}}}}},
	})
}

// bounds returns the least and the greatest y of dots, or 0 if that is beyond.
func bounds(all []page.Dots) (least, most float64) {
	for _, dots := range all {
		for _, p := range dots.Points {
			least, most = min(least, p.Y), max(most, p.Y)
		}
	}
	return least, most
}

// reads returns points for the reads that were answered ok: first the reads
// that are right, then those that are wrong.
func reads(r *maelstromtest.Result, facts maelstromtest.CounterFacts, point func(request) page.Dot) []page.Dots {
	class := "ok0"
	for _, s := range divide(r.History) {
		if s.kind == "read" && s.outcome == maelstromtest.OK {
			class = s.class
		}
	}
	bad := contradicted(r, facts)
	found := map[bool][]request{} // wrong, or not
	for i, op := range r.History {
		if op.F == "read" && op.Outcome == maelstromtest.OK {
			found[bad[i]] = append(found[bad[i]], request{op, i})
		}
	}
	var all []page.Dots
	if fine := found[false]; len(fine) > 0 {
		all = append(all, draw("read", class, fine, maxDots, point))
	}
	if wrong := found[true]; len(wrong) > 0 {
		all = append(all, draw("read that contradicts others", "contradicted", wrong, maxFailures, point))
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
		if op.Final && op.Outcome == maelstromtest.OK && !facts.Accepts(op.Int()) {
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

// draw returns about as many points as most. Their name says how many requests
// there are, and how many of them are drawn.
func draw(name, class string, ops []request, most int, point func(request) page.Dot) page.Dots {
	kept, every := thin(ops, max(1, most))
	dots := page.Dots{Name: fmt.Sprintf("%s (%d)", name, len(ops)), Class: class}
	if every > 1 {
		dots.Name = fmt.Sprintf("%s (%d; one in %d drawn, and the slowest %d)", name, len(ops), every, alwaysDrawn)
	}
	for _, op := range kept {
		dots.Points = append(dots.Points, point(op))
	}
	return dots
}

// thin returns about as many requests as most: one in every so many, and the
// slowest.
func thin(ops []request, most int) (kept []request, every int) {
	every = (len(ops)-1)/most + 1
	if every == 1 {
		return ops, every
	}
	slowest := slices.SortedStableFunc(slices.Values(ops), func(a, b request) int { return cmp.Compare(b.took(), a.took()) })
	always := map[int]bool{} // by index
	for _, op := range slowest[:min(alwaysDrawn, len(ops))] {
		always[op.index] = true
	}
	for i, op := range ops {
		if i%every == 0 || always[op.index] {
			kept = append(kept, op)
		}
	}
	return kept, every
}

// dot returns an operation's point.
func dot(r *maelstromtest.Result, op request, at time.Duration, y float64) page.Dot {
	what := op.F
	if op.Final {
		what = "final " + what
	}
	if op.Value != nil {
		what += fmt.Sprintf(" %v", op.Value)
	}
	text := fmt.Sprintf("op %d: %s, %s by %s after %s, made at %.4g s by %s", op.index, what, OutcomeName(op.Outcome), op.Node,
		Milliseconds(op.took()), op.Invoke.Seconds(), op.Client)
	if why := Why(op.Op, r); op.Outcome != maelstromtest.OK && why != "" {
		text += ": " + why
	}
	return page.Dot{Point: page.Point{X: at.Seconds(), Y: y}, Text: text}
}

// shades has a colour for each kind of fault, the same in all charts.
var shades = map[maelstromtest.Kind]template.CSS{
	maelstromtest.Partition: "#5f5f5f",
	maelstromtest.StoreCut:  "#8c564b",
	maelstromtest.Kill:      "#cd2d2d",
	maelstromtest.Pause:     "#e1a01e",
	maelstromtest.Clock:     "#8255be",
	maelstromtest.Loss:      "#1496a5",
	maelstromtest.Duplicate: "#3c9b3c",
	maelstromtest.Late:      "#376ec8",
	maelstromtest.Overtake:  "#d75faf",
}

// lanes returns the lanes of the faults that were in force in the time that
// charts show, in the order of maelstromtest.AllFaults.
func lanes(r *maelstromtest.Result, end time.Duration) []page.Lane {
	var lanes []page.Lane
	for _, f := range maelstromtest.AllFaults() {
		lane := page.Lane{Name: f.String(), Colour: shades[f.Kind]}
		n := 0
		for _, record := range r.Faults {
			if record.Fault != f.String() || record.Start >= end {
				continue
			}
			if n++; n <= maxBars {
				from, to := record.Start.Seconds(), FaultEnd(record, r.Elapsed).Seconds()
				title := fmt.Sprintf("%s, %.4g s to %.4g s", record, from, to)
				lane.Bars = append(lane.Bars, page.Bar{From: from, To: to, Text: record.Detail, Title: title})
			}
		}
		if n > maxBars {
			lane.Name += fmt.Sprintf(" (%d of %d)", maxBars, n)
		}
		if n > 0 {
			lanes = append(lanes, lane)
		}
	}
	return lanes
}
