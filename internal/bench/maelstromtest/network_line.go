package maelstromtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// parse reads a line that a node printed. As in Maelstrom's process.clj, one
// JSON value is read from the line, and rest, which follows it, counts for
// nothing. The message has src and dest, which are nodes, services or clients
// that are still open; it may have a body and an integer id; and it has nothing
// else. The error says in plain words why the line is not such a message.
func (n *network) parse(line []byte) (m *message, rest []byte, err error) {
	fields := make(map[string]json.RawMessage, 8)
	end, err := scanFields(line, fields)
	if err != nil {
		return nil, nil, errors.New(whyNotObject(line, err))
	}
	if err := checkFields(fields); err != nil {
		return nil, nil, err
	}
	m = &message{body: fields["body"]}
	if len(m.body) == 0 || string(m.body) == "null" {
		m.body = json.RawMessage("{}")
	}
	if m.src, err = n.lookup(fields, "src"); err != nil {
		return nil, nil, err
	}
	if m.dest, err = n.lookup(fields, "dest"); err != nil {
		return nil, nil, err
	}
	return m, bytes.TrimSpace(line[end:]), nil
}

// byteOrderMark is how some programs begin what they write in UTF-8.
const byteOrderMark = "\xef\xbb\xbf"

// whyNotObject says why a line does not begin with a JSON object. The error is
// the decoder's.
func whyNotObject(line []byte, err error) string {
	text := bytes.TrimSpace(line)
	brace := bytes.IndexByte(text, '{')
	switch {
	case len(text) == 0:
		return "a blank line"
	case bytes.HasPrefix(text, []byte(byteOrderMark)):
		return "it begins with a byte order mark"
	case json.Valid(text):
		return "JSON, but not an object"
	case brace > 0 && json.Valid(text[brace:]):
		return "there is text before the JSON object"
	case brace != 0:
		return "not JSON"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "its JSON object does not end on this line"
	case bytes.HasPrefix(text, []byte("{'")):
		return "not JSON: strings need double quotes"
	}
	return fmt.Sprintf("not JSON: %v", err)
}

// checkFields returns an error if an object with these fields cannot be a
// message, whoever is in the network.
func checkFields(fields map[string]json.RawMessage) error {
	for _, name := range []string{"src", "dest"} {
		switch _, isString := stringOf(fields[name]); {
		case fields[name] == nil:
			return fmt.Errorf("no %s", name)
		case !isString:
			return fmt.Errorf("%s is not a string", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains([]string{"src", "dest", "body", "id"}, name) {
			return fmt.Errorf("the message has a field %s beside src, dest, body and id", name)
		}
	}
	if id, ok := fields["id"]; ok && !isInteger(id) {
		return errors.New("id is not an integer")
	}
	if body := fields["body"]; body != nil && body[0] != '{' && string(body) != "null" {
		return errors.New("body is not an object")
	}
	return nil
}

// lookup returns the endpoint that a field names.
func (n *network) lookup(fields map[string]json.RawMessage, field string) (*endpoint, error) {
	name, _ := stringOf(fields[field])
	e := n.endpoints[name]
	switch {
	case e == nil:
		return nil, fmt.Errorf("%s %s does not exist", field, name)
	case e.gone != "":
		return nil, fmt.Errorf("%s %s is gone: %s", field, name, e.gone)
	}
	return e, nil
}
