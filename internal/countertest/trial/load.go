package trial

import (
	"cmp"
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
// they were.
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
			_, code, text := Ask(l.Cluster, node, Add(1))
			a := add{node, sent, time.Since(l.start) - sent}
			if code != -1 {
				l.t.Errorf("%s answered after %v: %d %s", node, a.took, code, text)
			}
			l.mu.Lock()
			l.adds = append(l.adds, a)
			l.mu.Unlock()
		}
	})
}

// ---- A combiner that goes away ----

// The phases of an absence are the time before the combiner goes, while it is
// gone, and when it is back.
var phases = []struct {
	name     string
	from, to time.Duration
	limits   Figures // twice what was measured when the test was written
}{
	{"before", 0, gone, Figures{P99: 2 * 5.85, PerRequest: 2 * 3.25}},
	{"gone", gone, back, Figures{P99: 2 * 6.24, PerRequest: 2 * 4.96}},
	{"back", back, over + time.Second, Figures{P99: 2 * 5.89, PerRequest: 2 * 3.29}},
}

// The times at which the combiner goes and is back, and at which the clients
// end.
const gone, back, over = 5 * time.Second, 10 * time.Second, 15 * time.Second

// An absence is one run: the adds, and when each message between nodes and
// store was sent.
type absence struct {
	adds []add
	sent []time.Duration
}

// Absence takes the combiner away from a cluster of three for five seconds,
// with each seed from 1 to n. Its own clients go and come with it. The clients
// of the other nodes must hardly notice. So each phase may take at most twice
// the time, and twice the messages, that were measured when the test was
// written. The messages tell more than the latency: three nodes are also fast
// if each swaps for itself, or if two of them stick to another combiner for
// ever.
func Absence(t *testing.T, program maelstromtest.Program, n int, begin, end func(*maelstromtest.Cluster)) {
	t.Helper()
	runs := eachSeed(t, n, func(t *testing.T, seed uint64) absence { return absent(t, program, seed, begin, end) })
	for _, p := range phases {
		var took []time.Duration
		messages := 0
		for _, r := range runs {
			for _, a := range r.adds {
				if p.from <= a.sent && a.sent < p.to {
					took = append(took, a.took)
				}
			}
			for _, sent := range r.sent {
				if p.from <= sent && sent < p.to {
					messages++
				}
			}
		}
		slices.Sort(took)
		p99, perRequest := maelstromtest.Percentile(took, 99), float64(messages)/float64(len(took))
		t.Logf("%s: %d requests, p99 %v, %.2f messages per request", p.name, len(took), p99, perRequest)
		for _, failure := range p.limits.exceededBy(Figures{P99: p99.Seconds() * 1000, PerRequest: perRequest}) {
			t.Errorf("%s: %s", p.name, failure)
		}
	}
}

func absent(t *testing.T, program maelstromtest.Program, seed uint64, begin, end func(*maelstromtest.Cluster)) (a absence) {
	cfg := maelstromtest.Config{Seed: seed, Latency: time.Millisecond, Watch: func(e maelstromtest.Entry) {
		if e.What == maelstromtest.Sent && e.Src[0] != 'c' && e.Dest[0] != 'c' {
			a.sent = append(a.sent, e.Time)
		}
	}}
	a.adds = underLoad(t, program, cfg, 20*time.Millisecond, func(l *load) {
		l.client(0, gone-100*time.Millisecond)
		l.client(1, over)
		l.client(2, over)
		time.Sleep(gone)
		begin(l.Cluster)
		time.Sleep(time.Until(l.start.Add(back)))
		end(l.Cluster)
		l.client(0, over)
	})
	return a
}

// ---- A partition that begins ----

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
	{"the combiner off", [][2]string{{"n0", "n1"}, {"n0", "n2"}}, 5 * time.Second, 1700 * ms},
	{"another node off", [][2]string{{"n2", "n0"}, {"n2", "n1"}}, 5 * time.Second, 1700 * ms},
	{"a bridge", [][2]string{{"n0", "n2"}}, 5 * time.Second, 1700 * ms},
	{"all apart", [][2]string{{"n0", "n1"}, {"n0", "n2"}, {"n1", "n2"}}, 5 * time.Second, 1700 * ms},
	{"the combiner off from the start", [][2]string{{"n0", "n1"}, {"n0", "n2"}}, 0, 1600 * ms},
	{"another node off from the start", [][2]string{{"n2", "n0"}, {"n2", "n1"}}, 0, 1600 * ms},
	{"a bridge from the start", [][2]string{{"n0", "n2"}}, 0, 1600 * ms},
	{"all apart from the start", [][2]string{{"n0", "n1"}, {"n0", "n2"}, {"n1", "n2"}}, 0, 1600 * ms},
}

// mostMore is how much longer than without the partition a request may take.
const mostMore = 1200 * ms

// Run begins a partition among three nodes, at 100 ms of latency, with each of
// 20 seeds. It compares the longest that a request takes with the longest in
// the same run without the partition. If seeds is not zero, Run takes so many
// seeds, and only logs what it finds.
func (o Onset) Run(t *testing.T, program maelstromtest.Program, seeds int) {
	t.Helper()
	var longest, more time.Duration
	for _, took := range eachSeed(t, cmp.Or(seeds, 20), func(t *testing.T, seed uint64) [2]time.Duration {
		return [2]time.Duration{o.longest(t, program, seed, nil), o.longest(t, program, seed, o.Cut)}
	}) {
		longest, more = max(longest, took[1]), max(more, took[1]-took[0])
	}
	t.Logf("at most %v, and %v more than usual", longest, more)
	if seeds == 0 && (longest > o.Most || more > mostMore) {
		t.Errorf("a request took %v as the partition began, and one %v more than usual, want at most %v, and %v more", longest, more, o.Most, mostMore)
	}
}

// longest returns the longest that a request takes that is in hand when the
// links are cut, or made within a second after that.
func (o Onset) longest(t *testing.T, program maelstromtest.Program, seed uint64, cut [][2]string) (longest time.Duration) {
	cfg := maelstromtest.Config{Seed: seed, Latency: 100 * time.Millisecond}
	for _, a := range underLoad(t, program, cfg, 60*time.Millisecond, func(l *load) {
		for i := range 3 {
			l.client(i, o.At+time.Second)
		}
		time.Sleep(o.At)
		for _, link := range cut {
			l.Cut(link[0], link[1])
		}
	}) {
		if a.sent+a.took >= o.At {
			longest = max(longest, a.took)
		}
	}
	return longest
}

// ---- A node that is cut off from a crowd ----

// Outsider cuts one node of 25 off from the others, but not from the store,
// with each seed from 1 to n. All have requests, and one of the others swaps
// the folds of all of them again and again. So the outsider's swaps meet with
// theirs. Its requests must be served all the same, and half of them in a
// second.
func Outsider(t *testing.T, program maelstromtest.Program, n int, dist maelstromtest.Distribution) {
	t.Helper()
	const nodes, out = 25, "n24"
	runs := eachSeed(t, n, func(t *testing.T, seed uint64) []add {
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
	var took []time.Duration
	for _, a := range slices.Concat(runs...) {
		if a.node == out {
			took = append(took, a.took)
		}
	}
	slices.Sort(took)
	p50, longest := maelstromtest.Percentile(took, 50), maelstromtest.Percentile(took, 100)
	t.Logf("%d requests: p50 %v, at most %v", len(took), p50, longest)
	if p50 > time.Second {
		t.Errorf("p50 %v, want at most a second", p50)
	}
}
