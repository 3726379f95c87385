package node

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// pad returns format with its %s replaced by enough x to make it that long.
func pad(length int, format string) string {
	return fmt.Sprintf(format, strings.Repeat("x", length-len(format)+len("%s")))
}

// The library takes lines of 64 KiB, with the newline.
func TestALongRequestIsServedWhole(t *testing.T) {
	for _, length := range []int{65_533, 65_534, 65_535, 65_536, 65_537, 1<<20 - 1} {
		synctest.Test(t, func(t *testing.T) {
			request := pad(length, `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":7,"x":"%s"}}`)
			c, _ := converse(t, maelstromtest.Setting{}, handlers{
				"ping": func(n *Node, msg maelstrom.Message) {
					pong(n, msg, fmt.Sprint(strings.Contains(request, string(msg.Body)), len(request)-len(msg.Body)))
				},
			})
			c.Line(request)
			if got, want := c.Hear().Field("text"), fmt.Sprintf(`"true %d"`, len(`{"src":"c1","dest":"n1","body":}`)); got != want {
				t.Errorf("of a line of %d bytes came, intact and all but how many: %s, want %s", length, got, want)
			}
		})
	}
}

// A long request holds up those behind it until its handler gets it, or the
// node has ended.
func TestALongRequestThatIsNotHandledIsGivenUpWhenTheNodeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c, n := converse(t, maelstromtest.Setting{}, handlers{
			"ping": func(n *Node, msg maelstrom.Message) { <-release; pong(n, msg, "") },
		})
		c.Send("c1", `{"type":"ping","msg_id":7}`)
		synctest.Wait()
		c.Line(pad(1<<17, `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":8,"x":"%s"}}`))
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

// The value has a receipt for each node. Beside n1 there are others, whose
// names have the given length. The names with their quotes, commas and
// brackets, and 80 bytes for each, may take 3/4 MiB.
func TestAnInitIsTakenIfAValueOfItsNodesFitsIntoALine(t *testing.T) {
	const long, many = "init: the names are so long", "init: 5001 nodes are more than 5000"
	for _, test := range []struct {
		others, length int
		line           int // its length, if it is filled up
		refusal        string
	}{
		{1, 2, 65_534, ""}, {1, 2, 65_535, ""}, {1, 2, 1<<20 - 1, ""},
		{1, 786_263, 0, ""}, {1, 786_264, 0, long},
		{699, 1000, 0, ""}, {799, 1000, 0, long},
		{4999, 64, 0, ""}, {4999, 74, 0, ""}, {4999, 75, 0, long}, {5000, 4, 0, many},
	} {
		names := []string{"n1"}
		for i := range test.others {
			names = append(names, fmt.Sprintf("%0*d", test.length, i))
		}
		quoted, _ := json.Marshal(names)
		init := fmt.Sprintf(`{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":%s,"x":"%%s"}}`, quoted)
		out, _ := feed(t, pad(max(test.line, len(init)), init))
		want := initOK
		if test.refusal != "" {
			want = `{"src":"n1","dest":"c0","body":{"in_reply_to":1,"type":"error","code":12,"text":"` + test.refusal
		}
		if len(out) != 1 || !strings.HasPrefix(out[0], want) {
			t.Errorf("an init of n1 and %d others with names of %d bytes was answered %.300q, want %s", test.others, test.length, out, want)
		}
	}
}

func TestTheLongestLineThatIsReadIs1MiB(t *testing.T) {
	for _, test := range []struct {
		length int64 // with its newline
		err    error
	}{{1<<20 - 1, nil}, {1 << 20, nil}, {1<<20 + 1, errLongLine}, {1<<20 + 1<<16, errLongLine}} {
		lines := bufio.NewReaderSize(io.MultiReader(io.LimitReader(endless{}, test.length-1), strings.NewReader("\nafter\n")), maxLine)
		line, err := readLine(lines)
		if want := test.length; err != test.err || err == nil && int64(len(line)) != want {
			t.Errorf("a line of %d bytes: %d bytes, %v", test.length, len(line), err)
		}
		if line, err := readLine(lines); string(line) != "after\n" || err != nil {
			t.Errorf("after a line of %d bytes: %.20q, %v", test.length, line, err)
		}
	}
}

