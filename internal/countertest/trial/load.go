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

// A load is what the clients of a cluster do.
type load struct {
	*maelstromtest.Cluster
	t       *testing.T
	seed    uint64
	pause   time.Duration // before each add, at most
	start   time.Time
	clients sync.WaitGroup

	mu   sync.Mutex // guards adds
	adds []add
}

// An add is one that a client has made.
type add struct {
	node       string
	sent, took time.Duration // sent counts from the start
}

// underLoad runs a cluster. The function do starts clients and disturbs the
// cluster. All adds must be acknowledged. It returns them in the order in which
// they were acknowledged.
func underLoad(t *testing.T, program maelstromtest.Program, cfg maelstromtest.Config, pause time.Duration, do func(*load)) []add {
	l := &load{seed: cfg.Seed, pause: pause}
	InCluster(t, program, cfg, func(t *testing.T, c *maelstromtest.Cluster) {
		l.t, l.Cluster, l.start = t, c, time.Now()
		do(l)
		l.clients.Wait()
	})
	return l.adds
}

// client starts a client of the i-th node, which adds 1 again and again, with a
// random pause before each add, until a time after the start.
func (l *load) client(i int, until time.Duration) {
	node, random := fmt.Sprintf("n%d", i), rand.New(rand.NewPCG(l.seed, uint64(i)))
	l.clients.Go(func() {
		for time.Since(l.start) < until {
			time.Sleep(time.Duration(random.Int64N(int64(l.pause))))
			sent := time.Since(l.start)
			Served(l.t, l.Cluster, node, Add(1))
			l.mu.Lock()
			l.adds = append(l.adds, add{node, sent, time.Since(l.start) - sent})
			l.mu.Unlock()
		}
	})
}

// times returns how long those adds took for which counts is true, sorted.
func times(adds []add, counts func(add) bool) (took []time.Duration) {
	for _, a := range adds {
		if counts(a) {
			took = append(took, a.took)
		}
	}
	slices.Sort(took)
	return took
}

// ---- A combiner that goes away ----

// A phase is a part of a run.
type phase struct {
	name     string
	from, to time.Duration
	limits   Figures // twice what was measured when the test was written
}

func (p phase) has(at time.Duration) bool { return p.from <= at && at < p.to }

// The phases of an absence are the time before the combiner goes, while it is
// gone, and when it is back.
var phases = []phase{
	{"before", 0, gone, Figures{P99: 2 * 5.85, PerRequest: 2 * 3.25}},
	{"gone", gone, back, Figures{P99: 2 * 6.24, PerRequest: 2 * 4.96}},
	{"back", back, over + time.Second, Figures{P99: 2 * 5.89, PerRequest: 2 * 3.29}},
}

// The times at which the combiner goes and is back, and at which the clients
// end.
const gone, back, over = 5 * time.Second, 10 * time.Second, 15 * time.Second

// Absence takes the combiner away from a cluster of three for five seconds,
// with each of five seeds. The functions begin and end say how. Its own clients
// go and come with it. The clients of the other nodes must hardly notice. So
// each phase may take at most twice the time, and twice the messages, that were
// measured when the test was written. The messages tell more than the latency:
// three nodes are also fast if each swaps by itself, or if two of them stick
// to another combiner for ever.
func Absence(t *testing.T, program maelstromtest.Program, begin, end func(c *maelstromtest.Cluster, node string)) {
	t.Helper()
	var mu sync.Mutex
	messages := make([]int, len(phases)) // between nodes and store
	runs := eachSeed(t, 5, func(t *testing.T, seed uint64) []add {
		cfg := maelstromtest.Config{Seed: seed, Latency: time.Millisecond, Watch: func(e maelstromtest.Entry) {
			for i, p := range phases {
				if e.What == maelstromtest.Sent && e.Src[0] != 'c' && e.Dest[0] != 'c' && p.has(e.Time) {
					mu.Lock()
					messages[i]++
					mu.Unlock()
				}
			}
		}}
		return underLoad(t, program, cfg, 20*time.Millisecond, func(l *load) {
			l.client(0, gone-100*time.Millisecond)
			l.client(1, over)
			l.client(2, over)
			time.Sleep(gone)
			begin(l.Cluster, "n0")
			time.Sleep(time.Until(l.start.Add(back)))
			end(l.Cluster, "n0")
			l.client(0, over)
		})
	})
	for i, p := range phases {
		took := times(slices.Concat(runs...), func(a add) bool { return p.has(a.sent) })
		p99, perRequest := maelstromtest.Percentile(took, 99), float64(messages[i])/float64(len(took))
		t.Logf("%s: %d requests, p99 %v, %.2f messages per request", p.name, len(took), p99, perRequest)
		for _, failure := range p.limits.exceededBy(Figures{P99: p99.Seconds() * 1000, PerRequest: perRequest}) {
			t.Errorf("%s: %s", p.name, failure)
		}
	}
}

// ---- A partition that begins ----

// partitions are the ways to part three nodes: the links that are cut, in both
// directions.
var partitions = []struct {
	name string
	cut  [][2]string
}{
	{"the combiner off", [][2]string{{"n0", "n1"}, {"n0", "n2"}}},
	{"another node off", [][2]string{{"n2", "n0"}, {"n2", "n1"}}},
	{"a bridge", [][2]string{{"n0", "n2"}}},
	{"all apart", [][2]string{{"n0", "n1"}, {"n0", "n2"}, {"n1", "n2"}}},
}

// Onset begins each partition, at 100 ms of latency, with each of 20 seeds. It
// begins after 5 s, when the nodes know each other's round trips, and at the
// start, when no node has heard its combiner yet. The requests that count are
// those in hand when the partition begins, and those made within a second after
// that. Onset compares the longest that one takes with a limit, and with the
// longest in the same run without the partition. With the flag -seeds, it only
// logs what it finds.
func Onset(t *testing.T, program maelstromtest.Program) {
	for _, p := range partitions {
		t.Run(p.name, func(t *testing.T) { onset(t, program, p.cut, 5*time.Second, 1700*ms) })
		t.Run(p.name+" from the start", func(t *testing.T) { onset(t, program, p.cut, 0, 1600*ms) })
	}
}

func onset(t *testing.T, program maelstromtest.Program, cut [][2]string, at, most time.Duration) {
	const mostMore = 1200 * ms // than without the partition
	var longest, more time.Duration
	for _, took := range eachSeed(t, 20, func(t *testing.T, seed uint64) [2]time.Duration {
		return [2]time.Duration{parted(t, program, seed, nil, at), parted(t, program, seed, cut, at)}
	}) {
		longest, more = max(longest, took[1]), max(more, took[1]-took[0])
	}
	t.Logf("at most %v, and %v more than usual", longest, more)
	if *seeds == 0 && (longest > most || more > mostMore) {
		t.Errorf("a request took %v as the partition began, and one %v more than usual, want at most %v, and %v more", longest, more, most, mostMore)
	}
}

// parted cuts links at some time. It returns the longest time that one of the
// requests took that count.
func parted(t *testing.T, program maelstromtest.Program, seed uint64, cut [][2]string, at time.Duration) time.Duration {
	cfg := maelstromtest.Config{Seed: seed, Latency: 100 * time.Millisecond}
	adds := underLoad(t, program, cfg, 60*time.Millisecond, func(l *load) {
		for i := range 3 {
			l.client(i, at+time.Second)
		}
		time.Sleep(at)
		for _, link := range cut {
			l.Cut(link[0], link[1])
		}
	})
	return maelstromtest.Percentile(times(adds, func(a add) bool { return a.sent+a.took >= at }), 100)
}

// ---- A node that is cut off from a crowd ----

// Outsider cuts one node of 25 off from the others, but not from the store,
// with each of three seeds. All have requests, and one of the others swaps
// the folds of all of them again and again. So the outsider's swaps meet with
// theirs. Its requests must be served all the same, and half of them in a
// second.
func Outsider(t *testing.T, program maelstromtest.Program, dist maelstromtest.Distribution) {
	t.Helper()
	const nodes, out = 25, "n24"
	runs := eachSeed(t, 3, func(t *testing.T, seed uint64) []add {
		cfg := maelstromtest.Config{Nodes: nodes, Seed: seed, Latency: 20 * time.Millisecond, LatencyDist: dist}
		return underLoad(t, program, cfg, 300*time.Millisecond, func(l *load) {
			for i := range nodes - 1 {
				l.Cut(out, fmt.Sprintf("n%d", i))
			}
			for i := range nodes {
				l.client(i, 15*time.Second)
			}
		})
	})
	took := times(slices.Concat(runs...), func(a add) bool { return a.node == out })
	p50, longest := maelstromtest.Percentile(took, 50), maelstromtest.Percentile(took, 100)
	t.Logf("%d requests: p50 %v, at most %v", len(took), p50, longest)
	if p50 > time.Second {
		t.Errorf("p50 %v, want at most a second", p50)
	}
}
