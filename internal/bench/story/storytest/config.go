package storytest

import (
	"math/rand/v2"
	"slices"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// Config draws a short run: of one to five nodes, with up to eight requests at
// once at each, any latency up to 200 ms, and any faults. It leaves the rivals
// the time that they take to end.
func Config(number int) maelstromtest.Config {
	rng := rand.New(rand.NewPCG(uint64(number), 1))
	between := func(lo, hi time.Duration) time.Duration { return lo + time.Duration(rng.Int64N(int64(hi-lo))) }
	cfg := maelstromtest.Config{
		Seed: uint64(number), Nodes: pick(rng, 1, 2, 3, 3, 3, 3, 5), Rate: float64(20 + rng.IntN(60)),
		TimeLimit: between(time.Second, 3*time.Second), Recovery: between(5*time.Second/2, 4*time.Second),
		ClientTimeout: between(5*time.Second/2, 5*time.Second), NemesisInterval: between(time.Second/5, 2*time.Second),
		Latency: time.Duration(pick(rng, 0, 0, 1, 5, 20, 50, 100, 200)) * time.Millisecond, Hop: 300 * time.Microsecond,
		LatencyDist: pick(rng, maelstromtest.Constant, maelstromtest.Uniform, maelstromtest.Exponential),
		Consistency: pick(rng, maelstromtest.Eventual, maelstromtest.Linearizable),
	}
	cfg.Concurrency = cfg.Nodes * (1 + rng.IntN(8))
	faults := maelstromtest.AllFaults()
	for range pick(rng, 0, 0, 1, 1, 2, 3, 2*len(faults)) {
		if f := pick(rng, faults...); !slices.Contains(cfg.Nemesis, f) {
			cfg.Nemesis = append(cfg.Nemesis, f)
		}
	}
	return cfg
}

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }
