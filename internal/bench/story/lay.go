package story

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/journal"
)

// lay makes a story of the claims: their sentences, and what they show in lanes
// and rows.
func (t *teller) lay() *Story {
	s := &Story{Kind: t.kind, Beyond: t.beyond, Claims: t.claims, Reason: t.reason, Dropped: t.dropped, Asked: t.asked}
	var notes []remark
	shown := map[*Message]Mark{}
	for _, c := range t.claims {
		s.Sentences = append(s.Sentences, t.facts.Text(c))
		show := t.facts.Shows(c)
		for _, id := range show.Messages {
			if m := t.byID[id]; m != nil {
				shown[m] = cmp.Or(shown[m], t.mark(c, m))
			}
		}
		for _, n := range show.Notes {
			if r := (remark{n, styleOf(c)}); n.At >= 0 && !slices.Contains(notes, r) {
				notes = append(notes, r)
			}
		}
	}
	s.Caption = strings.Join(s.Sentences, " ")
	messages := slices.SortedFunc(maps.Keys(shown), func(a, b *Message) int { return a.pos - b.pos })
	s.Lanes = lanes(messages, notes)
	lane := map[string]int{}
	for i, l := range s.Lanes {
		lane[l.Name] = i
	}
	moments := t.arrows(s, lane, messages, shown)
	for _, r := range notes {
		n := &Note{Lane: lane[r.Lane], Text: r.Text, Style: r.style, Dead: r.dead(t.journal)}
		s.Notes = append(s.Notes, n)
		p := place{r.At, t.journal[r.At].Time}
		moments = append(moments, moment{place: p, order: 1, lane: n.Lane, rows: []*int{&n.Row}})
	}
	s.Rows = inRows(moments)
	return s
}

// A remark is a note that does not have its place yet.
type remark struct {
	claim.Note
	style Style
}

// dead reports whether the remark's node is dead from there on.
func (r remark) dead(entries []journal.Entry) bool {
	what := entries[r.At].What
	return r.style == AFault && (what == journal.Killed || what == journal.Crashed)
}

// A place is a position in the journal with its time.
type place struct {
	pos int
	At  time.Duration
}

// mark sets apart the acknowledgements and the answer that is wrong.
func (t *teller) mark(c claim.Claim, m *Message) Mark {
	answer := m.of != nil && m.of.op != nil
	switch c.(type) {
	case claim.Acknowledged:
		if answer {
			return Acknowledged
		}
	case claim.WrongTotal, claim.CountsRefused, claim.OutOfBounds, claim.BelowSeen, claim.NotLinearizable:
		if answer && m.of.op == t.wrongRead {
			return Wrong
		}
	case claim.Answered:
		if answer && t.kind == CountedOnce {
			return Right
		}
	}
	return Plain
}

// styleOf returns the style of a claim's notes.
func styleOf(c claim.Claim) Style {
	switch c.(type) {
	case claim.Told:
		return OldState
	case claim.Killed, claim.AckedInMemory, claim.Crash, claim.Mute, claim.Stderr, claim.PendingBytes:
		return AFault
	case claim.WrongTotal, claim.CountsRefused, claim.OutOfBounds, claim.BelowSeen, claim.NotLinearizable,
		claim.Unanswered, claim.WrongReplyTo, claim.NextSent:
		return Verdict
	case claim.Answered:
		return Praise
	}
	return NewValue
}

// A moment is where something of a story happens: a message is sent, a copy of
// it arrives, or a note is made.
type moment struct {
	place
	order, lane  int
	rows         []*int   // that are the moment's row
	starts, ends *Message // the message that is sent, and the one whose copy arrives
}

// arrows adds the copies of messages to a story.
func (t *teller) arrows(s *Story, lane map[string]int, messages []*Message, marks map[*Message]Mark) (moments []moment) {
	for _, m := range messages {
		start := moment{place: place{m.pos, m.Time}, lane: lane[m.Src], starts: m}
		for i, c := range m.Copies {
			a := &Arrow{
				From: lane[m.Src], To: lane[m.Dest], SentAt: m.Time, ID: m.ID,
				Label: t.label(m), Fate: t.fateOf(m, c), Late: c.Late, Copy: i, Mark: marks[m],
			}
			s.Arrows = append(s.Arrows, a)
			start.rows = append(start.rows, &a.Sent)
			if c.What == journal.Received {
				moments = append(moments, moment{place: place{c.pos, c.At}, lane: a.To, ends: m, rows: []*int{&a.Ends}})
			} else {
				start.rows = append(start.rows, &a.Ends)
				start.At = max(start.At, c.At)
			}
		}
		moments = append(moments, start)
	}
	return moments
}

// inRows gives each moment its row, and returns the times of the rows. If the
// sender of a message does nothing until a copy arrives, the message is drawn
// level: it is sent in the row in which that copy arrives. (See arrivesFirst.)
func inRows(moments []moment) (rows []time.Duration) {
	slices.SortStableFunc(moments, func(a, b moment) int { return cmp.Or(a.pos-b.pos, a.order-b.order) })
	level := map[*Message][]*int{} // the rows of messages that are sent where they arrive
	for i, m := range moments {
		if m.starts != nil && arrivesFirst(moments[i+1:], m) {
			level[m.starts] = m.rows
			continue
		}
		for _, row := range append(m.rows, level[m.ends]...) {
			*row = len(rows)
		}
		delete(level, m.ends)
		rows = append(rows, m.At)
	}
	return rows
}

// arrivesFirst reports whether the message that was sent at start arrives
// before its sender does anything else. If it goes from node to node, it must
// also arrive before its receiver does anything: what that did without it is
// then below where it was sent.
func arrivesFirst(later []moment, start moment) bool {
	between := isNode(start.starts.Src) && isNode(start.starts.Dest)
	for i, m := range later {
		if m.ends == start.starts {
			return !between || !slices.ContainsFunc(later[:i], func(n moment) bool { return n.lane == m.lane })
		}
		if m.lane == start.lane && (m.starts == nil || m.starts.Time > start.starts.Time) {
			return false
		}
	}
	return false
}

// lanes returns the lanes, with each node beside its clients, and the services
// in the middle.
func lanes(messages []*Message, notes []remark) []Lane {
	var nodes, services []Lane
	clients := map[string][]Lane{} // by node
	seen := map[string]bool{}
	add := func(name, other string) {
		switch {
		case seen[name]:
		case isNode(name):
			nodes = append(nodes, Lane{name, Node})
		case isClient(name):
			clients[other] = append(clients[other], Lane{name, Client})
		default:
			services = append(services, Lane{name, Service})
		}
		seen[name] = true
	}
	for _, m := range messages {
		add(m.Src, m.Dest)
		add(m.Dest, m.Src)
	}
	for _, r := range notes {
		add(r.Lane, "")
	}
	inOrder := func(a, b Lane) int { return byNumber(a.Name, b.Name) }
	slices.SortFunc(nodes, inOrder)
	var lanes []Lane
	for i, n := range nodes {
		own, left := clients[n.Name], i < (len(nodes)+1)/2
		slices.SortFunc(own, inOrder)
		if left {
			lanes = append(append(lanes, own...), n)
		} else {
			lanes = append(append(lanes, n), own...)
		}
		if i == (len(nodes)-1)/2 {
			lanes = append(lanes, services...)
		}
	}
	return lanes
}

// clock formats a time of a run.
func clock(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }
