package main

import (
	"fmt"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/cover"
)

var (
	one = survivor{"internal/desk/desk.go", "CONDITIONALS_BOUNDARY", "if n «<» 0 {"}
	two = survivor{"internal/node/node.go", "INVERT_LOOPCTRL", "«continue»"}
)

func TestAListHasAParagraphForEachSurvivor(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []survivor
		err  bool
	}{
		"nothing":  {"", nil, false},
		"comments": {"# one\n\n# two\n", nil, false},
		"two": {`# Survivors.
internal/desk/desk.go CONDITIONALS_BOUNDARY
	if n «<» 0 {
	n is never 0
	# nor is it 1
	or less.


internal/node/node.go INVERT_LOOPCTRL
	«continue»
	Nothing follows.`, []survivor{one, two}, false},
		"no reason": {"internal/node/node.go INVERT_LOOPCTRL\n«continue»\n", nil, true},
		"no type":   {"internal/node/node.go\n«continue»\nNothing follows.", nil, true},
	} {
		got, err := parseList(test.text)
		if !slices.Equal(got, test.want) || (err != nil) != test.err {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func TestTheListOfSurvivorsCanBeRead(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("../..", list))
	if err != nil {
		t.Fatal(err)
	}
	survivors, err := parseList(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := about(survivors, rooms); len(got) != len(survivors) {
		t.Errorf("of %d survivors %d are in rooms", len(survivors), len(got))
	}
}

func TestTheSurvivorsMustBeThoseThatAreListed(t *testing.T) {
	lives, dies := mutant{one, "LIVED", 7}, mutant{one, "KILLED", 7}
	for name, test := range map[string]struct {
		mutants []mutant
		listed  []survivor
		want    []string // the beginnings of the complaints
	}{
		"nothing":                   {nil, nil, nil},
		"all are killed":            {[]mutant{dies, {two, "TIMED OUT", 9}, {two, "NOT VIABLE", 9}}, nil, nil},
		"one lives":                 {[]mutant{lives}, nil, []string{"a mutant of line 7 lives:\n\tinternal/desk/desk.go"}},
		"one lives that is listed":  {[]mutant{lives}, []survivor{one}, nil},
		"two live, one is listed":   {[]mutant{lives, lives}, []survivor{one}, []string{"a mutant of line 7 lives"}},
		"another one is listed":     {[]mutant{lives}, []survivor{two}, []string{"a mutant of line 7 lives", "a listed mutant does not live:\n\tinternal/node"}},
		"the listed one is killed":  {[]mutant{dies}, []survivor{one}, []string{"a listed mutant does not live"}},
		"the listed one is gone":    {nil, []survivor{one}, []string{"a listed mutant does not live"}},
		"no test reaches one":       {[]mutant{{two, "NOT COVERED", 9}}, nil, []string{"no test reaches a mutant of line 9"}},
		"a listed one is unreached": {[]mutant{{two, "NOT COVERED", 9}}, []survivor{two}, []string{"no test reaches", "a listed mutant"}},
	} {
		got := judge(test.mutants, test.listed)
		if !slices.EqualFunc(got, test.want, strings.HasPrefix) {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestAShareOfTheMutantsMustBeKilledAndReached(t *testing.T) {
	for name, test := range map[string]struct {
		killed, timedOut, lived, unreached, broken int
		complaints                                 int
	}{
		"nothing":                {0, 0, 0, 0, 0, 0},
		"all":                    {10, 0, 0, 0, 0, 0},
		"just enough are killed": {97, 1, 2, 0, 0, 0},
		"one too few":            {97, 0, 3, 0, 0, 1},
		"broken ones":            {97, 0, 3, 0, 100, 1},
		"just enough reached":    {94, 0, 1, 5, 0, 0},
		"one too few reached":    {94, 0, 1, 6, 0, 1},
		"neither":                {10, 0, 10, 10, 0, 2},
	} {
		var mutants []mutant
		for status, n := range map[string]int{
			"KILLED": test.killed, "TIMED OUT": test.timedOut, "LIVED": test.lived, "NOT COVERED": test.unreached, "NOT VIABLE": test.broken,
		} {
			for range n {
				mutants = append(mutants, mutant{one, status, 1})
			}
		}
		if got := judgeShares("the rooms", mutants, 98); len(got) != test.complaints {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestAReportIsReadWithTheLinesThatItIsAbout(t *testing.T) {
	report := `{"files":[{"file_name":"desk.go","mutations":[
		{"type":"CONDITIONALS_BOUNDARY","status":"LIVED","line":2,"column":7},
		{"type":"INVERT_LOOPCTRL","status":"KILLED","line":3,"column":3}]}]}`
	read := func(path string) ([]byte, error) {
		if path != "internal/desk/desk.go" {
			return nil, os.ErrNotExist
		}
		return []byte("for {\n\tif n < 0 {\n\t\tcontinue\n\t}\n}"), nil
	}
	got, err := parseReport([]byte(report), "internal/desk", read)
	want := []mutant{{one, "LIVED", 2}, {survivor{one.File, "INVERT_LOOPCTRL", "«continue»"}, "KILLED", 3}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, wrong := range []string{
		"", strings.Replace(report, `"line":2`, `"line":9`, 1), strings.Replace(report, `"column":7`, `"column":70`, 1),
		strings.Replace(report, "desk.go", "pace.go", 1), strings.Replace(report, `"line":2`, `"line":0`, 1),
	} {
		if got, err := parseReport([]byte(wrong), "internal/desk", read); err == nil {
			t.Errorf("%s became %v", wrong, got)
		}
	}
}

func TestCoverageIsWidenedByCasesAndConstants(t *testing.T) {
	source := `package p

const two = 1 + 1

func f(n int) {
	switch {
	case n < 0:
		return
	case n > 1:
		switch n {
		case 1 + 1:
		}
	}
}

func g(c chan int) {
	select {
	case <-c:
	}
}
`
	for name, test := range map[string]struct {
		blocks []cover.ProfileBlock // the profile, of code that was run or not
		want   string               // the blocks that are added
	}{
		"never called":       {[]cover.ProfileBlock{{StartLine: 5, StartCol: 15, EndLine: 6, EndCol: 9}}, "3.1-3.18"},
		"the outer switch":   {[]cover.ProfileBlock{{StartLine: 5, StartCol: 15, EndLine: 6, EndCol: 9, Count: 1}}, "3.1-3.18 7.2-7.12 9.2-9.12"},
		"the inner as well":  {[]cover.ProfileBlock{{StartLine: 5, StartCol: 15, EndLine: 6, EndCol: 9, Count: 1}, {StartLine: 10, StartCol: 3, EndLine: 10, EndCol: 12, Count: 3}}, "3.1-3.18 7.2-7.12 9.2-9.12 11.3-11.13"},
		"before and behind":  {[]cover.ProfileBlock{{StartLine: 5, StartCol: 15, EndLine: 6, EndCol: 1, Count: 1}, {StartLine: 6, StartCol: 3, EndLine: 8, EndCol: 1, Count: 1}}, "3.1-3.18"},
		"at its first byte":  {[]cover.ProfileBlock{{StartLine: 6, StartCol: 2, EndLine: 6, EndCol: 2, Count: 1}}, "3.1-3.18 7.2-7.12 9.2-9.12"},
		"the select":         {[]cover.ProfileBlock{{StartLine: 16, StartCol: 20, EndLine: 17, EndCol: 9, Count: 1}}, "3.1-3.18 18.2-18.10"},
		"between two others": {[]cover.ProfileBlock{{StartLine: 5, StartCol: 15, EndLine: 5, EndCol: 70, Count: 1}, {StartLine: 7, StartCol: 1, EndLine: 8, EndCol: 3, Count: 1}}, "3.1-3.18"},
	} {
		blocks, err := leftOut([]byte(source), &cover.Profile{FileName: "m/p.go", Blocks: test.blocks})
		var got []string
		for _, b := range blocks {
			got = append(got, fmt.Sprintf("%d.%d-%d.%d", b.StartLine, b.StartCol, b.EndLine, b.EndCol))
		}
		if strings.Join(got, " ") != test.want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, test.want)
		}
	}
	if _, err := leftOut([]byte("package"), &cover.Profile{}); err == nil {
		t.Error("half a file was read")
	}
	if covered(&cover.Profile{}, token.Position{Line: 1, Column: 1}) {
		t.Error("nothing was run, and something is covered")
	}
}
