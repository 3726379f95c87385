// Package compare puts nodes of several designs through the same conditions, on
// the same seeds and in virtual time. It reports the results as a Markdown
// table, as a web page, or as a Go benchmark. It provides the conditions and
// the rivals; its user adds a node.
//
// Time passes only in the network, as a condition says, and in the nodes'
// timers. A node's computations take no time.
package compare

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/rivals"
	"maelstrom-counter/internal/bench/story"
)

// Seeds is the usual number of seeds of each condition. With it the whole
// comparison takes a minute or two on two cores.
const Seeds = 5

// A Contender is a node of one design. It need not be a rival.
type Contender = rivals.Rival

// Rivals returns the designs of package rivals.
func Rivals() []Contender { return slices.Clone(rivals.All) }

// hop makes the rivals as fast as they are with the real Maelstrom. The
// measurements are in TestTheRivalsFareAsWithMaelstrom.
const hop = 184 * time.Microsecond

// A Condition is what contenders are put through.
type Condition struct {
	Name   string // one word, for benchmarks
	Title  string // a few words, for tables
	Config maelstromtest.Config
}

// Ladder are the conditions of the table in README.md. Unless the title says
// otherwise, there are 3 nodes, each with one client, and 100 requests a second
// for 20 s, as in the exercise's test. The condition with the most requests is
// shorter. Where requests take long there are more clients, as otherwise there
// would be fewer requests. Faults in messages act on the links to the store and
// on those between nodes.
//
// Unless the title says otherwise there is no latency, as with Maelstrom. Every
// message still takes a hop.
var Ladder = []Condition{
	{"exercise", "partitions (the exercise's test)", exercise("partition")},
	{"loss", "5 % of messages lost", exercise("loss,node-loss")},
	{"100ms", "partitions, 100 ms latency, 30 clients", maelstromtest.Config{
		Rate: 100, Concurrency: 30, TimeLimit: 20 * time.Second, Latency: 100 * time.Millisecond, Hop: hop,
		Nemesis: maelstromtest.MustNemesis("partition")}},
	{"25-nodes", "25 nodes, 20 ms exponential latency, 200/s, 100 clients", maelstromtest.Config{
		Nodes: 25, Concurrency: 100, Rate: 200, TimeLimit: 4 * time.Second, Latency: 20 * time.Millisecond,
		LatencyDist: maelstromtest.Exponential, Hop: hop}},
}

// Conditions are all conditions of the comparison: those of the ladder first.
var Conditions = append(slices.Clip(Ladder), []Condition{
	{"late", "10 % of replies late by 0.5 to 3 s", exercise("late,node-late")},
	{"duplicates", "10 % of messages doubled", exercise("duplicate,node-duplicate")},
	{"kills", "nodes killed and started again", exercise("kill")},
}...)

// strict returns the condition's configuration with what the comparison asks of
// all: that every check decides.
func (c Condition) strict() maelstromtest.Config {
	cfg := c.Config
	cfg.Consistency = maelstromtest.Linearizable
	return cfg
}

// exercise is the exercise's test, with other faults.
func exercise(nemesis string) maelstromtest.Config {
	return maelstromtest.Config{
		Rate: 100, TimeLimit: 20 * time.Second, Hop: hop, Nemesis: maelstromtest.MustNemesis(nemesis),
	}
}

// A Cell is what came of all runs of one contender under one condition.
type Cell struct {
	Contender Contender
	Condition Condition
	Tally
	Story *story.Story // what went wrong with the seed Told; nil if nothing did
	Told  uint64
}

// Run puts each contender through each condition with seeds from 1 to n, and
// writes a line to progress after each cell. If something went wrong in a cell,
// one more run finds the story of it. The cells are ordered by condition.
func Run(t *testing.T, contenders []Contender, conditions []Condition, n int, progress io.Writer) []Cell {
	t.Helper()
	begin := time.Now()
	var cells []Cell
	for _, condition := range conditions {
		for _, contender := range contenders {
			cell := Cell{Contender: contender, Condition: condition}
			from := time.Now()
			var mu sync.Mutex
			t.Run(condition.Name+"/"+contender.Name, func(t *testing.T) {
				for seed := range n {
					t.Run(fmt.Sprintf("seed=%d", seed+1), func(t *testing.T) {
						t.Parallel()
						cfg := condition.strict()
						cfg.Seed = uint64(seed + 1)
						r := maelstromtest.Simulate(t, cfg, contender.Program)
						mu.Lock()
						defer mu.Unlock()
						cell.Add(r)
					})
				}
			})
			cell.tell(t)
			cells = append(cells, cell)
			fmt.Fprintf(progress, "%2d of %d after %5.1f s: %-10s %-5s %4.1f s, right on %d of %d seeds\n", len(cells),
				len(conditions)*len(contenders), time.Since(begin).Seconds(), condition.Name, contender.Name,
				time.Since(from).Seconds(), cell.Right(), cell.Seeds)
		}
	}
	return cells
}

// tell runs a cell's worst seed again and keeps the story of what goes wrong.
func (c *Cell) tell(t *testing.T) {
	t.Helper()
	seed, wrong := c.Worst()
	if !wrong {
		return
	}
	t.Run("story", func(t *testing.T) {
		cfg := c.Condition.strict()
		cfg.Seed = seed
		c.Story, c.Told = maelstromtest.Tell(maelstromtest.Record(t, cfg, c.Contender.Program)), seed
	})
}

