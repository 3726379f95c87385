package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
	"go.uber.org/goleak"

	"maelstrom-counter/internal/compare"
	"maelstrom-counter/internal/desk"
	"maelstrom-counter/internal/explain"
	"maelstrom-counter/internal/ledger"
	"maelstrom-counter/internal/maelstromtest"
	"maelstrom-counter/internal/transcript"
)

var seeds = flag.Int("seeds", 0, "run this many seeds of each simulation instead of its own number")

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	if os.Getenv(echoVariable) != "" {
		echo()
		return
	}
	goleak.VerifyTestMain(m)
}

// program is the node as the bench runs it.
func program(env maelstromtest.Env) error {
	code := run(env.Stop, environment{
		args:   env.Args,
		stdin:  env.Stdin,
		stdout: env.Stdout,
		stderr: env.Stderr,
		boot:   env.Now(),
		random: rand.New(rand.NewPCG(env.Seed, 0)),
		watch:  inOrder,
	})
	if code != 0 {
		return fmt.Errorf("exit code %d", code)
	}
	return nil
}

// inOrder checks the desk's invariants after each step of it.
func inOrder(d *desk.Desk, step string) {
	if err := d.Check(); err != nil {
		panic(fmt.Sprintf("after %s: %v", step, err))
	}
}

// logging is program with its standard error going to log.
func logging(log *logBuffer) maelstromtest.Program {
	return func(env maelstromtest.Env) error {
		env.Stderr = log
		return program(env)
	}
}

// A logBuffer takes what several nodes write.
type logBuffer struct {
	mu  sync.Mutex
	log bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.String()
}

// ---- Simulations ----

// exercise is the workload that the counter is made for: g-counter, 3 nodes, 100 requests a second, 20 s.
func exercise(faults string) maelstromtest.Config {
	nemesis, err := maelstromtest.ParseNemesis(faults)
	if err != nil {
		panic(err)
	}
	return maelstromtest.Config{Nodes: 3, Rate: 100, TimeLimit: 20 * time.Second, Nemesis: nemesis}
}

// brief is the exercise's workload in less time, with faults that come and go as often.
func brief(faults string) maelstromtest.Config {
	cfg := exercise(faults)
	cfg.TimeLimit, cfg.NemesisInterval = 4*time.Second, 2*time.Second
	return cfg
}

// everything names all faults.
func everything() string {
	var names []string
	for _, fault := range maelstromtest.AllFaults() {
		names = append(names, fault.String())
	}
	return strings.Join(names, ",")
}

// isolated is cfg with every link between nodes cut, so that each folds for itself.
func isolated(cfg maelstromtest.Config) maelstromtest.Config {
	cfg.Nemesis = []maelstromtest.Fault{{Kind: maelstromtest.Loss, Links: maelstromtest.NodeLinks, Probability: 1}}
	return cfg
}

// simulate runs cfg with seeds from 1 to n, a tenth of them with -short, and has each result checked.
func simulate(t *testing.T, n int, cfg maelstromtest.Config, checks ...func(*testing.T, *maelstromtest.Result)) {
	if testing.Short() {
		n = (n + 9) / 10
	}
	for seed := range cmp.Or(*seeds, n) {
		t.Run(fmt.Sprintf("seed=%d", seed+1), func(t *testing.T) {
			t.Parallel()
			cfg := cfg
			cfg.Seed = uint64(seed + 1)
			var log logBuffer
			r := maelstromtest.Simulate(t, cfg, logging(&log))
			if err := r.Err(); err != nil {
				t.Error(err)
				t.Log(explain.Shorten(t, cfg, program))
			}
			if log := log.String(); log != "" {
				t.Errorf("the nodes logged at the default level:\n%s", log)
			}
			for _, check := range checks {
				check(t, r)
			}
			if t.Failed() {
				t.Logf("seed %d; replay with: go test -seeds %[1]d -run '^%s$' .", cfg.Seed, t.Name())
			}
		})
	}
}

func allOK(t *testing.T, r *maelstromtest.Result) {
	atLeast(1)(t, r)
}

// atLeast checks which fraction of the requests was answered ok.
func atLeast(fraction float64) func(*testing.T, *maelstromtest.Result) {
	return func(t *testing.T, r *maelstromtest.Result) {
		if r.Availability < fraction {
			t.Errorf("%d of %d requests were answered ok", r.OK, r.Invoked)
		}
	}
}

// inTime checks that each request was answered within 4 s: ok, or with the right kind of error. Before a node sees a request,
// it may have waited behind a message that was late.
func inTime(slack time.Duration) func(*testing.T, *maelstromtest.Result) {
	return func(t *testing.T, r *maelstromtest.Result) {
		for _, op := range r.History {
			if op.Complete-op.Invoke > 4*time.Second+slack {
				t.Errorf("%s answered a %s of %v after %v", op.Node, op.F, op.Invoke, op.Complete-op.Invoke)
			}
			if op.Outcome == maelstromtest.Fail && op.Code != maelstrom.TemporarilyUnavailable || op.Outcome == maelstromtest.Info && op.Code != maelstrom.Timeout {
				t.Errorf("%s answered a %s of %v with error %d: %s", op.Node, op.F, op.Invoke, op.Code, op.Text)
			}
		}
	}
}

func TestTheExercisesWorkloadIsRightThroughPartitions(t *testing.T) {
	simulate(t, 200, brief("partition"), allOK)
}

func TestNothingIsLostOrDoubledOrOutOfOrderOnABadLinkToTheStore(t *testing.T) {
	for _, fault := range []string{"loss", "duplicate", "late", "overtake", "store-cut"} {
		t.Run(fault, func(t *testing.T) {
			checks := []func(*testing.T, *maelstromtest.Result){inTime(0)}
			if fault == "loss" {
				checks = append(checks, atLeast(0.99), func(t *testing.T, r *maelstromtest.Result) {
					if p99 := r.Latency.P99; p99 >= 250*time.Millisecond {
						t.Errorf("99th percentile %v", p99)
					}
				})
			}
			simulate(t, 100, brief(fault), checks...)
		})
	}
	t.Run("exponential latency", func(t *testing.T) {
		cfg := brief("")
		cfg.Latency, cfg.LatencyDist = 20*time.Millisecond, "exponential"
		simulate(t, 100, cfg, inTime(200*time.Millisecond))
	})
}

func TestNothingIsLostOrDoubledOrOutOfOrderWhenNodesDie(t *testing.T) {
	for _, fault := range []string{"kill", "clock", "pause"} {
		t.Run(fault, func(t *testing.T) { simulate(t, 100, brief(fault)) })
	}
}

func TestNothingIsLostOrDoubledOrOutOfOrderOnBadLinksBetweenNodes(t *testing.T) {
	for _, fault := range []string{"node-loss", "node-duplicate", "node-late", "node-overtake"} {
		t.Run(fault, func(t *testing.T) { simulate(t, 30, brief(fault), inTime(0)) })
	}
}

func TestNothingIsLostOrDoubledOrOutOfOrderUnderAllFaultsTogether(t *testing.T) {
	cfg := exercise(everything())
	cfg.Latency, cfg.Concurrency = time.Millisecond, 9
	simulate(t, 100, cfg)
}

// So a failure can be replayed. The journal has every message.
func TestTheSameSeedGivesTheSameHistory(t *testing.T) {
	calm := brief(everything())
	calm.Latency = time.Millisecond
	slow := brief("partition,kill,node-loss") // so that much happens at deadlines, and at the same time
	slow.Nodes, slow.Concurrency, slow.Latency, slow.LatencyDist = 12, 24, 400*time.Millisecond, "uniform"
	for _, cfg := range []maelstromtest.Config{calm, slow} {
		for seed := range uint64(3) {
			var first []byte
			for range 2 {
				var journal bytes.Buffer
				cfg := cfg
				cfg.Seed, cfg.Journal = seed+1, &journal
				r := maelstromtest.Simulate(t, cfg, program)
				if err := r.WriteHistory(&journal); err != nil {
					t.Fatal(err)
				}
				if first == nil {
					first = journal.Bytes()
				} else if !bytes.Equal(first, journal.Bytes()) {
					t.Errorf("two runs with %v and seed %d differ, of %d and %d bytes", cfg.Latency, seed+1, len(first), journal.Len())
				}
			}
		}
	}
}

