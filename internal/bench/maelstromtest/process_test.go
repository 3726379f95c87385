//go:build unix

package maelstromtest

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// runTestBinary runs processes of this test's own executable, each as the node
// that TestMain knows by that name.
func runTestBinary(t *testing.T, ctx context.Context, cfg Config, name string) *Result {
	t.Helper()
	cfg.Args = []string{name}
	r, err := RunProcesses(ctx, cfg, os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestProcessesCountRightDespiteFaults(t *testing.T) {
	t.Parallel()
	r := runTestBinary(t, t.Context(), Config{
		Consistency: Linearizable, Rate: 200, TimeLimit: time.Second, Concurrency: 6, Latency: 2 * time.Millisecond, Recovery: time.Second / 2,
		Nemesis: nemesis(t, "partition,duplicate"), NemesisInterval: time.Second,
	}, "lin counter")
	if err := r.Err(); err != nil {
		t.Error(err)
	}
	if r.Invoked < 20 || r.OK != r.Invoked || len(r.Facts.(CounterFacts).FinalReads) != 6 || r.LatencyByKind["read"].P50 < 4*time.Millisecond {
		t.Errorf("%d of %d ok, facts %v, latency %v", r.OK, r.Invoked, r.Facts, r.Latency)
	}
	for _, e := range r.Exits {
		if e.Code != 0 || e.Forced {
			t.Errorf("exit %+v", e)
		}
	}
}

func TestProcessesAreKilledAndPaused(t *testing.T) {
	t.Parallel()
	r := runTestBinary(t, t.Context(), Config{
		Workload: faultyEcho{}, Consistency: Linearizable, Rate: 100, TimeLimit: 2 * time.Second, ClientTimeout: time.Second,
		Nemesis: nemesis(t, "kill,pause"), NemesisInterval: time.Second / 2,
	}, "echo node")
	if err := r.Err(); err != nil {
		t.Error(err)
	}
	if len(r.Faults) < 2 || len(r.Exits) < 4 || r.OK == 0 {
		t.Errorf("faults %v, exits %v, %d ok", r.Faults, r.Exits, r.OK)
	}
}

func TestPausedProcessesStandStill(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	r := runTestBinary(t, t.Context(), Config{
		Nodes: 1, Workload: faultyEcho{}, Consistency: Linearizable, Rate: 10, TimeLimit: 2 * time.Second, Nemesis: nemesis(t, "pause"), NemesisInterval: time.Second / 2,
		Stderr: func(string) io.Writer { return &said },
	}, "ticking node")
	var longest time.Duration
	for _, f := range r.Faults {
		longest = max(longest, f.Stop-f.Start)
	}
	stood, err := time.ParseDuration(strings.TrimSpace(said.String()))
	if err != nil || longest == 0 || stood < longest-50*time.Millisecond {
		t.Errorf("paused for %v, stood still for %v, error %v", longest, stood, err)
	}
	if err := r.Err(); err != nil {
		t.Error(err)
	}
}

func TestProcessesThatFailAreNamed(t *testing.T) {
	t.Parallel()
	cfg := Config{Nodes: 2, Workload: Echo{}, Consistency: Linearizable, Rate: 100, TimeLimit: time.Second / 2, ClientTimeout: time.Second / 2}
	for name, want := range map[string][]string{
		"crashing node": {"n0 crashed at", "exit status 1", "stdout:\n{", "stderr:\nabout to fail", "\nWhy: Crash: n"},
		"rubbish node":  {"n0 became mute at", "(not JSON): Received a line!", "\nWhy: "},
	} {
		r := runTestBinary(t, t.Context(), cfg, name)
		for _, text := range want {
			if err := r.Err(); err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: error %v, want %q", name, err, text)
			}
		}
		if r.Right || name == "crashing node" && r.MaelstromValid {
			t.Errorf("%s: right", name)
		}
	}
	if _, err := RunProcesses(t.Context(), cfg, filepath.Join(t.TempDir(), "nothing")); err == nil ||
		!strings.Contains(err.Error(), "n0 did not start: fork/exec") || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a missing executable: error %v", err)
	}
}

func TestCancelledRunIsJudged(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	said := map[string]*bytes.Buffer{}
	begin := time.Now()
	r := runTestBinary(t, ctx, Config{Workload: Echo{}, Rate: 100, TimeLimit: time.Hour, Stderr: func(node string) io.Writer {
		said[node] = &bytes.Buffer{}
		return said[node]
	}}, "stubborn node")
	if !r.Right || r.Check(runComplete).Status != NotChecked || r.Invoked < 5 || len(said) != 3 {
		t.Errorf("verdict %+v; %d requests; %d nodes spoke", r.Verdict, r.Invoked, len(said))
	}
	for _, e := range r.Exits {
		if !e.Forced || e.Code != -1 {
			t.Errorf("exit %+v", e)
		}
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("took %v", took)
	}

	soon, cancel := context.WithTimeout(t.Context(), time.Second/5)
	defer cancel()
	if _, err := RunProcesses(soon, Config{Args: []string{"mute node"}}, os.Args[0]); err == nil || !strings.Contains(err.Error(), "had not all answered init") {
		t.Errorf("cancelled before the start: error %v", err)
	}
}
