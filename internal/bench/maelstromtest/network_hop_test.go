package maelstromtest

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// hopped sends messages at even intervals and returns how long each was on its
// way.
func hopped(t *testing.T, cfg Config, src, dest string, messages int, interval time.Duration) []time.Duration {
	var took []time.Duration
	synctest.Test(t, func(t *testing.T) {
		w := newWire(cfg)
		for i := range messages {
			w.sched.at(time.Duration(i)*interval, func() { w.say(src, dest, fmt.Sprint(i)) })
		}
		w.run()
		for i, d := range w.got[dest] {
			if d.body != fmt.Sprint(i) {
				t.Fatalf("message %d came when %d was due", i, len(took))
			}
			took = append(took, d.at-time.Duration(i)*interval)
		}
	})
	if len(took) != messages {
		t.Fatalf("%d of %d messages came", len(took), messages)
	}
	return took
}

func TestAHopTakesLongerAfterARest(t *testing.T) {
	const hop = 100 * time.Microsecond
	for _, test := range []struct {
		src, dest string
		interval  time.Duration
		least     time.Duration // that any takes
		mean      time.Duration
	}{
		{"n0", "seq-kv", time.Second, 420 * time.Microsecond, 700 * time.Microsecond}, // fast asleep: 6 hops more
		{"c0", "n0", time.Second, 420 * time.Microsecond, 700 * time.Microsecond},
		{"n0", "c0", time.Second, 420 * time.Microsecond, 700 * time.Microsecond},
		{"n1", "n0", 1250 * time.Microsecond, 60 * time.Microsecond, 365 * time.Microsecond}, // after a rest of r, where r = 1250 - 100 * (1 + 6 * r / 2000)
	} {
		took := hopped(t, Config{Hop: hop, LatencyDist: "constant", Seed: 1}, test.src, test.dest, 2000, test.interval)
		var sum time.Duration
		for i, d := range took[1:] {
			if sum += d; d < test.least {
				t.Fatalf("seed 1: message %d from %s to %s took %v, which is less than %v", i+1, test.src, test.dest, d, test.least)
			}
		}
		if mean := sum / time.Duration(len(took)-1); mean < test.mean*95/100 || mean > test.mean*105/100 {
			t.Errorf("seed 1: from %s to %s each %v took %v on average, want about %v", test.src, test.dest, test.interval, mean, test.mean)
		}
	}
}

func TestAReceiverTakesMessagesOneAtATimeAHopEach(t *testing.T) {
	const hop = 100 * time.Microsecond
	took := hopped(t, Config{Hop: hop, LatencyDist: "constant", Seed: 1}, "n0", "seq-kv", 2000, 0)
	for i, d := range took[1:] {
		if d-took[i] < hop*6/10 {
			t.Fatalf("seed 1: message %d came %v after the one before", i+1, d-took[i])
		}
	}
	if mean := took[1999] / 2000; mean < hop*95/100 || mean > hop*105/100 {
		t.Errorf("seed 1: a message every %v on average, want %v", mean, hop)
	}
}

func TestHopsAreAddedToTheSameLatencies(t *testing.T) {
	cfg := Config{Latency: 20 * time.Millisecond, LatencyDist: "exponential", Seed: 1}
	without := hopped(t, cfg, "n0", "n1", 500, time.Second)
	cfg.Hop = 100 * time.Microsecond
	for i, with := range hopped(t, cfg, "n0", "n1", 500, time.Second) {
		if without[i]%time.Millisecond != 0 {
			t.Fatalf("seed 1: without hops message %d took %v", i, without[i])
		}
		if more := with - without[i]; more < 60*time.Microsecond || more > 5*time.Millisecond {
			t.Errorf("seed 1: message %d took %v, and %v without hops", i, with, without[i])
		}
	}
}
