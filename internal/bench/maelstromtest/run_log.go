package maelstromtest

import (
	"io"
	"log"
	"os"
	"runtime"
	"strings"
	"sync"
)

// Nodes of a simulation share the process's standard logger, through which
// Maelstrom's library logs every message. A line that a node writes there comes
// from a goroutine in its cluster's bubble, which tells it apart from other
// lines.

// logs has, by the name of each bubble, the io.Writer for the standard logger's
// lines from that bubble. It is nil if Config.Stderr is nil.
var logs sync.Map

// divertLog sends the lines that nodes write with package log to where their
// cluster's configuration says. If the standard logger no longer writes to
// os.Stderr, divertLog leaves it alone.
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

// byTheLibrary reports whether Maelstrom's library is logging.
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
