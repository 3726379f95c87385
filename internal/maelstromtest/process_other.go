//go:build !unix

package maelstromtest

import (
	"context"
	"errors"
)

// RunProcesses returns an error: it works on Unix alone.
func RunProcesses(context.Context, Config, string) (*Result, error) {
	return nil, errors.New("maelstromtest: RunProcesses works on Unix alone: no process here can be stopped and continued")
}
