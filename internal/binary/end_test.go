//go:build unix

package binary_test

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

	"maelstrom-counter/internal/maelstromtest"
)

func addLine(client string, id int) string {
	return fmt.Sprintf(`{"src":%q,"dest":"n0","body":{"type":"add","delta":1,"msg_id":%d}}`, client, id)
}

func TestTheBinaryEndsWithTheRightExitCodeAndMessage(t *testing.T) {
	path := maelstromtest.Build(t, "maelstrom-counter")
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
			var read struct {
				Body struct {
					Type  string
					MsgID int `json:"msg_id"`
				}
			}
			for read.Body.Type != "read" && lines.Scan() {
				if err := json.Unmarshal(lines.Bytes(), &read); err != nil {
					t.Error(err)
				}
			}
			fmt.Fprintf(stdin, `{"src":"seq-kv","dest":"n0","body":{"type":"error","code":20,"in_reply_to":%d}}`+"\n", read.Body.MsgID)
			fmt.Fprintln(stdin, addLine("c1", 7))
			expect(`"cas"`)
			hung := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Signal(syscall.SIGQUIT) }) // which dumps goroutines
			defer hung.Stop()
			test.end(t, cmd.Process, stdin, stdout)
			if test.code == 0 {
				expect(`"dest":"c1","body":{"in_reply_to":7,"type":"error","code":0,`)
			}
			_ = cmd.Wait() // the exit code is checked below
			if code := cmd.ProcessState.ExitCode(); code != test.code || !strings.Contains(stderr.String(), test.err) ||
				(test.err == "") != (stderr.Len() == 0) || strings.Count(stderr.String(), "\n") > 1 {
				t.Errorf("exit code %d, stderr %q", code, stderr.String())
			}
			stdin.Close()
			stdout.Close()
		})
	}
}

func notify(t *testing.T, process *os.Process, s os.Signal) {
	if err := process.Signal(s); err != nil {
		t.Error(err)
	}
}
