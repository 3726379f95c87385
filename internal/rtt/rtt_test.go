package rtt

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestTheTimeoutFollowsTheRoundTripsWithinItsBounds(t *testing.T) {
	var none Estimator
	if none.Timeout() != Initial || none.Smoothed() != 0 {
		t.Errorf("with nothing measured: %v, %v", none.Smoothed(), none.Timeout())
	}
	for _, rtt := range []time.Duration{0, time.Millisecond, 200 * time.Millisecond, time.Second} {
		var e Estimator
		for range 100 {
			e.Sample(rtt)
		}
		if d := e.Smoothed() - rtt; d < -rtt/100 || d > rtt/100+1 {
			t.Errorf("100 round trips of %v: smoothed %v", rtt, e.Smoothed())
		}
		if e.Timeout() < max(Min, rtt) || e.Timeout() > max(Min, rtt*11/10) {
			t.Errorf("100 round trips of %v: timeout %v", rtt, e.Timeout())
		}
	}
	var long Estimator
	for range 100 {
		long.Sample(time.Minute)
	}
	if long.Timeout() != Max {
		t.Errorf("round trips of a minute: timeout %v", long.Timeout())
	}
}

func TestTheFirstSampleCountsAsRFC6298Says(t *testing.T) {
	var e Estimator
	e.Sample(100 * time.Millisecond)
	if e.Smoothed() != 100*time.Millisecond || e.Timeout() != 300*time.Millisecond {
		t.Errorf("smoothed %v, timeout %v", e.Smoothed(), e.Timeout())
	}
	e.Sample(60 * time.Millisecond) // deviation 3/4*50+1/4*40 = 47.5, smoothed 7/8*100+1/8*60 = 95
	if e.Smoothed() != 95*time.Millisecond || e.Timeout() != 285*time.Millisecond {
		t.Errorf("smoothed %v, timeout %v", e.Smoothed(), e.Timeout())
	}
}

func TestOneLateAnswerDoesNotMakeTheTimeoutLong(t *testing.T) {
	var e Estimator
	for range 100 {
		e.Sample(2 * time.Millisecond)
	}
	e.Sample(5 * time.Second)
	if e.Timeout() > 5*Min {
		t.Errorf("timeout %v", e.Timeout())
	}
	for range 20 {
		e.Sample(time.Second) // if round trips stay long, the timeout follows
	}
	if e.Timeout() < time.Second {
		t.Errorf("after twenty of a second: timeout %v", e.Timeout())
	}
}

func TestBackoffIsJitteredAndItsBoundDoubles(t *testing.T) {
	const seed = 1
	random := rand.New(rand.NewPCG(seed, 0))
	bound := Min
	for failures := 1; failures <= 70; failures++ {
		var longest time.Duration
		for range 200 {
			longest = max(longest, Backoff(failures, random))
		}
		if longest >= bound || longest < bound*9/10 {
			t.Errorf("seed %d: after %d failures up to %v, want just under %v", seed, failures, longest, bound)
		}
		bound = min(2*bound, MaxBackoff)
	}
}
