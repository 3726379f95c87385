package scripts_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The Makefile names exactly the packages with concurrent code, which make test
// runs under the race detector.
func TestTheRaceDetectorMeetsAllGoroutines(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	list := regexp.MustCompile(`(?m)^CONCURRENT := ((?:.*\\\n)*.*)$`).FindSubmatch(makefile)
	if list == nil {
		t.Fatal("the Makefile has no CONCURRENT")
	}
	named := strings.Fields(strings.ReplaceAll(string(list[1]), "\\\n", " "))
	var concurrent []string
	err = filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != ".." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		if isConcurrent(file) {
			dir := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "..")
			concurrent = append(concurrent, "."+dir)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(concurrent)
	if concurrent = slices.Compact(concurrent); !slices.Equal(named, concurrent) {
		t.Errorf("CONCURRENT in the Makefile is\n%v, but goroutines, channels or locks are in\n%v", named, concurrent)
	}
}

// isConcurrent reports whether a file starts goroutines, or has channels or
// locks.
func isConcurrent(file *ast.File) (found bool) {
	for _, spec := range file.Imports {
		found = found || spec.Path.Value == `"sync"` || spec.Path.Value == `"sync/atomic"`
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.GoStmt, *ast.ChanType, *ast.SelectStmt:
			found = true
		}
		return !found
	})
	return found
}
