package maelstromtest

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func nemesis(t *testing.T, list string) []Fault {
	t.Helper()
	faults, err := ParseNemesis(list)
	if err != nil {
		t.Fatal(err)
	}
	return faults
}

func TestParseNemesis(t *testing.T) {
	if got := nemesis(t, " partition, node-loss,partition,"); !reflect.DeepEqual(got, []Fault{{Kind: Partition}, {Kind: Loss, Links: NodeLinks}}) {
		t.Errorf("parsed as %v", got)
	}
	if got := nemesis(t, ""); len(got) != 0 {
		t.Errorf("no faults parsed as %v", got)
	}
	if _, err := ParseNemesis("partition,flood"); err == nil || !strings.Contains(err.Error(), `unknown fault "flood"; known are partition,`) {
		t.Errorf("error %v", err)
	}
	for _, f := range AllFaults() {
		if got := nemesis(t, f.String()); len(got) != 1 || got[0] != f {
			t.Errorf("%s parsed as %v", f, got)
		}
	}
}

func TestPartitionsHaveJepsensShapes(t *testing.T) {
	t.Parallel()
	random := newRandom(1)
	for nodes := 1; nodes <= 9; nodes++ {
		shapes := map[string]int{}
		for range 400 {
			shape, blocked := drawPartition(random, nodes)
			heard := make([][]bool, nodes) // by receiver, then sender
			for i := range heard {
				heard[i] = slices.Repeat([]bool{true}, nodes)
			}
			degrees := slices.Repeat([]int{nodes}, nodes) // how many each node hears
			symmetric := true
			for _, pair := range blocked {
				heard[pair[1]][pair[0]] = false
				degrees[pair[1]]--
				symmetric = symmetric && slices.Contains(blocked, [2]int{pair[1], pair[0]})
			}
			slices.Sort(degrees)
			small, large := nodes/2, nodes-nodes/2
			var kind string
			var want []int
			switch {
			case strings.HasSuffix(shape, " off"):
				kind, want = "one", append([]int{1}, slices.Repeat([]int{nodes - 1}, nodes-1)...)
			case shape == "halves":
				kind, want = shape, append(slices.Repeat([]int{small}, small), slices.Repeat([]int{large}, large)...)
			case shape == "majorities in a ring":
				kind, want = shape, slices.Repeat([]int{nodes/2 + 1}, nodes)
				slices.SortFunc(heard, func(a, b []bool) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
				if got := len(slices.CompactFunc(heard, slices.Equal)); got != nodes && nodes > 2 {
					t.Errorf("%d nodes in a ring hear %d different majorities", nodes, got)
				}
				symmetric = true // it need not be
			case strings.HasPrefix(shape, "halves with bridge "):
				kind = "bridge"
				want = append(slices.Repeat([]int{small + 1}, small), slices.Repeat([]int{large}, large-1)...)
				want = append(want, nodes)
			}
			slices.Sort(want)
			if !slices.Equal(degrees, want) || !symmetric {
				t.Fatalf("%d nodes, %s: nodes hear %v, want %v; symmetric: %v", nodes, shape, degrees, want, symmetric)
			}
			shapes[kind]++
		}
		if len(shapes) != 4 {
			t.Errorf("shapes of %d nodes: %v", nodes, shapes)
		}
	}
}

// A lifeLog is what a node saw during one life.
type lifeLog struct {
	begin, end time.Time
	clock      time.Time // Env.Now at its begin
	seed       uint64
	types      []string    // of the messages that it got
	times      []time.Time // when it got them
}

// watched returns an echo node that sends a message to seq-kv and to each other
// node every 50 ms. It also returns what the lives of each node saw, by the
// node's name.
func watched() (Program, map[string][]*lifeLog) {
	var mu sync.Mutex
	lives := map[string][]*lifeLog{}
	return func(env Env) error {
		l := &lifeLog{begin: time.Now(), clock: env.Now(), seed: env.Seed}
		var name string
		stop := make(chan struct{})
		var asking sync.WaitGroup
		defer func() {
			l.end = time.Now()
			close(stop)
			asking.Wait()
		}()
		return eachMessage(env, func(m Packet) error {
			l.types, l.times = append(l.types, m.Type), append(l.times, time.Now())
			if m.Type == "init" {
				name = m.Dest
				mu.Lock()
				lives[name] = append(lives[name], l)
				mu.Unlock()
				asking.Go(func() {
					for {
						select {
						case <-time.After(50 * time.Millisecond):
							say(env, name, "seq-kv", `{"type":"read","key":"k"}`)
							for _, other := range []string{"n0", "n1", "n2"} {
								if other != name {
									say(env, name, other, `{"type":"ping"}`)
								}
							}
						case <-stop:
							return
						}
					}
				})
			}
			if m.Type == "error" || m.Type == "ping" {
				return nil
			}
			return echo(env, m)
		})
	}, lives
}

// between counts the messages that came between two times, measured from zero.
func (l *lifeLog) between(zero time.Time, from, to time.Duration) int {
	n := 0
	for _, at := range l.times {
		if d := at.Sub(zero); d > from && d < to {
			n++
		}
	}
	return n
}

// faultRun runs watched nodes with one kind of fault.
func faultRun(t *testing.T, fault string, seed uint64) (*Result, map[string][]*lifeLog, []Entry) {
	t.Helper()
	program, lives := watched()
	r, journal := Record(t, Config{Workload: Echo{}, Rate: 100, TimeLimit: 20 * time.Second, Nemesis: nemesis(t, fault), Seed: seed}, program)
	if len(r.Faults) < 2 {
		t.Fatalf("%s befell only %v in 20 s", fault, r.Faults)
	}
	for _, f := range r.Faults {
		if f.Stop < f.Start {
			t.Errorf("%v did not end", f)
		}
	}
	if err := r.Err(); err != nil {
		t.Error(err)
	}
	return r, lives, journal
}

func TestKilledNodesStartAgain(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"kill", "clock"} {
		r, lives, _ := faultRun(t, fault, 3)
		zero := lives["n0"][0].begin
		seeds, started := map[uint64]bool{}, 0
		for name, logs := range lives {
			for i, l := range logs {
				started++
				seeds[l.seed] = true
				if l.types[0] != "init" {
					t.Errorf("%s, life %d of %s: first message is %s", fault, i, name, l.types[0])
				}
			}
		}
		if started != 3+len(r.Faults) || len(seeds) != started {
			t.Errorf("%s: %d kills, %d lives, %d seeds", fault, len(r.Faults), started, len(seeds))
		}
		for _, f := range r.Faults {
			name := f.Detail[:2]
			if lasted := f.Stop - f.Start; lasted < time.Second/10 || lasted > 5*time.Second {
				t.Errorf("%v lasted %v", f, lasted)
			}
			for _, l := range lives[name] {
				if n := l.between(zero, f.Start, f.Stop); n > 0 {
					t.Errorf("%s got %d messages while dead", name, n)
				}
			}
			if !slices.ContainsFunc(lives[name], func(l *lifeLog) bool { return l.end.Sub(zero) == f.Start }) {
				t.Errorf("no life of %s ended at %v", name, f.Start)
			}
		}
		if r.Unanswered == 0 {
			t.Errorf("%s: every request was answered", fault)
		}
	}
}

