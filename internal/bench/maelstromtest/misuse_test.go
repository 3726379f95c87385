package maelstromtest_test

import (
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// serve runs a node that is written with Maelstrom's library and serves echo.
func serve(env maelstromtest.Env, echo func(n *maelstrom.Node, msg maelstrom.Message) error) error {
	n := maelstrom.NewNode()
	n.Stdin, n.Stdout = env.Stdin, env.Stdout
	n.Handle("echo", func(msg maelstrom.Message) error { return echo(n, msg) })
	return n.Run()
}

// locking holds a mutex while it waits for an answer, and the handler of the
// next request needs the same mutex.
func locking(env maelstromtest.Env) error {
	var mu sync.Mutex
	answered := make(chan struct{})
	return serve(env, func(*maelstrom.Node, maelstrom.Message) error {
		mu.Lock()
		defer mu.Unlock()
		<-answered
		return nil
	})
}

var elsewhere = make(chan error) // outside of any bubble

func waitingElsewhere(env maelstromtest.Env) error {
	return serve(env, func(*maelstrom.Node, maelstrom.Message) error { return <-elsewhere })
}

// logging logs in every way: through Maelstrom's library, through the standard
// logger, and to its standard error.
func logging(env maelstromtest.Env) error {
	return serve(env, func(n *maelstrom.Node, msg maelstrom.Message) error {
		log.Print("a line of the node")
		fmt.Fprintln(env.Stderr, "on stderr")
		return n.Reply(msg, msg.Body)
	})
}

// A prefixed writes to the standard error and puts itself before each write.
type prefixed string

func (p prefixed) Write(line []byte) (int, error) { return fmt.Fprintf(os.Stderr, "%s%s", p, line) }

// briefly is a short run of echoes, for two workers a node.
var briefly = maelstromtest.Config{Workload: maelstromtest.Echo{}, Rate: 100, Concurrency: 6, TimeLimit: time.Second, Seed: 77}

// simulating returns a test that simulates a cluster and fails with what is
// wrong with it, or at least to show what it has printed.
func simulating(cfg maelstromtest.Config, program maelstromtest.Program) func(t *testing.T) {
	return func(t *testing.T) { t.Error(maelstromtest.Simulate(t, cfg, program).Err()) }
}

// inBubble returns a test that runs in a bubble.
func inBubble(test func(t *testing.T)) func(t *testing.T) {
	return func(t *testing.T) { synctest.Test(t, test) }
}

// failing has tests that fail on purpose, with what the output of each must
// contain, and what it must not. Each runs in a process of its own, since a
// test that hangs cannot be ended in any other way.
var failing = map[string]struct {
	test      func(t *testing.T)
	want, not []string
}{
	"a mutex is held across a call": {simulating(briefly, locking), []string{
		"panic: maelstromtest: TestFailing with seed 77 hangs: a goroutine waits for a mutex whose holder waits for a message",
		"locking.func1(", "[sync.Mutex.Lock", "[chan receive (durable)",
	}, nil},
	"a mutex is held across a call in a cluster": {inBubble(func(t *testing.T) {
		c := maelstromtest.Start(t, briefly, locking)
		defer c.Close()
		for range 2 {
			c.Request("n0", maelstromtest.Body{"type": "echo"}, time.Second)
		}
	}), []string{"panic: maelstromtest: TestFailing with seed 77 hangs: a goroutine waits for a mutex", "locking.func1("}, nil},
	"a channel is outside of the bubble": {simulating(briefly, waitingElsewhere), []string{
		"panic: maelstromtest: TestFailing with seed 77 hangs: a goroutine waits for a channel that was made outside", "waitingElsewhere",
	}, nil},
	"Start outside of a bubble": {
		func(t *testing.T) { maelstromtest.Start(t, briefly, counter) },
		[]string{"--- FAIL: TestFailing", "Start was called outside of a synctest bubble", "synctest.Test"}, nil,
	},
	"Simulate in a bubble": {
		inBubble(simulating(briefly, counter)),
		[]string{"--- FAIL: TestFailing", "Simulate was called in a synctest bubble", "outside of synctest.Test"}, nil,
	},
	"no Close": {
		inBubble(func(t *testing.T) { maelstromtest.Start(t, briefly, counter) }),
		[]string{"--- FAIL: TestFailing", "without Close of its cluster", "defer it right after Start"}, nil,
	},
	"os.Stdin instead of Env.Stdin": {
		simulating(briefly, func(maelstromtest.Env) error { return maelstrom.NewNode().Run() }),
		[]string{"--- FAIL: TestFailing", "returned before the end of its input (a Program reads Env.Stdin and writes to Env.Stdout;"}, nil,
	},
	"the library's KV when answers are late": {simulating(maelstromtest.Config{
		Consistency: maelstromtest.Linearizable, Rate: 100, TimeLimit: 10 * time.Second, Nemesis: []maelstromtest.Fault{{Kind: maelstromtest.Late}}, Seed: 1,
	}, counter), []string{
		"g-counter with seed 1:\n", "left waiting for ever after the end of their input:\n",
		"chan send in go.(*Node).SyncRPC.func1 at node.go:", "Use RPC, and hand the answer over in a channel of capacity 1.",
	}, []string{"(*pipe)"}},
	"Build of nothing": {
		func(t *testing.T) { maelstromtest.Build(t, "./nothing") },
		[]string{"--- FAIL: TestFailing", "go build ./nothing: exit status 1", "directory not found"}, nil,
	},
	"a log that nobody asked for": {func(t *testing.T) {
		log.SetOutput(os.Stderr) // TestMain has discarded it
		log.Print("a line of the test")
		simulating(briefly, logging)(t)
	}, []string{"a line of the test", "a line of the node"}, []string{"Received", "Sent"}},
	"a log that was asked for": {func(t *testing.T) {
		log.SetOutput(os.Stderr)
		cfg := briefly
		cfg.Stderr = func(node string) io.Writer { return prefixed(node + ": ") }
		simulating(cfg, logging)(t)
		log.Print("a line of the test")
	}, []string{"\n20", " a line of the test", "\n: 2000/01/01 00:00:0", " a line of the node", " Received {c3 n0 {", "\nn1: on stderr"}, nil},
	"a bad configuration": {
		simulating(maelstromtest.Config{Nodes: -1}, counter),
		[]string{"--- FAIL: TestFailing", "Config.Nodes is -1, want at least 1"}, nil,
	},
}

func TestFailing(t *testing.T) {
	if f, ok := failing[os.Getenv("MAELSTROMTEST_FAILING")]; ok {
		f.test(t)
	}
}

// A test that uses the package wrongly, or that can never go on, ends within
// seconds. The message says which test it was, what is wrong, and where.
func TestMisuseIsExplained(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds of real time")
	}
	t.Parallel()
	for name, f := range failing {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFailing$", "-test.timeout=60s")
			cmd.Env = append(os.Environ(), "MAELSTROMTEST_FAILING="+name)
			begin := time.Now()
			out, err := cmd.CombinedOutput()
			if err == nil || time.Since(begin) > 30*time.Second {
				t.Errorf("error %v after %v", err, time.Since(begin))
			}
			for _, text := range slices.Concat(f.want, f.not) {
				if strings.Contains(string(out), text) != slices.Contains(f.want, text) {
					t.Errorf("the message should have %q, and not %q:\n%s", f.want, f.not, out)
				}
			}
		})
	}
}
