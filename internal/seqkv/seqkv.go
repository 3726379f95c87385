// Package seqkv is a client of Maelstrom's sequentially consistent key-value store, the service "seq-kv".
//
// What the store promises, and what it does not, is in Maelstrom's service.clj: it keeps its last 32 states. A request
// that changes nothing may be answered from any of them that is not older than the newest one its caller has seen, so a
// read can return an old value, and a compare-and-swap can fail although its from is the current value. A request that
// does change something takes effect on the newest state, and its caller has then seen that.
//
// How long to wait for an answer follows from the measured round trips (RFC 6298). What may have taken effect is not
// repeated here: only the caller knows what that means.
package seqkv

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
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

	mu  sync.Mutex
	rtt rtt.Estimator
}

// New returns a client that talks through n, and takes its jitter from random.
func New(n *node.Node, random *rand.Rand) *Client { return &Client{node: n, random: random} }

// RTT returns the smoothed round-trip time to the store (0 before the first), and the time-out that follows from it.
func (c *Client) RTT() (smoothed, timeout time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rtt.Smoothed(), c.rtt.Timeout()
}

// CompareAndSwap sets key to the value to if it has the value from. A key that does not exist is created if create is
// set, whatever from is. It returns a *maelstrom.RPCError of code 22 if key has another value, or may have had one; of
// code 20 if it does not exist; and context.DeadlineExceeded if the store did not answer in time, so that nobody knows
// whether it took effect.
func (c *Client) CompareAndSwap(ctx context.Context, key string, from, to json.RawMessage, create bool) error {
	sent := time.Now()
	_, timeout := c.RTT()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := c.node.Call(ctx, maelstrom.SeqKV, struct {
		Type   string          `json:"type"`
		Key    string          `json:"key"`
		From   json.RawMessage `json:"from"`
		To     json.RawMessage `json:"to"`
		Create bool            `json:"create_if_not_exists,omitempty"`
	}{"cas", key, from, to, create}, "cas_ok", nil)
	if ctx.Err() == nil {
		c.sample(sent)
	}
	return err
}

// Refresh reads key as new as the store can be made to show it. Before the read it writes mark, which must be a value
// that scratch, a key of this node's own, never had: that brings the caller to the newest state. Without a mark it only
// reads. It repeats this until it has an answer, sooner than the answer to the last can be known to be lost,
// and takes whichever comes first. It returns a *maelstrom.RPCError if the store answers with an error (of code 20 if key
// does not exist), and the context's error when that ends.
//
// It is the caller who must not rely on the value being current: the read may overtake the write.
func (c *Client) Refresh(ctx context.Context, key, scratch, mark string) (json.RawMessage, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		value json.RawMessage
		err   error
	}
	answers := make(chan answer)
	for attempt := 1; ; attempt++ {
		if mark != "" {
			if err := c.node.Post(maelstrom.SeqKV, struct {
				Type  string `json:"type"`
				Key   string `json:"key"`
				Value string `json:"value"`
			}{"write", scratch, fmt.Sprintf("%s.%d", mark, attempt)}); err != nil {
				return nil, err
			}
		}
		go func() {
			value, err := c.read(ctx, key)
			select {
			case answers <- answer{value, err}:
			case <-ctx.Done():
			}
		}()
		_, timeout := c.RTT()
		again := time.NewTimer(timeout + rtt.Backoff(attempt, c.random))
		select {
		case a := <-answers:
			again.Stop()
			return a.value, a.err
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			return nil, ctx.Err()
		}
	}
}

func (c *Client) read(ctx context.Context, key string) (json.RawMessage, error) {
	sent := time.Now()
	var reply struct {
		Value json.RawMessage `json:"value"`
	}
	err := c.node.Call(ctx, maelstrom.SeqKV, struct {
		Type string `json:"type"`
		Key  string `json:"key"`
	}{"read", key}, "read_ok", &reply)
	if ctx.Err() == nil {
		c.sample(sent)
	}
	return reply.Value, err
}

func (c *Client) sample(sent time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rtt.Sample(time.Since(sent))
}
