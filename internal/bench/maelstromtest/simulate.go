package maelstromtest

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"maelstrom-counter/internal/bench/service"
)

// Simulate runs a cluster of nodes that run program, in virtual time and in a
// synctest bubble that it opens. It puts the cluster through cfg and judges
// what happened. The same cfg gives the same result, provided that program
// behaves the same on the same input. If the cluster does not start, t fails at
// once. Everything else is in the result.
//
// A program that holds a mutex while it waits for a message ends the whole
// process within seconds, with a panic that shows where: such a wait keeps
// virtual time from passing.
func Simulate(t testing.TB, cfg Config, program Program) *Result {
	t.Helper()
	if bubble() != "" {
		t.Fatal("maelstromtest: Simulate was called in a synctest bubble: it opens one of its own, so call it outside of synctest.Test")
	}
	r := simulateIn(t, cfg, program)
	if r.AnyWrong() {
		r.why = again(t, cfg, program, r.History)
	}
	return r
}

// simulateIn simulates in a test, or in a test that it makes.
func simulateIn(t testing.TB, cfg Config, program Program) *Result {
	t.Helper()
	if test, ok := t.(*testing.T); ok {
		return simulate(test, cfg, program)
	}
	// Package testing opens bubbles only for tests, so run a test, but never in
	// verbose mode.
	if v := flag.Lookup("test.v"); v != nil {
		defer v.Value.Set(v.Value.String())
		v.Value.Set("false")
	}
	var r *Result
	ok := testing.RunTests(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{
		Name: t.Name(),
		F: func(test *testing.T) {
			if r == nil { // -count and -cpu run it more than once
				r = simulate(test, cfg, program)
			}
		},
	}})
	if !ok {
		t.FailNow()
	}
	return r
}

// Record is like Simulate and also returns everything that happened, in place
// of calling cfg's Watch.
func Record(t testing.TB, cfg Config, program Program) (*Result, []Entry) {
	t.Helper()
	var entries []Entry
	cfg.Watch = func(e Entry) { entries = append(entries, e) }
	r := Simulate(t, cfg, program)
	if r.AnyWrong() {
		r.why = &why{entries: func() ([]Entry, error) { return entries, nil }}
	}
	return r, entries
}

func simulate(t *testing.T, cfg Config, program Program) *Result {
	t.Helper()
	var b *bench
	var history []Op
	var err error
	w := watchOver(t, cfg.Seed)
	defer w.done()
	var stuck bool
	printed := slices.DeleteFunc(stdout.during(func() {
		stuck = inBubble(t, func() {
			w.enter(cfg.Stderr)
			b, history, err = run(context.Background(), cfg, true, w.settle, inProcess(program))
		})
	}), byTesting)
	astray := messagesAmong(printed)
	if err != nil {
		t.Fatalf("seed %d: %v\n%s", cfg.Seed, err, astray)
	}
	if astray != "" {
		b.failures = append(b.failures, failure{Check: wellFormed, Text: astray})
	} else if len(printed) > 0 && !testing.Verbose() { // otherwise the test's own log is there, too
		b.Remarks = append(b.Remarks, Remark{Line: printed[0], Text: "this was printed to os.Stdout while the nodes ran: " +
			"if a node did it, it would be mute from then on as a process"})
	}
	if stuck {
		b.failures = append(b.failures, failure{Check: startsAndEnds, Text: leftBehind(w.bubble, allStacks())})
	}
	return b.result(history)
}

// byTesting reports whether a line of standard output looks like one of package
// testing: the report of a test that runs at the same time.
func byTesting(line string) bool {
	return slices.ContainsFunc([]string{"    ", "--- ", "=== "}, func(begin string) bool { return strings.HasPrefix(line, begin) })
}

// messagesAmong says that there are messages of nodes among lines that were
// printed to os.Stdout. It returns an empty string if there are none.
func messagesAmong(lines []string) string {
	messages := slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
		fields := map[string]json.RawMessage{}
		_, err := service.ScanFields([]byte(line), fields)
		src, _ := service.StringOf(fields["src"])
		return err != nil || checkFields(fields) != nil || !strings.HasPrefix(src, "n")
	})
	if len(messages) == 0 {
		return ""
	}
	return fmt.Sprintf("%d messages were printed to os.Stdout, which is the test's, while the nodes ran; "+
		"a node is heard only on Env.Stdout. The first was: %s", len(messages), messages[0])
}

// inBubble runs f in a synctest bubble. It reports whether goroutines are stuck
// there after f, instead of panicking.
func inBubble(t *testing.T, f func()) (stuck bool) {
	defer func() {
		if p := recover(); p != nil {
			err, ok := p.(error)
			if !ok || !strings.HasPrefix(err.Error(), "deadlock: main bubble goroutine has exited") {
				panic(p)
			}
			stuck = true
		}
	}()
	synctest.Test(t, func(*testing.T) { f() })
	return false
}

// run runs a cluster from its start to its end.
func run(ctx context.Context, cfg Config, virtual bool, settle func(), start starter) (*bench, []Op, error) {
	b, err := newBench(cfg, virtual, settle, start)
	if err != nil {
		return nil, nil, err
	}
	b.boot(func() {
		b.load = b.startLoad()
		b.endIfLost()
	})
	b.loop(ctx)
	defer b.finish()
	switch {
	case b.unstarted != nil:
		return nil, nil, b.unstarted
	case !b.booted:
		return nil, nil, fmt.Errorf("the nodes had not all answered init: %w", context.Cause(ctx))
	}
	return b, b.load.snapshot(), nil
}

// inProcess returns a starter that runs each life of a node as a call of
// program in this process.
func inProcess(program Program) starter {
	return func(env Env, wake func()) (*life, error) {
		l := &life{stdin: newPipe(), stdout: &outbox{wake: wake, races: true}, ended: make(chan struct{})}
		l.pause, l.resume = func() {}, func() {}
		env.Stdin, env.Stdout = l.stdin, l.stdout
		go func() {
			defer close(l.ended)
			e := exit{err: program(env)}
			if e.err != nil {
				e.code = 1
			}
			l.stdout.end(e)
		}()
		return l, nil
	}
}
