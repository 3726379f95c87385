// Package desk decides what becomes of requests: which fold carries each of
// them, and when and how each is answered. It is a pure state machine: no
// clock, no goroutine, no lock, no network. Callers tell it what has happened
// and the time, and collect the answers.
//
// A request waits until it goes into a fold, and is then in that fold until it
// is answered. If there is no total to answer it with, one rule decides. A
// request in a fold gets error 0, which leaves open whether it counts, because
// a copy of the fold may still arrive and take effect. A request in no fold
// gets error 11, which is definite. To keep the rule that simple, a fold counts
// as sent from the moment when it is formed.
//
// A mistake in this package gives clients wrong answers. Whether a fold may be
// applied to a value is decided by package ledger. The caller decides when to
// form a fold and whom to send it to, which cannot make an answer wrong.
package desk

import (
	"errors"
	"fmt"
	"slices"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/ledger"
)

// MaxRequests bounds the requests in hand. Requests beyond that are refused at
// once.
const MaxRequests = 65_536

// A Request comes from a client, which wants an add or a read, or from another
// node, which wants its fold applied.
type Request struct {
	Kind     Kind
	Client   string // the client or node to answer
	MsgID    int    // the message to answer
	Delta    int64  // what it adds: 0 to ledger.Max, and 0 for all but adds
	Deadline time.Time
}

// A Kind says what a request asks for.
type Kind int

const (
	Add Kind = iota
	Read
	Combine // another node's fold
)

// An Answer answers a request, with a total that contains it or with an error.
type Answer struct {
	Request
	Total   int64
	Failure *maelstrom.RPCError // nil if the request succeeded
}

// A Batch is a fold with those of its requests that have not been answered.
// When none is left, the batch is over.
type Batch struct {
	ledger.Fold
	requests []Request // in the order of their deadlines
}

// A Desk holds what is in hand at one node. In each place, the requests are in
// the order of their deadlines.
type Desk struct {
	node    string
	life    ledger.Life
	seq     int64       // of the life's last fold
	last    ledger.Life // the last life of this node that Settle has seen
	total   int64       // the greatest total that Settle has seen
	waiting []Request   // in no fold
	own     *Batch      // this node's fold, or nil
	here    bool        // this node applies its own fold itself
	others  []*Batch    // other nodes' folds, which this node applies
	inHand  int         // how many requests wait or are in batches
	closed  bool
	answers []Answer // not yet collected
	watch   func(d *Desk, step string)
}

// New returns the desk of one life of a node. Requests must be taken in the
// order of their deadlines.
func New(life ledger.Life) *Desk { return &Desk{life: life} }

// Open tells the desk the name of its node. It must be called before Form and
// Settle.
func (d *Desk) Open(node string) { d.node = node }

// Watch makes the desk call f after each step, with the step's name, unless f
// is nil. Tests call Check then.
func (d *Desk) Watch(f func(d *Desk, step string)) { d.watch = f }

func (d *Desk) step(name string) {
	if d.watch != nil {
		d.watch(d, name)
	}
}

// Take takes in a client's request.
func (d *Desk) Take(r Request) {
	defer d.step("Take")
	if d.admit(r) {
		d.waiting = append(d.waiting, r)
	}
}

// TakeFold takes in another node's fold, which must be valid. The answer to the
// fold is that to r.
func (d *Desk) TakeFold(r Request, f ledger.Fold) {
	defer d.step("TakeFold")
	if d.admit(r) {
		d.others = append(d.others, &Batch{f, []Request{r}})
	}
}

// admit takes in a request and returns true, or refuses it and returns false.
func (d *Desk) admit(r Request) bool {
	d.inHand++
	switch {
	case d.closed:
		d.refuse(r, maelstrom.TemporarilyUnavailable, "the node is shutting down")
	case d.inHand > MaxRequests:
		d.refuse(r, maelstrom.TemporarilyUnavailable, "too many requests are waiting")
	default:
		return true
	}
	return false
}

// Formable reports whether Form may be called: requests are waiting, and this
// node has no fold.
func (d *Desk) Formable() bool { return d.own == nil && len(d.waiting) > 0 }

// Own returns this node's fold, or nil if it has none.
func (d *Desk) Own() *Batch { return d.own }

