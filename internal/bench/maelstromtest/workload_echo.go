package maelstromtest

import (
	"fmt"
	"math/rand/v2"
)

// Echo is Maelstrom's workload "echo": a node must send back what it was sent.
type Echo struct{}

func (Echo) Name() string { return "echo" }

func (Echo) Next(random *rand.Rand) Request {
	payload := fmt.Sprintf("Please echo %d", random.IntN(128))
	return Request{F: "echo", Value: payload, Body: Body{"type": "echo", "echo": payload}}
}

func (Echo) Final() (Request, bool) { return Request{}, false }

func (Echo) Complete(op *Op, reply Reply) error {
	if err := fieldsOf(reply, "echo_ok", "echo"); err != nil {
		return err
	}
	sent := op.Value
	op.Value = reply.text("echo")
	if op.Value != sent {
		return fmt.Errorf("echo of %q is %s", sent, reply["echo"])
	}
	return nil
}

// Check lists the echoes that differ from what was sent, which Complete has
// refused.
func (Echo) Check(history []Op) (checks []Check, facts any) {
	var differ []string
	for _, op := range history {
		if op.Malformed {
			differ = append(differ, fmt.Sprintf("%v of %s: %s", op.Complete, op.Node, op.Text))
		}
	}
	return []Check{NewCheck("echoes", "echoes that differ", differ).ByMaelstrom()}, nil
}
