package node

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
)

const (
	// maxLine is the longest line that is read, in bytes.
	maxLine = 1 << 20
	// maxLibraryLine is the longest line that the library takes, without the
	// newline. It reads with a bufio.Scanner.
	maxLibraryLine = bufio.MaxScanTokenSize - 1
	// maxName bounds the name of a client, which is kept until it is answered.
	maxName = 1 << 10
	// MaxNodes bounds the size of a cluster.
	MaxNodes = 5000
	// maxValue bounds the stored value, which must fit into a line, with room
	// for the rest of the message.
	maxValue = maxLine * 3 / 4
	// receiptSize is more than the value takes for a node, without its name.
	receiptSize = 80
)

// input is a filter in front of the library. The library would end the whole
// node at a line that is not JSON, is longer than 64 KiB, or has a type without
// a handler. So input handles every line that no handler can serve, and passes
// only the rest to the library:
//
//   - A line that is not a message is logged and dropped.
//   - A message that cannot be served is answered with an error, if it says
//     whom to answer.
//   - A reply goes to the request that waits for it.
//   - An init gives the node its name.
//   - A request that is too long for the library goes straight to its handler.
type input struct {
	node    *Node
	lines   *bufio.Reader // of maxLine bytes
	rest    []byte        // of the line that the library is reading
	dropped dropLog
}

// Read returns the next line that is fit for the library.
func (in *input) Read(p []byte) (int, error) {
	for len(in.rest) == 0 {
		in.node.out.wait() // while the output is not read, no more input is handled
		line, err := readLine(in.lines)
		switch err {
		case nil:
			in.rest = in.filter(line)
		case errLongLine:
			in.reject(skim(line), "line longer than 1 MiB", line)
		default:
			return 0, err
		}
	}
	n := copy(p, in.rest)
	in.rest = in.rest[n:]
	return n, nil
}

// filter handles one line, and returns what the library is to read instead, or
// nil for nothing. It decodes in the same steps and into the same types as the
// library, so that a line that passes here cannot fail there.
func (in *input) filter(line []byte) []byte {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return nil
	}
	n := in.node
	n.trace("received", line)
	var msg maelstrom.Message
	if err := json.Unmarshal(line, &msg); err != nil {
		return in.drop("not a message: "+Complaint(err), line)
	}
	var body maelstrom.MessageBody
	if err := json.Unmarshal(msg.Body, &body); err != nil {
		return in.reject(msg, "body: "+Complaint(err), line)
	}
	handler := n.handlers[body.Type]
	switch {
	case !in.addressed(msg):
		return in.drop("src or dest is missing, or dest is another node", line)
	case body.InReplyTo != 0:
		n.deliver(reply{msg, body})
		return nil
	case body.MsgID == 0 && !numbered(msg.Body):
		return in.drop("neither a reply nor a request that can be answered", line)
	case len(msg.Src) > maxName:
		return in.refuse(msg, body.MsgID, maelstrom.MalformedRequest, "src is longer than 1 KiB")
	case body.Type == "init":
		return in.init(msg, body.MsgID)
	case n.ID() == "":
		return in.refuse(msg, body.MsgID, maelstrom.TemporarilyUnavailable, "not initialized")
	case handler == nil:
		return in.refuse(msg, body.MsgID, maelstrom.NotSupported, fmt.Sprintf("request type %.64q is not supported", body.Type))
	case !n.open.enter():
		return in.refuse(msg, body.MsgID, maelstrom.TemporarilyUnavailable, "the node is shutting down")
	case len(line) > maxLibraryLine:
		_ = handler(msg) // cannot fail
		return nil
	}
	return append(line, '\n') // where the buffer has the newline or space that was cut off
}

// addressed reports whether a message has a sender, and is for this node. Until
// init, it may have any name.
func (in *input) addressed(msg maelstrom.Message) bool {
	return msg.Src != "" && msg.Dest != "" && (in.node.ID() == "" || in.node.ID() == msg.Dest)
}

// identifiers are the fields that tell a request from a reply.
type identifiers struct {
	MsgID     *int             `json:"msg_id"`
	InReplyTo *json.RawMessage `json:"in_reply_to"`
}

// numbered reports whether a body has a msg_id, which may be 0.
func numbered(body json.RawMessage) bool {
	var ids identifiers
	return json.Unmarshal(body, &ids) == nil && ids.MsgID != nil
}

// reject refuses a malformed request. It drops a message that is not a request:
// if replies were answered, errors could go back and forth for ever.
func (in *input) reject(msg maelstrom.Message, why string, line []byte) []byte {
	var ids identifiers
	if json.Unmarshal(msg.Body, &ids) != nil || ids.MsgID == nil || ids.InReplyTo != nil || !in.addressed(msg) {
		return in.drop(why, line)
	}
	return in.refuse(msg, *ids.MsgID, maelstrom.MalformedRequest, why)
}

// refuse answers a request with an error. It answers in the name to which the
// request was sent, because before init it knows no other.
func (in *input) refuse(msg maelstrom.Message, id, code int, text string) []byte {
	in.node.respond(msg.Dest, msg.Src, id, errorBody{"error", code, text})
	return nil
}

