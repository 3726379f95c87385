package ledger

// This file checks the counter's protocol by looking at every state that it can get into, within bounds: a breadth-first
// search over a model of the nodes, the store and the network, in which the values, and what is done to them, are this
// package's own Value, Fold, Standing and Apply.
//
// # What is modelled
//
// The store is Maelstrom's seq-kv (service.clj). A request may be run on any state from the newest that its caller has seen
// up to the newest of all, here on every one of them; if it would change something there, it is run on the newest
// instead. The key does not exist at first.
//
// Two nodes have a few requests of clients each, one after the other. A request becomes a fold, which the node hands to the
// other node, or keeps. A node compares and swaps the newest value, with any of the folds that it has applied in any order:
// its own, and those of the other node. It learns what the store holds, or held, and settles its own fold by that, or
// tells the other node of its fold. A request may be given up at any moment. A node that is restarted forgets everything,
// while what it has sent stays on its way; its new life has a later boot, or an earlier one or the same if its clock has
// gone back, and a nonce of its own, greater or smaller than those before. A life that finds a receipt of a later one takes
// the next boot above that.
//
// The network delivers any message next, later or never. A fold that was handed over may arrive any number of times.
//
// # What needs no step of its own
//
// The model's nodes are freer than the real ones: they may at any moment do what a real one does only in some order, after
// some time-out, or never. What never goes wrong with them doesn't with the real ones, however these sleep, yield,
// suspect, batch and retransmit. So the following is in the model, although there is no step for it:
//
//   - A message is lost: it is never delivered.
//   - The wait for an answer ends, with a refusal, an error or too late: a node waits for nothing, and may always go on.
//   - A compare-and-swap arrives late. One that does not come from the newest value fails. One that does could as well be sent
//     only now, if its node still could: it couldn't if it has given its fold up since, or begun another life. Such folds
//     are afloat (see state) until the value changes.
//   - The answer to a compare-and-swap: it tells what reading the value that was written tells.
//   - An answer to a read comes late: the store may be read late, and show the same value. A node looks again at what it
//     knows: it finds nothing that it could not have found at once.
//   - Copies of compare-and-swaps, reads and answers: of two equal swaps the second fails, and an answer that nobody waits for
//     is dropped, because it carries the id of its request. (That no later life uses an id again is taken for granted: the
//     ids of each begin at a random number.)
//   - What a node tells the other one about its fold comes late or never. It is checked when it is told, and can only become
//     truer; and the model doesn't remember how a request has ended.
//   - A request changes nothing but what its caller has seen, as the writes do by which a node comes up to date: that only
//     takes choices away.
//   - A request waits before it goes into a fold, together with others: to begin it with the fold leaves its answer the
//     least room.
//
// # What is bounded, and what is left out
//
// The nodes, the requests and the restarts are bounded. Left out are a store that loses its state or holds a value that makes no
// sense, totals that overflow, and two lives of a node that run at once.
//
// # What is asserted
//
//   - Exactly once: no add is in the total twice, one that is acknowledged is in the newest total, and none ever leaves it.
//   - Linearizability: an answer is the total at some instant since its request began, its own add included. All that was
//     acknowledged before is in the total then, so no read misses it, or returns less than an earlier one.
//   - Each compare-and-swap moves the value on: no receipt goes back and one moves, so that no value ever comes twice.

import (
	"fmt"
	"hash/maphash"
	"math/bits"
	"strings"
	"testing"
	"time"
)

// A protocol is the one that the counter follows, or one that lacks something.
type protocol int

const (
	whole           protocol = iota
	receiptsIgnored          // a fold whose compare-and-swap was not answered is applied again, whatever the receipts say
	plainReads               // a client's read is answered with what a read of the store returns
	identityReads            // ... if a compare-and-swap of that to itself succeeds
	oldBootsApplied          // a fold of an earlier life is applied like any other
	outlivedRetried          // a fold that finds a receipt of a later boot is tried again with a boot above that
	noncesEqual              // lives are named by their boots alone
	idsReused                // each life counts its messages from 1, and so takes an answer to an earlier one for its own
)

