//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
	"github.com/rogpeppe/go-internal/testscript"

	"maelstrom-counter/internal/bench/maelstromstore/storetest"
	"maelstrom-counter/internal/bench/rivals"
)

// The scripts know two commands: the bench, and an echo node whose first
// argument says what is wrong with it, if anything. As a counter that node is
// always wrong, since each node counts by itself.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bench": main, "echo-node": serve})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			source, err := filepath.Abs("../..")
			if err != nil {
				return err
			}
			env.Setenv("SOURCE", source)
			for name, command := range map[string]string{"NODE": "echo-node", "BENCH": "bench"} {
				path, err := exec.LookPath(command)
				if err != nil {
					return err
				}
				env.Setenv(name, path)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "line": line, "unpack": unpack},
	})
}

// unpack is a command: "unpack RUN DIRECTORY" makes a directory of a run of the
// real Maelstrom.
func unpack(ts *testscript.TestScript, _ bool, args []string) {
	run, known := storetest.RealRuns()[args[0]]
	if !known {
		ts.Fatalf("there is no run %s", args[0])
	}
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), run))
}

// exits runs a command and requires an exit code other than 0: exits 2 bench
// --rate 0.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || strconv.Itoa(exit.ExitCode()) != args[0] {
		ts.Fatalf("not exit code %s: %v", args[0], err)
	}
}

// line requires that the last command printed a single line with this text, on
// stderr, and nothing else.
func line(ts *testscript.TestScript, _ bool, args []string) {
	stderr := ts.ReadFile("stderr")
	if !strings.Contains(stderr, args[0]) || strings.Count(stderr, "\n") != 1 || ts.ReadFile("stdout") != "" {
		ts.Fatalf("no single line with %q", args[0])
	}
}

func serve() {
	log.SetOutput(io.Discard)
	kind := append(os.Args, "right")[1] // the first argument, if there is one
	n := maelstrom.NewNode()
	n.Handle("echo", func(msg maelstrom.Message) error {
		var body map[string]any
		if err := json.Unmarshal(msg.Body, &body); err != nil {
			return err
		}
		switch kind {
		case "crashing":
			fmt.Fprintln(os.Stderr, "something gave way")
			os.Exit(3)
		case "babbling":
			fmt.Println("hello, world")
		case "wrong":
			body["echo"] = "something else"
		case "mute":
			return nil
		case "slow":
			time.Sleep(100 * time.Millisecond)
		case "undecided":
			return n.Reply(msg, map[string]any{"type": "error", "code": maelstrom.Timeout, "text": "no idea"})
		case "refusing":
			return maelstrom.NewRPCError(maelstrom.TemporarilyUnavailable, "not today")
		}
		body["type"] = "echo_ok"
		return n.Reply(msg, body)
	})
	var total atomic.Int64
	rivals.Serve(n, func(_ context.Context, delta int64) error {
		total.Add(delta)
		return nil
	}, func(context.Context) (int64, error) {
		return total.Load(), nil
	})
	if kind == "misconfigured" {
		fmt.Fprintln(os.Stderr, "no configuration found")
		os.Exit(4)
	}
	fmt.Fprintln(os.Stderr, "process", os.Getpid(), "with arguments", os.Args[1:])
	if err := n.Run(); err != nil {
		panic(err)
	}
}
