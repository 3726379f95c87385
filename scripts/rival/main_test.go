package main

import (
	"errors"
	"flag"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"maelstrom-counter/internal/bench/rivals"
	"maelstrom-counter/internal/bench/strangers"
)

func TestHelpListsEachDesignOnceIn80Columns(t *testing.T) {
	text := help()
	var listed, names []string
	for line := range strings.Lines(text) {
		if utf8.RuneCountInString(line) > 81 { // with the newline
			t.Errorf("the help is wider than 80 columns: %s", line)
		}
		if name, ok := strings.CutPrefix(line, "  "); ok && name[0] != ' ' && strings.Contains(name, "  ") {
			listed = append(listed, strings.Fields(name)[0])
		}
	}
	for _, r := range rivals.All {
		names = append(names, r.Name)
	}
	for _, s := range strangers.All {
		names = append(names, s.Name)
	}
	if !slices.Equal(listed, names) {
		t.Errorf("the help lists %q, want %q", listed, names)
	}
	for _, name := range names {
		if _, err := parse([]string{"-design", name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAWrongCommandLineIsRefused(t *testing.T) {
	for args, want := range map[string]string{
		"":              "-design is missing",
		"-design cat":   `unknown -design "cat"`,
		"-design cas x": `unexpected argument "x"`,
		"-frobnicate":   "flag provided but not defined: -frobnicate",
	} {
		if _, err := parse(strings.Fields(args)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", args, err, want)
		}
	}
	if _, err := parse([]string{"-h"}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}
