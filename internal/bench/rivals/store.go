package rivals

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
)

// attemptTimeout is how long a node waits for the reply to one request to the
// store.
const attemptTimeout = time.Second

// A store is seq-kv as one node sees it. It replaces the library's KV, whose
// methods all use SyncRPC: see call for what is wrong with that.
type store struct{ node *maelstrom.Node }

// read returns the sum of the values of some keys, each of which may be old. A
// key that does not exist counts as 0. It asks for all of them at once, and
// then again for those that got no answer. It sends the requests in order, not
// from a goroutine for each key, so that a simulation with the same seed takes
// the same course.
func (s store) read(ctx context.Context, keys ...string) (int64, error) {
	var sum int64
	for len(keys) > 0 {
		value, unanswered, err := s.readOnce(ctx, keys)
		if err != nil {
			return 0, err
		}
		sum, keys = sum+value, unanswered
	}
	return sum, nil
}

// readOnce is one attempt at read. It returns the keys for which it got no
// answer.
func (s store) readOnce(ctx context.Context, keys []string) (sum int64, unanswered []string, err error) {
	attempt, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	answers := make([]<-chan maelstrom.Message, len(keys))
	for i, key := range keys {
		if answers[i], err = send(s.node, map[string]any{"type": "read", "key": key}); err != nil {
			return 0, nil, fmt.Errorf("read %s: %w", key, err)
		}
	}
	for i, key := range keys {
		value, err := valueOf(await(attempt, answers[i]))
		switch {
		case err == nil:
			sum += value
		case mayTryAgain(ctx, err):
			unanswered = append(unanswered, key)
		default:
			return 0, nil, fmt.Errorf("read %s: %w", key, err)
		}
	}
	return sum, unanswered, nil
}

// valueOf takes the value from the store's reply to a read.
func valueOf(reply maelstrom.Message, err error) (int64, error) {
	if maelstrom.ErrorCode(err) == maelstrom.KeyDoesNotExist {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var body struct {
		Value int64 `json:"value"`
	}
	err = json.Unmarshal(reply.Body, &body)
	return body.Value, err
}

// mayTryAgain reports whether an attempt got no answer, and there is time for
// another.
func mayTryAgain(ctx context.Context, err error) bool {
	return errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil
}

// write sets a key, and repeats that until the store answers. If it fails it
// may still take effect.
func (s store) write(ctx context.Context, key string, value int64) error {
	for {
		_, err := call(ctx, s.node, map[string]any{"type": "write", "key": key, "value": value})
		switch {
		case err == nil:
			return nil
		case !mayTryAgain(ctx, err):
			return fmt.Errorf("write %s: %w", key, err)
		}
	}
}

// compareAndSwap sets a key if its value is from or there is no such key. It
// tries once. If there is no answer, the swap may have taken effect, or may
// still do so.
func (s store) compareAndSwap(ctx context.Context, key string, from, to int64) error {
	_, err := call(ctx, s.node, map[string]any{
		"type": "cas", "key": key, "from": from, "to": to, "create_if_not_exists": true,
	})
	if err != nil {
		return fmt.Errorf("compare and swap %s: %w", key, err)
	}
	return nil
}

// call sends a request to the store and waits for the reply, up to
// attemptTimeout. An error reply is returned as an *RPCError.
//
// It differs from the library's SyncRPC in one thing: its channel has room for
// the reply. SyncRPC's channel has none. So after a reply that comes too late,
// a goroutine waits for ever to send it, and Run, which waits for all
// goroutines at the end of input, never returns.
func call(ctx context.Context, n *maelstrom.Node, body any) (maelstrom.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	answer, err := send(n, body)
	if err != nil {
		return maelstrom.Message{}, err
	}
	return await(ctx, answer)
}

// send is the first half of call.
func send(n *maelstrom.Node, body any) (<-chan maelstrom.Message, error) {
	answer := make(chan maelstrom.Message, 1) // the library drops all replies but the first
	return answer, n.RPC(maelstrom.SeqKV, body, func(reply maelstrom.Message) error {
		answer <- reply
		return nil
	})
}

// await is the second half of call. If ctx has ended but the answer is there,
// it returns the answer.
func await(ctx context.Context, answer <-chan maelstrom.Message) (maelstrom.Message, error) {
	var reply maelstrom.Message
	select {
	case reply = <-answer:
	case <-ctx.Done():
		select {
		case reply = <-answer:
		default:
			return reply, ctx.Err()
		}
	}
	if err := reply.RPCError(); err != nil {
		return reply, err
	}
	return reply, nil
}
