package trial

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// How far a node's clock may be ahead when it starts. The true time is in the
// first seconds of the year 2000. Two lives with the same clock begin in the
// same microsecond. So do two with clocks before 1970, and two with clocks
// after 2112.
var oddClocks = []time.Duration{0, 0, -time.Second, -20 * time.Second, time.Hour, -40 * 365 * 24 * time.Hour, -200 * 365 * 24 * time.Hour,
	120 * 365 * 24 * time.Hour, 250 * 365 * 24 * time.Hour}

// Clocks kills a node again and again and starts it with odd clocks, with each
// of 50 seeds. None of its lives may lose or double what another has done. In
// the end, one of so many reads of each node must be answered ok.
func Clocks(t *testing.T, program maelstromtest.Program, reads int) {
	eachSeed(t, 50, func(t *testing.T, seed uint64) (none struct{}) {
		random := rand.New(rand.NewPCG(seed, 0))
		latency := []time.Duration{0, time.Millisecond, 30 * time.Millisecond, 300 * time.Millisecond}[random.IntN(4)]
		cfg := maelstromtest.Config{Seed: seed, Latency: latency, LatencyDist: "exponential"}
		InCluster(t, program, cfg, func(t *testing.T, c *maelstromtest.Cluster) { clocks(t, c, random, latency, reads) })
		return none
	})
}

func clocks(t *testing.T, c *maelstromtest.Cluster, random *rand.Rand, latency time.Duration, reads int) {
	var adds Bits
	var wait sync.WaitGroup
	began := time.Now()
	for i := range 52 {
		bit, node := int64(1)<<i, Nodes[random.IntN(3)]
		if random.IntN(3) > 0 {
			node = "n1" // the node that is killed
		}
		wait.Go(func() { _ = adds.Add(c, node, bit) })
		switch random.IntN(6) {
		case 0:
			// The clock does not advance, so two lives with the same odd clock
			// begin in the same microsecond.
			ahead := oddClocks[random.IntN(len(oddClocks))] - time.Since(began)
			c.Kill("n1")
			c.SetClock("n1", time.Now().Add(ahead))
			c.Restart("n1")
		case 1:
			c.CutStore("n1")
		case 2:
			c.MendStore("n1")
		default:
			time.Sleep(time.Duration(random.Int64N(int64(3*latency + time.Millisecond))))
		}
	}
	c.Heal()
	wait.Wait()
	time.Sleep(10 * time.Second)
	for _, node := range Nodes {
		value, err := Ask(c, node, Read)
		for n := 1; err != nil && n < reads; n++ {
			value, err = Ask(c, node, Read)
		}
		adds.Check(t, node, value, err)
	}
}

// Future lets a life of a node come from the far future, because of its clock.
// Every node must go on serving.
func Future(t *testing.T, program maelstromtest.Program) {
	const century = 100 * 365 * 24 * time.Hour
	InCluster(t, program, maelstromtest.Config{}, func(t *testing.T, c *maelstromtest.Cluster) {
		for i, ahead := range []time.Duration{2 * century, 0, 2 * century, 2 * century, -century} {
			c.Kill("n1")
			c.SetClock("n1", time.Now().Add(ahead))
			c.Restart("n1")
			for _, node := range Nodes {
				Served(t, c, node, Add(1))
			}
			if value := Served(t, c, "n2", Read); value != fmt.Sprint(3*(i+1)) {
				t.Errorf("the total is %s, want %d", value, 3*(i+1))
			}
		}
	})
}
