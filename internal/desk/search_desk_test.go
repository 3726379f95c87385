package desk

// This part of the search keeps the real desks. A state refers to a desk by
// number. A desk has neither clock nor chance, so each step of each desk is
// taken only once, and its outcome is remembered.
// TestAStepOfADeskAlwaysHasTheSameOutcome takes each step again.

import (
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

// A held is a desk with what the search knows about it. When states refer to
// it, it is no longer changed.
type held struct {
	*Desk
	process int   // which process it belongs to
	life    uint8 // which of that process's lives
	// Dropped although they carry requests, which should never happen; whoever
	// waits for an answer still holds them.
	dropped []*Batch
	fold    foldID // the desk's own, or 0
	queued  []foldID
}

// A task is a step of a desk: the desk, the kind of the step, and what else
// makes a difference.
type task uint64

func newTask(id deskID, kind stepKind, what int) task {
	return task(id)<<40 | task(kind)<<32 | task(what)
}

// An outcome is the result of a task.
type outcome struct {
	desk    deskID
	value   valueID // the result of Apply, or 0
	answers []Answer
	failure string
}

// do returns the outcome of a step of a desk. It calls f to take the step.
func (m *model) do(id deskID, kind stepKind, what int, f func(h *held) valueID) *outcome {
	key := newTask(id, kind, what)
	o, ok := m.outcomes[key]
	if !ok || m.again {
		now := m.reallyDo(id, f)
		if ok && !reflect.DeepEqual(now, o) {
			now.failure = "the same step has another outcome this time"
		}
		m.outcomes[key], o = now, now
	}
	return o
}

func (m *model) reallyDo(id deskID, f func(h *held) valueID) (o *outcome) {
	o = &outcome{}
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
	if err := h.Check(); err != nil && m.fault == "" {
		o.failure = err.Error()
	} else if len(h.dropped) > 0 && m.fault == "" {
		o.failure = fmt.Sprintf("fold %+v is no longer in hand, and carries requests", h.dropped[0].Fold)
	} else {
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
	h.fold, h.queued = 0, nil
	if h.own != nil {
		h.fold = m.foldNumber(fold{h.own.Fold, h.process, h.life})
	}
	for _, b := range h.queue() {
		h.queued = append(h.queued, m.foldOf(h, b))
	}
	return number(m.numbers, &m.kept, h.key(), h)
}

// number returns the number of a value in a list. It adds the value if there is
// none with the same key.
func number[K comparable, N ~uint16 | ~uint32, V any](numbers map[K]N, list *[]V, key K, value V) N {
	n, ok := numbers[key]
	if !ok {
		if n = N(len(*list)); int(n) < len(*list) {
			panic("there are too many of them")
		}
		numbers[key] = n
		*list = append(*list, value)
	}
	return n
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
		return m.foldNumber(fold{b.Fold, h.process, h.life})
	}
	return foldID(b.requests[0].MsgID)
}

// batch returns the batch of a fold of this desk, as it is held by whoever
// waits for the answer to the fold.
func (m *model) batch(h *held, f foldID) *Batch {
	for _, b := range append(h.batches(), h.dropped...) {
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

func (h held) clone() held {
	d := *h.Desk
	d.waiting = slices.Clone(d.waiting)
	d.others = clones(d.others)
	if d.own != nil {
		d.own = clones([]*Batch{d.own})[0]
	}
	h.Desk, h.dropped = &d, clones(h.dropped)
	return h
}

func clones(batches []*Batch) (all []*Batch) {
	for _, b := range batches {
		all = append(all, &Batch{b.Fold, slices.Clone(b.requests)})
	}
	return all
}

// key returns everything about h that can make a difference.
func (h held) key() string {
	key := fmt.Sprint(h.process, h.life, h.Desk.life, h.seq, h.last, h.total, h.inHand, h.closed, h.here, h.waiting, h.own)
	for _, b := range slices.Concat(h.others, []*Batch{{}}, h.dropped) {
		key += fmt.Sprint(*b)
	}
	return key
}

// A fold is a fold that was formed in a life of a process.
type fold struct {
	ledger.Fold
	process int
	life    uint8
}

func (m *model) foldNumber(f fold) foldID { return number(m.foldIDs, &m.folds, f, f) }
