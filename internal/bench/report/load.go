package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/page"
)

// A Load compares what was asked of the nodes with what the run was told to
// ask. Final requests do not count.
type Load struct {
	Span  time.Duration // for which requests were made
	Asked float64       // requests per second that the run was told to make
	Made  float64       // requests per second that it made
	OK    float64       // of those, answered ok
	// Busy is the share of the time, 0 to 1, for which every worker waited for
	// an answer, so that no request could be made.
	Busy float64
	// Need is how many workers would suffice, by Little's law; zero unless the
	// workers were the limit.
	Need int
}

// LoadOf measures the load of a run. It takes the workers to be the limit if
// the run made less than nine tenths of the requests that were asked for, and
// all workers were busy for more than a tenth of the time. But if they waited
// mostly for requests that were not answered ok, more workers would not help.
func LoadOf(r *maelstromtest.Result) Load {
	span := max(0, min(r.Config.TimeLimit, r.Elapsed))
	l := Load{Span: span, Asked: r.Config.Rate}
	if span <= 0 {
		return l
	}
	ops := timed(r.History)
	var ok int
	var waited, wasted time.Duration
	type step struct {
		at     time.Duration
		change int
	}
	var steps []step
	for _, op := range ops {
		if op.Outcome == maelstromtest.OK {
			ok++
		} else {
			wasted += op.took()
		}
		waited += op.took()
		steps = append(steps, step{op.Invoke, 1}, step{op.Complete, -1})
	}
	slices.SortFunc(steps, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	var full, since time.Duration
	busy := 0
	for _, s := range steps {
		at := min(s.at, span)
		if busy == r.Config.Concurrency {
			full += at - since
		}
		busy, since = busy+s.change, at
	}
	l.Made, l.OK = float64(len(ops))/span.Seconds(), float64(ok)/span.Seconds()
	l.Busy = full.Seconds() / span.Seconds()
	if l.Made < 0.9*l.Asked && l.Busy > 0.1 && 2*wasted < waited {
		const reserve = 1.5 // waiting times vary
		mean := waited.Seconds() / float64(len(ops))
		l.Need = max(r.Config.Concurrency+1, int(math.Ceil(reserve*l.Asked*mean)))
	}
	return l
}

// rateChart shows how many requests were asked for, made and completed in each
// second.
func rateChart(r *maelstromtest.Result) *page.Chart {
	c := over(r, &page.Chart{Title: "Throughput, in requests per second", Note: "Answers are counted when they came.", High: 1})
	whole := span(r)
	// A step is more than a second in a long run, so that lines stay lines.
	step := max(time.Second, whole/300)
	count := func(name, class string, ops []request, at func(request) time.Duration) {
		// If less than half of a last step were left, it would look like a
		// drop.
		points := make([]page.Point, max(1, int(math.Round(float64(whole)/float64(step)))))
		for i := range points {
			points[i].X = (time.Duration(i)*step + step/2).Seconds()
		}
		for _, op := range ops {
			points[min(int(at(op)/step), len(points)-1)].Y += 1 / step.Seconds()
		}
		for _, point := range points {
			c.High = max(c.High, 1.1*point.Y)
		}
		c.Lines = append(c.Lines, page.Line{Name: name, Class: class, Runs: [][]page.Point{points}})
	}
	count("made", "made", timed(r.History), func(op request) time.Duration { return op.Invoke })
	for _, s := range divide(r.History) {
		count(s.name, s.class, s.ops, func(op request) time.Duration { return op.Complete })
	}
	// The chart shows the requests that were asked for, unless that would
	// flatten everything else.
	rate, note := r.Config.Rate, ""
	if most := max(c.High, 1.15*rate); most > 4*c.High {
		note = ", above the picture"
	} else {
		c.High = most
	}
	c.Lines = slices.Insert(c.Lines, 0, page.Line{
		Name: fmt.Sprintf("asked for (%g%s)", rate, note), Class: "asked",
		Runs: [][]page.Point{{{X: 0, Y: rate}, {X: r.Config.TimeLimit.Seconds(), Y: rate}}},
	})
	return c
}
