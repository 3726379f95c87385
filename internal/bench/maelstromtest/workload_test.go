package maelstromtest

import (
	"encoding/json"
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
		{GCounter{}, Op{F: "add"}, `{"in_reply_to":1}`, `reply has type ""`},
		{GCounter{}, Op{F: "read"}, `{"type":"read_ok","in_reply_to":1,"value":7}`, ""},
		{GCounter{}, Op{F: "read"}, `{"type":"read_ok","in_reply_to":1}`, "read_ok has no value"},
		{GCounter{}, Op{F: "read"}, `{"type":"read_ok","in_reply_to":1,"value":7.0}`, "7.0 is not an integer"},
		{GCounter{}, Op{F: "read"}, `{"type":"read_ok","in_reply_to":1,"value":"7"}`, `"7" is not an integer`},
		{GCounter{}, Op{F: "read"}, `{"type":"read_ok","in_reply_to":1,"value":null}`, "null is not an integer"},
		{GCounter{}, Op{F: "read"}, `{"type":"read_ok","in_reply_to":1,"value":99999999999999999999}`, "value of read_ok"},
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
		want := "2 of 3 echoes did not come back as sent; the first: the echo made to n1 after 17 ms, " + op.Text
		if got := v.Check("echoes").Findings; v.Right || !slices.Equal(got, []string{want}) {
			t.Errorf("findings %q, want %q", got, want)
		}
	}
	if v := judged(Op{F: "echo", Outcome: OK}, Op{F: "echo", Outcome: Info, Text: "no answer before the end"}); !v.Right {
		t.Errorf("right echoes are judged %+v", v)
	}
}
