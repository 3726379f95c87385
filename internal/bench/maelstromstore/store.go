// Package maelstromstore reads the directory in which the real Maelstrom keeps
// a run, and makes of it what a run of the bench gives: a result and a journal.
package maelstromstore

import (
	"errors"
	"io/fs"
	"time"

	"olympos.io/encoding/edn"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/verdict"
)

// A Run is a run of the real Maelstrom.
type Run struct {
	Result  *maelstromtest.Result
	Entries func(do func(journal.Entry)) // calls do with each entry of the run's journal, in order

	Command []string  // Maelstrom's command line, from the word test on
	Bin     string    // the node, as the command line names it
	Start   time.Time // when the first request could be made
	Ended   string    // empty if the run came to its end; or how it ended, such as "its JVM was killed"

	Valid    string            // Maelstrom's own :valid?: true, false, :unknown; empty if there is none
	Checkers map[string]string // the same of each checker, such as workload and stats

	Notes  []string // what is missing, odd or not known: a sentence each
	Bytes  int64    // of the network's journal
	Events int
}

// Options are how a run is to be read.
type Options struct {
	Consistency verdict.Consistency     // by which it is judged
	Progress    func(done, total int64) // if set, is called now and then with the bytes that have been read
}

// validity is what Maelstrom says of a run or of a checker.
type validity struct {
	Valid edn.RawMessage `edn:"valid?"`
}

var _ validity

// Find returns the directory of a run, given that or one above it: store,
// store/g-counter, or a link such as latest.
func Find(path string) (string, error) { return path, nil }

// Read reads a run's directory. The error says in a sentence why it cannot be
// read: it is not a run of Maelstrom's, or of another workload.
func Read(dir fs.FS, o Options) (*Run, error) { return nil, errors.ErrUnsupported }
