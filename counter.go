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
	"container/list"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/ledger"
	"maelstrom-counter/internal/node"
	"maelstrom-counter/internal/rtt"
	"maelstrom-counter/internal/seqkv"
)

const (
	// maxRequests bounds the requests in hand. More are refused at once.
	maxRequests = 65_536
	// suspicion is how long a combiner that didn't answer in time is not asked again.
	suspicion = time.Second
	// silence is after how long without a fold a node is taken to fold for itself, and how often such a node is let go first:
	// that long, or silentTrips round trips to the store if they take longer, as one who waits for his last fold sends none.
	silence     = 1500 * time.Millisecond
	silentTrips = 4
	// calm is how many compare-and-swaps in a row must have met no other writer before this one stops yielding.
	calm = 5
	// patience is how many rounds in a row may bring the folder no further before it backs off.
	patience = 4
	// crowd is the number of nodes from which on they need more than yielding to get through.
	crowd = 8
)

// A Counter is one node's part of the counter. Its methods add and read take in the clients' requests and peerFold those
// of other nodes; run, the folder, is the goroutine that gets them into the total and answers them.
type Counter struct {
	Config
	node  *node.Node
	store *seqkv.Client
	log   *slog.Logger
	wake  chan struct{} // has one element when the folder should look for work

	// The folder's own.
	value     ledger.Value    // the newest value that the store has confirmed
	raw       json.RawMessage // the same, as it stands in the store; nil if the key does not exist
	tried     ledger.Value    // what the last compare-and-swap would have made of it
	current   bool            // nothing has happened since that casts doubt on it
	conflicts int             // compare-and-swaps that have failed since the last success because the value was another
	failures  int             // ... for another reason
	quiet     int             // successes in a row between which nobody else has written
	yielded   time.Time       // when this node last began to yield
	resume    time.Time       // when it may go on
	busy      bool            // the last compare-and-swap, too, came before that time
	idle      int             // rounds in a row that have brought it no further

	mu      sync.Mutex
	life    ledger.Life
	seq     int64            // of the last fold
	further bool             // this round has: a request has been answered, or the value was another
	started bool             // the store has been looked at
	floor   int64            // a total that the counter has had: the newest is not less
	broken  error            // why the stored value makes no sense
	waiting list.List        // of *request, in no fold yet
	own     *work            // this node's fold, if there is one on its way
	queue   []*work          // the folds that are to be applied by this node
	inHand  list.List        // of *request not yet answered, in the order of their deadlines
	expiry  *time.Timer      // ticks at the first deadline, or earlier
	armed   bool             // it will
	closed  bool             // the node ends: nothing is waited for any more
	peers   map[string]*peer // the other nodes
	errands []*errand        // folds handed to them, and neither answered nor late
	stats   stats
}

// Config is what a counter can be given.
type Config struct {
	Key     string        // the key of the store that holds the counter
	Timeout time.Duration // within which every request is answered
	Boot    time.Time     // when this process started
	Random  *rand.Rand    // the source of jitter
}

// A request is a client's add or read, or another node's fold, that waits for its place in the total.
type request struct {
	delta    int64
	answer   func(outcome)
	deadline time.Time
	held     *list.Element // in Counter.inHand
	place    *list.Element // in Counter.waiting, or nil
	work     *work         // the fold that carries it, or nil
	ended    bool
}

// An outcome is a total that contains the request, or the error that the requester is to get.
type outcome struct {
	total   int64
	failure *maelstrom.RPCError
}

func failed(code int, text string) outcome {
	return outcome{failure: maelstrom.NewRPCError(code, text)}
}

// work is a fold on its way into the total.
type work struct {
	ledger.Fold
	requests []*request // those it carries
	live     int        // how many of them have not ended
	queued   bool       // for this node to apply
	sent     bool       // to the store or another node: a copy may arrive and take effect at any time
	done     bool
}

type stats struct {
	requests, folds, delegated, attempts, conflicts, resyncs, timeouts int64
}

