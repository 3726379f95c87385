//go:build unix

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/report"
	"maelstrom-counter/internal/bench/story"
	"maelstrom-counter/internal/bench/verdict"
)

// facts are lines, each with a name and a text.
type facts struct{ bytes.Buffer }

func (f *facts) add(name, format string, args ...any) {
	fmt.Fprintf(f, "%-14s%s\n", name, fmt.Sprintf(format, args...))
}

// list adds several lines, of which the first has the name.
func (f *facts) list(name string, lines []string) {
	for _, line := range lines {
		f.add(name, "%s", line)
		name = ""
	}
}

// table adds rows of cells.
func (f *facts) table(rows [][]string) {
	table := tabwriter.NewWriter(f, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range rows {
		fmt.Fprintln(table, strings.Join(row, "\t")+"\t")
	}
	table.Flush() // writes to memory
}

// summarize writes what a reader wants to know about a run, the verdict first.
func summarize(w io.Writer, d done) error {
	r := d.Result
	var text facts
	fmt.Fprintf(&text, "\n%s\n", d.Headline())
	for _, bar := range d.Bars() {
		fmt.Fprintln(&text, bar)
	}
	for _, lines := range [][]string{r.Findings(true), d.Beyond()} {
		if len(lines) > 0 {
			fmt.Fprintf(&text, "\n%s\n", strings.Join(lines, "\n"))
		}
	}
	if d.Story != nil {
		fmt.Fprintf(&text, "\nWhy: %s\n", strings.Join(story.Wrap(d.Story.Caption, 95), "\n     "))
		fmt.Fprintf(&text, "     %s shows the messages.\n", filepath.Join(d.folder, report.StoryFile))
	}
	if r.OK > 0 {
		fmt.Fprint(&text, "\nLatency of requests answered ok, from when they were made:\n\n")
		text.table(slices.Insert(d.LatencyRows(), 0, []string{"", "p50", "p95", "p99", "max"}))
	} else {
		fmt.Fprint(&text, "\nNo request was answered ok, so there are no latencies.\n")
	}
	fmt.Fprintln(&text)
	writeLoad(&text, r)
	text.add("messages", "%.2f per request that involve no client, %d in all", r.MessagesPerRequest, r.Messages)
	if facts, ok := r.Facts.(maelstromtest.CounterFacts); ok {
		text.add("final reads", "%s", report.List(facts.FinalReads))
		text.add("acceptable", "%s", report.List(facts.Acceptable))
	}
	text.list("checked", judged(r.Checks))
	text.list("faults", faultLines(r))
	text.add("seed", "%d", r.Config.Seed)
	text.add("page", "%s", filepath.Join(d.folder, report.PageFile))
	text.add("files", "%s", d.folder)
	for _, lost := range d.lost {
		text.list("", strings.Split(lost.Error(), "\n"))
	}
	_, err := w.Write(text.Bytes())
	return err
}

// judged returns lines that tell the results of the checks: first the checks
// that are ok, and then the others, on a line each.
func judged(checks []maelstromtest.Check) []string {
	var fine, other []string
	for _, c := range checks {
		switch {
		case c.Status == maelstromtest.Passed:
			fine = append(fine, c.Name)
		case c.Detail != "":
			other = append(other, fmt.Sprintf("%s: %s (%s)", c.Status, c.Name, c.Detail))
		default:
			other = append(other, string(c.Status)+": "+c.Name)
		}
	}
	if len(fine) == 0 {
		return other
	}
	return append(story.Wrap("ok: "+strings.Join(fine, ", "), 90), other...)
}

// faultLines returns a line for each fault, or for the first of very many.
func faultLines(r *maelstromtest.Result) []string {
	const shown = 15
	var lines []string
	for i, fault := range r.Faults {
		if i == shown && len(r.Faults) > shown+1 {
			return append(lines, fmt.Sprintf("and %d more", len(r.Faults)-shown))
		}
		end := report.FaultEnd(fault, r.Elapsed)
		lines = append(lines, fmt.Sprintf("%4.1f s to %4.1f s  %s", fault.Start.Seconds(), end.Seconds(), fault))
	}
	return lines
}

// writeLoad says what was asked of the nodes, what they answered, and whether
// more workers would have asked more.
func writeLoad(text *facts, r *maelstromtest.Result) {
	l := report.LoadOf(r)
	text.add("rate", "%.4g requests/s asked for, %.4g made, %.4g answered ok", l.Asked, l.Made, l.OK)
	switch {
	case l.Need > 0:
		perNode := (l.Need-1)/r.Config.Nodes + 1
		text.add("", "All %d workers waited for answers for %.0f %% of the time, so fewer requests were made, and the", r.Config.Concurrency, 100*l.Busy)
		text.add("", "latencies do not say how long those that were not made would have taken. Try --concurrency %dn.", perNode)
	case l.Made < 0.95*l.Asked && l.Span >= time.Second:
		text.add("", "A request is planned when the one before it is made, as in Maelstrom: each delay of the machine lowers the rate.")
	}
	text.add("answered", "%s: of %d requests %d ok, %d refused, %d unknown", report.Percent(r.Availability), r.Invoked, r.OK, r.Fail, r.Info)
	text.list("", failures(r))
}

// failures says what became of the requests that were not ok, the most frequent
// first.
func failures(r *maelstromtest.Result) []string {
	counts, first := map[string]int{}, map[string]string{}
	for _, op := range r.History {
		if op.Outcome != maelstromtest.OK {
			why := fmt.Sprintf("%s %s: %s", op.F, report.OutcomeName(op.Outcome), report.Why(op, r))
			kind := verdict.Kind(why)
			if op.Error {
				kind = why // error codes tell kinds apart
			}
			counts[kind]++
			first[kind] = cmp.Or(first[kind], why)
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
		lines = append(lines, fmt.Sprintf("%d × %s", counts[kind], first[kind]))
	}
	return lines
}

// tabulate writes a line for each of several runs.
func tabulate(w io.Writer, all []done, worst int) error {
	var text facts
	rows := [][]string{{"seed", "verdict", "ok", "p50", "p95", "p99", "max", "messages per request"}}
	passed := 0
	for _, d := range all {
		if d.Passed() {
			passed++
		}
		r := d.Result
		row := append([]string{fmt.Sprint(r.Config.Seed), d.Grade().String(), report.Percent(r.Availability)}, report.Percentiles(r.Latency)...)
		rows = append(rows, append(row, fmt.Sprintf("%.2f", r.MessagesPerRequest)))
	}
	fmt.Fprintln(&text)
	text.table(rows)
	fmt.Fprintln(&text)
	if all[len(all)-1].Interrupted {
		fmt.Fprint(&text, "Interrupted. ")
	}
	runs := make([]report.Run, len(all))
	for i, d := range all {
		runs[i] = d.Run
	}
	if odds := report.Odds(runs); odds != "" {
		fmt.Fprintln(&text, odds)
	}
	fmt.Fprintf(&text, "%d of %d passed. Kept is the worst, with seed %d: %s\n", passed, len(all), all[worst].Result.Config.Seed, all[worst].folder)
	_, err := w.Write(text.Bytes())
	return err
}
