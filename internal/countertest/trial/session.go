package trial

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// Session runs two good nodes and a hostile one. The kind says which of the
// three is the hostile one, and from 3 on makes the store take some time. The
// noise is what the hostile node says, in whatever name. It may not use the
// number of a fold that it was handed in the name of the store or of the other
// good node: numbers for different receivers may be the same, so no node could
// tell such a reply from a true one.
//
// The good nodes get the lines of the noise in turn. Before each line, a client
// makes a good request of the node, an add of 1. So the line may arrive before
// what the request waits for. The start of a line can change that:
//
//	?text      the good request is a read
//	+text      the good request is made at once; otherwise a second passes first, after which a suspected node is probed
//	@500 text  there is no good request: text comes 500 ms after the line before it, at the same node
//
// In a line, $NODE stands for the good node that gets it, $OTHER for the other
// good one, and $PEER for the hostile one. $RE stands for the number of the
// last fold that the good node has handed to the hostile one, $RE1 for the
// number of the fold before it, and so on to $RE3.
//
// Whatever the noise is, each request must be answered once and in time, the
// total must change by what was acknowledged, and reads must return the total.
// There is one exception: if the hostile node says that a fold is done, the
// good node believes it, and acknowledges what is not in the total. Even then
// its answer must be possible: no total beyond 2^53-1, and none below what the
// fold adds.
func Session(t *testing.T, program maelstromtest.Program, kind uint8, noise []byte) {
	t.Helper()
	hang := time.AfterFunc(hanging, func() { panic(fmt.Sprintf("a session hangs: %d %q", kind, noise)) })
	defer hang.Stop()
	synctest.Test(t, func(t *testing.T) {
		s := newSession(t, program, kind)
		for i, step := range script(noise) {
			s.step(s.good[i%2], s.good[1-i%2], step)
		}
		for _, n := range s.good {
			s.read(n, "the session")
		}
		for _, n := range s.good {
			if err := n.talk.Close(); err != nil || !n.begun {
				t.Errorf("%s: begun %t, %v, stderr %s", n.name, n.begun, err, n.talk.Stderr())
			}
		}
	})
}

const (
	// client makes the good requests, and initiator starts the nodes.
	client, initiator = "good", "maelstrom"
	// cluster lists all nodes, as init does.
	cluster = `["n0","n1","n2"]`
	// hanging is how long a session may take in real time. A node that blocks
	// while it holds a mutex keeps virtual time from passing, so a limit in
	// virtual time would not end the session.
	hanging = time.Minute
	// answerTime is how long a node may take for an answer.
	answerTime = 4 * time.Second
	// storeTime is how long a slow store takes.
	storeTime = 2 * time.Millisecond
	// most bounds the lines of a step. More would leave too many ways in which
	// the total may have moved.
	most = 10
)

// A step is a good request and the lines that follow it.
type step struct {
	request string // "add" or "read", or empty: none
	hurried bool
	lines   []line
}

type line struct {
	text  string
	delay time.Duration
}

// script cuts noise into steps.
func script(noise []byte) (steps []step) {
	for raw := range bytes.Lines(noise) {
		text := strings.TrimSuffix(string(raw), "\n")
		if digits, rest, ok := strings.Cut(strings.TrimPrefix(text, "@"), " "); ok && strings.HasPrefix(text, "@") {
			if ms, err := strconv.ParseUint(digits, 10, 12); err == nil {
				if len(steps) == 0 || len(steps[len(steps)-1].lines) == most {
					steps = append(steps, step{})
				}
				last := &steps[len(steps)-1]
				last.lines = append(last.lines, line{rest, time.Duration(ms) * time.Millisecond})
				continue
			}
		}
		next := step{request: "add"}
		text, next.hurried = strings.CutPrefix(text, "+")
		text, read := strings.CutPrefix(text, "?")
		if read {
			next.request = "read"
		}
		next.lines = []line{{text, time.Millisecond}}
		steps = append(steps, next)
	}
	return steps
}

type session struct {
	t     *testing.T
	slow  bool
	peer  string // the hostile node
	good  []*member
	folds map[string][]mark // by node, the folds of the noise that were acknowledged
	id    int               // the number of the last good request

	raw   json.RawMessage // what the store held when it was last looked at
	value value

	mu    sync.Mutex // guards what follows, and the members' asks
	store map[string]json.RawMessage
	heard []answer      // in this step
	news  chan struct{} // has an element when something was added to heard
}

// A member is a good node of a session.
type member struct {
	name     string
	begun    bool // it has answered init
	talk     *maelstromtest.Conversation
	outlived bool  // a fold in its name was done that it has not made, and it has not noticed yet
	asks     []ask // what it has asked of the hostile node
}

