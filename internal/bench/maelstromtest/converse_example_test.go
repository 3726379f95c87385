package maelstromtest_test

import (
	"testing"
	"testing/synctest"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// testConversation would be TestConversation in your own test file. The test
// plays the network of one node: a client, and the store that the node asks.
func testConversation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node := maelstromtest.Converse(t, maelstromtest.Setting{Node: "n1", Nodes: []string{"n0", "n1"}}, counter) // see the example of Simulate

		// Hear fails the test if no message of the type comes in 5 s.
		id := node.Request("c1", `{"type":"read"}`)
		node.Answer(node.Hear("read"), `{"type":"read_ok","value":41}`)
		reply := node.Hear("read_ok")
		if reply.Dest != "c1" || reply.InReplyTo != id || reply.Field("value") != "41" {
			t.Errorf("answered with %v", reply)
		}
		node.Unheard() // nothing more

		// The node ends at the end of its input.
		if err := node.Close(); err != nil {
			t.Error(err)
		}
	})
}

func ExampleConverse() {
	run(testConversation)
	// Output: ok
}
