package story

import (
	"cmp"
	"maps"
	"slices"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/journal"
)

// A figure is a number in a service.
type figure struct {
	slot
	path string
}

// A posting is a change of a figure with what it was for. The latter is a
// guess, which only decides what is claimed.
type posting struct {
	*change
	step  int64
	class class
	adds  []*op
	loss  int64   // by how much less than the adds the figure has changed
	knew  point   // what the node computed the change from, if that was not the value before
	first *change // of something that is there twice
}

// A class is what a change was for.
type class int

const (
	counted     class = iota // the adds of its node
	overwriting              // these too, but it took away others
	twice                    // adds that had been counted
	copied                   // a second copy of a message
	odd                      // no sum of adds
)

// account tells what the services' figures have lost. It returns how much of
// the missing amount that is.
func (t *teller) account(read *op, f *fit, missing int64) int64 {
	found := t.misposted(read, f, func(p *posting) bool { return p.loss > 0 })
	if found < missing && t.kind == "" {
		found += t.notStored(read, f, t.figures(read, f))
	}
	return found
}

// misposted tells of the first change of a figure that is wrong in a certain
// way. It returns by how much less than the adds all of them together changed
// the figures.
func (t *teller) misposted(read *op, f *fit, wrong func(*posting) bool) (loss int64) {
	for _, fig := range t.figures(read, f) {
		postings, sound := t.postings(fig, read.answered)
		bad := slices.DeleteFunc(postings, func(p *posting) bool { return p.class == counted || !wrong(p) })
		if !sound || len(bad) == 0 || !t.tellPosting(fig, bad[0]) {
			continue
		}
		for _, p := range bad {
			loss += p.loss
		}
	}
	return loss
}

// figures returns the numbers of which a read's value was made, or else those
// that changed most often.
func (t *teller) figures(read *op, f *fit) (list []figure) {
	if f != nil {
		for _, p := range f.parts {
			if p.from == aKey {
				list = append(list, figure{p.m.of.slot(), p.path})
			}
		}
		return list
	}
	changes := map[figure]int{}
	for _, c := range t.effects {
		for _, n := range numbersIn(nil, "", c.value) {
			if n.value < tooLarge && t.counts(figure{c.slot, n.path}) {
				changes[figure{c.slot, n.path}]++
			}
		}
	}
	return mostFirst(changes)
}

// postings says of each change of a figure what it was for. They are sound if
// most are for adds.
func (t *teller) postings(fig figure, until int) (list []*posting, sound bool) {
	l := &ledger{run: t.run, settled: map[*op]*change{}, open: map[string][]*op{}, come: map[string]int{}}
	good, bad := 0, 0
	for _, c := range t.effects {
		if c.slot != fig.slot || c.pos > until || !isNode(c.by.Src) {
			continue
		}
		p := t.classify(fig, c, l)
		for _, o := range p.adds {
			l.settled[o] = c
		}
		switch {
		case p.class == counted && len(p.adds) > 0 || p.class == overwriting:
			good++
		case p.class == odd:
			bad++
		}
		list = append(list, p)
	}
	return list, good >= bad
}

func (t *teller) classify(fig figure, c *change, l *ledger) *posting {
	p := &posting{change: c, step: c.number(fig.path) - c.before.number(fig.path)}
	if c.idle {
		p.step = 0
	}
	hand, pending := l.unsettled(c.by)
	if c.copied {
		p.class, p.loss, p.first = copied, -p.step, t.firstOf(c)
		return p
	}
	if p.adds = choose(hand, pending, p.step); p.adds != nil {
		return p
	}
	if c.by.kind == "write" && t.overwrites(p, fig, hand) {
		return p
	}
	if p.step == 0 {
		return p
	}
	for _, o := range t.inHand(c.by) {
		if l.settled[o] != nil && o.Int() == p.step {
			p.class, p.adds, p.loss, p.first = twice, []*op{o}, -p.step, l.settled[o]
			return p
		}
	}
	p.class, p.loss = odd, -p.step
	if len(hand) == 1 {
		p.adds, p.loss = hand, hand[0].Int()-p.step
	}
	return p
}

