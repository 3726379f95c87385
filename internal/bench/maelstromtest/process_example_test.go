package maelstromtest_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// ExampleRunProcesses tests an executable in real time. Here that is the test's
// own executable, which serves echo when its argument says so (see TestMain).
// For your own node it is the file that Build returns.
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

// run runs a test as go test does. It prints ok if the test passes, or else
// what the test says. The examples use it.
func run(test func(t *testing.T)) {
	v := flag.Lookup("test.v").Value
	defer v.Set(v.String())
	v.Set("false") // the names of tests are not the examples' output
	if testing.RunTests(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "Test", F: test}}) {
		fmt.Println("ok")
	}
}
