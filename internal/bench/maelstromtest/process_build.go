package maelstromtest

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// Build builds the executable of a main package, as go build does, and returns
// its path. The file is in a folder that is removed when the test ends. The
// package is named as on the command line, such as "." or "./scripts/rival".
func Build(t testing.TB, pkg string) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "node")
	if out, err := exec.Command("go", "build", "-o", bin, pkg).CombinedOutput(); err != nil {
		t.Fatalf("maelstromtest: go build %s: %v\n%s", pkg, err, out)
	}
	return bin
}
