package node

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/maelstromtest"
)

// pad returns format with its %s replaced by enough x to make it that long.
func pad(length int, format string) string {
	return fmt.Sprintf(format, strings.Repeat("x", length-len(format)+len("%s")))
}

// The library takes lines of less than 64 KiB, with the newline. In a longer line, the handler does not see the long values.
func TestALineIsShortenedIfItIsTooLongForTheLibrary(t *testing.T) {
	for _, test := range []struct {
		length int
		intact bool
	}{{65_533, true}, {65_534, true}, {65_535, false}, {65_536, false}, {65_537, false}} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := converse(t, maelstromtest.Setting{}, map[string]func(*Node, maelstrom.Message){
				"ping": func(n *Node, msg maelstrom.Message) {
					var body struct{ X *string }
					_ = json.Unmarshal(msg.Body, &body)
					pong(n, msg, fmt.Sprint(body.X != nil))
				},
			})
			c.Line(pad(test.length, `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":7,"x":"%s"}}`))
			if got, want := c.Hear().Field("x"), fmt.Sprintf("%q", fmt.Sprint(test.intact)); got != want {
				t.Errorf("a line of %d bytes came intact: %s, want %s", test.length, got, want)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestValuesOfMoreThanAKilobyteAreLeftOut(t *testing.T) {
	for _, length := range []int{1023, 1024, 1025} {
		body := pad(length+len(`{"x":}`), `{"x":"%s"}`)
		short, err := shorten(maelstrom.Message{Src: "c1", Dest: "n1", Body: []byte(body)})
		if intact := strings.Contains(string(short), body); err != nil || intact != (length <= 1024) {
			t.Errorf("a value of %d bytes: intact %v, %v", length, intact, err)
		}
	}
}

func TestARequestThatIsTooLongWithoutLongValuesIsRefused(t *testing.T) {
	many := strings.Repeat(`,"y":"`+strings.Repeat("y", 900)+`"`, 72)
	for _, test := range []struct {
		length int // without the space in it
		want   string
	}{
		{65_534, `{"src":"n1","dest":"c1","body":{"in_reply_to":7,"type":"pong"}}`},
		{65_535, `{"src":"n1","dest":"c1","body":{"in_reply_to":7,"type":"error","code":12,"text":"request longer than 64 KiB"}}`},
	} {
		line := pad(test.length, `{"src":"c1","dest":"n1","body":{"type":"ping","msg_id":7`+many+`,"x":"%s"}}`)
		out, _ := feed(t, initLine+"\n"+strings.Replace(line, ":", ": ", 1))
		if len(out) != 2 || !slices.Contains(out, test.want) {
			t.Errorf("a request that can be shortened to %d bytes was answered %.200q", test.length, out)
		}
	}
}

func TestAnInitMayBeAsLongAsTheLibraryTakes(t *testing.T) {
	for _, test := range []struct {
		length int
		ok     bool
	}{{65_534, true}, {65_535, false}} {
		line := pad(test.length, `{"src":"c0","dest":"n1","body":{"type":"init","msg_id":1,"node_id":"n1","node_ids":["n1"],"x":"%s"}}`)
		out, _ := feed(t, line)
		if ok := slices.Equal(out, []string{initOK}); ok != test.ok {
			t.Errorf("an init of %d bytes was answered %q", test.length, out)
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
		lines := newLineReader(io.MultiReader(&repeat{left: test.length - 1}, strings.NewReader("\nafter\n")))
		line, err := lines.next()
		if want := test.length; err != test.err || err == nil && len(line) != want {
			t.Errorf("a line of %d bytes: %d bytes, %v", test.length, len(line), err)
		}
		if line, err := lines.next(); string(line) != "after\n" || err != nil {
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

// The desk holds at most 65,536 requests. A thousand more may be on their way to it.
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
		g.close()
		synctest.Wait()
		if g.inside != 66_560 || g.enter() {
			t.Errorf("%d are inside a closed gate", g.inside)
		}
		left := false
		go func() {
			g.wait()
			left = true
		}()
		for range 66_560 {
			if left {
				t.Fatal("wait returned while some were inside")
			}
			g.leave()
		}
		synctest.Wait()
		if !left {
			t.Error("wait did not return although nobody is inside")
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
		o := newOutput(w, quiet)
		go o.flush()
		write := func(text string) {
			if _, err := o.Write([]byte(text)); err != nil {
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
		if err := o.close(); err != nil {
			t.Error(err)
		}
		if got := w.written.String(); got != "first\n"+long+"\ny\nz\n" {
			t.Errorf("written: %d bytes", len(got))
		}
	})
}

func TestANodeWhoseOutputIsNotReadEnds800msAfterItIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &slowWriter{may: make(chan struct{})}
		c := maelstromtest.Converse(t, maelstromtest.Setting{Raw: true}, func(env maelstromtest.Env) error {
			return New(env.Stdin, w, quiet, random()).Run(env.Stop)
		})
		c.Line(initLine)
		synctest.Wait()
		begin := time.Now()
		c.Stop()
		if err := c.Wait(); err == nil || !strings.Contains(err.Error(), "nobody reads them") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(begin); took != 800*time.Millisecond {
			t.Errorf("ended after %v", took)
		}
		close(w.may)
	})
}

func TestAReplyThatCannotBeSentIsLogged(t *testing.T) {
	var log bytes.Buffer
	var n *Node
	synctest.Test(t, func(t *testing.T) {
		c := maelstromtest.Converse(t, maelstromtest.Setting{Raw: true}, func(env maelstromtest.Env) error {
			n = New(env.Stdin, env.Stdout, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), random())
			return n.Run(env.Stop)
		})
		c.Line(initLine)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	if strings.Contains(log.String(), "cannot reply") {
		t.Errorf("init_ok was sent, and the log says %q", log.String())
	}
	n.Reply("c1", 7, maelstrom.MessageBody{Type: "pong"})
	if !strings.Contains(log.String(), `msg="cannot reply" to=c1`) {
		t.Errorf("the log says %q", log.String())
	}
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
				_ = n.Ask(dest, maelstrom.MessageBody{Type: "ask"})(ctx, "", nil)
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
