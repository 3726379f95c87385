package report

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"time"

	"maelstrom-counter/internal/bench/maelstromstore"
	"maelstrom-counter/internal/bench/maelstromtest"
)

// results is the content of results.json.
type results struct {
	Passed                bool  `json:"passed"` // right, and all thresholds met
	Interrupted           bool  `json:"interrupted"`
	Valid                 *bool `json:"valid"` // Maelstrom's :valid?; null if the run was ended before that was known
	maelstromtest.Verdict       // right, maelstrom_valid, cut, checks, facts
	Thresholds            []Bar `json:"thresholds,omitempty"`

	Maelstrom *maelstromstore.Recording `json:"maelstrom,omitempty"` // of a run of the real Maelstrom: what it has recorded

	Run      origin       `json:"run"`
	Config   config       `json:"config"`
	Load     load         `json:"load"`
	Requests requests     `json:"requests"`
	Latency  latencies    `json:"latency"`
	Messages messageCount `json:"messages,omitzero"` // missing if it is not known
	Events   events       `json:"events"`
}

// An origin is what a run was made with.
type origin struct {
	Command      []string  `json:"command"`
	Bin          string    `json:"bin"`
	Args         []string  `json:"node_args"`
	Seed         uint64    `json:"seed,omitzero"` // unknown of a run of the real Maelstrom
	Start        time.Time `json:"start"`
	DurationS    float64   `json:"duration_s"` // from when all nodes were ready to the last answer
	BenchVersion string    `json:"bench_version"`
	GoVersion    string    `json:"go_version"`
	OS           string    `json:"os"`
	Arch         string    `json:"arch"`
	CPUs         int       `json:"cpus"`
}

type config struct {
	Workload         string                `json:"workload"`
	Nodes            int                   `json:"nodes"`
	Workers          int                   `json:"workers"`
	RatePerS         float64               `json:"rate_per_s"`
	TimeLimitS       float64               `json:"time_limit_s"`
	LatencyMS        float64               `json:"latency_ms"`
	LatencyDist      string                `json:"latency_dist"`
	FarFactor        map[string]float64    `json:"far_factor,omitempty"` // by node
	Consistency      string                `json:"consistency"`
	Nemesis          []maelstromtest.Fault `json:"nemesis"`
	NemesisIntervalS float64               `json:"nemesis_interval_s"`
	RecoveryS        float64               `json:"recovery_s"`
	ClientTimeoutS   float64               `json:"client_timeout_s"`
}

type load struct {
	AskedPerS         float64 `json:"asked_per_s"`
	MadePerS          float64 `json:"made_per_s"`
	OKPerS            float64 `json:"ok_per_s"`
	AllBusyPercent    float64 `json:"all_workers_busy_percent"`
	LimitedByWorkers  bool    `json:"limited_by_workers"`
	SufficientWorkers int     `json:"sufficient_workers,omitempty"`
}

type requests struct {
	Made      int     `json:"made"`
	OK        int     `json:"ok"`
	Refused   int     `json:"refused"`
	Unknown   int     `json:"unknown"`
	NoAnswer  int     `json:"no_answer"` // of the unknown
	Late      int     `json:"answered_too_late"`
	OKPercent float64 `json:"ok_percent"`
}

type quantiles struct {
	P50MS float64 `json:"p50_ms"`
	P95MS float64 `json:"p95_ms"`
	P99MS float64 `json:"p99_ms"`
	MaxMS float64 `json:"max_ms"`
}

type latencies struct {
	All    *quantiles            `json:"all"` // null if none was answered ok
	ByKind map[string]*quantiles `json:"by_kind"`
}

type messageCount struct {
	All            int     `json:"all"`
	BetweenServers int     `json:"between_servers"` // nodes and services
	PerRequest     float64 `json:"between_servers_per_request"`
	Doubled        int     `json:"doubled"`
	DoubledApart   int     `json:"doubled_apart"` // of those: both copies arrived, at different instants
}

// events are what happened. Times count from when all nodes were ready.
type events struct {
	Faults  []fault              `json:"faults,omitempty"`
	Crashes []crash              `json:"crashes,omitempty"`
	Strays  []stray              `json:"lines_that_are_not_messages,omitempty"`
	Remarks []stray              `json:"lines_that_others_may_refuse,omitempty"`
	Exits   []maelstromtest.Exit `json:"exits,omitempty"`
}

