package report

import (
	"html"
	"strconv"
	"strings"
	"testing"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromstore"
	"maelstrom-counter/internal/bench/maelstromstore/storetest"
	"maelstrom-counter/internal/bench/verdict"
)

// content is what Maelstrom's checkers say of a run with which nothing is
// wrong, except for those that are named: "stats false".
func content(but ...string) map[string]string {
	all := map[string]string{"workload": "true", "stats": "true", "availability": "true", "perf": "true", "timeline": "true"}
	for _, b := range but {
		checker, valid, _ := strings.Cut(b, " ")
		all[checker] = valid
	}
	return all
}

// recorded returns a run of the real Maelstrom with the verdict on the
// evidence.
func recorded(e verdict.Evidence, m maelstromstore.Recording) Run {
	run := judged(e)
	run.Command, run.Bin, run.Maelstrom = []string{"maelstrom", "test", "--rate", "3"}, "./node.py", &m
	return run
}

// What Maelstrom said is compared checker by checker, and nothing is said of
// why they differ that is not known.
func TestWhatMaelstromSaidIsCompared(t *testing.T) {
	for _, test := range []struct {
		change   func(*verdict.Evidence)
		valid    string
		checkers map[string]string
		want     string
	}{
		{nil, "true", content(), "Maelstrom itself said :valid? true. The bench agrees."},
		{lost, "false", content("workload false"), "Maelstrom itself said :valid? false, because :workload is false. The bench agrees."},
		{nil, "", nil, "Maelstrom's own verdict was not found (its JVM was killed)."},
		{old, "", nil, "Maelstrom's own verdict was not found (results.edn is missing or cannot be read)."},
		{nil, ":unknown", content("perf :unknown"), "Maelstrom itself said :valid? :unknown, because :perf is :unknown. The bench says true, although no checker that both have differs."},
		{lost, "true", content(), `Maelstrom itself said :valid? true. They differ: :workload is true, but the bench's check "final reads" is wrong.`},
		{nil, "false", content("stats false", "workload false"), "Maelstrom itself said :valid? false, because :stats is false and :workload is false. " +
			`They differ: :stats is false, but the bench's check "every kind succeeded" is ok; :workload is false, but the bench's check "final reads" is ok.`},
		{lost, "false", content("stats false", "workload false"), "Maelstrom itself said :valid? false, because :stats is false and :workload is false. " +
			`They differ: :stats is false, but the bench's check "every kind succeeded" is ok.`},
		{lost, ":unknown", content("workload :unknown"), "Maelstrom itself said :valid? :unknown, because :workload is :unknown. " +
			`They differ: :workload is :unknown, but the bench's check "final reads" is wrong.`},
		{unfinal, "true", content(), "Maelstrom itself said :valid? true. The bench agrees."}, // final reads were not checked
		{crashed, "true", content(), "Maelstrom itself said :valid? true. The bench says false, although no checker that both have differs."},
		{nil, "false", nil, "Maelstrom itself said :valid? false. The bench says true, although no checker that both have differs."},
	} {
		e := counted(verdict.Eventual, true)
		if test.change != nil {
			test.change(&e)
		}
		m := maelstromstore.Recording{Valid: test.valid, Checkers: test.checkers}
		if test.valid == "" && test.change == nil {
			m.Ended = "its JVM was killed"
		}
		if got := recorded(e, m).Said(); got != test.want {
			t.Errorf("said is\n%s, not\n%s", got, test.want)
		}
	}
}

// It is not known who ended a run of Maelstrom's early. Nor is it ever known
// whether its nodes started and ended as they should, but the run may be
// linearizable all the same.
func TestTheHeadlineOfARecordingClaimsWhatWasRecorded(t *testing.T) {
	const unknown = "starts and ends (it is not recorded)"
	run := recorded(counted(verdict.Eventual, false), maelstromstore.Recording{Ended: "its JVM was killed"})
	if got, want := run.Headline(), "As far as it went: RIGHT by Maelstrom's verdict, and linearizable."; got != want {
		t.Errorf("%q, not %q", got, want)
	}
	for _, test := range []struct {
		change func(*verdict.Evidence)
		want   string
	}{
		{nil, "RIGHT by Maelstrom's verdict, and linearizable. Not checked: " + unknown + "."},
		{early, "RIGHT by Maelstrom's verdict, and linearizable. Not checked: " + unknown + "; final reads (none was made)."},
		{old, "WRONG: not linearizable, though Maelstrom would call it valid."},
	} {
		e := counted(verdict.Linearizable, true)
		if test.change != nil {
			test.change(&e)
		}
		run := recorded(e, maelstromstore.Recording{Valid: "true"})
		for i, c := range run.Result.Checks {
			if c.Name == verdict.StartsAndEnds {
				run.Result.Checks[i] = verdict.Skipped(c.Name, "it is not recorded")
			}
		}
		got := run.Headline()
		if !strings.Contains(test.want, "Not checked") {
			got = strings.Replace(got, " Not checked: "+unknown+".", "", 1)
		}
		if got != test.want {
			t.Errorf("%q, not %q", got, test.want)
		}
	}
}

