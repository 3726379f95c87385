//go:build unix

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/report"
	"maelstrom-counter/internal/bench/verdict"
)

// A text is a summary that is being written, in lines that fit its look.
type text struct {
	bytes.Buffer
	look
}

// say adds lines. Those that are too long are broken, and go on indented.
func (t *text) say(indent int, format string, args ...any) {
	for line := range strings.SplitSeq(fmt.Sprintf(format, args...), "\n") {
		line = printable(line)
		rest := strings.TrimLeft(line, " ")
		lead := line[:len(line)-len(rest)]
		fmt.Fprintln(t, wrap(lead, rest, t.columns, indent+len(lead)))
	}
}

// nameColumns is the width of the names of facts.
const nameColumns = 14

// add adds a fact: a name and a text.
func (t *text) add(name, format string, args ...any) {
	lead := fmt.Sprintf("%-*s", nameColumns, name)
	line := wrap(lead, printable(fmt.Sprintf(format, args...)), t.columns, nameColumns+2)
	fmt.Fprintln(t, t.paint(bold, name)+line[len(name):])
}

// list adds several lines. The first has the name.
func (t *text) list(name string, lines []string) {
	for _, line := range lines {
		t.add(name, "%s", line)
		name = ""
	}
}

// table adds rows of cells.
func (t *text) table(rows [][]string) {
	table := tabwriter.NewWriter(t, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range rows {
		fmt.Fprintln(table, strings.Join(row, "\t")+"\t")
	}
	table.Flush() // writes to memory
}

// verdicts are the words of a verdict.
var verdicts = regexp.MustCompile(`\b(RIGHT|MET|WRONG|MISSED)\b`)

// verdict adds a line that has a verdict in it.
func (t *text) verdict(line string) {
	line = wrap("", line, t.columns, 0)
	if at := verdicts.FindStringIndex(line); at != nil {
		colour := red
		if word := line[at[0]:at[1]]; word == "RIGHT" || word == "MET" {
			colour = green
		}
		line = line[:at[0]] + t.paint(colour, line[at[0]:at[1]]) + line[at[1]:]
	}
	fmt.Fprintln(t, line)
}

// summarize writes what a reader wants to know about a run, the verdict first.
// The story follows what it explains. The files are named if they are kept.
func summarize(w io.Writer, l look, d done, kept bool) error {
	t := &text{look: l}
	t.judge(d)
	if !d.Result.Right && d.Maelstrom == nil {
		t.explain(d, kept)
	}
	t.beyond(d)
	if d.Result.Right {
		t.explain(d, kept)
	}
	t.measure(d.Run)
	for _, s := range d.Origin() {
		t.add(s.Name, "%s", s.Value)
	}
	if kept {
		t.page(d)
		t.add("files", "%s", d.folder)
	}
	_, err := w.Write(t.Bytes())
	return err
}

// judge adds the verdict and the findings. Of a run of the real Maelstrom, the
// reason comes between them, in a few lines, and where the page is, and then
// the whole story.
func (t *text) judge(d done) {
	fmt.Fprintln(t)
	t.verdict(d.Headline())
	for _, bar := range d.Bars() {
		t.verdict(bar.String())
	}
	if d.Maelstrom != nil {
		whole := t.reason(d)
		t.page(d)
		t.rest(d, whole)
	}
	if lines := d.Result.Findings(true); len(lines) > 0 {
		t.say(2, "\n%s", strings.Join(lines, "\n"))
	}
}

// reason adds the sentence of the story that names the reason, and as much of
// what follows it as five lines have room for, with the verdict. It reports
// whether that is the whole story.
func (t *text) reason(d done) bool {
	if d.Story == nil || d.Result.Right {
		return true
	}
	all, reason, room := d.Story.Sentences, d.Story.Reason, 5-bytes.Count(t.Bytes()[1:], []byte("\n"))
	sentences := append([]string{all[0]}, all[max(1, reason):]...)
	if lines := 2 + strings.Count(t.line(kind(d)+sentences[0])+t.line(all[reason]), "\n"); reason > 0 && lines > room {
		sentences = all[reason:]
	}
	return t.why(kind(d), sentences, room) == len(all)
}

// rest adds the whole story of a run of the real Maelstrom, if there was no
// room for it, and where its picture is.
func (t *text) rest(d done, whole bool) {
	if d.Story == nil || d.Result.Right {
		return
	}
	if whole {
		t.picture(d, nameColumns) // below the page
		return
	}
	fmt.Fprintf(t, "\n%s\n", t.paint(bold, "The whole story:"))
	for _, sentence := range d.Story.Sentences {
		fmt.Fprintln(t, "    "+t.line(sentence))
	}
	t.picture(d, len(whyLead))
}

// picture says where the picture of the story is.
func (t *text) picture(d done, indent int) {
	if picture := d.path(report.StoryFile); picture != "" {
		t.say(0, "%*s%s shows the messages.", indent, "", picture)
	}
}

// kind returns what kind of thing went wrong, before a colon.
func kind(d done) string { return string(d.Story.Kind) + ": " }

// page says where the page is.
func (t *text) page(d done) {
	t.add("page", "%s", cmp.Or(d.path(report.PageFile), "could not be written"))
}

// beyond adds what Maelstrom does not look at.
func (t *text) beyond(d done) {
	if lines := d.Beyond(); len(lines) > 0 {
		t.say(0, "\n%s", lines[0])
		t.say(2, "%s", strings.Join(lines[1:], "\n"))
	}
}

// explain adds why a check is wrong.
func (t *text) explain(d done, kept bool) {
	if d.Story == nil {
		return
	}
	fmt.Fprintln(t)
	t.why(kind(d), d.Story.Sentences, math.MaxInt)
	if kept {
		t.picture(d, len(whyLead))
	}
}

const whyLead = "Why: "

// line returns what follows "Why:" on the lines of a sentence.
func (t *text) line(sentence string) string {
	return wrap(whyLead, sentence, t.columns, len(whyLead))[len("Why:"):]
}

// why adds the kind and the first sentence, and those after it that have room
// in that many lines. It returns how many sentences it has added.
func (t *text) why(kind string, sentences []string, most int) int {
	lead := t.paint(bold, "Why:")
	for i, sentence := range sentences {
		line := t.line(kind + sentence)
		if most -= 1 + strings.Count(line, "\n"); most < 0 && i > 0 {
			return i
		}
		fmt.Fprintln(t, lead+line)
		lead, kind = "    ", ""
	}
	return len(sentences)
}

// measure adds the figures.
func (t *text) measure(run report.Run) {
	r := run.Result
	fmt.Fprintln(t)
	if r.OK > 0 {
		t.say(0, "Latency of requests answered ok, from when they were made:\n")
		t.table(slices.Insert(run.LatencyRows(), 0, []string{"", "p50", "p95", "p99", "max"}))
	} else {
		t.say(0, "No request was answered ok, so there are no latencies.")
	}
	fmt.Fprintln(t)
	t.load(r)
	if r.Messages > 0 {
		t.add("messages", "%.2f per request, not counting clients' messages; %d in all with them", r.MessagesPerRequest, r.Messages)
	}
	if facts, ok := r.Facts.(maelstromtest.CounterFacts); ok {
		for _, s := range report.Totals(facts) {
			t.add(s.Name, "%s", s.Value)
		}
	}
	t.list("checked", judged(slices.DeleteFunc(slices.Clone(r.Checks), func(c maelstromtest.Check) bool { return !c.Maelstrom })))
	t.list("faults", faultLines(r))
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
	return append([]string{"ok: " + strings.Join(fine, ", ")}, other...)
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

// load says how many requests were asked for, made and answered, and why fewer
// were made than asked for.
func (t *text) load(r *maelstromtest.Result) {
	l := report.LoadOf(r)
	t.add("rate", "%.4g requests/s asked for, %.4g made, %.4g answered ok", l.Asked, l.Made, l.OK)
	if waiting := l.Waiting(r.Config); waiting != "" {
		t.add("", "%s", waiting)
	}
	if l.Delayed {
		t.add("", "As in Maelstrom, each delay of the machine lowers the rate.")
	}
	t.add("answered", "%s: of %d requests %d ok, %d refused, %d unknown", report.Percent(r.Availability), r.Invoked, r.OK, r.Fail, r.Info)
	t.list("", failures(r))
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
func tabulate(w io.Writer, l look, all []done, worst int) error {
	t := &text{look: l}
	rows := [][]string{{"seed", "verdict", "ok %", "p50", "p95", "p99", "max", "msgs"}}
	passed := 0
	for _, d := range all {
		if d.Passed() {
			passed++
		}
		r := d.Result
		row := []string{fmt.Sprint(r.Config.Seed), d.Grade().String(), strings.TrimSuffix(report.Percent(r.Availability), " %")}
		for _, latency := range report.Percentiles(r.Latency) {
			row = append(row, strings.TrimSuffix(latency, " ms"))
		}
		rows = append(rows, append(row, fmt.Sprintf("%.2f", r.MessagesPerRequest)))
	}
	fmt.Fprintln(t)
	t.table(rows)
	t.say(0, "\nLatencies are in ms. msgs: messages per request, not counting clients' messages.\n")
	prefix := ""
	if all[len(all)-1].Interrupted {
		prefix = "Interrupted. "
	}
	runs := make([]report.Run, len(all))
	for i, d := range all {
		runs[i] = d.Run
	}
	if odds := report.Odds(runs); odds != "" {
		t.say(0, "%s", odds)
	}
	t.say(0, "%s%d of %d runs passed. The files of the worst run, with seed %d, are in %s", prefix, passed, len(all), all[worst].Result.Config.Seed, all[worst].folder)
	_, err := w.Write(t.Bytes())
	return err
}
