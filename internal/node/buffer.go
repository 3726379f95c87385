package node

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// maxBuffered is how many bytes a buffer may hold before it is full.
const maxBuffered = 1 << 20

// A buffer holds bytes on their way from goroutines that write to one that
// takes them. That one gets in one piece what was written while it was busy. So
// under load many messages share a system call, and without load each is
// written at once.
type buffer struct {
	onFull func()       // is called when a writer has to wait
	lossy  bool         // nobody waits; while it is full, it loses what is written
	lost   atomic.Int64 // how many writes it has lost

	mu      sync.Mutex // guards what follows
	changed sync.Cond  // signals any change; its L is mu
	data    bytes.Buffer
	endless bool  // it is never full
	err     error // why no more can be written, or nil
}

func newBuffer(onFull func()) *buffer {
	b := &buffer{onFull: onFull}
	b.changed.L = &b.mu
	return b
}

// Write takes all of p. It first waits while the buffer is full.
func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lossy && b.full() {
		b.lost.Add(1)
		return len(p), nil
	}
	if b.awaitRoom(); b.err != nil {
		return 0, b.err
	}
	b.changed.Broadcast()
	return b.data.Write(p)
}

// wait waits while the buffer is full.
func (b *buffer) wait() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.awaitRoom()
}

// awaitRoom is like wait. The caller holds mu.
func (b *buffer) awaitRoom() {
	for b.full() {
		b.onFull()
		b.changed.Wait()
	}
}

// full reports whether writers must wait. The caller holds mu.
func (b *buffer) full() bool {
	return b.data.Len() > maxBuffered && !b.endless && b.err == nil
}

// take waits for data, and exchanges it for the memory of what was taken
// before. After end, when no data is left, it returns the error given to end.
func (b *buffer) take(data *bytes.Buffer) error {
	data.Reset()
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.data.Len() == 0 {
		if b.err != nil {
			return b.err
		}
		b.changed.Wait()
	}
	b.changed.Broadcast()
	b.data, *data = *data, b.data
	return nil
}

// unbound makes the buffer never full, so that no writer waits any longer.
func (b *buffer) unbound() { b.change(func() { b.endless = true }) }

// end makes later writes fail with err. Only the first call has an effect.
func (b *buffer) end(err error) { b.change(func() { b.err = cmp.Or(b.err, err) }) }

func (b *buffer) change(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f()
	b.changed.Broadcast()
}

// flush writes what is in the buffer to w, until the buffer ends. After an
// error it writes no more, because it may have written half a message.
func (b *buffer) flush(w io.Writer) error {
	var data bytes.Buffer
	for b.take(&data) == nil {
		if _, err := w.Write(data.Bytes()); err != nil {
			err = fmt.Errorf("writing messages: %w", err)
			b.end(err)
			return err
		}
	}
	return nil
}

// A Log passes log lines to a writer, without ever waiting for it. If the
// writer blocks, and the buffer is full, the Log loses lines.
type Log struct {
	*buffer
	flushed chan struct{} // closed when all has been written
}

// NewLog returns a Log for w. Between two calls of w.Write, it calls tell with
// the number of lines that were lost there, if there are any.
func NewLog(w io.Writer, tell func(lost int64)) *Log {
	l := &Log{newBuffer(nil), make(chan struct{})}
	l.lossy = true
	go func() {
		defer close(l.flushed)
		var lines bytes.Buffer
		for l.take(&lines) == nil {
			lost := l.lost.Swap(0)
			_, _ = w.Write(lines.Bytes()) // if it fails, there is nobody to tell
			if lost > 0 {
				tell(lost)
			}
		}
	}()
	return l
}

// Close waits until all lines have been written, for at most Grace.
func (l *Log) Close() {
	l.end(io.EOF)
	select {
	case <-l.flushed:
	case <-time.After(Grace):
	}
}
