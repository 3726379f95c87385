package trial

import (
	"encoding/json"
	"errors"
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

// conflict is a refusal that tells nothing.
const conflict = `{"type":"error","code":22}`

// mistold is a refusal that tells what the key does not hold.
const mistold = `{"type":"error","code":22,"text":"current value {\"total\" 9, \"receipts\" {\"n9\" {\"boot\" 1, \"nonce\" 0, \"seq\" 1}}} is not {}"}`

// An oddity is what a store replies to each request of a type, or "" for the
// truth.
type oddity struct {
	name, request string
	stuck         bool // no swap can succeed, and each is answered
	reply         func() string
}

func always(reply string) func() string { return func() string { return reply } }

// oddities has each error code in reply to each type of request, and more. With
// -short, it has only every tenth code.
func oddities() []oddity {
	told := 9
	all := []oddity{
		{"swaps always fail", "cas", true, always(conflict)},
		{"they tell another value than the key holds", "cas", true, always(mistold)},
		{"they tell another value each time", "cas", true, func() string {
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
			all = append(all, oddity{fmt.Sprintf("%s %d", request, code), request, false, reply})
		}
	}
	return all
}

// OddStore lets the store answer oddly. A node that makes no progress must send
// it at most 50 requests of each type a second, and say so in its log.
func OddStore(t *testing.T, program maelstromtest.Program) {
	for _, odd := range oddities() {
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
	s, check := odd.talk(t, program, store)
	for i := range 3 {
		s.Line(AddLine("c1", i+1))
		s.Hear("add_ok", "error")
	}
	time.Sleep(10 * time.Second)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	check()
	if odd.stuck && stored != "42" && !strings.Contains(s.Stderr(), "no progress") {
		t.Errorf("the node did not log that it makes no progress, but %q", s.Stderr())
	}
}

// talk starts n0, one of the given nodes, with a store that answers oddly. The
// returned function checks that the store was asked at most 50 times for each
// type of request in each second.
func (odd oddity) talk(t *testing.T, program maelstromtest.Program, store *maelstromtest.Store, nodes ...string) (
	s *maelstromtest.Conversation, check func()) {
	asked := map[string]int{} // by type and second
	setting := Alone(func(c *maelstromtest.Conversation, p maelstromtest.Packet) {
		asked[fmt.Sprintf("%s in second %d", p.Type, time.Now().Unix())]++
		reply := ""
		if p.Type == odd.request {
			reply = odd.reply()
		}
		if reply == "" {
			store.Serve(c, p)
		} else {
			c.Answer(p, "%s", reply)
		}
	})
	setting.Nodes = nodes
	return maelstromtest.Converse(t, setting, program), func() {
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
			reply := ""
			odd := oddity{request: "cas", reply: func() string { return reply }}
			s, check := odd.talk(t, program, maelstromtest.NewStore(), "n0", "n1")
			fold := func() {
				s.Request("n1", `{"type":"combine","boot":1,"nonce":1,"seq":1,"delta":1}`)
				s.Hear("combine_ok")
			}
			fold()
			reply = conflict
			s.Request("c1", `{"type":"add","delta":1}`)
			for began := time.Now(); time.Since(began) < 3*time.Second; time.Sleep(pause) {
				fold()
			}
			s.Hear("error")
			check()
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
	var adds Bits
	serve := func(bit int64) {
		for i, node := range Nodes {
			if err := adds.Add(c, node, bit<<i); err != nil {
				t.Errorf("%s: %v", node, err)
			}
		}
	}
	good := json.RawMessage(`{"total":0,"receipts":` + foreign + `}`)
	if when == "in the middle" {
		serve(1)
		good, _ = c.Get(maelstrom.SeqKV, "counter")
	}
	c.Put(maelstrom.SeqKV, "counter", json.RawMessage(bad))
	if when == "before the start" {
		for _, node := range Nodes {
			c.Kill(node)
			c.Restart(node)
		}
	}
	for i, node := range Nodes {
		err := adds.Add(c, node, 1<<(3+i))
		// A node that has seen a good value may send a swap before it sees the
		// bad one. It cannot know whether that swap takes effect.
		open := maelstrom.ErrorCode(err) == maelstrom.Timeout && when != "before the start"
		checkRefusal(t, node, err, open, fmt.Sprintf("%.80q", bad))
	}
	for i := range 20 * len(Nodes) {
		node := Nodes[i%len(Nodes)]
		_, err := Ask(c, node, Read)
		checkRefusal(t, node, err, false, "")
	}
	if got, _ := c.Get(maelstrom.SeqKV, "counter"); string(got) != bad {
		t.Errorf("the bad value was overwritten with %s", got)
	}
	c.Put(maelstrom.SeqKV, "counter", good)
	time.Sleep(900 * time.Millisecond)
	serve(1 << 6)
	for _, node := range Nodes {
		value, err := Ask(c, node, Read)
		adds.Check(t, node, value, err)
	}
}

// checkRefusal checks that a node has answered with error 11, or 0 if open is
// set, and named the key and what it holds.
func checkRefusal(t *testing.T, node string, err error, open bool, holds string) {
	t.Helper()
	var e *maelstrom.RPCError
	named := errors.As(err, &e) && strings.Contains(e.Text, `"counter"`) && strings.Contains(e.Text, holds)
	if !named || e.Code != maelstrom.TemporarilyUnavailable && !open {
		t.Errorf("%s answered %v", node, err)
	}
}
