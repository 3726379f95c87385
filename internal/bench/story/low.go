package story

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/journal"
)

// wrong tells why a read returned too little, or, if missing is below zero, too
// much.
func (t *teller) wrong(read *op, missing int64) {
	if read.arrived == none || read.answered == none {
		return
	}
	t.wrongRead = read
	f := t.sum(read)
	if missing < 0 {
		t.tooMuch(read, f)
	} else {
		t.tooLittle(read, f, missing)
		if t.kind == "" && f != nil && !t.census().most(f.Formula) {
			t.tooLittle(read, nil, missing) // the number may be there by chance
		}
		if t.kind == "" && len(t.right) > 0 && read.Int() > t.right[0].Lo {
			t.tooMuch(read, f)
		}
	}
	if t.kind == "" {
		t.known(read, missing)
	}
	t.restsOn(f)
}

// restsOn names the change that set the value that a read was made of, if it
// came right after one that has been named.
func (t *teller) restsOn(f *fit) {
	if f == nil || len(f.parts) != 1 || f.parts[0].from != aKey || f.parts[0].m.used == nil {
		return
	}
	if c := t.told(f.parts[0].m); c != nil && c.before != nil && t.names(c.before) && !t.names(c) {
		t.say(t.changed(c))
	}
}

// names reports whether a claim is about a change.
func (t *teller) names(c *change) bool {
	return slices.ContainsFunc(t.claims, func(said claim.Claim) bool {
		return slices.ContainsFunc(t.facts.Shows(said).Notes, func(n claim.Note) bool { return n.At == c.pos })
	})
}

// sum tells how the value of a read was made.
func (t *teller) sum(read *op) *fit {
	f := t.fit(read)
	if f == nil {
		return nil
	}
	c := claim.Sum{Read: read.index, Node: read.Node, Value: read.Int(), Formula: f.Formula}
	t.asked = 0
	t.field = f.parts[0].path
	for _, p := range f.parts {
		message := -1
		if p.m != nil && p.m.op == nil && p.from != allDeltas {
			message = p.m.ID
		}
		if p.from == aKey {
			t.asked++
		}
		c.Parts = append(c.Parts, claim.Part{Of: p.of(), Value: p.value, Message: message})
	}
	f.claim = c
	if f.How != toldEver && t.say(c) && f.all > 2 && 10*f.hits >= 6*f.all {
		t.say(claim.Explains{Formula: f.Formula, N: f.hits, Of: f.all})
	}
	return f
}

// besides tells of something that went wrong besides the reason, and that does
// not explain what is wrong with the read.
func (t *teller) besides(tell func()) {
	kind, reason := t.kind, t.reason
	t.kind = ""
	tell()
	t.kind, t.reason = kind, reason
}

// tooLittle tells why a read returned too little. What the services had lost
// comes before what was old, unless it is less. What they count twice makes the
// read greater, so it comes last.
func (t *teller) tooLittle(read *op, f *fit, missing int64) {
	if t.unansweredCalls(read, f, false); t.kind == "" {
		t.unheard(read, f)
	}
	if t.kind != "" {
		return
	}
	old := t.oldKeys(read, f)
	gap := int64(0)
	for _, p := range old {
		gap += p.gap
	}
	lost := missing - gap
	if lost > 0 && lost >= gap && usesKeys(f) {
		lost -= t.account(read, f, lost)
	}
	if t.kind == "" {
		for _, p := range old {
			t.oldKey(read, p)
		}
	}
	if t.kind != "" && len(t.right) > 0 && outside(t.right, read.Int()+gap) < 0 {
		t.besides(func() { t.tooMuch(read, f) }) // the newest state is wrong, too
	}
	if f != nil {
		lost -= t.behind(read, f, missing)
	}
	if t.kind == "" && lost > 0 && usesKeys(f) {
		lost -= t.account(read, f, lost)
	}
	if t.kind == "" && (f == nil || read.Int() == 0) {
		t.unansweredCalls(read, f, true)
	}
	if t.kind == "" {
		t.cone(read, f, t.ackedBefore(read), lost)
	}
	if t.kind == "" && f != nil && len(f.parts) == 1 && f.parts[0].from == aKey {
		t.basis(read, f, t.told(f.parts[0].m))
	}
	if t.kind == "" && f == nil {
		t.lostQuestion(read)
	}
}

