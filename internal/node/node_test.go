package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
	"go.uber.org/goleak"

	"maelstrom-counter/internal/bench/maelstromtest"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // where the library logs every message
	goleak.VerifyTestMain(m)
}

const initLine = `{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1","n2"]}}`

// quiet is a logger that discards everything.
var quiet = slog.New(slog.DiscardHandler)

func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// converse starts a conversation with node n1, in a cluster of n1 and n2. The
// node has the given handlers.
func converse(t testing.TB, setting maelstromtest.Setting, handlers map[string]func(*Node, maelstrom.Message)) (*maelstromtest.Conversation, *Node) {
	t.Helper()
	setting.Node, setting.Nodes = "n1", []string{"n1", "n2"}
	node := make(chan *Node, 1)
	c := maelstromtest.Converse(t, setting, func(env maelstromtest.Env) error {
		n := New(env.Stdin, env.Stdout, slog.New(slog.NewTextHandler(env.Stderr, nil)), random())
		for typ, handle := range handlers {
			n.Handle(typ, func(msg maelstrom.Message) { handle(n, msg) })
		}
		node <- n
		return n.Run(env.Stop)
	})
	return c, <-node
}

// pong answers a request with a pong, which has a field x unless x is empty.
func pong(n *Node, msg maelstrom.Message, x string) {
	var body maelstrom.MessageBody
	_ = json.Unmarshal(msg.Body, &body)
	n.Reply(msg.Src, body.MsgID, struct {
		Type string `json:"type"`
		X    string `json:"x,omitempty"`
	}{"pong", x})
}

// feed runs a node that answers "ping" with "pong" on the given input. It
// returns the lines that the node wrote, and its log.
func feed(t testing.TB, in string) (out []string, logged string) {
	t.Helper()
	c, _ := converse(t, maelstromtest.Setting{Raw: true}, map[string]func(*Node, maelstrom.Message){
		"ping": func(n *Node, msg maelstrom.Message) {
			if !json.Valid(msg.Body) {
				t.Errorf("the handler was given %s", msg.Body)
			}
			pong(n, msg, "")
		},
	})
	c.Input(in)
	if err := c.Close(); err != nil {
		t.Fatalf("Run: %v\ninput:\n%s", err, in)
	}
	for _, p := range c.Heard() {
		out = append(out, p.Line)
	}
	return out, c.Stderr()
}

const initOK = `{"src":"n1","dest":"c0","body":{"in_reply_to":1,"type":"init_ok"}}`

