// Package scripts_test tests maelstrom.sh with stand-ins for everything that it calls.
package scripts_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// sum is the SHA-256 of the release that the script downloads.
const sum = "301ec71d6b12af0d765edb413f5cf5aa1046b5609bd4e31376a0b549548e5799"

// A bench is a folder with a copy of the script, and a folder of programs that is the whole PATH.
type bench struct {
	t         *testing.T
	root, bin string
}

// newBench provides the tools that the script uses, and stand-ins for Go and for what Maelstrom needs.
func newBench(t *testing.T) bench {
	b := bench{t, t.TempDir(), t.TempDir()}
	for _, tool := range []string{"bash", "env", "dirname", "cat", "mkdir", "mktemp", "mv", "rm", "tar", "bzip2"} {
		b.link(tool)
	}
	script, err := os.ReadFile("maelstrom.sh")
	if err != nil {
		t.Fatal(err)
	}
	b.write(filepath.Join(b.root, "scripts", "maelstrom.sh"), string(script))
	for _, name := range []string{"go", "java", "gnuplot", "dot"} {
		b.standIn(name, "exit 0")
	}
	b.standIn("sha256sum", `echo "`+sum+`  $1"`)
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

// link puts a program of this machine on the PATH.
func (b bench) link(name string) {
	b.t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		b.t.Skipf("this machine has no %s", name)
	}
	b.remove(name)
	if err := os.Symlink(path, filepath.Join(b.bin, name)); err != nil {
		b.t.Fatal(err)
	}
}

// remove takes programs off the PATH.
func (b bench) remove(names ...string) {
	b.t.Helper()
	for _, name := range names {
		if err := os.Remove(filepath.Join(b.bin, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			b.t.Fatal(err)
		}
	}
}

// standIn puts a program on the PATH.
func (b bench) standIn(name, script string) {
	b.t.Helper()
	b.write(filepath.Join(b.bin, name), "#!/usr/bin/env bash\n"+script+"\n")
}

// A maelstrom that shows its arguments, one a line, and exits as the script says.
const showArguments = `printf '<%s>\n' "$@"`

// command is the script, run from a folder that has nothing to do with it.
func (b bench) command(environment []string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(b.root, "scripts", "maelstrom.sh"), args...)
	cmd.Env = append([]string{"PATH=" + b.bin, "HOME=" + b.root}, environment...)
	cmd.Dir = b.t.TempDir()
	return cmd
}

// run runs the script to its end, and returns what it wrote and its exit code.
func (b bench) run(environment []string, args ...string) (out string, code int) {
	b.t.Helper()
	cmd := b.command(environment, args...)
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.t.Fatal(err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// serve puts a curl and a wget on the PATH that save a release whose maelstrom runs script, in the file named after -o or
// -O. The other programs of this name, and the network, are out of reach.
func (b bench) serve(script string) {
	b.t.Helper()
	release := b.t.TempDir()
	b.write(filepath.Join(release, "maelstrom", "maelstrom"), "#!/usr/bin/env bash\n"+script+"\n")
	archive := filepath.Join(release, "maelstrom.tar.bz2")
	if out, err := exec.Command("tar", "-cjf", archive, "-C", release, "maelstrom").CombinedOutput(); err != nil {
		b.t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"curl", "wget"} {
		b.standIn(name, `while [[ $1 != -[oO] ]]; do shift; done; cat `+archive+` >"$2"`)
	}
}

func (b bench) kept() []string {
	files, err := filepath.Glob(filepath.Join(b.root, ".maelstrom", "*"))
	if err != nil {
		b.t.Fatal(err)
	}
	return files
}

func TestMaelstromIsGivenTheExercisesTestAndFurtherFlags(t *testing.T) {
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
	for _, summer := range []string{"sha256sum", "shasum"} { // the machine's own
		b.remove("sha256sum", "shasum")
		b.link(summer)
		out, code := b.run(nil)
		if code != 2 || !strings.Contains(out, "SHA-256") || strings.Contains(out, "evil") || len(b.kept()) > 0 {
			t.Errorf("%s: code %d, kept %q: %s", summer, code, b.kept(), out)
		}
	}
}

func TestAnInterruptedDownloadLeavesNothing(t *testing.T) {
	b := newBench(t)
	b.serve("echo first")
	b.standIn("curl", `while [[ $1 != -o ]]; do shift; done; echo half >"$2"; echo half; exec sleep 60`)
	b.link("sleep")
	cmd := b.command(nil)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as a terminal's Ctrl-C reaches them all
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("half\n"))); err != nil {
		t.Error(err)
	}
	if len(b.kept()) != 1 {
		t.Errorf("in the middle of the download there is %q", b.kept())
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || len(b.kept()) > 0 {
		t.Errorf("ended with %v, kept %q", err, b.kept())
	}
}

func TestADownloadTakesTheWgetAndShasumThatThereAre(t *testing.T) {
	b := newBench(t)
	b.serve(showArguments)
	b.remove("curl", "sha256sum")
	b.standIn("shasum", `[[ $1 == -a && $2 == 256 ]] && echo "`+sum+`  $3"`)
	if out, code := b.run(nil); code != 0 || !strings.Contains(out, "<g-counter>") {
		t.Errorf("code %d: %s", code, out)
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
	b.remove("java", "gnuplot", "dot")
	out, code := b.run(nil)
	if code != 2 || strings.Contains(out, "started") || strings.Count(out, "\n") != 1 ||
		!strings.Contains(out, "Java") || !strings.Contains(out, "gnuplot") || !strings.Contains(out, "graphviz") {
		t.Errorf("code %d: %s", code, out)
	}
}

func TestMAELSTROMIsSeenFromTheCallersFolder(t *testing.T) {
	b := newBench(t)
	b.standIn("maelstrom", "echo the wrong one")
	cmd := b.command([]string{"MAELSTROM=./mine"})
	b.write(filepath.Join(cmd.Dir, "mine"), "#!/usr/bin/env bash\necho mine")
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "mine\n" {
		t.Errorf("%v: %s", err, out)
	}
	if out, code := b.run([]string{"MAELSTROM=gone/maelstrom"}); code != 2 || strings.Count(out, "\n") != 1 || !strings.Contains(out, "gone/maelstrom") {
		t.Errorf("code %d: %s", code, out)
	}
}

func TestANodeThatDoesNotBuildIsNotTested(t *testing.T) {
	b := newBench(t)
	b.standIn("maelstrom", "echo started")
	b.standIn("go", `[[ $* == "build -o maelstrom-counter ." ]] && exit 1`)
	if out, code := b.run(nil); code != 2 || strings.Contains(out, "started") || !strings.Contains(out, "build") {
		t.Errorf("code %d: %s", code, out)
	}
}

func TestHelp(t *testing.T) {
	b := newBench(t)
	if out, code := b.run(nil, "-h"); code != 0 || !strings.Contains(out, "usage:") {
		t.Errorf("code %d: %s", code, out)
	}
}
