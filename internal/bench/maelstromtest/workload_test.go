package maelstromtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/verdict"
)

// Complete refuses the replies that Maelstrom's schemas would refuse.
func TestRepliesThatViolateMaelstromsSchemasAreRefused(t *testing.T) {
	for _, test := range []struct {
		w     Workload
		op    Op
		reply string
		want  string // in the error; empty: none
	}{
		{GCounter{}, Op{F: "add"}, `{"type":"add_ok","in_reply_to":1}`, ""},
		{GCounter{}, Op{F: "add"}, `{"type":"add_ok","in_reply_to":1,"msg_id":7}`, ""},
		{GCounter{}, Op{F: "add"}, `{"type":"add_ok","in_reply_to":1,"msg_id":"7"}`, "msg_id of add_ok is not an integer"},
		{GCounter{}, Op{F: "add"}, `{"type":"add_ok","in_reply_to":1,"value":7}`, `add_ok has a field "value"`},
		{GCounter{}, Op{F: "read"}, `{"type":"read_ok","in_reply_to":1,"total":7,"sum":7}`, `read_ok has no value, but a field "sum": 7`},
		{GCounter{}, Op{F: "add"}, `{"type":"read_ok","in_reply_to":1,"value":7}`, `reply has type "read_ok"`},
		{GCounter{}, Op{F: "add"}, `{"type":null,"in_reply_to":1}`, `reply has type null, not "add_ok"`},
		{GCounter{}, Op{F: "add"}, `{"in_reply_to":1}`, `reply has no type`},
		{GCounter{}, Op{F: "read"}, `{"type":"read_ok","in_reply_to":1,"value":7}`, ""},
		{GCounter{}, Op{F: "read"}, `{"type":"read_ok","in_reply_to":1}`, "read_ok has no value"},
		{GCounter{}, Op{F: "read"}, `{"type":"read_ok","in_reply_to":1,"value":7.0}`, "7.0 is not an integer"},
		{GCounter{}, Op{F: "read"}, `{"type":"read_ok","in_reply_to":1,"value":"7"}`, `"7" is not an integer`},
		{GCounter{}, Op{F: "read"}, `{"type":"read_ok","in_reply_to":1,"value":null}`, "null is not an integer"},
		{GCounter{}, Op{F: "read"}, `{"type":"read_ok","in_reply_to":1,"value":99999999999999999999}`, "value of read_ok: 99999999999999999999 does not fit in 64 bits"},
		{Echo{}, Op{F: "echo", Value: "hi"}, `{"type":"echo_ok","in_reply_to":1,"echo":"hi"}`, ""},
		{Echo{}, Op{F: "echo", Value: "hi"}, `{"type":"echo_ok","in_reply_to":1,"echo":"ho"}`, `echo of "hi" is "ho"`},
		{Echo{}, Op{F: "echo", Value: "hi"}, `{"type":"echo_ok","in_reply_to":1}`, "echo_ok has no echo"},
	} {
		var reply Reply
		if err := json.Unmarshal([]byte(test.reply), &reply); err != nil {
			t.Fatal(err)
		}
		err := test.w.Complete(&test.op, reply)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: error %v, want %q", test.reply, err, test.want)
		}
	}
}

// An error that has no code, or one that is not an integer, is indeterminate,
// and a bad answer.
func TestErrorsWithoutACodeAreBadAnswers(t *testing.T) {
	for body, want := range map[string]string{
		`"text":"busy"`:                      "info true error has no code: busy",
		`"code":"11","text":"busy"`:          `info true error has the code "11", which is not an error code: busy`,
		`"code":11.0`:                        "info true error has the code 11.0, which is not an error code",
		`"code":null,"text":{"why":"busy"}`:  "info true error has the code null, which is not an error code",
		`"code":99999999999999999999`:        "info true error has the code 99999999999999999999, which is not an error code",
		`"code":11,"text":"busy","extra":[]`: "fail false busy",
		`"code":13`:                          "info false ",
	} {
		r := Simulate(t, Config{Workload: Echo{}, Nodes: 1, Script: echoes(0)}, respond(func(env Env, m Packet) {
			say(env, m.Dest, m.Src, fmt.Sprintf(`{"type":"error","in_reply_to":%d,%s}`, m.MsgID, body))
		}))
		op := r.History[0]
		if got := fmt.Sprintf("%s %v %s", op.Outcome, op.Malformed, op.Text); got != want || op.Unanswered || op.Error == op.Malformed {
			t.Errorf("%s: %s, want %s; %+v", body, got, want, op)
		}
	}
}

// A node may print messages of others. It is not said that they have sent them.
func TestAnswersThatAreSentAsAServiceAreNotTheServices(t *testing.T) {
	for src, want := range map[string]string{"seq-kv": "somebody with the src seq-kv sent c1 ", "n0": "n0 sent c1 "} {
		r := Simulate(t, Config{Workload: Echo{}, Nodes: 1, Script: echoes(0, time.Second)}, respond(func(env Env, m Packet) {
			say(env, src, m.Src, `{"type":"hello"}`)
			echo(env, m)
		}))
		if found := r.Check(wellFormed).Findings; len(found) == 0 || !strings.Contains(found[0], ": "+want) {
			t.Errorf("findings %q, want %q", found, want)
		}
	}
}

func TestWrongEchoesAreFound(t *testing.T) {
	judged := func(history ...Op) Verdict {
		return verdict.Judge(verdict.Evidence{History: history, Complete: true}, Echo{})
	}
	wrong := Op{F: "echo", Text: "echo of hi is ho", Malformed: true, Outcome: Info}
	if v := judged(Op{F: "echo", Outcome: OK}, wrong); v.MaelstromValid || len(v.Check("echoes").Findings) != 1 {
		t.Errorf("a wrong echo is judged %+v", v)
	}
	// One that did not come back is as bad. One that is on its way at the end
	// of a run that was ended is not.
	for _, op := range []Op{
		{F: "echo", Node: "n1", Invoke: 17 * time.Millisecond, Text: "no answer in time", Unanswered: true, Outcome: Info},
		{F: "echo", Node: "n1", Invoke: 17 * time.Millisecond, Text: "not now", Error: true, Outcome: Fail},
	} {
		v := judged(Op{F: "echo", Outcome: OK}, op, op)
		want := "2 of 3 echoes did not come back as sent; the first: the echo made to n1 at 17 ms, " + op.Text
		if got := v.Check("echoes").Findings; v.Right || !slices.Equal(got, []string{want}) {
			t.Errorf("findings %q, want %q", got, want)
		}
	}
	if v := judged(Op{F: "echo", Outcome: OK}, Op{F: "echo", Outcome: Info, Text: "no answer before the end"}); !v.Right {
		t.Errorf("right echoes are judged %+v", v)
	}
}
