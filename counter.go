// Maelstrom-counter is a node of Maelstrom's g-counter workload: a grow-only counter on one key of seq-kv, a store that
// promises no more than sequential consistency. Maelstrom starts some copies of it; they talk JSON over stdin and stdout.
//
// Each add is in the total once, each read is linearizable, and each request is answered in time, while messages get lost,
// late, doubled and out of order, and nodes are cut off, paused, killed and started again. How:
//
//   - The key holds the total and, for each node, a receipt of its last fold. A fold is the sum of all adds that wait at
//     one node, and goes into the total together with its receipt, in one compare-and-swap. A fold that comes again finds
//     its receipt. So whoever doesn't know whether a swap took effect simply tries once more.
//   - As each swap moves a receipt, no value ever comes twice, and the values form one chain. A swap that succeeds proves
//     that what it replaced was the newest value; what a plain read returns may be old. So a read is an add of 0.
//   - Nodes hand their folds to one of them, the combiner, so that in calm weather nobody's swap meets another's. Nothing
//     depends on who that is, or on agreeing about it: whoever gets no answer in time folds by itself.
//   - Where several do that, whoever wins lets the others go first now and then. For he knows the newest value, and would
//     win for ever.
//
// The file reads from the top down: requests, the folder's loop, what becomes of folds, combining. The argument for each of
// these points, and what was tried and rejected, is in internal/README.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/desk"
	"maelstrom-counter/internal/ledger"
	"maelstrom-counter/internal/node"
	"maelstrom-counter/internal/pace"
	"maelstrom-counter/internal/peers"
	"maelstrom-counter/internal/rtt"
	"maelstrom-counter/internal/seqkv"
)

// A Counter is one node's part of the counter. Its handlers put requests on the desk. Two loops get them into the total: deliver hands
// them to another node while that one combines, and fold swaps them into the store.
type Counter struct {
	Config
	node  *node.Node
	store *seqkv.Client
	known known // what the fold loop knows of the store

	mu      sync.Mutex // guards what follows, and the desk's and peers' insides: see lock
	changed sync.Cond  // a loop may have something to do; L is mu
	desk    *desk.Desk
	peers   peers.Peers
	broken  bool // when last seen, the stored value made no sense
	alarm   alarm
	stats   stats
}

// Config is what a counter can be given.
type Config struct {
	Key     string        // the key of the store that holds the counter
	Timeout time.Duration // within which every request is answered
	Random  *rand.Rand    // the source of jitter
	Log     *slog.Logger
	Watch   func(d *desk.Desk, step string) // if set, is called after each step of the desk
}

// What a node knows of the store.
type known struct {
	value   ledger.Value    // the newest value that the store has confirmed
	raw     json.RawMessage // the same, as it stands in the store; nil if the key does not exist
	current bool            // it is believed to be the store's newest
	pace    pace.Pace
	idle    int // rounds in a row that have brought nothing
	settled int // the desk's count at the last of them
}

type stats struct {
	requests, folds, delegated, attempts, conflicts, resyncs, timeouts int64
}

// newCounter makes n serve the counter. Its loops are started with run.
func newCounter(n *node.Node, life ledger.Life, config Config) *Counter {
	c := &Counter{Config: config, node: n, store: seqkv.New(n, config.Random), desk: desk.New(life)}
	if config.Watch != nil {
		c.desk.Watch(func(step string) { config.Watch(c.desk, step) })
	}
	c.changed.L = &c.mu
	c.alarm.timer = time.AfterFunc(time.Hour, c.ring)
	n.Handle("add", c.add)
	n.Handle("read", c.read)
	n.Handle("fold", c.peerFold)
	return c
}

// ---- Requests ----

// add handles {"type": "add", "delta": d}.
func (c *Counter) add(msg maelstrom.Message) {
	var body struct {
		MsgID int             `json:"msg_id"`
		Delta json.RawMessage `json:"delta"`
	}
	err := json.Unmarshal(msg.Body, &body)
	var delta int64
	if err == nil {
		delta, err = parseDelta(body.Delta)
	}
	c.take(desk.Request{Kind: desk.Add, Client: msg.Src, MsgID: body.MsgID, Delta: delta}, nil, err)
}

func parseDelta(raw json.RawMessage) (int64, error) {
	delta, err := strconv.ParseInt(string(raw), 10, 64)
	switch {
	case raw == nil:
		return 0, errors.New("delta is missing")
	case err != nil:
		return 0, fmt.Errorf("delta %.40s is not an integer between 0 and 2^53-1", raw)
	case delta < 0 || delta > ledger.Max:
		return 0, fmt.Errorf("delta %d is not between 0 and 2^53-1", delta)
	}
	return delta, nil
}

