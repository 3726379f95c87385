package protocol

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/desk"
	"maelstrom-counter/internal/ledger"
)

func TestAFoldIsParsed(t *testing.T) {
	body := `{"type":"combine","boot":3,"nonce":5,"seq":7,"delta":9,"msg_id":11,"node":"n9"}`
	r, fold, err := Parse(maelstrom.Message{Src: "n1", Body: []byte(body)})
	if want := (desk.Request{Kind: desk.Combine, Client: "n1", MsgID: 11}); r != want || err != nil {
		t.Errorf("the request is %+v, error %v, want %+v", r, err, want)
	}
	if want := (ledger.Fold{Node: "n1", Life: ledger.Life{Boot: 3, Nonce: 5}, Seq: 7, Delta: 9}); fold != want {
		t.Errorf("the fold is %+v, want %+v", fold, want)
	}
}

func TestAMalformedFoldIsRefusedByTheNameOfItsField(t *testing.T) {
	for _, test := range []struct{ fields, want string }{
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
		r, _, err := Parse(maelstrom.Message{Src: "n1", Body: fmt.Appendf(nil, `{"type":"combine","msg_id":11,%s}`, test.fields)})
		if err == nil || err.Error() != test.want || r.Client != "n1" || r.MsgID != 11 {
			t.Errorf("%s: request %+v, error %v, want %s", test.fields, r, err, test.want)
		}
	}
}

func TestTheDeltaOfAnAddIsInLowerCase(t *testing.T) {
	for _, test := range []struct {
		fields string
		delta  int64
		err    string
	}{
		{`"delta":3`, 3, ""},
		{`"delta":3,"delta":4`, 4, ""},
		{`"delta":3,"DELTA":7`, 3, ""},
		{`"DELTA":7,"delta":3`, 3, ""},
		{`"Delta":7,"delta":3,"dELTA":"x"`, 3, ""},
		{`"delta":9007199254740991`, ledger.Max, ""},
		{``, 0, "delta is missing"},
		{`"DELTA":7`, 0, "delta is missing"},
		{`"Delta":7`, 0, "delta is missing"},
		{`"delt\u0061":3`, 3, ""},
		{`"delta":null,"Delta":7`, 0, "delta null is not an integer between 0 and 2^53-1"},
		{`"delta":1.0`, 0, "delta 1.0 is not an integer between 0 and 2^53-1"},
		{`"delta":9007199254740992`, 0, "delta 9007199254740992 is not an integer between 0 and 2^53-1"},
	} {
		body := strings.Replace(fmt.Sprintf(`{"type":"add","msg_id":11,%s}`, test.fields), ",}", "}", 1)
		r, _, err := Parse(maelstrom.Message{Src: "c1", Body: []byte(body)})
		if err == nil {
			err = errors.New("")
		}
		if want := (desk.Request{Kind: desk.Add, Client: "c1", MsgID: 11, Delta: test.delta}); r != want || err.Error() != test.err {
			t.Errorf("%s: request %+v, error %v, want %+v, %s", body, r, err, want, test.err)
		}
	}
}
