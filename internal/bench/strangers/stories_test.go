package strangers

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/rivals"
	"maelstrom-counter/internal/bench/story/storytest"
)

var (
	runs  = flag.Int("runs", 2000, "for TestEveryStoryIsTrue: make this many runs")
	first = flag.Int("first", 0, "for TestEveryStoryIsTrue: begin with the run of this number")
)

// A design is a rival or a stranger.
type design struct {
	name    string
	program maelstromtest.Program
}

// designs returns those that answer init.
func designs() (all []design) {
	for _, r := range rivals.All {
		all = append(all, design{r.Name, r.Program})
	}
	for _, s := range All {
		if !s.Mute {
			all = append(all, design{s.Name, s.Program})
		}
	}
	return all
}

// A name says which design a node is to be, so no two have the same.
func TestNoTwoDesignsHaveTheSameName(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range designs() {
		if seen[d.name] {
			t.Errorf("two are named %q", d.name)
		}
		seen[d.name] = true
	}
}

// drawn returns a run that is drawn by its number.
func drawn(number int) (design, maelstromtest.Config) {
	cfg, all := storytest.Config(number), designs()
	d := all[rand.New(rand.NewPCG(uint64(number), 0)).IntN(len(all))]
	if d.name == "no_create" || d.name == "no_reread" { // which send as much as there is time for
		cfg.Latency = max(cfg.Latency, 20*time.Millisecond)
	}
	return d, cfg
}

// In runs of all designs, under all faults and with up to eight requests at
// once at each node, every wrong run has a story, and every claim of every
// story is true.
func TestEveryStoryIsTrue(t *testing.T) {
	n := *runs
	if testing.Short() {
		n /= 10
	}
	const workers = 4
	var checker storytest.Checker
	var tables [workers]tableOfCauses
	t.Run("runs", func(t *testing.T) {
		for w := range workers {
			t.Run(fmt.Sprint(w), func(t *testing.T) {
				t.Parallel()
				tables[w] = tableOfCauses{}
				for number := *first + w; number < *first+n; number += workers {
					d, cfg := drawn(number)
					r, journal := maelstromtest.Record(t, cfg, d.program)
					s, problems := checker.Check(r, journal)
					if s != nil || !r.Right {
						came := causeOf(d.name, len(cfg.Nemesis) > 0, s)
						tables[w].add(d.name, came)
						if s != nil && shows(came) {
							t.Logf("run %d of %s: %s\n%s\nconditions %+v", number, d.name, came, s.Text(), cfg)
						}
					}
					for _, problem := range problems {
						t.Errorf("run %d of %s: %s\nreplay with -args -first %[1]d -runs 1; conditions %+v", number, d.name, problem, cfg)
					}
				}
			})
		}
	})
	causes := tableOfCauses{}
	for _, table := range tables {
		causes.merge(table)
	}
	t.Logf("\n%s\n%s", checker.Table(), causes)
	if n < 100 {
		return // what follows is about many runs
	}
	for _, weak := range checker.Weak() {
		t.Errorf("more than 3 %% of the changes of %s go unnoticed", weak)
	}
	if 100*checker.Missed > 3*checker.Mutants || 10*checker.Told < 6*n {
		t.Errorf("of %d stories' claims with one argument changed %d of %d hold", checker.Told, checker.Missed, checker.Mutants)
	}
	if good, all := causes.total(); 100*good < 95*all {
		t.Errorf("only %d of %d stories name the cause", good, all)
	}
}
