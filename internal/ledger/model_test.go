package ledger

// This file checks the counter's protocol by looking at every state that it can get into, within bounds: a plain
// breadth-first search over an explicit model of the nodes, the store and the network, in which the values, and what is
// done to them, are this package's own Value, Fold, Standing and Apply.
//
// What is modelled:
//
//   - The store: Maelstrom's seq-kv (service.clj). A request may be run on any state from the newest that its caller has
//     seen up to the newest of all; if it would change something there, it is run on the newest instead. Here a read may
//     return every one of those states. The key does not exist at first.
//   - Two nodes, each with two client requests, one after the other, which become a fold each. A node hands its fold to the
//     other node, or folds it itself, or both; folds that it has been handed go along. It knows a value of the store that it
//     has read or written, or none; it waits for one answer of the store at a time, and when it waits no longer (or is
//     refused) it forgets what it knew. A fold can be given up at any moment by the node that made it or by the other one.
//   - The network: any message may be delivered next, late, or never. A fold that was handed over may be delivered any
//     number of times.
//   - Restarts: a node forgets everything, and what it has sent stays on its way. Its new life has a later boot, or an earlier
//     one because its clock has gone back.
//
// What is not there, because it would add nothing:
//
//   - The loss of a message: one that is never delivered is lost, and a node may stop waiting at any moment.
//   - Errors: on each of them a node does what it does when it stops waiting.
//   - Copies of requests to the store, and of answers. Of two equal compare-and-swaps the second fails. Of two reads, or
//     two answers, the node takes whichever comes first, for it matches answers by the message's id. (That ids are not
//     used again by a later life is taken for granted here; a test below shows what happens otherwise.)
//   - What a request to the store does to what its caller has seen, if that is all it does: it only takes choices away.
//     This goes for failing compare-and-swaps, for late reads, and for the writes to a key of the node's own by which it
//     comes up to date.
//   - When a request came. It counts as begun when it is put into a fold, which leaves its answer the least room.
//
// What is bounded: the nodes, the requests, the restarts. What is left out: a store that loses its state or holds a value that
// makes no sense, totals that overflow, folds of several requests of which some are given up, two lives of one node
// that run at once.
//
// What is asserted, in every state:
//
//   - Exactly once: no add is in the newest total twice, one that is acknowledged is in it, and none ever leaves it.
//   - Linearizability: an answer is the total at some instant since its request began, and contains its own add. As all that
//     was acknowledged before is in the total then, no read misses it, or returns less than an earlier read.
//   - Every compare-and-swap moves the value on: no receipt goes back and at least one moves, so that no value comes twice.

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
	plainReads               // a client's read is answered with what a read of the store returned
	identityReads            // ... once a compare-and-swap of that value to itself has succeeded
	oldBootsApplied          // a fold of an earlier life is applied as any other
	outlivedRetried          // a fold that finds a later boot's receipt is tried again with a boot above that
	idsReused                // each life counts its message ids from 1, so an answer to an earlier life may be taken for its own
)

// A model is one protocol, and the bounds within which it is searched.
type model struct {
	protocol protocol
	deltas   [2][2]int64 // of each node's two requests, 0 for a read
	restarts uint8       // how many there may be in all
	setbacks uint8       // how many of them may be with a clock that has gone back

	values  []Value // those that have come up. A state holds indexes of these
	indexes map[valueKey]uint16
	applied map[applyKey]uint16

	tracing bool
	notes   []string // while tracing: what else happened in a step
	failure string   // what the last step has violated
}

type valueKey struct {
	total    int64
	receipts [2]Receipt
}

type applyKey struct {
	value uint16
	fold  Fold
}

const (
	missing = 0      // the index of the zero Value: the key does not exist
	unknown = 0xffff // no value
	none    = 0xffff
)

// The deltas of adds, by slot: each has two bits of the total to itself, which count how often it is in there.
const (
	add0 = 1 << (2 * iota)
	add1
	add2
	add3
)

// A slot is a place for a fold: each client request has one, 2*node for a node's first and 2*node+1 for its second, and
// a second one, 4 above, for when it is tried again.
const slots = 8

func owner(slot int) int   { return slot % 4 / 2 }
func request(slot int) int { return slot % 2 }

// A state is everything that there is at one moment. Indexes of values stand for values, bits for slots.
type state struct {
	versions [8]uint16   // the store's states, as far as anything can still depend on them
	newest   uint8       // the index of the last of these
	seen     [2]uint8    // and of the newest that each node has seen
	late     [6]uint16   // compare-and-swaps of the newest version that nobody waits for: where to, and lateBy1 if by n1
	nodes    [2]node     //
	folds    [slots]life // what there is in the slots
	handed   uint8       // the folds on their way from node to node
	restarts uint8       // how many there have been
	setbacks uint8       //
}

const lateBy1 = 1 << 15

// A life names a fold of a node.
type life struct{ boot, seq uint8 }

type node struct {
	life
	begun   uint8     // how many of its client's requests it has put into folds
	open    bool      // the last of them has not been answered
	slot    uint8     // where its fold is
	start   uint8     // the newest version when it began
	queue   uint8     // the folds to be applied by this node
	phase   phase     // what it waits for
	echo    bool      // an answer to a compare-and-swap of an earlier life is on its way (idsReused only)
	value   uint16    // the known value, or unknown
	call    uint16    // the value that its compare-and-swap is to write, or that its read has returned
	replies [4]uint16 // the values from which the other node has answered its fold, or none
}

type phase uint8

const (
	idle    phase = iota
	reading       // has sent a read
	read          // ... that was answered
	swapping
	swapped
)

// ---- Values ----

var names = [2]string{"n0", "n1"}

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
	return Fold{names[n], int64(s.folds[slot].boot), int64(s.folds[slot].seq), m.deltas[n][request(slot)]}
}

func (m *model) standing(value uint16, f Fold) Standing {
	standing := m.values[value].Standing(f)
	if m.protocol == oldBootsApplied && standing == Outlived {
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
			v.Receipts[f.Node] = Receipt{f.Boot, f.Seq}
		}
		to = m.index(v)
		m.applied[key] = to
	}
	return to
}

// count says how often the add of a slot is in the value.
func (m *model) count(value uint16, slot int) int64 {
	return m.values[value].Total >> (2 * (slot % 4)) & 3
}

// ---- The store ----

func (s *state) current() uint16 { return s.versions[s.newest] }

// push makes value the newest version, written by node n.
func (m *model) push(s *state, n int, value uint16) {
	before := m.values[s.current()]
	s.newest++
	s.versions[s.newest] = value
	s.seen[n] = s.newest
	s.late = noLate // each was from the version before, and will fail
	after := m.values[value]
	for slot := range 4 {
		switch was, is := m.count(s.versions[s.newest-1], slot), m.count(value, slot); {
		case is > 1:
			m.fail("the add of %d by %s is in the total twice", m.deltas[owner(slot)][request(slot)], names[owner(slot)])
		case is < was:
			m.fail("the add of %d by %s is no longer in the total", m.deltas[owner(slot)][request(slot)], names[owner(slot)])
		}
	}
	if m.protocol != whole {
		return // what else is wrong shows in the answers
	}
	moved := false
	for _, name := range names {
		b, a := before.Receipts[name], after.Receipts[name]
		if a.Boot < b.Boot || a.Boot == b.Boot && a.Seq < b.Seq {
			m.fail("the receipt of %s goes back", name)
		}
		moved = moved || a != b
	}
	if !moved {
		m.fail("no receipt moves")
	}
}

var (
	noLate    = [6]uint16{none, none, none, none, none, none}
	noReplies = [4]uint16{none, none, none, none}
)

// leave notes a compare-and-swap from the newest version for which its node n does not wait any more.
func (s *state) leave(n int, to uint16) {
	if n == 1 {
		to |= lateBy1
	}
	for i, other := range s.late { // in order, so that equal sets are equal states
		switch {
		case other == to:
			return
		case to < other:
			s.late[i], to = to, other
		}
	}
	if to != none {
		panic("too many late compare-and-swaps")
	}
}

// ---- The node ----

// learn makes value the known one of node n, and ends the folds of which it shows what has become: settle in counter.go.
func (m *model) settle(s *state, n int) {
	p := &s.nodes[n]
	for slot := range each(p.queue) {
		switch m.standing(p.value, m.fold(s, slot)) {
		case Applied:
			if owner(slot) == n {
				m.answer(s, n, p.value)
			} else if q := &s.nodes[1-n]; q.open && int(q.slot) == slot {
				q.reply(p.value)
			}
		case Outlived:
			if owner(slot) == n {
				m.outlived(s, n)
			}
		default:
			continue
		}
		p.queue &^= 1 << slot
	}
}

