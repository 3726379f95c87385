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
	"strconv"
	"syscall"
	"time"

	"maelstrom-counter/internal/desk"
	"maelstrom-counter/internal/ledger"
	"maelstrom-counter/internal/node"
)

func main() {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	// The heap is only a few megabytes; letting it grow saves much of the
	// collector's work.
	debug.SetGCPercent(400)
	// A closed stdout must surface as a write error, not kill the process.
	signal.Ignore(syscall.SIGPIPE)
	if onTerminal(os.Stdin) && len(os.Args) == 1 {
		fmt.Fprintln(os.Stderr, "maelstrom-counter: waiting for Maelstrom's messages on stdin, one JSON object per line (see -h)")
	}
	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(stop, environment{
		args:   os.Args[1:],
		stdin:  os.Stdin,
		stdout: os.Stdout,
		stderr: os.Stderr,
		boot:   time.Now(),
		random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
	})
	cancel()
	os.Exit(code)
}

// onTerminal reports whether a person is likely to be typing.
func onTerminal(f *os.File) bool {
	info, err := f.Stat()
	null, nullErr := os.Stat(os.DevNull)
	return err == nil && nullErr == nil && info.Mode()&os.ModeCharDevice != 0 && !os.SameFile(info, null)
}

// The desk refuses requests before the node stops reading them.
const _ uint = node.MaxRequests - desk.MaxRequests - 1

// An environment is what a node takes from its process. Tests pass their own.
type environment struct {
	args           []string
	stdin          io.Reader
	stdout, stderr io.Writer
	boot           time.Time
	random         *rand.Rand
	watch          func(d *desk.Desk, step string) // if set, is called after each step of the desk
}

// run runs the node and returns the exit code: 0 at the end of input or when
// stop is done, 1 if the input or output fails, 2 if the arguments are wrong.
func run(stop context.Context, env environment) int {
	options, err := parse(env.args, env.stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(env.stderr, "maelstrom-counter: %v (-h explains the flags)\n", err)
		return 2
	}
	direct := slog.New(newHandler(env.stderr, options.level))
	lines := node.NewLog(env.stderr, func(lost int64) {
		direct.Error("log lines were lost, because nobody read stderr", "lines", lost)
	})
	defer lines.Close()
	logger := slog.New(newHandler(lines, options.level))
	n := node.New(env.stdin, env.stdout, logger, env.random)
	d := desk.New(ledger.NewLife(env.boot, n.Nonce()))
	d.Watch(env.watch)
	counter := newCounter(n, d, Config{Key: options.key, Timeout: options.timeout, Random: env.random, Log: logger})
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		counter.run()
	}()
	err = n.Run(stop)
	<-finished
	if err != nil {
		logger.Error("node failed", "err", err)
		return 1
	}
	return 0
}

// newHandler returns a JSON handler if messages are logged, since they are JSON
// themselves, and a text handler otherwise.
func newHandler(w io.Writer, level slog.Level) slog.Handler {
	options := &slog.HandlerOptions{Level: level}
	if level <= slog.LevelDebug {
		return slog.NewJSONHandler(w, options)
	}
	return slog.NewTextHandler(w, options)
}

type options struct {
	timeout time.Duration
	key     string
	level   slog.Level
}

// What -h prints before and after the flags.
const (
	helpIntro = `A node of Maelstrom's g-counter workload. Maelstrom starts it:

  maelstrom test -w g-counter --bin ./maelstrom-counter [its flags] -- [flags]

So does the bench in scripts/bench, which needs no Maelstrom.

Flags:
`
	helpEnd = `
Logging never delays a request. While nobody reads stderr, the node keeps up to
1 MiB of log lines. It drops later ones, and logs how many.

The exit code is 0 at the end of input, or after SIGINT or SIGTERM; 1 if the
node cannot read its input or write its output; 2 if the command line is wrong.
`
)

// parse parses the flags. It prints the help if asked to, but leaves it to the
// caller to print errors.
func parse(args []string, help io.Writer) (options, error) {
	o := options{timeout: 4 * time.Second, level: slog.LevelWarn}
	flags := flag.NewFlagSet("maelstrom-counter", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.key, "key", "counter", "the `key` of seq-kv that holds the counter")
	flags.Func("log-level", "the lowest `level` to log to stderr: error, warn, info (a line of\n"+
		"statistics every 10s), or debug (every message, as JSON) (default warn)",
		func(text string) error {
			if o.level.UnmarshalText([]byte(text)) != nil {
				return errors.New("want error, warn, info, or debug")
			}
			return nil
		})
	flags.Func("request-timeout", "answer every request within this `time`, such as 500ms; Maelstrom's\n"+
		"clients give up after 5s (default 4s)",
		func(text string) (err error) {
			o.timeout, err = parseTimeout(text)
			return err
		})
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(help, helpIntro)
		flags.SetOutput(help)
		flags.PrintDefaults()
		fmt.Fprint(help, helpEnd)
		return o, err
	case err != nil:
		return o, err
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case o.key == "":
		return o, errors.New("-key is empty")
	}
	return o, nil
}

func parseTimeout(text string) (time.Duration, error) {
	timeout, err := time.ParseDuration(text)
	_, notANumber := strconv.ParseFloat(text, 64)
	switch {
	case err != nil && notANumber == nil:
		return 0, fmt.Errorf("a time needs a unit: try %ss", text)
	case err != nil:
		return 0, errors.New("want a time with a unit, such as 4s or 500ms")
	case timeout <= 0:
		return 0, errors.New("must be positive")
	}
	return timeout, nil
}
