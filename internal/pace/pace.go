// Package pace decides when a node that swaps holds back, so that others get their turn, and when it expects to lose. It is pure:
// it is handed the time, and has no goroutine, lock or network.
//
// The winner of a swap knows the newest value and would otherwise keep winning. So while others write too, it waits after each
// win for half a round trip to three quarters: long enough for a loser, which has the newest value at hand, to have its next swap
// reach the store first.
//
// If this package is wrong, nodes are only slow.
package pace

import (
	"math/rand/v2"
	"time"

	"maelstrom-counter/internal/rtt"
)

const (
	// calm is how many swaps in a row must meet no other writer before a node counts as alone again.
	calm = 5
	// silence is how long a node may hand over no fold before it is assumed to fold for itself. If silentTrips round trips
	// to the store take longer, that counts instead.
	silence     = 1500 * time.Millisecond
	silentTrips = 4
	// crowd is the cluster size at which holding back after wins no longer suffices.
	crowd = 8
	// crowdConflicts is the number of conflicts in a row up to which a node in a crowd holds back longer after each.
	crowdConflicts = 4
	// patience is how many rounds in a row may bring nothing before a node backs off, and stuck how many before it says so.
	patience = 4
	stuck    = 20
)

// A Pace is that of one node. The zero Pace has met nobody.
type Pace struct {
	noise     int       // how many more swaps must meet no other writer until this node counts as alone
	conflicts int       // swaps in a row that have failed because the value was another
	resume    time.Time // when this node may go on after its last win or conflict
	idle      int       // rounds in a row that have brought nothing
	done      int       // how many folds had been done when the last round began
}

// SilentBefore returns the time before which a node was last heard of if it is silent. A round trip to the store takes trip.
func SilentBefore(now time.Time, trip time.Duration) time.Time {
	return now.Add(-max(silence, silentTrips*trip))
}

// Contended reports whether other nodes seem to write too. The caller passes silent if a node was last heard of
// before SilentBefore: a node that has only lost so far has left no trace in the store.
func (p *Pace) Contended(silent bool) bool { return p.noise > 0 || silent }

// Next begins a round of the fold loop, and returns how long to hold back first. The argument done counts the folds done so
// far. After several rounds in which no fold was done and no new value was seen, Next backs off, whatever the reason.
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

// Stuck reports whether exactly stuck rounds have brought nothing, so that the caller can warn once.
func (p *Pace) Stuck() bool { return p.idle == stuck }

// Won notes that a swap has succeeded.
func (p *Pace) Won(now time.Time, trip time.Duration, silent bool, random *rand.Rand) {
	p.conflicts, p.idle = 0, 0
	p.noise = max(p.noise-1, 0)
	if p.Contended(silent) {
		p.resume = now.Add(trip/2 + time.Duration(random.Int64N(int64(trip/4)+1)))
	}
}

// Met notes that the store holds another value than was known: another node has written.
func (p *Pace) Met() { p.noise, p.idle = calm, 0 }

// Lost notes that a swap has failed because the value was another. In a crowd, a node that folds only for itself then waits,
// so that nodes that fold for others get ahead.
func (p *Pace) Lost(now time.Time, alone bool, nodes int, trip time.Duration, random *rand.Rand) {
	p.noise = calm
	p.conflicts++
	bound := trip * time.Duration(min(p.conflicts, crowdConflicts)*(nodes/crowd))
	if alone && bound > 0 {
		p.resume = now.Add(time.Duration(random.Int64N(int64(bound))))
	}
}

// Late notes that the combiner is late, so that this node folds too. It reports whether to read the value anew first, since the
// combiner has moved it on. In a crowd that is not worth it: most late answers still come. So the node holds back for one and a
// half round trips, and then tries.
func (p *Pace) Late(now time.Time, nodes int, trip time.Duration) (doubt bool) {
	if nodes < crowd {
		return true
	}
	p.resume = now.Add(trip * 3 / 2)
	return false
}