func TestALineIsServedAnsweredOrDropped(t *testing.T) {
	errorReply := func(code int, text string) string {
		return fmt.Sprintf(`{"src":"n1","dest":"c1","body":{"in_reply_to":7,"type":"error","code":%d,"text":"%s`, code, text)
	}
	pong := `{"src":"n1","dest":"c1","body":{"in_reply_to":7,"type":"pong"}}`
	ping := `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":7`
	long := `,"x":"` + strings.Repeat("x", 100<<10) + `"}}`
	longer := `,"x":"` + strings.Repeat("x", 2<<20) + `"}}`
	for _, test := range []struct{ name, line, want string }{ // want: how the answer begins, or "" for none
		{"a request", ping + `}}`, pong},
		{"carriage return", ping + "}}\r", pong},
		{"empty lines", "\n\r\n \n" + ping + "}}\n\n", pong},
		{"spaces around", "  \t" + ping + "}}  ", pong},
		{"an unknown field", ping + `,"x":[1,{"y":null}]},"id":9}`, pong},
		{"msg_id 0", `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":0}}`, `{"src":"n1","dest":"c1","body":{"in_reply_to":0,"type":"pong"}}`},
		{"invalid UTF-8 in a field", ping + ",\"x\":\"\xff\xfe\"}}", pong},
		{"nested 5000 deep", ping + `,"x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}}`, pong},
		{"100 KiB", ping + long, pong},
		{"64 KiB to the byte", fill(ping+`,"x":"`, 64<<10-2) + `"}}`, pong},
		{"100 KiB and a key in two spellings", `{"src":"c1","dest":"n1","body":{"type":"gong","TYPE":"ping","msg_id":9,"MSG_ID":7,"in_reply_to":5,"IN_REPLY_TO":0` + long, pong},
		{"100 KiB and a key with null", ping + `,"type":null,"msg_id":null` + long, pong},
		{"many fields", ping + manyFields(9000) + `}}`, pong},
		{"2 MiB", ping + longer, errorReply(12, "line longer than 1 MiB")},
		{"2 MiB and the address behind other fields", `{"x":[{},{"a":1}],"src":"c1","body":{"y":{"msg_id":1},"msg_id":5,"msg_id":7},"dest":"n1"` + longer[:len(longer)-1], errorReply(12, "line longer than 1 MiB")},
		{"2 MiB with commas", ping + `,"x":"` + strings.Repeat("x,", 1<<20) + `"}}`, errorReply(12, "line longer than 1 MiB")},
		{"2 MiB that are no JSON behind a msg_id", ping + `,"x":,` + longer, errorReply(12, "line longer than 1 MiB")},
		{"2 MiB in front of the rest of the body", ping + `,"z":5` + longer[:len(longer)-2] + `,"in_reply_to":5}}`, errorReply(12, "line longer than 1 MiB")},
		{"duplicate keys, the last counts", ping + `,"type":"pong","type":"ping"}}`, pong},
		{"two bodies, the last counts", `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":7},"body":{"type":"gong","msg_id":7}}`, errorReply(10, "")},
		{"two bodies, the last empty", `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":7},"body":{}}`, ""},

		{"unknown type", `{"src":"c1","dest":"n1","body":{"type":"gong","msg_id":7}}`, errorReply(10, "request type")},
		{"unknown type and msg_id 0", `{"src":"c1","dest":"n1","body":{"type":"gong","msg_id":0}}`, `{"src":"n1","dest":"c1","body":{"in_reply_to":0,"type":"error","code":10`},
		{"no type", `{"src":"c1","dest":"n1","body":{"msg_id":7}}`, errorReply(10, "")},
		{"a type that is not a string", `{"src":"c1","dest":"n1","body":{"type":5,"msg_id":7}}`, errorReply(12, "body: type is a JSON number, not a string")},
		{"a code that is not a number", `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":7,"code":"x"}}`, errorReply(12, "body: code is a JSON string, not a 64-bit integer")},
		{"a second init for another", `{"src":"c1","dest":"n1","body":{"type":"init","msg_id":7,"node_id":"n2","node_ids":["n1","n2"]}}`, errorReply(12, "init")},
		{"a second init for another cluster", `{"src":"c1","dest":"n1","body":{"type":"init","msg_id":7,"node_id":"n1","node_ids":["n1"]}}`, errorReply(12, "init")},
		{"an init with a node twice", `{"src":"c1","dest":"n1","body":{"type":"init","msg_id":7,"node_id":"n1","node_ids":["n1","n2","n2"]}}`,
			errorReply(12, "init: node_ids has a node twice")},
		{"an init of too many nodes", `{"src":"c1","dest":"n1","body":{"type":"init","msg_id":7,"node_id":"n","node_ids":["n"` + strings.Repeat(`,"n"`, MaxNodes) + `]}}`,
			errorReply(12, "init: 5001 nodes are more than 5000")},
		{"an init whose node_id is a number", `{"src":"c1","dest":"n1","body":{"type":"init","msg_id":7,"node_id":1,"node_ids":["n1"]}}`, errorReply(12, "init: node_id is a JSON number, not a string")},
		{"an init whose node_ids is a string", `{"src":"c1","dest":"n1","body":{"type":"init","msg_id":7,"node_id":"n1","node_ids":"n1"}}`,
			errorReply(12, "init: node_ids is a JSON string, not an array")},
		{"a second init", `{"src":"c1","dest":"n1","body":{"type":"init","msg_id":7,"node_id":"n1","node_ids":["n1","n2"]}}`,
			`{"src":"n1","dest":"c1","body":{"in_reply_to":7,"type":"init_ok"}}`},

		{"not JSON", `hello`, ""},
		{"half a message", ping, ""},
		{"a null", `null`, ""},
		{"a list", `[]`, ""},
		{"a number", `7`, ""},
		{"two messages in a line", ping + `}}` + ping + `}}`, ""},
		{"nested 10,001 deep", ping + `,"x":` + strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001) + `}}`, ""},
		{"no src", `{"dest":"n1","body":{"type":"ping","msg_id":7}}`, ""},
		{"no src and a type that is a number", `{"dest":"n1","body":{"type":5,"msg_id":7}}`, ""},
		{"no dest", `{"src":"c1","body":{"type":"ping","msg_id":7}}`, ""},
		{"for another node", `{"src":"c1","dest":"n2","body":{"type":"ping","msg_id":7}}`, ""},
		{"no body", `{"src":"c1","dest":"n1"}`, ""},
		{"a body that is not an object", `{"src":"c1","dest":"n1","body":[]}`, ""},
		{"body null", `{"src":"c1","dest":"n1","body":null}`, ""},
		{"no msg_id", `{"src":"c1","dest":"n1","body":{"type":"ping"}}`, ""},
		{"msg_id null", `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":null}}`, ""},
		{"a msg_id beyond 64 bits", `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":99999999999999999999}}`, ""},
		{"a msg_id that is a fraction", `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":1.5}}`, ""},
		{"2 MiB and no src", `{"dest":"n1","body":{"type":"ping","msg_id":7` + longer, ""},
		{"2 MiB for another node", `{"src":"c1","dest":"n2","body":{"type":"ping","msg_id":7` + longer, ""},
		{"2 MiB and no msg_id", `{"src":"c1","dest":"n1","body":{"type":"ping"` + longer, ""},
		{"2 MiB and a msg_id behind", `{"src":"c1","dest":"n1","body":{"type":"ping"` + longer[:len(longer)-2] + `,"msg_id":7}}`, ""},
		{"2 MiB and dest behind", `{"src":"c1","body":{"type":"ping","msg_id":7` + longer[:len(longer)-1] + `,"dest":"n1"}`, ""},
		{"2 MiB and a msg_id that is a fraction", `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":1.5` + longer, ""},
		{"2 MiB and a src that is a number", `{"src":7,"dest":"n1","body":{"type":"ping","msg_id":7` + longer, ""},
		{"2 MiB and a msg_id in a list", `{"src":"c1","dest":"n1","body":["msg_id",7` + longer, ""},
		{"2 MiB and a msg_id beside the body", `{"src":"c1","dest":"n1","msg_id":7,"body":{"type":"ping"` + longer, ""},
		{"2 MiB and a msg_id deeper in the body", `{"src":"c1","dest":"n1","body":{"type":"ping","x":{"msg_id":7}` + longer, ""},
		{"2 MiB in front of a msg_id that is cut", fill(`{"src":"c1","dest":"n1","body":{"type":"ping","x":"`, 64<<10-14) + `","msg_id":7777777` + longer, ""},
		{"a reply of 2 MiB", `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":7,"in_reply_to":5` + longer, ""},
		{"a list of 2 MiB", `[` + strings.Repeat(`"body",`, 2<<17) + `7]`, ""},
		{"a reply to nothing", `{"src":"seq-kv","dest":"n1","body":{"type":"read_ok","in_reply_to":99}}`, ""},
		{"a malformed reply", `{"src":"seq-kv","dest":"n1","body":{"type":"error","in_reply_to":99,"msg_id":7,"code":"x"}}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			// A good request after it, without a newline, shows that the node
			// goes on.
			after := `{"src":"c2","dest":"n1","body":{"type":"ping","msg_id":8}}`
			out, logged := feed(t, initLine+"\n"+test.line+"\n"+after)
			var answers []string
			served := false
			for _, line := range out {
				switch {
				case strings.Contains(line, `"dest":"c2"`):
					served = line == `{"src":"n1","dest":"c2","body":{"in_reply_to":8,"type":"pong"}}`
				case line != initOK:
					answers = append(answers, line)
				}
			}
			if !served {
				t.Errorf("the request after it was not served: %q", out)
			}
			switch {
			case test.want == "" && len(answers) > 0:
				t.Errorf("got answers %q", answers)
			case test.want == "" && logged == "" && !strings.HasPrefix(test.name, "a reply"):
				t.Errorf("dropped without a line in the log")
			case test.want != "" && (len(answers) != 1 || !strings.HasPrefix(answers[0], test.want)):
				t.Errorf("got answers %q, want one that begins %q", answers, test.want)
			}
		})
	}
}

func fill(s string, length int) string { return s + strings.Repeat("x", length-len(s)-3) }

func manyFields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"field%d":%d`, i, i)
	}
	return b.String()
}

