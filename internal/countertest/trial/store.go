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

// foreign are receipts that are not of a node of the cluster.
const foreign = `{"n9":{"boot":1,"nonce":0,"seq":1}}`

// mistold is a refusal that tells what the key does not hold.
const mistold = `{"type":"error","code":22,"text":"current value {\"total\" 9, \"receipts\" {\"n9\" {\"boot\" 1, \"nonce\" 0, \"seq\" 1}}} is not {}"}`

// An oddity is a reply that a store gives to each request of a type.
type oddity struct {
	name, request string
	reply         func() string
}

// OddStore lets the store answer one type of request oddly, with each error
// code and in two other ways. A node that makes no progress must send it at
// most 50 requests of each type a second. With -short, only every tenth error
// code is tried.
func OddStore(t *testing.T, program maelstromtest.Program) {
	always := func(reply string) func() string { return func() string { return reply } }
	told := 9
	oddities := []oddity{
		{"swaps always fail", "cas", always(`{"type":"error","code":22}`)},
		{"they tell another value than the key holds", "cas", always(mistold)},
		{"they tell another value each time", "cas", func() string {
			told++
			return strings.Replace(mistold, `\"total\" 9`, fmt.Sprintf(`\"total\" %d`, told), 1)
		}},
	}
	step := 1
	if testing.Short() {
		step = 10
	}
	for _, request := range []string{"read", "write", "cas"} {
		for code := 0; code <= 40; code += step {
			reply := always(fmt.Sprintf(`{"type":"error","code":%d}`, code))
			oddities = append(oddities, oddity{fmt.Sprintf("%s %d", request, code), request, reply})
		}
	}
	for _, odd := range oddities {
		for _, stored := range []string{"", `{"total":7,"receipts":` + foreign + `}`, `42`} {
			t.Run(odd.name+"/"+stored, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { odd.run(t, program, stored) })
			})
		}
	}
}

func (odd oddity) run(t *testing.T, program maelstromtest.Program, stored string) {
	store := maelstromtest.NewStore()
	if stored != "" {
		store.Put("counter", stored)
	}
	serve, check := counting(func(c *maelstromtest.Conversation, p maelstromtest.Packet) {
		if p.Type == odd.request {
			c.Answer(p, "%s", odd.reply())
		} else {
			store.Serve(c, p)
		}
	})
	s := maelstromtest.Converse(t, Alone(serve), program)
	for i := range 3 {
		s.Line(AddLine("c1", i+1))
		s.Hear("add_ok", "error")
	}
	time.Sleep(10 * time.Second)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	check(t)
	if !strings.HasPrefix(odd.name, "cas") && odd.request == "cas" && stored != "42" && !strings.Contains(s.Stderr(), "no progress") {
		t.Errorf("the node did not log that it makes no progress, but %q", s.Stderr())
	}
}

// counting returns a store that serves and counts. The check is that it was
// asked at most 50 times for each type of request in each second.
func counting(serve maelstromtest.Responder) (counts maelstromtest.Responder, check func(*testing.T)) {
	asked := map[string]int{} // by type and second
	counts = func(c *maelstromtest.Conversation, p maelstromtest.Packet) {
		asked[fmt.Sprintf("%s in second %d", p.Type, time.Now().Unix())]++
		serve(c, p)
	}
	return counts, func(t *testing.T) {
		t.Helper()
		for when, n := range asked {
			if n > 50 {
				t.Errorf("%d times %s", n, when)
			}
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
			serve, check := counting(func(c *maelstromtest.Conversation, p maelstromtest.Packet) {
				if refuses && p.Type == "cas" {
					c.Answer(p, `{"type":"error","code":22}`)
				} else {
					store.Serve(c, p)
				}
			})
			setting := Alone(serve)
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
			check(t)
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
	a := asker{t: t, Cluster: c, bit: 1}
	good := json.RawMessage(`{"total":0,"receipts":` + foreign + `}`)
	switch when {
	case "before the start":
		for _, node := range Nodes {
			c.Kill(node)
		}
	case "in the middle":
		a.serves()
		good, _ = c.Get(maelstrom.SeqKV, "counter")
	}
	c.Put(maelstrom.SeqKV, "counter", json.RawMessage(bad))
	if when == "before the start" {
		for _, node := range Nodes {
			c.Restart(node)
		}
	}
	a.refuses(bad, when != "before the start")
	if got, _ := c.Get(maelstrom.SeqKV, "counter"); string(got) != bad {
		t.Errorf("the bad value was overwritten with %s", got)
	}
	c.Put(maelstrom.SeqKV, "counter", good)
	time.Sleep(900 * time.Millisecond)
	a.serves()
	for _, node := range Nodes {
		value, _, text := Ask(c, node, Read)
		a.adds.Check(t, node, cmp.Or(value, text))
	}
}

// An asker asks the nodes of a cluster whose stored value is bad for a time.
type asker struct {
	*maelstromtest.Cluster
	t    *testing.T
	adds Bits
	bit  int64 // of the last add
}

func (a *asker) add(node string) (code int, text string) {
	a.bit *= 2
	_, code, text = Ask(a.Cluster, node, Add(a.bit))
	a.adds.Note(a.bit, code)
	return code, text
}

// serves checks that each node serves an add.
func (a *asker) serves() {
	a.t.Helper()
	for _, node := range Nodes {
		if code, text := a.add(node); code != -1 {
			a.t.Errorf("%s answered %d %s", node, code, text)
		}
	}
}

// refuses checks that the nodes refuse everything, and say why. If they had
// seen a good value before, what a node sends before it sees the bad one may
// still take effect, for all the node knows.
func (a *asker) refuses(bad string, seen bool) {
	a.t.Helper()
	for _, node := range Nodes {
		code, text := a.add(node)
		if code != maelstrom.TemporarilyUnavailable && (code != maelstrom.Timeout || !seen) {
			a.t.Errorf("%s answered %d %s", node, code, text)
		}
		if !strings.Contains(text, `"counter"`) || !strings.Contains(text, fmt.Sprintf("%.80q", bad)) {
			a.t.Errorf("%s does not name the key and what it holds: %s", node, text)
		}
	}
	for i := range 20 * len(Nodes) {
		node := Nodes[i%len(Nodes)]
		_, code, text := Ask(a.Cluster, node, Read)
		if code != maelstrom.TemporarilyUnavailable || !strings.Contains(text, `"counter"`) {
			a.t.Errorf("%s answered %d %s", node, code, text)
		}
	}
}
