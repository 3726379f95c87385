package desk

// This part of the search keeps the real desks. A state refers to a desk by
// number. A desk has neither clock nor chance, so each step of each desk is
// taken only once, and its outcome is remembered.
// TestAStepOfADeskAlwaysHasTheSameOutcome takes each step again.

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"time"

	"maelstrom-counter/internal/ledger"
)

type (
	deskID  uint32
	foldID  uint16 // 0 is none
	valueID uint16 // 0 is missing
)

// A held is a desk with what the search knows about it.
type held struct {
	*Desk
	process int      // which process it belongs to
	life    uint8    // which of that process's lives
	dropped []*Batch // dropped although they carry requests, which should never happen; whoever waits for an answer still holds them
}

// A kept is a desk to which states refer. It is never changed.
type kept struct {
	held
	own   foldID
	queue []foldID
}

// A task is a step of a desk.
type task struct {
	desk deskID
	kind stepKind
	what uint32
}

// An outcome is the result of a task.
type outcome struct {
	desk    deskID
	value   valueID // the result of Apply, or 0
	answers []Answer
	failure string
}

// desks holds all desks that the search has met.
type desks struct {
	kept     []kept
	numbers  map[string]deskID
	outcomes map[task]outcome
	again    bool // each task is done again whenever it comes up
}

// do returns the outcome of a step of a desk. It calls f to take the step.
func (m *model) do(id deskID, kind stepKind, what int, f func(h *held) valueID) outcome {
	key := task{id, kind, uint32(what)}
	o, ok := m.outcomes[key]
	if ok && !m.again {
		return o
	}
	now := m.reallyDo(id, f)
	if ok && !reflect.DeepEqual(now, o) {
		now.failure = "the same step has another outcome this time"
	}
	m.outcomes[key] = now
	return now
}

func (m *model) reallyDo(id deskID, f func(h *held) valueID) (o outcome) {
	h := m.kept[id].clone()
	defer func() {
		if p := recover(); p != nil {
			o.failure = fmt.Sprint("panic: ", p)
		}
	}()
	before := h.batches()
	o.value = f(&h)
	after := h.batches()
	for _, b := range before {
		if !b.over() && !slices.Contains(after, b) {
			h.dropped = append(h.dropped, b)
		}
	}
	if m.fault == "" {
		if err := h.Check(); err != nil {
			o.failure = err.Error()
		}
		if len(h.dropped) > 0 {
			o.failure = fmt.Sprintf("fold %+v is no longer in hand, and carries requests", h.dropped[0].Fold)
		}
	}
	if o.failure == "" {
		o.answers = h.Answers()
		o.desk = m.keep(h)
	}
	return o
}

// keep returns the number of a desk. Desks have the same number if they cannot
// behave differently. Of their deadlines only the order matters, and of the
// total only how near it is to ledger.Max. The count of settled batches does
// not matter.
func (m *model) keep(h held) deskID {
	var deadlines []time.Time
	h.each(func(r *Request) { deadlines = append(deadlines, r.Deadline) })
	slices.SortFunc(deadlines, time.Time.Compare)
	deadlines = slices.Compact(deadlines)
	h.each(func(r *Request) { r.Deadline = at(1 + slices.Index(deadlines, r.Deadline)) })
	if h.Desk.life.Compare(h.last) >= 0 {
		h.last = ledger.Life{} // which makes no difference until a later one is seen
	}
	if m.room == 0 {
		h.total = 0
	}
	key := string(h.encode())
	id, ok := m.numbers[key]
	if !ok {
		id = deskID(len(m.kept))
		m.numbers[key] = id
		k := kept{held: h}
		if h.own != nil {
			k.own = m.foldNumber(h.own.Fold, h.process, h.life)
		}
		for _, b := range h.queue() {
			k.queue = append(k.queue, m.foldOf(h, b))
		}
		m.kept = append(m.kept, k)
	}
	return id
}

// at is a time in the order of deadlines.
func at(n int) time.Time { return time.Unix(int64(n), 0) }

// next returns the deadline for the next request that h takes in.
func (h *held) next() time.Time {
	n := 0
	h.each(func(*Request) { n++ })
	return at(n + 1)
}

// foldOf returns the number of the fold of a batch in hand.
func (m *model) foldOf(h held, b *Batch) foldID {
	if b == h.own || b.requests[0].Kind != Combine {
		return m.foldNumber(b.Fold, h.process, h.life)
	}
	return foldID(b.requests[0].MsgID)
}

// batch returns the batch of a fold of this desk, as it is held by whoever
// waits for the answer to the fold.
func (m *model) batch(h *held, f foldID) *Batch {
	all := slices.Clone(h.dropped)
	if h.own != nil {
		all = append(all, h.own)
	}
	for _, b := range all {
		if b.Fold == m.folds[f].Fold {
			return b
		}
	}
	return &Batch{Fold: m.folds[f].Fold} // it is over
}

// each calls f with each request in hand, and with those that were dropped.
func (h *held) each(f func(*Request)) {
	for i := range h.waiting {
		f(&h.waiting[i])
	}
	for _, b := range append(h.batches(), h.dropped...) {
		for i := range b.requests {
			f(&b.requests[i])
		}
	}
}

func (h *held) clone() held {
	copies := map[*Batch]*Batch{nil: nil}
	clone := func(b *Batch) *Batch {
		if copies[b] == nil && b != nil {
			copies[b] = &Batch{b.Fold, slices.Clone(b.requests)}
		}
		return copies[b]
	}
	c := *h
	d := *h.Desk
	c.Desk = &d
	d.waiting = slices.Clone(h.waiting)
	d.own = clone(h.own)
	d.others, c.dropped = nil, nil
	for _, b := range h.others {
		d.others = append(d.others, clone(b))
	}
	for _, b := range h.dropped {
		c.dropped = append(c.dropped, clone(b))
	}
	return c
}

// encode returns everything about h that can make a difference.
func (h *held) encode() []byte {
	var data []byte
	number := func(ns ...int64) {
		for _, n := range ns {
			data = binary.AppendVarint(data, n)
		}
	}
	requests := func(all []Request) {
		number(int64(len(all)))
		for _, r := range all {
			number(int64(r.Kind), int64(r.MsgID), r.Delta, r.Deadline.Unix())
		}
	}
	batches := func(all []*Batch) {
		number(int64(len(all)))
		for _, b := range all {
			data = append(data, b.Node...)
			number(b.Boot, b.Nonce, b.Seq, b.Delta)
			requests(b.requests)
		}
	}
	number(int64(h.process), int64(h.life), h.Desk.life.Boot, h.Desk.life.Nonce, h.seq, h.total, int64(h.inHand))
	if h.closed {
		number(1)
	}
	requests(h.waiting)
	number(h.last.Boot, h.last.Nonce)
	if h.here {
		number(1)
	}
	batches(h.others)
	if h.own != nil {
		batches([]*Batch{h.own})
	}
	batches(h.dropped)
	return data
}

// A fold is a fold that was formed in a life of a process.
type fold struct {
	ledger.Fold
	process int
	life    uint8
}

func (m *model) foldNumber(f ledger.Fold, process int, life uint8) foldID {
	key := fold{f, process, life}
	id, ok := m.foldIDs[key]
	if !ok {
		id = foldID(len(m.folds))
		m.foldIDs[key] = id
		m.folds = append(m.folds, key)
	}
	return id
}
