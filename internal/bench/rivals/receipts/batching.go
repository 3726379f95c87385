package receipts

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
)

// A batcher is a counter whose requests do not take turns: all that wait are
// included together, as one sum with one receipt.
type batcher struct {
	*counter
	turns   sync.WaitGroup // those that have not ended
	mu      sync.Mutex
	waiting []*request // guarded by mu
}

// A request waits, or is in the sum that is being included.
type request struct {
	delta    int64
	deadline time.Time
	done     chan result // has room for the result
}

type result struct {
	total int64
	err   error
}

// ServeBatches makes n a counter as Serve does, with all waiting requests in
// each swap. When n.Run has returned, wait waits for the last turn to end.
func ServeBatches(n *maelstrom.Node, random *rand.Rand) (wait func()) {
	b := &batcher{counter: newCounter(n, random)}
	handle(n, b.add)
	return b.turns.Wait
}

// add waits until delta has been included with others, or until its time is up.
// If no turn is taken, it takes one for all that wait.
func (b *batcher) add(delta int64) (total int64, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	r := &request{delta, time.Now().Add(requestTimeout), make(chan result, 1)}
	b.mu.Lock()
	b.waiting = append(b.waiting, r)
	b.mu.Unlock()
	turn := b.turn
	for {
		select {
		case turn <- struct{}{}:
			turn = nil // one is enough, as it includes this request
			b.turns.Go(b.serve)
		case done := <-r.done:
			return done.total, done.err
		case <-ctx.Done():
			return 0, b.giveUp(ctx, r)
		}
	}
}

// giveUp returns the error for a request whose time is up.
func (b *batcher) giveUp(ctx context.Context, r *request) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.waiting, r); i >= 0 {
		b.waiting = slices.Delete(b.waiting, i, i+1)
		return maelstrom.NewRPCError(maelstrom.TemporarilyUnavailable, "earlier requests took too long")
	}
	return ctx.Err()
}

// serve includes all requests that wait, and ends the turn.
func (b *batcher) serve() {
	defer func() { <-b.turn }()
	b.mu.Lock()
	batch := b.waiting
	b.waiting = nil
	b.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	// Older requests give up earlier, each by itself.
	ctx, cancel := context.WithDeadline(context.Background(), batch[len(batch)-1].deadline)
	defer cancel()
	full := maelstrom.NewRPCError(maelstrom.Abort, "the total would pass 2^53-1")
	for len(batch) > 0 {
		var sum int64
		batch = slices.DeleteFunc(batch, func(r *request) bool {
			fits := b.known.Total+sum <= most-r.delta
			if fits {
				sum += r.delta
			} else {
				r.done <- result{err: full}
			}
			return !fits
		})
		total, err := b.include(ctx, sum)
		if maelstrom.ErrorCode(err) == maelstrom.Abort {
			continue // no try can succeed any more; some of the batch may still fit
		}
		for _, r := range batch {
			r.done <- result{total, err}
		}
		return
	}
}