func TestNoNodeStarvesWhereEachFoldsForItself(t *testing.T) {
	cfg := isolated(exercise(""))
	cfg.Rate, cfg.Latency, cfg.TimeLimit = 1000, 100*time.Millisecond, 30*time.Second
	t.Run("constant latency", func(t *testing.T) {
		simulate(t, 50, cfg, allOK, inTime(100*time.Millisecond), func(t *testing.T, r *maelstromtest.Result) {
			ok := map[string]int{}
			for _, op := range r.History {
				ok[op.Node]++
			}
			if least, most := min(ok["n0"], ok["n1"], ok["n2"]), max(ok["n0"], ok["n1"], ok["n2"]); 2*least < most {
				t.Errorf("unfair: %v", ok)
			}
		})
	})
	cfg.LatencyDist = "exponential"
	var mu sync.Mutex
	ok, all := 0, 0
	t.Run("exponential latency", func(t *testing.T) {
		simulate(t, 50, cfg, func(t *testing.T, r *maelstromtest.Result) {
			mu.Lock()
			defer mu.Unlock()
			ok, all = ok+r.OK, all+r.Invoked
		})
	})
	if 100*ok < 97*all {
		t.Errorf("with exponential latency, %d of %d requests were answered ok", ok, all)
	}
}

// ---- Clusters worked by hand ----

// inCluster runs test with a cluster of n nodes.
func inCluster(t *testing.T, cfg maelstromtest.Config, test func(*testing.T, *maelstromtest.Cluster)) {
	synctest.Test(t, func(t *testing.T) {
		c := maelstromtest.Start(t, cfg, program)
		defer c.Close()
		test(t, c)
		for _, problem := range c.Problems() {
			t.Error(problem)
		}
	})
}

// ask sends a request to a node and returns the value of a read, or the error's code: -1 for none, -2 for no answer.
func ask(c *maelstromtest.Cluster, node string, body maelstromtest.Body) (value string, code int, text string) {
	reply, err := c.Client(node).Request(body, 5*time.Second)
	var failure *maelstrom.RPCError
	switch {
	case errors.As(err, &failure):
		return "", failure.Code, failure.Text
	case err != nil:
		return "", -2, err.Error()
	}
	return string(reply["value"]), -1, ""
}

func add(delta any) maelstromtest.Body { return maelstromtest.Body{"type": "add", "delta": delta} }

var read = maelstromtest.Body{"type": "read"}

func TestADeltaThatIsNoneIsRefusedAndTheTotalUnharmed(t *testing.T) {
	inCluster(t, maelstromtest.Config{}, func(t *testing.T, c *maelstromtest.Cluster) {
		for _, node := range []string{"n0", "n1", "n2"} {
			for _, test := range []struct {
				body maelstromtest.Body
				code int
			}{
				{maelstromtest.Body{"type": "add"}, maelstrom.MalformedRequest},
				{add(nil), maelstrom.MalformedRequest},
				{add("text"), maelstrom.MalformedRequest},
				{add("1"), maelstrom.MalformedRequest},
				{add(true), maelstrom.MalformedRequest},
				{add([]int{1}), maelstrom.MalformedRequest},
				{add(1.5), maelstrom.MalformedRequest},
				{add(json.RawMessage("1e3")), maelstrom.MalformedRequest},
				{add(-1), maelstrom.MalformedRequest},
				{add(1 << 53), maelstrom.MalformedRequest},
				{add(json.RawMessage("99999999999999999999")), maelstrom.MalformedRequest},
				{maelstromtest.Body{"type": "subtract", "delta": 1}, maelstrom.NotSupported},
				{add(0), -1},
				{add(7), -1},
			} {
				if _, code, text := ask(c, node, test.body); code != test.code {
					t.Errorf("%s answered %v with %d %s, want %d", node, test.body, code, text, test.code)
				}
			}
		}
		if value, _, _ := ask(c, "n1", read); value != "21" {
			t.Errorf("the total is %s", value)
		}
	})
}

func TestTheTotalGoesTo2To53Minus1AndNoFurther(t *testing.T) {
	inCluster(t, maelstromtest.Config{}, func(t *testing.T, c *maelstromtest.Cluster) {
		if _, code, text := ask(c, "n1", add(ledger.Max-5)); code != -1 {
			t.Fatalf("%d %s", code, text)
		}
		// Of adds that arrive together, those that fit are done.
		var mu sync.Mutex
		var wait sync.WaitGroup
		left := 5
		for i := range 30 {
			wait.Go(func() {
				delta := i%4 + 1
				_, code, text := ask(c, fmt.Sprintf("n%d", i%3), add(delta))
				mu.Lock()
				defer mu.Unlock()
				switch code {
				case -1:
					left -= delta
				case maelstrom.Abort:
				default:
					t.Errorf("%d %s", code, text)
				}
			})
		}
		wait.Wait()
		if left < 0 || left > 3 {
			t.Errorf("%d of 5 left", left)
		}
		if _, code, text := ask(c, "n2", add(left)); code != -1 {
			t.Errorf("adding the rest: %d %s", code, text)
		}
		for _, node := range []string{"n0", "n1", "n2"} {
			if value, _, _ := ask(c, node, read); value != "9007199254740991" {
				t.Errorf("the total is %s", value)
			}
			if _, code, _ := ask(c, node, add(1)); code != maelstrom.Abort {
				t.Errorf("one more is answered with %d", code)
			}
			if _, code, text := ask(c, node, add(0)); code != -1 {
				t.Errorf("none more: %d %s", code, text)
			}
		}
	})
}

func TestWhileTheStoreIsSilentRequestsAreAnsweredTruthfullyAndSoonAfterItServiceResumes(t *testing.T) {
	inCluster(t, maelstromtest.Config{Seed: 1}, func(t *testing.T, c *maelstromtest.Cluster) {
		for _, node := range []string{"n0", "n1", "n2"} {
			if _, code, text := ask(c, node, read); code != -1 {
				t.Fatalf("%d %s", code, text)
			}
		}
		c.CutStore()
		// Each add has a bit of the total of its own, which tells whether it was done.
		var mu sync.Mutex
		var wait sync.WaitGroup
		refused, unknown := int64(0), int64(0)
		for i := range 48 {
			bit := int64(1) << i
			node := fmt.Sprintf("n%d", i%3)
			begin := time.Now()
			wait.Go(func() {
				_, code, text := ask(c, node, add(bit))
				took := time.Since(begin)
				mu.Lock()
				defer mu.Unlock()
				if took != 4*time.Second {
					t.Errorf("add %d was answered after %v", i, took)
				}
				switch {
				case code == maelstrom.TemporarilyUnavailable:
					refused |= bit
				case code == maelstrom.Timeout && (i < 3 || node != "n0"): // n0 has sent one, and then there was no use in more
					unknown |= bit
				default:
					t.Errorf("add %d: %d %s", i, code, text)
				}
			})
			time.Sleep(1250 * time.Millisecond)
		}
		wait.Wait()
		if refused == 0 || unknown == 0 {
			t.Errorf("refused %b, unknown %b", refused, unknown)
		}
		c.MendStore()
		begin := time.Now()
		for _, node := range []string{"n0", "n1", "n2"} {
			value, code, text := ask(c, node, read)
			if code != -1 || time.Since(begin) > time.Second {
				t.Errorf("%s took %v to resume: %d %s", node, time.Since(begin), code, text)
			}
			var total int64
			if err := json.Unmarshal([]byte(value), &total); err != nil || total&^unknown != 0 {
				t.Errorf("%s read %s (%b): refused %b, unknown %b", node, value, total, refused, unknown)
			}
		}
	})
}

func TestAFoldThatIsMalformedOrFromAStrangerIsRefused(t *testing.T) {
	inCluster(t, maelstromtest.Config{}, func(t *testing.T, c *maelstromtest.Cluster) {
		if _, code, _ := ask(c, "n0", maelstromtest.Body{"type": "fold", "boot": 1, "seq": 1, "delta": 5}); code != maelstrom.MalformedRequest {
			t.Errorf("a client's fold: %d", code)
		}
		for _, body := range []string{`"boot":0,"seq":1,"delta":5`, `"boot":1,"seq":0,"delta":5`, `"boot":1,"seq":1,"delta":-5`,
			`"boot":1,"seq":1,"delta":9007199254740992`, `"boot":1,"seq":1,"delta":"5"`, `"boot":1,"delta":5`, `"boot":[],"seq":1,"delta":5`} {
			c.Inject("n0", []byte(`{"src":"n1","dest":"n0","body":{"type":"fold","msg_id":1000,`+body+`}}`))
		}
		c.Inject("n0", []byte(`{"src":"n0","dest":"n0","body":{"type":"fold","msg_id":1000,"boot":1,"seq":1,"delta":5}}`))
		time.Sleep(time.Second)
		if value, _, _ := ask(c, "n0", read); value != "0" {
			t.Errorf("the total is %s", value)
		}
	})
}