func TestBeforeInitRequestsAreRefusedAndTheRestDropped(t *testing.T) {
	out, _ := feed(t, strings.Join([]string{
		`{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":7}}`,
		`{"src":"c1","dest":"n1","body":{"type":"ping"}}`,
		`{"src":"c1","dest":"n1","body":{"type":"init","msg_id":5,"node_id":"n1","node_ids":["n2"]}}`,
		`{"src":"c1","dest":"n1","body":{"type":"init","msg_id":6}}`,
		`{"src":"seq-kv","dest":"n1","body":{"type":"read_ok","in_reply_to":1}}`,
		initLine,
	}, "\n"))
	want := []string{
		`{"src":"n1","dest":"c1","body":{"in_reply_to":7,"type":"error","code":11,"text":"not initialized"}}`,
		`{"src":"n1","dest":"c1","body":{"in_reply_to":5,"type":"error","code":12,"text":"init: node_id is not among node_ids"}}`,
		`{"src":"n1","dest":"c1","body":{"in_reply_to":6,"type":"error","code":12,"text":"init: node_id is not among node_ids"}}`,
		initOK,
	}
	if fmt.Sprint(out) != fmt.Sprint(want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(out, "\n"), strings.Join(want, "\n"))
	}
}

func TestAFloodOfBadLinesIsLoggedInPart(t *testing.T) {
	_, logged := feed(t, initLine+"\n"+strings.Repeat("nonsense\n", 100_000))
	if lines := strings.Count(logged, "\n"); lines == 0 || lines > 200 {
		t.Errorf("%d lines logged", lines)
	}
}

