package transcript

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/tools/txtar"
)

// A Script is a text that is played line by line. A line without indentation is
// a step. The indented lines after it say what happened then. Empty lines and
// lines that begin with # are comments.
type Script struct {
	text string

	mu  sync.Mutex // guards what follows
	out string     // the script as it went, so far
}

// Each calls do with each step, in order. At the first error it stops, and
// returns that with the line.
func (s *Script) Each(do func(step string) error) error {
	for i, line := range strings.Split(strings.TrimSuffix(s.text, "\n"), "\n") {
		if strings.HasPrefix(line, " ") {
			continue
		}
		s.write(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := do(line); err != nil {
			return fmt.Errorf("line %d, %q: %w", i+1, line, err)
		}
	}
	return nil
}

// Happens writes down something that happens in the current step. The format is
// fmt.Sprintf's. Any goroutine may call it.
func (s *Script) Happens(format string, args ...any) {
	s.write(fmt.Sprintf("  "+format, args...))
}

func (s *Script) write(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out += line + "\n"
}

// Update is the flag -update of the test. With it, what is written in files is
// replaced by what happens.
var Update = flag.Bool("update", false, "rewrite files with what happens")

// Play plays the scripts in the files that match a pattern, each as a subtest.
// The files are txtar archives. Play fails if anything happens but what is
// written there, unless Update is set: then it rewrites the files.
func Play(t *testing.T, pattern string, play func(t *testing.T, s *Script) error) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("transcript: no file matches %q: %v", pattern, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil || len(archive.Files) == 0 {
				t.Fatalf("transcript: %s has no script: %v", path, err)
			}
			for i := range archive.Files {
				t.Run(archive.Files[i].Name, func(t *testing.T) { playFile(t, &archive.Files[i], *Update, play) })
			}
			if *Update && !t.Failed() {
				if err := os.WriteFile(path, txtar.Format(archive), 0o666); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// Check plays a script that is not in a file, and fails as Play does.
func Check(t *testing.T, text string, play func(t *testing.T, s *Script) error) {
	t.Helper()
	playFile(t, &txtar.File{Data: []byte(text)}, false, play)
}

// playFile plays a script of an archive, and puts what happens in its place.
func playFile(t *testing.T, file *txtar.File, update bool, play func(t *testing.T, s *Script) error) {
	s := &Script{text: string(file.Data)}
	t.Helper()
	if err := play(t, s); err != nil {
		t.Fatal(err)
	}
	file.Data = []byte(s.out)
	if s.out != s.text && !update {
		t.Errorf("%s\nIf that is right, accept it with -update.", s.difference())
	}
}

// difference shows where what happens begins to differ from what is written.
func (s *Script) difference() string {
	written, happens := strings.SplitAfter(s.text, "\n"), strings.SplitAfter(s.out, "\n")
	i := 0
	for i < min(len(written), len(happens)) && written[i] == happens[i] {
		i++
	}
	rest := func(lines []string) string {
		return cmp.Or(strings.Join(lines[min(i, len(lines)):min(i+5, len(lines))], ""), "(the end)\n")
	}
	return fmt.Sprintf("After line %d, %q, the script goes on with\n%s\nbut what happens is\n%s",
		i, strings.TrimSpace(strings.Join(written[max(0, i-1):i], "")), rest(written), rest(happens))
}
