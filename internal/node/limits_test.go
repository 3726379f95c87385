package node

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
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
			c, _ := converse(t, maelstromtest.Setting{}, map[string]func(*Node, maelstrom.Message){
				"ping": func(n *Node, msg maelstrom.Message) {
					pong(n, msg, fmt.Sprint(strings.Contains(request, string(msg.Body)), len(request)-len(msg.Body)))
				},
			})
			c.Line(request)
			if got, want := c.Hear().Field("x"), fmt.Sprintf(`"true %d"`, len(`{"src":"c1","dest":"n1","body":}`)); got != want {
				t.Errorf("of a line of %d bytes came, intact and all but how many: %s, want %s", length, got, want)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A long request holds up those behind it until its handler gets it, or the
// node has ended.
func TestALongRequestThatIsNotHandledIsGivenUpWhenTheNodeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c, n := converse(t, maelstromtest.Setting{}, map[string]func(*Node, maelstrom.Message){
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
		close(release) // Now both have left the gate. If not, a goroutine is left that waits for them, and the test fails.
	})
}

func TestAnInitMayBeLong(t *testing.T) {
	for _, length := range []int{65_534, 65_535, 1<<20 - 1} {
		line := pad(length, `{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"],"x":"%s"}}`)
		if out, _ := feed(t, line); !slices.Equal(out, []string{initOK}) {
			t.Errorf("an init of %d bytes was answered %q", length, out)
		}
	}
}

// The value has a receipt for each node.
func TestTheNamesOfTheNodesAreSoShortThatTheValueFitsIntoALine(t *testing.T) {
	for _, test := range []struct {
		nodes, length int
		ok            bool
	}{{5000, 64, true}, {5000, 74, true}, {5000, 75, false}, {1, 1000, true}, {700, 1000, true}, {800, 1000, false}} {
		names := make([]string, test.nodes)
		for i := range names {
			names[i] = fmt.Sprintf("%0*d", test.length, i)
		}
		quoted, _ := json.Marshal(names)
		out, _ := feed(t, fmt.Sprintf(`{"src":"c0","dest":%[1]q,"body":{"type":"init","msg_id":1,"node_id":%[1]q,"node_ids":%s}}`, names[0], quoted))
		want := `"type":"init_ok"`
		if !test.ok {
			want = `"code":12,"text":"init: the names are so long`
		}
		if len(out) != 1 || !strings.Contains(out[0], want) {
			t.Errorf("an init of %d nodes with names of %d bytes was answered %.300q, want %s", test.nodes, test.length, out, want)
		}
	}
}

func TestNamesMayTakeThreeQuartersOfALineWith80BytesForEachReceipt(t *testing.T) {
	// The names with their quotes, commas and brackets, and 80 bytes for each,
	// take 3/4 MiB, or one byte more.
	for _, length := range []int{786_263, 786_264} {
		out, _ := feed(t, fmt.Sprintf(`{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1",%q]}}`, strings.Repeat("x", length)))
		if ok := slices.Equal(out, []string{initOK}); ok != (length == 786_263) {
			t.Errorf("an init with a name of %d bytes was answered %q", length, out)
		}
	}
}

func TestAClusterHasAtMostMaxNodes(t *testing.T) {
	for _, nodes := range []int{MaxNodes, MaxNodes + 1} {
		var others strings.Builder
		for i := range nodes - 1 {
			fmt.Fprintf(&others, `,"n%d"`, i+2)
		}
		out, _ := feed(t, `{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"`+others.String()+`]}}`)
		if ok := slices.Equal(out, []string{initOK}); ok != (nodes == MaxNodes) {
			t.Errorf("an init of %d nodes was answered %q", nodes, out)
		}
	}
}

