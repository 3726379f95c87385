package trial

import (
	"bytes"
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
	"golang.org/x/tools/txtar"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/ledger"
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
// number of the fold before it, and so on to $RE3. $LONG is a long text.
//
// Session does not know which requests of the noise are valid. Whatever they
// are, this must hold:
//
//   - Each request is answered once, and within 4 s.
//   - Answers are true of the totals. An add that is acknowledged is in the
//     total, one that is refused is not, and error 0 leaves that open. Error 14
//     means that it does not fit. A fold that is acknowledged has a receipt. A
//     read returns a total that was stored while the read was in hand.
//   - The stored value makes sense, and the total and the receipts only rise.
//     What moves the total is acknowledged adds, and folds that have receipts.
//   - Good requests are served.
//
// The hostile node can break that in three ways. If it says that a fold is
// done, with a total that is possible, the good node believes it, and may
// acknowledge an add that is not in the total, or return that total to a read.
// If it takes on a fold in the name of a good node, that node answers one
// request with error 0. If it answers an earlier fold, the good node waits
// longer for its answer to the last one, perhaps until a request is late.
func Session(t *testing.T, program maelstromtest.Program, kind uint8, noise []byte) {
	t.Helper()
	hang := time.AfterFunc(hanging, func() { panic(fmt.Sprintf("a session hangs: %d %q", kind, noise)) })
	defer hang.Stop()
	synctest.Test(t, func(t *testing.T) {
		s := newSession(t, program, kind)
		for i, lines := range script(noise) {
			s.run(s.good[i%2], lines)
		}
		for _, n := range s.good {
			s.read(n)
		}
		for _, n := range s.good {
			if err := n.Close(); err != nil {
				t.Errorf("%s: %v, stderr %s", n.name, err, n.Stderr())
			}
		}
	})
}

//go:embed noise.txtar
var noiseFile []byte

// Noise is what the hostile node may say: the file noise.txtar, and lines that
// cannot be in it.
var Noise = func() [][]byte {
	all := [][]byte{
		[]byte("hello\n\n\r\n{}\n[]\nnull\n\x00\xff"),
		[]byte(AddLine("c1", 1) + "\n" + AddLine("c1", 1) + "\r\n" + AddLine("good", 1)),
	}
	for _, file := range txtar.Parse(noiseFile).Files {
		all = append(all, bytes.TrimSuffix(file.Data, []byte("\n")))
	}
	return all
}()

const (
	// hanging is how long a session may take in real time. A node that blocks
	// while it holds a mutex keeps virtual time from passing, so a limit in
	// virtual time would not end the session.
	hanging = time.Minute
	// answerTime is how long a node may take for an answer.
	answerTime = 4 * time.Second
	// storeTime is how long a slow store takes.
	storeTime = 2 * time.Millisecond
	// most bounds the lines that follow a good request. More would leave too
	// many ways in which the total may have moved.
	most = 10
)

// A session is two good nodes and their store.
type session struct {
	t    *testing.T
	slow bool
	peer string // the hostile node
	good [2]*member
	id   int // of the last good request; the noise does not have such numbers

	mu    sync.Mutex // guards what follows, and the members' asks and outlived
	store *maelstromtest.Store
	raw   string // what the store holds
	value ledger.Value
	episode
}

// A member is a good node of a session.
type member struct {
	*maelstromtest.Conversation
	name     string
	other    *member
	asks     []ask // what it has asked of the hostile node
	outlived bool  // a fold in its name was done that it has not made, and it has not noticed yet
}

// An ask is a fold that was handed to the hostile node.
type ask struct {
	maelstromtest.Packet
	answered bool
}

func newSession(t *testing.T, program maelstromtest.Program, kind uint8) *session {
	s := &session{t: t, id: 1 << 40, slow: kind/3%2 == 1, store: maelstromtest.NewStore()}
	s.peer = Nodes[kind%3]
	good := slices.DeleteFunc(slices.Clone(Nodes), func(node string) bool { return node == s.peer })
	s.good = [2]*member{{name: good[0]}, {name: good[1]}}
	for i, n := range s.good {
		n.other = s.good[1-i]
		n.Conversation = maelstromtest.Converse(t, maelstromtest.Setting{
			Node: n.name, Nodes: Nodes, Seed: uint64(i + 1),
			Ignore: func(line []byte) bool { s.hear(n, line); return false },
			Services: map[string]maelstromtest.Responder{
				maelstrom.SeqKV: s.serve,
				n.other.name:    func(_ *maelstromtest.Conversation, p maelstromtest.Packet) { n.other.Line(p.Line) },
			},
		}, program)
	}
	return s
}

// serve answers a node's request to the store. The refusals of the swaps of one
// good node tell the value of the key, those of the other tell nothing.
func (s *session) serve(c *maelstromtest.Conversation, p maelstromtest.Packet) {
	answer := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		reply := s.store.Reply(p)
		s.observe(s.store.Get("counter"))
		switch {
		case p.Src == s.good[1].name && strings.Contains(reply, `"code":22,`):
			c.Answer(p, `{"type":"error","code":22}`)
		case reply != "":
			c.Send(p.Dest, "%s", reply)
		}
	}
	if s.slow {
		time.AfterFunc(storeTime, answer)
	} else {
		answer()
	}
}

