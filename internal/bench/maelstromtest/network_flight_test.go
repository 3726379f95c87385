package maelstromtest

import (
	"testing"
	"time"
)

// Messages that clients send or get are not counted.
func TestMessagesInFlightAreCounted(t *testing.T) {
	const ms = time.Millisecond
	w := carry(t, Config{Latency: 10 * ms, LatencyDist: Constant}, func(w *wire) {
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
		w.sched.at(5*ms, func() { check(4, 2, 2) })
		w.sched.at(11*ms, func() {
			check(0, 0, 0)
			mend()
			w.suffer(Fault{Kind: Loss, Probability: 1})
			w.say("n0", "seq-kv", "lost")
			check(0, 0, 0)
		})
	})
	if w.ServerMessages != 5 || w.Messages != 6 || w.Doubled != 0 {
		t.Errorf("%d of %d messages involve no client, and %d were doubled", w.ServerMessages, w.Messages, w.Doubled)
	}
}

func TestDoubledMessagesThatArriveApartAreCounted(t *testing.T) {
	w := carry(t, Config{Latency: time.Second}, func(w *wire) {
		w.suffer(Fault{Kind: Duplicate, Probability: 1})
		for i := range 100 { // minutes apart, so that none waits behind another
			w.sayAt(time.Duration(i)*time.Minute, "n0", "seq-kv", "x")
		}
		// Together: the second copies wait until the receiver has taken a
		// slower message.
		w.enqueueAt(200*time.Minute, "n0", "seq-kv", "slow", time.Minute)
		w.sayAt(200*time.Minute, "n0", "seq-kv", "x")
		// Both copies are cut off, and arrive nowhere.
		w.sched.at(300*time.Minute, func() { w.cut(w.link("n0", "seq-kv")) })
		w.sayAt(300*time.Minute, "n0", "seq-kv", "x")
	})
	if w.Doubled != 102 || w.DoubledApart != 100 {
		t.Errorf("of %d doubled messages, %d arrived apart, want 100 of 102", w.Doubled, w.DoubledApart)
	}
}
