//go:build unix

package main

import (
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/report"
)

// workloads are those that there are, by their names on the command line.
var workloads = map[string]maelstromtest.Workload{
	"g-counter": maelstromtest.GCounter{},
	"echo":      maelstromtest.Echo{},
}

type options struct {
	maelstromtest.Config
	report.Thresholds
	bin       string
	runs      int
	logStderr bool
	json      bool
	open      bool
}

// raw has the flags that parse must still convert, as they were typed.
type raw struct {
	workload, concurrency, nemesis, dist, consistency string
	latency, limit, interval, recovery                float64
	far                                               []string // one element per flag
}

func workloadNames() string { return strings.Join(slices.Sorted(maps.Keys(workloads)), ", ") }

// define defines the flags with their defaults.
func define(o *options, r *raw) *flag.FlagSet {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&r.workload, "w", "g-counter", "the `workload`: "+workloadNames())
	flags.StringVar(&r.workload, "workload", "g-counter", "the same `workload`, as Maelstrom also calls it")
	flags.StringVar(&o.bin, "bin", "", "the node's executable `file`")
	flags.IntVar(&o.Nodes, "node-count", 5, "how many `nodes`")
	flags.Float64Var(&o.Rate, "rate", 5, "`requests` per second, all workers together")
	flags.Float64Var(&r.limit, "time-limit", 60, "for how many `seconds` requests are made and faults injected")
	flags.Float64Var(&r.recovery, "recovery", 10, "for how many `seconds` the nodes rest before the final reads")
	flags.StringVar(&r.concurrency, "concurrency", "1n", "how many `workers`, each with one request at a time; with an n behind it, per node")
	flags.Float64Var(&r.latency, "latency", 0, "mean latency in `ms` between nodes and services, one way")
	flags.StringVar(&r.dist, "latency-dist", string(maelstromtest.Constant), "the `distribution` of the latency: constant, uniform, or exponential")
	flags.Func("far", "`node=factor`: messages from and to this node take that many times the latency, such as n2=10;\nseveral are separated by commas, or have a flag each", func(list string) error {
		r.far = append(r.far, list)
		return nil
	})
	flags.StringVar(&r.consistency, "consistency", string(maelstromtest.Eventual), "what the nodes `promise`: with eventual, Maelstrom's verdict decides; with linearizable, all checks do")
	flags.StringVar(&r.nemesis, "nemesis", "", "`faults` to inject, separated by commas; they are explained below")
	flags.Float64Var(&r.interval, "nemesis-interval", 10, "mean `seconds` that a partition lasts, and that pass until the next one;\npaces all faults that come and go")
	flags.Uint64Var(&o.Seed, "seed", 0, "the `number` that determines requests, faults and latencies (default random)")
	flags.IntVar(&o.runs, "runs", 1, "how many `runs`, each with the next seed; ends with a table, and keeps the files of the worst")
	flags.DurationVar(&o.MaxP99, "max-p99", 0, "fail if the 99th percentile of latency is above this `duration`, such as 50ms")
	flags.Float64Var(&o.MinOK, "min-ok", 0, "fail if less than this `percentage` of the requests is answered ok, such as 99.9")
	flags.BoolVar(&o.logStderr, "log-stderr", false, "show what the nodes write to stderr")
	flags.BoolVar(&o.open, "open", false, "at the end, show the run's page in a browser")
	flags.BoolVar(&o.json, "json", false, "print results.json instead of a summary")
	return flags
}

//go:embed help.txt
var helpText string

// help explains the flags and the faults.
func help() string {
	var text strings.Builder
	flags := define(&options{}, &raw{})
	flags.SetOutput(&text)
	flags.PrintDefaults()
	return strings.Replace(helpText, "FLAGS\n", text.String(), 1)
}