// Form moves the waiting requests that fit below ledger.Max into a new fold of
// this node, and returns the fold, or nil if no request fits. It refuses the
// requests that can never fit. The desk must be Formable.
//
// If the clock has gone back since an earlier life of this node, Form first
// gives this life a name after that one.
func (d *Desk) Form() *Batch {
	defer d.step("Form")
	if !d.outlast() {
		d.fail(&d.waiting, maelstrom.TemporarilyUnavailable, "the store holds a receipt of this node that no later life can follow")
		return nil
	}
	b := &Batch{}
	room := ledger.Max - d.total
	d.waiting = slices.DeleteFunc(d.waiting, func(r Request) bool {
		switch {
		case r.Delta > room:
			d.refuse(r, maelstrom.Abort, "the total would pass 2^53-1")
		case r.Delta > room-b.Delta:
			return false // there may be room for it in the next fold
		default:
			b.Delta += r.Delta
			b.requests = append(b.requests, r)
		}
		return true
	})
	if b.over() {
		return nil
	}
	d.seq++
	b.Node, b.Life, b.Seq = d.node, d.life, d.seq
	d.own, d.here = b, false
	return b
}

// outlast ensures that no life that Settle has seen is after this one. It
// returns false if there is no later name.
func (d *Desk) outlast() bool {
	if d.life.Compare(d.last) >= 0 {
		return true
	}
	later := d.life.After(d.last)
	if later.Compare(d.last) <= 0 {
		return false
	}
	d.life, d.seq = later, 0
	return true
}

// Queue makes this node apply its own fold itself. It does nothing if b is no
// longer this node's fold.
func (d *Desk) Queue(b *Batch) {
	defer d.step("Queue")
	d.here = d.here || b == d.own
}

// Queued reports whether there are folds for this node to apply.
func (d *Desk) Queued() bool { return d.here || len(d.others) > 0 }

// queue returns the folds for this node to apply.
func (d *Desk) queue() []*Batch {
	if d.here {
		return d.batches()
	}
	return d.others
}

// Apply applies those of the queued folds that are Pending to v, which may be
// any value. It reports whether there were any.
func (d *Desk) Apply(v *ledger.Value) (carries bool) {
	for _, b := range d.queue() {
		if v.Standing(b.Fold) == ledger.Pending {
			v.Apply(b.Fold)
			carries = true
		}
	}
	return carries
}

// Settle ends the queued folds whose outcome can be seen from v. The store must
// have held v: a read has shown it, or a swap has written it.
func (d *Desk) Settle(v ledger.Value) {
	defer d.step("Settle")
	d.total = max(d.total, v.Total)
	d.last = slices.MaxFunc([]ledger.Life{d.last, v.Receipts[d.node].Life}, ledger.Life.Compare)
	for _, b := range d.queue() {
		own := b == d.own
		switch standing := v.Standing(b.Fold); {
		case standing == ledger.Applied:
			d.done(b, v.Total)
		case standing == ledger.Outlived && own:
			// The receipt that would tell whether it was applied is
			// overwritten.
			d.fail(&b.requests, maelstrom.Timeout, "a later life of this node has taken over: the request may have taken effect")
		case standing == ledger.Outlived:
			d.fail(&b.requests, maelstrom.Abort, "a later life of this node has taken over")
		case standing == ledger.Overflowing && own:
			d.takeBack(b)
		case standing == ledger.Overflowing:
			d.fail(&b.requests, maelstrom.Abort, "the total would pass 2^53-1")
		}
	}
	d.sweep()
}

// Done ends this node's fold with a total that contains it. It does nothing if
// b is no longer this node's fold.
func (d *Desk) Done(b *Batch, total int64) {
	defer d.step("Done")
	if b == d.own {
		d.done(b, total)
		d.sweep()
	}
}

// Refuse ends everything in hand because the stored value is invalid.
func (d *Desk) Refuse(why string) {
	defer d.step("Refuse")
	d.fail(&d.waiting, maelstrom.TemporarilyUnavailable, why)
	for _, b := range d.batches() {
		d.fail(&b.requests, maelstrom.Timeout, why)
	}
	d.sweep()
}

// Expire gives up the requests whose deadline has come.
func (d *Desk) Expire(now time.Time) {
	if first, ok := d.Due(); ok && !now.Before(first) {
		d.giveUp(func(r Request) bool { return !now.Before(r.Deadline) })
		d.step("Expire")
	}
}

// Close gives up everything. What is taken in later is refused.
func (d *Desk) Close() {
	defer d.step("Close")
	d.closed = true
	d.giveUp(func(Request) bool { return true })
}

