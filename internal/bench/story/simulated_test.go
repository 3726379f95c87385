package story

import (
	"slices"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/rivals"
)

// simulate runs a rival in virtual time and returns the story, or nil if all
// was right.
func simulate(t *testing.T, design string, cfg maelstromtest.Config) *Story {
	t.Helper()
	rival, _ := rivals.Named(design)
	return Of(maelstromtest.Record(t, cfg, func(env maelstromtest.Env) error { return rival.Run(env.Stdin, env.Stdout) }))
}

// In virtual time, under all kinds of faults, the stories of the rivals name
// possible causes, and very few name none.
func TestSimulationsHaveTrueStories(t *testing.T) {
	t.Parallel()
	causes := map[string][]Kind{ // by design, and by design and faults
		"rmw": {LostUpdate, OldAnswer, TakenBack}, "rmw ": {LostUpdate}, "rmw kill": {LostUpdate},
		"cas": {CountedTwice, OldAnswer}, "cas ": {OldAnswer}, "cas kill": {OldAnswer},
		"crdt": {OldAnswer, TakenBack, TornRead}, "crdt ": {OldAnswer}, "crdt kill": {OldAnswer}, "crdt loss": {OldAnswer, TornRead},
	}
	seeds := uint64(3)
	if testing.Short() {
		seeds = 1
	}
	told, unexplained := 0, 0
	for _, faults := range []string{"", "loss", "late", "duplicate", "kill", "loss,late,duplicate,kill,pause"} {
		nemesis, err := maelstromtest.ParseNemesis(faults)
		if err != nil {
			t.Fatal(err)
		}
		for _, design := range []string{"rmw", "cas", "crdt"} {
			allowed := causes[design]
			if some := causes[design+" "+faults]; some != nil {
				allowed = some
			}
			for _, shape := range [][2]int{{1, 4}, {3, 3}, {5, 5}, {3, 12}} {
				for seed := range seeds {
					s := simulate(t, design, maelstromtest.Config{
						Nodes: shape[0], Concurrency: shape[1], Rate: 100, TimeLimit: 4 * time.Second, Nemesis: nemesis, NemesisInterval: 2 * time.Second,
						Latency: 5 * time.Millisecond, LatencyDist: "exponential", Seed: seed,
					})
					if s == nil {
						continue
					}
					check(t, s)
					if s.Kind == OldAnswer && design == "crdt" && shape[0] == 5 && s.Messages() > 10 {
						t.Errorf("seed %d: the story shows all five keys:\n%s", seed, s.Text())
					}
					if told++; s.Kind == Unexplained {
						unexplained++
					} else if !slices.Contains(allowed, s.Kind) || s.Messages() > 24 {
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
