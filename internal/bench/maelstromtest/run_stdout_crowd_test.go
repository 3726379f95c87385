//go:build unix

package maelstromtest

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestDiversion is run by TestWhatNodesPrintToOSStdoutIsNoticed, in a process
// of its own, where nothing else prints. What is printed while two simulations
// run may be of either, so it counts for neither.
func TestDiversion(t *testing.T) {
	if os.Getenv("MAELSTROMTEST_PRINTING") == "" {
		t.Skip("run by TestWhatNodesPrintToOSStdoutIsNoticed")
	}
	show := func(text string) func() { return func() { fmt.Print(text) } }
	var inner []string
	for i, test := range []struct {
		f    func()
		want []string
	}{
		{func() {}, nil},
		{show("one\n\ntwo"), []string{"one", "two"}},
		{func() { inner = stdout.during(show("both\n")) }, nil},
		{show("alone again\n"), []string{"alone again"}},
	} {
		if got := stdout.during(test.f); !slices.Equal(got, test.want) || inner != nil {
			t.Errorf("step %d: %q and %q, want %q", i, got, inner, test.want)
		}
	}
	long := strings.Repeat(strings.Repeat("x", 1023)+"\n", 2000)
	if got := stdout.during(show(long)); len(got) != 1024 {
		t.Errorf("%d lines of a kilobyte were kept", len(got))
	}
}
