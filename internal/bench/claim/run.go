package claim

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/service"
	"maelstrom-counter/internal/bench/verdict"
)

// A Result is what claims are checked against besides the journal.
type Result struct {
	verdict.Verdict
	verdict.Lives
	History []verdict.Op
}

// A Run is what claims are about: the result of a run and its journal.
type Run struct {
	Result
	Journal []journal.Entry

	messages map[int]*message
	got      map[string][]*message // by node, in the order in which their first copies came
	numbered map[msgID][]*message  // by their own numbers
	replying map[msgID][]*message  // by the numbers that they reply to
	requests []int                 // by operation: the id of its request, or -1
	ready    int                   // the position of the first request's sending
	changes  map[slot][]int        // the positions of the changes of services
	starts   map[string][]int      // by node: the positions of its starts
	doubts   map[slot][]int        // the positions of what may have changed them, or not
	gaps     []int                 // the positions of what stands for entries that are missing

	// These are made when they are first needed.
	flow      *news
	fits      map[Formula][2]int  // how many reads a formula explains, of how many
	memory    map[string][]number // by node: what it was told
	lifetimes map[lifetime]map[string][]timed
	own       map[string][]timed // by node: its adds
}

// A message is what the journal says of a message.
type message struct {
	id, sent  int // sent is a position
	src, dest string
	kind      string // its type
	key       string // of a request to a service, in canonical form
	body      map[string]json.RawMessage
	ends      []end
	copies    int           // 1, and one more each time that a fault has doubled it
	late      time.Duration // by which a fault delayed it at most
	answers   []int         // of a request to a service: the positions of its answers
	basis     int           // of a service's reply: the position of the answer that it tells, or -1
}

// A msgID is a number that somebody has given a message, or empty.
type msgID struct{ of, id string }

func (m *message) number() msgID  { return msgID{m.src, string(m.body["msg_id"])} }
func (m *message) replyTo() msgID { return msgID{m.dest, string(m.body["in_reply_to"])} }

// An end is what became of a copy of a message.
type end struct {
	at     int // position
	what   journal.What
	unread bool // it came to a node that was dead
}

// NewRun reads a run's journal.
func NewRun(result Result, entries []journal.Entry) *Run {
	r := &Run{
		Result: result, Journal: entries, messages: map[int]*message{}, got: map[string][]*message{},
		numbered: map[msgID][]*message{}, replying: map[msgID][]*message{},
		changes: map[slot][]int{}, doubts: map[slot][]int{}, starts: map[string][]int{},
		fits: map[Formula][2]int{}, memory: map[string][]number{}, own: map[string][]timed{},
		lifetimes: map[lifetime]map[string][]timed{},
	}
	dead := map[string]bool{}
	answers := map[string]int{} // by service: its latest answer, until its reply
	for at, e := range entries {
		switch e.What {
		case journal.Killed, journal.Crashed:
			dead[e.Node] = true
		case journal.Started:
			dead[e.Node] = false
			r.starts[e.Node] = append(r.starts[e.Node], at)
		case journal.Gap:
			r.gaps = append(r.gaps, at)
			clear(answers)
		case journal.Sent:
			m := newMessage(at, e)
			if basis, ok := answers[e.Src]; ok && entries[basis].Src == e.Dest {
				m.basis = basis
				delete(answers, e.Src)
			}
			r.messages[e.ID] = m
			r.numbered[m.number()] = append(r.numbered[m.number()], m)
			r.replying[m.replyTo()] = append(r.replying[m.replyTo()], m)
		default:
			if m := r.messages[e.ID]; m != nil {
				r.happens(m, at, dead[m.dest], answers)
			}
		}
	}
	r.findRequests()
	return r
}

// happens notes what an entry says of a message.
func (r *Run) happens(m *message, at int, dead bool, answers map[string]int) {
	switch e := r.Journal[at]; e.What {
	case journal.Received, journal.Lost, journal.Blocked:
		before := m.arrival()
		m.ends = append(m.ends, end{at, e.What, e.What == journal.Received && dead})
		if before < 0 && m.arrival() == at {
			r.got[m.dest] = append(r.got[m.dest], m)
		}
	case journal.Doubled:
		m.copies++
	case journal.IsLate:
		m.late = max(m.late, e.Delay)
	case journal.Answered:
		if e.Answer == nil {
			return
		}
		m.answers = append(m.answers, at)
		answers[m.dest] = at
		s := slot{m.dest, m.key}
		if e.Unsure && r.sets(e) && (len(r.doubts[s]) > 0 || !r.idle(e)) {
			r.doubts[s] = append(r.doubts[s], at)
		}
		if e.Changed {
			r.changes[s] = append(r.changes[s], at)
		}
	}
}

