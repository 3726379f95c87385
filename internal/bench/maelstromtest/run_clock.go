package maelstromtest

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// A clock is a node's wall clock. Its zero value shows the true time. It may be
// read and set from any goroutine.
type clock struct{ setting atomic.Pointer[setting] }

// A setting says which time a clock showed at which true time.
type setting struct{ truly, shown time.Time }

func (c *clock) now() time.Time {
	if s := c.setting.Load(); s != nil {
		return s.shown.Add(time.Since(s.truly))
	}
	return time.Now()
}

// set makes the clock show t now. From then on it runs at the usual speed.
func (c *clock) set(t time.Time) { c.setting.Store(&setting{time.Now(), t.Round(0)}) }

// A clockFault is what a fault does to the clock of a node that starts again.
type clockFault struct {
	detail string
	strike func(*clock)
}

// maxBack is the furthest that a clock is set back, unless it is set to an
// absurd time.
const maxBack = 20 * time.Second

// drawClock draws what happens to the clock of a node that starts again. The
// clock may go back a little, as clocks do when they are corrected. It may
// start as on a machine without a battery: at the same microsecond as in an
// earlier life, or before 1970, where Unix time is negative. Or it may be
// absurdly late: after 2112, when microseconds since 1970 pass 2^52, or so far
// in the future that they are near 2^63.
//
// The draw depends only on back, which is how far the clock goes back in the
// first case. So the other draws of the fault, and with them its schedule, do
// not depend on what happens to clocks.
func drawClock(back time.Duration, lives []*life) clockFault {
	random := rand.New(rand.NewPCG(uint64(back), 0))
	year := func(first, last int) time.Time {
		begin, end := time.Date(first, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(last+1, 1, 1, 0, 0, 0, 0, time.UTC)
		return time.UnixMicro(begin.UnixMicro() + random.Int64N(end.UnixMicro()-begin.UnixMicro())).UTC()
	}
	at := func(why string, t time.Time) clockFault {
		detail := fmt.Sprintf("clock %s: %s", why, t.UTC().Format("2006-01-02 15:04:05.000000"))
		return clockFault{detail, func(c *clock) { c.set(t) }}
	}
	switch random.IntN(8) {
	case 0, 1:
		number := random.IntN(len(lives))
		return at(fmt.Sprintf("equal to the start of life %d", number), lives[number].began)
	case 2, 3:
		return at("before 1970", year(1901, 1969))
	case 4:
		return at("after 2112", year(2113, 2292))
	case 5:
		return at("in the far future", year(10_000, 290_000))
	}
	return clockFault{
		fmt.Sprintf("clock back by %v", back.Round(time.Millisecond)),
		func(c *clock) { c.set(time.Now().Add(-back)) },
	}
}
