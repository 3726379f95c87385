package service

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
)

// An oracle answers each ts with the next integer, from 0. Its journal has no
// Answered entries: its answers say it all.
type oracle struct{ next int }

// NewOracle returns Maelstrom's lin-tso.
func NewOracle() Service { return &oracle{} }

func (o *oracle) serve(_, kind string, _ map[string]json.RawMessage) (kvReply, bool) {
	ts := o.next
	if kind == "ts" {
		o.next++
	}
	return kvReply{Type: "ts_ok", TS: &ts}, kind == "ts"
}

// An eventual is two replicas of a key-value store in which the last write
// wins, by a Lamport clock. With each request, one replica drawn at random is
// merged into one drawn at random, and the request runs on one drawn at random.
// Its journal has no Answered entries, since no state is the newest.
type eventual struct {
	random   *rand.Rand
	replicas [2]replica
}

// NewEventual returns Maelstrom's lww-kv.
func NewEventual(random *rand.Rand) Service { return &eventual{random: random} }

// A replica is one state of a replica, which never changes.
type replica struct {
	clock  int
	values map[string]stamped
}

// A stamped value was written when the replica's clock showed ts.
type stamped struct {
	value
	ts int
}

func (e *eventual) serve(_, kind string, fields map[string]json.RawMessage) (reply kvReply, ok bool) {
	r, ok := requestOf(kind, fields)
	if !ok {
		return kvReply{}, false
	}
	source, dest := e.random.IntN(2), e.random.IntN(2)
	e.replicas[dest] = merged(e.replicas[source], e.replicas[dest])
	i := e.random.IntN(2)
	e.replicas[i], reply = e.replicas[i].apply(r)
	return reply, true
}

// merged returns a replica with the later of the values of two. Of values that
// are equally late, the first replica's is taken.
func merged(first, second replica) replica {
	m := replica{max(first.clock, second.clock), maps.Clone(first.values)}
	for key, v := range second.values {
		if mine, exists := m.values[key]; exists && mine.ts >= v.ts {
			continue
		}
		if m.values == nil {
			m.values = map[string]stamped{}
		}
		m.values[key] = v
	}
	return m
}

// apply returns the replica after a request, and the answer. Unlike seq-kv's, a
// cas never creates a key.
func (s replica) apply(r kvRequest) (replica, kvReply) {
	current, exists := s.values[r.key]
	switch {
	case r.kind == "write":
		return s.with(r.key, r.value), kvReply{Type: "write_ok"}
	case !exists:
		return s, noSuchKey
	case r.kind == "read":
		return s, kvReply{Type: "read_ok", Value: current.raw}
	case current.equals(r.from):
		return s.with(r.key, r.to), kvReply{Type: "cas_ok"}
	}
	text := fmt.Sprintf("current value %s is not %s", prStr(current.raw), clojureStr(r.from.raw))
	return s, kvReply{Type: "error", Code: 22, Text: text}
}

func (s replica) with(key string, v value) replica {
	values := map[string]stamped{}
	maps.Copy(values, s.values)
	values[key] = stamped{v, s.clock}
	return replica{s.clock + 1, values}
}

// clojureStr returns a JSON value as Clojure's str shows what Maelstrom makes
// of it: like prStr, but strings stand for themselves, and null for nothing.
func clojureStr(raw json.RawMessage) string {
	if s, ok := StringOf(raw); ok {
		return s
	}
	if string(raw) == "null" {
		return ""
	}
	return prStr(raw)
}
