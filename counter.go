// Maelstrom-counter is a node of Maelstrom's g-counter workload: a grow-only counter on one key of seq-kv, a store that
// promises no more than sequential consistency. Maelstrom starts several copies of it, which talk JSON over stdin and stdout.
//
// Each add counts exactly once, each read is linearizable, and each request is answered in time, while messages between nodes and
// store get lost, delayed, duplicated and reordered, and nodes are cut off, paused, killed and started again. How:
//
//   - A fold is the sum of all adds that wait at one node. A node has one fold open at a time, and numbers its folds. It names its
//     life, a run of its process, by the clock and a random number. The key holds the total and, for each node, a receipt: the
//     life and number of its last fold in it. One compare-and-swap changes both. So no fold up to the receipt is added again, and
//     a node that does not know whether a swap took effect tries again.
//   - Each swap moves a receipt, so no value comes twice, and a swap succeeds only on the newest value, and only once. A plain read
//     of the store may show an older one. So a read is an add of 0: its swap proves that the value is new.
//   - Nodes hand their folds to one of them, the combiner, so that without faults no two swaps compete. Nothing depends
//     on which node that is, or on nodes agreeing about it: a node that gets no answer in time folds by itself.
//   - Where several nodes swap, the winner lets the others go first. Knowing the newest value, it would otherwise keep winning.
//
// Correctness, which is the first two points, lives in two pure packages: ledger says how folds and values relate, and desk
// what each request is answered. Speed, the other two, lives in peers, which says which node combines, and pace, which says
// when to hold back. This file connects them, and follows a request: it comes in, is folded elsewhere or here, and is
// answered. The arguments, and what was tried and rejected, are in internal/README.md.
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
	"maelstrom-counter/internal/seqkv"
)

// swapTimeouts limits a swap with its retries, in timeouts of the store. Beyond that it is better to read again.
const swapTimeouts = 4

// A Counter is one node's part of the counter. Its handler puts requests on the desk. Two loops get them into the total: deliver
// hands this node's folds to the combiner while that is another node, and fold swaps folds into the store.
type Counter struct {
	Config
	node  *node.Node
	store *register.Register // made when the node knows its name

	known register.Version // the last value that the store has shown; used by run at first, then by the fold loop alone

	mu      sync.Mutex // guards what follows; the loops release it while they wait for anything; see lock
	changed sync.Cond  // says that the loops may have something to do; its L is mu
	desk    *desk.Desk
	peers   peers.Peers
	pace    pace.Pace
	current bool // nothing has shown yet that known is old
	broken  bool // the stored value was invalid when last read
	alarm   alarm
	stats   struct{ requests, folds, delegated, attempts, conflicts, resyncs, timeouts int64 }
}

// Config is what a counter can be given.
type Config struct {
	Key     string        // the key of the store that holds the counter
	Timeout time.Duration // within which every request is answered
	Random  *rand.Rand    // the source of jitter; used by run at first, then by the fold loop alone
	Log     *slog.Logger
}

// newCounter returns a counter that handles the requests to n. The desk must be new. The loops start with run.
func newCounter(n *node.Node, d *desk.Desk, config Config) *Counter {
	c := &Counter{Config: config, node: n, desk: d}
	c.changed.L = &c.mu
	c.alarm.timer = time.AfterFunc(time.Hour, c.ring) // until set says when
	for _, typ := range []string{"add", "read", "fold"} {
		n.Handle(typ, c.handle)
	}
	return c
}

// ---- Requests ----

