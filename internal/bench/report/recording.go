package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"maelstrom-counter/internal/bench/verdict"
)

// Origin returns where a run came from: the seed, or what Maelstrom itself said
// of it, how it ended, where it was read, and what is not known.
func (run Run) Origin() []Setting {
	m := run.Maelstrom
	if m == nil {
		return []Setting{{"seed", fmt.Sprint(run.Result.Config.Seed)}}
	}
	all := []Setting{{"maelstrom", run.Said()}, {"ended", cmp.Or(m.Ended, "the run came to its end")}, {"read from", m.Directory}}
	for _, note := range m.Notes {
		all = append(all, Setting{"note", note})
	}
	if run.Story == nil && run.Result.AnyWrong() {
		all = append(all, Setting{"note", "The recorded messages do not show why a check is wrong."})
	}
	return all
}

// Said returns what Maelstrom itself said of a run, and whether the bench comes
// to the same by Maelstrom's rules.
func (run Run) Said() string {
	m, v := run.Maelstrom, run.Result.Verdict
	if m.Valid == "" {
		return "Maelstrom's own verdict was not found (" + cmp.Or(m.Ended, "results.edn is missing or cannot be read") + ")."
	}
	said, since := "Maelstrom itself said :valid? "+m.Valid, ", because :"
	for _, checker := range slices.Sorted(maps.Keys(m.Checkers)) {
		if valid := m.Checkers[checker]; valid != "true" {
			said, since = said+since+checker+" is "+valid, " and :"
		}
	}
	var differ []string
	for _, c := range v.Checks {
		theirs, there := m.Checkers[c.Checker]
		if ours := fmt.Sprint(c.Status != verdict.Wrong); there && theirs != ours {
			differ = append(differ, fmt.Sprintf(":%s is %s, but the bench's check %q is %s", c.Checker, theirs, c.Name, c.Status))
		}
	}
	switch {
	case len(differ) > 0:
		return said + ". They differ: " + strings.Join(differ, "; ") + "."
	case m.Valid == fmt.Sprint(v.MaelstromValid):
		return said + ". The bench agrees."
	}
	return said + fmt.Sprintf(". The bench says %t, although no checker that both have differs.", v.MaelstromValid)
}
