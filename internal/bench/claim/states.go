package claim

import (
	"encoding/json"
	"regexp"
	"slices"
	"sort"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/service"
)

// What services held. Each fact is found from the changes that the journal has.

// A version is a value of a key.
type version struct {
	at    int // the position of the change; -1 if the key is missing
	value json.RawMessage
}

// changed returns the entry of a change of a key, if it is sure.
func (r *Run) changed(at int, service, key string) journal.Entry {
	e := r.entry(at)
	if e.What != journal.Answered || e.Answer == nil || !e.Changed || e.Unsure || e.Dest != service ||
		r.message(e.ID).key != canonical(key) {
		panic(missing{"change"})
	}
	return e
}

// A slot is a key of a service, in canonical form.
type slot struct{ service, key string }

// latest returns where the value was set that a key has in a state, or -1.
func (r *Run) latest(s slot, state int) int {
	changes := r.changes[s]
	i := sort.Search(len(changes), func(i int) bool { return r.Journal[changes[i]].Newest >= state })
	if i == 0 {
		return -1
	}
	return changes[i-1]
}

// set returns the entry of a change of a key, or of a write that changed
// nothing in the newest state, with the value that it wrote.
func (r *Run) set(at int, service, key string) journal.Entry {
	e := r.entry(at)
	if e.Answer == nil || e.Changed || r.message(e.ID).kind != "write" || !r.idle(e) {
		return r.changed(at, service, key)
	}
	if e.Dest != service || r.message(e.ID).key != canonical(key) {
		panic(missing{"write"})
	}
	answer := *e.Answer
	answer.Value = r.message(e.ID).body["value"]
	e.Answer = &answer
	return e
}

// idle reports whether a request asks for what its key is in the newest state.
// Then it changes nothing, whichever state the service takes.
func (r *Run) idle(e journal.Entry) bool {
	m := r.message(e.ID)
	asked := m.body["value"]
	if m.kind == "cas" {
		asked = m.body["to"]
	}
	set := r.latest(slot{e.Dest, m.key}, e.Newest)
	return set >= 0 && same(asked, r.Journal[set].Value)
}

// version returns the value that a key has in a state, as far as it is known
// before a position.
func (r *Run) version(service, key string, state, before int) version {
	s := slot{service, canonical(key)}
	return r.since(s, r.latest(s, state), before)
}

// versionAt returns the value that a key has at a position.
func (r *Run) versionAt(service, key string, at int) version {
	set, changes := -1, r.changesOf(service, key, at)
	if n := len(changes); n > 0 {
		set = changes[n-1]
	}
	return r.since(slot{service, canonical(key)}, set, at)
}

// since returns the value that a change has set, if it is known before a
// position that nothing else can have done so since.
func (r *Run) since(s slot, set, before int) version {
	doubt := slices.ContainsFunc(r.doubts[s], func(at int) bool { return set <= at && at < before })
	if doubt || !r.whole(max(set, 0), before) {
		panic(missing{"entries"})
	}
	if set < 0 {
		return version{at: -1}
	}
	return version{set, r.Journal[set].Value}
}

// sure reports whether it is known where the value was set that a service's
// reply rests on: no other that would have given the same reply was in any of
// the last states.
func (r *Run) sure(reply *message) bool {
	e := r.Journal[reply.basis]
	s := slot{e.Dest, r.message(e.ID).key}
	if !e.Unsure || len(r.doubts[s]) > 0 { // of which this may be one
		return !e.Unsure
	}
	told, known := r.valueTold(reply)
	for _, at := range slices.Backward(r.changesOf(s.service, s.key, reply.basis)) {
		if at != r.latest(s, e.State) && (!known || same(told, r.Journal[at].Value)) {
			return false
		}
		if r.Journal[at].Newest <= e.Newest-service.KeptStates {
			break
		}
	}
	return true
}

var currentValue = regexp.MustCompile(`^current value (-?\d+) is not `)

// valueTold returns the value of a key that a service's reply tells.
func (r *Run) valueTold(reply *message) (value json.RawMessage, ok bool) {
	var text string
	request := r.questionOf(reply)
	_ = json.Unmarshal(reply.body["text"], &text)
	switch refusal := currentValue.FindStringSubmatch(text); {
	case reply.kind == "read_ok":
		return reply.body["value"], true
	case reply.kind == "cas_ok":
		return request.body["to"], true
	case reply.kind == "write_ok":
		return request.body["value"], true
	case code(reply) == 22 && refusal != nil:
		return json.RawMessage(refusal[1]), true
	}
	return nil, code(reply) == 20
}

// changesOf returns where a key changed before a position.
func (r *Run) changesOf(service, key string, before int) []int {
	changes := r.changes[slot{service, canonical(key)}]
	return changes[:sort.SearchInts(changes, before)]
}

// told returns the request, the state and the newest state that a service's
// reply rests on, and what its key was there.
func (r *Run) told(reply int) (request *message, state, newest int, v version) {
	m := r.message(reply)
	if m.basis < 0 || m.arrival() < 0 || !r.sure(m) {
		panic(missing{"answer"})
	}
	e := r.Journal[m.basis]
	state, newest = e.State, e.Newest
	if e.Changed {
		state, newest = newest+1, newest+1
	}
	request = r.questionOf(m)
	v = r.version(m.src, request.key, state, m.basis+1)
	if m.kind == "read_ok" && !same(m.body["value"], v.value) {
		panic(missing{"value"})
	}
	return request, state, newest, v
}

// steps returns where and by how much a node changed a number before a
// position.
func (r *Run) steps(node, service, key, path string, before int) (steps []step) {
	var last int64
	for _, at := range r.changesOf(service, key, before) {
		n := numbers(r.Journal[at].Value)[path]
		if r.Journal[at].Src == node {
			steps = append(steps, step{at, last, n})
		}
		last = n
	}
	doubts := r.doubts[slot{service, canonical(key)}]
	if len(doubts) > 0 && doubts[0] < before || !r.whole(0, min(before, len(r.Journal))) {
		panic(missing{"entries"})
	}
	return steps
}

// overtaken reports whether the request that made a change was sent before the
// request that made the change before.
func (r *Run) overtaken(at int) bool {
	e := r.entry(at)
	m := r.message(e.ID)
	before := r.version(e.Dest, m.key, e.Newest, at).at
	return before >= 0 && r.message(r.Journal[before].ID).sent > m.sent
}

// hasPath reports whether a key ever has a number at a path.
func (r *Run) hasPath(service, key, path string) bool {
	return slices.ContainsFunc(r.changesOf(service, key, len(r.Journal)), func(at int) bool {
		_, has := numbers(r.Journal[at].Value)[path]
		return has
	})
}

// A step is a change of a number.
type step struct {
	at       int
	from, to int64
}

// changedBy returns the sum of a node's changes of a number before a position.
func (r *Run) changedBy(node, service, key, path string, before int) (sum int64) {
	for _, s := range r.steps(node, service, key, path, before) {
		sum += s.to - s.from
	}
	return sum
}

// step returns how a change by a node changed a number.
func (r *Run) step(at int, node, service, key, path string) step {
	r.changed(at, service, key)
	steps := r.steps(node, service, key, path, at+1)
	if len(steps) == 0 || steps[len(steps)-1].at != at {
		panic(missing{"step"})
	}
	return steps[len(steps)-1]
}
