// Package report writes what is kept of a run: a folder of results,
// measurements and pictures that can be read without the bench. Every number in
// these files has its unit in its name.
package report

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"maelstrom-counter/internal/bench/maelstromstore"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/story"
)

// A Run is a run that has ended, and how it was started: one of the bench, or
// one of the real Maelstrom that has been read.
type Run struct {
	Result      *maelstromtest.Result
	Command     []string // the command line of the bench, or of Maelstrom
	Bin         string   // the node's executable file: an absolute path, or as Maelstrom was given it
	Start       time.Time
	Interrupted bool
	Thresholds  Thresholds
	Maelstrom   *maelstromstore.Recording // of a run of the real Maelstrom; or nil
	Story       *story.Story              // why a check is wrong, or nil: see Tell
	Luck        string                    // what in a valid run was chance: see LuckOf

	missing map[string]bool // by name: files that could not be written
}

// StoryFile is the name of the picture of a run's story.
const StoryFile = "story.svg"

// A file is one of those that Write writes.
type file struct {
	name  string
	write func(io.Writer) error
}

func (run Run) files() []file {
	files := []file{
		{"results.json", run.WriteJSON},
		{"latency.svg", run.picture(latencyChart)},
		{"rate.svg", run.picture(rateChart)},
		{"history.jsonl", run.writeHistory},
	}
	if run.Story != nil {
		files = append(files, file{StoryFile, writer(run.Story.SVG)}, file{"story.txt", writer(run.Story.Text)})
	}
	return append(files, file{PageFile, run.writePage}, file{"README.txt", run.writeReadme}) // which name the others
}

// writer returns a function that writes a text.
func writer(text func() string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text())
		return err
	}
}

// Write writes a run's files to a folder. If a file cannot be written, the
// others still are, and do not name it. The error does.
func Write(folder string, run Run) error {
	var errs []error
	_, err := os.Stat(filepath.Join(folder, MessagesFile))
	run.missing = map[string]bool{MessagesFile: err != nil}
	if run.Story == nil { // that of an earlier run would be taken for this one's
		_ = os.Remove(filepath.Join(folder, StoryFile))
		_ = os.Remove(filepath.Join(folder, "story.txt"))
	}
	for _, f := range run.files() {
		if err := create(filepath.Join(folder, f.name), f.write); err != nil {
			run.missing[f.name] = true
			errs = append(errs, fmt.Errorf("cannot write %s: %w", f.name, err))
		}
	}
	return errors.Join(errs...)
}

// create makes a file that holds what write writes, or none.
func create(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return bare(err)
	}
	buffered := bufio.NewWriter(f)
	if err := cmp.Or(write(buffered), buffered.Flush(), f.Close()); err != nil {
		_ = os.Remove(path) // a part of a file would be taken for the whole
		return bare(err)
	}
	return nil
}

// bare removes the path from an error that will be reported with the file's
// name.
func bare(err error) error {
	if with, ok := errors.AsType[*os.PathError](err); ok {
		return with.Err
	}
	return err
}

// milliseconds converts a duration to a unit of the files.
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// FaultEnd returns when a fault was mended, or when the run was over if it
// never was.
func FaultEnd(fault maelstromtest.FaultRecord, elapsed time.Duration) time.Duration {
	if fault.Stop < 0 {
		return max(elapsed, fault.Start)
	}
	return fault.Stop
}

var outcomeNames = map[maelstromtest.Outcome]string{maelstromtest.Fail: "refused", maelstromtest.Info: "unknown"}

// OutcomeName returns the word that the bench uses for an outcome: ok, refused,
// or unknown.
func OutcomeName(o maelstromtest.Outcome) string { return cmp.Or(outcomeNames[o], string(o)) }
