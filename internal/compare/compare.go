// Package compare puts nodes of several designs through the same conditions, on the same seeds and in virtual time, and
// tells what came of it: as a Markdown table, or as a Go benchmark. It brings the conditions and the rivals; whoever uses
// it adds a node of its own.
//
// Time passes only where a condition has it pass: in the network and in the nodes' timers. What a node computes takes none.
package compare

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"maelstrom-counter/internal/maelstromtest"
	"maelstrom-counter/internal/rivals"
	"maelstrom-counter/internal/story"
)

// Seeds is on how many seeds a condition is usually run. All of it then takes a minute or two on two cores.
const Seeds = 10

// A Contender is a node of one design.
type Contender struct {
	Name    string // one word, for flags and benchmarks
	Title   string // a few words, for tables
	Program maelstromtest.Program
}

// Rivals returns the designs of package rivals.
func Rivals() []Contender {
	var contenders []Contender
	for _, r := range rivals.All {
		contenders = append(contenders, Contender{r.Name, r.Title, func(env maelstromtest.Env) error {
			return r.Run(env.Stdin, env.Stdout)
		}})
	}
	return contenders
}

// hop is what makes the rivals as fast as they are with the real Maelstrom: TestTheRivalsFareAsWithMaelstrom has the
// measurements.
const hop = 184 * time.Microsecond

// A Condition is what contenders are put through.
type Condition struct {
	Name   string // one word, for benchmarks
	Title  string // a few words, for tables
	Config maelstromtest.Config
}

// Conditions are those of the comparison. Where the title doesn't say otherwise there are 3 nodes, 100 requests a second, and
// 20 s, as in the exercise's test. The two that make the most requests are shorter, with faults that come and go as often. What
// befalls messages does so on the links to the store, which is all that the rivals use, and on those between nodes alike.
//
// Where the title doesn't speak of latency there is none, as with Maelstrom. What messages take all the same is hop.
var Conditions = []Condition{
	{"exercise", "partitions (the exercise's test)", maelstromtest.Config{
		Rate: 100, TimeLimit: 20 * time.Second, Hop: hop, Nemesis: faults("partition")}},
	{"100ms", "partitions, 100 ms latency", maelstromtest.Config{
		Rate: 100, TimeLimit: 20 * time.Second, Latency: 100 * time.Millisecond, Hop: hop, Nemesis: faults("partition")}},
	{"1000-per-s", "partitions, 5 nodes, 1000/s, 50 workers", maelstromtest.Config{
		Nodes: 5, Rate: 1000, Concurrency: 50, TimeLimit: 3 * time.Second, Hop: hop,
		Nemesis: faults("partition"), NemesisInterval: 3 * time.Second / 2}},
	{"25-nodes", "25 nodes, 200/s, 20 ms exponential latency", maelstromtest.Config{
		Nodes: 25, Rate: 200, TimeLimit: 6 * time.Second, Latency: 20 * time.Millisecond, LatencyDist: maelstromtest.Exponential, Hop: hop}},
	{"loss", "5 % of messages lost", maelstromtest.Config{
		Rate: 100, TimeLimit: 20 * time.Second, Hop: hop, Nemesis: faults("loss,node-loss")}},
	{"late", "10 % of replies late by 0.5 to 3 s", maelstromtest.Config{
		Rate: 100, TimeLimit: 20 * time.Second, Hop: hop, Nemesis: faults("late,node-late")}},
	{"duplicates", "10 % of messages doubled", maelstromtest.Config{
		Rate: 100, TimeLimit: 20 * time.Second, Hop: hop, Nemesis: faults("duplicate,node-duplicate")}},
	{"kills", "nodes killed and started again", maelstromtest.Config{
		Rate: 100, TimeLimit: 20 * time.Second, Hop: hop, Nemesis: faults("kill")}},
}

func faults(list string) []maelstromtest.Fault {
	nemesis, err := maelstromtest.ParseNemesis(list)
	if err != nil {
		panic(err)
	}
	return nemesis
}

// A Cell is what came of all runs of one contender under one condition.
type Cell struct {
	Contender Contender
	Condition Condition
	Tally
	Story *story.Story // of what went wrong with the seed Told; nil if nothing did
	Told  uint64
}

// Run puts each contender through each condition with seeds from 1 to n, and writes a line to progress after each cell. What goes
// wrong in it, it tells with one more run. The
// cells are ordered by condition.
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
						cfg := condition.Config
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

// Benchmark measures each contender under each condition, as contender=name/condition=name, which are keys that benchstat
// knows. Each iteration takes the next seed, also over the repetitions that -count asks for. So two runs with the same -count
// and a -benchtime in iterations ("1x") are of the same seeds, and all that differs between them is the contenders' doing.
func Benchmark(b *testing.B, contenders []Contender, conditions []Condition) {
	for _, contender := range contenders {
		for _, condition := range conditions {
			cfg := condition.Config
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
				b.ReportMetric(0, "ns/op") // real time, which says nothing: left out
			})
		}
	}
}

// A Tally adds up the results of runs with different seeds. Its methods that return a share or a mean return 0 if there is
// nothing to take it of.
type Tally struct {
	Seeds int
	Wrong []uint64 // the seeds of the results that are not MaelstromValid: Maelstrom's verdict, which is on final reads

	Contradicted []uint64 // the seeds of those that are, but not Right

	Requests   int
	OK         int
	Reads      int // of those answered ok
	OutOfOrder int // reads that contradict what was known before or after them
	Messages   int // that involve no client

	adds, reads []time.Duration // the latencies of those answered ok
}

// Add adds a result.
func (t *Tally) Add(r *maelstromtest.Result) {
	t.Seeds++
	switch {
	case !r.MaelstromValid:
		t.Wrong = noted(t.Wrong, r.Config.Seed)
	case !r.Right:
		t.Contradicted = noted(t.Contradicted, r.Config.Seed)
	}
	t.Requests += r.Invoked
	t.OK += r.OK
	if facts, ok := r.Facts.(maelstromtest.CounterFacts); ok {
		t.OutOfOrder += len(facts.OutOfOrder)
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

// Right is the number of seeds on which all was right.
func (t *Tally) Right() int { return t.Seeds - len(t.Wrong) }

// Availability is the share of requests that were answered ok.
func (t *Tally) Availability() float64 { return ratio(t.OK, t.Requests) }

// MessagesPerRequest counts those that involve no client, as Maelstrom does.
func (t *Tally) MessagesPerRequest() float64 { return ratio(t.Messages, t.Requests) }

// OutOfOrderPerThousand is how many of a thousand reads are out of order.
func (t *Tally) OutOfOrderPerThousand() float64 { return 1000 * ratio(t.OutOfOrder, t.Reads) }

// Quantile returns a percentile of the latencies of all requests answered ok, on whatever seed.
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
