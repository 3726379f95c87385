// Package node implements a Maelstrom node that survives any input. It runs the
// node of Maelstrom's Go library behind a filter that takes any bytes
// (input.go). Its own requests to other nodes and services differ from the
// library's:
//
//   - A request that is given up leaves nothing behind: no goroutine that waits
//     to hand over a late reply, no callback.
//   - An error reply with code 0 (timeout) is an error.
//   - Requests have identifiers that an earlier life of the node has not used.
//   - Bodies are sent as they were marshalled. The library would turn their
//     integers into float64s.
//   - A reply counts only if it comes from the node or service that was asked,
//     and has the type that was asked for.
//
// The library still decodes the messages, keeps the node's identity, and
// decides which handler a request goes to. Handlers run one after the other, in
// a goroutine that lives as long as the node. The library would start a
// goroutine for each request, which would spend more time on growing its stack
// than on the request.
package node

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
)

// Grace is how long, after the end of input, requests may still be answered
// with what has already arrived.
const Grace = 200 * time.Millisecond

// MaxRequests bounds the requests that have been read and not yet answered.
// While there are so many, no more are read. Handlers must refuse requests
// before that, because the replies that they wait for would not be read either.
const MaxRequests = 1<<16 + 1<<10

// A Node is one participant of a Maelstrom network. Create it with New,
// register handlers, then Run it once.
type Node struct {
	log      *slog.Logger
	library  *maelstrom.Node
	in       *source
	stdout   io.Writer
	out      *buffer
	handlers map[string]maelstrom.HandlerFunc // by type of request
	requests chan func()                      // requests on their way to their handlers
	open     gate                             // counts the requests not yet answered
	ready    chan struct{}                    // closed after init: ID and Nodes may be called
	ended    chan struct{}                    // closed when Run ends
	nonce    int64
	ctx      context.Context // ends when no more answers are expected
	cancel   context.CancelFunc

	mu      sync.Mutex            // guards what follows
	lastID  map[string]int        // by destination
	pending map[call]chan<- reply // each channel has room for its one reply
}

// A call identifies a request that waits for a reply.
type call struct {
	dest string
	id   int // its msg_id
}

// A reply is a message that answers a call, with those fields of its body that
// any reply may have.
type reply struct {
	msg  maelstrom.Message
	body maelstrom.MessageBody
}

// New returns a node that talks over stdin and stdout, one JSON message per
// line. It numbers its requests from a random number on. So it does not take a
// reply to an earlier life of the node, which was killed, for one to this life.
func New(stdin io.Reader, stdout io.Writer, log *slog.Logger, random *rand.Rand) *Node {
	n := &Node{
		log:      log,
		library:  maelstrom.NewNode(),
		in:       &source{stdin: make(chan io.Reader, 1)},
		stdout:   stdout,
		handlers: make(map[string]maelstrom.HandlerFunc),
		requests: make(chan func()),
		open:     newGate(),
		ready:    make(chan struct{}),
		ended:    make(chan struct{}),
		nonce:    random.Int64N(1 << 52),
		lastID:   make(map[string]int),
		pending:  make(map[call]chan<- reply),
	}
	n.in.stdin <- stdin
	n.in.ahead = newBuffer(func() {})
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.out = newBuffer(sync.OnceFunc(func() { go n.readAhead() }))
	n.library.Stdin = &input{node: n, lines: bufio.NewReaderSize(n.in, maxLine)}
	return n
}

// Handle registers the handler of a type of request. The handler must return
// soon, because the other requests wait for it. Each request must be answered
// once, by Reply or ReplyError, at the latest soon after Context has ended.
func (n *Node) Handle(typ string, handler func(maelstrom.Message)) {
	n.handlers[typ] = func(msg maelstrom.Message) error {
		select {
		case n.requests <- func() { handler(msg) }:
		case <-n.ended:
			n.open.leave()
		}
		return nil
	}
	n.library.Handle(typ, n.handlers[typ])
}

