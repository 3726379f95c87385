//go:build unix

package main

import (
	"cmp"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/report"
)

// workloads are the workloads of the bench, by their names on the command line.
var workloads = map[string]maelstromtest.Workload{
	"g-counter": maelstromtest.GCounter{},
	"echo":      maelstromtest.Echo{},
}

// elsewhere are the workloads that only Maelstrom has.
var elsewhere = strings.Fields("broadcast g-set kafka lin-kv pn-counter txn-list-append txn-rw-register unique-ids")

type options struct {
	maelstromtest.Config
	report.Thresholds
	bin       string
	runs      int
	logStderr bool
	logSend   bool
	logRecv   bool
	json      bool
	open      bool

	directory string // for bench why: of a run of the real Maelstrom, or one above it
	out       string // for bench why: the folder to write to; empty: a new one in store/why

	ignored []string // flags that were given and mean nothing here
}

// raw has the flags that parse must still convert, as they were typed.
type raw struct {
	workload, concurrency, nemesis, dist, consistency, availability string

	far   []string // one element per flag
	nodes nodeList
}

func workloadNames() string { return strings.Join(slices.Sorted(maps.Keys(workloads)), ", ") }

// A flagGroup is a part of the help.
type flagGroup struct {
	title string
	names []string
}

var flagGroups = []flagGroup{
	{"What is run", strings.Fields("bin w node-count concurrency rate time-limit seed runs")},
	{"The network, and what goes wrong", strings.Fields("latency latency-dist far nemesis nemesis-interval recovery")},
	{"What decides", strings.Fields("consistency availability max-p99 min-ok keep-going")},
	{"What is shown", strings.Fields("log-stderr log-net-send log-net-recv open json")},
}

// Flags of Maelstrom and Jepsen that mean nothing here: with a value, and
// without.
var (
	ignoredValues = strings.Fields("consistency-models key-count max-txn-length max-writes-per-key password ssh-private-key topology username")
	ignoredMarks  = strings.Fields("leave-db-running logging-json no-ssh strict-host-key-checking")
)

// define defines the flags with their defaults.
func define(o *options, r *raw) *flag.FlagSet {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	defineRun(flags, o, r)
	defineNetwork(flags, o, r)
	defineShared(flags, o, r)
	flags.StringVar(&r.availability, "availability", "", "the `share` of the requests that must be answered ok, from 0 to 1, or total, which is 1; by default any will do")
	flags.Var(span{&o.MaxP99, time.Millisecond}, "max-p99", "fail if the 99th percentile of latency is above this many `ms`, such as 50")
	flags.Float64Var(&o.MinOK, "min-ok", 0, "fail if less than this `percentage` of the requests is answered ok, such as 99.9")
	flags.BoolVar(&o.KeepGoing, "keep-going", false, "go on when no node can answer any more; by default that ends the run, unless --min-ok or an --availability below 1 is given")
	flags.BoolVar(&o.logStderr, "log-stderr", false, "show what the nodes write to stderr")
	flags.BoolVar(&o.logSend, "log-net-send", false, "show each message when it is sent, on stderr")
	flags.BoolVar(&o.logRecv, "log-net-recv", false, "show each message when it is received, lost or blocked, on stderr")
	ignore := func(name string) func(string) error {
		return func(string) error {
			o.ignored = append(o.ignored, "--"+name)
			return nil
		}
	}
	for _, name := range ignoredValues {
		flags.Func(name, "", ignore(name))
	}
	for _, name := range ignoredMarks {
		flags.BoolFunc(name, "", ignore(name))
	}
	return flags
}

// defineShared defines the flags that bench why has, too.
func defineShared(flags *flag.FlagSet, o *options, r *raw) {
	flags.StringVar(&r.consistency, "consistency", string(maelstromtest.Eventual), "what the nodes `promise`: with eventual, Maelstrom's verdict decides; with linearizable, all checks do")
	flags.BoolVar(&o.open, "open", false, "at the end, show the run's page in a browser")
	flags.BoolVar(&o.json, "json", false, "print results.json instead of a summary")
}

