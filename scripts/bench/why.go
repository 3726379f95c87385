//go:build unix

package main

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromstore"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/report"
	"maelstrom-counter/internal/bench/verdict"
)

// A whyer tells what went wrong in a run of the real Maelstrom.
type whyer struct {
	bencher
	directory string // of the run, or one above it; empty: store/latest
	out       string // the folder to write to; empty: a new one in store/why

	doing atomic.Value          // what it does, a string
	made  atomic.Pointer[store] // the folder, once there is one
}

// why runs bench why, and returns the exit code.
func why(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	w := &whyer{bencher: bencher{stdout: stdout, progress: progress{screen: &screen{w: stderr, columns: columns(stderr)}}}}
	w.runs = 1
	if err := w.parse(args); err != nil {
		help := strings.Replace(whyText, "FLAGS\n", explainAll(defineWhy(w, &raw{}), "o consistency open json"), 1)
		return refuse(err, help, "bench why -h", stdout, stderr)
	}
	debug.SetMemoryLimit(1 << 30) // garbage is collected sooner before a long run's messages take more
	code, err := w.run(ctx, w.read)
	w.progress.complain(err)
	return code
}

// defineWhy defines the flags of bench why.
func defineWhy(w *whyer, r *raw) *flag.FlagSet {
	flags := flag.NewFlagSet("bench why", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	defineShared(flags, &w.options, r)
	flags.StringVar(&w.out, "o", "", "write to this `folder`, which must be new, empty or of an earlier result, instead of a new one in store/why")
	return flags
}

// parse reads the command line. Flags may follow the directory.
func (w *whyer) parse(args []string) error {
	var r raw
	flags := defineWhy(w, &r)
	err := flags.Parse(args)
	for ; err == nil && flags.NArg() > 0; err = flags.Parse(flags.Args()[1:]) {
		if w.directory != "" {
			return fmt.Errorf("there is more than one directory: %s and %s", w.directory, flags.Arg(0))
		}
		w.directory = flags.Arg(0)
	}
	if err != nil {
		return err
	}
	w.directory, w.out = expanded(w.directory), expanded(w.out)
	w.Consistency, err = maelstromtest.ParseConsistency(r.consistency)
	return err
}

// expanded puts the home directory in the place of a tilde. Not every shell
// does that in STORE=~/maelstrom.
func expanded(path string) string {
	home, err := os.UserHomeDir()
	if rest, tilde := strings.CutPrefix(path, "~/"); tilde && err == nil {
		return filepath.Join(home, rest)
	}
	return path
}

// run tells what went wrong, and returns the exit code. If it is interrupted
// before that, it leaves no files.
func (w *whyer) run(ctx context.Context, read func() (*maelstromstore.Run, error)) (int, error) {
	w.doing.Store("looking for the run")
	stop := w.progress.during(func() string { return w.doing.Load().(string) })
	var d done
	made := make(chan error, 1)
	go func() {
		run, err := read()
		if err == nil {
			d, err = w.write(run)
		}
		made <- err
	}()
	var err error
	select {
	case <-ctx.Done(): // reading may take long
	case err = <-made:
	}
	stop()
	s := w.made.Load()
	switch {
	case ctx.Err() != nil && s != nil:
		gone := s.folder + ".gone" // in which no more files will be made
		return interrupted, errors.Join(os.Rename(s.folder, gone), os.RemoveAll(gone))
	case ctx.Err() != nil:
		return interrupted, nil
	case err != nil:
		return usage, err
	case w.out == "":
		s.publish()
	}
	err = w.tell(d)
	return w.finish(ctx, d, err), err
}

// read finds and reads the run.
func (w *whyer) read() (*maelstromstore.Run, error) {
	given := filepath.Clean(cmp.Or(w.directory, "store/latest"))
	found, err := maelstromstore.Find(given)
	switch {
	case err != nil && w.directory == "":
		return nil, fmt.Errorf("%w (bench why DIRECTORY reads another run)", err)
	case err != nil:
		return nil, err
	}
	run, err := maelstromstore.Read(os.DirFS(found), maelstromstore.Options{
		Consistency: w.Consistency,
		Progress: func(done, total int64) {
			w.doing.Store(fmt.Sprintf("%.1f of %.1f MB read", float64(done)/1e6, float64(total)/1e6))
		},
	})
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", found, err)
	}
	current := filepath.Join(filepath.Dir(given), "current")
	if other, err := maelstromstore.Find(current); err == nil && filepath.Base(given) == "latest" && other != found {
		run.Notes = append(run.Notes, fmt.Sprintf("%s leads to another run, %s. A run that is broken off becomes current, and not latest.", current, other))
	}
	if w.directory, err = filepath.Abs(found); err != nil {
		w.directory = found // the working directory is gone
	}
	return run, nil
}

// write writes all files about a run.
func (w *whyer) write(run *maelstromstore.Run) (done, error) {
	s, err := w.makeStore()
	if err != nil {
		return done{}, err
	}
	w.made.Store(s)
	w.doing.Store("writing what happened to each message")
	run.Entries(func(e journal.Entry) { err = cmp.Or(err, journal.Write(s.journal, e)) })
	run.Entries = nil // which holds all events
	s.lose("write each message", err)
	s.close()
	w.doing.Store("finding out why, and writing the page")
	return s.keep(w.reported(run)), nil
}

// makeStore makes the folder to write to. It replaces an earlier result in it,
// and nothing else.
func (w *whyer) makeStore() (*store, error) {
	if w.out == "" {
		return newStore("store", "why", time.Now())
	}
	files, err := os.ReadDir(w.out)
	if errors.Is(err, fs.ErrNotExist) {
		err = os.MkdirAll(w.out, 0o777)
	}
	for _, f := range files {
		if !slices.Contains(report.FileNames(), f.Name()) {
			return nil, fmt.Errorf("-o %s is neither empty nor an earlier result: it has %s", w.out, f.Name())
		}
	}
	for _, f := range files {
		err = cmp.Or(err, os.Remove(filepath.Join(w.out, f.Name())))
	}
	if err != nil {
		return nil, fmt.Errorf("cannot make a folder for the results: %w", err)
	}
	return openStore(w.out), nil
}

// reported returns the run as the bench reports runs.
func (w *whyer) reported(run *maelstromstore.Run) report.Run {
	crashed := run.Result.Check(verdict.NoCrash).Status == verdict.Wrong // for which Maelstrom breaks a run off
	return report.Run{
		Result: run.Result, Command: append([]string{"maelstrom"}, run.Command...), Bin: run.Bin, Start: run.Start,
		Interrupted: run.Ended != "" && !crashed,
		Maelstrom: &report.Recording{
			Directory: w.directory, Ended: run.Ended, Valid: run.Valid, Checkers: run.Checkers, Notes: run.Notes,
		},
	}
}

//go:embed why.txt
var whyText string
