package rivals

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// withReceiptsEach runs f for the two designs with receipts, in a bubble.
func withReceiptsEach(t *testing.T, f func(t *testing.T, r Rival)) {
	each(t, func(t *testing.T, r Rival) {
		if r.Name != "receipts" && r.Name != "batching" {
			t.Skip("has no receipts")
		}
		f(t, r)
	})
}

func TestWithReceiptsWhatIsMalformedIsRefused(t *testing.T) {
	withReceiptsEach(t, func(t *testing.T, r Rival) {
		c := start(t, r, atOnce)
		for _, field := range []string{``, `,"delta":null`, `,"delta":-1`, `,"delta":1.5`, `,"delta":"1"`, `,"delta":9007199254740992`} {
			c.Request("c1", `{"type":"add"%s}`, field)
			if reply := c.Hear(); reply.Code != maelstrom.MalformedRequest {
				t.Errorf("an add with %q was answered with %v", field, reply)
			}
		}
		if got := total(t, c); got != "0" {
			t.Errorf("the total is %s", got)
		}
	})
}

// While the store is silent, the request that has its turn gets error 13, which
// leaves open whether it counts, and those that wait get error 11, which does
// not. All of them get it in time.
func TestWithReceiptsASilentStoreIsNoReasonToWait(t *testing.T) {
	withReceiptsEach(t, func(t *testing.T, r Rival) {
		c := start(t, r, silent)
		c.Request("c1", `{"type":"add","delta":1}`)
		time.Sleep(time.Second)
		for range 3 {
			c.Request("c2", `{"type":"add","delta":1}`)
		}
		begin := time.Now()
		after := func(want time.Duration) bool { // or a pause between two attempts later
			return time.Since(begin) >= want && time.Since(begin) <= want+time.Millisecond
		}
		if reply := c.Hear(); reply.Code != maelstrom.Crash || reply.Dest != "c1" || !after(3*time.Second) {
			t.Errorf("the first request was answered with %v after %v", reply, time.Since(begin))
		}
		for range 3 {
			// One of them gets the turn a second before its time is up.
			reply := c.Hear()
			open := reply.Code == maelstrom.Crash
			if !after(4*time.Second) || reply.Dest != "c2" || !open && reply.Code != maelstrom.TemporarilyUnavailable {
				t.Errorf("a request was answered with %v after %v", reply, time.Since(begin))
			}
		}
	})
}

// A request that gets error 11 has had no turn, and never counts.
func TestWithReceiptsWhatHadNoTurnNeverCounts(t *testing.T) {
	withReceiptsEach(t, func(t *testing.T, r Rival) {
		begin := time.Now()
		c := start(t, r, func(maelstromtest.Packet) time.Duration {
			if time.Since(begin) < 4100*time.Millisecond {
				return time.Hour
			}
			return 0
		})
		c.Request("c1", `{"type":"add","delta":1}`)
		synctest.Wait()
		c.Request("c2", `{"type":"add","delta":2}`)
		want := map[string]int{"c1": maelstrom.Crash, "c2": maelstrom.TemporarilyUnavailable}
		for range want { // in any order
			if reply := c.Hear(); reply.Code != want[reply.Dest] {
				t.Errorf("a request was answered with %v", reply)
			}
		}
		time.Sleep(time.Second)
		if got := total(t, c); got != "1" {
			t.Errorf("the total is %s, want 1", got)
		}
	})
}

// The library handles each message in a goroutine of its own, so a request may
// overtake init.
func TestWithReceiptsNoRequestIsServedBeforeInit(t *testing.T) {
	tries := 50 // in some of them a request would be first
	if testing.Short() {
		tries = 5
	}
	for range tries {
		withReceiptsEach(t, func(t *testing.T, r Rival) {
			store := maelstromtest.NewStore()
			c := maelstromtest.Converse(t, maelstromtest.Setting{
				Raw:      true,
				Services: map[string]maelstromtest.Responder{maelstrom.SeqKV: store.Serve},
			}, r.Program)
			c.Input(`{"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}` + "\n" +
				`{"src":"c1","dest":"n0","body":{"type":"add","msg_id":1,"delta":1}}` + "\n")
			c.Hear("init_ok", "add_ok")
			c.Hear("init_ok", "add_ok")
			if got := total(t, c); got != "1" {
				t.Errorf("the total is %s, want 1", got)
			}
		})
	}
}

// What waits while a swap is on its way goes into the next one, together.
func TestBatchingPutsAllWaitingRequestsIntoOneSwap(t *testing.T) {
	for name, want := range map[string]int{"receipts": 11, "batching": 2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rival, err := Named(name)
				if err != nil {
					t.Fatal(err)
				}
				swaps := 0
				c := start(t, rival, func(request maelstromtest.Packet) time.Duration {
					if request.Type == "cas" {
						swaps++
					}
					return 100 * time.Millisecond
				})
				c.Request("c1", `{"type":"add","delta":1}`)
				time.Sleep(50 * time.Millisecond)
				for range 10 {
					c.Request("c1", `{"type":"add","delta":1}`)
				}
				for range 11 {
					if reply := c.Hear(); reply.Type != "add_ok" {
						t.Fatalf("an add was answered with %v", reply)
					}
				}
				if swaps != want {
					t.Errorf("11 adds took %d swaps, want %d", swaps, want)
				}
			})
		})
	}
}

// The answer to a swap is not looked at, so no text and no error of the store
// can mislead a node.
func TestWithReceiptsTheAnswerToASwapDoesNotMatter(t *testing.T) {
	withReceiptsEach(t, func(t *testing.T, r Rival) {
		store := maelstromtest.NewStore()
		serve := func(c *maelstromtest.Conversation, p maelstromtest.Packet) {
			reply := store.Reply(p)
			if p.Type == "cas" {
				reply = strings.NewReplacer(`"cas_ok"`, `"error","code":22,"text":"no"`).Replace(reply)
			}
			c.Send(p.Dest, "%s", reply)
		}
		c := maelstromtest.Converse(t, maelstromtest.Setting{Services: map[string]maelstromtest.Responder{maelstrom.SeqKV: serve}}, r.Program)
		for range 3 {
			c.Request("c1", `{"type":"add","delta":2}`)
			if reply := c.Hear(); reply.Type != "add_ok" {
				t.Fatalf("an add was answered with %v", reply)
			}
		}
		if got := total(t, c); got != "6" {
			t.Errorf("the total is %s, want 6", got)
		}
	})
}
