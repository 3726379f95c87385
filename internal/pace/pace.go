// Package pace decides when a node that folds holds back, so that others get their turn. It is pure: it is handed the time,
// and has no goroutine, lock or network.
//
// If this package is wrong, nodes are only slow.
package pace

import (
	"math/rand/v2"
	"time"
)

const (
	// calm is how many swaps in a row must have met no other writer before this one stops yielding.
	calm = 5
	// silence is how long we may hear no fold from a node before assuming that it folds for itself, or silentTrips round
	// trips to the store if they take longer.
	silence     = 1500 * time.Millisecond
	silentTrips = 4
	// crowd is the cluster size at which yielding no longer suffices.
	crowd = 8
)

// A Pace is that of one node. The zero Pace has seen nothing.
type Pace struct {
	met       bool      // another writer, so far
	quiet     int       // swaps in a row that have succeeded and met no other writer
	conflicts int       // swaps in a row that have failed because the value was another
	yielded   time.Time // when this node last began to yield
	resume    time.Time // when it may go on
	busy      bool      // the last swap, too, came before that time
}

// Since is the time from which on a node must have been heard of, if it does not fold for itself.
func Since(now time.Time, trip time.Duration) time.Time {
	return now.Add(-max(silence, silentTrips*trip))
}

// Won notes that a swap has succeeded. A round trip to the store takes trip; silent says whether a node has not been heard of
// since Since.
func (p *Pace) Won(now time.Time, trip time.Duration, silent bool, random *rand.Rand) {
	p.conflicts = 0
	if p.quiet++; p.met && p.quiet < calm || silent && p.yielded.Before(Since(now, trip)) {
		p.yielded = now
		p.resume = now.Add(trip*5/2 + time.Duration(random.Int64N(int64(trip*3/2)+1)))
	}
}

// Met notes that another node has written.
func (p *Pace) Met() { p.met, p.quiet = true, 0 }

// Lost notes that a swap has failed because the value was another.
func (p *Pace) Lost() {
	p.Met()
	p.conflicts++
}

// Conflicts is how many swaps have failed since the last success because the value was another.
func (p *Pace) Conflicts() int { return p.conflicts }

// Yield returns how long to let other nodes go first, and whether they will have used it.
func (p *Pace) Yield(now time.Time) (wait time.Duration, used bool) {
	wait = p.resume.Sub(now)
	yields := wait > 0 && p.busy
	p.busy = wait > 0
	if !yields {
		return 0, false
	}
	return wait, p.quiet == 1
}

// GiveWay returns how long a node that folds for itself alone holds back after a conflict in a cluster of that many nodes.
func (p *Pace) GiveWay(nodes int, trip time.Duration, random *rand.Rand) time.Duration {
	if bound := trip * time.Duration(min(p.conflicts, 4)*(nodes/crowd)); bound > 0 {
		return time.Duration(random.Int64N(int64(bound)))
	}
	return 0
}