// overwrites reports whether a write is the sum of adds and of what its node
// had been told, which was not the value before it.
func (t *teller) overwrites(p *posting, fig figure, hand []*op) bool {
	known := t.mind(p.by.Src, p.by.pos).upTo(label{aKey, fig.service, fig.key, fig.path}, p.by.pos)
	for _, knew := range slices.Backward(known[max(0, len(known)-6):]) {
		want := p.number(fig.path) - knew.value
		if p.adds = choose(hand, nil, want); want != p.step && (p.adds != nil || want == 0 && p.step < 0) {
			p.class, p.loss, p.knew = overwriting, want-p.step, knew
			return true
		}
	}
	return false
}

// firstOf returns the first change that a message made.
func (t *teller) firstOf(c *change) *change {
	for _, first := range t.slots[c.slot] {
		if first.by == c.by {
			return first
		}
	}
	return nil
}

// A ledger has the adds for which there is no change of a figure yet.
type ledger struct {
	*run
	settled map[*op]*change
	open    map[string][]*op // by node: those that have come and are not settled
	come    map[string]int   // by node: how many have come
}

// maxOpen bounds the adds that are kept although no change is for them.
const maxOpen = 1000

// unsettled returns the adds of more than nothing that a node had in hand when
// it sent a message, and those that it had been asked for before that, for
// which there is no change yet.
func (l *ledger) unsettled(m *Message) (hand, pending []*op) {
	come := l.addsBefore(m.Src, m.pos)
	if n := l.come[m.Src]; n < len(come) {
		l.open[m.Src], l.come[m.Src] = append(l.open[m.Src], come[n:]...), len(come)
	}
	open := slices.DeleteFunc(l.open[m.Src], func(o *op) bool { return o.Int() <= 0 || l.settled[o] != nil })
	open = open[max(0, len(open)-maxOpen):]
	l.open[m.Src] = open
	for _, o := range open {
		if o.arrived > m.pos {
			break
		}
		if o.answered == none || o.answered > m.pos {
			hand = append(hand, o)
		} else {
			pending = append(pending, o)
		}
	}
	return hand, append(pending, hand...)
}

// choose returns adds that make a sum: one, or the first few, or else any.
func choose(hand, pending []*op, target int64) []*op {
	if target <= 0 {
		return nil
	}
	for _, o := range hand {
		if o.Int() == target {
			return []*op{o}
		}
	}
	for _, pool := range [][]*op{hand, pending} {
		var sum int64
		for i, o := range pool {
			if sum += o.Int(); sum == target {
				return pool[:i+1]
			}
		}
	}
	reach := map[int64][]*op{0: nil}
	pool := pending[max(0, len(pending)-14):]
	for _, o := range pool {
		for _, s := range slices.Sorted(maps.Keys(reach)) {
			if _, ok := reach[s+o.Int()]; !ok {
				reach[s+o.Int()] = append(slices.Clone(reach[s]), o)
			}
		}
	}
	return reach[target]
}

