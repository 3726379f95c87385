package story

import (
	"fmt"
	"slices"
	"strings"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// label says what a message is, in few words.
func (t *teller) label(m *Message) string {
	b, key := m.body, m.key.name()
	switch {
	case m.kind == "read" && key != "":
		return "read " + key
	case m.kind == "write":
		return fmt.Sprintf("write %s = %s", key, t.gauge.label(m.key, b["value"]))
	case m.kind == "cas" && t.gauge.field != "" && m.field("create_if_not_exists") == "true" && m.field("from") == m.field("to"):
		return fmt.Sprintf("create %s = %s", key, t.gauge.label(m.key, b["to"]))
	case m.kind == "cas":
		return fmt.Sprintf("%s: %s", key, t.gauge.swap(m.key, b["from"], b["to"]))
	case m.kind == "add":
		return "add " + m.field("delta")
	case m.kind == "read_ok" && m.from != nil:
		return t.gauge.label("", b["value"])
	case m.kind == "read_ok":
		return "read ok: " + shortened(m.field("value"), 16)
	case m.kind == "error" && m.from != nil && m.field("code") == "20":
		return "no value"
	case m.kind == "error" && m.from != nil && m.field("code") == "22":
		return "has another value"
	case m.kind == "error":
		return "error " + m.field("code")
	case m.kind == "":
		return shortened(string(t.entries[m.pos].Body), 24)
	}
	return strings.TrimSuffix(m.kind, "_ok") + map[bool]string{true: " ok"}[strings.HasSuffix(m.kind, "_ok")]
}

// fate says what became of a copy.
func (t *teller) fate(m *Message, c *Ending) Fate {
	switch {
	case c.What != maelstromtest.Received:
		return map[maelstromtest.What]Fate{maelstromtest.Lost: WasLost, maelstromtest.Blocked: WasCut, "": OnItsWay}[c.What]
	case c.unread:
		return Unread
	case t.mistaken(m):
		return Mistaken
	}
	return Arrived
}

// mistaken reports whether a reply was taken for the answer to a request other
// than its own.
func (t *teller) mistaken(m *Message) bool {
	return slices.ContainsFunc(t.inOrder(), func(other *Message) bool {
		return other == other.call.request && other.call.taken == m && m.call != other.call
	})
}

// verdict remarks why the read is wrong.
func (t *teller) verdict() {
	if t.read == nil || t.read.call == nil || len(t.read.call.replies) == 0 {
		return
	}
	style, text := t.judgement()
	reply := t.read.call.replies[0]
	t.remark(point{max(reply.arrived, reply.pos), t.read.Complete}, reply.Dest, style, "%s", text)
}

func (t *teller) judgement() (Style, string) {
	o := t.read
	switch least := t.acknowledged(o); {
	case t.kind == CountedOnce:
		return Praise, "right: it was added once"
	case t.kind == TornRead:
		return Verdict, "wrong: there never was such a total"
	case t.than != nil:
		return Verdict, fmt.Sprintf("wrong: %d had been read", t.than.Int())
	case t.kind == CountedTwice:
		return Verdict, "wrong: an add counts twice"
	case o.Final:
		return Verdict, "wrong: " + t.right() + " would be right"
	case o.Int() < least:
		return Verdict, fmt.Sprintf("wrong: %d had been acknowledged", least)
	}
	var asked int64
	for _, a := range t.ops {
		if a.F == "add" && a.Outcome != maelstromtest.Fail && a.Invoke <= o.Complete {
			asked += a.Int()
		}
	}
	if o.Int() > asked {
		return Verdict, fmt.Sprintf("wrong: only %d had been added", asked)
	}
	return Verdict, "wrong"
}

// right says which final reads would be right.
func (t *teller) right() string {
	var texts []string
	for _, r := range t.Acceptable {
		texts = append(texts, r.String())
	}
	return strings.Join(texts, " or ")
}
