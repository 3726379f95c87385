//go:build unix

package maelstromtest_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// printingNode serves echo and prints something to os.Stdout each time.
func printingNode(text string) maelstromtest.Program {
	return func(env maelstromtest.Env) error {
		return serve(env, func(n *maelstrom.Node, msg maelstrom.Message) error {
			fmt.Print(text)
			return n.Reply(msg, msg.Body)
		})
	}
}

const aMessage = `{"src":"n1","dest":"n2","body":{"type":"gossip"}}`

// TestPrinting is run in a process of its own, where nothing else prints.
func TestPrinting(t *testing.T) {
	if os.Getenv("MAELSTROMTEST_PRINTING") == "" {
		t.Skip("run by TestWhatNodesPrintToOSStdoutIsNoticed")
	}
	var out strings.Builder // to be printed when no simulation runs
	for _, text := range []string{"", "debug\n", aMessage + "\n", "--- FAIL\n    " + aMessage + "\n", aMessage[:len(aMessage)-1] + `,"x":1}` + "\n"} {
		r := maelstromtest.Simulate(t, briefly, printingNode(text))
		fmt.Fprintf(&out, "%q: remarks %v, %v\n", text, r.Remarks, r.Check("answers well-formed").Findings)
	}
	fmt.Print(out.String())
}

func TestWhatNodesPrintToOSStdoutIsNoticed(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^(TestPrinting|TestDiversion)$")
	cmd.Env = append(os.Environ(), "MAELSTROMTEST_PRINTING=1")
	raw, err := cmd.CombinedOutput()
	out := string(raw)
	if err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	for _, want := range []string{
		`"": remarks [], [n1 gave`, // its answers are of the wrong type
		`"debug\n": remarks [this was printed to os.Stdout while the nodes ran: `,
		`"--- FAIL\n    {\"src\":\"n1\",\"dest\":\"n2\",\"body\":{\"type\":\"gossip\"}}\n": remarks [], [n1 gave`,
		`,\"x\":1}\n": remarks [this was printed to os.Stdout while the nodes ran: `,
		` messages were printed to os.Stdout, which is the test's, while the nodes ran; a node is heard only on Env.Stdout. The first was: ` + aMessage,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
	// All of it has been passed on.
	if debugs, messages := strings.Count(out, "debug\n"), strings.Count(out, aMessage+"\n"); debugs < 50 || messages < 50 {
		t.Errorf("%d and %d lines were passed on:\n%s", debugs, messages, out)
	}
}
