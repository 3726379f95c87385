package claim

import (
	"slices"

	"maelstrom-counter/internal/bench/journal"
)

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
		if m != nil && slices.Contains(m.ends, end{at: at, what: e.What}) {
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
