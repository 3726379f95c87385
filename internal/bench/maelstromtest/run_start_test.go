package maelstromtest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// started starts a cluster of a node and returns the error, and how long it
// took.
func started(t *testing.T, program Program) (took time.Duration, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, _, err = run(t.Context(), Config{Nodes: 1, Script: &Script{}}, true, synctest.Wait, inProcess(program))
		took = time.Since(began)
	})
	return took, err
}

// asked returns a node that prints text when it gets init.
func asked(text string) Program {
	return func(env Env) error {
		return eachMessage(env, func(Packet) error {
			_, err := io.WriteString(env.Stdout, text)
			return err
		})
	}
}

// An error of the start says what the node did instead of answering init, and
// shows the line. It comes as soon as no right answer can come any more, or
// after a second if one hardly will.
func TestAStartErrorSaysWhatTheNodeDid(t *testing.T) {
	const s = time.Second
	const noHeed = "Maelstrom does not accept %s (%s), and ignores all that follows"
	logs := "; print logs to stderr, and each message on a line of its own"
	reply := func(body string) string { return `{"src":"n0","dest":"c0","body":` + body + "}\n" }
	ok := reply(`{"type":"init_ok","in_reply_to":1}`)
	whole := strings.TrimSpace(ok)
	for name, test := range map[string]struct {
		program Program
		why     string
		line    string // that shows it
		took    time.Duration
	}{
		"no in_reply_to": {asked(reply(`{"type":"init_ok"}`)), "its init_ok has no in_reply_to", reply(`{"type":"init_ok"}`), s},
		"a string in_reply_to": {asked(reply(`{"type":"init_ok","in_reply_to":"1"}`)),
			`its init_ok has the in_reply_to "1", which is not an integer. The msg_id of init is 1`, reply(`{"type":"init_ok","in_reply_to":"1"}`), s},
		"a wrong in_reply_to": {asked(reply(`{"type":"init_ok","in_reply_to":0}`)),
			`its init_ok has the in_reply_to 0, but the msg_id of init is 1`, reply(`{"type":"init_ok","in_reply_to":0}`), s},
		"no body": {asked(`{"src":"n0","dest":"c0"}` + "\n"),
			"a message without a type, to the client that sent init, has no in_reply_to", `{"src":"n0","dest":"c0"}`, s},
		"another type": {asked(reply(`{"type":"ok","in_reply_to":1}`)),
			`it answered init with the type "ok", not init_ok`, `{"in_reply_to":1,"type":"ok"}`, 0},
		"an error": {asked(reply(`{"type":"error","code":13,"text":"not today","in_reply_to":1}`)),
			"it answered init with an error", `{"code":13,"in_reply_to":1,"text":"not today","type":"error"}`, 0},
		"to a service": {asked(strings.Replace(ok, "c0", "lin-kv", 1)), "its init_ok went to lin-kv, but init came from c0", strings.Replace(ok, "c0", "lin-kv", 1), s},
		"to nobody":    {asked(strings.Replace(ok, "c0", "c9", 1)), fmt.Sprintf(noHeed, "its init_ok", "dest c9 does not exist"), strings.Replace(ok, "c0", "c9", 1), 0},
		"no src":       {asked(`{"dest":"c0","body":{"type":"init_ok"}}` + "\n"), fmt.Sprintf(noHeed, "its init_ok", "no src"), `{"dest":"c0","body":{"type":"init_ok"}}`, 0},
		"a field more": {asked(strings.Replace(ok, "{", `{"ts":5,`, 1)),
			fmt.Sprintf(noHeed, "its init_ok", "the message has a field ts beside src, dest, body and id"), strings.Replace(ok, "{", `{"ts":5,`, 1), 0},
		"a banner": {func(env Env) error { fmt.Fprintln(env.Stdout, "Hello!"); return asked(ok)(env) },
			fmt.Sprintf(noHeed, "the first line that it printed", "not JSON"+logs), "Hello!", 0},
		"a banner of another goroutine": {
			func(env Env) error {
				fmt.Fprintln(env.Stdout, "Hello!")
				return eachMessage(env, func(Packet) error {
					answered := make(chan error)
					go func() { _, err := io.WriteString(env.Stdout, ok); answered <- err }()
					return <-answered
				})
			},
			fmt.Sprintf(noHeed, "the first line that it printed", "not JSON"+logs), "Hello!", 0,
		},
		"a blank first line": {asked("\n" + ok), fmt.Sprintf(noHeed, "the first line that it printed", "a blank line"), "", 0},
		"a later line": {asked(`{"src":"n0","dest":"lin-kv"}` + "\nx\n" + ok),
			fmt.Sprintf(noHeed, "a line that it printed before it answered init", "not JSON"+logs), "x", 0},
		"text before":       {asked("sent " + ok), fmt.Sprintf(noHeed, "its init_ok", "there is text before the JSON object"+logs), "sent " + ok, 0},
		"a byte order mark": {asked(byteOrderMark + ok), fmt.Sprintf(noHeed, "its init_ok", "it begins with a byte order mark"), byteOrderMark + ok, 0},
		"UTF-16":            {asked("\xff\xfe{\x00\n\x00"), fmt.Sprintf(noHeed, "the first line that it printed", "not JSON in UTF-8"+logs), "\xff\xfe{\x00", 0},
		"several lines": {asked("{\n\"src\":\"n0\""),
			fmt.Sprintf(noHeed, "the first line that it printed", "its JSON object does not end on this line"+logs), "{", 0},
		"no newline":     {asked(whole), "it printed 66 bytes without a newline", whole, 2 * s},
		"half a message": {asked(whole[:20]), "it printed 20 bytes without a newline", whole[:20], initTimeout},
		"nothing":        {printing(""), "it printed nothing in 10 s (a Program reads Env.Stdin and", "", initTimeout},
		"something else": {asked(`{"src":"n0","dest":"lin-kv"}` + "\n"), "nothing that it printed in 10 s answers init", "", initTimeout},
		"an end":         {func(Env) error { return errors.New("no luck") }, "it ended before it answered init: no luck", "", 0},
	} {
		took, err := started(t, test.program)
		var start *StartError
		if !errors.As(err, &start) || start.Node != "n0" || !strings.HasPrefix(start.Why, test.why) ||
			start.Line != strings.TrimSpace(test.line) || took != test.took {
			t.Errorf("%s: after %v: %v, want %v and %s: %s", name, took, err, test.took, test.why, test.line)
		}
		if text := fmt.Sprint(err); !strings.HasPrefix(text, "n0 did not start: "+test.why) || !strings.Contains(text, strings.TrimSpace(test.line)) {
			t.Errorf("%s: the text is %q", name, text)
		}
	}
}

