package maelstromtest

import (
	"bufio"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/verdict"
)

// entriesOf returns the entries of some kinds, as text.
func entriesOf(journal []Entry, kinds ...What) []string {
	var found []string
	for _, e := range journal {
		if slices.Contains(kinds, e.What) {
			text := fmt.Sprintf("%s %s %v %s", e.What, e.Node, e.Time, e.Text)
			if e.Why != "" {
				text += " (" + e.Why + ")"
			}
			found = append(found, text)
		}
	}
	return found
}

// echoes is a script of echoes of n0 at some times.
func echoes(at ...time.Duration) *Script {
	s := &Script{}
	for _, t := range at {
		s.Requests = append(s.Requests, ScriptedRequest{At: t, Request: Request{F: "echo", Value: "x", Body: Body{"type": "echo", "echo": "x"}}})
	}
	return s
}

// A node is not heard any more after a line that is not a message, and the
// journal has what it prints. It goes on getting messages. Text behind a
// message is only remarked on, once.
func TestANodeIsMuteAfterALineThatIsNotAMessage(t *testing.T) {
	const hello = `{"src":"n0","dest":"n1"}`
	for printed, test := range map[string]struct {
		why string // empty: it goes on being heard
		ok  int
	}{
		"\n":                                     {"a blank line", 1},
		"\r\n":                                   {"a blank line", 1},
		hello + "\n\n":                           {"a blank line", 1},
		"logs\n":                                 {"not JSON", 1},
		`{"src":"n0","dest":"n9"}` + "\n":        {"dest n9 does not exist", 1},
		`{"src":"n0","dest":"n1","ts":1}` + "\n": {"the message has a field ts beside src, dest, body and id", 1},
		hello + "\r\n":                           {"", 3},
		`{"src":"n1","dest":"n0"}` + "\n":        {"", 3},
		hello + " // sent\n":                     {"", 3},
		`{"src":"n0","dest":"n1","body":5}` + "\n":                             {"body is not an object", 1},
		`{"src":"n0","dest":"n1","body":[1]}` + "\n":                           {"body is not an object", 1},
		"{\"src\":\"n0\",\t\"dest\":\"n1\",\"body\":[]}\n":                     {"", 3},
		`{"src":"n0","dest":"n1","body":""}` + "\n":                            {"", 3},
		"{\"src\":\"n0\",\"dest\":\"n1\",\"body\":{\"text\":\"a \\\"\tb\"}}\n": {"", 3},
		"{\"src\":\"n0\",\x01\"dest\":\"n1\"}\n":                               {"not JSON: invalid character '\\x01' at start of value after offset 12", 1},
	} {
		requests := 0
		program := respond(func(env Env, m Packet) {
			if m.Type == "echo" {
				requests++
				echo(env, m)
				fmt.Fprint(env.Stdout, printed)
			}
		})
		r, journal := Record(t, Config{
			Workload: Echo{}, Nodes: 2, ClientTimeout: time.Second, Script: echoes(0, 10*time.Second, 20*time.Second),
		}, program)
		if r.OK != test.ok || requests != 3 {
			t.Errorf("%q: %d requests, %d ok", printed, requests, r.OK)
		}
		muted, unheard := entriesOf(journal, Muted), entriesOf(journal, Unheard)
		remarks := 0
		if strings.Contains(printed, "//") || strings.Contains(printed, "\tb") || strings.Contains(printed, `"src":"n1"`) {
			remarks = 1
		}
		if len(r.Remarks) != remarks || (test.why == "") != (len(r.Mutes) == 0) {
			t.Errorf("%q: mutes %v, remarks %v", printed, r.Mutes, r.Remarks)
		}
		if test.why == "" {
			continue
		}
		lines := strings.Split(strings.TrimSuffix(printed, "\n"), "\n")
		want := Mute{Node: "n0", Line: lines[len(lines)-1], Why: test.why}
		if m := r.Mutes[0]; m != want || !slices.Equal(muted, []string{fmt.Sprintf("mute n0 0s %s (%s)", m.Line, m.Why)}) {
			t.Errorf("%q: %+v, want %+v; the journal has %q", printed, m, want, muted)
		}
		if len(unheard) != 2*(1+len(lines)) || !strings.HasPrefix(unheard[0], "unheard n0 10s ") {
			t.Errorf("%q: the journal has %q", printed, unheard)
		}
	}
}

