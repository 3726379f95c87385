package storytest

import (
	"io"
	"log"
	"slices"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/rivals"
	"maelstrom-counter/internal/bench/story"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	m.Run()
}

// oldAnswer returns a run of the swap loop in which a read was answered from an
// old state.
func oldAnswer(t *testing.T) (*maelstromtest.Result, []maelstromtest.Entry) {
	t.Helper()
	loop, err := rivals.Named("cas")
	if err != nil {
		t.Fatal(err)
	}
	r, journal := maelstromtest.Record(t, maelstromtest.Config{
		Rate: 60, TimeLimit: 2 * time.Second, Latency: 10 * time.Millisecond, Consistency: maelstromtest.Linearizable, Seed: 1,
	}, loop.Program)
	if r.Right {
		t.Fatal("the run is right")
	}
	return r, journal
}

func TestWhatIsWrongWithAStoryIsNoticed(t *testing.T) {
	r, journal := oldAnswer(t)
	run := claim.NewRun(r.Claimable(), journal)
	for name, test := range map[string]struct {
		harm func(*story.Story)
		want string // empty: nothing is wrong
	}{
		"nothing":             {func(*story.Story) {}, ""},
		"a false claim":       {func(s *story.Story) { s.Claims[1] = claim.Killed{Node: "n1", At: 3} }, "claim.Killed{Node:n1 At:3} does not hold"},
		"another sentence":    {func(s *story.Story) { s.Sentences[1] = "It is so." }, "sentence 1 is not"},
		"one sentence more":   {func(s *story.Story) { s.Sentences = append(s.Sentences, "So it is.") }, "sentences are"},
		"a claim twice":       {func(s *story.Story) { s.Claims[1] = s.Claims[0] }, "is said twice"},
		"one arrow less":      {func(s *story.Story) { s.Arrows = s.Arrows[1:] }, "has 0 arrows, not 1"},
		"one arrow twice":     {func(s *story.Story) { s.Arrows = append(s.Arrows, s.Arrows[0]) }, "has 2 arrows, not 1"},
		"another message":     {func(s *story.Story) { s.Arrows[0].ID++ }, "no claim shows it"},
		"another sender":      {func(s *story.Story) { s.Arrows[0].From = s.Arrows[0].To }, "the arrow"},
		"another fate":        {func(s *story.Story) { s.Arrows[0].Fate = claim.WasLost }, "the arrow"},
		"one note less":       {func(s *story.Story) { s.Notes = s.Notes[1:] }, "is drawn -1 times more"},
		"another note":        {func(s *story.Story) { s.Notes[0].Text = "so" }, "is drawn 1 times more"},
		"no read is named":    {func(s *story.Story) { s.Claims, s.Sentences = s.Claims[1:], s.Sentences[1:] }, "speaks of"},
		"another is named":    {func(s *story.Story) { s.Claims = append(s.Claims, claim.AskedNobody{Read: 1, Node: "n1"}) }, "speaks of Read 1"},
		"an opposed reason":   {func(s *story.Story) { s.Kind = story.CountedTwice }, "does not explain that a read returned"},
		"a message not named": {func(s *story.Story) { s.Claims = append(s.Claims, claim.OnlyAdd{Call: 1}) }, "speaks of message 1"},
	} {
		s := maelstromtest.Tell(r, journal)
		test.harm(s)
		found := problemsOf(run, s)
		wanted := slices.ContainsFunc(found, func(p string) bool { return strings.Contains(p, test.want) })
		if wanted != (test.want != "") || test.want == "" && len(found) > 0 {
			t.Errorf("%s: %q, want one with %q; the story is\n%s", name, found, test.want, s.Text())
		}
	}
}

func TestACheckerCountsWhatItChecks(t *testing.T) {
	r, journal := oldAnswer(t)
	var c Checker
	s, found := c.Check(r, journal)
	if s == nil || len(found) > 0 || c.Runs != 1 || c.Wrong != 1 || c.Told != 1 || c.Claims != len(s.Claims) || c.Mutants < 5*c.Claims {
		t.Errorf("%d problems, %s", len(found), c.Table())
	}
	right := *r
	right.Checks, right.Right = nil, true
	if s, found := c.Check(&right, journal); s != nil || found != nil || c.Runs != 2 || c.Told != 1 {
		t.Errorf("a right run has the story %v and the problems %q", s, found)
	}
	// Somebody who does not look takes every claim for true.
	c.byArgument["X.Y"] = &count{mutants: 3, missed: 2, example: "one"}
	if table := c.Table(); !strings.Contains(table, "2 of      3  X.Y") {
		t.Errorf("the table does not list what is unnoticed: %s", table)
	}
}

// A reason that makes reads greater does not explain one that is less than all
// that it may be, nor the other way round. Between two sums it may be either.
func TestAReasonGoesTheWayThatAReadIsWrong(t *testing.T) {
	total := func(value int64) claim.Claim {
		return claim.WrongTotal{Value: value, Right: []claim.Range{{Lo: 3, Hi: 4}, {Lo: 8, Hi: 8}}}
	}
	for _, test := range []struct {
		wrong claim.Claim
		kind  story.Kind
		want  bool // it is opposed
	}{
		{total(2), story.CountedTwice, true},
		{total(2), story.OldAnswer, false},
		{total(6), story.CountedTwice, false},
		{total(6), story.OldAnswer, false},
		{total(9), story.CountedTwice, false},
		{total(9), story.OldAnswer, true},
		{total(9), story.Unexplained, false},
		{claim.OutOfBounds{Value: 2, Acked: 3, Asked: 5}, story.OverCounted, true},
		{claim.OutOfBounds{Value: 6, Acked: 3, Asked: 5}, story.LostUpdate, true},
		{claim.BelowSeen{Value: 2, Seen: 3}, story.ToldTwice, true},
		{claim.CountsRefused{Value: 5, Right: []claim.Range{{Lo: 3, Hi: 4}}}, story.RefusedAdd, false},
		{claim.NotLinearizable{Value: 2}, story.CountedTwice, false},
	} {
		s := &story.Story{Kind: test.kind, Claims: []claim.Claim{test.wrong}}
		if found := opposed(s); (len(found) > 0) != test.want {
			t.Errorf("%#v because of %q: %q", test.wrong, test.kind, found)
		}
	}
}
