package story

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/verdict"
)

// A part is a number in a sum.
type part struct {
	label
	point
}

// A fit says how the value of a read was made.
type fit struct {
	claim.Formula
	claim     claim.Sum
	parts     []part
	hits, all int // how many of the reads of more than nothing the formula explains
}

// hows are the ways to make a value, the simplest first.
var hows = []claim.How{
	claim.Keys, claim.ToldOnce, claim.PeersAnswers, claim.OthersKeys, claim.CachedKey, claim.CachedRead,
	claim.CachedKeys, claim.PeersMost,
	claim.PeersLast, claim.Deltas, claim.LastMap, claim.OthersCachedKeys, claim.OwnAlone, toldEver,
}

// toldEver is one number that the node has been told in its life. It says too
// little to be claimed.
const toldEver claim.How = "told ever"

// A shape is what a way to make a value adds up.
type shape struct {
	from   source
	lately bool // only what was told between the read's arrival and its answer
	one    bool // a single number
	read   bool // only what reads have told
	any    bool // any that the label has had, rather than the last
	others bool // without the keys that are named after the node itself
	own    bool // and the node's own adds
}

var shapes = map[claim.How]shape{
	claim.ToldOnce:         {from: aKey, lately: true, one: true, any: true},
	toldEver:               {from: aKey, one: true, any: true},
	claim.Keys:             {from: aKey, lately: true},
	claim.OthersKeys:       {from: aKey, lately: true, others: true, own: true},
	claim.CachedKey:        {from: aKey, one: true},
	claim.CachedRead:       {from: aKey, one: true, read: true},
	claim.CachedKeys:       {from: aKey},
	claim.OthersCachedKeys: {from: aKey, others: true, own: true},
	claim.PeersAnswers:     {from: aPeer, lately: true, own: true},
	claim.PeersLast:        {from: aPeer, own: true},
	claim.PeersMost:        {from: theMost, own: true},
	claim.Deltas:           {from: allDeltas, own: true},
	claim.LastMap:          {from: theLast},
	claim.OwnAlone:         {own: true},
}

// maxLabels bounds the numbers in a sum.
const maxLabels = 200

// formulas returns the formulas that a node can use for a read.
func (d *mind) formulas(lately []label) map[claim.Formula]bool {
	found := map[claim.Formula]bool{}
	add := func(f claim.Formula) { found[f] = true }
	each := func(l label, lately bool) {
		for _, how := range hows {
			s := shapes[how]
			if s.lately != lately || s.from != l.from && !(how == claim.ToldOnce && l.from == aPeer) {
				continue
			}
			switch {
			case l.from != aKey:
				add(claim.Formula{How: how, Type: l.what, Path: l.path})
			case s.one:
				add(claim.Formula{How: how, Key: l.who + " " + l.what, Path: l.path})
			default:
				add(claim.Formula{How: how})
				if l.path != "" {
					add(claim.Formula{How: how, Path: lastName(l.path)})
				}
			}
		}
	}
	for _, l := range lately {
		each(l, true)
	}
	if len(d.known) <= maxLabels {
		for l := range d.known {
			each(l, false)
		}
	}
	if !slices.ContainsFunc(lately, func(l label) bool { return l.from == aPeer }) {
		add(claim.Formula{How: claim.OwnAlone})
	}
	return found
}

// simpler orders formulas that explain equally many reads.
func simpler(a, b claim.Formula) int {
	return cmp.Or(slices.Index(hows, a.How)-slices.Index(hows, b.How),
		strings.Compare(a.Path, b.Path), strings.Compare(a.Key, b.Key), strings.Compare(a.Type, b.Type))
}