// parse reads the command line. If help is asked for, it returns flag.ErrHelp.
func parse(args []string) (options, error) {
	var o options
	var r raw
	if i := slices.Index(args, "--"); i >= 0 {
		args, o.Args = args[:i], args[i+1:]
	}
	flags := define(&o, &r)
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if !given["seed"] {
		o.Seed = rand.Uint64N(1 << 32)
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err := o.check(r, given); err != nil {
		return o, err
	}
	var err error
	o.Workload = workloads[r.workload]
	o.TimeLimit, o.NemesisInterval = seconds(r.limit), seconds(r.interval)
	o.Recovery = max(seconds(r.recovery), 1) // zero would mean the default
	o.Latency = time.Duration(r.latency * float64(time.Millisecond))
	if o.LatencyDist, err = maelstromtest.ParseDistribution(r.dist); err != nil {
		return o, fmt.Errorf("--latency-dist: %w", err)
	}
	if o.Far, err = factors(r.far, o.Nodes); err != nil {
		return o, fmt.Errorf("--far: %w", err)
	}
	if len(o.Far) > 0 && o.Latency == 0 {
		return o, errors.New("--far multiplies the latency, which is 0: give --latency, too")
	}
	if o.Consistency, err = maelstromtest.ParseConsistency(r.consistency); err != nil {
		return o, fmt.Errorf("--consistency: %w", err)
	}
	if o.Nemesis, err = faults(r.nemesis); err != nil {
		return o, err
	}
	o.Concurrency, err = workers(r.concurrency, o.Nodes)
	return o, err
}

// check returns an error that names a value that is out of bounds, if there is
// one.
func (o *options) check(r raw, given map[string]bool) error {
	_, noOpener := exec.LookPath(opener())
	for _, rule := range []struct {
		broken bool
		err    error
	}{
		{o.bin == "", errors.New("--bin is missing: the node's executable file")},
		{workloads[r.workload] == nil, fmt.Errorf("unknown workload %q; known are %s", r.workload, workloadNames())},
		{o.Nodes < 1, fmt.Errorf("--node-count %d is less than 1", o.Nodes)},
		{!(o.Rate > 0), fmt.Errorf("--rate %v is not positive", o.Rate)},
		{!(r.limit > 0), fmt.Errorf("--time-limit %v is not positive", r.limit)},
		{!(r.recovery >= 0), fmt.Errorf("--recovery %v is negative", r.recovery)},
		{!(r.interval > 0), fmt.Errorf("--nemesis-interval %v is not positive", r.interval)},
		{!(r.latency >= 0), fmt.Errorf("--latency %v is negative", r.latency)},
		{o.runs < 1, fmt.Errorf("--runs %d is less than 1", o.runs)},
		{given["max-p99"] && o.MaxP99 <= 0, fmt.Errorf("--max-p99 %v is not positive", o.MaxP99)},
		{
			given["min-ok"] && !(o.MinOK > 0 && o.MinOK <= 100),
			fmt.Errorf("--min-ok %v is not above 0 and at most 100", o.MinOK),
		},
		{o.open && noOpener != nil, fmt.Errorf("--open: there is no %s here to open a page with; without --open, the page is store/<workload>/latest/%s", opener(), report.PageFile)},
	} {
		if rule.broken {
			return rule.err
		}
	}
	info, err := os.Stat(o.bin)
	switch {
	case err != nil:
		return fmt.Errorf("--bin %s: %w", o.bin, errors.Unwrap(err))
	case info.IsDir():
		return fmt.Errorf("--bin %s is a directory, not the node's executable file", o.bin)
	case info.Mode()&0o111 == 0:
		return fmt.Errorf("--bin %s is not executable", o.bin)
	}
	return nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// processFaults are the faults that can befall a process: all but Clock, since
// processes have no wall clock of their own.
func processFaults() []maelstromtest.Fault {
	return slices.DeleteFunc(maelstromtest.AllFaults(), func(f maelstromtest.Fault) bool { return f.Kind == maelstromtest.Clock })
}

// faults reads a list of faults' names.
func faults(list string) ([]maelstromtest.Fault, error) {
	clock := maelstromtest.Fault{Kind: maelstromtest.Clock}
	if all, _ := maelstromtest.ParseNemesis(list); slices.Contains(all, clock) {
		return nil, errors.New("--nemesis clock: the clock of a process cannot be set; only simulations have this fault")
	}
	chosen, err := maelstromtest.ParseNemesis(list, processFaults()...)
	if err != nil {
		return nil, fmt.Errorf("--nemesis: %w", err)
	}
	return chosen, nil
}

// factors reads lists of nodes with their factors, such as n1=2,n2=10.
func factors(lists []string, nodes int) (map[string]float64, error) {
	far := map[string]float64{}
	for _, list := range lists {
		for text := range strings.SplitSeq(list, ",") {
			text = strings.TrimSpace(text)
			node, number, _ := strings.Cut(text, "=")
			factor, err := strconv.ParseFloat(number, 64)
			if err != nil {
				return nil, fmt.Errorf("%q is not NODE=FACTOR", text)
			}
			if _, twice := far[node]; twice {
				return nil, fmt.Errorf("%s is listed twice", node)
			}
			far[node] = factor
		}
	}
	return far, maelstromtest.CheckFar(far, nodes)
}

// workers reads a number of workers as Jepsen does: 10, or 10n for ten of each
// node.
func workers(text string, nodes int) (int, error) {
	number, perNode := strings.CutSuffix(text, "n")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("--concurrency %q is neither a positive number nor one with an n behind it", text)
	}
	if perNode {
		n *= nodes
	}
	return n, nil
}
