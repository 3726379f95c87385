//go:build !unix

package maelstromtest

import (
	"context"
	"errors"
)

// RunProcesses returns an error: it works only on Unix.
func RunProcesses(context.Context, Config, string) (*Result, error) {
	return nil, errors.New("maelstromtest: RunProcesses works only on Unix: processes cannot be stopped and continued here")
}