func defineRun(flags *flag.FlagSet, o *options, r *raw) {
	o.TimeLimit = 60 * time.Second
	flags.StringVar(&o.bin, "bin", "", "the node's executable `file`")
	flags.StringVar(&r.workload, "w", "g-counter", "the `workload`: "+workloadNames()+"; --workload is the same")
	flags.StringVar(&r.workload, "workload", "g-counter", "")
	flags.IntVar(&o.Nodes, "node-count", 5, "how many `nodes`; --nodes n0,n1,n2 is the same as 3")
	flags.Func("n", "", r.nodes.add)
	flags.Func("node", "", r.nodes.add)
	flags.Func("nodes", "", r.nodes.split)
	flags.Func("nodes-file", "", r.nodes.read)
	flags.StringVar(&r.concurrency, "concurrency", "1n", "how many `workers` make requests, each one at a time; 10n is 10 for each node")
	flags.Float64Var(&o.Rate, "rate", 5, "`requests` per second, all workers together")
	flags.Var(span{&o.TimeLimit, time.Second}, "time-limit", "for how many `seconds` requests are made and faults injected")
	flags.Uint64Var(&o.Seed, "seed", 0, "the `number` that determines requests, faults and latencies, and makes those of an earlier run again; random by default")
	flags.IntVar(&o.runs, "runs", 1, "how many `runs` to make, each with the next seed; at the end there is a table, and the files of the worst run are kept; --test-count is the same")
	flags.IntVar(&o.runs, "test-count", 1, "")
}

func defineNetwork(flags *flag.FlagSet, o *options, r *raw) {
	o.NemesisInterval, o.Recovery = 10*time.Second, 10*time.Second
	flags.Var(span{&o.Latency, time.Millisecond}, "latency", "mean latency in `ms` between nodes and services, one way; 0 by default")
	flags.StringVar(&r.dist, "latency-dist", string(maelstromtest.Constant), "the `distribution` of the latency: constant, uniform, or exponential")
	flags.Func("far", "`node=factor`, such as n2=10: messages from and to this node take that many times the latency; give several with commas between them, or repeat the flag", func(list string) error {
		r.far = append(r.far, list)
		return nil
	})
	flags.StringVar(&r.nemesis, "nemesis", "", "`faults` to inject, separated by commas; they are explained below; none by default")
	flags.Var(span{&o.NemesisInterval, time.Second}, "nemesis-interval", "mean `seconds` that a partition lasts, and that pass until the next one; paces all faults that come and go")
	flags.Var(span{&o.Recovery, time.Second}, "recovery", "for how many `seconds` the nodes rest before the final reads")
}

// maxRate is the bound of maelstromtest's Config.
const maxRate = 1_000_000

