package maelstromtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// counter is the node under test. It uses Maelstrom's own library and keeps a
// number in lin-kv.
func counter(env maelstromtest.Env) error {
	n := maelstrom.NewNode()
	n.Stdin, n.Stdout = env.Stdin, env.Stdout // all that a node needs to be a Program
	kv := maelstrom.NewLinKV(n)
	value := func(ctx context.Context) (int, error) {
		v, err := kv.ReadInt(ctx, "counter")
		if maelstrom.ErrorCode(err) == maelstrom.KeyDoesNotExist {
			return 0, nil
		}
		return v, err
	}
	n.Handle("read", func(msg maelstrom.Message) error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		v, err := value(ctx)
		if err != nil {
			return err
		}
		return n.Reply(msg, map[string]any{"type": "read_ok", "value": v})
	})
	n.Handle("add", func(msg maelstrom.Message) error {
		var add struct{ Delta int }
		if err := json.Unmarshal(msg.Body, &add); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		for {
			v, err := value(ctx)
			if err != nil {
				return err
			}
			err = kv.CompareAndSwap(ctx, "counter", v, v+add.Delta, true)
			if maelstrom.ErrorCode(err) == maelstrom.PreconditionFailed {
				continue // another node was faster
			}
			if err != nil {
				return err
			}
			return n.Reply(msg, map[string]any{"type": "add_ok"})
		}
	})
	return n.Run()
}

// testCounter would be TestCounter in your own test file. The counter is
// linearizable on every seed, although the network is divided, messages are
// lost, and nodes are killed.
func testCounter(t *testing.T) {
	nemesis, err := maelstromtest.ParseNemesis("partition,loss,kill")
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			t.Parallel()
			r := maelstromtest.Simulate(t, maelstromtest.Config{
				Rate: 100, TimeLimit: 20 * time.Second, Latency: 5 * time.Millisecond, Nemesis: nemesis, Seed: seed,
			}, counter)
			if err := r.Err(); err != nil {
				t.Error(err) // the error names the seed
			}
		})
	}
}

// A test of your own node. Five runs of 20 s, each with a rest of 10 s, take
// less than a second.
func ExampleSimulate() {
	run(testCounter)
	// Output: ok
}