func usesKeys(f *fit) bool {
	return f == nil || slices.ContainsFunc(f.parts, func(p part) bool { return p.from == aKey })
}

// An oldPart is a part of a read's value that came from a key that was no
// longer so when the read was answered.
type oldPart struct {
	part
	was, now *change // the value that was told, and that when the read was answered
	gap      int64   // how much more the latter makes
	fresh    bool    // it was the newest when it was told
}

// oldKeys returns the parts of a read's value that were too little for that
// reason.
func (t *teller) oldKeys(read *op, f *fit) (old []oldPart) {
	if f == nil {
		return nil
	}
	told := map[*Message]int64{}
	for _, p := range f.parts {
		told[p.m] += p.value
	}
	for _, p := range f.parts {
		value, ok := told[p.m]
		if p.from != aKey || p.m.of.kind == "write" || !ok {
			continue
		}
		delete(told, p.m)
		s := p.m.of.slot()
		o := oldPart{part: p, was: t.told(p.m), now: t.by(s, read.answered)}
		o.gap = f.worth(p, o.now, read.Node) - value
		o.fresh = f.worth(p, t.at(s, max(p.m.used.Newest, p.m.used.state())), read.Node) == value
		if o.path = cmp.Or(t.pathOf(o.was, o.now), p.path); o.gap > 0 {
			old = append(old, o)
		}
	}
	return old
}

// worth returns what a formula makes of a value of a part's key, for a node.
func (f *fit) worth(p part, c *change, node string) (sum int64) {
	if c == nil {
		return 0
	}
	for _, n := range numbersIn(nil, "", c.value) {
		if uses(f.Formula, label{aKey, p.who, p.what, n.path}, node) {
			sum += n.value
		}
	}
	return sum
}

// oldKey tells that what a read's node had been told of a key was old, and
// which change of the key it missed.
func (t *teller) oldKey(read *op, p oldPart) {
	s := p.m.of.slot()
	told := false
	if !p.fresh {
		told = t.because(OldAnswer, t.toldClaim(p.m))
	} else {
		told = t.try(Outdated, claim.ChangedSince{
			Reply: p.m.ID, Node: read.Node, Service: s.service, Key: s.key, Was: p.was.json(), Is: p.now.json(),
			Path:  t.pathOf(p.was, p.now),
			Until: read.reply.ID,
		})
	}
	if !told {
		return
	}
	t.missed(read, s, p.path, p.was)
	t.waited(read)
}

// behind tells of which nodes a read's node knew less than they had
// acknowledged. It returns the difference.
func (t *teller) behind(read *op, f *fit, missing int64) (gap int64) {
	if !shapes[f.How].own {
		return 0
	}
	var amounts []claim.Claim
	for _, node := range t.nodes {
		if shapes[f.How].from == aKey && node != read.Node {
			continue // it has a key
		}
		adds := of(t.ackedBefore(read), node)
		c := claim.PartOff{Of: f.claim, Peer: node, Known: f.knownOf(node), Acked: sum(adds)}
		c.Asked = t.askedUpTo(node, read.answered)
		if c.Acked > c.Known && t.say(c) {
			gap += c.Acked - c.Known
			amounts = append(amounts, c)
			t.whyShort(read, f, node, c.Known)
		}
	}
	if len(amounts) > 0 && gap == missing {
		t.try("", claim.AllMissing{Read: read.index, Missing: missing, Of: amounts})
	}
	return gap
}

// knownOf returns what is counted of a node, apart from what keys hold. A
// node's lives may have numbers of their own, each with the node's name in its
// own.
func (f *fit) knownOf(node string) (sum int64) {
	for _, p := range f.parts {
		if p.from != aKey && mentions(p.who, node) {
			sum += p.value
		}
	}
	return sum
}

