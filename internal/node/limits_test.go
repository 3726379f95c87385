package node

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// A long request holds up those behind it until its handler gets it, or the
// node has ended.
func TestALongRequestThatIsNotHandledIsGivenUpWhenTheNodeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c, n := converse(t, handlers{
			"ping": func(n *Node, msg maelstrom.Message) { <-release; pong(n, msg, "") },
		})
		c.Line(initLine)
		c.Hear("init_ok")
		c.Send("c1", `{"type":"ping","msg_id":7}`)
		synctest.Wait()
		c.Send("c1", `{"type":"ping","msg_id":8,"x":"%s"}`, strings.Repeat("x", 1<<17))
		c.Send("c1", `{"type":"gong","msg_id":9}`)
		synctest.Wait()
		c.Unheard()
		if len(n.open.inside) != 2 {
			t.Errorf("%d requests are inside", len(n.open.inside))
		}
		c.Stop()
		if c.Wait() == nil {
			t.Error("ended without an error")
		}
		// Now both have left the gate. If not, a goroutine is left that waits
		// for them, and the test fails.
		close(release)
	})
}

func TestTheGateLetsIn66560RequestsAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		for range 66_560 {
			g.enter()
		}
		entered := make(chan bool, 3)
		for range 3 {
			go func() { entered <- g.enter() }()
		}
		for left := range 3 {
			synctest.Wait()
			if len(entered) != left {
				t.Errorf("%d entered after %d had left", len(entered), left)
			}
			g.leave()
		}
		synctest.Wait()
		go g.enter() // returns when the gate closes
		closed := false
		go func() {
			g.close()
			closed = true
		}()
		synctest.Wait()
		if g.enter() {
			t.Error("a closed gate let somebody in")
		}
		for range 66_559 {
			g.leave()
		}
		synctest.Wait()
		if closed {
			t.Error("close returned while one was inside")
		}
		g.leave()
		synctest.Wait()
		if !closed || g.enter() {
			t.Error("close did not return although nobody is inside, or let somebody in")
		}
	})
}

// stuckPipe returns a pipe, and breaks it at the end of the test. Until
// somebody reads from it, whoever writes to it is stuck.
func stuckPipe(t *testing.T) (*io.PipeReader, *io.PipeWriter) {
	r, w := io.Pipe()
	t.Cleanup(func() { _ = r.Close() }) // cannot fail
	return r, w
}

func TestReadersAndWritersWaitWhileMoreThan1MiBIsBuffered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := stuckPipe(t)
		var written bytes.Buffer
		o := newBuffer(func() {})
		flushed := make(chan error, 1)
		go func() { flushed <- o.flush(w) }()
		// What is written is compared below.
		write := func(text string) { _, _ = o.Write([]byte(text + "\n")) }
		write("first") // flush takes it out of the buffer, and blocks
		synctest.Wait()
		long := strings.Repeat("x", 1<<20-1)
		write(long) // 1 MiB with its newline
		for _, step := range []struct {
			what  string
			do    func()
			waits bool
		}{
			{"a reader when 1 MiB is buffered", o.wait, false},
			{"a writer when 1 MiB is buffered", func() { write("y") }, false},
			{"a reader when more is buffered", o.wait, true},
			{"a writer when more is buffered", func() { write("z") }, true},
		} {
			waits := true
			go func() {
				step.do()
				waits = false
			}()
			synctest.Wait()
			if waits != step.waits {
				t.Errorf("%s: waits %v", step.what, waits)
			}
		}
		go io.Copy(&written, r)
		synctest.Wait()
		o.end(io.EOF)
		if err := <-flushed; err != nil {
			t.Error(err)
		}
		if got := written.String(); got != "first\n"+long+"\ny\nz\n" {
			t.Errorf("written: %d bytes", len(got))
		}
	})
}

// It ends 600 ms after it is stopped, or after its input ends.
func TestANodeWhoseOutputIsNotReadStopsReadingAndEndsInTime(t *testing.T) {
	line := `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":7}}` + "\n"
	long := strings.Replace(line, "7", `7,"x":"`+strings.Repeat("x", 70_000)+`"`, 1)
	gong := strings.Replace(line, "ping", "gong", 1) // which input itself answers
	stop, end := (*maelstromtest.Conversation).Stop, (*maelstromtest.Conversation).End
	for _, test := range []struct {
		name, in string
		end      func(c *maelstromtest.Conversation)
	}{
		{"stopped", "", stop},
		{"end of input", "", end},
		{"end of input behind less than the output takes", strings.Repeat(line, 1000), end},
		{"end of input behind more than the output takes", strings.Repeat(line, 17_000), end},
		{"end of input behind more than is read at once", strings.Repeat(line, 34_000), end},
		{"end of input behind requests that are refused", strings.Repeat(gong, 34_000), end},
		{"end of input behind long requests", strings.Repeat(long, 28), end},
		{"stopped behind more than is read", strings.Repeat(line, 100_000), stop},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var taken bytes.Buffer
				_, w := stuckPipe(t)
				c, n := converseOver(t, w, handlers{
					"ping": func(n *Node, msg maelstrom.Message) { pong(n, msg, strings.Repeat("x", 100)) },
				}, func(env *maelstromtest.Env) { env.Stdin = io.TeeReader(env.Stdin, &taken) })
				idle := runtime.NumGoroutine()
				c.Input(test.in)
				synctest.Wait()
				// One MiB is read at once, and another is read ahead. What has
				// been answered is less than a third. Up to one goroutine waits
				// for each line.
				if read, more := taken.Len(), runtime.NumGoroutine()-idle; read > 3<<20 || more > 1+read/len(line) {
					t.Errorf("%d bytes taken in, %d goroutines more", read, more)
				}
				time.Sleep(time.Hour)
				begin := time.Now()
				test.end(c)
				if err := c.Wait(); err == nil || !strings.Contains(err.Error(), "nobody reads them") {
					t.Errorf("got %v", err)
				}
				if took := time.Since(begin); took != 600*time.Millisecond {
					t.Errorf("ended after %v", took)
				}
				// This does not block, either.
				if n.Post("n2", maelstrom.MessageBody{Type: "x"}) == nil {
					t.Error("a message was sent after the end")
				}
			})
		})
	}
}

