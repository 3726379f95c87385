package trial

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A Mistake is a way to break the code.
type Mistake struct {
	Name string
	// Edits has, for each file, named from the module's root, texts that the
	// file has once, and what replaces each: old, new, old, new.
	Edits map[string][]string
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
func overlay(t *testing.T, edits map[string][]string) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	replace := map[string]string{} // by the original's path
	for file, pairs := range edits {
		original, _ := filepath.Abs(file) // if it fails, so does ReadFile
		source, err := os.ReadFile(original)
		if err != nil {
			t.Fatal(err)
		}
		for pair := range slices.Chunk(pairs, 2) {
			if strings.Count(string(source), pair[0]) != 1 {
				t.Fatalf("%s does not contain exactly once: %s", file, pair[0])
			}
		}
		edited := strings.NewReplacer(pairs...).Replace(string(source))
		replace[original] = write(filepath.Base(file), []byte(edited))
	}
	list, _ := json.Marshal(map[string]any{"Replace": replace}) // cannot fail
	return write("overlay.json", list)
}
