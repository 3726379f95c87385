//go:build unix

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromstore"
	"maelstrom-counter/internal/bench/report"
	"maelstrom-counter/internal/bench/verdict"
)

// why tells what went wrong in a run of the real Maelstrom, and returns the
// exit code.
func (b *bencher) why(ctx context.Context) (int, error) {
	debug.SetMemoryLimit(1 << 30) // garbage is collected sooner before a long run's messages take more
	stop := context.AfterFunc(ctx, func() {
		b.progress.clear()
		os.Exit(interrupted) // whatever is being read: there are no files yet
	})
	run, err := b.read()
	stop()
	if err != nil {
		b.progress.clear()
		return usage, err
	}
	return b.explain(ctx, run)
}

// read finds and reads the run.
func (b *bencher) read() (*maelstromstore.Run, error) {
	given, err := filepath.Abs(b.directory)
	if err != nil {
		return nil, err
	}
	found, err := maelstromstore.Find(given)
	if err != nil {
		return nil, err
	}
	run, err := maelstromstore.Read(os.DirFS(found), maelstromstore.Options{
		Consistency: b.Consistency,
		Progress: func(done, total int64) {
			b.progress.pass("%.1f of %.1f MB read", float64(done)/1e6, float64(total)/1e6)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", found, err)
	}
	run.Directory = found
	current := filepath.Join(filepath.Dir(given), "current")
	if other, err := maelstromstore.Find(current); err == nil && filepath.Base(given) == "latest" && other != found {
		run.Notes = append(run.Notes, current+" leads to another run. When a run is broken off, only that link leads to it.")
	}
	return run, nil
}

// explain writes all files about a run, and tells what went wrong in it. If it
// is interrupted before all messages are written, it leaves no files.
func (b *bencher) explain(ctx context.Context, run *maelstromstore.Run) (int, error) {
	s, err := b.makeStore()
	if err != nil {
		return usage, err
	}
	written := 0
	run.Entries(func(e journal.Entry) {
		if written++; ctx.Err() == nil {
			err = cmp.Or(err, journal.Write(s.journal, e))
			b.progress.pass("%d lines of %s written", written, report.MessagesFile)
		}
	})
	run.Entries = nil // which holds all events
	s.lose("write each message", err)
	s.close()
	if ctx.Err() != nil {
		defer os.Remove(s.folder) // unless it has other files
		b.progress.clear()
		return interrupted, os.Remove(filepath.Join(s.folder, report.MessagesFile))
	}
	b.progress.pass("finding out why, and writing the page")
	d := s.keep(reported(run))
	b.progress.clear()
	if b.out == "" {
		s.publish()
	}
	err = b.tell(d)
	return b.finish(ctx, d, err), err
}

// makeStore makes the folder to write to.
func (b *bencher) makeStore() (*store, error) {
	if b.out != "" {
		return openStore(b.out)
	}
	return newStore("store", "why", time.Now())
}

// reported returns the run as the bench reports runs.
func reported(run *maelstromstore.Run) report.Run {
	crashed := run.Result.Check(verdict.NoCrash).Status == verdict.Wrong // for which Maelstrom breaks a run off
	return report.Run{
		Result: run.Result, Command: append([]string{"maelstrom"}, run.Command...), Bin: run.Bin, Start: run.Start,
		Interrupted: run.Ended != "" && !crashed, Maelstrom: &run.Recording,
	}
}
