// Package story tells why a run of a counter went wrong: it chooses claims of
// package claim that are true of the run's journal and history, and makes a
// text and a sequence diagram of them.
//
//	if s := story.Tell(result, journal); s != nil {
//		fmt.Println(s.Text())
//	}
//
// Each sentence, arrow and note is a claim that holds. What to claim follows
// the flow of information, without any knowledge of the node's design: how
// reads are made from what their nodes had been told, from which states of
// services that came, and how far news of an add had spread.
//
// The package only decides and draws: it has no clock, reads no files and runs
// nothing.
package story

import (
	"strings"
	"time"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/journal"
)

// A Story is a list of claims, with a sequence diagram that shows them. Lanes
// are numbered from left to right, rows from top to bottom.
type Story struct {
	Kind      Kind
	Beyond    string // the check that the story is about, if Maelstrom does not make it
	Claims    []claim.Claim
	Sentences []string      // what the claims say, one for each
	Reason    int           // the index of the first claim, and sentence, that is about the Kind
	Caption   string        // all of them
	Dropped   []claim.Claim // what would have been said, had it held
	Lanes     []Lane
	Arrows    []*Arrow
	Notes     []*Note
	Rows      []time.Duration // when what is in each row happens
	Asked     int             // how many answers of services the wrong read's value was made of
}

// A Kind is a reason for which a counter goes wrong.
type Kind string

const (
	LostUpdate   Kind = "lost update"                 // a change took the place of one that its node did not know
	OldBasis     Kind = "a write after an old answer" // the key had changed since
	TakenBack    Kind = "an old value set again"      // by an old message
	OverCounted  Kind = "more than was added"
	CountedTwice Kind = "counted twice"                // an add was counted more than once
	OtherAmount  Kind = "a wrong amount"               // a service's number changed by what no add makes
	AckedEarly   Kind = "acknowledged early"           // an add was acknowledged before it was stored
	NotStored    Kind = "not in the store"             // adds were acknowledged that no service was told of
	Misdirected  Kind = "an answer to an earlier life" // it came when its node had made another request with that number
	OldAnswer    Kind = "old answer"                   // a service answered from an old state
	Outdated     Kind = "changed after it was read"    // what the node had been told changed before it answered
	Undelivered  Kind = "messages that did not arrive" // and that could have told of an add
	NotSent      Kind = "not passed on"                // no node told others of an add
	NotAsked     Kind = "did not ask"                  // the node did not ask for what it should have known
	TooSoon      Kind = "answered too soon"            // before its questions were answered
	OwnLeftOut   Kind = "its own adds left out"        // of a read
	NotKnown     Kind = "could not know"               // where a value was written, or a read answered
	ToldTwice    Kind = "told twice"                   // by a peer
	Forgotten    Kind = "forgotten"                    // a node was killed with what it alone knew
	NodeKilled   Kind = "killed"                       // by a fault, with the request in hand
	Unanswered   Kind = "no answer"                    // and the node did nothing more for the request
	CallLost     Kind = "a lost request"               // a request was not answered because the node's own was not
	NotActedOn   Kind = "an answer not acted on"       // the node was told what it had asked for, and stopped
	Repeated     Kind = "the same request, again and again"
	AnsweredLate Kind = "answered too late"
	WrongReplyTo Kind = "wrong in_reply_to"
	BadAnswer    Kind = "bad answer"
	Refusal      Kind = "refused"
	RefusedAdd   Kind = "refused, but counted"
	CrashedNode  Kind = "crash"
	MuteNode     Kind = "mute"
	CountedOnce  Kind = "counted once" // nothing went wrong: see TellOnce
	Unexplained  Kind = "no cause found"
)

// Tell returns the story of the first wrong check that Maelstrom makes, too, or
// else of the first other wrong check. It returns nil if no check is wrong, or
// if there is nothing to tell. The claims in also come at the end of the story,
// unless it has made them already.
func Tell(r claim.Result, entries []journal.Entry, also ...claim.Claim) *Story {
	t := newTeller(r, entries)
	if t.whatIsWrong(); len(t.claims) == 0 {
		return nil
	}
	for _, c := range also {
		t.say(c)
	}
	return t.lay()
}

// Short returns the beginning of the story: its kind and up to three sentences,
// on a line each.
func (s *Story) Short() string {
	return s.heading() + ": " + strings.Join(s.Sentences[:min(3, len(s.Sentences))], "\n")
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
