package maelstromtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A Result is what a run came to. It marshals to JSON without its history, for which there is WriteHistory. Durations are
// in nanoseconds there.
type Result struct {
	// Valid is Maelstrom's verdict: the workload's own; each kind of request succeeded at least once (Jepsen's
	// checker/stats); no node crashed or printed what is no message.
	Valid    bool   `json:"valid"`
	Workload string `json:"workload"`
	Config   Config `json:"config"` // with its defaults filled in
	Verdict         // the workload's

	Invoked      int     `json:"invoked"`
	OK           int     `json:"ok"`
	Fail         int     `json:"fail"`       // refused for certain
	Info         int     `json:"info"`       // indeterminate
	Unanswered   int     `json:"unanswered"` // without any reply in time
	Availability float64 `json:"availability"`

	Latency            Quantiles            `json:"latency"`              // of all requests that were answered ok
	LatencyByKind      map[string]Quantiles `json:"latency_by_kind"`      // the same, by their F
	Messages           int                  `json:"messages"`             // sent, all
	ServerMessages     int                  `json:"server_messages"`      // sent that involve no client
	MessagesPerRequest float64              `json:"messages_per_request"` // of those: Maelstrom's :net :servers :msgs-per-op
	Late               int                  `json:"late"`                 // replies to clients that had given up
	Doubled            int                  `json:"doubled"`              // messages that were sent on twice
	DoubledApart       int                  `json:"doubled_apart"`        // of those: both arrived, at different instants

	Faults   []FaultRecord `json:"faults"`
	Crashes  []Crash       `json:"crashes,omitempty"`
	Strays   []Stray       `json:"strays,omitempty"`
	Exits    []Exit        `json:"exits"`
	Problems []string      `json:"problems,omitempty"` // malformed replies, double replies, requests left unanswered by a live node, ...

	History []Op          `json:"-"`
	Elapsed time.Duration `json:"elapsed"` // from when all nodes were ready to the end
}

// A Verdict is a workload's judgement of a history.
type Verdict struct {
	Valid      bool     `json:"-"` // as Maelstrom judges it
	Errors     []string `json:"errors,omitempty"`
	Acceptable []Range  `json:"acceptable,omitempty"`  // what final reads may be
	FinalReads []int64  `json:"final_reads,omitempty"` // those that were answered

	// What follows is stricter than Maelstrom.
	Strict          []string    `json:"strict,omitempty"` // what is wrong that has no field of its own
	OutOfOrder      []Violation `json:"out_of_order,omitempty"`
	Linearizability string      `json:"linearizability,omitempty"` // "ok", "violated", or "skipped: why"
}

// Quantiles are of the latencies of some requests. They are zero if there were none.
type Quantiles struct {
	P50 time.Duration `json:"p50"`
	P95 time.Duration `json:"p95"`
	P99 time.Duration `json:"p99"`
	Max time.Duration `json:"max"`
}

// A Crash is a node that ended before the end of its input, with the last lines that it wrote.
type Crash struct {
	Node   string        `json:"node"`
	At     time.Duration `json:"at"`
	Why    string        `json:"why"`
	Stdout string        `json:"stdout"`
	Stderr string        `json:"stderr"`
}

func (c Crash) String() string {
	return fmt.Sprintf("%s crashed after %v: %s\nstdout:\n%s\nstderr:\n%s", c.Node, c.At, c.Why, c.Stdout, c.Stderr)
}

// A Stray is a line that a node printed and that is no message.
type Stray struct {
	Node string        `json:"node"`
	At   time.Duration `json:"at"`
	Line string        `json:"line"`
	Why  string        `json:"why"`
}

func (s Stray) String() string {
	return fmt.Sprintf("%s printed after %v what is no message (%s): %s", s.Node, s.At, s.Why, s.Line)
}

// An Exit is how a node's life ended.
type Exit struct {
	Node   string `json:"node"`
	Life   int    `json:"life"`   // 0 is the first
	Code   int    `json:"code"`   // of a process: -1 if a signal ended it; of a Program: 1 if it returned an error
	Forced bool   `json:"forced"` // it had not ended 2 s after the end of its input
}

// Int returns the operation's value if it is an integer, and else zero.
func (op Op) Int() int64 {
	n, _ := op.Value.(int64)
	return n
}

