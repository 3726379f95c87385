// Maelstrom-counter is a node of Maelstrom's g-counter workload: a grow-only
// counter on one key of seq-kv, a store that promises no more than sequential
// consistency. Maelstrom starts several copies of it, which talk JSON over
// stdin and stdout.
//
// Each add counts exactly once, each read is linearizable, and each request is
// answered in time. That holds while messages between nodes and store are lost,
// delayed, duplicated and reordered, and while nodes are cut off, paused,
// killed and started again. It rests on four ideas:
//
//   - A fold is the sum of all adds that wait at one node. Each node has at
//     most one fold under way, and numbers its folds. A life is one run of a
//     node's process, named by the clock and a random number. The key holds the
//     total and, for each node, a receipt: the life and the number of the
//     node's last fold in the total. One compare-and-swap changes both. So a
//     fold that the receipt covers is not added again, and a node that does not
//     know whether its swap took effect simply tries again.
//   - A plain read of the store may show an old value. But each swap moves a
//     receipt, so no value comes twice, and a swap succeeds only on the newest
//     value. So a read is an add of 0: its swap proves that the value was the
//     newest.
//   - Nodes hand their folds to one of them, the combiner, so that without
//     faults no two swaps compete. Nothing depends on which node that is, or on
//     nodes agreeing about it: a node that gets no answer in time swaps by
//     itself.
//   - When several nodes swap, the winner of a swap waits for a moment. It
//     knows the newest value, so it would otherwise win each time.
//
// The first two ideas make the counter correct. They are in two pure packages:
// ledger relates folds to values, and desk decides how each request is
// answered. The other two make it fast: peers chooses the combiner, and pace
// says when to hold back. This file connects these packages. It follows a
// request, which comes in, gets into the total through another node or through
// this one, and is answered. The arguments are in internal/README.md, and what
// was tried and rejected is in internal/REJECTED.md.
//
// The packages in internal run in the node. Those in internal/bench test
// anybody's counter, and those in internal/countertest test this one.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/desk"
	"maelstrom-counter/internal/ledger"
	"maelstrom-counter/internal/node"
	"maelstrom-counter/internal/pace"
	"maelstrom-counter/internal/peers"
	"maelstrom-counter/internal/protocol"
	"maelstrom-counter/internal/register"
	"maelstrom-counter/internal/rtt"
)

// swapTimeouts limits a swap with its retries, in timeouts of the store. After
// that it is better to read the value again.
const swapTimeouts = 4

// A Counter is one node's part of the counter. Its handler puts requests on the
// desk, which forms folds of them. At the end of each step (see lock), handOut
// hands this node's fold to the combiner, if that is another node. One loop,
// run, swaps into the store what no other node is to swap: this node's own
// fold, and those that other nodes have handed to it.
type Counter struct {
	Config
	node  *node.Node
	store *register.Register // this node's view of the key; used by run alone, except for RTT

	mu      sync.Mutex // guards what follows; run releases it while it waits for anything; see lock
	changed sync.Cond  // says that run may have something to do; its L is mu
	desk    *desk.Desk
	peers   peers.Peers
	pace    pace.Pace
	current bool // the store's Base may still be the newest value; otherwise run reads anew first
	broken  bool // the stored value was invalid when last read
	alarm   alarm
	stats   struct{ requests, folds, delegated, swaps, conflicts, reads, timeouts int64 }
}

// Config is the configuration of a counter.
type Config struct {
	Key     string        // the key of the store that holds the counter
	Timeout time.Duration // within which every request is answered
	Random  *rand.Rand    // the source of jitter; used by run alone
	Log     *slog.Logger
}

// newCounter returns a counter that handles the requests to n. The desk must be
// new. Until run is called, requests are taken in and not served.
func newCounter(n *node.Node, d *desk.Desk, config Config) *Counter {
	c := &Counter{Config: config, node: n, desk: d, store: register.New(n, config.Key, config.Random)}
	c.changed.L = &c.mu
	c.alarm.timer = time.AfterFunc(time.Hour, c.ring) // to ring for nothing does no harm
	for _, typ := range []string{"add", "read", "combine"} {
		n.Handle(typ, c.handle)
	}
	return c
}

