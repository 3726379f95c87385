package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"maelstrom-counter/internal/desk"
	"maelstrom-counter/internal/node"
)

func main() {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	debug.SetGCPercent(400)   // the node lives in a few megabytes: some more of them save a good part of the collector's work
	// A closed stdout shall be an error like any other, and not end the process where it stands.
	signal.Ignore(syscall.SIGPIPE)
	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	os.Exit(run(stop, environment{
		args:   os.Args[1:],
		stdin:  os.Stdin,
		stdout: os.Stdout,
		stderr: os.Stderr,
		boot:   time.Now(),
		random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
	}))
}

// An environment is everything that a node takes from the process it runs in. Tests give it another.
type environment struct {
	args           []string
	stdin          io.Reader
	stdout, stderr io.Writer
	boot           time.Time
	random         *rand.Rand
	watch          func(d *desk.Desk, step string) // see Config.Watch
}

// run is the node's life. It returns the exit code: 0 at the end of input or when stop ends, 1 if the input or output
// fails, 2 if the arguments are wrong.
func run(stop context.Context, env environment) int {
	options, err := parse(env.args, env.stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(env.stderr, "maelstrom-counter: %v (-h explains the flags)\n", err)
		return 2
	}
	logger := slog.New(slog.NewTextHandler(env.stderr, &slog.HandlerOptions{Level: options.level}))
	n := node.New(env.stdin, env.stdout, logger, env.random)
	counter := newCounter(n, env.boot, Config{
		Key:     options.key,
		Timeout: options.timeout,
		Random:  env.random,
		Log:     logger,
		Watch:   env.watch,
	})
	folded := make(chan struct{})
	go func() {
		defer close(folded)
		counter.run()
	}()
	go counter.report()
	err = n.Run(stop)
	<-folded
	if err != nil {
		logger.Error("the node ends", "err", err)
		return 1
	}
	return 0
}

type options struct {
	timeout time.Duration
	key     string
	level   slog.Level
}

// parse reads the flags. It prints help where that is asked for, and leaves errors to the caller.
func parse(args []string, help io.Writer) (options, error) {
	o := options{level: slog.LevelWarn}
	flags := flag.NewFlagSet("maelstrom-counter", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.DurationVar(&o.timeout, "request-timeout", 4*time.Second,
		"answer every request within this `time`; Maelstrom's clients give up after 5s")
	flags.StringVar(&o.key, "key", "counter", "the `key` of seq-kv that holds the counter")
	flags.TextVar(&o.level, "log-level", o.level,
		"the `level` of what is logged to stderr: error, warn, info (a line of statistics every 10s), or debug (every message)")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(help, "A node of Maelstrom's g-counter workload. Maelstrom starts it:\n\n"+
			"  maelstrom test -w g-counter --bin ./maelstrom-counter [its flags] -- [flags]\n\nFlags:\n")
		flags.SetOutput(help)
		flags.PrintDefaults()
		return o, err
	case err != nil:
		return o, err
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case o.timeout <= 0:
		return o, fmt.Errorf("-request-timeout %v is not positive", o.timeout)
	case o.key == "":
		return o, errors.New("-key is empty")
	}
	return o, nil
}
