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
	s := &Story{Kind: t.kind}
	if t.cause.read != nil {
		s.Asked = len(t.seen(t.cause.read))
	}
	s.Lanes = t.lanes()
	lane := map[string]int{}
	for i, l := range s.Lanes {
		lane[l.Name] = i
	}
	for _, m := range t.inOrder() {
		for i, c := range m.copies {
			s.Arrows = append(s.Arrows, Arrow{
				ID: m.id, From: lane[m.src], To: lane[m.dest], SentAt: m.at, EndedAt: c.at,
				Label: t.label(m), Fate: t.fate(m, c), Late: c.late, Copy: i, Mark: t.chosen[m],
			})
		}
	}
	t.verdict()
	for _, r := range t.notes {
		s.Notes = append(s.Notes, Note{Lane: lane[r.lane], At: r.at, Text: r.text, Style: r.style})
	}
	t.rows(s)
	s.Caption = t.caption()
	return s
}

// A moment is where something of a story happens: a message is sent, a copy of
// it arrives, or a note is made.
type moment struct {
	pos, order int
	lane       int
	put        func(row int)
	ends       *message // the message whose copy arrives
	starts     *message
}

// rows gives each moment its row. If the sender of a message does nothing until
// a copy arrives, the message is drawn level: it is sent in the row in which
// that copy arrives.
func (t *teller) rows(s *Story) {
	var moments []moment
	i := 0
	for _, m := range t.inOrder() {
		arrows := s.Arrows[i : i+len(m.copies)]
		i += len(m.copies)
		moments = append(moments, moment{pos: m.pos, lane: arrows[0].From, starts: m, put: func(row int) {
			for i := range arrows {
				arrows[i].Sent = row
				if m.copies[i].what != maelstromtest.Received {
					arrows[i].Ends = row
				}
			}
		}})
		for i, c := range m.copies {
			if c.what == maelstromtest.Received {
				moments = append(moments, moment{pos: c.pos, lane: arrows[i].To, ends: m, put: func(row int) { arrows[i].Ends = row }})
			}
		}
	}
	for i, r := range t.notes {
		moments = append(moments, moment{pos: r.pos, order: 1, lane: s.Notes[i].Lane, put: func(row int) { s.Notes[i].Row = row }})
	}
	slices.SortStableFunc(moments, func(a, b moment) int { return cmp.Or(a.pos-b.pos, a.order-b.order) })
	level := map[*message]func(row int){}
	row := 0
	for i, m := range moments {
		if m.starts != nil && arrivesFirst(moments[i+1:], m) {
			level[m.starts] = m.put
			continue
		}
		m.put(row)
		if start := level[m.ends]; m.ends != nil && start != nil {
			start(row)
			m.put(row)
			delete(level, m.ends)
		}
		row++
	}
	s.Rows = row
}

// arrivesFirst reports whether the message that was sent at start arrives
// before its sender does anything else.
func arrivesFirst(later []moment, start moment) bool {
	for _, m := range later {
		if m.ends == start.starts {
			return true
		}
		if m.lane == start.lane && (m.starts == nil || m.starts.at > start.starts.at) {
			return false
		}
	}
	return false
}

// inOrder returns the chosen messages in the order in which they were sent.
func (t *teller) inOrder() []*message {
	return slices.SortedFunc(maps.Keys(t.chosen), func(a, b *message) int { return a.pos - b.pos })
}

// verdict remarks why the read is wrong.
func (t *teller) verdict() {
	o := t.cause.read
	if o == nil || o.call == nil || len(o.call.replies) == 0 {
		return
	}
	reply := o.call.replies[0]
	pos := max(reply.arrival(), reply.pos)
	if t.kind == CountedOnce {
		t.notes = append(t.notes, remark{pos, o.Complete, reply.dest, "right: it was added once", Praise})
		return
	}
	text := "wrong"
	switch least := t.ackedBefore(o); {
	case t.kind == TornRead:
		text = "wrong: there never was such a total"
	case t.than != nil:
		text = fmt.Sprintf("wrong: %d had been read", t.than.Int())
	case t.kind == CountedTwice:
		text = "wrong: an add counts twice"
	case o.Final:
		text = "wrong: " + t.right() + " would be right"
	case o.Int() < least:
		text = fmt.Sprintf("wrong: %d had been acknowledged", least)
	default:
		var asked int64
		for _, a := range t.ops {
			if a.F == "add" && a.Outcome != maelstromtest.Fail && a.Invoke <= o.Complete {
				asked += a.Int()
			}
		}
		if o.Int() > asked {
			text = fmt.Sprintf("wrong: only %d had been added", asked)
		}
	}
	t.notes = append(t.notes, remark{pos, o.Complete, reply.dest, text, Verdict})
}

