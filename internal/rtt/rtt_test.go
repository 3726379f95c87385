package rtt

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const ms = time.Millisecond

// The first samples count as RFC 6298 says. One late answer does not make the
// timeout long, but it follows if round trips stay long.
func TestTheTimeoutFollowsTheRoundTripsWithinItsBounds(t *testing.T) {
	hundred := func(d time.Duration) []time.Duration { return slices.Repeat([]time.Duration{d}, 100) }
	late := append(hundred(2*ms), 5*time.Second)
	for _, test := range []struct {
		name              string
		trips             []time.Duration
		smoothed, timeout time.Duration
	}{
		{"nothing measured", nil, 0, 500 * ms},
		{"one", []time.Duration{100 * ms}, 100 * ms, 300 * ms},
		// deviation 3/4*50 + 1/4*40 = 47.5, smoothed 7/8*100 + 1/8*60 = 95
		{"two", []time.Duration{100 * ms, 60 * ms}, 95 * ms, 285 * ms},
		{"in no time", hundred(0), 0, 10 * ms},
		{"of 1 ms", hundred(ms), ms, 10 * ms},
		{"of 200 ms", hundred(200 * ms), 200 * ms, 200 * ms},
		{"of 1 s", hundred(time.Second), time.Second, time.Second},
		{"of 1 min", hundred(time.Minute), 4 * time.Second, 2 * time.Second},
		{"of 2 ms, and one of 5 s", late, 4250 * time.Microsecond, 22250 * time.Microsecond},
		{"of 2 ms, and more of 1 s", append(late, hundred(time.Second)[:20]...), 903500 * time.Microsecond, 1622600 * time.Microsecond},
	} {
		var e Estimator
		for _, d := range test.trips {
			e.Sample(d)
		}
		const near = 50 * time.Microsecond
		smoothed, timeout, measured := e.Smoothed(), e.Timeout(), test.trips != nil
		if smoothed.Round(near) != test.smoothed || timeout.Round(near) != test.timeout || (smoothed > 0) != measured {
			t.Errorf("%s: smoothed %v, timeout %v, want %v, %v", test.name, smoothed, timeout, test.smoothed, test.timeout)
		}
	}
}

func TestBackoffIsJitteredAndItsBoundDoubles(t *testing.T) {
	const seed = 1
	random := rand.New(rand.NewPCG(seed, 0))
	bound := 10 * ms
	for failures := 1; failures <= 70; failures++ {
		var longest time.Duration
		for range 200 {
			longest = max(longest, Backoff(failures, random))
		}
		if longest >= bound || longest < bound*9/10 {
			t.Errorf("seed %d: after %d failures up to %v, want just under %v", seed, failures, longest, bound)
		}
		bound = min(2*bound, 500*ms)
	}
}
