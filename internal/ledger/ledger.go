// Package ledger defines the value that the counter keeps in the store, and the
// only operation on it. It is a pure state machine: it has no network, clock or
// lock.
//
// The value of the key is a total and, for each node, a receipt of the last
// fold of that node in the total. To apply a fold is to add its delta and to
// move its node's receipt, in one step. A fold that comes again finds its
// receipt and is not added again. So a node that does not know whether a
// compare-and-swap took effect may simply try once more. Raft gives its clients
// the same with sessions (Ongaro, "Consensus: Bridging Theory and Practice",
// 6.3). Here the session table lives in the register that it protects.
//
// The package does not read or write the store. That is up to the caller's
// compare-and-swap loop.
package ledger

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"
)

// Max is the greatest total, and the greatest delta: 2^53-1. Up to there a
// float64, and hence any JSON implementation, tells each integer from the next
// (RFC 8259, section 6).
const Max = 1<<53 - 1

// How great a Boot may be depends on where it comes from: maxClock (a time in
// the year 2112) if it comes from a clock, maxPeer if from another node, and
// Max if from the store. The bounds rise, so that After can always name a later
// life. After one with a mad clock, it is a name that other nodes accept. After
// one that a hostile node made up, it is a name that can be stored.
const (
	maxClock = 1 << 52
	maxPeer  = maxClock + 1<<51
)

// A Life names one run of a node's process, from its start to its end. Lives
// are ordered by Boot, then by Nonce. The random nonce keeps two lives from
// having the same name, whatever the clocks say. The clock only puts lives in
// order.
type Life struct {
	// Boot is when it began, in Unix microseconds, and at least 1. It is later
	// if the clock had gone back.
	Boot  int64 `json:"boot"`
	Nonce int64 `json:"nonce"` // a random number, 0 to Max
}

// NewLife names a life that begins at the given time. A time before 1970 or
// after 2112 is moved to the nearest bound.
func NewLife(clock time.Time, nonce int64) Life {
	return Life{min(max(clock.UnixMicro(), 1), maxClock), nonce}
}

// Compare returns a negative number if l is before m, zero if they are the
// same, and a positive number if l is after m.
func (l Life) Compare(m Life) int {
	return cmp.Or(cmp.Compare(l.Boot, m.Boot), cmp.Compare(l.Nonce, m.Nonce))
}

// After returns a new name for l, ordered after last. If another program has
// stored a boot of Max, there may be no such name; then the result is not after
// last.
func (l Life) After(last Life) Life { return Life{min(last.Boot+1, Max), l.Nonce} }

// validate returns an error if l is out of range. Boot may be up to most.
func (l Life) validate(most int64) error {
	return cmp.Or(within("boot", l.Boot, 1, most), within("nonce", l.Nonce, 0, Max))
}

// within returns an error if n is not between low and high.
func within(what string, n, low, high int64) error {
	if low <= n && n <= high {
		return nil
	}
	most := cmp.Or(map[int64]string{Max: "2^53-1"}[high], fmt.Sprint(high))
	return fmt.Errorf("%s %d is not between %d and %s", what, n, low, most)
}

// A Fold is the unit of work: the sum of some adds of one node, perhaps 0, that
// goes into the total once or never.
type Fold struct {
	Node  string `json:"-"` // the node whose requests it carries
	Life         // that made it
	Seq   int64  `json:"seq"`   // counts the folds of that life, from 1
	Delta int64  `json:"delta"` // 0 to Max
}

// Validate returns an error if f, which another node has sent, is out of range.
func (f Fold) Validate() error {
	return cmp.Or(within("seq", f.Seq, 1, Max), within("delta", f.Delta, 0, Max), f.Life.validate(maxPeer))
}

// A Receipt names the last fold of a node that is in the total.
type Receipt struct {
	Life
	Seq int64 `json:"seq"`
}

// A Value is what the key holds. The zero Value stands for a key that does not
// exist. A shared Value must be cloned before a fold is applied to it.
type Value struct {
	Total    int64              `json:"total"`
	Receipts map[string]Receipt `json:"receipts"`
}

// A Standing is the relation of a fold to a value.
type Standing int

const (
	// Pending: the value does not contain the fold, and it may be applied.
	Pending Standing = iota
	// Applied: the value contains the fold, or a later fold of the same life.
	// In the second case the node gave this fold up before it formed the later
	// one.
	Applied
	// Outlived: the value contains a fold of a later life of the node. The fold
	// must not be applied any more. It may have been applied already, and the
	// receipt that would show that has been overwritten.
	Outlived
	// Overflowing: the total with the fold would pass Max. Totals never fall,
	// so this is final.
	Overflowing
)