func TestTenBadLinesASecondAreLoggedAndTheOthersCounted(t *testing.T) {
	var d dropLog
	second := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	allow := func(after time.Duration, suppressed int, ok bool) {
		t.Helper()
		if gotSuppressed, gotOK := d.allow(second.Add(after)); gotSuppressed != suppressed || gotOK != ok {
			t.Errorf("after %v: %d, %v, want %d, %v", after, gotSuppressed, gotOK, suppressed, ok)
		}
	}
	for range 10 {
		allow(0, 0, true)
	}
	for range 5 {
		allow(time.Second-1, 0, false)
	}
	allow(time.Second, 5, true)
	for range 9 {
		allow(1999*time.Millisecond, 0, true)
	}
	allow(1999*time.Millisecond, 0, false)
	allow(time.Hour, 1, true)
	allow(time.Hour, 0, true)
}

func TestTheGateLetsIn66560RequestsAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		for range 66_560 {
			g.enter()
		}
		entered := 0
		for range 3 {
			go func() {
				g.enter()
				entered++
			}()
		}
		for left := range 3 {
			synctest.Wait()
			if entered != left {
				t.Errorf("%d entered after %d had left", entered, left)
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

// A slowWriter writes nothing until may is closed, which happens at the latest
// at the end of the test.
type slowWriter struct {
	may     chan struct{}
	open    func() // closes may
	written bytes.Buffer
}

func newSlowWriter(t *testing.T) *slowWriter {
	w := &slowWriter{may: make(chan struct{})}
	w.open = sync.OnceFunc(func() { close(w.may) })
	t.Cleanup(w.open)
	return w
}

func (w *slowWriter) Write(p []byte) (int, error) {
	<-w.may
	return w.written.Write(p)
}

func TestReadersAndWritersWaitWhileMoreThan1MiBIsBuffered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newSlowWriter(t)
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
		w.open()
		synctest.Wait()
		o.end(io.EOF)
		if err := <-flushed; err != nil {
			t.Error(err)
		}
		if got := w.written.String(); got != "first\n"+long+"\ny\nz\n" {
			t.Errorf("written: %d bytes", len(got))
		}
	})
}

