package claim

import (
	"reflect"
	"slices"
	"strings"

	"maelstrom-counter/internal/bench/verdict"
)

// A How says what kind of numbers make a read's value. There are two kinds of
// numbers: those that services tell a node of their keys, and those that other
// nodes send it. Each counts from when its message arrived, in the node's
// present life. A read's window is from when its request came to when it was
// answered.
//
// A service's reply tells the numbers of a read_ok's value; 0 for a read that
// meets error 20; the numbers of to or value for cas_ok or write_ok; and N for
// error 22 with the text "current value N is not ...".
type How string

const (
	// ToldOnce is one number that was told in the window: of Key at Path; or if
	// Key is empty, by a node in a message of Type at Path.
	ToldOnce How = "told"
	// CachedKey is the last such number, from before the window or from within.
	CachedKey How = "cached"
	// CachedRead is CachedKey without what cas_ok and write_ok tell.
	CachedRead How = "cached read"
	// Keys is the number last told in the window of each key and path. If Path
	// is not empty, only paths count whose last name it is.
	Keys How = "keys"
	// OthersKeys is of Keys those that do not have the node's name in their key
	// or path, and Own.
	OthersKeys How = "others' keys"
	// CachedKeys is the number last told of each key and path. Path is as in
	// Keys.
	CachedKeys How = "cached keys"
	// OthersCachedKeys is to CachedKeys as OthersKeys is to Keys.
	OthersCachedKeys How = "others' cached keys"
	// OwnAlone is Own; no number of another node came in the window.
	OwnAlone How = "own"
	// PeersAnswers is the number last sent in the window by each other node, in
	// messages of Type at Path, and Own.
	PeersAnswers How = "peers' answers"
	// PeersLast is the same from before the window, too.
	PeersLast How = "peers' last"
	// Deltas is the sum of all numbers sent by each other node, in messages of
	// Type at Path, and Own.
	Deltas How = "deltas"
	// PeersMost is the greatest number sent for each other node, and Own.
	// Numbers for a node are those in messages of Type, at Path and then its
	// name.
	PeersMost How = "peers' most"
	// LastMap is the number last sent for each node.
	LastMap How = "last map"
)

// A source says which numbers make a sum.
type source int

const (
	nobody    source = iota
	oneNumber        // the last of a key, or of a node's messages
	eachKey          // the last of each key and path, without the node's own if the sum has its adds
	eachPeer         // the last that each other node sent
	eachNode         // the last that was sent for each node
)

// A shape is what a How adds up.
type shape struct {
	of       source
	windowed bool   // only what was told in the read's window counts
	own      bool   // the node's own adds are a part
	text     string // with %s for the node's name; if own, without the own adds
}

var shapes = map[How]shape{
	ToldOnce:         {oneNumber, true, false, "what %s was told for that read"},
	CachedKey:        {oneNumber, false, false, "the last that %s had been told of it"},
	CachedRead:       {oneNumber, false, false, "the last that %s had been told of it"},
	Keys:             {eachKey, true, false, "the sum of the values that %s was told during the read"},
	OthersKeys:       {eachKey, true, true, "and of the values of other keys that it was told during the read"},
	CachedKeys:       {eachKey, false, false, "the sum of the last value that %s had been told of each key"},
	OthersCachedKeys: {eachKey, false, true, "and of the last value that it had been told of each other key"},
	OwnAlone:         {nobody, false, true, "alone"},
	PeersAnswers:     {eachPeer, true, true, "and of what the other nodes last sent it during the read"},
	PeersLast:        {eachPeer, false, true, "and of what each other node had last sent it"},
	Deltas:           {eachPeer, false, true, "and of all that the other nodes had sent it"},
	PeersMost:        {eachNode, false, true, "and of the greatest number that it had been sent for each other node"},
	LastMap:          {eachNode, false, false, "the sum of the last number that %s had been sent for each node"},
}

// sum says what a node adds up.
func (s shape) sum(node string) string {
	if s.own {
		return say("the sum of %s's own adds %s", node, s.text)
	}
	return say(s.text, node)
}

// A Formula is a way in which a read's value is made of what a node was told.
// Fields of which How does not speak are empty.
type Formula struct {
	How        How
	Key        string // a service, a space, and a key in canonical JSON
	Type, Path string
}

// A Part is a number in a sum.
type Part struct {
	Of      string // a service, a space and its key, with a dot and the path; or a node
	Value   int64
	Message int // which told it; -1 for own adds and Deltas
}

// Sum says that a read's value is the sum of parts. Each was right by its
// formula at some instant from 10 ms before the window on, so that they may
// come from before an arrival that raced with the read. None is left out that
// was there all that time.
type Sum struct {
	Read    int
	Node    string
	Value   int64
	Formula Formula
	Parts   []Part // in order of Of
}

