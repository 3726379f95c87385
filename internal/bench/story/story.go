// Package story tells why a run of a counter went wrong: from the run's journal
// and history it chooses the few messages that show why, and makes a text, a
// sequence diagram and a caption in plain words of them.
//
// It only decides and draws: it has no clock, reads no files and runs nothing.
package story

import (
	"fmt"
	"slices"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// A Story is a sequence diagram with a caption. Lanes are numbered from left to
// right, rows from top to bottom.
type Story struct {
	Kind    Kind
	Caption string
	Lanes   []Lane
	Arrows  []*Arrow
	Notes   []*Note
	Rows    []time.Duration // when what is in each row happens
	Asked   int             // how many answers of services the wrong read rests on
}

// A Lane is the life of a client, a node or a service.
type Lane struct {
	Name string
	Role Role
}

// A Role says what a lane is the life of.
type Role string

const (
	Client  Role = "client"
	Node    Role = "node"
	Service Role = "service"
)

// An Arrow is a copy of a message.
type Arrow struct {
	From, To   int // lanes
	Sent, Ends int // rows; they are the same if nothing happens between
	SentAt     time.Duration
	Label      string
	Fate       Fate
	Late       time.Duration // by how much a fault delayed it
	Copy       int           // 0 is the message itself, the others are the network's copies
	Mark       Mark
}

// A Fate is what became of a message.
type Fate string

const (
	Arrived  Fate = "arrived"
	WasLost  Fate = "lost"
	WasCut   Fate = "blocked by a cut link"
	Unread   Fate = "not read: the node was dead"
	OnItsWay Fate = "still on its way at the end"
	Mistaken Fate = "taken for another answer"
)

// A Mark sets apart messages that matter to the verdict.
type Mark string

const (
	Plain        Mark = ""
	Acknowledged Mark = "acknowledged"
	Wrong        Mark = "wrong"
	Right        Mark = "right"
)

// A Note is something that happens in a lane.
type Note struct {
	Lane, Row int
	Text      string
	Style     Style
	Dead      bool // from here on the lane's node is dead, up to its next fault
}

// A Style is the kind of a note.
type Style string

const (
	NewValue Style = "value" // the value of a service's key, after a change
	OldState Style = "old"   // the old state that a service answered from
	AFault   Style = "fault"
	Verdict  Style = "verdict" // why a read is wrong
	Praise   Style = "praise"  // that a read is right
)

// Of returns the story of the first thing that went wrong in a run: a crash, a
// wrong total, a read out of order, or a history that is not linearizable. It
// returns nil if there is none of these.
func Of(r *maelstromtest.Result, journal []maelstromtest.Entry) *Story {
	x := read(r, journal)
	if c := x.diagnose(); c != nil {
		return x.tell(c)
	}
	return nil
}

// Once returns a story of a run that is right. It is about the first
// acknowledged add that changed the store without the node hearing of it in
// time: how the add counted once all the same, and the read after it. Once
// returns nil if the run was wrong, or if there is no such add.
func Once(r *maelstromtest.Result, journal []maelstromtest.Entry) *Story {
	if !r.Right {
		return nil
	}
	x := read(r, journal)
	for _, ch := range x.changes {
		heard := func(m *Message) bool { return m.arrived >= 0 && m.from != nil && m.from.Changed }
		o := ch.add()
		if !o.acked() || ch.step != o.Int() || ch.step == 0 || slices.ContainsFunc(ch.call.replies, heard) {
			continue
		}
		for _, later := range x.ops {
			if later.F == "read" && later.Outcome == maelstromtest.OK && later.Invoke > o.Complete {
				return x.tell(&cause{kind: CountedOnce, add: o, lost: ch, read: later})
			}
		}
	}
	return nil
}

func (x *run) tell(c *cause) *Story {
	t := &teller{run: x, cause: c, chosen: map[*Message]Mark{}}
	t.choose()
	return t.lay()
}

// Messages counts the messages that the story shows, without copies.
func (s *Story) Messages() int {
	n := 0
	for _, a := range s.Arrows {
		if a.Copy == 0 {
			n++
		}
	}
	return n
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
