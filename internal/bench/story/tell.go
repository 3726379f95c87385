package story

import (
	"cmp"
	"slices"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/verdict"
)

// A teller chooses the claims of a story.
type teller struct {
	*run
	result  claim.Result
	facts   *claim.Run
	kind    Kind
	reason  int    // see Story.Reason
	beyond  string // see Story.Beyond
	claims  []claim.Claim
	said    map[string]bool // their texts
	dropped []claim.Claim   // those that did not hold, which are not told
	asked   int

	right     []verdict.Range // what a final read may be
	wrongRead *op             // that the story is about, if it is about a read
	field     string          // the path of the number that the story is about, in values that hold several
}

func newTeller(r claim.Result, entries []journal.Entry) *teller {
	return &teller{run: index(r, entries), result: r, facts: claim.NewRun(r, entries), said: map[string]bool{}}
}

// say makes claims, each of which may rest on those before it: it stops at the
// first that does not hold, and reports whether there is none. A claim that has
// been made already is not made again.
func (t *teller) say(claims ...claim.Claim) bool {
	for _, c := range claims {
		switch text := t.facts.Text(c); {
		case t.said[text]:
		case text != "":
			t.said[text] = true
			t.claims = append(t.claims, c)
		default:
			t.dropped = append(t.dropped, c)
			return false
		}
	}
	return true
}

// try makes claims like say, unless the first does not hold: then another will
// do.
func (t *teller) try(kind Kind, claims ...claim.Claim) bool {
	return t.facts.Holds(claims[0]) && t.because(kind, claims...)
}

// because makes claims that name a reason.
func (t *teller) because(kind Kind, claims ...claim.Claim) bool {
	before := len(t.claims)
	all := t.say(claims...)
	if len(t.claims) > before && all && t.kind == "" {
		t.kind, t.reason = kind, before
	}
	return all
}

// whatIsWrong tells of the first check that is wrong and of which there is
// something to tell. Those that Maelstrom makes come first.
func (t *teller) whatIsWrong() bool {
	checks := slices.DeleteFunc(slices.Clone(t.result.Checks), func(c verdict.Check) bool { return c.Status != verdict.Wrong })
	slices.SortStableFunc(checks, func(a, b verdict.Check) int {
		return map[bool]int{false: 1}[a.Maelstrom] - map[bool]int{false: 1}[b.Maelstrom]
	})
	for _, c := range checks {
		tell := map[string]func(){
			"no crash":                      t.crashed,
			"no babble":                     t.muted,
			"only messages on stdout":       t.muted,
			"final reads":                   t.finalRead,
			"every kind succeeded":          t.noneSucceeded,
			"availability":                  t.unavailable,
			"some request answered":         t.unavailable,
			"live nodes answer":             t.unavailable,
			"answers well-formed":           t.badAnswer,
			"refused adds not in the total": t.refusedAdd,
			"reads in order":                t.outOfOrder,
			"linearizable":                  t.notLinearizable,
		}[c.Name]
		if tell == nil {
			continue
		}
		if tell(); len(t.claims) > 0 {
			t.kind = cmp.Or(t.kind, Unexplained)
			if !c.Maelstrom {
				t.beyond = c.Name
			}
			if len(t.dropped) > 0 || t.kind == Unexplained {
				t.leftOut("")
			}
			return true
		}
	}
	return false
}

// finalRead tells of the first final read that is not the sum of the adds.
func (t *teller) finalRead() {
	facts, _ := t.result.Facts.(verdict.CounterFacts)
	for _, o := range t.ops {
		if !o.Final || o.F != "read" || o.Outcome != verdict.OK || len(facts.Acceptable) == 0 || facts.Accepts(o.Int()) {
			continue
		}
		if t.say(claim.WrongTotal{Read: o.index, Node: o.Node, Value: o.Int(), Right: facts.Acceptable}) {
			t.right = facts.Acceptable
			t.wrong(o, outside(t.right, o.Int()))
			return
		}
	}
}

