package linear_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/linear"
	"maelstrom-counter/internal/bench/maelstromtest"
)

// shared returns a counter whose nodes keep the total in one variable, so that
// it is linearizable whatever happens. Before and after a request takes effect,
// its node asks a store. So requests take long, overlap, and get lost as those
// of a real counter do.
func shared() maelstromtest.Program {
	var total atomic.Int64
	return func(env maelstromtest.Env) error {
		n := maelstrom.NewNode()
		n.Stdin, n.Stdout = env.Stdin, env.Stdout
		ask := func(ctx context.Context) error {
			_, err := maelstrom.NewLinKV(n).Read(ctx, "nothing")
			if maelstrom.ErrorCode(err) == maelstrom.KeyDoesNotExist {
				return nil
			}
			return err
		}
		serve := func(msg maelstrom.Message) error {
			ctx, cancel := context.WithTimeout(context.Background(), 4*time.Second)
			defer cancel()
			var body struct{ Delta int64 }
			if err := json.Unmarshal(msg.Body, &body); err != nil {
				return err
			}
			if err := ask(ctx); err != nil {
				return err // the client does not learn whether an add took effect
			}
			value := total.Add(body.Delta)
			if err := ask(ctx); err != nil {
				return err
			}
			if msg.Type() == "add" {
				return n.Reply(msg, map[string]any{"type": "add_ok"})
			}
			return n.Reply(msg, map[string]any{"type": "read_ok", "value": value})
		}
		n.Handle("add", serve)
		n.Handle("read", serve)
		return n.Run()
	}
}

// record returns what 30 clients see of a counter under all faults.
func record(b *testing.B, seed uint64) (history []linear.Op) {
	r := maelstromtest.Simulate(b, maelstromtest.Config{
		Rate: 100, Concurrency: 30, TimeLimit: 20 * time.Second, Latency: 5 * time.Millisecond,
		Nemesis: maelstromtest.AllFaults(), Seed: seed,
	}, shared())
	for _, op := range r.History {
		o := linear.Op{Read: op.F == "read", Value: op.Int(), Invoke: int64(op.Invoke), Complete: int64(op.Complete)}
		switch {
		case op.Outcome == maelstromtest.OK:
			history = append(history, o)
		case !o.Read && op.Outcome == maelstromtest.Info:
			o.Complete = linear.Never
			history = append(history, o)
		}
	}
	return history
}

// BenchmarkPorcupine decides the same histories with this package and with
// porcupine, which it lets try for 10 s.
func BenchmarkPorcupine(b *testing.B) {
	log.SetOutput(io.Discard) // where the library logs every message
	for seed := range uint64(8) {
		history := record(b, seed)
		b.Run(fmt.Sprintf("seed=%d/linear", seed), func(b *testing.B) {
			for b.Loop() {
				if answer, _ := linear.Check(history, 1e7); answer != linear.Yes {
					b.Fatalf("seed %d: answer %v", seed, answer)
				}
			}
		})
		b.Run(fmt.Sprintf("seed=%d/porcupine", seed), func(b *testing.B) {
			gaveUp := 0
			for b.Loop() {
				switch porcupine.CheckOperationsTimeout(linear.Model, linear.Operations(history), 10*time.Second) {
				case porcupine.Illegal:
					b.Fatalf("seed %d: porcupine takes it for wrong", seed)
				case porcupine.Unknown:
					gaveUp++
				}
			}
			b.ReportMetric(float64(gaveUp)/float64(b.N), "gave-up/op")
		})
	}
}
