package report

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

const ms = time.Millisecond

// sample returns a run of three requests a second for 4 s by one worker, under
// every fault. Its last two requests fail. A final read follows.
func sample() Run {
	r := &maelstromtest.Result{
		Workload: "g-counter", Elapsed: 14 * time.Second,
		Config: maelstromtest.Config{
			Nodes: 3, Concurrency: 1, Rate: 3, TimeLimit: 4 * time.Second, Latency: 5 * ms, LatencyDist: maelstromtest.Uniform,
			Far: map[string]float64{"n2": 4, "n1": 0.5}, Recovery: 10 * time.Second, ClientTimeout: 5 * time.Second, NemesisInterval: 10 * time.Second, Seed: 9,
			Consistency: maelstromtest.Linearizable,
		},
		Verdict: maelstromtest.Verdict{
			Right: true, MaelstromValid: true,
			Checks: []maelstromtest.Check{{Name: "final reads", Status: maelstromtest.Passed, Maelstrom: true}, {Name: "linearizable", Status: maelstromtest.Passed}},
			Facts:  maelstromtest.CounterFacts{FinalReads: []int64{1}, OutOfOrder: []maelstromtest.Violation{{Index: 3, Read: 1, Why: "test"}}},
		},
	}
	for i := range 12 {
		at := time.Duration(i) * time.Second / 3
		op := maelstromtest.Op{F: "read", Node: "n0", Client: "c3", Value: int64(1), Invoke: at, Complete: at + 20*ms, Outcome: maelstromtest.OK}
		if i%3 == 0 {
			op.F = "add"
		}
		r.History = append(r.History, op)
	}
	zero, none := &r.History[10], &r.History[11]
	zero.Outcome, zero.Error, zero.Text = maelstromtest.Info, true, "who knows"
	none.Outcome, none.Text = maelstromtest.Info, maelstromtest.ErrTimeout.Error()
	r.History = append(r.History, maelstromtest.Op{
		F: "read", Node: "n0", Value: int64(1), Invoke: 14 * time.Second, Complete: 14 * time.Second, Outcome: maelstromtest.OK, Final: true,
	})
	r.Invoked, r.OK, r.Info, r.Availability = 13, 11, 2, 11./13
	r.Latency = maelstromtest.Quantiles{P50: 20 * ms, P95: 20 * ms, P99: 20 * ms, Max: 20 * ms}
	r.LatencyByKind = map[string]maelstromtest.Quantiles{"read": r.Latency}
	for i, f := range maelstromtest.AllFaults() {
		start := time.Duration(i) * 100 * ms
		r.Faults = append(r.Faults,
			maelstromtest.FaultRecord{Fault: f.String(), Detail: "n1", Start: start, Stop: start + time.Second},
			maelstromtest.FaultRecord{Fault: f.String(), Detail: "n2", Start: start + 2*time.Second, Stop: -1})
	}
	return Run{Result: r, Command: []string{"bench", "--rate", "3"}, Bin: "/bin/node", Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

// The story of an earlier run would be taken for that of the one that was
// written last.
func TestNoStoryOfAnEarlierRunIsLeft(t *testing.T) {
	folder := t.TempDir()
	for i, run := range []Run{wrong(t), sample()} {
		if err := Write(folder, run); err != nil {
			t.Fatal(err)
		}
		stories, err := filepath.Glob(filepath.Join(folder, "story.*"))
		if want := 2 - 2*i; len(stories) != want || err != nil {
			t.Errorf("run %d has %v, %v", i, stories, err)
		}
	}
}

func TestEveryFileIsWrittenAndExplained(t *testing.T) {
	folder := t.TempDir()
	if err := Write(folder, wrong(t)); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 8 {
		t.Errorf("files %v, %v", entries, err)
	}
	for _, unwanted := range []string{PageFile, "node-logs/"} {
		if strings.Contains(read(t, folder, PageFile), `<a href="`+unwanted+`"`) {
			t.Errorf("the page leads to %s", unwanted)
		}
	}
	for _, e := range entries {
		name := e.Name()
		if name != "README.txt" && !strings.Contains(read(t, folder, "README.txt"), "\n"+name+"\n    ") {
			t.Errorf("README.txt does not explain %s", name)
		}
		if name != PageFile && !strings.Contains(read(t, folder, PageFile), `<a href="`+name+`"`) {
			t.Errorf("the page does not lead to %s", name)
		}
	}
}

func TestAFileThatCannotBeWrittenDoesNotHinderTheOthers(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"latency.svg", "results.json"} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	err := Write(folder, sample())
	want := "cannot write results.json: is a directory\ncannot write latency.svg: is a directory"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, not %s", err, want)
	}
	for _, name := range []string{PageFile, "README.txt"} {
		text := read(t, folder, name)
		for file, named := range map[string]bool{"results.json": false, "latency.svg": false, MessagesFile: false, "rate.svg": true, "history.jsonl": true} {
			listed := strings.Contains(text, "\n"+file+"\n    ") || strings.Contains(text, `href="`+file+`"`)
			if listed != named {
				t.Errorf("%s names %s: %v", name, file, listed)
			}
		}
	}
	if read(t, folder, "history.jsonl") == "" || read(t, folder, "rate.svg") == "" {
		t.Error("the other files are empty")
	}
}

