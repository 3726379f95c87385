package maelstromtest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"maelstrom-counter/internal/maelstromtest"
)

// serveEcho is the node under test: it answers init and echo.
func serveEcho(stdin io.Reader, stdout io.Writer) error {
	lines := bufio.NewScanner(stdin)
	for lines.Scan() {
		var msg struct {
			Src  string `json:"src"`
			Dest string `json:"dest"`
			Body struct {
				Type string `json:"type"`
				ID   int    `json:"msg_id"`
				Echo any    `json:"echo"`
			} `json:"body"`
		}
		if err := json.Unmarshal(lines.Bytes(), &msg); err != nil {
			return err
		}
		body := map[string]any{"type": msg.Body.Type + "_ok", "in_reply_to": msg.Body.ID}
		if msg.Body.Type == "echo" {
			body["echo"] = msg.Body.Echo
		}
		if err := json.NewEncoder(stdout).Encode(map[string]any{"src": msg.Dest, "dest": msg.Src, "body": body}); err != nil {
			return err
		}
	}
	return lines.Err()
}

// echoProgram is the node as the bench runs it.
func echoProgram(env maelstromtest.Env) error { return serveEcho(env.Stdin, env.Stdout) }

// The node gives back all it gets, whatever the seed, and although nodes are killed.
func TestEchoNodeEchoes(t *testing.T) {
	nemesis, err := maelstromtest.ParseNemesis("partition,kill")
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			t.Parallel()
			r := maelstromtest.Simulate(t, maelstromtest.Config{
				Workload: maelstromtest.Echo{},
				Rate:     10, TimeLimit: 20 * time.Second, Nemesis: nemesis, Seed: seed,
			}, echoProgram)
			if err := r.Err(); err != nil {
				t.Error(err)
			}
		})
	}
}

// What was sent to a paused node is answered when it goes on.
func TestEchoNodeGoesOnAfterAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := maelstromtest.Start(t, maelstromtest.Config{}, echoProgram)
		defer c.Close()

		c.Pause("n1")
		go func() {
			time.Sleep(3 * time.Second)
			c.Resume("n1")
		}()
		begin := time.Now()
		reply, err := c.Client("n1").Request(map[string]any{"type": "echo", "echo": "hello"}, 5*time.Second)
		if err != nil || string(reply["echo"]) != `"hello"` {
			t.Errorf("reply %s, error %v", reply, err)
		}
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// ExampleRunProcesses tests an executable. Here this is the test's own, which serves echo when asked to by its argument (see
// TestMain); for a node of one's own it is what go build has made.
func ExampleRunProcesses() {
	bin, err := os.Executable()
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := maelstromtest.RunProcesses(context.Background(), maelstromtest.Config{
		Workload:  maelstromtest.Echo{},
		Rate:      100,
		TimeLimit: time.Second / 2,
		Args:      []string{"echo node"},
	}, bin)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("right:", r.Right)
	fmt.Println("availability:", r.Availability)
	fmt.Println("error:", r.Err())
	// Output:
	// right: true
	// availability: 1
	// error: <nil>
}
