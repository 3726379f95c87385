package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const (
	one = "internal/desk/desk.go CONDITIONALS_BOUNDARY\n\tif n «<» 0 {"
	two = "internal/node/node.go INVERT_LOOPCTRL\n\t«continue»"
)

// in makes a new directory with these files the working directory.
func in(t *testing.T, files fstest.MapFS) {
	t.Chdir(t.TempDir())
	if err := os.CopyFS(".", files); err != nil {
		t.Fatal(err)
	}
}

func TestAListHasAParagraphForEachHarmlessMutant(t *testing.T) {
	in(t, fstest.MapFS{
		"right":     {Data: []byte("# First.\n\n" + one + "\n\tn is never 0\n# nor is it 1\n\tor less.\n\n\n# Second.\n" + two + "\n\tNo.")},
		"no-reason": {Data: []byte(one + "\n\tn is never 0.\n\n" + two + "\n\n")},
		"no-code":   {Data: []byte("internal/node/node.go INVERT_LOOPCTRL")},
	})
	if got, err := readList("right"); err != nil || !slices.Equal(got, []string{one, two}) {
		t.Errorf("got %q, %v", got, err)
	}
	for _, wrong := range []string{"no-file", "no-reason", "no-code"} {
		if got, err := readList(wrong); err == nil {
			t.Errorf("%s was read as %q", wrong, got)
		}
	}
}

func TestTheListIsAboutTheRooms(t *testing.T) {
	harmless, err := readList("../../" + list)
	others := slices.DeleteFunc(harmless, func(what string) bool {
		return slices.ContainsFunc(rooms, func(r room) bool { return r.has(what) })
	})
	if err != nil || len(others) > 0 {
		t.Errorf("no room has %q, %v", others, err)
	}
}

func TestARoomIsChosenByNameOrDirectory(t *testing.T) {
	for names, want := range map[string]string{
		"":                   fmt.Sprint(rooms),
		"pace internal/desk": "[{internal/desk 98} {internal/pace 98}] <nil>",
		"esk":                `[] some of ["esk"] are not rooms; the rooms are internal/ledger, internal/desk, `,
	} {
		if got := fmt.Sprint(choose(strings.Fields(names))); !strings.HasPrefix(got, want) {
			t.Errorf("%q: got %s, want %s", names, got, want)
		}
	}
}

func TestAReportIsReadWithTheCodeThatItIsAbout(t *testing.T) {
	in(t, fstest.MapFS{
		"internal/desk/desk.go": {Data: []byte("for {\n\tif n < 0 {\n\t\tcontinue\n\t}\n}")},
		"right": {Data: []byte(`{"files":[{"file_name":"desk.go","mutations":[
			{"type":"CONDITIONALS_BOUNDARY","status":"LIVED","line":2,"column":7},
			{"type":"INVERT_LOOPCTRL","status":"KILLED","line":3,"column":3}]}]}`)},
		"empty":        {},
		"another-file": {Data: []byte(`{"files":[{"file_name":"pace.go"}]}`)},
	})
	r := room{"internal/desk", 60}
	got, err := r.read("right")
	want := []mutant{
		{"CONDITIONALS_BOUNDARY", "LIVED", 2, 7, one},
		{"INVERT_LOOPCTRL", "KILLED", 3, 3, "internal/desk/desk.go INVERT_LOOPCTRL\n\t«continue»"},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, wrong := range []string{"no-file", "empty", "another-file"} {
		if got, err := r.read(wrong); err == nil {
			t.Errorf("%s was read as %v", wrong, got)
		}
	}
}

func TestTheMutantsThatLiveMustBeThoseThatAreListed(t *testing.T) {
	const lives, isGone = "a mutant of line 7 lives:\n\t" + one + "\n", "a listed mutant does not live:\n\t" + one + "\n"
	for _, test := range []struct {
		statuses, listed, want string
		complaints             int
	}{
		{"KILLED,TIMED OUT,NOT VIABLE", "", "2 of 2 killed (100.0 %), 1 that do not compile\n", 0},
		{"KILLED,LIVED,KILLED", "", "2 of 3 killed (66.7 %), 0 that do not compile\n" + lives, 1},
		{"KILLED,KILLED,NOT COVERED", "", "2 of 3 killed (66.7 %), 0 that do not compile\n" + lives, 1},
		{"KILLED,LIVED,KILLED", one, "2 of 3 killed (66.7 %), 0 that do not compile\n", 0},
		{"KILLED,KILLED,KILLED,LIVED,LIVED", one, "3 of 5 killed (60.0 %), 0 that do not compile\n" + lives, 1},
		{"KILLED", two, "1 of 1 killed (100.0 %), 0 that do not compile\n", 0},
		{"KILLED", one, "1 of 1 killed (100.0 %), 0 that do not compile\n" + isGone, 1},
		{"LIVED,KILLED,LIVED", "", "1 of 3 killed (33.3 %), 0 that do not compile\n" + lives + lives + "less than 60 % are killed\n", 3},
	} {
		var mutants []mutant
		for status := range strings.SplitSeq(test.statuses, ",") {
			mutants = append(mutants, mutant{Status: status, Line: 7, what: one})
		}
		got, complaints := room{"internal/desk", 60}.judge(mutants, []string{test.listed})
		if got != test.want || complaints != test.complaints {
			t.Errorf("%s, with %q listed: %d complaints: %s\nwant %s", test.statuses, test.listed, complaints, got, test.want)
		}
	}
}
