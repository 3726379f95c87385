//go:build unix

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"maelstrom-counter/internal/maelstromtest"
)

// A store is the folder in which a run's results are kept, <root>/<workload>/<time>, as Maelstrom does. The link latest
// beside it leads to it.
type store struct {
	folder string
	logs   map[string]*os.File
}

func newStore(root, workload string, now time.Time) (*store, error) {
	parent := filepath.Join(root, workload)
	name := now.Format("20060102T150405.000")
	s := &store{folder: filepath.Join(parent, name), logs: map[string]*os.File{}}
	if err := os.MkdirAll(filepath.Join(s.folder, "node-logs"), 0o777); err != nil {
		return nil, fmt.Errorf("folder for results: %w", err)
	}
	latest := filepath.Join(parent, "latest")
	if err := os.Remove(latest); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("link to the latest results: %w", err)
	}
	if err := os.Symlink(name, latest); err != nil {
		return nil, fmt.Errorf("link to the latest results: %w", err)
	}
	return s, nil
}

// log returns the file for what a node writes to stderr, which its later lives share. A file that cannot be made is made up
// for: the run goes on without it.
func (s *store) log(node string) io.Writer {
	if file := s.logs[node]; file != nil {
		return file
	}
	file, err := os.Create(filepath.Join(s.folder, "node-logs", node+".log"))
	if err != nil {
		return io.Discard
	}
	s.logs[node] = file
	return file
}

func (s *store) close() {
	for _, file := range s.logs {
		file.Close() // what the nodes wrote has been written
	}
}

// keep writes the results and pictures.
func (s *store) keep(r *maelstromtest.Result) error {
	files := []struct {
		name  string
		write func(io.Writer) error
	}{
		{"results.json", func(w io.Writer) error { return writeJSON(w, r) }},
		{"history.jsonl", r.WriteHistory},
		{"latency.png", func(w io.Writer) error { return latencyPicture(w, r) }},
		{"rate.png", func(w io.Writer) error { return ratePicture(w, r) }},
	}
	if _, ok := r.Facts.(maelstromtest.CounterFacts); ok {
		files = append(files, struct {
			name  string
			write func(io.Writer) error
		}{"history.html", r.Visualize})
	}
	for _, file := range files {
		if err := create(filepath.Join(s.folder, file.name), file.write); err != nil {
			return fmt.Errorf("%s: %w", file.name, err)
		}
	}
	return nil
}

// create makes a file of what write writes.
func create(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(file)
	return errors.Join(write(buffered), buffered.Flush(), file.Close())
}