// Standing returns the relation of f to v.
func (v Value) Standing(f Fold) Standing {
	r := v.Receipts[f.Node]
	switch order := f.Life.Compare(r.Life); {
	case order < 0:
		return Outlived
	case order == 0 && f.Seq <= r.Seq:
		return Applied
	case f.Delta > Max-v.Total:
		return Overflowing
	}
	return Pending
}

// Apply adds f to v. It panics if f is not Pending, because then the total
// would no longer be what the receipts acknowledge.
func (v *Value) Apply(f Fold) {
	if s := v.Standing(f); s != Pending {
		panic(fmt.Sprintf("ledger: fold %+v applied to %+v, where its standing is %d", f, *v, s))
	}
	v.Total += f.Delta
	if v.Receipts == nil {
		v.Receipts = make(map[string]Receipt)
	}
	v.Receipts[f.Node] = Receipt{f.Life, f.Seq}
}

// Equal reports whether v and w are the same value.
func (v Value) Equal(w Value) bool {
	return v.Total == w.Total && maps.Equal(v.Receipts, w.Receipts)
}

// Clone returns a copy of v that may be changed.
func (v Value) Clone() Value { return Value{v.Total, maps.Clone(v.Receipts)} }

// A View is what a node knows about the key. The zero View is that of a node
// that knows nothing yet.
type View struct {
	Shown Version // the last value that a read has shown or a swap has written
	Base  Version // from which the next swap starts: Shown, or what a refusal has told since
}

// A Version is a value with the JSON that the store has for it, which is nil if
// the key does not exist.
type Version struct {
	Value  Value
	Stored json.RawMessage
}

// Show notes that the store has held v: a read has shown it, or a swap has
// written it.
func (w *View) Show(v Version) { w.Shown, w.Base = v, v }

// Tell notes that, according to the text of a refusal, the store holds v. If
// that is false, a swap from v is refused, so the text can do no harm as long
// as nothing else rests on it.
func (w *View) Tell(v Version) {
	w.Base = v
}

// Told reports whether Base was only told.
func (w *View) Told() bool { return !w.Base.Value.Equal(w.Shown.Value) }

// Parse reads what the store holds. It refuses anything that Apply could not
// have made, such as an integer, a total out of range, or a receipt without a
// life. So a value that another program wrote is noticed, and nothing is added
// to it.
func Parse(data []byte) (Value, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return Value{}, notAValue("value", err)
	}
	var total *int64 // nil if it is missing or null
	var receipts map[string]map[string]*int64
	for name, raw := range fields {
		var err error
		switch name {
		case "total":
			err = json.Unmarshal(raw, &total)
		case "receipts":
			err = json.Unmarshal(raw, &receipts)
		default:
			err = errors.New("unknown field")
		}
		if err != nil {
			return Value{}, notAValue(strconv.Quote(name), err)
		}
	}
	switch {
	case total == nil:
		return Value{}, errors.New("no total")
	case len(receipts) == 0:
		return Value{}, errors.New("no receipts")
	}
	if err := within("total", *total, 0, Max); err != nil {
		return Value{}, err
	}
	v := Value{*total, make(map[string]Receipt, len(receipts))}
	for node, fields := range receipts {
		r, err := parseReceipt(fields)
		if err != nil {
			return Value{}, fmt.Errorf("receipt of %q: %w", node, err)
		}
		v.Receipts[node] = r
	}
	return v, nil
}

// parseReceipt makes a receipt of its fields. A field that is null is nil.
// Unmarshalling into a Receipt would also accept names in capitals, and a
// receipt that lacks fields.
func parseReceipt(fields map[string]*int64) (r Receipt, err error) {
	for _, name := range []string{"boot", "nonce", "seq"} {
		if fields[name] == nil {
			return r, fmt.Errorf("no %s", name)
		}
	}
	if len(fields) > 3 {
		return r, errors.New("unknown field")
	}
	r = Receipt{Life{*fields["boot"], *fields["nonce"]}, *fields["seq"]}
	return r, cmp.Or(within("seq", r.Seq, 1, Max), r.Life.validate(Max))
}

// notAValue says what is wrong with a part of the stored value. It does not
// mention Go types.
func notAValue(part string, err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		err = fmt.Errorf("a JSON %s", wrong.Value)
	}
	return fmt.Errorf("not a total with receipts: %s: %w", part, err)
}
