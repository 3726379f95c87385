package trial

import (
	"encoding/json"
	"fmt"
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
	path := Overlay(t, edited(t, m.Edits))
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

// edited returns the texts of the files with the edits made, by their absolute
// paths.
func edited(t *testing.T, edits map[string][]string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for file, pairs := range edits {
		path, _ := filepath.Abs(file) // if it fails, so does ReadFile
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for pair := range slices.Chunk(pairs, 2) {
			if strings.Count(string(source), pair[0]) != 1 {
				t.Fatalf("%s does not contain exactly once: %s", file, pair[0])
			}
		}
		texts[path] = strings.NewReplacer(pairs...).Replace(string(source))
	}
	return texts
}

// Overlay writes texts that take the place of some files of the module, and a
// list of them that the go command's flag -overlay takes. It returns the list's
// path.
func Overlay(t *testing.T, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	replace := map[string]string{}
	for file, text := range texts {
		replace[file] = write(fmt.Sprintf("%d.go", len(replace)), text)
	}
	list, _ := json.Marshal(map[string]any{"Replace": replace}) // cannot fail
	return write("overlay.json", string(list))
}
