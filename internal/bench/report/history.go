package report

import (
	"encoding/json"
	"fmt"
	"io"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// An operation is a line of history.jsonl.
type operation struct {
	Index      int     `json:"index"`
	Kind       string  `json:"kind"`
	Value      any     `json:"value"`
	Outcome    string  `json:"outcome"`
	Node       string  `json:"node"`
	Worker     int     `json:"worker"`
	Client     string  `json:"client"`
	InvokeMS   float64 `json:"invoke_ms"`
	CompleteMS float64 `json:"complete_ms"`
	LatencyMS  float64 `json:"latency_ms"`
	ErrorCode  *int    `json:"error_code,omitempty"`
	Why        string  `json:"why,omitempty"`
	Final      bool    `json:"final,omitempty"`
}

func (run Run) writeHistory(w io.Writer) error {
	encoder := json.NewEncoder(w)
	for i, op := range run.Result.History {
		line := operation{
			Index: i, Kind: op.F, Value: op.Value, Outcome: OutcomeName(op.Outcome),
			Node: op.Node, Worker: op.Worker, Client: op.Client,
			InvokeMS: milliseconds(op.Invoke), CompleteMS: milliseconds(op.Complete), LatencyMS: milliseconds(op.Complete - op.Invoke),
			Why: op.Text, Final: op.Final,
		}
		if op.Error {
			line.ErrorCode = &op.Code
		}
		if err := encoder.Encode(line); err != nil {
			return fmt.Errorf("op %d: %w", i, err)
		}
	}
	return nil
}

// Why says why an operation is not ok. Its words distinguish a node's error 0
// from no answer at all.
func Why(op maelstromtest.Op, r *maelstromtest.Result) string {
	switch {
	case op.Error:
		return fmt.Sprintf("the node answered error %d: %s", op.Code, op.Text)
	case op.Text == maelstromtest.ErrTimeout.Error():
		return fmt.Sprintf("no answer within %g s", r.Config.ClientTimeout.Seconds())
	}
	return op.Text
}
