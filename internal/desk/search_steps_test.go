package desk

// This part of the search says what can happen.

import "maelstrom-counter/internal/ledger"

// A step is something that happens.
type step struct {
	kind    stepKind
	process int
	value   valueID // what is read, or told, or taken for what was written
	message message // what arrives, if anything; for a fold, the total is 0
}

// A stepKind is a kind of step. It is an index of words.
type stepKind uint8

// words say what a process does in each kind of step, or what happens to it.
var words []string

func newKind(text string) stepKind {
	words = append(words, text)
	return stepKind(len(words) - 1)
}

var (
	begins        = newKind("is asked for")
	forms         = newKind("makes a fold of what waits")
	queues        = newKind("is to apply its fold itself")
	expires       = newKind("gives up the request that is due first")
	swaps         = newKind("swaps")
	lands         = newKind("has a swap under way that succeeds")
	identities    = newKind("learns a value, perhaps by a swap that changes nothing")
	learns        = newKind("learns a value")
	makesNoSense  = newKind("finds that the store holds what makes no sense, which is mended at once")
	hands         = newKind("is handed")
	hears         = newKind("gets an answer")
	loses         = newKind("and all others hear nothing of their folds")
	ends          = newKind("ends and starts again")
	startsAgain   = newKind("is killed and starts again")
	startsEarlier = newKind("is killed and starts again, its clock gone back")
	startsAtOnce  = newKind("is killed and starts again at the same time")

	// These are possible only with a fault.
	readsPlainly = newKind("reads plainly, to answer")
	mistakes     = newKind("takes the answer to an earlier life for one to its swap")
	tells        = newKind("is refused a swap, and told")
)

// A stepper goes through all that can happen in a state.
type stepper struct {
	*model
	from  *state
	s     state // the state after the step that is tried
	yield func(step, *state)
}

// steps calls yield for everything that can happen in from, with the state
// after it.
func (m *model) steps(from *state, yield func(step, *state)) {
	x := &stepper{model: m, from: from, yield: yield}
	if from.news != [6]message{} && !m.free {
		for p := range m.deltas {
			x.hear(p)
		}
		x.try(step{kind: loses}, func(*state) bool { return true })
		return
	}
	for p := range m.deltas {
		if from.turn == 0 || from.turn == withRequests+turn(p) {
			x.take(p)
			x.desk(p)
		}
		if from.turn == 0 || from.turn == withFolds+turn(p) {
			x.peers(p)
			x.store(p)
		}
		if from.turn == 0 {
			x.hear(p)
			x.restarts(p)
		}
	}
	if from.turn == 0 {
		x.land()
	}
}

// try yields a step if it makes a difference.
func (x *stepper) try(what step, happen func(s *state) bool) {
	x.s = *x.from
	x.s.turn = 0
	if !x.free {
		clear(x.s.news[:])
	}
	x.failure, x.notes = "", x.notes[:0]
	if happen(&x.s) {
		if x.failure == "" {
			x.tidy(x.from, &x.s)
		}
		x.yield(what, &x.s)
	}
}

// act tries a step of a desk.
func (x *stepper) act(what step, f func(h *held)) {
	x.try(what, func(s *state) bool { return x.step(s, what.process, what.kind, int(what.message), f) })
}

// take lets the next client of process p make its request.
func (x *stepper) take(p int) {
	r, more := x.next(x.from, p)
	if !more || !x.free && x.kept[x.from.procs[p].desk].fold != 0 {
		return
	}
	q := Request{Kind: Add, Client: "c", MsgID: r, Delta: x.clients[r].delta}
	if q.Delta == 0 {
		q.Kind = Read
	}
	open := func(s *state) {
		s.procs[p].begun++
		s.open |= 1 << r
		s.starts[r] = s.newest
	}
	if q.Kind == Read && x.plain() {
		// A compare-and-swap of the value that was read for itself may be run
		// on the state that was read.
		for i := x.from.procs[p].seen; i <= x.from.newest; i++ {
			x.try(step{kind: readsPlainly, process: p, value: x.from.versions[i]}, func(s *state) bool {
				open(s)
				s.procs[p].seen = i
				x.answer(s, p, Answer{Request: q, Total: x.values[s.versions[i]].Total})
				return true
			})
		}
		return
	}
	x.try(step{kind: begins, process: p}, func(s *state) bool {
		open(s)
		return x.step(s, p, begins, r, func(h *held) {
			q.Deadline = h.next()
			h.Take(q)
		})
	})
}

