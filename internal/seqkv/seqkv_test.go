package seqkv

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
	"go.uber.org/goleak"

	"maelstrom-counter/internal/node"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	goleak.VerifyTestMain(m)
}

// A request is what the store of a test is asked.
type request struct {
	ID   int    `json:"msg_id"`
	Type string `json:"type"`
	Key  string `json:"key"`
	To   int64  `json:"to"`
}

// withStore runs test with a client whose requests the given store answers: with the fields of a reply's body, or "" for
// no answer, after a delay.
func withStore(t *testing.T, store func(request) (reply string, after time.Duration), test func(context.Context, *Client)) {
	synctest.Test(t, func(t *testing.T) {
		in, to := io.Pipe()
		out, stdout := io.Pipe()
		n := node.New(in, stdout, slog.New(slog.DiscardHandler), rand.New(rand.NewPCG(1, 2)))
		ended := make(chan error, 1)
		go func() {
			ended <- n.Run(t.Context())
			stdout.Close()
		}()
		go func() {
			for decoder := json.NewDecoder(out); ; {
				var msg maelstrom.Message
				var r request
				if decoder.Decode(&msg) != nil || json.Unmarshal(msg.Body, &r) != nil {
					return
				}
				if msg.Dest != maelstrom.SeqKV {
					continue
				}
				if reply, after := store(r); reply != "" {
					time.AfterFunc(after, func() {
						fmt.Fprintf(to, `{"src":"seq-kv","dest":"n1","body":{"in_reply_to":%d,%s}}`+"\n", r.ID, reply)
					})
				}
			}
		}()
		fmt.Fprintln(to, `{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"]}}`)
		<-n.Ready()
		test(t.Context(), New(n, rand.New(rand.NewPCG(1, 2))))
		time.Sleep(10 * time.Second) // late replies arrive, and harm nobody
		to.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestACompareAndSwapEndsAsTheStoreSaysOrAtItsTimeout(t *testing.T) {
	for _, test := range []struct {
		reply string
		after time.Duration
		check func(error) bool
	}{
		{`"type":"cas_ok"`, time.Millisecond, func(err error) bool { return err == nil }},
		{`"type":"error","code":22`, time.Millisecond, func(err error) bool { return maelstrom.ErrorCode(err) == 22 }},
		{`"type":"error","code":20`, time.Millisecond, func(err error) bool { return maelstrom.ErrorCode(err) == 20 }},
		{`"type":"error","code":0`, time.Millisecond, func(err error) bool { return err == context.DeadlineExceeded }},
		{`"type":"write_ok"`, time.Millisecond, func(err error) bool { return err == context.DeadlineExceeded }},
		{``, 0, func(err error) bool { return err == context.DeadlineExceeded }},
		{`"type":"cas_ok"`, 3 * time.Second, func(err error) bool { return err == context.DeadlineExceeded }},
	} {
		var asked request
		withStore(t, func(r request) (string, time.Duration) {
			asked = r
			return test.reply, test.after
		}, func(ctx context.Context, c *Client) {
			_, err := c.CompareAndSwap(ctx, "k", json.RawMessage(`1`), json.RawMessage(`9007199254740991`), false)
			if !test.check(err) {
				t.Errorf("reply %s after %v: %v", test.reply, test.after, err)
			}
		})
		if asked.Type != "cas" || asked.To != 9007199254740991 {
			t.Errorf("the store was asked %+v", asked)
		}
	}
}

// If it isn't lost but slow, the first request's answer is as good as the second's.
func TestACompareAndSwapWithoutAnAnswerIsSentAgain(t *testing.T) {
	for _, first := range []struct {
		reply string
		after time.Duration // longer than the first time-out
	}{{"", 0}, {`"type":"cas_ok"`, 1100 * time.Millisecond}} {
		requests := 0
		withStore(t, func(r request) (string, time.Duration) {
			if requests++; requests == 1 {
				return first.reply, first.after
			}
			if first.reply != "" {
				return "", 0
			}
			return `"type":"cas_ok"`, time.Millisecond
		}, func(ctx context.Context, c *Client) {
			if _, err := c.CompareAndSwap(ctx, "k", json.RawMessage(`1`), json.RawMessage(`2`), false); err != nil {
				t.Errorf("the first is answered with %q after %v: %v", first.reply, first.after, err)
			}
		})
		if requests < 2 {
			t.Errorf("%d requests", requests)
		}
	}
}

func TestRefreshWritesItsMarkFirstAndRepeatsUntilItIsAnswered(t *testing.T) {
	var asked []string
	reads := 0
	withStore(t, func(r request) (string, time.Duration) {
		asked = append(asked, r.Type+" "+r.Key)
		if r.Type == "read" {
			if reads++; reads == 3 {
				return `"type":"read_ok","value":{"x":12345678901234567890}`, time.Millisecond
			}
		}
		return "", 0
	}, func(ctx context.Context, c *Client) {
		value, err := c.Refresh(ctx, "k", "mine", "mark")
		if err != nil || string(value) != `{"x":12345678901234567890}` {
			t.Errorf("got %s, %v", value, err)
		}
	})
	want := []string{"write mine", "read k", "write mine", "read k", "write mine", "read k"}
	if !slices.Equal(asked, want) {
		t.Errorf("the store was asked %q", asked)
	}
}

func TestRefreshLearnsOfRoundTripsLongerThanItsTimeout(t *testing.T) {
	withStore(t, func(r request) (string, time.Duration) {
		if r.Type == "read" {
			return `"type":"read_ok","value":1`, 1500 * time.Millisecond
		}
		return "", 0
	}, func(ctx context.Context, c *Client) {
		if _, err := c.Refresh(ctx, "k", "mine", "mark"); err != nil {
			t.Error(err)
		}
		if smoothed, timeout := c.RTT(); smoothed < time.Second || timeout < 1500*time.Millisecond {
			t.Errorf("smoothed %v, time-out %v", smoothed, timeout)
		}
	})
}

func TestRefreshWithoutAnAnswerEndsWithItsContext(t *testing.T) {
	for _, reply := range []string{"", `"type":"error","code":13,"text":"crash"`, `"type":"cas_ok"`} {
		requests := 0
		withStore(t, func(request) (string, time.Duration) { requests++; return reply, 0 }, func(ctx context.Context, c *Client) {
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			if _, err := c.Refresh(ctx, "k", "mine", "mark"); err != context.DeadlineExceeded {
				t.Errorf("got %v", err)
			}
		})
		if requests < 60 || requests > 500 { // two for each attempt
			t.Errorf("%d requests in a minute, each answered with %q", requests, reply)
		}
	}
}

func TestRefreshReportsThatAKeyDoesNotExist(t *testing.T) {
	withStore(t, func(r request) (string, time.Duration) {
		return `"type":"error","code":20,"text":"key does not exist"`, 0
	}, func(ctx context.Context, c *Client) {
		if _, err := c.Refresh(ctx, "k", "mine", "mark"); maelstrom.ErrorCode(err) != maelstrom.KeyDoesNotExist {
			t.Errorf("got %v", err)
		}
	})
}
