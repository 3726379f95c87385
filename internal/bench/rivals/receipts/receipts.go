// Package receipts is the smallest counter on seq-kv that is always right. This
// file is all of it, but for a main function that starts it:
//
//	n := maelstrom.NewNode()
//	receipts.Serve(n, rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())))
//	log.Fatal(n.Run())
package receipts

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
)

const (
	key            = "counter"
	most           = 1<<53 - 1       // the greatest integer that every JSON parser takes
	requestTimeout = 4 * time.Second // Maelstrom's clients wait for 5 s
	readTimeout    = time.Second     // for one answer of the store
)

// A value is what the key holds: the total and, for each node, the receipt of
// the last of its requests that is in the total.
type value struct {
	Total    int64             `json:"total"`
	Receipts map[string]string `json:"receipts"`
}

type counter struct {
	node   *maelstrom.Node
	turn   chan struct{} // full while a request has its turn; guards what follows
	random *rand.Rand
	known  value // what the last read has shown
}

// Serve makes n a counter. No two processes may have the same random numbers.
func Serve(n *maelstrom.Node, random *rand.Rand) {
	handle(n, newCounter(n, random).add)
}

// newCounter returns a counter. The first turn is that of init: the library
// handles each message in a goroutine, so a request might overtake it.
func newCounter(n *maelstrom.Node, random *rand.Rand) *counter {
	c := &counter{node: n, turn: make(chan struct{}, 1), random: random}
	c.turn <- struct{}{}
	n.Handle("init", func(maelstrom.Message) error { <-c.turn; return nil })
	return c
}

// handle makes n answer requests with what add returns, the new total.
func handle(n *maelstrom.Node, add func(delta int64) (total int64, err error)) {
	n.Handle("add", func(msg maelstrom.Message) error {
		var body struct{ Delta *int64 }
		if err := json.Unmarshal(msg.Body, &body); err != nil || body.Delta == nil || *body.Delta < 0 || *body.Delta > most {
			return maelstrom.NewRPCError(maelstrom.MalformedRequest, "delta must be an integer from 0 to 2^53-1")
		}
		if _, err := add(*body.Delta); err != nil {
			return err
		}
		return n.Reply(msg, map[string]any{"type": "add_ok"})
	})
	// A read is an add of 0. A plain read of the store may show an old total,
	// but no value that has the receipt is older than the request.
	n.Handle("read", func(msg maelstrom.Message) error {
		total, err := add(0)
		if err != nil {
			return err
		}
		return n.Reply(msg, map[string]any{"type": "read_ok", "value": total})
	})
}

// add waits for its turn, and then puts delta into the total.
func (c *counter) add(delta int64) (total int64, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
		return c.include(ctx, delta)
	case <-ctx.Done():
		return 0, maelstrom.NewRPCError(maelstrom.TemporarilyUnavailable, "earlier requests took too long")
	}
}

// include adds delta to the total, exactly once, and returns a total that
// contains it. It swaps the known value for one with the sum and the receipt,
// and reads the key, until the value that it reads has the receipt.
//
// It is safe to try again. Each try starts from a value without the receipt.
// When one has succeeded, the key holds the receipt until this node's next
// request, and as each request has a new one, no value ever comes back. So all
// other tries expect an old value, and fail. The answers to swaps do not
// matter.
func (c *counter) include(ctx context.Context, delta int64) (total int64, err error) {
	receipt := fmt.Sprintf("%016x", c.random.Uint64())
	for ctx.Err() == nil {
		if c.known.Total > most-delta { // no try can succeed now, as totals never fall
			return 0, maelstrom.NewRPCError(maelstrom.Abort, "the total would pass 2^53-1")
		}
		c.swap(receipt, delta)
		c.read(ctx)
		if c.known.Receipts[c.node.ID()] == receipt {
			return c.known.Total, nil
		}
		// A short random pause keeps nodes out of step. A node that paused for
		// long would fall behind.
		time.Sleep(time.Duration(c.random.Int64N(int64(time.Millisecond))))
	}
	return 0, ctx.Err() // sent as error 13: a swap may still be on its way
}

// swap asks the store to replace the known value if the key still holds it. If
// nothing is known it creates the key, which never holds the zero value.
func (c *counter) swap(receipt string, delta int64) {
	next := value{c.known.Total + delta, map[string]string{}}
	maps.Copy(next.Receipts, c.known.Receipts)
	next.Receipts[c.node.ID()] = receipt
	c.ask(map[string]any{"type": "cas", "key": key, "from": c.known, "to": next, "create_if_not_exists": true})
}

// read asks what the key holds. The answer may be old.
func (c *counter) read(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	select {
	case msg := <-c.ask(map[string]any{"type": "read", "key": key}):
		var ok struct{ Value value }
		if msg.Type() == "read_ok" && json.Unmarshal(msg.Body, &ok) == nil {
			c.known = ok.Value
		}
	case <-ctx.Done():
	}
}

// ask sends a request to the store. The channel that it returns has room for
// the answer. (SyncRPC's has none: a late answer leaves a goroutine behind.)
func (c *counter) ask(body map[string]any) <-chan maelstrom.Message {
	answer := make(chan maelstrom.Message, 1)
	_ = c.node.RPC(maelstrom.SeqKV, body, func(msg maelstrom.Message) error {
		answer <- msg
		return nil
	})
	return answer
}