// read handles {"type": "read"}: an add of 0 that answers with the total. What a plain read of the store returns may be
// old; the compare-and-swap that carries this one proves that it was not.
func (c *Counter) read(msg maelstrom.Message) {
	var body maelstrom.MessageBody
	err := json.Unmarshal(msg.Body, &body)
	c.take(desk.Request{Kind: desk.Read, Client: msg.Src, MsgID: body.MsgID}, nil, err)
}

// A foldMessage asks another node to fold, and a foldOK says that it has, with a total that contains the fold.
type foldMessage struct {
	Type string `json:"type"`
	ledger.Fold
}

type foldOK struct {
	Type  string `json:"type"`
	Total int64  `json:"total"`
}

// peerFold handles a fold that another node hands to this one.
func (c *Counter) peerFold(msg maelstrom.Message) {
	var body struct {
		MsgID int `json:"msg_id"`
		foldMessage
	}
	err := json.Unmarshal(msg.Body, &body)
	body.Node = msg.Src
	switch {
	case err != nil:
	case msg.Src == c.node.ID() || !c.node.IsPeer(msg.Src):
		err = errors.New("only from another node of the cluster")
	default:
		err = body.Validate()
	}
	c.take(desk.Request{Kind: desk.Fold, Client: msg.Src, MsgID: body.MsgID}, &body.Fold, err)
}

// take puts a request on the desk, with the fold that it brings if it is another node's, unless err says that it is malformed.
func (c *Counter) take(r desk.Request, fold *ledger.Fold, err error) {
	if err != nil {
		c.node.ReplyError(r.Client, r.MsgID, maelstrom.NewRPCError(maelstrom.MalformedRequest, err.Error()))
		return
	}
	c.lock()
	defer c.unlock()
	c.stats.requests++
	now := time.Now()
	r.Deadline = now.Add(c.Timeout)
	if fold == nil {
		c.desk.Take(r)
	} else {
		c.peers.Heard(r.Client, now)
		c.desk.TakeFold(r, *fold)
	}
}

// reply sends an answer.
func (c *Counter) reply(a desk.Answer) {
	var body any
	switch {
	case a.Failure != nil:
		c.node.ReplyError(a.Client, a.MsgID, a.Failure)
		return
	case a.Kind == desk.Add:
		body = maelstrom.MessageBody{Type: "add_ok"}
	case a.Kind == desk.Read:
		body = struct {
			Type  string `json:"type"`
			Value int64  `json:"value"`
		}{"read_ok", a.Total}
	default:
		body = foldOK{"fold_ok", a.Total}
	}
	c.node.Reply(a.Client, a.MsgID, body)
}

// ---- The loops ----

// run folds until the node ends.
func (c *Counter) run() {
	ctx := c.node.Context()
	defer c.close()
	select {
	case <-c.node.Ready():
	case <-ctx.Done():
		return
	}
	defer context.AfterFunc(ctx, c.ring)()
	c.lock()
	c.desk.Open(c.node.ID())
	c.peers.Meet(c.node.ID(), c.node.Peers())
	c.resync(ctx, rtt.Initial)
	c.unlock()
	var loops sync.WaitGroup
	loops.Go(func() { c.deliver(ctx) })
	c.fold(ctx)
	loops.Wait()
}

// close gives everything up that still waits when the node ends.
func (c *Counter) close() {
	c.lock()
	defer c.unlock()
	c.desk.Close()
}

// deliver makes folds for the node that combines, as long as that is another one.
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
			continue // none fits under the greatest total
		}
		c.stats.folds++
		c.stats.delegated++
		for _, id := range probes {
			c.peers.Probe(id, time.Now())
			c.ask(id, b)
		}
		c.hand(b)
	}
}

// hand hands this node's fold to the combiner. If that is the node itself, it folds.
func (c *Counter) hand(b *desk.Batch) {
	combiner, _ := c.combiner()
	if combiner == "" {
		c.desk.Queue(b)
		c.changed.Broadcast()
		return
	}
	_, timeout := c.store.RTT()
	c.peers.Ask(combiner, time.Now(), timeout)
	c.ask(combiner, b)
}

// combiner is the node to hand folds to, or "", and the suspected ones to probe. What only the stored value can say, and it makes
// no sense, the node finds out itself.
func (c *Counter) combiner() (combiner string, probes []string) {
	if c.broken {
		return "", nil
	}
	return c.peers.Combiner(time.Now())
}

