package node

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
)

const (
	// maxLine is the longest line that is read, in bytes.
	maxLine = 1 << 20
	// MaxNodes bounds the size of a cluster. The stored value grows with the number of nodes, and must fit into a line.
	MaxNodes = 5000
	// maxLibraryLine is the longest line that the library takes: the 64 KiB of a bufio.Scanner, with the newline.
	maxLibraryLine = bufio.MaxScanTokenSize - 1
)

// input is a filter in front of the library. The library would end the whole node at a line that is not JSON, is longer
// than 64 KiB, or has a type without a handler. So input handles every line that no handler can serve, and passes only the
// rest to the library:
//
//   - A line that is not a message is logged and dropped.
//   - A message that cannot be served is answered with an error, if it says whom to answer.
//   - A reply goes to the request that waits for it.
//   - The first init is passed on, and everything after it waits until the node knows its name.
type input struct {
	node    *Node
	lines   *lineReader
	rest    []byte // of the line that the library is reading
	named   bool   // an init has been passed to the library
	dropped dropLog
}

// Read returns the next line that is fit for the library.
func (in *input) Read(p []byte) (int, error) {
	for len(in.rest) == 0 {
		if in.named {
			<-in.node.ready
		}
		in.node.out.wait() // while the output is not read, no more input is read
		line, err := in.lines.next()
		switch {
		case err == errLongLine:
			in.drop("line longer than 1 MiB", line)
		case err == nil:
			in.rest = in.filter(line)
		default:
			return 0, err
		}
	}
	n := copy(p, in.rest)
	in.rest = in.rest[n:]
	return n, nil
}

// filter handles one line, and returns what the library is to read instead, or nil for nothing. It decodes in the same steps and
// into the same types as the library, so that a line that passes here cannot fail there.
func (in *input) filter(line []byte) []byte {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return nil
	}
	n := in.node
	if n.log.Enabled(n.ctx, slog.LevelDebug) {
		logMessage(n.log, "received", line)
	}
	var msg maelstrom.Message
	if err := json.Unmarshal(line, &msg); err != nil {
		return in.drop("not a message: "+Complaint(err), line)
	}
	var body maelstrom.MessageBody
	if err := json.Unmarshal(msg.Body, &body); err != nil {
		// A reply is not answered: errors could go back and forth for ever.
		var id struct {
			MsgID     int              `json:"msg_id"`
			InReplyTo *json.RawMessage `json:"in_reply_to"`
		}
		_ = json.Unmarshal(msg.Body, &id) // reads what it can
		if id.InReplyTo != nil {
			return in.drop("not a reply: "+Complaint(err), line)
		}
		body.MsgID = id.MsgID
		return in.refuse(msg, body, maelstrom.MalformedRequest, "body: "+Complaint(err), line)
	}
	switch {
	case msg.Src == "" || msg.Dest == "":
		return in.drop("src or dest is missing", line)
	case in.named && msg.Dest != n.ID():
		return in.drop("for another node", line)
	case body.InReplyTo != 0:
		n.deliver(reply{msg, body})
		return nil
	case !numbered(msg, body):
		return in.drop("neither a reply nor a request that can be answered", line)
	case body.Type == "init":
		return in.init(msg, body, line)
	case !in.named:
		return in.refuse(msg, body, maelstrom.TemporarilyUnavailable, "not initialized", line)
	case !n.types[body.Type]:
		return in.refuse(msg, body, maelstrom.NotSupported, fmt.Sprintf("request type %.64q is not supported", body.Type), line)
	}
	return in.pass(msg, body, line)
}

// pass passes a request to the library. If it is too long for that, its long values are replaced by null.
func (in *input) pass(msg maelstrom.Message, body maelstrom.MessageBody, line []byte) []byte {
	if len(line) >= maxLibraryLine {
		short, err := shorten(msg)
		if err != nil || len(short) >= maxLibraryLine {
			return in.refuse(msg, body, maelstrom.MalformedRequest, "request longer than 64 KiB", line)
		}
		line = short
	}
	if !in.node.open.enter() {
		return in.refuse(msg, body, maelstrom.TemporarilyUnavailable, "the node is shutting down", line)
	}
	return append(line, '\n')
}

// shorten returns a message with null in place of the long values in its body. No valid request has a value of more than
// 1 KiB. The fields keep their order, because the last of several fields with the same name counts, in capitals or not.
func shorten(msg maelstrom.Message) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(msg.Body))
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	short := []byte{'{'}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, err
		}
		if len(value) > 1<<10 {
			value = json.RawMessage("null")
		}
		name, err := json.Marshal(token)
		if err != nil {
			return nil, err
		}
		if len(short) > 1 {
			short = append(short, ',')
		}
		short = append(append(append(short, name...), ':'), value...)
	}
	msg.Body = append(short, '}')
	return json.Marshal(msg)
}

