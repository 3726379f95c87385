package story

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/verdict"
)

// A run is the index of a journal and a history: it says which message answers
// which, which request is which operation's, and how the services changed. A
// position is the index of an entry of the journal.
type run struct {
	history  []verdict.Op
	journal  []journal.Entry
	messages []*Message // in the order in which they were sent
	byID     map[int]*Message
	ops      []*op
	nodes    []string
	slots    map[slot][]*change    // in order, without those that are idle
	effects  []*change             // all, in order
	lives    map[string][]int      // by node: where it started or ended
	sentBy   map[string][]*Message // by sender, in order
	gotBy    map[string][]*Message // by receiver, in the order in which they first came
	addsTo   map[string][]*op      // by node, in the order in which they came
	minds    map[string][]*mind    // see mind
	gaps     []int                 // the positions of what stands for entries that are missing
	counted  *census
}

// none is the position of what never happened.
const none = -1

// A Message is a message that was sent, with what became of its copies.
type Message struct {
	journal.Entry // in which it was sent
	Copies        []*Ending

	pos     int
	kind    string // its type, or empty if it has none
	body    map[string]json.RawMessage
	arrived int        // where a receiver that was alive first got it
	of      *Message   // the request that it answers
	answers []*Message // to it
	used    *usedState // of a service's answer
	changed bool       // it has changed a service
	op      *op        // of a client's request
	numbers []number   // see content
	read    bool       // numbers has been set
}

// A usedState says which state of a service an answer rests on.
type usedState struct {
	journal.Answer
	pos int // of the answer
}

// An Ending is what became of one copy of a message, and when.
type Ending struct {
	What journal.What // Received, Lost or Blocked; empty while it is on its way
	At   time.Duration
	Late time.Duration // by how much a fault delayed it
	pos  int

	unread bool // it reached a node that was dead
}

// An op is an operation with the messages that it consists of.
type op struct {
	verdict.Op
	index    int
	request  *Message // nil if the journal has none
	reply    *Message // the first that the request's node sent
	arrived  int      // where the node got the request
	answered int      // where it sent the reply

	asked int64 // of an add: what the adds make that had come to its node, with it
	until int   // of an add: where the last of these was answered, or math.MaxInt
}

// A slot is a key of a service.
type slot struct{ service, key string }

// A change is a new value of a slot, or a write of the value that it had.
type change struct {
	slot
	pos, state int
	by         *Message
	value      json.RawMessage
	before     *change // the value until then, or nil
	copied     bool    // the same message had been served before
	idle       bool    // a write of what was there already
}

// An indexer follows the journal and makes the index.
type indexer struct {
	*run
	calls  map[[3]string]*Message // by sender, receiver and msg_id: the last
	unmade map[string][]*op       // by client: the operations whose requests have not come yet
	served *usedState             // what a service has just dealt with, and
	asked  *Message               // the request
	dead   map[string]bool
}

func index(r claim.Result, entries []journal.Entry) *run {
	x := &indexer{
		run: &run{
			history: r.History, journal: entries, slots: map[slot][]*change{}, lives: map[string][]int{},
			byID: map[int]*Message{}, sentBy: map[string][]*Message{}, gotBy: map[string][]*Message{},
			addsTo: map[string][]*op{}, minds: map[string][]*mind{},
		},
		calls: map[[3]string]*Message{}, unmade: map[string][]*op{}, dead: map[string]bool{},
	}
	for i, o := range r.History {
		own := &op{Op: o, index: i, arrived: none, answered: none}
		x.ops = append(x.ops, own)
		x.unmade[o.Client] = append(x.unmade[o.Client], own)
	}
	for pos, e := range entries {
		x.entry(pos, e)
	}
	slices.SortFunc(x.nodes, byNumber)
	for _, adds := range x.addsTo {
		addUp(adds)
	}
	return x.run
}

