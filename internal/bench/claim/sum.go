package claim

// A How says what kind of numbers may make a read's value.
type How string

// Tellings are the numbers that services' replies have told a node, and heard
// is what messages of other nodes have told it, each by its path in the body.
// Only what arrived in the node's present life counts, the first copy of each
// message, and only before Sum.Before. A read's window is the time since its
// request arrived.
//
// A reply tells, with its service, key and path: the numbers of a read_ok's
// value; 0 for error 20 to a read; the numbers of to or value for cas_ok or
// write_ok; and N for error 22 with the text "current value N is not ...".
const (
	// Told: one number that was told in the window, or 0 for a key that is
	// missing.
	ToldOnce How = "told"
	// Keys: the last number told in the window, of each service, key and path.
	Keys How = "keys"
	// OthersKeys: of Keys those whose key does not contain the node's name; and
	// Own. At least one key.
	OthersKeys How = "others' keys"
	// CachedKey: the last number told of one key and path.
	CachedKey How = "cached key"
	// CachedKeys: the last numbers told of all keys and paths.
	CachedKeys How = "cached keys"
	// OthersCachedKeys: of CachedKeys those whose key does not contain the
	// node's name; and Own.
	OthersCachedKeys How = "others' cached keys"
	// OwnAlone: Own, and no peer was heard in the window.
	OwnAlone How = "own"
	// PeersAnswers: the last number heard in the window of each peer, in
	// messages of Type at Path; and Own.
	PeersAnswers How = "peers' answers"
	// PeersLast: the last number heard of each peer, in messages of Type at
	// Path; and Own.
	PeersLast How = "peers' last"
	// PeersMost: the greatest number heard for each node: in messages of Type,
	// at Path and a dot and the node's name (without the dot, if Path is
	// empty), other than the reading node's; and Own.
	PeersMost How = "peers' most"
	// Deltas: the sum of all numbers heard of each peer, in messages of Type at
	// Path; and Own.
	Deltas How = "deltas"
	// LastMap: the numbers for all nodes in the last message heard of Type:
	// those at Path and a dot and a node's name.
	LastMap How = "last map"
)

// Own says which of its own adds a node counts: those in its present life.
type Own string

const (
	OwnAcked   Own = "acknowledged" // those that it has acknowledged
	OwnArrived Own = "arrived"      // those that have reached it
)

// A Formula is a way of making a read's value out of what a node has been told.
// Type and Path are empty unless How speaks of them, and Own is empty unless
// How adds the node's own.
type Formula struct {
	How        How
	Type, Path string
	Own        Own
}

// A Part is a number in a sum.
type Part struct {
	Of      string // whose it is: a node, or a service and a key, such as "seq-kv n2"; with the path behind
	Value   int64
	Message int // the last that told it, or -1 for the node's own adds and for Deltas
}

// Sum says that the value of a read is the sum of parts, and that these are all
// that its formula has. Before is the position in the journal up to which what
// arrived counts: usually that of the answer.
type Sum struct {
	Read    int
	Node    string
	Value   int64
	Formula Formula
	Before  int
	Parts   []Part // in order of Of
}

func (c Sum) text(r *Run) string {
	parts := list(c.Parts, func(p Part) string { return say("%d (%s)", p.Value, p.Of) })
	what := map[How]string{
		ToldOnce:         "what it was told for that read",
		Keys:             "the sum of the keys that it read for it",
		OthersKeys:       "the sum of the others' keys that it read for it, and of its own adds",
		CachedKey:        "what it was last told of that key",
		CachedKeys:       "the sum of what it was last told of all keys",
		OthersCachedKeys: "the sum of what it was last told of the others' keys, and of its own adds",
		OwnAlone:         "the sum of its own adds alone",
		PeersAnswers:     "the sum of what the others answered for it, and of its own adds",
		PeersLast:        "the sum of the last that it heard of each of the others, and of its own adds",
		PeersMost:        "the sum of the most that it heard for each of the others, and of its own adds",
		Deltas:           "the sum of all that the others told it, and of its own adds",
		LastMap:          "the sum of the last map that it was sent",
	}[c.Formula.How]
	return say("%d is %s: %s.", c.Value, what, parts)
}

func (c Sum) shows(*Run) Shown {
	var shown Shown
	for _, p := range c.Parts {
		if p.Message >= 0 {
			shown.Messages = append(shown.Messages, p.Message)
		}
	}
	return shown
}

