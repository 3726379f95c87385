package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/verdict"
)

// LuckOf says for how many final reads of a valid run seq-kv could also have
// given the node an older value, as far as the messages in its folder show. It
// returns an empty string if there are none. It also does if there was no room
// for all messages, since then they prove nothing.
func LuckOf(folder string, r *maelstromtest.Result) (string, error) {
	finals := finalReads(r)
	if !r.MaelstromValid || len(finals) == 0 {
		return "", nil
	}
	l := luck{choices: make([]journal.Choice, len(finals)), settled: make([]bool, len(finals)), finals: finals}
	if _, err := eachMessage(folder, l.follow); err != nil {
		return "", fmt.Errorf("cannot tell what was luck: %w", err)
	}
	return l.String(), nil
}

// Late says how many reads of a valid run missed something, and which missed
// the most. It returns an empty string if there are
// none.
func (run Run) Late() string {
	r := run.Result
	facts, _ := r.Facts.(maelstromtest.CounterFacts)
	late := slices.DeleteFunc(slices.Clone(facts.OutOfOrder), func(v maelstromtest.Violation) bool { return v.Missed() == 0 })
	if len(late) == 0 || !r.MaelstromValid {
		return ""
	}
	finals := 0
	for _, v := range late {
		if r.History[v.Index].Final {
			finals++
		}
	}
	worst := slices.MaxFunc(late, func(a, b maelstromtest.Violation) int { return cmp.Compare(a.Missed(), b.Missed()) })
	return fmt.Sprintf("late: %s, %d of them final, returned less than had been acknowledged or read before they began. %s missed the most: %d.",
		verdict.Number(len(late), "read"), finals, strings.ToUpper(worst.Request[:1])+worst.Request[1:], worst.Missed())
}

// finalReads returns the final reads that were answered.
func finalReads(r *maelstromtest.Result) []maelstromtest.Op {
	return slices.DeleteFunc(slices.Clone(r.History), func(op maelstromtest.Op) bool {
		return !op.Final || op.F != "read" || op.Outcome != maelstromtest.OK
	})
}

// A luck is what seq-kv could choose from while nodes made their final reads.
type luck struct {
	states  journal.States
	finals  []maelstromtest.Op
	choices []journal.Choice // for each, the first with older values
	settled []bool           // the node changed the store as well, which brings it to the newest state
	cut     bool             // messages are missing
}

func (l *luck) follow(e journal.Entry) {
	l.cut = l.cut || e.What == journal.Gap
	choice, read := l.states.Follow(e)
	if e.What != journal.Answered {
		return
	}
	for i, op := range l.finals {
		if op.Node != e.Src || e.Time < op.Invoke || e.Time > op.Complete {
			continue
		}
		l.settled[i] = l.settled[i] || !read
		if l.choices[i].Older == 0 {
			l.choices[i] = choice
		}
	}
}

func (l *luck) String() string {
	n, first := 0, -1
	for i, c := range l.choices {
		if c.Older == 0 || l.settled[i] {
			continue
		}
		if n++; first < 0 {
			first = i
		}
	}
	if n == 0 || l.cut {
		return ""
	}
	c := l.choices[first]
	hold := "hold"
	if c.Older == 1 {
		hold = "holds"
	}
	return fmt.Sprintf("chance: seq-kv had a choice for %d of %d final reads. "+
		"For %s it could answer the read of %s from any of %d states, and %d of them %s an older value. "+
		"It chooses at random.", n, len(l.finals), l.finals[first].RequestTo(), c.Key, c.States, c.Older, hold)
}