func (x *indexer) entry(pos int, e journal.Entry) {
	m := x.byID[e.ID]
	switch {
	case e.What == journal.Sent:
		x.sends(pos, e)
	case e.What == journal.Gap:
		x.gaps, x.asked = append(x.gaps, pos), nil
	case e.What == journal.Started || e.What == journal.Killed || e.What == journal.Crashed:
		x.dead[e.Node] = e.What != journal.Started
		x.lives[e.Node] = append(x.lives[e.Node], pos)
		if !slices.Contains(x.nodes, e.Node) {
			x.nodes = append(x.nodes, e.Node)
		}
	case m == nil: // the rest is about messages
	case e.What == journal.Doubled:
		m.Copies = append(m.Copies, &Ending{})
	case e.What == journal.IsLate:
		m.Copies[len(m.Copies)-1].Late = e.Delay
	case e.What == journal.Answered && e.Answer != nil:
		x.serves(pos, m, *e.Answer)
	case e.What == journal.Received || e.What == journal.Lost || e.What == journal.Blocked:
		x.ends(pos, m, e)
	}
}

func (x *indexer) sends(pos int, e journal.Entry) {
	m := &Message{Entry: e, pos: pos, Copies: []*Ending{{}}, arrived: none, body: fieldsOf(e.Body)}
	m.kind = text(m.body["type"])
	x.byID[e.ID] = m
	x.messages = append(x.messages, m)
	x.sentBy[m.Src] = append(x.sentBy[m.Src], m)
	if id := m.body["msg_id"]; len(id) > 0 {
		x.calls[[3]string{m.Src, m.Dest, string(id)}] = m
	}
	switch of := x.calls[[3]string{m.Dest, m.Src, string(m.body["in_reply_to"])}]; {
	case x.asked != nil && m.Src == x.asked.Dest && m.Dest == x.asked.Src:
		m.of, m.used, x.asked = x.asked, x.served, nil
	case of != nil && len(m.body["in_reply_to"]) > 0:
		m.of = of
	case m.kind == "add" || m.kind == "read":
		x.makes(m)
	}
	if m.of == nil {
		return
	}
	m.of.answers = append(m.of.answers, m)
	if o := m.of.op; o != nil && o.reply == nil {
		o.reply, o.answered = m, pos
	}
}

// makes finds the operation that a client's request makes: its next. Where the
// journal has a gap, those before it were over by then, or another had begun.
func (x *indexer) makes(m *Message) {
	own := x.unmade[m.Src]
	for len(own) > 0 && (own[0].Complete < m.Time || len(own) > 1 && own[0].Invoke < own[1].Invoke && own[1].Invoke <= m.Time) {
		own = own[1:]
	}
	if len(own) > 0 {
		m.op, own[0].request, own = own[0], m, own[1:]
	}
	x.unmade[m.Src] = own
}

// serves notes that a service has dealt with a request.
func (x *indexer) serves(pos int, m *Message, a journal.Answer) {
	x.asked, x.served = m, &usedState{a, pos}
	c := &change{slot: m.slot(), pos: pos, state: a.Newest + 1, by: m, value: a.Value, copied: m.changed, idle: !a.Changed}
	c.before = x.by(c.slot, pos)
	switch {
	case a.Changed:
		x.slots[c.slot] = append(x.slots[c.slot], c)
		m.changed = true
	case m.kind != "write":
		return
	default:
		c.value = m.body["value"]
	}
	x.effects = append(x.effects, c)
}

// ends notes the end of the copy of a message that has been under way for
// longest. With two copies this is usually the right one, and never a worse
// guess than the other.
func (x *indexer) ends(pos int, m *Message, e journal.Entry) {
	var next *Ending
	for _, c := range m.Copies {
		if c.What == "" && (next == nil || c.Late < next.Late) {
			next = c
		}
	}
	if next == nil {
		return
	}
	next.What, next.At, next.pos = e.What, e.Time, pos
	next.unread = e.What == journal.Received && x.dead[m.Dest]
	if e.What != journal.Received || m.arrived != none || x.dead[m.Dest] {
		return
	}
	m.arrived = pos
	x.gotBy[m.Dest] = append(x.gotBy[m.Dest], m)
	if m.op != nil {
		m.op.arrived = pos
		if m.op.F == "add" {
			x.addsTo[m.Dest] = append(x.addsTo[m.Dest], m.op)
		}
	}
}

// addUp notes of each of a node's adds what they make up to it, and until where
// one of them was in hand.
func addUp(adds []*op) {
	var asked int64
	until := none
	for _, o := range adds {
		asked += o.Int()
		if o.answered == none {
			until = math.MaxInt
		}
		until = max(until, o.answered)
		o.asked, o.until = asked, until
	}
}

