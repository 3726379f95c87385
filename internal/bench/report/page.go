package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/page"
)

// PageFile is the name of the page that shows a run.
const PageFile = "index.html"

const aboutPage = `The page that shows all of this: verdict, findings, measurements, charts that can be zoomed, and what was run. It opens without a network.`

//go:embed page.html
var pageText string

var runPage = page.New(pageText)

// A setting is a name with a value.
type setting struct{ Name, Value string }

// overview is a run as its page shows it.
type overview struct {
	Title, Headline, Class string
	Bars                   []Bar
	Caption                string
	Diagram                template.HTML
	Told                   string // the story as text
	Wrong                  []maelstromtest.Check
	Checks                 []maelstromtest.Check
	Numbers                []setting
	Latencies              [][]string
	Load                   string
	Charts                 []*page.Chart
	Settings               []setting
	Files                  []setting
	Logs                   []string // nodes
}

func writePage(w io.Writer, run Run) error {
	r := run.Result
	o := overview{
		Title:    fmt.Sprintf("%s, %d nodes, seed %d", r.Workload, r.Config.Nodes, r.Config.Seed),
		Headline: Headline(run), Bars: run.Bars(), Checks: sorted(r.Checks),
		Numbers: numbers(r), Latencies: latencyRows(r), Load: crowded(r), Charts: charts(r), Settings: settings(run), Files: run.links(),
	}
	switch {
	case !r.Right:
		o.Class = "wrong"
	case !run.Passed():
		o.Class = "missed"
	}
	for i := range r.Config.Nodes {
		o.Logs = append(o.Logs, fmt.Sprintf("n%d", i))
	}
	for _, c := range o.Checks {
		if c.Status == maelstromtest.Wrong {
			o.Wrong = append(o.Wrong, c)
		}
	}
	if run.Story != nil {
		o.Caption, o.Diagram, o.Told = run.Story.Caption, template.HTML(run.Story.SVG()), run.Story.Text()
	}
	return runPage.Write(w, o)
}

// sorted returns the checks in a new order: first those that are wrong, then
// those that were not made, then the others. Within each group, causes still
// come first.
func sorted(checks []maelstromtest.Check) []maelstromtest.Check {
	rank := map[maelstromtest.Status]int{maelstromtest.Wrong: 0, maelstromtest.NotChecked: 1, maelstromtest.Passed: 2}
	checks = slices.Clone(checks)
	slices.SortStableFunc(checks, func(a, b maelstromtest.Check) int { return rank[a.Status] - rank[b.Status] })
	return checks
}

// numbers returns the numbers that a reader looks for first.
func numbers(r *maelstromtest.Result) []setting {
	l := LoadOf(r)
	all := []setting{
		{fmt.Sprintf("answered ok, of %d requests", r.Invoked), Percent(r.Availability)},
		{"refused, and unknown whether they count", fmt.Sprintf("%d, %d", r.Fail, r.Info)},
		{fmt.Sprintf("requests/s made, of %.4g asked for", l.Asked), fmt.Sprintf("%.4g", l.Made)},
		{"messages per request, without the clients'", fmt.Sprintf("%.2f", r.MessagesPerRequest)},
	}
	if r.OK > 0 {
		all = slices.Insert(all, 1, setting{"median latency", Milliseconds(r.Latency.P50)}, setting{"99th percentile", Milliseconds(r.Latency.P99)})
	}
	return all
}

// latencyRows returns percentiles of the latency of requests that were answered
// ok: of all, and of each kind.
func latencyRows(r *maelstromtest.Result) [][]string {
	row := func(name string, q maelstromtest.Quantiles) []string {
		return []string{name, Milliseconds(q.P50), Milliseconds(q.P95), Milliseconds(q.P99), Milliseconds(q.Max)}
	}
	if r.OK == 0 {
		return nil
	}
	rows := [][]string{row("all", r.Latency)}
	for _, kind := range kindsOf(r) {
		if q := r.LatencyByKind[kind]; q.Max > 0 {
			rows = append(rows, row(kind, q))
		}
	}
	return rows
}

