// Package transcript plays tests that are written down and can be read from top
// to bottom. They are in txtar archives, which begin with a text that says what
// they are about. [Play] plays any such [Script]. [Run] plays conversations
// with one node, such as
//
//	-- a lost answer --
//	node n0
//	  n0 -> seq-kv read key=counter
//	seq-kv -> n0 error code=20
//	c1 -> n0 add delta=5
//	  n0 -> seq-kv cas key=counter from=0 to=5
//	# The answer gets lost.
//	wait 5s
//	  +1s n0 -> seq-kv cas again
//	  +4s n0 -> c1 error code=0 text="timeout"
//	end
//	  n0 ends
//
// A step, which is a line without indentation, is what the test does:
//
//   - "node n1 of n0 n1 seed=7" starts node n1 of a cluster of two. A node that
//     still runs is ended first.
//   - "c1 -> n1 type field=value ..." sends the node a message. A value is JSON
//     or a word. A message of type error is a reply to the node's last message
//     to that sender. A message of type read_ok is a reply to the node's last
//     read to that sender, and so with any other type that ends in _ok. A
//     message of any other type is a request.
//   - "let first be the last fold" gives a name to the node's last message of
//     type fold. A reply with re=first is to that message.
//   - "wait 10ms" lets time pass. "wait for cas" waits until the node sends a
//     message of that type, for up to 5 s.
//   - "hide seq-kv" leaves out the node's later messages to seq-kv, such as
//     those that it repeats at random times.
//   - "end" ends the node's input. "stop" asks the node to end, as a signal
//     does.
//
// A node that still runs after the last line is ended.
//
// The indented lines after a step show everything that the node does then. A
// time such as +1s says how long after the beginning of the step that was.
// "Again" means the same fields as in the last message of that type to that
// receiver. Message identifiers are not shown.
//
// Some values differ from life to life, such as the time of the start. In a
// transcript they have names: boot1 is the first value of a field boot, if it
// is a number of at least six digits. The test can use these names in what it
// sends.
package transcript

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// Run plays the conversations in the files that match a pattern: see [Play].
// The regular expression own matches the names of the fields whose values
// differ from life to life.
func Run(t *testing.T, pattern string, program maelstromtest.Program, own string) {
	t.Helper()
	Play(t, pattern, func(t *testing.T, s *Script) error { return converse(t, s, program, own) })
}

// converse plays a conversation. It returns an error if a line of the script
// makes no sense.
func converse(t *testing.T, s *Script, program maelstromtest.Program, own string) (err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &player{t: t, script: s, program: program, own: newNames(own), said: map[string]maelstromtest.Packet{}}
		if err = s.Each(p.do); err == nil {
			p.finish()
		}
		s.out = p.own.hide(s.out)
	})
	return err
}

// show returns a message as a line of a transcript.
func show(m maelstromtest.Packet) string {
	var line strings.Builder
	fmt.Fprintf(&line, "%s -> %s %s", m.Src, m.Dest, m.Type)
	decoder := json.NewDecoder(strings.NewReader(string(m.Body)))
	_, _ = decoder.Token() // cannot fail: the body is an object
	for decoder.More() {
		name, _ := decoder.Token()
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			break
		}
		switch name {
		case "type", "msg_id", "in_reply_to":
		default:
			fmt.Fprintf(&line, " %s=%s", name, showValue(value))
		}
	}
	return line.String()
}

// word matches the strings that need no quotes.
var word = regexp.MustCompile(`^[A-Za-z_][\w./-]*$`)

func showValue(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil && isWord(text) {
		return text
	}
	return string(raw)
}

func isWord(text string) bool {
	return word.MatchString(text) && !json.Valid([]byte(text)) // as true is
}

// A field is a field of a message's body.
type field struct {
	name  string
	value json.RawMessage
}

// parseFields parses a message's fields as show writes them.
func parseFields(text string) (fields []field, err error) {
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		name, rest, ok := strings.Cut(text, "=")
		if !ok || !word.MatchString(name) {
			return nil, fmt.Errorf("%q is not field=value", text)
		}
		bare, after, _ := strings.Cut(rest, " ")
		if isWord(bare) {
			fields = append(fields, field{name, json.RawMessage(`"` + bare + `"`)})
			text = after
			continue
		}
		decoder := json.NewDecoder(strings.NewReader(rest))
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, fmt.Errorf("the value of %s: %w", name, err)
		}
		fields = append(fields, field{name, value})
		text = rest[decoder.InputOffset():]
	}
	return fields, nil
}
