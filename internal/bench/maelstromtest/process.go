//go:build unix

package maelstromtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// RunProcesses runs a cluster of processes of the executable file bin in real
// time, puts it through cfg, and judges what happened. If ctx ends, the run
// ends early, and RunProcesses judges what happened until then. An error means
// that the cluster did not start; a *[StartError] says which node did not, and
// why. Everything else is in the result.
//
// As with Maelstrom, the nodes' working directory is the system's directory for
// temporary files, a symbolic link is followed before it is executed, and
// /bin/sh runs a text that does not begin with #!. When a node's process has
// ended, its children that are in the same process group are killed.
//
// It works only on Unix. Elsewhere it returns an error, since processes cannot
// be stopped and continued there.
//
// The wall clock of a process cannot be set: the fault Clock is refused, and
// Kill leaves clocks alone.
func RunProcesses(ctx context.Context, cfg Config, bin string) (*Result, error) {
	path, err := filepath.Abs(bin)
	if err != nil {
		return nil, fmt.Errorf("maelstromtest: %w", err)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	var k keeper
	if cfg.Journal == nil && cfg.Watch == nil {
		cfg.Watch = k.keep
	}
	b, history, err := run(ctx, cfg, false, func() {}, processes(path))
	if err != nil {
		return nil, err
	}
	r := b.result(history)
	if len(k.entries) > 0 && r.AnyWrong() {
		r.why = &why{entries: k.kept}
	}
	return r, nil
}

// processes returns a starter that runs each life of a node as a process.
func processes(path string) starter {
	return func(env Env, wake func()) (*life, error) {
		l := &life{stdin: newPipe(), stdout: &outbox{wake: wake}, ended: make(chan struct{})}
		cmd := exec.Command(path, env.Args...)
		input, err := startProcess(cmd, l.stdout, env.Stderr)
		if errors.Is(err, syscall.ENOEXEC) && isText(path) {
			// As Java does for Maelstrom, and as shells do.
			cmd = exec.Command("/bin/sh", append([]string{path}, env.Args...)...)
			input, err = startProcess(cmd, l.stdout, env.Stderr)
		}
		if err != nil {
			return nil, whyNotRun(path, err)
		}
		signal := func(s syscall.Signal) func() {
			return func() {
				select {
				case <-l.ended: // its number may be another process's by now
				default:
					syscall.Kill(-cmd.Process.Pid, s) // fails if the process has just ended, which is fine
				}
			}
		}
		l.pause, l.resume, l.kill = signal(syscall.SIGSTOP), signal(syscall.SIGCONT), signal(syscall.SIGKILL)
		go func() {
			io.Copy(input, l.stdin) // fails if the process has ended: then Wait says why
			input.Close()
		}()
		go func() {
			defer close(l.ended)
			err := whyNotRun(path, cmd.Wait())
			l.kill() // children that the node has left behind
			l.stdout.end(exit{err, cmd.ProcessState.ExitCode()})
			l.stdin.close()
		}()
		return l, nil
	}
}

// startProcess starts a process, and returns its standard input.
func startProcess(cmd *exec.Cmd, stdout, stderr io.Writer) (stdin io.WriteCloser, err error) {
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.Dir = os.TempDir()
	cmd.WaitDelay = time.Second // for a child of the node that keeps its output open
	// The node has a process group of its own. So Ctrl-C on a terminal reaches
	// only the bench, and a signal to a node that is a script also reaches the
	// script's children.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return stdin, cmd.Start()
}
