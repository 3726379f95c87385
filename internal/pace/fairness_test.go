package pace

import (
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
	events  []event // to come, in the order of time
	value   int     // the store's; values are numbered from 0
	wins    []int   // of each writer
}

type event struct {
	at time.Duration
	do func()
}

// after schedules do, to be called when d has passed.
func (c *contest) after(d time.Duration, do func()) {
	e := event{c.now + d, do}
	i := slices.IndexFunc(c.events, func(other event) bool { return other.at > e.at })
	if i < 0 {
		i = len(c.events)
	}
	// Of several at once, what was planned first happens first.
	c.events = slices.Insert(c.events, i, e)
}

// run runs the contest until the writers have won that many swaps in all.
func (c *contest) run(swaps int) {
	for i := range c.wins {
		w := &writer{contest: c, wins: &c.wins[i]}
		c.after(c.latency(c.random), w.begin)
	}
	for c.value < swaps {
		e := c.events[0]
		c.events = c.events[1:]
		c.now = e.at
		e.do()
	}
}

// A writer acts as a node that swaps for itself.
type writer struct {
	*contest
	wins  *int
	pace  Pace
	trips rtt.Estimator // to the store
	known int           // the value that it wants to replace
	shown int           // the last value that it has read or written
}

// begin begins a round: the writer holds back, and then swaps.
func (w *writer) begin() {
	next := w.swap
	wait := w.pace.Next(at(w.now), w.random)
	if w.pace.Doubtful(at(w.now), w.trips.Smoothed()) {
		next = w.read
	}
	w.after(wait, next)
}

// read reads the value, and then swaps it.
func (w *writer) read() {
	w.after(w.latency(w.random), func() {
		shown := w.value
		w.after(w.latency(w.random), func() {
			w.pace.Read(at(w.now), shown != w.shown)
			w.known, w.shown = shown, shown
			w.swap()
		})
	})
}

// swap sends a swap.
func (w *writer) swap() {
	sent := w.now
	w.after(w.latency(w.random), func() {
		won, told := w.value == w.known, w.value
		if won {
			w.value++
			*w.wins++
		}
		w.after(w.latency(w.random), func() {
			w.trips.Sample(w.now - sent)
			if won {
				w.known++
				w.shown = w.known
				w.pace.Won(at(w.now), w.trips.Smoothed(), w.silence, w.random)
			} else {
				w.known = told
				w.pace.Lost(at(w.now))
			}
			w.begin()
		})
	})
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
