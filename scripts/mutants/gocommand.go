package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/cover"
)

// realGo is the variable of the environment that holds the path of the go
// command.
const realGo = "MUTANTS_GO"

// testTimeout is how long the tests of a room may take. A mutant that loops for
// ever is killed then.
const testTimeout = "20s"

// goCommand is the go command that gremlins finds. It runs the real go command,
// with three differences, and returns the exit code:
//
//   - The coverage of tests includes what Go leaves out: the expressions after
//     case, and constants. Otherwise gremlins would not try to change them.
//   - Tests run for at most testTimeout, however long the compiler has taken.
//     (Gremlins' own limit includes that, and leaves the test running.)
//   - A mutant that does not compile does not count as killed by a test.
func goCommand(args []string) int {
	for i, arg := range args[:max(len(args)-1, 0)] {
		if arg == "-timeout" {
			args[i+1] = testTimeout
		}
	}
	var out bytes.Buffer
	cmd := exec.Command(os.Getenv(realGo), args...)
	cmd.Stdout, cmd.Stderr = io.MultiWriter(os.Stdout, &out), os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && strings.Contains(out.String(), "[build failed]"):
		return 2
	case errors.As(err, &exit):
		return max(exit.ExitCode(), 1)
	case err != nil:
		fmt.Fprintf(os.Stderr, "mutants: %v\n", err)
		return 3
	}
	if i := slices.Index(args, "-coverprofile"); i >= 0 {
		if err := widen(args[i+1]); err != nil {
			fmt.Fprintf(os.Stderr, "mutants: coverage: %v\n", err)
			return 3
		}
	}
	return 0
}

// widen adds to a coverage profile what it leaves out: the expressions after
// case if the switch or select is covered, and the constants and variables of
// packages.
func widen(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	profiles, err := cover.ParseProfilesFromReader(bytes.NewReader(data))
	if err != nil {
		return err
	}
	text := bytes.NewBuffer(data)
	for _, p := range profiles {
		_, file, _ := strings.Cut(p.FileName, "/") // without the module's name, of one word
		source, err := os.ReadFile(filepath.FromSlash(file))
		if err != nil {
			return err
		}
		blocks, err := leftOut(source, p)
		if err != nil {
			return err
		}
		for _, b := range blocks {
			fmt.Fprintf(text, "%s:%d.%d,%d.%d 1 1\n", p.FileName, b.StartLine, b.StartCol, b.EndLine, b.EndCol)
		}
	}
	return os.WriteFile(path, text.Bytes(), 0o666)
}

// leftOut returns the blocks that a file's profile leaves out.
func leftOut(source []byte, p *cover.Profile) ([]cover.ProfileBlock, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, p.FileName, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var blocks []cover.ProfileBlock
	block := func(from, to token.Pos) {
		a, b := set.Position(from), set.Position(to)
		blocks = append(blocks, cover.ProfileBlock{StartLine: a.Line, StartCol: a.Column, EndLine: b.Line, EndCol: b.Column})
	}
	for _, decl := range file.Decls {
		if general, ok := decl.(*ast.GenDecl); ok {
			block(general.Pos(), general.End())
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SwitchStmt:
			if covered(p, set.Position(n.Switch)) {
				for _, clause := range n.Body.List {
					block(clause.Pos(), clause.(*ast.CaseClause).Colon)
				}
			}
		case *ast.SelectStmt:
			if covered(p, set.Position(n.Select)) {
				for _, clause := range n.Body.List {
					block(clause.Pos(), clause.(*ast.CommClause).Colon)
				}
			}
		}
		return true
	})
	return blocks, nil
}

// covered reports whether a position is in a block that was run.
func covered(p *cover.Profile, at token.Position) bool {
	return slices.ContainsFunc(p.Blocks, func(b cover.ProfileBlock) bool {
		afterStart := at.Line > b.StartLine || at.Line == b.StartLine && at.Column >= b.StartCol
		beforeEnd := at.Line < b.EndLine || at.Line == b.EndLine && at.Column <= b.EndCol
		return b.Count > 0 && afterStart && beforeEnd
	})
}
