// Package pace decides when a node that swaps holds back, so that others get their turn, and whether it must expect others to
// swap too. It is pure: it is handed the time, and has no goroutine, lock or network.
//
// The winner of a swap knows the newest value and would otherwise keep winning. So while others write too, it waits after each
// win, for half to three quarters of a round trip. A loser is told the value when its swap is refused. So the wait is long
// enough for the loser's next swap to reach the store first. Tried and rejected: in a crowd, a loser that folds only for itself holds
// back, too.
//
// If this package is wrong, nodes are only slow.
package pace

import (
	"math/rand/v2"
	"time"

	"maelstrom-counter/internal/rtt"
)

const (
	// calm is how many swaps in a row must meet no other writer before a node counts as alone again. Tried and rejected: another
	// writer is remembered for one win.
	calm = 5
	// A node that hands over no fold for the time of silence is assumed to fold for itself. If silentTrips round trips to the
	// store take longer, that time counts instead. Tried and rejected: a node is missed after 1.5 s whatever the latency.
	silence     = 1500 * time.Millisecond
	silentTrips = 4
	// crowd is the cluster size from which on a late answer mostly still comes, as many nodes wait for one.
	crowd = 8
	// A node backs off when patience rounds in a row have brought nothing. When it begins the round number stuck, it says so.
	patience = 4
	stuck    = 20
)

// A Pace is the pace of one node. The zero Pace has met no other writer.
type Pace struct {
	noise  int       // how many more swaps must meet no other writer before this node counts as alone
	resume time.Time // until when this node holds back
	idle   int       // rounds in a row that have brought nothing
	done   int       // how many folds had been done when the last round began
}

// SilentBefore returns the time since which a node must have been heard, or it is silent. A round trip to the store takes trip.
func SilentBefore(now time.Time, trip time.Duration) time.Time {
	return now.Add(-max(silence, silentTrips*trip))
}

// Next begins a round of the fold loop, and returns how long to hold back first. The argument done counts the folds done so
// far. If several rounds in a row have done no fold and shown no new value, Next makes the node back off, whatever the reason.
// It does not where new values are shown: a node that loses to others and backs off for that would starve.
func (p *Pace) Next(now time.Time, done int, random *rand.Rand) time.Duration {
	if done != p.done {
		p.done, p.idle = done, 0
	}
	p.idle++
	wait := max(p.resume.Sub(now), 0)
	if p.idle > patience {
		wait = max(wait, rtt.Backoff(p.idle-patience, random))
	}
	return wait
}

// Stuck reports whether the round that has begun is number stuck of those that bring nothing, so that the caller can warn once.
func (p *Pace) Stuck() bool { return p.idle == stuck }

// Won notes that a swap has succeeded. While others write too, the node then holds back. Tried and rejected: the winner never
// holds back; it holds back for half a round trip to a whole one.
func (p *Pace) Won(now time.Time, trip time.Duration, silent bool, random *rand.Rand) {
	p.idle = 0
	p.noise = max(p.noise-1, 0)
	if p.contended(silent) {
		p.resume = now.Add(trip/2 + time.Duration(random.Int64N(int64(trip/4)+1)))
	}
}

// contended reports whether other nodes seem to write too. The argument silent says whether some node has not been heard since
// SilentBefore. That node may write too: if it has only lost so far, it has left no trace in the store. Tried and rejected: a
// winner that holds back only where it has met other writers.
func (p *Pace) contended(silent bool) bool { return p.noise > 0 || silent }

// Met notes that the store holds a value that this node did not expect: another node has most likely written.
func (p *Pace) Met() { p.noise, p.idle = calm, 0 }

// Late notes that the combiner is late, so that this node folds too. It reports whether to read the value anew first, since the
// combiner may have moved it on. In a crowd that does not pay. There the node holds back for one and a half round trips, and then
// swaps from the value that it knows. Tried and rejected: it always swaps from that value; in a crowd it reads anew too.
func (p *Pace) Late(now time.Time, nodes int, trip time.Duration) (doubt bool) {
	if nodes < crowd {
		return true
	}
	p.resume = now.Add(trip * 3 / 2)
	return false
}
