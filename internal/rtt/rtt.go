// Package rtt estimates how long an answer takes, and hence how long to wait
// for one, as TCP does (RFC 6298).
package rtt

import (
	"math/rand/v2"
	"time"
)

// The bounds of the timeout. RFC 6298 demands at least a second, because on the
// Internet a needless retransmission is at the expense of others. Here it costs
// one message, while waiting costs a client time. So the timeout may fall to 10
// ms.
const (
	Min = 10 * time.Millisecond
	Max = 2 * time.Second
	// Initial is the timeout before anything has been measured.
	Initial = 500 * time.Millisecond
)

// An Estimator holds the smoothed round-trip time to one peer and its mean
// deviation. The zero Estimator has measured nothing. It is not safe for
// concurrent use.
//
// Two rules of RFC 6298 are left out. Karn's algorithm, which does not sample
// repeated requests, is not needed, because each copy of a request has an
// identifier of its own. And the timeout does not double when it expires.
// Instead the caller backs off, goes on listening after the timeout, and
// samples late answers, so that it learns of longer round trips.
type Estimator struct {
	smoothed, deviation time.Duration
}

// Sample takes in one round trip. A very late answer, as from a node that was
// paused, counts as no more than twice the timeout. So it takes several of them
// to make later timeouts long.
func (e *Estimator) Sample(d time.Duration) {
	d = min(d, 2*e.Timeout())
	if e.smoothed == 0 {
		e.smoothed, e.deviation = max(d, 1), d/2
		return
	}
	e.deviation += (max(e.smoothed-d, d-e.smoothed) - e.deviation) / 4
	e.smoothed = max(e.smoothed+(d-e.smoothed)/8, 1)
}

// Smoothed returns the smoothed round-trip time, or 0 before the first sample.
func (e *Estimator) Smoothed() time.Duration { return e.smoothed }

// Timeout returns how long to wait for an answer: the smoothed round trip and
// four deviations, between Min and Max.
func (e *Estimator) Timeout() time.Duration {
	if e.smoothed == 0 {
		return Initial
	}
	return min(max(e.smoothed+4*e.deviation, Min), Max)
}

// MaxBackoff bounds what Backoff returns.
const MaxBackoff = 500 * time.Millisecond

// Backoff returns how long to pause after the given number of failures in a
// row, at least 1. The pause is random, below a bound that doubles with each
// failure ("full jitter"), so that callers that failed together do not try
// again together.
func Backoff(failures int, random *rand.Rand) time.Duration {
	bound := min(Min<<min(failures-1, 10), MaxBackoff)
	return time.Duration(random.Int64N(int64(bound)))
}
