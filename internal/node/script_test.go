package node

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/countertest/transcript"
)

// A script is a conversation with node n1. The steps are
//
//	wait 1s   lets time pass
//	end       ends the input
//	stop      stops the node
//
// and any other line is input. There, escapes are those of a Go string, <ab*3>
// is ababab, <%02d*3> is 000102, and <x...70> is as many x as make the line 70
// bytes long. The indented lines after a step are what the node then writes and
// logs. In what it writes, <x*200> stands for 200 x.
func TestScripts(t *testing.T) {
	transcript.Play(t, "testdata/scripts/*.txtar", func(t *testing.T, text *transcript.Script) (err error) {
		synctest.Test(t, func(t *testing.T) {
			c, n := converse(t, asked)
			err = text.Each(func(line string) error { return play(c, text, line) })
			if len(n.pending) > 0 {
				t.Errorf("%d requests left behind", len(n.pending))
			}
		})
		return err
	})
}

// asked are the handlers of the types of requests that scripts make, besides
// ping. Their answers say what came of it.
var asked = handlers{
	"echo": func(n *Node, msg maelstrom.Message) { pong(n, msg, string(msg.Body)) },
	"nonce": func(n *Node, msg maelstrom.Message) {
		<-n.Ready()
		pong(n, msg, fmt.Sprint(n.Nonce()))
	},
	"wait": func(n *Node, msg maelstrom.Message) { context.AfterFunc(n.Context(), func() { pong(n, msg, "") }) },
	"post": func(n *Node, msg maelstrom.Message) {
		var body struct{ Post json.RawMessage }
		_ = json.Unmarshal(msg.Body, &body)
		text := ""
		if err := n.Post("n2", body.Post); err != nil {
			text = err.Error()
		}
		pong(n, msg, text)
	},
	"ask": func(n *Node, msg maelstrom.Message) {
		var body struct{ To string }
		_ = json.Unmarshal(msg.Body, &body)
		wait := n.Ask(body.To, maelstrom.MessageBody{Type: "read"})
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			var reply struct{ Value int64 }
			if err := wait(ctx, "read_ok", &reply); err != nil {
				pong(n, msg, err.Error())
				return
			}
			pong(n, msg, fmt.Sprint(reply.Value))
		}()
	},
}

// play plays a step.
func play(c *maelstromtest.Conversation, text *transcript.Script, step string) error {
	logged := len(c.Stderr())
	switch word, rest, _ := strings.Cut(step, " "); word {
	case "wait":
		d, err := time.ParseDuration(rest)
		if err != nil {
			return err
		}
		time.Sleep(d)
	case "end":
		c.End()
	case "stop":
		c.Stop()
	default:
		line, err := expand(step)
		if err != nil {
			return err
		}
		c.Line(line)
	}
	synctest.Wait()
	for _, p := range c.Heard() {
		text.Happens("%s", regexp.MustCompile(`x{100,}`).ReplaceAllStringFunc(p.Line, func(long string) string {
			return fmt.Sprintf("<x*%d>", len(long))
		}))
	}
	for line := range strings.Lines(c.Stderr()[logged:]) {
		text.Happens("%s", strings.TrimSpace(line))
	}
	select {
	case <-c.Ended():
		text.Happens("n1 ends")
	default:
	}
	return nil
}

var repeated = regexp.MustCompile(`(?s)<(.+?)(\*|\.\.\.)(\d+)>`)

// expand returns the line of input that a step stands for.
func expand(step string) (string, error) {
	line, err := strconv.Unquote(`"` + strings.ReplaceAll(step, `"`, `\"`) + `"`)
	return repeated.ReplaceAllStringFunc(line, func(found string) string {
		parts := repeated.FindStringSubmatch(found)
		count, _ := strconv.Atoi(parts[3]) // cannot fail for digits
		if parts[2] == "..." {
			count -= len(line) - len(found)
		}
		if !strings.Contains(parts[1], "%") {
			return strings.Repeat(parts[1], count)
		}
		var all strings.Builder
		for i := range count {
			fmt.Fprintf(&all, parts[1], i)
		}
		return all.String()
	}), err
}
