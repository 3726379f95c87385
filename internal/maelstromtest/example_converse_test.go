package maelstromtest_test

import (
	"testing"
	"testing/synctest"

	"maelstrom-counter/internal/maelstromtest"
)

// testConversation is what would be TestConversation in a file of one's own. The test plays the network of one node: a client, and the
// store that the node asks.
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

		// At the end of its input the node ends.
		if err := node.Close(); err != nil {
			t.Error(err)
		}
	})
}

func ExampleConverse() {
	run(testConversation)
	// Output: ok
}
