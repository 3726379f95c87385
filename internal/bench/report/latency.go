package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/page"
)

// A request is an operation and its index in the history.
type request struct {
	maelstromtest.Op
	index int
}

func (r request) took() time.Duration { return r.Complete - r.Invoke }

// timed returns the requests of a history, except the final ones, which come
// only after a long rest.
func timed(history []maelstromtest.Op) []request {
	var all []request
	for i, op := range history {
		if !op.Final {
			all = append(all, request{op, i})
		}
	}
	return all
}

// A series is some of a run's requests: those of one kind with one outcome.
type series struct {
	kind        string
	outcome     maelstromtest.Outcome
	name, class string // in a chart
	ops         []request
}

// divide sorts a history, except its final requests, into series. Those that
// are ok come first, so that failures are drawn on top.
func divide(history []maelstromtest.Op) []series {
	ops := timed(history)
	kinds := map[string]bool{}
	for _, op := range ops {
		kinds[op.F] = true
	}
	var all []series
	for _, of := range []struct {
		outcome maelstromtest.Outcome
		class   string
	}{{maelstromtest.OK, "ok%d"}, {maelstromtest.Info, "bad%d hollow"}, {maelstromtest.Fail, "bad%d square"}} {
		for i, kind := range slices.Sorted(maps.Keys(kinds)) {
			s := series{
				kind: kind, outcome: of.outcome,
				name: kind + " " + OutcomeName(of.outcome), class: fmt.Sprintf(of.class, i%3),
			}
			for _, op := range ops {
				if op.F == kind && op.Outcome == of.outcome {
					s.ops = append(s.ops, op)
				}
			}
			if len(s.ops) > 0 {
				all = append(all, s)
			}
		}
	}
	return all
}

// latencyChart has a point for each request, or for some of them if there are
// too many, and percentiles over time.
func latencyChart(r *maelstromtest.Result) *page.Chart {
	c := over(r, &page.Chart{
		Title: "Latency, in ms from when a request was made",
		Note:  "Each point is a request, at the time when it was made.",
		Lines: percentiles(r), Log: true,
	})
	c.Low, c.High = latencyBounds(r)
	all := divide(r.History)
	most := map[bool]int{true: maxDots, false: maxFailures} // ok, or not
	made := map[bool]int{}
	for _, s := range all {
		made[s.outcome == maelstromtest.OK] += len(s.ops)
	}
	for _, s := range all {
		ok := s.outcome == maelstromtest.OK
		share := most[ok] * len(s.ops) / max(most[ok], made[ok])
		c.Dots = append(c.Dots, draw(s.name, s.class, s.ops, share, func(op request) page.Dot {
			return dot(r, op, op.Invoke, milliseconds(op.took()))
		}))
	}
	return c
}

// latencyBounds returns the bounds of a logarithmic scale of latencies in ms:
// whole decades, at least two, and never zero.
func latencyBounds(r *maelstromtest.Result) (low, high float64) {
	least, most := math.Inf(1), 0.1
	for _, op := range timed(r.History) {
		ms := milliseconds(op.took())
		least, most = min(least, ms), max(most, ms)
	}
	high = math.Pow(10, math.Ceil(math.Log10(most)))
	return min(math.Pow(10, math.Floor(math.Log10(max(least, 0.01)))), high/100), high
}

// Percentiles are taken over stretches of time. A stretch is a fiftieth of the
// chart, or longer if that is less than half a second or has fewer than twenty
// requests on average.
const (
	stretches  = 50
	minStretch = time.Second / 2
	minAnswers = 20
)

// percentiles returns the median and the 95th and 99th percentiles of ok
// requests over time. A line is broken where no request was answered.
func percentiles(r *maelstromtest.Result) []page.Line {
	whole := span(r)
	length := max(whole/stretches, minStretch)
	if r.OK > 0 {
		length = max(length, min(whole, whole*minAnswers/time.Duration(r.OK)))
	}
	// A remainder of less than half a stretch belongs to the last one.
	parts := make([][]time.Duration, max(1, (whole+length/2)/length))
	for _, op := range timed(r.History) {
		if op.Outcome == maelstromtest.OK {
			i := min(int(op.Invoke/length), len(parts)-1)
			parts[i] = append(parts[i], op.took())
		}
	}
	var lines []page.Line
	for _, percent := range []int{50, 95, 99} {
		name := fmt.Sprintf("p%d", percent)
		line := page.Line{Name: name, Class: name}
		for i, part := range parts {
			if len(part) == 0 {
				continue
			}
			if i == 0 || len(parts[i-1]) == 0 {
				line.Runs = append(line.Runs, nil)
			}
			slices.Sort(part)
			middle := (time.Duration(i)*length + min(time.Duration(i+1)*length, whole)) / 2
			run := &line.Runs[len(line.Runs)-1]
			*run = append(*run, page.Point{X: middle.Seconds(), Y: milliseconds(maelstromtest.Percentile(part, percent))})
		}
		lines = append(lines, line)
	}
	return lines
}
