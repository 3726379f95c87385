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
	"slices"
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
		Valid: "false", Checkers: map[string]string{"workload": "false", "stats": "true"},
		Notes: []string{"What n1 did is not known."},
	}
}

// The reason comes first, in five lines, and then where the page is. Then
// follows what a run of the bench has, and where the run came from.
func TestTheReasonComesFirst(t *testing.T) {
	w := &whyer{directory: "/maelstrom/store/1", out: filepath.Join(t.TempDir(), "out")}
	d, err := w.write(recorded(t, maelstromtest.Config{}))
	if err != nil || len(d.lost) > 0 {
		t.Fatal(err, d.lost)
	}
	for _, name := range []string{report.PageFile, report.MessagesFile, report.StoryFile} {
		if d.path(name) == "" {
			t.Errorf("there is no %s", name)
		}
	}
	for _, columns := range []int{100, 40} {
		var out strings.Builder
		if err := summarize(&out, look{columns: columns}, d, true); err != nil {
			t.Fatal(err)
		}
		top, rest, _ := strings.Cut(out.String(), "\npage  ")
		if n := strings.Count(top, "\n"); n > 5 || !strings.HasPrefix(top, "\nWRONG by Maelstrom's verdict") {
			t.Errorf("%d columns, %d lines come first:\n%s", columns, n, top)
		}
		if columns == 100 && !strings.Contains(strings.Join(strings.Fields(top), " "), "Why: lost update: "+d.Story.Sentences[0]+" "+d.Story.Sentences[1]) {
			t.Errorf("the beginning of the story is not in:\n%s", top)
		}
		rest = strings.Join(strings.Fields(rest), " ")
		last := 0
		for _, part := range []string{
			", which tells all of it", "final reads", "Beyond Maelstrom", "Latency of requests", "rate 100 requests/s",
			"maelstrom Maelstrom itself said :valid? false, since :workload is false. The bench agrees.",
			"command maelstrom test -w g-counter --bin ./rmw", "started ", "ended the run came to its end", "read from /maelstrom/store/1",
			"note What n1 did is not known.", "files ",
		} {
			i := strings.Index(rest[last:], part)
			if i < 0 {
				t.Fatalf("%d columns: no %q after the part before it in:\n%s", columns, part, out.String())
			}
			last += i
		}
		if strings.Contains(rest, "Why:") || strings.Contains(rest, "seed") {
			t.Errorf("the story is told twice, or there is a seed:\n%s", out.String())
		}
	}
}

// A sentence is shown whole or not at all. One that says how much another
// explains is left out.
func TestWhyIsCutAtTheEndOfASentence(t *testing.T) {
	d := done{report.Run{
		Result: &maelstromtest.Result{}, Maelstrom: &report.Recording{},
		Story: &story.Story{
			Kind: "lost", Claims: []claim.Claim{nil, claim.Explains{}, nil, nil, nil},
			Sentences: []string{"One.", "That explains it.", strings.TrimSpace(strings.Repeat("two ", 20)), "Three.", "Four."},
		},
	}, &store{folder: "nowhere"}}
	for columns, want := range map[int]string{
		50: "Why: lost: One.\n     " + strings.Repeat("two ", 10) + "two\n     " + strings.Repeat("two ", 8) + "two\n     Three.\npage          ",
		29: "Why: lost: One.\npage          ",
	} {
		shown := &text{look: look{columns: columns}}
		shown.reason(d)
		if _, got, _ := strings.Cut(shown.String(), "\n"+"WRONG by Maelstrom's verdict.\n"); !strings.HasPrefix(got, want) {
			t.Errorf("%d columns:\n%s, not\n%s", columns, got, want)
		}
	}
}

func TestAnInterruptedWhyLeavesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	run := recorded(t, maelstromtest.Config{})
	entries, size := run.Entries, int64(0)
	w := &whyer{out: filepath.Join(t.TempDir(), "out"), bencher: bencher{progress: progress{screen: &screen{w: io.Discard}}}}
	run.Entries = func(do func(journal.Entry)) {
		entries(do)
		info, err := os.Stat(filepath.Join(w.out, report.MessagesFile))
		if err != nil {
			t.Error(err)
			return
		}
		size = info.Size()
		cancel()
	}
	code, err := w.run(ctx, func() (*maelstromstore.Run, error) { return run, nil })
	if code != interrupted || err != nil || size == 0 {
		t.Errorf("exit code %d, %v; %d bytes had been written", code, err, size)
	}
	if _, err := os.Stat(w.out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is left: %v", err)
	}
}

