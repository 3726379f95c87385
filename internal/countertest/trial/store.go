package trial

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// OddStore lets the store answer one type of request oddly, with each error
// code and in two other ways. A node that makes no progress must send it at
// most 50 requests of each type a second. With -short, only every tenth error
// code is tried.
func OddStore(t *testing.T, program maelstromtest.Program) {
	conflict := `{"type":"error","code":22}`
	mistold := `{"type":"error","code":22,"text":"current value {\"total\" 9, \"receipts\" {\"n9\" {\"boot\" 1, \"nonce\" 0, \"seq\" 1}}} is not {}"}`
	told := 0
	another := func() string { // tells another value each time
		told++
		return strings.Replace(mistold, `\"total\" 9`, fmt.Sprintf(`\"total\" %d`, 9+told), 1)
	}
	type oddity struct {
		name, request, reply string
	}
	oddities := []oddity{
		{"swaps always fail", "cas", conflict},
		{"they tell another value than the key holds", "cas", mistold},
		{"they tell another value each time", "cas", ""},
	}
	step := 1
	if testing.Short() {
		step = 10
	}
	for _, request := range []string{"read", "write", "cas"} {
		for code := 0; code <= 40; code += step {
			oddities = append(oddities, oddity{fmt.Sprintf("%s %d", request, code), request, fmt.Sprintf(`{"type":"error","code":%d}`, code)})
		}
	}
	for _, odd := range oddities {
		for _, stored := range []string{"", `{"total":7,"receipts":{"n9":{"boot":1,"nonce":0,"seq":1}}}`, `42`} {
			t.Run(odd.name+"/"+stored, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					store := maelstromtest.NewStore()
					if stored != "" {
						store.Put("counter", stored)
					}
					asked := map[string]int{} // by type and second
					s := maelstromtest.Converse(t, Alone(func(c *maelstromtest.Conversation, p maelstromtest.Packet) {
						asked[fmt.Sprintf("%s in second %d", p.Type, time.Now().Unix())]++
						if p.Type == odd.request {
							c.Answer(p, "%s", cmp.Or(odd.reply, another()))
						} else {
							store.Serve(c, p)
						}
					}), program)
					for i := range 3 {
						s.Line(AddLine("c1", i+1))
						s.Hear("add_ok", "error")
					}
					time.Sleep(10 * time.Second)
					if err := s.Close(); err != nil {
						t.Error(err)
					}
					for when, n := range asked {
						if n > 50 {
							t.Errorf("%d times %s", n, when)
						}
					}
					if !strings.HasPrefix(odd.name, "cas") && odd.request == "cas" && stored != "42" && !strings.Contains(s.Stderr(), "no progress") {
						t.Errorf("the node did not log that it makes no progress, but %q", s.Stderr())
					}
				})
			})
		}
	}
}

// Copies has another node repeat a fold that was applied long ago, while the
// store refuses each swap. A node that answers copies makes no progress by
// that, and must send the store at most 50 requests of each type a second.
func Copies(t *testing.T, program maelstromtest.Program) {
	for _, pause := range []time.Duration{5 * time.Millisecond, 100 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			store, refuses := maelstromtest.NewStore(), false
			asked := map[string]int{} // by type and second
			setting := Alone(func(c *maelstromtest.Conversation, p maelstromtest.Packet) {
				asked[fmt.Sprintf("%s in second %d", p.Type, time.Now().Unix())]++
				if refuses && p.Type == "cas" {
					c.Answer(p, `{"type":"error","code":22}`)
				} else {
					store.Serve(c, p)
				}
			})
			setting.Nodes = []string{"n0", "n1"}
			s := maelstromtest.Converse(t, setting, program)
			fold := func() {
				s.Request("n1", `{"type":"combine","boot":1,"nonce":1,"seq":1,"delta":1}`)
				s.Hear("combine_ok")
			}
			fold()
			refuses = true
			s.Request("c1", `{"type":"add","delta":1}`)
			for began := time.Now(); time.Since(began) < 3*time.Second; time.Sleep(pause) {
				fold()
			}
			s.Hear("error")
			for when, n := range asked {
				if n > 50 {
					t.Errorf("a copy every %v: %d times %s", pause, n, when)
				}
			}
		})
	}
}

