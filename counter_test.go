package main

import (
	"bytes"
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
	"go.uber.org/goleak"

	"maelstrom-counter/internal/bench/compare"
	"maelstrom-counter/internal/bench/explain"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/rivals"
	"maelstrom-counter/internal/countertest/transcript"
	"maelstrom-counter/internal/countertest/trial"
	"maelstrom-counter/internal/desk"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	all := flag.Usage
	flag.Usage = func() {
		if *compareFlag {
			fmt.Fprintf(flag.CommandLine.Output(), compareUsage, compare.Seeds)
		} else {
			all()
		}
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
		watch:  checkDesk(),
	})
	if code != 0 {
		return fmt.Errorf("exit code %d", code)
	}
	return nil
}

// checkDesk returns a function that checks the desk's invariants after each
// step. A check looks at all requests in hand. So if there are more than a
// thousand, the function checks only after every thousandth step.
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

// simulate runs cfg with n seeds. Most faults must find messages on their way.
func simulate(t *testing.T, n int, cfg maelstromtest.Config, checks ...trial.Check) []*maelstromtest.Result {
	t.Helper()
	results := trial.Run(t, program, n, cfg, checks...)
	for _, failure := range trial.Missed(results) {
		t.Error(failure)
	}
	return results
}

func TestNothingIsLostOrDoubledOrOutOfOrder(t *testing.T) {
	for _, row := range trial.Safety {
		t.Run(row.Name, func(t *testing.T) { simulate(t, row.Seeds, row.Config, row.Checks...) })
	}
}

// The smallest counters that are always right have to be right wherever this
// one is.
func TestNothingIsLostOrDoubledOrOutOfOrderByTheSmallestCounters(t *testing.T) {
	trial.Long(t, "takes long with the race detector, and they have little that can race")
	for _, rival := range rivals.All {
		if !rival.Right {
			continue
		}
		t.Run(rival.Name, func(t *testing.T) {
			for _, row := range trial.Safety {
				t.Run(row.Name, func(t *testing.T) { trial.Run(t, rival.Program, row.Seeds/5, row.Config) })
			}
			// A round trip may take longer than these wait for it.
			t.Run("clocks", func(t *testing.T) { trial.Clocks(t, rival.Program, 10) })
			t.Run("greatest total", func(t *testing.T) { trial.GreatestTotal(t, rival.Program) })
		})
	}
}

// That makes it possible to replay a failure. The journal has every message.
func TestTheSameSeedGivesTheSameHistory(t *testing.T) {
	fast := trial.Brief("")
	fast.Nemesis, fast.Latency = maelstromtest.AllFaults(), time.Millisecond
	// With these faults much happens at deadlines, and at the same time.
	slow := trial.Brief("partition,kill,node-loss")
	slow.Nodes, slow.Concurrency, slow.Latency, slow.LatencyDist = 12, 24, 400*time.Millisecond, maelstromtest.Uniform
	record := func(cfg maelstromtest.Config) []byte {
		var journal bytes.Buffer
		cfg.Journal = &journal
		r := maelstromtest.Simulate(t, cfg, program)
		if err := r.WriteHistory(&journal); err != nil {
			t.Fatal(err)
		}
		return journal.Bytes()
	}
	for _, cfg := range []maelstromtest.Config{fast, slow} {
		for cfg.Seed = 1; cfg.Seed <= 3; cfg.Seed++ {
			if first, second := record(cfg), record(cfg); !bytes.Equal(first, second) {
				t.Errorf("two runs with %v and seed %d differ, of %d and %d bytes", cfg.Latency, cfg.Seed, len(first), len(second))
			}
		}
	}
}

