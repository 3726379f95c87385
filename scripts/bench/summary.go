//go:build unix

package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"maelstrom-counter/internal/maelstromtest"
)

// summarize writes what a reader wants to know of a run, the verdict first.
func summarize(w io.Writer, r *maelstromtest.Result, stopped bool, folder string) error {
	var text bytes.Buffer
	fmt.Fprintf(&text, "\n%s\n\n", verdict(r, stopped))
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(table, "latency\tp50\tp95\tp99\tmax\t\n")
	row := func(kind string, q maelstromtest.Quantiles) {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t\n", kind,
			milliseconds(q.P50), milliseconds(q.P95), milliseconds(q.P99), milliseconds(q.Max))
	}
	row("all", r.Latency)
	for _, kind := range slices.Sorted(maps.Keys(r.LatencyByKind)) {
		row(kind, r.LatencyByKind[kind])
	}
	table.Flush() // writes to memory

	fmt.Fprintln(&text)
	fact := func(name, format string, args ...any) {
		fmt.Fprintf(&text, "%-14s%s\n", name, fmt.Sprintf(format, args...))
	}
	fact("available", "%.2f %%: of %d requests %d ok, %d refused, %d unknown", 100*r.Availability, r.Invoked, r.OK, r.Fail, r.Info)
	for _, line := range failures(r.History) {
		fact("", "%s", line)
	}
	fact("messages", "%.2f per request that involve no client, %d in all", r.MessagesPerRequest, r.Messages)
	if facts, ok := r.Facts.(maelstromtest.CounterFacts); ok {
		fact("final reads", "%s", joined(facts.FinalReads))
		fact("acceptable", "%s", joined(facts.Acceptable))
		fact("out of order", "%d reads", len(facts.OutOfOrder))
		check := r.Check("linearizable")
		fact("linearizable", "%s", strings.TrimSpace(string(check.Status)+" "+check.Detail))
	}
	for i, fault := range r.Faults {
		name := "faults"
		if i > 0 {
			name = ""
		}
		fact(name, "%4.1f s to %4.1f s  %s", fault.Start.Seconds(), end(fault, r.Elapsed).Seconds(), fault)
	}
	fact("seed", "%d", r.Config.Seed)
	fact("files", "%s", folder)
	_, err := w.Write(text.Bytes())
	return err
}

// verdict says in a line whether all was right, or else what was wrong.
func verdict(r *maelstromtest.Result, stopped bool) string {
	text := "RIGHT: so says Maelstrom's verdict, and so do the stricter checks."
	switch err := r.Err(); {
	case err != nil && r.MaelstromValid:
		text = "WRONG: Maelstrom's verdict is good, but " + err.Error()
	case err != nil:
		text = "WRONG: " + err.Error()
	case stopped:
		text = "RIGHT, as far as it went."
	}
	if stopped {
		return "Interrupted. " + text
	}
	return text
}

// end is when a fault was mended, or the run over.
func end(fault maelstromtest.FaultRecord, elapsed time.Duration) time.Duration {
	if fault.Stop < 0 {
		return elapsed
	}
	return fault.Stop
}

// failures says what has come of the requests that weren't ok, the most frequent first.
func failures(history []maelstromtest.Op) []string {
	counts := map[string]int{}
	for _, op := range history {
		if op.Outcome != maelstromtest.OK {
			what := op.Text
			if op.Code != 0 || op.Outcome == maelstromtest.Fail {
				what = fmt.Sprintf("error %d, %s", op.Code, op.Text)
			}
			counts[op.F+": "+what]++
		}
	}
	kinds := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	var lines []string
	for i, kind := range kinds {
		if i == 5 {
			return append(lines, fmt.Sprintf("and %d other kinds of failure", len(kinds)-i))
		}
		lines = append(lines, fmt.Sprintf("%d × %s", counts[kind], kind))
	}
	return lines
}

func joined[T any](list []T) string {
	texts := make([]string, len(list))
	for i, x := range list {
		texts[i] = fmt.Sprint(x)
	}
	return strings.Join(slices.Compact(texts), ", ")
}

func writeJSON(w io.Writer, r *maelstromtest.Result) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}
