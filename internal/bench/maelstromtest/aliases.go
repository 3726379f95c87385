package maelstromtest

import (
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/verdict"
)

// What a run's journal holds: see package journal.
type (
	Entry  = journal.Entry
	What   = journal.What
	Answer = journal.Answer
	Raw    = journal.Raw
)

const (
	Sent     = journal.Sent
	Received = journal.Received
	Lost     = journal.Lost
	Blocked  = journal.Blocked
	IsLate   = journal.IsLate
	Doubled  = journal.Doubled
	Answered = journal.Answered

	Killed    = journal.Killed
	Crashed   = journal.Crashed
	Started   = journal.Started
	Paused    = journal.Paused
	Resumed   = journal.Resumed
	ClockSet  = journal.ClockSet
	LinkCut   = journal.LinkCut
	LinkMends = journal.LinkMends

	ToStderr = journal.ToStderr
	Muted    = journal.Muted
	Unheard  = journal.Unheard
	Pending  = journal.Pending
	Gap      = journal.Gap
)

// ReadJournal reads what a run has written to its Config.Journal: see
// journal.Read.
var ReadJournal = journal.Read

// What a run is judged by, and the verdict: see package verdict.
type (
	Op           = verdict.Op
	Outcome      = verdict.Outcome
	Consistency  = verdict.Consistency
	Verdict      = verdict.Verdict
	Check        = verdict.Check
	Status       = verdict.Status
	Counts       = verdict.Counts
	Latencies    = verdict.Latencies
	Quantiles    = verdict.Quantiles
	Traffic      = verdict.Traffic
	Lives        = verdict.Lives
	Crash        = verdict.Crash
	Mute         = verdict.Mute
	Remark       = verdict.Remark
	Exit         = verdict.Exit
	CounterFacts = verdict.CounterFacts
	Violation    = verdict.Violation
	Range        = verdict.Range

	failure = verdict.Failure
)

const (
	OK   = verdict.OK
	Fail = verdict.Fail
	Info = verdict.Info

	Linearizable = verdict.Linearizable
	Eventual     = verdict.Eventual

	Passed     = verdict.Passed
	Wrong      = verdict.Wrong
	NotChecked = verdict.NotChecked

	startsAndEnds = verdict.StartsAndEnds
	runComplete   = verdict.RunComplete
	wellFormed    = verdict.WellFormed
)

// NewCheck returns a check that is wrong if there are findings, and ok
// otherwise. The detail sums the findings up.
func NewCheck(name, detail string, findings []string) Check {
	return verdict.NewCheck(name, detail, findings)
}

// Percentile returns an element of a sorted list: see verdict.Percentile.
func Percentile(sorted []time.Duration, percent int) time.Duration {
	return verdict.Percentile(sorted, percent)
}
