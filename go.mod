module maelstrom-counter

go 1.26

require (
	github.com/anishathalye/porcupine v1.3.1
	github.com/jepsen-io/maelstrom/demo/go v0.0.0-20230321201811-151ad3cff117
	go.uber.org/goleak v1.3.0
)