// ---- Speed ----

// What is measured here is virtual time, and the same on every machine.
func TestSpeed(t *testing.T) {
	if testing.Short() {
		t.Skip("says nothing new under the race detector")
	}
	const ms = time.Millisecond
	config := func(nodes, workers int, rate float64, limit, latency time.Duration, dist maelstromtest.Distribution, faults string) maelstromtest.Config {
		cfg := exercise(faults)
		cfg.Nodes, cfg.Concurrency, cfg.Rate, cfg.TimeLimit, cfg.Latency, cfg.LatencyDist = nodes, workers, rate, limit, latency, dist
		return cfg
	}
	for _, test := range []struct {
		name     string
		seeds    int
		cfg      maelstromtest.Config
		p50, p99 time.Duration // at most; zero: any
		messages float64       // at most, per request; zero: any
		ok       float64       // at least: the fraction of the requests that are answered ok; 1 with each seed
	}{
		{"exercise's test, 1 ms", 4, config(3, 3, 100, 20*time.Second, ms, "", ""), 4200 * time.Microsecond, 8 * ms, 3.4, 1},
		{"exercise's test, 1 ms, partitions", 10, config(3, 3, 100, 20*time.Second, ms, "", "partition"), 4500 * time.Microsecond, 60 * ms, 5, 1},
		{"100 ms", 20, config(3, 3, 100, 20*time.Second, 100*ms, "", ""), 420 * ms, 620 * ms, 3.0, 1},
		{"100 ms, partitions", 10, config(3, 3, 100, 20*time.Second, 100*ms, "", "partition"), 0, 3 * time.Second, 0, 1},
		{"300 ms", 20, config(3, 3, 100, 20*time.Second, 300*ms, "", ""), 1300 * ms, 2100 * ms, 4, 1},
		{"25 nodes, exponential 20 ms", 4, config(25, 25, 200, 20*time.Second, 20*ms, "exponential", ""), 120 * ms, 300 * ms, 2.5, 1},
		{"25 nodes, exponential 100 ms", 4, config(25, 25, 200, 20*time.Second, 100*ms, "exponential", ""), 700 * ms, 1700 * ms, 2.5, 1},
		{"25 nodes, 100 ms, partitions", 10, config(25, 25, 200, 20*time.Second, 100*ms, "", "partition"), 1300 * ms, 3300 * ms, 4.6, 0.98},
		{"5 nodes, 1000/s", 2, config(5, 50, 1000, 5*time.Second, ms, "", ""), 6 * ms, 12 * ms, 2.5, 1},
		{"3 nodes, 5000/s", 1, config(3, 300, 5000, 5*time.Second, ms, "", ""), 8 * ms, 20 * ms, 0.5, 1},
		{"no links between nodes, 100 ms", 20, isolated(config(3, 3, 100, 20*time.Second, 100*ms, "", "")), 0, 4 * time.Second, 0, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			var mu sync.Mutex
			var p50, p99, longest time.Duration
			var messages, ok, runs float64
			t.Run("seeds", func(t *testing.T) {
				simulate(t, test.seeds, test.cfg, atLeast(math.Floor(test.ok)), func(t *testing.T, r *maelstromtest.Result) {
					mu.Lock()
					defer mu.Unlock()
					all := r.Latency
					p50, p99, longest = p50+all.P50, p99+all.P99, max(longest, all.Max)
					messages, ok, runs = messages+r.MessagesPerRequest, ok+r.Availability, runs+1
				})
			})
			// The means of what was measured with each seed.
			p50, p99, messages, ok = p50/time.Duration(runs), p99/time.Duration(runs), messages/runs, ok/runs
			t.Logf("%.0f seeds: %.2f %% ok, p50 %v, p99 %v, %.2f messages per request; at most %v", runs, 100*ok, p50, p99, messages, longest)
			if ok < test.ok || test.p50 != 0 && p50 > test.p50 || p99 > test.p99 || test.messages != 0 && messages > test.messages {
				t.Errorf("expected are at least %v %% ok, and at most p50 %v, p99 %v, and %v messages", 100*test.ok, test.p50, test.p99, test.messages)
			}
		})
	}
}

func TestTheOthersHardlyNoticeThatTheCombinerIsGone(t *testing.T) {
	if testing.Short() {
		t.Skip("says nothing new under the race detector")
	}
	for _, fault := range []struct {
		name        string
		begin, stop func(c *maelstromtest.Cluster)
	}{
		{"killed", func(c *maelstromtest.Cluster) { c.Kill("n0") }, func(c *maelstromtest.Cluster) { c.Restart("n0") }},
		{"paused", func(c *maelstromtest.Cluster) { c.Pause("n0") }, func(c *maelstromtest.Cluster) { c.Resume("n0") }},
	} {
		var mu sync.Mutex
		var latencies []time.Duration
		t.Run(fault.name, func(t *testing.T) {
			for seed := range cmp.Or(*seeds, 5) {
				t.Run(fmt.Sprintf("seed=%d", seed+1), func(t *testing.T) {
					t.Parallel()
					inCluster(t, maelstromtest.Config{Seed: uint64(seed + 1), Latency: time.Millisecond}, func(t *testing.T, c *maelstromtest.Cluster) {
						begin := time.Now()
						var wait sync.WaitGroup
						for _, node := range []string{"n1", "n2"} {
							random := rand.New(rand.NewPCG(uint64(seed+1), uint64(len(node))))
							wait.Go(func() {
								for time.Since(begin) < 15*time.Second {
									time.Sleep(time.Duration(random.Int64N(int64(50 * time.Millisecond))))
									sent := time.Now()
									_, code, text := ask(c, node, add(1))
									mu.Lock()
									latencies = append(latencies, time.Since(sent))
									mu.Unlock()
									if code != -1 {
										t.Errorf("%s answered after %v: %d %s", node, time.Since(sent), code, text)
									}
								}
							})
						}
						time.Sleep(5 * time.Second)
						fault.begin(c)
						time.Sleep(5 * time.Second)
						fault.stop(c)
						wait.Wait()
					})
				})
			}
		})
		slices.Sort(latencies)
		p99, longest := maelstromtest.Percentile(latencies, 99), maelstromtest.Percentile(latencies, 100)
		t.Logf("%s: p99 %v, at most %v", fault.name, p99, longest)
		if p99 > 100*time.Millisecond {
			t.Errorf("p99 is %v while the combiner is %s", p99, fault.name)
		}
	}
}

// ---- The comparison ----

var compareFlag = flag.Bool("compare", false, "run TestCompare, which prints how the counter and its rivals fare")

// contenders are the rivals and, last, the counter.
func contenders() []compare.Contender {
	return append(compare.Rivals(), compare.Contender{Name: "ours", Title: "this counter", Program: program})
}

func TestTheCounterIsRightUnderEveryConditionOfTheComparison(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long with the race detector, for which there are simpler simulations")
	}
	for _, condition := range compare.Conditions {
		t.Run(condition.Name, func(t *testing.T) { simulate(t, 2, condition.Config) })
	}
}

// TestCompare is what make compare runs.
func TestCompare(t *testing.T) {
	if !*compareFlag {
		t.Skip("only with -compare")
	}
	cells := compare.Run(t, contenders(), compare.Conditions, cmp.Or(*seeds, compare.Seeds), os.Stderr)
	fmt.Print(compare.Markdown(cells))
	for _, cell := range cells {
		if cell.Contender.Name == "ours" && (len(cell.Wrong) > 0 || cell.OutOfOrder > 0) {
			t.Errorf("%s: wrong with the seeds %v, %d reads out of order", cell.Condition.Name, cell.Wrong, cell.OutOfOrder)
		}
	}
}

// BenchmarkCounter measures in virtual time. To compare two commits, on the same ten seeds, run with each of them
//
//	go test -run '^$' -bench 'Counter/contender=ours' -benchtime 1x -count 10 > name.txt
//
// and then benchstat old.txt new.txt; or, to compare contenders, benchstat -col /contender name.txt without contender=ours.
func BenchmarkCounter(b *testing.B) { compare.Benchmark(b, contenders(), compare.Conditions) }

// ---- The binary ----

