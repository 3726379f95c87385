package service

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"math"
	"math/bits"
	"slices"
	"strings"

	"maelstrom-counter/internal/bench/journal"
)

// A Replay follows a seq-kv or lin-kv that ran elsewhere, from its requests and
// replies, in the order in which it handled them. It finds out from which state
// each answer came, and what each request changed.
//
// Some of that cannot be known. A write to seq-kv of what an old state holds
// changes nothing if it runs on that state, and the reply is the same. So a
// Replay follows all pasts that fit the replies so far, each with its
// likelihood. A past says which changes were made. If there are too many pasts,
// or too many changes on which they may differ, the likeliest past decides
// about the oldest of these changes.
//
// A state that is equal to the one before has no number here, unlike in a
// [Store], since no reply shows that there was one. So the store may have kept
// fewer of the numbered states than KeptStates, and its ring may have wrapped
// around earlier than the numbers say.
type Replay struct {
	name    string
	callers map[string]int32  // their numbers
	keys    map[uint64]int32  // the last change of each
	texts   map[uint64]uint64 // the values that errors may tell, by their texts
	changes []change          // that were made or may have been; the first stands for the empty state
	settled int32             // the changes before this one are the same in all pasts; the others are open
	doubted uint64            // the open changes on which a past differed that was dropped, as in past.made
	moves   int32             // requests that may have made a state, be it equal to the one before
	pasts   []past
	next    []past // what becomes of them with the request in hand
	asked   []question
	answers []*journal.Answer
	misfits int    // replies that fit no possible state
	misfit  string // the first of them
}

const (
	openChanges = 64 // the bits of past.made
	maxPasts    = 48
)

// A change is what a request has done to a key, or may have done.
type change struct {
	value         uint64 // the new one
	before, moves int32  // the last change of the same key; Replay.moves at the time
	answer        *journal.Answer

	// When it is settled:
	state, doubts int32 // the number of the state after it; how many changes up to it are in doubt
	open          bool  // it is in doubt which state was the newest after it
}

// A past is what may have happened.
type past struct {
	made, moved uint64  // bit i of made: the i-th last change was made, and is open; moved is 1 if one is in hand
	weight      float64 // the logarithm of its likelihood
	floors      []int32 // by caller, the change that made the oldest state that it may be at
}

// A question is a request and its reply. Keys, values, and the types of replies
// are digests.
type question struct {
	caller               int32
	kind                 byte   // the first letter of its type; 0 if no store understands it
	create, wraps        bool   // wraps: the ring may have wrapped around
	value, from          uint64 // value is what it sets
	success, reply, want uint64 // the reply if it succeeds; that which came, or 0; the value that this tells, or 0
	newest, head, moves  int32  // before it, the last change of all and of its key, and Replay.moves
	first                int32  // the change that made the oldest state that may have answered; -1 if none fits
	change               int32  // that it makes, or may make; or 0
}

var (
	seed           = maphash.MakeSeed()
	noKey, differs = digest("error20"), digest("error22")
)

// digest returns a number that is not 0, and differs for different texts: of
// ten million of them, two have the same with a chance of 1 in 300,000.
func digest(text string) uint64 { return max(maphash.String(seed, text), 1) }

// NewReplay returns a replay of the service with this name, which must be
// seq-kv or lin-kv. It returns nil for any other service, since that does not
// have one state after the other.
func NewReplay(name string) *Replay {
	if name != "seq-kv" && name != "lin-kv" {
		return nil
	}
	return &Replay{
		name: name, callers: map[string]int32{}, keys: map[uint64]int32{}, texts: map[uint64]uint64{},
		changes: make([]change, 1), settled: 1, pasts: make([]past, 1),
	}
}

// Handle takes the next request that the service has handled, and its reply,
// which is nil if none is known. Both are bodies of messages. It keeps neither.
func (r *Replay) Handle(caller string, request, reply journal.Raw) {
	fields, _ := Fields(request)
	kind, _ := StringOf(fields["type"])
	asked, ok := requestOf(kind, fields)
	if !ok {
		r.asked, r.answers = append(r.asked, question{}), append(r.answers, nil)
		return
	}
	q, answer := r.question(caller, asked, reply), new(journal.Answer)
	if r.follow(&q); len(r.next) == 0 {
		// If a past has been dropped, it may be the one that fits.
		if r.misfits > 0 || r.changes[r.settled-1].doubts == 0 {
			r.misfits++
			r.misfit = cmp.Or(r.misfit, fmt.Sprintf("%.200s from %s, answered with %.200s", request, caller, reply))
		}
		q.doubt()
		r.follow(&q)
	}
	r.pasts, r.next = r.next, r.pasts[:0]
	if slices.ContainsFunc(r.pasts, func(p past) bool { return p.moved == 1 }) {
		r.change(&q, asked, answer)
	}
	r.asked, r.answers = append(r.asked, q), append(r.answers, answer)
}