// What one goroutine prints after a line that cannot be a message is not heard,
// not even at the same instant.
func TestNothingIsHeardAfterABlankLineOfTheSameInstant(t *testing.T) {
	for name, test := range map[string]struct {
		print func(env Env, m Packet)
		want  int // echoes that are heard
	}{
		"before, in one piece": {func(env Env, m Packet) { fmt.Fprintf(env.Stdout, "\n%s\n", answerTo(m)) }, 0},
		"before":               {func(env Env, m Packet) { fmt.Fprintln(env.Stdout); fmt.Fprintln(env.Stdout, answerTo(m)) }, 0},
		"before two": {func(env Env, m Packet) {
			fmt.Fprintln(env.Stdout)
			say(env, "n0", "lin-kv", "{}")
			fmt.Fprintln(env.Stdout, answerTo(m))
		}, 0},
		"behind": {func(env Env, m Packet) { fmt.Fprintln(env.Stdout, answerTo(m)); fmt.Fprintln(env.Stdout) }, 1},
		"by another goroutine": {func(env Env, m Packet) {
			var blank sync.WaitGroup
			blank.Go(func() { fmt.Fprintln(env.Stdout) })
			blank.Wait()
			fmt.Fprintln(env.Stdout, answerTo(m))
		}, 1},
	} {
		r := Simulate(t, Config{Workload: Echo{}, Nodes: 1, Script: echoes(0)}, respond(test.print))
		if r.OK != test.want || len(r.Mutes) != 1 {
			t.Errorf("%s: %d ok, mutes %v", name, r.OK, r.Mutes)
		}
	}
}

// answerTo returns the line that answers an echo.
func answerTo(m Packet) string {
	return fmt.Sprintf(`{"src":%q,"dest":%q,"body":{"type":"echo_ok","echo":"x","in_reply_to":%d}}`, m.Dest, m.Src, m.MsgID)
}

// A node that was mute is heard again in its next life.
func TestAMuteNodeIsHeardAgainInItsNextLife(t *testing.T) {
	lives := 0
	program := func(env Env) error {
		lives++
		first := lives == 1
		return respond(func(env Env, m Packet) {
			if first {
				fmt.Fprintln(env.Stdout, "oops")
			}
			echo(env, m)
		})(env)
	}
	inCluster(t, Config{Nodes: 1}, program, func(t *testing.T, c *Cluster) {
		if _, err := c.Request("n0", Body{"type": "echo"}, time.Second); err != ErrTimeout {
			t.Errorf("error %v", err)
		}
		c.Kill("n0")
		c.Restart("n0")
		succeeds(t, c, "n0", "echo")
		problems(t, c, "n0 became mute at 0 ms, when it printed a line that Maelstrom does not accept (not JSON): oops (use stderr for logs)")
	})
}

