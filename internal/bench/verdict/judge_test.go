package verdict

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// unanswered returns a request that was given up.
func unanswered(op Op) Op {
	op.Outcome, op.Unanswered, op.Text = Info, true, "no answer in time"
	return op
}

// malformed returns a request whose answer was bad.
func malformed(op Op, why string) Op {
	op.Outcome, op.Malformed, op.Text = Info, true, why
	return op
}

func of(node string, op Op) Op {
	op.Node = node
	return op
}

// fine is a history with which nothing is wrong.
func fine() []Op { return []Op{add(2, 0, 5, OK), read(2, 6, 7), finalRead(2)} }

// Each thing that can be wrong is found by one check, and said in one line for
// each kind. Maelstrom's own checks decide, and no others, unless the nodes
// promise more.
func TestWhatIsWrongIsFoundAndDecidesIfItShould(t *testing.T) {
	const ms = time.Millisecond
	history := func(more ...Op) func(*Evidence) {
		return func(e *Evidence) { e.History = append(more, e.History...) }
	}
	fails := func(check string, texts ...string) func(*Evidence) {
		return func(e *Evidence) {
			e.Failures = append(e.Failures, Failure{"another check", "which does not matter"})
			for _, text := range texts {
				e.Failures = append(e.Failures, Failure{check, text})
			}
		}
	}
	for name, test := range map[string]struct {
		change func(*Evidence)
		check  string
		want   string // the detail and the findings
		valid  bool   // by Maelstrom
		right  bool   // if Eventual is promised
	}{
		"a crash": {func(e *Evidence) {
			e.Crashes = []Crash{{"n1", 2310 * ms, "exit status 3", "out", "err", false}, {"n0", 2400 * ms, "why", "", "", false}}
		}, NoCrash, "n1 crashed at 2.31 s, and Maelstrom breaks off such a run without results" +
			"|n1 crashed at 2.31 s: exit status 3\nstdout:\nout\nstderr:\nerr|n0 crashed at 2.40 s: why\nstdout:\n\nstderr:\n", false, false},
		"a crash that nobody saw": {func(e *Evidence) {
			e.Crashes, e.Unknown = []Crash{{"n1", 2310 * ms, "exit status 3", "out", "err", true}}, map[string]string{NoCrash: "but it is"}
			e.Crashes = append(e.Crashes, Crash{Node: "n2", At: -1, Why: "why", Unseen: true})
		}, NoCrash, "n1 ended some time after 2.31 s, and Maelstrom breaks off such a run without results" +
			"|n1 ended some time after 2.31 s: exit status 3\nstdout:\nout\nstderr:\nerr|n2 ended at a time that is not recorded: why\nstdout:\n\nstderr:\n", false, false},
		"lines that are no messages": {func(e *Evidence) {
			e.Mutes = []Mute{{"n1", 0, 17 * ms, "hello", "not JSON"}, {"n0", 0, 18 * ms, `{"src":"n0"}`, "no dest"},
				{"n1", 1, 19 * ms, "again", "not JSON"}, {"n2", 0, -20 * ms, " ", "a blank line"}}
		}, OnlyMessages, "Maelstrom stopped listening to n1, n0 and n2" +
			"|n1 became mute at 17 ms, when it printed a line that Maelstrom does not accept (not JSON): hello (use stderr for logs) (and 1 more like it)" +
			`|n0 became mute at 18 ms, when it printed a line that Maelstrom does not accept (no dest): {"src":"n0"}` +
			"|n2 became mute before the first request, when it printed a line that Maelstrom does not accept (a blank line)", true, true},
		"a start that failed": {fails(StartsAndEnds, "at 1.00 s: n1 did not start", "at 2.00 s: n2 did not start", "another thing"),
			StartsAndEnds, "3 starts or ends of nodes failed|at 1.00 s: n1 did not start (and 1 more like it)|another thing", true, true},
		"a disturbed run": {fails(RunComplete, "the disk is full"), RunComplete, "the disk is full|the disk is full", true, false},
		"bad answers": {history(malformed(of("n1", add(3, 17, 18, OK)), "add_ok has a field \"value\": 7"),
			malformed(of("n1", add(4, 20, 21, OK)), "add_ok has a field \"value\": 9"), malformed(of("n1", read(0, 22, 23)), "add_ok has a field \"value\": 9"),
			malformed(of("n2", finalRead(7)), "read_ok has no value")),
			WellFormed, "4 bad answers" +
				"|n1 gave 2 bad answers; the first, to the add of 3 made at 17 ms: add_ok has a field \"value\": 7" +
				"|n1 gave a bad answer to the read made at 22 ms: add_ok has a field \"value\": 9" +
				"|n2 gave a bad answer to the final read: read_ok has no value", true, true},
		"answers to nothing": {fails(WellFormed, "n1 answered twice"), WellFormed, "1 bad answer|n1 answered twice", true, true},
		"requests without an answer": {history(unanswered(of("n1", add(3, 17, 5017, OK))), unanswered(of("n0", read(0, 18, 5018))), unanswered(of("n1", read(0, 19, 5019)))),
			LiveAnswers, "nodes that were up left 3 of 6 requests unanswered" +
				"|n1 gave no answer in time to 2 requests (the first: the add of 3 made at 17 ms)|n0 gave no answer in time to the read made at 18 ms", true, true},
		"answers that nobody listened to": {func(e *Evidence) {
			history(unanswered(of("n1", read(0, 10, 5010))), unanswered(of("n1", read(0, 17, 5017))), unanswered(of("n1", read(0, 18, 5018))), unanswered(of("n0", read(0, 19, 5019))))(e)
			e.Mutes = []Mute{{Node: "n1", At: 5017 * ms}, {Node: "n2"}}
		}, LiveAnswers, "nodes that were up left 4 of 7 requests unanswered|n1 gave no answer in time to the read made at 10 ms" +
			"|no answer from n1 was heard in time to 2 requests (the first: the read made at 17 ms)|n0 gave no answer in time to the read made at 19 ms", true, true},
		"a final read without an answer": {history(unanswered(of("n2", finalRead(0)))), LiveAnswers,
			"nodes that were up left 1 of 4 requests unanswered|n2 gave no answer in time to the final read", true, true},
		"nothing asked":          {func(e *Evidence) { e.History, e.Idle = nil, "the rate is 0" }, SomeAnswered, "nothing was asked: the rate is 0|nothing was asked: the rate is 0", true, false},
		"nothing asked, unknown": {func(e *Evidence) { e.History = nil }, SomeAnswered, "nothing was asked|nothing was asked", true, false},
		"nothing answered": {func(e *Evidence) { e.History = []Op{unanswered(add(1, 0, 5, OK)), unanswered(add(1, 6, 7, OK))} },
			SomeAnswered, "none of 2 requests was answered|none of 2 requests was answered", false, false},
		"no final read answered": {func(e *Evidence) { e.History[2] = failing(e.History[2]) }, SomeAnswered,
			"none of 1 final request succeeded|none of 1 final request succeeded", true, true},
		"no add succeeded": {func(e *Evidence) {
			e.History[0].Outcome, e.History[1].Value, e.History[2].Value = Fail, int64(0), int64(0)
		},
			EveryKind, "no add succeeded|no add succeeded", false, false},
		"nothing succeeded": {func(e *Evidence) { e.History = []Op{read(0, 0, 1), add(1, 1, 2, Info)}; e.History[0].Outcome = Fail },
			EveryKind, "no add and no read succeeded|no add and no read succeeded", false, false},
		"too few": {func(e *Evidence) { history(unanswered(of("n1", add(3, 17, 5017, OK))))(e); e.Availability = 0.9 },
			Available, "3 of 4 requests were answered ok, and 90 % were demanded|3 of 4 requests were answered ok, and 90 % were demanded", false, false},
		"a wrong final read": {func(e *Evidence) { e.History[2].Value = int64(7) }, FinalReads,
			"1 of 1 final read is wrong; the first is 7, not 2|the final read of n1 is 7, not 2", false, false},
		"an old read": {func(e *Evidence) { e.History[1].Value = int64(0) }, ReadsInOrder, "1 of 2 reads is out of order" +
			"|the read made to n1 at 6.0 ms (op 1) returned 0 instead of 2: less than had been acknowledged", true, true},
	} {
		e := Evidence{History: fine(), Complete: true, Consistency: Eventual}
		test.change(&e)
		v := Judge(e, counter{})
		c := v.Check(test.check)
		if got := strings.Join(append([]string{c.Detail}, c.Findings...), "|"); got != test.want || c.Status != Wrong || c.Explanation == "" {
			t.Errorf("%s: %+v\nwant %s", name, c, test.want)
		}
		if v.MaelstromValid != test.valid || v.Right != test.right || v.Cut || c.Decides && test.right || c.Maelstrom && test.valid {
			t.Errorf("%s: valid %v, right %v, cut %v; %+v", name, v.MaelstromValid, v.Right, v.Cut, c)
		}
		e.Consistency = Linearizable
		if strict := Judge(e, counter{}); strict.Right || strict.MaelstromValid != test.valid || !strict.Check(test.check).Decides {
			t.Errorf("%s, where the nodes promise more: %+v", name, strict)
		}
		all := slices.Concat(v.Findings(true), v.Findings(false))
		for _, finding := range c.Findings {
			if !slices.Contains(all, finding) {
				t.Errorf("%s: the finding %q is not in %q", name, finding, all)
			}
		}
		if decisive := len(v.Findings(true)) > 0; decisive == test.right {
			t.Errorf("%s: right %v, findings that decide %q", name, test.right, v.Findings(true))
		}
	}
}