// A model is a protocol, and the bounds within which it is searched.
type model struct {
	protocol protocol
	deltas   [2][]int64 // of each node's requests, at most three: 0 for a read, else an add's
	restarts uint8      // how many there may be in all
	setbacks uint8      // how many of them may find the clock gone back

	values  []Value // those that have come up; a state holds indexes of these
	indexes map[valueKey]uint16
	applied map[applyKey]uint16

	tracing bool
	notes   []string // while tracing: what else the last step did
	failure string   // what the last step violated, or ""
}

type valueKey struct {
	total    int64
	receipts [2]Receipt
}

type applyKey struct {
	value uint16
	fold  Fold
}

// firstNonce is that of the first life of each node.
const firstNonce = 10

const missing = 0 // the index of the zero Value: the key does not exist

// The deltas of adds. Each has two bits of the total to itself, which count how often it is in there.
const (
	add0 = 1 << (2 * iota)
	add1
	add2
	add3
)

// A slot is the place of a fold: 3*node+request, or 6 above that if an outlived one is tried again.
const slots = 12

func owner(slot int) int   { return slot % 6 / 3 }
func request(slot int) int { return slot % 3 }

// A set is one of slots.
type set uint16

func (a set) has(slot int) bool { return a&(1<<slot) != 0 }

// ownSlots are those of each node.
var ownSlots = [2]set{0b000111_000111, 0b111000_111000}

var names = [2]string{"n0", "n1"}

// A state is everything that there is at one moment.
type state struct {
	versions [8]uint16 // the states of the store, by their values, as far as anything can still depend on them
	newest   uint8     // the index of the last of them
	seen     [2]uint8  // ... of the newest that each node has seen
	nodes    [2]node
	folds    [slots]life // what the slots hold
	handed   set         // the slots whose folds are on their way to the other node
	afloat   set         // the slots whose folds, given up, may be in compare-and-swaps of the newest version, on their way
	restarts uint8       // how many there have been
	setbacks uint8
}

// A node is what the model keeps of one. What it has read it may read again, and so need not remember.
type node struct {
	life        // its last fold; seq is 0 if this life has made none
	begun uint8 // how many of its requests have begun
	open  bool  // the last of them has not ended
	slot  uint8 // where its fold is
	start uint8 // the index of the newest version when it began
	wrote bool  // this life has written (kept only if idsReused)
	echo  bool  // an earlier life has, and the answer is on its way
}

// A life names a fold of a node, the seq'th of the life of that boot and nonce.
type life struct{ boot, nonce, seq uint8 }

// ---- Values ----

func (m *model) index(v Value) uint16 {
	key := valueKey{v.Total, [2]Receipt{v.Receipts["n0"], v.Receipts["n1"]}}
	i, ok := m.indexes[key]
	if !ok {
		i = uint16(len(m.values))
		m.indexes[key] = i
		m.values = append(m.values, v)
	}
	return i
}

func (m *model) fold(s *state, slot int) Fold {
	n := owner(slot)
	l := s.folds[slot]
	return Fold{names[n], Life{int64(l.boot), int64(l.nonce)}, int64(l.seq), m.deltas[n][request(slot)]}
}

func (m *model) standing(value uint16, f Fold) Standing {
	standing := m.values[value].Standing(f)
	if m.protocol == oldBootsApplied && standing == Outlived || m.protocol == receiptsIgnored {
		return Pending
	}
	return standing
}

// apply returns the value with f applied.
func (m *model) apply(value uint16, f Fold) uint16 {
	key := applyKey{value, f}
	to, ok := m.applied[key]
	if !ok {
		v := m.values[value].Clone()
		if v.Standing(f) == Pending {
			v.Apply(f)
		} else { // as only a protocol that lacks something does
			v.Total += f.Delta
			v.Receipts[f.Node] = Receipt{f.Life, f.Seq}
		}
		to = m.index(v)
		m.applied[key] = to
	}
	return to
}

