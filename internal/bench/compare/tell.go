package compare

import (
	"slices"
	"testing"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/story"
)

// Worst returns the seed whose story tells most: the first on which Maelstrom's
// verdict was bad, or else the first on which a stricter check was wrong. It
// returns false if there is no such seed.
func (t *Tally) Worst() (uint64, bool) {
	for _, seeds := range [][]uint64{t.Wrong, t.Contradicted} {
		if len(seeds) > 0 {
			return seeds[0], true
		}
	}
	return 0, false
}

// tell runs a cell's worst seed again and keeps the story of what goes wrong.
func (c *Cell) tell(t *testing.T) {
	t.Helper()
	seed, wrong := c.Worst()
	if !wrong {
		return
	}
	t.Run("story", func(t *testing.T) {
		cfg := c.Condition.Config
		cfg.Seed = seed
		c.Story, c.Told = story.Of(maelstromtest.Record(t, cfg, c.Contender.Program)), seed
	})
}

// noted adds a seed to a sorted list.
func noted(seeds []uint64, seed uint64) []uint64 {
	seeds = append(seeds, seed)
	slices.Sort(seeds)
	return seeds
}
