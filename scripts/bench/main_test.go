//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/maelstromtest"
)

// nodeVariable, if set, makes this test binary a node: an echo server that its value says what is wrong with, if anything.
const nodeVariable = "MAELSTROM_COUNTER_BENCH_NODE"

func TestMain(m *testing.M) {
	if kind := os.Getenv(nodeVariable); kind != "" {
		serve(kind)
		return
	}
	os.Exit(m.Run())
}

func serve(kind string) {
	log.SetOutput(io.Discard)
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
		}
		body["type"] = "echo_ok"
		return n.Reply(msg, body)
	})
	if kind == "mute" {
		fmt.Fprintln(os.Stderr, "no configuration found")
		os.Exit(4)
	}
	fmt.Fprintln(os.Stderr, "node with arguments", os.Args[1:])
	if err := n.Run(); err != nil {
		panic(err)
	}
}

// try runs the bench in an empty folder, which it returns, with this binary as a node of a kind.
func try(t *testing.T, ctx context.Context, kind string, args ...string) (code int, stdout, stderr, folder string) {
	t.Setenv(nodeVariable, kind)
	t.Chdir(t.TempDir())
	var out, err bytes.Buffer
	args = append([]string{"-w", "echo", "--bin", os.Args[0], "--node-count", "2", "--rate", "50", "--time-limit", "1", "--seed", "7"}, args...)
	code = bench(ctx, args, &out, &err)
	return code, out.String(), err.String(), filepath.Join("store", "echo", "latest")
}

func TestARightNodePassesAndItsResultsAreKept(t *testing.T) {
	code, stdout, stderr, folder := try(t, t.Context(), "right", "--nemesis", "partition", "--", "-x", "y")
	if code != right || !strings.Contains(stdout, "RIGHT") || !strings.Contains(stdout, "100.00 %") || !strings.Contains(stdout, "seed          7") {
		t.Errorf("exit code %d\n%s\n%s", code, stdout, stderr)
	}
	if !strings.Contains(stderr, " requests, ") {
		t.Errorf("no progress in %q", stderr)
	}
	var result struct {
		Right   bool
		Invoked int
	}
	if err := json.Unmarshal(read(t, folder, "results.json"), &result); err != nil || !result.Right || result.Invoked == 0 {
		t.Errorf("results.json: %+v, %v", result, err)
	}
	if lines := bytes.Count(read(t, folder, "history.jsonl"), []byte("\n")); lines != result.Invoked {
		t.Errorf("%d lines in history.jsonl, of %d requests", lines, result.Invoked)
	}
	for _, node := range []string{"n0", "n1"} {
		if text := read(t, folder, "node-logs", node+".log"); string(text) != "node with arguments [-x y]\n" {
			t.Errorf("log of %s: %q", node, text)
		}
	}
	for _, name := range []string{"latency.png", "rate.png"} {
		picture, err := png.Decode(bytes.NewReader(read(t, folder, name)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if size := picture.Bounds().Size(); size.X != 900 || size.Y != 400 {
			t.Errorf("%s: %v pixels", name, size)
		}
	}
}

func read(t *testing.T, path ...string) []byte {
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Error(err)
	}
	return data
}

func TestResultsArePrintedAsJSON(t *testing.T) {
	code, stdout, _, _ := try(t, t.Context(), "right", "--json")
	var result struct{ Invoked int }
	if err := json.Unmarshal([]byte(stdout), &result); err != nil || result.Invoked == 0 || code != right {
		t.Errorf("exit code %d, %v:\n%s", code, err, stdout)
	}
}

func TestNodesLogsAreShown(t *testing.T) {
	if _, _, stderr, _ := try(t, t.Context(), "right", "--log-stderr"); strings.Count(stderr, "node with arguments") != 2 {
		t.Errorf("stderr: %s", stderr)
	}
}

func TestANodeThatIsWrongIsNamed(t *testing.T) {
	for kind, want := range map[string][]string{
		"wrong":    {"WRONG", "something else"},
		"crashing": {"WRONG", "n0 crashed", "exit status 3", "something gave way"},
		"babbling": {"WRONG", "not a message", "hello, world"},
		"mute":     {"exit status 4", "no configuration found"},
	} {
		t.Run(kind, func(t *testing.T) {
			code, stdout, stderr, _ := try(t, t.Context(), kind)
			if code != wrong {
				t.Errorf("exit code %d", code)
			}
			for _, text := range want {
				if !strings.Contains(stdout+stderr, text) {
					t.Errorf("not told: %q\n%s\n%s", text, stdout, stderr)
				}
			}
		})
	}
}

func TestAMissingBinaryIsNamed(t *testing.T) {
	code, _, stderr, _ := try(t, t.Context(), "right", "--bin", "./nowhere")
	if code != wrong || !strings.Contains(stderr, "nowhere") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
}

func TestAnInterruptedRunIsReported(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(500*time.Millisecond, cancel)
	code, stdout, stderr, _ := try(t, ctx, "right", "--time-limit", "60")
	if code != interrupted || !strings.Contains(stdout, "Interrupted") {
		t.Errorf("exit code %d\n%s\n%s", code, stdout, stderr)
	}
}

// The same from outside: Ctrl-C reaches the bench, which ends its nodes.
func TestNoNodeOutlivesAnInterruptedBench(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "bench")
	if out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	cmd := exec.Command(path, "-w", "echo", "--bin", os.Args[0], "--rate", "50")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), nodeVariable+"=right")
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	progress := bufio.NewReader(pipe)
	for range 2 { // by the second line of progress, requests have been answered
		if _, err := progress.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, progress) // ends when all who can write to it have
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != interrupted {
		t.Errorf("exit code %d", code)
	}
	logs, err := filepath.Glob(filepath.Join(folder, "store/echo/latest/node-logs/*.log"))
	if err != nil || len(logs) != 5 {
		t.Errorf("logs %q, %v", logs, err)
	}
	children, err := exec.Command("pgrep", "-f", os.Args[0]+"$").Output()
	if err == nil && len(children) > 0 {
		t.Errorf("left behind: %s", children)
	}
}

