package maelstromtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A delivery is when a message arrived, and its body.
type delivery struct {
	at   time.Duration
	body string
}

// A wire is a network with two nodes, a service and a client that note what
// they get.
type wire struct {
	network
	got map[string][]delivery
}

func newWire(cfg Config) *wire {
	w := &wire{newNetwork(cfg, &scheduler{begin: time.Now()}, func(Entry) {}), map[string][]delivery{}}
	for name, kind := range map[string]endpointKind{"n0": aNode, "n1": aNode, "seq-kv": aService, "c0": aClient} {
		e := w.add(name, kind, func(m *message) {
			w.got[name] = append(w.got[name], delivery{w.sched.now(), string(m.body)})
		})
		e.far = cfg.Far[name]
	}
	return w
}

func (w *wire) say(src, dest, body string) {
	w.send(w.endpoints[src], w.endpoints[dest], json.RawMessage(body))
}

func (w *wire) link(src, dest string) link { return link{w.endpoints[src], w.endpoints[dest]} }

// draw draws the latency of a message.
func (w *wire) draw(src, dest string) time.Duration {
	latency, _ := w.latency(w.link(src, dest))
	return latency
}

// run lets time pass until there is nothing left to do.
func (w *wire) run() {
	for len(w.sched.events) > 0 {
		time.Sleep(w.sched.events[0].at - w.sched.now())
		do, _ := w.sched.due()
		do()
	}
}

func TestAMessageWaitsBehindOneThatWasTakenBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(Config{LatencyDist: "constant"})
		enqueue := func(body string, latency time.Duration) {
			w.network.enqueue(&message{src: w.endpoints["n1"], dest: w.endpoints["n0"], body: json.RawMessage(body)}, latency)
		}
		enqueue("first", 100*time.Millisecond)
		w.sched.at(5*time.Millisecond, func() { enqueue("late", 60*time.Millisecond) })
		w.sched.at(6*time.Millisecond, func() { enqueue("early", 10*time.Millisecond) })
		w.sched.at(7*time.Millisecond, func() { w.say("c0", "n0", "client") })
		w.sched.at(7*time.Millisecond, func() { enqueue("long", 200*time.Millisecond) })
		w.run()
		const ms = time.Millisecond
		want := []delivery{{100 * ms, "first"}, {100 * ms, "client"}, {100 * ms, "early"}, {100 * ms, "late"}, {207 * ms, "long"}}
		if !slices.Equal(w.got["n0"], want) {
			t.Errorf("got %v, want %v", w.got["n0"], want)
		}
	})
}

func TestEventsComeInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(Config{})
		random := newRandom(1)
		type planned struct {
			at     time.Duration
			number int
		}
		var plan, got []planned
		for i := range 1000 {
			p := planned{time.Duration(random.IntN(10)), i}
			plan = append(plan, p)
			w.sched.at(p.at, func() { got = append(got, p) })
		}
		w.run()
		slices.SortStableFunc(plan, func(a, b planned) int { return int(a.at - b.at) })
		if !slices.Equal(got, plan) {
			t.Errorf("events came in the order %v", got)
		}
	})
}

func TestCutsCountWhenAMessageIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(Config{Latency: 100 * time.Millisecond, LatencyDist: "constant"})
		w.say("n1", "n0", "taken before the cut")
		w.sched.at(10*time.Millisecond, func() { w.say("n1", "n0", "sent before, taken during the cut") })
		var mend func()
		w.sched.at(20*time.Millisecond, func() { mend = w.cut(w.link("n1", "n0")) })
		w.sched.at(30*time.Millisecond, func() { w.say("n0", "n1", "the other way") })
		w.sched.at(150*time.Millisecond, func() { w.say("n1", "n0", "sent during the cut") })
		w.sched.at(300*time.Millisecond, func() { w.say("seq-kv", "n0", "to keep n0 waiting") })
		w.sched.at(310*time.Millisecond, func() { w.say("n1", "n0", "sent during, taken after the cut") })
		w.sched.at(350*time.Millisecond, func() { mend() })
		w.run()
		var got []string
		for _, d := range w.got["n0"] {
			got = append(got, d.body)
		}
		want := []string{"taken before the cut", "to keep n0 waiting", "sent during, taken after the cut"}
		if !slices.Equal(got, want) {
			t.Errorf("n0 got %q, want %q", got, want)
		}
		if len(w.got["n1"]) != 1 {
			t.Errorf("n1 got %v over a link that wasn't cut", w.got["n1"])
		}
	})
}

func TestClientsHaveNoLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(Config{Latency: time.Second, LatencyDist: "constant"})
		w.say("c0", "n0", "request")
		w.say("n0", "c0", "reply")
		w.say("n0", "n1", "message")
		w.run()
		if at := []time.Duration{w.got["n0"][0].at, w.got["c0"][0].at, w.got["n1"][0].at}; !slices.Equal(at, []time.Duration{0, 0, time.Second}) {
			t.Errorf("arrived at %v", at)
		}
		if w.servers != 1 || w.sent != 3 {
			t.Errorf("%d of %d messages involve no client", w.servers, w.sent)
		}
	})
}

