//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/report"
)

// Files that cannot be written do not end a node or keep the summary from being
// written, which names them.
func TestLostFilesAreNamedInTheSummary(t *testing.T) {
	s, err := newStore(t.TempDir(), "echo", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(s.folder, "node-logs")); err != nil {
		t.Fatal(err)
	}
	full, err := os.Open(s.folder) // cannot be written to
	if err != nil {
		t.Fatal(err)
	}
	s.logs["n1"] = &logFile{file: full}
	for _, node := range []string{"n0", "n1"} {
		if n, err := s.log(node).Write([]byte("lost")); n != 4 || err != nil {
			t.Errorf("wrote %d for %s, %v", n, node, err)
		}
	}
	s.journal.Close()
	s.journal = report.NewJournal(filepath.Join(s.folder, "nowhere"), 10)
	if err := os.MkdirAll(filepath.Join(filepath.Dir(s.folder), "latest", "full"), 0o777); err != nil {
		t.Fatal(err)
	}
	s.publish()
	s.close()
	var summary strings.Builder
	r := &maelstromtest.Result{Workload: "echo", Verdict: maelstromtest.Verdict{Right: true}}
	if err := summarize(&summary, done{report.Run{Result: r}, s}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"cannot write messages.jsonl: no such file or directory\n", "cannot write the log of n0: ", "cannot write the log of n1: ", "cannot link to the latest results: ",
	} {
		if !strings.Contains(summary.String(), want) {
			t.Errorf("no %q in:\n%s", want, summary.String())
		}
	}
}

func TestTheWorstRunIsKept(t *testing.T) {
	run := func(right bool, availability float64, p99 time.Duration) report.Run {
		return report.Run{
			Thresholds: report.Thresholds{MaxP99: time.Second},
			Result: &maelstromtest.Result{
				Verdict:   maelstromtest.Verdict{Right: right},
				Counts:    maelstromtest.Counts{OK: 1, Availability: availability},
				Latencies: maelstromtest.Latencies{Latency: maelstromtest.Quantiles{P99: p99}},
			},
		}
	}
	// From the best to the worst.
	order := []report.Run{run(true, 1, 1), run(true, 1, 2), run(true, 0.9, 1), run(true, 1, 2*time.Second), run(false, 1, 1), run(false, 0.5, 1)}
	for i := range order {
		for j := range order {
			if worse(order[i], order[j]) != (i > j) {
				t.Errorf("run %d worse than run %d: %v", i, j, i <= j)
			}
		}
	}
}
