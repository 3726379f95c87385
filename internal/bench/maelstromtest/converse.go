package maelstromtest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// hearing is how long a conversation waits for a message, and for the node's
// end.
const hearing = 5 * time.Second

// A Setting says what node a Conversation is with. Its zero value is n0, alone
// in its cluster.
type Setting struct {
	Node  string           // the node's name; empty: n0
	Nodes []string         // the cluster; empty: Node alone
	Raw   bool             // send the node no init: the test does
	Args  []string         // for the node
	Seed  uint64           // for the node
	Now   func() time.Time // the node's wall clock; nil: time.Now

	// Services answer what the node sends to the services, or other nodes, of
	// these names. The test does not hear it.
	Services map[string]Responder
	// Ignore, if set, is given each line that the node writes. The test does
	// not hear those for which it returns true.
	Ignore func(line []byte) bool
}

// A Responder is given each message that the node sends to it. It may answer
// with [Conversation.Answer]: at once or later (with time.AfterFunc), once,
// more than once, or not at all. It is called for one message after the other,
// while the node writes, so it must not wait for the node.
type Responder func(c *Conversation, p Packet)

// A Conversation is with one node. The test plays the node's network: its
// clients, its services and the other nodes. Inside a synctest bubble, which
// the test opens, time is virtual; outside one it is real. Every message is
// delivered at once. Writing never blocks, neither for the test nor for the
// node.
//
// Input, Line, Send, Request, Answer, End, Stop, Ended and Stderr may be called
// from any goroutine. The other methods may be called from the test's goroutine
// only.
type Conversation struct {
	t       testing.TB
	node    string
	stdin   *pipe
	stderr  *pipe
	stop    context.CancelFunc
	setting Setting
	ended   chan struct{} // closed when the node has ended and its last line has been heard
	err     error         // what the node ended with; to be read when ended is closed
	waited  bool          // the test has seen err

	mu     sync.Mutex
	heard  []Packet      // not yet taken by the test
	news   chan struct{} // has an element when something was added to heard
	lastID int           // of Request
}

// Converse starts a node, sends it init as client c0, and waits for init_ok. At
// the end of the test it ends the node's input and waits for the node to end.
// The test fails if the node then returns an error, unless the test itself has
// called Wait or Close. In a bubble, t must be the bubble's own.
func Converse(t testing.TB, setting Setting, program Program) *Conversation {
	t.Helper()
	stop, cancel := context.WithCancel(context.Background())
	c := &Conversation{t: t, node: cmp.Or(setting.Node, "n0"), setting: setting, stop: cancel,
		stdin: newPipe(), stderr: newPipe(), ended: make(chan struct{}), news: make(chan struct{}, 1)}
	env := Env{Args: setting.Args, Stdin: c.stdin, Stderr: c.stderr, Now: setting.Now, Seed: setting.Seed, Stop: stop}
	if env.Now == nil {
		env.Now = time.Now
	}
	out := &ear{listen: c.listen}
	env.Stdout = out
	go func() {
		defer close(c.ended)
		c.err = program(env)
		out.flush()
	}()
	t.Cleanup(c.cleanUp)
	if !setting.Raw {
		c.init()
	}
	return c
}

func (c *Conversation) init() {
	c.t.Helper()
	nodes := c.setting.Nodes
	if len(nodes) == 0 {
		nodes = []string{c.node}
	}
	c.Send("c0", `{"type":"init","msg_id":1,"node_id":%s,"node_ids":%s}`, toJSON(c.node), toJSON(nodes))
	var reply Packet
	answered := c.wait(func() bool {
		i := slices.IndexFunc(c.heard, func(p Packet) bool { return p.Dest == "c0" && p.InReplyTo == 1 })
		if i < 0 {
			return false
		}
		reply = c.heard[i]
		c.heard = slices.Delete(c.heard, i, i+1)
		return true
	})
	switch {
	case !answered:
		c.t.Fatalf("maelstromtest: the node did not answer init%s", c.ending())
	case reply.Type != "init_ok":
		c.t.Fatalf("maelstromtest: the node answered init with %v", reply)
	}
}

// cleanUp ends the node, and fails the test if the node has an error that the
// test has not seen.
func (c *Conversation) cleanUp() {
	defer c.stop()
	if c.waited {
		c.End() // for a goroutine that may still be reading
		return
	}
	if err := c.Close(); err != nil {
		c.t.Errorf("maelstromtest: the node ended with: %v", err)
	}
}

// Input gives the node input as it is.
func (c *Conversation) Input(text string) { c.stdin.Write([]byte(text)) }

// Line gives the node a line of input, to which it adds the newline.
func (c *Conversation) Line(line string) { c.Input(line + "\n") }

// Send sends the node a message from src. Its body is JSON, formatted as by
// fmt.Sprintf.
func (c *Conversation) Send(src, format string, args ...any) {
	c.Line(fmt.Sprintf(`{"src":%s,"dest":%s,"body":%s}`, toJSON(src), toJSON(c.node), fmt.Sprintf(format, args...)))
}