func TestNoNodeStarvesWhereEachSwapsForItself(t *testing.T) {
	cfg := trial.Isolated(trial.Exercise(""))
	cfg.Rate, cfg.Latency, cfg.TimeLimit = 1000, 100*time.Millisecond, 30*time.Second
	t.Run("constant latency", func(t *testing.T) {
		simulate(t, 50, cfg, trial.AllOK, trial.InTime(100*time.Millisecond), trial.Within(trial.Figures{trial.Even: 50}))
	})
	t.Run("a crowd", func(t *testing.T) {
		cfg := cfg
		cfg.Nodes, cfg.Rate, cfg.Latency, cfg.TimeLimit = 9, 100, 20*time.Millisecond, 10*time.Second
		simulate(t, 10, cfg, trial.AllOK, trial.InTime(20*time.Millisecond), trial.Within(trial.Figures{trial.Even: 40}))
	})
	t.Run("exponential latency", func(t *testing.T) {
		cfg.LatencyDist = maelstromtest.Exponential
		const n = 50
		ok, all := 0, 0
		results := simulate(t, n, cfg)
		for _, r := range results {
			ok, all = ok+r.OK, all+r.Invoked
		}
		if len(results) >= n && 100*ok < 97*all { // fewer seeds tell little
			t.Errorf("%d of %d requests were answered ok", ok, all)
		}
	})
}

// A winner waits by its own round trip. So while links between nodes are cut
// and the others write all the time, a node that is farther from the store is
// always too late. README.md says so, with the figures that -v shows.
func TestAFarNodeIsServedByTheCombinerAndToldTheTruthWithoutOne(t *testing.T) {
	for _, times := range []float64{2, 4, 10} {
		cfg := trial.Exercise("")
		cfg.Rate, cfg.Latency, cfg.TimeLimit, cfg.Concurrency = 1000, 5*time.Millisecond, 10*time.Second, 9
		cfg.Far = map[string]float64{"n2": times}
		refused := func(op maelstromtest.Op) bool { return op.Node != "n2" && op.Outcome != maelstromtest.OK }
		share := func(t *testing.T, r *maelstromtest.Result) {
			t.Logf("n2 served %.1f %% of what the busiest node did", 100*trial.Fairness(r))
		}
		t.Run(fmt.Sprintf("%v times as far", times), func(t *testing.T) {
			t.Run("links whole", func(t *testing.T) { simulate(t, 3, cfg, trial.AllOK) })
			t.Run("links cut", func(t *testing.T) {
				slack := time.Duration(times) * cfg.Latency
				simulate(t, 3, trial.Isolated(cfg), trial.InTime(slack), trial.Never(refused), share)
			})
			t.Run("links cut, and the others pause at times", func(t *testing.T) {
				cfg := cfg
				cfg.Rate = 10
				simulate(t, 3, trial.Isolated(cfg), trial.AllOK, trial.Within(trial.Figures{trial.Even: 40}))
			})
		})
	}
}

// ---- Clusters that a test works by hand ----

func TestTheTotalGoesTo2To53Minus1AndNoFurther(t *testing.T) { trial.GreatestTotal(t, program) }

func TestRequestsAreAnsweredTruthfullyWhileTheStoreIsSilentAndServedSoonAfter(t *testing.T) {
	trial.InCluster(t, program, maelstromtest.Config{Seed: 1}, func(t *testing.T, c *maelstromtest.Cluster) {
		for _, node := range trial.Nodes {
			trial.Served(t, c, node, trial.Read)
		}
		c.CutStore()
		var adds trial.Bits
		var wait sync.WaitGroup
		for i := range 48 {
			bit, node, begin := int64(1)<<i, trial.Nodes[i%3], time.Now()
			wait.Go(func() {
				err := adds.Add(c, node, bit)
				code := maelstrom.ErrorCode(err)
				// n0 sends its first fold, and none while it cannot read the
				// value.
				known := code == maelstrom.TemporarilyUnavailable || code == maelstrom.Timeout && (i < 3 || node != "n0")
				if took := time.Since(begin); !known || took != 4*time.Second {
					t.Errorf("add %d was answered after %v: %v", i, took, err)
				}
			})
			time.Sleep(1250 * time.Millisecond)
		}
		wait.Wait()
		if adds.Refused == 0 || adds.Unknown == 0 {
			t.Errorf("refused %b, unknown %b", adds.Refused, adds.Unknown)
		}
		c.MendStore()
		begin := time.Now()
		for _, node := range trial.Nodes {
			value, err := trial.Ask(c, node, trial.Read)
			if took := time.Since(begin); took > time.Second {
				t.Errorf("%s took %v to resume", node, took)
			}
			adds.Check(t, node, value, err)
		}
	})
}

