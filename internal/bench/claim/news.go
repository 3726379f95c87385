package claim

import (
	"slices"

	"maelstrom-counter/internal/bench/journal"
)

// A flood is where news of an add came. See flow.go for what news is.
type flood struct {
	*Run
	knew   map[string][]span // by node: while it had the news
	wet    map[int]bool      // the messages that carried it
	values map[int]bool      // the positions of the changes whose values carried it
}

// A span is from one position up to another.
type span struct{ from, to int }

// news follows an add.
func (r *Run) news(add int) *flood {
	op := r.op(add)
	from := r.request(add).arrival()
	if op.F != "add" || from < 0 {
		panic(missing{"add"})
	}
	if f := r.floods[add]; f != nil {
		return f
	}
	f := &flood{Run: r, knew: map[string][]span{}, wet: map[int]bool{}, values: map[int]bool{}}
	f.learns(op.Node, from)
	for at := from + 1; at < len(r.Journal); at++ {
		f.entry(at, r.Journal[at])
	}
	r.floods[add] = f
	return f
}

func (f *flood) entry(at int, e journal.Entry) {
	switch e.What {
	case journal.Killed, journal.Crashed:
		if f.knows(e.Node, at) {
			spans := f.knew[e.Node]
			spans[len(spans)-1].to = at
		}
	case journal.Sent:
		m := f.message(e.ID)
		if isNode(e.Src) && f.knows(e.Src, at) && (!isNode(e.Dest) || m.hasContent()) || isService(e.Src) && f.tells(m) {
			f.wet[e.ID] = true
		}
	case journal.Received:
		if m := f.messages[e.ID]; m != nil && f.wet[e.ID] && m.arrival() == at {
			f.learns(m.dest, at)
		}
	case journal.Answered:
		if f.wet[e.ID] && f.sets(e) {
			f.values[f.latest(slot{e.Dest, f.message(e.ID).key}, e.Newest+1)] = true
		}
	}
}

// learns notes that a node has the news, or a service that has no states.
func (f *flood) learns(name string, at int) {
	if !f.knows(name, at) && !isClient(name) {
		f.knew[name] = append(f.knew[name], span{at, len(f.Journal) + 1})
	}
}

func (f *flood) knows(name string, at int) bool {
	return slices.ContainsFunc(f.knew[name], func(s span) bool { return s.from <= at && at < s.to })
}

// nodes returns the nodes that had the news at a position.
func (f *flood) nodes(at int) (names []string) {
	for name := range f.knew {
		if isNode(name) && f.knows(name, at) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// tells reports whether a service's reply carries the news: in the value that
// it tells, or, if the service has no states, because it had been told.
func (f *flood) tells(m *message) bool {
	if m.basis < 0 {
		return f.knows(m.src, m.sent)
	}
	at, ok := f.toldValue(m)
	return ok && f.values[at]
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

// A life is one of a node's lives. The first is 1.
type life struct {
	node string
	n    int
}

func (r *Run) lifeOf(node string, at int) life {
	n := 0
	for n < len(r.starts[node]) && r.starts[node][n] <= at {
		n++
	}
	return life{node, n}
}

// A backward follows news back from where it is wanted.
type backward struct {
	*Run
	horizon  map[life]int    // up to where what is learned in a life can be known there
	messages map[int]bool    // those that can carry it there
	values   map[int]bool    // the positions of changes whose values can
	services map[string]bool // those without states that can
}

// before returns what can have been known to a node when it sent a message at a
// position.
func (r *Run) before(node string, at int) *backward {
	b := r.newBackward()
	b.horizon[r.lifeOf(node, at)] = at
	return b.from(at)
}

// behind returns what can have been known where the values were written that
// some replies tell.
func (r *Run) behind(replies []int) *backward {
	b := r.newBackward()
	last := 0
	for _, id := range replies {
		m := r.message(id)
		last = max(last, m.sent+1)
		if e := r.entry(max(m.basis, 0)); m.basis >= 0 && (e.Changed || r.message(e.ID).kind == "write") {
			id = e.ID // it tells what was asked for
		}
		b.messages[id] = true
	}
	return b.from(last)
}

func (r *Run) newBackward() *backward {
	return &backward{r, map[life]int{}, map[int]bool{}, map[int]bool{}, map[string]bool{}}
}

func (b *backward) from(at int) *backward {
	for at--; at >= 0; at-- {
		b.entry(at, b.Journal[at])
	}
	return b
}

func (b *backward) entry(at int, e journal.Entry) {
	m := b.Run.messages[e.ID]
	switch e.What {
	case journal.Received:
		if m != nil && m.arrival() == at {
			_, wanted := b.horizon[b.lifeOf(m.dest, at)]
			b.messages[e.ID] = b.messages[e.ID] || wanted || b.services[m.dest]
		}
	case journal.Answered:
		if b.sets(e) && b.values[b.latest(slot{e.Dest, m.key}, e.Newest+1)] {
			b.messages[e.ID] = true
		}
	case journal.Sent:
		if b.messages[e.ID] {
			b.carries(at, m)
		}
	}
}

// carries finds out where news came from that a message can have carried.
func (b *backward) carries(at int, m *message) {
	switch {
	case m.basis >= 0:
		if value, ok := b.toldValue(m); ok {
			b.values[value] = true
		}
	case isService(m.src):
		b.services[m.src] = true
	case isNode(m.src) && (!isNode(m.dest) || m.hasContent()):
		l := b.lifeOf(m.src, at)
		b.horizon[l] = max(b.horizon[l], at)
	}
}

// misses reports whether an add cannot have been known.
func (b *backward) misses(add int) bool {
	arrived := b.request(add).arrival()
	return arrived < 0 || b.horizon[b.lifeOf(b.op(add).Node, arrived)] < arrived
}

// missed returns the adds of more than 0 that were acknowledged before a read
// began and cannot have been known, and their sum.
func (b *backward) missed(read int) (adds []int, sum int64) {
	for i := range b.History {
		if b.ackedBefore(i, read) && b.delta(i) > 0 && b.misses(i) {
			adds = append(adds, i)
			sum += b.delta(i)
		}
	}
	return adds, sum
}