func TestARequestTakesOnlyTheReplyThatItAskedFor(t *testing.T) {
	for _, test := range []struct {
		name, replies string // %d is the request's msg_id
		want          error  // nil, an RPCError by code, or DeadlineExceeded
		code          int
	}{
		{"ok", `{"src":"seq-kv","dest":"n1","body":{"type":"read_ok","in_reply_to":%[1]d,"value":9007199254740993}}`, nil, 0},
		{"twice", `{"src":"seq-kv","dest":"n1","body":{"type":"read_ok","in_reply_to":%[1]d,"value":9007199254740993}}
{"src":"seq-kv","dest":"n1","body":{"type":"error","in_reply_to":%[1]d,"code":22}}`, nil, 0},
		{"error 22", `{"src":"seq-kv","dest":"n1","body":{"type":"error","in_reply_to":%[1]d,"code":22,"text":"x"}}`, &maelstrom.RPCError{}, 22},
		{"error 0", `{"src":"seq-kv","dest":"n1","body":{"type":"error","in_reply_to":%[1]d,"code":0,"text":"x"}}`, &maelstrom.RPCError{}, 0},
		{"another's", `{"src":"c1","dest":"n1","body":{"type":"read_ok","in_reply_to":%[1]d,"value":1}}`, context.DeadlineExceeded, 0},
		{"none", ``, context.DeadlineExceeded, 0},
		{"wrong type", `{"src":"seq-kv","dest":"n1","body":{"type":"cas_ok","in_reply_to":%[1]d}}`, errors.New("type"), 0},
		{"value of the wrong type", `{"src":"seq-kv","dest":"n1","body":{"type":"read_ok","in_reply_to":%[1]d,"value":"x"}}`, errors.New("value"), 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				answer := func(c *maelstromtest.Conversation, p maelstromtest.Packet) {
					if test.replies != "" {
						c.Line(fmt.Sprintf(test.replies, p.MsgID))
					}
				}
				c, n := converse(t, maelstromtest.Setting{Services: map[string]maelstromtest.Responder{"seq-kv": answer}}, nil)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				var reply struct {
					Value int64 `json:"value"`
				}
				err := n.Ask("seq-kv", map[string]any{"type": "read", "key": "k"})(ctx, "read_ok", &reply)
				var rpc *maelstrom.RPCError
				switch {
				case test.want == nil && (err != nil || reply.Value != 9007199254740993):
					t.Errorf("got %v, %v", reply.Value, err)
				case test.want == context.DeadlineExceeded && err != context.DeadlineExceeded:
					t.Errorf("got %v", err)
				case errors.As(test.want, &rpc) && maelstrom.ErrorCode(err) != test.code:
					t.Errorf("got %v, want code %d", err, test.code)
				case test.want != nil && err == nil:
					t.Errorf("got no error")
				}
				synctest.Wait()
				n.mu.Lock()
				left := len(n.pending)
				n.mu.Unlock()
				if left > 0 {
					t.Errorf("%d requests left behind", left)
				}
				if err := c.Close(); err != nil {
					t.Errorf("Run: %v", err)
				}
				c.Unheard()
			})
		})
	}
}