// waited tells of a question that a node asked again for a read, because the
// question or its answer was lost.
func (t *teller) waited(read *op) {
	for _, m := range t.sentBy[read.Node] {
		if m.pos < read.arrived || m.pos > read.answered || !t.askedAgain(m, read.answered) {
			continue
		}
		exchange := append([]*Message{m}, m.answers...)
		if i := slices.IndexFunc(exchange, func(m *Message) bool { return gone(m.fate()) }); i >= 0 {
			t.say(t.sent(m))
			t.say(t.sent(exchange[i]))
			return
		}
	}
}

// toldClaim says what a service's answer told of a key.
func (t *teller) toldClaim(m *Message) claim.Told {
	s, state, newest := m.of.slot(), m.used.state(), max(m.used.Newest, m.used.state())
	was, is := t.at(s, state), t.at(s, newest)
	path := t.pathOf(was, is)
	if was == is && was != nil && hasNumber(is.value, t.field) {
		path = t.field
	}
	return claim.Told{
		Reply: m.ID, Node: m.Dest, Service: s.service, Key: s.key, State: state, Newest: newest,
		Was: was.json(), Is: is.json(), Path: path,
	}
}

// missed tells of the first change of a key that was for an acknowledged add
// and that came after what a read's node had been told.
func (t *teller) missed(read *op, s slot, path string, was *change) {
	for _, c := range t.slots[s] {
		if was != nil && c.pos <= was.pos || c.pos > read.answered || c.number(path) <= c.before.number(path) {
			continue
		}
		hand := t.inHand(c.by)
		step := c.number(path) - c.before.number(path)
		if len(hand) != 1 || hand[0].Int() != step || hand[0].Complete >= read.Invoke || !hand[0].acked() {
			continue
		}
		if t.say(t.changed(c)) && t.say(t.onlyAdd(hand[0], c.by)) {
			t.say(t.acknowledged(hand[0]))
		}
		return
	}
}

func (t *teller) changed(c *change) claim.Claim {
	return claim.Changed{
		Service: c.service, Key: c.key, By: c.by.Src, Call: c.by.ID, At: c.pos, State: c.state,
		From: c.before.json(), To: c.json(),
		Path: t.pathOf(c.before, c),
	}
}

// pathOf returns the path of a number by which two values of a key differ: of
// the one that the story is about, if it does, or else of one that is not
// deeper inside than others.
func (t *teller) pathOf(was, is *change) string {
	if is == nil {
		return ""
	}
	var found *string
	for _, n := range slices.Backward(numbersIn(nil, "", is.value)) {
		if n.value == was.number(n.path) || n.value >= tooLarge {
			continue
		}
		if n.path == t.field {
			return n.path
		}
		if found == nil || strings.Count(n.path, ".") < strings.Count(*found, ".") {
			found = &n.path
		}
	}
	if found == nil {
		return ""
	}
	return *found
}

func (t *teller) onlyAdd(o *op, call *Message) claim.Claim {
	return claim.OnlyAdd{Add: o.index, Node: o.Node, Delta: o.Int(), Call: call.ID, InHand: len(t.inHand(call))}
}

// inHand returns the adds that a node had been asked for, and had not answered,
// when it sent a message.
func (t *teller) inHand(m *Message) (adds []*op) {
	born := t.born(m.Src, m.pos)
	for _, o := range slices.Backward(t.addsBefore(m.Src, m.pos)) {
		if o.until < m.pos || o.arrived < born {
			break
		}
		if o.answered == none || o.answered > m.pos {
			adds = append(adds, o)
		}
	}
	slices.Reverse(adds)
	return adds
}