// What had nothing to check is not ok. In a run that was ended, what has not
// come may still.
func TestACheckThatWasNotMadeIsNotOK(t *testing.T) {
	for name, test := range map[string]struct {
		e    Evidence
		want string // the checks that were not made, and why
		cut  bool
	}{
		"all is fine": {Evidence{History: fine(), Complete: true},
			"refused adds not in the total: no add was refused", false},
		"all is fine so far": {Evidence{History: fine()[:2]},
			"run complete: it was ended before its time|final reads: none was made|refused adds not in the total: no final read succeeded", true},
		"all was asked before the end": {Evidence{History: fine()},
			"run complete: it was ended before its time|refused adds not in the total: no add was refused", false},
		"nothing was asked": {Evidence{Complete: true},
			"answers well-formed: nothing was answered|live nodes answer: nothing was asked|every kind succeeded: nothing was asked|" +
				"final reads: none was made|refused adds not in the total: no final read succeeded|reads in order: no read succeeded|linearizable: no read succeeded", false},
		"nothing was answered": {Evidence{History: []Op{unanswered(add(1, 0, 5, OK)), unanswered(read(1, 0, 5))}, Complete: true},
			"answers well-formed: nothing was answered|" +
				"final reads: none was made|refused adds not in the total: no final read succeeded|reads in order: no read succeeded|linearizable: no read succeeded", false},
		"nothing succeeded so far": {Evidence{History: []Op{add(1, 0, 5, Info), read(0, 0, 5)}},
			"run complete: it was ended before its time|every kind succeeded: the run was ended, and no add succeeded until then|" +
				"final reads: none was made|refused adds not in the total: no final read succeeded", true},
		"no final read was answered so far": {Evidence{History: []Op{add(2, 0, 5, OK), read(2, 6, 7), unanswered(finalRead(2))}},
			"run complete: it was ended before its time|some request answered: the run was ended, and none of 1 final request succeeded until then|" +
				"final reads: none of 1 succeeded|refused adds not in the total: no final read succeeded", true},
		"all is fine, as far as is known": {Evidence{History: fine(), Complete: true, Unknown: map[string]string{
			StartsAndEnds: "nobody looked", IsLinearizable: "nobody could", "another check": "", RefusedAdds: "not this"}},
			"starts and ends: nobody looked|refused adds not in the total: no add was refused|linearizable: nobody could", false},
		"all that Maelstrom asks is not known": {Evidence{History: fine(), Unknown: map[string]string{FinalReads: "lost"}},
			"run complete: it was ended before its time|final reads: lost|refused adds not in the total: no add was refused", true},
	} {
		v := Judge(test.e, counter{})
		var got []string
		for _, c := range v.Checks {
			switch {
			case c.Status == NotChecked:
				got = append(got, c.Name+": "+c.Detail)
			case c.Status == Wrong && strings.HasPrefix(name, "all"), c.Status == Passed && c.Detail+strings.Join(c.Findings, "") != "":
				t.Errorf("%s: %+v", name, c)
			}
		}
		if strings.Join(got, "|") != test.want || v.Cut != test.cut || !v.MaelstromValid && name != "nothing was answered" {
			t.Errorf("%s: %q, want %q; %+v", name, got, test.want, v)
		}
	}
}

