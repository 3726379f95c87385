package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
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

func TestEveryFileIsWrittenAndExplained(t *testing.T) {
	folder := t.TempDir()
	if err := Write(folder, sample()); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 6 {
		t.Fatalf("files %v, %v", entries, err)
	}
	text := read(t, folder, "README.txt")
	for _, e := range entries {
		if name := e.Name(); name != "README.txt" && !bytes.Contains(text, []byte("\n"+name+"\n    ")) {
			t.Errorf("README.txt does not explain %s:\n%s", name, text)
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
	if len(read(t, folder, "history.jsonl")) == 0 || len(read(t, folder, "rate.svg")) == 0 {
		t.Error("the other files are empty")
	}
}

// Each number has a unit at the end of its name, unless it counts something.
func TestNumbersInTheResultsHaveUnits(t *testing.T) {
	var text bytes.Buffer
	run := sample()
	run.Thresholds = Thresholds{MaxP99: 50 * ms, MinOK: 99}
	if err := run.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	counts := strings.Fields(`all between_servers between_servers_per_request doubled doubled_apart messages_in_flight made ok refused unknown no_answer answered_too_late
		cpus nodes workers seed limit actual sufficient_workers index read n1 n2`)
	unit := regexp.MustCompile(`_(ms|s|percent)$`)
	var walk func(name string, v any)
	walk = func(name string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, v := range v {
				walk(name, v)
			}
		case []any:
			for _, v := range v {
				walk("index", v)
			}
		case float64:
			if !unit.MatchString(name) && !strings.Contains(" "+strings.Join(counts, " ")+" ", " "+name+" ") {
				t.Errorf("%s is %v, without a unit in its name", name, v)
			}
		}
	}
	var all map[string]any
	if err := json.Unmarshal(text.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	walk("", all)
	var got struct {
		Passed, Right bool
		Run           struct {
			Command []string
			Start   string
			Seed    int
		}
		Latency struct {
			All struct {
				P99MS float64 `json:"p99_ms"`
			}
		}
		Events struct {
			Faults []struct {
				EndS float64 `json:"end_s"`
			}
		}
		Config struct {
			FarFactor map[string]float64 `json:"far_factor"`
		}
		Thresholds []struct{ Met bool }
	}
	if err := json.Unmarshal(text.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if far := got.Config.FarFactor; len(far) != 2 || far["n1"] != 0.5 || far["n2"] != 4 {
		t.Errorf("far nodes %v", far)
	}
	if !got.Right || got.Passed || got.Run.Start != "2026-01-02T03:04:05Z" || got.Run.Seed != 9 || len(got.Run.Command) != 3 ||
		got.Latency.All.P99MS != 20 || got.Events.Faults[1].EndS != 14 || !got.Thresholds[0].Met || got.Thresholds[1].Met {
		t.Errorf("%+v", got)
	}
}

func TestTheHistoryDistinguishesErrorZeroFromNoAnswer(t *testing.T) {
	var text bytes.Buffer
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

func TestTheJournalIsBounded(t *testing.T) {
	folder := t.TempDir()
	j := NewJournal(folder, 10)
	for _, line := range []string{"1234\n", "123456789\n", "1\n"} {
		if n, err := j.Write([]byte(line)); n != len(line) || err != nil {
			t.Errorf("%q: %d, %v", line, n, err)
		}
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	want := "1234\n{\"what\":\"full\",\"text\":\"lines left out, as the file is full at 10 bytes: 2\"}\n"
	if got := read(t, folder, MessagesFile); string(got) != want {
		t.Errorf("%q, not %q", got, want)
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

func read(t *testing.T, folder, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Error(err)
	}
	return data
}