// whyShort tells why a read's node knew less of a peer than that had
// acknowledged.
func (t *teller) whyShort(read *op, f *fit, peer string, known int64) {
	adds := of(t.ackedBefore(read), peer)
	if peer == read.Node {
		t.forgot(read, adds)
		return
	}
	if f.How == claim.Deltas && t.deltasMissing(read, f, peer) {
		return
	}
	var running int64
	for _, o := range t.ops {
		if o.F != "add" || o.Node != peer || o.arrived == none {
			continue
		}
		if running += o.Int(); running > known && slices.Contains(adds, o) {
			t.say(t.acknowledged(o))
			t.edge(o, read.Node, read.reply, read)
			return
		}
	}
}

// forgot tells that a node was killed with adds that it had acknowledged.
func (t *teller) forgot(read *op, acked []*op) {
	for _, pos := range t.lives[read.Node] {
		if t.journal[pos].What != journal.Killed || pos > read.answered {
			continue
		}
		lost := slices.DeleteFunc(slices.Clone(acked), func(o *op) bool {
			return o.answered > pos || t.born(read.Node, o.arrived) != t.born(read.Node, pos)
		})
		if len(lost) == 0 {
			continue
		}
		if t.try(Forgotten, claim.AckedInMemory{Node: read.Node, At: pos, Acked: sum(lost)}) ||
			t.because(Forgotten, claim.Killed{Node: read.Node, At: pos}) {
			t.say(t.acknowledged(lost[0]))
			return
		}
	}
	t.kindIfNone(OwnLeftOut)
}

func (t *teller) kindIfNone(k Kind) {
	if t.kind == "" {
		t.kind = k
	}
}

// deltasMissing tells which messages of a peer had not come when a read was
// answered.
func (t *teller) deltasMissing(read *op, f *fit, peer string) bool {
	c := claim.DeltasMissing{Read: read.index, Node: read.Node, Peer: peer, Type: f.Type, Path: f.Path}
	var first *Message
	for _, m := range t.sentBy[peer] {
		if m.Dest != read.Node || m.kind != f.Type || m.pos > read.answered || m.before(read.answered) {
			continue
		}
		for _, n := range m.content() {
			if n.path == f.Path && n.value > 0 {
				c.Messages = append(c.Messages, m.ID)
				c.Sum += n.value
				if first == nil {
					first = m
				}
			}
		}
	}
	return first != nil && t.because(Undelivered, c, t.sent(first))
}

// unansweredCalls tells of the questions for a read whose answers had not come
// when its node answered it: if some were lost, or else if all counts.
func (t *teller) unansweredCalls(read *op, f *fit, all bool) {
	c := claim.AnsweredBefore{Read: read.index, Node: read.Node}
	var shown []*Message
	alone := t.open(read) == 0 && !t.others(read)
	for _, m := range t.sentBy[read.Node] {
		if m.pos < read.arrived || m.pos > read.answered || isClient(m.Dest) || len(m.body["msg_id"]) == 0 {
			continue
		}
		if m.answeredBefore(read.answered) {
			continue
		}
		if alone && t.askedAgain(m, read.answered) {
			return // and was told
		}
		c.Calls = append(c.Calls, m.ID)
		exchange := append([]*Message{m}, m.answers...)
		if i := slices.IndexFunc(exchange, func(m *Message) bool { return gone(m.fate()) }); i >= 0 && len(shown) == 0 {
			shown = exchange[:i+1]
		}
	}
	if !alone {
		t.askedFirst(read, f, all)
		return
	}
	kind := Undelivered
	if len(shown) == 0 && all && len(c.Calls) > 0 {
		m := t.byID[c.Calls[0]]
		shown, kind = append([]*Message{m}, m.answers...), TooSoon
	}
	if len(shown) > 0 && t.because(kind, c) {
		for _, m := range shown {
			t.say(t.sent(m))
		}
	}
}

// askedFirst tells of the first question since a read came that was not
// answered when its node answered the read. Other requests were in hand, so it
// must have been asked before anything else came.
func (t *teller) askedFirst(read *op, f *fit, all bool) {
	next := read.answered
	for _, m := range t.gotBy[read.Node] {
		if m.arrived > read.arrived {
			next = min(next, m.arrived)
		}
	}
	for _, m := range t.sentBy[read.Node] {
		if m.pos < read.arrived || m.pos > next || isClient(m.Dest) || len(m.body["msg_id"]) == 0 || m.changes() ||
			m.answeredBefore(read.answered) {
			continue
		}
		if (all || m.lost()) && (f == nil || read.Int() == 0) {
			t.inVain(read, m)
		}
		return
	}
}