// A node is down from the start of an interval to its end, both included.
func TestARequestToANodeThatIsDownNeedsNoAnswer(t *testing.T) {
	op := unanswered(add(1, 1000, 6000, OK))
	for down, want := range map[Interval]Status{
		{ms(0), ms(999)}: Wrong, {ms(0), ms(1000)}: Passed, {ms(2000), ms(3000)}: Passed, {ms(0), Never}: Passed,
		{ms(6000), Never}: Passed, {ms(6001), Never}: Wrong, {ms(-10), ms(-5)}: Wrong,
	} {
		for node, want := range map[string]Status{"n0": want, "n1": Wrong} {
			e := Evidence{History: []Op{op}, Complete: true, Down: map[string][]Interval{node: {{ms(-9), ms(-8)}, down}}}
			if got := Judge(e, counter{}).Check(LiveAnswers).Status; got != want {
				t.Errorf("%s is down in %v: %s, want %s", node, down, got, want)
			}
		}
	}
}

// If it was not seen when a node ended, it is not known whether it was up after
// it was last heard of. Nor is that known of other nodes, since Maelstrom
// reports only one.
func TestANodeThatEndedUnseenMayHaveBeenUp(t *testing.T) {
	const open = "not checked: it is not known whether n0 had ended when it did not answer the add of 1 made at 1.00 s"
	const wrong = "wrong: nodes that were up left 1 of 2 requests unanswered"
	crashed := func(node string, at time.Duration, unseen bool) Evidence {
		return Evidence{Lives: Lives{Crashes: []Crash{{Node: node, At: at, Unseen: unseen}}}}
	}
	for name, test := range map[string]struct {
		e    Evidence
		want string
	}{
		"before the request":              {crashed("n0", ms(0), true), open},
		"when it was over":                {crashed("n0", ms(6000), true), open},
		"later":                           {crashed("n0", ms(6001), true), wrong},
		"another node":                    {crashed("n1", ms(6001), true), open},
		"it was seen":                     {crashed("n0", ms(0), false), wrong},
		"another node was seen":           {crashed("n1", ms(0), false), wrong},
		"nobody looked whether nodes end": {Evidence{Unknown: map[string]string{NoCrash: "nobody looked"}}, open},
	} {
		test.e.History = []Op{unanswered(of("n0", add(1, 1000, 6000, OK))), read(0, 1, 2)}
		c := Judge(test.e, counter{}).Check(LiveAnswers)
		if got := string(c.Status) + ": " + c.Detail; got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
		test.e.History = []Op{read(0, 1, 2)}
		if c := Judge(test.e, counter{}).Check(LiveAnswers); c.Status != Passed {
			t.Errorf("%s, and all was answered: %+v", name, c)
		}
	}
}

