// Package seqkv is a client of Maelstrom's sequentially consistent key-value store, the service "seq-kv".
//
// What the store promises, and what it does not, is in Maelstrom's service.clj: it keeps its last 32 states. A request
// that changes nothing may be answered from any of them that is not older than the newest one its caller has seen, so a
// read can return an old value, and a compare-and-swap can fail although its from is the current value. A request that
// does change something takes effect on the newest state, and its caller has then seen that.
//
// How long to wait for an answer follows from the measured round trips (RFC 6298). Then the request is sent again, but an
// answer to an earlier copy still counts.
package seqkv

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/node"
	"maelstrom-counter/internal/rtt"
)

// A Client sends requests for one node. RTT is safe for concurrent use, the other methods are not.
type Client struct {
	node   *node.Node
	random *rand.Rand

	unanswered int // requests since the last answer

	mu  sync.Mutex // guards rtt
	rtt rtt.Estimator
}

// New returns a client that talks through n, and takes its jitter from random.
func New(n *node.Node, random *rand.Rand) *Client { return &Client{node: n, random: random} }

// RTT returns the smoothed round-trip time to the store (0 before the first), and the timeout that follows from it.
func (c *Client) RTT() (smoothed, timeout time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rtt.Smoothed(), c.rtt.Timeout()
}

// CompareAndSwap replaces the value of key by to if it is from, or, if from is nil, if there is none. It may send the request
// more than once, but at most one copy takes effect if the key never has the same value twice. It returns a
// *maelstrom.RPCError if the store refused (code 20 if there is no value, 22 if it is another), and
// the context's error if there was no answer in time. After either error, the swap may have taken effect, or still may.
//
// To peek is to send a read right behind the swap. If the swap is refused, the value that the read has shown is returned with the
// refusal, or nil if it has shown none: most likely it is the newest.
func (c *Client) CompareAndSwap(ctx context.Context, key string, from, to json.RawMessage, peek bool) (json.RawMessage, error) {
	create := from == nil
	if create {
		from = to // the key holds to only if this swap has already happened, while it might really hold null
	}
	refusals := []int{maelstrom.KeyDoesNotExist, maelstrom.PreconditionFailed}
	if create {
		refusals = refusals[1:]
	}
	return insist(ctx, c, refusals, func(ctx context.Context, _ int) (json.RawMessage, error) {
		answer := c.ask(swap{"cas", key, from, to, create})
		if !peek {
			return nil, answer(ctx, "cas_ok", nil)
		}
		shown := c.ask(read{"read", key})
		err := answer(ctx, "cas_ok", nil)
		if err == nil {
			ctx, cancel := context.WithCancel(ctx)
			cancel() // nobody needs to know
			_ = shown(ctx, "read_ok", nil)
			return nil, nil
		}
		_, timeout := c.RTT()
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		var reply value
		_ = shown(ctx, "read_ok", &reply) // without it, there is nothing to return
		return reply.Value, err
	})
}

// The requests to the store, and what a read is answered.
type (
	swap struct {
		Type   string          `json:"type"`
		Key    string          `json:"key"`
		From   json.RawMessage `json:"from"`
		To     json.RawMessage `json:"to"`
		Create bool            `json:"create_if_not_exists,omitempty"`
	}
	read struct {
		Type string `json:"type"`
		Key  string `json:"key"`
	}
	write struct {
		Type  string `json:"type"`
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	value struct {
		Value json.RawMessage `json:"value"`
	}
)

// Refresh reads the newest value of key that the store can be made to show. Before the read it writes mark, which must be a value
// that scratch, a key of this node's own, never had: that brings the caller to the newest state. Without a mark it only
// reads. It repeats this until it has an answer, without waiting until the last request is surely lost,
// and returns the first answer. It returns a *maelstrom.RPCError of code 20 if key does not exist, and the context's
// error when that ends.
//
// The caller must not rely on the value being current: the read may overtake the write.
func (c *Client) Refresh(ctx context.Context, key, scratch, mark string) (json.RawMessage, error) {
	return insist(ctx, c, []int{maelstrom.KeyDoesNotExist}, func(ctx context.Context, attempt int) (json.RawMessage, error) {
		if mark != "" {
			if err := c.node.Post(maelstrom.SeqKV, newWrite(scratch, mark, attempt)); err != nil {
				return nil, err
			}
		}
		var reply value
		err := c.ask(read{"read", key})(ctx, "read_ok", &reply)
		return reply.Value, err
	})
}

// Write sets key to a text that it never had, a version of mark, and waits until that is done: then the store shows this
// node nothing older.
func (c *Client) Write(ctx context.Context, key, mark string) error {
	_, err := insist(ctx, c, nil, func(ctx context.Context, attempt int) (struct{}, error) {
		return struct{}{}, c.ask(newWrite(key, mark, attempt))(ctx, "write_ok", nil)
	})
	return err
}

func newWrite(key, mark string, attempt int) write {
	return write{"write", key, fmt.Sprintf("%s.%d", mark, attempt)}
}

// insist asks until there is an answer or ctx ends: again after each timeout and a jittered pause, while it still listens for
// the answers to what it has asked before. Of the error replies, only those with a code in refusals count as answers.
// Any other is ignored, as if there were no reply.
func insist[T any](ctx context.Context, c *Client, refusals []int, ask func(ctx context.Context, attempt int) (T, error)) (T, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer)
	for attempt := 1; ; attempt++ {
		go func() {
			value, err := ask(ctx, attempt)
			if err != nil && !slices.Contains(refusals, maelstrom.ErrorCode(err)) {
				return
			}
			select {
			case answers <- answer{value, err}:
			case <-ctx.Done():
			}
		}()
		_, timeout := c.RTT()
		c.unanswered++
		again := time.NewTimer(timeout + rtt.Backoff(c.unanswered, c.random))
		select {
		case a := <-answers:
			again.Stop()
			c.unanswered = 0
			return a.value, a.err
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			var none T
			return none, ctx.Err()
		}
	}
}

// ask sends one request, and returns what waits for the answer and learns from the time that it takes.
func (c *Client) ask(request any) (wait func(ctx context.Context, want string, reply any) error) {
	sent := time.Now()
	answer := c.node.Ask(maelstrom.SeqKV, request)
	return func(ctx context.Context, want string, reply any) error {
		err := answer(ctx, want, reply)
		if ctx.Err() == nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.rtt.Sample(time.Since(sent))
		}
		return err
	}
}