// unheard tells of keys that a read's node asked for, and that are not in the
// read's value, as no answer had come.
func (t *teller) unheard(read *op, f *fit) {
	if f == nil || f.How != claim.Keys && f.How != claim.OthersKeys {
		return
	}
	for _, m := range t.sentBy[read.Node] {
		asked := m.pos > read.arrived && m.pos < read.answered && m.toService() && m.kind == "read"
		heard := slices.ContainsFunc(f.parts, func(p part) bool { return p.from == aKey && p.m.of.slot() == m.slot() })
		label := part{label: label{aKey, m.Dest, m.slot().key, ""}}
		if asked && !heard && f.worth(label, t.by(m.slot(), m.pos), read.Node) > 0 {
			t.inVain(read, m)
			return
		}
	}
}

// lostQuestion tells of the first question since a read came whose answer was
// lost, or that was lost itself. It may have been for another read.
func (t *teller) lostQuestion(read *op) {
	for _, m := range t.sentBy[read.Node] {
		if m.pos > read.arrived && m.pos < read.answered && !m.changes() && len(m.body["msg_id"]) > 0 &&
			!m.answeredBefore(read.answered) && m.lost() {
			t.inVain(read, m)
			return
		}
	}
}

// lost reports whether a message or its first answer was.
func (m *Message) lost() bool {
	return gone(m.fate()) || len(m.answers) > 0 && gone(m.answers[0].fate())
}

// inVain tells that a question had not been answered when a read was, and what
// became of it.
func (t *teller) inVain(read *op, m *Message) {
	kind := TooSoon
	if m.lost() {
		kind = Undelivered
	}
	c := claim.AskedInVain{Question: m.ID, Call: read.reply.ID, Node: m.Src, Dest: m.Dest}
	if t.facts.Holds(c) && t.because(kind, t.sent(read.reply), c) {
		for _, m := range append([]*Message{m}, m.answers...) {
			t.say(t.sent(m))
		}
	}
}

// askedAgain reports whether a node asked the same again, and was answered
// before a position.
func (t *teller) askedAgain(m *Message, before int) bool {
	return slices.ContainsFunc(t.sentBy[m.Src], func(again *Message) bool {
		return again.pos > m.pos && again.pos < before && again.Dest == m.Dest &&
			again.answeredBefore(before) && again.withoutIDs() == m.withoutIDs()
	})
}

// others reports whether a node got other requests between a read and its
// answer.
func (t *teller) others(read *op) bool {
	return slices.ContainsFunc(t.ops, func(o *op) bool {
		return o.Node == read.Node && o.arrived > read.arrived && o.arrived < read.answered
	})
}

func gone(what journal.What) bool {
	return what == journal.Lost || what == journal.Blocked
}

// answeredBefore reports whether an answer to a message had come before a
// position.
func (m *Message) answeredBefore(pos int) bool {
	return slices.ContainsFunc(m.answers, func(a *Message) bool { return a.before(pos) })
}

// edge tells why a node cannot have known of an add when it sent a message, or
// how it could have known.
func (t *teller) edge(add *op, to string, until *Message, read *op) {
	n := t.spread(add, until.pos)
	base := struct {
		add   int
		node  string
		delta int64
	}{add.index, add.Node, add.Int()}
	if n.knew[to] {
		if path := t.path(n, to); len(path) > 0 && len(path) <= 6 {
			c := claim.Path{Add: base.add, Node: base.node, Delta: base.delta, To: to, Until: until.ID}
			for _, m := range path {
				c.Messages = append(c.Messages, m.ID)
			}
			t.say(c)
		}
		return
	}
	none := claim.NoPath{Add: base.add, Node: base.node, Delta: base.delta, To: to, Until: until.ID}
	switch {
	case n.over == nil && len(n.changes) == 0 && len(n.undelivered) == 0:
		t.silent(add, n, to, until, read)
	case !t.say(none):
	case n.over != nil && t.isCounted(n.over) && t.try(LostUpdate, t.overwritten(n.over)):
	case len(n.changes) > 0:
		t.notTold(n.changes[0], to, until, read)
	default:
		t.notArrived(base.add, base.node, base.delta, n, to, until)
	}
}