// An answer that is right, or becomes right in time, is enough, whatever comes
// after it.
func TestANodeThatAnswersInitInTimeStarts(t *testing.T) {
	const right = `{"src":"n0","dest":"c0","body":{"type":"init_ok","in_reply_to":1,"msg_id":"1"}}` + "\n"
	const wrong = `{"src":"n0","dest":"c0","body":{"type":"init_ok"}}` + "\n"
	slowly := func(pieces ...string) Program {
		return func(env Env) error {
			return eachMessage(env, func(Packet) error {
				for _, piece := range pieces {
					fmt.Fprint(env.Stdout, piece)
					time.Sleep(time.Second - 1)
				}
				return nil
			})
		}
	}
	for name, program := range map[string]Program{
		"a blank line behind it":   asked(right + "\n"),
		"nonsense behind it":       asked(right + "x\n"),
		"a wrong one before it":    slowly(wrong, right),
		"the newline follows":      slowly(right[:len(right)-1], "", "\n"),
		"the second half follows":  slowly(right[:20], "", "", "", right[20:]),
		"another line comes first": slowly(`{"src":"n0","dest":"lin-kv"}`, "", "\n"+right[:20], "", right[20:]),
		"it is sent as another's":  asked(strings.Replace(right, "n0", "lin-kv", 1)),
		"text follows on its line": asked(strings.TrimSpace(right) + " // ok\n"),
	} {
		if _, err := started(t, program); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Maelstrom does not look at the msg_id of init_ok, and would refuse it in an
// answer to a request: there is a remark about one that is not an integer.
func TestAMsgIDOfInitOKIsRemarkedOn(t *testing.T) {
	for id, want := range map[string]string{
		`7`:    "[]",
		`"7"`:  `["the msg_id \"7\" of init_ok is not an integer: Maelstrom accepts that here, but not in an answer to a request"]`,
		`null`: `["the msg_id null of init_ok is not an integer: Maelstrom accepts that here, but not in an answer to a request"]`,
	} {
		r := Simulate(t, Config{Workload: Echo{}, Nodes: 1, Script: echoes(0)}, func(env Env) error {
			return eachMessage(env, func(m Packet) error {
				if m.Type == "echo" {
					echo(env, m)
					return nil
				}
				_, err := fmt.Fprintf(env.Stdout, `{"src":"n0","dest":%q,"body":{"type":"init_ok","in_reply_to":1,"msg_id":%s}}`+"\n", m.Src, id)
				return err
			})
		})
		texts := []string{}
		for _, remark := range r.Remarks {
			texts = append(texts, remark.Text)
		}
		if got := fmt.Sprintf("%q", texts); got != want || !r.Right {
			t.Errorf("msg_id %s: remarks %s, want %s", id, got, want)
		}
	}
}

// A node that is started again and does not answer init is told in the same
// words.
func TestALaterLifeThatDoesNotStartIsAFinding(t *testing.T) {
	lives := 0
	script := echoes(0, 5*time.Second)
	script.Faults = []ScriptedFault{{Kind: Kill, Node: 0, At: time.Second, For: time.Second}}
	r := Simulate(t, Config{Workload: Echo{}, Nodes: 1, Script: script}, func(env Env) error {
		if lives++; lives > 1 {
			fmt.Fprintln(env.Stdout, "Hello again!")
		}
		return echoNode(env)
	})
	if found := r.Check(startsAndEnds).Findings; len(found) != 1 ||
		!strings.HasPrefix(found[0], "at 2.00 s: n0 did not start: Maelstrom does not accept the first line that it printed (not JSON; print logs") {
		t.Errorf("findings %q", found)
	}
	if len(r.Mutes) != 1 || r.Mutes[0].Life != 1 {
		t.Errorf("mutes %v", r.Mutes)
	}
}
