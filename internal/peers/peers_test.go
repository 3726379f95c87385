package peers

import (
	"slices"
	"testing"
	"time"
)

const ms = time.Millisecond

// at returns the time d after the tests' epoch.
func at(d time.Duration) time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(d) }

// meet returns the Peers of n2 in a cluster, in which no node has answered yet.
// Without names, it is the cluster of n0 to n4.
func meet(nodes ...string) *Peers {
	if len(nodes) == 0 {
		nodes = []string{"n0", "n1", "n2", "n3", "n4"}
	}
	var ps Peers
	ps.Meet("n2", nodes)
	return &ps
}

// suspect makes a node's answer late at a time, so that the node is suspected.
func (ps *Peers) suspect(id string, now time.Time) {
	ps.Asked(id, now.Add(-time.Minute), time.Second)
	ps.Late(now)
}

func TestTheCombinerIsTheFirstNodeThatIsNotSuspected(t *testing.T) {
	for _, test := range []struct {
		name     string
		late     map[string]time.Duration // when the answer of a node was late
		now      time.Duration
		combiner string
		probes   []string
	}{
		{"no node is late", nil, 0, "n0", nil},
		{"the first is late", map[string]time.Duration{"n0": 0}, 0, "n1", nil},
		{"the second is late", map[string]time.Duration{"n1": 0}, 0, "n0", nil},
		{"all before this one are late", map[string]time.Duration{"n0": 0, "n1": 0}, 0, "", nil},
		{"both were late almost a second ago", map[string]time.Duration{"n0": 0, "n1": 0}, 999 * ms, "", nil},
		{"the first was late a second ago", map[string]time.Duration{"n0": 0}, 1000 * ms, "n1", []string{"n0"}},
		{"both were late long ago", map[string]time.Duration{"n0": 0, "n1": 0}, time.Hour, "", []string{"n0", "n1"}},
		{"one of them was late more than a second ago", map[string]time.Duration{"n0": 500 * ms, "n1": 0}, 1200 * ms, "", []string{"n1"}},
		{"a node behind this one is never probed", map[string]time.Duration{"n3": 0}, time.Hour, "n0", nil},
		{"a node behind the combiner is not probed", map[string]time.Duration{"n1": 0}, time.Hour, "n0", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			ps := meet()
			for id, late := range test.late {
				ps.suspect(id, at(late))
			}
			combiner, probes := ps.Combiner(at(test.now))
			if combiner != test.combiner || !slices.Equal(probes, test.probes) {
				t.Errorf("got %q, probes %q, want %q, probes %q", combiner, probes, test.combiner, test.probes)
			}
		})
	}
}

func TestTheFirstNodeCombinesAndSoDoesANodeThatHasMetNobody(t *testing.T) {
	for name, ps := range map[string]*Peers{"the first": meet("n2", "n3"), "one that has met nobody": {}} {
		if combiner, probes := ps.Combiner(at(0)); combiner != "" || probes != nil {
			t.Errorf("%s: combiner %q, probes %q", name, combiner, probes)
		}
	}
}

// A node that has been probed is not probed again for a second. It combines
// again as soon as it answers.
func TestASuspectIsProbedOnceASecondUntilItAnswers(t *testing.T) {
	ps := meet()
	ps.suspect("n0", at(0))
	ps.suspect("n1", at(0))
	expect := func(now time.Duration, want string, wantProbes ...string) {
		t.Helper()
		if combiner, probes := ps.Combiner(at(now)); combiner != want || !slices.Equal(probes, wantProbes) {
			t.Errorf("at %v: combiner %q, probes %q", now, combiner, probes)
		}
	}
	now := 1000 * ms
	for range 3 {
		expect(now, "", "n0", "n1")
		ps.Probed("n0", at(now))
		ps.Probed("n1", at(now))
		expect(now+999*ms, "")
		now += 1000 * ms
	}
	ps.Answered("n1", at(now), at(now+5*ms))
	expect(now, "n1", "n0")
	ps.Answered("n0", at(now), at(now+5*ms))
	expect(now, "n0")
}

