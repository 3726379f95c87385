package scripts_test

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// deps returns the packages of this module that some packages of it depend on.
func deps(t *testing.T, patterns ...string) (packages []string) {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-deps"}, patterns...)...)
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v", patterns, err)
	}
	for _, name := range strings.Fields(string(out)) {
		if name == "maelstrom-counter" || strings.HasPrefix(name, "maelstrom-counter/") {
			packages = append(packages, name)
		}
	}
	return packages
}

// The wings are the node, the bench, and the tests of this counter.
func TestTheNodeAndTheBenchDependOnNoOtherWing(t *testing.T) {
	const bench, tests = "maelstrom-counter/internal/bench", "maelstrom-counter/internal/countertest"
	node := map[string]bool{}
	for _, name := range deps(t, ".") {
		node[name] = true
		if strings.HasPrefix(name, bench) || strings.HasPrefix(name, tests) {
			t.Errorf("the node depends on %s", name)
		}
	}
	for _, name := range deps(t, "./internal/bench/...") {
		if node[name] || strings.HasPrefix(name, tests) {
			t.Errorf("the bench depends on %s", name)
		}
	}
	if !node["maelstrom-counter"] {
		t.Error("go list has left out the node itself")
	}
}

func TestPackagesAreNotTooSmallAndCommentsNotTooWide(t *testing.T) {
	sizes := map[string]int{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != ".." {
			return fs.SkipDir // what the Makefile and Git keep
		}
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		code, wide := measure(t, path)
		if !strings.HasSuffix(path, "_test.go") {
			sizes[filepath.ToSlash(filepath.Dir(path))] += code
		}
		for _, comment := range wide {
			t.Errorf("%s: a comment is wider than 80 columns: %s", path, comment)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir, size := range sizes {
		wing := strings.HasPrefix(dir, "../internal/bench/") || strings.HasPrefix(dir, "../internal/countertest/")
		if wing && size < 100 {
			t.Errorf("%s has %d lines of code outside its tests; from 100 on an idea deserves a package", dir, size)
		}
	}
}

// measure returns the number of lines with code in a Go file, and the comments
// on lines of their own that are wider than 80 columns. Directives, code in
// comments, and the output of examples may be wider.
func measure(t *testing.T, path string) (code int, wide []string) {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(source), "\n")
	file := token.NewFileSet().AddFile(path, -1, len(source))
	var s scanner.Scanner
	s.Init(file, source, nil, scanner.ScanComments)
	seen := map[int]bool{} // the lines with code
	output := false        // this is the output of an example
	for {
		pos, tok, text := s.Scan()
		line := file.Line(pos)
		switch {
		case tok == token.EOF:
			return len(seen), wide
		case tok == token.COMMENT:
			output = output || text == "// Output:"
			alone := strings.TrimSpace(lines[line-1]) == text
			width := utf8.RuneCountInString(strings.ReplaceAll(lines[line-1], "\t", "    "))
			if alone && width > 80 && !output && !strings.HasPrefix(text, "//go:") && !strings.HasPrefix(text, "//\t") {
				wide = append(wide, text)
			}
		case text != "\n": // a semicolon that is not written
			output = false
			for i := range strings.Count(text, "\n") + 1 {
				seen[line+i] = true
			}
		}
	}
}
