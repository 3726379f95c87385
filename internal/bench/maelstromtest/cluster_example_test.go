package maelstromtest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// testPause would be TestPause in your own test file. It operates a cluster by
// hand, in virtual time. A request to a paused node is answered at the
// nanosecond at which the node goes on.
func testPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := maelstromtest.Start(t, maelstromtest.Config{}, counter) // see the example of Simulate
		defer c.Close()

		c.Put("lin-kv", "counter", 41)
		if _, err := c.Request("n0", maelstromtest.Body{"type": "add", "delta": 1}, time.Second); err != nil {
			t.Error(err)
		}
		c.Pause("n1")
		go func() {
			time.Sleep(3 * time.Second)
			c.Resume("n1")
		}()
		begin := time.Now()
		reply, err := c.Request("n1", maelstromtest.Body{"type": "read"}, 5*time.Second)
		if err != nil || string(reply["value"]) != "42" {
			t.Errorf("reply %s, error %v", reply, err)
		}
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("it took %v", took)
		}
		for _, problem := range c.Problems() {
			t.Error(problem)
		}
	})
}

// A test operates a cluster by hand.
func ExampleStart() {
	run(testPause)
	// Output: ok
}
