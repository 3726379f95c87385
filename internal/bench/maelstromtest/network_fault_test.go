package maelstromtest

import (
	"fmt"
	"math/bits"
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
	kinds := []string{" off", "halves with bridge n", "halves", "majorities in a ring"}
	const ring = 3
	for i, want := range [][]string{ // how many nodes each node hears, by kind
		{"1", "1", "1", "1"},
		{"11", "22", "11", "22"},
		{"122", "223", "122", "222"},
		{"1333", "2334", "2222", "3333"},
		{"14444", "33335", "22333", "33333"},
		{"155555", "334446", "333333", "444444"},
		{"1666666", "4444447", "3334444", "4444444"},
		{"17777777", "44455558", "44444444", "55555555"},
		{"188888888", "555555559", "444455555", "555555555"},
	} {
		nodes, random, met := i+1, newRandom(1), map[int]bool{}
		for range 400 {
			shape, blocked := drawPartition(random, nodes)
			kind := slices.IndexFunc(kinds, func(k string) bool { return strings.Contains(shape, k) })
			met[kind] = true
			deafTo := make([]uint, nodes) // by receiver: a bit for each sender
			symmetric := true
			for _, pair := range blocked {
				deafTo[pair[1]] |= 1 << pair[0]
				symmetric = symmetric && slices.Contains(blocked, [2]int{pair[1], pair[0]})
			}
			var hear []byte
			misnamed := false
			for node, senders := range deafTo {
				hears := nodes - bits.OnesCount(senders)
				hear = append(hear, byte('0'+hears))
				misnamed = misnamed || strings.Contains(shape, fmt.Sprint("n", node)) && hears != 1 && hears != nodes
			}
			slices.Sort(hear)
			slices.Sort(deafTo)
			if string(hear) != want[kind] || misnamed || kind != ring && !symmetric ||
				kind == ring && nodes > 2 && len(slices.Compact(deafTo)) != nodes {
				t.Fatalf("%d nodes, %s: %v", nodes, shape, blocked)
			}
		}
		if len(met) != len(kinds) {
			t.Errorf("shapes of %d nodes: %v", nodes, met)
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

// watched returns an echo node that chats. It also returns what the lives of
// each node saw, by the node's name.
func watched() (Program, map[string][]*lifeLog) {
	var mu sync.Mutex
	lives := map[string][]*lifeLog{}
	return func(env Env) error {
		l := &lifeLog{begin: time.Now(), clock: env.Now(), seed: env.Seed}
		stop := make(chan struct{})
		defer func() {
			l.end = time.Now()
			close(stop)
		}()
		return eachMessage(env, func(m Packet) error {
			l.types, l.times = append(l.types, m.Type), append(l.times, time.Now())
			switch m.Type {
			case "error", "ping":
				return nil
			case "init":
				mu.Lock()
				lives[m.Dest] = append(lives[m.Dest], l)
				mu.Unlock()
				go chat(env, m.Dest, stop)
			}
			return echo(env, m)
		})
	}, lives
}

// chat sends a message to seq-kv and to each other node every 50 ms.
func chat(env Env, name string, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case <-time.After(50 * time.Millisecond):
		}
		say(env, name, "seq-kv", `{"type":"read","key":"k"}`)
		for _, other := range []string{"n0", "n1", "n2"} {
			if other != name {
				say(env, name, other, `{"type":"ping"}`)
			}
		}
	}
}

// An ordeal is a run of watched nodes with one kind of fault.
type ordeal struct {
	*Result
	lives   map[string][]*lifeLog
	journal []Entry
	longest time.Duration // of the faults
}

// undergo puts watched nodes through a fault, with cfg's seed, latency and pace
// of faults. It checks that each fault lasted as long as it may, and that the
// counts of messages in flight are what the journal says.
func undergo(t *testing.T, fault string, least, most time.Duration, cfg Config) ordeal {
	t.Helper()
	program, lives := watched()
	cfg.Workload, cfg.Consistency, cfg.Rate, cfg.TimeLimit, cfg.Nemesis = faultyEcho{}, Linearizable, 100, 20*time.Second, nemesis(t, fault)
	cfg.LatencyDist = Exponential
	r, journal := Record(t, cfg, program)
	o := ordeal{Result: r, lives: lives, journal: journal}
	if err := r.Err(); err != nil {
		t.Error(err)
	}
	busy := 0 // faults that began with messages in flight
	struck := map[string]bool{}
	for _, f := range r.Faults {
		struck[f.Detail[:2]] = true // by the node's name, or the shape of a partition
		flying := o.flying(f)
		if flying > 0 {
			busy++
		}
		lasted := f.Stop - f.Start
		o.longest = max(o.longest, lasted)
		if f.InFlight != flying || lasted > most || lasted < least && f.Stop < cfg.TimeLimit {
			t.Errorf("%v lasted %v, and says that %d messages were in flight; there were %d", f, lasted, f.InFlight, flying)
		}
	}
	if len(struck) < 2 || cfg.Latency > 0 && busy*2 < len(r.Faults) {
		t.Fatalf("%v were struck; messages were in flight at %d of the faults %v", struck, busy, r.Faults)
	}
	return o
}

// flying counts the messages from and to a fault's node when it began: sent,
// and neither received nor lost.
func (o ordeal) flying(f FaultRecord) (n int) {
	name, _, _ := strings.Cut(f.Detail, ",")
	for _, e := range o.journal {
		if e.Src == "" || (e.Src != name && e.Dest != name) || e.Src[0] == 'c' || e.Dest[0] == 'c' || e.Time > f.Start {
			continue
		}
		switch e.What {
		case Sent, Doubled:
			n++
		case Received, Lost, Blocked:
			n--
		}
	}
	return n
}

// heard counts the messages that a node got during a fault. If kind is not
// empty, it counts those of that type only.
func (o ordeal) heard(name, kind string, f FaultRecord) (n int) {
	zero := o.lives["n0"][0].begin
	for _, l := range o.lives[name] {
		for i, at := range l.times {
			if d := at.Sub(zero); d > f.Start && d < f.Stop && (kind == "" || kind == l.types[i]) {
				n++
			}
		}
	}
	return n
}

func TestKilledNodesStartAgain(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"kill", "clock"} {
		o := undergo(t, fault, time.Second/10, 5*time.Second, Config{Latency: 30 * time.Millisecond, Seed: 3})
		zero := o.lives["n0"][0].begin
		seeds, started := map[uint64]bool{}, 0
		for name, logs := range o.lives {
			for i, l := range logs {
				started++
				seeds[l.seed] = true
				if l.types[0] != "init" {
					t.Errorf("%s, life %d of %s: first message is %s", fault, i, name, l.types[0])
				}
			}
		}
		if started != 3+len(o.Faults) || len(seeds) != started {
			t.Errorf("%s: %d kills, %d lives, %d seeds", fault, len(o.Faults), started, len(seeds))
		}
		for _, f := range o.Faults {
			name := f.Detail[:2]
			if n := o.heard(name, "", f); n > 0 {
				t.Errorf("%s got %d messages while dead", name, n)
			}
			if !slices.ContainsFunc(o.lives[name], func(l *lifeLog) bool { return l.end.Sub(zero) == f.Start }) {
				t.Errorf("no life of %s ended at %v", name, f.Start)
			}
		}
		if o.Unanswered == 0 || o.longest < 3*time.Second {
			t.Errorf("%s: %d requests were not answered; the longest took %v", fault, o.Unanswered, o.longest)
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
	years := map[string][2]int{"before 1970": {1901, 1969}, "after 2112": {2113, 2292}, "in the far future": {10_000, 290_000}}
	met := map[string]int{}
	kills := 0
	for seed := range uint64(8) {
		for _, fault := range []string{"kill", "clock"} {
			o := undergo(t, fault, time.Second/10, 5*time.Second, Config{Seed: seed})
			number := map[string]int{} // of each node's last life
			untouched := 0
			for _, f := range o.Faults {
				name, set, _ := strings.Cut(f.Detail, ", clock ")
				before := o.lives[name][number[name]]
				number[name]++
				l := o.lives[name][number[name]]
				how, shown, dated := strings.Cut(set, ": ")
				var right bool
				switch {
				case set == "":
					untouched++
					right = l.clock.Sub(before.clock) == l.begin.Sub(before.begin)
				case !dated:
					how = "back"
					behind := l.begin.Sub(l.clock)
					right = behind >= 0 && behind < 20*time.Second && set == fmt.Sprint("back by ", behind.Round(time.Millisecond))
				case years[how] != [2]int{}:
					right = years[how][0] <= l.clock.UTC().Year() && l.clock.UTC().Year() <= years[how][1]
				default:
					var life int
					fmt.Sscanf(how, "equal to the start of life %d", &life)
					how = "equal"
					right = l.clock.Equal(o.lives[name][life].clock)
				}
				met[how]++
				if !right || dated && shown != l.clock.UTC().Format("2006-01-02 15:04:05.000000") {
					t.Errorf("seed %d: %v, and it shows %v", seed, f, l.clock)
				}
			}
			if fault == "kill" {
				kills += len(o.Faults)
			}
			if (fault == "clock") != (untouched == 0) || untouched == len(o.Faults) && untouched > 4 {
				t.Errorf("seed %d: %d of %d faults %s left the clock alone", seed, untouched, len(o.Faults), fault)
			}
		}
	}
	if len(met) != 6 || met[""] <= kills/2 || met[""] > kills*5/6 { // two in three kills leave the clock alone
		t.Errorf("of %d kills and the clocks' faults, clocks were set %v", kills, met)
	}
}

func TestAClockMayShowTheStartOfAnyEarlierLife(t *testing.T) {
	lives := []*life{{began: time.Unix(1, 0)}, {began: time.Unix(2, 0)}}
	met := map[int]bool{}
	for back := range time.Duration(100) {
		f := drawClock(back, lives)
		var number int
		if n, _ := fmt.Sscanf(f.detail, "clock equal to the start of life %d:", &number); n == 0 {
			continue
		}
		met[number] = true
		var c clock
		f.strike(&c)
		if shown := c.setting.Load().shown; !shown.Equal(lives[number].began) {
			t.Errorf("%s, and it was set to %v", f.detail, shown)
		}
	}
	if len(met) != len(lives) {
		t.Errorf("only lives %v", met)
	}
}

func TestPausedNodesGetTheirMessagesLater(t *testing.T) {
	t.Parallel()
	o := undergo(t, "pause", 0, 5*time.Second, Config{Latency: 30 * time.Millisecond, Seed: 3})
	for _, f := range o.Faults {
		if n := o.heard(f.Detail, "", f); n > 0 {
			t.Errorf("%s got %d messages while paused", f.Detail, n)
		}
		for _, e := range o.journal {
			if e.What == Sent && e.Src == f.Detail && e.Time > f.Start && e.Time < f.Stop {
				t.Fatalf("%s sent something at %v while paused from %v to %v", f.Detail, e.Time, f.Start, f.Stop)
			}
		}
	}
	if o.OK != o.Invoked || o.longest < 3*time.Second {
		t.Errorf("%d of %d requests were answered: a pause of up to %v loses nothing", o.OK, o.Invoked, o.longest)
	}
}

// A message that the node has taken before the cut may still arrive, unless it
// takes no time.
func TestStoreCutNodesDoNotHearTheStore(t *testing.T) {
	t.Parallel()
	for taken, latency := range []time.Duration{0, 30 * time.Millisecond} {
		o := undergo(t, "store-cut", 2*time.Second, 2*time.Second, Config{Latency: latency, Seed: 3})
		for _, f := range o.Faults {
			reached := 0
			for _, e := range o.journal {
				if e.What == Received && e.Src == f.Detail && e.Dest == "seq-kv" && e.Time > f.Start && e.Time < f.Stop {
					reached++
				}
			}
			if reached > taken {
				t.Errorf("while %s was cut off, %d of its messages reached the store", f.Detail, reached)
			}
			for name := range o.lives {
				if heard := o.heard(name, "error", f); (name == f.Detail) != (heard <= taken) {
					t.Errorf("while %s was cut off, %s heard the store %d times", f.Detail, name, heard)
				}
			}
		}
		if o.OK != o.Invoked {
			t.Errorf("clients could not reach nodes")
		}
	}
}

// A partition cuts nodes from each other, begins at once, and spares clients
// and the store.
func TestPartitionsCutOnlyLinksBetweenNodes(t *testing.T) {
	t.Parallel()
	o := undergo(t, "partition", 0, 4*time.Second, Config{NemesisInterval: 2 * time.Second, Seed: 1})
	if o.OK != o.Invoked || len(o.Faults) < 3 || o.Faults[0].Start != 0 || o.longest < 2*time.Second || len(o.lives["n0"]) != 1 {
		t.Errorf("%d of %d answered; %d lives; partitions %v, up to %v", o.OK, o.Invoked, len(o.lives["n0"]), o.Faults, o.longest)
	}
	cut := map[int]int{} // messages, by partition
	whole := 0           // messages that arrived outside of partitions
	for _, m := range o.journal {
		if m.Src == "" {
			continue
		}
		during := slices.IndexFunc(o.Faults, func(f FaultRecord) bool { return f.Start <= m.Time && m.Time <= f.Stop })
		between := m.Src[0] == 'n' && m.Dest[0] == 'n'
		switch {
		case m.What == Blocked && (during < 0 || !between):
			t.Errorf("cut: %+v", m)
		case m.What == Blocked:
			cut[during]++
		case m.What == Received && during < 0 && between:
			whole++
		}
	}
	for i, f := range o.Faults {
		if cut[i] == 0 && f.Stop-f.Start > 100*time.Millisecond || whole == 0 {
			t.Errorf("%v from %v to %v cut %d messages; between partitions, %d arrived", f, f.Start, f.Stop, cut[i], whole)
		}
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

// How long faults last, and how long nodes rest between them, is spread evenly
// from the least to the most.
func TestFaultsLastAndRestAsTheySay(t *testing.T) {
	t.Parallel()
	const s = time.Second
	const interval = 4 * s
	for fault, want := range map[Kind]struct{ least, most, rest time.Duration }{
		Kill:      {s / 10, 5 * s, interval / 2},
		Clock:     {s / 10, 5 * s, interval / 2},
		Pause:     {0, 5 * s, interval / 2},
		StoreCut:  {2 * s, 2 * s, interval / 2},
		Partition: {0, 2 * interval, 2 * interval},
	} {
		r := Simulate(t, Config{
			Workload: Echo{}, Nodes: 2, TimeLimit: time.Hour, Nemesis: []Fault{{Kind: fault}}, NemesisInterval: interval, Seed: 1,
		}, echoNode)
		var lasted, rested []time.Duration
		for i, f := range r.Faults[:len(r.Faults)-1] {
			lasted = append(lasted, f.Stop-f.Start)
			rested = append(rested, r.Faults[i+1].Start-f.Stop)
		}
		for what, spread := range map[string]struct {
			got         []time.Duration
			least, most time.Duration
		}{"lasts": {lasted, want.least, want.most}, "rests": {rested, 0, want.rest}} {
			slices.Sort(spread.got)
			near := func(percent int) bool {
				got, even := Percentile(spread.got, percent), spread.least+(spread.most-spread.least)*time.Duration(percent)/100
				return even-(spread.most-spread.least)/12 <= got && got <= even+(spread.most-spread.least)/12
			}
			if len(spread.got) < 300 || !near(0) || !near(25) || !near(50) || !near(75) || !near(100) || spread.got[0] < spread.least ||
				spread.got[len(spread.got)-1] > spread.most {
				t.Errorf("%s %s for %v to %v, %d times, half of them less than %v; want %v to %v", fault, what, spread.got[0],
					spread.got[len(spread.got)-1], len(spread.got), Percentile(spread.got, 50), spread.least, spread.most)
			}
		}
	}
}
