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
	if read == nil {
		read, low = x.firstOutOfOrder()
	}
	if read == nil && x.unexplained != nil {
		read = x.ops[x.unexplained.Index]
		low = !x.surplus(read)
	}
	if read == nil {
		return nil
	}
	return x.explain(read, low)
}

// wrongTotal returns the first final read that is not the sum of the adds, and
// whether it is less. But if the store counts an add twice, it prefers the
// first of the final reads that are too high for that reason.
func (x *run) wrongTotal() (read *op, low bool) {
	if len(x.acceptable) == 0 {
		return nil, false
	}
	most := x.acceptable[len(x.acceptable)-1].Hi
	for _, o := range x.ops {
		switch {
		case !o.Final || o.Outcome != maelstromtest.OK || slices.ContainsFunc(x.acceptable, func(a maelstromtest.Range) bool {
			return a.Lo <= o.Int() && o.Int() <= a.Hi
		}):
		case o.Int() > most && x.surplus(o):
			return o, false
		case read == nil:
			read, low = o, o.Int() < most && !x.surplus(o)
		}
	}
	return read, low
}

// surplus reports whether an add counts twice and a read is more than the adds
// that had been acknowledged when it began.
func (x *run) surplus(read *op) bool {
	return read.Int() > x.ackedBefore(read) && slices.ContainsFunc(x.changes, func(c *change) bool { return x.again(c) != nil })
}

// ackedBefore returns the sum of all adds that were acknowledged before a read
// began.
func (x *run) ackedBefore(read *op) int64 {
	var sum int64
	for _, o := range x.ops {
		if o.acked() && o.Complete < read.Invoke {
			sum += o.Int()
		}
	}
	return sum
}

// firstOutOfOrder returns the read out of order that was answered first, and
// whether it is too low.
func (x *run) firstOutOfOrder() (read *op, low bool) {
	if len(x.outOfOrder) == 0 {
		return nil, false
	}
	v := slices.MinFunc(x.outOfOrder, func(a, b maelstromtest.Violation) int {
		return cmp.Compare(x.ops[a.Index].Complete, x.ops[b.Index].Complete)
	})
	return x.ops[v.Index], v.Read < v.Bounds.Lo
}

// explain finds out why a read is lower than it may be, if low is set, or else
// higher.
func (x *run) explain(read *op, low bool) *cause {
	c := &cause{kind: Unexplained, read: read}
	seen := x.seen(read)
	if !low {
		for _, ch := range x.changes {
			if first := x.again(ch); first != nil && ch.at <= read.Complete {
				c.kind, c.add, c.lost, c.by = CountedTwice, ch.add(), first, ch
				return c
			}
		}
		return c
	}
	// Does the read contradict an earlier read of more, rather than
	// acknowledged adds?
	for _, o := range x.ops {
		if o.F == "read" && o.Outcome == maelstromtest.OK && o.Complete < read.Invoke && o.Int() > read.Int() && x.ackedBefore(read) <= read.Int() {
			if c.than == nil || o.Int() < c.than.Int() {
				c.than = o
			}
		}
	}
	short := x.newestFor(seen) < x.ackedBefore(read) // even an answer from the newest state would have been too low
	switch {
	case short && x.overwritten(c):
	case len(seen) > 0 && x.missed(c, seen):
		c.kind = OldAnswer
	case x.overwritten(c):
	case x.torn(c, seen):
		c.kind = TornRead
	case x.unstored(c):
		c.kind = NotStored
		c.add.call.each(func(made *call) {
			if made.taken != nil && !slices.Contains(made.replies, made.taken) {
				c.kind, c.wrong = Misdirected, made
			}
		})
	case len(seen) == 0 && x.told(read):
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
			sum = ch.sum
		}
	}
	return sum
}

// seen returns the calls to services that a read's answer may rest on, the last
// for each key.
func (x *run) seen(read *op) []*call {
	last := map[string]*call{}
	var keys []string
	read.call.each(func(c *call) {
		if c.taken == nil || c.taken.from == nil || x.gauge.service != c.request.dest || x.gauge.key != "" && x.gauge.key != keyOf(c) {
			return
		}
		if read.call.end() < 0 || c.taken.arrival() < read.call.end() {
			if last[keyOf(c)] == nil {
				keys = append(keys, keyOf(c))
			}
			last[keyOf(c)] = c
		}
	})
	var calls []*call
	for _, key := range keys {
		calls = append(calls, last[key])
	}
	return calls
}

// arrival returns the position at which a message first reached a receiver that
// was alive, or -1.
func (m *message) arrival() int {
	at := -1
	for _, c := range m.copies {
		if c.what == maelstromtest.Received && !c.unread && (at < 0 || c.pos < at) {
			at = c.pos
		}
	}
	return at
}

// end returns the position at which a call's first reply was sent, or -1.
func (c *call) end() int {
	if c == nil || len(c.replies) == 0 {
		return -1
	}
	return c.replies[0].pos
}

