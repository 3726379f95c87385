// Package verdict judges a run: from the run's [Evidence] it makes checks, and
// comes to a [Verdict].
//
//	v := verdict.Judge(verdict.Evidence{History: history, Complete: true}, maelstromtest.GCounter{})
//	fmt.Println(v.Right, v.Findings(true))
//
// It has neither a clock nor a cluster, so it can judge any history, of this
// bench or of the real Maelstrom. The same evidence always has the same
// verdict.
//
// Maelstrom's verdict comes first. It is the conjunction of few checkers: the
// workload's own, which looks at the final requests only; stats, by which some
// request of each kind must succeed; and availability, if it is demanded. And
// Maelstrom breaks off a run in which a node's process has ended. All other
// checks are beyond Maelstrom. They decide only if the nodes are said to
// promise more than eventual consistency.
package verdict

import (
	"fmt"
	"slices"
	"strings"
)

// A Verdict says whether a run was right, and why.
type Verdict struct {
	// Right is the verdict: none of the checks that decide is wrong. A check
	// that was not made does not count against it. But a run in which nothing
	// was asked is wrong.
	Right bool `json:"right"`
	// MaelstromValid is Maelstrom's verdict, its :valid?: none of the checks
	// that Maelstrom also makes is wrong.
	MaelstromValid bool `json:"maelstrom_valid"`
	// Cut says that the run was ended before a check of Maelstrom's could be
	// made. If MaelstromValid is true, that is only as far as it went.
	Cut bool `json:"cut,omitempty"`
	// Checks lists causes before what may follow from them: first the checks
	// that every workload has, then the workload's own.
	Checks []Check `json:"checks"`
	// Facts is what else the workload tells, in a type of its own, such as
	// CounterFacts; or nil.
	Facts any `json:"facts,omitempty"`
}

// A Check is one condition that a run should meet, and whether it did.
type Check struct {
	Name        string   `json:"name"` // what holds if it is ok, such as "reads in order"
	Status      Status   `json:"status"`
	Maelstrom   bool     `json:"maelstrom"`             // Maelstrom checks this, too
	Checker     string   `json:"checker,omitempty"`     // Maelstrom's name of it, such as "stats"
	Decides     bool     `json:"decides"`               // the run is wrong if the check is wrong
	Explanation string   `json:"explanation,omitempty"` // what is demanded, for one who does not know the name
	Detail      string   `json:"detail,omitempty"`      // in a line: what is wrong, or why it was not checked
	Findings    []string `json:"findings,omitempty"`    // all that is wrong: a line for each kind of thing

	// Vacuous is why it was not checked: there was nothing to check. A check
	// that is not vacuous could have found something.
	Vacuous bool `json:"-"`
}

// A Status is what came of a check.
type Status string

const (
	Passed     Status = "ok"
	Wrong      Status = "wrong"
	NotChecked Status = "not checked"
)

// NewCheck returns a check that is wrong if there are findings, and ok
// otherwise. The detail sums the findings up.
func NewCheck(name, detail string, findings []string) Check {
	if len(findings) == 0 {
		return Check{Name: name, Status: Passed}
	}
	return Check{Name: name, Status: Wrong, Detail: detail, Findings: bounded(findings)}
}

// maxFindings bounds what one check reports, so that none buries another.
const maxFindings = 10

func bounded(findings []string) []string {
	more := len(findings) - maxFindings
	if more <= 0 {
		return findings
	}
	return append(slices.Clone(findings[:maxFindings]), fmt.Sprintf("and %d more such findings", more))
}

// Skipped returns a check that was not made.
func Skipped(name, why string) Check { return Check{Name: name, Status: NotChecked, Detail: why} }

// Vacuous returns a check that had nothing to check.
func Vacuous(name, why string) Check {
	return Check{Name: name, Status: NotChecked, Detail: why, Vacuous: true}
}

// ByMaelstrom marks a check as one of Maelstrom's, which has that name there,
// or none.
func (c Check) ByMaelstrom(checker string) Check {
	c.Maelstrom, c.Checker = true, checker
	return c
}

// Explained adds an explanation to a check.
func (c Check) Explained(text string) Check {
	c.Explanation = text
	return c
}

// sum comes to the verdict. If the run was ended before its time, a check of
// Maelstrom's that was not made leaves it open.
func sum(checks []Check, facts any, promise Consistency, complete bool) Verdict {
	v := Verdict{Right: true, MaelstromValid: true, Checks: checks, Facts: facts}
	for i := range checks {
		c := &checks[i]
		c.Decides = c.Decides || c.Maelstrom || promise == Linearizable
		switch c.Status {
		case Wrong:
			v.Right = v.Right && !c.Decides
			v.MaelstromValid = v.MaelstromValid && !c.Maelstrom
		case NotChecked:
			v.Cut = v.Cut || c.Maelstrom && !complete
		}
	}
	return v
}

// Check returns the check with a name. If there is none, it returns one that
// was not made.
func (v Verdict) Check(name string) Check {
	i := slices.IndexFunc(v.Checks, func(c Check) bool { return c.Name == name })
	if i < 0 {
		return Skipped(name, "there is no such check")
	}
	return v.Checks[i]
}

// Findings returns what is wrong by the checks that decide, or by the others:
// causes first, a line for each kind of thing.
func (v Verdict) Findings(decide bool) []string {
	var lines []string
	for _, c := range v.Checks {
		if c.Status != Wrong || c.Decides != decide {
			continue
		}
		if len(c.Findings) == 0 {
			lines = append(lines, strings.TrimSuffix(c.Name+": wrong: "+c.Detail, ": "))
		}
		lines = append(lines, c.Findings...)
	}
	return lines
}