// A clock that a fault has set shows what the fault's record says, to the
// microsecond.
func TestClocksAreSetToWhatTheRecordSays(t *testing.T) {
	if testing.Short() {
		t.Skip("sixteen runs tell the race detector nothing new")
	}
	t.Parallel()
	right := map[string]func(l *lifeLog, lives []*lifeLog, number int) bool{
		"back by": func(l *lifeLog, _ []*lifeLog, _ int) bool {
			back := l.begin.Sub(l.clock)
			return back >= 0 && back < 20*time.Second
		},
		"equal to the start of life": func(l *lifeLog, lives []*lifeLog, number int) bool { return l.clock.Equal(lives[number].clock) },
		"before 1970":                func(l *lifeLog, _ []*lifeLog, _ int) bool { return l.clock.UnixMicro() < 0 && l.clock.Year() > 1900 },
		"after 2112": func(l *lifeLog, _ []*lifeLog, _ int) bool {
			return l.clock.UnixMicro() > 1<<52 && l.clock.Year() < 2293
		},
		"in the far future": func(l *lifeLog, _ []*lifeLog, _ int) bool {
			return l.clock.Year() >= 10_000 && l.clock.UnixMicro() > 1<<57
		},
	}
	met := map[string]int{}
	for seed := range uint64(8) {
		for _, fault := range []string{"kill", "clock"} {
			r, lives, _ := faultRun(t, fault, seed)
			number := map[string]int{} // of each node's last life
			untouched := 0
			for _, f := range r.Faults {
				name, set, _ := strings.Cut(f.Detail, ", clock ")
				before := lives[name][number[name]]
				number[name]++
				l := lives[name][number[name]]
				if set == "" {
					untouched++
					if lived := l.begin.Sub(before.begin); l.clock.Sub(before.clock) != lived {
						t.Errorf("seed %d: %v changed the clock by %v", seed, f, l.clock.Sub(before.clock)-lived)
					}
					continue
				}
				for kind, check := range right {
					if what, ok := strings.CutPrefix(set, kind); ok {
						met[kind]++
						var earlier int
						fmt.Sscan(what, &earlier) // fails where there is no number
						if !check(l, lives[name], earlier) {
							t.Errorf("seed %d: %v, and it shows %v", seed, f, l.clock)
						}
						if _, date, ok := strings.Cut(set, ": "); ok && date != l.clock.UTC().Format("2006-01-02 15:04:05.000000") {
							t.Errorf("seed %d: %v, and it shows %v", seed, f, l.clock)
						}
					}
				}
			}
			if (fault == "clock") != (untouched == 0) || untouched == len(r.Faults) && untouched > 4 {
				t.Errorf("seed %d: %d of %d faults %s left the clock alone", seed, untouched, len(r.Faults), fault)
			}
		}
	}
	if len(met) != len(right) {
		t.Errorf("clocks were only set %v", met)
	}
}