// The share is of all requests, and of single precision, as in Maelstrom's
// checker.clj. Nothing is checked unless it was asked for.
func TestAvailabilityIsMaelstroms(t *testing.T) {
	history := func(ok, all int) []Op {
		h := slices.Repeat([]Op{read(0, 0, 1)}, ok)
		return append(h, slices.Repeat([]Op{unanswered(read(0, 0, 1))}, all-ok)...)
	}
	for _, test := range []struct {
		ok, all int
		demand  float64
		want    Status
	}{
		{0, 1, 0, NotChecked}, {9, 10, 0, NotChecked},
		{10, 10, 1, Passed}, {999, 1000, 1, Wrong},
		{1, 2, 0.5, Passed}, {1, 2, 0.6, Wrong}, {9, 10, 0.9, Wrong}, {91, 100, 0.9, Passed},
		{0, 0, 1, NotChecked},
	} {
		c := Judge(Evidence{History: history(test.ok, test.all), Complete: true, Availability: test.demand}, counter{}).Check(Available)
		if c.Status != test.want || test.demand > 0 && (c.Checker != "availability" || !c.Maelstrom) {
			t.Errorf("%d of %d, and %v: %+v", test.ok, test.all, test.demand, c)
		}
	}
	for _, test := range []struct {
		ok, all int
		demand  float64
		want    string
	}{
		{10, 10, 1, "wrong: 10 of 10 requests were answered ok, then all were mute, and 100 % were demanded"},
		{1, 2, 0.6, "wrong: 1 of 2 requests were answered ok, then all were mute, and 60 % were demanded"},
		{1, 2, 0.5, "not checked: 1 of 2 requests were answered ok, then all were mute"},
	} {
		e := Evidence{History: history(test.ok, test.all), Complete: true, Availability: test.demand, Lives: Lives{Ended: "all were mute"}}
		c := Judge(e, counter{}).Check(Available)
		if got := fmt.Sprintf("%s: %s", c.Status, c.Detail); got != test.want {
			t.Errorf("ended early, %d of %d, and %v: %s, want %s", test.ok, test.all, test.demand, got, test.want)
		}
	}
	v := Judge(Evidence{History: history(1, 2), Availability: 1}, counter{})
	if c := v.Check(Available); c.Status != NotChecked || c.Vacuous || !v.Cut || c.Detail != "1 of 2 requests were answered ok before the run was ended" {
		t.Errorf("as far as it went: %+v", c)
	}
}

