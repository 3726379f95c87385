//go:build unix

package maelstromtest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An executable file that cannot run is told apart by its first line and its
// mode.
func TestAFileThatCannotRunSaysWhy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, test := range map[string]struct {
		text string
		mode os.FileMode
		want string
	}{
		"no interpreter":  {"#!/usr/bin/foo -x\n", 0o755, "the file's first line names the interpreter /usr/bin/foo, which does not exist"},
		"not in the PATH": {"#!/usr/bin/env -S FOO=1 no-such-python3 -u\n", 0o755, "the file's first line names the interpreter no-such-python3, which is not in the PATH"},
		"CR LF":           {"#!/bin/sh\r\necho\r\n", 0o755, `its lines end in CR LF, so its interpreter is "/bin/sh\r"`},
		"env and CR LF":   {"#!/usr/bin/env sh\r\necho\r\n", 0o755, `its lines end in CR LF, so its interpreter is "/usr/bin/env sh\r"`},
		"no shebang":      {"print('hello')\n", 0o755, "it has no first line #!..., so /bin/sh ran it"},
		"empty":           {"", 0o755, "its program returned before the end of its input"},
		"a child":         {"#!/bin/sh\nsleep 60 &\nexit 0\n", 0o755, "a node must stay in the foreground"},
		"no name":         {"#!\nexit 127\n", 0o755, "its first line names no interpreter"},
		"mark":            {byteOrderMark + "#!/bin/sh\n", 0o755, "a byte order mark comes before the #! of its first line"},
		"not executable":  {"#!/bin/sh\n", 0o644, "the file is not executable: chmod +x makes it so"},
		"another machine": {"\x7fELF\x02\x01\x01\x00(\n)", 0o755, "it is a program for another system or processor, or its loader is missing"},
		"exits with 127":  {"#!/bin/sh\nexit 127\n", 0o755, "exit status 127"},
		"is killed":       {"#!/bin/sh\necho on stderr >&2\nkill -9 $$\n", 0o755, "signal: killed"},
	} {
		path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
		if err := os.WriteFile(path, []byte(test.text), test.mode); err != nil {
			t.Fatal(err)
		}
		_, err := RunProcesses(t.Context(), Config{Nodes: 1}, path)
		var start *StartError
		if !errors.As(err, &start) || !strings.HasSuffix(start.Why, ": "+test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
		if told := strings.Contains(err.Error(), "stderr:\non stderr"); told != (name == "is killed") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := RunProcesses(t.Context(), Config{Nodes: 1}, dir); err == nil || !strings.Contains(err.Error(), "it is a folder") {
		t.Errorf("a folder: %v", err)
	}
}

// Nodes run in the system's folder for temporary files, as the file that a
// symbolic link leads to.
func TestNodesRunInTheTemporaryFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	text := "#!/bin/sh\npwd -P >&2\necho $0 >&2\n"
	if err := errors.Join(os.WriteFile(script, []byte(text), 0o755), os.Symlink("real", link)); err != nil {
		t.Fatal(err)
	}
	_, err := RunProcesses(t.Context(), Config{Nodes: 1}, link)
	temp, _ := filepath.EvalSymlinks(os.TempDir())
	real, _ := filepath.EvalSymlinks(script)
	var start *StartError
	if want := temp + "\n" + real; !errors.As(err, &start) || start.Stderr != want {
		t.Errorf("error %v, want stderr %s", err, want)
	}
}

// A script without #! is run by /bin/sh, as with Maelstrom, and what a node has
// left running is killed when the node has ended.
func TestAScriptWithoutAFirstLineRunsAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script, fifo := filepath.Join(dir, "script"), filepath.Join(dir, "fifo")
	text := "echo $1 $(basename $0) >&2\nsleep 100 >" + fifo + " &\nexit 3\n"
	if err := errors.Join(os.WriteFile(script, []byte(text), 0o755), syscall.Mkfifo(fifo, 0o600)); err != nil {
		t.Fatal(err)
	}
	closed := make(chan error)
	go func() {
		_, err := os.ReadFile(fifo) // until sleep has ended
		closed <- err
	}()
	_, err := RunProcesses(t.Context(), Config{Nodes: 1, Args: []string{"argument"}}, script)
	var start *StartError
	if !errors.As(err, &start) || start.Stderr != "argument script" {
		t.Errorf("error %v, want what the script says", err)
	}
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("what the node has left behind is still running")
	}
}
