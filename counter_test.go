package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/compare"
	"maelstrom-counter/internal/ledger"
	"maelstrom-counter/internal/maelstromtest"
)

var seeds = flag.Int("seeds", 0, "run this many seeds of each simulation instead of its own number")

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	if os.Getenv(echoVariable) != "" {
		echo()
		return
	}
	os.Exit(m.Run())
}

// program is the node as the bench runs it.
func program(env maelstromtest.Env) error {
	code := run(context.Background(), environment{
		args:   env.Args,
		stdin:  env.Stdin,
		stdout: env.Stdout,
		stderr: env.Stderr,
		boot:   env.Now(),
		random: rand.New(rand.NewPCG(env.Seed, 0)),
	})
	if code != 0 {
		return fmt.Errorf("exit code %d", code)
	}
	return nil
}

// ---- Simulations ----

// card is the workload that the counter is made for: g-counter, 3 nodes, 100 requests a second, 20 s.
func card(faults string) maelstromtest.Config {
	nemesis, err := maelstromtest.ParseNemesis(faults)
	if err != nil {
		panic(err)
	}
	return maelstromtest.Config{Nodes: 3, Rate: 100, TimeLimit: 20 * time.Second, Nemesis: nemesis}
}

// brief is the card's workload in less time, with faults that come and go as often.
func brief(faults string, limit time.Duration) maelstromtest.Config {
	cfg := card(faults)
	cfg.TimeLimit, cfg.NemesisInterval = limit, limit/2
	return cfg
}