// ---- Requests ----

// handle puts a request on the desk: a client's add or read, or another node's
// fold. It refuses a malformed one. The desk answers all others, with the
// result or with an error: 14 (Abort) if the request can never be applied, 11
// (TemporarilyUnavailable) if it did not count, and 0 (Timeout) if it may have.
func (c *Counter) handle(msg maelstrom.Message) {
	r, fold, err := protocol.Parse(msg)
	if err == nil && r.Kind == desk.Combine && (msg.Src == c.node.ID() || !c.node.IsMember(msg.Src)) {
		err = errors.New("a fold must come from another node of the cluster")
	}
	if err != nil {
		c.node.ReplyError(r.Client, r.MsgID, maelstrom.NewRPCError(maelstrom.MalformedRequest, err.Error()))
		return
	}
	c.lock()
	defer c.unlock()
	c.stats.requests++
	now := time.Now()
	r.Deadline = now.Add(c.Timeout)
	if r.Kind == desk.Combine {
		c.peers.Heard(r.Client, now)
		c.desk.TakeFold(r, fold)
	} else {
		c.desk.Take(r)
	}
}

// ---- To the total through another node ----

// handOut forms this node's next fold and hands it out, if another node
// combines or is due to be probed.
func (c *Counter) handOut() {
	combiner, probes := c.combiner()
	if !c.desk.Formable() || combiner == "" && len(probes) == 0 {
		return
	}
	b := c.desk.Form()
	if b == nil {
		return // Form has refused all requests
	}
	c.stats.folds++
	c.stats.delegated++
	for _, id := range probes { // each gets the same fold, to find out whether it answers again
		c.peers.Probed(id, c.ask(id, b))
	}
	c.hand(b)
}

// combiner returns the node to hand folds to, or "" if that is this one, and
// the suspected nodes to probe. While the stored value is invalid, each node
// swaps by itself, to notice when the value has been mended.
func (c *Counter) combiner() (combiner string, probes []string) {
	if c.broken {
		return "", nil
	}
	return c.peers.Combiner(time.Now())
}

// hand hands this node's fold to the combiner. If that is this node, it queues
// the fold, unless it is queued already.
func (c *Counter) hand(b *desk.Batch) {
	combiner, _ := c.combiner()
	if combiner == "" {
		c.desk.Queue(b)
		return
	}
	_, timeout := c.store.RTT()
	c.peers.Asked(combiner, c.ask(combiner, b), timeout)
}

// ask sends a fold to another node, and takes its answer if that comes within
// c.Timeout. It returns the time at which the fold was sent, by which peers
// recognizes the answer.
func (c *Counter) ask(id string, b *desk.Batch) (sent time.Time) {
	sent = time.Now()
	wait := c.node.Ask(id, protocol.NewCombine(b.Fold))
	go func() {
		ctx, cancel := context.WithTimeout(c.node.Context(), c.Timeout)
		defer cancel()
		var reply protocol.CombineOK
		err := wait(ctx, "combine_ok", &reply)
		if err == nil && (reply.Total < b.Delta || reply.Total > ledger.Max) {
			err = fmt.Errorf("combine_ok: total %d is out of range", reply.Total)
		}
		c.lock()
		defer c.unlock()
		switch code := maelstrom.ErrorCode(err); {
		case err == nil:
			c.peers.Answered(id, sent, time.Now())
			c.desk.Done(b, reply.Total)
			c.pace.Done()
			c.current = c.current && c.crowd() // the combiner has moved the value on; see crowd
			if own := c.desk.Own(); own != nil && !c.peers.Waiting() {
				c.hand(own) // it was formed while there was no combiner
			}
		case code == maelstrom.Abort || code == maelstrom.MalformedRequest:
			// The node is healthy. The store will show whether the fold is in
			// the total.
			c.peers.Answered(id, sent, time.Now())
			c.desk.Queue(b)
		default:
			c.Log.Debug("another node did not apply a fold", "node", id, "err", err)
			// Its answer is late from now on, so the alarm rings at once.
			c.peers.Failed(id, sent, time.Now())
		}
	}()
	return sent
}

