package maelstromtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"maelstrom-counter/internal/bench/service"
	"maelstrom-counter/internal/bench/verdict"
)

// One seed gives one history, message by message; another seed gives another.
func TestTheSameSeedGivesTheSameHistory(t *testing.T) {
	t.Parallel()
	all := Config{
		Rate: 100, TimeLimit: 20 * time.Second, Concurrency: 6, Latency: 10 * time.Millisecond, LatencyDist: "exponential",
		Nemesis: AllFaults(), NemesisInterval: 20 * time.Second,
	}
	paused := Config{
		Rate: 100, TimeLimit: 60 * time.Second, Nodes: 1, Concurrency: 4, Latency: 5 * time.Millisecond, LatencyDist: "exponential",
		Nemesis: nemesis(t, "overtake,pause"), NemesisInterval: time.Second,
	}
	for _, cfg := range []Config{all, paused} {
		testSameHistory(t, cfg)
	}
}

func testSameHistory(t *testing.T, cfg Config) {
	t.Helper()
	run := func(seed uint64) (journal, rest []byte) {
		var j, r bytes.Buffer
		cfg.Seed, cfg.Journal = seed, &j
		result := Simulate(t, cfg, seqCounter)
		if err := errors.Join(result.WriteHistory(&r), json.NewEncoder(&r).Encode(result)); err != nil {
			t.Fatal(err)
		}
		return j.Bytes(), r.Bytes()
	}
	for seed := range uint64(3) {
		j1, r1 := run(seed)
		j2, r2 := run(seed)
		if !bytes.Equal(j1, j2) || !bytes.Equal(r1, r2) {
			t.Errorf("seed %d: journals of %d and %d bytes first differ %s", seed, len(j1), len(j2), firstDifference(j1, j2))
		}
		if len(j1) < 100_000 {
			t.Errorf("seed %d: journal has only %d bytes", seed, len(j1))
		}
		if j3, _ := run(seed + 100); bytes.Equal(j1, j3) {
			t.Errorf("seeds %d and %d have the same journal", seed, seed+100)
		}
	}
}

// Messages that were held during a pause come at different instants. So timers
// that a node sets when it gets them do not race, and one seed gives one
// history.
func TestTimersOfHeldMessagesDoNotRace(t *testing.T) {
	const ms = time.Millisecond
	script := echoes(1*ms, 2*ms, 3*ms, 4*ms)
	script.Faults = []ScriptedFault{{Kind: Pause, Node: 0, At: 0, For: time.Second}}
	for range 20 {
		var numbered atomic.Int64
		_, journal := Record(t, Config{Workload: Echo{}, Nodes: 1, Script: script}, respond(func(env Env, m Packet) {
			if m.Type == "echo" {
				time.AfterFunc(time.Second, func() {
					say(env, "n0", "seq-kv", fmt.Sprintf(`{"type":"write","key":%q,"msg_id":%d}`, m.Src, numbered.Add(1)))
					echo(env, m)
				})
			}
		}))
		var got []string
		for _, e := range journal {
			if e.What == Sent && e.Dest == "seq-kv" {
				body := Packet{Body: e.Body}
				got = append(got, body.Field("key")+body.Field("msg_id"))
			}
		}
		if want := []string{`"c1"1`, `"c2"2`, `"c3"3`, `"c4"4`}; !slices.Equal(got, want) {
			t.Fatalf("the node wrote %q, want %q", got, want)
		}
	}
}

func firstDifference(a, b []byte) string {
	x, y := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range min(len(x), len(y)) {
		if !bytes.Equal(x[i], y[i]) {
			return fmt.Sprintf("in line %d:\n%s\n%s", i, x[i], y[i])
		}
	}
	return "in length"
}