// build builds the node and returns its path.
func build(t testing.TB) string {
	path := filepath.Join(t.TempDir(), "maelstrom-counter")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

func TestThreeProcessesServeTheExercisesWorkload(t *testing.T) {
	cfg := exercise("partition")
	cfg.TimeLimit, cfg.Recovery, cfg.NemesisInterval, cfg.Seed = 5*time.Second, time.Second, 2*time.Second, 1
	cfg.Stderr = func(string) io.Writer { return os.Stderr }
	r, err := maelstromtest.RunProcesses(t.Context(), cfg, build(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Err(); err != nil {
		t.Error(err)
	}
	allOK(t, r)
	for _, exit := range r.Exits {
		if exit.Code != 0 || exit.Forced {
			t.Errorf("%s: %+v", exit.Node, exit)
		}
	}
}

func TestFlags(t *testing.T) {
	for _, test := range []struct {
		args []string
		code int
		out  string // on stdout
		err  string // on stderr
	}{
		{[]string{"-h"}, 0, "-request-timeout", ""},
		{[]string{"--help"}, 0, "-log-level", ""},
		{[]string{"-request-timeout", "1s", "-key", "k", "-log-level", "error"}, 0, "", ""},
		{[]string{"-request-timeout", "soon"}, 2, "", "request-timeout"},
		{[]string{"-request-timeout", "9"}, 2, "", "try 9s"},
		{[]string{"-request-timeout", "-1s"}, 2, "", "not positive"},
		{[]string{"-key", ""}, 2, "", "-key is empty"},
		{[]string{"-log-level", "loud"}, 2, "", "log-level"},
		{[]string{"-verbose"}, 2, "", "-verbose"},
		{[]string{"extra"}, 2, "", `"extra"`},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), environment{args: test.args, stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr,
			random: rand.New(rand.NewPCG(1, 1))})
		if code != test.code || !strings.Contains(stdout.String(), test.out) || !strings.Contains(stderr.String(), test.err) ||
			strings.Count(stderr.String(), "\n") > 1 || (test.err == "") != (stderr.Len() == 0) {
			t.Errorf("%q: code %d, stdout %q, stderr %q", test.args, code, stdout.String(), stderr.String())
		}
	}
}

// echoVariable, if set, makes this test binary the node of echo.
const echoVariable = "MAELSTROM_COUNTER_TEST_ECHO"

// echo is the least that a node on Maelstrom's library can be that answers an add.
func echo() {
	n := maelstrom.NewNode()
	n.Handle("add", func(msg maelstrom.Message) error {
		return n.Reply(msg, map[string]any{"type": "add_ok"})
	})
	if err := n.Run(); err != nil {
		panic(err)
	}
}

// A driver is the other end of a node's pipes: clients with 64 requests on their way, and a store that answers at once.
type driver struct {
	in    *bufio.Writer
	out   *bufio.Reader
	store *maelstromtest.Store
	sent  int
}

func newDriver(t testing.TB, in io.Writer, out io.Reader) *driver {
	d := &driver{in: bufio.NewWriter(in), out: bufio.NewReaderSize(out, 1<<20), store: maelstromtest.NewStore()}
	d.send(`{"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}`)
	d.run(t, 1000)
	return d
}

// drive starts a process and returns its driver.
func drive(b *testing.B, cmd *exec.Cmd) *driver {
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			b.Errorf("%s: %v", cmd.Path, err)
		}
	})
	return newDriver(b, in, out)
}

func (d *driver) send(format string, args ...any) { fmt.Fprintf(d.in, format+"\n", args...) }

