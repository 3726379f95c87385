package maelstromtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A delivery is when a message arrived, where, and its body.
type delivery struct {
	at         time.Duration
	dest, body string
}

func newRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// A wire is a network with two nodes, a service and a client that note what
// they get.
type wire struct {
	network
	got []delivery
}

func newWire(cfg Config) *wire {
	w := &wire{network: newNetwork(cfg, &scheduler{begin: time.Now()}, func(Entry) {})}
	for name, kind := range map[string]endpointKind{"n0": aNode, "n1": aNode, "seq-kv": aService, "c0": aClient} {
		e := w.add(name, kind, func(m *message) {
			w.got = append(w.got, delivery{w.sched.now(), name, string(m.body)})
		})
		e.far = cfg.Far[name]
	}
	return w
}

// carry lets f use a wire, in a bubble, and then lets time pass until there is
// nothing left to do.
func carry(t *testing.T, cfg Config, f func(w *wire)) (w *wire) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		w = newWire(cfg)
		f(w)
		for len(w.sched.events) > 0 {
			time.Sleep(w.sched.events[0].at - w.sched.now())
			do, _ := w.sched.due()
			do()
		}
	})
	return w
}

func (w *wire) say(src, dest, body string) {
	w.send(w.endpoints[src], w.endpoints[dest], json.RawMessage(body))
}

func (w *wire) sayAt(at time.Duration, src, dest, body string) {
	w.sched.at(at, func() { w.say(src, dest, body) })
}

// enqueueAt sends a message with a latency of its own.
func (w *wire) enqueueAt(at time.Duration, src, dest, body string, latency time.Duration) {
	m := &message{src: w.endpoints[src], dest: w.endpoints[dest], body: json.RawMessage(body)}
	w.sched.at(at, func() { w.enqueue(m, latency) })
}

func (w *wire) link(src, dest string) link { return link{w.endpoints[src], w.endpoints[dest]} }

// suffer puts the wire's messages through one fault.
func (w *wire) suffer(f Fault) { w.faults = []*messageFault{{f, newRandom(1)}} }

func TestMessagesArriveWhenTheyShould(t *testing.T) {
	const ms = time.Millisecond
	for name, test := range map[string]struct {
		cfg  Config
		send func(w *wire)
		want []delivery
	}{
		"a message waits behind one that was taken before": {
			Config{LatencyDist: Constant},
			func(w *wire) {
				w.enqueueAt(0, "n1", "n0", "first", 100*ms)
				w.enqueueAt(5*ms, "n1", "n0", "late", 60*ms)
				w.enqueueAt(6*ms, "n1", "n0", "early", 10*ms)
				w.sayAt(7*ms, "c0", "n0", "client")
				w.enqueueAt(7*ms, "n1", "n0", "long", 200*ms)
			},
			[]delivery{
				{100 * ms, "n0", "first"}, {100 * ms, "n0", "client"}, {100 * ms, "n0", "early"}, {100 * ms, "n0", "late"},
				{207 * ms, "n0", "long"},
			},
		},
		"a cut counts when a message is taken": {
			Config{Latency: 100 * ms, LatencyDist: Constant},
			func(w *wire) {
				w.say("n1", "n0", "taken before the cut")
				w.sayAt(10*ms, "n1", "n0", "sent before, taken during the cut")
				w.sched.at(20*ms, func() { w.sched.at(350*ms, w.cut(w.link("n1", "n0"))) })
				// A second cut, which ends at once, does not mend the first.
				w.sched.at(25*ms, func() { w.cut(w.link("n1", "n0"))() })
				w.sayAt(30*ms, "n0", "n1", "the other way")
				w.sayAt(150*ms, "n1", "n0", "sent during the cut")
				w.sayAt(300*ms, "seq-kv", "n0", "to keep n0 waiting")
				w.sayAt(310*ms, "n1", "n0", "sent during, taken after the cut")
			},
			[]delivery{
				{100 * ms, "n0", "taken before the cut"}, {130 * ms, "n1", "the other way"},
				{400 * ms, "n0", "to keep n0 waiting"}, {410 * ms, "n0", "sent during, taken after the cut"},
			},
		},
		"clients have no latency": {
			Config{Latency: time.Second, LatencyDist: Constant},
			func(w *wire) {
				w.say("n0", "n1", "message")
				w.say("c0", "n0", "request")
				w.say("n0", "c0", "reply")
			},
			[]delivery{{0, "n0", "request"}, {0, "c0", "reply"}, {time.Second, "n1", "message"}},
		},
		"no message waits behind those from and to a far node": {
			Config{Latency: 10 * ms, LatencyDist: Constant, Far: map[string]float64{"n1": 10}},
			func(w *wire) {
				w.say("n1", "seq-kv", "far")
				w.sayAt(ms, "n0", "seq-kv", "near")
				w.say("seq-kv", "n1", "answer")
				w.sayAt(ms, "c0", "n1", "request")
			},
			[]delivery{
				{1 * ms, "n1", "request"}, {11 * ms, "seq-kv", "near"},
				{100 * ms, "seq-kv", "far"}, {100 * ms, "n1", "answer"},
			},
		},
	} {
		if w := carry(t, test.cfg, test.send); !slices.Equal(w.got, test.want) {
			t.Errorf("%s: got %v, want %v", name, w.got, test.want)
		}
	}
}