func TestTheLongestLineThatIsReadIs1MiB(t *testing.T) {
	for _, test := range []struct {
		length int // with its newline
		err    error
	}{{1<<20 - 1, nil}, {1 << 20, nil}, {1<<20 + 1, errLongLine}, {1<<20 + 1<<16, errLongLine}} {
		lines := bufio.NewReaderSize(io.MultiReader(&repeat{left: test.length - 1}, strings.NewReader("\nafter\n")), maxLine)
		line, err := readLine(lines)
		if want := test.length; err != test.err || err == nil && len(line) != want {
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
				if g.enter() {
					entered++
				}
			}()
		}
		synctest.Wait()
		for want := range 3 {
			if entered != want {
				t.Errorf("%d entered after %d had left", entered, want)
			}
			g.leave()
			synctest.Wait()
		}
		go func() { g.enter() }() // returns when the gate closes
		synctest.Wait()
		left := false
		go func() {
			g.close()
			left = true
		}()
		synctest.Wait()
		if len(g.inside) != 66_560 || g.enter() {
			t.Errorf("%d are inside a closed gate", len(g.inside))
		}
		for range 66_560 {
			if left {
				t.Fatal("close returned while some were inside")
			}
			g.leave()
			synctest.Wait()
		}
		if g.enter() {
			t.Error("a closed gate let somebody in")
		}
		if !left {
			t.Error("close did not return although nobody is inside")
		}
	})
}

// A slowWriter writes nothing until may is closed.
type slowWriter struct {
	may     chan struct{}
	written bytes.Buffer
}

func (w *slowWriter) Write(p []byte) (int, error) {
	<-w.may
	return w.written.Write(p)
}

func TestReadersAndWritersWaitWhileMoreThan1MiBIsBuffered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &slowWriter{may: make(chan struct{})}
		o := newBuffer(func() {})
		flushed := make(chan error, 1)
		go func() { flushed <- o.flush(w) }()
		write := func(text string) {
			if _, err := o.Write([]byte(text + "\n")); err != nil {
				t.Error(err)
			}
		}
		waits := func(f func()) bool {
			done := make(chan struct{})
			go func() {
				defer close(done)
				f()
			}()
			synctest.Wait()
			select {
			case <-done:
				return false
			default:
				return true
			}
		}
		write("first") // flush takes it out of the buffer, and blocks
		synctest.Wait()
		long := strings.Repeat("x", 1<<20-1)
		write(long) // 1 MiB with its newline
		if waits(o.wait) {
			t.Error("a reader waits although only 1 MiB is buffered")
		}
		if waits(func() { write("y") }) {
			t.Error("a writer waits although only 1 MiB is buffered")
		}
		if !waits(o.wait) {
			t.Error("a reader does not wait although more than 1 MiB is buffered")
		}
		if !waits(func() { write("z") }) {
			t.Error("a writer does not wait although more than 1 MiB is buffered")
		}
		close(w.may)
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

func TestANodeWhoseOutputIsNotReadEnds600msAfterItIsStoppedOrItsInputEnds(t *testing.T) {
	line := `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":7}}` + "\n"
	gong := strings.Replace(line, "ping", "gong", 1) // which input itself answers
	for _, test := range []struct {
		name, in string
		end      func(c *maelstromtest.Conversation)
	}{
		{"stopped", "", (*maelstromtest.Conversation).Stop},
		{"end of input", "", (*maelstromtest.Conversation).End},
		{"end of input behind less than the output takes", strings.Repeat(line, 1000), (*maelstromtest.Conversation).End},
		{"end of input behind more than the output takes", strings.Repeat(line, 17_000), (*maelstromtest.Conversation).End},
		{"end of input behind more than is read at once", strings.Repeat(line, 34_000), (*maelstromtest.Conversation).End},
		{"end of input behind requests that are refused", strings.Repeat(gong, 34_000), (*maelstromtest.Conversation).End},
		{"end of input behind long requests", strings.Repeat(pad(70_000, `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":7,"x":"%s"}}`)+"\n", 28), (*maelstromtest.Conversation).End},
		{"stopped behind more than is read", strings.Repeat(line, 100_000), (*maelstromtest.Conversation).Stop},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &slowWriter{may: make(chan struct{})}
				c := maelstromtest.Converse(t, maelstromtest.Setting{Raw: true}, func(env maelstromtest.Env) error {
					n := New(env.Stdin, w, quiet, random())
					n.Handle("ping", func(msg maelstrom.Message) { pong(n, msg, strings.Repeat("x", 100)) })
					return n.Run(env.Stop)
				})
				c.Input(initLine + "\n" + test.in)
				synctest.Wait()
				time.Sleep(time.Hour)
				begin := time.Now()
				test.end(c)
				if err := c.Wait(); err == nil || !strings.Contains(err.Error(), "nobody reads them") {
					t.Errorf("got %v", err)
				}
				if took := time.Since(begin); took != 600*time.Millisecond {
					t.Errorf("ended after %v", took)
				}
				close(w.may)
			})
		})
	}
}

