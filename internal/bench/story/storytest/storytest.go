// Package storytest checks stories, of whatever run: that each is told, that
// each of its claims is true, that its text and its picture show the same
// claims, and that words which refer to something said before are said of that.
//
//	var c storytest.Checker
//	c.Check(t, result, journal) // for each of many runs
//	t.Log(c.Table())
//
// A Checker also changes each argument of each claim and counts what goes
// unnoticed: a claim that holds with another number, too, says too little.
package storytest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/story"
)

// A Checker checks stories, and counts. Several goroutines may use it at once.
type Checker struct {
	mu                sync.Mutex // guards what follows
	Runs, Wrong, Told int
	Claims            int
	Mutants, Missed   int // claims with one argument changed, and those that held

	byArgument map[string]*count
}

type count struct {
	mutants, missed int
	example         string // that was missed
}

// Check tells the story of a run, which is nil if the run was right in every
// respect, and returns what is wrong with it.
func (c *Checker) Check(r *maelstromtest.Result, journal []maelstromtest.Entry) (s *story.Story, problems []string) {
	s = maelstromtest.Tell(r, journal)
	c.mu.Lock()
	c.Runs++
	if r.AnyWrong() {
		c.Wrong++
	}
	c.mu.Unlock()
	switch {
	case s == nil && r.AnyWrong():
		return nil, []string{fmt.Sprintf("no story of %v", r.Err())}
	case s == nil:
		return nil, nil
	}
	run := claim.NewRun(r.Claimable(), journal)
	for _, each := range s.Claims {
		for _, m := range mutants(each) {
			c.tried(m.argument, run.Holds(m.claim), each, m.claim)
		}
	}
	c.mu.Lock()
	c.Told, c.Claims = c.Told+1, c.Claims+len(s.Claims)
	c.mu.Unlock()
	for _, problem := range problemsOf(run, s) {
		problems = append(problems, problem+"\n"+s.Text())
	}
	return s, problems
}

// tried notes whether a claim held that had been made of another by changing an
// argument.
func (c *Checker) tried(argument string, held bool, original, mutant claim.Claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byArgument == nil {
		c.byArgument = map[string]*count{}
	}
	n := c.byArgument[argument]
	if n == nil {
		n = &count{}
		c.byArgument[argument] = n
	}
	c.Mutants, n.mutants = c.Mutants+1, n.mutants+1
	if held {
		c.Missed, n.missed = c.Missed+1, n.missed+1
		n.example = max(n.example, fmt.Sprintf("%+v became %+v", original, mutant))
	}
}

// alike are arguments of which another value often makes a claim that is as
// true as the first, and why.
var alike = map[string]string{
	"Read":             "another read had the same value, or missed the same adds",
	"Op":               "the node did as much or as little for another request",
	"Message":          "the next message is between the same, with the same fate",
	"ID":               "the next message is between the same, with the same fate",
	"Reply":            "the next reply told the same",
	"Until":            "nothing that matters happened between two messages",
	"Call":             "nothing that matters happened between two messages",
	"Earlier":          "another read had the same value",
	"Question":         "another question had no answer, either",
	"How":              "two ways of adding up come to the same",
	"Replies less one": "the other replies told no more",
	"Parts less one":   "a part of 0",
}

// argument is the last part of the name of an argument.
func argument(name string) string { return name[strings.LastIndex(name, ".")+1:] }

// Weak returns the arguments of which more than 3 % of the changes went
// unnoticed, and at least five, without those that are known to be alike.
func (c *Checker) Weak() (names []string) {
	for name, n := range c.byArgument {
		if n.missed >= 5 && 100*n.missed > 3*n.mutants && alike[argument(name)] == "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Table lists the arguments of which changes went unnoticed.
func (c *Checker) Table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d runs, %d wrong, %d stories, %d claims, %d changed, %d of these unnoticed\n",
		c.Runs, c.Wrong, c.Told, c.Claims, c.Mutants, c.Missed)
	for _, name := range slices.Sorted(maps.Keys(c.byArgument)) {
		if n := c.byArgument[name]; n.missed > 0 {
			fmt.Fprintf(&b, "%5d of %6d  %-32s  %s\n%17s%s\n", n.missed, n.mutants, name, alike[argument(name)], "", n.example)
		}
	}
	return b.String()
}

// problemsOf returns what is wrong with a story.
func problemsOf(run *claim.Run, s *story.Story) (problems []string) {
	for _, c := range s.Claims {
		if !run.Holds(c) {
			problems = append(problems, fmt.Sprintf("%T%+v does not hold", c, c))
		}
	}
	for _, c := range s.Dropped {
		problems = append(problems, fmt.Sprintf("%T%+v was to be said, and does not hold", c, c))
	}
	if says := headings[s.Kind]; says == nil || !slices.ContainsFunc(s.Claims, says) {
		problems = append(problems, fmt.Sprintf("no claim says the heading %q", s.Kind))
	}
	problems = append(problems, opposed(s)...)
	problems = append(problems, dangling(run, s.Claims)...)
	return append(problems, undrawn(run, s)...)
}

