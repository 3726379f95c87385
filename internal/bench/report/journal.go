package report

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/story"
)

// MessagesFile is the name of the file in which a Journal is kept.
const MessagesFile = "messages.jsonl"

// full marks the line that says how many lines are missing.
const full = "full"

// MaxMessages bounds the messages' file, in bytes.
const MaxMessages = 64 << 20

// A Journal is a bounded file of messages. Writing to it never fails, so that a
// full disk does not end a run. Close reports the error.
type Journal struct {
	file  *os.File
	err   error // of making the file
	to    *bufio.Writer
	left  int // bytes
	limit int
	cut   int // lines that had no room
}

// NewJournal makes the messages' file in a folder. It takes up to limit bytes.
func NewJournal(folder string, limit int) *Journal {
	j := &Journal{left: limit, limit: limit}
	j.file, j.err = os.Create(filepath.Join(folder, MessagesFile))
	j.to = bufio.NewWriterSize(j.file, 1<<16)
	return j
}

// Write writes a line, or leaves it out.
func (j *Journal) Write(line []byte) (int, error) {
	if j.cut > 0 || len(line) > j.left {
		j.cut++
		return len(line), nil
	}
	j.left -= len(line)
	_, _ = j.to.Write(line) // Flush returns the error
	return len(line), nil
}

// Close ends the file and says what went wrong with it, if anything.
func (j *Journal) Close() error {
	if j.cut > 0 {
		fmt.Fprintf(j.to, "{\"what\":%q,\"text\":\"lines left out, as the file is full at %d bytes: %d\"}\n", full, j.limit, j.cut)
	}
	if err := cmp.Or(j.err, j.to.Flush(), j.file.Close()); err != nil {
		return fmt.Errorf("cannot write %s: %w", MessagesFile, bare(err))
	}
	return nil
}

// Tell returns why a run was wrong, as far as the messages in its folder show
// it. It returns nil if the run was right, or if the messages do not show why
// it was wrong. If there was no room for all messages, they prove nothing.
func Tell(folder string, r *maelstromtest.Result) (*story.Story, error) {
	if r.Right {
		return nil, nil
	}
	f, err := os.Open(filepath.Join(folder, MessagesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the missing file has been reported already
	}
	if err != nil {
		return nil, fmt.Errorf("cannot tell why the run was wrong: %w", err)
	}
	defer f.Close()
	messages, err := maelstromtest.ReadJournal(f)
	if err != nil {
		return nil, fmt.Errorf("cannot tell why the run was wrong: %s: %w", MessagesFile, err)
	}
	if n := len(messages); n > 0 && messages[n-1].What == full {
		return nil, nil
	}
	return story.Of(r, messages), nil
}
