package maelstromtest

import (
	"fmt"
	"math/rand/v2"

	"maelstrom-counter/internal/bench/verdict"
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

// Check is Maelstrom's echo.clj: each echo must come back, as it was sent. An
// error or no answer is as bad as a wrong echo.
func (Echo) Check(history []Op) (checks []Check, facts any) {
	var bad []Op
	for _, op := range history {
		if op.Error || op.Unanswered || op.Malformed {
			bad = append(bad, op)
		}
	}
	detail := fmt.Sprintf("%d of %d echoes did not come back as sent", len(bad), len(history))
	var findings []string
	if len(bad) > 0 {
		findings = []string{fmt.Sprintf("%s; the first: %s, %s", detail, bad[0].RequestTo(), bad[0].Text)}
	}
	check := NewCheck("echoes", detail, findings)
	if len(history) == 0 {
		check = verdict.Vacuous("echoes", "nothing was asked")
	}
	return []Check{check.ByMaelstrom("workload").Explained("each echo comes back as it was sent")}, nil
}
