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
	for _, test := range []struct{ trip, ago time.Duration }{
		{0, 1500 * ms}, {ms, 1500 * ms}, {375 * ms, 1500 * ms}, {376 * ms, 1504 * ms}, {time.Second, 4 * time.Second},
	} {
		if got := SilentBefore(at(time.Minute), test.trip); !got.Equal(at(time.Minute - test.ago)) {
			t.Errorf("trips of %v: since %v ago, want %v", test.trip, at(time.Minute).Sub(got), test.ago)
		}
	}
}

// next begins a round after one in which a fold was done, and returns how long the node holds back first.
func next(p *Pace, now time.Time) time.Duration { return p.Next(now, p.done+1, random()) }

func TestANodeCountsAsAloneAfterFiveWinsThatMeetNoOtherWriter(t *testing.T) {
	var p Pace
	if p.contended(false) || !p.contended(true) {
		t.Error("a node that has met no other writer should be alone, unless some node is silent")
	}
	for range 2 { // the count begins anew each time
		p.Met()
		for range 4 {
			p.Won(at(0), 10*ms, false, random())
		}
		if !p.contended(false) {
			t.Error("alone after four wins")
		}
	}
	p.Won(at(0), 10*ms, false, random())
	if p.contended(false) || !p.contended(true) {
		t.Error("not alone after five wins")
	}
	p.Won(at(0), 10*ms, false, random())
	if p.Met(); !p.contended(false) {
		t.Error("still alone after it has met another")
	}
}

// between checks that 1000 results of next lie between low and high, and come near both.
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
		for _, test := range []struct {
			name        string
			met, silent bool
		}{{"others write", true, false}, {"one is silent", false, true}, {"both", true, true}} {
			between(t, fmt.Sprintf("%s, trips of %v", test.name, trip), trip/2, trip/2+trip/4, func(random *rand.Rand) time.Duration {
				var p Pace
				if test.met {
					p.Met()
				}
				p.Won(at(time.Hour), trip, test.silent, random)
				return next(&p, at(time.Hour))
			})
		}
	}
}

func TestANodeThatIsAloneDoesNotHoldBack(t *testing.T) {
	var p Pace
	if d := next(&p, at(0)); d != 0 {
		t.Errorf("before its first swap it waits for %v", d)
	}
	p.Won(at(0), 100*ms, false, random())
	if d := next(&p, at(0)); d != 0 {
		t.Errorf("after a win it waits for %v", d)
	}
	p.Met()
	for range 4 {
		p.Won(at(0), 100*ms, false, random())
	}
	p.Won(at(time.Minute), 100*ms, false, random()) // the fifth
	if d := next(&p, at(time.Minute)); d != 0 {
		t.Errorf("after the fifth win that met no other writer it waits for %v", d)
	}
}

func TestAWaitGetsShorterAsTimePasses(t *testing.T) {
	var p Pace
	p.Won(at(0), 100*ms, true, random())
	d := next(&p, at(0))
	for _, later := range []time.Duration{1, 10 * ms, d - 1, d, d + 1, time.Hour} {
		if got, want := next(&p, at(later)), max(d-later, 0); got != want {
			t.Errorf("%v later it waits for %v, want %v", later, got, want)
		}
	}
}

func TestANodeBacksOffAfterRoundsThatBringNothing(t *testing.T) {
	for rounds := 1; rounds <= 30; rounds++ {
		high := time.Duration(0)
		if rounds > 4 {
			high = min(10*ms<<(rounds-5), 500*ms)
		}
		between(t, fmt.Sprintf("%d rounds", rounds), 0, high, func(random *rand.Rand) time.Duration {
			var p Pace
			for range rounds - 1 {
				p.Next(at(0), 0, random)
			}
			return p.Next(at(0), 0, random)
		})
	}
}

func TestBackingOffEndsWhenAFoldIsDoneOrASwapIsWonOrAnotherValueIsSeen(t *testing.T) {
	for name, test := range map[string]struct {
		happens  func(p *Pace)
		done     int // folds
		backsOff bool
	}{
		"nothing":         {func(p *Pace) {}, 7, true},
		"a fold is done":  {func(p *Pace) {}, 8, false},
		"a swap is won":   {func(p *Pace) { p.Won(at(0), 0, false, random()) }, 7, false},
		"a value is seen": {func(p *Pace) { p.Met() }, 7, false},
	} {
		longest := time.Duration(0)
		random := random()
		for range 100 {
			var p Pace
			p.Next(at(0), 7, random)
			for range 9 {
				p.Next(at(0), 7, random)
			}
			test.happens(&p)
			for range 4 {
				longest = max(longest, p.Next(at(0), test.done, random))
			}
		}
		if backsOff := longest > 0; backsOff != test.backsOff {
			t.Errorf("seed %d: %s: backs off for %v", seed, name, longest)
		}
	}
}

// A node that backs off holds back at least as long as it would have anyway.
func TestBackingOffDoesNotShortenAWait(t *testing.T) {
	var p Pace
	p.Won(at(0), time.Second, true, random())
	wait := p.Next(at(0), 0, random())
	for range 9 {
		if got := p.Next(at(0), 0, random()); got != wait {
			t.Errorf("holds back for %v, want %v", got, wait)
		}
	}
}

func TestANodeIsStuckOnceAfterTwentyRoundsThatBringNothing(t *testing.T) {
	var p Pace
	for round := 1; round <= 50; round++ {
		p.Next(at(0), 0, random())
		if p.Stuck() != (round == 20) {
			t.Errorf("after %d rounds: stuck %v", round, p.Stuck())
		}
	}
}

// In a small cluster, a node whose combiner is late reads first. In a crowd it holds back for one and a half round trips.
func TestANodeWhoseCombinerIsLateReadsFirstOrInACrowdHoldsBack(t *testing.T) {
	for _, test := range []struct {
		nodes int
		trip  time.Duration
		doubt bool
		wait  time.Duration
	}{
		{2, 100 * ms, true, 0}, {3, 100 * ms, true, 0}, {7, 100 * ms, true, 0},
		{8, 100 * ms, false, 150 * ms}, {25, 100 * ms, false, 150 * ms}, {25, 0, false, 0},
	} {
		var p Pace
		if doubt := p.Late(at(0), test.nodes, test.trip); doubt != test.doubt {
			t.Errorf("%d nodes: doubt %v", test.nodes, doubt)
		}
		if wait := next(&p, at(0)); wait != test.wait {
			t.Errorf("%d nodes, %v: holds back for %v, want %v", test.nodes, test.trip, wait, test.wait)
		}
	}
}
