package story_test

import (
	"bytes"
	"context"
	"io"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/rivals"
	"maelstrom-counter/internal/bench/story"
)

// The test binary is also the nodes whose stories are told. Its last argument
// says which node it then is.
func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	name := os.Args[len(os.Args)-1]
	program := map[string]maelstromtest.Program{"memory": inMemory(math.MaxInt64), "crash": inMemory(10)}[name]
	if rival, err := rivals.Named(name); err == nil {
		program = rival.Program
	}
	if program == nil {
		m.Run()
	} else if err := program(maelstromtest.Env{Stdin: os.Stdin, Stdout: os.Stdout}); err != nil {
		panic(err)
	}
}

// inMemory returns a node that keeps its count in memory, and panics when it
// gets more than limit adds.
func inMemory(limit int64) maelstromtest.Program {
	return rivals.Program(func(n *maelstrom.Node) {
		var total, adds atomic.Int64
		rivals.Serve(n, func(_ context.Context, delta int64) error {
			if adds.Add(1) > limit {
				panic("too many requests")
			}
			total.Add(delta)
			return nil
		}, func(context.Context) (int64, error) {
			return total.Load(), nil
		})
	})
}

// The story of a run of processes, in real time, names the true cause.
func TestProcessesHaveTrueStories(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds of real time")
	}
	for _, test := range []struct {
		node, faults string
		latency      time.Duration
		kinds        []story.Kind
		says         string
	}{
		{"rmw", "", 20 * time.Millisecond, []story.Kind{story.LostUpdate}, "had last been told"},
		{"cas", "loss", 0, []story.Kind{story.CountedTwice, story.OverCounted, story.OldAnswer, story.CallLost}, ""},
		{"cas", "late", 0, []story.Kind{story.CountedTwice, story.OverCounted, story.OldAnswer, story.CallLost}, ""},
		{"cas", "", 20 * time.Millisecond, []story.Kind{story.OldAnswer, story.Outdated}, "told"},
		{"crdt", "", 20 * time.Millisecond, []story.Kind{story.OldAnswer, story.Outdated}, "told"},
		{"crdt", "duplicate,late", 0, []story.Kind{story.OldAnswer, story.Outdated, story.TakenBack, story.CallLost}, ""},
		{"memory", "", 0, []story.Kind{story.NotSent}, "No node used a service"},
		{"crash", "", 0, []story.Kind{story.CrashedNode}, "panic: too many requests"},
	} {
		t.Run(test.node+"/"+test.faults+"/"+test.latency.String(), func(t *testing.T) {
			t.Parallel()
			s := tellReal(t, maelstromtest.Config{
				Consistency: maelstromtest.Linearizable, Rate: 100, TimeLimit: 3 * time.Second, Recovery: time.Second / 5, ClientTimeout: 5 * time.Second / 2,
				Latency: test.latency, Nemesis: maelstromtest.MustNemesis(test.faults), Args: []string{test.node},
			})
			if !slices.Contains(test.kinds, s.Kind) || !strings.Contains(s.Caption, test.says) {
				t.Errorf("want one of %q that says %q, not\n%s", test.kinds, test.says, s.Text())
			}
		})
	}
}

// tellReal runs processes of this test binary until something goes wrong. In
// real time, no seed can promise that it does.
func tellReal(t *testing.T, cfg maelstromtest.Config) *story.Story {
	t.Helper()
	for range 5 {
		var journal bytes.Buffer
		cfg.Seed++
		cfg.Journal = &journal
		r, err := maelstromtest.RunProcesses(t.Context(), cfg, os.Args[0])
		if err != nil {
			t.Fatal(err)
		}
		entries, err := maelstromtest.ReadJournal(&journal)
		if err != nil {
			t.Fatal(err)
		}
		if s := maelstromtest.Tell(r, entries); s != nil {
			story.Check(t, s)
			return s
		}
	}
	t.Fatal("five runs went right")
	return nil
}

