package maelstromtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/service"
	"maelstrom-counter/internal/bench/verdict"
)

// ErrTimeout is the error of a request that was not answered in time.
var ErrTimeout = errors.New("no answer in time")

// A Body is the body of a request, without its msg_id.
type Body = map[string]any

// A Reply is the body of an answer.
type Reply map[string]json.RawMessage

// ReplyOf reads the body of a message.
func ReplyOf(body json.RawMessage) (Reply, error) { return service.Fields(body) }

// Type returns the reply's type, or an empty string if it has none.
func (r Reply) Type() string { return r.text("type") }

func (r Reply) text(field string) string {
	s, _ := service.StringOf(r[field])
	return s
}

// rpcError returns nil if the reply is not an error. Otherwise it returns a
// *maelstrom.RPCError, or another error if the reply is malformed. To Maelstrom
// that is an indeterminate error.
func (r Reply) rpcError() error {
	if r.Type() != "error" {
		return nil
	}
	code, err := strconv.Atoi(string(r["code"]))
	switch {
	case r["code"] == nil:
		return errors.New("error has no code" + r.becauseOf())
	case err != nil:
		return fmt.Errorf("error has the code %s, which is not an error code%s", r["code"], r.becauseOf())
	}
	return maelstrom.NewRPCError(code, r.text("text"))
}

// becauseOf returns the text of an error reply, after a colon, if it has one.
func (r Reply) becauseOf() string {
	if text := r.text("text"); text != "" {
		return ": " + text
	}
	return ""
}

// definite reports whether an error with this code means that the request did
// not take effect, according to Maelstrom's errors.edn.
func definite(code int) bool {
	return slices.Contains([]int{1, 10, 11, 12, 14, 20, 21, 22, 30}, code)
}

// A benchClient sends requests, one at a time, like Maelstrom's client.clj. It
// belongs to the bench's goroutine.
type benchClient struct {
	b        *bench
	endpoint *endpoint
	lastID   int
	awaited  int // the msg_id of the open request, or zero
	answered func(Reply, error)
	late     map[int]bool // requests that were given up and have had no reply since

	// The last request:
	node  *node
	kind  string
	began time.Duration
	over  time.Duration
}

func (b *bench) newClient() *benchClient {
	c := &benchClient{b: b, late: map[int]bool{}}
	c.endpoint = b.network.add(fmt.Sprintf("c%d", b.clients), aClient, c.receive)
	b.clients++
	return c
}

// A bodyError says why a body cannot be sent as a request.
type bodyError struct{ error }

func (e bodyError) Unwrap() error { return e.error }

// request sends a request to a node, and calls answered once: with the reply,
// or its rpcError, or ErrTimeout, or at once with a bodyError.
func (c *benchClient) request(n *node, body any, timeout time.Duration, answered func(Reply, error)) {
	if line := c.expect(n, body, timeout, answered); line != nil {
		c.b.network.send(c.endpoint, n.endpoint, line)
	}
}

// expect is like request but sends nothing: it returns the body to send, or nil
// if there is none.
func (c *benchClient) expect(n *node, body any, timeout time.Duration, answered func(Reply, error)) json.RawMessage {
	line, err := json.Marshal(body)
	if err == nil && (len(line) < 3 || line[0] != '{') {
		err = errors.New("the body is not an object with fields")
	}
	if err != nil {
		answered(nil, bodyError{fmt.Errorf("request to %s: %w", n.name, err)})
		return nil
	}
	c.lastID++
	id := c.lastID
	line = append([]byte(`{"msg_id":`+strconv.Itoa(id)+`,`), line[1:]...)
	c.awaited, c.answered = id, answered
	c.node, c.began = n, c.b.now()
	var named struct{ Type string }
	json.Unmarshal(line, &named) // a body without a type has no name
	c.kind = named.Type
	c.b.after(timeout, func() {
		if c.awaited == id {
			c.fail(ErrTimeout)
		}
	})
	return line
}

// fail ends the open request, if there is one, with an error.
func (c *benchClient) fail(err error) {
	if c.awaited == 0 {
		return
	}
	c.late[c.awaited] = true
	c.awaited, c.over = 0, c.b.now()
	c.answered(nil, err)
}

// close takes the client out of the network once its last request is over. As
// in Maelstrom, a node that sends it a message after that is mute. Maelstrom
// neither kills nor pauses nodes: if the bench did so during the request, the
// node cannot know that it is over, and the client stays.
func (c *benchClient) close() {
	switch {
	case c.node.wasDown(c.began, c.over):
	case c.kind == "init":
		c.endpoint.gone = "its init was over"
	default:
		c.endpoint.gone = fmt.Sprintf("its %s made at %s was over at %s",
			c.kind, verdict.Time(c.began-c.b.epoch), verdict.Time(c.over-c.b.epoch))
	}
}

func (c *benchClient) receive(m *message) {
	fields, _ := service.Fields(m.body) // a message's body is an object
	r := Reply(fields)
	id, err := strconv.Atoi(string(r["in_reply_to"]))
	switch {
	case err != nil || id < 1 || id > c.lastID:
		c.b.complain(wellFormed, "%s sent %s a reply to none of its requests: %s", sender(m), c.endpoint.name, verdict.Shown(string(m.body)))
	case id == c.awaited:
		c.awaited, c.over = 0, c.b.now()
		c.answered(r, r.rpcError())
	case c.late[id]:
		c.b.Late++
		delete(c.late, id)
	default:
		c.b.complain(wellFormed, "%s answered request %d of %s, which had been answered: %s",
			sender(m), id, c.endpoint.name, verdict.Shown(string(m.body)))
	}
}

// sender says who has sent a message to a client. Services send clients
// nothing, but a node may print any src, and only the src is known.
func sender(m *message) string {
	if m.src.kind != aNode {
		return "somebody with the src " + m.src.name
	}
	return m.src.name
}
