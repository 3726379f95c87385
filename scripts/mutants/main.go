// Mutants breaks the code in many small ways, one at a time, and checks that
// each room's own tests notice:
//
//	go run ./scripts/mutants             all rooms
//	go run ./scripts/mutants desk pace   only these
//
// It runs gremlins (https://github.com/go-gremlins/gremlins) on a copy of the
// module. Each mutant that survives must be listed in internal/mutants.txt,
// with the reason why it is harmless, and each listed mutant must survive.
// Besides, tests must reach nearly all mutants, and kill a large share of those
// that they reach.
//
// Gremlins calls this program in place of the go command, under the name go:
// see goCommand.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

const gremlins = "github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0"

// list is the file that names the survivors.
const list = "internal/mutants.txt"

// A room is a package below internal. A strict room must meet a higher bound.
type room struct {
	name   string
	strict bool
}

var rooms = []room{{"ledger", true}, {"desk", true}, {"peers", true}, {"pace", true}, {"register", true}, {"rtt", false}, {"node", false}}

// The shares, in percent, of the mutants that tests reach and must kill, and of
// all mutants, which they must reach.
const (
	killedStrict = 98
	killedOthers = 90
	reached      = 95
)

func main() {
	if filepath.Base(os.Args[0]) == "go" {
		os.Exit(goCommand(os.Args[1:]))
	}
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "mutants: %v\n", err)
		os.Exit(1)
	}
}

// run tests the rooms with these names, or all rooms, and writes the results to
// out.
func run(names []string, out io.Writer) error {
	chosen := rooms
	if len(names) > 0 {
		chosen = slices.DeleteFunc(slices.Clone(rooms), func(r room) bool { return !slices.Contains(names, r.name) })
		if len(chosen) < len(names) {
			return fmt.Errorf("some of %q are not rooms; the rooms are %v", names, rooms)
		}
	}
	text, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	harmless, err := parseList(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", list, err)
	}
	bench, err := newWorkbench()
	if err != nil {
		return fmt.Errorf("preparing: %w", err)
	}
	defer os.RemoveAll(bench.dir)

	var strict, others []mutant
	for _, r := range chosen {
		began := time.Now()
		mutants, err := bench.test(r)
		if err != nil {
			return fmt.Errorf("room %s: %w", r.name, err)
		}
		fmt.Fprintf(out, "%-8s %v in %v\n", r.name, count(mutants), time.Since(began).Round(time.Second))
		if r.strict {
			strict = append(strict, mutants...)
		} else {
			others = append(others, mutants...)
		}
	}
	complaints := judge(append(strict, others...), about(harmless, chosen))
	complaints = append(complaints, judgeShares("strict rooms", strict, killedStrict)...)
	complaints = append(complaints, judgeShares("other rooms", others, killedOthers)...)
	for _, complaint := range complaints {
		fmt.Fprintln(out, complaint)
	}
	if len(complaints) > 0 {
		return fmt.Errorf("%d complaints", len(complaints))
	}
	return nil
}

// about returns the listed survivors that are in one of the rooms.
func about(harmless []survivor, rooms []room) []survivor {
	return slices.DeleteFunc(slices.Clone(harmless), func(s survivor) bool {
		return !slices.ContainsFunc(rooms, func(r room) bool { return filepath.Dir(s.File) == "internal/"+r.name })
	})
}

// A workbench is a directory with a copy of the module, in which gremlins runs.
type workbench struct {
	dir string
	env []string
}

func newWorkbench() (*workbench, error) {
	goPath, err := exec.LookPath("go")
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return nil, err
	}
	bin := filepath.Join(dir, "bin")
	b := &workbench{dir: dir, env: append(os.Environ(),
		"PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"),
		"GOBIN="+bin,
		realGo+"="+goPath,
		// The copies of the module share the build cache, as paths do not
		// matter. The search in the desk's tests takes seconds.
		"GOFLAGS=-trimpath -vet=off -count=1 -short -skip=^TestNoStateOfTheModelIsWrong$|^TestTheSearchFindsEachFault$",
	)}
	if err := errors.Join(
		os.Mkdir(bin, 0o777),
		os.Symlink(self, filepath.Join(bin, "go")),
		os.CopyFS(filepath.Join(dir, "module", "internal"), os.DirFS("internal")),
		copyFile("go.mod", filepath.Join(dir, "module", "go.mod")),
		copyFile("go.sum", filepath.Join(dir, "module", "go.sum")),
	); err != nil {
		return nil, err
	}
	return b, b.run(goPath, "install", gremlins)
}

// run runs a command in the copy of the module.
func (b *workbench) run(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = filepath.Join(b.dir, "module"), b.env
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o666)
}

// test makes gremlins test one room, and returns what has become of each
// mutant.
func (b *workbench) test(r room) ([]mutant, error) {
	report := filepath.Join(b.dir, r.name+".json")
	args := []string{"unleash", "./internal/" + r.name, "--output", report,
		"--workers", fmt.Sprint(runtime.GOMAXPROCS(0)), "--timeout-coefficient", "20"}
	for _, kind := range []string{"invert-assignments", "invert-bitwise", "invert-bwassign", "invert-logical", "invert-loopctrl",
		"remove-self-assignments"} { // gremlins makes these only if it is told to
		args = append(args, "--"+kind)
	}
	if err := b.run(filepath.Join(b.dir, "bin", "gremlins"), args...); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(report)
	if err != nil {
		return nil, err
	}
	return parseReport(data, "internal/"+r.name, os.ReadFile)
}

// parseReport reads what gremlins reports of a package in a directory.
func parseReport(data []byte, dir string, readFile func(string) ([]byte, error)) ([]mutant, error) {
	var report struct {
		Files []struct {
			Name      string `json:"file_name"`
			Mutations []struct {
				Type, Status string
				Line, Column int
			}
		}
	}
	if err := json.Unmarshal(data, &report); err != nil {
		return nil, fmt.Errorf("report of gremlins: %w", err)
	}
	var mutants []mutant
	for _, file := range report.Files {
		path := dir + "/" + file.Name
		source, err := readFile(path)
		if err != nil {
			return nil, err
		}
		lines := strings.Split(string(source), "\n")
		for _, m := range file.Mutations {
			if m.Line < 1 || m.Line > len(lines) || m.Column < 1 || m.Column > len(lines[m.Line-1]) {
				return nil, fmt.Errorf("report of gremlins: %s:%d:%d does not exist", path, m.Line, m.Column)
			}
			code := mark(lines[m.Line-1], m.Column-1)
			mutants = append(mutants, mutant{survivor{File: path, Type: m.Type, Code: code}, m.Status, m.Line})
		}
	}
	return mutants, nil
}