// Ready is closed once the node has been initialized: then ID and Nodes are
// known.
func (n *Node) Ready() <-chan struct{} { return n.ready }

// ID is this node's name.
func (n *Node) ID() string { return n.library.ID() }

// Nodes lists all nodes of the cluster, including this one. The order is the
// same on each node.
func (n *Node) Nodes() []string { return n.library.NodeIDs() }

// IsMember reports whether id is a node of the cluster.
func (n *Node) IsMember(id string) bool { return slices.Contains(n.Nodes(), id) }

// Nonce is a random number from 0 to 2^52-1 that tells this life of the node
// from any other. The node numbers its requests from there on.
func (n *Node) Nonce() int64 { return n.nonce }

// Context ends Grace after the end of input, or when Run returns. Requests that
// still wait should then be answered at once.
func (n *Node) Context() context.Context { return n.ctx }

// Run handles messages until the end of input, or until stop ends. It returns
// when all requests have been answered, with an error if the input could not be
// read or the output could not be written.
func (n *Node) Run(stop context.Context) error {
	defer close(n.ended)
	defer n.cancel()
	defer n.out.end(io.ErrClosedPipe) // for those who still write
	defer n.in.ahead.end(io.ErrClosedPipe)
	go n.handle()
	written := make(chan error, 1)
	go func() { written <- n.out.flush(n.stdout) }()
	read := make(chan error, 1)
	go func() { read <- n.library.Run() }()
	var failure error
	select {
	case failure = <-read:
	case err := <-written:
		return err
	case <-stop.Done():
		// The library still waits for input. It is left waiting, since nothing
		// can interrupt it.
	}

	// Answer the requests that have arrived, and soon stop waiting for anything
	// else.
	defer time.AfterFunc(Grace, n.cancel).Stop()
	go func() {
		n.open.close()
		n.out.end(io.ErrClosedPipe)
	}()
	select {
	case err := <-written:
		if err == nil && failure != nil {
			err = fmt.Errorf("reading messages: %w", failure)
		}
		return err
	case <-time.After(3 * Grace):
		return errors.New("writing messages: nobody reads them")
	}
}

// handle runs the handlers.
func (n *Node) handle() {
	for {
		select {
		case handle := <-n.requests:
			handle()
		case <-n.ended:
			return
		}
	}
}

// readAhead reads the input, once the output has been full. So the end of input
// is noticed even while the lines before it wait. What is then still to be
// written is bounded, so nothing needs to wait for room any more.
func (n *Node) readAhead() {
	_, err := io.Copy(n.in.ahead, <-n.in.stdin)
	n.in.ahead.end(cmp.Or(err, io.EOF))
	n.out.unbound()
}

// Reply answers request msgID of dest.
func (n *Node) Reply(dest string, msgID int, body any) {
	n.respond(n.ID(), dest, msgID, body)
	n.open.leave()
}

// ReplyError answers request msgID of dest with an error.
func (n *Node) ReplyError(dest string, msgID int, failure *maelstrom.RPCError) {
	n.Reply(dest, msgID, errorBody{"error", failure.Code, failure.Text})
}

// An errorBody is the body of an error reply. (The library's leaves out a code
// that is 0.)
type errorBody struct {
	Type string `json:"type"`
	Code int    `json:"code"`
	Text string `json:"text"`
}

// respond sends a reply. If that fails, so does the output, and Run returns the
// error.
func (n *Node) respond(src, dest string, msgID int, body any) {
	if err := n.send(src, dest, "in_reply_to", msgID, body); err != nil {
		n.log.Debug("cannot reply", "to", dest, "err", err)
	}
}

// Post sends a message to dest and does not wait for a reply.
func (n *Node) Post(dest string, body any) error {
	return n.send(n.ID(), dest, "msg_id", n.nextID(dest), body)
}

// nextID returns the number of the next request to dest. Each destination has
// its own numbers, so the numbers do not depend on the order in which
// goroutines send to different destinations. That makes simulations
// reproducible.
func (n *Node) nextID(dest string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lastID[dest] = cmp.Or(n.lastID[dest], int(n.nonce)) + 1
	return n.lastID[dest]
}

