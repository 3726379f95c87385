package story

import (
	"slices"

	"maelstrom-counter/internal/bench/journal"
)

// News of an add is what tells of it: it is at the node that gets the add, and
// goes on from there with messages that have content, and with the values that
// they set in services. What a node was told by anybody who had the news may
// tell of the add; what it was told by others cannot.
type news struct {
	knew        map[string]bool
	via         map[string]*Message // by node: the message that brought it
	changes     []*change           // that carried it
	over        *change             // the first that took the place of one of these without carrying it
	undelivered []*Message          // that set out with it, to those that did not have it
}

// hasContent reports whether a message has more than a type and numbers of
// messages.
func (m *Message) hasContent() bool {
	for name, value := range m.body {
		switch name {
		case "type", "msg_id", "in_reply_to":
			continue
		}
		switch string(value) {
		case "null", `""`, "[]", "{}":
		default:
			return true
		}
	}
	return false
}

// spread follows the news of an add up to a position.
func (x *run) spread(add *op, until int) *news {
	n := &news{knew: map[string]bool{add.Node: true}, via: map[string]*Message{}}
	bears, set := map[*Message]bool{}, map[*change]bool{}
	for pos := add.arrived + 1; pos < until; pos++ {
		e := x.journal[pos]
		m := x.byID[e.ID]
		if m == nil {
			continue // damaged
		}
		switch e.What {
		case journal.Killed, journal.Crashed:
			delete(n.knew, e.Node)
		case journal.Sent:
			switch {
			case m.used != nil:
				bears[m] = set[x.told(m)]
			case n.knew[m.Src] && (isService(m.Dest) || isNode(m.Dest) && m.hasContent()):
				bears[m] = true
				if !m.before(until) && (!n.knew[m.Dest] && isNode(m.Dest) || m.changes()) {
					n.undelivered = append(n.undelivered, m)
				}
			}
		case journal.Received:
			if bears[m] && m.arrived == pos && isNode(m.Dest) && !n.knew[m.Dest] {
				n.knew[m.Dest], n.via[m.Dest] = true, m
			}
		case journal.Answered:
			if e.Answer == nil || !e.Changed {
				continue
			}
			c := x.by(m.slot(), pos+1)
			if c == nil {
				continue
			}
			if before := x.by(c.slot, pos); bears[m] {
				set[c] = true
				n.changes = append(n.changes, c)
			} else if n.over == nil && before != nil && set[before] {
				n.over = c
			}
		}
	}
	return n
}

// told returns the change that a service's answer tells, or nil.
func (x *run) told(m *Message) *change {
	if m.of.kind == "write" {
		return nil
	}
	return x.at(m.of.slot(), m.used.state())
}

// changes reports whether a message asks a service to change something.
func (m *Message) changes() bool {
	return isService(m.Dest) && (m.kind == "write" || m.kind == "cas")
}

// path returns the messages that brought the news to a node, in order.
func (x *run) path(n *news, node string) (path []*Message) {
	for m := n.via[node]; m != nil && len(path) < 12; m = n.via[m.Src] {
		path = append(path, m)
		if m.used != nil {
			m = x.told(m).by
			path = append(path, m)
		}
	}
	slices.Reverse(path)
	return path
}

// A life of a node, and where it began.
type life struct {
	node string
	born int
}

// A cone says up to where each life can have told something of which a message,
// or a value of a service, knows.
type cone map[life]int

// reach follows what can have been known back: by a node when it sent a
// message, or, if there are any, in these answers of services alone.
func (x *run) reach(node string, until int, answers []*Message) cone {
	from, wanted, sets := cone{}, map[*Message]bool{}, map[int]bool{}
	for _, m := range answers {
		wanted[m] = true
	}
	if len(answers) == 0 {
		from[life{node, x.born(node, until)}] = until
	}
	for pos := until - 1; pos >= 0; pos-- {
		m := x.byID[x.journal[pos].ID]
		if m == nil {
			continue
		}
		switch what := x.journal[pos].What; {
		case what == journal.Received && m.arrived == pos && isNode(m.Dest):
			if from[life{m.Dest, x.born(m.Dest, pos)}] > pos {
				wanted[m] = true
			}
		case what == journal.Answered && sets[pos]:
			wanted[m] = true
		case what != journal.Sent || !wanted[m]:
		case m.used != nil:
			if c := x.told(m); c != nil {
				sets[c.pos] = true
			}
		case isNode(m.Src) && (isService(m.Dest) || m.hasContent()):
			if l := (life{m.Src, x.born(m.Src, pos)}); from[l] == 0 {
				from[l] = pos
			}
		}
	}
	return from
}

// has reports whether an add can have been known.
func (c cone) has(x *run, add *op) bool {
	return add.arrived != none && c[life{add.Node, x.born(add.Node, add.arrived)}] > add.arrived
}
