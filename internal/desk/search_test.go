package desk

// The search, in the files search_*_test.go, checks what the counter promises by looking at every state that it can get into, within
// bounds. What decides is the code that ships: a state holds real Desks, which take their steps by the methods that counter.go calls,
// with the Value, Fold, Standing and Apply of package ledger. Each desk Checks itself after each step.
//
// # What is modelled by hand
//
// The clients. Each node has a few requests, which are taken in at any moment.
//
// The loops of counter.go, peers, pace and all timeouts, of which nothing but speed may depend. So here a desk takes any step that it can at any
// moment, whatever any of them would say: it forms a fold, hands it to any other node, applies it itself, compares and swaps what it has
// composed, takes note of a value that the store shows, gives up what is due next, is told what has come of its fold, or that the value
// makes no sense.
//
// The store is Maelstrom's seq-kv (service.clj), or rather one that promises less: a read shows any state that it has ever had, while seq-kv
// shows nothing older than what its caller has seen. A compare-and-swap succeeds if it is from the newest value. The key does not
// exist at first, or holds a total near the greatest.
//
// The network delivers any message next, later, again, or never.
//
// Lives. A node that is restarted forgets everything, while what it has sent stays on its way; its new life has a later boot, or an earlier
// one or the same if its clock has gone back, and a nonce of its own, greater or smaller than those before. Or two lives of a node run at once.
//
// # What needs no step of its own
//
// The model is freer than the real nodes, and some of what happens to these is the same as something else. So the following is in the
// model, although there is no step for it:
//
//   - A message is lost: it is never delivered.
//   - A compare-and-swap is on its way for a while, or comes again. One that is not from the newest value fails. One that is could as well be sent
//     only now, as long as somebody has its folds in hand. If a node drops its own fold, as its requests are given up or its life ends, that
//     fold is out (see state): it may come into the total at any moment, as long as it is pending. It doesn't matter that a swap carries several
//     folds, since several may come one after the other.
//   - A compare-and-swap fails: that tells nothing. It succeeds: that tells what reading the value tells that it wrote. So does the read that is sent
//     right behind a swap.
//   - The swap that creates the key, which says that from is to. The store may run a copy of it on an old state that holds to, where it
//     succeeds: that tells what reading that state tells. (Such steps are counted, as identities.)
//   - An answer from the store comes late: the same state may be read late.
//   - A combiner refuses a fold: its node then applies it itself, as it may at any moment.
//   - The value makes no sense for a while: the node sees that, and then the same chain of values goes on.
//   - Messages bear ids of their own, so an answer that nobody waits for is dropped. (That no later life uses an id again is taken for
//     granted: the ids of each begin at a random number.)
//
// # What is put off
//
// Some steps make no difference until another follows, and could as well be taken only then. They are put off until then, which leaves a
// hundredth of the states:
//
//   - A request is taken in just before its desk forms a fold, or gives it up. That leaves its answer the least room.
//   - A fold is taken in from another node, or the own one is queued, just before the desk applies it or takes note of a value.
//   - The answer to a fold arrives at once or is lost: later, it would be no less true.
//
// In the models that are called free, which are small, nothing is put off. Then late news comes of folds that are no longer in hand, and requests
// wait while a fold is on its way.
//
// # What is bounded, and what is left out
//
// The nodes, the requests and the restarts are bounded: see models. Left out are a store that loses its state, what the counter does not put
// on the desk because it is malformed (error 12), and more than MaxRequests.
//
// # What is asserted
//
//   - Exactly once: no add is in the total twice, one that is acknowledged is in the newest total, none ever leaves it, and none that was
//     refused with another error than 0 is in it, ever.
//   - Linearizability: an answer is the total at some instant since its request began, its own add included. All that was acknowledged
//     before is in the total then, so no read misses it, or returns less than an earlier one.
//   - Each compare-and-swap moves the value on: no receipt goes back and one moves, so that no value ever comes twice.
//   - Each request is answered once at most, and is in one place until then (Check). Other nodes take each fold for valid.

import (
	"flag"
	"hash/maphash"
	"slices"
	"testing"
	"time"
)

var deep = flag.Bool("deep", false, "search larger models too: for some minutes, with up to 5 GB")

// Models are of some sizes: those for -short, those for all other runs, and those for -deep.
var models = []struct {
	name   string
	size   size
	bounds bounds
}{
	{"two nodes", small, bounds{deltas: [][]int64{{1, 0}, {3}}, twice: true}},
	{"several requests in a fold, and folds that come twice", usual, bounds{deltas: [][]int64{{1, 3, 0}, {9}}, twice: true}},
	{"three nodes", small, bounds{deltas: [][]int64{{1, 3}, {0}, {}}}},
	{"three nodes, and a restart", usual, bounds{deltas: [][]int64{{1, 3}, {0}, {}}, restarts: 1}},
	{"three nodes, each with a request", large, bounds{deltas: [][]int64{{1}, {3}, {0}}, restarts: 1}},
	{"a restart", small, bounds{deltas: [][]int64{{1, 0}, {3}}, restarts: 1, setbacks: 1}},
	{"a restart, and two requests each", usual, bounds{deltas: [][]int64{{1, 3}, {9, 0}}, restarts: 1, setbacks: 1}},
	{"two restarts", usual, bounds{deltas: [][]int64{{1, 0}, {3}}, restarts: 2, setbacks: 2}},
	{"two restarts, and two requests each", large, bounds{deltas: [][]int64{{1, 3}, {9, 0}}, restarts: 2, setbacks: 1}},
	{"two lives at once", small, bounds{deltas: [][]int64{{1, 0}, {3, 0}, {}}, twins: true}},
	{"two lives at once, and a request of another node", usual, bounds{deltas: [][]int64{{1}, {3}, {9}}, twins: true}},
	{"too little room", small, bounds{deltas: [][]int64{{1, 3}, {9}}, room: 12}},
	{"too little room for some", usual, bounds{deltas: [][]int64{{3, 98, 10}, {90}}, room: 100}},
	{"too little room for some, and folds that come twice", large, bounds{deltas: [][]int64{{3, 98, 10}, {90}}, room: 100, twice: true}},
	{"too little room, and a restart", usual, bounds{deltas: [][]int64{{1, 3}, {9}}, room: 12, restarts: 1}},
	{"a value that makes no sense", small, bounds{deltas: [][]int64{{1, 0}, {3}}, senseless: true}},
	{"a value that makes no sense, and a restart", usual, bounds{deltas: [][]int64{{1, 3}, {9}}, senseless: true, restarts: 1, setbacks: 1}},
	{"a value that makes no sense, a restart, and several requests in a fold", large, bounds{deltas: [][]int64{{1, 3, 0}, {9}}, senseless: true, restarts: 1, setbacks: 1}},
	{"free", small, bounds{deltas: [][]int64{{1, 0}, {3}}, free: true}},
	{"free, with two requests each", large, bounds{deltas: [][]int64{{1, 0}, {3, 0}}, free: true}},
	{"free, with too little room", usual, bounds{deltas: [][]int64{{1, 3}, {9}}, room: 12, free: true}},
	{"free, with a restart", usual, bounds{deltas: [][]int64{{1, 3, 0}, {}}, restarts: 1, setbacks: 1, free: true}},
}

