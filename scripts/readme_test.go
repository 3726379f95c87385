package scripts_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fenced returns the blocks of code of a language in README.md.
func fenced(t *testing.T, language string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range strings.Split(string(text), "\n```") {
		if name, block, _ := strings.Cut(part, "\n"); i%2 == 1 && name == language {
			blocks = append(blocks, block+"\n")
		}
	}
	return blocks
}

// What the README shows of the smallest right node is what the file has, which
// needs nothing of ours.
func TestTheReadmeShowsTheSmallestRightNode(t *testing.T) {
	const path = "../internal/bench/rivals/receipts/receipts.go"
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	blocks := fenced(t, "go")
	if len(blocks) != 1 || !bytes.Contains(source, []byte(blocks[0])) {
		t.Errorf("the code in README.md is not that of %s:\n%s", path, strings.Join(blocks, "\n"))
	}
	if lines := bytes.Count(source, []byte("\n")); lines > 150 {
		t.Errorf("it has %d lines, want at most 150", lines)
	}
	if bytes.Contains(source, []byte(`"maelstrom-counter/`)) {
		t.Error("it imports a package of this module")
	}
	if out, err := exec.Command("go", "build", "-o", os.DevNull, path).CombinedOutput(); err != nil {
		t.Errorf("it does not stand alone: %v\n%s", err, out)
	}
}

// The README's node in Python runs on the bench as it stands. It is right
// alone, and wrong, for the reason that the README gives, if there are three.
func TestTheNodeInTheReadmeRunsOnTheBench(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("needs python3")
	}
	blocks := fenced(t, "python")
	if len(blocks) != 1 {
		t.Fatalf("%d nodes in Python in README.md", len(blocks))
	}
	dir := t.TempDir()
	node, bench := filepath.Join(dir, "node.py"), filepath.Join(dir, "bench")
	if err := os.WriteFile(node, []byte(blocks[0]), 0o777); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", bench, "./bench").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for nodes, want := range map[string]string{
		"1": "\nRIGHT by Maelstrom's verdict, and linearizable.\n",
		"3": " but n1 had acknowledged adds that sum to ",
	} {
		cmd := exec.Command(bench, "-w", "g-counter", "--bin", node, "--node-count", nodes, "--time-limit", "1", "--recovery", "0", "--seed", "1")
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if (err == nil) != (nodes == "1") || !bytes.Contains(out, []byte(want)) {
			t.Errorf("with --node-count %s: %v\n%s", nodes, err, out)
		}
	}
}