// isolated is cfg with every link between nodes cut, so that each folds for itself.
func isolated(cfg maelstromtest.Config) maelstromtest.Config {
	cfg.Nemesis = []maelstromtest.Fault{{Kind: maelstromtest.Loss, Links: maelstromtest.NodeLinks, P: 1}}
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
			r := maelstromtest.Simulate(t, cfg, program)
			if err := r.Err(); err != nil {
				t.Error(err)
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

func TestTheCardsWorkloadIsRightThroughPartitions(t *testing.T) {
	simulate(t, 200, brief("partition", 10*time.Second), allOK)
}

func TestNothingIsLostOrDoubledOrOutOfOrderOnABadLinkToTheStore(t *testing.T) {
	for _, fault := range []string{"loss", "duplicate", "late", "overtake", "store-cut"} {
		t.Run(fault, func(t *testing.T) {
			checks := []func(*testing.T, *maelstromtest.Result){inTime(0)}
			if fault == "loss" {
				checks = append(checks, atLeast(0.99), func(t *testing.T, r *maelstromtest.Result) {
					if p99 := r.Latency[""].P99; p99 >= 250*time.Millisecond {
						t.Errorf("99th percentile %v", p99)
					}
				})
			}
			simulate(t, 100, brief(fault, 5*time.Second), checks...)
		})
	}
	t.Run("exponential latency", func(t *testing.T) {
		cfg := brief("", 5*time.Second)
		cfg.Latency, cfg.LatencyDist = 20*time.Millisecond, "exponential"
		simulate(t, 100, cfg, inTime(200*time.Millisecond))
	})
}

func TestNothingIsLostOrDoubledOrOutOfOrderWhenNodesDie(t *testing.T) {
	for _, fault := range []string{"kill", "clock", "pause"} {
		t.Run(fault, func(t *testing.T) { simulate(t, 100, brief(fault, 5*time.Second)) })
	}
}

func TestNothingIsLostOrDoubledOrOutOfOrderOnBadLinksBetweenNodes(t *testing.T) {
	for _, fault := range []string{"node-loss", "node-duplicate", "node-late", "node-overtake"} {
		t.Run(fault, func(t *testing.T) { simulate(t, 30, brief(fault, 5*time.Second), inTime(0)) })
	}
}

func TestNothingIsLostOrDoubledOrOutOfOrderUnderAllFaultsTogether(t *testing.T) {
	var all []string
	for _, fault := range maelstromtest.AllFaults() {
		all = append(all, fault.String())
	}
	cfg := card(strings.Join(all, ","))
	cfg.Latency, cfg.Concurrency = time.Millisecond, 9
	simulate(t, 100, cfg)
}

func TestNoNodeStarvesWhereEachFoldsForItself(t *testing.T) {
	cfg := isolated(card(""))
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
	config := func(nodes, workers int, rate float64, limit, latency time.Duration, dist, faults string) maelstromtest.Config {
		cfg := card(faults)
		cfg.Nodes, cfg.Concurrency, cfg.Rate, cfg.TimeLimit, cfg.Latency, cfg.LatencyDist = nodes, workers, rate, limit, latency, dist
		return cfg
	}
	for _, test := range []struct {
		name     string
		seeds    int
		cfg      maelstromtest.Config
		p50, p99 time.Duration // at most; zero: any
		messages float64       // at most, per request; zero: any
	}{
		{"card's test, 1 ms", 4, config(3, 3, 100, 20*time.Second, ms, "", ""), 4200 * time.Microsecond, 8 * ms, 3.4},
		{"card's test, 1 ms, partitions", 20, config(3, 3, 100, 20*time.Second, ms, "", "partition"), 4500 * time.Microsecond, 60 * ms, 5},
		{"100 ms", 20, config(3, 3, 100, 20*time.Second, 100*ms, "", ""), 420 * ms, 620 * ms, 3.0},
		{"100 ms, partitions", 20, config(3, 3, 100, 20*time.Second, 100*ms, "", "partition"), 0, 3 * time.Second, 0},
		{"25 nodes, exponential 20 ms", 4, config(25, 25, 200, 20*time.Second, 20*ms, "exponential", ""), 120 * ms, 300 * ms, 2.5},
		{"5 nodes, 1000/s", 2, config(5, 50, 1000, 5*time.Second, ms, "", ""), 6 * ms, 12 * ms, 2.5},
		{"3 nodes, 5000/s", 1, config(3, 300, 5000, 5*time.Second, ms, "", ""), 8 * ms, 20 * ms, 0.5},
		{"no links between nodes, 100 ms", 20, isolated(config(3, 3, 100, 20*time.Second, 100*ms, "", "")), 0, 4 * time.Second, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var mu sync.Mutex
			var p50, p99, longest time.Duration
			var messages, runs float64
			t.Run("seeds", func(t *testing.T) {
				simulate(t, test.seeds, test.cfg, allOK, func(t *testing.T, r *maelstromtest.Result) {
					mu.Lock()
					defer mu.Unlock()
					all := r.Latency[""]
					p50, p99, longest = p50+all.P50, p99+all.P99, max(longest, all.Max)
					messages, runs = messages+r.MessagesPerRequest, runs+1
				})
			})
			// The means of what was measured with each seed.
			p50, p99, messages = p50/time.Duration(runs), p99/time.Duration(runs), messages/runs
			t.Logf("%.0f seeds: p50 %v, p99 %v, %.2f messages per request; at most %v", runs, p50, p99, messages, longest)
			if test.p50 != 0 && p50 > test.p50 || p99 > test.p99 || test.messages != 0 && messages > test.messages {
				t.Errorf("expected are at most p50 %v, p99 %v, and %v messages", test.p50, test.p99, test.messages)
			}
		})
	}
}

func TestTheOthersHardlyNoticeThatTheCombinerIsGone(t *testing.T) {
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
		p99, longest := latencies[len(latencies)*99/100], latencies[len(latencies)-1]
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

func TestThreeProcessesServeTheCardsWorkload(t *testing.T) {
	cfg := card("partition")
	cfg.TimeLimit, cfg.Recovery, cfg.NemesisInterval, cfg.Seed = 5*time.Second, time.Second, 2*time.Second, 1
	r, err := maelstromtest.RunProcesses(t.Context(), cfg, build(t), func(string) io.Writer { return os.Stderr })
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

// A driver is the other end of a process's pipes: clients with 64 requests on their way, and a store that answers at once.
type driver struct {
	cmd   *exec.Cmd
	in    *bufio.Writer
	out   *bufio.Reader
	value json.RawMessage // what the store holds
	sent  int
}

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
	d := &driver{cmd: cmd, in: bufio.NewWriter(in), out: bufio.NewReaderSize(out, 1<<20)}
	b.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			b.Errorf("%s: %v", cmd.Path, err)
		}
	})
	d.send(`{"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}`)
	d.run(b, 1000)
	return d
}

func (d *driver) send(format string, args ...any) { fmt.Fprintf(d.in, format+"\n", args...) }

// run makes the clients do n adds, and returns how long that took.
func (d *driver) run(b *testing.B, n int) time.Duration {
	begin := time.Now()
	add := func() {
		d.sent++
		d.send(`{"src":"c1","dest":"n0","body":{"type":"add","msg_id":%d,"delta":1}}`, d.sent)
	}
	for range min(n, 64) {
		add()
	}
	for begun, done := min(n, 64), 0; done < n; {
		if d.out.Buffered() == 0 {
			if err := d.in.Flush(); err != nil {
				b.Fatal(err)
			}
		}
		line, err := d.out.ReadSlice('\n')
		switch {
		case err != nil:
			b.Fatalf("%s: %v", d.cmd.Path, err)
		case bytes.Contains(line, []byte(`"add_ok"`)):
			if done++; begun < n {
				begun++
				add()
			}
		case bytes.Contains(line, []byte(`"seq-kv"`)):
			d.store(b, line)
		case !bytes.Contains(line, []byte(`"init_ok"`)):
			b.Fatalf("%s: %s", d.cmd.Path, line)
		}
	}
	return time.Since(begin)
}