// run makes the clients do n adds, and returns how long that took.
func (d *driver) run(t testing.TB, n int) time.Duration {
	begin := time.Now()
	var line []byte
	add := func() { // costs the driver next to nothing, as it shares the processors with what is measured
		d.sent++
		line = append(line[:0], `{"src":"c1","dest":"n0","body":{"type":"add","delta":1,"msg_id":`...)
		line = append(strconv.AppendInt(line, int64(d.sent), 10), "}}\n"...)
		_, _ = d.in.Write(line) // Flush will say
	}
	for range min(n, 64) {
		add()
	}
	for begun, done := min(n, 64), 0; done < n; {
		if d.out.Buffered() == 0 {
			if err := d.in.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		line, err := d.out.ReadSlice('\n')
		switch {
		case err != nil:
			t.Fatal(err)
		case bytes.Contains(line, []byte(`"add_ok"`)):
			if done++; begun < n {
				begun++
				add()
			}
		case bytes.Contains(line, []byte(`"seq-kv"`)):
			p, err := maelstromtest.ParsePacket(line)
			if err != nil {
				t.Fatal(err)
			}
			d.send(`{"src":"seq-kv","dest":"n0","body":%s}`, d.store.Reply(p))
		case !bytes.Contains(line, []byte(`"init_ok"`)):
			t.Fatalf("%s", line)
		}
	}
	return time.Since(begin)
}

// resident is the memory that a process occupies, in MB, or 0 where the system doesn't say.
func resident(cmd *exec.Cmd) float64 {
	var size, pages int
	statm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", cmd.Process.Pid))
	_, _ = fmt.Sscan(string(statm), &size, &pages)
	return float64(pages*os.Getpagesize()) / 1e6
}

// One operation is 20,000 adds, so -benchtime 50x makes a million. The echo node shows what Maelstrom's library does on the
// machine at hand; the two take turns.
func BenchmarkProcess(b *testing.B) {
	node := exec.Command(build(b))
	counter := drive(b, node)
	least := exec.Command(os.Args[0])
	least.Env = append(os.Environ(), echoVariable+"=1")
	echo := drive(b, least)
	const adds = 20_000
	var counting, echoing time.Duration
	before := 0.0
	for b.Loop() {
		counting += counter.run(b, adds)
		echoing += echo.run(b, adds)
		if before == 0 {
			before = resident(node)
		}
	}
	b.ReportMetric(float64(b.N*adds)/counting.Seconds(), "adds/s")
	b.ReportMetric(float64(b.N*adds)/echoing.Seconds(), "echoes/s")
	b.ReportMetric(echoing.Seconds()/counting.Seconds(), "ratio")
	b.ReportMetric(before, "MB-before")
	b.ReportMetric(resident(node), "MB-after")
}

// ---- A node whose network the test plays ----

// alone is the setting of a conversation with n0, a cluster of one, whose store is serve; if that is nil, the test plays it.
func alone(serve maelstromtest.Responder) maelstromtest.Setting {
	return maelstromtest.Setting{Seed: 1, Services: map[string]maelstromtest.Responder{maelstrom.SeqKV: serve}}
}

// unless is serve as long as silent is not set, and then answers nothing.
func unless(silent *atomic.Bool, serve maelstromtest.Responder) maelstromtest.Responder {
	return func(c *maelstromtest.Conversation, p maelstromtest.Packet) {
		if !silent.Load() {
			serve(c, p)
		}
	}
}

var update = flag.Bool("update", false, "rewrite the transcripts with what the counter does")

func TestTranscripts(t *testing.T) {
	transcript.Run(t, "internal/transcript/counter/*.txtar", *update, program, "boot", "nonce")
}

// ---- Lives ----

// The clocks that a node may find when it starts, ahead of the true one, which here says 2000 and some seconds. Twice the same
// makes lives that begin in the same microsecond, and so do those before 1970 and those after 2112.
var oddClocks = []time.Duration{0, 0, -time.Second, -20 * time.Second, time.Hour, -40 * 365 * 24 * time.Hour, -200 * 365 * 24 * time.Hour,
	120 * 365 * 24 * time.Hour, 250 * 365 * 24 * time.Hour}

func TestNoLifeOfANodeLosesOrDoublesWhatAnotherHasDoneWhateverTheClocksSay(t *testing.T) {
	for seed := range cmp.Or(*seeds, 50) {
		t.Run(fmt.Sprintf("seed=%d", seed+1), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(uint64(seed+1), 0))
			latency := []time.Duration{0, time.Millisecond, 30 * time.Millisecond, 300 * time.Millisecond}[random.IntN(4)]
			cfg := maelstromtest.Config{Seed: uint64(seed + 1), Latency: latency, LatencyDist: "exponential"}
			inCluster(t, cfg, func(t *testing.T, c *maelstromtest.Cluster) {
				var mu sync.Mutex
				var wait sync.WaitGroup
				done, unknown := int64(0), int64(0)
				began := time.Now()
				for i := range 52 { // each add has a bit of the total of its own
					bit, node := int64(1)<<i, fmt.Sprintf("n%d", random.IntN(3))
					if random.IntN(3) > 0 {
						node = "n1" // which dies most
					}
					wait.Go(func() {
						_, code, _ := ask(c, node, add(bit))
						mu.Lock()
						defer mu.Unlock()
						switch code {
						case -1:
							done |= bit
						case maelstrom.Timeout, -2:
							unknown |= bit
						}
					})
					switch random.IntN(6) {
					case 0:
						// At the same instant as another life, if there is no latency: its clock doesn't go on.
						ahead := oddClocks[random.IntN(len(oddClocks))] - time.Since(began)
						c.Kill("n1")
						c.SetClock("n1", ahead)
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
				for _, node := range []string{"n0", "n1", "n2"} {
					value, code, text := ask(c, node, read)
					if code == maelstrom.Timeout { // only now has the node found itself outlived
						value, code, text = ask(c, node, read)
					}
					if code != -1 {
						t.Fatalf("%s answered a read with %d %s", node, code, text)
					}
					total, err := strconv.ParseInt(value, 10, 64)
					if err != nil || total&^unknown != done {
						t.Errorf("seed %d: %s read %b, acknowledged were %b, and unknown are %b", seed+1, node, total, done, unknown)
					}
				}
			})
		})
	}
}

// As a process that was stopped does when it goes on after another has taken its place.
func TestTwoLivesOfANodeAtOnceLoseAndDoubleNothing(t *testing.T) {
	for _, between := range []time.Duration{0, time.Microsecond, time.Second} { // the starts of the two
		synctest.Test(t, func(t *testing.T) {
			store := maelstromtest.NewStore()
			var lives [2]*maelstromtest.Conversation
			for i := range lives {
				setting := alone(store.Serve)
				setting.Seed = uint64(i + 1)
				lives[i] = maelstromtest.Converse(t, setting, program)
				time.Sleep(between)
			}
			done, unknown := int64(0), int64(0)
			for i := range 52 {
				s := lives[(i/3)%2]
				bit := int64(1) << i
				s.Request("c1", `{"type":"add","delta":%d}`, bit)
				switch p := s.Hear("add_ok", "error"); {
				case p.Type == "add_ok":
					done |= bit
				case p.Code == maelstrom.Timeout:
					unknown |= bit
				}
			}
			if done == 0 {
				t.Error("nothing was done")
			}
			for _, s := range lives {
				var value int64
				s.Request("c1", `{"type":"read"}`)
				p := s.Hear("read_ok", "error")
				if p.Type == "error" { // it has found itself outlived just now
					s.Request("c1", `{"type":"read"}`)
					p = s.Hear("read_ok")
				}
				if err := json.Unmarshal([]byte(p.Field("value")), &value); err != nil || value&^unknown != done {
					t.Errorf("%v apart: read %s (%b), acknowledged were %b, and unknown are %b", between, p.Field("value"), value, done, unknown)
				}
			}
		})
	}
}

func TestALifeFromTheFarFutureHarmsNobody(t *testing.T) {
	const century = 100 * 365 * 24 * time.Hour
	everybody := func(t *testing.T, c *maelstromtest.Cluster, want int) {
		t.Helper()
		for _, node := range []string{"n0", "n1", "n2"} {
			if _, code, text := ask(c, node, add(1)); code != -1 {
				t.Errorf("%s answered an add with %d %s", node, code, text)
			}
		}
		if value, code, text := ask(c, "n2", read); value != fmt.Sprint(want) {
			t.Errorf("the total is %s, want %d; %d %s", value, want, code, text)
		}
	}
	t.Run("a clock", func(t *testing.T) {
		inCluster(t, maelstromtest.Config{}, func(t *testing.T, c *maelstromtest.Cluster) {
			for i, ahead := range []time.Duration{2 * century, 0, 2 * century, 2 * century, -century} {
				c.Kill("n1")
				c.SetClock("n1", ahead)
				c.Restart("n1")
				everybody(t, c, 3*(i+1))
			}
		})
	})
	t.Run("a hostile peer", func(t *testing.T) {
		inCluster(t, maelstromtest.Config{}, func(t *testing.T, c *maelstromtest.Cluster) {
			everybody(t, c, 3)
			id := 1000
			for _, boot := range []int64{1 << 52, 1<<52 + 1, 1<<52 + 1<<51, 1<<52 + 1<<51 + 1, ledger.Max} {
				id++
				c.Inject("n0", fmt.Appendf(nil, `{"src":"n1","dest":"n0","body":{"type":"fold","msg_id":%d,"boot":%d,"nonce":5,"seq":1,"delta":0}}`, id, boot))
				time.Sleep(time.Second)
			}
			// For each later life that there seems to have been, one request of the node may meet an error, and none after that.
			errs := 0
			for _, code, text := ask(c, "n1", add(0)); code != -1; _, code, text = ask(c, "n1", add(0)) {
				if errs++; errs > 3 || code != maelstrom.Timeout {
					t.Fatalf("error %d, the %d. in a row: %s", code, errs, text)
				}
			}
			everybody(t, c, 6)
			everybody(t, c, 9)
		})
	})
}

// Only another program can store such a receipt.
func TestALifeThatNoneCanFollowIsReportedAndHarmsNobodyElse(t *testing.T) {
	inCluster(t, maelstromtest.Config{}, func(t *testing.T, c *maelstromtest.Cluster) {
		c.Service("seq-kv").Put("counter", json.RawMessage(`{"total":5,"receipts":{"n1":{"boot":9007199254740991,"nonce":9007199254740991,"seq":1}}}`))
		ask(c, "n1", add(1)) // n0 refuses it, since it is outlived: so it may have taken effect, for all that n1 knows
		for range 3 {
			c.Kill("n0")
			c.Restart("n0")
			if _, code, text := ask(c, "n1", add(1)); code != maelstrom.TemporarilyUnavailable && code != maelstrom.Timeout {
				t.Errorf("n1 answered with %d %s", code, text)
			}
			for _, node := range []string{"n0", "n2"} {
				if value, code, text := ask(c, node, read); value != "5" {
					t.Errorf("%s answered %s with %d %s", node, value, code, text)
				}
			}
		}
	})
}

// ---- A store that answers oddly ----

// Whatever the store answers, a node that gets no further asks it at most 50 times a second, in each way that there is.
func TestAStoreThatAnswersOddlyIsNotStormed(t *testing.T) {
	conflict := `{"type":"error","code":22}`
	type oddity struct {
		name, request, reply string
	}
	oddities := []oddity{{"swaps always fail", "cas", conflict}}
	for _, request := range []string{"read", "write", "cas"} {
		for code := range 41 {
			oddities = append(oddities, oddity{fmt.Sprintf("%s %d", request, code), request, fmt.Sprintf(`{"type":"error","code":%d}`, code)})
		}
	}
	for _, odd := range oddities {
		for _, stored := range []string{"", `{"total":7,"receipts":{"n9":{"boot":1,"seq":1}}}`, `42`} {
			t.Run(odd.name+"/"+stored, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := maelstromtest.NewStore()
					if stored != "" {
						store.Put("counter", stored)
					}
					asked := map[string]int{} // by type and second
					s := maelstromtest.Converse(t, alone(func(c *maelstromtest.Conversation, p maelstromtest.Packet) {
						asked[fmt.Sprintf("%s in second %d", p.Type, time.Now().Unix())]++
						if p.Type == odd.request {
							c.Answer(p, "%s", odd.reply)
						} else {
							store.Serve(c, p)
						}
					}), program)
					for i := range 3 {
						s.Line(addLine("c1", i+1))
						s.Hear("add_ok", "error")
					}
					time.Sleep(10 * time.Second)
					if err := s.Close(); err != nil {
						t.Error(err)
					}
					for when, n := range asked {
						if n > 50 {
							t.Errorf("%d times %s", n, when)
						}
					}
					if odd.reply == conflict && odd.request == "cas" && stored != "42" && !strings.Contains(s.Stderr(), "no progress") {
						t.Errorf("the node did not say that it makes no progress, but %q", s.Stderr())
					}
				})
			})
		}
	}
}

func TestACombinerThatRefusesAFoldIsNotSuspected(t *testing.T) {
	for _, code := range []int{maelstrom.Abort, maelstrom.MalformedRequest} {
		synctest.Test(t, func(t *testing.T) {
			setting := alone(maelstromtest.NewStore().Serve)
			setting.Node, setting.Nodes = "n1", []string{"n0", "n1"}
			s := maelstromtest.Converse(t, setting, program)
			time.Sleep(time.Second)
			for range 3 {
				s.Request("c1", `{"type":"add","delta":1}`)
				s.Answer(s.Hear("fold", "add_ok"), `{"type":"error","code":%d,"text":"no"}`, code)
				s.Hear("add_ok") // the node has done it by itself
			}
		})
	}
}

