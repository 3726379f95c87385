package pace

import (
	"cmp"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"maelstrom-counter/internal/rtt"
)

// A contest has several writers on one store, which do not hear each other.
// Each always has something to do, and replaces the store's value by the next
// as often as it can. A loser is told what to replace next, or reads it if it
// is in doubt.
type contest struct {
	latency func(*rand.Rand) time.Duration // of a message
	// A writer that is not heard counts as one that may write.
	silence bool
	random  *rand.Rand
	now     time.Duration
	value   int   // the store's; values are numbered from 0
	wins    []int // of each writer
}

// An asleep writer goes on at a time.
type asleep struct {
	until time.Duration
	next  func() (sleep time.Duration, ok bool) // lets it go on
}

// run runs the contest until the writers have won that many swaps in all.
func (c *contest) run(swaps int) {
	var all []asleep // the next to go on is first: of several at once, the first that fell asleep
	goOn := func(next func() (time.Duration, bool)) {
		sleep, _ := next()
		all = append(all, asleep{c.now + sleep, next})
		slices.SortStableFunc(all, func(a, b asleep) int { return cmp.Compare(a.until, b.until) })
	}
	for i := range c.wins {
		next, stop := iter.Pull(func(sleep func(time.Duration) bool) { c.write(i, sleep) })
		defer stop()
		goOn(next)
	}
	for c.value < swaps {
		first := all[0]
		all = all[1:]
		c.now = first.until
		goOn(first.next)
	}
}

// write lets writer i act as a node that swaps by itself, until sleep returns
// false.
func (c *contest) write(i int, sleep func(time.Duration) bool) {
	var pace Pace
	var trips rtt.Estimator // to the store
	known := 0              // the value that it wants to replace
	shown := 0              // the last value that it has read or written
	over := false
	wait := func(d time.Duration) { over = over || !sleep(d) }
	travel := func() { wait(c.latency(c.random)) }
	travel()
	for {
		doubtful := pace.Doubtful(at(c.now), trips.Smoothed())
		wait(pace.Next(at(c.now), c.random))
		if doubtful {
			travel()
			read := c.value
			travel()
			pace.Read(at(c.now), read != shown)
			known, shown = read, read
		}
		sent := c.now
		if travel(); over {
			return
		}
		won, told := c.value == known, c.value
		if won {
			c.value++
			c.wins[i]++
		}
		travel()
		trips.Sample(c.now - sent)
		if won {
			known++
			shown = known
			pace.Won(at(c.now), trips.Smoothed(), c.silence, c.random)
		} else {
			known = told
			pace.Lost(at(c.now))
		}
	}
}

// The writers win 100 swaps each on average. None may win fewer than 50. (With
// 500 seeds none of 6,000 contests of two to five writers fails.)
func TestWritersThatDoNotHearEachOtherTakeTurns(t *testing.T) {
	many := uint64(100)
	if testing.Short() {
		many = 10
	}
	for writers, seeds := range map[int]uint64{2: many, 3: many, 4: many, 5: many, 9: many / 10} {
		for dist, latency := range latencies {
			for seed := range seeds {
				c := contest{latency: latency, silence: true, random: rand.New(rand.NewPCG(seed, 0)), wins: make([]int, writers)}
				c.run(100 * writers)
				if slices.Min(c.wins) < 50 {
					t.Errorf("%s latency, %d writers, seed %d: wins %d", dist, writers, seed, c.wins)
				}
			}
		}
	}
}

// A writer that only loses leaves no trace. If its silence is ignored, the
// first winner wins for ever.
func TestWritersStarveWhereSilenceIsIgnored(t *testing.T) {
	for writers := 2; writers <= 5; writers++ {
		c := contest{latency: latencies["constant"], random: rand.New(rand.NewPCG(seed, 0)), wins: make([]int, writers)}
		c.run(100 * writers)
		if slices.Max(c.wins) != 100*writers {
			t.Errorf("%d writers: wins %d", writers, c.wins)
		}
	}
}

// latencies are the distributions that Maelstrom has.
var latencies = map[string]func(*rand.Rand) time.Duration{
	"constant":    func(*rand.Rand) time.Duration { return mean },
	"uniform":     func(r *rand.Rand) time.Duration { return time.Duration(r.Int64N(int64(2 * mean))) },
	"exponential": func(r *rand.Rand) time.Duration { return time.Duration(r.ExpFloat64() * float64(mean)) },
}

const mean = 100 * ms