func lastName(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// uses reports whether a formula adds up a label of a node's.
func uses(f claim.Formula, l label, node string) bool {
	s := shapes[f.How]
	switch {
	case l.from == aPeer && f.How == claim.ToldOnce:
		return f.Key == "" && f.Type == l.what && f.Path == l.path
	case s.from != l.from:
		return false
	case s.from != aKey:
		return f.Type == l.what && f.Path == l.path && !(l.from == theMost && l.who == node)
	case s.one:
		return f.Key == l.who+" "+l.what && f.Path == l.path
	}
	return (f.Path == "" || f.Path == lastName(l.path)) && !(s.others && mentions(l.what+l.path, node))
}

// mentions reports whether a text has a node's name in it.
func mentions(text, node string) bool {
	for {
		_, after, found := strings.Cut(text, node)
		if !found || after == "" || after[0] < '0' || after[0] > '9' {
			return found
		}
		text = after
	}
}

// parts returns the numbers that a formula adds up for a read, as they were
// when the node had been told all that it knows.
func (d *mind) parts(f claim.Formula, read *op, lately []label) (parts []part) {
	s := shapes[f.How]
	take := func(l label) {
		if !uses(f, l, d.node) {
			return
		}
		known := d.upTo(l, read.answered)
		for s.read && len(known) > 0 && known[len(known)-1].m.wrote() {
			known = known[:len(known)-1]
		}
		if len(known) > 0 {
			parts = append(parts, part{l, known[len(known)-1]})
		}
	}
	if s.lately {
		for _, l := range lately {
			take(l)
		}
	} else {
		for l := range d.known {
			take(l)
		}
	}
	if s.any {
		parts = d.pick(parts, read, s.lately)
	}
	if s.own && (len(parts) > 0 || f.How == claim.OwnAlone) {
		own := label{from: ownAcked, who: d.node}
		if p := d.value(own, read.answered); total(parts)+p.value != read.Int() {
			own.from = ownAsked
		}
		parts = append(parts, part{own, d.value(own, read.answered)})
	}
	return parts
}

// pick returns the last number that is the read's, of those that the node has
// been told, or was told for it.
func (d *mind) pick(parts []part, read *op, lately bool) []part {
	for _, p := range parts {
		for _, known := range slices.Backward(d.upTo(p.label, read.answered)) {
			if (known.pos >= read.arrived || !lately) && known.value == read.Int() {
				return []part{{p.label, known}}
			}
		}
	}
	return nil
}

func total(parts []part) (sum int64) {
	for _, p := range parts {
		sum += p.value
	}
	return sum
}

// A census says how many reads each formula explains.
type census struct {
	hits map[claim.Formula]int
	all  int // reads of more than nothing

	mixed map[claim.Formula]int // of the first few, with values that are not the last
	tried int
}

// most reports whether a formula explains so many of the reads that it is how
// they are made.
func (c *census) most(f claim.Formula) bool {
	return 10*c.hits[f] >= 6*c.all || c.tried > 0 && 10*c.mixed[f] >= 6*c.tried
}

// census tries all formulas on all reads.
func (x *run) census() *census {
	if x.counted != nil {
		return x.counted
	}
	c := &census{hits: map[claim.Formula]int{}, mixed: map[claim.Formula]int{}}
	x.counted = c
	var counted []*op
	for _, o := range x.ops {
		if o.F != "read" || o.Outcome != verdict.OK || o.arrived == none || o.answered == none || o.Int() == 0 {
			continue
		}
		c.all++
		counted = append(counted, o)
		d := x.mind(o.Node, o.answered)
		lately := d.between(o.arrived, o.answered)
		for f := range d.formulas(lately) {
			if parts := d.parts(f, o, lately); len(parts) > 0 && total(parts) == o.Int() {
				c.hits[f]++
			}
		}
	}
	for f := range c.hits {
		if c.most(f) {
			return c
		}
	}
	x.countMixed(c, counted[:min(fewReads, len(counted))])
	return c
}

// fewReads is how many reads are looked at where requests overlap so much that
// no formula explains most of them by the last that their nodes had been told.
const fewReads = 40

func (x *run) countMixed(c *census, reads []*op) {
	c.tried = len(reads)
	for _, o := range reads {
		d := x.mind(o.Node, o.answered)
		lately := d.between(o.arrived, o.answered)
		for f := range d.formulas(lately) {
			parts := d.parts(f, o, lately)
			s := shapes[f.How]
			if s.lately && !s.any && len(parts) > 0 && (total(parts) == o.Int() || x.older(d, parts, f, o)) {
				c.mixed[f]++
			}
		}
	}
}

// counts reports whether a figure is one that reads count.
func (x *run) counts(fig figure) bool {
	c := x.census()
	for f, hits := range c.hits {
		one := f.Key == fig.service+" "+fig.key && f.Path == fig.path
		several := shapes[f.How].from == aKey && f.Key == "" && (f.Path == "" || f.Path == lastName(fig.path))
		if hits > 0 && one || several && c.most(f) {
			return true
		}
	}
	return false
}

// fit finds out how the value of a read was made: by the formula that explains
// this read and most of the others. With several requests in hand it may have
// been made of some values that were not the last. If there is none, the value
// may be what the node was told for the read: that need not be the only way.
func (x *run) fit(read *op) *fit {
	c := x.census()
	if read.arrived == none || read.answered == none {
		return nil
	}
	d := x.mind(read.Node, read.answered)
	lately := d.between(read.arrived, read.answered)
	formulas := slices.SortedFunc(maps.Keys(d.formulas(lately)), func(a, b claim.Formula) int {
		return cmp.Or(c.hits[b]-c.hits[a], c.mixed[b]-c.mixed[a], simpler(a, b))
	})
	for _, way := range []struct{ rare, mixed bool }{{}, {mixed: true}, {rare: true}} {
		for _, f := range formulas {
			s, zero := shapes[f.How], read.Int() == 0
			switch {
			case way.rare && (f.How != claim.ToldOnce || zero), !way.rare && !c.most(f),
				way.mixed && (zero || s.any || s.read), zero && s.any && !s.lately:
				continue
			}
			parts := d.parts(f, read, lately)
			slices.SortFunc(parts, func(a, b part) int { return strings.Compare(a.of(), b.of()) })
			if len(parts) > 0 && (total(parts) == read.Int() || way.mixed && x.older(d, parts, f, read)) {
				return &fit{Formula: f, parts: parts, hits: c.hits[f], all: c.all}
			}
		}
	}
	return nil
}

// raced is how long before a request something may have arrived that raced with
// it.
const raced = 10 * time.Millisecond

// older puts earlier values in the place of some parts, as few as it takes to
// make the sum the read's: values that a label had at some time since shortly
// before the read came. It reports whether it could.
func (x *run) older(d *mind, parts []part, f claim.Formula, read *op) bool {
	earliest := read.arrived
	for earliest > d.born && x.journal[read.arrived].Time-x.journal[earliest].Time < raced {
		earliest--
	}
	options := make([][]point, len(parts))
	for i, p := range parts {
		known := d.upTo(p.label, read.answered)
		before := len(d.upTo(p.label, earliest+1))
		options[i] = slices.Clone(known[max(0, before-1):])
		if own := p.from == ownAcked || p.from == ownAsked; own && before == 0 {
			options[i] = slices.Insert(options[i], 0, point{pos: none})
		} else if !own && shapes[f.How].lately {
			options[i] = slices.DeleteFunc(options[i], func(p point) bool { return p.pos < read.arrived })
		}
		slices.Reverse(options[i])
	}
	left := 20_000
	var try func(i, age int, missing int64) bool
	try = func(i, age int, missing int64) bool {
		if left--; i == len(parts) || left < 0 {
			return missing == 0 && age == 0 && left >= 0
		}
		for n, o := range options[i] {
			if n <= age && try(i+1, age-n, missing-o.value) {
				parts[i].point = o
				return true
			}
		}
		return false
	}
	for age := range 12 * len(parts) {
		if try(0, age, read.Int()) {
			return true
		}
	}
	return false
}

// of says whose number a part is.
func (p part) of() string {
	if p.from != aKey {
		return p.who
	}
	of := p.who + " " + strings.Trim(p.what, `"`)
	if p.path != "" {
		of += "." + p.path
	}
	return of
}