// tellPosting tells of a change that lost adds, or that counted some twice.
func (t *teller) tellPosting(fig figure, p *posting) bool {
	before := len(t.claims)
	switch p.class {
	case copied:
		kind := CountedTwice
		if p.loss > 0 {
			kind = TakenBack
		}
		if t.because(kind, claim.SecondCopy{
			Service: p.service, Key: p.key, Call: p.by.ID, By: p.by.Src, First: p.first.pos, Second: p.pos,
		}) && p.loss > 0 && t.say(t.changed(p.before)) {
			t.lost(p.before)
		}
	case overwriting:
		if t.try(LostUpdate, t.overwritten(p.change)) {
			t.lost(p.before)
			if p.idle {
				t.lost(p.change)
			}
		} else if m := p.knew.m; p.before != nil && t.olderThan(m, p.before) {
			if t.because(OldBasis, t.changed(p.before), t.toldClaim(m), t.sent(p.by)) && !p.idle {
				t.killedSince(p.by, p.pos)
				t.say(t.changed(p.change))
				t.lost(p.before)
			}
		}
	case twice:
		o := p.adds[0]
		if t.try(CountedTwice, claim.CountedTwice{
			Service: p.service, Key: p.key, Path: fig.path, Add: o.index, Node: o.Node, Delta: o.Int(),
			First: p.first.pos, Second: p.pos,
		}) {
			t.retried(p)
			t.learned(p)
			t.mistaken(p.by.Src, p.by.pos, func(call, _ *Message) bool { return call == p.first.by })
		} else if t.say(t.changed(p.first)) {
			t.retried(p)
			t.tooMuchBy(fig, p.change)
		}
	case odd:
		t.oddChange(fig, p)
	}
	return len(t.claims) > before
}

// killedSince tells that the node that sent a message was killed before a
// position.
func (t *teller) killedSince(m *Message, pos int) {
	for _, at := range t.lives[m.Src] {
		if at > m.pos && at < pos && t.journal[at].What == journal.Killed {
			t.say(claim.Killed{Node: m.Src, At: at})
		}
	}
}

// olderThan reports whether a message told a state from before a change.
func (t *teller) olderThan(m *Message, c *change) bool {
	return m != nil && m.used != nil && m.of.kind != "write" && m.used.state() < c.state
}

// lost tells which acknowledged add an overwritten change was for: of several
// in hand, the first of that amount.
func (t *teller) lost(c *change) {
	if c == nil {
		return
	}
	hand := slices.DeleteFunc(t.inHand(c.by), func(o *op) bool { return !o.acked() })
	i := slices.IndexFunc(hand, func(o *op) bool {
		return slices.ContainsFunc(numbersIn(nil, "", c.value), func(n number) bool {
			return n.value-c.before.number(n.path) == o.Int()
		})
	})
	if i < 0 && len(hand) == 1 {
		i = 0
	}
	if i >= 0 {
		t.say(t.acknowledged(hand[i]))
	}
}

// overwritten claims that a change took the place of one that its node did not
// know of.
func (t *teller) overwritten(c *change) claim.Claim {
	o := claim.Overwritten{
		Service: c.service, Key: c.key, At: c.pos, Call: c.by.ID, By: c.by.Src, To: c.json(), Idle: c.idle, Told: -1,
	}
	if lost := c.before; lost != nil {
		o.Lost, o.LostCall, o.LostBy, o.LostTo = lost.pos, lost.by.ID, lost.by.Src, lost.json()
	}
	for _, m := range t.gotBy[c.by.Src] {
		if m.arrived < c.by.pos && m.used != nil && m.of.slot() == c.slot && len(m.valueTold()) > 0 {
			o.Told, o.Knew = m.ID, string(m.valueTold())
			if m.kind == "error" && string(m.body["code"]) == "20" {
				o.Knew = ""
			}
		}
	}
	return o
}

// retried tells why a node made a change again: what became of the answers to
// the first, of which another may have come first.
func (t *teller) retried(p *posting) {
	sent := t.sentBy[p.by.Src]
	for _, m := range p.first.by.answers {
		again := slices.IndexFunc(sent, func(again *Message) bool {
			return again.pos > p.first.by.pos && again.toService() && again.slot() == p.slot && !m.before(again.pos)
		})
		if again >= 0 || len(p.first.by.answers) > 1 {
			t.say(t.sent(m))
		}
	}
}

// learned tells what the node had last been told of the key when it made a
// change again.
func (t *teller) learned(p *posting) {
	m := latest(t.gotBy[p.by.Src], func(m *Message) bool {
		return m.arrived > p.first.pos && m.arrived < p.by.pos && m.used != nil && m.of.slot() == p.slot &&
			len(m.valueTold()) > 0
	})
	if m == nil || t.said[t.facts.Text(t.sent(m))] {
		return
	}
	if told := t.toldClaim(m); !m.wrote() && t.try("", told) {
		return
	}
	t.say(t.sent(m))
}