// count says how often the add of a slot is in the value.
func (m *model) count(value uint16, slot int) int64 {
	return m.values[value].Total >> (2 * (slot % 6)) & 3
}

// outlives says whether the value has a receipt of a later life of the node than l.
func (m *model) outlives(value uint16, n int, l life) bool {
	return m.values[value].Receipts[names[n]].Life.Compare(Life{int64(l.boot), int64(l.nonce)}) > 0
}

// ---- What happens ----

func (s *state) current() uint16 { return s.versions[s.newest] }

// begin puts node n's next request into a fold.
func (m *model) begin(s *state, n int) {
	p := &s.nodes[n]
	p.slot = uint8(3*n) + p.begun
	p.begun++
	p.open = true
	p.start = s.newest
	p.seq++
	s.folds[p.slot] = p.life
}

// end ends node n's request. A compare-and-swap that carries it may still be on its way.
func (s *state) end(n int) {
	p := &s.nodes[n]
	s.afloat |= 1 << p.slot
	p.open, p.slot, p.start = false, 0, 0
}

// answer checks that node n may answer its request with the total of value.
func (m *model) answer(s *state, n int, value uint16) {
	p := &s.nodes[n]
	total := m.values[value].Total
	m.note("%s answers %s: done, the total is %d", names[n], m.request(int(p.slot)), total)
	if m.deltas[n][request(int(p.slot))] != 0 {
		if m.count(s.current(), int(p.slot)) == 0 {
			m.fail("%s has acknowledged %s, and it is not in the total", names[n], m.request(int(p.slot)))
		} else if m.count(value, int(p.slot)) == 0 {
			m.fail("that is without %s itself", m.request(int(p.slot)))
		}
	}
	for _, version := range s.versions[p.start : s.newest+1] {
		if m.values[version].Total == total {
			return
		}
	}
	m.fail("the total has been %d to %d since the request began", m.values[s.versions[p.start]].Total, m.values[s.current()].Total)
}

// hands calls yield with the slots of the folds that node n may put into one compare-and-swap: those that the other node has
// handed to it, and one of its own. That may be one that it has given up, if the compare-and-swap is on its way since before.
func (s *state) hands(n int, yield func(hand set)) {
	others := s.handed &^ ownSlots[n]
	own := s.afloat & ownSlots[n]
	if s.nodes[n].open {
		own |= 1 << s.nodes[n].slot
	}
	if own == 0 {
		yield(others)
	}
	for slot := range own.each() {
		yield(others | 1<<slot)
	}
}

// compose calls yield with each value that comes of applying some of the folds in hand to value, in some order.
func (m *model) compose(s *state, value uint16, hand set, yield func(to uint16)) {
	for slot := range hand.each() {
		if f := m.fold(s, slot); m.standing(value, f) == Pending {
			to := m.apply(value, f)
			yield(to)
			m.compose(s, to, hand&^(1<<slot), yield)
		}
	}
}

// push makes value the newest version, by a compare-and-swap of node n.
func (m *model) push(s *state, n int, value uint16) {
	from := s.current()
	s.newest++
	s.versions[s.newest] = value
	s.seen[n] = s.newest
	s.afloat = 0 // any other compare-and-swap was from the version before
	s.nodes[n].wrote = m.protocol == idsReused
	for slot := range 6 {
		switch was, is := m.count(from, slot), m.count(value, slot); {
		case is > 1:
			m.fail("%s is in the total twice", m.request(slot))
		case is < was:
			m.fail("%s is no longer in the total", m.request(slot))
		}
	}
	if m.protocol != whole {
		return // the rest is a means to an end, and here the end is looked at
	}
	moved := false
	for _, name := range names {
		was, is := m.values[from].Receipts[name], m.values[value].Receipts[name]
		if order := is.Compare(was.Life); order < 0 || order == 0 && is.Seq < was.Seq {
			m.fail("the receipt of %s goes back", name)
		}
		moved = moved || is != was
	}
	if !moved {
		m.fail("no receipt moves")
	}
}