// Events come in the order of their times, and at one time in the order in
// which they were scheduled.
func TestEventsComeInOrder(t *testing.T) {
	const n = 1000
	var got []int
	carry(t, Config{}, func(w *wire) {
		random := newRandom(1)
		for i := range n {
			at := random.IntN(10)
			w.sched.at(time.Duration(at), func() { got = append(got, at*n+i) })
		}
	})
	if len(got) != n || !slices.IsSorted(got) {
		t.Errorf("events came in the order %v", got)
	}
}

// Each fault in messages acts on its own links as it says, and on no others.
func TestFaultsInMessagesActOnlyOnTheirOwnLinks(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	routes := map[string][2]string{
		"request": {"n0", "seq-kv"}, "reply": {"seq-kv", "n0"}, "peer": {"n0", "n1"}, "client": {"c0", "n1"}, "answer": {"n1", "c0"},
	}
	type effect struct {
		lost, doubled, delayed float64
		from, to, mean         time.Duration // of the delay
	}
	both, peer := []string{"request", "reply"}, []string{"peer"}
	doubled := effect{doubled: 0.1, delayed: 0.1, to: 400 * ms, mean: 20 * ms}
	late := effect{delayed: 0.1, from: 500 * ms, to: 3 * time.Second, mean: 1750 * ms}
	overtaking := effect{delayed: 1, to: 400 * ms, mean: 20 * ms}
	for _, test := range []struct {
		fault  Fault
		routes []string
		effect effect
	}{
		{Fault{Kind: Loss}, both, effect{lost: 0.05}},
		{Fault{Kind: Loss, Probability: 0.5}, both, effect{lost: 0.5}},
		{Fault{Kind: Loss, Links: NodeLinks}, peer, effect{lost: 0.05}},
		{Fault{Kind: Duplicate}, both, doubled},
		{Fault{Kind: Duplicate, Links: NodeLinks}, peer, doubled},
		{Fault{Kind: Late}, []string{"reply"}, late},
		{Fault{Kind: Late, Links: NodeLinks}, peer, late},
		{Fault{Kind: Overtake}, both, overtaking},
		{Fault{Kind: Overtake, Links: NodeLinks}, peer, overtaking},
	} {
		for name, route := range routes {
			const n = 3000
			w := carry(t, Config{LatencyDist: Constant}, func(w *wire) {
				w.suffer(test.fault)
				for i := range n {
					w.say(route[0], route[1], fmt.Sprint(i))
				}
			})
			var got, want effect
			var delays time.Duration
			copies := map[string]bool{}
			for _, d := range w.got {
				copies[d.body] = true
				if d.at > 0 {
					got.delayed++
					delays += d.at
					got.from, got.to = cmp.Or(got.from, d.at), d.at
				}
			}
			if got.delayed > 0 {
				got.mean = delays / time.Duration(got.delayed)
			}
			got.lost, got.doubled = float64(n-len(copies)), float64(len(w.got)-len(copies))
			if slices.Contains(test.routes, name) {
				want = test.effect
			}
			near := func(got, want float64) bool { return want*0.75 <= got && got <= want*1.25 }
			if !near(got.lost, want.lost*n) || !near(got.doubled, want.doubled*n) || !near(got.delayed, want.delayed*n) ||
				got.from < want.from || got.from > want.from+15*ms || got.to < want.to/4 || got.to > want.to ||
				!near(float64(got.mean), float64(want.mean)) {
				t.Errorf("%v: of %d messages: %+v, want fractions %+v", test, n, got, want)
			}
		}
	}
}