// A line of the noise has one of the forms that Session describes.
type line struct{ delay, hurried, read, text string }

var lineForm = regexp.MustCompile(`(?s)^(?:@(\d{1,4}) |(\+)?(\?)?)(.*)$`)

// script cuts noise into steps, which are a good request, unless the first line
// has a delay, and the lines that follow it.
func script(noise []byte) (steps [][]line) {
	for raw := range bytes.Lines(noise) {
		parts := lineForm.FindStringSubmatch(strings.TrimSuffix(string(raw), "\n"))
		l := line{parts[1], parts[2], parts[3], parts[4]}
		last := len(steps) - 1
		if l.delay == "" || last < 0 || len(steps[last]) == most {
			steps = append(steps, nil)
			last++
		}
		steps[last] = append(steps[last], l)
	}
	return steps
}

// run makes the good request of n, gives n the lines, and checks what n did.
func (s *session) run(n *member, lines []line) {
	first := lines[0]
	if first.hurried == "" {
		time.Sleep(time.Second)
	}
	s.begin(n)
	switch {
	case first.delay != "":
	case first.read != "":
		s.ask(n, "read")
	default:
		s.ask(n, "add")
	}
	for _, l := range lines {
		ms, _ := strconv.Atoi(cmp.Or(l.delay, "1")) // cannot fail, by its form
		time.Sleep(time.Duration(ms) * time.Millisecond)
		if text := s.fill(n, l.text); s.note(n, text) {
			n.Line(text)
		}
	}
	s.await()
	if s.end() || first.delay != "" {
		s.read(n)
	}
}

// fill replaces the words in a line that begin with $ by what they stand for.
func (s *session) fill(n *member, text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	words := []string{"$NODE", n.name, "$OTHER", n.other.name, "$PEER", s.peer, "$LONG", strings.Repeat("x", 70_000)}
	// $RE comes last, as the others begin with it.
	for i, word := range []string{"$RE1", "$RE2", "$RE3", "$RE"} {
		id := 0
		if last := len(n.asks) - 1 - (i+1)%4; last >= 0 {
			id = n.asks[last].MsgID
		}
		words = append(words, word, strconv.Itoa(id))
	}
	return strings.NewReplacer(words...).Replace(text)
}

// ask makes a good request of a node, an add of 1 or a read.
func (s *session) ask(n *member, what string) {
	s.id++
	body := fmt.Sprintf(`{"type":%q,"delta":1,"msg_id":%d}`, what, s.id)
	s.mu.Lock()
	s.expect(n, &request{client: "good", id: s.id, typ: what, good: true}, json.RawMessage(body))
	s.mu.Unlock()
	n.Send("good", "%s", body)
}

// read checks that a node reads the stored total.
func (s *session) read(n *member) {
	for again := true; again; again = s.excused {
		s.begin(n)
		s.ask(n, "read")
		s.await()
	}
}

// await waits until all requests have been answered and nothing is left to do
// at that instant. It fails if that takes too long.
func (s *session) await() {
	for range (answerTime + time.Second) / time.Millisecond {
		synctest.Wait()
		s.mu.Lock()
		open := len(s.open)
		s.mu.Unlock()
		if open == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	s.t.Errorf("%q: a request has no answer", s.said)
}
