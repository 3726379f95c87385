//go:build unix

package main

import (
	"fmt"
	"slices"
	"strings"

	"maelstrom-counter/internal/bench/maelstromtest"
)

const introduction = `Runs a Maelstrom workload against a node's binary, without Maelstrom.

  bench -w g-counter --bin ./maelstrom-counter --node-count 3 --rate 100 --time-limit 20 --nemesis partition [-- node's flags]

Exits with 0 if everything was right and every threshold was met, with 1 if not, or if the nodes did not start, with 2 if the
command line was wrong, and with 130 if it was interrupted before anything had gone wrong.

Flags, with one dash or two:

`

// explained says in a sentence what each kind of fault does.
var explained = map[maelstromtest.Kind]string{
	maelstromtest.Partition: "Cuts links between nodes, in one of four shapes: one node off, halves, majorities in a ring, or halves with a bridge.",
	maelstromtest.StoreCut:  "Cuts one node off from the services for 2 s.",
	maelstromtest.Kill:      "Kills a node, without warning, and starts it again 0.1 to 5 s later.",
	maelstromtest.Pause:     "Stops a node for up to 5 s; the node does not notice, and its messages wait.",
	maelstromtest.Loss:      "Loses 5 % of the messages.",
	maelstromtest.Duplicate: "Delivers 10 % of the messages twice, the copies at different times.",
	maelstromtest.Late:      "Delivers 10 % of the messages 0.5 to 3 s late; of those with the services, only replies.",
	maelstromtest.Overtake:  "Delays each message by a random time, 20 ms on average, so that messages overtake one another.",
}

// inMessages reports whether a fault is in messages, of which each kind can
// also be between nodes.
func inMessages(f maelstromtest.Fault) bool {
	f.Links = maelstromtest.NodeLinks
	return slices.Contains(processFaults(), f)
}

// help explains the flags and the faults.
func help() string {
	var text strings.Builder
	text.WriteString(introduction)
	var o options
	flags := define(&o, &raw{})
	flags.SetOutput(&text)
	flags.PrintDefaults()
	text.WriteString("\nFaults that come and go, paced by --nemesis-interval, each in one place at a time:\n\n")
	for _, f := range processFaults() {
		if !inMessages(f) {
			fmt.Fprintf(&text, "  %-15s %s\n", f, explained[f.Kind])
		}
	}
	text.WriteString("\nFaults in messages, for the whole time limit: between nodes and services, or between nodes if the name begins with node-:\n\n")
	for _, f := range processFaults() {
		if inMessages(f) && f.Links == maelstromtest.StoreLinks {
			fmt.Fprintf(&text, "  %-10s node-%-10s %s\n", f, f, explained[f.Kind])
		}
	}
	text.WriteString("\nThe files of a run are in store/<workload>/latest: index.html is a page that shows all of it, and README.txt says what each file is.\n")
	return text.String()
}
