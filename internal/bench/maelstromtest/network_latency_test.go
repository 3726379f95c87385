package maelstromtest

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// draw draws the latency of a message, and what a far node has added to it.
func (w *wire) draw(src, dest string) [2]time.Duration {
	latency, added := w.latency(w.link(src, dest))
	return [2]time.Duration{latency, added}
}

// Latencies have the mean and the spread of their distribution. Those from and
// to a far node have those of a network with that many times the latency. They
// are whole milliseconds if their own mean is, and exact otherwise.
func TestLatenciesFollowTheirDistribution(t *testing.T) {
	const us, ms = time.Microsecond, time.Millisecond
	for _, test := range []struct {
		latency time.Duration
		far     map[string]float64
		a, b    string // its ends
		mean    time.Duration
	}{
		{20 * ms, nil, "n0", "seq-kv", 20 * ms},
		{20 * ms, map[string]float64{"n1": 3}, "n1", "seq-kv", 60 * ms},
		{20 * ms, map[string]float64{"n1": 3}, "n1", "n0", 60 * ms},
		{20 * ms, map[string]float64{"n1": 3}, "n0", "seq-kv", 20 * ms},
		{20 * ms, map[string]float64{"n1": 0.5}, "n1", "seq-kv", 10 * ms},
		{20 * ms, map[string]float64{"n1": 0.5}, "n0", "n1", 10 * ms},
		{20 * ms, map[string]float64{"n0": 2, "n1": 3}, "n0", "n1", 60 * ms}, // the greater counts
		{20 * ms, map[string]float64{"n0": 2, "n1": 3}, "n0", "seq-kv", 40 * ms},
		{20 * ms, map[string]float64{"n0": 0.5, "n1": 0.25}, "n0", "n1", 10 * ms},
		{us, nil, "n1", "seq-kv", us},
		{300 * us, nil, "n1", "seq-kv", 300 * us},
		{2500 * us, nil, "n1", "seq-kv", 2500 * us},
		{ms, map[string]float64{"n1": 0.5}, "n1", "seq-kv", 500 * us},
		{5 * ms, map[string]float64{"n1": 1.5}, "n1", "seq-kv", 7500 * us},
		{2500 * us, map[string]float64{"n1": 2}, "n1", "seq-kv", 5 * ms},
		{100 * ms, map[string]float64{"n1": 4.35}, "n1", "seq-kv", 435 * ms}, // 4.35 is a little less in binary
	} {
		for dist, deviation := range map[Distribution]float64{Constant: 0, Uniform: 1 / math.Sqrt(3), Exponential: 1} {
			w := newWire(Config{Latency: test.latency, LatencyDist: dist, Far: test.far})
			name := fmt.Sprint(dist, test)
			rounded := test.mean%ms == 0
			const n = 20000
			var sum, squares float64
			whole := 0
			for i := range n {
				ends := []string{test.a, test.b}
				l := w.draw(ends[i%2], ends[1-i%2])[0]
				if l < 0 || dist == Constant && l != test.mean || dist == Uniform && l >= 2*test.mean || rounded && l%ms != 0 {
					t.Fatalf("%s: %v", name, l)
				}
				if l%ms == 0 {
					whole++
				}
				sum += float64(l)
				squares += float64(l) * float64(l)
			}
			if dist == Constant {
				continue // each is the mean
			}
			mean, want := sum/n, float64(test.mean)
			if spread := math.Sqrt(squares/n - mean*mean); math.Abs(spread-want*deviation) > 0.03*want*deviation {
				t.Errorf("%s: standard deviation %v", name, time.Duration(spread))
			}
			if rounded {
				want -= float64(ms / 2) // which is what rounding takes off
			}
			if math.Abs(mean-want) > 0.015*want || !rounded && whole > n/100 {
				t.Errorf("%s: mean %v, and %d are whole milliseconds", name, time.Duration(mean), whole)
			}
		}
	}
}