// Request is like Send, and adds a msg_id to the body, which must be an object
// with a type. No two calls use the same msg_id. It returns the msg_id, which
// is the reply's InReplyTo.
func (c *Conversation) Request(src, format string, args ...any) (msgID int) {
	c.mu.Lock()
	c.lastID++
	id := c.lastID
	c.mu.Unlock()
	c.Send(src, "%s", withField("msg_id", id, fmt.Sprintf(format, args...)))
	return id
}

// Answer sends the node a reply to one of its messages, in the name of that
// message's receiver. It adds in_reply_to to the body, an object with a type,
// formatted as by fmt.Sprintf. A message may be answered more than once.
func (c *Conversation) Answer(p Packet, format string, args ...any) {
	c.Send(p.Dest, "%s", withField("in_reply_to", p.MsgID, fmt.Sprintf(format, args...)))
}

// withField adds a field to the front of an object that has others.
func withField(name string, n int, object string) string {
	return `{"` + name + `":` + strconv.Itoa(n) + "," + strings.TrimPrefix(object, "{")
}

// toJSON returns v, a string or a list of strings, as JSON.
func toJSON(v any) []byte {
	raw, _ := json.Marshal(v) // these can always be marshalled
	return raw
}

// Hear waits for the next message of one of these types and returns it. It
// drops the messages before it. Without types it returns the next message. The
// test fails if nothing comes for 5 s or the node ends first.
func (c *Conversation) Hear(types ...string) Packet {
	c.t.Helper()
	var forgotten []Packet
	for {
		if !c.wait(func() bool { return len(c.heard) > 0 }) {
			c.t.Fatalf("maelstromtest: the node sent none of %v%s; before that it sent %v", types, c.ending(), forgotten)
		}
		c.mu.Lock()
		p := c.heard[0]
		c.heard[0] = Packet{} // so that it can be freed
		if c.heard = c.heard[1:]; len(c.heard) == 0 {
			c.heard = nil
		}
		c.mu.Unlock()
		if p.is(types) {
			return p
		}
		forgotten = append(forgotten, p)
	}
}

// Unheard lets a millisecond pass. The test fails if the node has by then sent
// a message of one of these types, or, without types, any message. It drops all
// messages that have come.
func (c *Conversation) Unheard(types ...string) {
	c.t.Helper()
	time.Sleep(time.Millisecond)
	for _, p := range c.Heard() {
		if p.is(types) {
			c.t.Errorf("maelstromtest: the node sent %v", p)
		}
	}
}

// Heard returns, without waiting, the messages that have come and that the test
// has not yet heard.
func (c *Conversation) Heard() []Packet {
	c.mu.Lock()
	defer c.mu.Unlock()
	heard := c.heard
	c.heard = nil
	return heard
}

// End ends the node's input.
func (c *Conversation) End() { c.stdin.close() }

// Stop asks the node to end, as a signal does: it ends Env.Stop.
func (c *Conversation) Stop() { c.stop() }

// Wait waits for the node to end and returns its error. If it does not end
// within 5 s, the test fails.
func (c *Conversation) Wait() error {
	c.t.Helper()
	c.waited = true
	select {
	case <-c.ended:
	case <-time.After(hearing):
		c.t.Fatalf("maelstromtest: the node has not ended after %v", hearing)
	}
	return c.err
}

// Ended is closed when the node has ended and the test can hear its last words.
func (c *Conversation) Ended() <-chan struct{} { return c.ended }

// Close calls End and then Wait.
func (c *Conversation) Close() error {
	c.t.Helper()
	c.End()
	return c.Wait()
}

// Stderr returns what the node has written to its standard error.
func (c *Conversation) Stderr() string { return c.stderr.String() }

// wait waits until a condition on what mu guards holds. It returns false if the
// node ends or hearing runs out first.
func (c *Conversation) wait(until func() bool) bool {
	timeout := time.NewTimer(hearing)
	defer timeout.Stop()
	over := false
	for {
		c.mu.Lock()
		holds := until()
		c.mu.Unlock()
		if holds || over {
			return holds
		}
		select {
		case <-c.news:
		case <-c.ended:
			over = true // but look once more
		case <-timeout.C:
			over = true
		}
	}
}

// ending says how long the node has been silent, or how it has ended.
func (c *Conversation) ending() string {
	select {
	case <-c.ended:
		if c.err != nil {
			return fmt.Sprintf(" before it ended with: %v", c.err)
		}
		return " before it ended"
	default:
		return fmt.Sprintf(" for %v", hearing)
	}
}

// listen takes a line that the node has written.
func (c *Conversation) listen(line []byte) {
	if c.setting.Ignore != nil && c.setting.Ignore(line) {
		return
	}
	p, err := ParsePacket(line)
	p.At = time.Now()
	if err != nil {
		c.t.Errorf("maelstromtest: the node wrote %q: %v", line, err)
		return
	}
	if serve := c.setting.Services[p.Dest]; serve != nil {
		serve(c, p)
		return
	}
	c.mu.Lock()
	c.heard = append(c.heard, p)
	c.mu.Unlock()
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// An ear is a node's standard output, which is listened to line by line.
type ear struct {
	listen func(line []byte)

	mu      sync.Mutex
	partial []byte
}

func (e *ear) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.partial = cutLines(e.partial, p, e.listen)
	return len(p), nil
}

// flush takes a last line without a newline.
func (e *ear) flush() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.partial) > 0 {
		e.listen(e.partial)
		e.partial = nil
	}
}
