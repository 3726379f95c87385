package story

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// lay puts the chosen messages and the notes into lanes and rows.
func (t *teller) lay() *Story {
	t.verdict()
	s := &Story{Kind: t.kind, Caption: t.caption(), Lanes: t.lanes()}
	if t.read != nil {
		s.Asked = len(t.seen(t.read))
	}
	lane := map[string]int{}
	for i, l := range s.Lanes {
		lane[l.Name] = i
	}
	moments := t.arrows(s, lane)
	for _, r := range t.notes {
		n := &Note{Lane: lane[r.lane], Text: r.text, Style: r.style}
		if r.style == AFault {
			what := t.entries[r.pos].What
			n.Dead = what == maelstromtest.Killed || what == maelstromtest.Crashed
		}
		s.Notes = append(s.Notes, n)
		moments = append(moments, moment{point: r.point, order: 1, lane: n.Lane, rows: []*int{&n.Row}})
	}
	s.Rows = inRows(moments)
	return s
}

// A moment is where something of a story happens: a message is sent, a copy of
// it arrives, or a note is made.
type moment struct {
	point
	order, lane  int
	rows         []*int   // that are the moment's row
	starts, ends *Message // the message that is sent, and the one whose copy arrives
}

// arrows adds the copies of the chosen messages to a story.
func (t *teller) arrows(s *Story, lane map[string]int) (moments []moment) {
	for _, m := range t.inOrder() {
		start := moment{point: m.point, lane: lane[m.Src], starts: m}
		for i, c := range m.Copies {
			a := &Arrow{
				From: lane[m.Src], To: lane[m.Dest], SentAt: m.At,
				Label: t.label(m), Fate: t.fate(m, c), Late: c.Late, Copy: i, Mark: t.chosen[m],
			}
			s.Arrows = append(s.Arrows, a)
			start.rows = append(start.rows, &a.Sent)
			if c.What == maelstromtest.Received {
				moments = append(moments, moment{point: c.point, lane: a.To, ends: m, rows: []*int{&a.Ends}})
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
// level: it is sent in the row in which that copy arrives.
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
// before its sender does anything else.
func arrivesFirst(later []moment, start moment) bool {
	for _, m := range later {
		if m.ends == start.starts {
			return true
		}
		if m.lane == start.lane && (m.starts == nil || m.starts.At > start.starts.At) {
			return false
		}
	}
	return false
}

// inOrder returns the chosen messages in the order in which they were sent.
func (t *teller) inOrder() []*Message {
	return slices.SortedFunc(maps.Keys(t.chosen), func(a, b *Message) int { return a.pos - b.pos })
}

// lanes returns the lanes, with each node beside its clients, and the services
// in the middle.
func (t *teller) lanes() []Lane {
	var nodes, services []Lane
	clients := map[string][]Lane{} // by node
	seen := map[string]bool{}
	add := func(name, other string) {
		switch {
		case seen[name]:
		case isNode(name):
			nodes = append(nodes, Lane{name, Node})
		case strings.HasPrefix(name, "c") && isNode("n"+name[1:]):
			clients[other] = append(clients[other], Lane{name, Client})
		default:
			services = append(services, Lane{name, Service})
		}
		seen[name] = true
	}
	for _, m := range t.inOrder() {
		add(m.Src, m.Dest)
		add(m.Dest, m.Src)
	}
	for _, r := range t.notes {
		add(r.lane, "")
	}
	byNumber := func(a, b Lane) int { return cmp.Or(len(a.Name)-len(b.Name), strings.Compare(a.Name, b.Name)) }
	slices.SortFunc(nodes, byNumber)
	var lanes []Lane
	for i, n := range nodes {
		own, left := clients[n.Name], i < (len(nodes)+1)/2
		slices.SortFunc(own, byNumber)
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
