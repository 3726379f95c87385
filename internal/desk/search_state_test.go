package desk

// This part of the search defines what a state is, and how it changes with a
// step of a desk.

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/ledger"
)

// A model is the counter within bounds, perhaps with a fault.
type model struct {
	bounds
	fault   string    // what is wrong with it, or ""
	base    int64     // the first total
	clients []request // of all processes
	// By total, less base: how often the add of each request is in it.
	counts map[int64][len(state{}.starts)]uint8

	kept     []held // the desks that the search has met, by their number
	numbers  map[string]deskID
	lives    map[[4]int64]deskID // see begin
	outcomes map[task]*outcome
	again    bool // each task is done again whenever it comes up

	values  []ledger.Value     // those that the search has met, by their number
	indexes map[string]valueID // by description
	told    map[task][]text    // see texts
	folds   []fold
	foldIDs map[fold]foldID

	tracing bool
	notes   []string // while tracing: what else the last step did
	failure string   // what the last step violated, or ""
}

// Bounds say what may happen in a model.
type bounds struct {
	deltas    [][]int64 // of the requests of each process: an add's delta, or 0 for a read
	twins     bool      // the first two processes are both n0
	room      int64     // how much the total may grow before it passes the greatest; 0 for no limit
	twice     bool      // a fold may be queued at a node twice, because its message came twice
	restarts  uint8     // how many there may be in all
	setbacks  uint8     // how many of them may find the clock gone back
	senseless bool      // the stored value may make no sense for a while
	free      bool      // nothing is put off (see search_test.go)
}

// A request is a client's.
type request struct {
	process int
	delta   int64
}

var names = [...]string{"n0", "n1", "n2"}

const missing = 0 // the number of the zero Value: the key does not exist

// first is the boot and the nonce of the first life of each node.
const first = 10

// A state is everything that there is at one moment.
type state struct {
	versions [9]valueID // the states of the store, by their values
	newest   uint8      // the index of the last of them
	restarts uint8      // how many there have been
	setbacks uint8
	open     uint8    // the requests that are in hand, as bits
	refused  uint8    // the requests that were refused with a definite error, as bits
	starts   [6]uint8 // for each request in hand, the index of the newest version when it began
	procs    [3]process
	// The pending folds that are on their way, but are no longer their nodes'
	// own.
	out  [6]foldID
	turn turn       // what must come next, if anything
	news [6]message // the answers to folds, on their way to the processes that made these
}

// A process is what a state keeps of a process, apart from its desk. The
// process does not remember what it has read, because it may read that again.
type process struct {
	desk  deskID
	begun uint8 // how many of its requests have begun
	life  uint8 // counts its lives
	seen  uint8 // the index of the newest version that it has seen (kept only if reads are plain)
	wrote bool  // this life has swapped (kept only if message ids are reused)
	echo  bool  // an earlier life has swapped, and the answer is on its way
}

// A turn says which process must use what it has just taken in, before anything
// else happens. If it used that only later, it could as well take it in later.
type turn uint8

const (
	withRequests turn = 1 // plus the number of the process
	withFolds    turn = 4
)

// A message is the answer to a fold: a total that contains it, less the base,
// or refusal.
type message uint32

const refusal = 1<<16 - 1

func newMessage(f foldID, total int64) message { return message(f)<<16 | message(total) }
func (n message) fold() foldID                 { return foldID(n >> 16) }
func (n message) total() int64                 { return int64(n & (1<<16 - 1)) }

func newModel(b bounds, f string) *model {
	m := &model{bounds: b, fault: f}
	m.told, m.lives = map[task][]text{}, map[[4]int64]deskID{}
	m.numbers, m.outcomes = map[string]deskID{}, map[task]*outcome{}
	m.indexes, m.foldIDs, m.folds = map[string]valueID{}, map[fold]foldID{}, make([]fold, 1)
	for p, deltas := range b.deltas {
		for _, delta := range deltas {
			m.clients = append(m.clients, request{p, delta})
		}
	}
	m.sums()
	var v ledger.Value
	m.index(v)
	if b.room > 0 {
		m.base = ledger.Max - b.room
		v = ledger.Value{Total: m.base, Receipts: map[string]ledger.Receipt{"n9": {Life: ledger.Life{Boot: first}, Seq: 1}}}
		m.index(v)
	}
	return m
}

