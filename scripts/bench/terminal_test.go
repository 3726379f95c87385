//go:build unix

package main

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLinesAreBroken(t *testing.T) {
	for _, test := range []struct {
		lead, text   string
		most, indent int
		want         string
	}{
		{"", "it fits", 7, 2, "it fits"},
		{"", "it  fits not", 8, 2, "it fits\n  not"},
		{"  ", "at  1.0 s", 11, 4, "  at  1.0 s"}, // which is left as it is
		{"name  ", "one two three", 13, 6, "name  one two\n      three"},
		{"name  ", "one two three", 12, 6, "name  one\n      two\n      three"},
		{"", "a longlonglonglong b", 6, 2, "a long\n  long\n  long\n  long\n  b"},
		{"", "äöü äöü", 3, 0, "äöü\näöü"},
	} {
		got := wrap(test.lead, test.text, test.most, test.indent)
		if got != test.want {
			t.Errorf("%q and %q in %d columns: %q, not %q", test.lead, test.text, test.most, got, test.want)
		}
		for line := range strings.SplitSeq(got, "\n") {
			if utf8.RuneCountInString(line) > test.most {
				t.Errorf("%q is longer than %d", line, test.most)
			}
		}
	}
}

// Colours are for terminals, unless a variable says otherwise.
func TestColoursAreAskedFor(t *testing.T) {
	for _, test := range []struct {
		vars    string
		columns int
		colour  bool
	}{
		{"", fileColumns, false},
		{"COLUMNS=60", 60, false},
		{"COLUMNS=1", 40, false},
		{"COLUMNS=999", 200, false},
		{"COLUMNS=x", fileColumns, false},
		{"CLICOLOR_FORCE=0", fileColumns, false},
		{"CLICOLOR_FORCE=1", fileColumns, true},
		{"CLICOLOR_FORCE=1 NO_COLOR=1", fileColumns, false},
		{"CLICOLOR_FORCE=1 TERM=dumb", fileColumns, false},
	} {
		for _, name := range strings.Fields("COLUMNS CLICOLOR_FORCE NO_COLOR TERM") {
			t.Setenv(name, "")
		}
		for setting := range strings.FieldsSeq(test.vars) {
			name, value, _ := strings.Cut(setting, "=")
			t.Setenv(name, value)
		}
		if got := lookOf(&strings.Builder{}); got != (look{test.columns, test.colour}) {
			t.Errorf("with %q: %+v", test.vars, got)
		}
	}
}

func TestVerdictsAreColoured(t *testing.T) {
	for line, want := range map[string]string{
		"RIGHT by Maelstrom's verdict.":            "\x1b[1;32mRIGHT\x1b[0m by Maelstrom's verdict.",
		"Interrupted. As far as it went: WRONG, …": "Interrupted. As far as it went: \x1b[1;31mWRONG\x1b[0m, …",
		"MISSED: p99 2 ms":                         "\x1b[1;31mMISSED\x1b[0m: p99 2 ms",
		"MET: p99 2 ms":                            "\x1b[1;32mMET\x1b[0m: p99 2 ms",
		"UPRIGHT":                                  "UPRIGHT",
	} {
		for colour, want := range map[bool]string{true: want, false: line} {
			shown := &text{look: look{columns: 80, colour: colour}}
			shown.verdict(line)
			if got := shown.String(); got != want+"\n" {
				t.Errorf("%q, not %q", got, want)
			}
		}
	}
}

// Errors have no control characters, and fit where the width is known.
func TestErrorsAreBroken(t *testing.T) {
	t.Setenv("COLUMNS", "")
	for columns, want := range map[int]string{
		0:  "bench: a long line that does not fit into forty columns\n    {\ufffd}\nbench: b\n",
		40: "bench: a long line that does not fit\n  into forty columns\n    {\ufffd}\nbench: b\n",
	} {
		var said strings.Builder
		s := &screen{w: &said}
		if columns > 0 {
			t.Setenv("COLUMNS", "40")
		}
		s.complain(errors.Join(errors.New("a long line that does not fit into forty columns\n\t{\x1b}"), errors.New("b")), nil)
		if said.String() != want {
			t.Errorf("%d columns: %q, not %q", columns, said.String(), want)
		}
		t.Setenv("COLUMNS", "")
	}
}