// ask hands a fold to another node.
func (c *Counter) ask(id string, b *desk.Batch) {
	sent := time.Now()
	wait := c.node.Ask(id, foldMessage{"fold", b.Fold})
	go func() {
		ctx, cancel := context.WithTimeout(c.node.Context(), c.Timeout)
		defer cancel()
		var reply foldOK
		err := wait(ctx, "fold_ok", &reply)
		if err == nil && (reply.Total < b.Delta || reply.Total > ledger.Max) {
			err = fmt.Errorf("a total of %d", reply.Total)
		}
		c.lock()
		defer c.unlock()
		switch code := maelstrom.ErrorCode(err); {
		case err == nil:
			c.peers.Answered(id, time.Since(sent))
			c.desk.Done(b, reply.Total)
		case code == maelstrom.Abort || code == maelstrom.MalformedRequest:
			c.peers.Answered(id, time.Since(sent)) // it is well, and the store will tell what is wrong with the fold
			c.desk.Queue(b)
		default:
			c.Log.Debug("a combiner did not fold", "node", id, "err", err)
			c.peers.Failed(id, sent, time.Now())
			c.catchUp()
		}
	}()
}

// fold swaps the folds in hand into the store. This is the loop that everything else here is about.
func (c *Counter) fold(ctx context.Context) {
	c.lock()
	defer c.unlock()
	for c.work(ctx) {
		c.backOff(ctx)
		c.sleep(ctx, c.known.pace.Wait(time.Now()))
		if !c.known.current && !c.resync(ctx, c.Timeout) {
			continue
		}
		next, carries := c.compose()
		if !carries {
			continue
		}
		to, err := json.Marshal(next)
		if err != nil {
			panic(fmt.Sprintf("counter: a value that cannot be marshalled: %+v: %v", next, err))
		}
		contended := c.contended()
		var shown json.RawMessage
		c.outside(func() { shown, err = c.store.CompareAndSwap(ctx, c.Key, c.known.raw, to, contended) })
		switch code := maelstrom.ErrorCode(err); {
		case err == nil:
			c.won(next, to)
		case code == maelstrom.PreconditionFailed || code == maelstrom.KeyDoesNotExist:
			c.lost(ctx, shown)
		default:
			c.stats.timeouts++
			c.known.current = false
		}
	}
}

// work waits until there is something to fold here. It returns false when the node ends.
func (c *Counter) work(ctx context.Context) bool {
	for ctx.Err() == nil {
		if c.desk.Queued() || c.formable() {
			return true
		}
		c.changed.Broadcast() // what this loop has done in this step may have given deliver something to form
		c.wait()
	}
	return false
}

// formable says whether this loop is the one to form this node's next fold.
func (c *Counter) formable() bool {
	combiner, probes := c.combiner()
	return combiner == "" && len(probes) == 0 && c.desk.Formable()
}

// compose settles what is already in the known value and returns the value with everything else in it that may be, and
// whether there is anything.
func (c *Counter) compose() (next ledger.Value, carries bool) {
	k := &c.known
	c.desk.Settle(k.value)
	if c.formable() {
		if b := c.desk.Form(); b != nil {
			c.stats.folds++
			c.desk.Queue(b)
		}
	}
	next = k.value.Clone()
	if carries = c.desk.Apply(&next); carries {
		c.stats.attempts++
	}
	c.changed.Broadcast()
	return next, carries
}

// won takes note that the store holds what was last written.
func (c *Counter) won(value ledger.Value, raw json.RawMessage) {
	k := &c.known
	k.value, k.raw, k.idle = value, raw, 0
	c.desk.Settle(value)
	trip, _ := c.store.RTT()
	k.pace.Won(time.Now(), trip, c.peers.Silent(pace.Since(time.Now(), trip)), c.Random)
}

// contended says whether other nodes seem to write too.
func (c *Counter) contended() bool {
	trip, _ := c.store.RTT()
	return c.known.pace.Contended(c.peers.Silent(pace.Since(time.Now(), trip)))
}

// lost takes note that the store holds something else than the known value: perhaps what it has shown right behind the swap.
func (c *Counter) lost(ctx context.Context, shown json.RawMessage) {
	c.stats.conflicts++
	c.known.current = false
	if value, err := ledger.Parse(shown); err == nil {
		c.learn(value, shown)
	}
	trip, _ := c.store.RTT()
	c.sleep(ctx, c.known.pace.Lost(!c.desk.QueuedForOthers(), len(c.node.Peers()), trip, c.Random))
}

// backOff pauses where the last rounds have brought the fold loop no further, whatever the reason: a store that answers in
// circles, say.
func (c *Counter) backOff(ctx context.Context) {
	const patience = 4
	k := &c.known
	if settled := c.desk.Settled(); settled != k.settled {
		k.settled, k.idle = settled, 0
	}
	k.idle++
	if k.idle > patience {
		c.sleep(ctx, rtt.Backoff(k.idle-patience, c.Random))
	}
	if k.idle == 5*patience {
		c.Log.Warn("folding makes no progress", "rounds", k.idle, "known", k.value)
	}
}

