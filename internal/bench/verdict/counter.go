package verdict

import (
	"cmp"
	"fmt"
	"slices"
)

// CounterFacts are the Facts of a counter's Verdict.
type CounterFacts struct {
	FinalReads []int64     `json:"final_reads"`            // those that were answered
	Acceptable []Range     `json:"acceptable"`             // what they may be
	OutOfOrder []Violation `json:"out_of_order,omitempty"` // the reads that contradict what was known before or after them

	Unexplained *Violation `json:"unexplained,omitempty"` // the first read that makes the history not linearizable
}

// The names of the checks of a counter.
const (
	FinalReads     = "final reads"
	RefusedAdds    = "refused adds not in the total"
	ReadsInOrder   = "reads in order"
	IsLinearizable = "linearizable"
)

// Counter makes the checks of a counter: of adds, and of reads of the total.
// The history is in the order of invocations. The facts are CounterFacts.
func Counter(history []Op) (checks []Check, facts any) {
	f := CounterFacts{Acceptable: acceptable(history, func(op Op) bool { return op.Outcome != OK })}
	strict := acceptable(history, func(op Op) bool { return op.Outcome == Info })
	var bad, refused []string
	for _, op := range history {
		if !op.Final || op.Outcome != OK {
			continue
		}
		read := op.Int()
		f.FinalReads = append(f.FinalReads, read)
		switch {
		case !f.Accepts(read):
			bad = append(bad, fmt.Sprintf("final read of %s is %d, not in %v", op.Node, read, f.Acceptable))
		case !contains(strict, read):
			refused = append(refused, fmt.Sprintf("final read of %s is %d, not in %v: it counts an add that was refused", op.Node, read, strict))
		}
	}
	final := NewCheck(FinalReads, "wrong final reads", bad)
	counted := NewCheck(RefusedAdds, "final reads that count refused adds", refused)
	if len(f.FinalReads) == 0 {
		final, counted = Skipped(FinalReads, "none was answered"), Skipped(RefusedAdds, "no final read was answered")
	}
	final.Maelstrom = true
	f.OutOfOrder = outOfOrder(history)
	linearizability, unexplained := checkLinearizability(history)
	f.Unexplained = unexplained
	return []Check{
		final, counted,
		NewCheck(ReadsInOrder, "reads out of order", Texts(f.OutOfOrder)),
		linearizability,
	}, f
}

// A Range is all integers from Lo to Hi.
type Range struct{ Lo, Hi int64 }

func (r Range) String() string {
	if r.Lo == r.Hi {
		return fmt.Sprint(r.Lo)
	}
	return fmt.Sprintf("%d..%d", r.Lo, r.Hi)
}

// MarshalJSON writes [Lo, Hi].
func (r Range) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "[%d,%d]", r.Lo, r.Hi), nil }

// acceptable returns the sums of all adds that were acknowledged and any of
// those that may have happened.
func acceptable(history []Op, maybe func(Op) bool) []Range {
	var sum int64
	for _, op := range history {
		if op.F == "add" && op.Outcome == OK {
			sum += op.Int()
		}
	}
	sums := []Range{{sum, sum}}
	for _, op := range history {
		delta := op.Int()
		if op.F != "add" || delta == 0 || !maybe(op) {
			continue
		}
		more := slices.Clone(sums)
		for _, r := range sums {
			more = append(more, Range{r.Lo + delta, r.Hi + delta})
		}
		slices.SortFunc(more, func(a, b Range) int { return cmp.Compare(a.Lo, b.Lo) })
		sums = more[:1]
		for _, r := range more[1:] {
			if last := &sums[len(sums)-1]; r.Lo <= last.Hi+1 {
				last.Hi = max(last.Hi, r.Hi)
			} else {
				sums = append(sums, r)
			}
		}
	}
	return sums
}

// Accepts reports whether a final read may return n.
func (f CounterFacts) Accepts(n int64) bool { return contains(f.Acceptable, n) }

func contains(ranges []Range, n int64) bool {
	return slices.ContainsFunc(ranges, func(r Range) bool { return r.Lo <= n && n <= r.Hi })
}

// A Violation is a read whose value contradicts what was known before it began,
// or when it ended.
type Violation struct {
	Index  int    `json:"index"` // in the history
	Read   int64  `json:"read"`
	Bounds Range  `json:"bounds"` // what it could have been
	Why    string `json:"why"`
}

func (v Violation) String() string {
	return fmt.Sprintf("op %d read %d instead of %v: %s", v.Index, v.Read, v.Bounds, v.Why)
}

// outOfOrder returns the reads that are less than what had been acknowledged or
// read before they began, or more than all that was asked for before they
// ended. Events at the same instant count as concurrent. The history is in the
// order of invocations.
func outOfOrder(history []Op) []Violation {
	ends := slices.DeleteFunc(slices.Clone(history), func(op Op) bool { return op.Outcome != OK })
	slices.SortStableFunc(ends, func(a, b Op) int { return cmp.Compare(a.Complete, b.Complete) })
	var acked, seen, asked int64
	var found []Violation
	for i, op := range history {
		asked += mayAdd(op)
		if op.F != "read" || op.Outcome != OK {
			continue
		}
		for ; len(ends) > 0 && ends[0].Complete < op.Invoke; ends = ends[1:] {
			if acked += mayAdd(ends[0]); ends[0].F == "read" {
				seen = max(seen, ends[0].Int())
			}
		}
		bounds := Range{max(acked, seen), asked}
		for _, later := range history[i+1:] {
			if later.Invoke > op.Complete {
				break
			}
			bounds.Hi += mayAdd(later)
		}
		var why string
		switch value := op.Int(); {
		case value < acked:
			why = "less than had been acknowledged"
		case value < seen:
			why = "less than had been read"
		case value > bounds.Hi:
			why = "more than had been added"
		default:
			continue
		}
		found = append(found, Violation{i, op.Int(), bounds, fmt.Sprintf("%s (%s at %v)", why, op.Node, op.Complete)})
	}
	return found
}

// mayAdd returns what an operation may have added to the total.
func mayAdd(op Op) int64 {
	if op.F != "add" || op.Outcome == Fail {
		return 0
	}
	return op.Int()
}
