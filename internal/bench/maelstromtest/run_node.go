package maelstromtest

import (
	"fmt"
	"slices"
	"time"
)

// A node is a member of the cluster through all its lives.
type node struct {
	name     string
	endpoint *endpoint
	life     *life // nil while dead
	lives    []*life
	paused   bool
	held     [][]byte // input that waits for the end of a pause
	clock    clock
	down     []interval // when it was dead or paused; the last may be open
	said     tail       // its standard output
	stderr   tail
	crashed  bool // it has ended by itself, and is not started again
}

// lastWords shows the end of what a node has written.
func (n *node) lastWords() string {
	return fmt.Sprintf("\nstdout:\n%s\nstderr:\n%s", n.said.String(), n.stderr.String())
}

// input gives a node a line. A dead node gets nothing, and a paused one only
// later.
func (n *node) input(line []byte) {
	switch {
	case n.life == nil:
	case n.paused:
		n.held = append(n.held, line)
	default:
		n.life.stdin.Write(line)
	}
}

// healthy reports whether a fault may hit the node.
func (n *node) healthy() bool { return n.life != nil && !n.paused }

func (n *node) goDown(now time.Duration) { n.down = append(n.down, interval{from: now}) }

func (n *node) up(now time.Duration) {
	if last := len(n.down) - 1; last >= 0 && n.down[last].to == 0 {
		n.down[last].to = now
	}
}

// wasDown reports whether the node was dead or paused at some time between two
// others.
func (n *node) wasDown(from, to time.Duration) bool {
	return slices.ContainsFunc(n.down, func(d interval) bool { return d.from <= to && (d.to == 0 || d.to >= from) })
}
