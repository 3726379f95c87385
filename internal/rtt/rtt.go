// Package rtt estimates how long an answer takes, and hence how long to wait for one, as TCP does (RFC 6298).
package rtt

import (
	"math/rand/v2"
	"time"
)

// The bounds of the timeout. RFC 6298 demands at least a second, for a network where a needless retransmission costs
// others. Here one costs a message, and waiting costs a client, so the timeout may fall to 10 ms.
const (
	Min = 10 * time.Millisecond
	Max = 2 * time.Second
	// Initial is the timeout before anything has been measured.
	Initial = 500 * time.Millisecond
)

// An Estimator holds the smoothed round-trip time to one peer and its mean deviation. The zero Estimator has measured
// nothing. It isn't safe for concurrent use.
//
// Two rules of RFC 6298 are left out. Karn's, not to sample repeated requests, isn't needed: every request has an
// identifier of its own. And the timeout doesn't double when it expires: the caller backs off, and finds
// out about longer round trips by listening on after the timeout and sampling what comes late.
type Estimator struct {
	smoothed, deviation time.Duration
}

// Sample takes in one round trip. A single very late answer (its sender was paused, say) counts as no more than twice
// the timeout, so it takes several of them to make every later timeout long.
func (e *Estimator) Sample(d time.Duration) {
	d = min(d, 2*e.Timeout())
	if e.smoothed == 0 {
		e.smoothed, e.deviation = max(d, 1), d/2
		return
	}
	e.deviation += (max(e.smoothed-d, d-e.smoothed) - e.deviation) / 4
	e.smoothed = max(e.smoothed+(d-e.smoothed)/8, 1)
}

// Smoothed is the smoothed round-trip time, or 0 before the first sample.
func (e *Estimator) Smoothed() time.Duration { return e.smoothed }

// Timeout is how long to wait for an answer: the smoothed round trip and four deviations, between Min and Max.
func (e *Estimator) Timeout() time.Duration {
	if e.smoothed == 0 {
		return Initial
	}
	return min(max(e.smoothed+4*e.deviation, Min), Max)
}

// MaxBackoff is the longest that Backoff returns.
const MaxBackoff = 500 * time.Millisecond

// Backoff is how long to pause after the given number of failures in a row (at least 1): a random time below a bound
// that doubles with each of them, "full jitter", so that callers that failed together don't try again together.
func Backoff(failures int, random *rand.Rand) time.Duration {
	bound := min(Min<<min(failures-1, 10), MaxBackoff)
	return time.Duration(random.Int64N(int64(bound)))
}