// oddChange tells of a change by an amount that no add makes.
func (t *teller) oddChange(fig figure, p *posting) {
	for _, later := range t.slots[fig.slot] { // a request that came late
		if p.before == nil || p.step >= 0 || p.before.before == nil || later != p.change || p.by.pos >= p.before.pos {
			continue
		}
		back := claim.WrittenBack{
			Service: p.service, Key: p.key, Lost: p.before.pos, LostBy: p.before.by.Src, LostTo: p.before.json(),
			At: p.pos, Call: p.by.ID, By: p.by.Src, To: p.json(),
		}
		if t.facts.Holds(back) {
			t.say(t.changed(p.before.before))
			t.because(TakenBack, back)
			t.lost(p.before)
			return
		}
	}
	hand := t.inHand(p.by)
	if len(hand) == 1 {
		o := hand[0]
		if t.try(OtherAmount, claim.AnotherAmount{
			Service: p.service, Key: p.key, Path: fig.path, Call: p.by.ID, At: p.pos, By: p.by.Src,
			From: p.before.number(fig.path), To: p.number(fig.path), Add: o.index, Delta: o.Int(),
		}) {
			t.hasty(p, o)
			if o.acked() {
				t.say(t.acknowledged(o))
			}
			return
		}
	}
	if p.loss < 0 {
		t.tooMuchBy(fig, p.change)
	}
}

// hasty tells that a node changed a key before it had been told what it is.
func (t *teller) hasty(p *posting, o *op) {
	for _, m := range t.sentBy[p.by.Src] {
		if m.pos > o.arrived && m.pos < p.by.pos && isService(m.Dest) && m.slot() == p.slot && !m.answeredBefore(p.by.pos) {
			t.say(claim.AskedInVain{Question: m.ID, Call: p.by.ID, Node: m.Src, Dest: m.Dest})
			for _, a := range append([]*Message{m}, m.answers...) {
				if gone(a.fate()) {
					t.say(t.sent(a))
				}
			}
			return
		}
	}
}

// askedUpTo returns the sum of the adds that had reached a node.
func (t *teller) askedUpTo(node string, pos int) int64 {
	adds := t.addsBefore(node, pos)
	if len(adds) == 0 {
		return 0
	}
	return adds[len(adds)-1].asked
}

// changedBy returns by how much a node had changed a figure up to and with a
// position.
func (t *teller) changedBy(fig figure, node string, pos int) (sum int64) {
	for _, c := range t.slots[fig.slot] {
		if c.by.Src == node && c.pos <= pos {
			sum += c.number(fig.path) - c.before.number(fig.path)
		}
	}
	return sum
}

// notStored tells that a node had acknowledged more than it had changed some
// figures, and what it did later. It returns how much that is.
func (t *teller) notStored(read *op, f *fit, all []figure) (found int64) {
	for _, node := range t.nodes {
		adds := of(t.ackedBefore(read), node)
		if len(adds) == 0 || len(t.effects) == 0 {
			continue
		}
		figures := all
		own := slices.DeleteFunc(slices.Clone(figures), func(fig figure) bool { return !t.changesOwn(fig, node) })
		switch {
		case len(own) > 0:
			figures = own
		case t.changesAnything(node):
			figures = nil
		}
		if t.elsewhere(read, f, node) {
			found += sum(adds)
			continue
		}
		for _, fig := range figures {
			c := t.counted(fig, node, read.answered)
			if c.Changed >= c.Acked {
				continue
			}
			if t.tellUncounted(fig, c) {
				found += c.Acked - c.Changed
				break
			}
		}
	}
	return found
}

// changesOwn reports whether a node changes a figure.
func (t *teller) changesOwn(fig figure, node string) bool {
	return slices.ContainsFunc(t.slots[fig.slot], func(c *change) bool {
		return c.by.Src == node && c.number(fig.path) != c.before.number(fig.path)
	})
}

