package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A mutant is a change to the code, and what became of it.
type mutant struct {
	Type, Status string // in gremlins' words
	Line, Column int

	// what says which mutant it is: the file and the type, and in a second line
	// the code, with the operator that is changed in «».
	what string
}

// comment matches a line of a list.
var comment = regexp.MustCompile(`(?m)^[ \t]*#.*\n`)

// readList reads a list of harmless mutants. A paragraph is about one: two
// lines say what it is, and the rest why it is harmless. Lines that begin with
// # are comments.
func readList(file string) (harmless []string, err error) {
	text, err := os.ReadFile(file)
	for paragraph := range strings.SplitSeq(comment.ReplaceAllString(string(text), ""), "\n\n") {
		lines := strings.SplitN(strings.TrimSpace(paragraph), "\n", 3)
		switch {
		case len(lines) == 3:
			harmless = append(harmless, lines[0]+"\n"+lines[1])
		case lines[0] != "":
			return nil, fmt.Errorf("%s: %q is not a file with a type, a line of code, and a reason", file, paragraph)
		}
	}
	return harmless, err
}

// operator matches what a mutant changes, at the beginning of a text.
var operator = regexp.MustCompile(`^([<>=!&|^+*/%-]+|break|continue)`)

// read reads what gremlins reports of a room.
func (r room) read(file string) (mutants []mutant, err error) {
	var report struct {
		Files []struct {
			Name      string `json:"file_name"`
			Mutations []mutant
		}
	}
	data, err := os.ReadFile(file)
	if err := errors.Join(err, json.Unmarshal(data, &report)); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, file := range report.Files {
		name := path.Join(r.dir, file.Name)
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		lines := strings.Split(string(source), "\n")
		for _, m := range file.Mutations {
			before, after := lines[m.Line-1][:m.Column-1], lines[m.Line-1][m.Column-1:]
			code := strings.TrimSpace(before + operator.ReplaceAllString(after, "«$0»"))
			m.what = name + " " + m.Type + "\n\t" + code
			mutants = append(mutants, m)
		}
	}
	return mutants, nil
}

// judge sums up what has become of the mutants of a room, and complains of
// those that live and are not listed as harmless, of those that are listed and
// do not live, and if too few are killed.
func (r room) judge(mutants []mutant, harmless []string) (report string, complaints int) {
	complain := func(format string, args ...any) {
		report += fmt.Sprintf(format+"\n", args...)
		complaints++
	}
	var killed, alive, broken int
	left := slices.DeleteFunc(slices.Clone(harmless), func(what string) bool { return !r.has(what) })
	for _, m := range mutants {
		switch m.Status {
		case "KILLED", "TIMED OUT":
			killed++
		case "NOT VIABLE":
			broken++
		default:
			alive++
			if i := slices.Index(left, m.what); i >= 0 {
				left = slices.Delete(left, i, i+1)
			} else {
				complain("a mutant of line %d lives:\n\t%s", m.Line, m.what)
			}
		}
	}
	for _, what := range left {
		complain("a listed mutant does not live:\n\t%s", what)
	}
	share := 100 * float64(killed) / float64(killed+alive)
	if share < r.share {
		complain("less than %v %% are killed", r.share)
	}
	summary := fmt.Sprintf("%d of %d killed (%.1f %%), %d that do not compile\n", killed, killed+alive, share, broken)
	return summary + report, complaints
}

// has reports whether a mutant is of a room.
func (r room) has(what string) bool { return strings.HasPrefix(what, r.dir+"/") }