// Each fault in messages acts on its own links as it says, and on no others.
func TestFaultsInMessagesActOnlyOnTheirOwnLinks(t *testing.T) {
	t.Parallel()
	routes := map[string][2]string{
		"request": {"n0", "seq-kv"}, "reply": {"seq-kv", "n0"}, "peer": {"n0", "n1"}, "client": {"c0", "n1"}, "answer": {"n1", "c0"},
	}
	type effect struct {
		lost, doubled, delayed float64
		from, to               time.Duration // of the delay
	}
	both := []string{"request", "reply"}
	for _, test := range []struct {
		fault  Fault
		routes []string
		effect effect
	}{
		{Fault{Kind: Loss}, both, effect{lost: 0.05}},
		{Fault{Kind: Loss, Probability: 0.5}, both, effect{lost: 0.5}},
		{Fault{Kind: Loss, Links: NodeLinks}, []string{"peer"}, effect{lost: 0.05}},
		{Fault{Kind: Duplicate}, both, effect{doubled: 0.1, delayed: 0.1, to: time.Second}},
		{Fault{Kind: Duplicate, Links: NodeLinks}, []string{"peer"}, effect{doubled: 0.1, delayed: 0.1, to: time.Second}},
		{Fault{Kind: Late}, []string{"reply"}, effect{delayed: 0.1, from: time.Second / 2, to: 3 * time.Second}},
		{Fault{Kind: Late, Links: NodeLinks}, []string{"peer"}, effect{delayed: 0.1, from: time.Second / 2, to: 3 * time.Second}},
		{Fault{Kind: Overtake}, both, effect{delayed: 1, to: time.Second}},
		{Fault{Kind: Overtake, Links: NodeLinks}, []string{"peer"}, effect{delayed: 1, to: time.Second}},
	} {
		t.Run(fmt.Sprint(test.fault, test.fault.Probability), func(t *testing.T) {
			for name, route := range routes {
				synctest.Test(t, func(t *testing.T) {
					cfg := Config{LatencyDist: "constant"}
					w := newWire(cfg)
					w.faults = []*messageFault{{test.fault, cfg.stream("fault")}}
					const n = 3000
					for i := range n {
						w.say(route[0], route[1], fmt.Sprint(i))
					}
					w.run()
					var e effect
					copies := map[string]int{}
					overtaken := false
					previous := -1
					for _, d := range w.got[route[1]] {
						copies[d.body]++
						if d.at > 0 {
							e.delayed++
							e.to = max(e.to, d.at)
							if e.from == 0 || d.at < e.from {
								e.from = d.at
							}
						}
						var number int
						fmt.Sscan(d.body, &number)
						overtaken = overtaken || number < previous
						previous = number
					}
					e.lost = float64(n - len(copies))
					e.doubled = float64(len(w.got[route[1]]) - len(copies))
					want := effect{}
					if slices.Contains(test.routes, name) {
						want = test.effect
					}
					near := func(got, want float64) bool {
						return got == want*n || want > 0 && got > 0.75*want*n && got < 1.25*want*n
					}
					if !near(e.lost, want.lost) || !near(e.doubled, want.doubled) || !near(e.delayed, want.delayed) ||
						e.from < want.from || e.to > want.to {
						t.Errorf("%s: of %d messages: %+v, want fractions %+v", name, n, e, want)
					}
					if delays := want.delayed > 0; overtaken != delays && want.doubled == 0 {
						t.Errorf("%s: overtaken: %v", name, overtaken)
					}
				})
			}
		})
	}
}

// Lines that Maelstrom's process.clj would refuse are refused.
func TestLinesThatAreNotMessagesAreRefused(t *testing.T) {
	w := newWire(Config{})
	for line, want := range map[string]string{
		`hello`:                                             "not a JSON object",
		`[]`:                                                "not a JSON object",
		`{"dest":"c0","body":{}}`:                           "no src",
		`{"Src":"n0","dest":"c0","body":{}}`:                "no src",
		`{"src":"n0","body":{}}`:                            "no dest",
		`{"src":"n0","dest":"c0"}`:                          "no body",
		`{"src":"n0","dest":"c0","body":1}`:                 "no body",
		`{"src":0,"dest":"c0","body":{}}`:                   "src is not a string",
		`{"src":"n0","dest":null,"body":{}}`:                "dest is not a string",
		`{"src":"n0","dest":"n7","body":{}}`:                `"n7" does not exist`,
		`{"src":"n0","dest":"c0","body":{},"id":"x"}`:       "id is not an integer",
		`{"src":"n0","dest":"c0","body":{},"body_type":""}`: `unknown field "body_type"`,
		`{"src":"n0","dest":"c0","body":{}`:                 "not a JSON object",
	} {
		if _, err := w.parse([]byte(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", line, err, want)
		}
	}
	m, err := w.parse([]byte(` {"body":{"a":[1]}, "dest":"seq-kv", "src":"n0", "id":-7}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.line(), `{"id":0,"src":"n0","dest":"seq-kv","body":{"a":[1]}}`+"\n"; !bytes.Equal(got, []byte(want)) {
		t.Errorf("passed on as %s", got)
	}
}
