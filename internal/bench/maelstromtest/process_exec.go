//go:build unix

package maelstromtest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// whyNotRun adds the reason to an error, as far as the file shows it. The error
// is that of starting an executable file, or of a process that env or a shell
// has given up at once.
func whyNotRun(path string, err error) error {
	var ended *exec.ExitError
	info, missing := os.Stat(path)
	why := ""
	switch {
	case err == nil:
		return nil
	case errors.Is(err, exec.ErrWaitDelay):
		return errors.New("it ended with exit status 0, and left a process behind that kept its output open: a node must stay in the foreground")
	case errors.As(err, &ended):
		if code := ended.ExitCode(); code == 126 || code == 127 || !strings.HasPrefix(firstLine(path), "#!") && isText(path) {
			why = badScript(path)
		}
	case missing != nil:
	case info.IsDir():
		why = "it is a folder"
	case errors.Is(err, fs.ErrPermission) && info.Mode()&0o111 == 0:
		why = "the file is not executable: chmod +x makes it so"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOEXEC):
		why = badScript(path)
	}
	if why == "" {
		return err
	}
	return fmt.Errorf("%w: %s", err, why)
}

// badScript says what is wrong with a file that cannot be executed, if its
// beginning shows it.
func badScript(path string) string {
	first := firstLine(path)
	interpreter, isScript := strings.CutPrefix(first, "#!")
	words := strings.Fields(interpreter)
	switch {
	case strings.HasPrefix(first, "\x7fELF"), strings.HasPrefix(first, "MZ"), strings.HasPrefix(first, "\xcf\xfa\xed\xfe"):
		return "it is a program for another system or processor, or its loader is missing"
	case strings.HasPrefix(first, byteOrderMark+"#!"):
		return "a byte order mark comes before the #! of its first line"
	case !isScript:
		return "it has no first line #!..., so /bin/sh ran it"
	case strings.HasSuffix(first, "\r"):
		return fmt.Sprintf("its lines end in CR LF, so its interpreter is %q", strings.TrimLeft(interpreter, " "))
	case len(words) == 0:
		return "its first line names no interpreter"
	}
	if _, err := os.Stat(words[0]); err != nil {
		return fmt.Sprintf("the file's first line names the interpreter %s, which does not exist", words[0])
	}
	if filepath.Base(words[0]) == "env" {
		named := slices.IndexFunc(words[1:], func(w string) bool { return w[0] != '-' && !strings.Contains(w, "=") })
		if named < 0 {
			return "its first line names no interpreter"
		}
		if name := words[1+named]; lookPathFails(name) {
			return fmt.Sprintf("the file's first line names the interpreter %s, which is not in the PATH", name)
		}
	}
	return ""
}

func lookPathFails(name string) bool {
	_, err := exec.LookPath(name)
	return err != nil
}

// isText reports whether a file looks like text: its first line has no zero
// byte.
func isText(path string) bool { return !strings.ContainsRune(firstLine(path), 0) }

// firstLine returns the first line of a file, up to a few hundred bytes, or
// nothing if it cannot be read.
func firstLine(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	begin := make([]byte, 256)
	n, _ := f.Read(begin) // what is not read is not shown
	line, _, _ := strings.Cut(string(begin[:n]), "\n")
	return line
}
