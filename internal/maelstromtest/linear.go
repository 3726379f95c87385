package maelstromtest

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/anishathalye/porcupine"
)

// linearBudget is how much real time the search for a linearization of one history may take.
const linearBudget = time.Second

// maxOpen bounds the indeterminate adds of a history that is searched for a linearization: each may have happened at any
// time, so that they double the search.
const maxOpen = 16

// counterModel is a counter that starts at base, for porcupine. Its inputs are Ops.
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

// A segment is a part of a history between two moments at which no operation was under way: there the counter is the sum
// of all adds before.
type segment struct {
	base int64
	ops  []porcupine.Operation
}

// segments divides what matters of a history: acknowledged reads and adds, and indeterminate adds, which are under way for
// ever. Adds of nothing don't matter.
func segments(history []Op) (parts []segment, open int) {
	var ops []porcupine.Operation
	for _, op := range history {
		returns := int64(op.Complete)
		switch {
		case op.F == "read" && op.Outcome == OK:
		case op.F == "add" && op.Outcome == OK && op.Int() != 0:
		case op.F == "add" && op.Outcome == Info && op.Int() != 0:
			returns = math.MaxInt64
			open++
		default:
			continue
		}
		client, _ := strconv.Atoi(op.Client[min(1, len(op.Client)):]) // zero will do: it is for the picture
		ops = append(ops, porcupine.Operation{ClientId: client, Input: op, Call: int64(op.Invoke), Return: returns})
	}
	slices.SortStableFunc(ops, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	var sum, ended int64
	for i, op := range ops {
		if i == 0 || op.Call > ended {
			parts = append(parts, segment{base: sum})
		}
		last := &parts[len(parts)-1]
		last.ops = append(last.ops, op)
		ended = max(ended, op.Return)
		if add := op.Input.(Op); add.F == "add" {
			sum += add.Int()
		}
	}
	return parts, open
}

// linearizability says whether a counter's history is linearizable: "ok", "violated", or "skipped" and why.
func linearizability(history []Op) string {
	parts, open := segments(history)
	if open > maxOpen {
		return fmt.Sprintf("skipped: %d indeterminate adds", open)
	}
	start := time.Now()
	for _, part := range parts {
		left := linearBudget - time.Since(start)
		if left <= 0 {
			return "skipped: takes too long"
		}
		switch porcupine.CheckOperationsTimeout(counterModel(part.base), part.ops, left) {
		case porcupine.Illegal:
			return "violated"
		case porcupine.Unknown:
			return "skipped: takes too long"
		}
	}
	return "ok"
}

// sampleOps is how many operations a picture shows.
const sampleOps = 200

// Visualize writes porcupine's interactive picture, as HTML, of a part of a g-counter's history: around the first read that
// is out of order, or else of the end.
func (r *Result) Visualize(w io.Writer) error {
	at := len(r.History) - 1
	if facts, _ := r.Facts.(CounterFacts); len(facts.OutOfOrder) > 0 {
		at = min(at, facts.OutOfOrder[0].Index+sampleOps/10)
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
	parts, _ := segments(history)
	var ops []porcupine.Operation
	for _, part := range parts {
		ops = append(ops, part.ops...)
	}
	model := counterModel(base)
	_, info := porcupine.CheckOperationsVerbose(model, ops, linearBudget)
	return porcupine.Visualize(model, info, w)
}
