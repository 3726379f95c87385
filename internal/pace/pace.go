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
)

const (
	// calm is how many swaps in a row must meet no other writer before a node that has met one counts as alone again.
	calm = 5
	// silence is how long we may hear no fold from a node before assuming that it folds for itself, or silentTrips round
	// trips to the store if they take longer.
	silence     = 1500 * time.Millisecond
	silentTrips = 4
	// crowd is the cluster size at which holding back after wins no longer suffices.
	crowd = 8
	// crowdConflicts is the number of conflicts in a row up to which a node in a crowd holds back longer after each.
	crowdConflicts = 4
)

// A Pace is that of one node. The zero Pace has met nobody.
type Pace struct {
	noise     int       // how many more swaps must meet no other writer until this node counts as alone
	conflicts int       // swaps in a row that have failed because the value was another
	resume    time.Time // when this node may go on after its last win
}

// Since is the time from which on a node must have been heard of, if it does not fold for itself. A round trip to the store takes
// trip.
func Since(now time.Time, trip time.Duration) time.Time {
	return now.Add(-max(silence, silentTrips*trip))
}

// Contended says whether other nodes seem to write too. It is silent if one has not been heard of since Since: a node that has only
// lost so far has left no trace in the store.
func (p *Pace) Contended(silent bool) bool { return p.noise > 0 || silent }

// Won notes that a swap has succeeded.
func (p *Pace) Won(now time.Time, trip time.Duration, silent bool, random *rand.Rand) {
	p.conflicts = 0
	p.noise = max(p.noise-1, 0)
	if p.Contended(silent) {
		p.resume = now.Add(trip/2 + time.Duration(random.Int64N(int64(trip/4)+1)))
	}
}

// Met notes that another node has written.
func (p *Pace) Met() { p.noise = calm }

// Lost notes that a swap has failed because the value was another. It returns how long to hold back before the next: in a cluster of
// many nodes, one that folds for itself alone lets those get ahead that fold for others.
func (p *Pace) Lost(alone bool, nodes int, trip time.Duration, random *rand.Rand) time.Duration {
	p.Met()
	p.conflicts++
	bound := trip * time.Duration(min(p.conflicts, crowdConflicts)*(nodes/crowd))
	if !alone || bound == 0 {
		return 0
	}
	return time.Duration(random.Int64N(int64(bound)))
}

// Wait returns how long to let other nodes go first.
func (p *Pace) Wait(now time.Time) time.Duration { return max(p.resume.Sub(now), 0) }

// Conflicts is how many swaps have failed since the last success because the value was another.
func (p *Pace) Conflicts() int { return p.conflicts }