// Once the output has been full, another goroutine takes over from the one that
// waits for input. In a bubble, it must not wait for a mutex, or virtual time
// would not pass.
func TestTimePassesAfterTheOutputHasBeenFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &slowWriter{may: make(chan struct{})}
		var n *Node
		c := maelstromtest.Converse(t, maelstromtest.Setting{Raw: true}, func(env maelstromtest.Env) error {
			n = New(env.Stdin, w, quiet, random())
			return n.Run(env.Stop)
		})
		c.Input(initLine + "\n")
		synctest.Wait() // until the node waits for input
		go func() {
			for range 3 << 10 {
				_ = n.Post("n2", maelstrom.MessageBody{Type: strings.Repeat("x", 1<<10)})
			}
		}()
		synctest.Wait()
		close(w.may)
		time.Sleep(time.Hour)
		c.Line(`{"src":"c1","dest":"n1","body":{"type":"gong","msg_id":7}}`)
		synctest.Wait()
		if lines := strings.Split(w.written.String(), "\n"); !strings.Contains(lines[len(lines)-2], `"in_reply_to":7`) {
			t.Errorf("the last of %d lines is %.100q", len(lines), lines[len(lines)-2])
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Then nothing gets lost or out of order, either.
func TestNothingIsLostWhenTheOutputIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &slowWriter{may: make(chan struct{})}
		c := maelstromtest.Converse(t, maelstromtest.Setting{Raw: true}, func(env maelstromtest.Env) error {
			n := New(env.Stdin, w, quiet, random())
			return n.Run(env.Stop)
		})
		c.Input(initLine + "\n")
		const requests = 100_000
		for i := range requests {
			c.Input(fmt.Sprintf(`{"src":"c1","dest":"n1","body":{"type":"gong","msg_id":%d}}`+"\n", i))
			if i == requests/2 {
				synctest.Wait()
			}
		}
		close(w.may)
		synctest.Wait()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		lines := strings.SplitAfter(w.written.String(), "\n")
		if len(lines) != requests+2 || lines[0] != initOK+"\n" || lines[requests+1] != "" {
			t.Fatalf("%d lines, %q to %q", len(lines), lines[0], lines[len(lines)-1])
		}
		for i, line := range lines[1 : requests+1] {
			if !strings.Contains(line, fmt.Sprintf(`"in_reply_to":%d,`, i)) {
				t.Fatalf("answer %d is %s", i, line)
			}
		}
	})
}

func TestAnErrorOfTheInputIsReported(t *testing.T) {
	failure := errors.New("the disk is gone")
	for _, requests := range []int{0, 100_000} {
		synctest.Test(t, func(t *testing.T) {
			w := &slowWriter{may: make(chan struct{})}
			line := `{"src":"c1","dest":"n1","body":{"type":"gong","msg_id":1}}` + "\n"
			in := io.MultiReader(strings.NewReader(initLine+"\n"+strings.Repeat(line, requests)), iotest.ErrReader(failure))
			n := New(struct{ io.Reader }{in}, w, quiet, random())
			go func() {
				synctest.Wait()
				close(w.may)
			}()
			if err := n.Run(t.Context()); !errors.Is(err, failure) || !strings.HasPrefix(err.Error(), "reading messages: ") {
				t.Errorf("after %d requests: %v", requests, err)
			}
			if answers := strings.Count(w.written.String(), `"error"`); answers != requests {
				t.Errorf("%d of %d requests were answered", answers, requests)
			}
		})
	}
}