// Ask sends a request to dest. It returns a function that waits for the reply,
// and that must be called once.
//
// The body of the reply must have type want, and is unmarshalled into into. The
// function returns a *maelstrom.RPCError if dest answered with an error, and
// the context's error if dest did not answer in time. In the second case the
// request may have taken effect.
func (n *Node) Ask(dest string, request any) (wait func(ctx context.Context, want string, into any) error) {
	answer := make(chan reply, 1)
	c := call{dest, n.nextID(dest)}
	n.mu.Lock()
	n.pending[c] = answer
	n.mu.Unlock()
	err := n.send(n.ID(), dest, "msg_id", c.id, request)
	return func(ctx context.Context, want string, into any) error {
		defer func() {
			n.mu.Lock()
			delete(n.pending, c)
			n.mu.Unlock()
		}()
		if err != nil {
			return fmt.Errorf("request to %s: %w", dest, err)
		}
		select {
		case r := <-answer:
			return r.decode(want, into)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// deliver hands a reply to the call that waits for it. It drops a reply that no
// call waits for.
func (n *Node) deliver(r reply) {
	n.mu.Lock()
	defer n.mu.Unlock()
	select {
	case n.pending[call{r.msg.Src, r.body.InReplyTo}] <- r:
	default: // nobody waits, or it has been answered already
	}
}

// decode unmarshals the body of a reply of type want.
func (r reply) decode(want string, into any) error {
	switch {
	case r.body.Type == "error":
		return maelstrom.NewRPCError(r.body.Code, r.body.Text)
	case r.body.Type != want:
		return fmt.Errorf("reply of %s: type %q instead of %q", r.msg.Src, r.body.Type, want)
	}
	if err := json.Unmarshal(r.msg.Body, into); err != nil {
		return fmt.Errorf("reply of %s: %w", r.msg.Src, err)
	}
	return nil
}

// send sends a message. The body must be a JSON object with at least one field.
// The given field is added in front. The library's Send is not used, because it
// holds a lock while the output blocks, and parses the body once more.
func (n *Node) send(src, dest, field string, id int, body any) error {
	fields, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if len(fields) < 3 || fields[0] != '{' {
		return errors.New("message body is not a JSON object with fields")
	}
	line := make([]byte, 0, len(fields)+len(src)+len(dest)+80)
	line = appendString(append(line, `{"src":`...), src)
	line = appendString(append(line, `,"dest":`...), dest)
	line = append(append(append(line, `,"body":{"`...), field...), `":`...)
	line = append(strconv.AppendInt(line, int64(id), 10), ',')
	line = append(append(line, fields[1:]...), '}')
	n.trace("sent", line)
	_, err = n.out.Write(append(line, '\n'))
	return err
}

// trace logs a message as the JSON that it is, or as text if it is not valid
// JSON.
func (n *Node) trace(what string, message []byte) {
	switch {
	case !n.log.Enabled(n.ctx, slog.LevelDebug):
	case json.Valid(message):
		n.log.Debug(what, "message", json.RawMessage(message))
	default:
		n.log.Debug(what, "message", string(message))
	}
}

// appendString appends s as JSON.
func appendString(line []byte, s string) []byte {
	quoted, _ := json.Marshal(s) // cannot fail for a string
	return append(line, quoted...)
}

// A gate lets at most MaxRequests in at a time.
type gate struct {
	inside chan struct{} // has an element for each
	closed chan struct{}
}

func newGate() gate { return gate{make(chan struct{}, MaxRequests), make(chan struct{})} }

// enter waits until there is room, and goes in. Once the gate is closed, it
// returns false.
func (g gate) enter() bool {
	select {
	case g.inside <- struct{}{}:
		return true
	case <-g.closed:
		return false
	}
}

func (g gate) leave() { <-g.inside }

// close waits until everybody has left, and takes all the room.
func (g gate) close() {
	close(g.closed)
	for range cap(g.inside) {
		g.inside <- struct{}{}
	}
}
