package pace

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

const (
	ms   = time.Millisecond
	seed = 1
)

func random() *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

func at(d time.Duration) time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(d) }

func TestANodeIsSilentAfterFourRoundTripsButNotBefore1500ms(t *testing.T) {
	for _, test := range []struct{ trip, want time.Duration }{
		{0, 1500 * ms}, {ms, 1500 * ms}, {375 * ms, 1500 * ms}, {376 * ms, 1504 * ms}, {time.Second, 4 * time.Second},
	} {
		if got := Silence(test.trip); got != test.want {
			t.Errorf("trips of %v: silent after %v, want %v", test.trip, got, test.want)
		}
	}
}

// next returns how long the node holds back.
func next(p *Pace, now time.Time) time.Duration { return p.Next(now, random()) }

func TestANodeCountsAsAloneAfterFiveWinsThatMeetNoOtherWriter(t *testing.T) {
	var p Pace
	now := at(0)
	alone := func(when string, want bool) {
		t.Helper()
		if wait := next(&p, now); p.Contended() == want || (wait == 0) != want {
			t.Errorf("%s: alone %v, waits for %v", when, !p.Contended(), wait)
		}
	}
	win := func() {
		now = now.Add(time.Minute)
		p.Won(now, 100*ms, false, random())
	}
	alone("at first", true)
	win()
	alone("after a win", true)
	for _, meet := range []func(){
		func() { p.Lost(at(0)) },
		func() { p.Read(at(0), true) },
		func() { p.Lost(at(0)) }, // the count begins anew each time
	} {
		meet()
		for range 4 {
			win()
		}
		alone("after four wins", false)
	}
	p.Read(at(0), false)
	win()
	alone("after five wins", true)
}

// between checks that 1000 results of next lie between low and high, and come
// near both.
func between(t *testing.T, what string, low, high time.Duration, next func(random *rand.Rand) time.Duration) {
	t.Helper()
	random := random()
	least, most := time.Duration(1<<62), time.Duration(-1)
	for range 1000 {
		d := next(random)
		least, most = min(least, d), max(most, d)
	}
	near := (high - low) / 50
	if least < low || least > low+near || most > high || most < high-near {
		t.Errorf("seed %d: %s: from %v to %v, want %v to %v", seed, what, least, most, low, high)
	}
}

func TestANodeThatIsNotAloneHoldsBackForHalfToThreeQuartersOfARoundTripAfterAWin(t *testing.T) {
	for _, trip := range []time.Duration{0, 1, 3, ms, 200 * ms} {
		for _, test := range []struct{ met, silent bool }{{true, false}, {false, true}, {true, true}} {
			name := fmt.Sprintf("others write: %v, one is silent: %v, trips of %v", test.met, test.silent, trip)
			between(t, name, trip/2, trip/2+trip/4, func(random *rand.Rand) time.Duration {
				var p Pace
				if test.met {
					p.Lost(at(0))
				}
				p.Won(at(time.Hour), trip, test.silent, random)
				return next(&p, at(time.Hour))
			})
		}
	}
}

// lose notes that swaps were refused.
func (p *Pace) lose(swaps int) {
	for range swaps {
		p.Lost(at(0))
	}
}

func TestANodeBacksOffAndDoubtsTheValueAfter16RefusalsOrFourOtherFailures(t *testing.T) {
	for failures := range 40 {
		high := time.Duration(0)
		if failures >= 16 {
			high = min(10*ms<<(failures-16), 500*ms)
		}
		for _, others := range []int{0, failures / 8, failures / 4} {
			between(t, fmt.Sprintf("%d failures, %d of them others", failures, others), 0, high, func(random *rand.Rand) time.Duration {
				var p Pace
				p.lose(failures - 4*others)
				for range others {
					p.Failed()
				}
				if p.Doubtful(at(0), ms) != (failures >= 16) {
					t.Errorf("after %d failures: in doubt %v", failures, failures < 16)
				}
				return p.Next(at(0), random)
			})
		}
	}
}

