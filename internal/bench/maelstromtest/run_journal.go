package maelstromtest

import (
	"time"

	"maelstrom-counter/internal/bench/journal"
)

// since is the time since all nodes were ready: the history's clock.
func (b *bench) since() time.Duration { return b.now() - b.epoch }

// recorded is since, or zero before all nodes were ready.
func (b *bench) recorded() time.Duration {
	if !b.booted {
		return 0
	}
	return b.since()
}

// note writes an entry to the journal and passes it to Config.Watch.
func (b *bench) note(e Entry) {
	if b.cfg.Journal == nil && b.cfg.Watch == nil {
		return
	}
	e.Time = b.since()
	if b.cfg.Watch != nil {
		b.cfg.Watch(e)
	}
	if b.cfg.Journal == nil {
		return
	}
	if err := journal.Write(b.cfg.Journal, e); err != nil {
		b.complain(runComplete, "cannot write the journal: %v", err)
		b.cfg.Journal = nil
	}
}
