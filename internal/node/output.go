package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
)

// maxBuffered is how many bytes may be in the buffer before a writer must wait.
const maxBuffered = 1 << 20

// output writes the node's messages. Messages that come while a system call is under way share the next one. So under load
// many messages share a system call, and without load each is written at once. After an error nothing more is written and the
// node ends, because half a message may have been written.
type output struct {
	w       io.Writer
	log     *slog.Logger
	failed  chan struct{} // closed at the first error
	flushed chan struct{} // closed when flush has ended

	mu      sync.Mutex // guards what follows
	changed *sync.Cond // signals a change of any field below
	buffer  []byte     // whole lines
	closed  bool
	cause   error
}

func newOutput(w io.Writer, log *slog.Logger) *output {
	o := &output{w: w, log: log, failed: make(chan struct{}), flushed: make(chan struct{})}
	o.changed = sync.NewCond(&o.mu)
	return o
}

// Write takes one message. The library writes the newline separately, and Write ignores that.
func (o *output) Write(p []byte) (int, error) {
	message := bytes.TrimSuffix(p, []byte("\n"))
	if len(message) == 0 {
		return len(p), nil
	}
	if o.log.Enabled(context.Background(), slog.LevelDebug) {
		logMessage(o.log, "sent", message)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.buffer) > maxBuffered && o.cause == nil {
		o.changed.Wait()
	}
	switch {
	case o.cause != nil:
		return 0, o.cause
	case o.closed:
		return 0, io.ErrClosedPipe
	}
	o.buffer = append(append(o.buffer, message...), '\n')
	o.changed.Broadcast()
	return len(p), nil
}

// wait waits until Write would not block.
func (o *output) wait() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.buffer) > maxBuffered && o.cause == nil {
		o.changed.Wait()
	}
}

// flush writes what comes into the buffer, until close is called or writing fails.
func (o *output) flush() {
	defer close(o.flushed)
	var out []byte
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.cause == nil {
		if len(o.buffer) == 0 {
			if o.closed {
				return
			}
			o.changed.Wait()
			continue
		}
		out, o.buffer = o.buffer, out[:0]
		o.changed.Broadcast()
		o.mu.Unlock()
		_, err := o.w.Write(out)
		o.mu.Lock()
		if err != nil {
			o.fail(err)
		}
	}
}

// fail ends all writing. The caller holds mu.
func (o *output) fail(err error) {
	if o.cause == nil {
		o.cause = fmt.Errorf("writing messages: %w", err)
		o.changed.Broadcast()
		close(o.failed)
	}
}

// abandon ends all writing because the node could not finish in time, and returns the error that says so.
func (o *output) abandon() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fail(errors.New("nobody reads them"))
	return o.cause
}

// close waits until everything has been written, and returns the error if that failed.
func (o *output) close() error {
	o.mu.Lock()
	o.closed = true
	o.changed.Broadcast()
	o.mu.Unlock()
	<-o.flushed
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.cause
}

// logMessage logs a message as the JSON that it is, or as text if it is not valid JSON.
func logMessage(log *slog.Logger, what string, message []byte) {
	if json.Valid(message) {
		log.Debug(what, "message", json.RawMessage(bytes.Clone(message)))
	} else {
		log.Debug(what, "message", string(message))
	}
}
