package maelstromtest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// lockingCounter is written as many people write their first counter: it holds
// a mutex while it asks the store, and the handler of the answer needs the same
// mutex.
func lockingCounter(env maelstromtest.Env) error {
	n := maelstrom.NewNode()
	n.Stdin, n.Stdout = env.Stdin, env.Stdout
	var mu sync.Mutex
	total := 0
	n.Handle("add", func(msg maelstrom.Message) error {
		mu.Lock()
		defer mu.Unlock()
		answered := make(chan struct{})
		total++
		err := n.RPC("seq-kv", map[string]any{"type": "write", "key": "total", "value": total}, func(maelstrom.Message) error {
			mu.Lock()
			defer mu.Unlock()
			close(answered)
			return nil
		})
		if err != nil {
			return err
		}
		<-answered
		return n.Reply(msg, map[string]any{"type": "add_ok"})
	})
	n.Handle("read", func(msg maelstrom.Message) error {
		return n.Reply(msg, map[string]any{"type": "read_ok", "value": 0})
	})
	return n.Run()
}

var elsewhere = make(chan json.RawMessage) // outside of any bubble

func waitingElsewhere(env maelstromtest.Env) error {
	<-elsewhere
	return nil
}

// loggingNode logs in every way: through Maelstrom's library, through the
// standard logger, and to its standard error.
func loggingNode(env maelstromtest.Env) error {
	n := maelstrom.NewNode()
	n.Stdin, n.Stdout = env.Stdin, env.Stdout
	n.Handle("read", func(msg maelstrom.Message) error {
		log.Print("a line of the node")
		fmt.Fprintln(env.Stderr, "on stderr")
		return n.Reply(msg, map[string]any{"type": "read_ok", "value": 0})
	})
	n.Handle("add", func(msg maelstrom.Message) error { return n.Reply(msg, map[string]any{"type": "add_ok"}) })
	return n.Run()
}

// A prefixed writes to the standard error and puts itself before each write.
type prefixed string

func (p prefixed) Write(line []byte) (int, error) {
	fmt.Fprintf(os.Stderr, "%s%s", p, line)
	return len(line), nil
}

// failing has tests that fail on purpose, with what the output of each must
// contain. Each runs in a process of its own, since a test that hangs cannot be
// ended in any other way.
var failing = map[string]struct {
	test func(t *testing.T)
	want []string
	not  []string // what the output must not contain
}{
	"a mutex is held across a call": {
		func(t *testing.T) {
			maelstromtest.Simulate(t, maelstromtest.Config{Rate: 100, TimeLimit: time.Second, Seed: 77}, lockingCounter)
		},
		[]string{
			"panic: maelstromtest: TestFailing with seed 77 hangs: a goroutine waits for a mutex whose holder waits for a message",
			"lockingCounter.func1.1", "[sync.Mutex.Lock", "lockingCounter.func1(",
		}, nil,
	},
	"a mutex is held across a call in a cluster": {
		func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := maelstromtest.Start(t, maelstromtest.Config{Seed: 77}, lockingCounter)
				defer c.Close()
				c.Client("n0").Request(maelstromtest.Body{"type": "add", "delta": 1}, time.Second)
			})
		},
		[]string{"panic: maelstromtest: TestFailing with seed 77 hangs: a goroutine waits for a mutex", "lockingCounter.func1.1"}, nil,
	},
	"a channel is outside of the bubble": {
		func(t *testing.T) {
			maelstromtest.Simulate(t, maelstromtest.Config{Rate: 100, TimeLimit: time.Second, Seed: 77}, waitingElsewhere)
		},
		[]string{"panic: maelstromtest: TestFailing with seed 77 hangs: a goroutine waits for a channel that was made outside", "waitingElsewhere"}, nil,
	},
	"Start outside of a bubble": {
		func(t *testing.T) { maelstromtest.Start(t, maelstromtest.Config{}, counter) },
		[]string{"--- FAIL: TestFailing", "Start was called outside of a synctest bubble", "synctest.Test"}, nil,
	},
	"Simulate in a bubble": {
		func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { maelstromtest.Simulate(t, maelstromtest.Config{}, counter) })
		},
		[]string{"--- FAIL: TestFailing", "Simulate was called in a synctest bubble", "outside of synctest.Test"}, nil,
	},
	"no Close": {
		func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { maelstromtest.Start(t, maelstromtest.Config{}, counter) })
		},
		[]string{"--- FAIL: TestFailing", "without Close of its cluster", "defer it right after Start"}, nil,
	},
	"os.Stdin instead of Env.Stdin": {
		func(t *testing.T) {
			maelstromtest.Simulate(t, maelstromtest.Config{}, func(maelstromtest.Env) error { return maelstrom.NewNode().Run() })
		},
		[]string{"--- FAIL: TestFailing", "returned before the end of its input (a Program reads Env.Stdin and writes to Env.Stdout;"}, nil,
	},
	"the library's KV when answers are late": {
		func(t *testing.T) {
			r := maelstromtest.Simulate(t, maelstromtest.Config{
				Rate: 100, TimeLimit: 10 * time.Second, Nemesis: []maelstromtest.Fault{{Kind: maelstromtest.Late}}, Seed: 1,
			}, counter)
			t.Error(r.Err())
		},
		[]string{
			"g-counter with seed 1:\n", "left waiting for ever after the end of their input:\n",
			"chan send in go.(*Node).SyncRPC.func1 at node.go:", "Use RPC, and hand the answer over in a channel of capacity 1.",
		}, []string{"(*pipe)"},
	},
	"Build of nothing": {
		func(t *testing.T) { maelstromtest.Build(t, "./nothing") },
		[]string{"--- FAIL: TestFailing", "go build ./nothing: exit status 1", "directory not found"}, nil,
	},
	"a log that nobody asked for": {
		func(t *testing.T) {
			log.SetOutput(os.Stderr) // TestMain has discarded it
			log.Print("a line of the test")
			maelstromtest.Simulate(t, maelstromtest.Config{Rate: 10, TimeLimit: time.Second}, loggingNode)
			t.Error("to see what was logged")
		},
		[]string{"a line of the test", "a line of the node"}, []string{"Received", "Sent"},
	},
	"a log that was asked for": {
		func(t *testing.T) {
			log.SetOutput(os.Stderr)
			maelstromtest.Simulate(t, maelstromtest.Config{Rate: 10, TimeLimit: time.Second, Stderr: func(node string) io.Writer {
				return prefixed(node + ": ")
			}}, loggingNode)
			log.Print("a line of the test")
			t.Error("to see what was logged")
		},
		[]string{"\n20", " a line of the test", "\n: 2000/01/01 00:00:0", " a line of the node", " Received {c3 n0 {", "\nn1: on stderr"}, nil,
	},
	"a bad configuration": {
		func(t *testing.T) { maelstromtest.Simulate(t, maelstromtest.Config{Nodes: -1}, counter) },
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
			for _, text := range f.want {
				if !strings.Contains(string(out), text) {
					t.Errorf("the message has no %q:\n%s", text, out)
				}
			}
			for _, text := range f.not {
				if strings.Contains(string(out), text) {
					t.Errorf("the message has %q:\n%s", text, out)
				}
			}
		})
	}
}