func TestANodeWarnsOnceAfter48RefusalsOrTwelveOtherFailures(t *testing.T) {
	var refused, others, both Pace
	both.lose(47)
	for n := 1; n <= 100; n++ {
		if warned := refused.Lost(at(0)); warned != (n == 48) {
			t.Errorf("after %d refusals: warned %v", n, warned)
		}
		if warned := others.Failed(); warned != (n == 12) {
			t.Errorf("after %d other failures: warned %v", n, warned)
		}
		if warned := both.Failed(); warned != (n == 1) {
			t.Errorf("after 47 refusals and %d other failures: warned %v", n, warned)
		}
	}
}

// What a refusal tells does not end it, as it may be false.
func TestBackingOffEndsWhenASwapIsWonOrAFoldIsDoneOrANewValueIsShown(t *testing.T) {
	for name, test := range map[string]struct {
		happens  func(p *Pace)
		backsOff bool
	}{
		"nothing":               {func(p *Pace) {}, true},
		"a swap is won":         {func(p *Pace) { p.Won(at(0), 0, false, random()) }, false},
		"a fold is done":        {func(p *Pace) { p.Done() }, false},
		"a new value is shown":  {func(p *Pace) { p.Read(at(0), true) }, false},
		"no new value is shown": {func(p *Pace) { p.Read(at(0), false) }, true},
		"a swap is refused":     {func(p *Pace) { p.lose(1) }, true},
	} {
		var p Pace
		for range 16 {
			p.Failed()
		}
		test.happens(&p)
		for range 3 {
			p.Failed()
		}
		doubtful, wait := p.Doubtful(at(0), 0), next(&p, at(0))
		if doubtful != test.backsOff || (wait > 0) != test.backsOff {
			t.Errorf("%s: in doubt %v, holds back for %v", name, doubtful, wait)
		}
	}
}

func TestAValueIsInDoubtAfter50msOrSixteenRoundTripsIfOthersWrite(t *testing.T) {
	for name, test := range map[string]struct {
		happens func(p *Pace)
		doubt   bool
	}{
		"others write":                     {func(p *Pace) { p.Lost(at(0)) }, true},
		"others write, and a value is new": {func(p *Pace) { p.Read(at(0), true) }, true},
		"others write, and it is no newer": {func(p *Pace) { p.Lost(at(-time.Hour)); p.Read(at(0), false) }, true},
		"others write, and a swap is won":  {func(p *Pace) { p.Lost(at(-time.Hour)); p.Won(at(0), ms, false, random()) }, true},
		"no other writes":                  {func(p *Pace) { p.Won(at(0), ms, true, random()) }, false},
	} {
		for trip, stale := range map[time.Duration]time.Duration{0: 50 * ms, 3 * ms: 50 * ms, 4 * ms: 64 * ms, time.Second: 16 * time.Second} {
			var p Pace
			test.happens(&p)
			for after, doubt := range map[time.Duration]bool{0: false, stale: false, stale + 1: test.doubt, time.Hour: test.doubt} {
				if got := p.Doubtful(at(after), trip); got != doubt {
					t.Errorf("%s: after %v, with trips of %v: in doubt %v", name, after, trip, got)
				}
			}
		}
	}
}

// A node that backs off holds back at least as long as it would have anyway.
func TestBackingOffDoesNotShortenAWait(t *testing.T) {
	var p Pace
	p.Won(at(0), time.Second, true, random())
	wait := p.Next(at(0), random())
	for range 12 {
		p.Failed()
		if got := p.Next(at(0), random()); got != wait {
			t.Errorf("holds back for %v, want %v", got, wait)
		}
	}
}

func TestANodeHoldsBackForThirteenEighthsOfARoundTripFromThenOn(t *testing.T) {
	for _, trip := range []time.Duration{0, 8 * ms, 100 * ms} {
		for _, later := range []time.Duration{0, 1, 13*ms - 1, 13 * ms, 13*ms + 1, time.Hour} {
			var p Pace
			p.HoldBack(at(0), trip)
			if wait, want := next(&p, at(later)), max(trip*13/8-later, 0); wait != want {
				t.Errorf("trips of %v: after %v holds back for %v, want %v", trip, later, wait, want)
			}
		}
	}
}
