package story

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// A run is the index of a journal and a history: it says which message answers
// which, which message serves which operation, and how the services changed.
// Its own methods ask for facts.
type run struct {
	// These are zero if the workload is not a counter.
	maelstromtest.CounterFacts

	crashes  []maelstromtest.Crash
	entries  []maelstromtest.Entry
	ops      []*op
	messages []*Message // in the order in which they were sent
	changes  []*change  // of the services, in order
	gauge    gauge
}

// A point is a place in the journal: the index of an entry, and its time.
type point struct {
	pos int
	At  time.Duration
}

// An op is an operation, and the call of the client that it consists of.
type op struct {
	maelstromtest.Op
	call *call // nil if the journal has none
}

// A Message is a message that was sent. Its point is when.
type Message struct {
	point
	Src, Dest string
	kind      string // its type, or empty if it has none
	key       key    // that it is about, if it is a request to a service
	body      map[string]json.RawMessage
	call      *call // that it begins or answers
	Copies    []*Ending
	arrived   int                   // where a receiver that was alive first got it, or -1
	from      *maelstromtest.Answer // of a service's reply: the state that it rests on
	life      int                   // the sender's: see reader
}

// An Ending is what became of one copy of a message, and when.
type Ending struct {
	point
	What   maelstromtest.What // Received, Lost or Blocked; empty while it is on its way
	Late   time.Duration      // by how much a fault delayed it
	unread bool               // it reached a node that was dead
	served bool               // a service has dealt with it
}

// A key is JSON, and the same however a node writes it.
type key string

func keyOf(raw json.RawMessage) key {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		raw, _ = json.Marshal(s) // a string can always be marshalled
	}
	return key(raw)
}

// name returns the key as people write it.
func (k key) name() string { return strings.Trim(string(k), `"`) }

// A slot is a key of a service.
type slot struct {
	service string
	key     key
}

// A call is a request with its replies, and the calls that its receiver made
// for its sake.
type call struct {
	request *Message
	replies []*Message
	taken   *Message // the first that came, which its sender took for the answer; or nil
	parent  *call    // the call for whose sake it was made; nil if there is none or it is not known
	calls   []*call
	op      *op // the operation that it was made for, however indirectly; nil if that is not known
}

// A change is a change of a service's state.
type change struct {
	point
	slot
	number   int // the number of the state that it made
	value    json.RawMessage
	call     *call
	copy     int   // which of the request's copies made it
	step     int64 // by how much the sum has changed
	orphaned bool  // the node that asked for it was killed before it was made

	// It changed nothing: it was a write of a value that was there already, in
	// the state that it ran on.
	idle bool
}

// slot returns what a call to a service is about.
func (c *call) slot() slot { return slot{c.request.Dest, c.request.key} }

// state returns the numbers of the state that an answer rests on and of the
// newest state at that time, or -1 if it is not known to rest on one.
func (m *Message) state() (state, newest int) {
	switch {
	case m == nil || m.from == nil:
		return -1, -1
	case m.from.Changed:
		return m.from.Newest + 1, m.from.Newest + 1
	}
	return m.from.State, m.from.Newest
}

// field returns the JSON of a field of a message's body.
func (m *Message) field(name string) string { return string(m.body[name]) }

// before returns the point at which a message was about to be sent.
func (m *Message) before() point { return point{m.pos - 1, m.At} }

// all returns a call and all calls that were made for its sake.
func (c *call) all() []*call {
	if c == nil {
		return nil
	}
	calls := []*call{c}
	for _, made := range c.calls {
		calls = append(calls, made.all()...)
	}
	return calls
}

// add returns the operation that a change was made for, or nil if that is not
// an add.
func (c *change) add() *op {
	if c.call.op == nil || c.call.op.F != "add" {
		return nil
	}
	return c.call.op
}

// ending returns the copy of a request that made a change.
func (c *change) ending() *Ending { return c.call.request.Copies[c.copy] }

// acked reports whether an operation is an add that was acknowledged.
func (o *op) acked() bool { return o != nil && o.F == "add" && o.Outcome == maelstromtest.OK }

// ackedBefore reports whether an operation is an add that was acknowledged
// before a read began.
func (o *op) ackedBefore(read *op) bool { return o.acked() && o.Complete < read.Invoke }

// acknowledged returns the sum of all adds that were acknowledged before a read
// began.
func (x *run) acknowledged(read *op) int64 {
	var sum int64
	for _, o := range x.ops {
		if o.ackedBefore(read) {
			sum += o.Int()
		}
	}
	return sum
}

// unknown returns the changes of a slot that an answer does not know of.
func (x *run) unknown(s slot, answer *Message) []*change {
	state, _ := answer.state()
	skip := func(c *change) bool { return c.slot != s || c.number <= state || c.idle }
	return slices.DeleteFunc(slices.Clone(x.changes), skip)
}

// age returns how many changes of a slot an answer was behind when it was
// given.
func (x *run) age(s slot, answer *Message) int {
	_, newest := answer.state()
	return len(slices.DeleteFunc(x.unknown(s, answer), func(c *change) bool { return c.number > newest }))
}

// valueAt returns the value of a slot in a state, or nothing.
func (x *run) valueAt(s slot, state int) json.RawMessage {
	for _, c := range slices.Backward(x.changes) {
		if c.slot == s && c.number <= state && !c.idle {
			return c.value
		}
	}
	return nil
}

// isNode reports whether a name is a node's: n and a number.
func isNode(name string) bool {
	number, ok := strings.CutPrefix(name, "n")
	_, err := strconv.Atoi(number)
	return ok && err == nil
}

// integer reads JSON that is an integer.
func integer(raw json.RawMessage) (int64, bool) {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	return n, err == nil
}
