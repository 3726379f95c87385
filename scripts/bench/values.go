//go:build unix

package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// maxSpan bounds the times on the command line: 11 days.
const maxSpan = 1_000_000 * time.Second

// A span is a time on the command line: a number of units, as Maelstrom has it,
// or one with a unit of its own, such as 20s.
type span struct {
	to   *time.Duration
	unit time.Duration
}

func (s span) String() string {
	if s.to == nil || *s.to == 0 {
		return "" // the flag package asks a zero value, too
	}
	return strconv.FormatFloat(float64(*s.to)/float64(s.unit), 'g', -1, 64)
}

func (s span) Set(text string) error {
	d, err := time.ParseDuration(text)
	if n, err2 := strconv.ParseFloat(text, 64); err2 == nil {
		switch limit := float64(maxSpan) / float64(s.unit); {
		case math.IsNaN(n):
			return errors.New("it is not a number")
		case n > limit:
			d = maxSpan + 1
		default:
			d, err = time.Duration(max(n, -limit)*float64(s.unit)), nil
		}
		if d == 0 && n > 0 {
			d = 1
		}
	} else if err != nil {
		return fmt.Errorf("want a number of %s, or one with a unit, such as 20s or 50ms", unitNames[s.unit])
	}
	if d > maxSpan {
		return fmt.Errorf("it is more than %.0f s, which is the most that a time may be", maxSpan.Seconds())
	}
	*s.to = d
	return nil
}

var unitNames = map[time.Duration]string{time.Second: "seconds", time.Millisecond: "milliseconds"}

// factors reads lists of nodes with their factors, such as n1=2,n2=10.
func factors(lists []string, nodes int) (map[string]float64, error) {
	far := map[string]float64{}
	for _, list := range lists {
		for text := range strings.SplitSeq(list, ",") {
			text = strings.TrimSpace(text)
			node, number, _ := strings.Cut(text, "=")
			factor, err := strconv.ParseFloat(number, 64)
			if err != nil {
				return nil, fmt.Errorf("%q is not NODE=FACTOR", text)
			}
			if _, twice := far[node]; twice {
				return nil, fmt.Errorf("%s is listed twice", node)
			}
			far[node] = factor
		}
	}
	return far, maelstromtest.CheckFar(far, nodes)
}

// maxWorkers bounds the workers of a run.
const maxWorkers = 100_000

// workers reads a number of workers as Jepsen does: 10, or 10n for ten of each
// node.
func workers(text string, nodes int) (int, error) {
	number, perNode := strings.CutSuffix(text, "n")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("--concurrency %q: want a positive number, such as 10, or 10n for 10 per node", text)
	}
	each := 1
	if perNode {
		each = nodes
	}
	if n > maxWorkers/each {
		return 0, fmt.Errorf("--concurrency %s is more than the %d workers that a run may have", text, maxWorkers)
	}
	return n * each, nil
}

// A nodeList is how Jepsen names the machines that nodes run on. Here it only
// says how many nodes there are.
type nodeList []string

func (l *nodeList) add(name string) error {
	*l = append(*l, name)
	return nil
}

// split adds the names in a list that is separated by commas or lines.
func (l *nodeList) split(list string) error {
	*l = append(*l, strings.FieldsFunc(list, func(r rune) bool { return strings.ContainsRune(", \r\n", r) })...)
	return nil
}

func (l *nodeList) read(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return l.split(string(text))
}

// maxNodes bounds the nodes of a run on any machine: a thread of the bench
// waits for each of them to end, and each has threads of its own.
const maxNodes = 1000

// nodeLimit returns how many nodes this machine can run, and why not more.
func nodeLimit() (limit int, why string) {
	// Open files of a node, which are three pipes, its log and the process
	// itself, and those of the bench.
	const each, own = 6, 50
	limit, why = maxNodes, "each is a process, which takes a thread of the bench and several of its own"
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return limit, why
	}
	if most := max(1, (int64(min(files.Cur, 1<<31))-own)/each); most < int64(limit) {
		return int(most), fmt.Sprintf("each takes %d open files, and the bench may have %d (ulimit -n)", each, files.Cur)
	}
	return limit, why
}

// checkBin returns an error if the file is not one that can be run.
func checkBin(bin string) error {
	info, err := os.Stat(bin)
	switch {
	case err != nil:
		return fmt.Errorf("--bin %s: %w", bin, errors.Unwrap(err))
	case info.IsDir():
		return fmt.Errorf("--bin %s is a directory, not the node's executable file", bin)
	case info.Mode()&0o111 == 0:
		return fmt.Errorf("--bin %s is not executable: chmod +x %s makes it so", bin, bin)
	}
	return nil
}