func TestAMessageThatCannotBeWrittenIsReported(t *testing.T) {
	run := recorded(t, maelstromtest.Config{})
	run.Entries = func(do func(journal.Entry)) {
		do(journal.Entry{What: journal.Sent, Body: journal.Raw("{")})
		do(journal.Entry{What: journal.Sent, Body: journal.Raw("{}")})
	}
	w := &whyer{out: filepath.Join(t.TempDir(), "out")}
	d, err := w.write(run)
	if err != nil || len(d.lost) == 0 || !strings.HasPrefix(d.lost[0].Error(), "cannot write each message: ") {
		t.Errorf("%v, lost: %v", err, d.lost)
	}
	if text, err := os.ReadFile(d.path(report.MessagesFile)); err != nil || strings.Count(string(text), "\n") != 1 {
		t.Errorf("%q, %v", text, err)
	}
}

// What is in a folder of somebody else's is left as it is. An earlier result is
// replaced.
func TestAFolderWithOtherFilesIsNotTouched(t *testing.T) {
	out := filepath.Join(t.TempDir(), "new", "out")
	w := &whyer{out: out}
	for _, name := range []string{"", report.StoryFile, "mine.txt"} {
		if name != "" {
			if err := os.WriteFile(filepath.Join(out, name), []byte("old"), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		_, err := w.makeStore()
		if want := fmt.Sprintf("-o %s is neither empty nor an earlier result: it has mine.txt", out); name == "mine.txt" && (err == nil || err.Error() != want) || name != "mine.txt" && err != nil {
			t.Errorf("with %q: %v", name, err)
		}
		_, err = os.Stat(filepath.Join(out, name))
		if there := err == nil; there != (name != report.StoryFile) {
			t.Errorf("%q is there: %v", name, there)
		}
	}
	w.out = filepath.Join(out, "mine.txt")
	if _, err := w.makeStore(); err == nil || !strings.HasPrefix(err.Error(), "cannot make a folder for the results: ") {
		t.Errorf("in a file: %v", err)
	}
}

// A crash is not an interruption: Maelstrom breaks off such a run.
func TestARunThatBrokeOffIsIncomplete(t *testing.T) {
	run := recorded(t, maelstromtest.Config{})
	run.Ended = "its JVM was killed"
	w := &whyer{directory: "/d"}
	if r := w.reported(run); !r.Interrupted || r.Maelstrom.Ended != run.Ended || r.Maelstrom.Directory != "/d" || !slices.Equal(r.Maelstrom.Notes, run.Notes) {
		t.Errorf("%+v", r)
	}
	run.Result.Checks[0] = verdict.NewCheck(verdict.NoCrash, "", []string{"n1 crashed"})
	if w.reported(run).Interrupted {
		t.Error("a crash is an interruption")
	}
}

func TestTheArgumentsOfWhyAreRead(t *testing.T) {
	t.Setenv("HOME", "/home/me")
	for args, want := range map[string]string{
		"":                                 "  eventual false false",
		"store/latest -o out":              "store/latest out eventual false false",
		"--json ~/store --open -- ":        "/home/me/store  eventual true true",
		"--consistency linearizable -- -x": "-x  linearizable false false",
		"-o ~/out ~you":                    "~you /home/me/out eventual false false",
		"a b":                              "there is more than one directory: a and b",
		"--consistency serial":             "unknown consistency",
		"--seed 3":                         "flag provided but not defined: -seed",
	} {
		w := &whyer{}
		err := w.parse(strings.Fields(args))
		got := fmt.Sprint(w.directory, " ", w.out, " ", w.Consistency, " ", w.json, " ", w.open)
		if err != nil {
			got = err.Error()
		}
		if got != want && !(err != nil && strings.HasPrefix(got, want)) {
			t.Errorf("%s: %q, not %q", args, got, want)
		}
	}
}

// What takes less than two seconds shows no progress.
func TestProgressIsShownFromTheThirdSecondOn(t *testing.T) {
	for _, test := range []struct {
		columns func() int
		took    time.Duration
		want    string
	}{
		{nil, 1900 * time.Millisecond, ""},
		{nil, 5500 * time.Millisecond, "  2 s  reading\n  4 s  reading\n"},
		{func() int { return 80 }, 3500 * time.Millisecond, "\r  2 s  reading\x1b[K\r  3 s  reading\x1b[K\r\x1b[K"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var out strings.Builder
			p := progress{screen: &screen{w: &out, columns: test.columns}}
			stop := p.during(func() string { return "reading" })
			time.Sleep(test.took)
			stop()
			if out.String() != test.want {
				t.Errorf("after %v: %q, not %q", test.took, out.String(), test.want)
			}
		})
	}
}