// drop logs a line that is ignored.
func (in *input) drop(why string, line []byte) []byte {
	if suppressed, ok := in.dropped.allow(time.Now()); ok {
		in.node.log.Warn("dropped a line", "why", why, "line", fmt.Sprintf("%.200s", line), "unlogged", suppressed)
	}
	return nil
}

// init takes the first init. A later one is answered if it says the same, and
// refused otherwise. The library keeps the names without a lock. That is safe,
// because this goroutine also starts those that handle the requests.
func (in *input) init(msg maelstrom.Message, id int) []byte {
	n := in.node
	var init maelstrom.InitMessageBody
	err := json.Unmarshal(msg.Body, &init)
	names, _ := json.Marshal(init.NodeIDs) // cannot fail for strings
	why := ""
	switch {
	case err != nil:
		why = Complaint(err)
	case init.NodeID == "" || !slices.Contains(init.NodeIDs, init.NodeID):
		why = "node_id is not among node_ids"
	case len(init.NodeIDs) > MaxNodes:
		why = fmt.Sprintf("%d nodes are more than %d", len(init.NodeIDs), MaxNodes)
	case len(names)+receiptSize*len(init.NodeIDs) > maxValue:
		why = "the names are so long that a value with a receipt for each may not fit into a line"
	case len(slices.Compact(slices.Sorted(slices.Values(init.NodeIDs)))) < len(init.NodeIDs):
		why = "node_ids has a node twice"
	case n.ID() == "":
		n.library.Init(init.NodeID, init.NodeIDs)
		defer close(n.ready) // after init_ok
	case init.NodeID != n.ID() || !slices.Equal(init.NodeIDs, n.Nodes()):
		why = "a different init has already named this node " + n.ID()
	}
	if why != "" {
		return in.refuse(msg, id, maelstrom.MalformedRequest, "init: "+why)
	}
	n.respond(n.ID(), msg.Src, id, maelstrom.MessageBody{Type: "init_ok"})
	return nil
}

// Complaint says why JSON could not be unmarshalled. It names the message's
// field, without the Go types around it.
func Complaint(err error) string {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return err.Error()
	}
	want := map[reflect.Kind]string{reflect.String: "a string", reflect.Slice: "an array", reflect.Struct: "an object"}[wrong.Type.Kind()]
	return fmt.Sprintf("%s is a JSON %.40s, not %s", cmp.Or(wrong.Field[strings.LastIndexByte(wrong.Field, '.')+1:], "it"), wrong.Value, cmp.Or(want, "a 64-bit integer"))
}

// skim reads the beginning of a message. The result has those of its fields,
// and of the fields in its body, that are complete.
func skim(start []byte) (msg maelstrom.Message) {
	// A number that was cut would look complete. What is before a comma was not
	// cut.
	start = start[:max(0, bytes.LastIndexByte(start, ','))]
	// This cannot fail, as the fields were decoded.
	fields, _ := json.Marshal(complete(json.NewDecoder(bytes.NewReader(start))))
	_ = json.Unmarshal(fields, &msg) // takes what it can
	return msg
}

// complete reads the beginning of an object, and returns the fields that are
// complete. In the field "body" it does the same.
func complete(decoder *json.Decoder) map[string]any {
	if open, _ := decoder.Token(); open != json.Delim('{') {
		return nil
	}
	fields := make(map[string]any)
	for decoder.More() {
		token, _ := decoder.Token()
		name, ok := token.(string)
		if name == "body" {
			fields[name] = complete(decoder)
			continue
		}
		var value json.RawMessage
		if !ok || decoder.Decode(&value) != nil {
			break
		}
		fields[name] = value
	}
	_, _ = decoder.Token() // the closing brace, if it is there
	return fields
}

// A source is the input. Read reads stdin itself, which is faster than having
// another goroutine do it. But while nobody calls Read, the end of input is not
// noticed. So Node.readAhead may take stdin away.
type source struct {
	stdin chan io.Reader // has an element while nobody reads from it
	ahead *buffer        // what has been read ahead
	taken bytes.Buffer   // from ahead
}

func (s *source) Read(p []byte) (int, error) {
	select {
	case stdin := <-s.stdin:
		defer func() { s.stdin <- stdin }()
		return stdin.Read(p)
	default:
	}
	if s.taken.Len() == 0 {
		if err := s.ahead.take(&s.taken); err != nil {
			return 0, err
		}
	}
	return s.taken.Read(p)
}

var errLongLine = errors.New("line too long")

// readLine returns the next line, which is valid until the next call. If a line
// is longer than the buffer of r, readLine returns only its first 64 KiB, with
// errLongLine. The last line may lack its newline.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		start := bytes.Clone(line[:64<<10])
		for err == bufio.ErrBufferFull {
			_, err = r.ReadSlice('\n')
		}
		return start, errLongLine
	}
	if err == io.EOF && len(line) > 0 {
		err = nil
	}
	return line, err
}

// A dropLog keeps bad lines from flooding the log. It allows ten lines per
// second and counts the others.
type dropLog struct {
	second     time.Time
	logged     int
	suppressed int
}

// allow reports whether a line may be logged now, and how many were suppressed
// since the last line was logged.
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
