// Rival is a node of one of the designs in internal/bench/rivals or
// internal/bench/strangers, for the real Maelstrom:
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
	"os"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/rivals"
	"maelstrom-counter/internal/bench/strangers"
)

func main() {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	flags := flag.NewFlagSet("rival", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are printed below, with one line
	design := flags.String("design", "", "which design to be, by `name`")
	err := flags.Parse(os.Args[1:])
	program, unknown := named(*design)
	switch {
	case errors.Is(err, flag.ErrHelp):
		help(flags)
		return
	case err != nil:
	case flags.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case unknown != nil:
		err = fmt.Errorf("-design %w", unknown)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "rival: %v (-h explains the flags)\n", err)
		os.Exit(2)
	}
	env := maelstromtest.Env{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Now: time.Now, Seed: uint64(time.Now().UnixNano()),
	}
	if err := program(env); err != nil {
		fmt.Fprintf(os.Stderr, "rival: %v\n", err)
		os.Exit(1)
	}
}

// named returns the node of a rival or a stranger.
func named(design string) (maelstromtest.Program, error) {
	if stranger, err := strangers.Named(design); err == nil {
		return stranger.Program, nil
	}
	rival, err := rivals.Named(design)
	if err != nil {
		err = fmt.Errorf("%w, nor a stranger", err)
	}
	return rival.Program, err
}

func help(flags *flag.FlagSet) {
	fmt.Print("A node of Maelstrom's g-counter workload in a design that mostly gets it wrong. Maelstrom starts it:\n\n" +
		"  maelstrom test -w g-counter --bin ./rival [its flags] -- -design name\n\nFlags:\n")
	flags.SetOutput(os.Stdout)
	flags.PrintDefaults()
	fmt.Print("\nDesigns:\n")
	for _, r := range rivals.All {
		fmt.Printf("  %-22s %s\n", r.Name, r.Title)
	}
	fmt.Print("\nStrangers, which are counters as other people write them:\n")
	for _, s := range strangers.All {
		if s.On != "" {
			s.What += "; on " + s.On
		}
		fmt.Printf("  %-22s %s\n", s.Name, s.What)
	}
}
