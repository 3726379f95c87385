// Package linear decides whether a history of a grow-only counter is
// linearizable (Herlihy and Wing, 1990): whether each operation can take effect
// at one point between its invocation and its completion, so that each read
// returns the sum of all adds before it. The decision is exact. It uses no
// clock and no chance, so a history has the same answer everywhere.
//
// Package porcupine decides histories of any kind, but it tries orders of whole
// operations: given 10 s each, it gives up on all of eight histories of a
// counter that has 30 clients, 2,000 requests, and one add in fifty whose
// outcome is unknown. This package decides each of them in less than 20 ms. To
// see it, run
//
//	go test -run '^$' -bench Porcupine ./internal/bench/linear
//
// # Levels
//
// The reads demand no more than this of the running total. For each value v
// that was read, the total
//
//   - is v at some time;
//   - reaches v no later than the first completion of a read of v: the level is
//     due;
//   - does not leave v before the last invocation of a read of v or less.
//
// That is necessary, because the total never falls. It also suffices: the total
// is v during an interval that begins no later than any read of v completes,
// and ends no earlier than any read of v is invoked, so the interval meets each
// of these reads. So reads need not be placed. What is left is to place the
// adds.
//
// # Only what is due is placed
//
// A sweep goes through the history in the order of time and keeps a set of
// states. A state says which of the adds that have been invoked are placed. An
// acknowledged add is due at its completion. An add of unknown outcome is never
// due, and need not be placed. Nothing is placed before something is due. That
// loses nothing: take any right placement, and put off each point to the next
// moment when something is due. Then no add is placed too late or before its
// invocation, no level is reached too late, and none is left earlier than it
// was. Adds between the same two levels may change places. So of these, place
// those that are due first, and put off the others.
//
// # What is not tried
//
// Each of these rules drops a state only if the state cannot succeed, or if
// another state is kept that can do everything it can.
//
//   - Of the adds of one delta, the one that is due first is placed first. In a
//     placement where another one is first, swap the two. Both have been
//     invoked, and the later of the two points comes before either is due, so
//     it suits both. (In a sweep by levels instead of time this is false: the
//     add that is due first may be invoked later.)
//   - A state is dropped if another one with the same total is as free. That is
//     so if the adds that the other has left to place can be grouped so that
//     for each add that the dropped state has left there is a group with the
//     same sum, whose members are due no earlier. Then the other can follow
//     wherever the dropped state goes: where that places an add, it places a
//     group. On the way it only passes more totals. So it pays to have placed
//     the adds that are due earlier, or one add of 4 instead of a 1 and a 3.
//   - A state is dropped if it has placed so many adds of unknown outcome that
//     a level cannot be kept. Before a level may be left, all adds must be
//     placed that are completed by then, and all placed adds together must not
//     exceed the level.
//
// # What cannot be decided
//
// The problem is NP-complete, even if the deltas are small numbers. With one
// read it is subset sum; with adds that are all concurrent, and reads of B, 2B,
// 3B and so on, one after the other, it is 3-partition. (For registers see
// Gibbons and Korach, Testing Shared Memories, SIAM Journal on Computing 26,
// 1997.) It is easy where few adds are open at a time and few deltas differ:
// 20,000 operations of 50 workers, as real counters answer them, take 10 to 50
// ms. Adds of unknown outcome make it hard, because they stay open. With 50
// workers whose requests all overlap, and 1 % of 7,000 adds unknown, one
// history in two takes too long; with 3 %, every history does. Therefore steps
// are counted. When they are used up, or more than 512 adds are open at once,
// the answer is Unknown. It is never wrong.
package linear

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// Never is the completion of an add whose outcome is unknown: it may take
// effect at any time from its invocation on, or not at all.
const Never = math.MaxInt64

// An Op is an acknowledged read, or an add that was acknowledged or whose
// outcome is unknown. The zero Op constrains nothing: it may stand for an
// operation that failed, or for a read without a result.
type Op struct {
	Read  bool
	Value int64 // the total that was read, or the delta of an add, which is not negative
	// Both times belong to the operation, so what happens at the same instant
	// is concurrent.
	Invoke   int64
	Complete int64
}

// An Answer says whether a history is linearizable.
type Answer int

const (
	Unknown Answer = iota
	Yes
	No
)

// Evidence is why a history is not linearizable.
type Evidence struct {
	// Read is the index of the first read, in the order of completions, that
	// cannot be explained: the operations completed before it are linearizable,
	// but not together with it.
	Read int
	// Low and High bound what the read could have returned. Low is the sum of
	// the adds that were acknowledged before the read was invoked, or the
	// greatest total that had been read by then, if that is greater. High is
	// the sum of all adds that were invoked before the read was completed. If
	// the result is between them, it contradicts other reads, or is not the sum
	// of any adds that can have come before it.
	Low, High int64
}

// Check decides whether a history, which may be in any order, is linearizable.
// It takes at most the given number of steps, of which it does some ten million
// a second. If the answer is No, Check searches for the evidence with as many
// steps again. If these do not suffice, the evidence may be a later read than
// the first. The answer is also Unknown if the history is invalid: if a delta
// is negative, a completion is before its invocation, or the sum of all adds is
// above 2^63-1.
func Check(history []Op, steps int) (Answer, *Evidence) {
	var sum int64
	for _, op := range history {
		if op.Complete < op.Invoke || !op.Read && (op.Value < 0 || op.Value > math.MaxInt64-sum) {
			return Unknown, nil
		}
		if !op.Read {
			sum += op.Value
		}
	}
	answer, _ := decide(history, steps)
	if answer != No {
		return answer, nil
	}
	read := firstWrong(history, steps)
	low, high := bounds(history, read)
	return No, &Evidence{Read: read, Low: low, High: high}
}

// firstWrong searches for the first read, by completion, up to which a history
// is not linearizable. It bisects, since fewer reads demand less. Adds that are
// invoked after all these reads are of no use to them. Adds that are completed
// later may stay as they are, since they can be placed after the reads. What
// cannot be decided counts as right.
func firstWrong(history []Op, steps int) int {
	reads := readsOf(history)
	last := len(reads) - 1 // up to here it is known to be wrong
	return reads[sort.Search(last, func(n int) bool {
		var part []Op
		for _, op := range history {
			if !op.Read && op.Invoke <= history[reads[n]].Complete {
				part = append(part, op)
			}
		}
		for _, i := range reads[:n+1] {
			part = append(part, history[i])
		}
		answer, used := decide(part, steps)
		steps -= used
		return answer == No
	})]
}

// readsOf returns the indexes of the reads, in the order of their completions.
func readsOf(history []Op) (reads []int) {
	for i, op := range history {
		if op.Read {
			reads = append(reads, i)
		}
	}
	slices.SortStableFunc(reads, func(a, b int) int { return cmp.Compare(history[a].Complete, history[b].Complete) })
	return reads
}

// bounds returns the least and the most that a read could have returned.
func bounds(history []Op, read int) (low, high int64) {
	r := history[read]
	var acknowledged, seen int64
	for _, op := range history {
		before := op.Complete < r.Invoke
		switch {
		case op.Read && before:
			seen = max(seen, op.Value)
		case op.Read:
		case before:
			acknowledged += op.Value
			high += op.Value
		case op.Invoke <= r.Complete:
			high += op.Value
		}
	}
	return max(acknowledged, seen), high
}
