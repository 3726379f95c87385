package report

import (
	"fmt"
	"math"
	"slices"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/page"
)

// rateChart shows how many requests were asked for, made and completed in each
// second.
func rateChart(r *maelstromtest.Result) *page.Chart {
	c := over(r, &page.Chart{Title: "Throughput, in requests per second", Note: "Answers are counted when they came.", High: 1})
	step := max(time.Second, span(r)/300) // more than a second in a long run, so that lines stay lines
	count := func(name, class string, ops []request, at func(request) time.Duration) {
		// If less than half of a last step were left, it would look like a
		// drop.
		points := make([]page.Point, max(1, int(math.Round(float64(span(r))/float64(step)))))
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
