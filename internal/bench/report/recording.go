package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/verdict"
)

// A Recording is what the real Maelstrom has kept of a run besides the
// operations and messages, from which the bench has judged it anew.
type Recording struct {
	Directory string            `json:"directory"`          // which was read
	Ended     string            `json:"ended,omitempty"`    // how the run ended, if it did not come to its end
	Valid     string            `json:"valid,omitempty"`    // Maelstrom's own :valid?, if there is one
	Checkers  map[string]string `json:"checkers,omitempty"` // the same of each of its checkers
	Notes     []string          `json:"notes,omitempty"`    // what is missing, odd or not known: a sentence each
}

// End says how the run ended.
func (m *Recording) End() string { return cmp.Or(m.Ended, "the run came to its end") }

// draws says what Maelstrom's checkers do that judge nothing.
var draws = map[string]string{"perf": ", which only draws charts,", "timeline": ", which only draws a page,"}

// Said returns what Maelstrom itself said of a run, and whether the bench comes
// to the same by Maelstrom's rules.
func (run Run) Said() string {
	m, v := run.Maelstrom, run.Result.Verdict
	if m.Valid == "" {
		return "No verdict of Maelstrom's own was found (" + cmp.Or(m.Ended, "there is no results.edn that can be read") + ")."
	}
	var why, differ []string
	judged := false // by a checker that the bench has, too
	for _, checker := range slices.Sorted(maps.Keys(m.Checkers)) {
		valid := m.Checkers[checker]
		if valid != "true" {
			why = append(why, fmt.Sprintf(":%s%s is %s", checker, draws[checker], valid))
		}
		i := slices.IndexFunc(v.Checks, func(c verdict.Check) bool { return c.Checker == checker })
		if i < 0 {
			continue
		}
		c := v.Checks[i]
		judged = true
		if wrong := c.Status == verdict.Wrong; valid != map[bool]string{true: "false", false: "true"}[wrong] {
			differ = append(differ, fmt.Sprintf(":%s is %s, but the bench's check %q is %s", checker, valid, c.Name, c.Status))
		}
	}
	said := strings.TrimSuffix("Maelstrom itself said :valid? "+m.Valid+", since "+strings.Join(why, " and "), ", since ")
	switch right := m.Valid == "true"; {
	case len(differ) > 0:
		return said + ". They differ: " + strings.Join(differ, "; ") + "."
	case right == v.MaelstromValid:
		return said + ". The bench agrees."
	case judged && v.MaelstromValid:
		return said + ". All that judges the nodes is content, and the bench agrees with that."
	}
	return said + ". The bench does not agree, and why they differ is not known."
}

// Late says how many reads of a valid run returned less than they had to if the
// counter were linearizable. It returns nothing if there is none.
func (run Run) Late() string {
	r := run.Result
	facts, ok := r.Facts.(maelstromtest.CounterFacts)
	if !ok || !r.MaelstromValid {
		return ""
	}
	behind := func(v verdict.Violation) int64 { return v.Bounds.Lo - v.Read }
	late := slices.DeleteFunc(slices.Clone(facts.OutOfOrder), func(v verdict.Violation) bool { return behind(v) <= 0 })
	if len(late) == 0 {
		return ""
	}
	reads, finals := 0, 0
	for _, op := range r.History {
		if op.F == "read" && op.Outcome == verdict.OK {
			reads++
		}
	}
	for _, v := range late {
		if r.History[v.Index].Final {
			finals++
		}
	}
	among := "no final read"
	if finals > 0 {
		among = verdict.Number(finals, "final read")
	}
	worst := slices.MaxFunc(late, func(a, b verdict.Violation) int { return cmp.Compare(behind(a), behind(b)) })
	return fmt.Sprintf("late: %d of %s returned less than had been acknowledged or read before they began, with %s among them. "+
		"The worst is %s: it returned %d, which is %d too few.",
		len(late), verdict.Number(reads, "read"), among, worst.Request, worst.Read, behind(worst))
}
