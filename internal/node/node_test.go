package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
	"go.uber.org/goleak"

	"maelstrom-counter/internal/bench/maelstromtest"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // where the library logs every message
	goleak.VerifyTestMain(m)
}

const initLine = `{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1","n2"]}}`

func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// handlers are those of a node, by type of request.
type handlers map[string]func(*Node, maelstrom.Message)

// converse starts a conversation with node n1, which has had no init. The node
// has handlers, and answers ping with pong unless one of them is for ping. What
// it is given by its environment can be altered first.
func converse(t testing.TB, more handlers, alter ...func(*maelstromtest.Env),
) (*maelstromtest.Conversation, *Node) {
	t.Helper()
	all := handlers{"ping": func(n *Node, msg maelstrom.Message) {
		if !json.Valid(msg.Body) {
			t.Errorf("the handler was given %s", msg.Body)
		}
		pong(n, msg, "")
	}}
	maps.Copy(all, more)
	node := make(chan *Node, 1)
	setting := maelstromtest.Setting{Node: "n1", Raw: true}
	c := maelstromtest.Converse(t, setting, func(env maelstromtest.Env) error {
		for _, change := range alter {
			change(&env)
		}
		log := slog.New(slog.NewTextHandler(env.Stderr, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
		n := New(env.Stdin, env.Stdout, log, random())
		for typ, handle := range all {
			n.Handle(typ, func(msg maelstrom.Message) { handle(n, msg) })
		}
		node <- n
		return n.Run(env.Stop)
	})
	return c, <-node
}

// withoutTime leaves out of the log when a line was written, and the line that
// was dropped.
func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == "time" || a.Key == "line" {
		return slog.Attr{}
	}
	return a
}

// converseOver is like converse, but the node writes to w. It returns when the
// node has answered init.
func converseOver(t testing.TB, w io.Writer, more handlers, alter ...func(*maelstromtest.Env),
) (*maelstromtest.Conversation, *Node) {
	t.Helper()
	alter = append(alter, func(env *maelstromtest.Env) { env.Stdout = w })
	c, n := converse(t, more, alter...)
	c.Line(initLine)
	synctest.Wait()
	return c, n
}

// pong answers a request with a pong, which has a text unless that is empty.
func pong(n *Node, msg maelstrom.Message, text string) {
	var body maelstrom.MessageBody
	_ = json.Unmarshal(msg.Body, &body)
	n.Reply(msg.Src, body.MsgID, maelstrom.MessageBody{Type: "pong", Text: text})
}

func TestAClosedStdoutEndsTheNodeWithAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out, in := io.Pipe()
		out.Close()
		c, _ := converseOver(t, in, nil)
		if err := c.Wait(); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("got %v", err)
		}
	})
}

// An endless line is dropped while it is read. Only the beginning is kept, for
// the log.
func TestAnEndlessLineIsNotHeldInMemory(t *testing.T) {
	mib := strings.Repeat("x", 1<<20)
	var parts []io.Reader
	for range 64 {
		parts = append(parts, strings.NewReader(mib))
	}
	n := New(io.MultiReader(parts...), io.Discard, slog.New(slog.DiscardHandler), random())
	var before, end runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := n.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&end)
	if got := end.TotalAlloc - before.TotalAlloc; got > 16<<20 {
		t.Errorf("a line of 64 MiB took %d bytes", got)
	}
}

// FuzzInput feeds a node arbitrary bytes between good requests. It answers each
// good request, and ends without an error.
func FuzzInput(f *testing.F) {
	f.Fuzz(func(t *testing.T, noise []byte) {
		request := func(id int) string {
			return fmt.Sprintf(`{"src":"good","dest":"n1","body":{"type":"ping","msg_id":%d}}`, id)
		}
		c, _ := converse(t, nil)
		// The last line has no newline.
		c.Input(strings.Join([]string{string(noise), initLine, request(2), string(noise), request(3)}, "\n"))
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		out := ""
		for _, p := range c.Heard() {
			if p.Type == "init_ok" && p.Src != "n1" {
				return // the noise was an init that gave the node another name
			}
			out += p.Line + "\n"
		}
		for id := 2; id <= 3; id++ {
			want := fmt.Sprintf(`{"src":"n1","dest":"good","body":{"in_reply_to":%d,"type":"pong"}}`+"\n", id)
			if !strings.Contains(out, want) {
				t.Errorf("request %d was not answered; output:\n%s", id, out)
			}
		}
	})
}

func TestAComplaintNamesTheFieldAndNotWhereItIs(t *testing.T) {
	var message struct {
		Body maelstrom.MessageBody `json:"body"`
	}
	err := json.Unmarshal([]byte(`{"body":{"msg_id":1.5}}`), &message)
	if got, want := Complaint(err), "msg_id is a JSON number 1.5, not a 64-bit integer"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
