package strangers

import (
	"encoding/json"
	"testing"
	"time"

	"go.uber.org/goleak"

	"maelstrom-counter/internal/bench/maelstromtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// starts calls f for each stranger that answers init.
func starts(t *testing.T, f func(t *testing.T, s Stranger)) {
	for _, s := range All {
		if !s.Mute {
			t.Run(s.Name, func(t *testing.T) { f(t, s) })
		}
	}
}

// short is a short run under some faults.
func short(seed uint64, faults string) maelstromtest.Config {
	return maelstromtest.Config{
		Rate: 60, TimeLimit: 2 * time.Second, Recovery: time.Second, Hop: 300 * time.Microsecond, Seed: seed,
		Nemesis: maelstromtest.MustNemesis(faults), NemesisInterval: time.Second,
		Consistency: maelstromtest.Linearizable,
	}
}

// A stranger is right, or it goes wrong under the faults that it names.
func TestStrangersAreRightOrWrongAsTheySay(t *testing.T) {
	starts(t, func(t *testing.T, s Stranger) {
		calm, wrong := "", false
		if s.Right {
			calm = "partition"
		}
		for seed := range uint64(10) {
			if s.Right || s.Faults != "" {
				if r := maelstromtest.Simulate(t, short(seed, calm), s.Program); !r.MaelstromValid {
					t.Errorf("it is wrong by Maelstrom: %v", r.Err())
				}
			}
			wrong = wrong || !s.Right && !maelstromtest.Simulate(t, short(seed, s.Faults), s.Program).Right
		}
		if !s.Right && !wrong {
			t.Errorf("with faults %q it is right with all seeds", s.Faults)
		}
	})
}

func TestTheSameSeedGivesTheSameRun(t *testing.T) {
	starts(t, func(t *testing.T, s Stranger) {
		cfg := short(5, "partition,kill,loss,late,node-loss,duplicate")
		cfg.Latency, cfg.LatencyDist, cfg.Concurrency = 20*time.Millisecond, maelstromtest.Exponential, 12
		first, again := journal(t, cfg, s), journal(t, cfg, s)
		for i := range min(len(first), len(again)) {
			if first[i] != again[i] {
				t.Fatalf("seed %d: entry %d is %s and %s", cfg.Seed, i, first[i], again[i])
			}
		}
		if len(first) != len(again) || len(first) < 30 {
			t.Errorf("seed %d: %d and %d entries", cfg.Seed, len(first), len(again))
		}
	})
}

// journal returns the entries of a run's journal, as JSON.
func journal(t *testing.T, cfg maelstromtest.Config, s Stranger) (entries []string) {
	t.Helper()
	_, journal := maelstromtest.Record(t, cfg, s.Program)
	for _, e := range journal {
		entry, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, string(entry))
	}
	return entries
}
