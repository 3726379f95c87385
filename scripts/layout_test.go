package scripts_test

import (
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
// on lines of their own that are wider than 80 columns. The output of examples
// and code in comments may be wider.
func measure(t *testing.T, path string) (code int, wide []string) {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	output := false // this is the output of an example
	for line := range strings.Lines(string(source)) {
		line = strings.TrimRight(strings.ReplaceAll(line, "\t", "    "), "\n")
		text := strings.TrimLeft(line, " ")
		comment := strings.HasPrefix(text, "//")
		output = comment && (output || text == "// Output:")
		switch {
		case text != "" && !comment:
			code++
		case comment && utf8.RuneCountInString(line) > 80 && !strings.HasPrefix(text, "//    ") && !output:
			wide = append(wide, text)
		}
	}
	return code, wide
}