// next returns the next request to process p, and whether there is one.
func (m *model) next(s *state, p int) (r int, ok bool) {
	for _, deltas := range m.deltas[:p] {
		r += len(deltas)
	}
	begun := int(s.procs[p].begun)
	return r + begun, begun < len(m.deltas[p])
}

// desk lets process p do what it may do at any time.
func (x *stepper) desk(p int) {
	k := &x.kept[x.from.procs[p].desk]
	if k.Formable() {
		x.act(step{kind: forms, process: p}, func(h *held) { h.Form() })
	}
	if k.inHand > 0 {
		x.act(step{kind: expires, process: p}, func(h *held) { h.Expire(at(1)) })
		if x.senseless {
			x.act(step{kind: makesNoSense, process: p}, func(h *held) { h.Refuse("it makes no sense") })
		}
	}
}

// store lets process p swap values, and learn them.
func (x *stepper) store(p int) {
	desk, newest := x.from.procs[p].desk, x.from.versions[x.from.newest]
	x.try(step{kind: swaps, process: p}, func(s *state) bool {
		to := x.compose(desk, newest)
		if to == 0 {
			return x.failure != ""
		}
		x.push(s, to)
		x.see(s, p, s.newest)
		s.procs[p].wrote = x.fault == messageIDsReused
		return true
	})
	if x.from.procs[p].echo {
		to := x.compose(desk, newest)
		x.try(step{kind: mistakes, process: p, value: to}, func(s *state) bool {
			s.procs[p].echo = false
			return to != 0 && x.settle(s, p, to)
		})
	}
	for _, text := range x.texts(desk, newest) {
		if text.shown != missing { // otherwise it learns nothing
			x.try(step{kind: tells, process: p, value: text.told}, func(s *state) bool { return x.settle(s, p, text.shown) })
		}
	}
	created := valueID(missing)
	if x.base == 0 {
		created = x.compose(desk, missing)
	}
	for i := x.from.procs[p].seen; i <= x.from.newest; i++ {
		value := x.from.versions[i]
		what := step{kind: learns, process: p, value: value}
		if value == created && value != missing {
			what.kind = identities
		}
		x.try(what, func(s *state) bool {
			x.see(s, p, i)
			return x.settle(s, p, value)
		})
	}
}

// A text of a refusal tells a value. After it, package ledger says what the
// store has shown the process, and from what its next swap starts.
type text struct{ told, shown valueID }

// texts returns what a refusal may tell a desk while the store holds a value:
// what its swap was to write; a value that was never written, with the receipts
// of all folds in hand; a total that leaves no room; a later life of its node;
// and that there is nothing. (A text that is cut off tells nothing.) The desk
// must be able to make its next swap from any of these, which the store
// refuses, too.
func (m *model) texts(id deskID, value valueID) []text {
	key := newTask(id, tells, int(value))
	if all, ok := m.told[key]; ok {
		return all
	}
	d := m.kept[id].Desk
	ours := m.values[value].Clone()
	if ours.Receipts == nil {
		ours.Receipts = map[string]ledger.Receipt{}
	}
	full, later := ours.Clone(), ours.Clone()
	for _, b := range d.batches() {
		ours.Receipts[b.Node] = ledger.Receipt{Life: b.Life, Seq: b.Seq}
	}
	full.Total = ledger.Max
	later.Receipts[d.node] = ledger.Receipt{Life: ledger.Life{Boot: 1000}, Seq: 1}
	all := []text{}
	for _, told := range []ledger.Value{m.values[m.compose(id, value)], ours, full, later, {}} {
		var view ledger.View
		view.Tell(ledger.Version{Value: told})
		v := view.Base.Value.Clone()
		m.kept[id].Apply(&v) // must not panic
		all = append(all, text{m.index(told), m.index(view.Shown.Value)})
	}
	m.told[key] = all
	return all
}

// plain reports whether a fault makes processes read plainly.
func (m *model) plain() bool { return m.fault == plainReads || m.fault == identityReads }