// initial returns the state in which nothing has happened yet.
func (m *model) initial() *state {
	s := &state{versions: [9]valueID{m.index(m.values[len(m.values)-1])}}
	for p := range m.deltas {
		nonce := int64(first)
		if m.twins && p == 1 {
			nonce++
		}
		s.procs[p].desk = m.begin(p, 0, first, nonce)
	}
	return s
}

// begin makes the desk of a new life of a process.
func (m *model) begin(p int, life uint8, boot, nonce int64) deskID {
	key := [...]int64{int64(p), int64(life), boot, nonce}
	id, ok := m.lives[key]
	if !ok {
		d := New(ledger.NewLife(time.UnixMicro(boot), nonce))
		d.Open(m.node(p))
		id = m.keep(held{Desk: d, process: p, life: life})
		m.lives[key] = id
	}
	return id
}

// called returns the name of a process.
func (m *model) called(p int) string {
	if m.twins {
		return [...]string{"n0", "n0's twin", "n1"}[p]
	}
	return names[p]
}

// node is the name of a process's node.
func (m *model) node(p int) string { return m.called(p)[:len("n0")] }

// ---- Values ----

func (m *model) index(v ledger.Value) valueID {
	return number(m.indexes, &m.values, describe(v), v)
}

// count returns how often the add of a request is in a total.
func (m *model) count(total int64, r int) uint8 {
	counts, ok := m.counts[total-m.base]
	if !ok {
		m.fail("a total of %s is not the sum of any adds", write(total))
	}
	return counts[r]
}

// sums notes for each total how often each add is in it, up to twice. No total
// may be the sum of two different sets of adds.
func (m *model) sums() {
	m.counts = map[int64][len(state{}.starts)]uint8{0: {}}
	for r, asked := range m.clients {
		if asked.delta == 0 {
			continue
		}
		for sum, counts := range maps.Clone(m.counts) {
			for range 2 {
				counts[r]++
				sum += asked.delta
				if _, ok := m.counts[sum]; ok && (m.room == 0 || sum <= m.room) {
					panic(fmt.Sprintf("a total of %d could be the sum of these adds or those", sum))
				}
				m.counts[sum] = counts
			}
		}
	}
}

func (m *model) current(s *state) ledger.Value { return m.values[s.versions[s.newest]] }

// compose returns what Apply makes of a value at a desk, or 0 if it applies
// nothing.
func (m *model) compose(id deskID, value valueID) valueID {
	o := m.do(id, swaps, int(value), func(h *held) valueID {
		v := m.values[value].Clone()
		if !h.Apply(&v) {
			return 0
		}
		return m.index(v)
	})
	if o.failure != "" {
		m.fail("%s", o.failure)
	}
	return o.value
}

// push makes value the newest version, by a compare-and-swap.
func (m *model) push(s *state, value valueID) {
	was, is := m.current(s), m.values[value]
	s.newest++
	s.versions[s.newest] = value
	for r := range m.clients {
		switch before, after := m.count(was.Total, r), m.count(is.Total, r); {
		case after > 1:
			m.fail("%s is in the total twice", m.request(r))
		case after < before:
			m.fail("%s is no longer in the total", m.request(r))
		case after > 0 && s.refused>>r&1 != 0:
			m.fail("%s is in the total, and was refused", m.request(r))
		}
	}
	if m.fault != "" {
		// With a fault, only a broken promise counts, and the rest promises
		// nothing to clients.
		return
	}
	moved := false
	for _, name := range names {
		was, is := was.Receipts[name], is.Receipts[name]
		if order := is.Compare(was.Life); order < 0 || order == 0 && is.Seq < was.Seq {
			m.fail("the receipt of %s goes back", name)
		}
		moved = moved || is != was
	}
	if !moved {
		m.fail("no receipt moves")
	}
}

// ---- Desks ----

