package maelstromtest

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// A Result is the outcome of a run. It marshals to JSON without its history,
// which WriteHistory writes. Durations in the JSON are in nanoseconds.
type Result struct {
	Verdict
	Workload string `json:"workload"`
	Config   Config `json:"config"` // with its defaults filled in
	Counts
	Latencies
	Traffic
	Faults []FaultRecord `json:"faults"`
	Lives
	History []Op          `json:"-"`
	Elapsed time.Duration `json:"elapsed"` // from when all nodes were ready to the end
}

// Counts are numbers of requests.
type Counts struct {
	Invoked      int     `json:"invoked"`
	OK           int     `json:"ok"`
	Fail         int     `json:"fail"`         // refused for certain
	Info         int     `json:"info"`         // indeterminate
	Unanswered   int     `json:"unanswered"`   // of those: without any reply in time
	Availability float64 `json:"availability"` // the share that was answered ok; 1 if nothing was asked
}

// Latencies are of the requests that were answered ok, from when each was made
// to its answer.
type Latencies struct {
	Latency       Quantiles            `json:"latency"`
	LatencyByKind map[string]Quantiles `json:"latency_by_kind"` // by their F
}

// Traffic counts messages.
type Traffic struct {
	Messages           int     `json:"messages"`             // sent, all
	ServerMessages     int     `json:"server_messages"`      // sent that involve no client
	MessagesPerRequest float64 `json:"messages_per_request"` // of those: Maelstrom's :net :servers :msgs-per-op
	Late               int     `json:"late"`                 // replies to clients that had given up
	Doubled            int     `json:"doubled"`              // messages that were sent on twice
	DoubledApart       int     `json:"doubled_apart"`        // of those: both arrived, at different instants
}

// Lives tells what nodes did that the requests do not show.
type Lives struct {
	Crashes []Crash  `json:"crashes,omitempty"`
	Mutes   []Mute   `json:"mutes,omitempty"`
	Remarks []Remark `json:"remarks,omitempty"`
	Ended   string   `json:"ended,omitempty"` // why the run ended before its time, if that is the nodes' doing
	Exits   []Exit   `json:"exits"`
}

// Quantiles are of the latencies of some requests. They are zero if there were
// none.
type Quantiles struct {
	P50 time.Duration `json:"p50"`
	P95 time.Duration `json:"p95"`
	P99 time.Duration `json:"p99"`
	Max time.Duration `json:"max"`
}

// A Crash is a node that ended before the end of its input, with the last lines
// that it wrote.
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

// A Mute is a node that printed a line which Maelstrom does not take. Nothing
// that the node printed after it in the same life was heard.
type Mute struct {
	Node string        `json:"node"`
	Life int           `json:"life"` // 0 is the first
	At   time.Duration `json:"at"`
	Line string        `json:"line"`
	Why  string        `json:"why"` // such as "a blank line"
}

func (m Mute) String() string {
	return fmt.Sprintf("%s is mute after %v, when it printed a line that is not a message (%s): %s", m.Node, m.At, m.Why, m.Line)
}

// A Remark is about a line that Maelstrom takes, and that something stricter
// would not.
type Remark struct {
	Node string        `json:"node"`
	At   time.Duration `json:"at"`
	Line string        `json:"line"`
	Text string        `json:"text"`
}

// An Exit is how a node's life ended.
type Exit struct {
	Node   string `json:"node"`
	Life   int    `json:"life"`   // 0 is the first
	Code   int    `json:"code"`   // of a process: -1 if a signal ended it; of a Program: 1 if it returned an error
	Forced bool   `json:"forced"` // it had not ended 2 s after the end of its input
}

// Int returns the operation's value if it is an integer, and zero otherwise.
func (op Op) Int() int64 {
	n, _ := op.Value.(int64)
	return n
}

// result judges what happened.
func (b *bench) result(history []Op) *Result {
	counts := count(history)
	checks, facts := b.cfg.Workload.Check(history, b.cfg.Consistency)
	r := &Result{
		Verdict:  judge(slices.Concat(b.checks(history, counts), checks), facts),
		Workload: b.cfg.Workload.Name(), Config: b.cfg, Counts: counts, Latencies: latencies(history),
		Traffic: b.Traffic, Faults: b.faultLog, Lives: b.Lives, History: history,
	}
	if r.Invoked > 0 {
		r.MessagesPerRequest = float64(r.ServerMessages) / float64(r.Invoked)
	}
	for _, op := range history {
		r.Elapsed = max(r.Elapsed, op.Complete)
	}
	return r
}

func count(history []Op) Counts {
	c := Counts{Invoked: len(history), Availability: 1}
	outcomes := map[Outcome]int{}
	for _, op := range history {
		outcomes[op.Outcome]++
		if op.unanswered {
			c.Unanswered++
		}
	}
	c.OK, c.Fail, c.Info = outcomes[OK], outcomes[Fail], outcomes[Info]
	if c.Invoked > 0 {
		c.Availability = float64(c.OK) / float64(c.Invoked)
	}
	return c
}

func latencies(history []Op) Latencies {
	byKind := map[string][]time.Duration{}
	for _, op := range history {
		took := byKind[op.F] // a kind of which none was answered counts, too
		if op.Outcome == OK {
			took = append(took, op.Complete-op.Invoke)
		}
		byKind[op.F] = took
	}
	var all []time.Duration
	l := Latencies{LatencyByKind: map[string]Quantiles{}}
	for kind, took := range byKind {
		l.LatencyByKind[kind] = quantilesOf(took)
		all = append(all, took...)
	}
	l.Latency = quantilesOf(all)
	return l
}

// quantilesOf sorts latencies and returns their quantiles.
func quantilesOf(latencies []time.Duration) Quantiles {
	slices.Sort(latencies)
	return Quantiles{
		P50: Percentile(latencies, 50), P95: Percentile(latencies, 95),
		P99: Percentile(latencies, 99), Max: Percentile(latencies, 100),
	}
}

// Percentile returns an element of a sorted list such that at most percent % of
// the list come before it: the first element for 0, and the last for 100. For
// an empty list it returns zero.
func Percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)-1)*percent/100]
}

func texts[T fmt.Stringer](list []T) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = x.String()
	}
	return out
}

// WriteHistory writes the operations in the order in which they were invoked, a
// line of JSON each. Times are in nanoseconds.
func (r *Result) WriteHistory(w io.Writer) error {
	encoder := json.NewEncoder(w)
	for _, op := range r.History {
		if err := encoder.Encode(op); err != nil {
			return fmt.Errorf("history: %w", err)
		}
	}
	return nil
}