// reply notes an answer to the node's fold.
func (p *node) reply(value uint16) {
	for i, other := range p.replies {
		switch {
		case other == value:
			return
		case value < other:
			p.replies[i], value = value, other
		}
	}
	if value != none {
		panic("too many answers to a fold")
	}
}

// outlived ends node n's own fold, because its known value has a receipt of a later boot.
func (m *model) outlived(s *state, n int) {
	p := &s.nodes[n]
	p.life = life{uint8(m.values[p.value].Receipts[names[n]].Boot) + 1, 0}
	if m.protocol == outlivedRetried {
		p.seq++
		p.slot += 4
		s.folds[p.slot] = p.life
		p.queue |= 1 << p.slot
		return
	}
	m.note("%s answers: it may have taken effect", names[n])
	s.end(n)
}

// begin puts node n's next request into a fold.
func (m *model) begin(s *state, n int) {
	p := &s.nodes[n]
	p.slot = uint8(2*n) + p.begun
	p.begun++
	p.open = true
	p.start = s.newest
	if m.deltas[n][request(int(p.slot))] == 0 {
		m.note("%s begins a read", names[n])
	} else {
		m.note("%s begins an add of %d", names[n], m.deltas[n][request(int(p.slot))])
	}
	if m.bare(p, n) {
		return
	}
	p.seq++
	s.folds[p.slot] = p.life
}

// bare says whether the request that node n has in hand is a read that isn't folded.
func (m *model) bare(p *node, n int) bool {
	return p.open && m.unfolded(n, request(int(p.slot)))
}

func (m *model) unfolded(n, request int) bool {
	return m.deltas[n][request] == 0 && (m.protocol == plainReads || m.protocol == identityReads)
}

// answer answers node n's request with the total of value, and checks that this is right.
func (m *model) answer(s *state, n int, value uint16) {
	p := &s.nodes[n]
	slot := int(p.slot)
	total := m.values[value].Total
	m.note("%s answers: done, the total is %d", names[n], total)
	if m.deltas[n][request(slot)] != 0 {
		if m.count(s.current(), slot) != 1 {
			m.fail("an add of %d by %s is acknowledged that is not in the total", m.deltas[n][request(slot)], names[n])
		} else if m.count(value, slot) != 1 {
			m.fail("%s answers with a total of %d, without its own add", names[n], total)
		}
	}
	found := false
	for _, version := range s.versions[p.start : s.newest+1] {
		found = found || m.values[version].Total == total
	}
	if !found {
		m.fail("%s answers with a total of %d, which it was not since the request began: then it was %d, now it is %d",
			names[n], total, m.values[s.versions[p.start]].Total, m.values[s.current()].Total)
	}
	s.end(n)
}

// end ends node n's request, answered or not. Its fold may go on.
func (s *state) end(n int) {
	p := &s.nodes[n]
	p.queue &^= 1 << p.slot
	p.open, p.slot, p.start = false, 0, 0
	p.replies = noReplies
}

// forget makes node n stop waiting for the store.
func (m *model) forget(s *state, n int) {
	p := &s.nodes[n]
	if p.phase == swapping && p.value == s.current() && p.call != p.value {
		s.leave(n, p.call)
	}
	p.phase, p.value, p.call = idle, unknown, unknown
}

// ---- Steps ----

// A step is something that happens.
type step struct {
	kind stepKind
	node int
	arg  int // a slot or a value
}

type stepKind int

const (
	sendsRead stepKind = iota
	answersRead
	takesRead
	sendsSwap
	doesSwap
	takesSwap
	takesEcho
	doesLateSwap
	stopsWaiting
	hands
	foldsToo
	takesFold
	dropsFold
	takesReply
	givesUp
	startsAgain
	startsEarlier
	stepKinds
)

