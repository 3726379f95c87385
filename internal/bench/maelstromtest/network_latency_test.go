package maelstromtest

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"testing"
	"testing/synctest"
	"time"
)

// Latencies have the mean and the spread of their distribution. Those from and
// to a far node have those of a network with that many times the latency.
func TestLatenciesFollowTheirDistribution(t *testing.T) {
	const ms = time.Millisecond
	const mean = 20 * ms
	deviations := map[Distribution]float64{Constant: 0, Uniform: 1 / math.Sqrt(3), Exponential: 1} // per mean
	for _, test := range []struct {
		far       map[string]float64
		src, dest string
		want      time.Duration
	}{
		{nil, "n0", "seq-kv", 20 * ms},
		{map[string]float64{"n1": 3}, "n1", "seq-kv", 60 * ms},
		{map[string]float64{"n1": 3}, "seq-kv", "n1", 60 * ms},
		{map[string]float64{"n1": 3}, "n1", "n0", 60 * ms},
		{map[string]float64{"n1": 3}, "n0", "n1", 60 * ms},
		{map[string]float64{"n1": 3}, "n0", "seq-kv", 20 * ms},
		{map[string]float64{"n1": 3}, "seq-kv", "n0", 20 * ms},
		{map[string]float64{"n1": 0.5}, "n1", "seq-kv", 10 * ms},
		{map[string]float64{"n1": 0.5}, "n0", "n1", 10 * ms},
		{map[string]float64{"n0": 2, "n1": 3}, "n0", "n1", 60 * ms}, // the greater counts
		{map[string]float64{"n0": 2, "n1": 3}, "n1", "n0", 60 * ms},
		{map[string]float64{"n0": 2, "n1": 3}, "n0", "seq-kv", 40 * ms},
		{map[string]float64{"n0": 0.5, "n1": 0.25}, "n0", "n1", 10 * ms},
	} {
		for dist, deviation := range deviations {
			w := newWire(Config{Latency: mean, LatencyDist: dist, Far: test.far})
			name := fmt.Sprintf("%s from %s to %s with %v", dist, test.src, test.dest, test.far)
			const n = 20000
			var sum, squares float64
			for range n {
				l := w.draw(test.src, test.dest)
				if l < 0 || dist == Constant && l != test.want || dist == Uniform && l >= 2*test.want || l%ms != 0 {
					t.Fatalf("%s: %v", name, l)
				}
				sum += float64(l)
				squares += float64(l) * float64(l)
			}
			got := sum / n
			if math.Abs(got-float64(test.want)) > float64(ms) { // whole milliseconds take off half of one
				t.Errorf("%s: mean %v, want %v", name, time.Duration(got), test.want)
			}
			spread, want := math.Sqrt(max(squares/n-got*got, 0)), deviation*float64(test.want)
			if math.Abs(spread-want) > 0.03*want {
				t.Errorf("%s: standard deviation %v, want %v", name, time.Duration(spread), time.Duration(want))
			}
		}
	}
}

// Latencies are whole milliseconds if their own mean is, and exact otherwise.
func TestLatenciesAreRoundedByTheirOwnMean(t *testing.T) {
	for _, test := range []struct {
		latency time.Duration
		factor  float64       // zero: the node is not far
		want    time.Duration // the mean
	}{
		{time.Microsecond, 0, time.Microsecond},
		{300 * time.Microsecond, 0, 300 * time.Microsecond},
		{2500 * time.Microsecond, 0, 2500 * time.Microsecond},
		{time.Millisecond, 0.5, 500 * time.Microsecond},
		{5 * time.Millisecond, 1.5, 7500 * time.Microsecond},
		{2500 * time.Microsecond, 2, 5 * time.Millisecond},
		{100 * time.Millisecond, 4.35, 435 * time.Millisecond}, // 4.35 is a little less in binary
	} {
		far := map[string]float64{"n1": test.factor} // a zero counts for no factor
		w := newWire(Config{Latency: test.latency, LatencyDist: Constant, Far: far})
		if got := w.draw("n1", "seq-kv"); got != test.want {
			t.Errorf("%v times %v is %v, want %v", test.factor, test.latency, got, test.want)
		}
		w = newWire(Config{Latency: test.latency, LatencyDist: Exponential, Far: far})
		const n = 10_000
		whole, sum := 0, time.Duration(0)
		for range n {
			latency := w.draw("n1", "seq-kv")
			if sum += latency; latency%time.Millisecond == 0 {
				whole++
			}
		}
		rounded := test.want%time.Millisecond == 0
		if rounded && whole < n || !rounded && whole > n/100 {
			t.Errorf("%v times %v: %d of %d are whole milliseconds", test.factor, test.latency, whole, n)
		}
		if mean := sum / n; !rounded && (mean < test.want*9/10 || mean > test.want*11/10) {
			t.Errorf("%v times %v: the mean of exponential latencies is %v, not %v", test.factor, test.latency, mean, test.want)
		}
	}
}

