// Package transcript tests a node with written conversations, which can be read
// from top to bottom. A transcript is a txtar archive. It begins with a text
// that says what it is about. Each file in it is a conversation with one node,
// such as
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
// A line without indentation is what the test does:
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
// Empty lines and lines that begin with # are comments. A node that still runs
// after the last line is ended.
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
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/tools/txtar"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// Run plays the conversations in the files that match a pattern, each as a
// subtest. It fails if the node does anything but what is written there. With
// update, it rewrites the files with what the node does. The fields named in
// own are those whose values differ from life to life.
func Run(t *testing.T, pattern string, update bool, program maelstromtest.Program, own ...string) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("transcript: no file matches %q: %v", pattern, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if len(archive.Files) == 0 {
				t.Fatalf("transcript: %s has no conversation", path)
			}
			for i, file := range archive.Files {
				t.Run(file.Name, func(t *testing.T) {
					want := string(file.Data)
					got, err := play(t, want, program, own)
					if err != nil {
						t.Fatalf("transcript: %s: %s: %v", path, file.Name, err)
					}
					archive.Files[i].Data = []byte(got)
					if got != want && !update {
						t.Errorf("%s\nIf that is right, accept it with -update.", difference(want, got))
					}
				})
			}
			if update && !t.Failed() {
				if err := os.WriteFile(path, txtar.Format(archive), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// play plays a script, and returns the conversation as it went. It returns an
// error if a line of the script makes no sense.
func play(t *testing.T, script string, program maelstromtest.Program, own []string) (got string, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newPlayer(t, program, own)
		for i, line := range strings.Split(strings.TrimSuffix(script, "\n"), "\n") {
			if strings.HasPrefix(line, " ") {
				continue
			}
			p.write(line)
			if err = p.do(line); err != nil {
				err = fmt.Errorf("line %d, %q: %w", i+1, line, err)
				return
			}
		}
		p.finish()
		got = p.text()
	})
	return got, err
}

// difference shows where two texts begin to differ.
func difference(want, got string) string {
	wants, gots := strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n")
	i := 0
	for i < min(len(wants), len(gots)) && wants[i] == gots[i] {
		i++
	}
	rest := func(lines []string) string {
		if i >= len(lines) || strings.Join(lines[i:], "") == "" {
			return "(the end)\n"
		}
		return strings.Join(lines[i:min(i+5, len(lines))], "")
	}
	return fmt.Sprintf("After line %d, %q, the transcript goes on with\n%s\nbut the node went on with\n%s", i, strings.TrimSpace(strings.Join(wants[max(0, i-1):i], "")),
		rest(wants), rest(gots))
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
	return word.MatchString(text) && !slices.Contains([]string{"true", "false", "null"}, text)
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
