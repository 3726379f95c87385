// Package register presents one key of the store as a register that holds a
// value of the counter. A node reads the register and swaps its value.
//
//	r := register.New(n, "counter", random)
//	err := r.Read(ctx)       // then Shown and Base are what the store showed
//	next := r.Base().Clone() // and something is added to next
//	err = r.Swap(ctx, next)  // then, if err is nil, Shown and Base are next
//
// The store is Maelstrom's service "seq-kv", which is defined by service.clj.
// It keeps its last 32 states. It may answer a request that changes nothing
// from any of them that is not older than the newest one that its caller has
// seen, and a caller that is 32 states behind may even get an older one. So a
// read can return an old value, and a compare-and-swap can fail although its
// from is the current value. A request that changes something takes effect on
// the newest state, which its caller has then seen.
//
// When the store refuses a swap, the text of its refusal tells what the key
// holds (see told.go). No document promises such texts, and one may be false.
// So a value that was only told can become Base, from which the next swap
// starts: if the text was false, that swap is refused, too. It never becomes
// Shown.
package register

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/ledger"
	"maelstrom-counter/internal/node"
	"maelstrom-counter/internal/rtt"
)

// ErrConflict says that the store refused a swap, because the key did not hold
// Base. An earlier copy of the same swap may have taken effect. Or the store
// answered from an old state, in which the key did not yet hold Base.
var ErrConflict = errors.New("the store holds another value")

// ErrBadValue says that the key holds a value that this program did not write.
var ErrBadValue = errors.New("not written by this program")

// A Register is one node's view of the key. Only RTT is safe for concurrent
// use.
type Register struct {
	node   *node.Node
	key    string
	random *rand.Rand

	view       ledger.View
	marks      int // how many marks have been written
	unanswered int // requests since the last answer

	mu  sync.Mutex // guards rtt
	rtt rtt.Estimator
}

// New returns the register at key. It talks through n, which must know its name
// before the first read, and takes its jitter from random.
func New(n *node.Node, key string, random *rand.Rand) *Register {
	return &Register{node: n, key: key, random: random}
}

// Shown returns the last value that a read has shown or a swap has written. The
// store has held it. The caller must not change it.
func (r *Register) Shown() ledger.Value { return r.view.Shown.Value }

// Base returns the value that the next swap replaces: Shown, or a value that a
// refusal has told since. The caller must not change it.
func (r *Register) Base() ledger.Value { return r.view.Base.Value }

// Told reports whether Base was only told.
func (r *Register) Told() bool { return r.view.Told() }

// RTT returns the smoothed round-trip time to the store (0 before the first
// answer), and the timeout that follows from it.
func (r *Register) RTT() (smoothed, timeout time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rtt.Smoothed(), r.rtt.Timeout()
}

// Read reads the newest value that the store can be made to show. It sends the
// read right behind a write that changes another key, which in Maelstrom brings
// this node to the newest state. As the read may overtake the write, the value
// may still be an old one.
//
// Read returns ErrBadValue only if the key still holds a bad value after a
// write that it has waited for. So it does not report one that has since been
// mended. It returns the context's error if there is no answer in time.
func (r *Register) Read(ctx context.Context) error { return r.read(ctx, true) }

// Confirm reads the value without a write. The store shows none that is older
// than the state from which it last refused a swap of this node. So Confirm
// finds out whether what the refusal told is true. Its errors are those of
// Read.
func (r *Register) Confirm(ctx context.Context) error { return r.read(ctx, false) }

func (r *Register) read(ctx context.Context, marked bool) error {
	v, err := r.readOnce(ctx, marked)
	if errors.Is(err, ErrBadValue) {
		_, err = r.insist(ctx, "write_ok", nil, r.mark)
		if err == nil {
			v, err = r.readOnce(ctx, false)
		}
	}
	if err == nil {
		r.view.Show(v)
	}
	return err
}

