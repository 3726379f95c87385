package explain

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/rivals"
)

// shrink keeps what matters and leaves out everything else.
func TestShrinkLeavesOutWhatDoesNotMatter(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 0))
		p := Plan{Nodes: 5, Latency: 10 * time.Millisecond}
		for i := range 40 {
			p.Requests = append(p.Requests, Request{At: time.Duration(i) * time.Second, Node: random.IntN(5), Delta: random.Int64N(4)})
			p.Ages = append(p.Ages, Age{Nth{Link{random.IntN(5), aService}, i}, 1 + random.IntN(9)})
			copies := []maelstromtest.Copy{{Latency: time.Second, Delay: time.Second}}
			p.Fates = append(p.Fates, Fate{Nth{Link{random.IntN(5), aService}, i}, copies})
			f := maelstromtest.ScriptedFault{Node: random.IntN(5), At: time.Duration(i) * time.Second, For: time.Second}
			p.Faults = append(p.Faults, f)
		}
		p.Requests[random.IntN(40)].Delta = 7
		fate, age := random.IntN(40), random.IntN(40)
		p.Fates[fate].Copies = nil
		p.Ages[age].Age = 20
		asked := 0
		got := shrink(p, 5000, func(q Plan) (Plan, bool) {
			asked++
			return q, slices.ContainsFunc(q.Requests, func(r Request) bool { return r.Delta == 7 }) &&
				slices.ContainsFunc(q.Fates, func(f Fate) bool { return len(f.Copies) == 0 }) &&
				slices.ContainsFunc(q.Ages, func(a Age) bool { return a.Age >= 15 })
		})
		if len(got.Requests) != 1 || len(got.Fates) != 1 || len(got.Ages) != 1 || got.Ages[0].Age != 15 || len(got.Faults) != 0 ||
			got.Requests[0].At != 0 || got.Latency != 0 {
			t.Errorf("seed %d: %v is left after %d calls of ok", seed, got, asked)
		}
		if len(p.Requests) != 40 || p.Ages[age].Age != 20 {
			t.Errorf("seed %d: shrinking has changed its argument", seed)
		}
	}
}

func TestShrinkKeepsToItsLimit(t *testing.T) {
	p := Plan{Nodes: 1, Requests: make([]Request, 1000)}
	asked := 0
	shrink(p, 17, func(q Plan) (Plan, bool) { asked++; return q, false })
	if asked != 17 {
		t.Errorf("asked %d times", asked)
	}
}

// If a node is left out, the nodes after it move up, with all that is theirs.
func TestNodesMoveUpIfOneIsLeftOut(t *testing.T) {
	fate := func(src, dest int) Fate { return Fate{Nth: Nth{Link: Link{src, dest}}} }
	age := func(node int) Age { return Age{Nth: Nth{Link: Link{node, aService}}} }
	p := Plan{
		Nodes:    3,
		Requests: []Request{{Node: 0}, {Node: 1}, {Node: 2}},
		Faults:   []maelstromtest.ScriptedFault{{Node: 1}, {Node: 2}},
		Fates:    []Fate{fate(1, aService), fate(aService, 2), fate(2, 0)},
		Ages:     []Age{age(2), age(1)},
	}
	got, ok := fewerNodes(p, 1)
	want := Plan{
		Nodes:    2,
		Requests: []Request{{Node: 0}, {Node: 1}},
		Faults:   []maelstromtest.ScriptedFault{{Node: 1}},
		Fates:    []Fate{fate(aService, 1), fate(1, 0)},
		Ages:     []Age{age(1)},
	}
	if !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// A run that chance decided takes the same course when it is played again from
// its record, if the node itself draws no random numbers.
func TestARecordIsPlayedAsItHappened(t *testing.T) {
	nemesis := maelstromtest.MustNemesis("partition,loss,late,duplicate,overtake,kill,pause,store-cut")
	same, all := 0, 0
	for _, name := range []string{"rmw", "cas", "crdt"} {
		design, err := rivals.Named(name)
		if err != nil {
			t.Fatal(err)
		}
		for seed := range uint64(5) {
			r := &runner{t: t, program: design.Program, cfg: maelstromtest.Config{Seed: seed}} // of the nodes' own chance
			cfg := maelstromtest.Config{
				Rate: 100, TimeLimit: 4 * time.Second, Latency: 10 * time.Millisecond, LatencyDist: "exponential",
				Nemesis: nemesis, NemesisInterval: 2 * time.Second, Seed: seed,
			}
			first := r.simulate(cfg)
			again := r.try(record(cfg, first.result.History, first.journal))
			if len(again.result.History) != len(first.result.History) {
				t.Errorf("%s, seed %d: %d of %d requests", design.Name, seed, len(again.result.History), len(first.result.History))
			}
			for i := range min(len(first.result.History), len(again.result.History)) {
				a, b := first.result.History[i], again.result.History[i]
				if a.Outcome == b.Outcome && a.Value == b.Value && a.Complete == b.Complete && a.Node == b.Node {
					same++
				}
				all++
			}
		}
	}
	if 100*same < 90*all { // what happens at the same instant may change places
		t.Errorf("%d of %d operations were the same", same, all)
	}
}
