package maelstromstore

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/verdict"
)

func TestARunIsFoundBelowADirectory(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	at := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	for i, name := range []string{"1", "3", "2"} { // the second is the newest
		if err := os.MkdirAll(at("store", "g-counter", name), 0o755); err != nil {
			t.Fatal(err)
		}
		log := at("store", "g-counter", name, "jepsen.log")
		if err := os.WriteFile(log, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		when := time.Unix(int64(1000+i%2), 0)
		if err := os.Chtimes(log, when, when); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("g-counter/2", at("store", "latest")); err != nil {
		t.Fatal(err)
	}
	lone, newest := at("lone"), at("store", "g-counter", "3")
	if err := os.Mkdir(lone, 0o755); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		newest:                        newest,
		at("store", "g-counter", "1"): at("store", "g-counter", "1"),
		at("store", "latest"):         at("store", "g-counter", "2"),
		at("store", "g-counter"):      newest,
		at("store"):                   at("store", "g-counter", "2"), // a link is nearer than the runs
	} {
		if got, err := Find(path); err != nil || got != want {
			t.Errorf("%s: found %q, %v; want %q", path, got, err, want)
		}
	}
	if err := os.Remove(at("store", "latest")); err != nil {
		t.Fatal(err)
	}
	if got, err := Find(at("store")); err != nil || got != newest {
		t.Errorf("without a link: found %q, %v; want %q", got, err, newest)
	}
	for path, want := range map[string]string{
		lone:         lone + " is not the directory of a Maelstrom run, and does not contain one: there is no jepsen.log",
		at("absent"): "cannot read " + at("absent") + ": no such file or directory",
	} {
		if got, err := Find(path); got != "" || err == nil || err.Error() != want {
			t.Errorf("%s: found %q, %v; want %s", path, got, err, want)
		}
	}
}

func TestWhatIsNotARun(t *testing.T) {
	test := func(test ...string) fstest.MapFS {
		lines := append([]string{"00,000 INFO jepsen test runner|Running test:"}, test...)
		return fstest.MapFS{"jepsen.log": {Data: []byte(textOf(lines...))}}
	}
	const nothing = "jepsen.log does not say what was run"
	for _, c := range []struct {
		store fstest.MapFS
		want  string
	}{
		{fstest.MapFS{}, "it is not the directory of a Maelstrom run: there is no jepsen.log"},
		{test("{:workload :g-counter", ` :nodes ["n0"]}`), nothing},
		{test("{:workload :g-counter", " :concurrency 1}"), nothing},
		{test(`{:nodes ["n0"]`, " :concurrency 1}"), nothing},
		{test("{:workload :echo", ` :nodes ["n0"]`, " :concurrency 1}"), "it is a run of the workload echo, and only runs of g-counter can be read"},
	} {
		if _, err := Read(c.store, Options{}); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	_, err := Read(lockedFS{test(), "jepsen.log"}, Options{})
	if err == nil || err.Error() != "open jepsen.log: permission denied" {
		t.Errorf("a log that cannot be opened: %v", err)
	}
}

// Up to the first request, each message of init may lack one end. Otherwise the
// events count up to the first that is missing.
func TestHowMuchOfTheJournalCounts(t *testing.T) {
	begin := []string{"0 send 1 c0 n0 init", "1 recv 1", "2 send 2 n0 c0 init_ok", "3 recv 2",
		"4 send 3 c1 n0 add", "5 recv 3", "6 send 4 n0 c1 add_ok", "7 recv 4"}
	but := func(out ...string) (lines []string) {
		text := strings.Join(begin, "|")
		for i := 0; i < len(out); i += 2 {
			text = strings.Replace(text, out[i], out[i+1], 1)
		}
		for line := range strings.SplitSeq(text, "|") {
			if line != "" {
				lines = append(lines, line)
			}
		}
		return lines
	}
	for _, test := range []struct {
		name       string
		lines      []string
		missing    map[int]int // by event, how many before it
		open, done bool
		whole      int
		ended      bool
	}{
		{"all", begin, nil, false, true, 8, true},
		{"a file that was cut off", begin, nil, true, true, 8, false},
		{"a run that was cut off", begin, nil, false, false, 8, false},
		{"no receipt of init_ok", but("3 recv 2|", ""), map[int]int{3: 1}, false, true, 7, true},
		{"no sending of init", but("0 send 1 c0 n0 init|1 recv 1", "1 recv 1 c0 n0 init"), map[int]int{0: 1}, false, true, 7, true},
		{"halves of both", but("1 recv 1|", "", "3 recv 2|", ""), map[int]int{1: 1, 2: 1}, false, true, 6, true},
		{"a node's message before", but("2 send 2", "2 send 9 n0 n1 x|2 recv 9|2 send 2", "3 recv 2|", ""), map[int]int{5: 1}, false, true, 9, true},
		{"more than that", but("1 recv 1|", ""), map[int]int{0: 1, 1: 1}, false, true, 1, false},
		{"no end of init", but(), map[int]int{2: 1}, false, true, 2, false},
		{"a node's message on its way", but("2 send 2", "2 send 9 n0 n1 x|2 send 2"), map[int]int{3: 1}, false, true, 3, false},
		{"a request on its way", but("5 recv 3|", ""), map[int]int{5: 1}, false, true, 5, false},
		{"after the request, if init lacks one", but("3 recv 2|", ""), map[int]int{5: 1}, false, true, 5, false},
		{"just before the request", but("3 recv 2|", ""), map[int]int{3: 1, 4: 1}, false, true, 4, false},
	} {
		r := journalOf(test.lines...)
		events := r.events
		for i, n := range test.missing {
			events[i].missing = n
		}
		r.log.done, r.events = test.done, nil
		r.take(&netJournal{events: events, open: test.open, bytes: 77, notes: []string{"a note"}})
		if len(r.events) != test.whole || r.ended != test.ended {
			t.Errorf("%s: %d events, ended %v", test.name, len(r.events), r.ended)
		}
		if r.Bytes != 77 || r.Events != len(events) || fmt.Sprint(r.Notes) != "[a note]" {
			t.Errorf("%s: %d bytes, %d events, notes %q", test.name, r.Bytes, r.Events, r.Notes)
		}
	}
}

func TestWhatANodeHasReceivedLast(t *testing.T) {
	r := journalOf("0 send 1 n0 n1 x", "1 send 2 n0 n1 x", "2 send 3 n0 n2 x", "3 recv 2", "4 recv 1", "5 recv 3", "6 send 4 n0 n1 x")
	r.take(&netJournal{events: r.events})
	if got := fmt.Sprint(r.latest); got != "map[n1:2 n2:3]" {
		t.Error(got)
	}
}

func TestTheConfigurationOfARun(t *testing.T) {
	r := &reader{log: logOf(`01,000 INFO jepsen test runner|Running test:`, `{:args ["-a"]`, ` :concurrency 20`, ` :rate 60.5`,
		` :argv ("test" "--nemesis" "partition")`, ` :nodes ["n0" "n1"]`, ` :latency {:mean 20, :dist :uniform}`, ` :nemesis-interval 7`, ` :availability 0.75`,
		` :workload :g-counter`, ` :time-limit 4}`)}
	r.configure(verdict.Linearizable)
	want := maelstromtest.Config{
		Workload: maelstromtest.GCounter{}, Nodes: 2, Concurrency: 20, Rate: 60.5, TimeLimit: 4 * time.Second, Latency: 20 * ms,
		LatencyDist: maelstromtest.Uniform, Nemesis: maelstromtest.MustNemesis("partition"), NemesisInterval: 7 * time.Second,
		Recovery: 10 * time.Second, ClientTimeout: 5 * time.Second, Consistency: verdict.Linearizable, Availability: 0.75, Args: []string{"-a"},
	}
	if !reflect.DeepEqual(r.cfg, want) {
		t.Errorf("%+v, want %+v", r.cfg, want)
	}
	for text, want := range map[string]float64{"": 0, "nil": 0, ":total": 1} {
		r := &reader{log: &runLog{settings: settings{Availability: []byte(text)}}}
		if r.configure(verdict.Eventual); r.cfg.Availability != want || r.cfg.Nemesis != nil {
			t.Errorf("%q: %+v", text, r.cfg)
		}
		if e := r.evidence(nil); e.Availability != want || e.Consistency != verdict.Eventual {
			t.Errorf("%q: %+v", text, e)
		}
	}
}

func TestWhatNodesWroteToStderr(t *testing.T) {
	r := journalOf()
	long := strings.Repeat("x", maxStderr)
	r.placeLives(fstest.MapFS{
		"node-logs/n0.log": {Data: []byte("\xff" + long)}, "node-logs/n1.log": {}, "node-logs/n2.log": {Data: []byte("y")},
	})
	if got := r.log.lives.Stderr; !reflect.DeepEqual(got, map[string]string{"n0": long}) {
		t.Errorf("%d nodes, %d bytes", len(got), len(got["n0"]))
	}
	r.placeLives(fstest.MapFS{"node-logs/n0.log": {Data: []byte("a\xff\xfeb")}, "node-logs/n1.log": {Data: []byte("y")}})
	if got := r.log.lives.Stderr; got["n0"] != "ab" || got["n1"] != "y" {
		t.Errorf("%q", got)
	}
}

func TestWhatTheVerdictRestsOn(t *testing.T) {
	r := &reader{log: &runLog{}, coarse: 2, origin: origin}
	m := &message{src: "n0", dest: "c5", inReplyTo: "3", body: journal.Raw(`{"a":1}`)}
	r.strays = []stray{{m, origin + 7*ms, false}, {m, origin + 8*ms, true}}
	e := r.evidence(nil)
	if want := []verdict.Failure{
		{Check: verdict.WellFormed, Text: `at 7.0 ms: n0 sent c5 a reply to none of its requests: {"a":1}`},
		{Check: verdict.WellFormed, Text: `at 8.0 ms: n0 answered request 3 of c5, which had been answered: {"a":1}`},
	}; !reflect.DeepEqual(e.Failures, want) {
		t.Errorf("failures %q, want %q", e.Failures, want)
	}
	const coarse = "the times of 2 requests are known to milliseconds only"
	if want := map[string]string{
		verdict.StartsAndEnds: "Maelstrom kills its nodes at the end", verdict.ReadsInOrder: coarse, verdict.IsLinearizable: coarse,
		verdict.NoCrash: "Maelstrom checks this when it stops the nodes", verdict.WellFormed: "not all messages are recorded",
	}; !reflect.DeepEqual(e.Unknown, want) || e.Complete {
		t.Errorf("unknown %q, want %q", e.Unknown, want)
	}
	r = &reader{ended: true, log: &runLog{done: true, stopped: true}}
	r.log.lives.Mutes = []verdict.Mute{{Node: "n0"}}
	if e := r.evidence([]verdict.Op{{F: "read"}}); len(e.Unknown) != 1 || !e.Complete || len(e.Mutes) != 1 || len(e.History) != 1 {
		t.Errorf("%+v", e)
	}
}

func TestTrafficAndFaults(t *testing.T) {
	r := journalOf("0 recv 1 c0 n0 init", "1 send 2 c1 n0 add", "2 recv 2", "3 send 3 n0 seq-kv read", "4 recv 3",
		"5 send 4 n0 n1 x", "6 send 5 n0 c1 add_ok")
	if got, want := r.traffic(), (maelstromtest.Traffic{Messages: 5, ServerMessages: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	r.log.cuts = []cut{cutOf(1, 2), cutOf(3, -1)}
	if got := r.faults(); len(got) != 2 || got[1] != r.log.cuts[1].FaultRecord {
		t.Errorf("%+v", got)
	}
}

func TestMaelstromsOwnVerdict(t *testing.T) {
	for _, test := range []struct {
		text, valid string
		checkers    map[string]string
	}{
		{
			`{:stats {:valid? true, :count 3}, :perf {:count 3}, :count 5, :workload {:valid? :unknown}, :valid? false}`,
			"false", map[string]string{"stats": "true", "workload": ":unknown"},
		},
		{"{:valid? tru", "", nil},
		{"[1 2]", "", nil},
		{"", "", nil}, // as if there were no results
	} {
		r := &reader{Run: &Run{}}
		r.readResults(fstest.MapFS{"results.edn": {Data: []byte(test.text)}})
		if r.Valid != test.valid || !reflect.DeepEqual(r.Checkers, test.checkers) {
			t.Errorf("%s: %q, %q", test.text, r.Valid, r.Checkers)
		}
	}
}
