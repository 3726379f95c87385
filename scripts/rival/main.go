// Rival is a node of one of the designs in internal/bench/rivals, for the real
// Maelstrom:
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
	"strings"

	"maelstrom-counter/internal/bench/rivals"
)

func main() {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run runs the node and returns the exit code: 0 at the end of input, 1 if the
// node fails, 2 if the arguments are wrong.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	rival, err := parse(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "rival: %v (-h explains the flags)\n", err)
		return 2
	}
	if err := rival.Run(stdin, stdout); err != nil {
		fmt.Fprintf(stderr, "rival: %v\n", err)
		return 1
	}
	return 0
}

// parse reads the flags. It prints help if that is asked for, and leaves errors
// to the caller.
func parse(args []string, help io.Writer) (rivals.Rival, error) {
	var names []string
	for _, r := range rivals.All {
		names = append(names, r.Name)
	}
	flags := flag.NewFlagSet("rival", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	design := flags.String("design", "", "which design to be, by `name`")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(help, "A node of Maelstrom's g-counter workload in a design that gets it wrong. Maelstrom starts it:\n\n"+
			"  maelstrom test -w g-counter --bin ./rival [its flags] -- -design name\n\nFlags:\n")
		flags.SetOutput(help)
		flags.PrintDefaults()
		fmt.Fprint(help, "\nDesigns:\n")
		for _, r := range rivals.All {
			fmt.Fprintf(help, "  %-5s %s\n", r.Name, r.Title)
		}
		return rivals.Rival{}, err
	case err != nil:
		return rivals.Rival{}, err
	case flags.NArg() > 0:
		return rivals.Rival{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	rival, ok := rivals.Named(*design)
	if !ok {
		return rival, fmt.Errorf("-design %q is not one of %s", *design, strings.Join(names, ", "))
	}
	return rival, nil
}