// state returns the numbers of the state that a call's answer rests on and of
// the newest state at that time.
func (c *call) state() (state, newest int) {
	if c.taken == nil || c.taken.from == nil {
		return -1, -1
	}
	from := c.taken.from
	if from.Changed {
		return from.Newest + 1, from.Newest + 1
	}
	return from.State, from.Newest
}

// missed looks for a change that a read should have known of and did not,
// because it was answered from an older state.
func (x *run) missed(c *cause, seen []*call) bool {
	for _, call := range seen {
		state, _ := call.state()
		for _, ch := range x.changes {
			known := c.than == nil && ch.add().acked() && ch.add().Complete < c.read.Invoke || c.than != nil && ch.at < c.than.Complete
			if ch.service != call.request.dest || ch.key != keyOf(call) || ch.number <= state || ch.step <= 0 || !known {
				continue
			}
			if newer := c.lost == nil || ch.pos > c.lost.pos; newer {
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
			state, _ := call.state()
			return ch.service == call.request.dest && ch.key == keyOf(call) && ch.number <= state
		})
	}
	for _, call := range seen {
		state, _ := call.state()
		for _, missed := range x.changes {
			if missed.service != call.request.dest || missed.key != keyOf(call) || missed.number <= state || missed.step <= 0 || !missed.add().acked() {
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
// later one that added the same amount.
func (x *run) again(c *change) *change {
	o := c.add()
	if o == nil || o.Int() == 0 || c.step != o.Int() {
		return nil
	}
	for _, earlier := range x.changes {
		if earlier == c {
			return nil
		}
		if earlier.add() == o && earlier.step == o.Int() && !x.takenBackBetween(earlier, c) {
			return earlier
		}
	}
	return nil
}

// takenBackBetween reports whether the sum has gone down between two changes.
func (x *run) takenBackBetween(a, b *change) bool {
	return slices.ContainsFunc(x.changes, func(c *change) bool { return a.pos < c.pos && c.pos < b.pos && c.step < 0 })
}

// overwritten looks for the first change that undid an acknowledged one.
func (x *run) overwritten(c *cause) bool {
	for i, by := range x.changes {
		if by.service != x.gauge.service || by.at > c.read.Complete {
			continue
		}
		want := int64(0)
		if o := by.add(); o != nil {
			want = o.Int()
		}
		if by.step >= want && (by.step != 0 || want == 0) || by.call == nil || by.idle && x.repeats(by, i) {
			continue
		}
		basis := x.basisOf(by)
		from := -1
		if basis != nil {
			from, _ = basis.state()
		}
		for _, lost := range slices.Backward(x.changes[:i]) {
			o := lost.add()
			if lost.key != by.key || lost.service != by.service || lost.number <= from || lost.step <= 0 || lost.idle || o == by.add() {
				continue
			}
			if !o.acked() || o.Complete >= c.read.Invoke {
				continue
			}
			c.add, c.lost, c.by, c.basis, c.kind = o, lost, by, basis, LostUpdate
			if lost.call.request.src == by.call.request.src && lost.call.request.pos > by.call.request.pos || by.stray() {
				c.kind = TakenBack
			}
			return true
		}
	}
	return false
}

// repeats reports whether an idle write only repeats one of the i changes
// before it.
func (x *run) repeats(idle *change, i int) bool {
	return slices.ContainsFunc(x.changes[:i], func(c *change) bool { return c.call != nil && c.call.parent == idle.call.parent && c.key == idle.key })
}

// stray reports whether a change was made by a second copy of a message, or by
// a message that was late.
func (c *change) stray() bool {
	for _, copied := range c.call.request.copies {
		if copied.change == c {
			return copied.late > 0 && len(c.call.request.copies) == 1 || slices.Index(c.call.request.copies, copied) > 0
		}
	}
	return false
}

// basisOf returns the call whose answer a change was computed from: the last
// call about the same key, and with the same parent, that was answered before
// the change was sent.
func (x *run) basisOf(by *change) *call {
	var basis *call
	if by.call.parent == nil {
		return nil
	}
	for _, c := range by.call.parent.calls {
		if c == by.call || keyOf(c) != by.key || c.request.pos > by.call.request.pos {
			continue
		}
		if c.taken != nil && c.taken.from != nil && c.taken.arrival() < by.call.request.pos {
			basis = c
		}
	}
	return basis
}

// told reports whether the store had been told of an add before a read began.
func (x *run) told(read *op) bool {
	return slices.ContainsFunc(x.changes, func(c *change) bool { return c.at < read.Invoke && c.step > 0 })
}

// unstored looks for an acknowledged add for which nothing in the store was
// changed.
func (x *run) unstored(c *cause) bool {
	told := map[*op]bool{}
	for _, ch := range x.changes {
		for _, o := range x.ops { // a change may be made for several
			told[o] = told[o] || ch.add() == o || ch.call != nil && ch.call.request.src == o.Node && o.Invoke <= ch.at && ch.at <= o.Complete
		}
	}
	for _, o := range x.ops {
		if o.acked() && o.Int() > 0 && o.Complete < c.read.Invoke && !told[o] && (c.add == nil || o.Node != c.read.Node && c.add.Node == c.read.Node) {
			c.add = o
		}
	}
	return c.add != nil
}
