//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromstore"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/report"
	"maelstrom-counter/internal/bench/rivals"
	"maelstrom-counter/internal/bench/story"
	"maelstrom-counter/internal/bench/verdict"
)

// recorded returns a simulated run as if it had been one of Maelstrom's.
func recorded(t *testing.T, cfg maelstromtest.Config) *maelstromstore.Run {
	t.Helper()
	rival, err := rivals.Named("rmw")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Seed, cfg.Rate, cfg.TimeLimit = 1, 100, 2*time.Second
	result, entries := maelstromtest.Record(t, cfg, rival.Program)
	return &maelstromstore.Run{
		Result: result, Entries: func(do func(journal.Entry)) {
			for _, e := range entries {
				do(e)
			}
		},
		Command: []string{"test", "-w", "g-counter", "--bin", "./rmw"}, Bin: "./rmw",
		Recording: maelstromstore.Recording{
			Directory: "/maelstrom/store/1", Valid: "false", Checkers: map[string]string{"workload": "false", "stats": "true"},
			Notes: []string{"What n1 did is not known."},
		},
	}
}

// whyTo returns a bencher for bench why that writes to a folder and shows
// nothing.
func whyTo(out string) *bencher {
	return &bencher{
		options: options{runs: 1, out: out}, stdout: io.Discard,
		progress: progress{screen: &screen{w: io.Discard}, shown: time.Now()},
	}
}

// The reason comes first, in five lines, and then where the page is. Then
// follow the whole story, what a run of the bench has, and where the run came
// from.
func TestTheReasonComesFirst(t *testing.T) {
	s, err := openStore(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	run := recorded(t, maelstromtest.Config{})
	run.Entries(func(e journal.Entry) { err = errors.Join(err, journal.Write(s.journal, e)) })
	s.close()
	d := s.keep(reported(run))
	if err != nil || len(d.lost) > 0 {
		t.Fatal(err, d.lost)
	}
	reason := d.Story.Sentences[d.Story.Reason]
	if _, ok := d.Story.Claims[d.Story.Reason].(claim.Overwritten); !ok {
		t.Errorf("the reason is %q", reason)
	}
	for _, columns := range []int{100, 40} {
		var out strings.Builder
		if err := summarize(&out, look{columns: columns}, d, true); err != nil {
			t.Fatal(err)
		}
		top, rest, _ := strings.Cut(out.String(), "\npage  ")
		if n := strings.Count(top, "\n"); n > 5 && columns == 100 || !strings.HasPrefix(top, "\nWRONG by Maelstrom's verdict") {
			t.Errorf("%d columns, %d lines come first:\n%s", columns, n, top)
		}
		if !strings.Contains(strings.Join(strings.Fields(top), " "), "Why: lost update: ") || !strings.Contains(strings.Join(strings.Fields(top), " "), reason) {
			t.Errorf("%d columns: the reason is not in:\n%s", columns, top)
		}
		rest = strings.Join(strings.Fields(rest), " ")
		last := 0
		for _, part := range []string{
			"The whole story: " + strings.Join(d.Story.Sentences, " "), "shows the messages.", "final reads", "Beyond Maelstrom", "Latency of requests", "rate 100 requests/s",
			"maelstrom Maelstrom itself said :valid? false, because :workload is false. The bench agrees.",
			"ended the run came to its end", "read from /maelstrom/store/1", "note What n1 did is not known.", "page ", "files ",
		} {
			i := strings.Index(rest[last:], part)
			if i < 0 {
				t.Fatalf("%d columns: no %q after the part before it in:\n%s", columns, part, out.String())
			}
			last += i
		}
		if strings.Contains(rest, "Why:") || strings.Contains(rest, "seed") {
			t.Errorf("the reason comes twice, or there is a seed:\n%s", out.String())
		}
	}
}

// The sentence with the reason is always shown, and others as far as there is
// room for them: the first one, and what follows the reason. A sentence is
// shown whole or not at all. If one is left out, the whole story follows.
func TestWhyIsCutAtTheEndOfASentence(t *testing.T) {
	d := done{report.Run{
		Result: &maelstromtest.Result{}, Maelstrom: &maelstromstore.Recording{},
		Story: &story.Story{
			Kind: "lost", Reason: 1,
			Sentences: []string{"Zero.", "One one one one.", strings.TrimSpace(strings.Repeat("two ", 20)), "Three."},
		},
	}, &store{folder: "nowhere"}}
	twos := func(lines ...int) (text string) {
		for _, n := range lines {
			text += "     " + strings.TrimSpace(strings.Repeat("two ", n)) + "\n"
		}
		return text
	}
	const start = "Zero.\n     One one one one.\n"
	for columns, want := range map[int]string{
		90: "Why: lost: " + start + twos(20) + "     Three.\npage          could not be written\n",
		50: "Why: lost: " + start + twos(11, 9) + "page          could not be written\n" +
			"\nThe whole story:\n     " + start + twos(11, 9) + "     Three.\n",
		29: "Why: lost: " + start + "page          could not be\n                written\n" +
			"\nThe whole story:\n     " + start + twos(6, 6, 6, 2) + "     Three.\n",
		10: "Why: lost:\n     One\n     one\n     one\n     one.\npage  ",
	} {
		shown := &text{look: look{columns: columns}}
		shown.judge(d)
		_, got, _ := strings.Cut(shown.String(), "verdict.\n")
		if got != want && !(columns == 10 && strings.HasPrefix(got, want)) {
			t.Errorf("%d columns:\n%s, not\n%s", columns, got, want)
		}
	}
}

func TestAnInterruptedWhyLeavesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	run := recorded(t, maelstromtest.Config{})
	entries, size := run.Entries, int64(0)
	b := whyTo(filepath.Join(t.TempDir(), "out"))
	run.Entries = func(do func(journal.Entry)) {
		for range 100 { // more than is buffered
			entries(do)
		}
		info, err := os.Stat(filepath.Join(b.out, report.MessagesFile))
		if err != nil {
			t.Error(err)
			return
		}
		size = info.Size()
		cancel()
		for range 100 {
			entries(do)
		}
		if info, err := os.Stat(filepath.Join(b.out, report.MessagesFile)); err != nil || info.Size() != size {
			t.Errorf("it went on writing: %v, %v", info, err)
		}
	}
	code, err := b.explain(ctx, run)
	if code != interrupted || err != nil || size == 0 {
		t.Errorf("exit code %d, %v; %d bytes had been written", code, err, size)
	}
	if _, err := os.Stat(b.out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is left: %v", err)
	}
}