// ---- What another program has written ----

func TestAStoredValueThatMakesNoSenseIsReportedAndKeptUntilItIsMended(t *testing.T) {
	values := []string{`42`, `null`, `{"total":-1,"receipts":{"n0":{"boot":1,"seq":1}}}`, `"text"`, `[1,2]`, `false`, `{}`, `{"total":1}`,
		`{"total":9007199254740992,"receipts":{"n0":{"boot":1,"seq":1}}}`}
	if testing.Short() {
		values = values[:2]
	}
	for _, bad := range values {
		for _, test := range []struct {
			when    string
			latency time.Duration
		}{{"before the start", 0}, {"in the middle", 0}, {"in the middle", 20 * time.Millisecond}, {"before the first add", 0}} {
			t.Run(fmt.Sprintf("%s/%s/%v", bad, test.when, test.latency), func(t *testing.T) {
				cfg := maelstromtest.Config{Seed: 1, Latency: test.latency, LatencyDist: "exponential"}
				inCluster(t, cfg, func(t *testing.T, c *maelstromtest.Cluster) {
					nodes := []string{"n0", "n1", "n2"}
					sum, unknown := int64(0), int64(0) // of the adds; each has a bit of its own
					bit := int64(1)
					everybody := func(body func() maelstromtest.Body, check func(node, value string, code int, text string)) {
						for _, node := range nodes {
							value, code, text := ask(c, node, body())
							check(node, value, code, text)
						}
					}
					next := func() maelstromtest.Body { bit *= 2; return add(bit) }
					fine := func(node, _ string, code int, text string) {
						if sum += bit; code != -1 {
							t.Errorf("%s answered %d %s", node, code, text)
						}
					}
					good := json.RawMessage(`{"total":0,"receipts":{"n9":{"boot":1,"seq":1}}}`)
					switch test.when {
					case "before the start":
						for _, node := range nodes {
							c.Kill(node)
						}
						c.Service("seq-kv").Put("counter", json.RawMessage(bad))
						for _, node := range nodes {
							c.Restart(node)
						}
					case "in the middle":
						everybody(next, fine)
						good, _ = c.Service("seq-kv").Get("counter")
						c.Service("seq-kv").Put("counter", json.RawMessage(bad))
					default:
						c.Service("seq-kv").Put("counter", json.RawMessage(bad))
					}
					// What a node has sent before it sees the value may, for all it knows, still take effect.
					everybody(next, func(node, _ string, code int, text string) {
						if code == maelstrom.Timeout && test.when != "before the start" {
							unknown |= bit
						} else if code != maelstrom.TemporarilyUnavailable {
							t.Errorf("%s answered %d %s", node, code, text)
						}
						if !strings.Contains(text, `"counter"`) || !strings.Contains(text, fmt.Sprintf("%.80q", bad)) {
							t.Errorf("%s does not name the key and what it holds: %s", node, text)
						}
					})
					for range 20 {
						everybody(func() maelstromtest.Body { return read }, func(node, _ string, code int, text string) {
							if code != maelstrom.TemporarilyUnavailable || !strings.Contains(text, `"counter"`) {
								t.Errorf("%s answered %d %s", node, code, text)
							}
						})
					}
					if got, _ := c.Service("seq-kv").Get("counter"); string(got) != bad {
						t.Errorf("it was overwritten with %s", got)
					}
					c.Service("seq-kv").Put("counter", good)
					time.Sleep(900 * time.Millisecond)
					everybody(next, fine)
					everybody(func() maelstromtest.Body { return read }, func(node, value string, code int, text string) {
						var total int64
						if err := json.Unmarshal([]byte(value), &total); err != nil || total&^unknown != sum {
							t.Errorf("%s read %q, want %b and perhaps some of %b; %d %s", node, value, sum, unknown, code, text)
						}
					})
				})
			})
		}
	}
}

func TestAnswersTwiceOrOfTheWrongTypeOrToNothingDoNoHarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, random := maelstromtest.NewStore(), rand.New(rand.NewPCG(1, 1))
		s := maelstromtest.Converse(t, alone(func(c *maelstromtest.Conversation, p maelstromtest.Packet) {
			dice := random.IntN(5)
			if dice == 3 {
				c.Answer(p, `{"type":"init_ok","value":7}`) // and nothing was done
				return
			}
			reply := store.Reply(p)
			if dice == 0 {
				reply = strings.Replace(reply, "_ok", "_no", 1) // and it was done all the same
			}
			c.Send(p.Dest, "%s", reply)
			switch dice {
			case 1:
				c.Send(p.Dest, "%s", reply)
			case 2:
				c.Send(p.Dest, `{"type":"cas_ok","in_reply_to":%d}`, p.MsgID+1000)
			}
		}), program)
		for range 100 {
			s.Request("c1", `{"type":"add","delta":1}`)
			s.Hear("add_ok")
		}
		s.Request("c1", `{"type":"read"}`)
		if p := s.Hear("read_ok"); p.Field("value") != "100" {
			t.Errorf("read %v", p)
		}
	})
}

// FuzzSession feeds any lines to a node between good requests: those are answered as ever, and the total is the sum of
// what was acknowledged.
func FuzzSession(f *testing.F) {
	for _, noise := range []string{
		"hello\n\n\r\n{}\n[]\nnull\n\x00\xff",
		addLine("c1", 1) + "\n" + addLine("c1", 1) + "\r\n" + addLine("good", 1),
		`{"src":"c1","dest":"n0","body":{"type":"add","delta":9007199254740991,"msg_id":1}}`,
		`{"src":"c1","dest":"n0","body":{"type":"add","Delta":7,"delta":null,"msg_id":1,"MSG_ID":2}}`,
		`{"src":"c1","dest":"n0","body":{"type":"add","delta":-1,"msg_id":1}}` + "\n" + `{"src":"c1","dest":"n1","body":{"type":"add","delta":1,"msg_id":1}}`,
		`{"src":"c1","dest":"n0","body":{"type":"add","delta":5}}` + "\n" + `{"src":"c1","dest":"n0","body":{"type":"add","delta":5,"in_reply_to":1}}`,
		`{"src":"c1","dest":"n0","body":{"type":"add","delta":5,"msg_id":1,"type":null,"x":"` + strings.Repeat("x", 70_000) + `"}}`,
		`{"src":"n0","dest":"n0","body":{"type":"fold","boot":1,"seq":1,"delta":5,"msg_id":1}}` + "\n" + `{"src":"n1","dest":"n0","body":{"type":"fold","boot":1,"seq":1,"delta":5,"msg_id":1}}`,
		`{"src":"seq-kv","dest":"n0","body":{"type":"cas_ok","in_reply_to":1}}` + "\n" + `{"src":"seq-kv","dest":"n0","body":{"type":"error","code":"x","in_reply_to":1}}`,
		`{"src":"c1","dest":"n0","body":{"type":"init","node_id":"n1","node_ids":["n1"],"msg_id":1}}` + "\n" + `{"src":"c1","dest":"n0","body":{"type":"init","node_id":"n0","node_ids":["n0"],"msg_id":1}}`,
		`{"src":"c1","dest":"n0","body":{"type":"read","msg_id":1}}` + "\n" + `{"src":"c1","dest":"n0","body":{"type":"read","msg_id":1e3}}`,
	} {
		f.Add([]byte(noise))
	}
	f.Fuzz(func(t *testing.T, noise []byte) {
		synctest.Test(t, func(t *testing.T) {
			s := maelstromtest.Converse(t, alone(maelstromtest.NewStore().Serve), program)
			total, id := int64(0), 1<<40
			// said gives the node a line and returns what it has said some time later, to whom it may concern.
			said := func(line string) []maelstromtest.Packet {
				s.Line(line)
				time.Sleep(10 * time.Second)
				return s.Heard()
			}
			good := func(typ string, delta int64) (answer maelstromtest.Packet) {
				id++
				line := fmt.Sprintf(`{"src":"good","dest":"n0","body":{"type":%q,"delta":%d,"msg_id":%d}}`, typ, delta, id)
				answers := slices.DeleteFunc(said(line), func(p maelstromtest.Packet) bool { return p.Dest != "good" || p.InReplyTo != id })
				if len(answers) != 1 {
					t.Fatalf("%s was answered %+v", line, answers)
				}
				return answers[0]
			}
			for line := range bytes.Lines(noise) {
				for _, p := range said(strings.TrimSuffix(string(line), "\n")) {
					if p.Type != "add_ok" {
						continue
					}
					var heard struct{ Body struct{ Delta int64 } } // the noise was an add
					if err := json.Unmarshal(line, &heard); err != nil {
						t.Errorf("%q was acknowledged", line)
					}
					total += heard.Body.Delta
				}
				fits := total < ledger.Max
				if p := good("add", 1); fits != (p.Type == "add_ok") || !fits && p.Code != maelstrom.Abort {
					t.Errorf("after %q, with a total of %d, an add was answered %+v", line, total, p)
				}
				if fits {
					total++
				}
				if p := good("read", 0); p.Field("value") != fmt.Sprint(total) {
					t.Errorf("after %q the total is %d, and a read was answered %+v", line, total, p)
				}
			}
			if err := s.Close(); err != nil {
				t.Errorf("%v, stderr %s", err, s.Stderr())
			}
		})
	})
}