// waiting has a handler that answers a request when the node ends.
var waiting = map[string]func(*Node, maelstrom.Message){
	"wait": func(n *Node, msg maelstrom.Message) {
		context.AfterFunc(n.Context(), func() { n.Reply(msg.Src, 7, maelstrom.MessageBody{Type: "waited"}) })
	},
}

func TestAtTheEndOfInputHandlersAreGivenNoticeAndTheNodeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := converse(t, maelstromtest.Setting{}, waiting)
		c.Send("c1", `{"type":"wait","msg_id":7}`)
		start := time.Now()
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d > time.Second {
			t.Errorf("took %v", d)
		}
		c.Hear("waited")
		c.Unheard()
	})
}

func TestANodeThatIsStoppedEndsAsAtTheEndOfInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := converse(t, maelstromtest.Setting{}, waiting)
		c.Send("c1", `{"type":"wait","msg_id":7}`)
		synctest.Wait() // until it has been handled
		c.Stop()
		synctest.Wait()
		c.Send("c2", `{"type":"wait","msg_id":8}`)
		if err := c.Wait(); err != nil {
			t.Fatal(err)
		}
		if p := c.Hear(); p.Dest != "c2" || p.InReplyTo != 8 || p.Code != maelstrom.TemporarilyUnavailable {
			t.Errorf("a request that came too late was answered %v", p)
		}
		if p := c.Hear(); p.Dest != "c1" || p.Type != "waited" {
			t.Errorf("the request before it was answered %v", p)
		}
		c.Unheard()
	})
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAClosedStdoutEndsTheNodeWithAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := maelstromtest.Converse(t, maelstromtest.Setting{Raw: true}, func(env maelstromtest.Env) error {
			return New(env.Stdin, brokenPipe{}, quiet, random()).Run(env.Stop)
		})
		c.Line(initLine)
		if err := c.Wait(); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("got %v", err)
		}
	})
}

// An endless line is dropped while it is read. Only the beginning is kept, for
// the log.
func TestAnEndlessLineIsNotHeldInMemory(t *testing.T) {
	long := &repeat{left: 1 << 26}
	after := "\n" + `{"src":"c2","dest":"n1","body":{"type":"ping","msg_id":8}}`
	var stdout bytes.Buffer
	n := New(io.MultiReader(strings.NewReader(initLine+"\n"), long, strings.NewReader(after)), &stdout, quiet, random())
	n.Handle("ping", func(msg maelstrom.Message) { n.Reply(msg.Src, 8, maelstrom.MessageBody{Type: "pong"}) })
	var before, end runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := n.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&end)
	if got := end.TotalAlloc - before.TotalAlloc; got > 16<<20 {
		t.Errorf("a line of 64 MiB took %d bytes", got)
	}
	if !strings.Contains(stdout.String(), `"pong"`) {
		t.Errorf("the request after it was not served: %q", stdout.String())
	}
}

// repeat is a reader of that many x.
type repeat struct{ left int }

func (r *repeat) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), r.left)
	r.left -= n
	for i := range p[:n] {
		p[i] = 'x'
	}
	return n, nil
}

// A countedReader counts the bytes that are read.
type countedReader struct {
	io.Reader
	n atomic.Int64
}