// An ask is a fold that was handed to the hostile node.
type ask struct {
	id       int
	delta    int64
	sent     time.Time
	answered bool
}

// An answer is a good node's answer to anybody.
type answer struct {
	Src, Dest string
	Body      struct {
		Type      string
		InReplyTo int `json:"in_reply_to"`
		Code      int
		Text      string
		Value     int64
		Total     int64
	}
	at time.Time
}

func newSession(t *testing.T, program maelstromtest.Program, kind uint8) *session {
	s := &session{t: t, slow: kind/3%2 == 1, folds: map[string][]mark{}, id: 1 << 40,
		store: map[string]json.RawMessage{}, news: make(chan struct{}, 1)}
	nodes := []string{"n0", "n1", "n2"}
	hostile := int(kind % 3)
	s.peer = nodes[hostile]
	for i, name := range slices.Delete(slices.Clone(nodes), hostile, hostile+1) {
		n := &member{name: name}
		s.good = append(s.good, n)
		n.talk = maelstromtest.Converse(t, maelstromtest.Setting{Node: name, Raw: true, Seed: uint64(i + 1), Ignore: s.listener(n, i)}, program)
	}
	for _, n := range s.good {
		n.talk.Line(fmt.Sprintf(`{"src":%q,"dest":%q,"body":{"type":"init","msg_id":1,"node_id":%[2]q,"node_ids":%s}}`, initiator, n.name, cluster))
	}
	return s
}

// listener returns the function that takes the lines that n, the i-th good
// node, writes.
func (s *session) listener(n *member, i int) func(line []byte) bool {
	to := func(dest string) []byte { return fmt.Appendf(nil, `{"src":%q,"dest":%q,"body":`, n.name, dest) }
	store, hostile := to(maelstrom.SeqKV), to(s.peer)
	isReply := func(line []byte) bool { return bytes.Contains(line, []byte(`"body":{"in_reply_to":`)) }
	return func(line []byte) bool {
		switch {
		case isReply(line):
			s.hear(n, s.good[1-i], line)
		case bytes.HasPrefix(line, store):
			body := bytes.Clone(line[len(store) : len(line)-1])
			if s.slow {
				time.AfterFunc(storeTime, func() { s.serve(n, body) })
			} else {
				s.serve(n, body)
			}
		case bytes.HasPrefix(line, hostile):
			var body struct {
				MsgID int `json:"msg_id"`
				Delta int64
			}
			if err := json.Unmarshal(line[len(hostile):len(line)-1], &body); err != nil {
				s.t.Errorf("%s wrote %s: %v", n.name, line, err)
			}
			s.mu.Lock()
			n.asks = append(n.asks, ask{id: body.MsgID, delta: body.Delta, sent: time.Now()})
			s.mu.Unlock()
		case bytes.HasPrefix(line, to(s.good[1-i].name)):
			s.good[1-i].talk.Line(string(line))
		default:
			s.t.Errorf("%s wrote %s", n.name, line)
		}
		return true
	}
}

// serve answers a node's request to the store. The store compares values byte
// by byte. To one of the good nodes its refusals tell the value of the key, as
// those of Maelstrom's store do, but in JSON. To the other they tell nothing.
func (s *session) serve(n *member, body []byte) {
	var r struct {
		Type, Key       string
		From, To, Value json.RawMessage
		Create          bool `json:"create_if_not_exists"`
		MsgID           int  `json:"msg_id"`
	}
	if err := json.Unmarshal(body, &r); err != nil {
		s.t.Errorf("%s asked the store %s: %v", n.name, body, err)
	}
	reply := fmt.Appendf(nil, `{"src":"seq-kv","dest":%q,"body":{"in_reply_to":%d,"type":`, n.name, r.MsgID)
	s.mu.Lock()
	held, exists := s.store[r.Key]
	switch {
	case r.Type == "read" && exists:
		reply = append(append(reply, `"read_ok","value":`...), held...)
	case r.Type == "write":
		s.store[r.Key] = r.Value
		reply = append(reply, `"write_ok"`...)
	case r.Type == "cas" && (exists && bytes.Equal(held, r.From) || !exists && r.Create):
		s.store[r.Key] = r.To
		reply = append(reply, `"cas_ok"`...)
	case exists:
		reply = append(reply, `"error","code":22`...)
		if n == s.good[0] {
			reply = fmt.Appendf(reply, `,"text":%q`, fmt.Sprintf("current value %s is not %s", held, r.From))
		}
	default:
		reply = append(reply, `"error","code":20`...)
	}
	s.mu.Unlock()
	n.talk.Line(string(reply) + "}}")
}

