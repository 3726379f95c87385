package trial

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/ledger"
	"maelstrom-counter/internal/maelstromtest"
)

// Session is one with a hostile node among three. It gives the two good nodes its noise, a line at a time, and each line just after a good
// request, so that it may come before what the request waits for. In a line, $NODE stands for the good node that gets it, $PEER for
// the hostile one, and $RE for the message that the good one has last sent to that.
//
// Whatever the noise is, each good request is answered in time, the total changes by what was acknowledged, and reads tell
// the total. Only an answer of the hostile node to a fold can make the good one answer for what is not in the total: it has been lied to.
func Session(t *testing.T, program maelstromtest.Program, hostile int, noise []byte) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newSession(t, program, hostile)
		i := 0
		for line := range bytes.Lines(noise) {
			s.step(s.good[i%2], strings.TrimSuffix(string(line), "\n"))
			i++
		}
		for _, n := range s.good {
			if err := n.talk.Close(); err != nil {
				t.Errorf("%s: %v, stderr %s", n.name, err, n.talk.Stderr())
			}
		}
	})
}

// patience is how long a session waits for all that a line may lead to.
const patience = 10 * time.Second

type session struct {
	t     *testing.T
	store *maelstromtest.Store
	peer  string // the hostile node
	good  []*member
	moved map[string]bool // the folds of the noise that have moved the total
	id    int
}

// A member is a good node of a session.
type member struct {
	name string
	talk *maelstromtest.Conversation
}

func newSession(t *testing.T, program maelstromtest.Program, hostile int) *session {
	s := &session{t: t, store: maelstromtest.NewStore(), moved: map[string]bool{}, id: 1 << 40}
	nodes := []string{"n0", "n1", "n2"}
	s.peer = nodes[hostile]
	for i, name := range slices.Delete(slices.Clone(nodes), hostile, hostile+1) {
		setting := Alone(s.store.Serve)
		setting.Node, setting.Nodes, setting.Seed = name, nodes, uint64(i+1)
		s.good = append(s.good, &member{name: name})
		other := &s.good
		setting.Services["n0"], setting.Services["n1"], setting.Services["n2"] = nil, nil, nil
		for _, node := range nodes {
			if node != name && node != s.peer {
				setting.Services[node] = func(_ *maelstromtest.Conversation, p maelstromtest.Packet) {
					(*other)[1-i].talk.Line(p.Line)
				}
			}
		}
		s.good[i].talk = maelstromtest.Converse(t, setting, program)
	}
	return s
}

// step gives a node an add, a line of noise, and each good node a read, and checks what came of them.
func (s *session) step(n *member, line string) {
	before := s.stored()
	s.clear()
	add := s.send(n, `"add","delta":1`)
	time.Sleep(time.Millisecond)
	heard := n.talk.Heard()
	lie := false
	line, lie = s.fill(n, line, heard)
	n.talk.Line(line)
	time.Sleep(patience)
	heard = append(heard, n.talk.Heard()...)
	after := s.stored()

	answer := s.answer(n, add, heard)
	var m said
	if json.Unmarshal([]byte(line), &m) != nil {
		m = said{}
	}
	noises := s.effects(m, before, heard)
	goods := []int64{1}
	switch {
	case answer.Type == "add_ok" && lie, answer.Code == maelstrom.Timeout && m.Body.Boot > 0: // a later life of the node, which it has not begun
		goods = []int64{0, 1}
	case answer.Code == maelstrom.Abort && after.Total == ledger.Max:
		goods = []int64{0}
	case answer.Type != "add_ok":
		s.t.Errorf("with %q, which moved the total from %d to %d, an add was answered %+v", line, before.Total, after.Total, answer)
	}
	got := after.Total - before.Total
	if !slices.ContainsFunc(goods, func(g int64) bool { return slices.Contains(noises, got-g) }) {
		s.t.Errorf("%q moved the total from %d to %d; it might by %v, and an add that was answered %+v by %v", line, before.Total, after.Total, noises, answer, goods)
	}
	if m.Body.Boot > 0 && got >= m.Body.Delta && m.Body.Delta > 1 {
		s.moved[m.name()] = true
	}
	for _, n := range s.good {
		s.read(n, line)
	}
}

// read checks that a node reads the stored total. What has happened may have left it behind: then it may say so, once.
func (s *session) read(n *member, line string) {
	for range 2 {
		id := s.send(n, `"read"`)
		time.Sleep(patience)
		answer := s.answer(n, id, n.talk.Heard())
		if answer.Type == "error" && answer.Code == maelstrom.Timeout {
			continue
		}
		if want := fmt.Sprint(s.stored().Total); answer.Type != "read_ok" || answer.Field("value") != want {
			s.t.Errorf("after %q the total is %s, and %s answered a read with %+v", line, want, n.name, answer)
		}
		return
	}
	s.t.Errorf("after %q, %s answered two reads with errors", line, n.name)
}

// A said is what a line of noise may have been: an add or a fold.
type said struct {
	Src  string
	Body struct {
		ledger.Fold
		MsgID int `json:"msg_id"`
	}
}

// name names a fold.
func (m said) name() string {
	f := m.Body.Fold
	return fmt.Sprint(m.Src, f.Boot, f.Nonce, f.Seq)
}

// effects returns by how much what was said may have moved the total: by its delta, unless it is a fold that has done so before. If it
// was acknowledged, it must have.
func (s *session) effects(m said, before ledger.Value, heard []maelstromtest.Packet) (moves []int64) {
	f := m.Body.Fold
	f.Node = m.Src
	if f.Boot > 0 && (before.Standing(f) != ledger.Pending || s.moved[m.name()]) {
		return []int64{0}
	}
	for _, p := range heard {
		if p.Dest == m.Src && p.InReplyTo == m.Body.MsgID && (p.Type == "add_ok" || p.Type == "fold_ok") {
			return []int64{f.Delta}
		}
	}
	return []int64{0, f.Delta}
}

// fill puts what they stand for in the place of a line's words. It says whether the line may pass for an answer.
func (s *session) fill(n *member, line string, heard []maelstromtest.Packet) (filled string, answers bool) {
	re := "0"
	for _, p := range heard {
		if p.Dest == s.peer {
			re = strconv.Itoa(p.MsgID)
		}
	}
	return strings.NewReplacer("$NODE", n.name, "$PEER", s.peer, "$RE", re).Replace(line), re != "0" && strings.Contains(line, "$RE")
}

// stored returns the stored value.
func (s *session) stored() ledger.Value {
	raw := s.store.Get("counter")
	if raw == "" {
		return ledger.Value{}
	}
	v, err := ledger.Parse([]byte(raw))
	if err != nil {
		s.t.Fatalf("the store holds %s: %v", raw, err)
	}
	return v
}

// send makes a request of a node.
func (s *session) send(n *member, typ string) (id int) {
	s.id++
	n.talk.Line(fmt.Sprintf(`{"src":"good","dest":%q,"body":{"type":%s,"msg_id":%d}}`, n.name, typ, s.id))
	return s.id
}

// answer finds the one answer to a request of send.
func (s *session) answer(n *member, id int, heard []maelstromtest.Packet) maelstromtest.Packet {
	s.t.Helper()
	var answers []maelstromtest.Packet
	for _, p := range heard {
		if p.Dest == "good" && p.InReplyTo == id {
			answers = append(answers, p)
		}
	}
	if len(answers) != 1 {
		s.t.Fatalf("%s gave a request %d answers: %+v", n.name, len(answers), answers)
	}
	return answers[0]
}

// clear drops what was heard.
func (s *session) clear() {
	for _, n := range s.good {
		n.talk.Heard()
	}
}