func (t *teller) changesAnything(node string) bool {
	return slices.ContainsFunc(t.effects, func(c *change) bool { return c.by.Src == node })
}

// tooLarge bounds the numbers that are counts. Greater ones are times.
const tooLarge = 1 << 32

func mostFirst(changes map[figure]int) []figure {
	list := slices.SortedFunc(maps.Keys(changes), func(a, b figure) int {
		return cmp.Or(changes[b]-changes[a],
			cmp.Compare(a.service, b.service), cmp.Compare(a.key, b.key), cmp.Compare(a.path, b.path))
	})
	return list[:min(4, len(list))]
}

// fewSteps is how many equal changes are more than chance.
const fewSteps = 3

// tellUncounted tells that a node had changed a figure by less than it had
// acknowledged, and why.
func (t *teller) tellUncounted(fig figure, c claim.Counted) bool {
	if same := t.sameSteps(fig, c.Node); same.N >= max(fewSteps, same.Adds) && t.facts.Holds(same) {
		return t.because(OtherAmount, same)
	}
	early := slices.IndexFunc(t.slots[fig.slot], func(later *change) bool {
		return later.by.Src == c.Node && later.pos > c.At
	})
	if early >= 0 {
		c := t.counted(fig, c.Node, t.slots[fig.slot][early].pos)
		if c.Changed < c.Acked && t.try(AckedEarly, c, t.changed(t.slots[fig.slot][early])) {
			return true
		}
	}
	if !t.try(NotStored, c) {
		return false
	}
	stored := func(call, reply *Message) bool { return call.changes() && reply.wrote() } // or so it looked
	if t.mistaken(c.Node, c.At, stored) || t.mistaken(c.Node, c.At, func(_, _ *Message) bool { return true }) {
		t.kind = Misdirected
		return true
	}
	t.lastChange(c.Node, c.At, t.wrongRead.reply)
	return true
}

// mistaken tells of an answer to a request of a node's earlier life that came
// in the next life, when the node had made another request with the same
// number.
func (t *teller) mistaken(node string, until int, fits func(call, reply *Message) bool) bool {
	for _, m := range t.gotBy[node] {
		born := t.born(node, m.arrived)
		if m.arrived > until || m.of == nil || m.of.Src != node || m.of.pos > born {
			continue
		}
		for _, again := range t.sentBy[node] {
			same := again.Dest == m.Src && string(again.body["msg_id"]) == string(m.of.body["msg_id"])
			c := claim.Misdirected{Node: node, Reply: m.ID, Call: again.ID, Earlier: m.of.ID}
			if same && again.pos > born && again.pos < m.arrived && fits(again, m) && t.facts.Holds(c) {
				t.killedSince(m.of, born)
				return t.say(c)
			}
		}
	}
	return false
}

// sameSteps says by what all changes of a figure by a node were.
func (t *teller) sameSteps(fig figure, node string) claim.SameSteps {
	c := claim.SameSteps{Service: fig.service, Key: fig.key, Path: fig.path, Node: node}
	for _, change := range t.slots[fig.slot] {
		if step := change.number(fig.path) - change.before.number(fig.path); change.by.Src == node && step != 0 {
			c.N, c.Step = c.N+1, step
		}
	}
	for _, o := range t.ops {
		if o.acked() && o.Node == node {
			c.Adds, c.Acked = c.Adds+1, c.Acked+o.Int()
		}
	}
	return c
}