// learn makes value known to node n, which settles its own fold by it. A node without one takes a later boot if the value has
// a receipt of a later life than its own. learn returns false if there is no news.
func (m *model) learn(s *state, n int, value uint16) bool {
	p := &s.nodes[n]
	next := life{uint8(m.values[value].Receipts[names[n]].Boot) + 1, p.nonce, 0}
	if !p.open {
		if !m.outlives(value, n, p.life) {
			return false
		}
		p.life = next
		m.note("%s takes boot %d", names[n], p.boot)
		return true
	}
	switch m.values[value].Standing(m.fold(s, int(p.slot))) {
	case Applied:
		m.answer(s, n, value)
		s.end(n)
		return true
	case Outlived:
		if m.protocol == outlivedRetried {
			m.note("%s makes %s fold %d.1", names[n], m.request(int(p.slot)), next.boot)
			p.life = life{next.boot, next.nonce, 1}
			p.slot += 6
			s.folds[p.slot] = p.life
			return true
		}
		m.note("%s answers %s: it may have taken effect", names[n], m.request(int(p.slot)))
		s.end(n)
		p.life = next
		return true
	}
	return false
}

// tell makes node n answer the other node's fold, if it has it and value contains it, and the answer arrive.
func (m *model) tell(s *state, n int, value uint16) bool {
	p := &s.nodes[1-n]
	if !p.open || !s.handed.has(int(p.slot)) || m.values[value].Standing(m.fold(s, int(p.slot))) != Applied {
		return false
	}
	m.answer(s, 1-n, value)
	s.end(1 - n)
	return true
}

// restart ends node n's life and begins another, whose nonce is greater than all before, or smaller.
func (m *model) restart(s *state, n int, boot uint8, greater bool) {
	p := &s.nodes[n]
	if p.open {
		s.end(n)
	}
	s.restarts++
	nonce := uint8(firstNonce)
	switch {
	case m.protocol == noncesEqual:
	case greater:
		nonce += s.restarts
	default:
		nonce -= s.restarts
	}
	*p = node{life: life{boot, nonce, 0}, begun: p.begun, echo: p.echo || p.wrote}
}

// ---- Steps ----

// A step is something that happens.
type step struct {
	kind    stepKind
	node    int
	version uint8  // the index of the one that is read, if any
	value   uint16 // what is written, if anything
}

type stepKind int

const (
	begins stepKind = iota
	hands
	swaps
	tells
	learns
	givesUp
	startsAgain
	startsEarlier
	startsAtOnce
	readsPlainly // these two only where something is missing
	mistakes
	stepKinds
)

