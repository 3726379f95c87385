package trial

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// Outsider cuts one node of 25 off from the others, but not from the store,
// with each seed from 1 to n. All have requests, and one of the others swaps
// the folds of all of them again and again. So the outsider's swaps meet with
// theirs. Its requests must be served all the same, and half of them in a
// second.
func Outsider(t *testing.T, program maelstromtest.Program, n int, dist maelstromtest.Distribution) {
	t.Helper()
	var mu sync.Mutex
	var all []time.Duration
	t.Run("seeds", func(t *testing.T) {
		for seed := range uint64(n) {
			t.Run(fmt.Sprintf("seed=%d", seed+1), func(t *testing.T) {
				t.Parallel()
				took := outsider(t, program, seed+1, dist)
				mu.Lock()
				defer mu.Unlock()
				all = append(all, took...)
			})
		}
	})
	slices.Sort(all)
	p50, longest := maelstromtest.Percentile(all, 50), maelstromtest.Percentile(all, 100)
	t.Logf("%d requests: p50 %v, at most %v", len(all), p50, longest)
	if p50 > time.Second {
		t.Errorf("p50 %v, want at most a second", p50)
	}
}

// outsider returns how long each request to the outsider takes.
func outsider(t *testing.T, program maelstromtest.Program, seed uint64, dist maelstromtest.Distribution) (all []time.Duration) {
	const nodes = 25
	cfg := maelstromtest.Config{Nodes: nodes, Seed: seed, Latency: 20 * time.Millisecond, LatencyDist: dist}
	InCluster(t, program, cfg, func(t *testing.T, c *maelstromtest.Cluster) {
		const out = "n24"
		for i := range nodes - 1 {
			c.Cut(out, fmt.Sprintf("n%d", i))
		}
		end := time.Now().Add(15 * time.Second)
		var clients sync.WaitGroup
		for i := range uint64(nodes) {
			node, random := fmt.Sprintf("n%d", i), rand.New(rand.NewPCG(seed, i))
			clients.Go(func() {
				keepAdding(t, c, node, end, random, 300*time.Millisecond, func(_ time.Time, took time.Duration) {
					if node == out {
						all = append(all, took)
					}
				})
			})
		}
		clients.Wait()
	})
	return all
}
