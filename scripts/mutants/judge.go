package main

import (
	"fmt"
	"slices"
	"strings"
)

// A survivor is a mutant that no test kills.
type survivor struct {
	File, Type string
	Code       string // the line, with the operator that is changed in «»
}

// A mutant is a change to the code, and what became of it.
type mutant struct {
	survivor
	Status string // in gremlins' words
	Line   int
}

// parseList reads a list of survivors. A paragraph is about one: a line with
// file and type, a line with the code, and the reason why it is harmless. Lines
// that begin with # are comments.
func parseList(text string) ([]survivor, error) {
	var survivors []survivor
	var paragraph []string
	for line := range strings.Lines(text + "\n\n") {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#"):
		case line != "":
			paragraph = append(paragraph, line)
		case len(paragraph) > 0:
			file, kind, ok := strings.Cut(paragraph[0], " ")
			if !ok || len(paragraph) < 3 {
				return nil, fmt.Errorf("%q is not a file with a type, a line of code, and a reason", paragraph)
			}
			survivors = append(survivors, survivor{file, kind, paragraph[1]})
			paragraph = nil
		}
	}
	return survivors, nil
}

// mark puts the operator or keyword that begins at a column of a line, counted
// from 0, in «».
func mark(line string, column int) string {
	rest := line[column:]
	end := len(rest) - len(strings.TrimLeft(rest, "<>=!&|^+-*/%"))
	if end == 0 { // break or continue
		end = len(rest) - len(strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyz"))
	}
	return strings.TrimSpace(line[:column] + "«" + rest[:end] + "»" + rest[end:])
}

// A tally counts mutants.
type tally struct {
	killed, survived, unreached, broken int
}

func count(mutants []mutant) tally {
	var t tally
	for _, m := range mutants {
		switch m.Status {
		case "KILLED", "TIMED OUT":
			t.killed++
		case "LIVED":
			t.survived++
		case "NOT COVERED":
			t.unreached++
		default:
			t.broken++
		}
	}
	return t
}

func (t tally) String() string {
	return fmt.Sprintf("%3d of %3d killed (%.1f %%), %d not reached, %d that do not compile",
		t.killed, t.killed+t.survived, percent(t.killed, t.survived), t.unreached, t.broken)
}

// percent returns the share of a in a + b.
func percent(a, b int) float64 {
	if a+b == 0 {
		return 100
	}
	return 100 * float64(a) / float64(a+b)
}

// judge says what is wrong with the mutants of some rooms: which live and are
// not listed, which are listed and do not live, and which no test reaches.
func judge(mutants []mutant, harmless []survivor) []string {
	var complaints []string
	complain := func(what string, s survivor) {
		complaints = append(complaints, fmt.Sprintf("%s:\n\t%s %s\n\t%s", what, s.File, s.Type, s.Code))
	}
	left := slices.Clone(harmless)
	for _, m := range mutants {
		i := slices.Index(left, m.survivor)
		switch {
		case m.Status == "LIVED" && i < 0:
			complain(fmt.Sprintf("a mutant of line %d lives", m.Line), m.survivor)
		case m.Status == "LIVED":
			left = slices.Delete(left, i, i+1)
		case m.Status == "NOT COVERED":
			complain(fmt.Sprintf("no test reaches a mutant of line %d", m.Line), m.survivor)
		}
	}
	for _, s := range left {
		complain("a listed mutant does not live", s)
	}
	return complaints
}

// judgeShares says whether too few of the mutants are killed or reached. At
// least killed percent of those that are reached must be killed.
func judgeShares(what string, mutants []mutant, killed float64) []string {
	var complaints []string
	t := count(mutants)
	if got := percent(t.killed, t.survived); got < killed {
		complaints = append(complaints, fmt.Sprintf("%s: %.1f %% of the mutants are killed, less than %v %%", what, got, killed))
	}
	if got := percent(t.killed+t.survived, t.unreached); got < reached {
		complaints = append(complaints, fmt.Sprintf("%s: tests reach %.1f %% of the mutants, less than %v %%", what, got, reached))
	}
	return complaints
}