// An answer that comes when its client has been replaced mutes the node. Until
// its worker's next request the client exists, and it goes on existing if the
// node was paused during the request.
func TestALateAnswerMutesOnlyIfItsClientIsGone(t *testing.T) {
	const s = time.Second
	pause := []ScriptedFault{{Kind: Pause, Node: 0, At: s / 2, For: s}}
	for name, test := range map[string]struct {
		at     []time.Duration // of requests, of which the node answers the first after 3 s
		faults []ScriptedFault
		mute   bool
	}{
		"before the next request":      {[]time.Duration{0, 4 * s}, nil, false},
		"after the next request":       {[]time.Duration{0, 2 * s}, nil, true},
		"paused, after the next one":   {[]time.Duration{0, 2 * s}, pause, false},
		"paused during the other one":  {[]time.Duration{0, 2 * s}, []ScriptedFault{{Kind: Pause, Node: 0, At: 3 * s / 2, For: s / 10}}, true},
		"paused before it":             {[]time.Duration{s / 2, 2 * s}, []ScriptedFault{{Kind: Pause, Node: 0, At: 0, For: s / 4}}, true},
		"another one, of a new worker": {[]time.Duration{0, s / 4, 4 * s}, nil, false},
	} {
		requests := 0
		script := echoes(append(test.at, 9*s)...)
		script.Faults = test.faults
		r := Simulate(t, Config{Workload: Echo{}, Nodes: 1, ClientTimeout: s, Script: script}, respond(func(env Env, m Packet) {
			if requests++; requests == 1 {
				time.AfterFunc(3*s, func() { echo(env, m) })
				return
			}
			echo(env, m)
		}))
		if (len(r.Mutes) > 0) != test.mute {
			t.Errorf("%s: mutes %v", name, r.Mutes)
		}
		began := test.at[0]
		if want := fmt.Sprintf("dest c1 is gone: its echo made at %s was over at %s", verdict.Time(began), verdict.Time(began+s)); test.mute && r.Mutes[0].Why != want {
			t.Errorf("%s: %s", name, r.Mutes[0].Why)
		}
		if late := r.Late == 1; late == test.mute {
			t.Errorf("%s: %d late answers", name, r.Late)
		}
		if last := r.History[len(r.History)-1]; (last.Outcome == OK) == test.mute {
			t.Errorf("%s: the last request is %s", name, last.Outcome)
		}
	}
}

// An error, even a definite one, costs the client, and an answer keeps it. The
// client that has sent init is gone after the answer.
func TestAClientLastsAsLongAsItsRequestsSucceed(t *testing.T) {
	requests := 0
	r := Simulate(t, Config{Workload: Echo{}, Nodes: 1, Script: echoes(0, 1, 2, 3, 4)}, respond(func(env Env, m Packet) {
		if requests++; requests == 2 {
			say(env, "n0", m.Src, fmt.Sprintf(`{"type":"error","code":11,"in_reply_to":%d}`, m.MsgID))
			return
		}
		echo(env, m)
		if requests == 5 {
			say(env, "n0", "c0", `{"type":"init_ok","in_reply_to":1}`)
		}
	}))
	var clients []string
	for _, op := range r.History {
		clients = append(clients, op.Client)
	}
	if want := []string{"c1", "c1", "c2", "c2", "c2"}; !slices.Equal(clients, want) {
		t.Errorf("clients %q, want %q", clients, want)
	}
	if len(r.Mutes) != 1 || r.Mutes[0].Why != "dest c0 is gone: its init was over" {
		t.Errorf("mutes %v", r.Mutes)
	}
}

// A client takes an answer only if its in_reply_to is the number of the
// request. Others count for nothing.
func TestAnAnswerHasTheNumberOfItsRequest(t *testing.T) {
	for number, want := range map[string]int{"%d": 1, `"%d"`: 0, "%d.0": 0, "%de0": 0, "-%d": 0, "7": 0, "null": 0} {
		r := Simulate(t, Config{Workload: Echo{}, Nodes: 1, Script: echoes(0)}, replying(`{"type":"echo_ok","echo":"x","in_reply_to":`+number+`}`))
		if r.OK != want || len(r.Mutes) != 0 || (r.Check(wellFormed).Status == Passed) != (want == 1) {
			t.Errorf("in_reply_to %s: %d ok, mutes %v, %v", number, r.OK, r.Mutes, r.Check(wellFormed))
		}
	}
}

