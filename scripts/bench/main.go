//go:build unix

// Bench runs a Maelstrom workload against a node's binary without Maelstrom,
// with Maelstrom's own flags:
//
//	go run ./scripts/bench -w g-counter --bin ./maelstrom-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition
//
// Package maelstromtest provides the cluster, its network, services and faults,
// and the verdict. Package report writes the files of a run, in
// store/<workload>/<time>. Bench adds a command line, the progress and a
// summary.
//
// It runs only on Unix: signals stop and continue the nodes, which are
// processes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes.
const (
	passed      = 0
	failed      = 1 // something was wrong, a threshold was missed, or the nodes did not start
	usage       = 2
	interrupted = 130 // interrupted before anything was wrong
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := bench(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// bench runs what the arguments say and returns the exit code.
func bench(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	options, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		if _, err := io.WriteString(stdout, help()); err != nil {
			return failed
		}
		return passed
	case err != nil:
		fmt.Fprintf(stderr, "bench: %v (-h explains the flags)\n", err)
		return usage
	}
	b := &bencher{options: options, command: append([]string{"bench"}, args...), stdout: stdout, stderr: &shared{w: stderr}}
	b.progress = progress{w: b.stderr, limit: options.TimeLimit, columns: columns(stderr)}
	code, err := b.run(ctx)
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
	}
	return code
}