// It ends 600 ms after it is stopped, or after its input ends.
func TestANodeWhoseOutputIsNotReadStopsReadingAndEndsInTime(t *testing.T) {
	line := `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":7}}` + "\n"
	long := pad(70_000, `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":7,"x":"%s"}}`) + "\n"
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
				c, n := converseOver(t, newSlowWriter(t), handlers{
					"ping": func(n *Node, msg maelstrom.Message) { pong(n, msg, strings.Repeat("x", 100)) },
				}, func(env *maelstromtest.Env) { env.Stdin = io.TeeReader(env.Stdin, &taken) })
				idle := runtime.NumGoroutine()
				c.Input(test.in)
				synctest.Wait()
				// One MiB is read at once, and another is read ahead. What has
				// been answered is less than a third.
				if read, more := taken.Len(), runtime.NumGoroutine()-idle; read > 3<<20 || more > 1<<12 {
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
		w := newSlowWriter(t)
		c, n := converseOver(t, w, nil)
		go func() {
			for range 3 << 10 {
				_ = n.Post("n2", maelstrom.MessageBody{Type: strings.Repeat("x", 1<<10)})
			}
		}()
		synctest.Wait()
		w.open()
		time.Sleep(time.Hour)
		c.Line(`{"src":"c1","dest":"n1","body":{"type":"gong","msg_id":7}}`)
		synctest.Wait()
		if lines := strings.Split(w.written.String(), "\n"); !strings.Contains(lines[len(lines)-2], `"in_reply_to":7`) {
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
			w := newSlowWriter(t)
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
			w.open()
			synctest.Wait()
			if err := c.Close(); !errors.Is(err, test.failure) || err != nil && !strings.HasPrefix(err.Error(), "reading messages: ") {
				t.Errorf("got %v", err)
			}
			lines := strings.SplitAfter(w.written.String(), "\n")
			if len(lines) != test.requests+2 || lines[0] != initOK+"\n" || lines[test.requests+1] != "" {
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
		w := newSlowWriter(t)
		told := make(map[int]int64) // how much was written when the number of lost lines was told
		l := NewLog(w, func(lost int64) {
			told[w.written.Len()] += lost
			w.written.WriteString("lost\n")
		})
		line := func(i int) []byte { return fmt.Appendf(nil, "%1023d\n", i) }
		write := func(from, to int) (text string) {
			for i := from; i < to; i++ {
				if _, err := l.Write(line(i)); err != nil {
					t.Error(err)
				}
				text += string(line(i))
			}
			return text
		}
		want := write(0, 1)
		synctest.Wait() // until the first line is being written
		want += write(1, 1026)
		write(1026, 1100) // these are too many
		synctest.Wait()
		w.may <- struct{}{}
		synctest.Wait()
		want += write(1100, 1101)
		w.may <- struct{}{}
		w.open()
		synctest.Wait()
		kept := write(1101, 1111)
		begin := time.Now()
		l.Close()
		if took := time.Since(begin); took > 0 {
			t.Errorf("waited %v for a writer that does not block", took)
		}
		if len(told) != 1 || told[1026*1024] != 74 {
			t.Errorf("lost by position: %v", told)
		}
		if got := strings.Replace(w.written.String(), "lost\n", "", 1); got != want+kept {
			t.Errorf("%d bytes written, want %d", len(got), len(want+kept))
		}
	})
}

func TestALogThatNobodyReadsIsGivenUpAfter200ms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newSlowWriter(t)
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
		c, n := converse(t, maelstromtest.Setting{}, nil)
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

func TestRequestsToEachDestinationAreNumberedFromTheNonceOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := converse(t, maelstromtest.Setting{}, nil)
		<-n.Ready()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for i := range 3 {
			for _, dest := range []string{"n2", "seq-kv"} {
				if err := n.Post(dest, maelstrom.MessageBody{Type: "post"}); err != nil {
					t.Error(err)
				}
				_ = n.Ask(dest, maelstrom.MessageBody{Type: "ask"})(ctx, "", &struct{}{})
				for j, typ := range []string{"post", "ask"} {
					if p := c.Hear(typ); p.Dest != dest || p.MsgID != int(n.Nonce())+2*i+j+1 {
						t.Errorf("the nonce is %d, and request %d to %s is %v", n.Nonce(), 2*i+j+1, dest, p)
					}
				}
			}
		}
	})
}

func TestOnlyAnObjectWithFieldsIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, n := converse(t, maelstromtest.Setting{}, nil)
		for _, body := range []any{struct{}{}, nil, 5, 12345, "text", []int{1, 2, 3}, func() {}} {
			if n.Post("n2", body) == nil {
				t.Errorf("%v was sent", body)
			}
		}
		synctest.Wait()
		c.Unheard()
	})
}

func TestNamesMayBeLong(t *testing.T) {
	node, client := "n"+strings.Repeat("x", 1000), "c"+strings.Repeat("x", 1000)
	out, _ := feed(t, fmt.Sprintf(`{"src":"c0","dest":%[1]q,"body":{"type":"init","msg_id":1,"node_id":%[1]q,"node_ids":[%[1]q]}}
{"src":%[2]q,"dest":%[1]q,"body":{"type":"ping","msg_id":2}}`, node, client))
	want := fmt.Sprintf(`{"src":%q,"dest":%q,"body":{"in_reply_to":2,"type":"pong"}}`, node, client)
	if !slices.Contains(out, want) {
		t.Errorf("got %.200q", out)
	}
}
