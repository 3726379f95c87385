package report

import (
	"cmp"
	"math"
	"slices"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
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
	// Need is how many workers would do, by Little's law; zero unless the
	// workers were the limit.
	Need int
}

// LoadOf measures the load of a run. It takes the workers to be the limit if
// the run made less than nine tenths of the requests that were asked for, and
// all workers were busy for more than a tenth of the time.
func LoadOf(r *maelstromtest.Result) Load {
	span := max(0, min(r.Config.TimeLimit, r.Elapsed))
	l := Load{Span: span, Asked: r.Config.Rate}
	if span <= 0 {
		return l
	}
	ops := timed(r.History)
	var ok int
	var waited time.Duration
	type step struct {
		at     time.Duration
		change int
	}
	var steps []step
	for _, op := range ops {
		if op.Outcome == maelstromtest.OK {
			ok++
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
	if l.Made < 0.9*l.Asked && l.Busy > 0.1 {
		const reserve = 1.5 // waiting times vary
		mean := waited.Seconds() / float64(len(ops))
		l.Need = max(r.Config.Concurrency+1, int(math.Ceil(reserve*l.Asked*mean)))
	}
	return l
}