// Each node has a timeout of its own. A node that stands in for the first one
// is late sooner, until it has answered once.
func TestAnAnswerIsLateAfterATimeoutEstimatedFromEarlierOnes(t *testing.T) {
	for _, test := range []struct {
		name    string
		standIn bool            // n1, as n0 is suspected although it has been quick
		answers []time.Duration // that have come before
		store   time.Duration   // the timeout of the store
		late    time.Duration
	}{
		{"the first, and a quick store", false, nil, 10 * ms, 60 * ms},
		{"the first, and a slow store", false, nil, 120 * ms, 720 * ms},
		{"the first, and a slower store", false, nil, 121 * ms, 725 * ms},
		{"the first, and a store that is not known", false, nil, 500 * ms, 725 * ms},
		// 100 ms and 4 times a deviation of 50 ms.
		{"the second", false, []time.Duration{100 * ms}, 10 * ms, 300 * ms},
		{"answers in no time", false, []time.Duration{0, 0, 0}, 500 * ms, 10 * ms},
		{"slow answers", false, []time.Duration{time.Second}, 10 * ms, 2000 * ms},
		{"the first of a stand-in, and a quick store", true, nil, 10 * ms, 60 * ms},
		{"the first of a stand-in, and a slow store", true, nil, 53 * ms, 318 * ms},
		{"the first of a stand-in, and a slower store", true, nil, 54 * ms, 320 * ms},
		{"the first of a stand-in, and a very slow store", true, nil, time.Second, 320 * ms},
		// 500 ms and 4 times a deviation of 250 ms.
		{"the second of a stand-in", true, []time.Duration{500 * ms}, 10 * ms, 1500 * ms},
	} {
		t.Run(test.name, func(t *testing.T) {
			ps := meet()
			late, id, next := at(time.Hour+test.late), "n0", "n1"
			if test.standIn {
				for range 10 {
					ps.Answered("n0", at(0), at(0))
				}
				ps.Probed("n0", late.Add(time.Second))
				id, next = "n1", ""
			}
			for _, took := range test.answers {
				ps.Answered(id, at(0), at(took))
			}
			if _, ok := ps.Due(); ok {
				t.Error("an answer is due before anybody is asked")
			}
			ps.Asked(id, at(time.Hour), test.store)
			if due, ok := ps.Due(); !ok || !due.Equal(late) {
				t.Errorf("due at %v, %v, want %v", due, ok, late)
			}
			if ps.Late(late.Add(-1)) {
				t.Error("late too early")
			}
			if combiner, _ := ps.Combiner(late); combiner != id {
				t.Errorf("before it is late: combiner %q", combiner)
			}
			if !ps.Late(late) {
				t.Error("not late")
			}
			if combiner, probes := ps.Combiner(late.Add(999 * ms)); combiner != next || probes != nil {
				t.Errorf("once it is late: combiner %q, probes %q", combiner, probes)
			}
			if _, probes := ps.Combiner(late.Add(1000 * ms)); !slices.Equal(probes, []string{id}) {
				t.Errorf("a second later: probes %q", probes)
			}
			if _, ok := ps.Due(); ok || ps.Late(late.Add(time.Hour)) {
				t.Error("it is late a second time")
			}
		})
	}
}

func TestWhatEndsTheWaitForTheCombiner(t *testing.T) {
	for _, test := range []struct {
		name    string
		happens func(ps *Peers)
		now     time.Duration
		waits   bool
		late    bool
	}{
		{"nothing yet", func(ps *Peers) {}, 319 * ms, true, false},
		{"its answer", func(ps *Peers) { ps.Answered("n1", at(0), at(5*ms)) }, 321 * ms, false, false},
		{"its answer to an earlier fold does not", func(ps *Peers) { ps.Answered("n1", at(-ms), at(5*ms)) }, 23*ms - 1, true, false},
		// 6 ms, and 4 times a deviation of 3 ms.
		{"after that it has the time that answers take", func(ps *Peers) { ps.Answered("n1", at(-ms), at(5*ms)) }, 23 * ms, true, true},
		{"another's answer does not", func(ps *Peers) { ps.Answered("n0", at(0), at(5*ms)) }, 319 * ms, true, false},
		{"another's answer does not keep it from being late", func(ps *Peers) { ps.Answered("n0", at(0), at(5*ms)) }, 320 * ms, true, true},
		{"its failure", func(ps *Peers) { ps.Failed("n1", at(0), at(7*ms)) }, 7 * ms, true, true},
		{"before its failure it is not late", func(ps *Peers) { ps.Failed("n1", at(0), at(7*ms)) }, 6 * ms, true, false},
		{"another's failure does not", func(ps *Peers) { ps.Failed("n0", at(0), at(7*ms)) }, 7 * ms, true, false},
		{"the failure of an earlier fold does not", func(ps *Peers) { ps.Failed("n1", at(-1), at(7*ms)) }, 7 * ms, true, false},
		{"a fold that is handed over does not", func(ps *Peers) { ps.Heard("n1", at(7*ms)) }, 319 * ms, true, false},
		{"a probe of another does not", func(ps *Peers) { ps.Probed("n0", at(7*ms)) }, 319 * ms, true, false},
		{"asking the next instead", func(ps *Peers) { ps.Asked("n3", at(500*ms), 100*ms) }, 819 * ms, true, false},
		{"the next is late", func(ps *Peers) { ps.Asked("n3", at(500*ms), 100*ms) }, 820 * ms, true, true},
		{"a failure before anybody is asked again does nothing", func(ps *Peers) {
			ps.Answered("n1", at(0), at(5*ms))
			ps.Failed("n1", at(0), at(7*ms))
		}, time.Hour, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			ps := meet()
			ps.Asked("n1", at(0), 100*ms)
			test.happens(ps)
			if _, waits := ps.Due(); waits != test.waits {
				t.Errorf("waits: %v", waits)
			}
			if late := ps.Late(at(test.now)); late != test.late {
				t.Errorf("late at %v: %v", test.now, late)
			}
		})
	}
}

func TestANodeThatHasHandedOverNoFoldIsSilent(t *testing.T) {
	ps := meet()
	for i, id := range []string{"n0", "n1", "n3", "n4"} {
		if !ps.Silent(at(0)) {
			t.Errorf("%s has not been heard, and no node is silent", id)
		}
		ps.Heard(id, at(time.Duration(i)*ms))
	}
	ps.Heard("n2", at(0)) // this node itself
	ps.Heard("c1", at(0)) // not a node
	silent := func(since time.Duration, want bool) {
		t.Helper()
		if ps.Silent(at(since)) != want {
			t.Errorf("since %v: silent %v", since, !want)
		}
	}
	silent(0, false)
	silent(1, true)
	silent(4*ms, true)
	ps.Heard("n0", at(9*ms)) // now n1 has been silent longest
	silent(1*ms, false)
	silent(1*ms+1, true)
	ps = meet("n2")
	silent(0, false) // it is alone
}