func newMessage(at int, e journal.Entry) *message {
	m := &message{id: e.ID, sent: at, src: e.Src, dest: e.Dest, copies: 1, basis: -1}
	_ = json.Unmarshal(e.Body, &m.body) // a body is an object
	_ = json.Unmarshal(m.body["type"], &m.kind)
	if isService(e.Dest) {
		m.key = canonical(string(m.body["key"]))
	}
	return m
}

// findRequests finds the request of each operation: the next message of its
// client that was sent while the client waited, before it made another request.
func (r *Run) findRequests() {
	sent := map[string][]int{} // by client
	for at, e := range r.Journal {
		if e.What == journal.Sent {
			sent[e.Src] = append(sent[e.Src], at)
		}
	}
	r.ready = len(r.Journal)
	until, next := make([]time.Duration, len(r.History)), map[string]time.Duration{}
	for i, op := range slices.Backward(r.History) {
		until[i] = op.Complete
		if at, again := next[op.Client]; again {
			until[i] = min(op.Complete, at)
		}
		next[op.Client] = op.Invoke
	}
	for i, op := range r.History {
		id := -1
		for own := sent[op.Client]; len(own) > 0 && id < 0; own = own[1:] {
			e := r.Journal[own[0]]
			if e.Time > op.Invoke && e.Time >= until[i] {
				break
			}
			if e.Time >= op.Invoke && e.Dest == op.Node {
				id, r.ready = e.ID, min(r.ready, own[0])
			}
			sent[op.Client] = own[1:]
		}
		r.requests = append(r.requests, id)
	}
}

// op returns an operation.
func (r *Run) op(i int) verdict.Op {
	if i < 0 || i >= len(r.History) {
		panic(missing{"operation"})
	}
	return r.History[i]
}

// entry returns an entry of the journal.
func (r *Run) entry(at int) journal.Entry {
	if at < 0 || at >= len(r.Journal) {
		panic(missing{"entry"})
	}
	return r.Journal[at]
}

// message returns a message.
func (r *Run) message(id int) *message {
	m := r.messages[id]
	if m == nil {
		panic(missing{"message"})
	}
	return m
}

// byNode returns a message that a node sent.
func (r *Run) byNode(id int) *message {
	m := r.message(id)
	if !isNode(m.src) {
		panic(missing{"message of a node"})
	}
	return m
}

// request returns the message that an operation began with.
func (r *Run) request(op int) *message {
	r.op(op)
	return r.message(r.requests[op])
}

// isClient reports whether a name is a client's: c and a number.
func isClient(name string) bool {
	number, ok := strings.CutPrefix(name, "c")
	_, err := strconv.Atoi(number)
	return ok && err == nil
}

// isNode reports whether a name is a node's. Maelstrom's --nodes gives it any.
func isNode(name string) bool { return !isService(name) && !isClient(name) }

func isService(name string) bool { return slices.Contains(service.Names, name) }

// withoutIDs returns a body as it was written, without msg_id and in_reply_to.
func withoutIDs(body json.RawMessage) string {
	return fields(body, func(value string) string { return value })
}

// fields returns a body without msg_id and in_reply_to, and with each value as
// it is to be shown.
func fields(body json.RawMessage, shown func(value string) string) string {
	d := json.NewDecoder(bytes.NewReader(body))
	if _, err := d.Token(); err != nil {
		return string(body)
	}
	var fields []string
	for d.More() {
		key, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return string(body)
		}
		if name, _ := key.(string); !slices.Contains([]string{"msg_id", "in_reply_to"}, name) {
			fields = append(fields, strconv.Quote(name)+":"+shown(string(value)))
		}
	}
	return "{" + strings.Join(fields, ",") + "}"
}
