package report

import (
	_ "embed"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/page"
)

// PageFile is the name of the page that shows a run.
const PageFile = "index.html"

//go:embed page.html
var pageText string

var runPage = page.New(pageText)

// A Setting is a name with a value.
type Setting struct{ Name, Value string }

// An overview is a run as its page shows it.
type overview struct{ Run }

func (run Run) writePage(w io.Writer) error { return runPage.Write(w, overview{run}) }

// Class returns the class of the verdict.
func (o overview) Class() string { return strings.ToLower(o.Grade().String()) }

// Charts returns the charts of a run. They share the time axis and the lanes of
// the faults.
func (o overview) Charts() []*page.Chart {
	r := o.Result
	all := []*page.Chart{latencyChart(r), rateChart(r)}
	if facts, ok := r.Facts.(maelstromtest.CounterFacts); ok {
		all = append(all, counterChart(r, facts), marginChart(r, facts))
	}
	return all
}

// Findings returns the checks that are wrong and decide, or do not.
func (o overview) Findings(decide bool) []maelstromtest.Check {
	return slices.DeleteFunc(slices.Clone(o.Result.Checks), func(c maelstromtest.Check) bool {
		return c.Decides != decide || c.Status != maelstromtest.Wrong
	})
}

// A check is one of a run as its page shows it.
type check struct {
	maelstromtest.Check
	Class string // of its status
}

// Checks returns first the checks that are wrong, then those that decide and
// could not be made, then those that are ok, and then the others. Within each
// group, causes still come first.
func (o overview) Checks() []check {
	var groups [4][]check
	for _, c := range o.Result.Checks {
		switch {
		case c.Status == maelstromtest.Wrong:
			groups[0] = append(groups[0], check{c, "bad"})
		case o.open(c):
			groups[1] = append(groups[1], check{c, "warn"})
		case c.Status == maelstromtest.Passed:
			groups[2] = append(groups[2], check{c, "good"})
		default:
			groups[3] = append(groups[3], check{c, "faint"})
		}
	}
	return slices.Concat(groups[:]...)
}

// Numbers returns the numbers that a reader looks for first.
func (o overview) Numbers() []Setting {
	r, l := o.Result, LoadOf(o.Result)
	all := []Setting{
		{fmt.Sprintf("answered ok, of %d requests", r.Invoked), Percent(r.Availability)},
		{"not answered ok", fmt.Sprintf("%d\u00a0refused, %d\u00a0unknown", r.Fail, r.Info)},
		{fmt.Sprintf("requests/s made, of %.4g asked for", l.Asked), fmt.Sprintf("%.4g", l.Made)},
	}
	if r.Messages > 0 {
		all = append(all, Setting{"messages per request, without the clients'", fmt.Sprintf("%.2f", r.MessagesPerRequest)})
	}
	if r.OK > 0 {
		all = slices.Insert(all, 1, Setting{"median latency", Milliseconds(r.Latency.P50)}, Setting{"99th percentile", Milliseconds(r.Latency.P99)})
	}
	return all
}

// Waiting says that the workers were the limit, if they were.
func (o overview) Waiting() string { return LoadOf(o.Result).Waiting(o.Result.Config) }

// Settings returns what a run was made with.
func (o overview) Settings() []Setting {
	r, cfg, origin := o.Result, o.Result.Config, o.origin()
	nemesis := "none"
	if len(cfg.Nemesis) > 0 {
		nemesis = fmt.Sprintf("%s; every %g s or so", List(cfg.Nemesis), cfg.NemesisInterval.Seconds())
	}
	all := []Setting{
		{"command", strings.Join(o.Command, " ")},
		{"workload", r.Workload},
		{"nodes, workers", fmt.Sprintf("%d, %d", cfg.Nodes, cfg.Concurrency)},
		{"requests", fmt.Sprintf("%g per second for %g s; then a rest of %g s before the final reads",
			cfg.Rate, cfg.TimeLimit.Seconds(), cfg.Recovery.Seconds())},
		{"latency", latency(cfg)},
		{"faults", nemesis},
		{"consistency", string(cfg.Consistency)},
		{"node", strings.Join(append([]string{o.Bin}, cfg.Args...), " ")},
		{"started", fmt.Sprintf("%s; took %.4g s", o.Start.Format(time.RFC3339), r.Elapsed.Seconds())},
		{"bench", fmt.Sprintf("%s, %s, %s/%s, %d CPUs", origin.BenchVersion, origin.GoVersion, origin.OS, origin.Arch, origin.CPUs)},
	}
	all = append(all, o.Origin()...)
	if facts, ok := r.Facts.(maelstromtest.CounterFacts); ok {
		all = append(all, Totals(facts)...)
	}
	return all
}

// Totals returns which values the final reads returned, and which would have
// been right.
func Totals(f maelstromtest.CounterFacts) []Setting {
	returned, right := "none", Setting{"right answer", List(f.Acceptable)}
	if len(f.FinalReads) > 0 {
		returned = "returned " + List(f.FinalReads)
	}
	if len(f.Acceptable) > 1 || len(f.Acceptable) == 1 && f.Acceptable[0].Lo < f.Acceptable[0].Hi {
		right.Name = "right answers"
	}
	return []Setting{{"final reads", returned}, right}
}

// latency says how long messages took: the latency of each node that is far is
// multiplied.
func latency(cfg maelstromtest.Config) string {
	if cfg.Latency == 0 {
		return "none"
	}
	text := fmt.Sprintf("%g ms on average, %s", milliseconds(cfg.Latency), cfg.LatencyDist)
	for i := range cfg.Nodes {
		name := fmt.Sprintf("n%d", i)
		if factor, ok := cfg.Far[name]; ok {
			text += fmt.Sprintf(", × %g for %s", factor, name)
		}
	}
	return text
}

// List joins the texts of several values, each text once.
func List[T any](all []T) string {
	var texts []string
	for _, x := range all {
		if text := fmt.Sprint(x); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, ", ")
}

//go:embed readme.txt
var readmeText string

// readme says what each file of a run is.
var readme = template.Must(template.New("README.txt").Parse(readmeText))

// writeReadme says what each file is that could be written.
func (run Run) writeReadme(w io.Writer) error {
	var text strings.Builder
	if err := readme.Execute(&text, run); err != nil {
		return err
	}
	for part := range strings.SplitAfterSeq(text.String(), "\n\n") {
		if name, _, _ := strings.Cut(part, "\n"); run.missing[name] {
			continue
		}
		if _, err := io.WriteString(w, part); err != nil {
			return err
		}
	}
	return nil
}

// explained finds a file's name and the first clause about it in README.txt.
var explained = regexp.MustCompile(`(?m)^(\S+)\n {4}([^.:]+)`)

// Files returns the files beside the page, and what each is.
func (o overview) Files() ([]Setting, error) {
	var text strings.Builder
	err := o.writeReadme(&text)
	var files []Setting
	for _, match := range explained.FindAllStringSubmatch(text.String(), -1) {
		if name := match[1]; name != PageFile && !strings.HasSuffix(name, "/") {
			files = append(files, Setting{name, match[2] + "."})
		}
	}
	return files, err
}
