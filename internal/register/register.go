// Package register presents the counter's key in the store as a register of ledger values, with Read and Swap. Package seqkv
// describes what the store promises, and repeats requests.
package register

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/ledger"
	"maelstrom-counter/internal/seqkv"
)

// ErrConflict says that the store refused a swap. Either the key did not hold the value to be replaced, or the store answered
// from an old state, in which it did not.
var ErrConflict = errors.New("the store holds another value")

// A BadValueError says that the key holds something that no counter has written.
type BadValueError struct {
	Key    string
	Stored json.RawMessage
	Err    error // what is wrong with it
}

func (e *BadValueError) Error() string {
	return fmt.Sprintf("key %q of the store holds %.80q: %v", e.Key, e.Stored, e.Err)
}

func (e *BadValueError) Unwrap() error { return e.Err }

// A Version is a value as it stands in the store. The zero Version is that of a key that does not exist.
type Version struct {
	Value  ledger.Value
	stored json.RawMessage
	shown  time.Time // when the store has shown it, or taken it
	dated  bool      // it may have been old already when it was shown
}

// A Register is one node's view of the key. Only RTT is safe for concurrent use.
type Register struct {
	store   *seqkv.Client
	key     string
	scratch string // a key of the node's own
	nonce   int64  // a number that no other life of the node has
	marks   int
	mistold bool // a refusal has told the very value that the swap was to replace, so no refusal is believed any more
}

// New returns the register at key, for the life of a node that nonce names.
func New(store *seqkv.Client, key, node string, nonce int64) *Register {
	return &Register{store: store, key: key, scratch: key + "/sync/" + node, nonce: nonce}
}

// RTT returns the smoothed round-trip time to the store (0 before the first answer), and the timeout that follows from it.
func (r *Register) RTT() (smoothed, timeout time.Duration) { return r.store.RTT() }

// Read returns the newest value that the store can be made to show. It may still be an old one. Before Read returns a
// *BadValueError it reads once more, behind a write that it waits for, so it does not report a value that has since been
// repaired. It returns the context's error if there is no answer in time.
func (r *Register) Read(ctx context.Context) (Version, error) {
	mark := r.mark()
	v, err := r.look(ctx, mark)
	if _, bad := errors.AsType[*BadValueError](err); bad {
		if err := r.store.Write(ctx, r.scratch, mark+".sure"); err != nil {
			return Version{}, err
		}
		return r.look(ctx, "")
	}
	return v, err
}

func (r *Register) look(ctx context.Context, mark string) (Version, error) {
	raw, err := r.store.Refresh(ctx, r.key, r.scratch, mark)
	switch {
	case maelstrom.ErrorCode(err) == maelstrom.KeyDoesNotExist:
		return Version{shown: time.Now()}, nil
	case err != nil:
		return Version{}, err
	}
	return r.parse(raw)
}

func (r *Register) parse(raw json.RawMessage) (Version, error) {
	value, err := ledger.Parse(raw)
	if err != nil {
		return Version{}, &BadValueError{r.key, raw, err}
	}
	return Version{Value: value, stored: raw, shown: time.Now()}, nil
}

// mark returns a text that was never written to scratch.
func (r *Register) mark() string {
	r.marks++
	return fmt.Sprintf("%d.%d", r.nonce, r.marks)
}

// Swap replaces from by to, a value that the key never had, and returns the new version. If the store refuses, Swap returns
// ErrConflict and the version that the store has told, or nil if it has told none. If there was no answer in time, Swap returns
// the context's error. After any error, the swap may have taken effect, or still may.
//
// A refusal may come from an old state, and tell an old value. If from had been known for longer than a round trip, many states may
// have followed. Then the next swap, from the value that was told, goes behind a write, as in Read. If that swap is refused too, the
// refusal most likely tells the newest value. Tried and rejected: a write before each swap after a conflict; no write before any swap.
func (r *Register) Swap(ctx context.Context, from Version, to ledger.Value) (*Version, error) {
	raw, err := json.Marshal(to)
	if err != nil {
		panic(fmt.Sprintf("register: a value that cannot be marshalled: %+v: %v", to, err))
	}
	mark := ""
	if from.dated {
		mark = r.mark()
	}
	trip, _ := r.RTT()
	old := time.Since(from.shown) > trip
	told, err := r.store.CompareAndSwap(ctx, r.key, from.stored, raw, r.scratch, mark)
	switch code := maelstrom.ErrorCode(err); {
	case err == nil:
		return &Version{Value: to, stored: raw, shown: time.Now()}, nil
	case code != maelstrom.PreconditionFailed && code != maelstrom.KeyDoesNotExist:
		return nil, err
	}
	v, err := r.parse(told)
	r.mistold = r.mistold || err == nil && v.Value.Equal(from.Value)
	if err != nil || r.mistold {
		return nil, ErrConflict
	}
	v.dated = old && mark == ""
	return &v, ErrConflict
}
