package rivals

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
)

// attemptTimeout is how long the reply to one request to the store is waited for.
const attemptTimeout = time.Second

// A store is seq-kv as one node sees it. It stands in for the library's KV, whose every method goes through SyncRPC; see
// call for what is wrong with that.
type store struct{ node *maelstrom.Node }

// read returns the value of a key, which may be old, or 0 if there is no such key.
func (s store) read(ctx context.Context, key string) (int64, error) {
	reply, err := s.insist(ctx, map[string]any{"type": "read", "key": key})
	if maelstrom.ErrorCode(err) == maelstrom.KeyDoesNotExist {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", key, err)
	}
	var body struct {
		Value int64 `json:"value"`
	}
	if err := json.Unmarshal(reply.Body, &body); err != nil {
		return 0, fmt.Errorf("read %s: %w", key, err)
	}
	return body.Value, nil
}

// write sets a key. If it fails it may still take effect.
func (s store) write(ctx context.Context, key string, value int64) error {
	if _, err := s.insist(ctx, map[string]any{"type": "write", "key": key, "value": value}); err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return nil
}

// compareAndSwap sets a key if its value is from or there is no such key. It tries once. If there is no answer it may
// have taken effect or still take it.
func (s store) compareAndSwap(ctx context.Context, key string, from, to int64) error {
	_, err := call(ctx, s.node, map[string]any{
		"type": "cas", "key": key, "from": from, "to": to, "create_if_not_exists": true,
	})
	if err != nil {
		return fmt.Errorf("compare and swap %s: %w", key, err)
	}
	return nil
}

// insist repeats a request until the store answers or ctx ends.
func (s store) insist(ctx context.Context, body any) (maelstrom.Message, error) {
	for {
		reply, err := call(ctx, s.node, body)
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return reply, err
		}
	}
}

// call sends a request to the store and waits for the reply, up to attemptTimeout. An error reply is returned as an
// *RPCError.
//
// It does what the library's SyncRPC does but for one thing: the reply is put into a channel that has room for it.
// SyncRPC's has none, so that a reply later than the time-out leaves a goroutine behind that waits for ever, and with it
// Run, which waits for all of them at the end of input.
func call(ctx context.Context, n *maelstrom.Node, body any) (maelstrom.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	replies := make(chan maelstrom.Message, 1) // the library drops all but the first
	err := n.RPC(maelstrom.SeqKV, body, func(reply maelstrom.Message) error {
		replies <- reply
		return nil
	})
	if err != nil {
		return maelstrom.Message{}, err
	}
	select {
	case reply := <-replies:
		if err := reply.RPCError(); err != nil {
			return reply, err
		}
		return reply, nil
	case <-ctx.Done():
		return maelstrom.Message{}, ctx.Err()
	}
}