// outside returns by how much a value is less than the next one that is right,
// or, below zero, by how much it is more than all. It is zero for a right one.
func outside(right []verdict.Range, value int64) int64 {
	for _, r := range right {
		if value <= r.Hi {
			return max(0, r.Lo-value)
		}
	}
	return right[len(right)-1].Hi - value
}

// outOfOrder tells of the first read that contradicts what was known before it
// began, or when it ended.
func (t *teller) outOfOrder() {
	facts, _ := t.result.Facts.(verdict.CounterFacts)
	if len(facts.OutOfOrder) == 0 {
		return
	}
	v := slices.MinFunc(facts.OutOfOrder, func(a, b verdict.Violation) int {
		return cmp.Compare(t.ops[a.Index].Complete, t.ops[b.Index].Complete)
	})
	o, acked := t.ops[v.Index], int64(0)
	for _, add := range t.ops {
		if add.acked() && add.Complete < o.Invoke {
			acked += add.Int()
		}
	}
	value, earlier := o.Int(), t.mostBefore(o)
	if value < acked || earlier == nil || value >= earlier.Int() {
		c := claim.OutOfBounds{Read: o.index, Node: o.Node, Value: value, Acked: acked, Asked: v.Bounds.Hi}
		if t.say(c) {
			t.wrong(o, outside([]verdict.Range{{Lo: acked, Hi: c.Asked}}, value))
		}
		return
	}
	if !t.say(claim.BelowSeen{
		Read: o.index, Node: o.Node, Value: value, Earlier: earlier.index, By: earlier.Node, Seen: earlier.Int(),
	}) {
		return
	}
	t.wrong(o, earlier.Int()-value)
	if earlier.reply != nil && t.kind == Unexplained &&
		t.say(claim.Answered{Read: earlier.index, Node: earlier.Node, Value: earlier.Int(), Reply: earlier.reply.ID}) {
		t.sum(earlier)
	}
}

// notLinearizable tells of the first read that no order of the adds explains.
func (t *teller) notLinearizable() {
	facts, _ := t.result.Facts.(verdict.CounterFacts)
	v := facts.Unexplained
	if v == nil {
		return
	}
	o := t.ops[v.Index]
	if t.say(claim.NotLinearizable{Read: o.index, Node: o.Node, Value: o.Int(), Lo: v.Bounds.Lo, Hi: v.Bounds.Hi}) {
		t.wrong(o, outside([]verdict.Range{v.Bounds}, o.Int()))
	}
}

// ackedBefore returns the adds that had been acknowledged when a read was sent,
// without those of 0.
func (t *teller) ackedBefore(read *op) (adds []*op) {
	for _, o := range t.ops {
		if o.acked() && o.Complete < read.Invoke && o.arrived != none && o.reply != nil {
			adds = append(adds, o)
		}
	}
	return adds
}

func sum(adds []*op) (sum int64) {
	for _, o := range adds {
		sum += o.Int()
	}
	return sum
}

// mostBefore returns the first read of the greatest value, of those that had
// been answered when a read was sent, or nil.
func (t *teller) mostBefore(read *op) (most *op) {
	for _, o := range t.ops {
		if o.F == "read" && o.Outcome == verdict.OK && o.Complete < read.Invoke && (most == nil || o.Int() > most.Int()) {
			most = o
		}
	}
	return most
}

// of returns the adds of a node.
func of(adds []*op, node string) []*op {
	return slices.DeleteFunc(slices.Clone(adds), func(o *op) bool { return o.Node != node })
}

func (t *teller) acknowledged(o *op) claim.Claim {
	c := claim.Acknowledged{Add: o.index, Node: o.Node, Delta: o.Int(), Reply: -1}
	if o.reply != nil {
		c.Reply = o.reply.ID
	}
	return c
}

// sent claims what there is to say of a message.
func (t *teller) sent(m *Message) claim.Claim { return t.facts.Sent(m.ID) }