// ---- To the total through this node ----

// run swaps the folds in hand into the store: this node's, and those that other
// nodes have handed to it. It returns when the node ends.
func (c *Counter) run() {
	ctx := c.node.Context()
	select {
	case <-c.node.Ready():
	case <-ctx.Done():
	}
	c.lock()
	defer c.unlock()
	defer c.desk.Close() // answers what still waits
	if ctx.Err() != nil {
		return
	}
	defer context.AfterFunc(ctx, c.ring)() // wakes this loop when the node ends
	go c.report(ctx)
	c.desk.Open(c.node.ID())
	// The value may have a receipt of a life of this node with a later name.
	// Desk.Form has to know it.
	c.look(ctx, rtt.Initial, c.store.Read)
	c.peers.Meet(c.node.ID(), c.node.Nodes())
	for c.awaitWork(ctx) {
		c.beginRound(ctx)
		if !c.current && !c.look(ctx, c.Timeout, c.store.Read) {
			continue
		}
		c.desk.Settle(c.store.Shown()) // for the folds that have come since
		c.form()
		next := c.store.Base().Clone()
		switch {
		case c.desk.Apply(&next):
			c.swap(ctx, next)
		case c.store.Told():
			// A refusal has told Base, which seems to contain all folds in
			// hand. Check whether that is true.
			c.look(ctx, c.Timeout, c.store.Confirm)
		}
	}
}

// awaitWork waits until there is something to swap. It returns false when the
// node ends.
func (c *Counter) awaitWork(ctx context.Context) bool {
	for ctx.Err() == nil {
		c.handOut()
		if c.desk.Queued() || c.formsHere() {
			return true
		}
		c.flush()
		c.changed.Wait()
		c.catchUp()
	}
	return false
}

// formsHere reports whether requests are waiting that run, not handOut, is to
// form into a fold.
func (c *Counter) formsHere() bool {
	combiner, probes := c.combiner()
	return combiner == "" && len(probes) == 0 && c.desk.Formable()
}

// form makes a fold of the waiting requests, if run is to form one. It is
// called right before a swap, so that the fold carries the most.
func (c *Counter) form() {
	if c.formsHere() {
		if b := c.desk.Form(); b != nil {
			c.stats.folds++
			c.desk.Queue(b)
		}
	}
}

// beginRound decides whether to read the value anew, and waits for as long as
// the pace demands.
func (c *Counter) beginRound(ctx context.Context) {
	now := time.Now()
	trip, _ := c.store.RTT()
	c.current = c.current && !c.pace.Doubtful(now, trip)
	if wait := c.pace.Next(now, c.Random); wait > 0 {
		_ = c.outside(ctx, wait, func(ctx context.Context) error { <-ctx.Done(); return nil })
	}
}

// warn logs that nothing succeeds, if this node is stuck.
func (c *Counter) warn(stuck bool) {
	if stuck {
		c.Log.Warn("swapping makes no progress", "known", c.store.Shown())
	}
}

// look reads the store, with Read or Confirm. It returns false if that failed.
func (c *Counter) look(ctx context.Context, timeout time.Duration, read func(context.Context) error) bool {
	c.stats.reads++
	before := c.store.Shown()
	err := c.outside(ctx, timeout, read)
	c.current = err == nil
	switch {
	case err == nil:
		c.broken = false
		// The first value is not news.
		c.pace.Read(time.Now(), !before.Equal(c.store.Shown()) && !before.Equal(ledger.Value{}))
		c.desk.Settle(c.store.Shown())
	case errors.Is(err, register.ErrBadValue):
		c.broken = true
		c.desk.Refuse(err.Error()) // with error 11 or, inside a fold, 0
		c.warn(c.pace.Failed())
	default:
		c.stats.timeouts++
		c.warn(c.pace.Failed())
	}
	return err == nil
}