// store answers a request to the store. Nobody else has any.
func (d *driver) store(b *testing.B, line []byte) {
	var msg struct {
		Body struct {
			Type string
			ID   int `json:"msg_id"`
			To   json.RawMessage
		}
	}
	if err := json.Unmarshal(line, &msg); err != nil {
		b.Fatal(err)
	}
	reply := fmt.Sprintf(`"type":"%s_ok"`, msg.Body.Type)
	switch {
	case msg.Body.Type == "cas":
		d.value = msg.Body.To
	case msg.Body.Type == "read" && d.value == nil:
		reply = `"type":"error","code":20`
	case msg.Body.Type == "read":
		reply += `,"value":` + string(d.value)
	}
	d.send(`{"src":"seq-kv","dest":"n0","body":{"in_reply_to":%d,%s}}`, msg.Body.ID, reply)
}

// resident is the memory that the process occupies, in MB, or 0 where the system doesn't say.
func (d *driver) resident() float64 {
	var size, pages int
	statm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", d.cmd.Process.Pid))
	_, _ = fmt.Sscan(string(statm), &size, &pages)
	return float64(pages*os.Getpagesize()) / 1e6
}

// One operation is 20,000 adds, so -benchtime 50x makes a million. The echo node shows what Maelstrom's library does on the
// machine at hand; the two take turns.
func BenchmarkProcess(b *testing.B) {
	counter := drive(b, exec.Command(build(b)))
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), echoVariable+"=1")
	echo := drive(b, cmd)
	const adds = 20_000
	var counting, echoing time.Duration
	before := 0.0
	for b.Loop() {
		counting += counter.run(b, adds)
		echoing += echo.run(b, adds)
		if before == 0 {
			before = counter.resident()
		}
	}
	b.ReportMetric(float64(b.N*adds)/counting.Seconds(), "adds/s")
	b.ReportMetric(float64(b.N*adds)/echoing.Seconds(), "echoes/s")
	b.ReportMetric(echoing.Seconds()/counting.Seconds(), "ratio")
	b.ReportMetric(before, "MB-before")
	b.ReportMetric(counter.resident(), "MB-after")
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
			{"internal/ledger/ledger.go", "case f.Boot == r.Boot && f.Seq <= r.Seq:", "case false:"},
			{"counter.go", "	c.settle()\n	now := time.Now()",
				"	for _, w := range c.queue {\n		if w.sent {\n			c.finishWith(w, outcome{total: value.Total})\n		}\n	}\n	c.settle()\n	now := time.Now()"},
		}},
		{"reads answered from a plain read", [][3]string{
			{"counter.go", "	c.submit(msg, body.MsgID, err, &request{}, nil, func(total int64) any {",
				`	go func() {
		var reply struct{ Value ledger.Value }
		_ = c.node.Call(c.node.Context(), maelstrom.SeqKV, map[string]any{"type": "read", "key": c.Key}, "read_ok", &reply)
		c.node.Reply(msg.Src, body.MsgID, map[string]any{"type": "read_ok", "value": reply.Value.Total})
	}()
	return
	c.submit(msg, body.MsgID, err, &request{}, nil, func(total int64) any {`},
		}},
		{"a plain write in place of the compare-and-swap", [][3]string{
			{"counter.go", "err = c.store.CompareAndSwap(ctx, c.Key, c.raw, to, c.raw == nil)",
				`err = c.node.Call(ctx, maelstrom.SeqKV, map[string]any{"type": "write", "key": c.Key, "value": json.RawMessage(to)}, "write_ok", nil)`},
		}},
	} {
		t.Run(control.name, func(t *testing.T) {
			overlay := map[string]map[string]string{"Replace": {}}
			for i, edit := range control.edits {
				source, err := os.ReadFile(edit[0])
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
				original, err := filepath.Abs(edit[0])
				if err != nil {
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
			for _, name := range []string{"TestTheCardsWorkloadIsRightThroughPartitions", "TestNothingIsLostOrDoubledOrOutOfOrderOnABadLinkToTheStore/loss"} {
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