// headings says which claims bear out a story's heading.
var headings = map[story.Kind]func(claim.Claim) bool{
	story.LostUpdate:   is[claim.Overwritten],
	story.TakenBack:    either(is[claim.WrittenBack], is[claim.SecondCopy]),
	story.OverCounted:  which(func(c claim.Counted) bool { return c.Changed > c.Asked }),
	story.CountedTwice: either(is[claim.CountedTwice], is[claim.SecondCopy]),
	story.OtherAmount:  either(is[claim.AnotherAmount], is[claim.SameSteps]),
	story.AckedEarly:   which(func(c claim.Counted) bool { return c.Changed < c.Acked }),
	story.NotStored:    which(func(c claim.Counted) bool { return c.Changed < c.Acked }),
	story.Misdirected:  is[claim.Misdirected],
	story.OldAnswer:    which(func(c claim.Told) bool { return c.Was != c.Is }),
	story.Outdated:     is[claim.ChangedSince],
	story.Undelivered: either(which(notInTime), is[claim.Undelivered], is[claim.DeltasMissing],
		is[claim.AnsweredBefore], is[claim.AskedInVain]),
	story.NotSent:    is[claim.Silent],
	story.NotAsked:   either(is[claim.NeverTold], is[claim.AskedNobody]),
	story.TooSoon:    either(is[claim.AnsweredBefore], is[claim.AskedInVain]),
	story.OldBasis:   is[claim.Told],
	story.OwnLeftOut: either(is[claim.PartOff], is[claim.OwnAcked]),
	story.NotKnown:   is[claim.Cone],
	story.ToldTwice: either(is[claim.GotTwice],
		which(func(c claim.PartOff) bool { return c.Known > c.Asked })),
	story.Forgotten:    either(is[claim.AckedInMemory], is[claim.Killed]),
	story.NodeKilled:   is[claim.Killed],
	story.Unanswered:   is[claim.Unanswered],
	story.CallLost:     either(which(notInTime), is[claim.Unreplied]),
	story.NotActedOn:   is[claim.NextSent],
	story.Repeated:     either(is[claim.Repeated], is[claim.SentMost]),
	story.AnsweredLate: is[claim.AnsweredLate],
	story.WrongReplyTo: is[claim.WrongReplyTo],
	story.BadAnswer:    is[claim.BadAnswer],
	story.Refusal:      is[claim.Refused],
	story.RefusedAdd:   is[claim.CountsRefused],
	story.CrashedNode:  is[claim.Crash],
	story.MuteNode:     is[claim.Mute],
	story.Unexplained:  func(claim.Claim) bool { return true },
}

// directions says of a heading whether its reason makes reads greater, 1, or
// less, -1. The others do both, or are not about reads.
var directions = map[story.Kind]int{
	story.OverCounted: 1, story.CountedTwice: 1, story.ToldTwice: 1, story.RefusedAdd: 1,
	story.TakenBack: -1, story.AckedEarly: -1, story.NotStored: -1, story.Misdirected: -1, story.OldAnswer: -1,
	story.Outdated: -1, story.Undelivered: -1, story.NotSent: -1, story.NotAsked: -1, story.TooSoon: -1,
	story.LostUpdate: -1, story.OldBasis: -1, story.OwnLeftOut: -1, story.NotKnown: -1, story.Forgotten: -1,
}

// opposed returns a problem if a story's heading is a reason that makes reads
// greater, and its read is less than all that it may be, or the other way
// round. A read between two sums that are right may be either.
func opposed(s *story.Story) []string {
	value, right := int64(0), []claim.Range(nil)
	for _, c := range s.Claims {
		switch c := c.(type) {
		case claim.WrongTotal:
			value, right = c.Value, c.Right
		case claim.CountsRefused:
			value, right = c.Value, c.Right
		case claim.OutOfBounds:
			value, right = c.Value, []claim.Range{{Lo: c.Acked, Hi: c.Asked}}
		case claim.BelowSeen:
			value, right = c.Value, []claim.Range{{Lo: c.Seen, Hi: c.Seen}}
		}
	}
	way := 0
	switch {
	case len(right) == 0:
	case value < right[0].Lo:
		way = -1
	case value > right[len(right)-1].Hi:
		way = 1
	}
	if way*directions[s.Kind] < 0 {
		return []string{fmt.Sprintf("%q does not explain that a read returned %d rather than %v", s.Kind, value, right)}
	}
	return nil
}

func is[C claim.Claim](c claim.Claim) bool {
	_, ok := c.(C)
	return ok
}

func which[C claim.Claim](holds func(C) bool) func(claim.Claim) bool {
	return func(c claim.Claim) bool {
		own, ok := c.(C)
		return ok && holds(own)
	}
}

func either(some ...func(claim.Claim) bool) func(claim.Claim) bool {
	return func(c claim.Claim) bool {
		return slices.ContainsFunc(some, func(says func(claim.Claim) bool) bool { return says(c) })
	}
}

