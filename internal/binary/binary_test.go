//go:build unix

// Package binary_test runs the node as Maelstrom does: as a process, with
// pipes.
package binary_test

import (
	"errors"
	"io"
	"log"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"maelstrom-counter/internal/maelstromtest"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	if os.Getenv(echoVariable) != "" {
		echo()
		return
	}
	os.Exit(m.Run())
}

// The scripts have two more commands: exits and complains.
func TestScripts(t *testing.T) {
	binary := maelstromtest.Build(t, "maelstrom-counter")
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// "exits CODE ARGUMENT..." runs the node, whose input ends at once,
			// and checks its exit code.
			"exits": func(ts *testscript.TestScript, _ bool, args []string) {
				err := ts.Exec(binary, args[1:]...)
				code := 0
				if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
					code = exit.ExitCode()
				} else {
					ts.Check(err)
				}
				if strconv.Itoa(code) != args[0] {
					ts.Fatalf("exit code %d, want %s", code, args[0])
				}
			},
			// "complains TEXT" checks that the node has printed one line on
			// stderr that contains a text, and nothing else.
			"complains": func(ts *testscript.TestScript, _ bool, args []string) {
				out, err := ts.ReadFile("stdout"), ts.ReadFile("stderr")
				if out != "" || strings.Count(err, "\n") != 1 || !strings.HasSuffix(err, "\n") || !strings.Contains(err, args[0]) {
					ts.Fatalf("not one line with %q on stderr: %q, and on stdout %q", args[0], err, out)
				}
			},
		},
	})
}

func TestThreeProcessesServeTheExercisesWorkload(t *testing.T) {
	r, err := maelstromtest.RunProcesses(t.Context(), maelstromtest.Config{
		Rate: 100, TimeLimit: 5 * time.Second, Recovery: time.Second, Seed: 1,
		Nemesis: []maelstromtest.Fault{{Kind: maelstromtest.Partition}}, NemesisInterval: 2 * time.Second,
		Stderr: func(string) io.Writer { return os.Stderr },
	}, maelstromtest.Build(t, "maelstrom-counter"))
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
