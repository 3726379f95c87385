package maelstromtest

import (
	"errors"
	"slices"
	"time"

	"maelstrom-counter/internal/bench/verdict"
)

// endIfLost ends the run if no node can answer any more.
func (b *bench) endIfLost() {
	if b.load != nil && b.lost() {
		b.load.giveUp()
	}
}

// lost reports whether no node can ever answer again, and the rest of the run
// could not change the verdict. A node that has been killed is started again,
// and a node that is mute is heard again in its next life. So a mute node is
// not lost as long as a fault may kill it.
func (b *bench) lost() bool {
	// If a share of the requests is demanded, all that are still to be made
	// count, unless a crash has decided already.
	counts := b.cfg.Availability > 0 && b.cfg.Availability < 1 && len(b.Crashes) == 0
	if b.cfg.KeepGoing || b.cfg.Script != nil || counts {
		return false
	}
	kills := b.faulty && slices.ContainsFunc(b.cfg.Nemesis, func(f Fault) bool { return f.Kind == Kill || f.Kind == Clock })
	return !slices.ContainsFunc(b.nodes, func(n *node) bool {
		return !n.crashed && (n.life == nil || !n.life.mute || kills)
	})
}

// giveUp ends the run, as soon as the answers that are on their way have
// arrived.
func (l *load) giveUp() {
	if slices.ContainsFunc(l.workers, func(w *worker) bool { return w.client.endpoint.busy }) {
		l.b.after(time.Millisecond, l.b.endIfLost)
		return
	}
	before := l.phase
	l.phase = lost
	l.b.Ended = "no node could answer after " + verdict.Time(l.b.since())
	l.failAll()
	if before == generating {
		l.askTheRest()
	}
	l.b.done = true
}

// failAll gives up the open requests.
func (l *load) failAll() {
	for _, w := range l.workers {
		w.client.fail(errors.New(l.b.Ended))
	}
}

// askTheRest makes a request of each kind that has not been made yet. All of
// them fail. Maelstrom would have made them, and finds a run wrong in which all
// requests of a kind fail.
func (l *load) askTheRest() {
	if l.b.cfg.Rate == 0 || l.b.cfg.TimeLimit == 0 {
		return
	}
	made := map[string]bool{}
	for _, op := range l.history {
		made[op.F] = true
	}
	for range 100 { // enough for any workload's kinds to turn up
		r := l.b.cfg.Workload.Next(l.b.rng)
		if !made[r.F] {
			made[r.F] = true
			l.invoke(l.workers[0], r, false)
			l.failAll()
		}
	}
}