// BadValue puts a value that makes no sense into the store. The nodes must
// report it, leave it there, and serve again when it is mended.
func BadValue(t *testing.T, program maelstromtest.Program) {
	values := []string{`42`, `null`, `{"total":-1,"receipts":{"n0":{"boot":1,"nonce":0,"seq":1}}}`, `"text"`, `[1,2]`, `false`, `{}`, `{"total":1}`,
		`{"total":9007199254740992,"receipts":{"n0":{"boot":1,"nonce":0,"seq":1}}}`}
	if testing.Short() {
		values = values[:2]
	}
	for _, bad := range values {
		for _, test := range []struct {
			when    string
			latency time.Duration
		}{{"before the start", 0}, {"in the middle", 0}, {"in the middle", 20 * time.Millisecond}, {"before the first add", 0}} {
			t.Run(fmt.Sprintf("%s/%s/%v", bad, test.when, test.latency), func(t *testing.T) {
				cfg := maelstromtest.Config{Seed: 1, Latency: test.latency, LatencyDist: "exponential"}
				InCluster(t, program, cfg, func(t *testing.T, c *maelstromtest.Cluster) { badValue(t, c, bad, test.when) })
			})
		}
	}
}

// badValue puts a bad value into the store of a cluster at some time, and mends
// it later.
func badValue(t *testing.T, c *maelstromtest.Cluster, bad, when string) {
	sum, unknown, bit := int64(0), int64(0), int64(1) // of the adds; each has a bit of its own
	reading := func() maelstromtest.Body { return Read }
	everybody := func(body func() maelstromtest.Body, check func(node, value string, code int, text string)) {
		for _, node := range []string{"n0", "n1", "n2"} {
			value, code, text := Ask(c, node, body())
			check(node, value, code, text)
		}
	}
	next := func() maelstromtest.Body { bit *= 2; return Add(bit) }
	fine := func(node, _ string, code int, text string) {
		if sum += bit; code != -1 {
			t.Errorf("%s answered %d %s", node, code, text)
		}
	}
	good := json.RawMessage(`{"total":0,"receipts":{"n9":{"boot":1,"nonce":0,"seq":1}}}`)
	switch when {
	case "before the start":
		c.Kill("n0")
		c.Kill("n1")
		c.Kill("n2")
	case "in the middle":
		everybody(next, fine)
		good, _ = c.Service("seq-kv").Get("counter")
	}
	c.Service("seq-kv").Put("counter", json.RawMessage(bad))
	if when == "before the start" {
		c.Restart("n0")
		c.Restart("n1")
		c.Restart("n2")
	}
	// What a node sends before it sees the bad value may still take effect, for
	// all the node knows.
	everybody(next, func(node, _ string, code int, text string) {
		if code == maelstrom.Timeout && when != "before the start" {
			unknown |= bit
		} else if code != maelstrom.TemporarilyUnavailable {
			t.Errorf("%s answered %d %s", node, code, text)
		}
		namesBoth(t, node, text, bad)
	})
	for range 20 {
		everybody(reading, func(node, _ string, code int, text string) {
			if code != maelstrom.TemporarilyUnavailable || !strings.Contains(text, `"counter"`) {
				t.Errorf("%s answered %d %s", node, code, text)
			}
		})
	}
	if got, _ := c.Service("seq-kv").Get("counter"); string(got) != bad {
		t.Errorf("the bad value was overwritten with %s", got)
	}
	c.Service("seq-kv").Put("counter", good)
	time.Sleep(900 * time.Millisecond)
	everybody(next, fine)
	everybody(reading, func(node, value string, code int, text string) {
		var total int64
		if err := json.Unmarshal([]byte(value), &total); err != nil || total&^unknown != sum {
			t.Errorf("%s read %q, want %b and perhaps some of %b; %d %s", node, value, sum, unknown, code, text)
		}
	})
}

// namesBoth checks that the text of an error names the key and what it holds.
func namesBoth(t *testing.T, node, text, bad string) {
	t.Helper()
	if !strings.Contains(text, `"counter"`) || !strings.Contains(text, fmt.Sprintf("%.80q", bad)) {
		t.Errorf("%s does not name the key and what it holds: %s", node, text)
	}
}
