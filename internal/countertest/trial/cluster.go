package trial

import (
	"cmp"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// Nodes are the nodes of a cluster of three.
var Nodes = []string{"n0", "n1", "n2"}

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

// Ask sends a request to a node. It returns the value if that was a read. For
// an error of the node, maelstrom.ErrorCode returns its code. It returns -1 if
// there was no answer.
func Ask(c *maelstromtest.Cluster, node string, body maelstromtest.Body) (value string, err error) {
	reply, err := c.Request(node, body, 5*time.Second)
	return string(reply["value"]), err
}

// Served checks that a node serves a request. It returns the value if that was
// a read.
func Served(t *testing.T, c *maelstromtest.Cluster, node string, body maelstromtest.Body) (value string) {
	t.Helper()
	began := time.Now()
	value, err := Ask(c, node, body)
	if err != nil {
		t.Errorf("%s answered %v after %v: %v", node, body, time.Since(began), err)
	}
	return value
}

// Add returns the body of an add.
func Add(delta any) maelstromtest.Body { return maelstromtest.Body{"type": "add", "delta": delta} }

// Read is the body of a read.
var Read = maelstromtest.Body{"type": "read"}

// Bits are adds of which each has a bit of the total of its own. So a total
// shows which of them are in it.
type Bits struct {
	mu                     sync.Mutex
	Done, Refused, Unknown int64
}

// Add adds a bit at a node.
func (b *Bits) Add(c *maelstromtest.Cluster, node string, bit int64) error {
	_, err := Ask(c, node, Add(bit))
	b.mu.Lock()
	defer b.mu.Unlock()
	switch code := maelstrom.ErrorCode(err); {
	case err == nil:
		b.Done |= bit
	case code == maelstrom.Timeout, code == maelstrom.Crash, code == -1:
		b.Unknown |= bit
	default:
		b.Refused |= bit
	}
	return err
}

// Check checks what Ask has returned for a read of a node. It must have all
// adds that are done, none that was refused, and perhaps some whose outcome is
// unknown.
func (b *Bits) Check(t *testing.T, node, value string, err error) {
	t.Helper()
	total, parseErr := strconv.ParseInt(value, 10, 64)
	if err = cmp.Or(err, parseErr); err != nil || total&^b.Unknown != b.Done {
		t.Errorf("%s read %s (%b), %v; the acknowledged adds are %b, and the unknown ones %b", node, value, total, err, b.Done, b.Unknown)
	}
}

// Alone returns the setting of a conversation with n0, the only node of its
// cluster. The store is serve, or the test if that is nil.
func Alone(serve maelstromtest.Responder) maelstromtest.Setting {
	return maelstromtest.Setting{Seed: 1, Services: map[string]maelstromtest.Responder{maelstrom.SeqKV: serve}}
}

// AddLine returns a client's add of 1 to n0, as a line.
func AddLine(client string, id int) string {
	return fmt.Sprintf(`{"src":%q,"dest":"n0","body":{"type":"add","delta":1,"msg_id":%d}}`, client, id)
}

// An outage is a conversation with a node whose store answers nothing for a
// time.
type outage struct {
	*maelstromtest.Conversation
	silent atomic.Bool
	// How often the silent store was asked, without the writes that are sent
	// before reads.
	asked atomic.Int64
}

// startOutage starts n0, one of the given nodes, which serves an add. From then
// on the store is silent. The test does not hear lines for which ignore returns
// true.
func startOutage(t *testing.T, program maelstromtest.Program, ignore func(line []byte) bool, nodes ...string) *outage {
	var o outage
	store := maelstromtest.NewStore()
	setting := Alone(func(c *maelstromtest.Conversation, p maelstromtest.Packet) {
		switch {
		case !o.silent.Load():
			store.Serve(c, p)
		case p.Type != "write":
			o.asked.Add(1)
		}
	})
	setting.Ignore, setting.Nodes = ignore, nodes
	o.Conversation = maelstromtest.Converse(t, setting, program)
	o.Line(AddLine("c1", 1))
	o.Hear("add_ok")
	synctest.Wait()
	o.silent.Store(true)
	return &o
}
