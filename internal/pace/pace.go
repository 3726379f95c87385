// Package pace decides when a node that swaps holds back, so that others get
// their turn. It is pure: it is handed the time, and has no goroutine, lock or
// network.
//
// The winner of a swap knows the newest value and would otherwise keep winning.
// So while others write too, it waits after each win, for half to three
// quarters of a round trip. A loser is told the value when its swap is refused.
// So the wait is long enough for the loser's next swap to reach the store
// first.
//
// If this package is wrong, nodes are only slow.
package pace

import (
	"math/rand/v2"
	"time"

	"maelstrom-counter/internal/rtt"
)

const (
	// calm is how many swaps in a row must meet no other writer before a node
	// counts as alone again.
	calm = 5
	// A node that hands over no fold for the time of silence is assumed to swap
	// by itself. If silentTrips round trips to the store take longer, that time
	// counts instead.
	silence     = 1500 * time.Millisecond
	silentTrips = 4
	// Crowd is the size of the smallest cluster in which a combiner's late
	// answer mostly still comes, as many nodes wait for one.
	Crowd = 8
	// A refused swap counts as one failure, since a crowd of writers makes many
	// swaps fail. Any other failed try counts as four. After patience failures
	// in a row a node backs off, and after stuck failures it says so in the
	// log.
	patience = 16
	stuck    = 48
	// While others write, a value that was seen longer ago than stale is likely
	// to be several states old. If staleTrips round trips take longer, that
	// time counts instead.
	stale      = 50 * time.Millisecond
	staleTrips = 16
)

// A Pace is the pace of one node. The zero Pace has met no other writer.
type Pace struct {
	// How many more swaps must meet no other writer before this node counts as
	// alone.
	noise    int
	resume   time.Time // until when this node holds back
	seen     time.Time // when the store last showed or told the value
	failures int       // in a row
}

// Silence returns after how long without a fold a node counts as silent. A
// round trip to the store takes trip.
func Silence(trip time.Duration) time.Duration { return max(silence, silentTrips*trip) }

// Next returns how long to hold back before the next try. While all tries fail,
// the node backs off.
func (p *Pace) Next(now time.Time, random *rand.Rand) time.Duration {
	wait := max(p.resume.Sub(now), 0)
	if p.failures >= patience {
		wait = max(wait, rtt.Backoff(p.failures-patience+1, random))
	}
	return wait
}

// Doubtful reports whether to read the value anew before the next swap, because
// the tries before have failed, or others write and it is old.
func (p *Pace) Doubtful(now time.Time, trip time.Duration) bool {
	return p.failures >= patience || p.Contended() && now.Sub(p.seen) > max(stale, staleTrips*trip)
}

// Failed notes that a swap or a read was not answered in time, or that a read
// has shown a bad value. Like Lost, it reports whether the caller should warn
// that nothing succeeds.
func (p *Pace) Failed() (warn bool) { return p.failed(4) }

// failed adds to the failures in a row. A swap that is won ends the row, and so
// does a combiner that has done a fold, or a read that shows a new value:
// others make progress then, and a node that backed off for that would starve.
// What a refusal tells does not end it.
func (p *Pace) failed(n int) (warn bool) {
	p.failures += n
	return p.failures >= stuck && p.failures-n < stuck
}

// Done notes that the combiner has done a fold of this node.
func (p *Pace) Done() { p.failures = 0 }

// Won notes that a swap has succeeded. While others write too, the node then
// holds back. The argument silent says whether some node is silent. That node
// may write too: if it has only lost so far, it has left no trace in the store.
func (p *Pace) Won(now time.Time, trip time.Duration, silent bool, random *rand.Rand) {
	p.seen, p.failures = now, 0
	p.noise = max(p.noise-1, 0)
	if p.Contended() || silent {
		p.resume = now.Add(trip/2 + time.Duration(random.Int64N(int64(trip/4)+1)))
	}
}

// Lost notes that a swap was refused: another node has most likely written.
func (p *Pace) Lost(now time.Time) (warn bool) {
	p.seen, p.noise = now, calm
	return p.failed(1)
}

// Read notes that the store has shown a value. If that is news, another node
// has most likely written.
func (p *Pace) Read(now time.Time, news bool) {
	p.seen = now
	if news {
		p.noise, p.failures = calm, 0
	}
}

// Contended reports whether this node has lately met another writer.
func (p *Pace) Contended() bool { return p.noise > 0 }

// HoldBack makes the node hold back for 13/8 of a round trip. In a crowd, a
// node does so when its combiner is late.
func (p *Pace) HoldBack(now time.Time, trip time.Duration) { p.resume = now.Add(trip * 13 / 8) }
