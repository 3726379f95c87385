//go:build unix

// Bench runs a Maelstrom workload against a node's binary without Maelstrom,
// with Maelstrom's own flags:
//
//	go run ./scripts/bench -w g-counter --bin ./maelstrom-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition
//
// And it tells what went wrong in a run of the real Maelstrom, from the
// directory that Maelstrom has kept of it:
//
//	go run ./scripts/bench why ~/maelstrom/store/latest
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
	"math"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Exit codes.
const (
	passed      = 0
	failed      = 1   // something was wrong, a threshold was missed, the nodes did not start, or a file could not be written
	usage       = 2   // the command line is wrong, or a run of Maelstrom's cannot be read
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
	parse, help, run := parse, help, (*bencher).run
	if len(args) > 0 && args[0] == "why" {
		args, parse, help, run = args[1:], parseWhy, helpWhy, (*bencher).why
	}
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
	b := &bencher{
		options: options, command: append([]string{"bench"}, args...), stdout: stdout,
		progress: progress{screen: &screen{w: stderr, columns: columns(stderr)}, shown: time.Now()},
	}
	if len(options.ignored) > 0 {
		fmt.Fprintf(stderr, "bench: accepted, but without effect here: %s\n", strings.Join(options.ignored, ", "))
	}
	code, err := run(b, ctx)
	b.progress.complain(err)
	return code
}

// complain writes errors, each of which may have several lines. They fit where
// the width is known: on a terminal, or by COLUMNS.
func (s *screen) complain(errs ...error) {
	for _, err := range errs {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			s.complain(joined.Unwrap()...)
		} else if err != nil {
			t := &text{look: lookOf(s.w)}
			if s.columns == nil && os.Getenv("COLUMNS") == "" {
				t.columns = math.MaxInt
			}
			t.say(2, "bench: %v", err)
			_, _ = s.Write(t.Bytes()) // there is nowhere else to say it
		}
	}
}
