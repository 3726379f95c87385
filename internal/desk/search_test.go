package desk

// The search, in the files search_*_test.go, visits every state that the
// counter can get into, within bounds, and checks that it keeps its promises.
// It runs the code that ships: a state holds real Desks, which take their steps
// through the methods that counter.go calls, with the Value, Fold, Standing and
// Apply of package ledger. After each step of a desk, Check is called.
//
// # What is modelled by hand
//
// The clients. Each node has a few requests, which are taken in at any moment.
//
// The loops of counter.go, peers, pace, and all timeouts. Nothing but speed may
// depend on them. So here a desk takes any step that it can at any moment,
// whatever they would decide. It forms a fold, hands it to any other node,
// applies it itself, swaps a value with it, takes note of a value that the
// store shows, gives up the request that is due next, gets the answer to its
// fold, or hears that the value makes no sense.
//
// The store is Maelstrom's seq-kv (service.clj), or rather one that promises
// less: a read shows any state that it has ever had, while seq-kv shows nothing
// older than what its caller has seen. A compare-and-swap succeeds if it is
// from the newest value. The key does not exist at first, or holds a total near
// the greatest.
//
// The network delivers any message at once, later, twice, or never.
//
// Lives. A node that is restarted forgets everything, while what it has sent
// stays on its way. Its new life has a later boot, or the same or an earlier
// one if its clock has gone back. The new life has a nonce of its own, greater
// or smaller than those before. Two lives of a node may also run at once.
//
// # What needs no step of its own
//
// The model allows more than real nodes do, and some events have the same
// effect as others. So the following events are in the model, although they
// have no step of their own:
//
//   - A message is lost. Then it is never delivered.
//   - A compare-and-swap is on its way for a while, or comes again. If it is
//     not from the newest value, it fails. If it is, it could as well be sent
//     only now, as long as some desk has its folds in hand. If a node drops its
//     own fold, because its requests are given up or its life ends, the fold is
//     noted in the state (as out). It may get into the total at any moment, as
//     long as it is pending. A swap that carries several folds has the same
//     effect as several swaps, one after the other.
//   - A compare-and-swap fails. The text of the refusal tells the node nothing,
//     or any value, true or false. The next swap starts from that value, and
//     fails unless it is the newest. (What a text may tell besides is tried in
//     each state, in steps of the kind tells. They change nothing, as package
//     ledger keeps what was told apart from what was shown.) If a swap
//     succeeds, the node learns as much as from reading the value that it
//     wrote.
//   - The swap that creates the key has from equal to to. The store may run a
//     copy of it on an old state that holds to, where it succeeds. That tells
//     the node as much as reading that state. (Such steps are counted, as
//     identities.)
//   - An answer from the store comes late. The same state may be read late.
//   - A combiner refuses a fold. Its node then applies the fold itself, as it
//     may at any moment.
//   - The value makes no sense for a while. The node sees that, and then the
//     same chain of values goes on.
//   - An answer comes for which nobody waits. It is dropped, because each
//     message has an id of its own. (The search assumes that no later life uses
//     an id again. The ids of each life begin at a random number.)
//
// # What is put off
//
// Some steps make no difference until another one follows. They are put off
// until just before that one, which leaves a hundredth of the states:
//
//   - A request is taken in just before its desk forms a fold, or gives it up.
//     That leaves the fewest right answers to it.
//   - A fold is taken in from another node, or the own one is queued, just
//     before the desk applies it or takes note of a value.
//   - The answer to a fold arrives at once or is lost. If it arrived later, it
//     would be no less true.
//
// In the models called free, which are small, nothing is put off. There,
// answers arrive to folds that are no longer in hand, and requests wait while a
// fold is on its way.
//
// # What is bounded, and what is left out
//
// The nodes, the requests and the restarts are bounded: see models. Three
// things are left out: a store that loses its state, malformed requests, which
// the counter does not put on the desk (error 12), and more than MaxRequests
// requests.
//
// # What is asserted
//
//   - Exactly once. No add is in the total twice. An acknowledged add is in the
//     newest total, and no add ever leaves it. An add that was refused with an
//     error other than 0 is never in it.
//   - Linearizability. An answer is the total at some instant since its request
//     began, and contains the request's own add. Everything that was
//     acknowledged before is in the total then. So no read misses that, or
//     returns less than an earlier read.
//   - Each compare-and-swap moves the value on: no receipt goes back, and one
//     moves. So no value ever comes twice.
//   - Each request is answered at most once, and is in one place until then
//     (see Check). Other nodes accept each fold as valid.

import (
	"flag"
	"hash/maphash"
	"slices"
	"testing"
	"time"
)

var deep = flag.Bool("deep", false, "search larger models too: for some minutes, with up to 5 GB")

// Small models are searched in all runs, usual ones in all but those with
// -short, and large ones only with -deep.
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
	kinds := make([][]int, len(models)) // how many steps of each, by model
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
		if c.size == small && kinds[i] == nil {
			return // -run has left some out
		}
	}
	for kind := range readsPlainly {
		if !slices.ContainsFunc(kinds, func(steps []int) bool { return steps != nil && steps[kind] > 0 }) {
			t.Errorf("no step was possible in which a node %s", words[kind])
		}
	}
}

// The search takes each step of a desk once and remembers its outcome. That is
// right if the step always has the same outcome.
func TestAStepOfADeskAlwaysHasTheSameOutcome(t *testing.T) {
	m := newModel(bounds{deltas: [][]int64{{1, 3}, {}}, room: 3, restarts: 1, setbacks: 1, senseless: true, free: true}, "")
	m.again = true
	if x := m.search(); x.failure != "" {
		t.Errorf("%s:\n%s", x.failure, x.story)
	}
}

// A search holds the states that have been found.
type search struct {
	chunks  [][]state // all states, in the order in which they were found, chunk by chunk
	parents []int32   // the state from which each was first reached
	// The numbers of the states, each by its hash or, if another state has that
	// hash, by the next free one.
	numbers map[uint32]int32
	seed    maphash.Seed
	steps   int
	kinds   []int  // how many steps of each kind
	failure string // what is wrong, or ""
	story   string // how it came to that
}

const chunk = 1 << 14

// search visits states in the order of their distance from the first, until it
// has visited all or found a step that is wrong.
func (m *model) search() *search {
	x := &search{numbers: map[uint32]int32{}, kinds: make([]int, len(words)), seed: maphash.MakeSeed()}
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

// add adds s unless it has been found before.
func (x *search) add(s *state, parent int32) {
	hash := uint32(maphash.Comparable(x.seed, *s))
	for i, ok := x.numbers[hash]; ok; i, ok = x.numbers[hash] {
		if *x.state(int(i)) == *s {
			return
		}
		hash++
	}
	n := len(x.parents)
	if n%chunk == 0 {
		x.chunks = append(x.chunks, make([]state, 0, chunk))
	}
	last := &x.chunks[n/chunk]
	*last = append(*last, *s)
	x.parents = append(x.parents, parent)
	x.numbers[hash] = int32(n)
}