// The files of a run of Maelstrom's say where it came from, and nothing of the
// bench's own runs: neither a seed nor logs of nodes.
func TestTheFilesOfARecordingSayWhereItCameFrom(t *testing.T) {
	folder := t.TempDir()
	run := wrong(t)
	run.Bin, run.Command = "./node.py", []string{"maelstrom", "test", "--rate", "3"}
	run.Result.Faults, run.Result.Messages = sample().Result.Faults, 0
	run.Result.Config.Seed, run.Result.ServerMessages, run.Result.MessagesPerRequest = 0, 0, 0 // which are not known
	run.Maelstrom = &maelstromstore.Recording{
		Directory: "/home/me/store/g-counter/1", Ended: "it was interrupted", Valid: "false",
		Checkers: content("workload false"), Notes: []string{"When n1 died is not known."},
	}
	if err := NewJournal(folder, MaxMessages).Close(); err != nil {
		t.Fatal(err)
	}
	if err := Write(folder, run); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		PageFile: "<p>" + run.Said() + "</p>|a run of Maelstrom</p>|Note: When n1 died is not known.</p>|<dd>maelstrom test --rate 3</dd>|" +
			"<dd>it was interrupted</dd>|<dd>/home/me/store/g-counter/1</dd>|<dt>maelstrom</dt>",
		"results.json": `"maelstrom": {|"directory": "/home/me/store/g-counter/1"|"ended": "it was interrupted"|"valid": "false"|` +
			`"workload": "false"|"notes": [|"bench_version"|"start_s"`,
		"README.txt": "nodes of ./node.py, run by Maelstrom, started|" + run.Said() + "|read from /home/me/store|When n1 died is not known.|" +
			"version and machine of the bench that read the run.\n    \"maelstrom\" is what|\nmessages.jsonl\n    What Maelstrom recorded|\"full\" with \"missing\" is",
		"latency.svg": "requests/s asked for",
	} {
		text := read(t, folder, file)
		if file == PageFile {
			text = html.UnescapeString(text)
		}
		for part := range strings.SplitSeq(want, "|") {
			if !strings.Contains(text, part) {
				t.Errorf("%s has no %s", file, part)
			}
		}
		for _, unwanted := range []string{"seed", "node-logs", `"messages_in_flight": 0`, `"exits": null`, `"messages":`, "messages per request"} {
			if strings.Contains(text, unwanted) {
				t.Errorf("%s has %s", file, unwanted)
			}
		}
	}
}

// README.txt names the events that messages.jsonl can have. The real Maelstrom
// has fewer kinds of them: it has no faults but partitions, for example.
func TestTheReadmeNamesTheEventsOfARun(t *testing.T) {
	real := map[journal.What]bool{journal.ToStderr: true} // of a run with --log-stderr
	for name, dir := range storetest.RealRuns() {
		if name == "echo" { // another workload is not read
			continue
		}
		run, err := maelstromstore.Read(dir, maelstromstore.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		run.Entries(func(e journal.Entry) { real[e.What] = true })
	}
	ours, theirs := sample(), sample()
	theirs.Maelstrom = &maelstromstore.Recording{Directory: "store"}
	for what, virtual := range map[journal.What]bool{
		journal.Sent: false, journal.Received: false, journal.Lost: false, journal.Blocked: false, journal.IsLate: false,
		journal.Doubled: false, journal.Answered: false, journal.Killed: false, journal.Crashed: false, journal.Started: false,
		journal.Paused: false, journal.Resumed: false, journal.LinkCut: false, journal.LinkMends: false, journal.ToStderr: false,
		journal.Muted: false, journal.Unheard: false, journal.Pending: false, journal.Gap: false,
		journal.ClockSet: true, // the clock of a process cannot be set
	} {
		for _, readme := range []struct {
			of   string
			run  Run
			want bool
		}{{"the bench", ours, !virtual}, {"Maelstrom", theirs, real[what]}} {
			var text strings.Builder
			if err := readme.run.writeReadme(&text); err != nil {
				t.Fatal(err)
			}
			if named := strings.Contains(text.String(), strconv.Quote(string(what))); named != readme.want {
				t.Errorf("README.txt of a run of %s names %q: %v", readme.of, what, named)
			}
		}
	}
}