// newCounter makes n serve the counter. Its folder is started with run.
func newCounter(n *node.Node, log *slog.Logger, config Config) *Counter {
	c := &Counter{
		Config: config,
		node:   n,
		store:  seqkv.New(n, config.Random),
		log:    log,
		wake:   make(chan struct{}, 1),
		life:   ledger.NewLife(config.Boot, n.Nonce()),
		quiet:  calm,
		peers:  make(map[string]*peer),
	}
	c.expiry = time.AfterFunc(c.Timeout, c.tick)
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
	c.submit(msg, body.MsgID, err, &request{delta: delta}, nil, func(int64) any {
		return maelstrom.MessageBody{Type: "add_ok"}
	})
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
	c.submit(msg, body.MsgID, err, &request{}, nil, func(total int64) any {
		return struct {
			Type  string `json:"type"`
			Value int64  `json:"value"`
		}{"read_ok", total}
	})
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
	c.submit(msg, body.MsgID, err, &request{}, &body.Fold, func(total int64) any { return foldOK{"fold_ok", total} })
}

// submit puts a request in line, in a fold of its own if it brings one, unless err says that it is malformed. It is
// answered when its outcome is known, or else at its deadline.
func (c *Counter) submit(msg maelstrom.Message, msgID int, err error, r *request, fold *ledger.Fold, ok func(total int64) any) {
	client := msg.Src // and nothing else of a message that may be long
	r.answer = func(out outcome) {
		if out.failure != nil {
			c.node.ReplyError(client, msgID, out.failure)
		} else {
			c.node.Reply(client, msgID, ok(out.total))
		}
	}
	if err != nil {
		r.answer(failed(maelstrom.MalformedRequest, err.Error()))
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inHand.Len() == maxRequests || c.closed {
		r.answer(failed(maelstrom.TemporarilyUnavailable, "too many requests wait"))
		return
	}
	c.stats.requests++
	r.deadline = time.Now().Add(c.Timeout)
	r.held = c.inHand.PushBack(r)
	if !c.armed { // not anew for each first request: that takes system calls
		c.armed = true
		c.expiry.Reset(c.Timeout)
	}
	if fold != nil {
		r.work = &work{Fold: *fold, requests: []*request{r}, live: 1}
		if p := c.peers[fold.Node]; p != nil {
			p.heard = time.Now()
		}
		c.line(r.work)
	} else {
		r.place = c.waiting.PushBack(r)
		c.advance()
	}
}

// tick goes off when something is due.
func (c *Counter) tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	first := c.inHand.Front()
	if c.armed = first != nil; c.armed {
		c.expiry.Reset(time.Until(first.Value.(*request).deadline))
	}
}

// catchUp does what is due, in a fixed order, before anything else is done: requests whose time has run out are given up, and
// nodes suspected that have not folded in time.
func (c *Counter) catchUp() {
	now := time.Now()
	for e := c.inHand.Front(); e != nil && !now.Before(e.Value.(*request).deadline); e = c.inHand.Front() {
		c.giveUp(e.Value.(*request))
	}
	late := func(e *errand) bool { return !now.Before(e.late) }
	for i := slices.IndexFunc(c.errands, late); i >= 0; i = slices.IndexFunc(c.errands, late) {
		e := c.errands[i]
		c.errands = slices.Delete(c.errands, i, i+1)
		c.suspect(e)
	}
}

// giveUp answers a request that is out of time. Whether the add is definitely not in the total depends on one thing:
// has anything that carries it ever been sent?
func (c *Counter) giveUp(r *request) {
	w := r.work
	switch {
	case w == nil:
		c.waiting.Remove(r.place)
	case !w.sent:
		w.Delta -= r.delta
	default:
		c.end(r, failed(maelstrom.Timeout, "the store did not answer in time: it may still take effect"))
		return
	}
	c.end(r, failed(maelstrom.TemporarilyUnavailable, "the store could not be asked in time"))
}

// end answers a request. A fold of which all requests have ended is ended too.
func (c *Counter) end(r *request, out outcome) {
	if r.ended {
		return
	}
	r.ended, c.further = true, true
	c.inHand.Remove(r.held)
	r.answer(out)
	if w := r.work; w != nil {
		if w.live--; w.live == 0 {
			c.finish(w)
		}
	}
}

