//go:build unix

// Bench runs a Maelstrom workload against a node's binary without Maelstrom, with Maelstrom's own flags:
//
//	go run ./scripts/bench -w g-counter --bin ./maelstrom-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition
//
// The cluster, its network, services and faults, and the verdict come from package maelstromtest. What this adds is a
// command line, a summary, and a folder of results with pictures, store/<workload>/<time>.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"maelstrom-counter/internal/maelstromtest"
)

// Exit codes.
const (
	right       = 0
	wrong       = 1
	usage       = 2
	interrupted = 130 // and nothing wrong so far
)

// workloads are those that there are, by their names on the command line.
var workloads = map[string]maelstromtest.Workload{
	"g-counter": maelstromtest.GCounter{},
	"echo":      maelstromtest.Echo{},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(bench(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// bench runs what the arguments say and returns the exit code.
func bench(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	options, err := parse(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return right
	case err != nil:
		fmt.Fprintf(stderr, "bench: %v (-h explains the flags)\n", err)
		return usage
	}
	code, err := run(ctx, options, stdout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
	}
	return code
}

type options struct {
	maelstromtest.Config
	bin       string
	logStderr bool
	json      bool
}

const help = `Runs a Maelstrom workload against a node's binary, without Maelstrom.

  bench -w g-counter --bin ./maelstrom-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition [-- node's flags]

Exits with 0 if everything was right, 1 if something was wrong, 2 if the command line was, and 130 if it was interrupted
before anything had gone wrong. Flags, with one dash or two:

`

// parse reads the command line. It prints help where that is asked for, and leaves errors to the caller.
func parse(args []string, stdout io.Writer) (options, error) {
	var o options
	if i := slices.Index(args, "--"); i >= 0 {
		args, o.Args = args[:i], args[i+1:]
	}
	o.Seed = rand.Uint64N(1 << 32)
	workload, concurrency, nemesis, dist := "g-counter", "1n", "", ""
	latency, limit, interval := 0.0, 60.0, 10.0

	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	names := strings.Join(slices.Sorted(maps.Keys(workloads)), ", ")
	flags.StringVar(&workload, "w", workload, "the `workload`: "+names)
	flags.StringVar(&workload, "workload", workload, "the same")
	flags.StringVar(&o.bin, "bin", "", "the node's executable `file`")
	flags.IntVar(&o.Nodes, "node-count", 5, "how many nodes")
	flags.Float64Var(&o.Rate, "rate", 5, "requests per second, all workers together")
	flags.Float64Var(&limit, "time-limit", limit, "for how many `seconds` requests are made and faults injected")
	flags.StringVar(&concurrency, "concurrency", concurrency, "how many `workers`; with an n behind it, per node")
	flags.Float64Var(&latency, "latency", latency, "mean latency in `ms` between nodes and services, one way")
	flags.StringVar(&dist, "latency-dist", string(maelstromtest.Constant), "its `distribution`: constant, uniform, or exponential")
	flags.StringVar(&nemesis, "nemesis", nemesis, "`faults` to inject, separated by commas: "+faultNames())
	flags.Float64Var(&interval, "nemesis-interval", interval, "mean `seconds` between partitions")
	flags.BoolVar(&o.logStderr, "log-stderr", false, "show what the nodes write to stderr")
	flags.Uint64Var(&o.Seed, "seed", o.Seed, "determines requests, faults and latencies (default random)")
	flags.BoolVar(&o.json, "json", false, "print the results as JSON instead of a summary")

	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, help)
		flags.Lookup("seed").DefValue = "0" // shown as no default
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return o, err
	case err != nil:
		return o, err
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case o.bin == "":
		return o, errors.New("--bin is missing: the node's executable file")
	case workloads[workload] == nil:
		return o, fmt.Errorf("no workload %q; there are %s", workload, names)
	case o.Nodes < 1:
		return o, fmt.Errorf("--node-count %d is less than 1", o.Nodes)
	case !(o.Rate > 0):
		return o, fmt.Errorf("--rate %v is not positive", o.Rate)
	case !(limit > 0):
		return o, fmt.Errorf("--time-limit %v is not positive", limit)
	case !(interval > 0):
		return o, fmt.Errorf("--nemesis-interval %v is not positive", interval)
	case !(latency >= 0):
		return o, fmt.Errorf("--latency %v is negative", latency)
	}
	if o.LatencyDist, err = maelstromtest.ParseDistribution(dist); err != nil {
		return o, fmt.Errorf("--latency-dist: %w", err)
	}
	o.Workload = workloads[workload]
	o.TimeLimit, o.NemesisInterval = seconds(limit), seconds(interval)
	o.Latency = time.Duration(latency * float64(time.Millisecond))
	if o.Nemesis, err = maelstromtest.ParseNemesis(nemesis); err != nil {
		return o, fmt.Errorf("--nemesis: no fault among %q; there are %s", nemesis, faultNames())
	}
	if o.Concurrency, err = workers(concurrency, o.Nodes); err != nil {
		return o, err
	}
	return o, nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func faultNames() string {
	var names []string
	for _, fault := range maelstromtest.AllFaults() {
		names = append(names, fault.String())
	}
	return strings.Join(names, ", ")
}

// workers reads a number of workers as Jepsen does: 10, or 10n for ten of each node.
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

// run runs the cluster and reports on it.
func run(ctx context.Context, o options, stdout, stderr io.Writer) (int, error) {
	s, err := newStore("store", o.Workload.Name(), time.Now())
	if err != nil {
		return wrong, err
	}
	defer s.close()
	progress := progress{w: &shared{w: stderr}, terminal: isTerminal(stderr), limit: o.TimeLimit}
	o.Progress = progress.show
	o.Stderr = func(node string) io.Writer {
		if o.logStderr {
			return io.MultiWriter(s.log(node), progress.w)
		}
		return s.log(node)
	}
	result, err := maelstromtest.RunProcesses(ctx, o.Config, o.bin)
	progress.end()
	if err != nil {
		return wrong, err
	}
	if err := s.keep(result); err != nil {
		return wrong, err
	}
	stopped := ctx.Err() != nil
	if o.json {
		err = writeJSON(stdout, result)
	} else {
		err = summarize(stdout, result, stopped, s.folder)
	}
	switch {
	case err != nil:
		return wrong, err
	case !result.Right:
		return wrong, nil
	case stopped:
		return interrupted, nil
	}
	return right, nil
}