// readOnce reads the key, behind a write of a mark if marked is set.
func (r *Register) readOnce(ctx context.Context, marked bool) (ledger.Version, error) {
	raw, err := r.insist(ctx, "read_ok", []int{maelstrom.KeyDoesNotExist}, func() request {
		if marked {
			_ = r.node.Post(maelstrom.SeqKV, r.mark()) // if it fails, so does the read
		}
		return request{Type: "read", Key: r.key}
	})
	switch {
	case maelstrom.ErrorCode(err) == maelstrom.KeyDoesNotExist:
		return ledger.Version{}, nil
	case err != nil:
		return ledger.Version{}, err
	}
	return r.parse(raw)
}

func (r *Register) parse(raw json.RawMessage) (ledger.Version, error) {
	value, err := ledger.Parse(raw)
	if err != nil {
		err = fmt.Errorf("key %q of the store holds %.80q: %w: %w", r.key, raw, ErrBadValue, err)
	}
	return ledger.Version{Value: value, Stored: raw}, err
}

// mark returns a write of a text that was never written, to a key of this
// node's own. So it changes the store.
func (r *Register) mark() request {
	r.marks++
	return request{Type: "write", Key: r.key + "/sync/" + r.node.ID(), Value: fmt.Sprintf("%d.%d", r.node.Nonce(), r.marks)}
}

// Swap replaces Base by to, a value that the key never had. If the store
// refuses, Swap returns ErrConflict. Then Base is what the refusal told, or
// Shown if it told nothing new. If there was no answer in time, Swap returns
// the context's error. After any error, the swap may have taken effect, or
// still may.
func (r *Register) Swap(ctx context.Context, to ledger.Value) error {
	raw, err := json.Marshal(to)
	if err != nil {
		panic(fmt.Sprintf("register: a value that cannot be marshalled: %+v: %v", to, err))
	}
	cas := request{Type: "cas", Key: r.key, From: r.view.Base.Stored, To: raw}
	refusals := []int{maelstrom.PreconditionFailed, maelstrom.KeyDoesNotExist}
	if cas.From == nil {
		// A swap that creates the key must not match a key that exists. So its
		// from is to, which the key holds only once that has been written. Null
		// will not do: the key may hold it.
		cas.From, cas.Create, refusals = raw, true, refusals[:1]
	}
	_, err = r.insist(ctx, "cas_ok", refusals, func() request { return cas })
	refusal, refused := errors.AsType[*maelstrom.RPCError](err)
	switch {
	case err == nil:
		r.view.Show(ledger.Version{Value: to, Stored: raw})
		return nil
	case !refused:
		return err
	}
	told, err := r.parse(toldBy(refusal.Text))
	if err != nil || told.Value.Equal(r.Base()) {
		told = r.view.Shown // that tells nothing new
	}
	r.view.Tell(told)
	return ErrConflict
}

// A request to the store is a read, a write, or a cas.
type request struct {
	Type   string          `json:"type"`
	Key    string          `json:"key"`
	Value  string          `json:"value,omitempty"` // of a write
	From   json.RawMessage `json:"from,omitempty"`  // this and the rest of a cas
	To     json.RawMessage `json:"to,omitempty"`
	Create bool            `json:"create_if_not_exists,omitempty"`
}

// insist sends a request until it is answered or ctx ends, and returns the
// answer's value, if it has one. After each timeout and a jittered pause it
// sends the request that the next call of next returns, while it still listens
// for answers to the earlier ones. An error is an answer only if its code is
// one of refusals. Any other is ignored, as if there were no reply.
func (r *Register) insist(ctx context.Context, want string, refusals []int, next func() request) (json.RawMessage, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		value json.RawMessage
		err   error
	}
	answers := make(chan answer)
	for {
		sent := time.Now()
		wait := r.node.Ask(maelstrom.SeqKV, next())
		go func() {
			var reply struct{ Value json.RawMessage }
			err := wait(ctx, want, &reply)
			if err != nil && !slices.Contains(refusals, maelstrom.ErrorCode(err)) {
				return
			}
			r.mu.Lock()
			r.rtt.Sample(time.Since(sent))
			r.mu.Unlock()
			select {
			case answers <- answer{reply.Value, err}:
			case <-ctx.Done():
			}
		}()
		_, timeout := r.RTT()
		r.unanswered++
		select {
		case a := <-answers:
			r.unanswered = 0
			return a.value, a.err
		case <-time.After(timeout + rtt.Backoff(r.unanswered, r.random)):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