func kindsOf(r *maelstromtest.Result) []string {
	var kinds []string
	for kind := range r.LatencyByKind {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

// crowded says that the workers were the limit, if they were.
func crowded(r *maelstromtest.Result) string {
	l := LoadOf(r)
	if l.Need == 0 {
		return ""
	}
	return fmt.Sprintf("The workers were the limit: for %.0f %% of the time all %d waited for answers, so that no request could be made. --concurrency %d would do.",
		100*l.Busy, r.Config.Concurrency, l.Need)
}

// settings returns what a run was made with.
func settings(run Run) []setting {
	r, cfg, o := run.Result, run.Result.Config, ResultsOf(run).Run
	var faults []string
	for _, f := range cfg.Nemesis {
		faults = append(faults, f.String())
	}
	nemesis := "none"
	if len(faults) > 0 {
		nemesis = fmt.Sprintf("%s; every %g s or so", strings.Join(faults, ", "), seconds(cfg.NemesisInterval))
	}
	latency := "none"
	if cfg.Latency > 0 {
		latency = strings.Join(append([]string{fmt.Sprintf("%g ms on average, %s", milliseconds(cfg.Latency), cfg.LatencyDist)}, far(cfg)...), ", ")
	}
	all := []setting{
		{"command", strings.Join(run.Command, " ")},
		{"seed", fmt.Sprint(cfg.Seed)},
		{"workload", r.Workload},
		{"nodes, workers", fmt.Sprintf("%d, %d", cfg.Nodes, cfg.Concurrency)},
		{"requests", fmt.Sprintf("%g per second for %g s; then a rest of %g s before the final reads", cfg.Rate, seconds(cfg.TimeLimit), seconds(cfg.Recovery))},
		{"latency", latency},
		{"faults", nemesis},
		{"consistency", string(cfg.Consistency)},
		{"node", strings.Join(append([]string{run.Bin}, cfg.Args...), " ")},
		{"started", fmt.Sprintf("%s; took %.4g s", run.Start.Format(time.RFC3339), seconds(r.Elapsed))},
		{"bench", fmt.Sprintf("%s, %s, %s/%s, %d CPUs", o.BenchVersion, o.GoVersion, runtime.GOOS, runtime.GOARCH, o.CPUs)},
	}
	if facts, ok := r.Facts.(maelstromtest.CounterFacts); ok {
		all = append(all, setting{"final reads", list(facts.FinalReads)}, setting{"acceptable", list(facts.Acceptable)})
	}
	return all
}

// far says by how much the latency of each node that is far is multiplied.
func far(cfg maelstromtest.Config) []string {
	var texts []string
	for i := range cfg.Nodes {
		name := fmt.Sprintf("n%d", i)
		if factor, ok := cfg.Far[name]; ok {
			texts = append(texts, fmt.Sprintf("× %g for %s", factor, name))
		}
	}
	return texts
}

// list joins the texts of several values, each text once.
func list[T any](all []T) string {
	var texts []string
	for _, x := range all {
		if text := fmt.Sprint(x); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, ", ")
}

// links returns the files beside the page, and what each is.
func (run Run) links() []setting {
	var links []setting
	for _, f := range run.kept() {
		if f.name != PageFile {
			links = append(links, setting{f.name, firstSentence(f.about)})
		}
	}
	links = append(links, setting{MessagesFile, firstSentence(aboutMessages)}, setting{"README.txt", "What each of these files is, in full."})
	return links
}

// firstSentence returns a text up to its first full stop or colon that ends a
// line of thought.
func firstSentence(text string) string {
	for i, r := range text {
		if (r == '.' || r == ':') && i+1 < len(text) && (text[i+1] == ' ' || text[i+1] == '\n') {
			return text[:i] + "."
		}
	}
	return text
}
