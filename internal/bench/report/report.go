// Package report writes what is kept of a run of the bench: a folder of
// results, measurements and pictures that can be read without the bench. Every
// number in these files has its unit in its name.
package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/story"
)

// A Run is a run that has ended, and how it was started.
type Run struct {
	Result      *maelstromtest.Result
	Command     []string // the bench's own command line
	Bin         string   // the node's executable file, an absolute path
	Start       time.Time
	Interrupted bool
	Thresholds  Thresholds
	Story       *story.Story // why it was wrong, or nil: see Tell
}

// A file is one of those that Write writes.
type file struct {
	name  string
	about string // for README.txt
	write func(io.Writer, Run) error
}

// files are the files of every run except the page, in the order in which a
// reader may want them.
var files = []file{
	{"results.json", aboutResults, WriteJSON},
	{"latency.png", aboutLatency, asPNG(latencyPicture)},
	{"latency.svg", "The same as a drawing that can be enlarged.", asSVG(latencyPicture)},
	{"rate.png", aboutRate, asPNG(ratePicture)},
	{"rate.svg", "The same as a drawing that can be enlarged.", asSVG(ratePicture)},
	{"history.jsonl", aboutHistory, writeHistory},
}

// Write writes a run's files to a folder. A file that cannot be written does
// not keep the others from being written: the error names all that are missing.
func Write(folder string, run Run) error {
	all := append([]file{{name: "README.txt", write: writeReadme}}, run.kept()...)
	var errs []error
	for _, f := range all {
		if err := create(filepath.Join(folder, f.name), func(w io.Writer) error { return f.write(w, run) }); err != nil {
			errs = append(errs, fmt.Errorf("cannot write %s: %w", f.name, err))
		}
	}
	return errors.Join(errs...)
}

// create makes a file that holds what write writes.
func create(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return bare(err)
	}
	buffered := bufio.NewWriter(f)
	err = write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	return bare(errors.Join(err, f.Close()))
}

// bare removes the path from an error that will be reported with the file's
// name.
func bare(err error) error {
	var with *os.PathError
	if errors.As(err, &with) {
		return with.Err
	}
	return err
}

// seconds and milliseconds convert durations to the units of the files.
func seconds(d time.Duration) float64      { return d.Seconds() }
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// FaultEnd returns when a fault was mended, or when the run was over if it
// never was.
func FaultEnd(fault maelstromtest.FaultRecord, elapsed time.Duration) time.Duration {
	if fault.Stop < 0 {
		return max(elapsed, fault.Start)
	}
	return fault.Stop
}

// OutcomeName returns the word that the bench uses for an outcome: ok, refused,
// or unknown.
func OutcomeName(o maelstromtest.Outcome) string {
	switch o {
	case maelstromtest.Fail:
		return "refused"
	case maelstromtest.Info:
		return "unknown"
	}
	return string(o)
}
