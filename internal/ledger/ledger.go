// Package ledger is what the counter keeps in the store, and the only thing that may be done to it: a pure state
// machine without a network, a clock or a lock.
//
// The value of the key is a total and, for each node, a receipt of the last fold of that node in the total. To apply a
// fold is to add its delta and to move its node's receipt, in one step. A fold that comes again finds its receipt and
// is not added again, so whoever does not know whether a compare-and-swap took effect may simply try once more. Raft
// gives its clients the same with sessions (Ongaro, "Consensus: Bridging Theory and Practice", 6.3); here the session
// table lives in the very register that it protects.
//
// What this package leaves out: how a value gets to the store and back, which is the caller's compare-and-swap loop.
package ledger

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
)

// Max is the greatest total, and the greatest delta: 2^53-1, the last integer up to which a float64, and hence any JSON
// implementation, tells each integer from the next (RFC 8259, section 6).
const Max = 1<<53 - 1

// maxBoot bounds a life's start, in the year 2112, so that there is always a later life.
const maxBoot = 1 << 52

// A Fold is the unit of work: the sum of some adds of one node, perhaps 0, that goes into the total once or never.
type Fold struct {
	Node  string `json:"-"`     // the node whose requests it carries
	Boot  int64  `json:"boot"`  // the life of that node: when it started, in microseconds of Unix time
	Seq   int64  `json:"seq"`   // counts the folds of that life, from 1
	Delta int64  `json:"delta"` // 0 to Max
}

// Validate says what is wrong with a fold that came from outside.
func (f Fold) Validate() error {
	switch {
	case f.Boot < 1 || f.Boot > maxBoot:
		return fmt.Errorf("boot %d is not between 1 and 2^52", f.Boot)
	case f.Seq < 1 || f.Seq > Max:
		return fmt.Errorf("seq %d is not between 1 and 2^53-1", f.Seq)
	case f.Delta < 0 || f.Delta > Max:
		return fmt.Errorf("delta %d is not between 0 and 2^53-1", f.Delta)
	}
	return nil
}

// A Receipt names the last fold of a node that is in the total.
type Receipt struct {
	Boot int64 `json:"boot"`
	Seq  int64 `json:"seq"`
}

// A Value is what the key holds. The zero Value stands for a key that does not exist. A Value that is shared is never
// changed: Clone comes before Apply.
type Value struct {
	Total    int64              `json:"total"`
	Receipts map[string]Receipt `json:"receipts"`
}

// A Standing says how a fold and a value stand to each other.
type Standing int

const (
	// Pending: the value does not contain the fold, and it may be applied.
	Pending Standing = iota
	// Applied: the value contains the fold. (Or a later fold of the same life, before which its node gave this one up.)
	Applied
	// Outlived: the value contains a fold of a later life of the node. The fold must not be applied any more, because
	// the receipt that would tell whether it has been is gone.
	Outlived
	// Overflowing: the total with the fold would pass Max. As totals never fall, that is so for ever.
	Overflowing
)

// Standing says whether f is in v, or else may be applied to it.
func (v Value) Standing(f Fold) Standing {
	r := v.Receipts[f.Node]
	switch {
	case f.Boot < r.Boot:
		return Outlived
	case f.Boot == r.Boot && f.Seq <= r.Seq:
		return Applied
	case f.Delta > Max-v.Total:
		return Overflowing
	}
	return Pending
}

// Apply adds f, which must be Pending, to v. The invariant of the whole design is asserted here: the total grows by
// exactly what the receipt acknowledges.
func (v *Value) Apply(f Fold) {
	if s := v.Standing(f); s != Pending {
		panic(fmt.Sprintf("ledger: fold %+v applied to %+v, where its standing is %d", f, *v, s))
	}
	v.Total += f.Delta
	if v.Receipts == nil {
		v.Receipts = make(map[string]Receipt)
	}
	v.Receipts[f.Node] = Receipt{Boot: f.Boot, Seq: f.Seq}
}

// Equal says whether v and w are the same value.
func (v Value) Equal(w Value) bool {
	return v.Total == w.Total && maps.Equal(v.Receipts, w.Receipts)
}

// Clone returns a copy of v that may be changed.
func (v Value) Clone() Value {
	return Value{Total: v.Total, Receipts: maps.Clone(v.Receipts)}
}

// Parse reads what the store holds. It refuses whatever Apply could not have made, so that a value which another
// program wrote is noticed instead of counted on: an integer, a total out of range, a receipt without a life.
func Parse(data []byte) (Value, error) {
	var raw struct {
		Total    *int64             `json:"total"`
		Receipts map[string]Receipt `json:"receipts"`
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&raw); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			err = fmt.Errorf("%s is a JSON %s", cmp.Or(wrong.Field, "it"), wrong.Value) // and nothing about Go types
		}
		return Value{}, fmt.Errorf("not a total with receipts: %w", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return Value{}, errors.New("more than one JSON value")
	}
	switch {
	case raw.Total == nil:
		return Value{}, errors.New("no total")
	case *raw.Total < 0 || *raw.Total > Max:
		return Value{}, fmt.Errorf("total %d is not between 0 and 2^53-1", *raw.Total)
	case len(raw.Receipts) == 0:
		return Value{}, errors.New("no receipts")
	}
	for node, r := range raw.Receipts {
		if err := (Fold{Node: node, Boot: r.Boot, Seq: r.Seq}).Validate(); err != nil {
			return Value{}, fmt.Errorf("receipt of %q: %w", node, err)
		}
	}
	return Value{Total: *raw.Total, Receipts: raw.Receipts}, nil
}
