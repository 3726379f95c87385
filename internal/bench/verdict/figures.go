package verdict

import (
	"fmt"
	"slices"
	"time"
)

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

// Quantiles are of the latencies of some requests. They are zero if there were
// none.
type Quantiles struct {
	P50 time.Duration `json:"p50"`
	P95 time.Duration `json:"p95"`
	P99 time.Duration `json:"p99"`
	Max time.Duration `json:"max"`
}

// CountOf counts the requests of a history by what came of them.
func CountOf(history []Op) Counts {
	c := Counts{Invoked: len(history), Availability: 1}
	outcomes := map[Outcome]int{}
	for _, op := range history {
		outcomes[op.Outcome]++
		if op.Unanswered {
			c.Unanswered++
		}
	}
	c.OK, c.Fail, c.Info = outcomes[OK], outcomes[Fail], outcomes[Info]
	if c.Invoked > 0 {
		c.Availability = float64(c.OK) / float64(c.Invoked)
	}
	return c
}

// LatenciesOf measures the latencies in a history.
func LatenciesOf(history []Op) Latencies {
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
		l.LatencyByKind[kind] = QuantilesOf(took)
		all = append(all, took...)
	}
	l.Latency = QuantilesOf(all)
	return l
}

// QuantilesOf sorts latencies and returns their quantiles.
func QuantilesOf(latencies []time.Duration) Quantiles {
	slices.Sort(latencies)
	return Quantiles{
		P50: Percentile(latencies, 50), P95: Percentile(latencies, 95),
		P99: Percentile(latencies, 99), Max: Percentile(latencies, 100),
	}
}

// Percentile returns the last element of a sorted list before which there are
// at most percent % of the others. So for 0 it is the first, for 100 the last,
// for 50 the median, which is the lower one of an even number, and the 99th
// percentile of up to a hundred elements is the last but one. (By nearest rank
// it would be the last.) For an empty list it is zero.
func Percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)-1)*percent/100]
}

// Texts returns the texts of a list.
func Texts[T fmt.Stringer](list []T) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = x.String()
	}
	return out
}