// isCounted reports whether reads count a number of a changed key.
func (t *teller) isCounted(c *change) bool {
	return slices.ContainsFunc(numbersIn(nil, "", c.value), func(n number) bool {
		return t.counts(figure{c.slot, n.path})
	})
}

// notTold tells what a node had been told of a key that carried news.
func (t *teller) notTold(c *change, to string, until *Message, read *op) {
	if !t.say(t.changed(c)) {
		return
	}
	latest := latest(t.gotBy[to], func(m *Message) bool {
		return m.arrived < until.pos && m.used != nil && m.of.slot() == c.slot && m.of.kind != "write"
	})
	if latest == nil {
		if m := t.askedFor(c.slot, until); m != nil && until == read.reply {
			t.inVain(read, m)
			return
		}
		t.try(NotAsked, claim.NeverTold{Node: to, Service: c.service, Key: c.key, Until: until.ID})
		return
	}
	if latest.used.Newest >= c.state {
		kind := NotKnown
		if t.told(latest) != t.at(c.slot, latest.used.Newest) {
			kind = OldAnswer
		}
		t.because(kind, t.toldClaim(latest))
		return
	}
	now := t.by(c.slot, until.pos)
	t.because(Outdated, claim.ChangedSince{
		Reply: latest.ID, Node: to, Service: c.service, Key: c.key, Was: t.told(latest).json(), Is: now.json(),
		Path:  t.pathOf(t.told(latest), now),
		Until: until.ID,
	})
}

// askedFor returns the last question about a key that the sender of a message
// had asked by then in its life, or nil.
func (t *teller) askedFor(s slot, until *Message) *Message {
	born := t.born(until.Src, until.pos)
	return latest(t.sentBy[until.Src], func(m *Message) bool {
		return m.pos < until.pos && m.pos > born && m.toService() && m.slot() == s && !m.changes()
	})
}

// notArrived tells of messages that set out with news of an add and did not
// come.
func (t *teller) notArrived(add int, node string, delta int64, n *news, to string, until *Message) {
	if len(n.undelivered) == 0 {
		return
	}
	first := n.undelivered[0]
	if i := slices.IndexFunc(n.undelivered, func(m *Message) bool { return m.Dest == to }); i >= 0 {
		first = n.undelivered[i]
	}
	c := claim.Undelivered{Add: add, Node: node, Delta: delta, Until: until.ID}
	for _, m := range n.undelivered {
		c.Messages = append(c.Messages, m.ID)
	}
	switch {
	case t.try(Undelivered, c, t.sent(first)):
	case gone(first.fate()):
		t.because(Undelivered, t.sent(first))
	default:
		t.say(t.sent(first))
	}
}

// silent tells that nobody who knew of an add told others of it.
func (t *teller) silent(add *op, n *news, to string, until *Message, read *op) {
	for _, pos := range t.lives[add.Node] {
		if pos > add.arrived && pos < until.pos && t.journal[pos].What == journal.Killed {
			t.because(Forgotten, claim.Killed{Node: add.Node, At: pos})
			return
		}
	}
	knew := slices.Sorted(maps.Keys(n.knew))
	if !t.try(NotSent, claim.Silent{Add: add.index, Node: add.Node, Delta: add.Int(), Knew: knew, To: to, Until: until.ID}) {
		return
	}
	if m := t.spread(add, len(t.journal)).via[to]; m != nil && isNode(m.Src) {
		t.say(t.sent(m)) // it came too late
	}
	t.try("", claim.NoService{})
	t.lastChange(add.Node, until.pos, until)
	if until == read.reply {
		t.askedNobody(read)
	}
}