func (c Sum) holds(r *Run) bool {
	op, reply := r.read(c.Read)
	if reply.src != c.Node || op.Node != c.Node || op.Int() != c.Value ||
		!r.whole(r.born(c.Node, reply.sent), reply.sent) {
		return false
	}
	x := r.reading(c.Read)
	left, ok := x.series(c.Formula)
	shape := shapes[c.Formula.How]
	sum, last, own := int64(0), "", !shape.own
	for i, p := range c.Parts {
		options := x.options(left[c.Formula.labelOf(p)])
		if shape.own && p.Of == c.Node {
			options, own = append(x.options(x.ownAdds(true)), x.options(x.ownAdds(false))...), true
		}
		if i > 0 && p.Of <= last || !slices.Contains(options, p) {
			return false
		}
		sum, last = sum+p.Value, p.Of
		delete(left, c.Formula.labelOf(p))
	}
	for _, s := range left {
		if shape.windowed || s[0].at <= x.earliest {
			return false
		}
	}
	return sum == c.Value && own && ok
}

func (c Sum) text(r *Run) string {
	if p := c.Parts[0]; c.Formula.single() || len(c.Parts) == 1 && p.Message >= 0 {
		service, key, ofKey := strings.Cut(p.Of, " ")
		if ofKey {
			key = " about its key " + shorten(key, 24)
		}
		m := r.message(p.Message)
		if code(m) == 20 {
			return say("%s had told %s that its key %s does not exist, which counts as %d. That message arrived %s.",
				service, c.Node, strings.TrimPrefix(key, " about its key "), c.Value, r.when(m.arrival()))
		}
		return say("%d is what %s had told %s%s. That message arrived %s.", c.Value, service, c.Node, key, r.when(m.arrival()))
	}
	shape, texts := shapes[c.Formula.How], make([]string, len(c.Parts))
	for i, p := range c.Parts {
		of := p.Of
		if p.Of == c.Node && shape.own {
			of = "its own"
		}
		texts[i] = say("%d (%s)", p.Value, of)
	}
	return say("%d is %s: %s.", c.Value, shape.sum(c.Node), shorten(strings.Join(texts, " + "), 160))
}

func (c Sum) shows(r *Run) (shown Shown) {
	for _, p := range c.Parts {
		if p.Message >= 0 && !slices.Contains(shown.Messages, p.Message) {
			shown = shown.and(r.telling(p.Message, len(c.Parts) <= 3))
		}
	}
	return shown
}

// Explains says of how many reads of more than 0 a formula gives the value,
// with what was right when each was answered.
type Explains struct {
	Formula Formula
	N, Of   int
}

func (c Explains) holds(r *Run) bool {
	n, of := r.explained(c.Formula)
	return n == c.N && of == c.Of && 2*n > of && r.whole(0, len(r.Journal))
}

func (c Explains) text(*Run) string {
	reads, how := say("%d of the %d reads", c.N, c.Of), "equal "+shapes[c.Formula.How].sum("their node")
	if c.N == c.Of && c.N > 1 {
		reads = say("All %d reads", c.N)
	}
	switch {
	case c.Formula.single() && c.Formula.Key != "":
		how = "returned what their node had been told about that key"
	case c.Formula.single():
		how = "returned what their node had been told by another node"
	}
	return say("%s that returned more than 0 %s.", reads, how)
}

// NotExplained says that none of the formulas that explain most of the reads of
// more than 0 explains this one.
type NotExplained struct {
	Read  int
	Node  string
	Value int64
}

func (c NotExplained) holds(r *Run) bool {
	x := r.reading(c.Read)
	for _, f := range r.formulas() {
		if n, of := r.explained(f); 2*n > of && x.gives(f) {
			return false
		}
	}
	return x.node == c.Node && x.value == c.Value && r.whole(0, len(r.Journal))
}

func (c NotExplained) text(*Run) string {
	return say("No value that %s had been told, and no sum of such values and its own adds, explains both this %d and most other reads.",
		c.Node, c.Value)
}

// PartOff says that what a read counted for a node is less than the node had
// acknowledged when the read was sent, or more than all adds that had reached
// the node when the read was answered.
type PartOff struct {
	Of                  Sum
	Peer                string
	Known, Acked, Asked int64
}

func (c PartOff) holds(r *Run) bool {
	if !c.Of.holds(r) || c.Of.Formula.single() || !isNode(c.Peer) {
		return false
	}
	known := int64(0)
	for _, p := range c.Of.Parts {
		if mentions(p.Of, c.Peer) {
			known += p.Value
		}
	}
	reply := r.reply(c.Of.Read)
	return known == c.Known && r.ackedByWhen(c.Peer, c.Of.Read) == c.Acked && r.asked(c.Peer, reply.sent) == c.Asked &&
		(c.Known < c.Acked || c.Known > c.Asked) && r.whole(0, reply.sent)
}

