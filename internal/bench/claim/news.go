package claim

import (
	"maps"
	"math/big"
	"slices"
	"sort"

	"maelstrom-counter/internal/bench/journal"
)

// News is where news of adds came in a run. See flow.go for what that is. A set
// of adds has the bits of their indices.
type news struct {
	*Run
	known   map[string][]known // by node, and by service without states
	carried map[int]*big.Int   // by message
	set     map[int]*big.Int   // by the position of a change: by its value
	ever    map[slot]*big.Int  // by any value
}

// known is what was known from a position on.
type known struct {
	at   int
	adds *big.Int
}

// news follows all adds through the journal.
func (r *Run) news() *news {
	if r.flow != nil {
		return r.flow
	}
	r.flow = &news{r, map[string][]known{}, map[int]*big.Int{}, map[int]*big.Int{}, map[slot]*big.Int{}}
	for i, id := range r.requests {
		if id >= 0 && r.History[i].F == "add" {
			r.flow.carried[id] = new(big.Int).SetBit(new(big.Int), i, 1)
		}
	}
	for at, e := range r.Journal {
		r.flow.entry(at, e)
	}
	return r.flow
}

func (n *news) entry(at int, e journal.Entry) {
	m := n.messages[e.ID]
	switch {
	case e.What == journal.Killed || e.What == journal.Crashed:
		n.known[e.Node] = append(n.known[e.Node], known{at, new(big.Int)})
	case m == nil:
	case e.What == journal.Sent && !isClient(m.src):
		n.carried[m.id] = n.carries(m)
	case e.What == journal.Received && slices.Contains(m.ends, end{at: at, what: e.What}) && !isClient(m.dest):
		before := n.knownTo(m.dest, at)
		if now := union(before, n.carried[m.id]); now.Cmp(before) != 0 {
			n.known[m.dest] = append(n.known[m.dest], known{at, now})
		}
	case e.What == journal.Answered && n.sets(e):
		s := slot{e.Dest, m.key}
		value := n.latest(s, e.Newest+1)
		n.set[value] = union(n.set[value], n.carried[m.id])
		n.ever[s] = union(n.ever[s], n.carried[m.id])
	}
}

// carries returns of which adds a message carries news when it is sent.
func (n *news) carries(m *message) *big.Int {
	switch {
	case isNode(m.src) && isNode(m.dest) && !m.hasContent():
		return nil
	case m.basis < 0:
		return n.knownTo(m.src, m.sent)
	}
	value, ok := n.toldValue(m)
	switch {
	case !ok:
		return nil
	case !n.sure(m):
		return n.ever[slot{m.src, n.questionOf(m).key}]
	}
	return n.set[value]
}

func union(a, b *big.Int) *big.Int {
	all := new(big.Int)
	for _, adds := range []*big.Int{a, b} {
		if adds != nil {
			all.Or(all, adds)
		}
	}
	return all
}

// knownTo returns of which adds somebody had news at a position.
func (n *news) knownTo(name string, at int) *big.Int {
	known := n.known[name]
	i := sort.Search(len(known), func(i int) bool { return known[i].at > at })
	if i == 0 {
		return new(big.Int)
	}
	return known[i-1].adds
}

// knows reports whether somebody had news of an add at a position.
func (r *Run) knows(name string, add, at int) bool {
	r.op(add)
	return r.news().knownTo(name, at).Bit(add) == 1
}

// whoKnew returns the nodes that had news of an add at a position, sorted.
func (r *Run) whoKnew(add, at int) (names []string) {
	for name := range maps.Keys(r.news().known) {
		if isNode(name) && r.knows(name, add, at) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// told returns of which adds news is in what messages told a node. A write_ok
// or cas_ok tells what was asked for.
func (n *news) told(messages []int) *big.Int {
	adds := new(big.Int)
	for _, id := range messages {
		if m := n.message(id); m.basis >= 0 {
			if e := n.Journal[m.basis]; e.Changed || n.message(e.ID).kind == "write" {
				id = e.ID
			}
		}
		adds = union(adds, n.carried[id])
	}
	return adds
}

// missed returns the adds of more than 0 that were acknowledged before a read
// began and are not among those of which news was known, and their sum.
func (r *Run) missed(read int, known *big.Int) (adds []int, sum int64) {
	for i, op := range r.History {
		if r.ackedBefore(i, read) && op.Int() > 0 && known.Bit(i) == 0 {
			adds = append(adds, i)
			sum += op.Int()
		}
	}
	return adds, sum
}

// toldValue returns where the value was set that a service's reply tells: of a
// cas, the one that was compared. A write is told nothing.
func (r *Run) toldValue(m *message) (at int, ok bool) {
	e := r.Journal[m.basis]
	request := r.message(e.ID)
	return r.latest(slot{e.Dest, request.key}, e.State), request.kind != "write"
}

// sets reports whether a request has made its key what it is: by changing it,
// or because it was that already.
func (r *Run) sets(e journal.Entry) bool {
	m := r.message(e.ID)
	return e.Answer != nil && (e.Changed || m.kind == "write" || m.kind == "cas" && same(m.body["from"], m.body["to"]))
}
