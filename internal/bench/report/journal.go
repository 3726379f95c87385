package report

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
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
	to    *bufio.Writer
	left  int // bytes
	limit int
	cut   int // lines that had no room
	err   error
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
	switch {
	case j.err != nil:
	case j.cut > 0 || len(line) > j.left:
		j.cut++
	default:
		j.left -= len(line)
		_, j.err = j.to.Write(line)
	}
	return len(line), nil
}

// Close ends the file and says what went wrong with it, if anything.
func (j *Journal) Close() error {
	if j.err == nil && j.cut > 0 {
		_, j.err = fmt.Fprintf(j.to, "{\"what\":%q,\"text\":\"lines left out, as the file is full at %d bytes: %d\"}\n", full, j.limit, j.cut)
	}
	if j.err == nil {
		j.err = j.to.Flush()
	}
	if j.file != nil {
		if err := j.file.Close(); j.err == nil {
			j.err = err
		}
	}
	if j.err != nil {
		return fmt.Errorf("cannot write %s: %w", MessagesFile, bare(j.err))
	}
	return nil
}