// question returns a request and its reply.
func (r *Replay) question(caller string, asked kvRequest, reply journal.Raw) question {
	n, known := r.callers[caller]
	if !known {
		n = int32(len(r.callers))
		r.callers[caller] = n
		for i := range r.pasts {
			r.pasts[i].floors = append(r.pasts[i].floors, 0)
		}
	}
	newest := int32(len(r.changes)) - 1
	q := question{
		caller: n, kind: asked.kind[0], create: asked.create, success: digest(asked.kind + "_ok"),
		value: digest(asked.sets().canonical()), from: digest(asked.from.canonical()),
		newest: newest, first: newest, head: r.keys[digest(asked.key)], moves: r.moves,
	}
	if reply == nil {
		return q
	}
	fields, _ := Fields(reply)
	kind, _ := StringOf(fields["type"])
	text, _ := StringOf(fields["text"])
	q.reply = digest(kind + string(fields["code"]))
	if value, ok := fields["value"]; ok {
		q.want = digest(valueOf(value).canonical())
	} else if q.reply == differs {
		text = strings.TrimPrefix(strings.TrimSuffix(text, " is not "+prStr(asked.from.raw)), "current value ")
		if q.want = r.texts[digest(text)]; isSimple([]byte(text)) {
			q.want = digest(text)
		}
	}
	return q
}

// doubt deals with a reply that fits no past: the value is set if it says so,
// and nothing else is known.
func (q *question) doubt() {
	if q.reply == q.success && q.kind == 'c' {
		q.kind = 'w'
	}
	q.reply, q.first = 0, -1
}

// run returns the reply to a request, and the value of its key afterwards. Now
// it is x, which is 0 if the key is missing.
func (q *question) run(x uint64) (reply, after uint64) {
	switch {
	case q.kind == 'w':
		return q.success, q.value
	case x == 0 && !q.create:
		return noKey, x
	case q.kind == 'r':
		return q.success, x
	case x == 0 || x == q.from:
		return q.success, q.value
	}
	return differs, x
}

// fits reports whether the reply that came may be this one, of a state in which
// the key has the value x.
func (q *question) fits(reply, x uint64) bool {
	return q.reply == 0 || q.reply == reply && (q.want == 0 || q.want == x)
}

// A view is what a past says about a question: how many states may have been
// drawn; how many of these fit and stay as they are, and how many the request
// would change.
type view struct {
	states, fit, moved float64
	first, last        int32  // the changes that made the oldest and the newest that fit
	current            uint64 // the key's value in the newest
}

// look returns what a past says about a question, if a state from that after
// the change floor to that after the change limit was drawn.
func (r *Replay) look(p *past, q *question, floor, limit int32) (v view) {
	top, seen := r.state(p, limit), r.state(p, floor)
	low := max(seen, top-KeptStates+1)
	v.states = float64(top - low + 1)
	for i, upper := q.head, top; upper >= low; i = r.changes[i].before {
		from, x := r.state(p, i), r.changes[i].value
		if from > top || i > 0 && from == r.state(p, i-1) {
			continue // it was made later, or not at all
		}
		if upper == top {
			v.current = x
		}
		n := float64(upper - max(from, low) + 1)
		if reply, after := q.run(x); after != x {
			v.moved += n
		} else if q.fits(reply, x) {
			v.fit += n
			v.first, v.last = max(i, floor), max(v.last, limit)
		}
		upper, limit = from-1, i-1
	}
	return v
}

// follow finds out what may have become of the pasts: nothing if the reply does
// not fit one, and two if the request may have made a change, or not.
func (r *Replay) follow(q *question) {
	for _, p := range r.pasts {
		floor := p.floors[q.caller]
		if r.name == "lin-kv" {
			floor = q.newest
		}
		v := r.look(&p, q, floor, q.newest)
		if v.moved > 0 {
			r.moves = q.moves + 1
		}
		// A request that would have changed an old state ran on the newest. If
		// it would have changed none, this makes no difference.
		if reply, after := q.run(v.current); q.fits(reply, v.current) {
			if after == v.current {
				v.fit += v.moved
			} else {
				floors := slices.Clone(p.floors)
				floors[q.caller] = q.newest + 1
				r.next = append(r.next, past{p.made, 1, p.weight + math.Log(v.moved/v.states), floors})
			}
		}
		if v.fit == 0 {
			continue
		}
		p.weight += math.Log(v.fit / v.states)
		q.first = min(q.first, v.first)
		if q.moves-r.changes[floor].moves >= KeptStates {
			q.wraps = true // so the caller may be at an older state than that which has answered
		} else {
			p.floors[q.caller] = v.first
		}
		r.next = append(r.next, p)
	}
}