// steps calls yield for everything that can happen in s.
func (m *model) steps(from *state, yield func(step, state)) {
	var s state
	try := func(kind stepKind, n, arg int, happen func(p *node)) {
		s = *from
		m.failure, m.notes = "", nil
		happen(&s.nodes[n])
		m.tidy(&s)
		yield(step{kind, n, arg}, s)
	}
	for n := range 2 {
		p := &from.nodes[n]
		more := !p.open && p.begun < 2

		// The folder's loop: read, unless a value is known; then compare and swap.
		switch p.phase {
		case idle:
			if m.protocol == plainReads && more && m.unfolded(n, int(p.begun)) {
				try(sendsRead, n, 0, func(p *node) {
					m.begin(&s, n)
					p.phase, p.value = reading, unknown
				})
			} else if p.queue != 0 || more || m.bare(p, n) {
				try(sendsRead, n, 0, func(p *node) { p.phase, p.value = reading, unknown })
			}
			if p.value == unknown {
				break
			}
			for _, upward := range []bool{true, false} {
				if upward || bits.OnesCount8(p.queue) > 1 {
					try(sendsSwap, n, 0, func(*node) { m.compose(&s, n, upward) })
				}
			}
			if more && !(m.protocol == plainReads && m.unfolded(n, int(p.begun))) {
				try(sendsSwap, n, 0, func(p *node) {
					m.begin(&s, n)
					if !m.bare(p, n) {
						if m.standing(p.value, m.fold(&s, int(p.slot))) == Outlived { // not sent yet, so it can have another boot
							p.life = life{uint8(m.values[p.value].Receipts[names[n]].Boot) + 1, 1}
							s.folds[p.slot] = p.life
						}
						p.queue |= 1 << p.slot
					}
					m.compose(&s, n, true)
				})
			}
		case reading:
			for i := from.seen[n]; i <= from.newest; i++ {
				try(answersRead, n, int(from.versions[i]), func(p *node) {
					p.phase, p.call = read, s.versions[i]
					s.seen[n] = i
				})
			}
		case read:
			try(takesRead, n, int(p.call), func(p *node) {
				p.phase, p.value, p.call = idle, p.call, unknown
				if boot := uint8(m.values[p.value].Receipts[names[n]].Boot); p.seq == 0 && boot >= p.boot {
					p.boot = boot + 1 // the clock has gone back since the last life of this node
				}
				if m.protocol == plainReads && m.bare(p, n) {
					m.answer(&s, n, p.value)
				}
				if m.protocol != receiptsIgnored {
					m.settle(&s, n)
				}
			})
		case swapping:
			if p.call == p.value { // changes nothing, so it may be run on any state that the node has not seen a later one of
				for i := from.seen[n]; i <= from.newest; i++ {
					if from.versions[i] == p.value {
						try(doesSwap, n, int(p.call), func(p *node) {
							p.phase = swapped
							s.seen[n] = i
						})
					}
				}
			} else if p.value == from.current() {
				try(doesSwap, n, int(p.call), func(p *node) {
					p.phase = swapped
					m.push(&s, n, p.call)
				})
			}
		}
		if p.phase == swapped || p.phase == swapping && p.echo {
			kind := takesSwap
			if p.phase == swapping {
				kind = takesEcho
			}
			try(kind, n, int(p.call), func(p *node) {
				if p.phase == swapping {
					p.echo = false
					if p.value == s.current() && p.call != p.value {
						s.leave(n, p.call)
					}
				}
				p.phase, p.value, p.call = idle, p.call, unknown
				if m.bare(p, n) {
					m.answer(&s, n, p.value)
				}
				m.settle(&s, n)
			})
		}
		if p.phase != idle {
			try(stopsWaiting, n, 0, func(*node) { m.forget(&s, n) })
		}

		// Its own fold.
		if more && !m.unfolded(n, int(p.begun)) {
			try(hands, n, 2*n+int(p.begun), func(p *node) {
				m.begin(&s, n)
				s.handed |= 1 << p.slot
			})
		}
		if p.open {
			if from.handed&^p.queue&(1<<p.slot) != 0 {
				try(foldsToo, n, int(p.slot), func(p *node) { p.queue |= 1 << p.slot })
			}
			for _, reply := range p.replies {
				if reply != none {
					try(takesReply, n, int(reply), func(*node) { m.answer(&s, n, reply) })
				}
			}
			try(givesUp, n, int(p.slot), func(*node) { s.end(n) })
		}

		// The other node's.
		for slot := range each(from.handed) {
			if owner(slot) != n && p.queue&(1<<slot) == 0 {
				try(takesFold, n, slot, func(p *node) { p.queue |= 1 << slot })
			}
		}
		for slot := range each(p.queue) {
			if owner(slot) != n {
				try(dropsFold, n, slot, func(p *node) { p.queue &^= 1 << slot })
			}
		}

		if from.restarts < m.restarts {
			boot := uint8(20 + 10*from.restarts)
			try(startsAgain, n, int(boot), func(*node) { m.restart(&s, n, boot) })
			if from.setbacks < m.setbacks {
				boot := 5 - from.setbacks
				try(startsEarlier, n, int(boot), func(*node) {
					s.setbacks++
					m.restart(&s, n, boot)
				})
			}
		}
	}
	for _, to := range from.late {
		if to != none {
			n := int(to / lateBy1)
			try(doesLateSwap, n, int(to%lateBy1), func(*node) { m.push(&s, n, to%lateBy1) })
		}
	}
}