func (r *countedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.n.Add(int64(n))
	return n, err
}

func TestANodeWhoseOutputIsNotReadStopsReadingAndCanBeStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out, unread := io.Pipe()
		defer out.Close()
		var n *Node
		var taken countedReader
		c := maelstromtest.Converse(t, maelstromtest.Setting{Node: "n1", Raw: true}, func(env maelstromtest.Env) error {
			taken.Reader = env.Stdin
			n = New(&taken, unread, quiet, random())
			n.Handle("ping", func(msg maelstrom.Message) { pong(n, msg, strings.Repeat("x", 4<<10)) })
			return n.Run(env.Stop)
		})
		c.Line(initLine)
		synctest.Wait()
		idle := runtime.NumGoroutine()
		const requests = 1 << 16
		line := fmt.Sprintf(`{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":%d}}`+"\n", requests)
		c.Input(strings.Repeat(line, requests))
		synctest.Wait()
		// One MiB is read at once, and another is read ahead.
		if bytes, more := taken.n.Load(), runtime.NumGoroutine()-idle; bytes > 2<<20+int64(len(line))<<14 || more > 1<<12 {
			t.Errorf("%d requests taken in, %d goroutines more", bytes/int64(len(line)), more)
		}
		c.Stop()
		begin := time.Now()
		if c.Wait() == nil {
			t.Error("ended without an error")
		}
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("ended after %v", took)
		}
		if n.Post("n2", maelstrom.MessageBody{Type: "x"}) == nil { // which does not block, either
			t.Error("a message was sent after the end")
		}
	})
}

// FuzzInput feeds a node arbitrary bytes between good requests. It answers each
// good request, and ends without an error.
func FuzzInput(f *testing.F) {
	f.Add([]byte(`{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":7}}`))
	f.Add([]byte(`{"src":"c1","dest":"n1","body":{"type":"init","msg_id":7,"node_id":"n2","node_ids":["n2"]}}`))
	f.Add([]byte("\r\n\x00\xff{}[]nullhello\n\n"))
	f.Add([]byte(`{"src":"seq-kv","dest":"n1","body":{"in_reply_to":1,"type":"error","code":0}}`))
	f.Add([]byte(`{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":1e400}}`))
	f.Fuzz(func(t *testing.T, noise []byte) {
		request := func(id int) string {
			return fmt.Sprintf(`{"src":"good","dest":"n1","body":{"type":"ping","msg_id":%d}}`+"\n", id)
		}
		out, _ := feed(t, string(noise)+"\n"+initLine+"\n"+request(2)+string(noise)+"\n"+request(3))
		// The noise may have been an init that gave the node another name.
		for _, line := range out {
			if strings.Contains(line, `"init_ok"`) && !strings.Contains(line, `"src":"n1"`) {
				return
			}
		}
		for id := 2; id <= 3; id++ {
			want := fmt.Sprintf(`{"src":"n1","dest":"good","body":{"in_reply_to":%d,"type":"pong"}}`, id)
			found := false
			for _, line := range out {
				found = found || line == want
			}
			if !found {
				t.Errorf("request %d was not answered; output:\n%s", id, strings.Join(out, "\n"))
			}
		}
	})
}

func TestAComplaintNamesTheFieldAndNotItsGoType(t *testing.T) {
	for _, test := range []struct{ json, want string }{
		{`5`, "it is a JSON number, not an object"},
		{`{"src":["n1"]}`, "src is a JSON array, not a string"},
		{`{"body":{"id":1.5}}`, "id is a JSON number 1.5, not a 64-bit integer"},
		{`{"body":{"id":` + strings.Repeat("9", 1000) + `}}`, "id is a JSON number " + strings.Repeat("9", 33) + ", not a 64-bit integer"},
		{`{"src":`, "unexpected end of JSON input"},
	} {
		var message struct {
			Src  string `json:"src"`
			Body struct {
				ID int `json:"id"`
			} `json:"body"`
		}
		if got := Complaint(json.Unmarshal([]byte(test.json), &message)); got != test.want {
			t.Errorf("%s: %q, want %q", test.json, got, test.want)
		}
	}
}
