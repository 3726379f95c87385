package maelstromtest

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/anishathalye/porcupine"

	"maelstrom-counter/internal/bench/linear"
)

// linearSteps bounds the steps that deciding a history may take. Using them all
// takes about 1.5 s. The most expensive of the simulations uses a fiftieth of
// them.
const linearSteps = 20_000_000

// counterModel returns porcupine's model of a counter that starts at base. Its
// inputs are Ops.
func counterModel(base int64) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return base },
		Step: func(state, input, _ any) (bool, any) {
			op := input.(Op)
			if op.F == "add" {
				return true, state.(int64) + op.Int()
			}
			return op.Int() == state.(int64), state
		},
		DescribeOperation: func(input, _ any) string {
			op := input.(Op)
			switch {
			case op.F == "read":
				return fmt.Sprintf("read → %d", op.Int())
			case op.Outcome == Info:
				return fmt.Sprintf("add %d (indeterminate)", op.Int())
			}
			return fmt.Sprintf("add %d", op.Int())
		},
		DescribeState: func(state any) string { return fmt.Sprint(state) },
	}
}

// until returns the time up to which an operation may take effect, and whether
// the operation matters. Acknowledged reads and adds matter. So do
// indeterminate adds, which may take effect at any later time.
func until(op Op) (returns int64, matters bool) {
	switch {
	case op.Outcome == OK:
		return int64(op.Complete), true
	case op.Outcome == Info && op.F == "add":
		return linear.Never, true
	}
	return 0, false
}

// checkLinearizability checks whether a counter's history is linearizable. If
// it is not, it also returns the first read, by time of completion, that
// nothing can explain.
func checkLinearizability(history []Op) (Check, *Violation) {
	ops := make([]linear.Op, len(history))
	for i, op := range history {
		if returns, matters := until(op); matters {
			ops[i] = linear.Op{Read: op.F == "read", Value: op.Int(), Invoke: int64(op.Invoke), Complete: returns}
		}
	}
	switch answer, evidence := linear.Check(ops, linearSteps); answer {
	case linear.Yes:
		return NewCheck(isLinearizable, "", nil), nil
	case linear.No:
		op := history[evidence.Read]
		v := &Violation{evidence.Read, op.Int(), Range{evidence.Low, evidence.High},
			fmt.Sprintf("no order of the adds explains it and the reads before it (%s at %v)", op.Node, op.Complete)}
		return NewCheck(isLinearizable, "", []string{"the history is not linearizable: " + v.String()}), v
	}
	return skipped(isLinearizable, "it is too hard to decide"), nil
}

// sampleOps is how many operations a picture shows.
const sampleOps = 200

// Visualize writes porcupine's interactive picture of part of a g-counter's
// history, as HTML. It shows the part around the first read that nothing
// explains, or else the end.
func (r *Result) Visualize(w io.Writer) error {
	at := len(r.History) - 1
	if facts, _ := r.Facts.(CounterFacts); facts.Unexplained != nil {
		at = min(at, facts.Unexplained.Index+sampleOps/10)
	}
	var history []Op
	var base int64
	if at >= 0 {
		from := r.History[max(0, at-sampleOps+1)].Invoke
		for _, op := range r.History[:at+1] {
			if op.F == "add" && op.Outcome == OK && op.Complete < from {
				base += op.Int()
			} else if op.Complete >= from || op.F == "add" && op.Outcome == Info {
				history = append(history, op)
			}
		}
	}
	var ops []porcupine.Operation
	for _, op := range history {
		if returns, matters := until(op); matters && (op.F == "read" || op.Int() != 0) {
			client, _ := strconv.Atoi(op.Client[min(1, len(op.Client)):]) // zero will do: the number is only for the picture
			ops = append(ops, porcupine.Operation{ClientId: client, Input: op, Call: int64(op.Invoke), Return: returns})
		}
	}
	model := counterModel(base)
	_, info := porcupine.CheckOperationsVerbose(model, ops, time.Second)
	return porcupine.Visualize(model, info, w)
}
