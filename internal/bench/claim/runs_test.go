package claim

import (
	"testing"

	"maelstrom-counter/internal/bench/verdict"
)

// CheckNews returns how many pairs of an acknowledged add and a read there are
// where the add was known to who answered the read, and where not.
func CheckNews(t *testing.T, r *Run) (known, unknown int) {
	for id, m := range r.messages {
		if !r.Holds(r.Sent(id)) {
			t.Fatalf("not so: %s", r.Text(r.Sent(id)))
		}
		if id%50 != 0 {
			continue
		}
		for _, mutant := range mutants(r.Sent(id)) {
			if r.Holds(mutant) {
				t.Fatalf("also so: message %d of %s with %s", id, m.src, mutant.change)
			}
		}
	}
	for read, op := range r.History {
		reply := r.firstReply(read)
		if op.F != "read" || op.Outcome != verdict.OK || reply == nil {
			continue
		}
		back := r.before(reply.src, reply.sent)
		var told []int
		for m := range r.sent("", r.request(read).sent, reply.sent) {
			if m.basis >= 0 && m.dest == reply.src && m.arrivedBefore(reply.sent) {
				told = append(told, m.id)
			}
		}
		behind := r.behind(told)
		for add := range r.History {
			if !r.ackedBefore(add, read) {
				continue
			}
			knows := r.knows(reply.src, add, reply.sent)
			if knows == back.misses(add) {
				t.Fatalf("add %d is known at read %d: %v, by following it back %v", add, read, knows, !knows)
			}
			set := r.news().told(told).Bit(add) == 1
			if set == behind.misses(add) {
				t.Fatalf("add %d is known behind read %d: %v, by following it back %v", add, read, set, !set)
			}
			if knows {
				known++
			} else {
				unknown++
			}
		}
	}
	return known, unknown
}

// CheckExplained compares how many reads each formula explains with what one
// finds who looks at each read for itself.
func CheckExplained(t *testing.T, r *Run) {
	for _, f := range r.formulas() {
		want, reads := 0, 0
		for i, op := range r.History {
			if op.F != "read" || op.Outcome != verdict.OK || op.Int() <= 0 || r.firstReply(i) == nil {
				continue
			}
			reads++
			if r.reading(i).naively(f) {
				want++
			}
		}
		if n, of := r.explained(f); n != want || of != reads {
			t.Fatalf("%+v explains %d of %d reads, and each for itself %d of %d", f, n, of, want, reads)
		}
	}
}

// naively is gives, by a look at all numbers that the node had been told.
func (x reading) naively(f Formula) bool {
	s, last, peers, once := shapes[f.How], map[string]int64{}, false, false
	for _, n := range x.numbersTo(x.node) {
		label, _, ok := f.label(n, x.node)
		recent := n.at > x.window
		if n.at < x.born || n.at > x.answer {
			continue
		}
		peers = peers || recent && n.service == ""
		switch {
		case !ok || s.windowed && !recent:
		case f.How == Deltas:
			last[label] += n.value
		case f.How == PeersMost:
			last[label] = max(last[label], n.value)
		default:
			last[label] = n.value
			once = once || n.value == x.value
		}
	}
	if f.How == ToldOnce {
		return once
	}
	if f.How == OwnAlone && peers || f.How != OwnAlone && len(last) == 0 {
		return false
	}
	sum := total(last)
	for _, acked := range []bool{false, true} {
		own := int64(0)
		for _, t := range x.addsAt(x.node, acked) {
			if s.own && x.born < t.at && t.at < x.answer {
				own += t.Value
			}
		}
		if sum+own == x.value {
			return true
		}
	}
	return false
}
