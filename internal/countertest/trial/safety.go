package trial

import (
	"sync"
	"testing"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/ledger"
)

// A SafetyRow is a simulation that a counter passes if it is right, however
// slow it is.
type SafetyRow struct {
	Name   string
	Seeds  int
	Config maelstromtest.Config
	// Checks are what this project's counter promises besides.
	Checks []Check
}

// Safety are the conditions under which nothing may be lost, doubled or out of
// order.
var Safety = []SafetyRow{
	{"partitions", 200, Brief("partition"), []Check{AllOK}},

	// A p99 of 1.6 s is 80 latencies.
	{"loss", 100, Busy(Brief("loss")), []Check{InTime(Latency), Within(Figures{P99: 1599, Answered: 99})}},
	{"loss without latency", 100, Brief("loss"), []Check{InTime(0), Within(Figures{P99: 249, Answered: 99})}},
	{"duplicate", 100, Busy(Brief("duplicate")), []Check{InTime(Latency)}},
	{"late", 100, Busy(Brief("late")), []Check{InTime(Latency)}},
	{"overtake", 100, Busy(Brief("overtake")), []Check{InTime(Latency)}},
	{"store-cut", 100, Busy(Brief("store-cut")), []Check{InTime(Latency)}},
	{"exponential latency", 100, exponential(Busy(Brief(""))), []Check{InTime(10 * Latency)}},

	{"kill", 100, Busy(Brief("kill")), nil},
	{"clock", 100, Busy(Brief("clock")), nil},
	{"pause", 100, Busy(Brief("pause")), nil},

	{"node-loss", 30, Busy(Brief("node-loss")), []Check{InTime(Latency)}},
	{"node-duplicate", 30, Busy(Brief("node-duplicate")), []Check{InTime(Latency)}},
	{"node-late", 30, Busy(Brief("node-late")), []Check{InTime(Latency)}},
	{"node-overtake", 30, Busy(Brief("node-overtake")), []Check{InTime(Latency)}},

	{"all faults", 100, allFaults(Busy(Exercise(""))), nil},
}

func exponential(cfg maelstromtest.Config) maelstromtest.Config {
	cfg.LatencyDist = maelstromtest.Exponential
	return cfg
}

func allFaults(cfg maelstromtest.Config) maelstromtest.Config {
	cfg.Nemesis = maelstromtest.AllFaults()
	return cfg
}

// GreatestTotal lets the total grow to 2^53-1. What would take it further must
// be refused with error 14, and everything else served.
func GreatestTotal(t *testing.T, program maelstromtest.Program) {
	InCluster(t, program, maelstromtest.Config{}, func(t *testing.T, c *maelstromtest.Cluster) {
		Served(t, c, "n1", Add(ledger.Max-5))
		// When several adds arrive together, those that fit are done.
		var mu sync.Mutex
		var wait sync.WaitGroup
		left := 5
		for i := range 30 {
			wait.Go(func() {
				delta := i%4 + 1
				_, err := Ask(c, Nodes[i%3], Add(delta))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					left -= delta
				} else if maelstrom.ErrorCode(err) != maelstrom.Abort {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if left < 0 || left > 3 {
			t.Errorf("of the room for 5, %d is left", left)
		}
		Served(t, c, "n2", Add(left))
		for _, node := range Nodes {
			if value := Served(t, c, node, Read); value != "9007199254740991" {
				t.Errorf("the total is %s", value)
			}
			if _, err := Ask(c, node, Add(1)); maelstrom.ErrorCode(err) != maelstrom.Abort {
				t.Errorf("an add of 1 more is answered with %v", err)
			}
			Served(t, c, node, Add(0))
		}
	})
}