// The journal has each line of standard error when it was written, and those of
// goroutines that race in one order.
func TestTheJournalHasStandardError(t *testing.T) {
	program := respond(func(env Env, m Packet) {
		echo(env, m)
		time.AfterFunc(time.Second, func() { fmt.Fprint(env.Stderr, "Traceback:\n  line 1\nKeyError") })
		for _, name := range []string{"d", "b", "a", "c"} {
			go func() {
				w := bufio.NewWriterSize(env.Stderr, 1)
				fmt.Fprintf(w, "%s: 2\n", name)
				fmt.Fprintf(w, "%s: 1\n", name)
				w.Flush()
			}()
		}
	})
	_, journal := Record(t, Config{Workload: Echo{}, Nodes: 1, Script: echoes(time.Second, 5*time.Second)}, program)
	var want []string
	for _, at := range []string{"1s", "5s"} {
		for _, line := range []string{"a: 2", "a: 1", "b: 2", "b: 1", "c: 2", "c: 1", "d: 2", "d: 1"} {
			want = append(want, "stderr n0 "+at+" "+line)
		}
		if at == "1s" {
			want = append(want, "stderr n0 2s Traceback:", "stderr n0 2s   line 1")
		}
	}
	if got := entriesOf(journal, ToStderr); !slices.Equal(got, want) {
		t.Errorf("the journal has\n%q, want\n%q", got, want)
	}
	_, journal = Record(t, Config{Workload: Echo{}, Nodes: 1, Script: echoes(time.Second)}, func(env Env) error {
		err := echoUntil(env, 2)
		fmt.Fprint(env.Stderr, "no newline")
		return err
	})
	if got := entriesOf(journal, ToStderr); !slices.Equal(got, []string{"stderr n0 1s no newline"}) {
		t.Errorf("of a crash the journal has %q", got)
	}
}

// The journal has the beginning of a line that waits for its end for a second,
// once, and what is left of it at the end of a life.
func TestTheJournalHasWhatWaitsForANewline(t *testing.T) {
	const s = time.Second
	script := echoes(0, 10*s)
	script.Faults = []ScriptedFault{{Kind: Kill, Node: 0, At: 8 * s, For: s}}
	_, journal := Record(t, Config{Workload: Echo{}, Nodes: 1, ClientTimeout: s, Script: script}, respond(func(env Env, m Packet) {
		for i, text := range []string{"a", "b\nc", "d", "e"} {
			time.AfterFunc([]time.Duration{0, s / 2, 3 * s, 7 * s}[i], func() { fmt.Fprint(env.Stdout, text) })
		}
	}))
	want := []string{"pending n0 2s c", "pending n0 8s cde", "pending n0 11s c"}
	if got := entriesOf(journal, Pending); !slices.Equal(got, want) {
		t.Errorf("the journal has %q, want %q", got, want)
	}
}

// What waits for its newline and has been noted is not noted again at the end.
func TestAPendingLineIsNotedOnce(t *testing.T) {
	_, journal := Record(t, Config{Workload: Echo{}, Nodes: 1, ClientTimeout: 5 * time.Second, Script: echoes(0)}, respond(func(env Env, _ Packet) {
		fmt.Fprint(env.Stdout, "x")
	}))
	if got := entriesOf(journal, Pending); !slices.Equal(got, []string{"pending n0 1s x"}) {
		t.Errorf("the journal has %q", got)
	}
}

