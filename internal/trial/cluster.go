package trial

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/maelstromtest"
)

// InCluster runs test with a cluster, in a synctest bubble.
func InCluster(t *testing.T, program maelstromtest.Program, cfg maelstromtest.Config, test func(*testing.T, *maelstromtest.Cluster)) {
	synctest.Test(t, func(t *testing.T) {
		c := maelstromtest.Start(t, cfg, program)
		defer c.Close()
		test(t, c)
		for _, problem := range c.Problems() {
			t.Error(problem)
		}
	})
}

// Ask sends a request to a node and returns the value of a read, or the error's code: -1 for none, -2 for no answer.
func Ask(c *maelstromtest.Cluster, node string, body maelstromtest.Body) (value string, code int, text string) {
	reply, err := c.Client(node).Request(body, 5*time.Second)
	var failure *maelstrom.RPCError
	switch {
	case errors.As(err, &failure):
		return "", failure.Code, failure.Text
	case err != nil:
		return "", -2, err.Error()
	}
	return string(reply["value"]), -1, ""
}

// Add is the body of an add.
func Add(delta any) maelstromtest.Body { return maelstromtest.Body{"type": "add", "delta": delta} }

// Read is the body of a read.
var Read = maelstromtest.Body{"type": "read"}

// Alone is the setting of a conversation with n0, a cluster of one, whose store is serve; if that is nil, the test plays it.
func Alone(serve maelstromtest.Responder) maelstromtest.Setting {
	return maelstromtest.Setting{Seed: 1, Services: map[string]maelstromtest.Responder{maelstrom.SeqKV: serve}}
}

// Unless is serve as long as silent is not set, and then answers nothing.
func Unless(silent *atomic.Bool, serve maelstromtest.Responder) maelstromtest.Responder {
	return func(c *maelstromtest.Conversation, p maelstromtest.Packet) {
		if !silent.Load() {
			serve(c, p)
		}
	}
}

// AddLine is a client's add of 1 to n0, as a line.
func AddLine(client string, id int) string {
	return fmt.Sprintf(`{"src":%q,"dest":"n0","body":{"type":"add","delta":1,"msg_id":%d}}`, client, id)
}

// keepAdding has a client add 1 again and again until a time, with a pause before each, and notes when it was sent and how long it took.
func keepAdding(t *testing.T, c *maelstromtest.Cluster, node string, until time.Time, pause func(), note func(sent time.Time, took time.Duration)) {
	for time.Now().Before(until) {
		pause()
		sent := time.Now()
		_, code, text := Ask(c, node, Add(1))
		took := time.Since(sent)
		if code != -1 {
			t.Errorf("%s answered after %v: %d %s", node, took, code, text)
		}
		note(sent, took)
	}
}