// Many findings of different kinds do not bury what other checks have found.
func TestFindingsAreBounded(t *testing.T) {
	for n, want := range map[int]string{10: "10", 11: "11: and 1 more such findings", 30: "11: and 20 more such findings"} {
		e := Evidence{History: fine(), Complete: true}
		for i := range n {
			e.Failures = append(e.Failures, Failure{StartsAndEnds, strings.Repeat("x", i+1)})
		}
		findings := Judge(e, counter{}).Check(StartsAndEnds).Findings
		got := fmt.Sprint(len(findings))
		if len(findings) > 10 {
			got += ": " + findings[10]
		}
		if got != want || findings[9] != strings.Repeat("x", 10) {
			t.Errorf("of %d findings, %s: %q", n, got, findings)
		}
	}
}

// A wrong check of a workload that has no findings still says what it is.
type without struct{}

func (without) Check([]Op) ([]Check, any) {
	return []Check{{Name: "a", Status: Wrong}, {Name: "b", Status: Wrong, Detail: "just so", Maelstrom: true}}, "the facts"
}

func TestTheVerdictHasTheWorkloadsChecksAndFactsLast(t *testing.T) {
	v := Judge(Evidence{History: fine(), Complete: true}, without{})
	if got := v.Findings(true); !slices.Equal(got, []string{"b: wrong: just so"}) {
		t.Errorf("findings %q", got)
	}
	if got := v.Findings(false); !slices.Equal(got, []string{"a: wrong"}) {
		t.Errorf("findings %q", got)
	}
	var names []string
	for _, c := range v.Checks {
		names = append(names, c.Name)
		if !reflect.DeepEqual(v.Check(c.Name), c) {
			t.Errorf("Check(%q) is another", c.Name)
		}
	}
	want := []string{NoCrash, OnlyMessages, StartsAndEnds, RunComplete, WellFormed, LiveAnswers, SomeAnswered, EveryKind, "a", "b"}
	if !slices.Equal(names, want) || v.Facts != "the facts" {
		t.Errorf("checks %q, facts %v", names, v.Facts)
	}
	if c := v.Check("none"); c.Status != NotChecked || c.Detail != "there is no such check" || c.Name != "none" {
		t.Errorf("a check that does not exist: %+v", c)
	}
}

