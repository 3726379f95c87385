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

var counterExplanations = map[string]string{
	FinalReads: "each answered final read must return the sum of all acknowledged adds, and may include any of the adds that " +
		"were not acknowledged, for whatever reason",
	RefusedAdds: "an add that was refused with a definite error must not be in the total",
	ReadsInOrder: "a read must not return less than was acknowledged before it began or than an earlier read returned, " +
		"nor more than was added before it ended",
	IsLinearizable: "there must be one order of all requests that explains every answer, with each request at one instant " +
		"between its beginning and its end",
}

// Counter makes the checks of a counter: of adds, and of reads of the total.
// The history is in the order of invocations. The facts are CounterFacts.
func Counter(history []Op) (checks []Check, facts any) {
	f := CounterFacts{Acceptable: acceptable(history, func(op Op) bool { return op.Outcome != OK })}
	var finals []Op
	for _, op := range history {
		if op.Final && op.Outcome == OK {
			finals = append(finals, op)
			f.FinalReads = append(f.FinalReads, op.Int())
		}
	}
	f.OutOfOrder = outOfOrder(history)
	linearizability, unexplained := checkLinearizability(history)
	f.Unexplained = unexplained
	checks = []Check{
		f.finalReads(history, finals),
		f.refusedAdds(history, finals),
		f.readsInOrder(history),
		linearizability,
	}
	for i, c := range checks {
		checks[i] = c.Explained(counterExplanations[c.Name])
	}
	return checks, f
}

// finalReads is Maelstrom's own check, in pn_counter.clj. Final reads that are
// not answered do not matter.
func (f CounterFacts) finalReads(history, finals []Op) Check {
	bad := slices.DeleteFunc(slices.Clone(finals), func(op Op) bool { return f.Accepts(op.Int()) })
	asked := 0
	for _, op := range history {
		if op.Final {
			asked++
		}
	}
	may := anyOf(f.Acceptable)
	check := NewCheck(FinalReads, "", finalFindings(bad, "not "+may))
	switch {
	case len(bad) > 0:
		check.Detail = fmt.Sprintf("%d of %s %s wrong; the first is %d, not %s",
			len(bad), Number(len(finals), "final read"), isAre(len(bad)), bad[0].Int(), may)
	case asked == 0:
		check = Skipped(FinalReads, "none was made")
	case len(finals) == 0:
		check = Skipped(FinalReads, fmt.Sprintf("none of %d succeeded", asked))
	}
	return check.ByMaelstrom("workload")
}

// refusedAdds finds final reads that Maelstrom accepts only because it takes
// every error for indeterminate.
func (f CounterFacts) refusedAdds(history, finals []Op) Check {
	refused := func(op Op) bool { return mayCount(op) && op.Outcome == Fail }
	strict := acceptable(history, func(op Op) bool { return op.Outcome == Info })
	bad := slices.DeleteFunc(slices.Clone(finals), func(op Op) bool {
		return !f.Accepts(op.Int()) || contains(strict, op.Int())
	})
	switch {
	case len(finals) == 0:
		return Vacuous(RefusedAdds, "no final read succeeded")
	case !slices.ContainsFunc(history, refused):
		return Vacuous(RefusedAdds, "no add was refused")
	}
	detail := fmt.Sprintf("an add that was refused is in %d of %s", len(bad), Number(len(finals), "final read"))
	return NewCheck(RefusedAdds, detail, finalFindings(bad, "not "+anyOf(strict)+": a refused add is counted"))
}

// finalFindings says what final reads have returned: a line for each value.
func finalFindings(bad []Op, wrong string) []string {
	nodes := map[int64][]string{}
	for _, op := range bad {
		if !slices.Contains(nodes[op.Int()], op.Node) {
			nodes[op.Int()] = append(nodes[op.Int()], op.Node)
		}
	}
	var findings []string
	for _, g := range grouped(bad, func(op Op) string { return fmt.Sprint(op.Int()) }) {
		value := g.first.Int()
		if g.n == 1 {
			findings = append(findings, fmt.Sprintf("the final read of %s is %d, %s", g.first.Node, value, wrong))
		} else {
			of := list(nodes[value], "and")
			findings = append(findings, fmt.Sprintf("%d final reads, of %s, are %d, %s", g.n, of, value, wrong))
		}
	}
	return findings
}

// readsInOrder finds reads that contradict what was known before or after them.
func (f CounterFacts) readsInOrder(history []Op) Check {
	reads := 0
	for _, op := range history {
		if op.F == "read" && op.Outcome == OK {
			reads++
		}
	}
	if reads == 0 {
		return Vacuous(ReadsInOrder, "no read succeeded")
	}
	var findings []string
	for _, g := range grouped(f.OutOfOrder, func(v Violation) string { return v.Why }) {
		findings = append(findings, andMore(g.first.String(), g.n))
	}
	n := len(f.OutOfOrder)
	return NewCheck(ReadsInOrder, fmt.Sprintf("%d of %s %s out of order", n, Number(reads, "read"), isAre(n)), findings)
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
		if !mayCount(op) || !maybe(op) {
			continue
		}
		delta := op.Int()
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

// mayCount reports whether an operation is an add that changes the total if it
// takes effect.
func mayCount(op Op) bool { return op.F == "add" && op.Int() != 0 }

// Accepts reports whether a final read may return n.
func (f CounterFacts) Accepts(n int64) bool { return contains(f.Acceptable, n) }

// anyOf shows ranges as a choice.
func anyOf(ranges []Range) string { return list(Texts(ranges), "or") }

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

	Request string `json:"request"` // which read it is, such as "the final read of n2"
}

// Missed returns how much less the read returned than had been acknowledged, or
// than had been read, before it began. It is zero if the read returned too
// much.
func (v Violation) Missed() int64 { return max(0, v.Bounds.Lo-v.Read) }

func (v Violation) String() string {
	bounds := v.Bounds
	bounds.Hi = max(bounds.Lo, bounds.Hi) // an earlier read has returned more than there was
	return fmt.Sprintf("%s (op %d) returned %d instead of %v: %s", v.Request, v.Index, v.Read, bounds, v.Why)
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
		found = append(found, Violation{i, op.Int(), bounds, why, op.RequestTo()})
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
