package maelstromtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/verdict"
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

	why *why // nil if no check is wrong, or if nobody knows
}

// result judges what happened.
func (b *bench) result(history []Op) *Result {
	return Judge(b.evidence(history), b.cfg, b.Traffic, b.faultLog)
}

// Judge returns the outcome of a run, which need not be one of this bench. It
// works out from the traffic how many messages a request took.
func Judge(e verdict.Evidence, cfg Config, t Traffic, faults []FaultRecord) *Result {
	r := &Result{
		Verdict:  verdict.Judge(e, cfg.Workload),
		Workload: cfg.Workload.Name(), Config: cfg,
		Counts: verdict.CountOf(e.History), Latencies: verdict.LatenciesOf(e.History),
		Traffic: t, Faults: faults, Lives: e.Lives, History: e.History,
	}
	if r.Invoked > 0 {
		r.MessagesPerRequest = float64(r.ServerMessages) / float64(r.Invoked)
	}
	for _, op := range e.History {
		r.Elapsed = max(r.Elapsed, op.Complete)
	}
	return r
}

// evidence returns what the verdict rests on.
func (b *bench) evidence(history []Op) verdict.Evidence {
	down := map[string][]verdict.Interval{}
	for _, n := range b.nodes {
		for _, d := range n.down {
			to := verdict.Never
			if d.to > 0 {
				to = d.to - b.epoch
			}
			down[n.name] = append(down[n.name], verdict.Interval{From: d.from - b.epoch, To: to})
		}
	}
	return verdict.Evidence{
		History: history, Lives: b.Lives, Failures: b.failures, Down: down,
		Complete: b.done, Idle: b.cfg.idle(), Consistency: b.cfg.Consistency, Availability: b.cfg.Availability,
	}
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

// AnyWrong reports whether any check is wrong, whether it decides or not.
func (r *Result) AnyWrong() bool {
	return slices.ContainsFunc(r.Checks, func(c Check) bool { return c.Status == Wrong })
}

// Err returns nil if and only if the run was right. The error has all findings,
// causes first, and the seed. First come those that made the run wrong, then
// those of checks beyond Maelstrom, if these do not decide, and then the
// beginning of Why's story.
func (r *Result) Err() error {
	if r.Right {
		return nil
	}
	lines := append([]string{fmt.Sprintf("%s with seed %d:", r.Workload, r.Config.Seed)}, r.Findings(true)...)
	if beyond := r.Findings(false); len(beyond) > 0 {
		lines = append(lines, "Beyond Maelstrom's verdict:")
		lines = append(lines, beyond...)
	}
	lines = append(lines, r.why.reason(r)...)
	return errors.New(strings.Join(lines, "\n"))
}

func (b *bench) complain(check, format string, args ...any) {
	b.failures = append(b.failures, failure{Check: check, Text: "at " + verdict.Time(b.since()) + ": " + fmt.Sprintf(format, args...)})
}