// Counters as people write them are judged as the real Maelstrom has judged
// them.
func TestKnownSlipsAreJudgedAsMaelstromJudgesThem(t *testing.T) {
	refused, seen := failing(read(0, 0, 1)), add(4, 0, 5, Fail)
	right := func(total int64, more ...Op) []Op {
		finals := []Op{of("n0", finalRead(total)), of("n1", finalRead(total)), of("n2", finalRead(total))}
		return slices.Concat([]Op{add(2, 0, 5, OK), read(2, 6, 7)}, more, finals)
	}
	silent := func(from int) []Op { // no answer is heard from here on
		h := right(2, add(3, 20, 25, OK), read(5, 30, 31))
		for i := range h[from:] {
			h[from+i] = unanswered(h[from+i])
		}
		return h
	}
	mute := func(nodes ...string) (l Lives) {
		for _, n := range nodes {
			l.Mutes = append(l.Mutes, Mute{Node: n, At: ms(8)})
		}
		return l
	}
	for names, test := range map[string]struct {
		history []Op
		lives   Lives
		valid   bool
		beyond  string // the other checks that are wrong
	}{
		"tso trailing":               {right(2), Lives{}, true, ""},
		"early writebehind gossip":   {right(2, read(0, 8, 9)), Lives{}, true, "reads in order, linearizable"},
		"aggregator askpeers":        {right(2, read(0, 8, 9)), Lives{}, true, "reads in order, linearizable"},
		"refused":                    {right(6, seen), Lives{}, true, "refused adds not in the total, reads in order, linearizable"},
		"bgwriter broadcast":         {right(2, add(3, 20, 25, OK)), Lives{}, false, "reads in order, linearizable"},
		"addone":                     {right(3, add(3, 20, 25, OK)), Lives{}, false, "reads in order, linearizable"},
		"patient no_reread":          {right(2, unanswered(add(3, 20, 5020, OK))), Lives{}, true, "live nodes answer"},
		"thread_exception no_create": {[]Op{unanswered(add(2, 0, 5, OK)), read(0, 6, 7), finalRead(0)}, Lives{}, false, "live nodes answer"},
		"deadlock wrong_reply_to":    {silent(0), Lives{}, false, "live nodes answer, some request answered"},
		"blank_line":                 {silent(0), mute("n0", "n1", "n2"), false, "only messages on stdout, live nodes answer, some request answered"},
		"init_twice":                 {silent(2), mute("n0", "n1", "n2"), true, "only messages on stdout, live nodes answer, some request answered"},
		"stranger_once":              {right(2, unanswered(of("n1", add(3, 20, 25, OK)))), mute("n1"), true, "only messages on stdout, live nodes answer"},
		"crash":                      {right(2, refused), Lives{Crashes: []Crash{{Node: "n1"}}}, false, ""},
	} {
		v := Judge(Evidence{History: test.history, Lives: test.lives, Complete: true, Consistency: Eventual}, counter{})
		var beyond []string
		for _, c := range v.Checks {
			if c.Status == Wrong && !c.Maelstrom {
				beyond = append(beyond, c.Name)
			}
		}
		if got := strings.Join(beyond, ", "); v.MaelstromValid != test.valid || v.Right != test.valid || got != test.beyond {
			t.Errorf("%s: valid %v, right %v, beyond Maelstrom %s, want %v and %s", names, v.MaelstromValid, v.Right, got, test.valid, test.beyond)
		}
	}
}