// A process writes its lines in order, so nothing after the first that is not a
// message is heard.
func TestAProcessIsHeardInOrder(t *testing.T) {
	var got []string
	b, err := newBench(Config{Watch: func(e Entry) { got = append(got, string(e.What)+e.Dest) }}, false, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.nodes[0].life = &life{ready: true}
	var lines []printed
	for _, text := range []string{`{"src":"n0","dest":"n2"}`, `{"src":"n0","dest":"n1"}`, "", `{"src":"n0","dest":"n2"}`, ""} {
		lines = append(lines, printed{text: []byte(text)})
	}
	b.hear(b.nodes[0], lines)
	if want := []string{"sendn2", "sendn1", "mute", "unheard", "unheard"}; !slices.Equal(got, want) {
		t.Errorf("the journal has %q, want %q", got, want)
	}
}

// A late answer is counted once. If it comes again, that is a finding.
func TestALateAnswerIsCountedOnce(t *testing.T) {
	r := Simulate(t, Config{Workload: Echo{}, Nodes: 1, ClientTimeout: time.Second, Script: echoes(0, 4*time.Second)}, respond(func(env Env, m Packet) {
		for range 2 {
			time.AfterFunc(2*time.Second, func() { echo(env, m) })
		}
	}))
	if r.Late != 1 || !strings.Contains(fmt.Sprint(r.Check(wellFormed).Findings), "n0 answered request 1 of c1, which had been answered") {
		t.Errorf("%d late, findings %q", r.Late, r.Check(wellFormed).Findings)
	}
}

// Of long lines, error messages keep the beginning. Receivers and the journal
// get all of them.
func TestLongLinesAreShownInPart(t *testing.T) {
	long := strings.Repeat("x", 5000)
	const cut = "... (%d bytes in all)"
	requests := 0
	r, journal := Record(t, Config{Workload: Echo{}, Nodes: 1, Script: echoes(0, time.Second, 2*time.Second)}, func(env Env) error {
		return respond(func(env Env, m Packet) {
			switch requests++; requests {
			case 1:
				say(env, "n0", m.Src, fmt.Sprintf(`{"type":"echo_ok","in_reply_to":%d,"echo":%q}`, m.MsgID, long))
			case 2:
				fmt.Fprintln(env.Stderr, long)
				say(env, "n0", m.Src, fmt.Sprintf(`{"type":"hello","text":%q}`, long))
				echo(env, m)
			case 3:
				fmt.Fprintln(env.Stdout, long)
			}
		})(env)
	})
	if text := r.History[0].Text; len(text) > 1100 || !strings.HasSuffix(text, fmt.Sprintf(cut, 5017)) {
		t.Errorf("the answer is shown as %s", text)
	}
	if found := r.Check(wellFormed).Findings; len(found) != 2 || !strings.Contains(found[1], fmt.Sprintf(cut, 5026)) {
		t.Errorf("findings %q", found)
	}
	if line := r.Mutes[0].Line; len(line) > 1100 || !strings.HasSuffix(line, fmt.Sprintf(cut, 5000)) {
		t.Errorf("the line is shown as %s", line)
	}
	if muted := entriesOf(journal, Muted); len(muted) != 1 || !strings.Contains(muted[0], long) {
		t.Errorf("the journal has %q", muted)
	}
	_, err := started(t, asked(long+"\n"))
	var start *StartError
	if !errors.As(err, &start) || start.Line != long[:1000]+fmt.Sprintf(cut, 5000) || start.Stdout != start.Line {
		t.Errorf("error %v", err)
	}
}

// What happens before all nodes are ready counts as if it happened then.
func TestANodeThatIsMuteBeforeTheOthersAreReadyIsMuteFromTheBeginning(t *testing.T) {
	for name, printed := range map[string]string{"mute": "\n\n", "remark": " // ok\n"} {
		r := Simulate(t, Config{Workload: Echo{}, Nodes: 2, Script: echoes(0)}, func(env Env) error {
			return eachMessage(env, func(m Packet) error {
				if m.Type == "echo" {
					echo(env, m)
					return nil
				}
				end := "\n"
				if time.Sleep(time.Second); m.Dest == "n1" {
					time.Sleep(time.Second)
				} else {
					end = printed
				}
				_, err := fmt.Fprintf(env.Stdout, `{"src":%q,"dest":%q,"body":{"type":"init_ok","in_reply_to":1}}%s`, m.Dest, m.Src, end)
				return err
			})
		})
		for _, m := range r.Mutes {
			r.Remarks = append(r.Remarks, Remark{At: m.At})
		}
		if len(r.Remarks) != 1 || r.Remarks[0].At != 0 {
			t.Errorf("%s: mutes %v, remarks %+v", name, r.Mutes, r.Remarks)
		}
	}
}