// Due returns the earliest deadline of the requests in hand, and whether there
// are any.
func (d *Desk) Due() (due time.Time, ok bool) {
	first := func(place []Request) {
		if len(place) > 0 && (!ok || place[0].Deadline.Before(due)) {
			due, ok = place[0].Deadline, true
		}
	}
	first(d.waiting)
	if d.own != nil {
		first(d.own.requests)
	}
	if len(d.others) > 0 {
		first(d.others[0].requests)
	}
	return due, ok
}

// InHand returns the number of requests that have not been answered.
func (d *Desk) InHand() int { return d.inHand }

// Answers returns the answers that have been made since the last call.
func (d *Desk) Answers() []Answer {
	answers := d.answers
	d.answers = nil
	return answers
}

// giveUp refuses the requests for which due is true. In each place, these
// come first.
func (d *Desk) giveUp(due func(Request) bool) {
	for _, r := range cut(&d.waiting, due) {
		d.refuse(r, maelstrom.TemporarilyUnavailable, "the store could not be asked in time")
	}
	for _, b := range d.batches() {
		for _, r := range cut(&b.requests, due) {
			d.refuse(r, maelstrom.Timeout, "the store did not answer in time: an add may still take effect")
		}
	}
	d.sweep()
}

// cut removes the first requests of a place, as long as due is true, and
// returns them.
func cut(place *[]Request, due func(Request) bool) []Request {
	n := 0
	for n < len(*place) && due((*place)[n]) {
		n++
	}
	first := (*place)[:n]
	*place = (*place)[n:]
	return first
}

// batches returns all batches in hand.
func (d *Desk) batches() []*Batch {
	all := slices.Clone(d.others)
	if d.own != nil {
		all = append(all, d.own)
	}
	return all
}

// done ends a batch with a total that contains its fold.
func (d *Desk) done(b *Batch, total int64) {
	for _, r := range b.requests {
		d.answer(Answer{Request: r, Total: total})
	}
	b.requests = nil
}

// fail refuses all requests in a place.
func (d *Desk) fail(place *[]Request, code int, text string) {
	for _, r := range *place {
		d.refuse(r, code, text)
	}
	*place = nil
}

// takeBack undoes Form for a fold that can never be applied: its requests wait
// again.
func (d *Desk) takeBack(b *Batch) {
	d.waiting = slices.Concat(b.requests, d.waiting)
	slices.SortStableFunc(d.waiting, func(r, s Request) int { return r.Deadline.Compare(s.Deadline) })
	b.requests = nil
}

// sweep forgets the batches that are over.
func (d *Desk) sweep() {
	d.others = slices.DeleteFunc(d.others, (*Batch).over)
	if d.own != nil && d.own.over() {
		d.own, d.here = nil, false
	}
}

func (b *Batch) over() bool { return len(b.requests) == 0 }

func (d *Desk) refuse(r Request, code int, text string) {
	d.answer(Answer{Request: r, Failure: maelstrom.NewRPCError(code, text)})
}

func (d *Desk) answer(a Answer) {
	d.inHand--
	d.answers = append(d.answers, a)
}

// Check returns an error if an invariant is broken, for example if a request is
// in two places or in none. Its time is proportional to the number of requests
// in hand.
func (d *Desk) Check() error {
	var own, others []Request
	for _, b := range d.batches() {
		switch {
		case b.over():
			return fmt.Errorf("fold %+v is in hand and carries nothing", b.Fold)
		case b == d.own:
			own = b.requests
		default:
			others = append(others, b.requests...)
		}
	}
	count := 0
	for _, place := range [][]Request{d.waiting, own, others} {
		count += len(place)
		for i := 1; i < len(place); i++ {
			if place[i].Deadline.Before(place[i-1].Deadline) {
				return fmt.Errorf("the deadlines of %+v and %+v are out of order", place[i-1], place[i])
			}
		}
	}
	if count != d.inHand {
		return fmt.Errorf("%d requests wait or are in folds, and %d are in hand", count, d.inHand)
	}
	return d.checkOwn()
}

// checkOwn is the part of Check that is about this node's fold.
func (d *Desk) checkOwn() error {
	if d.own == nil {
		if d.here {
			return errors.New("this node is to apply its own fold, and has none")
		}
		return nil
	}
	sum := int64(0)
	for _, r := range d.own.requests {
		sum += r.Delta
	}
	switch own := d.own.Fold; {
	case own.Node != d.node || own.Life != d.life || own.Seq != d.seq:
		return fmt.Errorf("the own fold is %+v, and the last of this life is %d of %+v", own, d.seq, d.life)
	case sum > own.Delta:
		return fmt.Errorf("the requests in the own fold add %d, and it adds %d", sum, own.Delta)
	}
	return nil
}
