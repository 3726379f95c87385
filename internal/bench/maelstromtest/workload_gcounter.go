package maelstromtest

import (
	"fmt"
	"math/rand/v2"

	"maelstrom-counter/internal/bench/verdict"
)

// GCounter is Maelstrom's workload "g-counter". A third of the requests are
// adds of 0 to 4, and the others are reads. At the end each worker reads once
// more.
//
// Maelstrom's verdict (pn_counter.clj) looks only at these final reads: each
// that is answered must be the sum of all acknowledged adds and of any of the
// adds that met an error, of whatever kind. Beyond that, Check tells whether an
// add that was definitely refused is in the sum, whether every read agrees with
// what was known before and after it in real time, and whether the whole
// history is linearizable.
type GCounter struct{}

func (GCounter) Name() string { return "g-counter" }

func (GCounter) Next(random *rand.Rand) Request {
	if random.IntN(3) == 0 {
		delta := random.Int64N(5)
		return Request{F: "add", Value: delta, Body: Body{"type": "add", "delta": delta}}
	}
	return Request{F: "read", Body: Body{"type": "read"}}
}

func (GCounter) Final() (Request, bool) {
	return Request{F: "read", Body: Body{"type": "read"}}, true
}

func (GCounter) Complete(op *Op, reply Reply) error {
	if op.F == "add" {
		return fieldsOf(reply, "add_ok")
	}
	if err := fieldsOf(reply, "read_ok", "value"); err != nil {
		return err
	}
	value, err := integer(reply["value"])
	if err != nil {
		return fmt.Errorf("value of read_ok: %w", err)
	}
	op.Value = value
	return nil
}

func (GCounter) Check(history []Op) (checks []Check, facts any) { return verdict.Counter(history) }
