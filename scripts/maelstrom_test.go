// Package scripts_test tests maelstrom.sh with stand-ins for everything that it calls.
package scripts_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A bench is a folder with a copy of the script, and a folder of programs that is the whole PATH.
type bench struct {
	t         *testing.T
	root, bin string
}

// newBench provides the tools that the script uses, and stand-ins for Go and for what Maelstrom needs.
func newBench(t *testing.T) bench {
	b := bench{t, t.TempDir(), t.TempDir()}
	for _, tool := range []string{"bash", "env", "dirname", "basename", "cat", "mkdir", "mktemp", "mv", "rm", "tar", "bzip2"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Skipf("this machine has no %s", tool)
		}
		if err := os.Symlink(path, filepath.Join(b.bin, tool)); err != nil {
			t.Fatal(err)
		}
	}
	script, err := os.ReadFile("maelstrom.sh")
	if err != nil {
		t.Fatal(err)
	}
	b.write(filepath.Join(b.root, "scripts", "maelstrom.sh"), string(script))
	for _, name := range []string{"go", "java", "gnuplot", "dot"} {
		b.standIn(name, "exit 0")
	}
	b.standIn("sha256sum", `echo "301ec71d6b12af0d765edb413f5cf5aa1046b5609bd4e31376a0b549548e5799  $1"`)
	return b
}

func (b bench) write(path, text string) {
	b.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o777); err != nil {
		b.t.Fatal(err)
	}
}

// standIn puts a program on the PATH.
func (b bench) standIn(name, script string) {
	b.t.Helper()
	b.write(filepath.Join(b.bin, name), "#!/usr/bin/env bash\n"+script+"\n")
}

// A maelstrom that shows its arguments, one a line, and exits as the script says.
const showArguments = `printf '<%s>\n' "$@"`

func (b bench) run(environment []string, args ...string) (out string, code int) {
	b.t.Helper()
	cmd := exec.Command(filepath.Join(b.root, "scripts", "maelstrom.sh"), args...)
	cmd.Env = append([]string{"PATH=" + b.bin, "HOME=" + b.root}, environment...)
	cmd.Dir = b.t.TempDir()
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.t.Fatal(err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// tarball is a release whose maelstrom runs script, as a stand-in for curl that saves it as $3 (curl -fsSL -o FILE URL).
func (b bench) serve(script string) {
	b.t.Helper()
	release := b.t.TempDir()
	b.write(filepath.Join(release, "maelstrom", "maelstrom"), "#!/usr/bin/env bash\n"+script+"\n")
	archive := filepath.Join(release, "maelstrom.tar.bz2")
	if out, err := exec.Command("tar", "-cjf", archive, "-C", release, "maelstrom").CombinedOutput(); err != nil {
		b.t.Fatalf("%v\n%s", err, out)
	}
	b.standIn("curl", `[[ $1 == -fsSL && $2 == -o ]] && cat `+archive+` > "$3"`)
}

func (b bench) kept() []string {
	files, err := filepath.Glob(filepath.Join(b.root, ".maelstrom", "*"))
	if err != nil {
		b.t.Fatal(err)
	}
	return files
}

func TestMaelstromIsGivenTheCardsTestAndFurtherFlags(t *testing.T) {
	for _, from := range []string{"PATH", "MAELSTROM", "a download"} {
		b := newBench(t)
		var environment []string
		switch from {
		case "PATH":
			b.standIn("maelstrom", showArguments)
		case "MAELSTROM":
			b.standIn("maelstrom", "echo the wrong one; exit 9")
			path := filepath.Join(b.root, "my maelstrom")
			b.write(path, "#!/usr/bin/env bash\n"+showArguments)
			environment = []string{"MAELSTROM=" + path}
		case "a download":
			b.serve(showArguments)
		}
		out, code := b.run(environment, "--latency", "100", "--", "-key", "a key")
		want := strings.Join([]string{"<test>", "<-w>", "<g-counter>", "<--bin>", "<" + b.root + "/maelstrom-counter>",
			"<--node-count>", "<3>", "<--rate>", "<100>", "<--time-limit>", "<20>", "<--nemesis>", "<partition>",
			"<--latency>", "<100>", "<-->", "<-key>", "<a key>", ""}, "\n")
		if code != 0 || !strings.HasSuffix(out, want) {
			t.Errorf("from %s: code %d, output\n%s", from, code, out)
		}
	}
}

func TestMaelstromsExitCodeIsPassedOn(t *testing.T) {
	b := newBench(t)
	b.standIn("maelstrom", "exit 7")
	if out, code := b.run(nil); code != 7 {
		t.Errorf("code %d: %s", code, out)
	}
}

func TestADownloadIsKept(t *testing.T) {
	b := newBench(t)
	b.serve("echo first")
	if out, code := b.run(nil); code != 0 || !strings.Contains(out, "first") {
		t.Fatalf("code %d: %s", code, out)
	}
	b.standIn("curl", "echo fetched again; exit 1")
	if out, code := b.run(nil); code != 0 || strings.TrimSpace(out) != "first" {
		t.Errorf("code %d: %s", code, out)
	}
}

func TestADownloadWithAnotherSumIsRefusedAndNotKept(t *testing.T) {
	b := newBench(t)
	b.serve("echo evil")
	b.standIn("sha256sum", "echo 0123  $1")
	out, code := b.run(nil)
	if code != 2 || !strings.Contains(out, "SHA-256") || strings.Contains(out, "evil") || len(b.kept()) > 0 {
		t.Errorf("code %d, kept %q: %s", code, b.kept(), out)
	}
}

func TestWithoutANetworkOneLineSaysWhatToDo(t *testing.T) {
	for _, curl := range []string{"exit 6", ""} {
		b := newBench(t)
		if curl != "" {
			b.standIn("curl", curl)
		}
		out, code := b.run(nil)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		last := lines[len(lines)-1]
		if code != 2 || !strings.Contains(last, "https://github.com/jepsen-io/maelstrom/releases/") || !strings.Contains(last, "make run") || len(b.kept()) > 0 {
			t.Errorf("code %d, kept %q: %s", code, b.kept(), out)
		}
	}
}

func TestWhatMaelstromNeedsIsNamedBeforeAnythingStarts(t *testing.T) {
	b := newBench(t)
	b.standIn("maelstrom", "echo started")
	for _, name := range []string{"java", "gnuplot", "dot"} {
		if err := os.Remove(filepath.Join(b.bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	out, code := b.run(nil)
	if code != 2 || strings.Contains(out, "started") || strings.Count(out, "\n") != 1 ||
		!strings.Contains(out, "Java") || !strings.Contains(out, "gnuplot") || !strings.Contains(out, "graphviz") {
		t.Errorf("code %d: %s", code, out)
	}
}

func TestHelp(t *testing.T) {
	b := newBench(t)
	if out, code := b.run(nil, "-h"); code != 0 || !strings.Contains(out, "usage:") {
		t.Errorf("code %d: %s", code, out)
	}
}
