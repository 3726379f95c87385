package trial

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"maelstrom-counter/internal/maelstromtest"
)

// An Onset is a way for a partition to begin among three nodes.
type Onset struct {
	Name string
	Cut  [][2]string   // the links that are cut, in both directions
	At   time.Duration // when it begins, after the start
	Most time.Duration // the longest that a request may take if it is in hand when the partition begins, or made within a second after that
}

// Onsets begin after 5 s, when the nodes know each other's round trips, or at the start, when no node has heard its combiner yet.
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

// Run begins a partition among three nodes, at 100 ms of latency, with each seed from 1 to n.
func (o Onset) Run(t *testing.T, program maelstromtest.Program, n int) {
	t.Helper()
	var mu sync.Mutex
	var longest time.Duration
	t.Run("seeds", func(t *testing.T) {
		for seed := range n {
			t.Run(fmt.Sprintf("seed=%d", seed+1), func(t *testing.T) {
				t.Parallel()
				cfg := maelstromtest.Config{Seed: uint64(seed + 1), Latency: 100 * time.Millisecond}
				InCluster(t, program, cfg, func(t *testing.T, c *maelstromtest.Cluster) {
					begin := time.Now().Add(o.At)
					var clients sync.WaitGroup
					for i := range 3 {
						random := rand.New(rand.NewPCG(uint64(seed+1), uint64(i)))
						pause := func() { time.Sleep(time.Duration(random.Int64N(int64(60 * time.Millisecond)))) }
						clients.Go(func() {
							keepAdding(t, c, fmt.Sprintf("n%d", i), begin.Add(time.Second), pause, func(sent time.Time, took time.Duration) {
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
					for _, link := range o.Cut {
						c.Cut(link[0], link[1])
					}
					clients.Wait()
				})
			})
		}
	})
	t.Logf("at most %v", longest)
	if longest > o.Most {
		t.Errorf("a request took %v as the partition began, want at most %v", longest, o.Most)
	}
}
