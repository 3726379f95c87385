package maelstromtest

import (
	"math/rand/v2"
	"time"
)

// How much longer a hop takes after a rest. These numbers, and the shape of the
// distribution, are fitted to what real nodes take with the real Maelstrom, on
// a machine whose processors have to be woken: at 100 requests a second a
// request takes 0.7 ms longer than at 1000, but one round trip more within it
// takes 0.3 ms at either rate; and with a latency of 100 ms every hop takes as
// long as the first of a request without latency.
const (
	asleepAfter = 2 * time.Millisecond // without an arrival anywhere in the cluster
	wakingTakes = 6                    // hops, in addition to the message's own
)

// hops draws how long messages take in addition to their latency: through
// pipes, through the processes at their ends, and through Maelstrom's own
// threads. Six tenths of a hop are fixed, and the rest is exponentially
// distributed.
type hops struct {
	mean   time.Duration // in a cluster that is awake; zero: messages take no time
	random *rand.Rand
	last   time.Duration // when the last of the messages on their way arrives
}

// arrival returns when a message arrives that its receiver takes from the queue
// now. The message is due at a time that may be past.
func (h *hops) arrival(due, now time.Duration) time.Duration {
	if h.mean == 0 {
		return due
	}
	from := max(due, now)
	rest := min(max(from-h.last, 0), asleepAfter)
	waking := wakingTakes * float64(rest) / float64(asleepAfter)
	arrival := from + time.Duration(float64(h.mean)*(1+waking)*(0.6+0.4*h.random.ExpFloat64()))
	h.last = max(h.last, arrival)
	return arrival
}
