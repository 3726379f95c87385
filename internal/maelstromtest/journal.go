package maelstromtest

import (
	"encoding/json"
	"time"
)

// since is the time since all nodes were ready: the history's clock.
func (b *bench) since() time.Duration { return b.now() - b.epoch }

// record writes a line of the journal.
func (b *bench) record(what string, m *message) {
	if b.cfg.Journal == nil {
		return
	}
	line, err := json.Marshal(struct {
		Time time.Duration   `json:"time_ns"` // since the nodes were ready
		What string          `json:"what"`
		ID   int             `json:"id"`
		Src  string          `json:"src"`
		Dest string          `json:"dest"`
		Body json.RawMessage `json:"body"`
	}{b.since(), what, m.id, m.src.name, m.dest.name, m.body})
	if err == nil {
		_, err = b.cfg.Journal.Write(append(line, '\n'))
	}
	if err != nil {
		b.complain(runComplete, "cannot write the journal: %v", err)
		b.cfg.Journal = nil
	}
}