// steps calls yield for everything that can happen in from, with what comes of it.
func (m *model) steps(from *state, yield func(step, *state)) {
	var s state
	try := func(what step, happen func(n int) bool) {
		s = *from
		m.failure, m.notes = "", m.notes[:0]
		if happen(what.node) {
			m.tidy(&s)
			yield(what, &s)
		}
	}
	for n := range 2 {
		p := &from.nodes[n]
		switch more := !p.open && int(p.begun) < len(m.deltas[n]); {
		case more && m.deltas[n][p.begun] == 0 && (m.protocol == plainReads || m.protocol == identityReads):
			// The compare-and-swap of what was read to itself may be run on the state that was read.
			for i := from.seen[n]; i <= from.newest; i++ {
				try(step{kind: readsPlainly, node: n, version: i}, func(n int) bool {
					m.begin(&s, n)
					s.seen[n] = i
					m.answer(&s, n, s.versions[i])
					s.end(n)
					return true
				})
			}
		case more:
			try(step{kind: begins, node: n}, func(n int) bool {
				m.begin(&s, n)
				return true
			})
			try(step{kind: hands, node: n}, func(n int) bool {
				m.begin(&s, n)
				s.handed |= 1 << s.nodes[n].slot
				return true
			})
		}
		from.hands(n, func(hand set) {
			m.compose(from, from.current(), hand, func(to uint16) {
				try(step{kind: swaps, node: n, value: to}, func(n int) bool {
					m.push(&s, n, to)
					return true
				})
				if p.echo {
					try(step{kind: mistakes, node: n, value: to}, func(n int) bool {
						s.nodes[n].echo = false
						return m.learn(&s, n, to)
					})
				}
			})
		})
		for i := from.seen[n]; i <= from.newest; i++ {
			try(step{kind: tells, node: n, version: i}, func(n int) bool { return m.tell(&s, n, s.versions[i]) })
			try(step{kind: learns, node: n, version: i}, func(n int) bool {
				s.seen[n] = i
				return m.learn(&s, n, s.versions[i])
			})
		}
	}
	for n := range 2 {
		if from.nodes[n].open {
			try(step{kind: givesUp, node: n}, func(n int) bool {
				s.end(n)
				return true
			})
		}
		if from.restarts < m.restarts {
			try(step{kind: startsAgain, node: n}, func(n int) bool {
				m.restart(&s, n, 20+10*s.restarts, true)
				return true
			})
		}
		if from.restarts < m.restarts && from.setbacks < m.setbacks {
			try(step{kind: startsEarlier, node: n}, func(n int) bool {
				m.restart(&s, n, 5-s.setbacks, true)
				s.setbacks++
				return true
			})
			for _, greater := range []bool{false, true} {
				try(step{kind: startsAtOnce, node: n}, func(n int) bool {
					m.restart(&s, n, from.nodes[n].boot, greater)
					s.setbacks++
					return true
				})
			}
		}
	}
}

// tidy drops from s what nothing can depend on any more, so that there are fewer states.
func (m *model) tidy(s *state) {
	// Folds that nobody waits for, and that can't be applied any more or aren't on their way.
	for slot := range slots {
		p := &s.nodes[owner(slot)]
		if p.open && int(p.slot) == slot || s.folds[slot] == (life{}) {
			continue
		}
		if m.standing(s.current(), m.fold(s, slot)) != Pending {
			s.handed &^= 1 << slot
			s.afloat &^= 1 << slot
		}
		if !(s.handed | s.afloat).has(slot) {
			s.folds[slot] = life{}
		}
	}

	// Versions that no read can return and in which no open request has begun.
	low := min(s.seen[0], s.seen[1])
	for _, p := range s.nodes {
		if p.open {
			low = min(low, p.start)
		}
	}
	if low == 0 {
		return
	}
	var versions [8]uint16
	copy(versions[:], s.versions[low:s.newest+1])
	s.versions = versions
	s.newest -= low
	for n := range s.nodes {
		s.seen[n] -= low
		if p := &s.nodes[n]; p.open {
			p.start -= low
		}
	}
}

// each ranges over the slots in a set.
func (a set) each() func(func(int) bool) {
	return func(yield func(int) bool) {
		for ; a != 0; a &= a - 1 {
			if !yield(bits.TrailingZeros16(uint16(a))) {
				return
			}
		}
	}
}

// fail says what is wrong with a step.
func (m *model) fail(format string, args ...any) {
	if m.failure == "" {
		m.failure = fmt.Sprintf(format, args...)
	}
}

// note says what else a step does.
func (m *model) note(format string, args ...any) {
	if m.tracing {
		m.notes = append(m.notes, fmt.Sprintf(format, args...))
	}
}

// request says what client request is in a slot.
func (m *model) request(slot int) string {
	n := owner(slot)
	if delta := m.deltas[n][request(slot)]; delta != 0 {
		return fmt.Sprintf("%s's add of %d", names[n], delta)
	}
	return names[n] + "'s read"
}

// ---- The search ----

// A search is what has been looked at.
type search struct {
	states  []state
	parents []int32 // the state from which each was first reached
	table   []int32 // a hash table of the states: their indexes plus one, or 0
	seed    maphash.Seed
	steps   int
	kinds   [stepKinds]int // how many steps of each kind
	failure string         // what has been violated, or ""
	trace   string         // how it came to that
}

