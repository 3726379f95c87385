//go:build unix

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/report"
)

// A bencher runs what the command line says.
type bencher struct {
	options
	command  []string
	stdout   io.Writer
	progress progress
}

// A done is a run that has ended, with the folder of its files.
type done struct {
	report.Run
	*store
}

// run makes all runs and reports on them. The exit code is that of the worst.
func (b *bencher) run(ctx context.Context) (int, error) {
	var all []done
	var err error
	worst := 0
	for i := 0; i < b.runs && err == nil && ctx.Err() == nil; i++ {
		if b.runs > 1 {
			b.progress.prefix = fmt.Sprintf("run %d of %d  ", i+1, b.runs)
		}
		var d done
		if d, err = b.once(ctx, b.Seed+uint64(i)); err != nil {
			break
		}
		all = append(all, d)
		if i > 0 {
			better := i
			if worse(d.Run, all[worst].Run) {
				better, worst = worst, i
			}
			all[better].discard()
		}
		err = b.tell(d)
	}
	if len(all) == 0 {
		return b.code(ctx, ctx.Err() != nil), err
	}
	kept := all[worst]
	if b.runs > 1 {
		kept.publish()
	}
	if b.runs > 1 && !b.json {
		err = errors.Join(err, tabulate(b.stdout, lookOf(b.stdout), all, worst))
	}
	return b.finish(ctx, kept, err), err
}

// finish says what could not be written, and shows the page if that is wanted.
// It returns the exit code, which also depends on an earlier error.
func (b *bencher) finish(ctx context.Context, kept done, err error) int {
	b.progress.complain(kept.lost...)
	if page := kept.path(report.PageFile); b.open && page != "" {
		if err := openPage(page); err != nil {
			b.progress.complain(err) // which says nothing about the nodes
		}
	}
	return b.code(ctx, err == nil && len(kept.lost) == 0 && kept.Passed())
}

// code returns the exit code. It is that of an interruption only if nothing was
// wrong before.
func (b *bencher) code(ctx context.Context, good bool) int {
	switch {
	case ctx.Err() != nil && good:
		return interrupted
	case good:
		return passed
	}
	return failed
}

// tell prints the results of a run. With several runs it prints only those of
// runs that did not pass.
func (b *bencher) tell(d done) error {
	var err error
	switch {
	case b.json:
		err = d.WriteJSON(b.stdout)
	case b.runs == 1 || !d.Passed():
		err = summarize(b.stdout, lookOf(b.stdout), d, b.runs == 1)
	}
	if err != nil {
		return fmt.Errorf("cannot write the results: %w", err)
	}
	return nil
}

// once runs the cluster with a seed and keeps what came of it.
func (b *bencher) once(ctx context.Context, seed uint64) (done, error) {
	start := time.Now()
	s, err := newStore("store", b.Workload.Name(), start)
	if err != nil {
		return done{}, err
	}
	cfg := b.Config
	cfg.Seed, cfg.Journal = seed, s.journal
	herald := newHerald(b.progress.screen, lookOf(b.progress.w), b.progress.prefix, b.options)
	cfg.Watch = herald.watch
	cfg.Progress = func(p maelstromtest.Progress) {
		if !herald.ready { // at the first call of Progress, all nodes are
			herald.begin()
			if b.runs == 1 {
				s.publish()
			}
		}
		b.progress.tick(p)
	}
	cfg.Stderr = s.log
	result, err := maelstromtest.RunProcesses(ctx, cfg, b.bin)
	b.progress.clear()
	if err != nil {
		return done{}, errors.Join(append([]error{err, s.abandon()}, s.lost...)...)
	}
	s.close()
	bin, err := filepath.Abs(b.bin)
	if err != nil {
		bin = b.bin // the working directory is gone
	}
	return s.keep(report.Run{
		Result: result, Command: b.command, Bin: bin, Start: start, Interrupted: ctx.Err() != nil, Thresholds: b.Thresholds,
	}), nil
}

// worse reports whether a is worse than b. It compares their grades, then the
// share of requests that were answered ok, and then the p99.
func worse(a, b report.Run) bool {
	return cmp.Or(
		cmp.Compare(a.Grade(), b.Grade()),
		cmp.Compare(b.Result.Availability, a.Result.Availability),
		cmp.Compare(a.Result.Latency.P99, b.Result.Latency.P99),
	) > 0
}