// elsewhere tells that a node changed the key that is named after it, of which
// a read's node, which counts its own, had been told nothing.
func (t *teller) elsewhere(read *op, f *fit, node string) bool {
	figures := t.figures(read, f)
	own := slices.ContainsFunc(figures, func(fig figure) bool { return mentions(fig.key, read.Node) })
	for _, c := range slices.Backward(t.effects) {
		known := slices.ContainsFunc(figures, func(fig figure) bool { return fig.slot == c.slot })
		known = known || !own || !mentions(c.key, node)
		if c.by.Src == node && c.pos < read.answered && !c.idle && !known && len(numbersIn(nil, "", c.value)) > 0 {
			if t.askedFor(c.slot, read.reply) != nil {
				return false
			}
			never := claim.NeverTold{Node: read.Node, Service: c.service, Key: c.key, Until: read.reply.ID}
			return t.facts.Holds(never) && t.because(NotAsked, t.changed(c), never)
		}
	}
	return false
}

func (t *teller) counted(fig figure, node string, at int) claim.Counted {
	c := claim.Counted{
		Service: fig.service, Key: fig.key, Path: fig.path, Node: node, At: at,
		Asked: t.askedUpTo(node, at), Changed: t.changedBy(fig, node, at-1),
	}
	for _, o := range t.ops {
		if o.acked() && o.Node == node && o.answered != none && o.answered < at {
			c.Acked += o.Int()
		}
	}
	return c
}

// tooMuch tells why a read returned too much.
func (t *teller) tooMuch(read *op, f *fit) {
	if f != nil {
		for _, node := range t.nodes {
			var known int64
			for _, p := range f.parts {
				if p.from != aKey && p.who == node {
					known += p.value
				}
			}
			asked := t.askedUpTo(node, read.answered)
			if known > asked && t.because(ToldTwice, claim.PartOff{
				Of: f.claim, Peer: node, Known: known, Acked: sum(of(t.ackedBefore(read), node)), Asked: asked,
			}) {
				t.toldTwice(read, f, node)
			}
		}
	}
	if t.kind == "" && usesKeys(f) {
		t.misposted(read, f, func(p *posting) bool { return p.loss < 0 })
		if t.kind == "" {
			t.overCounted(read, f)
		}
	}
}

// overCounted tells of the first change with which a node had changed a figure
// by more than it had been asked for.
func (t *teller) overCounted(read *op, f *fit) {
	for _, fig := range t.figures(read, f) {
		changed := map[string]int64{}
		for _, c := range t.slots[fig.slot] {
			changed[c.by.Src] += c.number(fig.path) - c.before.number(fig.path)
			if c.pos < read.answered && changed[c.by.Src] > t.askedUpTo(c.by.Src, c.pos) && t.tooMuchBy(fig, c) {
				return
			}
		}
	}
}

func (t *teller) tooMuchBy(fig figure, c *change) bool {
	for pos := c.pos + 1; pos <= t.wrongRead.answered; pos++ {
		e := t.journal[pos]
		if e.What == journal.Sent && isNode(e.Src) && isClient(e.Dest) {
			count := t.counted(fig, c.by.Src, pos)
			return count.Changed > count.Asked && t.facts.Holds(count) && t.because(OverCounted, t.changed(c), count)
		}
	}
	return false
}

// toldTwice tells of a message of a peer that came twice, or that the peer may
// have sent again since it had no answer.
func (t *teller) toldTwice(read *op, f *fit, peer string) {
	seen := map[string]*Message{}
	var unanswered []*Message
	for _, m := range t.sentBy[peer] {
		if m.Dest != read.Node || m.kind != f.Type || !m.before(read.answered) || len(m.content()) == 0 {
			continue
		}
		first := m
		if before := seen[string(m.Body)]; before != nil && len(m.body["msg_id"]) > 0 {
			first = before
		}
		if t.try("", claim.GotTwice{First: first.ID, Second: m.ID, Until: read.reply.ID, Src: peer, Dest: read.Node}) {
			return
		}
		seen[string(m.Body)] = m
		switch {
		case len(unanswered) == 2:
			unanswered = append(unanswered, m)
		case len(unanswered) == 0 && len(m.answers) > 0 && gone(m.answers[0].fate()):
			unanswered = append(unanswered, m, m.answers[0])
		}
	}
	for _, m := range unanswered {
		t.say(t.sent(m))
	}
}
