package maelstromtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Verdict says whether a run was right, and why.
type Verdict struct {
	// Right is the verdict: no check is wrong. A check that was not made does
	// not count against it. But a run in which nothing was asked, or nothing
	// was answered, is wrong.
	Right bool `json:"right"`
	// MaelstromValid is what Maelstrom's verdict would be: none of the checks
	// that Maelstrom also makes is wrong.
	MaelstromValid bool `json:"maelstrom_valid"`
	// Checks lists causes before what may follow from them: first the checks
	// that every workload has, then the workload's own.
	Checks []Check `json:"checks"`
	// Facts is what else the workload tells, in a type of its own, such as
	// CounterFacts; or nil.
	Facts any `json:"facts,omitempty"`
}

// A Check is one condition that a run must meet, and whether it did.
type Check struct {
	Name      string   `json:"name"` // what holds if it is ok, such as "reads in order"
	Status    Status   `json:"status"`
	Maelstrom bool     `json:"maelstrom"`          // Maelstrom checks this, too
	Detail    string   `json:"detail,omitempty"`   // in a line: what was found, or why it was not checked
	Findings  []string `json:"findings,omitempty"` // what is wrong, the first few
	Kind      string   `json:"-"`                  // what findings are, in the plural, such as "reads out of order"
}

// A Status is what came of a check.
type Status string

const (
	Passed     Status = "ok"
	Wrong      Status = "wrong"
	NotChecked Status = "not checked"
)

// NewCheck returns a check that is wrong if there are findings, and ok
// otherwise.
func NewCheck(name, kind string, findings []string) Check {
	c := Check{Name: name, Kind: kind, Status: Passed, Findings: findings}
	if len(findings) > 0 {
		c.Status = Wrong
	}
	return c
}

// byMaelstrom marks a check as one of Maelstrom's.
func (c Check) byMaelstrom() Check {
	c.Maelstrom = true
	return c
}

// skipped returns a check that was not made.
func skipped(name, why string) Check { return Check{Name: name, Status: NotChecked, Detail: why} }

// maxFindings bounds what one check reports, so that none buries another.
const maxFindings = 10

func judge(checks []Check, facts any) Verdict {
	v := Verdict{Right: true, MaelstromValid: true, Checks: checks, Facts: facts}
	for i := range checks {
		c := &checks[i]
		if c.Status == Wrong {
			v.Right = false
			v.MaelstromValid = v.MaelstromValid && !c.Maelstrom
		}
		if more := len(c.Findings) - maxFindings; more > 0 {
			c.Findings = append(slices.Clone(c.Findings[:maxFindings]), fmt.Sprintf("and %d more %s", more, c.Kind))
		}
	}
	return v
}

// Check returns the check with a name. If there is none, it returns one that
// was not made.
func (v Verdict) Check(name string) Check {
	i := slices.IndexFunc(v.Checks, func(c Check) bool { return c.Name == name })
	if i < 0 {
		return skipped(name, "there is no such check")
	}
	return v.Checks[i]
}

// Err returns nil if and only if the run was right. The error has all findings,
// causes first, and the seed.
func (r *Result) Err() error {
	if r.Right {
		return nil
	}
	lines := []string{fmt.Sprintf("%s with seed %d:", r.Workload, r.Config.Seed)}
	for _, c := range r.Checks {
		lines = append(lines, c.Findings...)
		if c.Status == Wrong && len(c.Findings) == 0 {
			lines = append(lines, strings.TrimSuffix(c.Name+": wrong: "+c.Detail, ": "))
		}
	}
	return errors.New(strings.Join(lines, "\n"))
}

// The names of the checks that every workload has. A failure that belongs to no
// single request counts against one of them.
const (
	noCrash        = "no crash"
	noBabble       = "no babble"
	startsAndEnds  = "starts and ends"
	runComplete    = "run complete"
	wellFormed     = "answers well-formed"
	liveAnswers    = "live nodes answer"
	somethingAsked = "something asked and answered"
	everyKind      = "every kind succeeded"
)

// A failure is something wrong that belongs to no single request.
type failure struct{ check, text string }

func (f failure) String() string { return f.text }

func (b *bench) complain(check, format string, args ...any) {
	b.failures = append(b.failures, failure{check, fmt.Sprintf("after %v: ", b.since()) + fmt.Sprintf(format, args...)})
}

// checks makes the checks that every workload has.
func (b *bench) checks(history []Op, c Counts) []Check {
	failures := map[string][]string{}
	for _, f := range b.failures {
		failures[f.check] = append(failures[f.check], f.text)
	}
	succeeded := map[string]bool{}
	finals := map[bool]int{} // by whether they were answered ok
	for _, op := range history {
		succeeded[op.F] = succeeded[op.F] || op.Outcome == OK
		if op.Final {
			finals[op.Outcome == OK]++
		}
		if op.malformed {
			failures[wellFormed] = append(failures[wellFormed],
				fmt.Sprintf("%s gave a wrong answer to %s at %v: %s", op.Node, op.F, op.Complete, op.Text))
		}
		if op.unanswered && !b.wasDown(op) {
			failures[liveAnswers] = append(failures[liveAnswers],
				fmt.Sprintf("%s was up and did not answer %s of %v", op.Node, op.F, op.Invoke))
		}
	}
	for f, ok := range succeeded {
		if !ok {
			failures[everyKind] = append(failures[everyKind], fmt.Sprintf("no %s succeeded", f))
		}
	}
	slices.Sort(failures[everyKind])
	switch {
	case len(history) == 0:
		failures[somethingAsked] = []string{"nothing was asked: " + b.cfg.idle()}
	case c.Unanswered == len(history):
		failures[somethingAsked] = []string{fmt.Sprintf("none of %d requests was answered", len(history))}
	case finals[true] == 0 && finals[false] > 0:
		failures[somethingAsked] = []string{fmt.Sprintf("none of %d final requests succeeded", finals[false])}
	}
	complete := NewCheck(runComplete, "disturbances", failures[runComplete])
	switch {
	case complete.Status == Passed && b.Ended != "":
		complete = skipped(runComplete, b.Ended)
	case complete.Status == Passed && !b.done:
		complete = skipped(runComplete, "it was ended before its time")
	}
	return []Check{
		NewCheck(noCrash, "crashes", texts(b.Crashes)).byMaelstrom(),
		NewCheck(noBabble, "lines that are not messages", texts(b.Mutes)),
		NewCheck(startsAndEnds, "starts and ends", failures[startsAndEnds]),
		complete,
		NewCheck(wellFormed, "bad answers", failures[wellFormed]),
		NewCheck(liveAnswers, "unanswered requests", failures[liveAnswers]),
		NewCheck(somethingAsked, "", failures[somethingAsked]),
		NewCheck(everyKind, "kinds", failures[everyKind]).byMaelstrom(),
	}
}

// wasDown reports whether an operation's node was dead or paused while it was
// under way.
func (b *bench) wasDown(op Op) bool {
	return slices.ContainsFunc(b.nodes, func(n *node) bool {
		return n.name == op.Node && slices.ContainsFunc(n.down, func(d interval) bool {
			return d.from-b.epoch <= op.Complete && (d.to == 0 || d.to-b.epoch >= op.Invoke)
		})
	})
}
