// Rival is a node of one of the designs in internal/bench/rivals or
// internal/bench/strangers, for the bench and for the real Maelstrom:
//
//	go build -o rival ./scripts/rival
//	maelstrom test -w g-counter --bin ./rival --node-count 3 --rate 100 --time-limit 20 --nemesis partition -- -design cas
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/rivals"
	"maelstrom-counter/internal/bench/story"
	"maelstrom-counter/internal/bench/strangers"
)

func main() {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	program, err := parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(help())
		return
	case err != nil:
		fmt.Fprintf(os.Stderr, "rival: %v (-h lists the designs)\n", err)
		os.Exit(2)
	}
	env := maelstromtest.Env{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Now: time.Now, Seed: rand.Uint64(),
	}
	if err := program(env); err != nil {
		fmt.Fprintf(os.Stderr, "rival: %v\n", err)
		os.Exit(1)
	}
}

// parse returns the node that the arguments name. If they ask for help, it
// returns flag.ErrHelp.
func parse(args []string) (maelstromtest.Program, error) {
	flags := flag.NewFlagSet("rival", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints errors, in one line
	design := flags.String("design", "", "the node's design")
	err := flags.Parse(args)
	switch {
	case err != nil:
		return nil, err
	case flags.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case *design == "":
		return nil, errors.New("-design is missing")
	}
	return named(*design)
}

// named returns the node of a rival or a stranger.
func named(design string) (maelstromtest.Program, error) {
	if stranger, err := strangers.Named(design); err == nil {
		return stranger.Program, nil
	}
	if rival, err := rivals.Named(design); err == nil {
		return rival.Program, nil
	}
	return nil, fmt.Errorf("unknown -design %q", design)
}

// help explains the flag and lists the designs, in 80 columns.
func help() string {
	var text strings.Builder
	text.WriteString(`A node of Maelstrom's g-counter workload, in one of the designs below. Most of
them are wrong under some fault. The bench or Maelstrom starts it:

  go run ./scripts/bench --bin ./rival --node-count 3 --rate 100 \
    --nemesis partition -- -design cas

  maelstrom test -w g-counter --bin ./rival --node-count 3 --rate 100 \
    --time-limit 20 --nemesis partition -- -design cas

Designs:

`)
	for _, r := range rivals.All {
		list(&text, r.Name, r.Title)
	}
	text.WriteString(`
Counters as other people write them, each with a design or a slip of its own.
Where no service is named, it is seq-kv:

`)
	for _, s := range strangers.All {
		if s.On != "" {
			s.What += "; on " + s.On
		}
		list(&text, s.Name, s.What)
	}
	text.WriteString(`
The exit code is 0 at the end of input, 1 if a line of input is not a message,
and 2 if the command line is wrong.
`)
	return text.String()
}

// list adds a design to a list in two columns.
func list(text *strings.Builder, name, what string) {
	const column = 25
	for _, line := range story.Wrap(what, 80-column) {
		fmt.Fprintf(text, "  %-*s%s\n", column-2, name, line)
		name = ""
	}
}