// see notes that process p has seen a version, and so sees no older one. It
// does so only if reads are plain. Otherwise that would make more states, and
// no mistake could show only in these.
func (m *model) see(s *state, p int, version uint8) {
	if m.plain() {
		s.procs[p].seen = version
	}
}

// settle lets process p take note of a value.
func (m *model) settle(s *state, p int, value valueID) bool {
	return m.step(s, p, learns, int(value), func(h *held) { h.Settle(m.values[value]) })
}

// peers lets process p take in folds to apply: other nodes', and its own.
func (x *stepper) peers(p int) {
	if x.kept[x.from.procs[p].desk].fold != 0 {
		x.act(step{kind: queues, process: p}, func(h *held) { h.Queue(h.own) })
	}
	for q := range x.deltas {
		if f := x.kept[x.from.procs[q].desk].fold; f != 0 {
			x.hand(p, f)
		}
	}
}

// hand lets a fold arrive at process p, unless it is from the same node, or is
// queued there often enough.
func (x *stepper) hand(p int, f foldID) {
	fold := x.folds[f].Fold
	copies := 0
	for _, there := range x.kept[x.from.procs[p].desk].queued {
		if there == f {
			copies++
		}
	}
	if fold.Node == x.node(p) || copies == 2 || copies == 1 && !x.twice {
		return
	}
	x.act(step{kind: hands, process: p, message: newMessage(f, 0)}, func(h *held) {
		if err := fold.Validate(); err != nil {
			panic(err)
		}
		h.TakeFold(Request{Kind: Combine, Client: fold.Node, MsgID: int(f), Deadline: h.next()}, fold)
	})
}

// hear lets process p get the answers to its folds.
func (x *stepper) hear(p int) {
	for i, n := range x.from.news {
		f := n.fold()
		if n == 0 || x.folds[f].process != p {
			continue
		}
		x.try(step{kind: hears, process: p, message: n}, func(s *state) bool {
			if !x.free {
				s.news = x.from.news
				drop(s.news[:], func(m message) bool { return m == x.from.news[i] })
			}
			changed := x.step(s, p, hears, int(n), func(h *held) {
				if n.total() == refusal {
					h.Queue(x.batch(h, f))
				} else {
					h.Done(x.batch(h, f), x.base+n.total())
				}
			})
			return changed || !x.free
		})
	}
}

// land lets folds that were given up get into the total nevertheless.
func (x *stepper) land() {
	for _, f := range x.from.out {
		if f == 0 {
			break
		}
		x.try(step{kind: lands, process: x.folds[f].process, message: newMessage(f, 0)}, func(s *state) bool {
			v := x.current(s).Clone()
			v.Apply(x.folds[f].Fold)
			x.push(s, x.index(v))
			return true
		})
	}
}

// restarts lets process p end, or be killed, and start again, perhaps with its
// clock gone back.
func (x *stepper) restarts(p int) {
	if x.from.restarts == x.bounds.restarts {
		return
	}
	later := 20 + 10*int64(x.from.restarts)
	x.restart(ends, p, later, 1)
	x.restart(startsAgain, p, later, 1)
	if x.from.setbacks < x.setbacks {
		same := x.kept[x.from.procs[p].desk].Desk.life.Boot
		x.restart(startsEarlier, p, 5-int64(x.from.setbacks), 1)
		x.restart(startsAtOnce, p, same, -1)
		x.restart(startsAtOnce, p, same, 1)
	}
}

// restart ends the life of process p and begins another. The nonce of the new
// life is greater than all earlier ones if sign is 1, and smaller if it is -1.
func (x *stepper) restart(kind stepKind, p int, boot, sign int64) {
	if x.fault == livesNamedByClock {
		sign = 0
	}
	x.try(step{kind: kind, process: p}, func(s *state) bool {
		if kind == ends {
			x.step(s, p, ends, 0, func(h *held) { h.Close() })
		}
		s.restarts++
		if kind == startsEarlier || kind == startsAtOnce {
			s.setbacks++
		}
		for r, asked := range x.clients {
			if asked.process == p {
				s.open &^= 1 << r
				s.starts[r] = 0
			}
		}
		next := &s.procs[p]
		next.life++
		next.desk = x.begin(p, next.life, boot, first+sign*int64(s.restarts))
		next.echo, next.wrote = next.echo || next.wrote, false
		return true
	})
}