func TestCommandLine(t *testing.T) {
	for _, test := range []struct {
		args  string
		check func(options) bool
	}{
		{"--bin b", func(o options) bool {
			return o.Nodes == 5 && o.Rate == 5 && o.TimeLimit == time.Minute && o.Concurrency == 5 && o.Latency == 0 &&
				o.NemesisInterval == 10*time.Second && o.Nemesis == nil && o.Workload == maelstromtest.GCounter{}
		}},
		{"-bin b -workload echo", func(o options) bool { return o.Workload == maelstromtest.Echo{} }},
		{"--bin=b --node-count=3 --concurrency=4", func(o options) bool { return o.Concurrency == 4 }},
		{"--bin b --node-count 3 --concurrency 10n", func(o options) bool { return o.Concurrency == 30 }},
		{"--bin b --latency 2.5 --latency-dist exponential", func(o options) bool {
			return o.Latency == 2500*time.Microsecond && o.LatencyDist == "exponential"
		}},
		{"--bin b --nemesis partition,loss --nemesis-interval 3", func(o options) bool {
			return len(o.Nemesis) == 2 && o.NemesisInterval == 3*time.Second
		}},
		{"--bin b --seed 9 -- --key k -- z", func(o options) bool {
			return o.Seed == 9 && strings.Join(o.Args, " ") == "--key k -- z"
		}},
	} {
		o, err := parse(strings.Fields(test.args), io.Discard)
		if err != nil || !test.check(o) {
			t.Errorf("%s: %+v, %v", test.args, o, err)
		}
	}
}

func TestAWrongCommandLineIsExplained(t *testing.T) {
	for args, want := range map[string]string{
		"":                                      "--bin is missing",
		"--bin b extra":                         `"extra"`,
		"--bin b --frobnicate":                  "frobnicate",
		"--bin b -w unique-ids":                 "echo, g-counter",
		"--bin b --node-count 0":                "--node-count",
		"--bin b --rate 0":                      "--rate",
		"--bin b --rate NaN":                    "--rate",
		"--bin b --rate x":                      "rate",
		"--bin b --time-limit -1":               "--time-limit",
		"--bin b --concurrency 0n":              "--concurrency",
		"--bin b --concurrency many":            "--concurrency",
		"--bin b --latency -1":                  "--latency",
		"--bin b --latency-dist normal":         "constant, uniform, exponential",
		"--bin b --nemesis earthquake":          "partition, store-cut, kill",
		"--bin b --nemesis-interval 0":          "--nemesis-interval",
		"--bin b --nemesis loss --seed minus 1": "seed",
	} {
		var stdout, stderr bytes.Buffer
		code := bench(t.Context(), strings.Fields(args), &stdout, &stderr)
		if code != usage || !strings.Contains(stderr.String(), want) || strings.Count(stderr.String(), "\n") != 1 || stdout.Len() > 0 {
			t.Errorf("%q: exit code %d, %q", args, code, stderr.String())
		}
	}
	var stdout, stderr bytes.Buffer
	if code := bench(t.Context(), []string{"--help"}, &stdout, &stderr); code != right || !strings.Contains(stdout.String(), "-nemesis-interval") || stderr.Len() > 0 {
		t.Errorf("--help: exit code %d, %q", code, stderr.String())
	}
}
