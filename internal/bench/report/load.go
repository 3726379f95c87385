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
	// Limited is whether that explains why fewer requests were made than asked
	// for.
	Limited bool
	// Failed is the share of the workers' waiting, up to the end of Span, that
	// was for requests that were not answered ok. Unheard is the share for
	// those that were not answered in time.
	Failed, Unheard float64
	// Need is how many workers would suffice, by Little's law; zero unless they
	// were the limit and waited mostly for requests that were answered ok.
	// Otherwise more workers would not help.
	Need int
	// Delayed is whether the run made so much less than it was told to that
	// neither the workers nor chance explain it.
	Delayed bool
}

// LoadOf measures the load of a run.
func LoadOf(r *maelstromtest.Result) Load {
	span := max(0, min(r.Config.TimeLimit, r.Elapsed))
	l := Load{Span: span, Asked: r.Config.Rate}
	if span <= 0 {
		return l
	}
	ops := timed(r.History)
	ok := 0
	var waited, within, failed, unheard time.Duration
	for _, op := range ops {
		waited += op.took()
		part := min(op.Complete, span) - min(op.Invoke, span)
		within += part
		if op.Outcome == maelstromtest.OK {
			ok++
		} else {
			failed += part
		}
		if op.Unanswered {
			unheard += part
		}
	}
	l.Made, l.OK = float64(len(ops))/span.Seconds(), float64(ok)/span.Seconds()
	l.Busy = allBusy(ops, r.Config.Concurrency, span).Seconds() / span.Seconds()
	if within > 0 {
		l.Failed, l.Unheard = float64(failed)/float64(within), float64(unheard)/float64(within)
	}
	l.explain(r.Config, waited, len(ops))
	return l
}

// explain finds out why fewer requests were made than asked for, if so. While
// all workers wait, no request is made. So if they waited for at least half of
// the share that is missing, that explains it.
func (l *Load) explain(cfg maelstromtest.Config, waited time.Duration, made int) {
	missing := 1 - l.Made/l.Asked
	waiting := l.Busy >= missing/2
	l.Limited = missing > 0.1 && l.Busy > 0.1 && waiting
	if l.Limited && l.Failed < 0.5 {
		const reserve = 1.5 // waiting times vary
		mean := waited.Seconds() / float64(made)
		l.Need = max(cfg.Concurrency+1, int(math.Ceil(reserve*l.Asked*mean)))
	}
	// The times between requests are random, with a deviation of 0.58 of their
	// mean. A number of requests is 2.4 deviations below n if it is less than n
	// by the square root of 2n. A run that ended before its time may have made
	// no requests at its end.
	n := l.Asked * l.Span.Seconds()
	chance := missing*n <= math.Sqrt(2*n)
	l.Delayed = missing > 0.05 && !waiting && !chance && l.Span == cfg.TimeLimit
}

// allBusy returns for how long all workers waited for answers, up to the end of
// span.
func allBusy(ops []request, workers int, span time.Duration) time.Duration {
	type step struct {
		at     time.Duration
		change int
	}
	var steps []step
	for _, op := range ops {
		steps = append(steps, step{op.Invoke, 1}, step{op.Complete, -1})
	}
	slices.SortFunc(steps, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	var full, since time.Duration
	busy := 0
	for _, s := range steps {
		at := min(s.at, span)
		if busy == workers {
			full += at - since
		}
		busy, since = busy+s.change, at
	}
	return full
}

// Waiting says that the workers were the limit, if they were, and what they
// waited for.
func (l Load) Waiting(cfg maelstromtest.Config) string {
	if !l.Limited {
		return ""
	}
	workers := "The only worker"
	if cfg.Concurrency > 1 {
		workers = fmt.Sprintf("All %d workers", cfg.Concurrency)
	}
	text := fmt.Sprintf("%s waited for answers for %.0f %% of the time, so fewer requests were made than asked for.", workers, 100*l.Busy)
	switch {
	case l.Need > 0:
		return fmt.Sprintf("%s Requests that could not be made are not in the latencies. Try --concurrency %dn.", text, (l.Need-1)/cfg.Nodes+1)
	case l.Unheard >= 0.5:
		return text + " The waiting was mostly for answers that did not come in time."
	}
	return text + " The waiting was mostly for requests that were not answered ok."
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
