package maelstromtest

import (
	"io"
	"log"
	"os"
	"runtime"
	"strings"
	"sync"
)

// Nodes of a simulation share the process's standard logger, through which Maelstrom's library logs every message. What they write there
// comes from their cluster's bubble, and so can be told from all else.

// logs has where the standard logger's lines from a bubble go, by the bubble's name: an io.Writer, or nil for what Config.Stderr says.
var logs sync.Map

// divertLog has lines that nodes write with package log go to where their cluster's configuration says. A standard logger that
// somebody has already sent elsewhere is left alone.
var divertLog = sync.OnceFunc(func() {
	if out := log.Writer(); out == os.Stderr {
		log.SetOutput(logDiverter{out})
	}
})

type logDiverter struct{ otherwise io.Writer }

func (d logDiverter) Write(line []byte) (int, error) {
	if to, ok := logs.Load(bubble()); ok {
		if w, _ := to.(io.Writer); w != nil {
			return w.Write(line)
		}
		if byTheLibrary() {
			return len(line), nil
		}
	}
	return d.otherwise.Write(line)
}

// byTheLibrary says whether it is Maelstrom's library that is logging.
func byTheLibrary() bool {
	pcs := make([]uintptr, 8)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "log.") {
			return strings.HasPrefix(frame.Function, "github.com/jepsen-io/maelstrom/demo/go.")
		}
		if !more {
			return false
		}
	}
}
