package verdict

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// Evidence is what a verdict rests on. All times count from when all nodes were
// ready.
type Evidence struct {
	History []Op // in the order of invocations
	Lives
	Failures []Failure             // what went wrong that belongs to no single request
	Down     map[string][]Interval // when each node was dead or paused
	Complete bool                  // the run was not ended before its time
	Idle     string                // why no request was made, if none was

	// Unknown says, by the name of a check, why the evidence does not show that
	// it is ok. If the evidence shows that it is wrong, it is wrong
	// nevertheless.
	Unknown map[string]string

	Consistency Consistency // what the nodes promise; empty: Eventual

	// Availability is the share of the requests, from 0 to 1, that must be
	// answered ok. With 0 nothing is demanded; 1 is Maelstrom's total.
	Availability float64
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
	// has been time, nodes agree on all that was acknowledged. Only Maelstrom's
	// own checks decide.
	Eventual Consistency = "eventual"
)

// The names of the checks that every workload has. A failure that belongs to no
// single request counts against one of them.
const (
	NoCrash       = "no crash"
	OnlyMessages  = "only messages on stdout"
	StartsAndEnds = "starts and ends"
	RunComplete   = "run complete"
	WellFormed    = "answers well-formed"
	LiveAnswers   = "live nodes answer"
	SomeAnswered  = "some request answered"
	EveryKind     = "every kind succeeded"
	Available     = "availability"
)

// explanations say what each check demands.
var explanations = map[string]string{
	NoCrash: "a node runs until its input ends; if a node ends earlier, Maelstrom breaks off the run",
	OnlyMessages: "standard output is only for messages, one JSON object a line, to nodes, services and clients that exist; " +
		"after its first other line, Maelstrom ignores all that a node prints",
	StartsAndEnds: "a node that was killed answers init when it is started again, and each node ends when its input ends",
	RunComplete:   "the run reaches its end, and nothing disturbs the bench",
	WellFormed: "each request gets one answer, of the right type and with the right fields; " +
		"Maelstrom takes any other answer for a failure",
	LiveAnswers:  "a node that is neither dead nor paused answers each request in time, if only with an error",
	SomeAnswered: "a run without requests, or without answers, proves nothing",
	EveryKind:    "at least one request of each kind succeeds",
	Available:    "at least the demanded share of the requests is answered ok",
}

// Judge makes all checks and comes to the verdict.
func Judge(e Evidence, workload Checker) Verdict {
	checks, facts := workload.Check(e.History)
	checks = slices.Concat(e.general(), checks)
	for i, c := range checks {
		if why := e.Unknown[c.Name]; why != "" && c.Status == Passed {
			checks[i].Status, checks[i].Detail = NotChecked, why
		}
	}
	return sum(checks, facts, e.Consistency, e.Complete)
}

// general makes the checks that every workload has.
func (e Evidence) general() []Check {
	counts := CountOf(e.History)
	checks := []Check{
		e.noCrash(),
		e.onlyMessages(),
		e.startsAndEnds(),
		e.runComplete(),
		e.wellFormed(counts),
		e.liveAnswers(),
		e.someAnswered(counts),
		e.everyKind(),
	}
	if e.Availability > 0 {
		checks = append(checks, e.available(counts))
	}
	for i, c := range checks {
		checks[i] = c.Explained(explanations[c.Name])
	}
	return checks
}

func (e Evidence) noCrash() Check {
	c := NewCheck(NoCrash, "", Texts(e.Crashes)).ByMaelstrom("")
	if c.Status == Wrong {
		c.Detail = e.Crashes[0].short() + ", and Maelstrom breaks off such a run without results"
	}
	return c
}

func (e Evidence) onlyMessages() Check {
	var findings, nodes []string
	for _, g := range grouped(e.Mutes, func(m Mute) string { return m.Node }) {
		findings = append(findings, andMore(g.first.String(), g.n))
		nodes = append(nodes, g.first.Node)
	}
	return NewCheck(OnlyMessages, "Maelstrom stopped listening to "+list(nodes, "and"), findings)
}

func (e Evidence) startsAndEnds() Check {
	findings, n := e.failures(StartsAndEnds)
	return NewCheck(StartsAndEnds, fmt.Sprintf("%d starts or ends of nodes failed", n), findings)
}

// failures returns the findings of the failures that count against a check, and
// how many failures there are.
func (e Evidence) failures(check string) (findings []string, n int) {
	var all []string
	for _, f := range e.Failures {
		if f.Check == check {
			all = append(all, f.Text)
		}
	}
	for _, g := range grouped(all, Kind) {
		findings = append(findings, andMore(g.first, g.n))
	}
	return findings, len(all)
}

// runComplete decides if it is wrong: a verdict on a disturbed run would have
// no basis.
func (e Evidence) runComplete() Check {
	findings, _ := e.failures(RunComplete)
	switch {
	case len(findings) == 0 && e.Ended != "":
		return Skipped(RunComplete, e.Ended)
	case len(findings) > 0 || e.Complete:
		c := NewCheck(RunComplete, strings.Join(findings, "; "), findings)
		c.Decides = true
		return c
	}
	return Skipped(RunComplete, "it was ended before its time")
}

// wellFormed finds answers that Maelstrom would refuse, and those that nobody
// waited for.
func (e Evidence) wellFormed(c Counts) Check {
	var bad []Op
	for _, op := range e.History {
		if op.Malformed {
			bad = append(bad, op)
		}
	}
	var findings []string
	for _, g := range grouped(bad, func(op Op) string { return op.Node + op.F + Kind(op.Text) }) {
		what := fmt.Sprintf("%s gave a bad answer to %s: %s", g.first.Node, g.first.Request(), g.first.Text)
		if g.n > 1 {
			what = fmt.Sprintf("%s gave %d bad answers; the first, to %s: %s", g.first.Node, g.n, g.first.Request(), g.first.Text)
		}
		findings = append(findings, what)
	}
	others, n := e.failures(WellFormed)
	findings = append(findings, others...)
	if len(findings) == 0 && c.Unanswered == c.Invoked {
		return Vacuous(WellFormed, "nothing was answered")
	}
	return NewCheck(WellFormed, Number(n+len(bad), "bad answer"), findings)
}

