package maelstromtest

import (
	"fmt"
	"testing"
	"time"
)

// hopped sends messages at even intervals. It returns how long each was on its
// way, not counting the time in which the one before it was, too.
func hopped(t *testing.T, cfg Config, src, dest string, messages int, interval time.Duration) []time.Duration {
	t.Helper()
	w := carry(t, cfg, func(w *wire) {
		for i := range messages {
			w.sayAt(time.Duration(i)*interval, src, dest, fmt.Sprint(i))
		}
	})
	if len(w.got) != messages {
		t.Fatalf("%d of %d messages came", len(w.got), messages)
	}
	var took []time.Duration
	var before time.Duration
	for i, d := range w.got {
		if d.body != fmt.Sprint(i) {
			t.Fatalf("message %s came when %d was due", d.body, i)
		}
		took = append(took, d.at-max(time.Duration(i)*interval, before))
		before = d.at
	}
	return took
}

// A hop takes longer after a rest. A receiver takes messages one at a time.
func TestHopsTakeTheirTime(t *testing.T) {
	const us = time.Microsecond
	for _, test := range []struct {
		src, dest string
		interval  time.Duration
		least     time.Duration // that any takes
		mean      time.Duration
	}{
		{"n0", "seq-kv", time.Second, 420 * us, 700 * us}, // fast asleep: 6 hops more
		{"c0", "n0", time.Second, 420 * us, 700 * us},
		{"n0", "c0", time.Second, 420 * us, 700 * us},
		{"n1", "n0", 1250 * us, 60 * us, 365 * us}, // after a rest of r, where r = 1250 - 100 * (1 + 6 * r / 2000)
		{"n0", "seq-kv", 0, 60 * us, 100 * us},
	} {
		took := hopped(t, Config{Hop: 100 * us, LatencyDist: Constant, Seed: 1}, test.src, test.dest, 2000, test.interval)
		var sum, most time.Duration
		for i, d := range took[1:] {
			most = max(most, d)
			if sum += d; d < test.least {
				t.Fatalf("message %d from %s to %s took %v, which is less than %v", i+1, test.src, test.dest, d, test.least)
			}
		}
		if mean := sum / time.Duration(len(took)-1); mean < test.mean*95/100 || mean > test.mean*105/100 {
			t.Errorf("from %s to %s each %v took %v on average, want about %v", test.src, test.dest, test.interval, mean, test.mean)
		}
		// Of 2000 draws from an exponential distribution, the greatest is
		// hardly ever less than four times the mean.
		if want := test.mean * 22 / 10; most < want {
			t.Errorf("from %s to %s each %v took at most %v, want more than %v", test.src, test.dest, test.interval, most, want)
		}
	}
}

func TestHopsAreAddedToTheSameLatencies(t *testing.T) {
	cfg := Config{Latency: 20 * time.Millisecond, LatencyDist: Exponential, Seed: 1}
	without := hopped(t, cfg, "n0", "n1", 500, time.Second)
	cfg.Hop = 100 * time.Microsecond
	for i, with := range hopped(t, cfg, "n0", "n1", 500, time.Second) {
		if more := with - without[i]; without[i]%time.Millisecond != 0 || more < 60*time.Microsecond || more > 5*time.Millisecond {
			t.Errorf("message %d took %v, and %v without hops", i, with, without[i])
		}
	}
}

// The cluster is awake until the last message that is on its way has arrived,
// although one that was taken later has arrived before.
func TestTheClusterIsAwakeUntilTheLastArrival(t *testing.T) {
	h := hops{mean: time.Microsecond, random: newRandom(1)}
	far := h.arrival(time.Second, 0)
	near := h.arrival(0, 0)
	if near >= far || h.last != far {
		t.Errorf("after arrivals at %v and %v the last is at %v", far, near, h.last)
	}
}
