package claim

import (
	"cmp"
	"maps"
	"slices"

	"maelstrom-counter/internal/bench/verdict"
)

// What was asked for and acknowledged.

// adds returns the sum of the adds for which a predicate is true.
func (r *Run) adds(is func(i int, op verdict.Op) bool) (sum int64) {
	for i, op := range r.History {
		if op.F == "add" && is(i, op) {
			sum += op.Int()
		}
	}
	return sum
}

// acked returns the sum of the adds that a node had acknowledged at a position.
func (r *Run) acked(node string, at int) int64 { return sumBefore(r.addsAt(node, true), at) }

// asked returns the sum of the adds that had reached a node at a position.
func (r *Run) asked(node string, at int) int64 { return sumBefore(r.addsAt(node, false), at) }

func sumBefore(adds []timed, at int) (sum int64) {
	for _, t := range adds {
		if t.at < at {
			sum += t.Value
		}
	}
	return sum
}

// ackedBefore reports whether an operation is an add that was acknowledged
// before another began.
func (r *Run) ackedBefore(i, read int) bool {
	op := r.op(i)
	return op.F == "add" && op.Outcome == verdict.OK && op.Complete < r.op(read).Invoke
}

// read returns an operation that is a read and was answered, and its answer.
func (r *Run) read(i int) (verdict.Op, *message) {
	op := r.op(i)
	if op.F != "read" || op.Outcome != verdict.OK {
		panic(missing{"answered read"})
	}
	return op, r.reply(i)
}

// addsAt returns the adds that a node acknowledged, or that reached it, in
// order.
func (r *Run) addsAt(node string, acked bool) []timed {
	key := say("%s %v", node, acked)
	if found, ok := r.own[key]; ok {
		return found
	}
	found := []timed{}
	for i, op := range r.History {
		at := -1
		if m := r.firstReply(i); acked && op.Outcome == verdict.OK && m != nil && m.src == node {
			at = m.sent
		} else if !acked && op.Node == node && r.requests[i] >= 0 {
			at = r.request(i).arrival()
		}
		if op.F == "add" && at >= 0 {
			found = append(found, timed{at, Part{node, op.Int(), -1}})
		}
	}
	slices.SortFunc(found, func(a, b timed) int { return cmp.Compare(a.at, b.at) })
	r.own[key] = found
	return found
}

// isAdd reports whether an operation is an add of an amount that reached a
// node.
func (r *Run) isAdd(i int, node string, delta int64) bool {
	op := r.op(i)
	return op.F == "add" && op.Node == node && op.Int() == delta && r.request(i).arrival() >= 0
}

// isRead reports whether an operation is a read that a node answered with a
// value.
func (r *Run) isRead(i int, node string, value int64) bool {
	op, reply := r.read(i)
	return reply.src == node && op.Int() == value
}

func (r *Run) isFinal(i int, node string, value int64) bool {
	return r.isRead(i, node, value) && r.op(i).Final
}

// totals returns the sums of all acknowledged adds and any of those that may
// have happened.
func (r *Run) totals(maybe func(verdict.Op) bool) (right []Range) {
	const most = 1 << 20 // sums that are told apart
	acked := r.adds(func(_ int, op verdict.Op) bool { return op.Outcome == verdict.OK })
	sums := map[int64]bool{acked: true}
	for _, op := range r.History {
		if op.F != "add" || op.Outcome == verdict.OK || !maybe(op) {
			continue
		}
		for sum := range maps.Clone(sums) {
			sums[sum+op.Int()] = true
		}
		if len(sums) > most {
			panic(missing{"so many sums"})
		}
	}
	for _, sum := range slices.Sorted(maps.Keys(sums)) {
		if n := len(right); n > 0 && right[n-1].Hi+1 == sum {
			right[n-1].Hi = sum
		} else {
			right = append(right, Range{Lo: sum, Hi: sum})
		}
	}
	return right
}

func within(ranges []Range, n int64) bool {
	return slices.ContainsFunc(ranges, func(x Range) bool { return x.Lo <= n && n <= x.Hi })
}

// ackedSum returns the sum of the adds that were acknowledged before a read was
// asked.
func (r *Run) ackedSum(read int) int64 {
	return r.adds(func(i int, _ verdict.Op) bool { return r.ackedBefore(i, read) })
}

// ackedByWhen returns the sum of those that a node acknowledged.
func (r *Run) ackedByWhen(node string, read int) int64 {
	return r.adds(func(i int, _ verdict.Op) bool {
		m := r.firstReply(i)
		return r.ackedBefore(i, read) && m != nil && m.src == node
	})
}

// askedSum returns the sum of the adds that had been asked for when a read was
// answered, without those that were refused for certain.
func (r *Run) askedSum(read int) int64 {
	end := r.op(read).Complete
	return r.adds(func(_ int, op verdict.Op) bool { return op.Invoke <= end && op.Outcome != verdict.Fail })
}

// missing returns by how much a read is too little, or, if it is negative, too
// much; or zero.
func (r *Run) missing(read int) int64 {
	op, _ := r.read(read)
	acked, most, value := r.ackedSum(read), r.askedSum(read), op.Int()
	if op.Final {
		right := r.totals(func(op verdict.Op) bool { return op.Outcome != verdict.OK })
		most = right[len(right)-1].Hi
	}
	switch {
	case value < acked:
		return acked - value
	case value > most:
		return most - value
	}
	return 0
}

// addsInHand returns the adds that a node had in hand at a position.
func (r *Run) addsInHand(node string, at int) (adds []int) {
	for i, op := range r.History {
		if op.F == "add" && op.Node == node && r.inHand(i, at) {
			adds = append(adds, i)
		}
	}
	return adds
}
