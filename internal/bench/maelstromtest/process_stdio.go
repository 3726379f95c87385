package maelstromtest

import (
	"bytes"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"

	"maelstrom-counter/internal/bench/verdict"
)

// A pipe is a node's standard input, or keeps its standard error. Writing never
// blocks: the bench must not wait for a node that doesn't read.
type pipe struct {
	mu     sync.Mutex
	filled sync.Cond
	data   bytes.Buffer
	closed bool
}

func newPipe() *pipe {
	p := &pipe{}
	p.filled.L = &p.mu
	return p
}

// Write drops what comes after close.
func (p *pipe) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.data.Write(b)
		p.filled.Signal()
	}
	return len(b), nil
}

// String returns what has been written and not been read.
func (p *pipe) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.data.String()
}

// close ends the input after what has been written.
func (p *pipe) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.filled.Broadcast()
}

func (p *pipe) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.data.Len() == 0 && !p.closed {
		p.filled.Wait()
	}
	n, err := p.data.Read(b)
	if p.data.Len() == 0 {
		p.data = bytes.Buffer{} // so that the memory can be freed
	}
	return n, err
}

// An outbox is a node's standard output, cut into lines, followed by how the
// node ended.
type outbox struct {
	wake  func() // tells the bench that there is something to take
	races bool   // the node is a Program, whose goroutines may race to write

	mu       sync.Mutex
	partial  []byte
	finished int // lines, ever
	lines    []printed
	spoiled  map[string]bool // the goroutines that have printed what cannot be a message
	ended    bool
	exit     exit
}

// A printed is a line that a node has printed. It is after if the same
// goroutine has already printed something that cannot be a message. Whether
// another goroutine's line came before or after that is not known.
type printed struct {
	text  []byte
	after bool
}

// An exit is how a node's life ended.
type exit struct {
	err  error // nil if it ended as a node should
	code int   // of a process; 0 or 1 for a Program
}

func (o *outbox) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return 0, io.ErrClosedPipe
	}
	o.partial = cutLines(o.partial, p, o.print)
	o.wake()
	return len(p), nil
}

func (o *outbox) print(line []byte) {
	o.finished++
	text := bytes.TrimLeft(line, " \t\r")
	bad := o.races && (len(text) == 0 || text[0] != '{')
	if !bad && len(o.spoiled) == 0 {
		o.lines = append(o.lines, printed{text: line})
		return
	}
	writer := goroutine()
	o.lines = append(o.lines, printed{line, o.spoiled[writer]})
	if bad && o.spoiled == nil {
		o.spoiled = map[string]bool{}
	}
	o.spoiled[writer] = o.spoiled[writer] || bad
}

// goroutine returns the number of the caller's goroutine.
func goroutine() string {
	header := make([]byte, 40)
	number, _, _ := strings.Cut(strings.TrimPrefix(string(header[:runtime.Stack(header, false)]), "goroutine "), " ")
	return number
}

// cutLines adds text to the line that has begun. It passes each line that has
// ended to f, as a copy, and returns what follows the last.
func cutLines(begun, text []byte, f func(line []byte)) (rest []byte) {
	for {
		line, after, whole := bytes.Cut(text, []byte("\n"))
		begun = append(begun, line...)
		if !whole {
			return begun
		}
		f(slices.Clip(begun))
		begun, text = nil, after
	}
}

// end says that the node has ended; a last line needs no newline.
func (o *outbox) end(e exit) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.partial) > 0 {
		o.print(o.partial)
		o.partial = nil
	}
	o.ended, o.exit = true, e
	o.wake()
}

// take returns the lines written since the last take, and whether the node has
// ended.
func (o *outbox) take() (lines []printed, ended bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines, o.lines = o.lines, nil
	return lines, o.ended
}

// pending returns the beginning of a line that has not ended yet, and how many
// lines came before it.
func (o *outbox) pending() (text string, before int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.partial), o.finished
}

// An errlog is a node's standard error, cut into lines. The goroutines of a
// Program may race to write, so their lines are kept apart.
type errlog struct {
	wake  func()
	races bool

	mu      sync.Mutex
	partial map[string][]byte   // by goroutine; of a process, there is one
	lines   map[string][]string // since the last take
}

func (l *errlog) Write(p []byte) (int, error) {
	writer := ""
	if l.races {
		writer = goroutine()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lines == nil {
		l.partial, l.lines = map[string][]byte{}, map[string][]string{}
	}
	keep := func(line []byte) { l.lines[writer] = append(l.lines[writer], string(line)) }
	if l.partial[writer] = cutLines(l.partial[writer], p, keep); len(l.partial[writer]) == 0 {
		delete(l.partial, writer)
	}
	l.wake()
	return len(p), nil
}

// take returns the lines written since the last take, those of one goroutine
// after those of another. At the node's end, a last line needs no newline.
func (l *errlog) take(ended bool) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ended {
		for writer, line := range l.partial {
			l.lines[writer] = append(l.lines[writer], string(line))
		}
	}
	groups := slices.SortedFunc(maps.Values(l.lines), slices.Compare[[]string])
	clear(l.lines)
	return slices.Concat(groups...)
}

// tailLines is how many of the last lines of a node's output are kept for error
// messages, as in Maelstrom's process.clj.
const tailLines = 32

// A tail keeps the last lines that were written to it.
type tail struct {
	mu      sync.Mutex
	partial []byte
	lines   []string
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.partial = cutLines(t.partial, p, t.keep)
	return len(p), nil
}

func (t *tail) keep(line []byte) {
	t.lines = append(t.lines, verdict.Shown(string(line)))
	if len(t.lines) >= 2*tailLines {
		t.lines = slices.Clone(t.lines[len(t.lines)-tailLines:])
	}
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := t.lines
	if len(t.partial) > 0 {
		lines = append(slices.Clip(lines), verdict.Shown(string(t.partial)))
	}
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}