// Messages that the goroutines of a node have raced to write are sent in one
// order. Messages to a service keep the order in which they were written. A
// line that is not a message is the last that is heard, except that what its
// own goroutine wrote after it is not heard.
func TestOutputIsPutInOrder(t *testing.T) {
	line := func(dest, n string) printed {
		return printed{text: []byte(`{"src":"n0","dest":"` + dest + `","body":{"` + n + `":0}}`)}
	}
	after := line("n2", "4")
	after.after = true
	x, y := printed{text: []byte("x")}, printed{text: []byte("y")}
	for _, lines := range [][]printed{
		{line("seq-kv", "2"), line("n1", "2"), line("n1", "1"), y, line("seq-kv", "1"), line("lin-kv", "3"), x, after},
		{x, line("lin-kv", "3"), after, y, line("seq-kv", "2"), line("n1", "1"), line("n1", "2"), line("seq-kv", "1")},
	} {
		var got []string
		b, err := newBench(Config{Watch: func(e Entry) {
			got = append(got, strings.TrimSpace(fmt.Sprint(e.What, " ", e.Dest, string(e.Body), e.Text, " ", e.Why)))
		}}, true, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		b.nodes[0].life = &life{ready: true}
		b.hear(b.nodes[0], lines)
		b.hear(b.nodes[0], []printed{line("n1", "9")})
		want := []string{
			`send lin-kv{"3":0}`, `send n1{"1":0}`, `send n1{"2":0}`, `send seq-kv{"2":0}`, `send seq-kv{"1":0}`,
			`mute x not JSON`, `unheard y`, `unheard ` + string(after.text), `unheard ` + string(line("n1", "9").text),
		}
		slices.Sort(want[6:8])
		if !slices.Equal(got, want) {
			t.Errorf("the journal has\n%q, want\n%q", got, want)
		}
	}
}

// The plain counter on seq-kv behaves as it does under the real Maelstrom: it
// takes 3.1 messages per request, and some of its final reads are old.
func TestThePlainCounterFaresAsWithMaelstrom(t *testing.T) {
	if testing.Short() {
		t.Skip("several seeds")
	}
	t.Parallel()
	wrong, messages := 0, 0.0
	const seeds = 6
	for seed := range uint64(seeds) {
		r := Simulate(t, Config{Consistency: Linearizable, Rate: 100, TimeLimit: 20 * time.Second, Nemesis: nemesis(t, "partition"), Seed: seed}, seqCounter)
		messages += r.MessagesPerRequest / float64(seeds)
		if !r.MaelstromValid {
			wrong++
		}
		if r.Check(verdict.ReadsInOrder).Status != Wrong || r.Check(verdict.IsLinearizable).Status != Wrong || r.Err() == nil {
			t.Errorf("seed %d: no old read was found", seed)
		}
		if r.Availability != 1 {
			t.Errorf("seed %d: availability %v", seed, r.Availability)
		}
	}
	if messages < 2.9 || messages > 3.3 {
		t.Errorf("%.2f messages per request, not about 3.1", messages)
	}
	if wrong == 0 || wrong == seeds {
		t.Errorf("wrong in %d of %d runs", wrong, seeds)
	}
}

// Requests are made as Jepsen makes them: at the rate, a third of them adds of
// 0 to 4, each by a random worker; in the end each worker reads once.
func TestTheWorkloadIsLikeMaelstroms(t *testing.T) {
	t.Parallel()
	r := Simulate(t, Config{Consistency: Linearizable, Nodes: 5, Concurrency: 10, Rate: 200, TimeLimit: 30 * time.Second}, memoryCounter())
	if err := r.Err(); err != nil {
		t.Error(err)
	}
	count := map[string]int{}
	for i, op := range r.History {
		if op.Node != fmt.Sprint("n", op.Worker%5) {
			t.Fatalf("worker %d talks to %s", op.Worker, op.Node)
		}
		if op.Final {
			count["final "+op.F]++
			if op.Invoke < 40*time.Second {
				t.Errorf("final read at %v", op.Invoke)
			}
			continue
		}
		count[op.F]++
		count[fmt.Sprint("worker ", op.Worker)]++
		if op.F == "add" {
			count[fmt.Sprint("add of ", op.Value)]++
		}
		if i > 0 && op.Invoke-r.History[i-1].Invoke > 10*time.Millisecond {
			t.Errorf("interval %v", op.Invoke-r.History[i-1].Invoke)
		}
	}
	adds, n := count["add"], count["add"]+count["read"]
	want := map[string][2]int{"add": {n/3 - 200, n/3 + 200}, "read": {5800 - adds, 6200 - adds}, "final read": {10, 10}}
	for i := range 10 {
		want[fmt.Sprint("worker ", i)] = [2]int{500, 700}
	}
	for delta := range 5 {
		want[fmt.Sprint("add of ", delta)] = [2]int{adds / 6, adds}
	}
	for what := range count {
		if bounds := want[what]; count[what] < bounds[0] || count[what] > bounds[1] {
			t.Errorf("%s: %d times, not %d to %d", what, count[what], bounds[0], bounds[1])
		}
	}
	if len(count) != len(want) {
		t.Errorf("%v, want %v", count, want)
	}
}

// With one slow worker, requests wait for it, and those that were missed are
// not made later.
func TestRequestsWaitForAFreeWorker(t *testing.T) {
	r := Simulate(t, Config{Consistency: Linearizable, Rate: 1000, Concurrency: 1, Latency: 50 * time.Millisecond, TimeLimit: 10 * time.Second}, linCounter)
	for i, op := range r.History {
		if i > 0 && op.Invoke < r.History[i-1].Complete {
			t.Fatalf("request %d at %v, before the last was answered at %v", i, op.Invoke, r.History[i-1].Complete)
		}
	}
	if r.LatencyByKind["read"].P50 != 100*time.Millisecond || r.LatencyByKind["add"].P50 != 200*time.Millisecond ||
		r.Latency.P50 != 100*time.Millisecond || r.Latency.Max < 200*time.Millisecond || r.Latency.Max > time.Second {
		t.Errorf("latencies %v", r.Latency)
	}
	if err := r.Err(); err != nil {
		t.Error(err)
	}
}

// stayForEver is run by a goroutine that is left behind on purpose. TestMain
// ignores it.
func stayForEver() { select {} }

// What is wrong with a run is named in the error.
func TestErrNamesWhatIsWrong(t *testing.T) {
	refusal := `{"type":"error","code":11,"in_reply_to":%d}`
	brief := Config{Consistency: Linearizable, Rate: 10, TimeLimit: time.Second, Seed: 12345}
	for name, test := range map[string]struct {
		cfg     Config
		program Program
		valid   bool   // for Maelstrom
		want    string // in the error: texts between bars
	}{
		"crash": {brief, func(env Env) error {
			fmt.Fprintln(env.Stderr, "about to fail")
			return errors.Join(echoUntil(env, 3), errors.New("three are too many"))
		}, false, "three are too many\nstdout:\n{"},
		"early exit": {brief, func(env Env) error { return echoUntil(env, 3) }, false,
			"its program returned before the end of its input",
		},
		"rubbish":    {brief, rubbishNode, false, "n0 became mute at 0 ms, when it printed a line that Maelstrom does not accept (not JSON): Received a line!"},
		"double":     {brief, replying(refusal, refusal), false, "answered request 1 of c3, which had been answered"},
		"to nothing": {brief, replying(refusal, `{"type":"error","code":11,"in_reply_to":1000000}`), false, "a reply to none of its requests"},
		"mute":       {brief, replying(), false, "n0 gave no answer in time to |no add and no read succeeded| requests was answered"},
		"malformed":  {brief, replying(`{"type":"done","in_reply_to":%d}`), false, `: reply has type "done"`},
		"goroutine left": {brief, func(env Env) error {
			go stayForEver()
			return linCounter(env)
		}, true, "the end of their input:\n\tselect (no cases) in maelstromtest.stayForEver at simulate_test.go:"},
		"late": {brief, respond(func(env Env, m Packet) {
			time.AfterFunc(6*time.Second, func() { echo(env, m) })
		}), false, "gave no answer in time to"},
		"endless talk": {brief, respond(func(env Env, _ Packet) {
			say(env, "n0", "n1", `{"type":"ping"}`)
			say(env, "n1", "n0", `{"type":"pong"}`)
		}), true, "at one instant, and the nodes still talk"},
		"no rate":       {Config{TimeLimit: time.Second, Seed: 12345, Workload: Echo{}}, echoNode, true, "nothing was asked: Config.Rate is 0"},
		"no time limit": {Config{Rate: 10, Seed: 12345, Workload: Echo{}}, echoNode, true, "nothing was asked: Config.TimeLimit is 0"},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name == "endless talk" {
				t.Skip("takes long with -race")
			}
			r := Simulate(t, test.cfg, test.program)
			text := fmt.Sprint(r.Err())
			for _, want := range strings.Split(test.want+"|seed 12345:\n", "|") {
				if !strings.Contains(text, want) {
					t.Errorf("error %s, want %q", text, want)
				}
			}
			if r.Right || r.MaelstromValid != test.valid {
				t.Errorf("right: %v; valid for Maelstrom: %v", r.Right, r.MaelstromValid)
			}
			if (r.Late > 0) != (name == "late") {
				t.Errorf("%d late replies", r.Late)
			}
		})
	}
}