func TestPausedNodesGetTheirMessagesLater(t *testing.T) {
	t.Parallel()
	r, lives, journal := faultRun(t, "pause", 3)
	zero := lives["n0"][0].begin
	for _, f := range r.Faults {
		l := lives[f.Detail][0]
		if lasted := f.Stop - f.Start; lasted > 5*time.Second {
			t.Errorf("%v lasted %v", f, lasted)
		}
		if n := l.between(zero, f.Start, f.Stop); n > 0 {
			t.Errorf("%s got %d messages while paused", f.Detail, n)
		}
		for _, e := range journal {
			if e.What == "send" && e.Src == f.Detail && e.Time > f.Start && e.Time < f.Stop {
				t.Errorf("%s sent something at %v while paused from %v to %v", f.Detail, e.Time, f.Start, f.Stop)
				break
			}
		}
	}
	if r.OK != r.Invoked {
		t.Errorf("%d of %d requests were answered: a pause of up to 5 s loses nothing", r.OK, r.Invoked)
	}
}

func TestStoreCutNodesDoNotHearTheStore(t *testing.T) {
	t.Parallel()
	r, lives, _ := faultRun(t, "store-cut", 3)
	zero := lives["n0"][0].begin
	for _, f := range r.Faults {
		if lasted := f.Stop - f.Start; lasted != 2*time.Second && f.Stop < 20*time.Second {
			t.Errorf("%v lasted %v", f, lasted)
		}
		for name, logs := range lives {
			heard := 0
			for i, at := range logs[0].times {
				if d := at.Sub(zero); d > f.Start && d < f.Stop && logs[0].types[i] == "error" {
					heard++
				}
			}
			if cut := name == f.Detail; cut != (heard == 0) {
				t.Errorf("while %s was cut off, %s heard the store %d times", f.Detail, name, heard)
			}
		}
	}
	if r.OK != r.Invoked {
		t.Errorf("clients could not reach nodes")
	}
}

// A partition cuts nodes from each other, begins at once, and spares clients
// and the store.
func TestPartitionsCutOnlyLinksBetweenNodes(t *testing.T) {
	t.Parallel()
	program, lives := watched()
	r, journal := Record(t, Config{
		Workload: Echo{}, Rate: 100, TimeLimit: 20 * time.Second, NemesisInterval: 2 * time.Second,
		Nemesis: nemesis(t, "partition"), Seed: 1,
	}, program)
	if err := r.Err(); err != nil || r.OK != r.Invoked {
		t.Errorf("%d of %d answered; error %v", r.OK, r.Invoked, err)
	}
	if len(r.Faults) < 3 || r.Faults[0].Start != 0 {
		t.Errorf("partitions: %v", r.Faults)
	}
	if len(lives["n0"]) != 1 {
		t.Errorf("a partition killed a node")
	}
	cuts, whole := make([]int, len(r.Faults)), 0 // the messages that each partition cut, and those between nodes that arrived outside of partitions
	for _, m := range journal {
		if m.Src == "" {
			continue
		}
		during := slices.IndexFunc(r.Faults, func(f FaultRecord) bool { return f.Start <= m.Time && m.Time <= f.Stop })
		between := m.Src[0] == 'n' && m.Dest[0] == 'n'
		switch {
		case m.What == Blocked && (during < 0 || !between):
			t.Errorf("cut: %+v", m)
		case m.What == Blocked:
			cuts[during]++
		case m.What == "recv" && during < 0 && between:
			whole++
		}
	}
	for i, f := range r.Faults {
		if cuts[i] == 0 && f.Stop-f.Start > 100*time.Millisecond {
			t.Errorf("%v from %v to %v cut nothing", f, f.Start, f.Stop)
		}
	}
	if whole == 0 {
		t.Errorf("between partitions, no message arrived")
	}
}

// Even if everything goes wrong at once, nodes recover in time for the final
// reads, and the run ends when it should.
func TestNodesRecoverFromAllFaultsTogether(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		r := Simulate(t, Config{Rate: 100, TimeLimit: 20 * time.Second, Nemesis: AllFaults(), Seed: seed}, linCounter)
		befell := map[string]bool{}
		for _, f := range r.Faults {
			befell[f.Fault] = true
		}
		if len(befell) != len(AllFaults()) {
			t.Errorf("seed %d: only %v befell", seed, befell)
		}
		if reads := r.Facts.(CounterFacts).FinalReads; len(reads) != 3 || r.Elapsed > 40*time.Second {
			t.Errorf("seed %d: final reads %v after %v", seed, reads, r.Elapsed)
		}
	}
}
