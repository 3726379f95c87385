package trial

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// Absence takes the combiner away from a cluster of three for five seconds,
// with each seed from 1 to n. Its own clients go and come with it. The clients
// of the other nodes must hardly notice. So each phase may take at most twice
// the time, and twice the messages, that were measured when the test was
// written. The messages tell more than the latency: three nodes are also fast
// if each swaps for itself, or if two of them stick to another combiner for
// ever.
func Absence(t *testing.T, program maelstromtest.Program, n int, begin, end func(*maelstromtest.Cluster)) {
	t.Helper()
	var mu sync.Mutex
	const us = time.Microsecond
	phases := map[string]*phase{
		"before": {p99: 5850 * us, perRequest: 3.25},
		"gone":   {p99: 6240 * us, perRequest: 4.96},
		"back":   {p99: 5890 * us, perRequest: 3.29},
	}
	t.Run("seeds", func(t *testing.T) {
		for seed := range n {
			t.Run(fmt.Sprintf("seed=%d", seed+1), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					a := &absence{t: t, seed: uint64(seed + 1), start: time.Now(), mu: &mu, phases: phases}
					a.run(program, begin, end)
				})
			})
		}
	})
	for name, p := range phases {
		slices.Sort(p.latencies)
		p99, messages := maelstromtest.Percentile(p.latencies, 99), float64(p.messages)/float64(len(p.latencies))
		t.Logf("%s: %d requests, p99 %v, %.2f messages per request", name, len(p.latencies), p99, messages)
		if p99 > 2*p.p99 || messages > 2*p.perRequest {
			t.Errorf("%s: p99 %v and %.2f messages per request, want at most twice %v and %v", name, p99, messages, p.p99, p.perRequest)
		}
	}
}

// The times at which the combiner goes and is back, and at which the run ends.
const gone, back, over = 5 * time.Second, 10 * time.Second, 15 * time.Second

// A phase is the time before the combiner goes, while it is gone, or when it is
// back.
type phase struct {
	p99        time.Duration // as measured when the test was written
	perRequest float64       // messages per request, without the clients', as measured then

	latencies []time.Duration
	messages  int
}

// An absence is one run, in a synctest bubble.
type absence struct {
	t       *testing.T
	seed    uint64
	start   time.Time
	clients sync.WaitGroup

	mu     *sync.Mutex
	phases map[string]*phase
}

func (a *absence) run(program maelstromtest.Program, begin, end func(*maelstromtest.Cluster)) {
	cfg := maelstromtest.Config{Seed: a.seed, Latency: time.Millisecond, Watch: a.watch}
	c := maelstromtest.Start(a.t, cfg, program)
	defer c.Close()
	a.client(c, 0, gone-100*time.Millisecond)
	a.client(c, 1, over)
	a.client(c, 2, over)
	time.Sleep(time.Until(a.start.Add(gone)))
	begin(c)
	time.Sleep(time.Until(a.start.Add(back)))
	end(c)
	a.client(c, 0, over)
	a.clients.Wait()
	for _, problem := range c.Problems() {
		a.t.Error(problem)
	}
}

// client starts a client of a node, which adds until a time after the start,
// with pauses of 10 ms on average.
func (a *absence) client(c *maelstromtest.Cluster, i int, until time.Duration) {
	node, random := fmt.Sprintf("n%d", i), rand.New(rand.NewPCG(a.seed, uint64(i)))
	a.clients.Go(func() {
		keepAdding(a.t, c, node, a.start.Add(until), random, 20*time.Millisecond, func(sent time.Time, took time.Duration) {
			a.during(sent, func(p *phase) { p.latencies = append(p.latencies, took) })
		})
	})
}

// during calls f with the phase of a time.
func (a *absence) during(at time.Time, f func(*phase)) {
	name := "before"
	switch since := at.Sub(a.start); {
	case since >= back:
		name = "back"
	case since >= gone:
		name = "gone"
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	f(a.phases[name])
}

// watch counts the messages that are sent between nodes and store.
func (a *absence) watch(e maelstromtest.Entry) {
	if e.What == maelstromtest.Sent && e.Src[0] != 'c' && e.Dest[0] != 'c' {
		a.during(time.Now(), func(p *phase) { p.messages++ })
	}
}