// swap swaps Base for next, which contains the folds in hand.
func (c *Counter) swap(ctx context.Context, next ledger.Value) {
	c.stats.swaps++
	trip, timeout := c.store.RTT()
	err := c.outside(ctx, swapTimeouts*timeout, func(ctx context.Context) error { return c.store.Swap(ctx, next) })
	now := time.Now()
	switch {
	case err == nil:
		c.current = true
		c.desk.Settle(next)
		c.pace.Won(now, trip, c.peers.Silent(now.Add(-pace.Silence(trip))), c.Random)
	case errors.Is(err, register.ErrConflict):
		c.stats.conflicts++
		c.current = c.store.Told() // then the next swap can go out at once
		c.warn(c.pace.Lost(now))
	default:
		c.stats.timeouts++
		c.current = false // the value will show whether the swap took effect
		c.warn(c.pace.Failed())
	}
}

// ---- The monitor ----

// lock begins a step. It first does what is due. So when several goroutines
// wake at one instant, their order does not affect the result, and simulations
// can be replayed. Run holds the lock except while it is idle, holds back, or
// awaits an answer.
func (c *Counter) lock() {
	c.mu.Lock()
	c.catchUp()
}

// unlock ends a step: folds and answers go out, and run looks for work.
func (c *Counter) unlock() {
	c.handOut()
	c.flush()
	c.changed.Signal()
	c.mu.Unlock()
}

// outside calls f without the lock. The context of f ends after limit.
func (c *Counter) outside(ctx context.Context, limit time.Duration, f func(context.Context) error) error {
	c.unlock()
	defer c.lock()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return f(ctx)
}

// catchUp does what is due. If the combiner's answer is late, peers suspects
// the combiner. This node then swaps the fold by itself, and hands it to the
// next combiner as well. The first answer counts, and the receipt ensures that
// the fold is added only once.
func (c *Counter) catchUp() {
	now := time.Now()
	c.desk.Expire(now)
	late := c.peers.Late(now)
	if own := c.desk.Own(); late && own != nil {
		c.desk.Queue(own)
		c.hand(own) // to the next combiner, if one is left
		if trip, _ := c.store.RTT(); c.crowd() {
			c.pace.HoldBack(now, trip)
		}
		// The combiner has most likely moved the value on.
		c.current = c.current && c.crowd() && !c.pace.Contended()
	}
}

// crowd reports whether many nodes share a combiner. In a crowd, a late answer
// mostly still comes. And while nobody else swaps, a swap that may be refused
// costs less than reading the value anew.
func (c *Counter) crowd() bool { return len(c.node.Nodes()) >= pace.Crowd }

// flush sends the collected answers, and sets the alarm for what is due next.
func (c *Counter) flush() {
	for _, a := range c.desk.Answers() {
		if a.Failure != nil {
			c.node.ReplyError(a.Client, a.MsgID, a.Failure)
		} else {
			c.node.Reply(a.Client, a.MsgID, protocol.Reply(a))
		}
	}
	c.alarm.set(c.desk.Due())
	c.alarm.set(c.peers.Due())
}

// An alarm rings when something is due, or earlier: see set.
type alarm struct {
	timer *time.Timer
	at    time.Time // zero if it is not set
}

// set ensures that the alarm rings no later than at, if something is due then.
// It never moves the alarm later, which would cost a system call for each
// request.
func (a *alarm) set(at time.Time, due bool) {
	if due && (a.at.IsZero() || at.Before(a.at)) {
		a.at = at
		a.timer.Reset(time.Until(at))
	}
}

// ring is a step that does only what is due.
func (c *Counter) ring() {
	c.lock()
	defer c.unlock()
	c.alarm.at = time.Time{}
}

// report logs what the node has done, every ten seconds until it ends.
func (c *Counter) report(ctx context.Context) {
	if !c.Log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	ticker := time.NewTicker(10 * time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		c.mu.Lock() // no step: it only looks
		s, inHand := c.stats, c.desk.InHand()
		c.mu.Unlock()
		trip, timeout := c.store.RTT()
		c.Log.Info("so far", "requests", s.requests, "waiting", inHand, "folds", s.folds, "delegated", s.delegated,
			"cas", s.swaps, "conflicts", s.conflicts, "resyncs", s.reads, "timeouts", s.timeouts,
			"rtt", trip, "timeout", timeout)
	}
}
