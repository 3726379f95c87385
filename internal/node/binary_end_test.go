//go:build unix

package node_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

func addLine(client string, id int) string {
	return fmt.Sprintf(`{"src":%q,"dest":"n0","body":{"type":"add","delta":1,"msg_id":%d}}`, client, id)
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
			cmd := exec.Command(path, "-log-level", "debug")
			cmd.Stderr = toStderr
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			toStderr.Close()
			hung := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
			defer hung.Stop()
			fmt.Fprintln(stdin, `{"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}`)
			answers := bufio.NewScanner(stdout)
			for i := range 100 {
				fmt.Fprint(stdin, strings.Repeat("nonsense "+strings.Repeat("x", 200)+"\n", 200)) // 4 MB in all
				fmt.Fprintln(stdin, strings.Replace(addLine("c1", i), "add", "gong", 1))
				for answers.Scan() && !strings.Contains(answers.Text(), `"dest":"c1"`) {
				}
				if want := fmt.Sprintf(`"in_reply_to":%d,"type":"error","code":10`, i); !strings.Contains(answers.Text(), want) {
					t.Fatalf("request %d was answered %q", i, answers.Text())
				}
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
			begin := time.Now()
			stdin.Close()
			for answers.Scan() {
			}
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
			if took := time.Since(begin); took > endLimit {
				t.Errorf("ended after %v", took)
			}
		})
	}
}

func TestTheBinaryEndsWithTheRightExitCodeAndMessage(t *testing.T) {
	path := buildNode(t)
	for _, test := range []struct {
		how  string
		end  func(t *testing.T, node *os.Process, stdin, stdout *os.File)
		code int
		err  string // on stderr
	}{
		{"end of input", func(_ *testing.T, _ *os.Process, stdin, _ *os.File) { stdin.Close() }, 0, ""},
		{"SIGINT", func(t *testing.T, node *os.Process, _, _ *os.File) { notify(t, node, syscall.SIGINT) }, 0, ""},
		{"SIGTERM", func(t *testing.T, node *os.Process, _, _ *os.File) { notify(t, node, syscall.SIGTERM) }, 0, ""},
		{"stdout closed", func(_ *testing.T, _ *os.Process, stdin, stdout *os.File) {
			stdout.Close()
			_, _ = stdin.WriteString(strings.Repeat(addLine("c3", 3)+"\n", 1000))
		}, 1, "broken pipe"},
		{"stdout not read", func(t *testing.T, node *os.Process, stdin, _ *os.File) {
			// No handler takes this type, so each line is answered at once.
			lines := strings.Repeat(strings.Replace(addLine("c3", 3), "add", "gong", 1)+"\n", 1000)
			written := 0
			for {
				if err := stdin.SetWriteDeadline(time.Now().Add(2 * time.Second)); err != nil {
					t.Fatal(err)
				}
				n, err := stdin.WriteString(lines)
				if written += n; err != nil || written > 1<<28 {
					break
				}
			}
			if written > 8<<20 {
				t.Errorf("the node read %d bytes", written)
			}
			notify(t, node, syscall.SIGTERM)
		}, 1, "nobody reads them"},
		{"end of input, a few answers more than stdout takes", endBehind(700), 1, "nobody reads them"},
		{"end of input, a few answers more than the node holds", endBehind(10_000), 1, "nobody reads them"},
		{"end of input, many answers more than the node holds", endBehind(20_000), 1, "nobody reads them"},
	} {
		t.Run(test.how, func(t *testing.T) {
			t.Parallel()
			in, stdin, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, out, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			var stderr bytes.Buffer
			cmd := exec.Command(path)
			cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			in.Close()
			out.Close()
			fmt.Fprintln(stdin, `{"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}`)
			lines := bufio.NewScanner(stdout)
			expect := func(part string) {
				for lines.Scan() {
					if strings.Contains(lines.Text(), part) {
						return
					}
				}
				t.Errorf("no %s: %v", part, lines.Err())
			}
			hung := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Signal(syscall.SIGQUIT) }) // which dumps goroutines
			defer hung.Stop()
			fmt.Fprintln(stdin, addLine("c1", 7))
			for typ := ""; typ != "cas" && lines.Scan(); {
				p, err := maelstromtest.ParsePacket(lines.Bytes())
				if err != nil {
					t.Error(err)
				}
				if typ = p.Type; typ == "read" { // on a busy machine, more than once
					fmt.Fprintf(stdin, `{"src":"seq-kv","dest":"n0","body":{"type":"error","code":20,"in_reply_to":%d}}`+"\n", p.MsgID)
				}
			}
			test.end(t, cmd.Process, stdin, stdout)
			begin := time.Now()
			if test.code == 0 {
				expect(`"dest":"c1","body":{"in_reply_to":7,"type":"error","code":0,`)
			}
			_ = cmd.Wait() // the exit code is checked below
			if took := time.Since(begin); took > endLimit {
				t.Errorf("ended after %v", took)
			}
			if code := cmd.ProcessState.ExitCode(); code != test.code || !strings.Contains(stderr.String(), test.err) ||
				(test.err == "") != (stderr.Len() == 0) || strings.Count(stderr.String(), "\n") > 1 {
				t.Errorf("exit code %d, stderr %q", code, stderr.String())
			}
			stdin.Close()
			stdout.Close()
		})
	}
}

// endLimit is how long a node may take to end: a second. A busy machine gets
// another.
const endLimit = 2 * time.Second

// endBehind ends the input behind as many requests, each of which is answered
// at once with 123 bytes. The pipe takes 64 KiB of that, and the node holds one
// or two MiB until it reads no more input than it reads ahead.
func endBehind(requests int) func(*testing.T, *os.Process, *os.File, *os.File) {
	return func(t *testing.T, _ *os.Process, stdin, _ *os.File) {
		if err := stdin.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		line := strings.Replace(addLine("c3", 3), "add", "gong", 1) + "\n"
		if _, err := stdin.WriteString(strings.Repeat(line, requests)); err != nil {
			t.Error(err)
		}
		stdin.Close()
	}
}

func notify(t *testing.T, process *os.Process, s os.Signal) {
	if err := process.Signal(s); err != nil {
		t.Error(err)
	}
}
