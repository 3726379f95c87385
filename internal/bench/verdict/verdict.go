// Package verdict judges the history of a run: from what is known of it, its
// [Evidence], it makes checks and comes to a [Verdict]. It has neither a clock
// nor a cluster, so it judges any history, whoever made it: this bench or the
// real Maelstrom. The same evidence always has the same verdict.
package verdict

import (
	"fmt"
	"slices"
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

// ByMaelstrom marks a check as one of Maelstrom's.
func (c Check) ByMaelstrom() Check {
	c.Maelstrom = true
	return c
}

// Skipped returns a check that was not made.
func Skipped(name, why string) Check { return Check{Name: name, Status: NotChecked, Detail: why} }

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
		return Skipped(name, "there is no such check")
	}
	return v.Checks[i]
}
