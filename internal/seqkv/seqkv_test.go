package seqkv

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
	"go.uber.org/goleak"

	"maelstrom-counter/internal/maelstromtest"
	"maelstrom-counter/internal/node"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	goleak.VerifyTestMain(m)
}

// withStore runs test with a client of the given store, which answers each request with a body after a delay, or not at all if
// the body is empty.
func withStore(t *testing.T, store func(maelstromtest.Packet) (reply string, after time.Duration), test func(context.Context, *Client)) {
	synctest.Test(t, func(t *testing.T) {
		serve := func(c *maelstromtest.Conversation, request maelstromtest.Packet) {
			if reply, after := store(request); reply != "" {
				time.AfterFunc(after, func() { c.Answer(request, "%s", reply) })
			}
		}
		var client *Client
		c := maelstromtest.Converse(t, maelstromtest.Setting{
			Node: "n1", Services: map[string]maelstromtest.Responder{maelstrom.SeqKV: serve},
		}, func(env maelstromtest.Env) error {
			n := node.New(env.Stdin, env.Stdout, slog.New(slog.DiscardHandler), rand.New(rand.NewPCG(1, 2)))
			client = New(n, rand.New(rand.NewPCG(1, 2)))
			return n.Run(env.Stop)
		})
		test(t.Context(), client)
		time.Sleep(10 * time.Second) // late replies arrive, and do no harm
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		c.Unheard()
	})
}

func TestACompareAndSwapEndsAsTheStoreSaysOrAtItsTimeout(t *testing.T) {
	for _, test := range []struct {
		reply string
		after time.Duration
		check func(error) bool
	}{
		{`{"type":"cas_ok"}`, time.Millisecond, func(err error) bool { return err == nil }},
		{`{"type":"error","code":22}`, time.Millisecond, func(err error) bool { return maelstrom.ErrorCode(err) == 22 }},
		{`{"type":"error","code":20}`, time.Millisecond, func(err error) bool { return maelstrom.ErrorCode(err) == 20 }},
		{`{"type":"error","code":0}`, time.Millisecond, func(err error) bool { return err == context.DeadlineExceeded }},
		{`{"type":"write_ok"}`, time.Millisecond, func(err error) bool { return err == context.DeadlineExceeded }},
		{``, 0, func(err error) bool { return err == context.DeadlineExceeded }},
		{`{"type":"cas_ok"}`, 3 * time.Second, func(err error) bool { return err == context.DeadlineExceeded }},
	} {
		var asked maelstromtest.Packet
		withStore(t, func(r maelstromtest.Packet) (string, time.Duration) {
			asked = r
			return test.reply, test.after
		}, func(ctx context.Context, c *Client) {
			ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
			defer cancel()
			_, err := c.CompareAndSwap(ctx, "k", json.RawMessage(`1`), json.RawMessage(`9007199254740991`), "", "")
			if !test.check(err) {
				t.Errorf("reply %s after %v: %v", test.reply, test.after, err)
			}
		})
		if asked.Type != "cas" || asked.Field("to") != "9007199254740991" {
			t.Errorf("the store was asked %v", asked)
		}
	}
}

// If the answer to the first copy is not lost but slow, it counts as well as one to the second.
func TestACompareAndSwapWithoutAnAnswerIsSentAgain(t *testing.T) {
	for _, first := range []struct {
		reply string
		after time.Duration // longer than the first timeout
	}{{"", 0}, {`{"type":"cas_ok"}`, 1100 * time.Millisecond}} {
		requests := 0
		withStore(t, func(r maelstromtest.Packet) (string, time.Duration) {
			if requests++; requests == 1 {
				return first.reply, first.after
			}
			if first.reply != "" {
				return "", 0
			}
			return `{"type":"cas_ok"}`, time.Millisecond
		}, func(ctx context.Context, c *Client) {
			if _, err := c.CompareAndSwap(ctx, "k", json.RawMessage(`1`), json.RawMessage(`2`), "", ""); err != nil {
				t.Errorf("the first copy is answered with %q after %v: %v", first.reply, first.after, err)
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
	withStore(t, func(r maelstromtest.Packet) (string, time.Duration) {
		asked = append(asked, r.Type+" "+r.Field("key"))
		if r.Type == "read" {
			if reads++; reads == 3 {
				return `{"type":"read_ok","value":{"x":12345678901234567890}}`, time.Millisecond
			}
		}
		return "", 0
	}, func(ctx context.Context, c *Client) {
		value, err := c.Refresh(ctx, "k", "mine", "mark")
		if err != nil || string(value) != `{"x":12345678901234567890}` {
			t.Errorf("got %s, %v", value, err)
		}
	})
	want := []string{`write "mine"`, `read "k"`, `write "mine"`, `read "k"`, `write "mine"`, `read "k"`}
	if !slices.Equal(asked, want) {
		t.Errorf("the store was asked %q", asked)
	}
}

func TestRefreshLearnsOfRoundTripsLongerThanItsTimeout(t *testing.T) {
	withStore(t, func(r maelstromtest.Packet) (string, time.Duration) {
		if r.Type == "read" {
			return `{"type":"read_ok","value":1}`, 1500 * time.Millisecond
		}
		return "", 0
	}, func(ctx context.Context, c *Client) {
		if _, err := c.Refresh(ctx, "k", "mine", "mark"); err != nil {
			t.Error(err)
		}
		if smoothed, timeout := c.RTT(); smoothed < time.Second || timeout < 1500*time.Millisecond {
			t.Errorf("smoothed %v, timeout %v", smoothed, timeout)
		}
	})
}

func TestRefreshWithoutAnAnswerEndsWithItsContext(t *testing.T) {
	for _, reply := range []string{"", `{"type":"error","code":13,"text":"crash"}`, `{"type":"cas_ok"}`} {
		requests := 0
		withStore(t, func(maelstromtest.Packet) (string, time.Duration) { requests++; return reply, 0 }, func(ctx context.Context, c *Client) {
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
	withStore(t, func(r maelstromtest.Packet) (string, time.Duration) {
		return `{"type":"error","code":20,"text":"key does not exist"}`, 0
	}, func(ctx context.Context, c *Client) {
		if _, err := c.Refresh(ctx, "k", "mine", "mark"); maelstrom.ErrorCode(err) != maelstrom.KeyDoesNotExist {
			t.Errorf("got %v", err)
		}
	})
}

// Each copy of a write changes the store, whatever has arrived before.
func TestAWriteIsRepeatedWithATextThatTheKeyNeverHad(t *testing.T) {
	var written []string
	withStore(t, func(r maelstromtest.Packet) (string, time.Duration) {
		if written = append(written, r.Type+" "+r.Field("key")+" "+r.Field("value")); len(written) == 3 {
			return `{"type":"write_ok"}`, time.Millisecond
		}
		return `{"type":"error","code":20,"text":"a write cannot meet this"}`, time.Millisecond
	}, func(ctx context.Context, c *Client) {
		if err := c.Write(ctx, "mine", "mark"); err != nil {
			t.Error(err)
		}
	})
	if want := []string{`write "mine" "mark.1"`, `write "mine" "mark.2"`, `write "mine" "mark.3"`}; !slices.Equal(written, want) {
		t.Errorf("the store was asked %q", written)
	}
}

func TestARefusedSwapReturnsTheValueThatTheRefusalTells(t *testing.T) {
	for _, test := range []struct{ text, told string }{
		{`current value 7 is not 1`, `7`},
		{`current value nil is not 1`, ``},
		{`current value {} is not 1`, `{}`},
		{`current value "a" is not 1`, `"a"`},
		{`current value {"total" 5, "receipts" {"n0" {"boot" 1, "nonce" 9007199254740991, "seq" 3}, "n1" {}}} is not {"total" 4}`,
			`{"total":5, "receipts":{"n0":{"boot":1, "nonce":9007199254740991, "seq":3}, "n1":{}}}`},
		{`current value {"total":5,"receipts":{"n0":{"seq": 3}}} is not {"total":4}`, `{"total":5,"receipts":{"n0":{"seq": 3}}}`}, // JSON
		{`current value {"a \" b" 1, "c\\" 2, "\" }" {}} is not 1`, `{"a \" b":1, "c\\":2, "\" }":{}}`},
		{`current value {"a" "b", "c" 1} is not 1`, `{"a":"b", "c":1}`},
		{`current value ["a" "b"] is not 1`, ``},
		{`current value {:total 5} is not 1`, ``},
		{`current value {"total" 5`, ``},
		{`current value `, ``},
		{`current value 7`, ``},
		{`current value {"a is not b" 1} is not 1`, ``},
		{`the current value 7 is not 1`, ``},
		{`7`, ``},
		{`7 is not 1`, ``},
		{``, ``},
	} {
		refusal, err := json.Marshal(map[string]any{"type": "error", "code": maelstrom.PreconditionFailed, "text": test.text})
		if err != nil {
			t.Fatal(err)
		}
		withStore(t, func(maelstromtest.Packet) (string, time.Duration) { return string(refusal), time.Millisecond }, func(ctx context.Context, c *Client) {
			told, err := c.CompareAndSwap(ctx, "k", json.RawMessage(`1`), json.RawMessage(`2`), "", "")
			if maelstrom.ErrorCode(err) != maelstrom.PreconditionFailed || string(told) != test.told {
				t.Errorf("%s\ntold %s, error %v\nwant %s", test.text, told, err, test.told)
			}
		})
	}
}

// The bench's store prints values as Clojure does.
func TestValuesWithAnyNamesAreTold(t *testing.T) {
	for _, name := range []string{"n0", "", " ", `"`, `\`, `a "b" c`, `" "`, `\" `, "é\n\t\r\f\b/", "<&>", "{:}", `"}, "`, "𝄞", "current value 1"} {
		stored, err := json.Marshal(map[string]any{name: map[string]any{name: 1, "a": -2}, "b": map[string]any{}})
		if err != nil {
			t.Fatal(err)
		}
		store := maelstromtest.NewStore()
		store.Put("k", string(stored))
		withStore(t, func(r maelstromtest.Packet) (string, time.Duration) { return store.Reply(r), time.Millisecond }, func(ctx context.Context, c *Client) {
			told, err := c.CompareAndSwap(ctx, "k", json.RawMessage(`1`), json.RawMessage(`2`), "", "")
			if !sameJSON(told, stored) || maelstrom.ErrorCode(err) != maelstrom.PreconditionFailed {
				t.Errorf("stored %s, told %s: %v", stored, told, err)
			}
		})
	}
}

func TestASwapWithAMarkGoesBehindAWriteOfIt(t *testing.T) {
	var asked []string
	withStore(t, func(r maelstromtest.Packet) (string, time.Duration) {
		asked = append(asked, r.Type+" "+r.Field("key")+" "+r.Field("value"))
		if len(asked) == 4 {
			return `{"type":"cas_ok"}`, time.Millisecond
		}
		return "", 0
	}, func(ctx context.Context, c *Client) {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if told, err := c.CompareAndSwap(ctx, "k", json.RawMessage(`1`), json.RawMessage(`2`), "mine", "mark"); told != nil || err != nil {
			t.Errorf("told %s, error %v", told, err)
		}
	})
	if want := []string{`write "mine" "mark.1"`, `cas "k" `, `write "mine" "mark.2"`, `cas "k" `}; !slices.Equal(asked, want) {
		t.Errorf("the store was asked %q", asked)
	}
}

// sameJSON reports whether a and b are the same JSON value.
func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