// change adds a change, which some pasts have made.
func (r *Replay) change(q *question, asked kvRequest, answer *journal.Answer) {
	for len(r.pasts) > maxPasts || q.newest-r.settled+1 == openChanges {
		r.settle()
	}
	raw := slices.Clone(asked.sets().raw)
	*answer = journal.Answer{Key: journal.Raw(asked.key), Value: raw}
	q.change = q.newest + 1
	r.keys[digest(asked.key)] = q.change
	if !isSimple(raw) {
		r.texts[digest(prStr(raw))] = q.value
	}
	r.changes = append(r.changes, change{value: q.value, before: q.head, moves: r.moves, answer: answer})
	r.doubted <<= 1
	if q.first < 0 {
		r.doubted |= 1
	}
	for i := range r.pasts {
		p := &r.pasts[i]
		p.made, p.moved = p.made<<1|p.moved, 0
	}
}

// settle decides about the oldest open change as the likeliest past does, and
// drops the pasts that differ. Other changes on which they differ are in doubt,
// too.
func (r *Replay) settle() {
	bit := uint64(1) << (len(r.changes) - 1 - int(r.settled))
	best := slices.MaxFunc(r.pasts, func(a, b past) int { return cmp.Compare(a.weight, b.weight) }).made
	var contested uint64
	for _, p := range r.pasts {
		contested |= p.made ^ best
	}
	if contested&bit != 0 {
		r.doubted |= contested
		r.pasts = slices.DeleteFunc(r.pasts, func(p past) bool { return (p.made^best)&bit != 0 })
	}
	for i := range r.pasts {
		r.pasts[i].made &^= bit
	}
	c, last := &r.changes[r.settled], r.changes[r.settled-1]
	c.state, c.doubts, c.open = last.state+1, last.doubts, r.doubted&bit != 0
	if c.open {
		c.doubts++
	}
	if best&bit == 0 {
		c.state, c.open, *c.answer = last.state, c.open || last.open, journal.Answer{}
	}
	r.settled++
}

// state returns the number of the state after a change.
func (r *Replay) state(p *past, i int32) int32 {
	if i < r.settled {
		return r.changes[i].state
	}
	return r.changes[r.settled-1].state + int32(bits.OnesCount64(p.made>>(len(r.changes)-1-int(i))))
}

// A bound is the change that made the newest state that a caller may have been
// at before its next request: in the past that was chosen, and in any.
type bound struct{ chosen, any int32 }

// Answers returns where each answer came from, and what the request changed.
// There is one for each call of Handle, and it is nil if no store understands
// the request.
func (r *Replay) Answers() []*journal.Answer {
	for int(r.settled) < len(r.changes) {
		r.settle()
	}
	newest := int32(len(r.changes)) - 1
	bounds := slices.Repeat([]bound{{newest, newest}}, len(r.callers))
	for i, q := range slices.Backward(r.asked) {
		if a := r.answers[i]; a != nil {
			bounds[q.caller] = r.answer(a, &q, bounds[q.caller])
		}
	}
	return r.answers
}

// answer completes an answer, and returns the bound for the request before. The
// answer comes from the newest state that agrees with what its caller saw
// later.
func (r *Replay) answer(a *journal.Answer, q *question, b bound) bound {
	newest := &r.changes[q.newest]
	a.State, a.Newest, a.Changed = int(newest.state), int(newest.state), a.Value != nil
	a.Unsure = newest.open || q.first < 0 || r.doubts(q.change, q.change)
	if a.Changed || q.first < 0 {
		return b
	}
	limit := bound{min(b.chosen, q.newest), min(b.any, q.newest)}
	if q.wraps {
		limit = bound{q.newest, q.newest}
	}
	at := bound{r.look(nil, q, q.first, limit.chosen).last, limit.any}
	a.State = int(r.changes[at.chosen].state)
	if a.Unsure = a.Unsure || r.doubts(q.first, limit.any); !a.Unsure {
		at.any = r.look(nil, q, q.first, limit.any).last
		a.Unsure = r.changes[at.any].state != r.changes[q.first].state
	}
	return bound{min(at.chosen, b.chosen), min(at.any, b.any)}
}

// doubts reports whether any of these changes is in doubt. Change 0 is not.
func (r *Replay) doubts(from, to int32) bool {
	return r.changes[to].doubts > r.changes[max(from, 1)-1].doubts
}

// Notes returns sentences on what is not known, once Answers has been called.
func (r *Replay) Notes() (notes []string) {
	if n := r.changes[len(r.changes)-1].doubts; n > 0 {
		notes = append(notes, fmt.Sprintf("Some requests to %s (%d in all) may have changed something or not: "+
			"an old state that already held the new value may have answered. What is said about them is only likely.", r.name, n))
	}
	if r.misfits > 0 {
		notes = append(notes, fmt.Sprintf("Some answers of %s (%d in all) fit no state that it can have had. The first: %s.",
			r.name, r.misfits, r.misfit))
	}
	return notes
}
