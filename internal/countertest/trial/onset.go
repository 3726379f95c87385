package trial

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// An Onset is a way for a partition to begin among three nodes.
type Onset struct {
	Name string
	Cut  [][2]string   // the links that are cut, in both directions
	At   time.Duration // when it begins, after the start
	Most time.Duration // the longest that a request may take if it is in hand when the partition begins, or made within a second after that
}

// Onsets begin after 5 s, when the nodes know each other's round trips, or at
// the start, when no node has heard its combiner yet.
var Onsets = []Onset{
	{"the combiner off", [][2]string{{"n0", "n1"}, {"n0", "n2"}}, 5 * time.Second, 1700 * time.Millisecond},
	{"another node off", [][2]string{{"n2", "n0"}, {"n2", "n1"}}, 5 * time.Second, 1700 * time.Millisecond},
	{"a bridge", [][2]string{{"n0", "n2"}}, 5 * time.Second, 1700 * time.Millisecond},
	{"all apart", [][2]string{{"n0", "n1"}, {"n0", "n2"}, {"n1", "n2"}}, 5 * time.Second, 1700 * time.Millisecond},
	{"the combiner off from the start", [][2]string{{"n0", "n1"}, {"n0", "n2"}}, 0, 1600 * time.Millisecond},
	{"another node off from the start", [][2]string{{"n2", "n0"}, {"n2", "n1"}}, 0, 1600 * time.Millisecond},
	{"a bridge from the start", [][2]string{{"n0", "n2"}}, 0, 1600 * time.Millisecond},
	{"all apart from the start", [][2]string{{"n0", "n1"}, {"n0", "n2"}, {"n1", "n2"}}, 0, 1600 * time.Millisecond},
}

// mostMore is how much longer than without the partition a request may take.
const mostMore = 1200 * time.Millisecond

// Run begins a partition among three nodes, at 100 ms of latency, with each of
// 20 seeds. It compares the longest that a request takes with the longest in
// the same run without the partition. If seeds is not zero, Run takes so many
// seeds, and only logs what it finds.
func (o Onset) Run(t *testing.T, program maelstromtest.Program, seeds int) {
	t.Helper()
	var mu sync.Mutex
	var longest, more time.Duration
	t.Run("seeds", func(t *testing.T) {
		for seed := range uint64(cmp.Or(seeds, 20)) {
			t.Run(fmt.Sprintf("seed=%d", seed+1), func(t *testing.T) {
				t.Parallel()
				usual := o.longest(t, program, seed+1, nil)
				cut := o.longest(t, program, seed+1, o.Cut)
				mu.Lock()
				defer mu.Unlock()
				longest, more = max(longest, cut), max(more, cut-usual)
			})
		}
	})
	t.Logf("at most %v, and %v more than usual", longest, more)
	if seeds == 0 && (longest > o.Most || more > mostMore) {
		t.Errorf("a request took %v as the partition began, and one %v more than usual, want at most %v, and %v more", longest, more, o.Most, mostMore)
	}
}

// longest returns the longest that a request takes that is in hand when the
// links are cut, or made within a second after that.
func (o Onset) longest(t *testing.T, program maelstromtest.Program, seed uint64, cut [][2]string) (longest time.Duration) {
	var mu sync.Mutex
	cfg := maelstromtest.Config{Seed: seed, Latency: 100 * time.Millisecond}
	InCluster(t, program, cfg, func(t *testing.T, c *maelstromtest.Cluster) {
		begin := time.Now().Add(o.At)
		var clients sync.WaitGroup
		for i := range uint64(3) {
			random := rand.New(rand.NewPCG(seed, i))
			clients.Go(func() {
				keepAdding(t, c, fmt.Sprintf("n%d", i), begin.Add(time.Second), random, 60*time.Millisecond, func(sent time.Time, took time.Duration) {
					if sent.Add(took).Before(begin) {
						return
					}
					mu.Lock()
					defer mu.Unlock()
					longest = max(longest, took)
				})
			})
		}
		time.Sleep(o.At)
		for _, link := range cut {
			c.Cut(link[0], link[1])
		}
		clients.Wait()
	})
	return longest
}
