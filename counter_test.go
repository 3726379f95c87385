package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
	"go.uber.org/goleak"

	"maelstrom-counter/internal/compare"
	"maelstrom-counter/internal/control"
	"maelstrom-counter/internal/desk"
	"maelstrom-counter/internal/ledger"
	"maelstrom-counter/internal/maelstromtest"
	"maelstrom-counter/internal/speed"
	"maelstrom-counter/internal/transcript"
	"maelstrom-counter/internal/trial"
)

var seeds = flag.Int("seeds", 0, "run this many seeds of each simulation instead of its own number")

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
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
		watch:  checkDesk(),
	})
	if code != 0 {
		return fmt.Errorf("exit code %d", code)
	}
	return nil
}

// checkDesk returns a function that checks the desk's invariants after each step of it. A check looks at all requests in hand, so where
// there are more than a thousand it is made only after each thousandth step.
func checkDesk() func(d *desk.Desk, step string) {
	steps := 0
	return func(d *desk.Desk, step string) {
		if steps++; d.InHand() > 1000 && steps%1000 != 0 {
			return
		}
		if err := d.Check(); err != nil {
			panic(fmt.Sprintf("after %s: %v", step, err))
		}
	}
}

// ---- Simulations ----

// simulate runs cfg with n seeds, a tenth of them with -short.
func simulate(t *testing.T, n int, cfg maelstromtest.Config, checks ...trial.Check) []*maelstromtest.Result {
	t.Helper()
	if testing.Short() {
		n = (n + 9) / 10
	}
	results := trial.Run(t, program, cmp.Or(*seeds, n), cfg, checks...)
	trial.Struck(t, results)
	return results
}

func TestTheExercisesWorkloadIsRightThroughPartitions(t *testing.T) {
	simulate(t, 200, trial.Brief("partition"), trial.AllOK)
}

func TestNothingIsLostOrDoubledOrOutOfOrderOnABadLinkToTheStore(t *testing.T) {
	for _, fault := range []string{"loss", "duplicate", "late", "overtake", "store-cut"} {
		t.Run(fault, func(t *testing.T) {
			checks := []trial.Check{trial.InTime(0)}
			if fault == "loss" {
				checks = append(checks, trial.AtLeast(0.99), trial.P99Below(1200*time.Millisecond))
			}
			simulate(t, 100, trial.Busy(trial.Brief(fault)), checks...)
		})
	}
	t.Run("loss without latency", func(t *testing.T) {
		simulate(t, 100, trial.Brief("loss"), trial.InTime(0), trial.AtLeast(0.99), trial.P99Below(250*time.Millisecond))
	})
	t.Run("exponential latency", func(t *testing.T) {
		cfg := trial.Busy(trial.Brief(""))
		cfg.LatencyDist = maelstromtest.Exponential
		simulate(t, 100, cfg, trial.InTime(200*time.Millisecond))
	})
}

func TestNothingIsLostOrDoubledOrOutOfOrderWhenNodesDie(t *testing.T) {
	for _, fault := range []string{"kill", "clock", "pause"} {
		t.Run(fault, func(t *testing.T) { simulate(t, 100, trial.Busy(trial.Brief(fault))) })
	}
}

func TestNothingIsLostOrDoubledOrOutOfOrderOnBadLinksBetweenNodes(t *testing.T) {
	for _, fault := range []string{"node-loss", "node-duplicate", "node-late", "node-overtake"} {
		t.Run(fault, func(t *testing.T) { simulate(t, 30, trial.Busy(trial.Brief(fault)), trial.InTime(0)) })
	}
}

func TestNothingIsLostOrDoubledOrOutOfOrderUnderAllFaultsTogether(t *testing.T) {
	cfg := trial.Busy(trial.Exercise(""))
	cfg.Nemesis = maelstromtest.AllFaults()
	simulate(t, 100, cfg)
}

// So a failure can be replayed. The journal has every message.
func TestTheSameSeedGivesTheSameHistory(t *testing.T) {
	fast := trial.Brief("")
	fast.Nemesis, fast.Latency = maelstromtest.AllFaults(), time.Millisecond
	slow := trial.Brief("partition,kill,node-loss") // so that much happens at deadlines, and at the same time
	slow.Nodes, slow.Concurrency, slow.Latency, slow.LatencyDist = 12, 24, 400*time.Millisecond, maelstromtest.Uniform
	for _, cfg := range []maelstromtest.Config{fast, slow} {
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
	cfg := trial.Isolated(trial.Exercise(""))
	cfg.Rate, cfg.Latency, cfg.TimeLimit = 1000, 100*time.Millisecond, 30*time.Second
	t.Run("constant latency", func(t *testing.T) {
		simulate(t, 50, cfg, trial.AllOK, trial.InTime(100*time.Millisecond), trial.Fair(0.5))
	})
	t.Run("exponential latency", func(t *testing.T) {
		cfg.LatencyDist = maelstromtest.Exponential
		ok, all := 0, 0
		for _, r := range simulate(t, 50, cfg) {
			ok, all = ok+r.OK, all+r.Invoked
		}
		if 100*ok < 97*all {
			t.Errorf("%d of %d requests were answered ok", ok, all)
		}
	})
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

func TestSpeed(t *testing.T) {
	if testing.Short() {
		t.Skip("says nothing new under the race detector")
	}
	for _, row := range speed.Rows {
		t.Run(row.Name, func(t *testing.T) { row.Check(t, program, *seeds) })
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
		t.Run(condition.Name, func(t *testing.T) { trial.Run(t, program, cmp.Or(*seeds, 2), condition.Config) })
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
	var log trial.Log
	synctest.Test(t, func(t *testing.T) {
		c := maelstromtest.Start(t, cfg, trial.Logging(program, &log))
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

// ---- Negative controls ----

func TestTheChecksCatchACounterThatIsWrong(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the counter anew, several times")
	}
	for _, mistake := range control.Mistakes {
		t.Run(mistake.Name, func(t *testing.T) {
			control.Catch(t, mistake, "TestTheExercisesWorkloadIsRightThroughPartitions",
				"TestNothingIsLostOrDoubledOrOutOfOrderOnABadLinkToTheStore/loss")
		})
	}
}