// parse reads the command line. If help is asked for, it returns flag.ErrHelp.
func parse(args []string) (options, error) {
	var o options
	var r raw
	if i := slices.Index(args, "--"); i >= 0 {
		args, o.Args = args[:i], args[i+1:]
	}
	flags := define(&o, &r)
	err := flags.Parse(args)
	if err == nil && flags.Arg(0) == "test" { // Maelstrom's command
		err = flags.Parse(flags.Args()[1:])
	}
	if err != nil {
		return o, err
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if !given["seed"] {
		o.Seed = rand.Uint64N(1 << 32)
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q: the node's own arguments come after --", flags.Arg(0))
	}
	if len(r.nodes) > 0 && !given["node-count"] {
		o.Nodes = len(r.nodes)
	}
	if err := o.check(r, given); err != nil {
		return o, err
	}
	return o, o.convert(r)
}

// convert reads what flags of text say.
func (o *options) convert(r raw) (err error) {
	o.Workload = workloads[r.workload]
	o.Recovery = max(o.Recovery, 1)          // zero would mean the default
	o.KeepGoing = o.KeepGoing || o.MinOK > 0 // what fails until the end counts
	if o.LatencyDist, err = maelstromtest.ParseDistribution(r.dist); err != nil {
		return fmt.Errorf("--latency-dist: %w", err)
	}
	if o.Far, err = factors(r.far, o.Nodes); err != nil {
		return fmt.Errorf("--far: %w", err)
	}
	if len(o.Far) > 0 && o.Latency == 0 {
		return errors.New("--far multiplies the latency, which is 0: give --latency, too")
	}
	if o.Consistency, err = maelstromtest.ParseConsistency(r.consistency); err != nil {
		return fmt.Errorf("--consistency: %w", err)
	}
	if r.availability != "" {
		if o.Availability, err = maelstromtest.ParseAvailability(r.availability); err != nil {
			return fmt.Errorf("--availability: %w", err)
		}
	}
	if o.Nemesis, err = faults(r.nemesis); err != nil {
		return err
	}
	o.Concurrency, err = workers(r.concurrency, o.Nodes)
	return err
}

// check returns an error that names a value that is out of bounds, if there is
// one.
func (o *options) check(r raw, given map[string]bool) error {
	_, noOpener := exec.LookPath(opener())
	limit, why := nodeLimit()
	for _, rule := range []struct {
		broken bool
		err    error
	}{
		{o.bin == "", errors.New("--bin is missing: it names the node's executable file")},
		{slices.Contains(elsewhere, r.workload), fmt.Errorf("workload %s: this bench has only %s; the others need Maelstrom itself", r.workload, workloadNames())},
		{workloads[r.workload] == nil, fmt.Errorf("unknown workload %q; known are %s", r.workload, workloadNames())},
		{o.Nodes < 1, fmt.Errorf("--node-count %d is less than 1", o.Nodes)},
		{o.Nodes > limit, fmt.Errorf("--node-count %d is more than the %d nodes that this machine can run: %s", o.Nodes, limit, why)},
		{!(o.Rate > 0), fmt.Errorf("--rate %v is not positive", o.Rate)},
		{o.Rate > maxRate, fmt.Errorf("--rate %v is more than %d requests per second", o.Rate, maxRate)},
		{o.TimeLimit <= 0, fmt.Errorf("--time-limit %v is not positive", o.TimeLimit)},
		{o.Recovery < 0, fmt.Errorf("--recovery %v is negative", o.Recovery)},
		{o.NemesisInterval < time.Millisecond, fmt.Errorf("--nemesis-interval %v is less than 1ms", o.NemesisInterval)},
		{o.Latency < 0, fmt.Errorf("--latency %v is negative", o.Latency)},
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
	return checkBin(o.bin)
}

// processFaults are the faults that can hit a process: all but Clock, since
// processes have no wall clock of their own.
func processFaults() []maelstromtest.Fault {
	return slices.DeleteFunc(maelstromtest.AllFaults(), func(f maelstromtest.Fault) bool { return f.Kind == maelstromtest.Clock })
}

// faults reads a list of faults' names. As with Jepsen, none stands for the
// empty list.
func faults(list string) ([]maelstromtest.Fault, error) {
	if strings.TrimSpace(list) == "none" {
		return nil, nil
	}
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

// defineWhy defines the flags of bench why.
func defineWhy(o *options, r *raw) *flag.FlagSet {
	flags := flag.NewFlagSet("bench why", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	defineShared(flags, o, r)
	flags.StringVar(&o.out, "o", "", "write to this `folder` instead of a new one in store/why; files of an earlier result are replaced")
	return flags
}

// parseWhy reads the command line of bench why. Flags may follow the directory.
func parseWhy(args []string) (options, error) {
	o, r := options{runs: 1}, raw{}
	flags := defineWhy(&o, &r)
	err := flags.Parse(args)
	for ; err == nil && flags.NArg() > 0; err = flags.Parse(flags.Args()[1:]) {
		if o.directory != "" {
			return o, fmt.Errorf("there is more than one directory: %s and %s", o.directory, flags.Arg(0))
		}
		o.directory = flags.Arg(0)
	}
	if err == nil {
		o.Consistency, err = maelstromtest.ParseConsistency(r.consistency)
	}
	o.directory = cmp.Or(o.directory, "store/latest")
	return o, err
}

//go:embed why.txt
var whyText string

// helpWhy explains bench why.
func helpWhy() string {
	var flags strings.Builder
	defineWhy(&options{}, &raw{}).VisitAll(func(f *flag.Flag) { flags.WriteString(explain(f) + "\n") })
	return strings.Replace(whyText, "FLAGS\n", flags.String(), 1)
}

//go:embed help.txt
var helpText string

// help explains the flags and the faults, in 80 columns.
func help() string {
	var text strings.Builder
	flags := define(&options{}, &raw{})
	for _, group := range flagGroups {
		fmt.Fprintf(&text, "%s:\n\n", group.title)
		for _, name := range group.names {
			text.WriteString(explain(flags.Lookup(name)) + "\n")
		}
		text.WriteString("\n")
	}
	ignored := slices.Sorted(slices.Values(slices.Concat(ignoredValues, ignoredMarks)))
	text.WriteString(wrap("", "Accepted, since Maelstrom has them, but without effect here: --"+strings.Join(ignored, ", --")+".", 80, 0))
	return strings.Replace(helpText, "FLAGS", text.String(), 1)
}

// explain returns the help for a flag.
func explain(f *flag.Flag) string {
	const column = 30 // where the explanations begin
	value, usage := flag.UnquoteUsage(f)
	if f.DefValue != "" && f.DefValue != "0" && f.DefValue != "false" {
		usage += " (default " + f.DefValue + ")"
	}
	name := "--" + f.Name
	if len(f.Name) == 1 {
		name = "-" + f.Name
	}
	return wrap(fmt.Sprintf("%-*s ", column-1, "  "+name+" "+value), usage, 80, column)
}
