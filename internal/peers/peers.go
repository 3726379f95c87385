// Package peers chooses the combiner, the node to which a node hands its folds.
// It is pure: it is handed the time, and has no goroutine, lock or network.
//
// The combiner is the first node of the cluster that is not suspected. A node
// that has kept this one waiting is suspected until it answers. Once a second a
// fold is sent to it as a probe, and to the combiner too. So no request waits
// for the probe.
//
// If this package is wrong, nodes are only slow: nothing depends on who the
// combiner is, or on nodes agreeing about it.
package peers

import (
	"slices"
	"time"

	"maelstrom-counter/internal/rtt"
)

const (
	// suspicion is how long a suspected node is not asked at all, before each
	// probe.
	suspicion = time.Second
	// A node has to ask the store before it answers. So its first answer may
	// take firstTimeouts timeouts of the store, but no longer than firstAnswer.
	firstTimeouts = 6
	firstAnswer   = 725 * time.Millisecond
	// A node that stands in for the first one may be cut off as well. So after
	// standInAnswer the next one is asked too.
	standInAnswer = 320 * time.Millisecond
)

// Peers is what one node knows about the others. The zero Peers knows no other
// node.
type Peers struct {
	others []*peer // in the order in which they are preferred
	before int     // how many of them are preferred to this node
	byID   map[string]*peer
	asked  *peer     // the combiner whose answer this node waits for, or nil
	since  time.Time // when it was asked
	late   time.Time // when its answer will be late
}

// A peer is what this node knows about another, from its answers to folds and
// from its own folds.
type peer struct {
	id    string
	rtt   rtt.Estimator
	retry time.Time // when it may be probed, if it is suspected; zero if it is not
	heard time.Time // when it last handed a fold to this node
}

// Meet names the nodes of the cluster, in their common order. This node is
// self.
func (ps *Peers) Meet(self string, nodes []string) {
	ps.byID = map[string]*peer{}
	for _, id := range nodes {
		if id == self {
			ps.before = len(ps.others)
			continue
		}
		p := &peer{id: id}
		ps.others = append(ps.others, p)
		ps.byID[id] = p
	}
}

// Combiner returns the node to hand folds to, or "" if that is this one. The
// probes are the suspected nodes before it that are due to be probed.
func (ps *Peers) Combiner(now time.Time) (combiner string, probes []string) {
	for _, p := range ps.others[:ps.before] {
		switch {
		case p.retry.IsZero():
			return p.id, probes
		case !now.Before(p.retry):
			probes = append(probes, p.id)
		}
	}
	return "", probes
}

// Asked notes that a fold is handed to the combiner. The first answer of a node
// is late after some of the store's timeouts, and sooner if the node stands in
// for another. A later answer is late after a timeout estimated from the
// earlier ones.
func (ps *Peers) Asked(id string, now time.Time, storeTimeout time.Duration) {
	p := ps.byID[id]
	timeout := p.rtt.Timeout()
	if p.rtt.Smoothed() == 0 {
		timeout = min(firstTimeouts*storeTimeout, firstAnswer)
		if p != ps.others[0] {
			timeout = min(timeout, standInAnswer)
		}
	}
	ps.asked, ps.since, ps.late = p, now, now.Add(timeout)
}

// Due returns when the combiner's answer will be late, and whether this node
// waits for one.
func (ps *Peers) Due() (late time.Time, waits bool) { return ps.late, ps.Waiting() }

// Waiting reports whether this node waits for a combiner's answer.
func (ps *Peers) Waiting() bool { return ps.asked != nil }

// Probed notes that a fold is also handed to a suspected node. That node is not
// probed again for a second.
func (ps *Peers) Probed(id string, now time.Time) { ps.byID[id].retry = now.Add(suspicion) }

// Late reports whether the combiner's answer is late. If so, the combiner is
// suspected from now on, and Combiner returns the next one.
func (ps *Peers) Late(now time.Time) bool {
	if ps.asked == nil || now.Before(ps.late) {
		return false
	}
	ps.asked.retry = now.Add(suspicion)
	ps.asked = nil
	return true
}

// Answered notes that a node has answered the fold that was handed to it at the
// time since. If this node waits for its answer to a later fold, that wait
// begins anew, with the timeout estimated from the answers so far.
func (ps *Peers) Answered(id string, since, now time.Time) {
	p := ps.byID[id]
	p.rtt.Sample(now.Sub(since))
	p.retry = time.Time{}
	switch {
	case p != ps.asked:
	case since.Equal(ps.since):
		ps.asked = nil
	default:
		ps.late = now.Add(p.rtt.Timeout())
	}
}

// Failed notes that a node will not answer the fold that was handed to it at
// the time since. If this node waits for that answer, the answer is late now.
func (ps *Peers) Failed(id string, since, now time.Time) {
	if ps.byID[id] == ps.asked && since.Equal(ps.since) {
		ps.late = now
	}
}

// Heard notes that a node has handed a fold to this one.
func (ps *Peers) Heard(id string, now time.Time) {
	if p := ps.byID[id]; p != nil {
		p.heard = now
	}
}

// Silent reports whether some node has handed no fold to this one since the
// given time.
func (ps *Peers) Silent(since time.Time) bool {
	return slices.ContainsFunc(ps.others, func(p *peer) bool { return p.heard.Before(since) })
}