// Once the output has been full, another goroutine takes over from the one that
// waits for input. In a bubble, it must not wait for a mutex, or virtual time
// would not pass.
func TestTimePassesAfterTheOutputHasBeenFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := stuckPipe(t)
		var written bytes.Buffer
		c, n := converseOver(t, w, nil)
		go func() {
			for range 3 << 10 {
				_ = n.Post("n2", maelstrom.MessageBody{Type: strings.Repeat("x", 1<<10)})
			}
		}()
		synctest.Wait()
		go io.Copy(&written, r)
		time.Sleep(time.Hour)
		c.Line(`{"src":"c1","dest":"n1","body":{"type":"gong","msg_id":7}}`)
		synctest.Wait()
		if lines := strings.Split(written.String(), "\n"); !strings.Contains(lines[len(lines)-2], `"in_reply_to":7`) {
			t.Errorf("the last of %d lines is %.100q", len(lines), lines[len(lines)-2])
		}
	})
}

// Then nothing gets lost or out of order, either, and an error of the input is
// reported behind it.
func TestNothingIsLostWhenTheOutputIsReadAgain(t *testing.T) {
	broken := errors.New("the disk is gone")
	for _, test := range []struct {
		requests int
		failure  error // of the input, which ends before the output is read
	}{{0, broken}, {100_000, broken}, {100_000, nil}} {
		synctest.Test(t, func(t *testing.T) {
			r, w := stuckPipe(t)
			var written bytes.Buffer
			c, _ := converseOver(t, w, nil, func(env *maelstromtest.Env) {
				env.Stdin = struct{ io.Reader }{io.MultiReader(env.Stdin, iotest.ErrReader(cmp.Or(test.failure, io.EOF)))}
			})
			for i := range test.requests {
				c.Input(fmt.Sprintf(`{"src":"c1","dest":"n1","body":{"type":"gong","msg_id":%d}}`+"\n", i))
				if i == test.requests/2 {
					synctest.Wait()
				}
			}
			if test.failure != nil {
				c.End()
				synctest.Wait()
			}
			go io.Copy(&written, r)
			synctest.Wait()
			if err := c.Close(); !errors.Is(err, test.failure) || err != nil && !strings.HasPrefix(err.Error(), "reading messages: ") {
				t.Errorf("got %v", err)
			}
			lines := strings.SplitAfter(written.String(), "\n")
			if len(lines) != test.requests+2 || !strings.Contains(lines[0], `"init_ok"`) || lines[test.requests+1] != "" {
				t.Fatalf("%d lines, %q to %q", len(lines), lines[0], lines[len(lines)-1])
			}
			for i, line := range lines[1 : test.requests+1] {
				if !strings.Contains(line, fmt.Sprintf(`"in_reply_to":%d,`, i)) {
					t.Fatalf("answer %d is %s", i, line)
				}
			}
		})
	}
}

func TestALogLosesLinesOnlyIfNobodyReadsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := stuckPipe(t)
		l := NewLog(w, func(lost int64) { _, _ = fmt.Fprintf(w, "%d lost\n", lost) })
		lines := func(from, to int) (text string) {
			for i := from; i < to; i++ {
				text += fmt.Sprintf("%1023d\n", i)
			}
			return text
		}
		write := func(from, to int) {
			for line := range strings.Lines(lines(from, to)) {
				if _, err := io.WriteString(l, line); err != nil {
					t.Error(err)
				}
			}
			synctest.Wait()
		}
		var written bytes.Buffer
		write(0, 1)       // is being written
		write(1, 1026)    // is kept
		write(1026, 1100) // is too much
		_, _ = io.CopyN(&written, r, 1024)
		synctest.Wait() // until what is kept is being written
		write(1100, 1101)
		go io.Copy(&written, r)
		synctest.Wait()
		write(1101, 1111)
		begin := time.Now()
		l.Close()
		if took := time.Since(begin); took > 0 {
			t.Errorf("waited %v for a writer that does not block", took)
		}
		want := lines(0, 1026) + "74 lost\n" + lines(1100, 1111)
		if got := written.String(); got != want {
			t.Errorf("%d bytes written, want %d", len(got), len(want))
		}
	})
}

func TestALogThatNobodyReadsIsGivenUpAfter200ms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, w := stuckPipe(t)
		l := NewLog(w, func(int64) { t.Error("told that lines were lost") })
		_, _ = l.Write([]byte("line\n"))
		begin := time.Now()
		l.Close()
		if took := time.Since(begin); took != 200*time.Millisecond {
			t.Errorf("waited %v", took)
		}
	})
}

func TestAReplyThatCannotBeSentIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		c, n := converse(t, nil)
		c.Line(initLine)
		c.Hear("init_ok")
		n.log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		c.Request("c1", `{"type":"ping"}`)
		c.Hear("pong")
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if strings.Contains(log.String(), "cannot reply") {
			t.Errorf("a reply was sent, and the log says %q", log.String())
		}
		n.Reply("c1", 7, maelstrom.MessageBody{Type: "pong"})
		if !strings.Contains(log.String(), `msg="cannot reply" to=c1`) {
			t.Errorf("the log says %q", log.String())
		}
	})
}
