//go:build unix

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"maelstrom-counter/internal/bench/report"
)

// A store is the folder in which a run's results are kept,
// <root>/<workload>/<time>, as with Maelstrom. An error in writing is noted and
// does not end the run.
type store struct {
	folder  string
	journal *report.Journal
	logs    map[string]*logFile
	lost    []error
}

// newStore makes a folder that no other run has: where another run has started
// in the same millisecond, it takes the next one.
func newStore(root, workload string, now time.Time) (*store, error) {
	failed := func(err error) error { return fmt.Errorf("cannot make a folder for the results: %w", err) }
	if err := os.MkdirAll(filepath.Join(root, workload), 0o777); err != nil {
		return nil, failed(err)
	}
	for ; ; now = now.Add(time.Millisecond) {
		folder := filepath.Join(root, workload, now.Format("20060102T150405.000"))
		switch err := os.Mkdir(folder, 0o777); {
		case err == nil:
			return openStore(folder)
		case !errors.Is(err, os.ErrExist):
			return nil, failed(err)
		}
	}
}

// openStore returns the store in a folder, which it makes if it is not there.
func openStore(folder string) (*store, error) {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, fmt.Errorf("cannot make a folder for the results: %w", err)
	}
	return &store{folder: folder, journal: report.NewJournal(folder, report.MaxMessages), logs: map[string]*logFile{}}, nil
}

// logFolder is the name of the folder for what nodes write to stderr.
const logFolder = "node-logs"

// publish makes the link latest, beside the folder, point to the folder. Once
// there is such a link, it is never missing, not even for a moment.
func (s *store) publish() {
	name := filepath.Base(s.folder)
	latest := filepath.Join(filepath.Dir(s.folder), "latest")
	link := filepath.Join(filepath.Dir(s.folder), "."+name)
	err := os.Symlink(name, link)
	if err == nil {
		if err = os.Rename(link, latest); err != nil {
			err = errors.Join(err, os.Remove(link))
		}
	}
	s.lose("link to the latest results", err)
}

// path returns where a file of the run is, or an empty string if it could not
// be written.
func (s *store) path(name string) string {
	path := filepath.Join(s.folder, name)
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// lose notes an error, if there is one, and what could not be done.
func (s *store) lose(what string, err error) {
	if err != nil && what != "" {
		err = fmt.Errorf("cannot %s: %w", what, err)
	}
	if err != nil {
		s.lost = append(s.lost, err)
	}
}

// A logFile takes what one node writes to stderr. Writing never fails: an error
// would end the node.
type logFile struct {
	file *os.File
	used bool
	err  error
}

func (l *logFile) Write(p []byte) (int, error) {
	l.used = true
	if l.err == nil {
		_, l.err = l.file.Write(p)
	}
	return len(p), nil
}

// log returns the writer for a node's stderr, in all its lives.
func (s *store) log(node string) io.Writer {
	if l := s.logs[node]; l != nil {
		return l
	}
	l := &logFile{}
	if l.err = os.MkdirAll(filepath.Join(s.folder, logFolder), 0o777); l.err == nil {
		l.file, l.err = os.Create(filepath.Join(s.folder, logFolder, node+".log"))
	}
	s.logs[node] = l
	return l
}

// keep tells why a run was wrong, and writes its files. Its messages have been
// written.
func (s *store) keep(run report.Run) done {
	var err error
	run.Story, err = report.Tell(s.folder, run.Result)
	s.lose("", err)
	run.Luck, err = report.LuckOf(s.folder, run.Result)
	s.lose("", err)
	s.lose("", report.Write(s.folder, run))
	return done{run, s}
}

// close closes the files that are written during the run. The nodes must have
// ended.
func (s *store) close() {
	s.lose("", s.journal.Close())
	for node, l := range s.logs {
		if l.file != nil {
			l.err = errors.Join(l.err, l.file.Close())
		}
		s.lose("write the log of "+node, l.err)
	}
}

// abandon closes the files of a run that did not start. It removes the folder,
// unless nodes wrote something: then it returns an error that says where that
// is.
func (s *store) abandon() error {
	s.close()
	for _, l := range s.logs {
		if l.used {
			return fmt.Errorf("all that the nodes wrote is in %s", filepath.Join(s.folder, logFolder))
		}
	}
	s.discard()
	return nil
}

// discard removes the folder.
func (s *store) discard() {
	s.lose("remove the files of a run", os.RemoveAll(s.folder))
}
