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
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
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

func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// handlers are those of a node, by type of request.
type handlers map[string]func(*Node, maelstrom.Message)

// converse starts a conversation with node n1, in a cluster of n1 and n2. The
// node has handlers, and answers ping with pong unless one of them is for ping.
// What it is given by its environment can be altered first.
func converse(t testing.TB, setting maelstromtest.Setting, more handlers, alter ...func(*maelstromtest.Env),
) (*maelstromtest.Conversation, *Node) {
	t.Helper()
	setting.Node, setting.Nodes = "n1", []string{"n1", "n2"}
	all := handlers{"ping": func(n *Node, msg maelstrom.Message) {
		if !json.Valid(msg.Body) {
			t.Errorf("the handler was given %s", msg.Body)
		}
		pong(n, msg, "")
	}}
	maps.Copy(all, more)
	node := make(chan *Node, 1)
	c := maelstromtest.Converse(t, setting, func(env maelstromtest.Env) error {
		for _, change := range alter {
			change(&env)
		}
		n := New(env.Stdin, env.Stdout, slog.New(slog.NewTextHandler(env.Stderr, nil)), random())
		for typ, handle := range all {
			n.Handle(typ, func(msg maelstrom.Message) { handle(n, msg) })
		}
		node <- n
		return n.Run(env.Stop)
	})
	return c, <-node
}