// close gives everything up that still waits when the node ends.
func (c *Counter) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for e := c.inHand.Front(); e != nil; e = c.inHand.Front() {
		c.giveUp(e.Value.(*request))
	}
}

// ---- The folder ----

// run folds until the node ends. This is the loop that everything else here is about.
func (c *Counter) run() {
	defer c.close()
	ctx := c.node.Context()
	select {
	case <-c.node.Ready():
	case <-ctx.Done():
		return
	}
	c.introduce()
	c.resync(ctx, rtt.Initial)
	for c.work(ctx) {
		c.backOff(ctx)
		c.yield(ctx)
		if !c.current && !c.resync(ctx, c.Timeout) {
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
		err = c.store.CompareAndSwap(ctx, c.Key, c.raw, to)
		switch code := maelstrom.ErrorCode(err); {
		case err == nil:
			c.won(next, to)
		case code == maelstrom.PreconditionFailed || code == maelstrom.KeyDoesNotExist:
			c.count(&c.stats.conflicts)
			c.current, c.quiet, c.conflicts = false, 0, c.conflicts+1
			c.giveWay(ctx)
		default:
			c.count(&c.stats.timeouts)
			c.current = false
			c.failures++
			sleep(ctx, rtt.Backoff(c.failures, c.Random))
		}
	}
}

// work waits until there is something to fold here. It returns false when the node ends.
func (c *Counter) work(ctx context.Context) bool {
	for ctx.Err() == nil {
		c.mu.Lock()
		c.advance()
		c.queue = slices.DeleteFunc(c.queue, func(w *work) bool { return w.done }) // nobody waits for these any more
		ready := len(c.queue) > 0 || c.formable()
		c.mu.Unlock()
		if ready {
			return true
		}
		select {
		case <-c.wake:
		case <-ctx.Done():
		}
	}
	return false
}

// backOff pauses where the last rounds have brought the folder no further, whatever the reason: a store that answers in
// circles, say.
func (c *Counter) backOff(ctx context.Context) {
	c.mu.Lock()
	further := c.further
	c.further = false
	c.mu.Unlock()
	if further {
		c.idle = 0
	}
	c.idle++
	if c.idle > patience {
		sleep(ctx, rtt.Backoff(c.idle-patience, c.Random))
	}
	if c.idle == 5*patience {
		c.log.Warn("folding makes no progress", "rounds", c.idle, "known", c.value)
	}
}

// resync learns the stored value anew. It returns false if that failed, in which case it may simply be tried again.
func (c *Counter) resync(ctx context.Context, timeout time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	c.mu.Lock()
	c.stats.resyncs++
	fresh := fmt.Sprintf("%d.%d", c.life.Nonce, c.stats.resyncs)
	mark := fresh
	if c.conflicts == 1 {
		mark = "" // the conflict itself has brought this node to a newer state, most likely the newest
	}
	c.mu.Unlock()
	scratch := c.Key + "/sync/" + c.node.ID()
	raw, value, err := c.look(ctx, scratch, mark)
	var senseless senselessError
	if errors.As(err, &senseless) {
		// It may be an old value, mended since. So that no request is refused for that, make sure.
		if err = c.store.Write(ctx, scratch, fresh+".sure"); err == nil {
			raw, value, err = c.look(ctx, scratch, "")
		}
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	c.started = true
	switch {
	case errors.As(err, &senseless):
		c.broken = senseless
		c.refuseAll(senseless)
		return false
	case err != nil:
		c.stats.timeouts++
		return false
	}
	c.broken = nil
	c.further = c.further || !value.Equal(c.value)
	if c.raw != nil && !value.Equal(c.value) && !value.Equal(c.tried) {
		c.quiet = 0 // another node has written
	}
	c.value, c.raw, c.current = value, raw, true
	c.floor = max(c.floor, value.Total)
	if last := value.Receipts[c.node.ID()]; c.own == nil && c.life.Compare(last.Life) < 0 {
		c.life, c.seq = c.life.After(last.Life), 0 // the clock has gone back since the last life of this node
	}
	return true
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

// compose settles what is already in the known value and returns the value with everything else in it that may be, and
// whether there is anything.
func (c *Counter) compose() (next ledger.Value, carries bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle()
	if c.formable() {
		if c.form(); c.own != nil {
			c.line(c.own)
		}
	}
	next = c.value.Clone()
	for _, w := range c.queue {
		if !w.done && next.Standing(w.Fold) == ledger.Pending {
			next.Apply(w.Fold)
			w.sent, carries = true, true
		}
	}
	if carries {
		c.stats.attempts++
		c.tried = next
	}
	return next, carries
}

// won takes note that the store holds what was last written.
func (c *Counter) won(value ledger.Value, raw json.RawMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.value, c.raw, c.conflicts, c.failures = value, raw, 0, 0
	c.floor = max(c.floor, value.Total)
	c.settle()
	now := time.Now()
	smoothed, _ := c.store.RTT()
	since := now.Add(-max(silence, silentTrips*smoothed))
	if c.quiet++; c.quiet < calm || c.rivals(since) && c.yielded.Before(since) {
		c.yielded = now
		c.resume = now.Add(smoothed*5/2 + time.Duration(c.Random.Int64N(int64(smoothed*3/2)+1)))
	}
}

// rivals says whether a node may have been folding for itself since a time: one that hands its folds to this one doesn't. A
// rival that has only lost so far has left no trace in the value.
func (c *Counter) rivals(since time.Time) bool {
	for _, p := range c.peers {
		if p.heard.Before(since) {
			return true
		}
	}
	return false
}

// yield lets other nodes go first. Whoever wins a compare-and-swap knows the newest value, and wins again and again if he
// goes on at once, while the others need two round trips to catch up, and starve. So where others write too, a winner
// who has more to do at once, and had so the last time, leaves them time for a resync and a compare-and-swap.
func (c *Counter) yield(ctx context.Context) {
	wait := time.Until(c.resume)
	if wait > 0 && c.busy {
		sleep(ctx, wait)
		if c.quiet == 1 {
			c.current = false // as they did the last time, they will have used it
		}
	}
	c.busy = wait > 0
}

// giveWay is for a crowd. When many nodes have lost their combiner at once, each of them needs as many rounds as they are to
// win one. So a node that folds for itself alone holds back after a conflict, and one that folds for others gets ahead.
func (c *Counter) giveWay(ctx context.Context) {
	c.mu.Lock()
	alone := !slices.ContainsFunc(c.queue, func(w *work) bool { return w != c.own })
	c.mu.Unlock()
	smoothed, _ := c.store.RTT()
	bound := smoothed * time.Duration(min(c.conflicts, 4)*(len(c.node.Peers())/crowd))
	if alone && bound > 0 {
		sleep(ctx, time.Duration(c.Random.Int64N(int64(bound))))
	}
}

// ---- Folds ----

// settle ends the folds of which the known value shows what has become, and those that nobody waits for.
func (c *Counter) settle() {
	queue := c.queue
	c.queue = nil
	for _, w := range queue {
		if w.done {
			continue
		}
		switch c.value.Standing(w.Fold) {
		case ledger.Applied:
			c.finishWith(w, outcome{total: c.value.Total})
		case ledger.Outlived:
			c.outlived(w)
		case ledger.Overflowing:
			if w == c.own {
				c.takeBack(w)
			} else {
				c.finishWith(w, failed(maelstrom.Abort, "the total would pass 2^53-1"))
			}
		default:
			c.queue = append(c.queue, w)
		}
	}
	c.advance()
}

// outlived ends a fold of an earlier life of its node than the one that has a receipt.
func (c *Counter) outlived(w *work) {
	if w != c.own {
		c.finishWith(w, failed(maelstrom.Abort, "a later life of this node has folded"))
		return
	}
	c.life, c.seq = c.life.After(c.value.Receipts[c.node.ID()].Life), 0
	if w.sent {
		// The receipt that would tell whether it was applied is overwritten.
		c.finishWith(w, failed(maelstrom.Timeout, "another life of this node came between: it may have taken effect"))
	} else {
		c.takeBack(w)
	}
}

// refuseAll ends everything that waits, because the stored value makes no sense.
func (c *Counter) refuseAll(why error) {
	for _, w := range c.queue {
		code := maelstrom.TemporarilyUnavailable
		if w.sent {
			code = maelstrom.Timeout
		}
		c.finishWith(w, failed(code, why.Error()))
	}
	c.queue = nil
	for e := c.waiting.Front(); e != nil; e = c.waiting.Front() {
		c.end(c.waiting.Remove(e).(*request), failed(maelstrom.TemporarilyUnavailable, why.Error()))
	}
}

// form makes the waiting requests this node's fold, as far as there is room for them under the greatest total. There is
// no fold if all have been refused.
func (c *Counter) form() {
	w := &work{}
	var next *list.Element
	for e := c.waiting.Front(); e != nil; e = next {
		next = e.Next()
		r := e.Value.(*request)
		switch {
		case r.delta > ledger.Max-c.floor:
			c.waiting.Remove(e)
			c.end(r, failed(maelstrom.Abort, "the total would pass 2^53-1"))
		case r.delta <= ledger.Max-c.floor-w.Delta:
			c.waiting.Remove(e)
			r.place, r.work = nil, w
			w.Delta += r.delta
			w.requests = append(w.requests, r)
			w.live++
		}
	}
	if len(w.requests) == 0 {
		return
	}
	c.seq++
	c.stats.folds++
	w.Node, w.Life, w.Seq = c.node.ID(), c.life, c.seq
	c.own = w
}

// takeBack undoes form, for a fold that is never going to be applied.
func (c *Counter) takeBack(w *work) {
	c.finish(w)
	for _, r := range slices.Backward(w.requests) {
		if !r.ended {
			r.work, r.place = nil, c.waiting.PushFront(r)
		}
	}
}

// finishWith ends a fold and all requests that it carries.
func (c *Counter) finishWith(w *work, out outcome) {
	if w.done {
		return // late news: its requests may be on their way in another fold by now
	}
	for _, r := range w.requests {
		c.end(r, out)
	}
}

// finish takes note that a fold has been applied, or refused, or that nobody waits for it any more.
func (c *Counter) finish(w *work) {
	w.done = true
	if w == c.own {
		c.own = nil
	}
}

// ---- Combining ----

// A peer is another node, as far as it is known from its answers to folds.
type peer struct {
	id        string
	rtt       rtt.Estimator
	suspected bool
	heard     time.Time // when it last handed a fold to this node
	retry     time.Time // when a suspected peer is to be tried again
}

// An errand is a fold on its way to a peer.
type errand struct {
	peer  *peer
	work  *work
	probe bool      // it only finds out whether the peer answers
	late  time.Time // from when on it is taken to be lost
}

// advance gets this node's next fold on its way if the last one is done. Its own folder makes its folds as late as it
// can, in compose, so that they carry the most; for a combiner they are made here.
func (c *Counter) advance() {
	c.catchUp()
	if c.own != nil || c.waiting.Len() == 0 || !c.started || c.closed {
		return
	}
	combiner, probes := c.combiner()
	if combiner == nil && len(probes) == 0 {
		c.poke()
		return
	}
	if c.form(); c.own == nil {
		return
	}
	w := c.own
	w.sent = true
	c.stats.delegated++
	for _, p := range probes {
		p.retry = time.Now().Add(suspicion)
		c.delegate(w, p)
	}
	if combiner != nil {
		c.delegate(w, combiner)
	} else {
		c.line(w)
	}
}

// formable says whether this node has requests to fold itself.
func (c *Counter) formable() bool {
	combiner, _ := c.combiner()
	return combiner == nil && c.own == nil && c.waiting.Len() > 0 && c.started
}

// combiner is the node to hand folds to: the first that this one does not suspect, or nil if that is itself. Nothing rests on
// the choice but how often compare-and-swaps collide. Of those before it, the probes are due to be tried again: a fold is
// handed to them too, only to find out whether they answer.
func (c *Counter) combiner() (combiner *peer, probes []*peer) {
	if c.broken != nil {
		return nil, nil // what only it can say, the node finds out itself
	}
	now := time.Now()
	for _, id := range c.node.Peers() {
		switch p := c.peers[id]; {
		case p == nil || !p.suspected:
			return p, probes
		case !now.Before(p.retry):
			probes = append(probes, p)
		}
	}
	return nil, probes
}

// introduce makes the other nodes known.
func (c *Counter) introduce() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range c.node.Peers() {
		if id != c.node.ID() {
			c.peers[id] = &peer{id: id, rtt: rtt.Estimator{Deviations: 8}}
		}
	}
}

// delegate hands a fold to the combiner. If that takes longer than usual, the node folds it itself too, and whichever
// comes first counts: the receipt sees to it that only one does.
func (c *Counter) delegate(w *work, p *peer) {
	timeout := p.rtt.Timeout()
	if p.rtt.Smoothed() == 0 {
		// Nothing is known of this peer, but it asks the same store.
		_, store := c.store.RTT()
		timeout = min(2*timeout, 6*store)
	}
	sent := time.Now()
	e := &errand{peer: p, work: w, probe: p.suspected, late: sent.Add(timeout)}
	c.errands = append(c.errands, e)
	alarm := time.AfterFunc(timeout, c.tick)
	wait := c.node.Ask(p.id, foldMessage{"fold", w.Fold})
	go func() {
		defer alarm.Stop()
		ctx, cancel := context.WithTimeout(c.node.Context(), c.Timeout)
		defer cancel()
		var reply foldOK
		err := wait(ctx, "fold_ok", &reply)
		if err == nil && (reply.Total < w.Delta || reply.Total > ledger.Max) {
			err = fmt.Errorf("a total of %d", reply.Total)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		i := slices.Index(c.errands, e)
		if i >= 0 {
			c.errands = slices.Delete(c.errands, i, i+1)
		}
		code := maelstrom.ErrorCode(err)
		refused := err != nil && (code == maelstrom.Abort || code == maelstrom.MalformedRequest)
		if err != nil {
			c.log.Debug("a combiner did not fold", "node", p.id, "err", err)
		}
		if err != nil && !refused {
			if i >= 0 {
				c.suspect(e)
			}
			return
		}
		p.rtt.Sample(time.Since(sent))
		p.suspected = false
		if refused {
			c.line(w) // the combiner is well, and the store will tell what is wrong with the fold
			return
		}
		c.floor = max(c.floor, reply.Total)
		c.finishWith(w, outcome{total: reply.Total})
		c.advance()
	}()
}

// suspect stops relying on a node for a while. If the fold did, it is folded here, and also handed to the next combiner:
// where many have lost theirs at once, that one gets ahead more easily.
func (c *Counter) suspect(e *errand) {
	e.peer.suspected, e.peer.retry = true, time.Now().Add(suspicion)
	if e.probe || e.work != c.own {
		return
	}
	c.line(e.work)
	if next, _ := c.combiner(); next != nil {
		c.delegate(e.work, next)
	}
}

// line puts a fold in line to be applied by this node.
func (c *Counter) line(w *work) {
	if !w.done && !w.queued {
		w.queued = true
		c.queue = append(c.queue, w)
		c.poke()
	}
}

// poke tells the folder to look for work.
func (c *Counter) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// ---- Odds and ends ----

func (c *Counter) count(n *int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*n++
}

// sleep pauses for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// report logs what the node has done, every ten seconds until it ends.
func (c *Counter) report() {
	ctx := c.node.Context()
	if !c.log.Enabled(ctx, slog.LevelInfo) {
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
		s, inHand := c.stats, c.inHand.Len()
		c.mu.Unlock()
		c.log.Info("so far", "requests", s.requests, "waiting", inHand, "folds", s.folds, "delegated", s.delegated,
			"cas", s.attempts, "conflicts", s.conflicts, "resyncs", s.resyncs, "timeouts", s.timeouts,
			"rtt", smoothed, "timeout", timeout)
	}
}
