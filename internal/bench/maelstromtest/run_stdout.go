//go:build unix

package maelstromtest

import (
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A diversion reads along what the process writes to its standard output while
// a simulation runs. It takes the place of file descriptor 1 rather than of
// os.Stdout, since other goroutines may be reading that variable. All output is
// passed on.
type diversion struct {
	mu      sync.Mutex
	running int  // simulations
	crowd   bool // there were several at once since the diversion began

	pipe, passOn *os.File      // the output as it comes, and where it goes; nil if it is not diverted
	read         chan struct{} // closed when all has been read
	text         capped
}

var stdout diversion

// A capped keeps the beginning of what is written to it.
type capped struct{ strings.Builder }

func (c *capped) Write(p []byte) (int, error) {
	c.Builder.Write(p[:min(len(p), max(0, 1<<20-c.Len()))])
	return len(p), nil
}

// during calls f and returns the lines that the process has written to its
// standard output meanwhile, unless another simulation ran at that time.
func (d *diversion) during(f func()) (lines []string) {
	d.begin()
	defer func() { lines = d.end() }()
	f()
	return nil
}

// begin begins to read along, if no other simulation runs.
func (d *diversion) begin() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running++; d.running > 1 {
		d.crowd = true
		return
	}
	d.crowd, d.pipe = false, nil
	d.text.Reset()
	to, err := unix.Dup(1)
	if err != nil {
		return // there is no standard output
	}
	unix.CloseOnExec(to)
	d.passOn = os.NewFile(uintptr(to), "stdout")
	r, w, err := os.Pipe()
	if err == nil {
		err = unix.Dup2(int(w.Fd()), 1)
		w.Close()
	}
	if err != nil {
		d.passOn.Close()
		return
	}
	d.pipe, d.read = r, make(chan struct{})
	go func() {
		defer close(d.read)
		io.Copy(io.MultiWriter(d.passOn, &d.text), r)
	}()
}

// end returns the lines that the process has written while the simulation ran,
// if no other simulation did.
func (d *diversion) end() (lines []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running--; d.running > 0 || d.pipe == nil {
		return nil
	}
	unix.Dup2(int(d.passOn.Fd()), 1)
	// A child process may still hold the pipe.
	d.pipe.SetReadDeadline(time.Now().Add(time.Second))
	<-d.read
	d.pipe.Close()
	d.passOn.Close()
	if d.crowd {
		return nil
	}
	return strings.FieldsFunc(d.text.String(), func(r rune) bool { return r == '\n' })
}
