package journal

import "encoding/json"

// ring is how many states seq-kv keeps: Maelstrom's service.clj.
const ring = 32

// States follows seq-kv through a journal. It knows from which states a request
// could have been answered, and not only from which it was: any of those that
// the store still has and that are not older than what the caller has seen.
type States struct {
	received Entry               // the last message that has arrived
	changes  map[string][]change // by key
	seen     map[string]int      // by caller, the newest state that it may have seen
	lost     bool                // it is not known which value a key has
}

// A change is the first state in which a key has a value.
type change struct {
	state int
	value string
}

// A Choice is what seq-kv could have answered to a plain read, or a part of
// that if it is not certain what the caller had seen.
type Choice struct {
	Key    string // as JSON
	States int    // from which it could have been answered
	Older  int    // of those: in which the key has another value than in the newest
}

// Follow takes the next entry. If that is the answer to a plain read of seq-kv,
// it returns what else could have been answered, if that is known.
func (s *States) Follow(e Entry) (c Choice, ok bool) {
	if e.What == Received {
		s.received = e
	}
	if e.What != Answered || e.Dest != "seq-kv" || e.Answer == nil {
		return c, false
	}
	if s.seen == nil {
		s.seen, s.changes = map[string]int{}, map[string][]change{}
	}
	oldest := max(s.seen[e.Src], e.Newest-ring+1)
	s.seen[e.Src] = e.State
	if e.Changed {
		s.seen[e.Src] = e.Newest + 1
		key := string(e.Key)
		s.changes[key] = append(s.changes[key], change{e.Newest + 1, string(e.Value)})
	}
	var request struct {
		Type       string
		Key, Value Raw
	}
	if s.received.ID != e.ID || json.Unmarshal(s.received.Body, &request) != nil {
		return c, false
	}
	c.Key = string(request.Key)
	sets := e.Changed || request.Type == "write" && string(request.Value) != s.at(c.Key, e.Newest)
	if s.lost = s.lost || e.Unsure && sets; s.lost || request.Type != "read" {
		return c, false
	}
	c = Choice{Key: c.Key, States: e.Newest - oldest + 1}
	for state := oldest; state < e.Newest; state++ {
		if s.at(c.Key, state) != s.at(c.Key, e.Newest) {
			c.Older++
		}
	}
	return c, true
}

// at returns the value that a key has in a state, or nothing.
func (s *States) at(key string, state int) (value string) {
	for _, c := range s.changes[key] {
		if c.state <= state {
			value = c.value
		}
	}
	return value
}
