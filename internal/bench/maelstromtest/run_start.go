package maelstromtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/service"
	"maelstrom-counter/internal/bench/verdict"
)

// initTimeout is how long a node may take to answer its init message:
// Maelstrom's db.clj.
const initTimeout = 10 * time.Second

// initGrace is how long the bench waits for a right answer to init after a
// wrong one. Maelstrom would wait for all of initTimeout.
const initGrace = time.Second

// maxBeforeInit is how many messages a node may send before it answers its init
// message. Without this bound, a node that only echoes its input, such as cat,
// would fill the network until initTimeout.
const maxBeforeInit = 1000

// A StartError says why a node has not started: what it did instead of
// answering its init message as Maelstrom wants.
type StartError struct {
	Node string
	Why  string
	Line string // what the node has printed that shows it, if there is something

	Stdout, Stderr string // the last lines that the node has written
}

// Error returns all of it.
func (e *StartError) Error() string {
	text := e.Node + " did not start: " + e.Why
	if e.Line != "" {
		text += ":\n\t" + e.Line
	}
	if out := strings.TrimSpace(e.Stdout); out != "" && out != e.Line {
		text += "\nstdout:\n" + e.Stdout
	}
	if e.Stderr != "" {
		text += "\nstderr:\n" + e.Stderr
	}
	return text
}

func (n *node) startError(why, line string) *StartError {
	return &StartError{n.name, why, verdict.Shown(line), n.said.String(), n.stderr.String()}
}

// initError says what is wrong with a node's answer to init, or with the lack
// of one. The reply is nil if there is none, and err says why.
func (b *bench) initError(n *node, life *life, reply Reply, err error) error {
	body, _ := json.Marshal(reply)
	var start *StartError
	switch {
	case errors.As(err, &start):
		return start
	case reply == nil:
		return n.noAnswer(life)
	case reply.Type() == "error":
		return n.startError("it answered init with an error", string(body))
	case reply.Type() != "init_ok":
		return n.startError(fmt.Sprintf("it answered init with the type %q, not init_ok", reply.Type()), string(body))
	}
	if id, ok := reply["msg_id"]; ok && !isInteger(id) {
		b.remark(n, string(body), fmt.Sprintf("the msg_id %s of init_ok is not an integer: Maelstrom accepts that here, "+
			"but not in an answer to a request", id))
	}
	return nil
}

// noAnswer says what a node has done instead of answering init within
// initTimeout.
func (n *node) noAnswer(life *life) *StartError {
	switch text, lines := life.stdout.pending(); {
	case text != "":
		return n.startError(pendingBytes(text), text)
	case lines == 0 && life.kill == nil:
		return n.startError(fmt.Sprintf("it printed nothing in %g s%s", initTimeout.Seconds(), aProgram), "")
	case lines == 0:
		return n.startError(fmt.Sprintf("it printed nothing in %g s. Does it flush its output?", initTimeout.Seconds()), "")
	}
	return n.startError(fmt.Sprintf("nothing that it printed in %g s answers init", initTimeout.Seconds()), "")
}

// aProgram is a hint for a Program that was not heard.
const aProgram = " (a Program reads Env.Stdin and writes to Env.Stdout; os.Stdin and os.Stdout are the test's)"

func pendingBytes(text string) string {
	return fmt.Sprintf("it printed %d bytes without a newline", len(text))
}

// heardBeforeInit looks at a message of a node that has not answered init yet.
func (b *bench) heardBeforeInit(n *node, m outgoing) {
	life := n.life
	fields, _ := service.Fields(m.body) // a message's body is an object
	reply := Reply(fields)
	toInit := m.dest == life.init.endpoint
	if life.early++; life.early > maxBeforeInit {
		why := fmt.Sprintf("it sent %d messages instead of an answer to init; the last", life.early)
		life.init.fail(n.startError(why, string(m.line)))
	}
	switch {
	case toInit && string(reply["in_reply_to"]) == "1":
		life.answered = true
	case toInit || reply.Type() == "init_ok":
		err := n.startError(notAnInitOK(m.dest, reply, life.init.endpoint), string(m.line))
		b.after(initGrace, func() { life.init.fail(err) })
	}
}

// notAnInitOK says why a message to dest does not answer init, which came from
// a client.
func notAnInitOK(dest *endpoint, reply Reply, client *endpoint) string {
	what := "its " + reply.Type()
	if reply.Type() == "" {
		what = "a message without a type, to the client that sent init,"
	}
	switch replyTo := reply["in_reply_to"]; {
	case dest != client:
		return fmt.Sprintf("%s went to %s, but init came from %s", what, dest.name, client.name)
	case replyTo == nil:
		return what + " has no in_reply_to"
	case !isInteger(replyTo):
		return fmt.Sprintf("%s has the in_reply_to %s, which is not an integer. The msg_id of init is 1", what, replyTo)
	default:
		return fmt.Sprintf("%s has the in_reply_to %s, but the msg_id of init is 1", what, replyTo)
	}
}

// pendingBeforeInit gives a node that has not answered init a little longer, if
// the line that it has not ended is a whole message.
func (b *bench) pendingBeforeInit(n *node, text string) {
	life := n.life
	if life.ready || !json.Valid([]byte(text)) || text[0] != '{' {
		return
	}
	b.after(initGrace, func() {
		if still, _ := life.stdout.pending(); still == text {
			life.init.fail(n.startError(pendingBytes(text), text))
		}
	})
}

// refusal says that a node will never be heard to answer init, since it has
// printed a line that is not a message.
func (n *node) refusal(line refusedLine) *StartError {
	what := "a line that it printed before it answered init"
	if n.life.early == 0 {
		what = "the first line that it printed"
	}
	if strings.Contains(line.text, `"init_ok"`) {
		what = "its init_ok"
	}
	why := line.why
	if strings.Contains(why, "JSON") {
		why += "; print logs to stderr, and each message on a line of its own"
	}
	return n.startError(fmt.Sprintf("Maelstrom does not accept %s (%s), and ignores all that follows", what, why), line.text)
}