// Benchmark measures each contender under each condition, as
// contender=name/condition=name, which are keys that benchstat knows. Each
// iteration takes the next seed, and -count continues with the seeds after
// that. So two runs with the same -count and the same number of iterations as
// -benchtime ("1x") use the same seeds, and all differences between them come
// from the contenders.
func Benchmark(b *testing.B, contenders []Contender, conditions []Condition) {
	for _, contender := range contenders {
		for _, condition := range conditions {
			cfg := condition.strict()
			b.Run("contender="+contender.Name+"/condition="+condition.Name, func(b *testing.B) {
				var t Tally
				for range b.N {
					cfg.Seed++
					t.Add(maelstromtest.Simulate(b, cfg, contender.Program))
				}
				b.ReportMetric(milliseconds(t.Quantile(50)), "p50-ms")
				b.ReportMetric(milliseconds(t.Quantile(99)), "p99-ms")
				b.ReportMetric(t.MessagesPerRequest(), "msgs/op")
				b.ReportMetric(100*t.Availability(), "ok-%")
				b.ReportMetric(100*float64(t.Right())/float64(t.Seeds), "right-%")
				b.ReportMetric(0, "ns/op") // left out: real time means nothing here
			})
		}
	}
}

// A Tally adds up the results of runs with different seeds. Its methods that
// return a share or a mean return 0 if there were no requests.
type Tally struct {
	Seeds int
	// Wrong are the seeds of the results that are wrong by Maelstrom's verdict,
	// which looks at the final reads, in order.
	Wrong []uint64
	// Contradicted are the seeds of the results that are right by that verdict,
	// but wrong by a stricter check, in order.
	Contradicted []uint64

	Requests   int
	OK         int
	Reads      int // the reads that were answered ok
	OutOfOrder int // reads that contradict what was known before or after them
	Missed     int // of those: reads of less than had been acknowledged or read before they began
	Messages   int // that involve no client

	missedMost int64 // by how much less the one that missed the most

	adds, reads []time.Duration // the latencies of the requests that were answered ok
}

// Add adds a result.
func (t *Tally) Add(r *maelstromtest.Result) {
	t.Seeds++
	switch {
	case !r.MaelstromValid:
		t.Wrong = append(t.Wrong, r.Config.Seed)
	case !r.Right:
		t.Contradicted = append(t.Contradicted, r.Config.Seed)
	}
	slices.Sort(t.Wrong)
	slices.Sort(t.Contradicted)
	t.Requests += r.Invoked
	t.OK += r.OK
	if facts, ok := r.Facts.(maelstromtest.CounterFacts); ok {
		for _, v := range facts.OutOfOrder {
			t.outOfOrder(v)
		}
	}
	t.Messages += r.ServerMessages
	for _, op := range r.History {
		if op.Outcome != maelstromtest.OK {
			continue
		}
		if took := op.Complete - op.Invoke; op.F == "read" {
			t.Reads++
			t.reads = append(t.reads, took)
		} else {
			t.adds = append(t.adds, took)
		}
	}
}

// outOfOrder adds a read that is out of order.
func (t *Tally) outOfOrder(v maelstromtest.Violation) {
	t.OutOfOrder++
	missed := v.Missed()
	if missed > 0 {
		t.Missed++
	}
	t.missedMost = max(t.missedMost, missed)
}

// Worst returns the seed whose story tells most: the first on which Maelstrom's
// verdict was bad, or else the first on which a stricter check was wrong. It
// returns false if there is no such seed.
func (t *Tally) Worst() (uint64, bool) {
	seeds := slices.Concat(t.Wrong, t.Contradicted)
	if len(seeds) == 0 {
		return 0, false
	}
	return seeds[0], true
}

// Right returns the number of seeds on which Maelstrom's verdict was good.
func (t *Tally) Right() int { return t.Seeds - len(t.Wrong) }

// Availability returns the share of requests that were answered ok.
func (t *Tally) Availability() float64 { return ratio(t.OK, t.Requests) }

// MessagesPerRequest counts only messages that involve no client, as Maelstrom
// does.
func (t *Tally) MessagesPerRequest() float64 { return ratio(t.Messages, t.Requests) }

// MissedPerHundred returns how many of a hundred reads returned less than had
// been acknowledged, or than had been read, before they began.
func (t *Tally) MissedPerHundred() float64 { return 100 * ratio(t.Missed, t.Reads) }

// MissedMost returns how much less the read returned that missed the most.
// It is zero if none missed anything.
func (t *Tally) MissedMost() int64 { return t.missedMost }

// Quantile returns a percentile of the latencies of all requests that were
// answered ok, over all seeds.
func (t *Tally) Quantile(percent int) time.Duration {
	return quantile(slices.Concat(t.adds, t.reads), percent)
}

// quantile returns a percentile of latencies, which it sorts.
func quantile(latencies []time.Duration, percent int) time.Duration {
	slices.Sort(latencies)
	return maelstromtest.Percentile(latencies, percent)
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