// hear takes an answer of a node. It hands the answer on if that is to a fold
// of the other good node.
func (s *session) hear(n, other *member, line []byte) {
	var a answer
	if err := json.Unmarshal(line, &a); err != nil || a.Src != n.name {
		s.t.Errorf("%s wrote %s: %v", n.name, line, err)
	}
	switch a.Dest {
	case other.name:
		other.talk.Line(string(line))
	case initiator:
		n.begun = a.Body.Type == "init_ok"
		return
	}
	a.at = time.Now()
	s.mu.Lock()
	s.heard = append(s.heard, a)
	s.mu.Unlock()
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// step makes the good request of n, gives n the lines, and checks what n did.
func (s *session) step(n, other *member, st step) {
	if !st.hurried {
		time.Sleep(time.Second)
	}
	noise := newNoise(s, n, other)
	if st.request != "" {
		noise.requests = append(noise.requests, s.request(n, st.request))
	}
	for _, l := range st.lines {
		time.Sleep(l.delay)
		text := s.fill(n, other, l.text)
		if noise.take(text) {
			n.talk.Line(text)
		}
	}
	s.await(noise.requests, noise.maybe)
	noise.judge()
	if noise.heeded || st.request == "" {
		s.read(n, noise.text)
	}
}

// fill replaces the words in a line that begin with $ by what they stand for.
func (s *session) fill(n, other *member, text string) string {
	if !strings.Contains(text, "$") {
		return text
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	re := [4]string{"0", "0", "0", "0"}
	for i := range min(len(re), len(n.asks)) {
		re[i] = strconv.Itoa(n.asks[len(n.asks)-1-i].id)
	}
	return strings.NewReplacer("$NODE", n.name, "$OTHER", other.name, "$PEER", s.peer,
		"$RE1", re[1], "$RE2", re[2], "$RE3", re[3], "$RE", re[0]).Replace(text)
}

// request makes a good request of a node, an add of 1 or a read.
func (s *session) request(n *member, what string) request {
	s.mu.Lock()
	s.heard = nil
	s.mu.Unlock()
	s.id++
	r := request{what: what, key: key{client, s.id}, made: time.Now()}
	if what == "add" {
		r.delta = 1
	}
	n.talk.Line(fmt.Sprintf(`{"src":%q,"dest":%q,"body":{"type":%q,"delta":1,"msg_id":%d}}`, client, n.name, what, s.id))
	return r
}

// await waits until the requests, and those that may be answered too, have been
// answered and nothing is left to do at that instant, or until it is too late
// for an answer.
func (s *session) await(requests []request, maybe map[key]int) {
	late := time.NewTimer(answerTime + time.Second)
	defer late.Stop()
	for !s.answered(requests, maybe) {
		select {
		case <-s.news:
		case <-late.C:
			return
		}
	}
	synctest.Wait()
}

func (s *session) answered(requests []request, maybe map[key]int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := map[key]int{}
	left := len(requests)
	for k, n := range maybe {
		open[k] = n
		left += n
	}
	for _, r := range requests {
		open[r.key]++
	}
	for _, a := range s.heard {
		if k := a.to(); open[k] > 0 {
			open[k]--
			left--
		}
	}
	return left == 0
}

// read checks that a node reads the stored total. If what has been said made
// the node outlived, one error is allowed first.
func (s *session) read(n *member, said string) {
	s.t.Helper()
	for {
		r := s.request(n, "read")
		s.await([]request{r}, nil)
		heard := s.hears([]request{r})
		want := s.stored().Total
		switch {
		case len(heard) == 1 && heard[0].is("error", maelstrom.Timeout) && n.outlived:
			n.outlived = false
			continue
		case len(heard) != 1 || heard[0].Body.Type != "read_ok" || heard[0].Body.Value != want || heard[0].at.Sub(r.made) > answerTime:
			s.t.Errorf("after %q the total is %d, and %s answered a read with %+v", said, want, n.name, heard)
		}
		n.outlived = false
		return
	}
}

// hears returns the answers that were heard in this step, without those of the
// good nodes to each other's folds.
func (s *session) hears(requests []request) (heard []answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.heard {
		ofAGood := a.Dest == s.good[0].name || a.Dest == s.good[1].name
		if !ofAGood || slices.ContainsFunc(requests, func(r request) bool { return r.key == a.to() }) {
			heard = append(heard, a)
		}
	}
	return heard
}

// stored returns the stored value.
func (s *session) stored() value {
	s.mu.Lock()
	raw := s.store["counter"]
	s.mu.Unlock()
	if !bytes.Equal(raw, s.raw) {
		v, err := parseValue(raw)
		if err != nil {
			s.t.Fatalf("the store holds %s: %v", raw, err)
		}
		s.raw, s.value = raw, v
	}
	return s.value
}