// A far node changes neither the latencies of others nor what is drawn, so that
// its own latencies are multiples of those that it would have otherwise.
func TestAFarNodeChangesOnlyItsOwnLatencies(t *testing.T) {
	for _, dist := range []Distribution{Constant, Uniform, Exponential} {
		cfg := Config{Latency: 2500 * time.Microsecond, LatencyDist: dist, Seed: 1}
		near := newWire(cfg)
		cfg.Far = map[string]float64{"n1": 7}
		far := newWire(cfg)
		for i := range 3000 {
			ends := [][2]string{{"n0", "seq-kv"}, {"n1", "seq-kv"}, {"seq-kv", "n0"}, {"n0", "n1"}}[i%4]
			want, got := near.draw(ends[0], ends[1]), far.draw(ends[0], ends[1])
			if i%2 == 1 {
				want *= 7
			}
			if got != want {
				t.Fatalf("seed 1: %s: message %d, from %s to %s, takes %v, want %v", dist, i, ends[0], ends[1], got, want)
			}
		}
	}
}

// Messages to the same receiver do not wait for those of a far node.
func TestNoMessageWaitsBehindThoseOfAFarNode(t *testing.T) {
	const ms = time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		w := newWire(Config{Latency: 10 * ms, LatencyDist: Constant, Far: map[string]float64{"n1": 10}})
		w.say("n1", "seq-kv", "far")
		w.sched.at(ms, func() { w.say("n0", "seq-kv", "near") })
		w.say("seq-kv", "n1", "answer")
		w.sched.at(ms, func() { w.say("c0", "n1", "request") })
		w.run()
		want := map[string][]delivery{"seq-kv": {{11 * ms, "near"}, {100 * ms, "far"}}, "n1": {{ms, "request"}, {100 * ms, "answer"}}}
		if !reflect.DeepEqual(w.got, want) {
			t.Errorf("got %v, want %v", w.got, want)
		}
	})
}

func TestAFactorOfOneChangesNothing(t *testing.T) {
	run := func(far map[string]float64) []byte {
		var journal bytes.Buffer
		Simulate(t, Config{
			Rate: 100, TimeLimit: 10 * time.Second, Concurrency: 6, Latency: 10 * time.Millisecond, LatencyDist: Exponential, Far: far,
			Hop: 100 * time.Microsecond, Nemesis: AllFaults(), NemesisInterval: 10 * time.Second, Journal: &journal, Seed: 1,
		}, seqCounter)
		return journal.Bytes()
	}
	without, with := run(nil), run(map[string]float64{"n1": 1})
	if !bytes.Equal(without, with) {
		t.Errorf("seed 1: the journals first differ %s", firstDifference(without, with))
	}
}

// Hops and the delays of faults are not multiplied.
func TestOnlyTheLatencyOfAFarNodeIsMultiplied(t *testing.T) {
	run := func(cfg Config) (got map[string][]delivery) {
		synctest.Test(t, func(t *testing.T) {
			w := newWire(cfg)
			w.faults = []*messageFault{{Fault{Kind: Overtake}, cfg.stream("fault")}}
			for i := range 100 {
				w.say("n1", "seq-kv", fmt.Sprint(i))
				w.say("c0", "n1", fmt.Sprint(i))
			}
			w.run()
			got = w.got
		})
		return got
	}
	cfg := Config{LatencyDist: Constant, Hop: 100 * time.Microsecond, Seed: 1}
	want := run(cfg)
	cfg.Far = map[string]float64{"n1": 3}
	if got := run(cfg); !reflect.DeepEqual(got, want) {
		t.Errorf("seed 1: without latency a far node changes when messages arrive:\n%v\nnot\n%v", got, want)
	}
}

// Each read takes two messages, and those of clients take no time.
func TestRequestsToAFarNodeTakeLonger(t *testing.T) {
	cfg := Config{Latency: 10 * time.Millisecond, Far: map[string]float64{"n1": 4, "n2": 0.5}}
	inCluster(t, cfg, linCounter, func(t *testing.T, c *Cluster) {
		for node, want := range map[string]time.Duration{"n0": 20 * time.Millisecond, "n1": 80 * time.Millisecond, "n2": 10 * time.Millisecond} {
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
