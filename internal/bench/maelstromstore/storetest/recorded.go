package storetest

import (
	"encoding/json"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromtest"
)

// A client of Maelstrom's takes messages only while it waits for an answer:
// client.clj.
type client struct {
	awaited string        // the msg_id of its request; empty if it does not wait
	until   time.Duration // when it gives up
	queue   []journal.Entry
}

// Recorded returns the entries of a run as the real Maelstrom would have
// recorded them. What comes to a client that does not wait is received when it
// makes its next request, or never.
func Recorded(r *maelstromtest.Result, entries []journal.Entry) (recorded []journal.Entry) {
	clients := map[string]*client{}
	for _, e := range entries {
		var body struct {
			Type      string
			ID        json.RawMessage `json:"msg_id"`
			InReplyTo json.RawMessage `json:"in_reply_to"`
		}
		_ = json.Unmarshal(e.Body, &body) // not every entry has one
		switch c := clients[e.Dest]; {
		case e.What == journal.Sent && isClient(e.Src):
			c := clients[e.Src]
			if c == nil {
				c = &client{}
				clients[e.Src] = c
			}
			c.awaited, c.until = string(body.ID), e.Time+r.Config.ClientTimeout
			if body.Type == "init" {
				c.until += 5 * time.Second // 10 s in all
			}
			recorded = append(recorded, e)
			for _, late := range c.queue {
				late.Time = e.Time
				recorded = append(recorded, late)
			}
			c.queue = nil
		case e.What == journal.Received && c != nil && (c.awaited == "" || e.Time > c.until):
			c.queue = append(c.queue, e)
		default:
			if e.What == journal.Received && c != nil && string(body.InReplyTo) == c.awaited {
				c.awaited = ""
			}
			recorded = append(recorded, e)
		}
	}
	return recorded
}

func isClient(name string) bool { return strings.HasPrefix(name, "c") }
