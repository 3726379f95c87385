// Package claim has the sentences that a story of a run may consist of. A Claim
// is a statement about one run: a struct whose fields say what it is about.
// Run.Holds decides by the journal and the history alone whether it is true,
// and Run.Text says it in plain words.
//
//	run := claim.NewRun(result, journal)
//	c := claim.Acknowledged{Add: 17, Node: "n2", Delta: 4, Reply: 310}
//	if run.Holds(c) {
//		fmt.Println(run.Text(c)) // n2 acknowledged an add of 4 at 848 ms.
//	}
//
// Package story chooses claims. The two packages share no code, so that this
// one checks what the other takes for a fact.
//
// In the fields of a claim, an operation is its index in Result.History, a
// message is its id in the journal, and At is the position of an entry in the
// journal. Several fields may say the same in different ways, such as an add's
// index, its node and its amount. All of them are checked, so that a claim
// about the wrong thing does not hold by chance.
//
// A node can do things that no journal shows, such as keep a file or read a
// clock. So claims speak of requests, messages and states, and never of what a
// node means by them.
package claim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Claim is a statement about a run.
type Claim interface {
	holds(*Run) bool
	text(*Run) string
}

// A shower is a Claim of which a picture can show something.
type shower interface{ shows(*Run) Shown }

// Shown is what a picture shows of a claim.
type Shown struct {
	Messages []int // to be drawn as arrows
	Notes    []Note
}

// A Note is a remark beside an event.
type Note struct {
	At   int    // the event's position in the journal
	Lane string // the node, service or client that it is about
	Text string
}

func arrows(messages ...int) Shown { return Shown{Messages: messages} }

func (s Shown) note(at int, lane, text string) Shown {
	return Shown{s.Messages, append(slices.Clip(s.Notes), Note{at, lane, text})}
}

func (s Shown) and(more Shown) Shown {
	return Shown{append(slices.Clip(s.Messages), more.Messages...), append(slices.Clip(s.Notes), more.Notes...)}
}

// Holds reports whether a claim is true. A claim about something that the run
// does not have is false.
func (r *Run) Holds(c Claim) (holds bool) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case missing:
			holds = false
		default:
			panic(p)
		}
	}()
	return c.holds(r)
}

// Text returns a claim as a sentence. It returns nothing for a claim that is
// false.
func (r *Run) Text(c Claim) string {
	if !r.Holds(c) {
		return ""
	}
	return c.text(r)
}

// Shows returns what a picture shows of a claim: nothing if that is false.
func (r *Run) Shows(c Claim) Shown {
	if s, ok := c.(shower); ok && r.Holds(c) {
		return s.shows(r)
	}
	return Shown{}
}

// missing is the panic of a lookup of something that the run does not have. It
// never leaves the package.
type missing struct{ what string }

// say is short for Sprintf.
func say(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// when says at what time something happened, as in "at 17 ms".
func (r *Run) when(at int) string {
	e := r.entry(at)
	if e.Time < 0 || at < r.ready && r.whole(at, r.ready) {
		return "before the first request"
	}
	return "at " + brief(e.Time)
}

// by says until when something was so, as in "By 17 ms".
func (r *Run) by(at int) string { return "By " + strings.TrimPrefix(r.when(at), "at ") }

// brief shows a duration as people read it: with three digits, or from ten
// seconds on with hundredths of a second.
func brief(d time.Duration) string {
	switch ms := float64(d) / 1e6; {
	case d >= 10*time.Second:
		return say("%.2f s", d.Seconds())
	case d >= time.Second:
		return say("%.3g s", d.Seconds())
	case ms >= 999.5:
		return "1 s"
	default:
		return say("%.3g ms", ms)
	}
}

func shorten(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}

// name writes a key as people write it.
func name(key string) string { return shorten(strings.Trim(key, `"`), 24) }
