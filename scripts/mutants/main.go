// Mutants breaks the code in many small ways, one at a time, and checks that
// each room's own tests notice:
//
//	go run ./scripts/mutants             all rooms
//	go run ./scripts/mutants desk pace   only these
//
// It runs gremlins (https://github.com/go-gremlins/gremlins) on a copy of the
// module. Each mutant that survives must be listed in internal/mutants.txt,
// with the reason why it is harmless, and each listed mutant must survive.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

const gremlins = "github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0"

// list is the file that names the mutants that live, and why they are harmless.
const list = "internal/mutants.txt"

// A room is a package, by its directory. Its tests must kill at least a share
// of its mutants, in percent.
type room struct {
	dir   string
	share float64
}

var rooms = []room{
	{"internal/ledger", 98},
	{"internal/desk", 98},
	{"internal/peers", 98},
	{"internal/pace", 98},
	{"internal/register", 98},
	{"internal/rtt", 90},
	{"internal/node", 90},
	{"internal/bench/verdict", 95},
	{"internal/bench/journal", 95},
	{"internal/bench/linear", 95},
}

// goCommand is the go command that gremlins finds, a shell script. It runs the
// real one, with three differences:
//
//   - All code counts as covered. Otherwise gremlins would not try to change
//     what Go leaves out of coverage: the expressions after case, and
//     constants. A mutant that no test reaches lives.
//   - Tests run for at most 20 s, however long the compiler has taken. A mutant
//     that loops for ever is killed then. (Gremlins' own limit includes the
//     compiler's time, and leaves the test running.)
//   - A mutant that does not compile does not count as killed by a test.
const goCommand = `#!/bin/sh
PATH=${PATH#*:} # without the folder of this script
[ "$1" = test ] || exec go "$@"
if ! out=$(go "$@" -timeout 20s 2>&1); then
	echo "$out"
	case $out in *"[build failed]"*) exit 2 ;; *) exit 1 ;; esac
fi
[ "$2" != -cover ] || sed -i.old 's/:[0-9].*/:1.1,99999.1 1 1/' "$4"
`

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "mutants: %v\n", err)
		os.Exit(1)
	}
}

// run tests the rooms with these names, or all rooms, and prints the results.
func run(names []string) error {
	chosen, nameErr := choose(names)
	harmless, listErr := readList(list)
	dir, dirErr := os.MkdirTemp("", "mutants-")
	defer os.RemoveAll(dir)
	if err := errors.Join(nameErr, listErr, dirErr); err != nil {
		return err
	}
	if err := prepare(dir); err != nil {
		return err
	}
	complaints := 0
	for _, r := range chosen {
		began := time.Now()
		mutants, err := r.test(dir)
		if err != nil {
			return err
		}
		report, n := r.judge(mutants, harmless)
		fmt.Printf("%-17s %v: %s", r.dir, time.Since(began).Round(time.Second), report)
		complaints += n
	}
	if complaints > 0 {
		return fmt.Errorf("%d complaints", complaints)
	}
	return nil
}

// choose returns the rooms with these names, which are directories or last
// parts of directories. Without names it returns all rooms.
func choose(names []string) ([]room, error) {
	chosen := slices.DeleteFunc(slices.Clone(rooms), func(r room) bool {
		isIt := func(name string) bool { return strings.HasSuffix("/"+r.dir, "/"+name) }
		return len(names) > 0 && !slices.ContainsFunc(names, isIt)
	})
	if len(chosen) < len(names) {
		var all []string
		for _, r := range rooms {
			all = append(all, r.dir)
		}
		return nil, fmt.Errorf("some of %q are not rooms; the rooms are %s", names, strings.Join(all, ", "))
	}
	return chosen, nil
}

// prepare puts gremlins, the go command that it is to find, and a copy of the
// module into a directory. The copy becomes the working directory.
func prepare(dir string) error {
	module := filepath.Join(dir, "module")
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "go"), []byte(goCommand), 0o777),
		os.Setenv("PATH", dir+":"+os.Getenv("PATH")),
		os.Setenv("GOBIN", dir),
		// The copies of the module share the build cache, as paths do not
		// matter. The search in the desk's tests takes seconds.
		os.Setenv("GOFLAGS", "-trimpath -vet=off -count=1 -short -skip=^TestNoStateOfTheModelIsWrong$|^TestTheSearchFindsEachFault$"),
		os.Mkdir(module, 0o777),
		command("cp", "-R", "go.mod", "go.sum", "internal", module),
		os.Chdir(module),
		command("go", "install", gremlins),
	)
}

// command runs a command.
func command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// test makes gremlins test a room, and returns what has become of each mutant.
func (r room) test(dir string) ([]mutant, error) {
	report := filepath.Join(dir, path.Base(r.dir)+".json")
	if err := command("gremlins", "unleash", "./"+r.dir, "--output", report,
		"--workers", fmt.Sprint(runtime.GOMAXPROCS(0)), "--timeout-coefficient", "20",
		// Gremlins makes these only if it is told to.
		"--invert-assignments", "--invert-bitwise", "--invert-bwassign", "--invert-logical", "--invert-loopctrl",
		"--remove-self-assignments"); err != nil {
		return nil, err
	}
	return r.read(report)
}
