package maelstromstore_test

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromstore"
	"maelstrom-counter/internal/bench/maelstromstore/storetest"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/story/storytest"
	"maelstrom-counter/internal/bench/verdict"
)

var update = flag.Bool("update", false, "rewrite testdata/runs.txt")

// read reads a run.
func read(t testing.TB, store fs.FS) (*maelstromstore.Run, []journal.Entry) {
	t.Helper()
	run, err := maelstromstore.Read(store, maelstromstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return run, entriesOf(run)
}

func entriesOf(run *maelstromstore.Run) (entries []journal.Entry) {
	run.Entries(func(e journal.Entry) { entries = append(entries, e) })
	return entries
}

// The real runs are read, and their stories are told, as they were when
// somebody compared them with the nodes' known faults.
func TestWhatIsToldOfRealRuns(t *testing.T) {
	runs := storetest.RealRuns()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(runs)) {
		fmt.Fprintf(&b, "-- %s --\n%s\n", name, describe(t, runs[name]))
	}
	const golden = "testdata/runs.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		t.Errorf("run go test -run %s ./internal/bench/maelstromstore -update, and read what git diff shows of %s", t.Name(), golden)
	}
}

// describe returns what is read of a run and what is told about it.
func describe(t *testing.T, store fs.FS) string {
	run, err := maelstromstore.Read(store, maelstromstore.Options{})
	if err != nil {
		return err.Error() + "\n"
	}
	entries := entriesOf(run)
	var b strings.Builder
	r := run.Result
	fmt.Fprintf(&b, "%s\n", strings.Join(run.Command, " "))
	fmt.Fprintf(&b, "bin %s, began %s, ended %q, %d bytes, %d events\n", run.Bin, run.Start.UTC().Format(time.DateTime), run.Ended, run.Bytes, run.Events)
	fmt.Fprintf(&b, "Maelstrom: %q %v; here: %v, right %v, cut off %v\n", run.Valid, run.Checkers, r.MaelstromValid, r.Right, r.Cut)
	fmt.Fprintf(&b, "%d requests, %d ok, %d refused, %d unknown, %.4f messages a request\n", r.Invoked, r.OK, r.Fail, r.Info, r.MessagesPerRequest)
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "%s: %s %s\n", c.Name, c.Status, c.Detail)
	}
	for _, note := range run.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	var checker storytest.Checker
	s, problems := checker.Check(r, entries)
	if s == nil && run.Ended != "" {
		problems = nil // nothing that is recorded tells why
	}
	for _, problem := range problems {
		t.Error(problem)
	}
	if s != nil {
		b.WriteString(s.Text())
	}
	return b.String()
}

// numbers matches what Maelstrom says in results.edn that can be compared.
var numbers = regexp.MustCompile(`(?s):stats \{:valid\? (\w+),\s+:count (\d+),\s+:ok-count (\d+),\s+:fail-count 0,\s+:info-count (\d+)` +
	`.* :net \{:all \{:send-count (\d+),\s+:recv-count (\d+)` +
	`.* :servers \{:send-count (\d+),\s+:recv-count (\d+),.*?:msgs-per-op ([0-9.]+)` +
	`.* :workload \{:valid\? (\w+).*?:final-reads \(([0-9 ]*)\).* :valid\? (\w+)\}`)

// The numbers that Maelstrom gives in results.edn are those of what was read.
func TestNumbersAreMaelstroms(t *testing.T) {
	compared := 0
	for name, store := range storetest.RealRuns() {
		results, err := fs.ReadFile(store, "results.edn")
		says := numbers.FindStringSubmatch(string(results))
		if err != nil || says == nil { // broken off, or another workload
			continue
		}
		compared++
		run, entries := read(t, store)
		r, all, servers := run.Result, 0, 0
		for _, e := range entries {
			if e.What == journal.Received {
				all++
				if !strings.HasPrefix(e.Src, "c") && !strings.HasPrefix(e.Dest, "c") {
					servers++
				}
			}
		}
		valid := func(check string) bool { return r.Check(check).Status != maelstromtest.Wrong }
		var finals []string
		for _, value := range r.Facts.(verdict.CounterFacts).FinalReads {
			finals = append(finals, fmt.Sprint(value))
		}
		got := []string{fmt.Sprint(valid(verdict.EveryKind)), fmt.Sprint(r.Invoked), fmt.Sprint(r.OK), fmt.Sprint(r.Fail + r.Info),
			fmt.Sprint(r.Messages), fmt.Sprint(all), fmt.Sprint(r.ServerMessages), fmt.Sprint(servers),
			fmt.Sprint(float32(r.MessagesPerRequest)), fmt.Sprint(valid(verdict.FinalReads)), sorted(finals), fmt.Sprint(r.MaelstromValid)}
		says[9], says[11] = strings.TrimSuffix(says[9], ".0"), sorted(strings.Fields(says[11]))
		if want := says[1:]; !slices.Equal(got, want) {
			t.Errorf("%s: read %s, want %s", name, got, want)
		}
		if run.Valid != says[12] || run.Checkers["stats"] != says[1] || run.Checkers["workload"] != says[10] {
			t.Errorf("%s: Maelstrom's verdict was read as %s, %v", name, run.Valid, run.Checkers)
		}
	}
	if compared != 13 {
		t.Errorf("%d runs have numbers", compared)
	}
}

func sorted(numbers []string) string {
	slices.Sort(numbers)
	return strings.Join(numbers, " ")
}