// An error is definite if Maelstrom's errors.edn says so.
func TestErrorsAreDefiniteIfMaelstromSaysSo(t *testing.T) {
	for code, want := range map[string]Outcome{
		"0": Info, "1": Fail, "10": Fail, "11": Fail, "12": Fail, "13": Info, "14": Fail, "20": Fail, "21": Fail, "22": Fail, "30": Fail,
		"1000": Info, "-1": Info, `"x"`: Info, "null": Info,
	} {
		refusal := `{"type":"error","code":` + code + `,"text":"no","in_reply_to":%d}`
		r := Simulate(t, Config{Rate: 10, TimeLimit: time.Second}, replying(refusal))
		for i, op := range r.History {
			if op.Outcome != want {
				t.Errorf("code %s: outcome %s, not %s", code, op.Outcome, want)
			}
			fresh := slices.IndexFunc(r.History, func(o Op) bool { return o.Client == op.Client }) == i
			if want == Info && !fresh {
				t.Errorf("code %s: %s makes another request", code, op.Client)
			}
		}
		if r.Unanswered != 0 || r.OK != 0 || r.Fail+r.Info != r.Invoked {
			t.Errorf("code %s: %+v", code, r)
		}
	}
}

// A request that cannot be sent is refused, and does not keep the run from
// ending.
func TestARequestThatCannotBeSentIsRefused(t *testing.T) {
	bad := Request{F: "add", Body: Body{"type": "add", "delta": func() {}}}
	r := Simulate(t, Config{Script: &Script{Requests: []ScriptedRequest{{Request: bad}}}}, linCounter)
	want := "at 0 ms: request to n0: json: unsupported type: func()"
	if got := r.Check(runComplete).Findings; r.Fail != 1 || !slices.Equal(got, []string{want}) {
		t.Errorf("%d refused; findings %q, want %q", r.Fail, got, want)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for want, cfg := range map[string]Config{
		"Config.Nodes is -1, want at least 1":                                                   {Nodes: -1},
		"Config.Concurrency is -1, want at least 1 worker":                                      {Concurrency: -1},
		"Config.Rate is -1, want 0 to 1000000 a second":                                         {Rate: -1},
		"Config.Rate is NaN, want 0 to 1000000 a second":                                        {Rate: math.NaN()},
		"Config.Rate is +Inf, want 0 to 1000000 a second":                                       {Rate: math.Inf(1)},
		"Config.TimeLimit is -1s, want at least 0":                                              {TimeLimit: -time.Second},
		"Config.Availability is -0.1, want 0 to 1":                                              {Availability: -0.1},
		"Config.Availability is 1.1, want 0 to 1":                                               {Availability: 1.1},
		"Config.Availability is NaN, want 0 to 1":                                               {Availability: math.NaN()},
		"Config.Latency is -1ns, want at least 0":                                               {Latency: -1},
		"Config.Hop is -1ns, want at least 0":                                                   {Hop: -1},
		"Config.NemesisInterval is -1ns, want more than 0":                                      {NemesisInterval: -1},
		"Config.Recovery is -1ns, want more than 0":                                             {Recovery: -1},
		"Config.ClientTimeout is -1ns, want more than 0":                                        {ClientTimeout: -1},
		`Config.LatencyDist: unknown distribution "normal"; known are constant, uniform, expon`: {LatencyDist: "normal"},
		`Config.Far: unknown node "n3"; known are n0 to n2`:                                     {Far: map[string]float64{"n0": 1, "n3": 2, "n4": 2}},
		`Config.Far: unknown node "n00"; known are n0 to n11`:                                   {Far: map[string]float64{"n00": 2}, Nodes: 12},
		`Config.Far: unknown node "seq-kv"; known are n0 to n2`:                                 {Far: map[string]float64{"seq-kv": 2}},
		"Config.Far: the factor of n0 is 0, want more than 0 and at most 1000000":               {Far: map[string]float64{"n0": 0}},
		"Config.Far: the factor of n1 is -1, want more than 0 and at most 1000000":              {Far: map[string]float64{"n0": 1, "n1": -1}},
		"Config.Far: the factor of n0 is NaN, want more than 0 and at most 1000000":             {Far: map[string]float64{"n0": math.NaN()}},
		"Config.Far: the factor of n0 is +Inf, want more than 0 and at most 1000000":            {Far: map[string]float64{"n0": math.Inf(1)}},
		`Config.Consistency: unknown consistency "strong"; known are linearizable, eventual`:    {Consistency: "strong"},
		`Config.Nemesis: unknown fault "flood"; known are partition, store-cut`:                 {Nemesis: []Fault{{Kind: "flood"}}},
		`Config.Nemesis: unknown fault "node-kill"; known are`:                                  {Nemesis: []Fault{{Kind: Kill, Links: NodeLinks}}},
		"Config.Nemesis: the Probability of loss is 2, want 0 to 1":                             {Nemesis: []Fault{{Kind: Loss, Probability: 2}}},
		"Config.Nemesis: fault loss is listed twice":                                            {Nemesis: []Fault{{Kind: Loss}, {Kind: Loss}}},
	} {
		if _, err := cfg.withDefaults(true); err == nil || !strings.HasPrefix(err.Error(), "maelstromtest: "+want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := (Config{Nodes: 12, Far: map[string]float64{"n0": 0.5, "n11": maxFar}}).withDefaults(true); err != nil {
		t.Error(err)
	}
	clock := Config{Nemesis: []Fault{{Kind: Clock}}}
	if _, err := clock.withDefaults(true); err != nil {
		t.Error(err)
	}
	if _, err := clock.withDefaults(false); err == nil || !strings.Contains(err.Error(), "the clock of a process cannot be set") {
		t.Errorf("in real time: error %v", err)
	}
}

func TestProgressIsReportedOnceASecond(t *testing.T) {
	var seen []Progress
	r := Simulate(t, Config{
		Rate: 100, TimeLimit: 5 * time.Second, Latency: time.Millisecond, Nemesis: nemesis(t, "loss,kill"), Seed: 1,
		Progress: func(p Progress) { seen = append(seen, p) },
	}, linCounter)
	last := seen[len(seen)-1]
	if len(seen) < 15 || last.Elapsed.Truncate(time.Second) != r.Elapsed.Truncate(time.Second) || len(last.Faults) != 0 {
		t.Errorf("%d times, the last %+v of %v", len(seen), last, r.Elapsed)
	}
	if p := seen[2]; p.Invoked == 0 || p.OK == 0 || seen[1].P99 == 0 || seen[2].P99 != 0 || !slices.Contains(p.Faults, "loss") {
		t.Errorf("after 2 s: %+v", p)
	}
	if answered := last.OK + last.Refused + last.Unknown; answered == 0 || answered > r.Invoked || last.OK > r.OK || last.Refused > r.Fail || last.Unknown > r.Info {
		t.Errorf("at last %+v of %d ok, %d refused, %d unknown", last, r.OK, r.Fail, r.Info)
	}
	var waited []string
	for _, p := range seen {
		waited = append(waited, p.Waiting)
	}
	if !slices.Contains(waited, "recovery (9 s left)") || waited[4] != "" {
		t.Errorf("waited for %q", waited)
	}
}

// answers returns a number that depends on what a store draws.
func answers(s service.Service) int {
	h := fnv.New64a()
	for i := range 64 {
		service.Answer(s, "n0", fmt.Appendf(nil, `{"type":"write","key":"k","value":%d}`, i))
		reply, _ := service.Answer(s, fmt.Sprint("reader", i), []byte(`{"type":"read","key":"k"}`))
		h.Write(reply)
	}
	return int(h.Sum64() >> 1)
}

// The seed decides what each part of the bench draws, and no two parts draw the
// same.
func TestEachPartDrawsFromTheSeed(t *testing.T) {
	const many = 1 << 60
	draws := func(seed uint64) []int {
		b, err := newBench(Config{Seed: seed}, true, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		return []int{
			b.rng.IntN(many), answers(b.services["seq-kv"]), answers(b.services["lww-kv"]),
			b.network.random.IntN(many), b.network.hops.random.IntN(many),
		}
	}
	first := draws(1)
	if !slices.Equal(draws(1), first) {
		t.Errorf("one seed, and two draws: %v and %v", first, draws(1))
	}
	all := slices.Concat(first, draws(2), draws(3))
	slices.Sort(all)
	if n := len(slices.Compact(slices.Clone(all))); n != len(all) {
		t.Errorf("of %d draws %d differ", len(all), n)
	}
}

// What a run that was ended early, or a reply that is malformed, leaves open is
// not refused: an add may have been made.
func TestWhatIsNotKnownIsNotRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, history, err := run(ctx, Config{Rate: 100, TimeLimit: 20 * time.Second}, true, synctest.Wait, inProcess(replying()))
		if err != nil || len(history) != 3 {
			t.Errorf("history %v, error %v", history, err)
		}
		for _, op := range history {
			if op.Outcome != Info || op.Complete != time.Second || op.Text != "no answer before the end" {
				t.Errorf("when the run was ended: %+v", op)
			}
		}
	})
	r := Simulate(t, Config{Rate: 10, TimeLimit: time.Second}, replying(`{"type":"add_ok","value":1,"in_reply_to":%d}`))
	if r.Info != r.Invoked || r.Info == 0 || r.Unanswered != 0 || r.Check(wellFormed).Status != Wrong {
		t.Errorf("malformed: %+v", r.Counts)
	}
}
