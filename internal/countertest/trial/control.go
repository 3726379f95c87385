package trial

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// An Edit is one way to break a file.
type Edit struct {
	File string // relative to the module's root
	Old  string // text that the file has once
	New  string // what replaces it
}

// A Mistake is a way to break the code, in one or more files.
type Mistake struct {
	Name  string
	Edits []Edit
}

// Catch makes a mistake in a copy of the module whose root is the working
// directory. It runs the given tests of the copy, on few seeds and one after
// the other, until one fails. Catch fails t if none does, and at once if the
// copy does not build. The tests are named as for go test -run.
func Catch(t *testing.T, m Mistake, tests ...string) {
	t.Helper()
	path := overlay(t, m.Edits)
	for _, name := range tests {
		out, err := exec.Command("go", "test", "-vet=off", "-overlay", path, "-seeds", "5", "-run", "^"+name, ".").CombinedOutput()
		failed := strings.Contains(string(out), "--- FAIL")
		switch {
		case err == nil:
		case !failed:
			t.Fatalf("%v\n%s", err, out)
		case strings.Contains(string(out), "--- FAIL: "+name) && strings.Contains(string(out), "replay with"):
			t.Logf("caught by %s", name)
			return
		}
	}
	t.Error("not caught")
}

// overlay writes the edited files, and the list of them that the go command's
// flag -overlay takes. It returns the list's path.
func overlay(t *testing.T, edits []Edit) string {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	replace := map[string]string{} // by the original's path
	for i, edit := range edits {
		original, err := filepath.Abs(edit.File)
		must(err)
		source, err := os.ReadFile(cmp.Or(replace[original], original))
		must(err)
		if strings.Count(string(source), edit.Old) != 1 {
			t.Fatalf("%s does not contain exactly once: %s", edit.File, edit.Old)
		}
		replace[original] = filepath.Join(dir, fmt.Sprintf("%d.go", i))
		must(os.WriteFile(replace[original], []byte(strings.Replace(string(source), edit.Old, edit.New, 1)), 0o666))
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	must(err)
	path := filepath.Join(dir, "overlay.json")
	must(os.WriteFile(path, list, 0o666))
	return path
}