// In virtual time, under all kinds of faults, the stories of the rivals name
// possible causes, and very few name none.
func TestSimulationsHaveTrueStories(t *testing.T) {
	t.Parallel()
	causes := map[string][]story.Kind{ // by design, and by design and faults
		"rmw": {story.LostUpdate, story.OldAnswer, story.Outdated, story.TakenBack, story.OldBasis, story.OtherAmount, story.NotStored, story.OverCounted, story.Misdirected}, "rmw ": {story.LostUpdate, story.OldBasis},
		"cas": {story.CountedTwice, story.OverCounted, story.OldAnswer, story.Outdated}, "cas ": {story.OldAnswer, story.Outdated}, "cas kill": {story.OldAnswer, story.Outdated},
		"crdt": {story.OldAnswer, story.Outdated, story.TakenBack, story.OldBasis, story.NotStored, story.Misdirected, story.TooSoon, story.Undelivered}, "crdt ": {story.OldAnswer, story.Outdated}, "crdt loss": {story.OldAnswer, story.Outdated, story.Undelivered},
		"gossip": {story.NotSent, story.Undelivered, story.Forgotten}, "gossip ": {story.NotSent, story.Undelivered},
	}
	anyway := []story.Kind{story.NodeKilled, story.CallLost, story.Unanswered, story.AnsweredLate, story.NotActedOn} // with faults, a request may not be answered
	seeds := uint64(3)
	if testing.Short() {
		seeds = 1
	}
	told, unexplained := 0, 0
	for _, faults := range []string{"", "loss", "late", "duplicate", "kill", "loss,late,duplicate,kill,pause"} {
		nemesis := maelstromtest.MustNemesis(faults)
		for _, rival := range rivals.All {
			design := rival.Name
			allowed := causes[design]
			if some := causes[design+" "+faults]; some != nil {
				allowed = some
			}
			for _, shape := range [][2]int{{1, 4}, {3, 3}, {5, 5}, {3, 12}} {
				for seed := range seeds {
					s := maelstromtest.Tell(maelstromtest.Record(t, maelstromtest.Config{
						Nodes: shape[0], Concurrency: shape[1], Rate: 100, TimeLimit: 4 * time.Second, Nemesis: nemesis, NemesisInterval: 2 * time.Second,
						Latency: 5 * time.Millisecond, LatencyDist: "exponential", Seed: seed, Consistency: maelstromtest.Linearizable,
					}, rival.Program))
					if s == nil {
						continue
					}
					story.Check(t, s)
					if told++; s.Kind == story.Unexplained {
						unexplained++
					} else if !slices.Contains(slices.Concat(allowed, anyway), s.Kind) || s.Messages() > 24 {
						t.Errorf("%s under %q with %v nodes and workers, seed %d, in %d messages:\n%s", design, faults, shape, seed, s.Messages(), s.Text())
					}
				}
			}
		}
	}
	if told < 35*int(seeds) || 100*unexplained > 2*told {
		t.Errorf("of %d stories, %d have no cause", told, unexplained)
	}
}

// If much of a run is missing, the claims about the rest are true of the whole
// run.
func TestWhatIsToldOfAPartIsTrueOfTheWhole(t *testing.T) {
	t.Parallel()
	const seed = 11
	random := rand.New(rand.NewPCG(seed, 0))
	told, claims := 0, 0
	for _, rival := range rivals.All {
		for _, latency := range []time.Duration{0, 20 * time.Millisecond} {
			r, whole := maelstromtest.Record(t, maelstromtest.Config{
				Rate: 100, TimeLimit: 2 * time.Second, Nemesis: maelstromtest.MustNemesis("partition"), NemesisInterval: time.Second,
				Latency: latency, Seed: random.Uint64(), Consistency: maelstromtest.Linearizable,
			}, rival.Program)
			full := claim.NewRun(r.Claimable(), whole)
			for round := range 60 {
				part := slices.Clone(whole)
				from, name := random.IntN(len(part)), part[random.IntN(len(part))].Src
				for at := range part {
					var missing bool
					switch e := part[at]; round % 3 {
					case 0:
						missing = random.IntN(len(part)) < 3
					case 1: // somebody's thread has lost its file
						missing = at >= from && name != "" && (e.What == journal.Sent && e.Src == name || e.What == journal.Received && e.Dest == name)
					case 2:
						missing = at >= from
					}
					if missing && part[at].Node == "" {
						part[at] = journal.Entry{Time: part[at].Time, What: journal.Gap, Omitted: &journal.Omission{Lines: 1, Until: part[at].Time, Missing: true}}
					}
				}
				s := maelstromtest.Tell(r, part)
				if s == nil {
					continue
				}
				told++
				for i, c := range s.Claims {
					switch c := c.(type) {
					case claim.LeftOut:
						continue
					case claim.Message:
						if c.Fate == claim.Unknown {
							continue
						}
					case claim.Repeated:
						if c.AtLeast {
							continue
						}
					}
					if claims++; !full.Holds(c) {
						t.Errorf("seed %d, %s, round %d: %q is not true: %#v\n%s", seed, rival.Name, round, s.Sentences[i], c, s.Text())
					}
				}
			}
		}
	}
	t.Logf("%d stories, %d claims", told, claims)
	if told < 100 {
		t.Errorf("only %d stories", told)
	}
}