// lastChange tells of the last change that a node had made before a position.
func (t *teller) lastChange(node string, pos int, until *Message) {
	for _, c := range slices.Backward(t.effects) {
		if c.by.Src == node && !c.idle && c.pos < pos {
			t.say(claim.LastChange{
				Node: node, Service: c.service, Key: c.key, Value: c.json(), At: c.pos, Until: until.ID,
			})
			return
		}
	}
}

func (t *teller) askedNobody(read *op) bool {
	return t.try("", claim.AskedNobody{Read: read.index, Node: read.Node})
}

// cone tells of the acknowledged adds that cannot have been known: to the node
// that answered a read, or where the values were written that it was made of.
func (t *teller) cone(read *op, f *fit, acked []*op, missing int64) {
	if f != nil && f.How != toldEver && f.parts[0].from == aKey && t.census().most(f.Formula) {
		var answers []*Message
		keys := true
		for _, p := range f.parts {
			keys = keys && p.from == aKey && p.m.used != nil
			answers = append(answers, p.m)
		}
		if keys && t.valueCone(read, f, answers, acked, missing) {
			return
		}
	}
	reach := t.reach(read.Node, read.answered, nil)
	out := slices.DeleteFunc(slices.Clone(acked), func(o *op) bool { return reach.has(t.run, o) })
	if len(out) == 0 {
		return
	}
	c := claim.Cone{Read: read.index, Node: read.Node, Adds: indices(out), Sum: sum(out)}
	if !t.say(c) {
		return
	}
	if c.Sum == missing {
		t.try("", claim.AllMissing{Read: read.index, Missing: missing, Of: []claim.Claim{c}})
	}
	t.say(t.acknowledged(out[0]))
	t.edge(out[0], read.Node, read.reply, read)
	t.kindIfNone(NotKnown)
}

// basis tells what the node that set a key had last read of another, if that
// was old then, or else of adds that the other keys do not have.
func (t *teller) basis(read *op, f *fit, set *change) {
	if set == nil || !isNode(set.by.Src) {
		return
	}
	d := t.mind(set.by.Src, set.by.pos)
	var others []figure
	for _, l := range slices.Backward(d.between(d.born, set.by.pos)) {
		known := d.upTo(l, set.by.pos)
		if l.from != aKey || known[0].m.of.slot() == set.slot {
			continue
		}
		m := lastRead(known)
		if m == nil {
			continue
		}
		others = append(others, figure{m.of.slot(), l.path})
		was, now := t.told(m), t.by(m.of.slot(), set.by.pos)
		until := set.by
		if later := t.by(m.of.slot(), read.answered); set.by.Src == read.Node && now == was && later != nil {
			now, until = later, read.reply
		}
		if now.number(l.path) <= was.number(l.path) || now.number(l.path) >= tooLarge {
			continue
		}
		if t.because(Outdated, t.changed(set), claim.ChangedSince{
			Reply: m.ID, Node: set.by.Src, Service: m.Src, Key: m.of.slot().key, Was: was.json(), Is: now.json(),
			Path: t.pathOf(was, now), Until: until.ID,
		}) {
			return
		}
	}
	t.notStored(read, f, others)
}

// lastRead returns the last message that told a value of a key, and not just
// that it had been written.
func lastRead(known []point) *Message {
	for _, p := range slices.Backward(known) {
		if !p.m.wrote() {
			return p.m
		}
	}
	return nil
}

func indices(ops []*op) (list []int) {
	for _, o := range ops {
		list = append(list, o.index)
	}
	return list
}