// ---- Overload, outages, ends ----

func addLine(client string, id int) string {
	return fmt.Sprintf(`{"src":%q,"dest":"n0","body":{"type":"add","delta":1,"msg_id":%d}}`, client, id)
}

// heap returns the bytes that are in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first has found in a sync.Pool
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestOf65636RequestsThatWait100AreRefusedAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second, and ten with the race detector")
	}
	synctest.Test(t, func(t *testing.T) {
		var silent atomic.Bool
		s := maelstromtest.Converse(t, alone(unless(&silent, maelstromtest.NewStore().Serve)), program)
		s.Line(addLine("c1", 1))
		s.Hear("add_ok")
		silent.Store(true)
		begin := time.Now()
		for i := range 65_636 {
			s.Line(addLine("c2", i+1))
		}
		for i := range 65_636 {
			p := s.Hear("error", "add_ok")
			switch at := time.Since(begin); {
			case i < 100 && (p.Code != maelstrom.TemporarilyUnavailable || at > 0):
				t.Fatalf("after %v: %+v", at, p)
			case i >= 100 && (p.Code != maelstrom.TemporarilyUnavailable && p.Code != maelstrom.Timeout || at != 4*time.Second):
				t.Fatalf("after %v: %+v", at, p)
			}
		}
		silent.Store(false)
		s.Line(addLine("c3", 1))
		begin = time.Now()
		s.Hear("add_ok")
		if took := time.Since(begin); took > time.Second {
			t.Errorf("service after %v", took)
		}
	})
}

func TestRequestsThatWaitKeepNothingOfTheirMessages(t *testing.T) {
	// A 16th of the requests that may wait, and of the 64 MB that they may take.
	const requests, most = 1 << 12, 4e6
	synctest.Test(t, func(t *testing.T) {
		var silent atomic.Bool
		setting := alone(unless(&silent, maelstromtest.NewStore().Serve))
		setting.Ignore = func(line []byte) bool { return bytes.Contains(line, []byte(`"error"`)) }
		s := maelstromtest.Converse(t, setting, program)
		s.Line(addLine("c1", 1))
		s.Hear("add_ok")
		silent.Store(true)
		long := strings.Replace(addLine("c2", 1), `"delta"`, `"padding":"`+strings.Repeat("x", 60_000)+`","delta"`, 1)
		before := heap()
		for range requests {
			s.Line(long)
			synctest.Wait()
		}
		if used := int64(heap()) - int64(before); used > most {
			t.Errorf("%d requests that wait keep %d bytes", requests, used)
		}
	})
}

func TestAMillionRequestsLeaveNothingBehind(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds, and much longer with the race detector")
	}
	synctest.Test(t, func(t *testing.T) {
		var answered atomic.Int64
		setting := alone(maelstromtest.NewStore().Serve)
		setting.Ignore = func(line []byte) bool {
			ok := bytes.Contains(line, []byte(`"add_ok"`))
			if ok {
				answered.Add(1)
			}
			return ok
		}
		s := maelstromtest.Converse(t, setting, program)
		rounds := func(n, size int) (bytes uint64, goroutines int) {
			var lines strings.Builder
			for i := range size {
				fmt.Fprintln(&lines, addLine("c1", i+1))
			}
			for range n {
				s.Input(lines.String())
				synctest.Wait()
			}
			time.Sleep(time.Minute) // until it is idle
			return heap(), runtime.NumGoroutine()
		}
		rounds(5, 10_000) // until its buffers have grown
		// The runtime keeps what a goroutine was made of for the next, so have as many as a round may need.
		var crowd sync.WaitGroup
		release := make(chan struct{})
		for range 2_000 {
			crowd.Go(func() { <-release })
		}
		close(release)
		crowd.Wait()
		before, idle := rounds(10, 1_000)
		after, left := rounds(1_000, 1_000)
		if n := answered.Load(); n != 1_060_000 {
			t.Errorf("%d adds were acknowledged", n)
		}
		if after > before+before/10 || left > idle {
			t.Errorf("heap %d, then %d bytes; %d, then %d goroutines", before, after, idle, left)
		}
	})
}

// Nor does the node hear anything of the other one that there is.
func TestTenHoursWithoutTheStoreLeaveNothingBehind(t *testing.T) {
	hour := 3600
	if testing.Short() {
		hour = 60
	}
	synctest.Test(t, func(t *testing.T) {
		var silent atomic.Bool
		var asked atomic.Int64
		store := maelstromtest.NewStore()
		setting := alone(func(c *maelstromtest.Conversation, p maelstromtest.Packet) {
			switch {
			case !silent.Load():
				store.Serve(c, p)
			case p.Type != "write": // one goes before each read
				asked.Add(1)
			}
		})
		setting.Nodes = []string{"n1", "n0"}
		s := maelstromtest.Converse(t, setting, program)
		s.Line(addLine("c1", 1))
		s.Hear("add_ok")
		silent.Store(true)
		var bytes, goroutines [10]int
		for h := range bytes {
			for range hour {
				s.Line(addLine("c1", 1))
				time.Sleep(time.Second)
			}
			for answers := hour; answers > 4; answers-- { // but for those that still wait
				if p := s.Hear("error", "add_ok"); p.Code != maelstrom.TemporarilyUnavailable && p.Code != maelstrom.Timeout {
					t.Fatalf("heard %+v", p)
				}
			}
			bytes[h], goroutines[h] = int(heap()), runtime.NumGoroutine()
		}
		rate := float64(asked.Load()) / float64(len(bytes)*hour)
		if last := len(bytes) - 1; bytes[last] > bytes[0]+1e5 || goroutines[last] > goroutines[0]+10 || rate > 6 {
			t.Errorf("heap %d, goroutines %d, the store was asked %.1f times a second", bytes, goroutines, rate)
		}

		time.Sleep(time.Minute)
		asked.Store(0)
		time.Sleep(time.Minute)
		if n := asked.Load(); n > 0 {
			t.Errorf("the store was asked %d times for nobody", n)
		}

		s.Line(addLine("c1", 1))
		time.Sleep(3 * time.Second)
		silent.Store(false)
		time.Sleep(900 * time.Millisecond)
		s.Line(addLine("c2", 1))
		time.Sleep(100 * time.Millisecond)
		served := map[string]bool{}
		for _, p := range s.Heard() {
			if p.Type == "add_ok" {
				served[p.Dest] = true
			}
		}
		if !served["c1"] || !served["c2"] {
			t.Errorf("served within a second: %v", served)
		}
	})
}

// ---- Logs ----

// logged runs a cluster and returns what its nodes wrote to stderr.
func logged(t *testing.T, cfg maelstromtest.Config, test func(*maelstromtest.Cluster)) string {
	var log logBuffer
	synctest.Test(t, func(t *testing.T) {
		c := maelstromtest.Start(t, cfg, logging(&log))
		defer c.Close()
		test(c)
	})
	return log.String()
}

