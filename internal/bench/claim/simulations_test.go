package claim_test

import (
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/rivals"
)

// In runs of real designs, what is said of every message and every acknowledged
// add holds, and following the news of an add forwards and backwards comes to
// the same.
func TestNewsForwardsAndBackwards(t *testing.T) {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	defer log.SetOutput(log.Default().Writer())
	const seed = 7
	random := rand.New(rand.NewPCG(seed, 0))
	known, unknown := 0, 0
	for _, name := range []string{"rmw", "cas", "crdt"} {
		for _, faults := range []string{"", "loss,kill,partition", "duplicate,late,pause"} {
			for _, latency := range []time.Duration{0, 50 * time.Millisecond} {
				t.Run(fmt.Sprint(name, "/", faults, "/", latency), func(t *testing.T) {
					rival, err := rivals.Named(name)
					if err != nil {
						t.Fatal(err)
					}
					result, journal := maelstromtest.Record(t, maelstromtest.Config{
						Seed: random.Uint64(), Rate: 60, TimeLimit: 2 * time.Second, Latency: latency,
						Nemesis: maelstromtest.MustNemesis(faults), NemesisInterval: time.Second,
					}, rival.Program)
					run := claim.NewRun(claim.Result{Verdict: result.Verdict, Lives: result.Lives, History: result.History}, journal)
					claim.CheckExplained(t, run)
					k, u := claim.CheckNews(t, run)
					known, unknown = known+k, unknown+u
				})
			}
		}
	}
	if known < 2000 || unknown < 200 {
		t.Errorf("seed %d: only %d adds were known and %d unknown where a read was answered", seed, known, unknown)
	}
}
