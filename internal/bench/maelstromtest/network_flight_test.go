package maelstromtest

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestMessagesInFlightAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(Config{Latency: 10 * time.Millisecond, LatencyDist: Constant})
		check := func(n0, n1, store int) {
			t.Helper()
			for name, want := range map[string]int{"n0": n0, "n1": n1, "seq-kv": store, "c0": 0} {
				if got := w.endpoints[name].inFlight; got != want {
					t.Errorf("after %v, %d messages of %s are in flight, want %d", w.sched.now(), got, name, want)
				}
			}
		}
		w.say("n0", "seq-kv", "a")
		w.say("seq-kv", "n0", "b")
		w.say("n0", "n1", "c")
		w.say("c0", "n0", "a client's")
		check(3, 1, 2)
		mend := w.cut(w.link("n1", "n0"))
		w.say("n1", "n0", "waits in the queue behind b")
		check(4, 2, 2)
		w.sched.at(5*time.Millisecond, func() { check(4, 2, 2) })
		w.sched.at(11*time.Millisecond, func() {
			check(0, 0, 0)
			mend()
			w.faults = []*messageFault{{Fault{Kind: Loss, Probability: 1}, newRandom(1)}}
			w.say("n0", "seq-kv", "lost")
			check(0, 0, 0)
		})
		w.run()
		if w.doubled != 0 {
			t.Errorf("%d messages were doubled", w.doubled)
		}
	})
}

func TestDoubledMessagesThatArriveApartAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(Config{Latency: time.Second})
		w.faults = []*messageFault{{Fault{Kind: Duplicate, Probability: 1}, newRandom(1)}}
		for i := range 100 {
			// Minutes apart, so that none waits behind another.
			w.sched.at(time.Duration(i)*time.Minute, func() { w.say("n0", "seq-kv", "x") })
		}
		w.sched.at(200*time.Minute, func() { // together: the second copies wait until the receiver has taken a slower message
			w.enqueue(&message{src: w.endpoints["n0"], dest: w.endpoints["seq-kv"], body: json.RawMessage("slow")}, time.Minute)
			w.say("n0", "seq-kv", "x")
		})
		w.sched.at(300*time.Minute, func() { // both copies are cut off, and arrive nowhere
			w.cut(w.link("n0", "seq-kv"))
			w.say("n0", "seq-kv", "x")
		})
		w.run()
		if w.doubled != 102 || w.doubledApart != 100 {
			t.Errorf("of %d doubled messages, %d arrived apart, want 100 of 102", w.doubled, w.doubledApart)
		}
	})
}

// A record's InFlight is what the journal says: sent, and neither received nor
// lost.
func TestFaultRecordsSayWhatWasInFlight(t *testing.T) {
	t.Parallel()
	faults := []string{"kill", "clock", "pause", "store-cut"}
	if testing.Short() {
		faults = faults[:1]
	}
	for _, fault := range faults {
		program, _ := watched()
		r, entries := Record(t, Config{
			Workload: Echo{}, Rate: 100, TimeLimit: 30 * time.Second, Nemesis: nemesis(t, fault), Seed: 1,
			Latency: 30 * time.Millisecond, LatencyDist: Exponential,
		}, program)
		befell := 0
		for _, f := range r.Faults {
			name, _, _ := strings.Cut(f.Detail, ",")
			var flying int
			for _, e := range entries {
				if e.Src == "" || (e.Src != name && e.Dest != name) || e.Src[0] == 'c' || e.Dest[0] == 'c' || e.Time > f.Start {
					continue
				}
				switch e.What {
				case Sent, Doubled:
					flying++
				case Received, Lost, Blocked:
					flying--
				}
			}
			if f.InFlight != flying {
				t.Errorf("%v at %v says that %d messages were in flight; there were %d", f, f.Start, f.InFlight, flying)
			}
			if f.InFlight > 0 {
				befell++
			}
		}
		if befell*2 < len(r.Faults) {
			t.Errorf("%s: messages were in flight at only %d of %d faults", fault, befell, len(r.Faults))
		}
	}
}