func TestTheLogSaysAsMuchAsItIsAskedTo(t *testing.T) {
	work := func(c *maelstromtest.Cluster) {
		for i := range 30 {
			if _, code, text := ask(c, fmt.Sprintf("n%d", i%3), add(1)); code != -1 {
				t.Errorf("%d %s", code, text)
			}
		}
		c.CutStore()
		for i := range 3 {
			if _, code, _ := ask(c, fmt.Sprintf("n%d", i%3), add(1)); code == -1 {
				t.Error("an add without the store")
			}
		}
		c.MendStore()
		time.Sleep(25 * time.Second) // 12 have passed before
	}
	t.Run("info", func(t *testing.T) {
		got := logged(t, maelstromtest.Config{Args: []string{"-log-level", "info"}}, work)
		var lines []string
		for line := range strings.Lines(got) {
			for _, field := range []string{"requests=", "folds=", "cas=", "conflicts=", "resyncs=", "timeouts=", "rtt="} {
				if !strings.Contains(line, "level=INFO") || !strings.Contains(line, " "+field) {
					t.Errorf("no %s in %s", field, line)
				}
			}
			lines = append(lines, line)
		}
		if len(lines) != 9 {
			t.Errorf("three nodes logged in 37 s:\n%s", got)
		}
		// n0 has 11 requests of its own, and the others' folds.
		if last := fmt.Sprint(lines[len(lines)-3:]); !strings.Contains(last, "folds=11 ") || !strings.Contains(last, "delegated=11 ") || strings.Contains(last, " timeouts=0 ") {
			t.Errorf("at last:\n%s", last)
		}
	})
	t.Run("debug", func(t *testing.T) {
		var journal bytes.Buffer
		got := logged(t, maelstromtest.Config{Args: []string{"-log-level", "debug"}, Journal: &journal}, work)
		sent, received := 0, 0
		for line := range strings.Lines(journal.String()) {
			var m struct{ What, Src, Dest string }
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatal(err)
			}
			if m.What == "send" && strings.HasPrefix(m.Src, "n") {
				sent++
			}
			if m.What == "recv" && strings.HasPrefix(m.Dest, "n") {
				received++
			}
		}
		if s, r := strings.Count(got, `"msg":"sent","message":{"`), strings.Count(got, `"msg":"received","message":{"`); s != sent || r != received || s < 60 {
			t.Errorf("%d of %d messages sent and %d of %d received are in the log", s, sent, r, received)
		}
	})
}

// ---- How the binary ends ----

func TestTheBinaryEndsInOrder(t *testing.T) {
	path := build(t)
	for _, test := range []struct {
		how  string
		end  func(t *testing.T, node *os.Process, stdin, stdout *os.File)
		code int
		err  string // on stderr
	}{
		{"end of input", func(_ *testing.T, _ *os.Process, stdin, _ *os.File) { stdin.Close() }, 0, ""},
		{"SIGINT", func(t *testing.T, node *os.Process, _, _ *os.File) { notify(t, node, syscall.SIGINT) }, 0, ""},
		{"SIGTERM", func(t *testing.T, node *os.Process, _, _ *os.File) { notify(t, node, syscall.SIGTERM) }, 0, ""},
		{"stdout closed", func(_ *testing.T, _ *os.Process, stdin, stdout *os.File) {
			stdout.Close()
			_, _ = stdin.WriteString(strings.Repeat(addLine("c3", 3)+"\n", 1000))
		}, 1, "broken pipe"},
		{"stdout not read", func(t *testing.T, node *os.Process, stdin, _ *os.File) {
			// As this is a type without a handler, each line is answered at once.
			lines := strings.Repeat(strings.Replace(addLine("c3", 3), "add", "gong", 1)+"\n", 1000)
			written := 0
			for {
				if err := stdin.SetWriteDeadline(time.Now().Add(2 * time.Second)); err != nil {
					t.Fatal(err)
				}
				n, err := stdin.WriteString(lines)
				if written += n; err != nil || written > 1<<28 {
					break
				}
			}
			if written > 8<<20 {
				t.Errorf("%d bytes were taken in", written)
			}
			notify(t, node, syscall.SIGTERM)
		}, 1, "nobody reads them"},
	} {
		t.Run(test.how, func(t *testing.T) {
			t.Parallel()
			in, stdin, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, out, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			var stderr bytes.Buffer
			cmd := exec.Command(path)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			in.Close()
			out.Close()
			fmt.Fprintln(stdin, `{"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}`)
			lines := bufio.NewScanner(stdout)
			expect := func(part string) {
				for lines.Scan() {
					if strings.Contains(lines.Text(), part) {
						return
					}
				}
				t.Errorf("no %s: %v", part, lines.Err())
			}
			var read struct {
				Body struct {
					Type  string
					MsgID int `json:"msg_id"`
				}
			}
			for read.Body.Type != "read" && lines.Scan() {
				if err := json.Unmarshal(lines.Bytes(), &read); err != nil {
					t.Error(err)
				}
			}
			fmt.Fprintf(stdin, `{"src":"seq-kv","dest":"n0","body":{"type":"error","code":20,"in_reply_to":%d}}`+"\n", read.Body.MsgID)
			fmt.Fprintln(stdin, addLine("c1", 7))
			expect(`"cas"`)
			hung := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Signal(syscall.SIGQUIT) }) // which dumps goroutines
			defer hung.Stop()
			test.end(t, cmd.Process, stdin, stdout)
			if test.code == 0 {
				expect(`"dest":"c1","body":{"in_reply_to":7,"type":"error","code":0,`)
			}
			_ = cmd.Wait() // its code is asked for below
			if code := cmd.ProcessState.ExitCode(); code != test.code || !strings.Contains(stderr.String(), test.err) ||
				(test.err == "") != (stderr.Len() == 0) || strings.Count(stderr.String(), "\n") > 1 {
				t.Errorf("exit code %d, stderr %q", code, stderr.String())
			}
			stdin.Close()
			stdout.Close()
		})
	}
}

func notify(t *testing.T, process *os.Process, s os.Signal) {
	if err := process.Signal(s); err != nil {
		t.Error(err)
	}
}

// ---- Negative controls ----

func TestTheChecksCatchACounterThatIsWrong(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the counter anew, several times")
	}
	for _, control := range []struct {
		name  string
		edits [][3]string // file, what stands there, what stands there instead
	}{
		{"receipts ignored", [][3]string{
			{"internal/ledger/ledger.go", "case order == 0 && f.Seq <= r.Seq:", "case false:"},
			{"internal/desk/desk.go", "// Settled counts", `func (d *Desk) Won(total int64) {
	for _, b := range d.queue {
		d.done(b, total)
	}
	d.sweep()
}

// Settled counts`},
			{"counter.go", "			c.desk.Settle(next)\n", "			c.desk.Won(next.Total)\n"},
		}},
		{"reads answered from a plain read", [][3]string{
			{"counter.go", "	c.lock()\n	defer c.unlock()\n	c.stats.requests++", `	if r.Kind == desk.Read {
		go func() {
			var reply struct{ Value ledger.Value }
			_ = c.node.Call(c.node.Context(), maelstrom.SeqKV, map[string]any{"type": "read", "key": c.Key}, "read_ok", &reply)
			c.node.Reply(msg.Src, r.MsgID, map[string]any{"type": "read_ok", "value": reply.Value.Total})
		}()
		return
	}
	c.lock()
	defer c.unlock()
	c.stats.requests++`},
		}},
		{"a plain write in place of the compare-and-swap", [][3]string{
			{"counter.go", "version, err = c.store.Swap(ctx, c.known, next, contended)",
				`version = &register.Version{Value: next}
			err = c.node.Call(ctx, maelstrom.SeqKV, map[string]any{"type": "write", "key": c.Key, "value": next}, "write_ok", nil)
			_ = contended`},
		}},
	} {
		t.Run(control.name, func(t *testing.T) {
			overlay := map[string]map[string]string{"Replace": {}}
			for i, edit := range control.edits {
				original, err := filepath.Abs(edit[0])
				if err != nil {
					t.Fatal(err)
				}
				source, err := os.ReadFile(cmp.Or(overlay["Replace"][original], original))
				if err != nil {
					t.Fatal(err)
				}
				if strings.Count(string(source), edit[1]) != 1 {
					t.Fatalf("%s does not hold once: %s", edit[0], edit[1])
				}
				path := filepath.Join(t.TempDir(), fmt.Sprintf("%d.go", i))
				if err := os.WriteFile(path, []byte(strings.Replace(string(source), edit[1], edit[2], 1)), 0o666); err != nil {
					t.Fatal(err)
				}
				overlay["Replace"][original] = path
			}
			list, err := json.Marshal(overlay)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "overlay.json")
			if err := os.WriteFile(path, list, 0o666); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"TestTheExercisesWorkloadIsRightThroughPartitions", "TestNothingIsLostOrDoubledOrOutOfOrderOnABadLinkToTheStore/loss"} {
				out, err := exec.Command("go", "test", "-vet=off", "-overlay", path, "-seeds", "5", "-run", "^"+name, ".").CombinedOutput()
				if err != nil && strings.Contains(string(out), "--- FAIL: "+name) && strings.Contains(string(out), "replay with") {
					t.Logf("caught by %s", name)
					return
				}
				if err != nil && !strings.Contains(string(out), "--- FAIL") {
					t.Fatalf("%v\n%s", err, out)
				}
			}
			t.Error("not caught")
		})
	}
}
