package maelstromtest

import (
	"strings"
	"testing"
)

// A bubble hangs if and only if none of its goroutines runs, and one of them
// waits for what keeps time from passing.
func TestABubbleHangsIfNoneOfItsGoroutinesCanGoOn(t *testing.T) {
	goroutine := func(state, bubble string) string {
		return "goroutine 7 [" + state + ", synctest bubble " + bubble + "]:\nmain.f(0x1)\n\t/tmp/main.go:7"
	}
	durable, input := goroutine("select (durable)", "1"), goroutine("sync.Cond.Wait (durable)", "1")+"\nmaelstromtest.(*pipe).Read(0x1)"
	for name, test := range map[string]struct {
		stacks []string
		want   string
	}{
		"all wait durably":           {[]string{durable, input}, ""},
		"a mutex":                    {[]string{durable, input, goroutine("sync.Mutex.Lock", "1")}, "waits for a mutex"},
		"a mutex, for minutes":       {[]string{durable, strings.Replace(goroutine("sync.RWMutex.RLock", "1"), ",", ", 2 minutes,", 1)}, "waits for a mutex"},
		"a mutex, and one runs":      {[]string{durable, goroutine("sync.Mutex.Lock", "1"), goroutine("running", "1")}, ""},
		"a mutex, and one will run":  {[]string{goroutine("sync.Mutex.Lock", "1"), goroutine("runnable", "1")}, ""},
		"a mutex in another bubble":  {[]string{durable, goroutine("sync.Mutex.Lock", "11")}, ""},
		"a mutex in no bubble":       {[]string{durable, "goroutine 7 [sync.Mutex.Lock]:\nmain.f()"}, ""},
		"a channel from outside":     {[]string{durable, goroutine("chan receive", "1")}, "a channel that was made outside"},
		"a read from the real world": {[]string{durable, goroutine("IO wait", "1")}, ""},
	} {
		got := hung(&watch{test: "TestX", bubble: "synctest bubble 1"}, test.stacks)
		if test.want == "" && got != "" || test.want != "" && !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
		if strings.Contains(got, "(*pipe).Read") {
			t.Errorf("%s: the text shows a node that only waits for input: %q", name, got)
		}
	}
}
