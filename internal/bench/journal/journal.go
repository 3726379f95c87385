// Package journal has the form in which everything that happens in a run is
// kept: a line of JSON for each [Entry].
//
//	entries, err := journal.Read(file) // what Write has written
//	for _, e := range entries {
//		fmt.Println(e.Time, e.What, e.Src, e.Dest)
//	}
//
// [Each] reads a journal that is too long to keep, [Telling] finds the line of
// a standard error that names the error, and a [Tally] sums up entries that are
// left out. [States] tells what a store could have answered.
package journal

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// An Entry is a line of the journal: something that happened to a message, a
// service, a node or a link. Entries are in the order in which things happened.
// Times before all nodes were ready count from the start of the bench.
type Entry struct {
	Time time.Duration `json:"time_ns"` // since the nodes were ready
	What What          `json:"what"`
	ID   int           `json:"id,omitempty"`   // of the message; of an answer, the request's
	Src  string        `json:"src,omitempty"`  // of the message or link
	Dest string        `json:"dest,omitempty"` // of the message or link
	Body Raw           `json:"body,omitempty"` // of the message

	Delay time.Duration `json:"delay_ns,omitempty"` // of a late message, beyond its latency
	Node  string        `json:"node,omitempty"`     // the node that was killed, restarted, paused, ...
	Text  string        `json:"text,omitempty"`     // of a crash, why; of a clock, what it was set to; of output, the line
	Why   string        `json:"why,omitempty"`      // of a mute node, why its line is not a message

	*Answer // of a service

	Omitted *Omission `json:"omitted,omitempty"` // of a gap, what it leaves out
}

// A What says what happened.
type What string

const (
	Sent     What = "send"    // a message leaves its sender
	Received What = "recv"    // a copy of it arrives; a node that is dead doesn't notice
	Lost     What = "lost"    // a fault has lost it
	Blocked  What = "blocked" // a copy of it has met a link that is cut
	IsLate   What = "late"    // a copy of it is delayed by a fault
	Doubled  What = "doubled" // a fault has made one more copy of it
	Answered What = "answer"  // a service has dealt with a request, just after receiving it

	Killed    What = "kill"
	Crashed   What = "crash"
	Started   What = "start" // a node begins its first life, or another one
	Paused    What = "pause"
	Resumed   What = "resume"
	ClockSet  What = "clock"
	LinkCut   What = "cut"  // Dest no longer hears Src
	LinkMends What = "mend" // one reason for a cut is gone

	ToStderr What = "stderr"  // a node has written a line to its standard error
	Muted    What = "mute"    // a node has printed a line that is not a message: from here on nothing that it prints counts
	Unheard  What = "unheard" // a node that is mute has printed a line
	Pending  What = "pending" // a node has printed the beginning of a line, and no more for a second

	// Gap stands for entries that were left out, from this time on, because
	// there was no room for them. A bench leaves none out, but what keeps its
	// journal may.
	Gap What = "full"
)

// An Answer says which of its states a service has used for a request, and what
// the request has changed. States are numbered from 0, the empty one. A state
// may be equal to the one before: a request that would have changed an old
// state has turned out to change nothing in the newest.
type Answer struct {
	State   int  `json:"state"`             // which the answer came from; of a change, the one that was changed
	Newest  int  `json:"newest"`            // the newest state when the request came
	Changed bool `json:"changed,omitempty"` // the request has made the state Newest + 1
	Key     Raw  `json:"key,omitempty"`     // the key that has changed
	Value   Raw  `json:"value,omitempty"`   // the key's value in the new state
	// Unsure says that this was found out from the answers of a store that was
	// not seen, and that it could have been otherwise: State is the newest of
	// several that would have given this answer, or whether the request changed
	// anything is only likely.
	Unsure bool `json:"unsure,omitempty"`
}

// Raw is JSON as it was written.
type Raw = json.RawMessage

// maxEntry bounds a line of a journal that is read.
const maxEntry = 64 << 20

// Read reads what a run has written to its Config.Journal. A last line that was
// cut off is an error.
func Read(r io.Reader) ([]Entry, error) {
	var entries []Entry
	err := Each(r, func(e Entry) { entries = append(entries, e) })
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// Each is Read for a journal that is too long to keep: it calls f with each
// entry.
func Each(r io.Reader, f func(Entry)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEntry)
	n := 0
	for ; lines.Scan(); n++ {
		var e Entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("journal: line %d: %w", n+1, err)
		}
		f(e)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("journal: after line %d: %w", n, err)
	}
	return nil
}

// Write appends an entry to a journal, as a line.
func Write(w io.Writer, e Entry) error {
	line, err := json.Marshal(e)
	if err == nil {
		_, err = w.Write(append(line, '\n'))
	}
	return err
}