// ---- Speed ----

func TestSpeed(t *testing.T) {
	trial.Long(t, "says nothing new under the race detector")
	for _, row := range trial.Rows {
		t.Run(row.Name, func(t *testing.T) { row.Check(t, program) })
	}
}

func TestTheOthersHardlyNoticeThatTheCombinerIsGone(t *testing.T) {
	trial.Long(t, "says nothing new under the race detector")
	t.Run("killed", func(t *testing.T) {
		trial.Absence(t, program, (*maelstromtest.Cluster).Kill, (*maelstromtest.Cluster).Restart)
	})
	t.Run("paused", func(t *testing.T) {
		trial.Absence(t, program, (*maelstromtest.Cluster).Pause, (*maelstromtest.Cluster).Resume)
	})
}

func TestANodeThatIsCutOffFromACrowdIsServed(t *testing.T) {
	trial.Long(t, "says nothing new under the race detector")
	for _, dist := range []maelstromtest.Distribution{maelstromtest.Constant, maelstromtest.Exponential} {
		t.Run(string(dist), func(t *testing.T) { trial.Outsider(t, program, dist) })
	}
}

func TestNoRequestWaitsLongWhenAPartitionBegins(t *testing.T) {
	trial.Long(t, "says nothing new under the race detector")
	trial.Onset(t, program)
}

// ---- The comparison ----

var compareFlag = flag.Bool("compare", false, "run TestCompare, which prints how the counter and its rivals fare")

// compareUsage explains make compare, in 80 columns.
const compareUsage = `make compare puts this counter and its rivals through the same conditions, on
the same seeds and in virtual time. It prints a table, and writes a page with
the stories of what went wrong to store/compare. ARGS="-seeds 50" runs 50 seeds:

  -seeds number   how many seeds to run of each condition (default %d)
`

// The help for make compare explains its flag, and none of package testing's.
func TestTheHelpForTheComparisonIsOfItsOwnFlag(t *testing.T) {
	test, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := exec.Command(test, "-compare", "-h").CombinedOutput()
	if err != nil || string(text) != fmt.Sprintf(compareUsage, compare.Seeds) {
		t.Errorf("%v\n%s", err, text)
	}
	for line := range strings.Lines(string(text)) {
		if len(line) > 80+len("\n") {
			t.Errorf("wider than 80 columns: %s", line)
		}
	}
}

// contenders are the rivals and, last, the counter.
func contenders() []compare.Contender {
	return append(compare.Rivals(), compare.Contender{Name: "ours", Title: "this counter", Program: program})
}

func TestTheCounterIsRightUnderEveryConditionOfTheComparison(t *testing.T) {
	trial.Long(t, "takes long with the race detector, and simpler simulations tell that as much")
	for _, condition := range compare.Conditions {
		t.Run(condition.Name, func(t *testing.T) { trial.Run(t, program, 2, condition.Config) })
	}
}

// The ladder in the README is the first part of what make compare prints. The
// flag -update writes it anew.
func TestLadderOfTheReadme(t *testing.T) {
	trial.Long(t, "takes long with the race detector")
	const seeds = compare.Seeds // not the flag's, as the table says how many there were
	want := compare.Table(compare.Run(t, contenders(), compare.Ladder, seeds, io.Discard))
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), "\nDesign ")
	got, after, found := strings.Cut("Design "+rest, "\n\n")
	if !found {
		t.Fatal("the README has no ladder")
	}
	if *transcript.Update {
		if err := os.WriteFile("README.md", []byte(before+"\n"+want+"\n"+after), 0o666); err != nil {
			t.Fatal(err)
		}
	} else if got+"\n" != want {
		t.Errorf("the ladder in README.md is not what would be measured: go test -run LadderOfTheReadme . -update\n%s", want)
	}
}