// right says which final reads would be right.
func (t *teller) right() string {
	var texts []string
	for _, r := range t.acceptable {
		texts = append(texts, r.String())
	}
	return strings.Join(texts, " or ")
}

// lanes returns the lanes, with each node beside its clients, and the services
// in the middle.
func (t *teller) lanes() []Lane {
	clients := map[string][]string{} // by node
	services, seen := []string{}, map[string]bool{}
	nodes := []string{}
	add := func(name, other string) {
		switch {
		case seen[name]:
		case isNode(name):
			nodes = append(nodes, name)
		case strings.HasPrefix(name, "c") && isNode("n"+name[1:]):
			clients[other] = append(clients[other], name)
		default:
			services = append(services, name)
		}
		seen[name] = true
	}
	for _, m := range t.inOrder() {
		add(m.src, m.dest)
		add(m.dest, m.src)
	}
	for _, r := range t.notes {
		add(r.lane, "")
	}
	byNumber := func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) }
	slices.SortFunc(nodes, byNumber)
	var lanes []Lane
	for i, n := range nodes {
		slices.SortFunc(clients[n], byNumber)
		left := i < (len(nodes)+1)/2
		if left {
			lanes = append(lanes, ofRole(Client, clients[n])...)
		}
		lanes = append(lanes, Lane{n, Node})
		if !left {
			lanes = append(lanes, ofRole(Client, clients[n])...)
		}
		if i == (len(nodes)+1)/2-1 {
			lanes = append(lanes, ofRole(Service, services)...)
		}
	}
	return lanes
}

func ofRole(role Role, names []string) []Lane {
	var lanes []Lane
	for _, name := range names {
		lanes = append(lanes, Lane{name, role})
	}
	return lanes
}

// label says what a message is, in few words.
func (t *teller) label(m *message) string {
	b := m.body
	key := strings.Trim(string(b.Key), `"`)
	switch {
	case b.Type == "read" && key != "":
		return "read " + key
	case b.Type == "write":
		return fmt.Sprintf("write %s = %s", key, t.gauge.label(string(b.Key), b.Value))
	case b.Type == "cas" && t.gauge.field != "" && string(b.Create) == "true" && string(b.From) == string(b.To):
		return fmt.Sprintf("create %s = %s", key, t.gauge.label(string(b.Key), b.To))
	case b.Type == "cas":
		return fmt.Sprintf("%s: %s", key, t.gauge.swap(string(b.Key), b.From, b.To))
	case b.Type == "add":
		return "add " + string(b.Delta)
	case b.Type == "read_ok" && m.from != nil:
		return t.gauge.label("", b.Value)
	case b.Type == "read_ok":
		return "read ok: " + shortened(string(b.Value), 16)
	case b.Type == "error" && m.from != nil && string(b.Code) == "20":
		return "no value"
	case b.Type == "error" && m.from != nil && string(b.Code) == "22":
		return "has another value"
	case b.Type == "error":
		return "error " + string(b.Code)
	case b.Type == "":
		return shortened(string(m.raw), 24)
	}
	return strings.TrimSuffix(b.Type, "_ok") + map[bool]string{true: " ok"}[strings.HasSuffix(b.Type, "_ok")]
}

// fate says what became of a copy.
func (t *teller) fate(m *message, c *ending) Fate {
	switch {
	case c.what == maelstromtest.Lost:
		return WasLost
	case c.what == maelstromtest.Blocked:
		return WasCut
	case c.what == "":
		return OnItsWay
	case c.unread:
		return Unread
	case t.mistaken(m):
		return Mistaken
	}
	return Arrived
}

// mistaken reports whether a reply was taken for the answer to a request other
// than its own.
func (t *teller) mistaken(m *message) bool {
	for other := range t.chosen {
		if c := t.callOf(other); c != nil && c.taken == m && !slices.Contains(c.replies, m) {
			return true
		}
	}
	return false
}

func (t *teller) callOf(request *message) *call {
	for _, c := range t.calls {
		if c.request == request {
			return c
		}
	}
	return nil
}

// clock formats a time of a run.
func clock(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }
