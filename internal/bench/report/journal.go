package report

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/story"
)

// MessagesFile is the name of the file in which a Journal is kept.
const MessagesFile = "messages.jsonl"

// MaxMessages bounds the messages' file, in bytes.
const MaxMessages = 64 << 20

// gapRoom is how long the line of a gap can be, in bytes.
const gapRoom = 32 << 10

// A Journal is a bounded file of messages. It keeps the beginning of what is
// written to it, the end, and, between them, what came before the first crash
// or mute node. A line in place of those that are left out says what they were.
//
// Writing never fails, so that a full disk does not end a run. Close reports
// the error.
type Journal struct {
	file *os.File
	err  error // of making the file
	to   *bufio.Writer

	room   int  // bytes that are left for the beginning
	full   bool // the beginning has ended
	window int  // how many bytes of the last lines are kept
	last   [][]byte
	held   int // bytes in last
	gap    journal.Tally
	told   bool // the lines before trouble have been written
}

// NewJournal makes the messages' file in a folder. It takes up to limit bytes.
func NewJournal(folder string, limit int) *Journal {
	j := &Journal{room: limit/2 - 2*gapRoom, window: limit / 4}
	j.file, j.err = os.Create(filepath.Join(folder, MessagesFile))
	j.to = bufio.NewWriterSize(j.file, 1<<16)
	return j
}

// Write writes a line, or leaves it or another out.
func (j *Journal) Write(line []byte) (int, error) {
	if !j.full && len(line) <= j.room {
		j.room -= len(line)
		_, _ = j.to.Write(line) // Flush returns the error
		return len(line), nil
	}
	j.full = true
	j.last = append(j.last, slices.Clone(line))
	j.held += len(line)
	for j.held > j.window {
		j.gap.Add(j.last[0])
		j.held -= len(j.last[0])
		j.last[0], j.last = nil, j.last[1:]
	}
	switch journal.WhatOf(line) {
	case maelstromtest.Crashed, maelstromtest.Muted:
		if !j.told {
			j.told = true
			j.writeLast()
		}
	}
	return len(line), nil
}

// writeLast writes what a gap leaves out, if there is one, and the last lines.
func (j *Journal) writeLast() {
	if left := j.gap.Omission(); left.Lines > 0 {
		line, err := json.Marshal(maelstromtest.Entry{Time: j.gap.From, What: maelstromtest.Gap, Omitted: &left})
		j.err = cmp.Or(j.err, err)
		_, _ = j.to.Write(append(line, '\n'))
	}
	for _, line := range j.last {
		_, _ = j.to.Write(line)
	}
	j.last, j.held, j.gap = nil, 0, journal.Tally{}
}

// Close ends the file and says what went wrong with it, if anything.
func (j *Journal) Close() error {
	j.writeLast()
	if err := cmp.Or(j.err, j.to.Flush(), j.file.Close()); err != nil {
		return fmt.Errorf("cannot write %s: %w", MessagesFile, bare(err))
	}
	return nil
}

// Tell returns why a check of a run is wrong, whether it decides or not, as far
// as the messages in the run's folder show it. It returns nil if no check is
// wrong, or if there is nothing to tell.
func Tell(folder string, r *maelstromtest.Result) (*story.Story, error) {
	if !r.AnyWrong() {
		return nil, nil
	}
	var messages []journal.Entry
	there, err := eachMessage(folder, func(e journal.Entry) { messages = append(messages, e) })
	if err != nil {
		return nil, fmt.Errorf("cannot tell what went wrong: %w", err)
	}
	if !there {
		return nil, nil
	}
	return maelstromtest.Tell(r, messages), nil
}

// eachMessage calls do with each entry of the messages' file in a folder. It
// reports whether there is such a file: a missing one has been reported
// already.
func eachMessage(folder string, do func(journal.Entry)) (there bool, err error) {
	f, err := os.Open(filepath.Join(folder, MessagesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	if err := journal.Each(f, do); err != nil {
		return true, fmt.Errorf("%s: %w", MessagesFile, err)
	}
	return true, nil
}
