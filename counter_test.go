package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"maelstrom-counter/internal/maelstromtest"
)

var seedsFlag = flag.Int("seeds", 0, "run this many seeds of each simulation instead of its own number")

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	os.Exit(m.Run())
}

// program is the node as the bench runs it.
func program(env maelstromtest.Env) error {
	code := run(context.Background(), environment{
		args:   env.Args,
		stdin:  env.Stdin,
		stdout: env.Stdout,
		stderr: env.Stderr,
		boot:   env.Now(),
		random: rand.New(rand.NewPCG(env.Seed, 0)),
	})
	if code != 0 {
		return fmt.Errorf("exit code %d", code)
	}
	return nil
}

// card is the workload that the counter is made for: g-counter, 3 nodes, 100 requests a second, 20 s.
func card(faults string) maelstromtest.Config {
	nemesis, err := maelstromtest.ParseNemesis(faults)
	if err != nil {
		panic(err)
	}
	return maelstromtest.Config{Nodes: 3, Rate: 100, TimeLimit: 20 * time.Second, Nemesis: nemesis}
}

// simulate runs cfg with seeds from 1 to n, a tenth of them with -short, and has each result checked.
func simulate(t *testing.T, n int, cfg maelstromtest.Config, check func(*testing.T, *maelstromtest.Result)) {
	if *seedsFlag > 0 {
		n = *seedsFlag
	} else if testing.Short() {
		n = (n + 9) / 10
	}
	for seed := range n {
		t.Run(fmt.Sprintf("seed=%d", seed+1), func(t *testing.T) {
			t.Parallel()
			cfg := cfg
			cfg.Seed = uint64(seed + 1)
			r := maelstromtest.Simulate(t, cfg, program)
			if err := r.Err(); err != nil {
				t.Error(err)
			}
			check(t, r)
			if t.Failed() {
				t.Logf("replay with: go test -run '^%s$' .", t.Name())
			}
		})
	}
}

func allOK(t *testing.T, r *maelstromtest.Result) {
	if r.OK != r.Invoked {
		t.Errorf("%d of %d requests were not answered ok", r.Invoked-r.OK, r.Invoked)
	}
}

func TestTheCardsWorkloadIsRight(t *testing.T) {
	simulate(t, 200, card("partition"), allOK)
}
