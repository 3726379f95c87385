package rivals

import (
	"io"
	"log"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
	"go.uber.org/goleak"

	"maelstrom-counter/internal/bench/maelstromtest"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard)
	goleak.VerifyTestMain(m)
}

// start runs a node of design r, in a bubble. Its store handles each request at
// once and answers it after the time that delay returns.
func start(t *testing.T, r Rival, delay func(request maelstromtest.Packet) time.Duration) *maelstromtest.Conversation {
	store := maelstromtest.NewStore()
	serve := func(c *maelstromtest.Conversation, p maelstromtest.Packet) {
		reply := store.Reply(p)
		time.AfterFunc(delay(p), func() { c.Send(p.Dest, "%s", reply) })
	}
	return maelstromtest.Converse(t, maelstromtest.Setting{
		Services: map[string]maelstromtest.Responder{maelstrom.SeqKV: serve},
	}, r.Program)
}

func atOnce(maelstromtest.Packet) time.Duration { return 0 }

func silent(maelstromtest.Packet) time.Duration { return time.Hour }

// total asks the node for the total and returns its answer.
func total(t *testing.T, c *maelstromtest.Conversation) string {
	t.Helper()
	c.Request("c1", `{"type":"read"}`)
	reply := c.Hear()
	if reply.Type != "read_ok" {
		t.Fatalf("a read was answered with %v", reply)
	}
	return reply.Field("value")
}

// each runs f for every design, in a bubble that fails if a goroutine is left
// at the end.
func each(t *testing.T, f func(t *testing.T, r Rival)) {
	for _, r := range All {
		t.Run(r.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { f(t, r) })
		})
	}
}

func TestEachDesignCountsRightWhenAlone(t *testing.T) {
	each(t, func(t *testing.T, r Rival) {
		c := start(t, r, atOnce)
		if got := total(t, c); got != "0" {
			t.Errorf("read %v before any add", got)
		}
		const adds = 30
		for i := range adds {
			c.Request("c1", `{"type":"add","delta":%d}`, i%5)
		}
		for range adds {
			if reply := c.Hear(); reply.Type != "add_ok" {
				t.Fatalf("an add was answered with %v", reply)
			}
		}
		if got := total(t, c); got != "60" {
			t.Errorf("read %v after 60 had been added", got)
		}
	})
}

// A reply that comes after the timeout has the same effect as a lost one: see
// the package's doc comment.
func TestOnlyTheSwapLoopCountsTwiceWhenAReplyIsLate(t *testing.T) {
	want := map[string]string{"rmw": "3", "cas": "6", "crdt": "3", "gossip": "3", "receipts": "3", "batching": "3"}
	each(t, func(t *testing.T, r Rival) {
		changes := 0
		c := start(t, r, func(request maelstromtest.Packet) time.Duration {
			if request.Type != "read" {
				changes++
			}
			if changes == 1 && request.Type != "read" {
				return attemptTimeout + time.Millisecond
			}
			return 0
		})
		c.Request("c1", `{"type":"add","delta":3}`)
		if reply := c.Hear(); reply.Type != "add_ok" {
			t.Fatalf("the add was answered with %v", reply)
		}
		if got := total(t, c); got != want[r.Name] {
			t.Errorf("read %v, want %v", got, want[r.Name])
		}
	})
}

// askTen sends the node ten requests.
func askTen(c *maelstromtest.Conversation) {
	for i := range 10 {
		c.Request("c1", `{"type":%q,"delta":1}`, []string{"add", "read"}[i%2])
	}
}

func TestRequestsAreGivenUpWhenTheStoreIsSilent(t *testing.T) {
	each(t, func(t *testing.T, r Rival) {
		switch r.Name {
		case "gossip":
			t.Skip("asks no store")
		case "receipts", "batching":
			t.Skip("answers otherwise; see receipts_test.go")
		}
		c := start(t, r, silent)
		begin := time.Now()
		askTen(c)
		for range 10 {
			if reply := c.Hear(); reply.Code != maelstrom.Crash {
				t.Errorf("a request was answered with %v", reply)
			}
		}
		if took := time.Since(begin); took != requestTimeout {
			t.Errorf("the requests were given up after %v", took)
		}
		time.Sleep(2 * time.Hour) // the replies come after all
		c.Unheard()
	})
}

func TestANodeEndsSoonAfterItsInputEvenIfTheStoreIsSilent(t *testing.T) {
	each(t, func(t *testing.T, r Rival) {
		c := start(t, r, silent)
		askTen(c)
		begin := time.Now()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took > requestTimeout {
			t.Errorf("the node ended %v after its input", took)
		}
	})
}