func (e Evidence) liveAnswers() Check {
	var missing, unanswered []Op
	for _, op := range e.History {
		if op.Unanswered && !e.wasDown(op) {
			unanswered = append(unanswered, op)
			if e.wasUp(op) {
				missing = append(missing, op)
			}
		}
	}
	switch {
	case len(e.History) == 0:
		return Vacuous(LiveAnswers, "nothing was asked")
	case len(missing) == 0 && len(unanswered) > 0:
		return Skipped(LiveAnswers, "it is not known whether "+unanswered[0].Node+" had ended when it did not answer "+unanswered[0].Request())
	}
	var findings []string
	for _, g := range grouped(missing, e.silence) {
		what := g.first.Request()
		if g.n > 1 {
			what = fmt.Sprintf("%d requests (the first: %s)", g.n, what)
		}
		findings = append(findings, e.silence(g.first)+" to "+what)
	}
	detail := fmt.Sprintf("nodes that were up left %d of %s unanswered", len(missing), Number(len(e.History), "request"))
	return NewCheck(LiveAnswers, detail, findings)
}

// silence says that a node's answer did not come. A node to which Maelstrom no
// longer listened may have sent one.
func (e Evidence) silence(op Op) string {
	unheard := func(m Mute) bool { return m.Node == op.Node && m.At <= op.Complete }
	if slices.ContainsFunc(e.Mutes, unheard) {
		return "no answer from " + op.Node + " was heard in time"
	}
	return op.Node + " gave no answer in time"
}

// wasDown reports whether an operation's node was dead or paused while it was
// under way.
func (e Evidence) wasDown(op Op) bool {
	return slices.ContainsFunc(e.Down[op.Node], func(d Interval) bool { return d.From <= op.Complete && d.To >= op.Invoke })
}

// wasUp reports whether it is known that an operation's node had not ended. If
// nobody saw when a node ended, others may have ended unseen, too.
func (e Evidence) wasUp(op Op) bool {
	ended := func(c Crash) bool { return c.Unseen && (c.Node != op.Node || c.At <= op.Complete) }
	return e.Unknown[NoCrash] == "" && !slices.ContainsFunc(e.Crashes, ended)
}

// someAnswered finds runs that show nothing. If nothing was asked, that
// decides: no promise was kept. What has not been answered when a run is ended
// may still have been.
func (e Evidence) someAnswered(c Counts) Check {
	finals, answered := 0, false
	for _, op := range e.History {
		if op.Final {
			finals++
			answered = answered || op.Outcome == OK
		}
	}
	found := ""
	switch {
	case c.Invoked == 0:
		found = strings.TrimSuffix("nothing was asked: "+e.Idle, ": ")
	case c.Unanswered == c.Invoked:
		found = fmt.Sprintf("none of %s was answered", Number(c.Invoked, "request"))
	case finals > 0 && !answered:
		found = fmt.Sprintf("none of %s succeeded", Number(finals, "final request"))
	default:
		return NewCheck(SomeAnswered, "", nil)
	}
	if c.Invoked > 0 && !e.Complete {
		return Skipped(SomeAnswered, "the run was ended, and "+found+" until then")
	}
	check := NewCheck(SomeAnswered, found, []string{found})
	check.Decides = c.Invoked == 0
	return check
}

// everyKind is Maelstrom's stats. As long as a run has not come to its end,
// what has not succeeded yet may still.
func (e Evidence) everyKind() Check {
	succeeded := map[string]bool{}
	for _, op := range e.History {
		succeeded[op.F] = succeeded[op.F] || op.Outcome == OK
	}
	var none []string
	for _, f := range slices.Sorted(maps.Keys(succeeded)) {
		if !succeeded[f] {
			none = append(none, "no "+f)
		}
	}
	found := strings.Join(none, " and ") + " succeeded"
	check := NewCheck(EveryKind, found, none)
	switch {
	case len(e.History) == 0:
		check = Vacuous(EveryKind, "nothing was asked")
	case len(none) > 0 && !e.Complete:
		check = Skipped(EveryKind, "the run was ended, and "+found+" until then")
	case len(none) > 0:
		check.Findings = []string{found}
	}
	return check.ByMaelstrom("stats")
}

// available is Maelstrom's availability, which compares with a fraction of
// single precision: nine of ten requests are less than 0.9.
//
// If the run ended early because no node could answer any more, all further
// requests of Maelstrom's would have failed. So a share that is too small then
// stays too small, and the share cannot be total.
func (e Evidence) available(c Counts) Check {
	check := NewCheck(Available, "", nil)
	switch found := fmt.Sprintf("%d of %s were answered ok", c.OK, Number(c.Invoked, "request")); {
	case c.Invoked == 0:
		check = Vacuous(Available, "nothing was asked")
	case !e.Complete:
		check = Skipped(Available, found+" before the run was ended")
	case float64(float32(c.Availability)) < e.Availability, e.Ended != "" && e.Availability == 1:
		if e.Ended != "" {
			found += ", then " + e.Ended
		}
		found += fmt.Sprintf(", and %g %% were demanded", 100*e.Availability)
		check = NewCheck(Available, found, []string{found})
	case e.Ended != "":
		check = Skipped(Available, found+", then "+e.Ended)
	}
	return check.ByMaelstrom("availability")
}
