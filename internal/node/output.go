package node

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
)

// output is the node's way out. The library writes a message and then its newline; here both leave in one write. After
// an error nothing more is written, and the node ends: half a message may have left.
type output struct {
	w      io.Writer
	log    *slog.Logger
	failed chan struct{} // closed at the first error

	mu    sync.Mutex
	line  []byte // reused for each message
	cause error
}

// Write takes one message, with or without its newline, or a newline alone, which it takes as said.
func (o *output) Write(p []byte) (int, error) {
	message := bytes.TrimSuffix(p, []byte("\n"))
	if len(message) == 0 {
		return len(p), nil
	}
	if o.log.Enabled(context.Background(), slog.LevelDebug) {
		o.log.Debug("sent", "message", string(message))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cause != nil {
		return 0, o.cause
	}
	o.line = append(append(o.line[:0], message...), '\n')
	if _, err := o.w.Write(o.line); err != nil {
		o.cause = fmt.Errorf("writing messages: %w", err)
		close(o.failed)
		return 0, o.cause
	}
	return len(p), nil
}

// err returns what ended the output, if anything has.
func (o *output) err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.cause
}
