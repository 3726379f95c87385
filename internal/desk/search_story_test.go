package desk

// This part of the search tells how it came to a state.

import (
	"fmt"
	"strings"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/ledger"
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
			fmt.Fprintf(&text, "%3d. %s\n", len(path)-at, m.words(what, &from, s))
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

// verbs say what a process does, or what happens to it, in each kind of step.
var verbs = [stepKinds]string{
	begins:        "is asked for",
	forms:         "makes a fold of what waits",
	queues:        "is to apply its fold itself",
	expires:       "gives up the request that is due first",
	swaps:         "swaps",
	lands:         "has a swap under way that succeeds",
	identities:    "learns a value, perhaps by a swap that changes nothing",
	learns:        "learns a value",
	makesNoSense:  "finds that the store holds what makes no sense, which is mended at once",
	hands:         "is handed",
	hears:         "gets an answer",
	loses:         "and all others hear nothing of their folds",
	ends:          "ends and starts again",
	startsAgain:   "is killed and starts again",
	startsEarlier: "is killed and starts again, its clock gone back",
	startsAtOnce:  "is killed and starts again at the same time",
	readsPlainly:  "reads plainly, to answer",
	tells:         "is refused a swap, and told",
	mistakes:      "takes the answer to an earlier life for one to its swap",
}

// words puts a step between two states into words.
func (m *model) words(what step, from, to *state) string {
	p, newest := what.process, from.versions[from.newest]
	was, is := from.procs[p], to.procs[p]
	text := m.called(p) + " " + verbs[what.kind]
	if r, _ := m.next(from, p); is.begun > was.begun {
		text += " " + m.request(r)
	}
	switch what.kind {
	case identities, learns, readsPlainly:
		text += ": " + m.describe(from.versions[what.version])
		if what.version < from.newest {
			text += ", which is old"
		}
	case lands, hands:
		text += ": " + m.fold(what.message.fold())
	case hears:
		text += ": " + m.fold(what.message.fold())
		if total := what.message.total(); total == refusal {
			text += " was not applied"
		} else {
			text += " is in a total of " + m.total(m.base+total)
		}
	case tells:
		text += ": " + m.describe(what.told)
	case mistakes:
		text += ": " + m.describe(m.compose(was.desk, newest))
	}
	if own := m.kept[is.desk].own; own != 0 && own != m.kept[was.desk].own {
		text += ": " + m.fold(own)
	}
	if is.life != was.life {
		life := m.kept[is.desk].Desk.life
		text += fmt.Sprintf(", as life %d/%d", life.Boot, life.Nonce)
	}
	if to.newest != from.newest {
		text += fmt.Sprintf("; the store held %s, and holds %s", m.describe(newest), m.describe(to.versions[to.newest]))
	}
	return text
}

// called returns the name of a process.
func (m *model) called(p int) string {
	if m.twins && p == 1 {
		return m.node(p) + "'s twin"
	}
	return m.node(p)
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
	return fmt.Sprintf("%s's fold %s of %d", fold.Node, name(fold.Life, fold.Seq), fold.Delta)
}

// name names a life and one of its folds: boot/nonce.seq.
func name(l ledger.Life, seq int64) string { return fmt.Sprintf("%d/%d.%d", l.Boot, l.Nonce, seq) }

// says describes an answer.
func (m *model) says(a Answer) string {
	switch {
	case a.Failure == nil:
		return "done, the total is " + m.total(a.Total)
	case a.Failure.Code == maelstrom.Timeout:
		return "it may have taken effect"
	}
	return fmt.Sprintf("error %d, it has not taken effect", a.Failure.Code)
}

// total shows a total. Near the greatest, it shows how near.
func (m *model) total(n int64) string {
	if m.base == 0 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("max-%d", ledger.Max-n)
}

// describe shows a value.
func (m *model) describe(value valueID) string {
	if value == missing {
		return "nothing"
	}
	v := m.values[value]
	text := "{" + m.total(v.Total)
	for _, node := range names {
		if r, ok := v.Receipts[node]; ok {
			text += " " + node + ":" + name(r.Life, r.Seq)
		}
	}
	return text + "}"
}

// note notes what else a step does.
func (m *model) note(format string, args ...any) {
	m.notes = append(m.notes, fmt.Sprintf(format, args...))
}