// step lets the desk of process p take a step. It reports whether that makes a
// difference.
func (m *model) step(s *state, p int, kind stepKind, what int, f func(h *held)) bool {
	before := s.procs[p].desk
	o := m.do(before, kind, what, func(h *held) valueID { f(h); return 0 })
	if o.failure != "" {
		m.fail("%s's desk: %s", m.called(p), o.failure)
		return true
	}
	s.procs[p].desk = o.desk
	switch {
	case m.free:
	case kind == begins:
		s.turn = withRequests + turn(p)
	case kind == queues || kind == hands:
		s.turn = withFolds + turn(p)
	}
	for _, a := range o.answers {
		if a.Kind == Combine {
			m.tell(s, foldID(a.MsgID), a)
		} else {
			m.answer(s, p, a)
		}
	}
	return o.desk != before || len(o.answers) > 0
}

// tell sends the answer to a fold to the process that made the fold, unless
// that is in another life by now.
func (m *model) tell(s *state, f foldID, a Answer) {
	by := m.folds[f]
	if s.procs[by.process].life != by.life {
		return
	}
	switch {
	case a.Failure == nil:
		insert(s.news[:], newMessage(f, a.Total-m.base))
	case a.Failure.Code == maelstrom.Abort && m.free:
		insert(s.news[:], newMessage(f, refusal))
	}
}

// answer checks that process p may give this answer to a request.
func (m *model) answer(s *state, p int, a Answer) {
	r := a.MsgID
	if m.tracing {
		outcome := write(a.Total)
		if a.Failure != nil {
			outcome = a.Failure.Error()
		}
		m.notes = append(m.notes, fmt.Sprintf("%s answers %s: %s", m.called(p), m.request(r), outcome))
	}
	total := m.current(s).Total
	switch {
	case a.Failure != nil && a.Failure.Code == maelstrom.Timeout:
	case a.Failure != nil:
		s.refused |= 1 << r
		if m.count(total, r) != 0 {
			m.fail("%s is in the total, and was refused", m.request(r))
		}
	default:
		m.check(s, p, r, a.Total)
	}
	if s.open>>r&1 == 0 && m.fault == "" {
		m.fail("%s has been answered twice", m.request(r))
	}
	s.open &^= 1 << r
	s.starts[r] = 0
}

// check checks that process p may answer a request with a total.
func (m *model) check(s *state, p, r int, total int64) {
	if m.clients[r].delta != 0 {
		if m.count(m.current(s).Total, r) == 0 {
			m.fail("%s has acknowledged %s, and it is not in the total", m.called(p), m.request(r))
		} else if m.count(total, r) == 0 {
			m.fail("the total in the answer does not contain %s itself", m.request(r))
		}
	}
	for _, version := range s.versions[s.starts[r] : s.newest+1] {
		if m.values[version].Total == total {
			return
		}
	}
	m.fail("the total has been %s to %s since the request began", write(m.values[s.versions[s.starts[r]]].Total), write(m.current(s).Total))
}

// ---- Tidying up ----

// tidy drops from s what nothing can depend on any more, so that there are
// fewer states. The state s is one step after from.
func (m *model) tidy(from, s *state) {
	for p := range m.deltas {
		was := m.kept[from.procs[p].desk].fold
		if was != 0 && was != m.kept[s.procs[p].desk].fold {
			insert(s.out[:], was) // the desk has just dropped it
		}
	}
	current := m.current(s)
	drop(s.out[:], func(f foldID) bool { return current.Standing(m.folds[f].Fold) != ledger.Pending })
	var last foldID
	drop(s.news[:], func(n message) bool {
		by := m.folds[n.fold()]
		if s.procs[by.process].life != by.life {
			return true
		}
		if m.kept[s.procs[by.process].desk].fold == n.fold() {
			return false
		}
		again := n.fold() == last // one is enough to see that it changes nothing
		last = n.fold()
		return again || !m.free
	})
}

// insert puts x into a set, which is sorted and ends in zeros.
func insert[E cmp.Ordered](set []E, x E) {
	if !slices.Contains(set, x) {
		var none E
		n := slices.Index(set, none) // at least 0: the sets of a state are large enough
		set[n] = x
		slices.Sort(set[:n+1])
	}
}

// drop removes from a set the elements for which goes returns true.
func drop[E cmp.Ordered](set []E, goes func(E) bool) {
	var none E
	_ = slices.DeleteFunc(set, func(x E) bool { return x == none || goes(x) })
}

// fail notes what is wrong with a step, if nothing has been noted yet.
func (m *model) fail(format string, args ...any) {
	if m.failure == "" {
		m.failure = fmt.Sprintf(format, args...)
	}
}