func TestALogLosesLinesOnlyIfNobodyReadsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &slowWriter{may: make(chan struct{})}
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
		close(w.may)
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
		w := &slowWriter{may: make(chan struct{})}
		l := NewLog(w, func(int64) { t.Error("told that lines were lost") })
		_, _ = l.Write([]byte("line\n"))
		begin := time.Now()
		l.Close()
		if took := time.Since(begin); took != 200*time.Millisecond {
			t.Errorf("waited %v", took)
		}
		close(w.may)
	})
}

func TestAReplyThatCannotBeSentIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var n *Node
		c := maelstromtest.Converse(t, maelstromtest.Setting{Raw: true}, func(env maelstromtest.Env) error {
			n = New(env.Stdin, env.Stdout, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), random())
			return n.Run(env.Stop)
		})
		c.Line(initLine)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if strings.Contains(log.String(), "cannot reply") {
			t.Errorf("init_ok was sent, and the log says %q", log.String())
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
	long := func(first string) string { return first + strings.Repeat("x", 1000) }
	for _, test := range []struct{ node, client string }{{"n1", long("c")}, {long("n"), "c1"}, {long("n"), long("c")}} {
		out, _ := feed(t, fmt.Sprintf(`{"src":"c0","dest":%[1]q,"body":{"type":"init","msg_id":1,"node_id":%[1]q,"node_ids":[%[1]q]}}
{"src":%[2]q,"dest":%[1]q,"body":{"type":"ping","msg_id":2}}`, test.node, test.client))
		want := fmt.Sprintf(`{"src":%q,"dest":%q,"body":{"in_reply_to":2,"type":"pong"}}`, test.node, test.client)
		if !slices.Contains(out, want) {
			t.Errorf("names of %d and %d bytes: got %.200q", len(test.node), len(test.client), out)
		}
	}
}

func TestARequestOfAClientWhoseNameIsTooLongIsRefused(t *testing.T) {
	for _, length := range []int{1024, 1025, 60_000, 100_000} {
		name := strings.Repeat("x", length)
		want := fmt.Sprintf(`{"src":"n1","dest":%q,"body":{"in_reply_to":7,"type":"pong"}}`, name)
		if length > 1024 {
			want = fmt.Sprintf(`{"src":"n1","dest":%q,"body":{"in_reply_to":7,"type":"error","code":12,"text":"src is longer than 1 KiB"}}`, name)
		}
		out, _ := feed(t, initLine+"\n"+fmt.Sprintf(`{"src":%q,"dest":"n1","body":{"type":"ping","msg_id":7}}`, name))
		if !slices.Equal(out, []string{initOK, want}) {
			t.Errorf("a name of %d bytes: got %.200q", length, out)
		}
	}
}

// If replies were, errors could go back and forth for ever.
func TestAReplyIsNotRefused(t *testing.T) {
	name := strings.Repeat("x", 2000)
	for _, body := range []string{
		`{"type":"error","in_reply_to":5,"msg_id":7,"code":12}`,
		`{"type":"error","in_reply_to":5,"msg_id":7,"code":"12"}`,
		`{"type":"error","in_reply_to":"5","msg_id":7,"code":12}`,
		`{"type":"error","in_reply_to":5,"msg_id":7,"text":"` + strings.Repeat("x", 2<<20) + `"}`,
	} {
		out, _ := feed(t, initLine+"\n"+fmt.Sprintf(`{"src":%q,"dest":"n1","body":%s}`, name, body))
		if !slices.Equal(out, []string{initOK}) {
			t.Errorf("%.100s was answered %.300q", body, out)
		}
	}
}