func TestAMessageThatCannotBeWrittenIsReported(t *testing.T) {
	run := recorded(t, maelstromtest.Config{})
	run.Entries = func(do func(journal.Entry)) {
		do(journal.Entry{What: journal.Sent, Body: journal.Raw("{")})
		do(journal.Entry{What: journal.Sent, Body: journal.Raw("{}")})
	}
	var stderr strings.Builder
	b := whyTo(filepath.Join(t.TempDir(), "out"))
	b.progress.screen.w = &stderr
	if code, err := b.explain(t.Context(), run); code != failed || err != nil || !strings.HasPrefix(stderr.String(), "bench: cannot write each message: ") {
		t.Errorf("exit code %d, %v, stderr %q", code, err, stderr.String())
	}
	if text, err := os.ReadFile(filepath.Join(b.out, report.MessagesFile)); err != nil || strings.Count(string(text), "\n") != 1 {
		t.Errorf("%q, %v", text, err)
	}
}

// A crash is not an interruption: Maelstrom breaks off such a run.
func TestARunThatBrokeOffIsIncomplete(t *testing.T) {
	run := recorded(t, maelstromtest.Config{})
	run.Ended = "its JVM was killed"
	if r := reported(run); !r.Interrupted || r.Maelstrom != &run.Recording {
		t.Errorf("%+v", r)
	}
	run.Result.Checks[0] = verdict.NewCheck(verdict.NoCrash, "", []string{"n1 crashed"})
	if reported(run).Interrupted {
		t.Error("a crash is an interruption")
	}
}

func TestTheArgumentsOfWhyAreRead(t *testing.T) {
	for args, want := range map[string]string{
		"":                                 "store/latest  eventual false false",
		"store/g-counter -o out":           "store/g-counter out eventual false false",
		"--json s --open -- ":              "s  eventual true true",
		"--consistency linearizable -- -x": "-x  linearizable false false",
		"a b":                              "there is more than one directory: a and b",
		"--consistency serial":             "unknown consistency",
		"--seed 3":                         "flag provided but not defined: -seed",
	} {
		o, err := parseWhy(strings.Fields(args))
		got := fmt.Sprint(o.directory, " ", o.out, " ", o.Consistency, " ", o.json, " ", o.open)
		if err != nil {
			got = err.Error()
		}
		if got != want && !(err != nil && strings.HasPrefix(got, want)) {
			t.Errorf("%s: %q, not %q", args, got, want)
		}
	}
}

// What takes less than two seconds shows no progress.
func TestProgressOfReadingIsShownEveryTwoSeconds(t *testing.T) {
	for _, test := range []struct {
		columns func() int
		want    string
	}{
		{nil, "20 read\n40 read\n"},
		{func() int { return 80 }, "\r20 read\x1b[K\r40 read\x1b[K"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var out strings.Builder
			p := progress{screen: &screen{w: &out, columns: test.columns}, shown: time.Now()}
			for i := range 60 {
				p.pass("%d read", i)
				time.Sleep(100 * time.Millisecond)
			}
			if out.String() != test.want {
				t.Errorf("%q, not %q", out.String(), test.want)
			}
		})
	}
}