// resync learns the stored value anew. It returns false if that failed, in which case it may simply be tried again.
func (c *Counter) resync(ctx context.Context, timeout time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	k := &c.known
	c.stats.resyncs++
	fresh := fmt.Sprintf("%d.%d", c.node.Nonce(), c.stats.resyncs)
	mark := fresh
	if k.pace.Conflicts() == 1 {
		mark = "" // the conflict itself has brought this node to a newer state, most likely the newest
	}
	var raw json.RawMessage
	var value ledger.Value
	var err error
	var senseless senselessError
	c.outside(func() {
		scratch := c.Key + "/sync/" + c.node.ID()
		raw, value, err = c.look(ctx, scratch, mark)
		if errors.As(err, &senseless) {
			// It may be an old value, mended since. So that no request is refused for that, make sure.
			if err = c.store.Write(ctx, scratch, fresh+".sure"); err == nil {
				raw, value, err = c.look(ctx, scratch, "")
			}
		}
	})
	switch {
	case errors.As(err, &senseless):
		c.broken = true
		c.desk.Refuse(senseless.Error())
		return false
	case err != nil:
		c.stats.timeouts++
		return false
	}
	c.learn(value, raw)
	return true
}

// learn takes note of what the store has shown.
func (c *Counter) learn(value ledger.Value, raw json.RawMessage) {
	k := &c.known
	c.broken = false
	if !value.Equal(k.value) {
		k.idle = 0
		if k.raw != nil {
			k.pace.Met() // another node has written
		}
	}
	k.value, k.raw, k.current = value, raw, true
	c.desk.Settle(value)
}

// A senselessError says that the stored value is none of a counter's.
type senselessError struct{ error }

// look reads the stored value: nil if there is none, and a senselessError if it makes no sense.
func (c *Counter) look(ctx context.Context, scratch, mark string) (raw json.RawMessage, value ledger.Value, err error) {
	raw, err = c.store.Refresh(ctx, c.Key, scratch, mark)
	switch {
	case maelstrom.ErrorCode(err) == maelstrom.KeyDoesNotExist:
		return nil, value, nil
	case err != nil:
		return nil, value, err
	}
	if value, err = ledger.Parse(raw); err != nil {
		err = senselessError{fmt.Errorf("key %q of the store holds %.80q: %w", c.Key, raw, err)}
	}
	return raw, value, err
}

// ---- The monitor ----

// lock begins a step, and unlock ends it: answers go out, and the loops look for work. The loops hold the lock except while they
// wait, sleep, or talk. What is due is done first in each step, so that its order is the same however many wake at one instant.
func (c *Counter) lock() {
	c.mu.Lock()
	c.catchUp()
}

func (c *Counter) unlock() {
	c.flush()
	c.changed.Broadcast()
	c.mu.Unlock()
}

// catchUp does what is due. If the combiner's answer is late, the node folds too, and asks the next: whichever comes first
// counts, and the receipt sees to it that only one does.
func (c *Counter) catchUp() {
	now := time.Now()
	c.desk.Expire(now)
	late := c.peers.Late(now)
	if own := c.desk.Own(); late && own != nil {
		c.desk.Queue(own)
		c.hand(own)
	}
}

// flush sends the answers that there are.
func (c *Counter) flush() {
	for _, a := range c.desk.Answers() {
		c.reply(a)
	}
	if due, ok := c.desk.Due(); ok {
		c.alarm.set(due)
	}
	if due, ok := c.peers.Due(); ok {
		c.alarm.set(due)
	}
}

// wait waits for the next step of another.
func (c *Counter) wait() {
	c.flush()
	c.changed.Wait()
	c.catchUp()
}

// outside has f run without the lock.
func (c *Counter) outside(f func()) {
	c.unlock()
	defer c.lock()
	f()
}

// sleep pauses for d, or until ctx ends.
func (c *Counter) sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	c.outside(func() {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	})
}

// An alarm wakes the loops when something is due, or earlier.
type alarm struct {
	timer *time.Timer
	at    time.Time // zero if it is not set
}

// set makes the alarm ring at a time, or earlier.
func (a *alarm) set(at time.Time) {
	if a.at.IsZero() || at.Before(a.at) { // not anew for each request: that takes system calls
		a.at = at
		a.timer.Reset(time.Until(at))
	}
}

// ring is a step in which nothing is done but what is due.
func (c *Counter) ring() {
	c.lock()
	defer c.unlock()
	c.alarm.at = time.Time{}
}

// report logs what the node has done, every ten seconds until it ends.
func (c *Counter) report() {
	ctx := c.node.Context()
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
		smoothed, timeout := c.store.RTT()
		c.mu.Lock()
		s, inHand := c.stats, c.desk.InHand()
		c.mu.Unlock()
		c.Log.Info("so far", "requests", s.requests, "waiting", inHand, "folds", s.folds, "delegated", s.delegated,
			"cas", s.attempts, "conflicts", s.conflicts, "resyncs", s.resyncs, "timeouts", s.timeouts,
			"rtt", smoothed, "timeout", timeout)
	}
}
