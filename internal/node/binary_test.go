//go:build unix

// These tests run the node as Maelstrom does: as a process, with pipes. With
// -short they are skipped.
package node_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// buildNode builds the node's executable file, and returns its path.
func buildNode(t testing.TB) string {
	if testing.Short() {
		t.Skip("runs processes")
	}
	return maelstromtest.Build(t, "maelstrom-counter")
}

// The script finds the node's executable file in $NODE.
func TestScripts(t *testing.T) {
	binary := buildNode(t)
	testscript.Run(t, testscript.Params{
		Files: []string{"testdata/flags.txtar"},
		Setup: func(env *testscript.Env) error {
			env.Setenv("NODE", binary)
			return nil
		},
	})
}

func TestThreeProcessesServeTheExercisesWorkload(t *testing.T) {
	r, err := maelstromtest.RunProcesses(t.Context(), maelstromtest.Config{
		Consistency: maelstromtest.Linearizable, Rate: 100, TimeLimit: 5 * time.Second, Recovery: time.Second, Seed: 1,
		Nemesis: []maelstromtest.Fault{{Kind: maelstromtest.Partition}}, NemesisInterval: 2 * time.Second,
		Stderr: func(string) io.Writer { return os.Stderr },
	}, buildNode(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Err(); err != nil {
		t.Error(err)
	}
	if r.OK < r.Invoked {
		t.Errorf("%d of %d requests were answered ok", r.OK, r.Invoked)
	}
	for _, exit := range r.Exits {
		if exit.Code != 0 || exit.Forced {
			t.Errorf("%s: %+v", exit.Node, exit)
		}
	}
}

// A node whose stderr nobody reads serves its clients all the same. It tells
// how much of its log was lost once somebody does, and ends in time if nobody
// ever does.
func TestAnUnreadStderrStopsNothing(t *testing.T) {
	path := buildNode(t)
	for _, read := range []bool{true, false} {
		t.Run(fmt.Sprintf("read at last %v", read), func(t *testing.T) {
			t.Parallel()
			stderr, toStderr, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer stderr.Close()
			p := start(t, 20*time.Second, toStderr, path, "-log-level", "debug")
			toStderr.Close()
			for i := range 100 {
				// These are 4 MB in all.
				p.write(strings.Repeat("nonsense "+strings.Repeat("x", 200)+"\n", 200))
				p.write(request("gong", "c1", i))
				p.expect(fmt.Sprintf(`"dest":"c1","body":{"in_reply_to":%d,"type":"error","code":10`, i))
			}
			if read {
				log := bufio.NewScanner(stderr)
				for log.Scan() && !strings.Contains(log.Text(), `"level":"ERROR","msg":"log lines were lost`) {
					if !json.Valid(log.Bytes()) {
						t.Errorf("a line of the log is %q", log.Text())
					}
				}
				var lost struct{ Lines int }
				if err := json.Unmarshal(log.Bytes(), &lost); err != nil || lost.Lines < 10_000 || lost.Lines > 20_000 {
					t.Errorf("the log says %q, %v", log.Text(), err)
				}
			}
			p.stdin.Close()
			p.ends(time.Now(), 0)
		})
	}
}

func TestTheBinaryEndsWithTheRightExitCodeAndMessage(t *testing.T) {
	path := buildNode(t)
	closeStdin := func(p *process) { p.stdin.Close() }
	signal := func(s os.Signal) func(*process) {
		return func(p *process) {
			if err := p.cmd.Process.Signal(s); err != nil {
				p.t.Error(err)
			}
		}
	}
	gong := request("gong", "c3", 3)
	for _, test := range []struct {
		how      string
		requests int // before the end, each of which is answered at once
		end      func(p *process)
		code     int
		err      string // on stderr
	}{
		{"end of input", 0, closeStdin, 0, ""},
		{"SIGINT", 0, signal(syscall.SIGINT), 0, ""},
		{"SIGTERM", 0, signal(syscall.SIGTERM), 0, ""},
		{"stdout closed", 0, func(p *process) {
			p.stdout.Close()
			_, _ = p.stdin.WriteString(gong)
		}, 1, "broken pipe"},
		// Each request is answered with 123 bytes. The pipe takes 64 KiB of
		// that, and the node holds one or two MiB until it reads no more input
		// than it reads ahead.
		{"end of input, a few answers more than stdout takes", 700, closeStdin, 1, "nobody reads them"},
		{"end of input, a few answers more than the node holds", 10_000, closeStdin, 1, "nobody reads them"},
		{"end of input, many answers more than the node holds", 20_000, closeStdin, 1, "nobody reads them"},
		{"SIGTERM, many answers more than the node holds", 20_000, signal(syscall.SIGTERM), 1, "nobody reads them"},
	} {
		t.Run(test.how, func(t *testing.T) {
			t.Parallel()
			var stderr bytes.Buffer
			p := start(t, 20*time.Second, &stderr, path)
			p.write(request("add", "c1", 7))
			for typ := ""; typ != "cas" && p.lines.Scan(); {
				asked, err := maelstromtest.ParsePacket(p.lines.Bytes())
				if err != nil {
					t.Error(err)
				}
				if typ = asked.Type; typ == "read" { // on a busy machine, more than once
					p.write(fmt.Sprintf(`{"src":"seq-kv","dest":"n0","body":{"type":"error","code":20,"in_reply_to":%d}}`+"\n", asked.MsgID))
				}
			}
			p.write(strings.Repeat(gong, test.requests))
			test.end(p)
			begin := time.Now()
			if test.code == 0 {
				p.expect(`"dest":"c1","body":{"in_reply_to":7,"type":"error","code":0,`)
			}
			p.ends(begin, test.code)
			if log := stderr.String(); !strings.Contains(log, test.err) || (test.err == "") != (log == "") || strings.Count(log, "\n") > 1 {
				t.Errorf("stderr %q", log)
			}
		})
	}
}

// A process is that of node n0, which has been initialized.
type process struct {
	t      testing.TB
	cmd    *exec.Cmd
	stdin  *os.File
	stdout io.ReadCloser
	lines  *bufio.Scanner // of stdout
}

// start starts a node's process. If that still runs after limit, it dumps its
// goroutines, or is killed if nobody reads them.
func start(t testing.TB, limit time.Duration, stderr io.Writer, path string, args ...string) *process {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stderr, cmd.WaitDelay = stderr, time.Second
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) }
	stdin, err := cmd.StdinPipe()
	stdout, outErr := cmd.StdoutPipe()
	if err := errors.Join(err, outErr, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	p := &process{t, cmd, stdin.(*os.File), stdout, bufio.NewScanner(stdout)}
	p.write(`{"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}` + "\n")
	return p
}

// request returns a line with a request of a client. No handler takes the type
// gong, so such a request is answered at once.
func request(typ, client string, id int) string {
	return fmt.Sprintf(`{"src":%q,"dest":"n0","body":{"type":%q,"delta":1,"msg_id":%d}}`+"\n", client, typ, id)
}

// write writes to the node, which must not take long to read.
func (p *process) write(text string) {
	p.t.Helper()
	// If this fails, so does the write. Others write to stdin, too, and may
	// take longer.
	_ = p.stdin.SetWriteDeadline(time.Now().Add(10 * time.Second))
	defer p.stdin.SetWriteDeadline(time.Time{})
	if _, err := p.stdin.WriteString(text); err != nil {
		p.t.Fatal(err)
	}
}

// expect waits for a line that contains a text.
func (p *process) expect(part string) {
	p.t.Helper()
	for p.lines.Scan() {
		if strings.Contains(p.lines.Text(), part) {
			return
		}
	}
	p.t.Errorf("no %s: %v", part, p.lines.Err())
}

// ends checks that the node ends with an exit code, within a second of begin. A
// busy machine gets another.
func (p *process) ends(begin time.Time, code int) {
	p.t.Helper()
	_ = p.cmd.Wait() // the exit code tells
	if took := time.Since(begin); took > 2*time.Second {
		p.t.Errorf("ended after %v", took)
	}
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("exit code %d, want %d", got, code)
	}
}