// converseOver is like converse, but the node writes to w, and lets it be until
// it has answered init.
func converseOver(t testing.TB, w io.Writer, more handlers, alter ...func(*maelstromtest.Env),
) (*maelstromtest.Conversation, *Node) {
	t.Helper()
	alter = append(alter, func(env *maelstromtest.Env) { env.Stdout = w })
	c, n := converse(t, maelstromtest.Setting{Raw: true}, more, alter...)
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

// feed runs a node on the given input. It returns the lines that the node
// wrote, and its log.
func feed(t testing.TB, in string) (out []string, logged string) {
	t.Helper()
	c, _ := converse(t, maelstromtest.Setting{Raw: true}, nil)
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
	named := func(length int, format string) string { return fmt.Sprintf(format, strings.Repeat("x", length)) }
	const fromNamed = `{"src":"%s","dest":"n1","body":{"type":"ping","msg_id":7}}`
	const tooLong = `{"src":"n1","dest":"%s","body":{"in_reply_to":7,"type":"error","code":12,"text":"src is longer than 1 KiB"}}`
	// An empty want means that there is no answer, any other how it begins.
	for _, test := range []struct{ name, line, want string }{
		{"a request", ping + `}}`, pong},
		{"carriage return", ping + "}}\r", pong},
		{"empty lines", "\n\r\n \n" + ping + "}}\n\n", pong},
		{"spaces around", "  \t" + ping + "}}  ", pong},
		{"an unknown field", ping + `,"x":[1,{"y":null}]},"id":9}`, pong},
		{"msg_id 0", `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":0}}`, `{"src":"n1","dest":"c1","body":{"in_reply_to":0,"type":"pong"}}`},
		{"invalid UTF-8 in a field", ping + ",\"x\":\"\xff\xfe\"}}", pong},
		{"nested 5000 deep", ping + `,"x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}}`, pong},
		{"100 KiB", ping + long, pong},
		{"64 KiB to the byte", pad(64<<10-2, ping+`,"x":"%s"}}`), pong},
		{"100 KiB and a key in two spellings", `{"src":"c1","dest":"n1","body":{"type":"gong","TYPE":"ping","msg_id":9,"MSG_ID":7,"in_reply_to":5,"IN_REPLY_TO":0` + long, pong},
		{"100 KiB and a key with null", ping + `,"type":null,"msg_id":null` + long, pong},
		{"many fields", ping + strings.Repeat(`,"field":1`, 9000) + `}}`, pong},
		{"2 MiB", ping + longer, errorReply(12, "line longer than 1 MiB")},
		{"2 MiB and the address behind other fields", `{"x":[{},{"a":1}],"src":"c1","body":{"y":{"msg_id":1},"msg_id":5,"msg_id":7},"dest":"n1"` + longer[:len(longer)-1], errorReply(12, "line longer than 1 MiB")},
		{"2 MiB with commas", ping + `,"x":"` + strings.Repeat("x,", 1<<20) + `"}}`, errorReply(12, "line longer than 1 MiB")},
		{"2 MiB that are no JSON behind a msg_id", ping + `,"x":,` + longer, errorReply(12, "line longer than 1 MiB")},
		{"2 MiB in front of the rest of the body", ping + `,"z":5` + longer[:len(longer)-2] + `,"in_reply_to":5}}`, errorReply(12, "line longer than 1 MiB")},
		{"duplicate keys, the last counts", ping + `,"type":"pong","type":"ping"}}`, pong},
		{"two bodies, the last counts", `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":7},"body":{"type":"gong","msg_id":7}}`, errorReply(10, "")},
		{"two bodies, the last empty", `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":7},"body":{}}`, ""},

		{"a client whose name has 1 KiB", named(1024, fromNamed), named(1024, `{"src":"n1","dest":"%s","body":{"in_reply_to":7,"type":"pong"}}`)},
		{"a client whose name is longer", named(1025, fromNamed), named(1025, tooLong)},
		{"a client whose name almost fills the library's line", named(60_000, fromNamed), named(60_000, tooLong)},
		{"a client whose name has 100 kB", named(100_000, fromNamed), named(100_000, tooLong)},

		{"unknown type", `{"src":"c1","dest":"n1","body":{"type":"gong","msg_id":7}}`, errorReply(10, "request type")},
		{"unknown type and msg_id 0", `{"src":"c1","dest":"n1","body":{"type":"gong","msg_id":0}}`, `{"src":"n1","dest":"c1","body":{"in_reply_to":0,"type":"error","code":10`},
		{"no type", `{"src":"c1","dest":"n1","body":{"msg_id":7}}`, errorReply(10, "")},
		{"a type that is not a string", `{"src":"c1","dest":"n1","body":{"type":5,"msg_id":7}}`, errorReply(12, "body: type is a JSON number, not a string")},
		{"a code that is not a number", `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":7,"code":"x"}}`, errorReply(12, "body: code is a JSON string, not a 64-bit integer")},
		{"a second init for another", `{"src":"c1","dest":"n1","body":{"type":"init","msg_id":7,"node_id":"n2","node_ids":["n1","n2"]}}`, errorReply(12, "init")},
		{"a second init for another cluster", `{"src":"c1","dest":"n1","body":{"type":"init","msg_id":7,"node_id":"n1","node_ids":["n1"]}}`, errorReply(12, "init")},
		{"an init with a node twice", `{"src":"c1","dest":"n1","body":{"type":"init","msg_id":7,"node_id":"n1","node_ids":["n1","n2","n2"]}}`,
			errorReply(12, "init: node_ids has a node twice")},
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
		{"2 MiB in front of a msg_id that is cut", pad(64<<10-17, `{"src":"c1","dest":"n1","body":{"type":"ping","x":"%s`) + `","msg_id":7777777` + longer, ""},
		{"a reply of 2 MiB", `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":7,"in_reply_to":5` + longer, ""},
		{"a list of 2 MiB", `[` + strings.Repeat(`"body",`, 2<<17) + `7]`, ""},
		{"a reply to nothing", `{"src":"seq-kv","dest":"n1","body":{"type":"read_ok","in_reply_to":99}}`, ""},
		// If replies were refused, errors could go back and forth for ever.
		{"a reply of one whose name is too long", named(2000, `{"src":"%s","dest":"n1","body":{"type":"error","in_reply_to":5,"msg_id":7,"code":12}}`), ""},
		{"a malformed reply to a text", `{"src":"n2","dest":"n1","body":{"type":"error","in_reply_to":"5","msg_id":7,"code":12}}`, ""},
		{"a malformed reply", `{"src":"seq-kv","dest":"n1","body":{"type":"error","in_reply_to":99,"msg_id":7,"code":"x"}}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			// A good request after it, without a newline, shows that the node
			// goes on.
			after := `{"src":"c2","dest":"n1","body":{"type":"ping","msg_id":8}}`
			out, logged := feed(t, initLine+"\n"+test.line+"\n"+after)
			answers := slices.DeleteFunc(slices.Clone(out), func(line string) bool {
				return line == initOK || line == `{"src":"n1","dest":"c2","body":{"in_reply_to":8,"type":"pong"}}`
			})
			switch {
			case len(out) != len(answers)+2:
				t.Errorf("init or the request after it was not served: %q", out)
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
	if !slices.Equal(out, want) {
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
		name, src, reply string // without in_reply_to
		want             string // the error, or how it begins
	}{
		{"ok", "seq-kv", `{"type":"read_ok","value":9007199254740993}`, "<nil>"},
		{"error 22", "seq-kv", `{"type":"error","code":22,"text":"x"}`, `RPCError(PreconditionFailed, "x")`},
		{"error 0", "seq-kv", `{"type":"error","code":0,"text":"x"}`, `RPCError(Timeout, "x")`},
		{"another's", "c1", `{"type":"read_ok","value":1}`, context.DeadlineExceeded.Error()},
		{"none", "", "", context.DeadlineExceeded.Error()},
		{"wrong type", "seq-kv", `{"type":"cas_ok"}`, `reply of seq-kv: type "cas_ok" instead of "read_ok"`},
		{"value of the wrong type", "seq-kv", `{"type":"read_ok","value":"x"}`, "reply of seq-kv: json: cannot unmarshal string"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				answer := func(c *maelstromtest.Conversation, p maelstromtest.Packet) {
					if test.src != "" {
						p.Dest = test.src
						c.Answer(p, "%s", test.reply)
						c.Answer(p, `{"type":"error","code":21}`) // which is too late
					}
				}
				c, n := converse(t, maelstromtest.Setting{Services: map[string]maelstromtest.Responder{"seq-kv": answer}}, nil)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				var reply struct{ Value int64 }
				err := n.Ask("seq-kv", map[string]any{"type": "read", "key": "k"})(ctx, "read_ok", &reply)
				value := int64(9007199254740993)
				if got := fmt.Sprint(err); !strings.HasPrefix(got, test.want) || err == nil && reply.Value != value {
					t.Errorf("got %d, %s", reply.Value, got)
				}
				synctest.Wait()
				if n.mu.Lock(); len(n.pending) > 0 {
					t.Errorf("%d requests left behind", len(n.pending))
				}
				n.mu.Unlock()
				c.Unheard()
			})
		})
	}
}

func TestAtTheEndHandlersAreGivenNoticeAndTheNodeEnds(t *testing.T) {
	for name, end := range map[string]func(*maelstromtest.Conversation){
		"of input": (*maelstromtest.Conversation).End,
		"by a stop": func(c *maelstromtest.Conversation) {
			c.Stop()
			synctest.Wait()
			c.Send("c2", `{"type":"wait","msg_id":8}`)
			if p := c.Hear(); p.Dest != "c2" || p.InReplyTo != 8 || p.Code != maelstrom.TemporarilyUnavailable {
				t.Errorf("a request that came too late was answered %v", p)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _ := converse(t, maelstromtest.Setting{}, handlers{"wait": func(n *Node, msg maelstrom.Message) {
					context.AfterFunc(n.Context(), func() { n.Reply(msg.Src, 7, maelstrom.MessageBody{Type: "waited"}) })
				}})
				c.Send("c1", `{"type":"wait","msg_id":7}`)
				synctest.Wait() // until it has been handled
				begin := time.Now()
				end(c)
				if err := c.Wait(); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begin); took != Grace {
					t.Errorf("took %v", took)
				}
				if p := c.Hear(); p.Dest != "c1" || p.Type != "waited" {
					t.Errorf("the request before it was answered %v", p)
				}
				c.Unheard()
			})
		})
	}
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
	long := io.LimitReader(endless{}, 1<<26)
	after := "\n" + `{"src":"c2","dest":"n1","body":{"type":"ping","msg_id":8}}`
	var stdout bytes.Buffer
	n := New(io.MultiReader(strings.NewReader(initLine+"\n"), long, strings.NewReader(after)), &stdout, slog.New(slog.DiscardHandler), random())
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

// endless is a reader of x.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// FuzzInput feeds a node arbitrary bytes between good requests. It answers each
// good request, and ends without an error.
func FuzzInput(f *testing.F) {
	f.Fuzz(func(t *testing.T, noise []byte) {
		request := func(id int) string {
			return fmt.Sprintf(`{"src":"good","dest":"n1","body":{"type":"ping","msg_id":%d}}`+"\n", id)
		}
		out, _ := feed(t, string(noise)+"\n"+initLine+"\n"+request(2)+string(noise)+"\n"+request(3))
		// The noise may have been an init that gave the node another name.
		renamed := func(line string) bool {
			return strings.Contains(line, `"init_ok"`) && !strings.Contains(line, `"src":"n1"`)
		}
		if slices.ContainsFunc(out, renamed) {
			return
		}
		for id := 2; id <= 3; id++ {
			want := fmt.Sprintf(`{"src":"n1","dest":"good","body":{"in_reply_to":%d,"type":"pong"}}`, id)
			if !slices.Contains(out, want) {
				t.Errorf("request %d was not answered; output:\n%s", id, strings.Join(out, "\n"))
			}
		}
	})
}

func TestAComplaintNamesTheFieldAndNotItsGoType(t *testing.T) {
	for _, test := range []struct{ json, want string }{
		{`5`, "it is a JSON number, not an object"},
		{`{"src":["n1"]}`, "src is a JSON array, not a string"},
		{`{"body":{"msg_id":1.5}}`, "msg_id is a JSON number 1.5, not a 64-bit integer"},
		{`{"body":{"msg_id":` + strings.Repeat("9", 1000) + `}}`, "msg_id is a JSON number " + strings.Repeat("9", 33) + ", not a 64-bit integer"},
		{`{"src":`, "unexpected end of JSON input"},
	} {
		var message struct {
			Src  string                `json:"src"`
			Body maelstrom.MessageBody `json:"body"`
		}
		if got := Complaint(json.Unmarshal([]byte(test.json), &message)); got != test.want {
			t.Errorf("%s: %q, want %q", test.json, got, test.want)
		}
	}
}