// Explains says of how many reads of more than 0 a formula gives the value.
type Explains struct {
	Formula Formula
	N, Of   int
}

func (c Explains) text(*Run) string {
	return say("So are %d of the %d reads that returned more than 0.", c.N, c.Of)
}

// Uncounted says that a message reached a node before it answered a read, and
// after Before, up to which its value is explained.
type Uncounted struct {
	Read    int
	Node    string
	Before  int
	Message int
	Src     string
}

func (c Uncounted) text(r *Run) string {
	m := r.message(c.Message)
	return say("It was as if %s had not yet seen %s from %s, which came %s before it answered.", c.Node, r.body(c.Message), c.Src,
		brief(r.entry(r.reply(c.Read).sent).Time-r.entry(m.arrival()).Time))
}

func (c Uncounted) shows(*Run) Shown { return Shown{Messages: []int{c.Message}} }

// PartShort says that a part of a read's sum, that of a node's adds, is less
// than the node had acknowledged when the read was asked. Known is 0 if the sum
// has no part for that node.
type PartShort struct {
	Read         int
	Formula      Formula
	Before       int
	Peer         string
	Known, Acked int64
}

func (c PartShort) text(r *Run) string {
	node := r.reply(c.Read).src
	switch {
	case node == c.Peer:
		return say("Of its own adds %s counted %d; before that read was asked, it had acknowledged %d.", node, c.Known, c.Acked)
	case c.Known == 0:
		return say("It counted nothing of %s, which had acknowledged %d before that read was asked.", c.Peer, c.Acked)
	}
	return say("What it counted of %s is %d; before that read was asked, %s had acknowledged %d.", c.Peer, c.Known, c.Peer, c.Acked)
}

func (c PartShort) amount() int64 { return c.Acked - c.Known }

// PartOver says that a part is more than all adds that had reached a node when
// the read was answered.
type PartOver struct {
	Read         int
	Formula      Formula
	Before       int
	Peer         string
	Known, Asked int64
}

func (c PartOver) text(*Run) string {
	return say("What it counted of %s is %d; all adds that had reached %s by then make %d.", c.Peer, c.Known, c.Peer, c.Asked)
}

func (c PartOver) amount() int64 { return c.Asked - c.Known }

// ToldNotCounted says that a message that had reached a node before it answered
// a read told it more of a peer than it counted.
type ToldNotCounted struct {
	Read        int
	Formula     Formula
	Before      int
	Peer        string
	Known, Told int64
	Message     int
}

func (c ToldNotCounted) text(r *Run) string {
	m := r.message(c.Message)
	return say("%s had told %s %s that %s's part is %d; it counted %d.", m.src, m.dest, r.when(m.arrival()), c.Peer, c.Told, c.Known)
}

func (c ToldNotCounted) shows(*Run) Shown { return Shown{Messages: []int{c.Message}} }

// DeltasMissing says which messages of a peer to a node, of a type and with a
// positive number at a path, were sent before it answered a read and had not
// reached it, and what they make.
type DeltasMissing struct {
	Read       int
	Node, Peer string
	Type, Path string
	Messages   []int // all, in order
	Sum        int64
}

func (c DeltasMissing) text(r *Run) string {
	counts := map[Fate]int{}
	for _, id := range c.Messages {
		counts[r.message(id).fate()]++
	}
	return say("%s of %s to %s had not arrived%s; they make %d.",
		plural(len(c.Messages), say("%q message", c.Type)), c.Peer, c.Node, fates(counts), c.Sum)
}

func (c DeltasMissing) shows(*Run) Shown { return Shown{Messages: c.Messages[:1]} }

func (c DeltasMissing) amount() int64 { return c.Sum }

// An amounter is a claim about what a read has too little of, or, if it is
// negative, too much.
type amounter interface{ amount() int64 }

// AllMissing says that what other claims say of a read makes exactly what it
// has too little, or, if Missing is negative, too much. All of them hold, are
// of Cone, ValueCone, PartShort, PartOver, DeltasMissing, NotStored,
// AnotherAmount and CountedTwice, and no two say the same.
type AllMissing struct {
	Read    int
	Missing int64
	Of      []Claim
}

func (c AllMissing) text(*Run) string {
	if c.Missing < 0 {
		return say("That is all that is too much: %d.", -c.Missing)
	}
	return say("That is all that is missing: %d.", c.Missing)
}