// Each number has a unit at the end of its name, unless it counts something.
func TestNumbersInTheResultsHaveUnits(t *testing.T) {
	var text strings.Builder
	run := sample()
	run.Thresholds = Thresholds{MaxP99: 50 * ms, MinOK: 99}
	if err := run.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	counts := strings.Fields(`all between_servers between_servers_per_request doubled doubled_apart messages_in_flight
		made ok refused unknown no_answer answered_too_late cpus nodes workers seed limit actual sufficient_workers index read n1 n2`)
	for _, match := range regexp.MustCompile(`"(\w+)": [-0-9]`).FindAllStringSubmatch(text.String(), -1) {
		if name := match[1]; !regexp.MustCompile(`_(ms|s|percent)$`).MatchString(name) && !slices.Contains(counts, name) {
			t.Errorf("%s has no unit in its name", name)
		}
	}
	for _, want := range []string{
		`"passed": false`, `"right": true`, `"start": "2026-01-02T03:04:05Z"`, `"seed": 9`, `"--rate"`, `"n1": 0.5`, `"n2": 4`,
		`"p99_ms": 20`, `"end_s": 14`, `"name": "max_p99_ms"`, `"met": true`, `"name": "min_ok_percent"`, `"met": false`,
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %s in:\n%s", want, &text)
		}
	}
}

func TestTheHistoryDistinguishesErrorZeroFromNoAnswer(t *testing.T) {
	var text strings.Builder
	run := sample()
	if err := run.writeHistory(&text); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	if len(lines) != 13 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, want := range map[int]string{
		3:  `{"index":3,"kind":"add","value":1,"outcome":"ok","node":"n0","worker":0,"client":"c3","invoke_ms":1000,"complete_ms":1020,"latency_ms":20}`,
		10: `"latency_ms":20,"error_code":0,"why":"who knows"}`,
		11: `"latency_ms":20,"why":"no answer in time"}`,
		12: `"final":true}`,
	} {
		if !strings.HasSuffix(lines[i], want) {
			t.Errorf("op %d is %s, not %s", i, lines[i], want)
		}
	}
	for i, want := range map[int]string{10: "the node answered error 0: who knows", 11: "no answer within 5 s"} {
		if got := Why(run.Result.History[i], run.Result); got != want {
			t.Errorf("op %d: %s, not %s", i, got, want)
		}
	}
}

func TestAJournalThatCannotBeWrittenSaysSoAtTheEnd(t *testing.T) {
	j := NewJournal(filepath.Join(t.TempDir(), "nowhere"), 10)
	if n, err := j.Write([]byte("1\n")); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if err := j.Close(); err == nil || err.Error() != "cannot write messages.jsonl: no such file or directory" {
		t.Error(err)
	}
}

func read(t *testing.T, folder, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Error(err)
	}
	return string(data)
}