// search looks at all states, or at as many as it takes to find the shortest way to one that is wrong.
func (m *model) search() *search {
	m.indexes, m.applied = make(map[valueKey]uint16), make(map[applyKey]uint16)
	m.index(Value{})
	x := &search{seed: maphash.MakeSeed(), table: make([]int32, 1<<16)}
	var first state
	for n := range first.nodes {
		first.nodes[n].life = life{10, firstNonce, 0}
	}
	x.add(&first, -1)
	for i := 0; i < len(x.states) && x.failure == ""; i++ {
		from := x.states[i]
		m.steps(&from, func(what step, s *state) {
			x.steps++
			x.kinds[what.kind]++
			if x.failure == "" {
				x.failure = m.failure
				x.add(s, int32(i))
			}
		})
		if x.failure != "" {
			x.trace = m.trace(x, i)
		}
	}
	return x
}

// add adds s unless it is there.
func (x *search) add(s *state, parent int32) {
	if 2*len(x.states) >= len(x.table) {
		x.table = make([]int32, 2*len(x.table))
		for i := range x.states {
			x.table[x.place(&x.states[i])] = int32(i + 1)
		}
	}
	place := x.place(s)
	if x.table[place] == 0 {
		x.states, x.parents = append(x.states, *s), append(x.parents, parent)
		x.table[place] = int32(len(x.states))
	}
}

// place is where s is in the table, or should be.
func (x *search) place(s *state) int {
	mask := len(x.table) - 1
	place := int(maphash.Comparable(x.seed, *s)) & mask
	for x.table[place] != 0 && x.states[x.table[place]-1] != *s {
		place = (place + 1) & mask
	}
	return place
}

// trace tells how the state of index last came about, and the step after it that is wrong.
func (m *model) trace(x *search, last int) string {
	var path []int
	for i := last; i >= 0; i = int(x.parents[i]) {
		path = append(path, i)
	}
	m.tracing = true
	defer func() { m.tracing = false }()
	var text strings.Builder
	for at := len(path) - 1; at >= 0; at-- {
		from := x.states[path[at]]
		told := false
		m.steps(&from, func(what step, s *state) {
			if told || at > 0 && *s != x.states[path[at-1]] || at == 0 && m.failure == "" {
				return
			}
			told = true
			fmt.Fprintf(&text, "%3d. %s\n", len(path)-at, m.words(what, &from, s))
			for _, note := range m.notes {
				fmt.Fprintf(&text, "     %s\n", note)
			}
			if at == 0 {
				fmt.Fprintf(&text, "     WRONG: %s\n", m.failure)
			}
		})
	}
	return text.String()
}

// words puts a step between two states into words.
func (m *model) words(what step, from, to *state) string {
	n, other := names[what.node], names[1-what.node]
	held := "holds"
	if what.version < from.newest {
		held = "held"
	}
	switch what.kind {
	case begins, hands:
		p := to.nodes[what.node]
		text := fmt.Sprintf("%s begins, fold %d.%d", m.request(int(p.slot)), p.boot, p.seq)
		if what.kind == hands {
			text += ", which it hands to " + other
		}
		return text
	case swaps:
		return fmt.Sprintf("the store swaps %s to %s for %s", m.describe(from.current()), m.describe(what.value), n)
	case learns:
		return fmt.Sprintf("%s learns that the store %s %s", n, held, m.describe(from.versions[what.version]))
	case readsPlainly:
		text := fmt.Sprintf("%s begins, and learns that the store %s %s",
			m.request(3*what.node+int(from.nodes[what.node].begun)), held, m.describe(from.versions[what.version]))
		if m.protocol == identityReads {
			text += ", which the store swaps for itself"
			if held == "held" {
				text += ", in its old state, as that changes nothing"
			}
		}
		return text
	case tells:
		return fmt.Sprintf("%s tells %s that its fold is in %s", n, other, m.describe(from.versions[what.version]))
	case givesUp:
		return fmt.Sprintf("%s gives %s up: it may have taken effect", n, m.request(int(from.nodes[what.node].slot)))
	case startsAgain:
		return fmt.Sprintf("%s is killed and starts again, with boot %d", n, to.nodes[what.node].boot)
	case startsEarlier:
		return fmt.Sprintf("%s is killed and starts again, its clock gone back, with boot %d", n, to.nodes[what.node].boot)
	case startsAtOnce:
		l := to.nodes[what.node]
		return fmt.Sprintf("%s is killed and starts again, with the same boot %d and nonce %d", n, l.boot, l.nonce)
	case mistakes:
		return fmt.Sprintf("%s takes the answer to an earlier life for one to its swap of %s to %s", n, m.describe(from.current()), m.describe(what.value))
	}
	return fmt.Sprintf("%+v", what)
}

