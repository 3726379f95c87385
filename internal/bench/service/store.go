package service

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"

	"maelstrom-counter/internal/bench/journal"
)

// A kv is one state of a key-value store, which never changes: from
// service.clj's PersistentKV. Keys and values are any JSON, and compared by
// value.
type kv struct{ values map[string]value }

// A value is a JSON value, as it was written and in the form in which equal
// values are the same string.
type value struct {
	raw  json.RawMessage
	form *string // the canonical form, once it has been needed
}

// valueOf returns a value. A missing one is null.
func valueOf(raw json.RawMessage) value {
	if len(raw) == 0 {
		raw = json.RawMessage("null")
	}
	return value{raw, new(string)}
}

func (v value) canonical() string {
	if *v.form == "" {
		*v.form = canonical(v.raw)
	}
	return *v.form
}

func (v value) equals(w value) bool {
	return bytes.Equal(v.raw, w.raw) || v.canonical() == w.canonical()
}

// A kvRequest is a request to a store.
type kvRequest struct {
	kind, key       string // key in canonical form
	value, from, to value
	create          bool // of a cas: if the key is missing, set it, whatever from is
}

// A kvReply is the body of a service's answer. Its InReplyTo is null if the
// request had no msg_id.
type kvReply struct {
	Type      string          `json:"type"`
	Value     json.RawMessage `json:"value,omitempty"`
	TS        *int            `json:"ts,omitempty"`
	Code      int             `json:"code,omitempty"`
	Text      string          `json:"text,omitempty"`
	InReplyTo json.RawMessage `json:"in_reply_to"`

	from *journal.Answer // how it came about; nil if the service does not have one state after the other
}

var noSuchKey = kvReply{Type: "error", Code: 20, Text: "key does not exist"}

// apply returns the state after a request, and the answer. A request that
// changes nothing returns s itself.
func (s *kv) apply(r kvRequest) (*kv, kvReply) {
	current, exists := s.values[r.key]
	switch {
	case r.kind == "read" && exists:
		return s, kvReply{Type: "read_ok", Value: current.raw}
	case r.kind == "write":
		return s.with(r.key, r.value), kvReply{Type: "write_ok"}
	case r.kind == "cas" && !exists && r.create, r.kind == "cas" && exists && current.equals(r.from):
		return s.with(r.key, r.to), kvReply{Type: "cas_ok"}
	case r.kind == "cas" && exists:
		return s, kvReply{Type: "error", Code: 22, Text: fmt.Sprintf("current value %s is not %s", prStr(current.raw), prStr(r.from.raw))}
	}
	return s, noSuchKey
}

func (s *kv) with(key string, v value) *kv {
	if current, exists := s.values[key]; exists && current.equals(v) {
		return s
	}
	values := make(map[string]value, len(s.values)+1)
	maps.Copy(values, s.values)
	values[key] = v
	return &kv{values}
}

// KeptStates is how many states a Store keeps, as service.clj does by default.
const KeptStates = 32

// A Store runs requests on the last states of a key-value store. It is
// service.clj's Sequential: a request that changes nothing may be answered from
// any of the last 32 states that isn't older than what its caller has seen; one
// that changes something takes effect on the newest.
//
// A caller that is 32 states or more behind may also draw a state that is no
// longer kept. Then service.clj's index into its ring of states wraps around:
// the answer comes from the kept state whose age is the same modulo 32, and the
// caller counts as having seen the one that was drawn. So such a caller may be
// answered from one state and later from an older one.
type Store struct {
	states []*kv          // the last KeptStates
	last   int            // the number of the newest, states[len(states)-1]
	seen   map[string]int // by caller: the number of the newest state it has seen
	pick   func(caller string, seen, newest int) int
}

// NewStore returns an empty store. Of the states from the newest that a caller
// has seen to the newest of all, pick picks one for its request. States are
// numbered from 0, the empty one.
func NewStore(pick func(caller string, seen, newest int) int) *Store {
	return &Store{states: []*kv{{}}, seen: map[string]int{}, pick: pick}
}

// NewSequential returns Maelstrom's seq-kv.
func NewSequential(random *rand.Rand) *Store {
	return NewStore(func(_ string, seen, newest int) int { return seen + random.IntN(newest-seen+1) })
}

// NewLinearizable returns Maelstrom's lin-kv, which runs each request on its
// newest state.
func NewLinearizable() *Store { return NewStore(func(_ string, _, newest int) int { return newest }) }

func (s *Store) handle(caller string, r kvRequest) kvReply {
	drawn := s.pick(caller, s.seen[caller], s.last)
	age := (s.last - drawn) % len(s.states)
	state := s.states[len(s.states)-1-age]
	after, reply := state.apply(r)
	reply.from = &journal.Answer{State: s.last - age, Newest: s.last}
	if after != state {
		before := s.newest()
		after, reply = before.apply(r)
		reply.from = &journal.Answer{State: s.last, Newest: s.last}
		if after != before {
			reply.from.Changed, reply.from.Key, reply.from.Value = true, json.RawMessage(r.key), after.values[r.key].raw
		}
		s.states = append(s.states, after)
		s.states = s.states[max(0, len(s.states)-KeptStates):]
		s.last++
		drawn = s.last
	}
	s.seen[caller] = drawn
	return reply
}

func (s *Store) newest() *kv { return s.states[len(s.states)-1] }

// Get returns the value of a key, a string, in the newest state.
func (s *Store) Get(key string) (raw json.RawMessage, ok bool) {
	v, ok := s.newest().values[quoted(key)]
	return v.raw, ok
}

// Put writes the value of a key, a string.
func (s *Store) Put(caller, key string, raw json.RawMessage) {
	s.handle(caller, kvRequest{kind: "write", key: quoted(key), value: valueOf(raw)})
}

// quoted returns a string as JSON, in canonical form.
func quoted(s string) string {
	raw, _ := json.Marshal(s) // strings can be encoded
	return canonical(raw)
}

func (s *Store) serve(caller, kind string, fields map[string]json.RawMessage) (kvReply, bool) {
	r, ok := requestOf(kind, fields)
	if !ok {
		return kvReply{}, false
	}
	return s.handle(caller, r), true
}

// sets returns the value that a write or cas sets its key to.
func (r kvRequest) sets() value {
	if r.kind == "write" {
		return r.value
	}
	return r.to
}
