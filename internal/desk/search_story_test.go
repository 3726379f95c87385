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

// words puts a step between two states into words.
func (m *model) words(what step, from, to *state) string {
	p := m.called(what.process)
	held := "holds"
	if what.version < from.newest {
		held = "held"
	}
	was, is := m.describe(from.versions[from.newest]), m.describe(to.versions[to.newest])
	life := m.kept[to.procs[what.process].desk].Desk.life
	switch what.kind {
	case begins:
		r, _ := m.next(from, what.process)
		return fmt.Sprintf("%s begins", m.request(r))
	case forms:
		if own := m.kept[to.procs[what.process].desk].own; own != 0 {
			return fmt.Sprintf("%s makes of what waits %s", p, m.fold(own))
		}
		return p + " finds that none of its waiting requests fits into a fold"
	case queues:
		return p + " is to apply its fold itself"
	case expires:
		return fmt.Sprintf("the time of %s is over", m.oldest(from.procs[what.process].desk))
	case swaps:
		return fmt.Sprintf("the store swaps %s to %s for %s", was, is, p)
	case lands:
		return fmt.Sprintf("the store swaps %s to %s, by a swap from before with %s", was, is, m.fold(what.message.fold()))
	case identities, learns:
		return fmt.Sprintf("%s learns that the store %s %s", p, held, m.describe(from.versions[what.version]))
	case makesNoSense:
		return p + " finds that the store holds what makes no sense, which is mended at once"
	case hands:
		return fmt.Sprintf("%s is handed %s", p, m.fold(what.message.fold()))
	case hears:
		if what.message.total() == refusal {
			return fmt.Sprintf("%s hears that %s was not applied", p, m.fold(what.message.fold()))
		}
		return fmt.Sprintf("%s hears that a total of %s contains %s", p, m.total(m.base+what.message.total()), m.fold(what.message.fold()))
	case loses:
		return "the answers to folds are lost"
	case ends:
		return fmt.Sprintf("%s ends and starts again, with boot %d", p, life.Boot)
	case startsAgain:
		return fmt.Sprintf("%s is killed and starts again, with boot %d", p, life.Boot)
	case startsEarlier:
		return fmt.Sprintf("%s is killed and starts again, its clock gone back, with boot %d", p, life.Boot)
	case startsAtOnce:
		return fmt.Sprintf("%s is killed and starts again, with the same boot %d and nonce %d", p, life.Boot, life.Nonce)
	case readsPlainly:
		r, _ := m.next(from, what.process)
		text := fmt.Sprintf("%s begins, and learns that the store %s %s", m.request(r), held, m.describe(from.versions[what.version]))
		if m.fault == identityReads {
			text += ", which the store swaps for itself"
			if held == "held" {
				text += ", in its old state, as that changes nothing"
			}
		}
		return text
	case tells:
		return fmt.Sprintf("%s's swap is refused, and the text tells that the store holds %s", p, m.describe(what.told))
	case mistakes:
		return fmt.Sprintf("%s takes the answer to an earlier life for one to its swap of %s to %s", p, was, m.describe(m.compose(from.procs[what.process].desk, from.versions[from.newest])))
	}
	return fmt.Sprintf("%+v", what)
}

// oldest describes the request that is due first at a desk.
func (m *model) oldest(id deskID) (text string) {
	k := m.kept[id]
	k.each(func(r *Request) {
		switch {
		case r.Deadline.After(at(1)):
		case r.Kind == Combine:
			text = fmt.Sprintf("%s at %s", m.fold(foldID(r.MsgID)), m.called(k.process))
		default:
			text = m.request(r.MsgID)
		}
	})
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
	return fmt.Sprintf("%s's fold %s of %d", fold.Node, m.name(fold.Life, fold.Seq), fold.Delta)
}

// name names a life and one of its folds: boot/nonce.seq.
func (m *model) name(l ledger.Life, seq int64) string {
	return fmt.Sprintf("%d/%d.%d", l.Boot, l.Nonce, seq)
}

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

// total shows a total. Near the greatest, which is called max, it shows how
// near.
func (m *model) total(n int64) string {
	switch {
	case m.base == 0:
		return fmt.Sprint(n)
	case n == ledger.Max:
		return "max"
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
	for _, name := range names {
		if r, ok := v.Receipts[name]; ok {
			text += fmt.Sprintf(" %s:%s", name, m.name(r.Life, r.Seq))
		}
	}
	return text + "}"
}

// note notes what else a step does.
func (m *model) note(format string, args ...any) {
	m.notes = append(m.notes, fmt.Sprintf(format, args...))
}
