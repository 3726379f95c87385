package story

import (
	"cmp"
	"slices"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// A Kind is a way in which a counter goes wrong.
type Kind string

const (
	LostUpdate   Kind = "lost update"        // a change was overwritten by one that knew nothing of it
	CountedTwice Kind = "counted twice"      // an add changed the store twice
	OldAnswer    Kind = "old answer"         // a read was answered from an old state
	TakenBack    Kind = "taken back"         // an old message put an old value back
	TornRead     Kind = "torn read"          // a read was put together from states of different times
	Misdirected  Kind = "misdirected answer" // a node took the answer to a request of its earlier life for another's
	NotStored    Kind = "not in the store"   // an add was acknowledged that the store was never told of
	NotAsked     Kind = "not asked for"      // a read was answered without the store
	CrashedNode  Kind = "crash"              // a node ended by itself
	CountedOnce  Kind = "counted once"       // nothing went wrong: see Once
	Unexplained  Kind = "cause unexplained"  // the messages do not tell
)

// A cause is what made a read wrong or a node crash. A story tells of it.
type cause struct {
	kind  Kind
	read  *op // the wrong read; nil after a crash
	than  *op // an earlier read of more, if the wrong read contradicts that
	add   *op // the add that was lost, missed or counted twice
	lost  *change
	by    *change // what overwrote lost, or counted add a second time
	basis *call   // the call whose answer by was computed from
	old   *call   // the call that was answered from an old state
	wrong *call   // the call that was given another call's answer
	newer *change // a change that a torn read knew of although it missed an older one
	crash *maelstromtest.Crash
}

// diagnose finds the cause of the first thing that went wrong, the verdict's
// own reasons first.
func (x *run) diagnose() *cause {
	if len(x.crashes) > 0 {
		return &cause{kind: CrashedNode, crash: &x.crashes[0]}
	}
	read, low := x.wrongTotal()
	if read == nil && len(x.OutOfOrder) > 0 {
		v := slices.MinFunc(x.OutOfOrder, func(a, b maelstromtest.Violation) int {
			return cmp.Compare(x.ops[a.Index].Complete, x.ops[b.Index].Complete)
		})
		read, low = x.ops[v.Index], v.Read < v.Bounds.Lo
	}
	if read == nil && x.Unexplained != nil {
		read = x.ops[x.Unexplained.Index]
		low = !x.surplus(read)
	}
	switch {
	case read == nil:
		return nil
	case low:
		return x.whyLow(read)
	}
	return x.whyHigh(read)
}

// wrongTotal returns the first final read that is not the sum of the adds, and
// whether it is less. But if the store counts an add twice, it prefers the
// first of the final reads that are too high for that reason.
func (x *run) wrongTotal() (read *op, low bool) {
	for _, o := range x.ops {
		if x.Accepts(o.Int()) || !o.Final || o.Outcome != maelstromtest.OK || len(x.Acceptable) == 0 {
			continue
		}
		most, surplus := x.Acceptable[len(x.Acceptable)-1].Hi, x.surplus(o)
		if o.Int() > most && surplus {
			return o, false
		}
		if read == nil {
			read, low = o, o.Int() < most && !surplus
		}
	}
	return read, low
}

// surplus reports whether an add counts twice and a read is more than the adds
// that had been acknowledged when it began.
func (x *run) surplus(read *op) bool {
	twice := func(c *change) bool { return x.again(c) != nil }
	return read.Int() > x.acknowledged(read) && slices.ContainsFunc(x.changes, twice)
}

// whyHigh finds out why a read is higher than it may be.
func (x *run) whyHigh(read *op) *cause {
	for _, ch := range x.changes {
		if first := x.again(ch); first != nil && ch.At <= read.Complete {
			return &cause{kind: CountedTwice, read: read, add: ch.add(), lost: first, by: ch}
		}
	}
	return &cause{kind: Unexplained, read: read}
}

// whyLow finds out why a read is lower than it may be.
func (x *run) whyLow(read *op) *cause {
	c := &cause{kind: Unexplained, read: read}
	acked, seen := x.acknowledged(read), x.seen(read)
	// Does the read contradict an earlier read of more, rather than
	// acknowledged adds?
	for _, o := range x.ops {
		if o.F == "read" && o.Outcome == maelstromtest.OK && o.Complete < read.Invoke && o.Int() > read.Int() && acked <= read.Int() {
			if c.than == nil || o.Int() < c.than.Int() {
				c.than = o
			}
		}
	}
	short := x.newestFor(seen) < acked // even answers from the newest state would be too low
	switch {
	case short && x.overwritten(c):
	case x.missed(c, seen):
		c.kind = OldAnswer
	case x.overwritten(c):
	case x.torn(c, seen):
		c.kind = TornRead
	case x.unstored(c):
		c.kind = NotStored
		for _, made := range c.add.call.all() {
			if made.taken != nil && made.taken.call != made {
				c.kind, c.wrong = Misdirected, made
			}
		}
	case len(seen) == 0 && slices.ContainsFunc(x.changes, func(c *change) bool { return c.At < read.Invoke && c.step > 0 }):
		c.kind = NotAsked
	}
	return c
}

// newestFor returns the sum of the store's newest state when it gave the last
// of some answers.
func (x *run) newestFor(seen []*call) int64 {
	last, sum := -1, int64(0)
	for _, c := range seen {
		last = max(last, c.taken.pos)
	}
	for _, ch := range x.changes {
		if ch.pos < last {
			sum += ch.step
		}
	}
	return sum
}

// seen returns the calls to services that a read's answer may rest on, the last
// for each key.
func (x *run) seen(read *op) []*call {
	var calls []*call
	for _, c := range read.call.all() {
		switch {
		case c.taken == nil || c.taken.from == nil || c.request.Dest != x.gauge.service,
			x.gauge.key != "" && x.gauge.key != c.request.key,
			len(read.call.replies) > 0 && c.taken.arrived >= read.call.replies[0].pos: // too late
			continue
		}
		if i := slices.IndexFunc(calls, func(earlier *call) bool { return earlier.slot() == c.slot() }); i >= 0 {
			calls[i] = c
		} else {
			calls = append(calls, c)
		}
	}
	return calls
}

// missed looks for a change that a read should have known of and did not,
// because it was answered from an older state.
func (x *run) missed(c *cause, seen []*call) bool {
	for _, call := range seen {
		for _, ch := range x.unknown(call.slot(), call.taken) {
			known := ch.add().ackedBefore(c.read)
			if c.than != nil {
				known = ch.At < c.than.Complete
			}
			if known && ch.step > 0 && (c.lost == nil || ch.pos > c.lost.pos) {
				c.lost, c.add, c.old = ch, ch.add(), call
			}
		}
	}
	return c.lost != nil
}

// torn looks for two changes: one that the read knew of, and one that it missed
// although that had been acknowledged before the other was asked for.
func (x *run) torn(c *cause, seen []*call) bool {
	known := func(ch *change) bool {
		return slices.ContainsFunc(seen, func(call *call) bool {
			state, _ := call.taken.state()
			return ch.slot == call.slot() && ch.number <= state
		})
	}
	for _, call := range seen {
		for _, missed := range x.unknown(call.slot(), call.taken) {
			if missed.step <= 0 || !missed.add().acked() {
				continue
			}
			for _, newer := range x.changes {
				if o := newer.add(); o != nil && newer.step > 0 && known(newer) && o.Invoke > missed.add().Complete {
					c.lost, c.add, c.old, c.newer = missed, missed.add(), call, newer
					return true
				}
			}
		}
	}
	return false
}

// again returns the first change that was made for the same add as c, if c is a
// later one that added the same amount. The sum has not gone down in between.
func (x *run) again(c *change) *change {
	o := c.add()
	if o == nil || o.Int() == 0 || c.step != o.Int() {
		return nil
	}
	var first *change
	for _, earlier := range x.changes[:slices.Index(x.changes, c)] {
		switch {
		case earlier.step < 0:
			first = nil
		case first == nil && earlier.add() == o && earlier.step == o.Int():
			first = earlier
		}
	}
	return first
}

// overwritten looks for the first change that undid an acknowledged one.
func (x *run) overwritten(c *cause) bool {
	for _, by := range x.changes {
		if by.service != x.gauge.service || by.At > c.read.Complete {
			continue
		}
		want := cmp.Or(by.add(), &op{}).Int()
		if by.step >= want && (by.step != 0 || want == 0) || by.idle && x.repeated(by) {
			continue
		}
		basis := x.basisOf(by)
		answer := cmp.Or(basis, &call{}).taken
		for _, lost := range slices.Backward(x.unknown(by.slot, answer)) {
			o := lost.add()
			if lost.pos >= by.pos || lost.step <= 0 || o == by.add() || !o.ackedBefore(c.read) {
				continue
			}
			c.add, c.lost, c.by, c.basis, c.kind = o, lost, by, basis, LostUpdate
			if lost.call.request.Src == by.call.request.Src && lost.call.request.pos > by.call.request.pos || by.stray() {
				c.kind = TakenBack
			}
			return true
		}
	}
	return false
}

// repeated reports whether an idle write only repeats a change before it.
func (x *run) repeated(idle *change) bool {
	return slices.ContainsFunc(x.changes, func(c *change) bool {
		return c.pos < idle.pos && c.call.parent == idle.call.parent && c.key == idle.key
	})
}

// stray reports whether a change was made by a second copy of a message, or by
// a message that was late.
func (c *change) stray() bool {
	return c.copy > 0 || c.ending().Late > 0 && len(c.call.request.Copies) == 1
}

// basisOf returns the call whose answer a change was computed from: the last
// call about the same key, and with the same parent, that was answered before
// the change was sent.
func (x *run) basisOf(by *change) *call {
	if by.call.parent == nil {
		return nil
	}
	var basis *call
	for _, c := range by.call.parent.calls {
		if c != by.call && c.request.key == by.key && c.taken != nil && c.taken.from != nil && c.taken.arrived < by.call.request.pos {
			basis = c
		}
	}
	return basis
}

// unstored looks for an acknowledged add for which nothing in the store was
// changed.
func (x *run) unstored(c *cause) bool {
	for _, o := range x.ops {
		told := func(ch *change) bool { // a change may be made for several
			return ch.add() == o || ch.call.request.Src == o.Node && o.Invoke <= ch.At && ch.At <= o.Complete
		}
		if o.ackedBefore(c.read) && o.Int() > 0 && (c.add == nil || o.Node != c.read.Node && c.add.Node == c.read.Node) &&
			!slices.ContainsFunc(x.changes, told) {
			c.add = o
		}
	}
	return c.add != nil
}
