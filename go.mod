module maelstrom-counter

go 1.26.0

require (
	github.com/anishathalye/porcupine v1.3.1
	github.com/chromedp/cdproto v0.159.0
	github.com/chromedp/chromedp v0.23.0
	github.com/go-json-experiment/json v0.0.0-20260213210345-44df1a37e875
	github.com/jepsen-io/maelstrom/demo/go v0.0.0-20230321201811-151ad3cff117
	github.com/rogpeppe/go-internal v1.16.0
	go.uber.org/goleak v1.3.0
	golang.org/x/sys v0.49.0
	golang.org/x/term v0.36.0
	golang.org/x/tools v0.52.0
)

require olympos.io/encoding/edn v0.0.0-20201019073823-d3554ca0b0a3