// describe shows a value.
func (m *model) describe(value uint16) string {
	if value == missing {
		return "nothing"
	}
	v := m.values[value]
	text := fmt.Sprintf("{%d", v.Total)
	for _, name := range names {
		if r, ok := v.Receipts[name]; ok {
			text += fmt.Sprintf(" %s:%d.%d", name, r.Boot, r.Seq)
		}
	}
	return text + "}"
}

// ---- Tests ----

func TestNoStateOfTheModelIsWrong(t *testing.T) {
	models := []model{
		{deltas: [2][]int64{{add0, add1}, {add3, 0}}, restarts: 2, setbacks: 2},
		{deltas: [2][]int64{{add0, add1, 0}, {add3}}, restarts: 2, setbacks: 2},
	}
	if testing.Short() {
		models = []model{{deltas: [2][]int64{{add0, 0}, {add3, 0}}, restarts: 1, setbacks: 1}}
	}
	for _, m := range models {
		began := time.Now()
		x := m.search()
		t.Logf("deltas %v, %d restarts, %d with the clock gone back: %d states, %d steps, %d values in %v",
			m.deltas, m.restarts, m.setbacks, len(x.states), x.steps, len(m.values), time.Since(began).Round(time.Millisecond))
		if x.failure != "" {
			t.Fatalf("%s:\n%s", x.failure, x.trace)
		}
		for kind, steps := range x.kinds[:readsPlainly] {
			if steps == 0 {
				t.Errorf("deltas %v: no step of kind %d was possible", m.deltas, kind)
			}
		}
	}
}

// A model that could not fail would prove nothing.
func TestModelFindsWhatIsMissing(t *testing.T) {
	all := [2][]int64{{add0, add1}, {add3, 0}}
	for _, c := range []struct {
		name  string
		model model
		want  string
	}{
		{"receipts", model{protocol: receiptsIgnored, deltas: all}, "n0's add of 1 is in the total twice"},
		{"reads as folds", model{protocol: plainReads, deltas: all}, "the total has been 64 to 64 since the request began"},
		{"reads that change something", model{protocol: identityReads, deltas: all}, "the total has been 64 to 64 since the request began"},
		{"the refusal of old boots", model{protocol: oldBootsApplied, deltas: all, restarts: 1}, "n0's add of 4 is in the total twice"},
		// An outlived fold may have been applied before the fold whose receipt is there.
		{"the end of an outlived fold", model{protocol: outlivedRetried, deltas: all, restarts: 1, setbacks: 1}, "n0's add of 4 is in the total twice"},
		{"ids of messages that differ between lives", model{protocol: idsReused, deltas: all, restarts: 1}, "n0 has acknowledged n0's add of 4, and it is not in the total"},
		{"names that differ", model{protocol: noncesEqual, deltas: all, restarts: 1, setbacks: 1},
			"n0 has acknowledged n0's add of 4, and it is not in the total"},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := c.model.search()
			if x.failure != c.want {
				t.Errorf("without %s: found %q, want %q", c.name, x.failure, c.want)
			}
			t.Logf("without %s, %d states:\n%s", c.name, len(x.states), x.trace)
		})
	}
}