// compose makes node n compare and swap, if there is something to: settle, compose and CompareAndSwap in counter.go. Two
// folds of one node may stand in the queue in either order.
func (m *model) compose(s *state, n int, upward bool) {
	p := &s.nodes[n]
	if m.protocol != receiptsIgnored {
		m.settle(s, n)
	}
	next := p.value
	for i := range slots {
		slot := i
		if !upward {
			slot = slots - 1 - i
		}
		if p.queue&(1<<slot) == 0 {
			continue
		}
		if f := m.fold(s, slot); m.protocol == receiptsIgnored || m.standing(next, f) == Pending {
			next = m.apply(next, f)
		}
	}
	if next != p.value || m.protocol == identityReads && m.bare(p, n) {
		p.phase, p.call = swapping, next
	}
}

// restart ends node n's life and begins another.
func (m *model) restart(s *state, n int, boot uint8) {
	p := &s.nodes[n]
	echo, replies := p.phase == swapped, p.replies
	m.forget(s, n)
	if p.open {
		s.end(n)
	}
	*p = node{life: life{boot, 0}, begun: p.begun, phase: idle, value: unknown, call: unknown, replies: p.replies}
	if m.protocol == idsReused {
		p.echo, p.replies = echo, replies
	}
	s.restarts++
}