// valueCone tells of the adds that cannot have been known where the values were
// written that a read was made of.
func (t *teller) valueCone(read *op, f *fit, answers []*Message, acked []*op, missing int64) bool {
	reach := t.reach(read.Node, read.answered, answers)
	out := slices.DeleteFunc(slices.Clone(acked), func(o *op) bool { return reach.has(t.run, o) })
	c := claim.Cone{Read: read.index, Node: read.Node, Adds: indices(out), Sum: sum(out)}
	for _, m := range answers {
		c.Replies = append(c.Replies, m.ID)
	}
	unclear := len(t.right) > 1 || len(t.right) == 1 && t.right[0].Lo < t.right[0].Hi
	if len(out) == 0 || c.Sum > missing && !unclear || !t.try("", c) {
		return false
	}
	if c.Sum == missing {
		t.try("", claim.AllMissing{Read: read.index, Missing: missing, Of: []claim.Claim{c}})
	}
	t.say(t.acknowledged(out[0]))
	was := t.told(answers[0])
	if was == nil || !isNode(was.by.Src) || len(answers) > 1 {
		t.edge(out[0], read.Node, read.reply, read)
		t.kindIfNone(NotKnown)
		return true
	}
	t.say(t.changed(was))
	t.edge(out[0], was.by.Src, was.by, read)
	t.kindIfNone(NotKnown)
	return true
}

// known tells facts about a wrong read for which no cause was found. That its
// node did not ask explains a read only if it did not return too much.
func (t *teller) known(read *op, missing int64) {
	t.kind = Unexplained
	t.try("", claim.NotExplained{Read: read.index, Node: read.Node, Value: read.Int()})
	own := sum(of(t.ackedBefore(read), read.Node))
	if t.try("", claim.OwnAcked{Read: read.index, Node: read.Node, Value: read.Int(), Acked: own}) {
		t.kind = OwnLeftOut
	}
	if t.try("", claim.ToldNothing{Read: read.index, Node: read.Node}) {
		if own := of(t.ackedBefore(read), read.Node); len(own) > 0 {
			t.say(t.acknowledged(own[len(own)-1]))
		}
	} else if t.askedNobody(read) {
		if missing >= 0 {
			t.kind = NotAsked
		}
		m := latest(t.gotBy[read.Node], func(m *Message) bool { return m.arrived < read.answered && !isClient(m.Src) })
		if m != nil {
			t.say(claim.LastGot{Node: read.Node, Before: read.answered, Message: m.ID, Src: m.Src})
		}
	}
	t.waitsStill(read)
	f := t.fit(read)
	for _, fig := range t.figures(read, f) {
		changes := t.slots[fig.slot]
		for i, c := range changes {
			if len(changes) <= 4 && c.pos < read.answered && i < 4 {
				t.say(t.changed(c))
			}
		}
	}
	shown := 0
	for _, m := range t.during(read) {
		if m.Dest != read.Node || shown == 3 || m.used != nil && len(m.valueTold()) == 0 || f.has(m) {
			continue
		}
		c := t.sent(m)
		if m.used != nil && m.kind != "error" && m.of.kind != "write" {
			c = t.toldClaim(m)
		}
		if t.say(c) {
			shown++
		}
	}
}

// has reports whether a message told a part of a value.
func (f *fit) has(m *Message) bool {
	return f != nil && slices.ContainsFunc(f.parts, func(p part) bool { return p.m == m })
}

// waitsStill tells of the first question since a read came that was not
// answered when the read was.
func (t *teller) waitsStill(read *op) {
	for _, m := range t.sentBy[read.Node] {
		if m.pos > read.arrived && m.pos < read.answered && !m.changes() && len(m.body["msg_id"]) > 0 &&
			!m.answeredBefore(read.answered) {
			t.inVain(read, m)
			return
		}
	}
}

// during returns the messages of a read's node to and from nodes and services
// between the read's arrival and its answer.
func (t *teller) during(read *op) (list []*Message) {
	for _, m := range t.messages {
		sent := m.Src == read.Node && m.pos > read.arrived && m.pos < read.answered && !isClient(m.Dest)
		got := m.Dest == read.Node && m.arrived > read.arrived && m.arrived < read.answered && !isClient(m.Src)
		if sent || got {
			list = append(list, m)
		}
	}
	return list
}
