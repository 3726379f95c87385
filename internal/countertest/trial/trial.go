// Package trial is for tests of the counter that put it through something and
// check what it does. They give a trial the counter as a program:
//
//	trial.Run(t, program, 100, trial.Busy(trial.Brief("kill")), trial.AllOK)
//	trial.Outage(t, program)
//
// Run simulates a cluster with each of some seeds, and its failure names the
// seed that replays it. Row.Check does the same and compares the figures with
// limits. The flag -seeds overrides how many seeds any trial takes. The other
// trials work a cluster by hand, or play the network of one node, or of two as
// Session does. Catch breaks the counter and checks that given tests fail.
package trial

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/explain"
	"maelstrom-counter/internal/bench/maelstromtest"
)

var seeds = flag.Int("seeds", 0, "run this many seeds of each simulation instead of its own number")

// Seeds returns the flag -seeds, or n if it is not given.
func Seeds(n int) int { return cmp.Or(*seeds, n) }

// A Check checks the result of one seed.
type Check func(t *testing.T, r *maelstromtest.Result)

// Run simulates cfg with each seed from 1 to n, or a tenth of them with -short.
// It checks that the history is right and that the nodes logged nothing, and
// runs the given checks. It returns the results, in no particular order and
// without their histories.
func Run(t *testing.T, program maelstromtest.Program, n int, cfg maelstromtest.Config, checks ...Check) []*maelstromtest.Result {
	t.Helper()
	if testing.Short() {
		n = (n + 9) / 10
	}
	return eachSeed(t, n, func(t *testing.T, seed uint64) *maelstromtest.Result {
		r := run(t, program, seed, cfg, checks...)
		r.History = nil // a soak has thousands of results
		return r
	})
}

func run(t *testing.T, program maelstromtest.Program, seed uint64, cfg maelstromtest.Config, checks ...Check) *maelstromtest.Result {
	var log Log
	cfg.Seed, cfg.Stderr = seed, log.Of
	cfg.Consistency = maelstromtest.Linearizable // which this counter promises
	r := maelstromtest.Simulate(t, cfg, program)
	logged := log.String()
	if err := r.Err(); err != nil {
		t.Error(err)
		t.Log(explain.Shorten(t, cfg, program))
	}
	if logged != "" {
		t.Errorf("the nodes logged at the default level:\n%s", logged)
	}
	for _, check := range checks {
		check(t, r)
	}
	if t.Failed() {
		t.Logf("seed %d; replay with: go test -seeds %[1]d -run '^%s$' .", seed, t.Name())
	}
	return r
}

// eachSeed calls f with each seed from 1 to n, or to the flag -seeds, in
// parallel. It returns what f returns, in no particular order.
func eachSeed[R any](t *testing.T, n int, f func(t *testing.T, seed uint64) R) (all []R) {
	t.Helper()
	var mu sync.Mutex
	t.Run("seeds", func(t *testing.T) { // ends when all parallel seeds have ended
		for seed := range uint64(Seeds(n)) {
			t.Run(fmt.Sprintf("seed=%d", seed+1), func(t *testing.T) {
				t.Parallel()
				r := f(t, seed+1)
				mu.Lock()
				defer mu.Unlock()
				all = append(all, r)
			})
		}
	})
	return all
}

// Long skips a test with -short, because of why.
func Long(t *testing.T, why string) {
	t.Helper()
	if testing.Short() {
		t.Skip(why)
	}
}

// AllOK checks that every request was answered ok.
var AllOK = Within(Figures{Answered: 100})

// Within checks that no figure of a run is worse than its limit.
func Within(limits Figures) Check {
	return func(t *testing.T, r *maelstromtest.Result) {
		for _, failure := range limits.exceededBy(figures(r)) {
			t.Error(failure)
		}
	}
}

// Never checks that wrong is true of no request.
func Never(wrong func(op maelstromtest.Op) bool) Check {
	return func(t *testing.T, r *maelstromtest.Result) {
		for _, op := range r.History {
			if wrong(op) {
				took := op.Complete - op.Invoke
				t.Errorf("%s answered a %s of %v after %v: %s %d %s", op.Node, op.F, op.Invoke, took, op.Outcome, op.Code, op.Text)
			}
		}
	}
}

