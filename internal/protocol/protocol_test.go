package protocol

import (
	"fmt"
	"strings"
	"testing"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/desk"
	"maelstrom-counter/internal/ledger"
)

// A malformed fold is refused by the name of its field.
func TestAFoldIsParsed(t *testing.T) {
	for _, test := range []struct{ fields, want string }{
		{`"boot":3,"nonce":5,"seq":7,"delta":9,"node":"n9"`, "<nil>"},
		{`"boot":[],"nonce":5,"seq":7,"delta":9`, "boot is a JSON array, not a 64-bit integer"},
		{`"boot":3,"nonce":{},"seq":7,"delta":9`, "nonce is a JSON object, not a 64-bit integer"},
		{`"boot":3,"nonce":5,"seq":true,"delta":9`, "seq is a JSON bool, not a 64-bit integer"},
		{`"boot":3,"nonce":5,"seq":7,"delta":"9"`, "delta is a JSON string, not a 64-bit integer"},
		{`"boot":3,"nonce":5,"seq":7,"delta":1.5`, "delta is a JSON number 1.5, not a 64-bit integer"},
		{`"boot":3,"nonce":5,"seq":7,"delta":9223372036854775808`, "delta is a JSON number 9223372036854775808, not a 64-bit integer"},
		{`"boot":3,"nonce":5,"seq":7,"DELTA":"9"`, "delta is a JSON string, not a 64-bit integer"},
		{`"boot":0,"nonce":5,"seq":7,"delta":9`, "boot 0 is not between 1 and 6755399441055744"},
		{`"boot":3,"nonce":-1,"seq":7,"delta":9`, "nonce -1 is not between 0 and 2^53-1"},
		{`"boot":3,"nonce":5,"delta":9`, "seq 0 is not between 1 and 2^53-1"},
		{`"boot":3,"nonce":5,"seq":7,"delta":9007199254740992`, "delta 9007199254740992 is not between 0 and 2^53-1"},
	} {
		r, fold, err := Parse(maelstrom.Message{Src: "n1", Body: fmt.Appendf(nil, `{"type":"combine","msg_id":11,%s}`, test.fields)})
		if want := (desk.Request{Kind: desk.Combine, Client: "n1", MsgID: 11}); r != want || fmt.Sprint(err) != test.want {
			t.Errorf("%s: request %+v, error %v, want %+v, %s", test.fields, r, err, want, test.want)
		}
		if want := (ledger.Fold{Node: "n1", Life: ledger.Life{Boot: 3, Nonce: 5}, Seq: 7, Delta: 9}); err == nil && fold != want {
			t.Errorf("the fold is %+v, want %+v", fold, want)
		}
	}
}

func TestTheDeltaOfAnAddIsInLowerCase(t *testing.T) {
	for _, test := range []struct {
		fields string
		delta  int64
		err    string
	}{
		{`"delta":3`, 3, "<nil>"},
		{`"delta":3,"delta":4`, 4, "<nil>"},
		{`"delta":3,"DELTA":7`, 3, "<nil>"},
		{`"DELTA":7,"delta":3`, 3, "<nil>"},
		{`"Delta":7,"delta":3,"dELTA":"x"`, 3, "<nil>"},
		{`"delta":9007199254740991`, ledger.Max, "<nil>"},
		{``, 0, "delta is missing"},
		{`"DELTA":7`, 0, "delta is missing"},
		{`"Delta":7`, 0, "delta is missing"},
		{`"delt\u0061":3`, 3, "<nil>"},
		{`"delta":null,"Delta":7`, 0, "delta null is not an integer between 0 and 2^53-1"},
		{`"delta":1.0`, 0, "delta 1.0 is not an integer between 0 and 2^53-1"},
		{`"delta":-1`, 0, "delta -1 is not an integer between 0 and 2^53-1"},
		{`"delta":"` + strings.Repeat("9", 50) + `"`, 0, `delta "` + strings.Repeat("9", 39) + " is not an integer between 0 and 2^53-1"},
		{`"delta":9007199254740992`, 0, "delta 9007199254740992 is not an integer between 0 and 2^53-1"},
	} {
		body := strings.Replace(fmt.Sprintf(`{"type":"add","msg_id":11,%s}`, test.fields), ",}", "}", 1)
		r, _, err := Parse(maelstrom.Message{Src: "c1", Body: []byte(body)})
		if want := (desk.Request{Kind: desk.Add, Client: "c1", MsgID: 11, Delta: test.delta}); r != want || fmt.Sprint(err) != test.err {
			t.Errorf("%s: request %+v, error %v, want %+v, %s", body, r, err, want, test.err)
		}
	}
}