type size int

const (
	small size = iota
	usual
	large
)

func TestNoStateOfTheModelIsWrong(t *testing.T) {
	most := usual
	switch {
	case testing.Short():
		most = small
	case *deep:
		most = large
	}
	kinds := make([][stepKinds]int, len(models)) // how many steps of each, by model
	t.Run("of", func(t *testing.T) {
		for i, c := range models {
			if c.size > most {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				began := time.Now()
				m := newModel(c.bounds, "")
				x := m.search()
				t.Logf("%d states, %d steps, %d desks, %d steps of these, %d values in %v",
					len(x.parents), x.steps, len(m.kept), len(m.outcomes), len(m.values), time.Since(began).Round(time.Millisecond))
				if x.failure != "" {
					t.Fatalf("%s:\n%s", x.failure, x.story)
				}
				kinds[i] = x.kinds
			})
		}
	})
	for i, c := range models {
		if c.size == small && kinds[i] == [stepKinds]int{} {
			return // -run has left some out
		}
	}
	for kind := range readsPlainly {
		if !slices.ContainsFunc(kinds, func(steps [stepKinds]int) bool { return steps[kind] > 0 }) {
			t.Errorf("no step of kind %d was possible", kind)
		}
	}
}

// Each step of a desk is taken once and remembered, which is right if the step always brings the same.
func TestADeskDoesTheSameAgain(t *testing.T) {
	m := newModel(bounds{deltas: [][]int64{{1, 3}, {}}, room: 3, restarts: 1, setbacks: 1, senseless: true, free: true}, "")
	m.again = true
	if x := m.search(); x.failure != "" {
		t.Errorf("%s:\n%s", x.failure, x.story)
	}
}

// A search is what has been looked at.
type search struct {
	chunks  [][]state // all states, in the order in which they were found, chunk by chunk
	parents []int32   // the state from which each was first reached
	table   []entry   // a hash table of the states
	seed    maphash.Seed
	steps   int
	kinds   [stepKinds]int // how many steps of each kind
	failure string         // what has been violated, or ""
	story   string         // how it came to that
}

const chunk = 1 << 14

// An entry is 0, or the index of a state plus one, and above it 32 bits of the state's hash.
type entry uint64

func (e entry) hash() int  { return int(e >> 32) }
func (e entry) index() int { return int(uint32(e)) - 1 }

// search looks at all states, or at as many as it takes to find the shortest way to one that is wrong.
func (m *model) search() *search {
	x := &search{seed: maphash.MakeSeed()}
	x.add(m.initial(), -1)
	for i := 0; i < len(x.parents) && x.failure == ""; i++ {
		m.steps(x.state(i), func(what step, s *state) {
			x.steps++
			x.kinds[what.kind]++
			if x.failure == "" {
				x.failure = m.failure
				x.add(s, int32(i))
			}
		})
		if x.failure != "" {
			x.story = m.story(x, i)
		}
	}
	return x
}

func (x *search) state(i int) *state { return &x.chunks[i/chunk][i%chunk] }

// add adds s unless it is there.
func (x *search) add(s *state, parent int32) {
	n := len(x.parents)
	if 2*n >= len(x.table) {
		old := x.table
		x.table = make([]entry, max(1<<16, 2*len(old)))
		for _, e := range old {
			if e != 0 {
				x.table[x.place(e, nil)] = e
			}
		}
	}
	e := entry(maphash.Comparable(x.seed, *s))>>32<<32 | entry(n+1)
	place := x.place(e, s)
	if x.table[place] != 0 {
		return
	}
	if n%chunk == 0 {
		x.chunks = append(x.chunks, make([]state, 0, chunk))
	}
	last := &x.chunks[n/chunk]
	*last = append(*last, *s)
	x.parents = append(x.parents, parent)
	x.table[place] = e
}

// place is where the entry of s is in the table, or should be. Without s, it is known not to be there.
func (x *search) place(e entry, s *state) int {
	mask := len(x.table) - 1
	place := e.hash() & mask
	for there := x.table[place]; there != 0; there = x.table[place] {
		if s != nil && there.hash() == e.hash() && *x.state(there.index()) == *s {
			break
		}
		place = (place + 1) & mask
	}
	return place
}