// InTime checks that every request was answered within 4 s, either ok or with
// error 11 or 0. The time may be longer by slack, because a request may wait
// behind other messages before the node sees it.
func InTime(slack time.Duration) Check {
	return Never(func(op maelstromtest.Op) bool {
		return op.Complete-op.Invoke > 4*time.Second+slack ||
			op.Outcome == maelstromtest.Fail && op.Code != maelstrom.TemporarilyUnavailable ||
			op.Outcome == maelstromtest.Info && op.Code != maelstrom.Timeout
	})
}

// Fairness returns how many requests the node that served the fewest has
// served, as a share of what the busiest node has served. To serve a request is
// to answer it ok.
func Fairness(r *maelstromtest.Result) float64 {
	served := make(map[string]int)
	for _, op := range r.History {
		if op.Outcome == maelstromtest.OK {
			served[op.Node]++
		}
	}
	counts := slices.Collect(maps.Values(served))
	switch {
	case len(counts) == 0:
		return 1
	case len(counts) < r.Config.Nodes:
		return 0
	}
	return float64(slices.Min(counts)) / float64(slices.Max(counts))
}

// few is the number of faults or doubled messages below which a share of them
// says nothing.
const few = 20

// Missed returns a text for each kind of fault that has mostly struck nothing.
// At least half of the faults of a node must have come while messages from or
// to it were on their way. At least half of the doubled messages must have
// arrived apart from their originals. Missed looks at all results together, and
// at each kind of fault of which there were enough.
func Missed(results []*maelstromtest.Result) (failures []string) {
	struck, all := map[string]int{}, map[string]int{}
	for _, r := range results {
		for _, f := range r.Faults {
			switch maelstromtest.Kind(f.Fault) {
			case maelstromtest.Kill, maelstromtest.Clock, maelstromtest.Pause, maelstromtest.StoreCut:
				struck[f.Fault] += min(f.InFlight, 1)
				all[f.Fault]++
			}
		}
		struck["doubled messages"] += r.DoubledApart
		all["doubled messages"] += r.Doubled
	}
	for what, n := range all {
		if n >= few && 2*struck[what] < n {
			failures = append(failures, fmt.Sprintf("%s: %d of %d struck something in flight, want at least half", what, struck[what], n))
		}
	}
	return failures
}

// A Log takes what several nodes write.
type Log struct {
	mu  sync.Mutex
	log bytes.Buffer
}

// Of is for maelstromtest.Config.Stderr.
func (l *Log) Of(string) io.Writer { return l }

func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.log.Write(p)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.log.String()
}

// Isolated returns cfg with every link between nodes cut, so that each swaps by
// itself.
func Isolated(cfg maelstromtest.Config) maelstromtest.Config {
	cut := maelstromtest.Fault{Kind: maelstromtest.Loss, Links: maelstromtest.NodeLinks, Probability: 1}
	cfg.Nemesis = append(slices.Clip(cfg.Nemesis), cut)
	return cfg
}

// Exercise returns the workload that the counter is made for: 3 nodes, 100
// requests a second, 20 s. The faults are a list of names, such as "kill,loss".
func Exercise(faults string) maelstromtest.Config {
	return maelstromtest.Config{
		Nodes: 3, Rate: 100, TimeLimit: 20 * time.Second, Nemesis: maelstromtest.MustNemesis(faults),
	}
}

// Brief returns the exercise's workload in less time, with faults that come and
// go as many times.
func Brief(faults string) maelstromtest.Config {
	cfg := Exercise(faults)
	cfg.TimeLimit, cfg.NemesisInterval = 4*time.Second, 2*time.Second
	return cfg
}

// Latency is the latency that Busy sets.
const Latency = 20 * time.Millisecond

// Busy returns cfg with so much latency, and so many workers, that most faults
// find messages on their way.
func Busy(cfg maelstromtest.Config) maelstromtest.Config {
	cfg.Latency, cfg.Concurrency = Latency, 18
	return cfg
}
