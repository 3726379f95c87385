package maelstromtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
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

	from *Answer // how it came about; nil if the service has not one state after the other
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

// keptStates is how many states a store keeps, as service.clj does by default.
const keptStates = 32

// A store runs requests on the last states of a key-value store. It is
// service.clj's Sequential: a request that changes nothing may be answered from
// any of the last 32 states that isn't older than what its caller has seen; one
// that changes something takes effect on the newest.
//
// A caller that is 32 states or more behind may also draw a state that is no
// longer kept. Then service.clj's index into its ring of states wraps around:
// the answer comes from the kept state whose age is the same modulo 32, and the
// caller counts as having seen the one that was drawn. So such a caller may be
// answered from one state and later from an older one.
type store struct {
	states []*kv          // the last keptStates
	last   int            // the number of the newest, states[len(states)-1]
	seen   map[string]int // by caller: the number of the newest state it has seen
	pick   func(caller string, seen, newest int) int
}

// newStore returns an empty store. Of the states from the newest that a caller
// has seen to the newest of all, pick picks one for its request.
func newStore(pick func(caller string, seen, newest int) int) *store {
	return &store{states: []*kv{{}}, seen: map[string]int{}, pick: pick}
}

func newSequential(random *rand.Rand) *store {
	return newStore(func(_ string, seen, newest int) int { return seen + random.IntN(newest-seen+1) })
}

// newLinearizable returns a store that runs each request on its newest state:
// service.clj's Linearizable.
func newLinearizable() *store { return newStore(func(_ string, _, newest int) int { return newest }) }

func (s *store) handle(caller string, r kvRequest) kvReply {
	drawn := s.pick(caller, s.seen[caller], s.last)
	age := (s.last - drawn) % len(s.states)
	state := s.states[len(s.states)-1-age]
	after, reply := state.apply(r)
	reply.from = &Answer{State: s.last - age, Newest: s.last}
	if after != state {
		before := s.newest()
		after, reply = before.apply(r)
		reply.from = &Answer{State: s.last, Newest: s.last}
		if after != before {
			reply.from.Changed, reply.from.Key, reply.from.Value = true, json.RawMessage(r.key), after.values[r.key].raw
		}
		s.states = append(s.states, after)
		s.states = s.states[max(0, len(s.states)-keptStates):]
		s.last++
		drawn = s.last
	}
	s.seen[caller] = drawn
	return reply
}

func (s *store) newest() *kv { return s.states[len(s.states)-1] }

// serve handles a request.
func (s *store) serve(caller, kind string, fields map[string]json.RawMessage) (kvReply, bool) {
	r, ok := requestOf(kind, fields)
	if !ok {
		return kvReply{}, false
	}
	return s.handle(caller, r), true
}

// requestOf reads a request to a key-value store. It returns false if the type
// is none of the store's.
func requestOf(kind string, fields map[string]json.RawMessage) (kvRequest, bool) {
	create := string(fields["create_if_not_exists"])
	return kvRequest{
		kind: kind, key: valueOf(fields["key"]).canonical(), value: valueOf(fields["value"]),
		from: valueOf(fields["from"]), to: valueOf(fields["to"]),
		create: create != "" && create != "null" && create != "false", // as Clojure sees it
	}, slices.Contains([]string{"read", "write", "cas"}, kind)
}

// A service handles requests. It returns false for a type of request that it
// does not know: service.clj throws an exception there, and sends no answer.
type service interface {
	serve(caller, kind string, fields map[string]json.RawMessage) (kvReply, bool)
}

// answer has a service handle the body of a message, which is an object. It
// returns no reply if the service sends none, and no Answer if the service has
// not one state after the other.
func answer(s service, caller string, body json.RawMessage) (reply json.RawMessage, from *Answer) {
	fields, err := rawFields(body)
	kind, _ := stringOf(fields["type"])
	answer, ok := s.serve(caller, kind, fields)
	if err != nil || !ok {
		return nil, nil
	}
	answer.InReplyTo = fields["msg_id"]
	reply, _ = json.Marshal(answer) // it holds JSON that has been read
	return reply, answer.from
}
