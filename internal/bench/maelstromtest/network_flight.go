package maelstromtest

import "time"

// twins is what the copies of a doubled message have in common.
type twins struct {
	arrived bool          // one copy has arrived
	first   time.Duration // when that was
	apart   bool          // another copy arrived at another instant
}

// depart notes that copies of a message are on their way.
func (n *network) depart(m *message, copies int) {
	m.src.inFlight += copies
	m.dest.inFlight += copies
	if copies > 1 {
		n.Doubled++
		m.twins = &twins{}
	}
}

// end notes that a copy of a message is no longer on its way: it has arrived,
// or is lost.
func (n *network) end(m *message, arrived bool) {
	if m.src.kind == aClient || m.dest.kind == aClient {
		return
	}
	m.src.inFlight--
	m.dest.inFlight--
	t := m.twins
	if t == nil || !arrived {
		return
	}
	switch now := n.sched.now(); {
	case !t.arrived:
		t.arrived, t.first = true, now
	case !t.apart && now != t.first:
		t.apart = true
		n.DoubledApart++
	}
}
