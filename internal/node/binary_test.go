//go:build unix

// These tests run the node as Maelstrom does: as a process, with pipes. With
// -short they are skipped.
package node_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
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

// The scripts have two more commands: exits and complains.
func TestScripts(t *testing.T) {
	binary := buildNode(t)
	testscript.Run(t, testscript.Params{
		Files: []string{"testdata/flags.txtar"},
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