// tidy drops from s what nothing can depend on any more, so that there are fewer states.
func (m *model) tidy(s *state) {
	// A node whose compare-and-swap can only fail might as well know.
	for n := range s.nodes {
		if p := &s.nodes[n]; p.phase == swapping && p.value != s.current() && p.call != p.value && !p.echo {
			p.phase, p.value, p.call = idle, unknown, unknown
		}
	}

	// A fold that nobody waits for, and that can't be applied any more.
	held := s.handed | s.nodes[0].queue | s.nodes[1].queue
	for slot := range slots {
		owner := &s.nodes[owner(slot)]
		switch open := owner.open && int(owner.slot) == slot; {
		case open:
		case held&(1<<slot) == 0:
			s.folds[slot] = life{}
		case m.protocol != receiptsIgnored && m.standing(s.current(), m.fold(s, slot)) != Pending:
			s.folds[slot] = life{}
			s.handed &^= 1 << slot
			s.nodes[0].queue &^= 1 << slot
			s.nodes[1].queue &^= 1 << slot
		}
	}

	// Versions that no read can return, and that are older than every open request.
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
func each(set uint8) func(func(int) bool) {
	return func(yield func(int) bool) {
		for ; set != 0; set &= set - 1 {
			if !yield(bits.TrailingZeros8(set)) {
				return
			}
		}
	}
}

func (m *model) fail(format string, args ...any) {
	if m.failure == "" {
		m.failure = fmt.Sprintf(format, args...)
	}
}

func (m *model) note(format string, args ...any) {
	if m.tracing {
		m.notes = append(m.notes, fmt.Sprintf(format, args...))
	}
}

// ---- The search ----

// A search is what has been looked at.
type search struct {
	states  []state
	parents []int32
	table   []int32 // states by hash: the index in states plus one, or 0
	seed    maphash.Seed
	steps   int
	kinds   [stepKinds]int
	failure string // what has been violated, or ""
	trace   string // how it came to that
}

func (m *model) search() *search {
	m.indexes, m.applied = make(map[valueKey]uint16), make(map[applyKey]uint16)
	m.index(Value{})
	x := &search{seed: maphash.MakeSeed(), table: make([]int32, 1<<16)}
	first := state{late: noLate}
	for n := range first.nodes {
		first.nodes[n] = node{life: life{10, 0}, value: unknown, call: unknown, replies: noReplies}
	}
	x.add(first, -1)
	for i := 0; i < len(x.states) && x.failure == ""; i++ {
		from := x.states[i]
		m.steps(&from, func(what step, s state) {
			x.steps++
			x.kinds[what.kind]++
			if m.failure != "" && x.failure == "" {
				x.failure = m.failure
				defer func() { x.trace = m.trace(x, i) }()
			}
			x.add(s, int32(i))
		})
	}
	return x
}

// add adds s unless it is there.
func (x *search) add(s state, parent int32) {
	if 2*len(x.states) >= len(x.table) {
		x.table = make([]int32, 2*len(x.table))
		for i := range x.states {
			x.table[x.place(&x.states[i])] = int32(i + 1)
		}
	}
	place := x.place(&s)
	if x.table[place] == 0 {
		x.states, x.parents = append(x.states, s), append(x.parents, parent)
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

// trace tells how state number last came about, and the step after it that fails.
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
		m.steps(&from, func(what step, to state) {
			if told || at > 0 && to != x.states[path[at-1]] || at == 0 && m.failure == "" {
				return
			}
			told = true
			fmt.Fprintf(&text, "%3d. %s\n", len(path)-at, m.tell(what, &from, &to))
			for _, note := range m.notes {
				fmt.Fprintf(&text, "       %s\n", note)
			}
			if at == 0 {
				fmt.Fprintf(&text, "     WRONG: %s\n", m.failure)
			}
		})
	}
	return text.String()
}

// tell puts a step from one state to another into words.
func (m *model) tell(what step, from, to *state) string {
	n, other := names[what.node], names[1-what.node]
	fold := func() string {
		id := to.folds[what.arg]
		if id == (life{}) {
			id = from.folds[what.arg]
		}
		return fmt.Sprintf("fold %d.%d of %s", id.boot, id.seq, names[owner(what.arg)])
	}
	value := func(i uint16) string {
		v := m.values[i]
		if i == missing {
			return "nothing"
		}
		text := fmt.Sprintf("%d {", v.Total)
		for _, name := range names {
			if r, ok := v.Receipts[name]; ok {
				text += fmt.Sprintf(" %s: %d.%d", name, r.Boot, r.Seq)
			}
		}
		return text + " }"
	}
	swap := func(p *node) string { return value(p.value) + " to " + value(p.call) }
	switch what.kind {
	case sendsRead:
		return n + " reads the store"
	case answersRead:
		text := fmt.Sprintf("the store answers %s with %s", n, value(uint16(what.arg)))
		if uint16(what.arg) != from.current() {
			text += ", which is old"
		}
		return text
	case takesRead:
		return n + " has the answer"
	case sendsSwap:
		if to.nodes[what.node].phase != swapping {
			return n + " looks at what it knows"
		}
		return fmt.Sprintf("%s swaps %s", n, swap(&to.nodes[what.node]))
	case doesSwap:
		text := fmt.Sprintf("the store does it for %s", n)
		if from.nodes[what.node].value != from.current() {
			text += ", on an old state, as nothing changes"
		}
		return text
	case takesSwap:
		return n + " hears that it is done"
	case takesEcho:
		return n + " takes the answer to a compare-and-swap of its earlier life for its own"
	case doesLateSwap:
		return fmt.Sprintf("the store swaps %s to %s for %s, which waits no more", value(from.current()), value(uint16(what.arg)), n)
	case stopsWaiting:
		return n + " waits no more for the store"
	case hands:
		return fmt.Sprintf("%s hands %s to %s", n, fold(), other)
	case foldsToo:
		return fmt.Sprintf("%s has %s in hand itself, too", n, fold())
	case takesFold:
		return fmt.Sprintf("%s takes in %s", n, fold())
	case dropsFold:
		return fmt.Sprintf("%s gives up %s", n, fold())
	case takesReply:
		return fmt.Sprintf("%s hears from %s that its fold is in %s", n, other, value(uint16(what.arg)))
	case givesUp:
		return n + " answers: it may have taken effect, for time is up"
	case startsAgain:
		return fmt.Sprintf("%s is killed, and starts with boot %d", n, what.arg)
	case startsEarlier:
		return fmt.Sprintf("%s is killed, its clock goes back, and it starts with boot %d", n, what.arg)
	}
	return fmt.Sprintf("%+v", what)
}

func TestExplore(t *testing.T) {
	for _, c := range []model{
		{deltas: [2][2]int64{{add0, 0}, {add2, 0}}},
		{deltas: [2][2]int64{{add0, add1}, {add2, add3}}},
		{deltas: [2][2]int64{{add0, 0}, {add2, 0}}, restarts: 1},
		{deltas: [2][2]int64{{add0, 0}, {add2, 0}}, restarts: 1, setbacks: 1},
	} {
		began := time.Now()
		x := c.search()
		t.Logf("%v %d %d: %d states, %d steps, %d values, %v %v", c.deltas, c.restarts, c.setbacks, len(x.states), x.steps, len(c.values), time.Since(began), x.kinds)
		if x.failure != "" {
			t.Errorf("%s\n%s", x.failure, x.trace)
		}
	}
}