// TestCompare is what make compare runs.
func TestCompare(t *testing.T) {
	if !*compareFlag {
		t.Skip("only with -compare")
	}
	cells := compare.Run(t, contenders(), compare.Conditions, trial.Seeds(compare.Seeds), os.Stderr)
	fmt.Print(compare.Markdown(cells))
	page := filepath.Join("store", "compare", "index.html")
	if err := compare.WritePage(page, cells); err != nil {
		t.Error(err)
	}
	fmt.Printf("\n%s shows this, and why the others went wrong.\n", page)
	for _, cell := range cells {
		if cell.Contender.Name == "ours" && (len(cell.Wrong) > 0 || cell.OutOfOrder > 0) {
			t.Errorf("%s: wrong with the seeds %v, %d reads out of order", cell.Condition.Name, cell.Wrong, cell.OutOfOrder)
		}
	}
}

// The pictures in the README are the stories that make explain finds, and the
// run of the first story again with receipts. The flag -update draws them anew.
func TestPicturesOfTheReadme(t *testing.T) {
	trial.Long(t, "takes long with the race detector")
	for name, want := range explain.Pictures(t) {
		path := filepath.Join(".github", "images", name)
		if *transcript.Update {
			if err := os.WriteFile(path, []byte(want), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s is not what would be drawn (%v): go test -run PicturesOfTheReadme . -update", path, err)
		}
	}
}

// BenchmarkCounter measures in virtual time. To compare two commits on the same
// ten seeds, run with each of them
//
//	go test -run '^$' -bench 'Counter/contender=ours' -benchtime 1x -count 10 > name.txt
//
// and then benchstat old.txt new.txt; or, to compare contenders, benchstat -col
// /contender name.txt without contender=ours.
func BenchmarkCounter(b *testing.B) { compare.Benchmark(b, contenders(), compare.Conditions) }

// ---- A node whose network is played by the test ----

func TestTranscripts(t *testing.T) {
	transcript.Run(t, "internal/countertest/transcript/counter/*.txtar", program, "boot|nonce")
}

func TestANodeWhoseInputEndsBeforeInitSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := maelstromtest.Converse(t, maelstromtest.Setting{Raw: true}, program)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		s.Unheard()
	})
}

// ---- Lives ----

func TestNoLifeOfANodeLosesOrDoublesWhatAnotherHasDoneWhateverTheClocksSay(t *testing.T) {
	// The first read may tell the node that it is outlived.
	trial.Clocks(t, program, 2)
}

func TestALifeFromTheFarFutureHarmsNobody(t *testing.T) { trial.Future(t, program) }

// ---- A store that answers oddly ----

// The store is right in all but the texts of its refusals.
func TestWhatARefusalTellsLosesAndDoublesNothing(t *testing.T) {
	for _, lie := range append(trial.Lies, trial.AnyLie) {
		t.Run(strings.ReplaceAll(lie.Name, " ", "_"), func(t *testing.T) {
			for _, fault := range []string{"late", "duplicate", "kill"} {
				t.Run(fault, func(t *testing.T) {
					cfg := trial.Isolated(trial.Busy(trial.Brief(fault)))
					trial.Run(t, trial.Lying(program, lie), 10, cfg, trial.AfterLies)
				})
			}
		})
	}
}

func TestAStoreThatAnswersOddlyIsNotStormed(t *testing.T) { trial.OddStore(t, program) }

func TestCopiesOfAnOldFoldDoNotMakeANodeStormTheStore(t *testing.T) { trial.Copies(t, program) }

func TestAStoredValueThatMakesNoSenseIsReportedAndKeptUntilItIsMended(t *testing.T) {
	trial.BadValue(t, program)
}

// FuzzSession is a session with a hostile node among three; see trial.Session.
func FuzzSession(f *testing.F) {
	for _, noise := range trial.Noise {
		for kind := range uint8(6) {
			f.Add(kind, noise)
		}
	}
	f.Fuzz(func(t *testing.T, kind uint8, noise []byte) { trial.Session(t, program, kind, noise) })
}

// ---- Overload and outages ----

func TestOf65636WaitingRequests100AreRefusedAtOnce(t *testing.T) { trial.Overload(t, program) }

