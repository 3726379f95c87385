package verdict

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Evidence is what is known of a run, whoever made it. All times count from
// when all nodes were ready.
type Evidence struct {
	History []Op // in the order of invocations
	Lives
	Failures []Failure             // what went wrong that belongs to no single request
	Down     map[string][]Interval // when each node was dead or paused
	Complete bool                  // the run was not ended before its time
	Idle     string                // why nothing was asked, if nothing was

	Consistency Consistency // what the nodes promise; empty: Linearizable
}

// A Failure is something wrong that belongs to no single request. It counts
// against the check of that name.
type Failure struct{ Check, Text string }

func (f Failure) String() string { return f.Text }

// An Interval is a span of time. It is open if To is Never.
type Interval struct{ From, To time.Duration }

// Never is later than any time.
const Never time.Duration = math.MaxInt64

// A Checker makes the checks of a workload, and tells what else it has found
// out, in a type of its own.
type Checker interface {
	Check(history []Op) (checks []Check, facts any)
}

// A Consistency is what nodes promise, and are judged by.
type Consistency string

const (
	// Linearizable is that every request takes effect at one instant between
	// its beginning and its end.
	Linearizable Consistency = "linearizable"
	// Eventual is what Maelstrom asks for: once the network is whole and there
	// has been time, nodes agree on all that was acknowledged. Only the final
	// requests are judged.
	Eventual Consistency = "eventual"
)

// The names of the checks that every workload has. A failure that belongs to no
// single request counts against one of them.
const (
	NoCrash        = "no crash"
	NoBabble       = "no babble"
	StartsAndEnds  = "starts and ends"
	RunComplete    = "run complete"
	WellFormed     = "answers well-formed"
	LiveAnswers    = "live nodes answer"
	SomethingAsked = "something asked and answered"
	EveryKind      = "every kind succeeded"
)

// Judge makes all checks and comes to the verdict.
func Judge(e Evidence, workload Checker) Verdict {
	checks, facts := workload.Check(e.History)
	if e.Consistency == Eventual {
		for i, c := range checks {
			if !c.Maelstrom {
				checks[i] = Skipped(c.Name, "eventual consistency does not promise it")
			}
		}
	}
	return judge(slices.Concat(e.checks(), checks), facts)
}

// checks makes the checks that every workload has.
func (e Evidence) checks() []Check {
	failures := map[string][]string{}
	for _, f := range e.Failures {
		failures[f.Check] = append(failures[f.Check], f.Text)
	}
	succeeded := map[string]bool{}
	finals := map[bool]int{} // by whether they were answered ok
	for _, op := range e.History {
		succeeded[op.F] = succeeded[op.F] || op.Outcome == OK
		if op.Final {
			finals[op.Outcome == OK]++
		}
		if op.Malformed {
			failures[WellFormed] = append(failures[WellFormed],
				fmt.Sprintf("%s gave a wrong answer to %s at %v: %s", op.Node, op.F, op.Complete, op.Text))
		}
		if op.Unanswered && !e.wasDown(op) {
			failures[LiveAnswers] = append(failures[LiveAnswers],
				fmt.Sprintf("%s was up and did not answer %s of %v", op.Node, op.F, op.Invoke))
		}
	}
	for f, ok := range succeeded {
		if !ok {
			failures[EveryKind] = append(failures[EveryKind], fmt.Sprintf("no %s succeeded", f))
		}
	}
	slices.Sort(failures[EveryKind])
	switch {
	case len(e.History) == 0:
		failures[SomethingAsked] = []string{"nothing was asked: " + e.Idle}
	case CountOf(e.History).Unanswered == len(e.History):
		failures[SomethingAsked] = []string{fmt.Sprintf("none of %d requests was answered", len(e.History))}
	case finals[true] == 0 && finals[false] > 0:
		failures[SomethingAsked] = []string{fmt.Sprintf("none of %d final requests succeeded", finals[false])}
	}
	complete := NewCheck(RunComplete, "disturbances", failures[RunComplete])
	if complete.Status == Passed && !e.Complete {
		complete = Skipped(RunComplete, "it was ended before its time")
	}
	return []Check{
		NewCheck(NoCrash, "crashes", Texts(e.Crashes)).ByMaelstrom(),
		NewCheck(NoBabble, "lines that are not messages", Texts(e.Strays)).ByMaelstrom(),
		NewCheck(StartsAndEnds, "starts and ends", failures[StartsAndEnds]),
		complete,
		NewCheck(WellFormed, "bad answers", failures[WellFormed]),
		NewCheck(LiveAnswers, "unanswered requests", failures[LiveAnswers]),
		NewCheck(SomethingAsked, "", failures[SomethingAsked]),
		NewCheck(EveryKind, "kinds", failures[EveryKind]).ByMaelstrom(),
	}
}

// wasDown reports whether an operation's node was dead or paused while it was
// under way.
func (e Evidence) wasDown(op Op) bool {
	return slices.ContainsFunc(e.Down[op.Node], func(d Interval) bool { return d.From <= op.Complete && d.To >= op.Invoke })
}