func notInTime(c claim.Message) bool { return c.Fate != claim.Arrived || c.Late > 0 }

// undrawn compares a story's text and picture with its claims.
func undrawn(run *claim.Run, s *story.Story) (problems []string) {
	messages, notes, said := map[int]bool{}, map[claim.Note]bool{}, map[string]bool{}
	for i, c := range s.Claims {
		text := run.Text(c)
		if i >= len(s.Sentences) || s.Sentences[i] != text || text == "" || said[text] {
			problems = append(problems, fmt.Sprintf("sentence %d is not %q, or that is said twice", i, text))
		}
		said[text] = true
		shown := run.Shows(c)
		for _, id := range shown.Messages {
			messages[id] = true
		}
		for _, n := range shown.Notes {
			if n.At >= 0 {
				notes[n] = true
			}
		}
		if !strings.Contains(strings.Join(strings.Fields(s.Text()), " "), strings.Join(strings.Fields(text), " ")) {
			problems = append(problems, fmt.Sprintf("the text has no %q", text))
		}
	}
	if len(s.Sentences) != len(s.Claims) {
		problems = append(problems, fmt.Sprintf("%d sentences are %d claims", len(s.Sentences), len(s.Claims)))
	}
	arrows := map[int]int{}
	for _, a := range s.Arrows {
		sent := run.Sent(a.ID)
		arrows[a.ID]++
		if !run.Holds(sent) || !messages[a.ID] ||
			s.Lanes[a.From].Name != sent.Src || s.Lanes[a.To].Name != sent.Dest ||
			sent.Copies == 1 && a.Fate != sent.Fate {
			problems = append(problems, fmt.Sprintf("the arrow %+v is not %+v, or no claim shows it", *a, sent))
		}
	}
	for id := range messages {
		if n := run.Sent(id).Copies; arrows[id] != n {
			problems = append(problems, fmt.Sprintf("message %d has %d arrows, not %d", id, arrows[id], n))
		}
	}
	drawn := map[string]int{} // notes, by lane and text
	for _, n := range s.Notes {
		drawn[s.Lanes[n.Lane].Name+": "+n.Text]++
	}
	for n := range notes {
		drawn[n.Lane+": "+n.Text]--
	}
	for note, n := range drawn {
		if n != 0 {
			problems = append(problems, fmt.Sprintf("the note %q is drawn %d times more often than it is claimed", note, n))
		}
	}
	return problems
}

// dangling returns the claims that speak of "that read", "that request" or
// "that cas" where another was named before.
func dangling(run *claim.Run, claims []claim.Claim) (problems []string) {
	read, op, call := int64(-1), int64(-1), int64(-1)
	for _, c := range claims {
		field := func(name string) (value int64, ok bool) {
			f := reflect.ValueOf(c).FieldByName(name)
			if !f.IsValid() || !f.CanInt() {
				return 0, false
			}
			return f.Int(), true
		}
		names := naming[reflect.TypeOf(c).Name()]
		for what, last := range map[string]*int64{"Read": &read, "Op": &op} {
			if value, ok := field(what); ok && names {
				*last = value
			} else if ok && value != *last {
				problems = append(problems,
					fmt.Sprintf("%q speaks of %s %d, but %d was named", run.Text(c), what, value, *last))
			}
		}
		// The texts of claims name other messages than answers by their times.
		if until, ok := field("Until"); ok && until != call && strings.HasPrefix(run.Sent(int(until)).Dest, "c") && !answers(run, read, until) {
			problems = append(problems,
				fmt.Sprintf("%q speaks of message %d, but %d was named, and read %d", run.Text(c), until, call, read))
		}
		named, ok := field("Call")
		if at, hasAt := field("At"); !ok && hasAt && 0 <= at && at < int64(len(run.Journal)) && run.Journal[at].What == maelstromtest.Answered {
			named, ok = int64(run.Journal[at].ID), true
		}
		if id, isMessage := field("ID"); isMessage {
			named, ok = id, true
		}
		switch c.(type) {
		case claim.OnlyAdd, claim.AskedInVain:
			if named != call {
				problems = append(problems, fmt.Sprintf("%q speaks of message %d, but %d was named", run.Text(c), named, call))
			}
		default:
			if ok {
				call = named
			}
		}
	}
	return problems
}

// naming are the claims that name a request by its node, kind and time.
var naming = map[string]bool{
	"WrongTotal": true, "CountsRefused": true, "OutOfBounds": true, "BelowSeen": true,
	"NotLinearizable": true, "Answered": true, "Unanswered": true, "WrongReplyTo": true, "BadAnswer": true, "Refused": true,
}

// answers reports whether a message is the answer to a read.
func answers(run *claim.Run, read, message int64) bool {
	if read < 0 {
		return false
	}
	op := run.History[read]
	return run.Holds(claim.Answered{Read: int(read), Node: op.Node, Value: op.Int(), Reply: int(message)})
}
