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
// written. They are named.
func TestLostFilesAreNamed(t *testing.T) {
	s, err := newStore(t.TempDir(), "echo", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.folder, logFolder), nil, 0o666); err != nil { // which is not a folder
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
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(s.folder), ".*")); len(left) > 0 || err != nil {
		t.Errorf("left behind is %v, %v", left, err)
	}
	s.close()
	var said strings.Builder
	(&screen{w: &said}).complain(s.lost...)
	for _, want := range []string{
		"bench: cannot write messages.jsonl: no such file or directory\n", "bench: cannot write the log of n0: ",
		"bench: cannot write the log of n1: ", "bench: cannot link to the latest results: ",
	} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("no %q in:\n%s", want, said.String())
		}
	}
	var summary strings.Builder
	r := &maelstromtest.Result{Workload: "echo", Verdict: maelstromtest.Verdict{Right: true}}
	if err := summarize(&summary, look{columns: 80}, done{report.Run{Result: r}, s}, true); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(summary.String(), "\npage          could not be written\n") {
		t.Errorf("the page's path is named in:\n%s", summary.String())
	}
}

// Each run has a folder of its own, and latest is never missing while it is
// moved from one to the next.
func TestRunsOfTheSameMillisecondDoNotShareAFolder(t *testing.T) {
	root, now := t.TempDir(), time.Now()
	folders := map[string]bool{}
	latest := filepath.Join(root, "echo", "latest")
	for range 3 {
		s, err := newStore(root, "echo", now)
		if err != nil {
			t.Fatal(err)
		}
		folders[s.folder] = true
		s.publish()
		s.close()
		if to, err := os.Readlink(latest); to != filepath.Base(s.folder) || len(s.lost) > 0 {
			t.Errorf("latest leads to %s, not to %s: %v %v", to, s.folder, err, s.lost)
		}
	}
	entries, err := os.ReadDir(filepath.Join(root, "echo"))
	if len(folders) != 3 || len(entries) != 4 || err != nil {
		t.Errorf("folders %v, entries %v, %v", folders, entries, err)
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
