package maelstromtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"maelstrom-counter/internal/bench/service"
)

// parse reads a line that a node printed. As in Maelstrom's process.clj, one
// JSON value is read from the line, and what follows it is ignored. The message
// has src and dest, which are nodes, services or clients that are still open;
// it may have a body and an integer id; and it has nothing else. The error says
// in plain words why the line is not such a message. If Maelstrom accepts a
// line that other parsers may refuse, remark says why.
func (n *network) parse(line []byte) (m *message, remark string, err error) {
	fields := make(map[string]json.RawMessage, 8)
	end, err := service.ScanFields(line, fields)
	if escaped := escapeControls(line); err != nil && escaped != nil {
		// Maelstrom's parser accepts control characters in strings.
		if end, err = service.ScanFields(escaped, fields); err == nil {
			line, remark = escaped, "there is a control character in a string"
		}
	}
	if err != nil {
		return nil, "", errors.New(whyNotObject(line, err))
	}
	if err := checkFields(fields); err != nil {
		return nil, "", err
	}
	m = &message{body: fields["body"]}
	if isEmptyBody(m.body) {
		m.body = json.RawMessage("{}")
	}
	if m.src, err = n.lookup(fields, "src"); err != nil {
		return nil, "", err
	}
	if m.dest, err = n.lookup(fields, "dest"); err != nil {
		return nil, "", err
	}
	if len(bytes.TrimSpace(line[end:])) > 0 {
		remark = "there is text after the message"
	}
	return m, remark, nil
}

// escapeControls escapes the control characters in the strings of a line of
// JSON. It returns nil if the line has no control characters at all.
func escapeControls(line []byte) []byte {
	if !bytes.ContainsFunc(line, unicode.IsControl) {
		return nil
	}
	var out []byte
	quoted, escape := false, false
	for _, c := range line {
		if c < ' ' && quoted {
			out = fmt.Appendf(out, `\u%04x`, c)
			continue
		}
		out = append(out, c)
		quoted = quoted != (c == '"' && !escape)
		escape = c == '\\' && !escape
	}
	return out
}

// isEmptyBody reports whether Maelstrom takes a message's body for an empty
// object.
func isEmptyBody(body json.RawMessage) bool {
	return slices.Contains([]string{"", "null", "[]", `""`}, string(body))
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
	case bytes.IndexByte(text, 0) >= 0:
		return "not JSON in UTF-8"
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
	return "not JSON: " + strings.TrimPrefix(err.Error(), "jsontext: ")
}

// checkFields returns an error if an object with these fields cannot be a
// message, whatever endpoints there are.
func checkFields(fields map[string]json.RawMessage) error {
	for _, name := range []string{"src", "dest"} {
		switch _, isString := service.StringOf(fields[name]); {
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
	if body := fields["body"]; !isEmptyBody(body) && body[0] != '{' {
		return errors.New("body is not an object")
	}
	return nil
}

// isInteger reports whether raw, which is valid JSON or empty, is a number
// without fraction or exponent.
func isInteger(raw json.RawMessage) bool {
	return jsontext.Value(raw).Kind() == '0' && !bytes.ContainsAny(raw, ".eE")
}

// lookup returns the endpoint that a field names.
func (n *network) lookup(fields map[string]json.RawMessage, field string) (*endpoint, error) {
	name, _ := service.StringOf(fields[field])
	e := n.endpoints[name]
	switch {
	case e == nil:
		return nil, fmt.Errorf("%s %s does not exist", field, name)
	case e.gone != "":
		return nil, fmt.Errorf("%s %s is gone: %s", field, name, e.gone)
	}
	return e, nil
}
