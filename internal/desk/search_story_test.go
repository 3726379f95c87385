package desk

// This part of the search tells how it came to a state.

import (
	"fmt"
	"strings"
)

// story tells how it came to the state with the index last, and which step
// after that is wrong.
func (m *model) story(x *search, last int) string {
	var path []int
	for i := last; i >= 0; i = int(x.parents[i]) {
		path = append(path, i)
	}
	m.tracing = true
	defer func() { m.tracing = false }()
	var text strings.Builder
	for at := len(path) - 1; at >= 0; at-- {
		from := *x.state(path[at])
		told := false
		m.steps(&from, func(what step, s *state) {
			if told || at > 0 && *s != *x.state(path[at-1]) || at == 0 && m.failure == "" {
				return
			}
			told = true
			fmt.Fprintf(&text, "%3d. %s\n", len(path)-at, m.line(what, &from, s))
			for _, note := range m.notes {
				fmt.Fprintf(&text, "     %s\n", note)
			}
			if at == 0 {
				fmt.Fprintf(&text, "     WRONG: %s\n", m.failure)
			}
		})
	}
	return text.String()
}

// line tells of a step between two states.
func (m *model) line(what step, from, to *state) string {
	was, is := from.procs[what.process], to.procs[what.process]
	text := m.called(what.process) + " " + words[what.kind]
	if r, _ := m.next(from, what.process); is.begun > was.begun {
		text += " " + m.request(r)
	}
	switch what.kind {
	case identities, learns, readsPlainly, tells, mistakes:
		text += ": " + m.describe(what.value)
	case lands, hands, hears:
		text += ": " + m.fold(what.message.fold())
	}
	if what.message.total() == refusal {
		text += " was not applied"
	}
	if own := m.kept[is.desk].fold; own != 0 && own != m.kept[was.desk].fold {
		text += ": " + m.fold(own)
	}
	if is.life != was.life {
		text += ", as life " + writeLife(m.kept[is.desk].Desk.life)
	}
	if to.newest != from.newest {
		text += "; the store now holds " + m.describe(to.versions[to.newest])
	}
	return text
}

// request describes a client's request.
func (m *model) request(r int) string {
	p := m.called(m.clients[r].process)
	if delta := m.clients[r].delta; delta != 0 {
		return fmt.Sprintf("%s's add of %d", p, delta)
	}
	return p + "'s read"
}

// fold describes a fold.
func (m *model) fold(f foldID) string {
	fold := m.folds[f].Fold
	return fmt.Sprintf("%s's fold %s/%d of %d", fold.Node, writeLife(fold.Life), fold.Seq, fold.Delta)
}

// describe shows a value.
func (m *model) describe(value valueID) string {
	if value == missing {
		return "nothing"
	}
	return "{" + describe(m.values[value]) + "}"
}
