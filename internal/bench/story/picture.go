package story

import (
	"time"

	"maelstrom-counter/internal/bench/claim"
)

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
	ID         int // of the message, in the journal
	From, To   int // lanes
	Sent, Ends int // rows; they are the same if nothing happens between
	SentAt     time.Duration
	Label      string
	Fate       claim.Fate
	Late       time.Duration // by how much a fault delayed it
	Copy       int           // 0 is the message itself, the others are the network's copies
	Mark       Mark
}

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
	Dead      bool // from here on the lane's node is dead, until it is seen to be alive
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
