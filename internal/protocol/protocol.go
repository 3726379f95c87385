// Package protocol defines the requests that a node of the counter gets from
// clients and other nodes, and its replies. The messages to the store are in
// package register.
package protocol

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/desk"
	"maelstrom-counter/internal/ledger"
	"maelstrom-counter/internal/node"
)

// A Combine hands a fold to another node, which is to apply it.
type Combine struct {
	Type string `json:"type"` // "combine"
	ledger.Fold
}

// A CombineOK says that the fold has been applied.
type CombineOK struct {
	Type  string `json:"type"`  // "combine_ok"
	Total int64  `json:"total"` // which contains the fold
}

// NewCombine returns the message that hands a fold to another node.
func NewCombine(f ledger.Fold) Combine { return Combine{"combine", f} }

// Parse parses a request: an add, a read, or a combine, of which it also
// returns the fold. On error, the returned request has what is needed to answer
// it.
//
// A read is an add of 0 that is answered with the total. A plain read of the
// store may return an old total. But the compare-and-swap that carries the add
// of 0 proves that its total was the newest.
func Parse(msg maelstrom.Message) (desk.Request, ledger.Fold, error) {
	var body struct {
		MsgID int    `json:"msg_id"`
		Type  string `json:"type"`
		// Other gets delta in any other spelling, as it comes first. If no name
		// matches exactly, encoding/json ignores case.
		Other json.RawMessage `json:"DELTA"`
		Delta json.RawMessage `json:"delta"`
	}
	err := json.Unmarshal(msg.Body, &body)
	r := desk.Request{Client: msg.Src, MsgID: body.MsgID}
	fold := ledger.Fold{Node: msg.Src}
	switch {
	case err != nil:
	case body.Type == "add":
		r.Kind = desk.Add
		r.Delta, err = parseDelta(body.Delta)
	case body.Type == "read":
		r.Kind = desk.Read
	case body.Type == "combine":
		r.Kind = desk.Combine
		if err = json.Unmarshal(msg.Body, &fold); err != nil {
			err = errors.New(node.Complaint(err))
		} else {
			err = fold.Validate()
		}
	default:
		err = fmt.Errorf("type %q is not one of add, read, and combine", body.Type)
	}
	return r, fold, err
}

func parseDelta(raw json.RawMessage) (int64, error) {
	delta, err := strconv.ParseInt(string(raw), 10, 64)
	switch {
	case raw == nil:
		return 0, errors.New("delta is missing")
	case err != nil || delta < 0 || delta > ledger.Max:
		return 0, fmt.Errorf("delta %.40s is not an integer between 0 and 2^53-1", raw)
	}
	return delta, nil
}

// Reply returns the body of the answer to a request that succeeded.
func Reply(a desk.Answer) any {
	switch a.Kind {
	case desk.Add:
		return maelstrom.MessageBody{Type: "add_ok"}
	case desk.Read:
		return struct {
			Type  string `json:"type"`
			Value int64  `json:"value"`
		}{"read_ok", a.Total}
	default:
		return CombineOK{"combine_ok", a.Total}
	}
}
