package verdict

import (
	"maelstrom-counter/internal/bench/linear"
)

// linearSteps bounds the steps that deciding a history may take. Using them all
// takes about 1.5 s. The most expensive of the simulations uses a fiftieth of
// them.
const linearSteps = 20_000_000

// checkLinearizability checks whether a counter's history is linearizable. If
// it is not, it also returns the first read, by time of completion, that
// nothing can explain.
func checkLinearizability(history []Op) (Check, *Violation) {
	ops := make([]linear.Op, len(history))
	asked := false
	for i, op := range history {
		o := linear.Op{Read: op.F == "read", Value: op.Int(), Invoke: int64(op.Invoke), Complete: int64(op.Complete)}
		if op.Outcome == Info && !o.Read { // it may take effect at any later time
			o.Complete = linear.Never
		}
		asked = asked || op.Outcome == OK && o.Read
		if op.Outcome == OK || o.Complete == linear.Never {
			ops[i] = o
		}
	}
	if !asked {
		return Vacuous(IsLinearizable, "no read succeeded"), nil
	}
	switch answer, evidence := linear.Check(ops, linearSteps); answer {
	case linear.Yes:
		return NewCheck(IsLinearizable, "", nil), nil
	case linear.No:
		op := history[evidence.Read]
		v := &Violation{evidence.Read, op.Int(), Range{evidence.Low, evidence.High},
			"no order of the adds explains both it and the reads before it", op.RequestTo()}
		return NewCheck(IsLinearizable, "not linearizable", []string{"the history is not linearizable: " + v.String()}), v
	}
	return Skipped(IsLinearizable, "this took too many steps to decide"), nil
}