type fault struct {
	Fault  string  `json:"fault"`
	Detail string  `json:"detail,omitempty"`
	StartS float64 `json:"start_s"`
	EndS   float64 `json:"end_s"`

	InFlight int `json:"messages_in_flight,omitempty"` // from and to the node that it hit, when it began; missing if none, or if it is not known
}

type crash struct {
	Node   string  `json:"node"`
	AtS    float64 `json:"at_s"`
	Why    string  `json:"why"`
	Stdout string  `json:"stdout"`
	Stderr string  `json:"stderr"`
}

type stray struct {
	Node string  `json:"node"`
	AtS  float64 `json:"at_s"`
	Line string  `json:"line"`
	Why  string  `json:"why"`
}

// results returns the content of a run's results.json.
func (run Run) results() results {
	r, cfg, l := run.Result, run.Result.Config, LoadOf(run.Result)
	out := results{
		Passed: run.Passed(), Interrupted: run.Interrupted, Verdict: r.Verdict, Thresholds: run.Bars(),
		Maelstrom: run.Maelstrom, Run: run.origin(),
		Config: config{
			Workload: r.Workload, Nodes: cfg.Nodes, Workers: cfg.Concurrency, RatePerS: cfg.Rate, TimeLimitS: cfg.TimeLimit.Seconds(),
			LatencyMS: milliseconds(cfg.Latency), LatencyDist: string(cfg.LatencyDist), FarFactor: cfg.Far,
			Consistency: string(cfg.Consistency), Nemesis: cfg.Nemesis,
			NemesisIntervalS: cfg.NemesisInterval.Seconds(), RecoveryS: cfg.Recovery.Seconds(), ClientTimeoutS: cfg.ClientTimeout.Seconds(),
		},
		Load: load{l.Asked, l.Made, l.OK, 100 * l.Busy, l.Need > 0, l.Need},
		Requests: requests{
			Made: r.Invoked, OK: r.OK, Refused: r.Fail, Unknown: r.Info, NoAnswer: r.Unanswered, Late: r.Late,
			OKPercent: 100 * r.Availability,
		},
		Latency:  latencies{All: quantilesOf(r.Latency), ByKind: map[string]*quantiles{}},
		Messages: messageCount{r.Messages, r.ServerMessages, r.MessagesPerRequest, r.Doubled, r.DoubledApart},
		Events:   eventsOf(r),
	}
	if !r.Cut || !r.MaelstromValid {
		out.Valid = &r.MaelstromValid
	}
	for kind, q := range r.LatencyByKind {
		out.Latency.ByKind[kind] = quantilesOf(q)
	}
	return out
}

func (run Run) origin() origin {
	cfg := run.Result.Config
	return origin{
		Command: run.Command, Bin: run.Bin, Args: append([]string{}, cfg.Args...), Seed: cfg.Seed, Start: run.Start,
		DurationS: run.Result.Elapsed.Seconds(), BenchVersion: version(), GoVersion: runtime.Version(),
		OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(),
	}
}

func eventsOf(r *maelstromtest.Result) events {
	e := events{Exits: r.Exits}
	for _, f := range r.Faults {
		e.Faults = append(e.Faults, fault{f.Fault, f.Detail, f.Start.Seconds(), FaultEnd(f, r.Elapsed).Seconds(), f.InFlight})
	}
	for _, c := range r.Crashes {
		e.Crashes = append(e.Crashes, crash{c.Node, c.At.Seconds(), c.Why, c.Stdout, c.Stderr})
	}
	for _, m := range r.Mutes {
		e.Strays = append(e.Strays, stray{m.Node, m.At.Seconds(), m.Line, m.Why})
	}
	for _, r := range r.Remarks {
		e.Remarks = append(e.Remarks, stray{r.Node, r.At.Seconds(), r.Line, r.Text})
	}
	return e
}

func quantilesOf(q maelstromtest.Quantiles) *quantiles {
	if q == (maelstromtest.Quantiles{}) {
		return nil
	}
	return &quantiles{milliseconds(q.P50), milliseconds(q.P95), milliseconds(q.P99), milliseconds(q.Max)}
}

// version returns the version that the build records: as a rule, the revision
// and whether the source was changed.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version
}

// WriteJSON writes a run's results.json.
func (run Run) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(run.results())
}

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
