package claim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/verdict"
)

// A scene is a run that is made by hand. Each thing that happens in it takes a
// millisecond.
type scene struct {
	Result
	journal []journal.Entry
	now     time.Duration
	ids     int
	states  []map[string]string // of seq-kv
	sent    map[int]journal.Entry
	asked   map[int]int    // by operation: its request
	last    map[string]int // by client: its last msg_id
}

// newScene starts nodes.
func newScene(nodes int) *scene {
	s := &scene{
		states: []map[string]string{{}}, sent: map[int]journal.Entry{}, asked: map[int]int{},
		last: map[string]int{},
	}
	for i := range nodes {
		s.note(journal.Entry{What: journal.Started, Node: fmt.Sprint("n", i)})
	}
	s.now = 0
	return s
}

// note adds an entry and returns its position.
func (s *scene) note(e journal.Entry) int {
	s.now += time.Millisecond
	e.Time = s.now
	s.journal = append(s.journal, e)
	return len(s.journal) - 1
}

// at returns the position of the next entry.
func (s *scene) at() int { return len(s.journal) }

func (s *scene) node(what journal.What, node, text string) int {
	return s.note(journal.Entry{What: what, Node: node, Text: text})
}

// send sends a message and returns its id.
func (s *scene) send(src, dest, body string, args ...any) int {
	e := journal.Entry{What: journal.Sent, ID: s.ids, Src: src, Dest: dest, Body: json.RawMessage(fmt.Sprintf(body, args...))}
	s.ids++
	s.sent[e.ID] = e
	s.note(e)
	return e.ID
}

// happens notes what happens to a message.
func (s *scene) happens(what journal.What, id int) int {
	e := s.sent[id]
	e.What = what
	return s.note(e)
}

// pass sends a message that arrives.
func (s *scene) pass(src, dest, body string, args ...any) int {
	id := s.send(src, dest, body, args...)
	s.happens(journal.Received, id)
	return id
}

// ask lets a client make a request, and returns the operation.
func (s *scene) ask(client, node, f string, delta int64) int {
	op := s.plan(client, node, f, delta)
	s.happens(journal.Received, s.asked[op])
	return op
}

// plan does the same, but the request does not arrive yet.
func (s *scene) plan(client, node, f string, delta int64) int {
	op := verdict.Op{Client: client, Node: node, F: f, Invoke: s.now + 1, Complete: -1, Outcome: verdict.Info}
	s.last[client]++
	body := fmt.Sprintf(`{"type":%q,"msg_id":%d}`, f, s.last[client])
	if f == "add" {
		op.Value = delta
		body = fmt.Sprintf(`{"type":"add","delta":%d,"msg_id":%d}`, delta, s.last[client])
	}
	s.asked[len(s.History)] = s.send(client, node, "%s", body)
	s.History = append(s.History, op)
	return len(s.History) - 1
}

// answer answers an operation, and returns the reply's id. A body without a
// type is a value.
func (s *scene) answer(op int, body string) int {
	o := &s.History[op]
	var value int64
	if json.Unmarshal([]byte(body), &value) == nil {
		body = fmt.Sprintf(`"type":"read_ok","value":%d`, value)
		o.Value = value
	}
	var request struct {
		MsgID int `json:"msg_id"`
	}
	_ = json.Unmarshal(s.sent[s.asked[op]].Body, &request)
	id := s.pass(o.Node, o.Client, `{%s,"in_reply_to":%d}`, body, request.MsgID)
	o.Complete, o.Outcome = s.now, verdict.OK
	return id
}

// ack acknowledges an add.
func (s *scene) ack(op int) int { return s.answer(op, `"type":"add_ok"`) }

// fail answers an operation with an error.
func (s *scene) fail(op, code int) int {
	id := s.answer(op, fmt.Sprintf(`"type":"error","code":%d,"text":"no"`, code))
	s.History[op].Outcome = verdict.Info
	if slices.Contains(definite, code) {
		s.History[op].Outcome = verdict.Fail
	}
	return id
}

// giveUp ends the wait for an operation.
func (s *scene) giveUp(op int) {
	s.now += 100 * time.Millisecond
	s.History[op].Complete = s.now
}

// A handled is what seq-kv made of a request: where it answered, and its reply.
type handled struct{ request, at, reply int }

// newest returns the newest state when it was made.
func (h handled) newest(s *scene) int { return s.journal[h.at].Newest }

// store lets seq-kv handle a request that has come, in its newest state, or in
// an older one if it changes nothing there.
func (s *scene) store(request, age int) handled {
	e := s.sent[request]
	var r struct {
		Type, Key string
		MsgID     int `json:"msg_id"`
		Value     json.RawMessage
		From, To  json.RawMessage
		Create    bool `json:"create_if_not_exists"`
	}
	_ = json.Unmarshal(e.Body, &r)
	newest := len(s.states) - 1
	answer := journal.Answer{State: newest - age, Newest: newest}
	current, exists := s.states[answer.State][r.Key]
	set, reply := "", ""
	switch {
	case r.Type == "write":
		set, reply = string(r.Value), `"type":"write_ok"`
	case !exists && !r.Create:
		reply = `"type":"error","code":20,"text":"key does not exist"`
	case r.Type == "read":
		reply = `"type":"read_ok","value":` + current
	case !exists || current == string(r.From):
		set, reply = string(r.To), `"type":"cas_ok"`
	default:
		reply = fmt.Sprintf(`"type":"error","code":22,"text":"current value %s is not %s"`, current, r.From)
	}
	if set != "" && set != s.states[newest][r.Key] {
		next := maps.Clone(s.states[newest])
		next[r.Key] = set
		s.states = append(s.states, next)
		answer.State, answer.Changed, answer.Key, answer.Value = newest, true, json.RawMessage(`"`+r.Key+`"`), json.RawMessage(set)
	}
	at := s.note(journal.Entry{What: journal.Answered, ID: request, Src: e.Src, Dest: e.Dest, Answer: &answer})
	return handled{request, at, s.send(e.Dest, e.Src, `{%s,"in_reply_to":%d}`, reply, r.MsgID)}
}

// call lets a node call seq-kv and get the answer.
func (s *scene) call(node, body string, args ...any) handled {
	return s.callOld(node, 0, body, args...)
}

func (s *scene) callOld(node string, age int, body string, args ...any) handled {
	h := s.store(s.pass(node, "seq-kv", body, args...), age)
	s.happens(journal.Received, h.reply)
	return h
}

// callAgain lets a node write what the key has been. The store takes an old
// state, so this changes nothing, or it is not known whether it does.
func (s *scene) callAgain(node, key string, value int, unsure bool) handled {
	id := s.pass(node, "seq-kv", `{"type":"write","key":%q,"value":%d,"msg_id":9}`, key, value)
	newest := len(s.states) - 1
	at := s.note(journal.Entry{What: journal.Answered, ID: id, Src: node, Dest: "seq-kv",
		Answer: &journal.Answer{State: newest - 1, Newest: newest, Unsure: unsure}})
	return handled{id, at, s.pass("seq-kv", node, `{"type":"write_ok","in_reply_to":9}`)}
}

func (s *scene) run() *Run {
	for i := range s.History {
		if s.History[i].Complete < 0 {
			s.History[i].Complete = s.now
		}
	}
	return NewRun(s.Result, s.journal)
}

func (s *scene) String() string {
	var b strings.Builder
	for at, e := range s.journal {
		line, _ := json.Marshal(e)
		fmt.Fprintf(&b, "%d: %s\n", at, line)
	}
	return b.String()
}
