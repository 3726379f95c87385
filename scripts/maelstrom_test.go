// Package scripts_test runs the scripts in testdata: maelstrom.sh, with
// stand-ins for everything that it calls. It also checks the layout of the
// repository.
package scripts_test

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// sum is the SHA-256 of the release that maelstrom.sh downloads.
const sum = "301ec71d6b12af0d765edb413f5cf5aa1046b5609bd4e31376a0b549548e5799"

// A copy of maelstrom.sh is in the folder root, at $SCRIPT. The folder bin is
// the whole PATH. It has the tools that maelstrom.sh uses, and stand-ins for Go
// and for what Maelstrom needs, unless a script brings its own.
func TestMaelstromSh(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata",
		Setup: setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     exits,
			"interrupt": interrupt,
			"kept":      kept,
			"tool":      tool,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// test is the key of the script's testscript.T among its values.
type test struct{}

func setup(env *testscript.Env) error {
	script, err := os.ReadFile("maelstrom.sh")
	if err != nil {
		return err
	}
	path := filepath.Join(env.WorkDir, "root", "scripts", "maelstrom.sh")
	env.Values[test{}] = env.T()
	env.Setenv("SCRIPT", path)
	env.Setenv("PATH", filepath.Join(env.WorkDir, "bin"))
	files := map[string]string{
		path:                  string(script),
		"bin/go":              "#!/bin/sh\n",
		"bin/java":            "#!/bin/sh\n",
		"bin/gnuplot":         "#!/bin/sh\n",
		"bin/dot":             "#!/bin/sh\n",
		"bin/sha256sum":       "#!/bin/sh\necho \"" + sum + "  $1\"\n",
		"bin/wrong-maelstrom": "#!/bin/sh\necho the wrong one\nexit 9\n",
	}
	for path, text := range files {
		if !filepath.IsAbs(path) {
			path = filepath.Join(env.WorkDir, path)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if _, err := os.Stat(path); err == nil {
			continue // the script's own
		}
		if err := os.WriteFile(path, []byte(text), 0o777); err != nil {
			return err
		}
	}
	for _, name := range []string{"bash", "env", "dirname", "cat", "mkdir", "mktemp", "mv", "rm", "tar", "bzip2"} {
		if err := link(env.T(), env.WorkDir, name); err != nil {
			return err
		}
	}
	// The files that a script brings are not executable yet.
	return filepath.WalkDir(env.WorkDir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		return os.Chmod(path, 0o777)
	})
}

// link puts a program of this machine on the PATH. Without it the script is
// skipped.
func link(t testscript.T, dir, name string) error {
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip("this machine has no " + name)
	}
	return os.Symlink(path, filepath.Join(dir, "bin", name))
}

// tool is a command: "tool NAME" puts a program of this machine on the PATH.
func tool(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(link(ts.Value(test{}).(testscript.T), ts.Getenv("WORK"), args[0]))
}

// exits is a command: "exits CODE PROGRAM ARGUMENT..." runs a program, which
// must end with that exit code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	code, err := 0, ts.Exec(args[1], args[2:]...)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// kept is a command: "kept FOLDER NAME..." requires that a folder has these
// files and no others. Without names, the folder may be missing.
func kept(ts *testscript.TestScript, _ bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		ts.Check(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if got, want := strings.Join(names, " "), strings.Join(args[1:], " "); got != want {
		ts.Fatalf("%s has %q, want %q", args[0], got, want)
	}
}

// interrupt is a command: "interrupt PROGRAM" runs a program and, once it has
// written a line, interrupts it and all that it has started, as Ctrl-C on a
// terminal does. It must end with an error.
func interrupt(ts *testscript.TestScript, _ bool, args []string) {
	cmd := exec.Command(args[0])
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = []string{"PATH=" + ts.Getenv("PATH"), "WORK=" + ts.Getenv("WORK")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	_, readErr := bufio.NewReader(out).ReadString('\n')
	ts.Check(syscall.Kill(-cmd.Process.Pid, syscall.SIGINT))
	if err := cmd.Wait(); err == nil {
		ts.Fatalf("it ended without an error")
	}
	ts.Check(readErr)
}
