package trial

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
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

// Ask sends a request to a node. It returns the value if that was a read, and
// the code and text of the error: -1 for no error, -2 for no answer.
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

// Add returns the body of an add.
func Add(delta any) maelstromtest.Body { return maelstromtest.Body{"type": "add", "delta": delta} }

// Read is the body of a read.
var Read = maelstromtest.Body{"type": "read"}

// Alone returns the setting of a conversation with n0, the only node of its
// cluster. The store is serve, or the test if that is nil.
func Alone(serve maelstromtest.Responder) maelstromtest.Setting {
	return maelstromtest.Setting{Seed: 1, Services: map[string]maelstromtest.Responder{maelstrom.SeqKV: serve}}
}

// Unless returns a store that is serve while silent is not set, and answers
// nothing while it is.
func Unless(silent *atomic.Bool, serve maelstromtest.Responder) maelstromtest.Responder {
	return func(c *maelstromtest.Conversation, p maelstromtest.Packet) {
		if !silent.Load() {
			serve(c, p)
		}
	}
}

// AddLine returns a client's add of 1 to n0, as a line.
func AddLine(client string, id int) string {
	return fmt.Sprintf(`{"src":%q,"dest":"n0","body":{"type":"add","delta":1,"msg_id":%d}}`, client, id)
}

// keepAdding adds 1 at a node again and again until a time, with a random
// pause, shorter than the given one, before each add. It notes when each add
// was sent and how long it took.
func keepAdding(t *testing.T, c *maelstromtest.Cluster, node string, until time.Time, random *rand.Rand, pause time.Duration, note func(sent time.Time, took time.Duration)) {
	for time.Now().Before(until) {
		time.Sleep(time.Duration(random.Int64N(int64(pause))))
		sent := time.Now()
		_, code, text := Ask(c, node, Add(1))
		took := time.Since(sent)
		if code != -1 {
			t.Errorf("%s answered after %v: %d %s", node, took, code, text)
		}
		note(sent, took)
	}
}