// A far node changes neither the latencies of others nor what is drawn, so that
// its own latencies are multiples of those that it would have otherwise.
func TestAFarNodeChangesOnlyItsOwnLatencies(t *testing.T) {
	for _, dist := range []Distribution{Constant, Uniform, Exponential} {
		for _, factor := range []time.Duration{1, 7} {
			cfg := Config{Latency: 2500 * time.Microsecond, LatencyDist: dist, Seed: 1}
			near := newWire(cfg)
			cfg.Far = map[string]float64{"n1": float64(factor)}
			far := newWire(cfg)
			for i := range 3000 {
				ends := [][2]string{{"n0", "seq-kv"}, {"n1", "seq-kv"}, {"seq-kv", "n0"}, {"n0", "n1"}}[i%4]
				want, got := near.draw(ends[0], ends[1]), far.draw(ends[0], ends[1])
				if i%2 == 1 {
					want = [2]time.Duration{want[0] * factor, want[0] * (factor - 1)}
				}
				if got != want {
					t.Fatalf("%s: message %d, from %s to %s, takes %v, want %v", dist, i, ends[0], ends[1], got, want)
				}
			}
		}
	}
}

// Hops and the delays of faults are not multiplied.
func TestOnlyTheLatencyOfAFarNodeIsMultiplied(t *testing.T) {
	run := func(far map[string]float64) []delivery {
		return carry(t, Config{LatencyDist: Constant, Hop: 100 * time.Microsecond, Far: far, Seed: 1}, func(w *wire) {
			w.suffer(Fault{Kind: Overtake})
			for i := range 100 {
				w.say("n1", "seq-kv", fmt.Sprint(i))
				w.say("c0", "n1", fmt.Sprint(i))
			}
		}).got
	}
	want := run(nil)
	if got := run(map[string]float64{"n1": 3}); !slices.Equal(got, want) {
		t.Errorf("without latency a far node changes when messages arrive:\n%v\nnot\n%v", got, want)
	}
}

// Each read takes two messages, and those of clients take no time.
func TestRequestsToAFarNodeTakeLonger(t *testing.T) {
	const ms = time.Millisecond
	cfg := Config{Latency: 10 * ms, Far: map[string]float64{"n1": 4, "n2": 0.5}}
	inCluster(t, cfg, linCounter, func(t *testing.T, c *Cluster) {
		for node, want := range map[string]time.Duration{"n0": 20 * ms, "n1": 80 * ms, "n2": 10 * ms} {
			begin := time.Now()
			if _, err := c.Request(node, Body{"type": "read"}, time.Second); err != nil {
				t.Error(err)
			}
			if took := time.Since(begin); took != want {
				t.Errorf("a read of %s took %v, want %v", node, took, want)
			}
		}
	})
}

func TestAScriptTakesNoNoticeOfFar(t *testing.T) {
	r := Simulate(t, Config{
		Latency: 10 * time.Millisecond, Far: map[string]float64{"n1": 4},
		Script: &Script{Requests: []ScriptedRequest{{Node: 1, Request: Request{F: "read", Body: Body{"type": "read"}}}}},
	}, linCounter)
	if len(r.History) != 1 || r.Latency.Max != 20*time.Millisecond {
		t.Errorf("history %v, slowest %v", r.History, r.Latency.Max)
	}
}

// The copies of a doubled message have latencies of their own.
func TestBothCopiesOfAMessageDrawTheirLatency(t *testing.T) {
	apart := 0
	for i := range 100 {
		w := carry(t, Config{Latency: 10 * time.Second, LatencyDist: Exponential, Seed: uint64(i)}, func(w *wire) {
			w.suffer(Fault{Kind: Duplicate, Probability: 1})
			w.say("n0", "seq-kv", "x")
		})
		// A receiver may hold the second copy until the first has arrived.
		if len(w.got) != 2 {
			t.Fatalf("%d copies", len(w.got))
		}
		if w.got[1].at-w.got[0].at > time.Second {
			apart++
		}
	}
	if apart < 20 {
		t.Errorf("the copies of %d of 100 messages came more than a second apart", apart)
	}
}