// init passes the first init to the library. Read then waits until it has been handled, because the library writes the
// node's identity without a lock. A later init is answered if it says the same, and refused otherwise.
func (in *input) init(msg maelstrom.Message, body maelstrom.MessageBody, line []byte) []byte {
	n := in.node
	var init maelstrom.InitMessageBody
	err := json.Unmarshal(msg.Body, &init)
	switch {
	case len(line) >= maxLibraryLine:
		return in.refuse(msg, body, maelstrom.MalformedRequest, "init: longer than 64 KiB", line)
	case err != nil:
		return in.refuse(msg, body, maelstrom.MalformedRequest, "init: "+Complaint(err), line)
	case init.NodeID == "" || !slices.Contains(init.NodeIDs, init.NodeID):
		return in.refuse(msg, body, maelstrom.MalformedRequest, "init: node_id is not among node_ids", line)
	case len(init.NodeIDs) > MaxNodes:
		return in.refuse(msg, body, maelstrom.MalformedRequest,
			fmt.Sprintf("init: %d nodes are more than %d", len(init.NodeIDs), MaxNodes), line)
	case repeats(init.NodeIDs):
		return in.refuse(msg, body, maelstrom.MalformedRequest, "init: node_ids has a node twice", line)
	case in.named && !(init.NodeID == n.ID() && slices.Equal(init.NodeIDs, n.Nodes())):
		return in.refuse(msg, body, maelstrom.MalformedRequest, "init: a different init has already named this node "+n.ID(), line)
	case in.named:
		n.respond(msg.Src, body.MsgID, maelstrom.MessageBody{Type: "init_ok"})
		return nil
	}
	in.named = true
	return append(line, '\n')
}

// repeats reports whether names has a name more than once.
func repeats(names []string) bool {
	seen := make(map[string]bool)
	for _, name := range names {
		if seen[name] {
			return true
		}
		seen[name] = true
	}
	return false
}

// Complaint says why JSON could not be unmarshalled. It names the message's field, without the Go types around it.
func Complaint(err error) string {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return err.Error()
	}
	want := map[reflect.Kind]string{reflect.String: "a string", reflect.Slice: "an array", reflect.Struct: "an object"}[wrong.Type.Kind()]
	return fmt.Sprintf("%s is a JSON %.40s, not %s", cmp.Or(wrong.Field[strings.LastIndexByte(wrong.Field, '.')+1:], "it"), wrong.Value, cmp.Or(want, "a 64-bit integer"))
}

// refuse answers a request that no handler can take.
func (in *input) refuse(msg maelstrom.Message, body maelstrom.MessageBody, code int, text string, line []byte) []byte {
	if msg.Src == "" || msg.Dest == "" || !numbered(msg, body) {
		return in.drop(text, line)
	}
	failure := errorBody{Type: "error", Code: code, Text: text}
	if in.named {
		in.node.respond(msg.Src, body.MsgID, failure)
	} else {
		in.node.respondAs(msg.Dest, msg.Src, body.MsgID, failure)
	}
	return nil
}

// numbered reports whether a message has a msg_id, which may be 0.
func numbered(msg maelstrom.Message, body maelstrom.MessageBody) bool {
	if body.MsgID != 0 {
		return true
	}
	var id struct {
		MsgID *int `json:"msg_id"`
	}
	return json.Unmarshal(msg.Body, &id) == nil && id.MsgID != nil
}

// drop logs a line that is ignored.
func (in *input) drop(why string, line []byte) []byte {
	if suppressed, ok := in.dropped.allow(time.Now()); ok {
		in.node.log.Warn("dropped a line", "why", why, "line", fmt.Sprintf("%.200s", line), "unlogged", suppressed)
	}
	return nil
}

var errLongLine = errors.New("line too long")

// A lineReader splits its input into lines of at most maxLine bytes.
type lineReader struct {
	r    *bufio.Reader
	line []byte // the last line, which the next one overwrites
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, 64<<10)}
}

// next returns the next line, which is valid until the next call. If a line is too long, next returns only its beginning, with
// errLongLine. The last line may lack its newline.
func (l *lineReader) next() ([]byte, error) {
	l.line = l.line[:0]
	long := false
	for {
		part, err := l.r.ReadSlice('\n')
		if !long {
			l.line = append(l.line, part...)
		}
		if len(l.line) > maxLine {
			long = true
			l.line = append([]byte(nil), l.line[:200]...)
		}
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case long:
			return l.line, errLongLine
		case err == io.EOF && len(l.line) > 0:
			return l.line, nil
		}
		return l.line, err
	}
}

// A dropLog keeps bad lines from flooding the log. It allows ten lines per second and counts the others.
type dropLog struct {
	second     time.Time
	logged     int
	suppressed int
}

// allow reports whether a line may be logged now, and how many were suppressed since the last line was logged.
func (d *dropLog) allow(now time.Time) (suppressed int, ok bool) {
	if now.Sub(d.second) >= time.Second {
		d.second, d.logged = now, 0
	}
	if d.logged == 10 {
		d.suppressed++
		return 0, false
	}
	d.logged++
	suppressed, d.suppressed = d.suppressed, 0
	return suppressed, true
}