func (c PartOff) text(*Run) string {
	counted := say("%s counted %d for %s", c.Of.Node, c.Known, c.Peer)
	if c.Of.Node == c.Peer {
		counted = say("%s counted %d for itself", c.Peer, c.Known)
	}
	if c.Known > c.Asked {
		return say("%s, but the adds that %s had received by then sum to %d.", counted, c.Peer, c.Asked)
	}
	return say("%s, but %s had acknowledged adds that sum to %d before that read was sent.", counted, c.Peer, c.Acked)
}

func (c PartOff) amount() (string, int64) {
	if c.Known > c.Asked {
		return c.Peer, c.Asked - c.Known
	}
	return c.Peer, c.Acked - c.Known
}

// DeltasMissing says which messages of a peer to a node, of a type and with a
// positive number at a path, were sent before it answered a read and had not
// reached it, and what they make.
type DeltasMissing struct {
	Read                   int
	Node, Peer, Type, Path string
	Messages               []int // all, in order
	Sum                    int64
}

func (c DeltasMissing) holds(r *Run) bool {
	_, reply := r.read(c.Read)
	var ids []int
	var sum int64
	for m := range r.sent(c.Peer, 0, reply.sent) {
		if n := m.numbers()[c.Path]; m.dest == c.Node && m.kind == c.Type && n > 0 && !m.arrivedBefore(reply.sent) {
			ids = append(ids, m.id)
			sum += n
		}
	}
	return reply.src == c.Node && isNode(c.Peer) && r.whole(0, reply.sent) && len(ids) > 0 &&
		slices.Equal(ids, c.Messages) && sum == c.Sum
}

func (c DeltasMissing) text(r *Run) string {
	add := "Together they add"
	if len(c.Messages) == 1 {
		add = "It adds"
	}
	return say("%s from %s to %s with a number above 0 had not arrived%s. %s %d.",
		verdict.Number(len(c.Messages), say("%q message", c.Type)), c.Peer, c.Node, r.fates(c.Messages), add, c.Sum)
}

func (c DeltasMissing) shows(*Run) Shown { return arrows(c.Messages[0]) }

func (c DeltasMissing) amount() (string, int64) { return c.Peer, c.Sum }

// An amounter is a claim about what a read has too little of, or, if the amount
// is negative, too much. The amounts of two claims about different subjects add
// up.
type amounter interface {
	Claim
	amount() (subject string, n int64)
	about(r *Run, read int) bool // whether it is about what that read could count
}

// AllMissing says that what other claims say of a read makes exactly what it
// has too little, or, if Missing is negative, too much. All of them hold, are
// of one of these kinds, and are about different things: Cone, PartOff,
// DeltasMissing, Counted, AnotherAmount, CountedTwice, Told and ChangedSince.
// The last two are about the sum of all numbers in a value.
type AllMissing struct {
	Read    int
	Missing int64
	Of      []Claim
}

func (c AllMissing) holds(r *Run) bool {
	sum := int64(0)
	subjects := map[string]bool{}
	for _, of := range c.Of {
		a, ok := of.(amounter)
		if !ok || reflect.TypeOf(of) != reflect.TypeOf(c.Of[0]) || !a.about(r, c.Read) || !a.holds(r) {
			return false
		}
		subject, n := a.amount()
		if subjects[subject] {
			return false
		}
		subjects[subject] = true
		sum += n
	}
	return sum == c.Missing && sum != 0 && r.missing(c.Read) == c.Missing
}

func (c AllMissing) text(*Run) string {
	if c.Missing < 0 {
		return say("That accounts for all that is too much: %d.", -c.Missing)
	}
	return say("That accounts for all that is missing: %d.", c.Missing)
}

func (c PartOff) about(_ *Run, read int) bool       { return c.Of.Read == read }
func (c DeltasMissing) about(_ *Run, read int) bool { return c.Read == read }
func (c Cone) about(_ *Run, read int) bool          { return c.Read == read }
func (c Counted) about(r *Run, read int) bool       { return c.At == r.reply(read).sent }
func (c AnotherAmount) about(r *Run, read int) bool { return c.At < r.reply(read).sent }
func (c CountedTwice) about(r *Run, read int) bool  { return c.Second < r.reply(read).sent }
func (c ChangedSince) about(r *Run, read int) bool  { return c.Until == r.reply(read).id }
func (c Told) about(r *Run, read int) bool {
	return c.Node == r.reply(read).src && r.message(c.Reply).arrivedBefore(r.reply(read).sent)
}
