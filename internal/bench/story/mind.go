package story

import (
	"cmp"
	"slices"
	"strings"
)

// A source is where a node has a number from.
type source string

const (
	aKey      source = "key"    // of a service
	aPeer     source = "peer"   // the last that a peer said
	theMost   source = "most"   // the most that anybody said of a node
	theLast   source = "last"   // the last that anybody said of a node
	allDeltas source = "deltas" // all that a peer said, added up
	ownAcked  source = "acked"  // the node's own adds that it has acknowledged
	ownAsked  source = "asked"  // the node's own adds that it has been asked for
)

// A label names a number that a node may know.
type label struct {
	from source
	who  string // the service, the peer, or the node that is spoken of
	what string // the key, or the type of the peer's message
	path string // in the value, or in the message
}

// A point is a value that a label had, from a position in the journal on.
type point struct {
	pos   int
	value int64
	m     *Message // that told it, if one did
}

// A mind is what a node has been told in its present life, up to a position.
type mind struct {
	node   string
	born   int
	known  map[label][]point
	recent []label // in the order in which they were told, again and again
	told   []int   // the position of each of recent
}

func (d *mind) learn(l label, p point) {
	d.known[l] = append(d.known[l], p)
	d.recent, d.told = append(d.recent, l), append(d.told, p.pos)
}

// add adds an amount to a sum.
func (d *mind) add(l label, amount int64, p point) {
	p.value = amount
	if known := d.known[l]; len(known) > 0 {
		p.value += known[len(known)-1].value
	}
	d.learn(l, p)
}

// hears takes what a message tells.
func (d *mind) hears(m *Message) {
	p := point{pos: m.arrived, m: m}
	switch {
	case m.op != nil && m.op.F == "add":
		d.add(label{from: ownAsked, who: d.node}, m.op.Int(), p)
	case m.used != nil:
		key := canonical(m.of.body["key"])
		for _, n := range m.content() {
			p.value = n.value
			d.learn(label{aKey, m.Src, key, n.path}, p)
		}
	case isNode(m.Src):
		for _, n := range m.content() {
			d.hearsOf(m, n, p)
		}
	}
}

// hearsOf takes a number that a peer tells.
func (d *mind) hearsOf(m *Message, n number, p point) {
	p.value = n.value
	d.learn(label{aPeer, m.Src, m.kind, n.path}, p)
	d.add(label{allDeltas, m.Src, m.kind, n.path}, n.value, p)
	dot := strings.LastIndexByte(n.path, '.')
	node := n.path[dot+1:]
	if !isNode(node) {
		return
	}
	l := label{theMost, node, m.kind, n.path[:max(dot, 0)]}
	d.learn(label{theLast, node, l.what, l.path}, p)
	if known := d.known[l]; len(known) == 0 || known[len(known)-1].value < n.value {
		d.learn(l, p)
	}
}

// acknowledges takes an answer of the node itself.
func (d *mind) acknowledges(m *Message) {
	if o := m.of.op; o.reply == m && o.F == "add" && m.kind == "add_ok" {
		d.add(label{from: ownAcked, who: d.node}, o.Int(), point{pos: m.pos})
	}
}

// value returns what a label is at a position, and zero if it is not known.
func (d *mind) value(l label, pos int) point {
	known := d.upTo(l, pos)
	if len(known) == 0 {
		return point{pos: none}
	}
	return known[len(known)-1]
}

// upTo returns the values that a label has had before a position.
func (d *mind) upTo(l label, pos int) []point {
	known := d.known[l]
	n, _ := slices.BinarySearchFunc(known, pos, func(p point, pos int) int { return cmp.Compare(p.pos, pos) })
	return known[:n]
}

// between returns the labels that have been told from one position to another,
// in order.
func (d *mind) between(from, to int) []label {
	i, _ := slices.BinarySearch(d.told, from)
	k, _ := slices.BinarySearch(d.told, to)
	var labels []label
	seen := map[label]bool{}
	for _, l := range d.recent[i:max(i, k)] {
		if !seen[l] {
			seen[l] = true
			labels = append(labels, l)
		}
	}
	return labels
}

// mind returns what a node knows in the life that it lives at a position.
func (x *run) mind(node string, pos int) *mind {
	if _, ok := x.minds[node]; !ok {
		x.minds[node] = x.live(node)
	}
	minds := x.minds[node]
	i := len(minds) - 1
	for i > 0 && minds[i].born >= pos {
		i--
	}
	return minds[i]
}

// live has a node live through the journal and returns its minds, one for each
// life.
func (x *run) live(node string) []*mind {
	d := &mind{node: node, known: map[label][]point{}}
	minds := []*mind{d}
	sent, got, lives := x.sentBy[node], x.gotBy[node], x.lives[node]
	for len(sent) > 0 || len(got) > 0 {
		hears := len(got) > 0 && (len(sent) == 0 || got[0].arrived < sent[0].pos)
		var m *Message
		var pos int
		if hears {
			m, pos, got = got[0], got[0].arrived, got[1:]
		} else {
			m, pos, sent = sent[0], sent[0].pos, sent[1:]
		}
		for ; len(lives) > 0 && lives[0] < pos; lives = lives[1:] {
			d = &mind{node: node, born: lives[0], known: map[label][]point{}}
			minds = append(minds, d)
		}
		if hears {
			d.hears(m)
		} else if m.of != nil && m.of.op != nil {
			d.acknowledges(m)
		}
	}
	return minds
}