func TestNeitherTheMessagesOfWaitingRequestsNorLongNamesAreKeptInMemory(t *testing.T) {
	trial.Padding(t, program)
}

func TestAMillionRequestsLeaveNothingBehind(t *testing.T) { trial.Million(t, program) }

func TestTenHoursWithoutTheStoreLeaveNothingBehind(t *testing.T) { trial.Outage(t, program) }

func TestANodeOfFiveThousandWithLongNamesServesItsClients(t *testing.T) { trial.Crowd(t, program) }

// ---- Logs ----

func TestTheLogLevelDecidesWhatIsLogged(t *testing.T) {
	work := func(t *testing.T, c *maelstromtest.Cluster) {
		for i := range 30 {
			trial.Served(t, c, trial.Nodes[i%3], trial.Add(1))
		}
		c.CutStore()
		for i := range 3 {
			if _, err := trial.Ask(c, trial.Nodes[i%3], trial.Add(1)); err == nil {
				t.Error("an add without the store")
			}
		}
		c.MendStore()
		time.Sleep(25 * time.Second) // 12 have passed before
	}
	logged := func(t *testing.T, level string, watch func(maelstromtest.Entry)) string {
		var log trial.Log
		cfg := maelstromtest.Config{Args: []string{"-log-level", level}, Stderr: log.Of, Watch: watch}
		trial.InCluster(t, program, cfg, work)
		return log.String()
	}
	t.Run("info", func(t *testing.T) {
		lines := slices.Collect(strings.Lines(logged(t, "info", nil)))
		for _, line := range lines {
			for _, field := range []string{"requests=", "folds=", "cas=", "conflicts=", "resyncs=", "timeouts=", "rtt="} {
				if !strings.Contains(line, "level=INFO") || !strings.Contains(line, " "+field) {
					t.Errorf("no %s in %s", field, line)
				}
			}
		}
		if len(lines) != 9 {
			t.Errorf("three nodes logged %d lines in 37 s, want 9:\n%s", len(lines), lines)
		}
		// n0 has 11 requests of its own, and the folds of the other nodes.
		if last := fmt.Sprint(lines[len(lines)-3:]); !strings.Contains(last, "folds=11 ") || !strings.Contains(last, "delegated=11 ") || strings.Contains(last, " timeouts=0 ") {
			t.Errorf("the last lines are\n%s", last)
		}
	})
	t.Run("debug", func(t *testing.T) {
		met := map[maelstromtest.What]int{} // by the nodes
		got := logged(t, "debug", func(e maelstromtest.Entry) {
			if e.What == maelstromtest.Sent && e.Src[0] == 'n' || e.What == maelstromtest.Received && e.Dest[0] == 'n' {
				met[e.What]++
			}
		})
		s, r := strings.Count(got, `"msg":"sent","message":{"`), strings.Count(got, `"msg":"received","message":{"`)
		if s != met[maelstromtest.Sent] || r != met[maelstromtest.Received] || s < 60 {
			t.Errorf("%d sent and %d received messages are in the log, of %v", s, r, met)
		}
	})
}

// ---- Negative controls ----

func TestTheChecksCatchACounterThatIsWrong(t *testing.T) {
	trial.Long(t, "builds the counter anew, several times")
	for _, mistake := range trial.Mistakes {
		t.Run(mistake.Name, func(t *testing.T) {
			trial.Catch(t, mistake, "TestNothingIsLostOrDoubledOrOutOfOrder/partitions",
				"TestNothingIsLostOrDoubledOrOutOfOrder/loss")
		})
	}
}

// ---- Stories ----

func TestStoriesOfTheCounterAreTrue(t *testing.T) { trial.Stories(t, program, 60) }

func TestStoriesOfACounterThatIsWrongAreTrue(t *testing.T) {
	trial.Long(t, "builds the counter anew, several times")
	for _, mistake := range trial.Mistakes {
		t.Run(mistake.Name, func(t *testing.T) {
			t.Parallel() // most of the time it waits for the compiler
			trial.Tell(t, mistake, "TestStoriesOfTheCounterAreTrue")
		})
	}
}
