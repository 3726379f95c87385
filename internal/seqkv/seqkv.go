// Package seqkv is a client of Maelstrom's sequentially consistent key-value store, the service "seq-kv".
//
// What the store promises is defined by Maelstrom's service.clj. The store keeps its last 32 states. It may answer a request
// that changes nothing from any of them that is not older than the newest one its caller has seen. So a read can return an
// old value, and a compare-and-swap can fail although its from is the current value. A request that changes something takes
// effect on the newest state, which its caller has then seen.
//
// The client derives its timeout from measured round trips (RFC 6298). After the timeout it sends a request again, but an
// answer to an earlier copy still counts. Tried and rejected: after a timeout, reading anew instead of sending the swap again.
package seqkv

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/node"
	"maelstrom-counter/internal/rtt"
)

// A Client sends the requests of one node. RTT is safe for concurrent use; the other methods are not.
type Client struct {
	node   *node.Node
	random *rand.Rand

	unanswered int // requests since the last answer

	mu  sync.Mutex // guards rtt
	rtt rtt.Estimator
}

// New returns a client that talks through n, and takes its jitter from random.
func New(n *node.Node, random *rand.Rand) *Client { return &Client{node: n, random: random} }

// RTT returns the smoothed round-trip time to the store (0 before the first answer), and the timeout that follows from it.
func (c *Client) RTT() (smoothed, timeout time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rtt.Smoothed(), c.rtt.Timeout()
}

// CompareAndSwap replaces the value of key by to if it is from. A nil from stands for a key that does not exist. The request may
// be sent more than once, but at most one copy takes effect if the key never has the same value twice. CompareAndSwap returns a
// *maelstrom.RPCError if the store refused (code 20 if the key does not exist, 22 if it has another value), and the context's
// error if there was no answer in time. After either error, the swap may have taken effect, or still may. If a refusal tells what
// the key holds, CompareAndSwap returns that, too. Tried and rejected: reading anew instead; a read right behind the swap.
//
// The store may refuse from an old state, and so tell an old value. If mark is not empty, a version of it is written to scratch
// first, as by Refresh. If the mark is new, the value told is then most likely the newest.
func (c *Client) CompareAndSwap(ctx context.Context, key string, from, to json.RawMessage, scratch, mark string) (told json.RawMessage, err error) {
	create := from == nil
	if create {
		from = to // not null, which the key might hold; it holds to only if this swap has already taken effect
	}
	refusals := []int{maelstrom.KeyDoesNotExist, maelstrom.PreconditionFailed}
	if create {
		refusals = refusals[1:]
	}
	return insist(ctx, c, refusals, func(ctx context.Context, attempt int) (json.RawMessage, error) {
		if err := c.advance(scratch, mark, attempt); err != nil {
			return nil, err
		}
		err := c.ask(swap{"cas", key, from, to, create})(ctx, "cas_ok", nil)
		return toldBy(err), err
	})
}

// toldBy returns the value that the key holds according to a refusal, or nil if err does not tell one. The text of Maelstrom's
// store is "current value X is not Y". The values are as Clojure prints them: a map with strings as keys as in JSON, but with a
// space, and no colon, behind each key. An X with " is not " in a name tells nothing.
func toldBy(err error) json.RawMessage {
	refusal, _ := errors.AsType[*maelstrom.RPCError](err)
	if refusal == nil {
		return nil
	}
	text, isCurrent := strings.CutPrefix(refusal.Text, "current value ")
	printed, _, isOther := strings.Cut(text, " is not ")
	if !isCurrent || !isOther {
		return nil
	}
	value := clojureString.ReplaceAllStringFunc(printed, func(s string) string {
		if key, ok := strings.CutSuffix(s, " "); ok {
			return key + ":"
		}
		return s
	})
	if !json.Valid([]byte(value)) {
		return nil
	}
	return json.RawMessage(value)
}

// clojureString matches a string, and the space behind it if there is one: then the string is a key, since behind other elements of
// a map there is a comma or the end.
var clojureString = regexp.MustCompile(`"(?:[^"\\]|\\.)*" ?`)

// The requests to the store, and the answer to a read.
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

// Refresh reads the newest value of key that the store can be made to show. Before the read it writes a version of mark to
// scratch, a key of this node's own. That brings the node to the newest state, if the caller passes a new mark each time. If mark
// is empty, Refresh only reads. It repeats write and read after each timeout, and returns the first answer that comes. It returns
// a *maelstrom.RPCError of code 20 if key does not exist, and the context's error if there was no answer in time.
//
// The caller must not rely on the value being current, because the read may overtake the write. Tried and rejected: reading anew
// without a write before it.
func (c *Client) Refresh(ctx context.Context, key, scratch, mark string) (json.RawMessage, error) {
	return insist(ctx, c, []int{maelstrom.KeyDoesNotExist}, func(ctx context.Context, attempt int) (json.RawMessage, error) {
		if err := c.advance(scratch, mark, attempt); err != nil {
			return nil, err
		}
		var reply value
		err := c.ask(read{"read", key})(ctx, "read_ok", &reply)
		return reply.Value, err
	})
}

// Write writes a version of mark to key, and waits until that is done. From then on the store shows this node no older state, if
// the caller passes a new mark each time.
func (c *Client) Write(ctx context.Context, key, mark string) error {
	_, err := insist(ctx, c, nil, func(ctx context.Context, attempt int) (struct{}, error) {
		return struct{}{}, c.ask(newWrite(key, mark, attempt))(ctx, "write_ok", nil)
	})
	return err
}

// advance writes a version of mark to scratch, without waiting for the answer. It does nothing if mark is empty.
func (c *Client) advance(scratch, mark string, attempt int) error {
	if mark == "" {
		return nil
	}
	return c.node.Post(maelstrom.SeqKV, newWrite(scratch, mark, attempt))
}

func newWrite(key, mark string, attempt int) write {
	return write{"write", key, fmt.Sprintf("%s.%d", mark, attempt)}
}

// insist calls ask until a call returns an answer or ctx ends. After each timeout and a jittered pause it calls ask again, while
// the earlier calls still wait for their answers. Of the error replies, only those with a code in refusals count as answers. Any
// other is ignored, as if there were no reply.
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

// ask sends one request. It returns a function that waits for the answer and takes a sample of the round trip.
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