// handle puts a request on the desk: a client's add or read, or another node's fold. What is malformed is refused. The desk
// answers the rest: with the result, or with error 14 (Abort) if it can never be applied, 11 (TemporarilyUnavailable) if it did not
// count, or 0 (Timeout) if it may have.
func (c *Counter) handle(msg maelstrom.Message) {
	r, fold, err := protocol.Parse(msg)
	if err == nil && r.Kind == desk.Fold && (msg.Src == c.node.ID() || !c.node.IsMember(msg.Src)) {
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
	if r.Kind == desk.Fold {
		c.peers.Heard(r.Client, now)
		c.desk.TakeFold(r, fold)
	} else {
		c.desk.Take(r)
	}
}

// run starts the loops, and returns when the node ends.
func (c *Counter) run() {
	defer func() { // answers what still waits
		c.lock()
		defer c.unlock()
		c.desk.Close()
	}()
	ctx := c.node.Context()
	select {
	case <-c.node.Ready():
	case <-ctx.Done():
		return
	}
	defer context.AfterFunc(ctx, c.ring)() // wakes the loops when the node ends
	c.store = register.New(seqkv.New(c.node, c.Random), c.Key, c.node.ID(), c.node.Nonce())
	c.lock()
	c.desk.Open(c.node.ID())
	c.peers.Meet(c.node.ID(), c.node.Nodes())
	c.resync(ctx, rtt.Initial) // if an earlier life is ahead of the clock, this one takes a later name; if not now, when its first fold fails
	c.unlock()
	var work sync.WaitGroup
	work.Go(func() { c.deliver(ctx) })
	work.Go(func() { c.fold(ctx) })
	work.Go(func() { c.report(ctx) })
	work.Wait()
}

// ---- Folding elsewhere ----

// deliver forms this node's folds and hands them out, while another node combines or is due to be probed.
func (c *Counter) deliver(ctx context.Context) {
	c.lock()
	defer c.unlock()
	for ctx.Err() == nil {
		combiner, probes := c.combiner()
		if !c.desk.Formable() || combiner == "" && len(probes) == 0 {
			c.wait()
			continue
		}
		b := c.desk.Form()
		if b == nil {
			continue // Form has refused all: none fits under the greatest total
		}
		c.stats.folds++
		c.stats.delegated++
		for _, id := range probes { // each gets the same fold, to find out whether it answers again
			c.peers.Probed(id, c.ask(id, b))
		}
		c.hand(b)
	}
}

// combiner returns the node to hand folds to, or "" if that is this one, and the suspected nodes to probe. While the stored
// value is invalid, each node folds for itself, to notice when it has been repaired.
func (c *Counter) combiner() (combiner string, probes []string) {
	if c.broken {
		return "", nil
	}
	return c.peers.Combiner(time.Now())
}

// hand hands this node's fold to the combiner. If that is the node itself, the fold loop gets it.
func (c *Counter) hand(b *desk.Batch) {
	combiner, _ := c.combiner()
	if combiner == "" {
		c.desk.Queue(b)
	} else {
		_, timeout := c.store.RTT()
		c.peers.Asked(combiner, c.ask(combiner, b), timeout)
	}
	c.changed.Broadcast() // the fold loop may have more to do
}

// ask sends a fold to another node, and takes its answer if it comes within c.Timeout. The result, the time of sending, tells
// peers which fold is answered.
func (c *Counter) ask(id string, b *desk.Batch) (sent time.Time) {
	sent = time.Now()
	wait := c.node.Ask(id, protocol.NewFold(b.Fold))
	go func() {
		ctx, cancel := context.WithTimeout(c.node.Context(), c.Timeout)
		defer cancel()
		var reply protocol.FoldOK
		err := wait(ctx, "fold_ok", &reply)
		if err == nil && (reply.Total < b.Delta || reply.Total > ledger.Max) {
			err = fmt.Errorf("fold_ok: total %d is out of range", reply.Total)
		}
		c.lock()
		defer c.unlock()
		switch code := maelstrom.ErrorCode(err); {
		case err == nil:
			c.peers.Answered(id, sent, time.Now())
			c.desk.Done(b, reply.Total)
			if _, waits := c.peers.Due(); !waits && c.desk.Own() != nil {
				c.hand(c.desk.Own()) // it was formed, or has come back, while there was no combiner
			}
		case code == maelstrom.Abort || code == maelstrom.MalformedRequest:
			c.peers.Answered(id, sent, time.Now()) // the node is healthy; the store will tell about the fold
			c.desk.Queue(b)
		default:
			c.Log.Debug("another node did not fold", "node", id, "err", err)
			c.peers.Failed(id, sent, time.Now())
			c.catchUp() // again, as the fold may be late now
		}
	}()
	return sent
}

// ---- Folding here ----

// fold swaps the folds in hand into the store: this node's, and those that other nodes have handed to it.
func (c *Counter) fold(ctx context.Context) {
	c.lock()
	defer c.unlock()
	for c.awaitWork(ctx) {
		c.holdBack(ctx)
		if !c.current && !c.resync(ctx, c.Timeout) {
			continue
		}
		c.desk.Settle(c.known.Value) // for the folds that have come since
		c.form()
		next := c.known.Value.Clone()
		if !c.desk.Apply(&next) {
			continue // there is nothing to add
		}
		c.stats.attempts++
		trip, timeout := c.store.RTT()
		var version *register.Version // what was written or, after a conflict, what the store has told that it holds
		var err error
		c.outside(func() {
			ctx, cancel := context.WithTimeout(ctx, swapTimeouts*timeout)
			defer cancel()
			version, err = c.store.Swap(ctx, c.known, next)
		})
		switch {
		case err == nil:
			c.known, c.current = *version, true
			c.desk.Settle(next)
			c.pace.Won(time.Now(), trip, c.someSilent(trip), c.Random)
		case errors.Is(err, register.ErrConflict):
			c.stats.conflicts++
			c.current = false
			if version != nil {
				c.learn(*version) // so that the next swap can go out at once
			}
		default:
			c.stats.timeouts++
			c.current = false // the next value will show whether the swap took effect
		}
	}
}

// awaitWork waits until there is something to fold here. It returns false when the node ends.
func (c *Counter) awaitWork(ctx context.Context) bool {
	for ctx.Err() == nil {
		if c.desk.Queued() || c.formsHere() {
			return true
		}
		c.changed.Broadcast() // Settle may have ended a fold, so that deliver can form the next
		c.wait()
	}
	return false
}

// formsHere reports whether requests are waiting that the fold loop, not deliver, is to form into a fold.
func (c *Counter) formsHere() bool {
	combiner, probes := c.combiner()
	return combiner == "" && len(probes) == 0 && c.desk.Formable()
}

// form makes a fold of the waiting requests, if this loop is to. It runs right before a swap, so that the fold carries the most.
func (c *Counter) form() {
	if c.formsHere() {
		if b := c.desk.Form(); b != nil {
			c.stats.folds++
			c.desk.Queue(b)
		}
	}
}

// holdBack waits for as long as the pace demands.
func (c *Counter) holdBack(ctx context.Context) {
	wait := c.pace.Next(time.Now(), c.desk.Settled(), c.Random)
	if c.pace.Stuck() {
		c.Log.Warn("folding makes no progress", "known", c.known.Value)
	}
	if wait == 0 {
		return
	}
	c.outside(func() {
		ctx, cancel := context.WithTimeout(ctx, wait)
		defer cancel()
		<-ctx.Done()
	})
}

// someSilent reports whether another node may be folding for itself, because it has handed us no fold lately.
func (c *Counter) someSilent(trip time.Duration) bool {
	return c.peers.Silent(pace.SilentBefore(time.Now(), trip))
}

// resync reads the newest stored value that the store can be made to show. It returns false if that failed.
func (c *Counter) resync(ctx context.Context, timeout time.Duration) bool {
	c.stats.resyncs++
	var version register.Version
	var err error
	c.outside(func() {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		version, err = c.store.Read(ctx)
	})
	bad, isBad := errors.AsType[*register.BadValueError](err)
	switch {
	case isBad:
		c.broken = true
		c.desk.Refuse(bad.Error()) // with error 11 or, inside a fold, 0
	case err != nil:
		c.stats.timeouts++
	default:
		c.learn(version)
	}
	return err == nil
}

// learn takes note of what the store holds.
func (c *Counter) learn(version register.Version) {
	if known := c.known.Value; !version.Value.Equal(known) && !known.Equal(ledger.Value{}) {
		c.pace.Met() // another node has swapped, or a swap of ours did take effect that had no answer
	}
	c.known, c.current, c.broken = version, true, false
	c.desk.Settle(version.Value)
}

// ---- The monitor ----

// lock begins a step. It first does what is due. So when several goroutines wake at one instant, it does not matter which is first,
// and simulations can be replayed. The loops hold the lock except while they are idle, hold back, or await an answer.
func (c *Counter) lock() {
	c.mu.Lock()
	c.catchUp()
}

// unlock ends a step: answers go out, and the loops look for work.
func (c *Counter) unlock() {
	c.flush()
	c.changed.Broadcast()
	c.mu.Unlock()
}

// outside has f run without the lock.
func (c *Counter) outside(f func()) {
	c.unlock()
	defer c.lock()
	f()
}

// wait blocks until another goroutine has completed a step. Only fold may broadcast before it, or the loops would never sleep.
func (c *Counter) wait() {
	c.flush()
	c.changed.Wait()
	c.catchUp()
}

// catchUp does what is due. If the combiner's answer is late, peers suspect it: the node also folds by itself, and asks the next.
// Whichever comes first counts, and thanks to the receipt it counts only once.
func (c *Counter) catchUp() {
	now := time.Now()
	c.desk.Expire(now)
	late := c.peers.Late(now)
	if own := c.desk.Own(); late && own != nil {
		c.desk.Queue(own)
		c.hand(own) // if no combiner is left, this queues it again, to no effect
		trip, _ := c.store.RTT()
		if c.pace.Late(now, len(c.node.Nodes()), trip) {
			c.current = false // the combiner may have moved the value on
		}
	}
}

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

// An alarm wakes the loops when something is due, or earlier.
type alarm struct {
	timer *time.Timer
	at    time.Time // zero if it is not set
}

// set ensures that the alarm rings no later than at, if something is due then. It never postpones it, which would cost a system
// call for each request.
func (a *alarm) set(at time.Time, due bool) {
	if due && (a.at.IsZero() || at.Before(a.at)) {
		a.at = at
		a.timer.Reset(time.Until(at))
	}
}

// ring is a step that only does what is due.
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
			"cas", s.attempts, "conflicts", s.conflicts, "resyncs", s.resyncs, "timeouts", s.timeouts,
			"rtt", trip, "timeout", timeout)
	}
}