// addsBefore returns the adds that had come to a node before a position.
func (x *run) addsBefore(node string, pos int) []*op {
	adds := x.addsTo[node]
	n, _ := slices.BinarySearchFunc(adds, pos, func(o *op, pos int) int { return cmp.Compare(o.arrived, pos) })
	return adds[:n]
}

// Messages returns the messages of a journal, in the order in which they were
// sent.
func Messages(entries []journal.Entry) []*Message {
	return index(claim.Result{}, entries).messages
}

// slot returns what a request to a service is about.
func (m *Message) slot() slot { return slot{m.Dest, canonical(m.body["key"])} }

// toService reports whether a message is a request to a service.
func (m *Message) toService() bool { return isService(m.Dest) }

// before reports whether a message reached its receiver before a position.
func (m *Message) before(pos int) bool { return m.arrived != none && m.arrived < pos }

// latest returns the last message of a list of which something is true, or nil.
func latest(list []*Message, is func(*Message) bool) *Message {
	for _, m := range slices.Backward(list) {
		if is(m) {
			return m
		}
	}
	return nil
}

// fate says what became of a message: of its best copy.
func (m *Message) fate() journal.What {
	fate := journal.What("")
	for _, c := range m.Copies {
		if c.What == journal.Received || fate == "" {
			fate = c.What
		}
	}
	return fate
}

// at returns the value of a slot in a state, or nil.
func (x *run) at(s slot, state int) *change {
	return last(x.slots[s], func(c *change) bool { return c.state <= state })
}

// by returns the value of a slot at a position, or nil.
func (x *run) by(s slot, pos int) *change {
	return last(x.slots[s], func(c *change) bool { return c.pos < pos })
}

// last returns the last change of a list for which holds is true, or nil. It is
// true for those up to some change.
func last(list []*change, holds func(*change) bool) *change {
	n, _ := slices.BinarySearchFunc(list, true, func(c *change, _ bool) int {
		if holds(c) {
			return -1
		}
		return 1
	})
	if n == 0 {
		return nil
	}
	return list[n-1]
}

// state returns the state that an answer shows, which is the one that it made
// if it made one.
func (u *usedState) state() int {
	if u.Changed {
		return u.Newest + 1
	}
	return u.State
}

// json returns the value of a slot as JSON; of a missing key, nothing.
func (c *change) json() string {
	if c == nil {
		return ""
	}
	return string(c.value)
}

// number returns the number at a path of a slot's value.
func (c *change) number(path string) int64 {
	if c == nil {
		return 0
	}
	return numberAt(c.value, path)
}

// acked reports whether an operation is an add of more than nothing that was
// acknowledged.
func (o *op) acked() bool { return o.F == "add" && o.Outcome == verdict.OK && o.Int() > 0 }

// born returns where the life of a node began that it lives at a position.
func (x *run) born(node string, pos int) int {
	lives := x.lives[node]
	n, _ := slices.BinarySearch(lives, pos)
	if n == 0 {
		return 0
	}
	return lives[n-1]
}

// isNode reports whether a name is a node's: n and a number.
func isNode(name string) bool { return isNumbered(name, "n") }

func isClient(name string) bool { return isNumbered(name, "c") }

func isService(name string) bool { return !isNode(name) && !isClient(name) }

func isNumbered(name, prefix string) bool {
	number, ok := strings.CutPrefix(name, prefix)
	_, err := strconv.ParseUint(number, 10, 64)
	return ok && err == nil
}

// byNumber orders names of one kind.
func byNumber(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// fieldsOf returns the fields of an object, and none of other values.
func fieldsOf(value json.RawMessage) (fields map[string]json.RawMessage) {
	_ = json.Unmarshal(value, &fields)
	return fields
}

// text returns the JSON string that a value is, or nothing.
func text(value json.RawMessage) (s string) {
	_ = json.Unmarshal(value, &s)
	return s
}

// canonical returns a key as JSON that is the same however a node writes it.
func canonical(value json.RawMessage) string {
	var v any
	d := json.NewDecoder(bytes.NewReader(value))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return "null"
	}
	form, _ := json.Marshal(v) // what was JSON can be marshalled
	return string(form)
}