// Lines that Maelstrom's process.clj would refuse are refused, in plain words.
func TestLinesThatAreNotMessagesAreRefused(t *testing.T) {
	w := newWire(Config{})
	w.add("c4", aClient, nil).gone = "its add was over"
	for line, want := range map[string]string{
		``:                                  "a blank line",
		" \r":                               "a blank line",
		`hello`:                             "not JSON",
		`[]`:                                "JSON, but not an object",
		`null`:                              "JSON, but not an object",
		`{`:                                 "its JSON object does not end on this line",
		`{"src":"n0","dest":"c0","body":{}`: "its JSON object does not end on this line",
		`sent {"src":"n0","dest":"c0","body":{}}`:   "there is text before the JSON object",
		"\xef\xbb\xbf" + `{"src":"n0","dest":"c0"}`: "it begins with a byte order mark",
		`{'src': 'n0'}`:                                   "not JSON: strings need double quotes",
		`{"src":"n0","dest":"c0","body":{}]`:              "not JSON: invalid character ']'",
		`{"dest":"c0","body":{}}`:                         "no src",
		`{"Src":"n0","dest":"c0","body":{}}`:              "no src",
		`{"src":"n0","body":{}}`:                          "no dest",
		`{"src":"n0","dest":"c0","body":1}`:               "body is not an object",
		`{"src":0,"dest":"c0","body":{}}`:                 "src is not a string",
		`{"src":"n0","dest":null,"body":{}}`:              "dest is not a string",
		`{"src":"n9","dest":"c0","body":{}}`:              "src n9 does not exist",
		`{"src":"n0","dest":"n7","body":{}}`:              "dest n7 does not exist",
		`{"src":"n0","dest":"c4","body":{}}`:              "dest c4 is gone: its add was over",
		`{"src":"n0","dest":"c0","body":{},"id":"x"}`:     "id is not an integer",
		`{"src":"n0","dest":"c0","body":{},"id":1.0}`:     "id is not an integer",
		`{"src":"n0","dest":"c0","body":{},"id":null}`:    "id is not an integer",
		`{"src":"n0","dest":"n7","body":{},"ts":5,"x":1}`: "the message has a field ts beside src, dest, body and id",
	} {
		if _, _, err := w.parse([]byte(line)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", line, err, want)
		}
	}
}

// A line is read up to the end of its JSON value, and control characters are
// taken in strings. A body that is missing or null, or an empty list or string,
// is an empty object.
func TestLinesThatAreMessagesAreTaken(t *testing.T) {
	const behind, control = "there is text after the message", "there is a control character in a string"
	w := newWire(Config{})
	for line, want := range map[string]struct{ body, remark string }{
		` {"body":{"a":[1]}, "dest":"seq-kv", "src":"n0", "id":-7}`: {`{"a":[1]}`, ""},
		`{"dest":"seq-kv", "src":"n0"}` + "\r":                      {`{}`, ""},
		`{"dest":"seq-kv", "src":"n0","body":[]}`:                   {`{}`, ""},
		`{"dest":"seq-kv", "src":"n0","body":""}`:                   {`{}`, ""},
		`{"dest":"seq-kv", "src":"n0","body":null} // sent`:         {`{}`, behind},
		`{"dest":"seq-kv", "src":"n0"}{"dest":5}`:                   {`{}`, behind},
		`{"dest":"lin-kv", "dest":"seq-kv", "src":"n0"}}`:           {`{}`, behind},
		`{"dest":"seq-kv",` + "\t" + `"src":"n0"}` + "\x00":         {`{}`, behind},

		`{"dest":"seq-kv", "src":"n0","body":{"a\"` + "\t\x01" + `\\":"\\",` + "\t" + `"b":"\\\"` + "\r" + `"}}`: {
			`{"a\"\u0009\u0001\\":"\\",` + "\t" + `"b":"\\\"\u000d"}`, control,
		},
		`{"dest":"seq-kv", "src":"n0","body":{"a":"` + "\t" + `"}} // sent`: {`{"a":"\u0009"}`, behind},
	} {
		m, remark, err := w.parse([]byte(line))
		if err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		passedOn := `{"id":0,"src":"n0","dest":"seq-kv","body":` + want.body + "}\n"
		if got := string(m.line()); got != passedOn || remark != want.remark {
			t.Errorf("%q: passed on as %s, and remarked: %q", line, got, remark)
		}
	}
}