// result judges what happened.
func (b *bench) result(history []Op) *Result {
	r := &Result{
		Workload: b.cfg.Workload.Name(), Config: b.cfg, Verdict: b.cfg.Workload.Check(history),
		Invoked: len(history), Messages: b.sent, ServerMessages: b.servers, Late: b.late, Doubled: b.doubled, DoubledApart: b.doubledApart,
		Faults: b.faultLog, Crashes: b.crashes, Strays: b.strays, Exits: b.exits, Problems: b.failures,
		History: history, LatencyByKind: map[string]Quantiles{},
	}
	succeeded := map[string]bool{}
	for _, op := range history {
		succeeded[op.F] = succeeded[op.F] || op.Outcome == OK
		switch op.Outcome {
		case OK:
			r.OK++
		case Fail:
			r.Fail++
		case Info:
			r.Info++
		}
		if op.malformed {
			r.Problems = append(r.Problems, fmt.Sprintf("%s answered a %s at %v wrongly: %s", op.Node, op.F, op.Complete, op.Text))
		}
		if op.unanswered {
			r.Unanswered++
			if !b.wasDown(op) {
				r.Problems = append(r.Problems, fmt.Sprintf("%s was up and left a %s at %v unanswered", op.Node, op.F, op.Invoke))
			}
		}
		r.Elapsed = max(r.Elapsed, op.Complete)
	}
	r.Valid = r.Verdict.Valid && len(r.Crashes) == 0 && len(r.Strays) == 0
	for f, ok := range succeeded {
		if !ok {
			r.Valid = false
			r.Errors = append(r.Errors, fmt.Sprintf("no %s succeeded", f))
		}
		r.LatencyByKind[f] = quantiles(history, func(op Op) bool { return op.Outcome == OK && op.F == f })
	}
	slices.Sort(r.Errors)
	r.Latency = quantiles(history, func(op Op) bool { return op.Outcome == OK })
	r.Availability = 1
	if r.Invoked > 0 {
		r.Availability = float64(r.OK) / float64(r.Invoked)
		r.MessagesPerRequest = float64(r.ServerMessages) / float64(r.Invoked)
	}
	return r
}

// wasDown says whether an operation's node was dead or paused while it was under way.
func (b *bench) wasDown(op Op) bool {
	for _, n := range b.nodes {
		if n.name == op.Node {
			return slices.ContainsFunc(n.down, func(d interval) bool {
				return d.from-b.epoch <= op.Complete && (d.to == 0 || d.to-b.epoch >= op.Invoke)
			})
		}
	}
	return false
}

// quantiles returns those of the latencies of chosen operations.
func quantiles(history []Op, chosen func(Op) bool) Quantiles {
	var latencies []time.Duration
	for _, op := range history {
		if chosen(op) {
			latencies = append(latencies, op.Complete-op.Invoke)
		}
	}
	if len(latencies) == 0 {
		return Quantiles{}
	}
	slices.Sort(latencies)
	return Quantiles{
		P50: Percentile(latencies, 50), P95: Percentile(latencies, 95),
		P99: Percentile(latencies, 99), Max: Percentile(latencies, 100),
	}
}

// Percentile returns an element of a sorted list, at most percent of which lie before it: the first for 0, the last for
// 100, and of an empty list zero.
func Percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)-1)*percent/100]
}

// maxReported bounds what one error says.
const maxReported = 20

// Err returns nil if all is right by the strict measure, and else an error that says all that is wrong, and the seed.
func (r *Result) Err() error {
	var wrong []string
	wrong = append(wrong, r.Errors...)
	wrong = append(wrong, r.Strict...)
	wrong = append(wrong, texts(r.OutOfOrder)...)
	wrong = append(wrong, texts(r.Crashes)...)
	wrong = append(wrong, texts(r.Strays)...)
	wrong = append(wrong, r.Problems...)
	if r.Linearizability == "violated" {
		wrong = append(wrong, "the history is not linearizable")
	}
	if len(wrong) == 0 {
		return nil
	}
	if len(wrong) > maxReported {
		wrong = append(wrong[:maxReported], fmt.Sprintf("and %d more", len(wrong)-maxReported))
	}
	return errors.New(fmt.Sprintf("%s with seed %d:\n", r.Workload, r.Config.Seed) + strings.Join(wrong, "\n"))
}

func texts[T fmt.Stringer](list []T) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = x.String()
	}
	return out
}

// WriteHistory writes the operations in the order in which they were invoked, a line of JSON each. Times are in nanoseconds.
func (r *Result) WriteHistory(w io.Writer) error {
	encoder := json.NewEncoder(w)
	for _, op := range r.History {
		if err := encoder.Encode(op); err != nil {
			return fmt.Errorf("history: %w", err)
		}
	}
	return nil
}
