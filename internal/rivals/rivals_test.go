package rivals

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard)
	goleak.VerifyTestMain(m)
}

// A world is all that is around one node: clients, and a store that has one state and answers at once.
type world struct {
	t     *testing.T
	stdin *io.PipeWriter
	lines chan []byte // what the node wrote
	ended chan error
	store map[string]int64
	delay func(request map[string]any) time.Duration // before the store's reply goes out; nil means none
}

// start runs a node of design r, in a bubble.
func start(t *testing.T, r Rival) *world {
	in, stdin := io.Pipe()
	stdout, out := io.Pipe()
	w := &world{t: t, stdin: stdin, lines: make(chan []byte, 10_000), ended: make(chan error, 1), store: map[string]int64{}}
	go func() {
		w.ended <- r.Run(in, out)
		out.Close()
	}()
	go func() { // always reads, since the node holds its lock while it writes
		for s := bufio.NewScanner(stdout); s.Scan(); {
			w.lines <- []byte(s.Text())
		}
	}()
	w.send("c0", `{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}`)
	if reply := w.reply(); reply["type"] != "init_ok" {
		t.Fatalf("init was answered with %v", reply)
	}
	return w
}

func (w *world) send(src, body string) {
	fmt.Fprintf(w.stdin, `{"src":%q,"dest":"n0","body":%s}`+"\n", src, body)
}

// reply returns the node's next message to a client. Until it comes it is the store.
func (w *world) reply() map[string]any {
	for {
		select {
		case line := <-w.lines:
			var msg maelstrom.Message
			var body map[string]any
			if err := json.Unmarshal(line, &msg); err != nil {
				w.t.Fatalf("%s: %v", line, err)
			}
			if err := json.Unmarshal(msg.Body, &body); err != nil {
				w.t.Fatalf("%s: %v", line, err)
			}
			if msg.Dest != maelstrom.SeqKV {
				return body
			}
			w.serve(body)
		case <-time.After(time.Minute):
			w.t.Fatal("the node has nothing to say")
		}
	}
}

func (w *world) serve(body map[string]any) {
	reply := map[string]any{"type": body["type"].(string) + "_ok", "in_reply_to": body["msg_id"]}
	key := body["key"].(string)
	value, exists := w.store[key]
	switch body["type"] {
	case "read":
		reply["value"] = value
		if !exists {
			reply["type"], reply["code"] = "error", maelstrom.KeyDoesNotExist
		}
	case "write":
		w.store[key] = int64(body["value"].(float64))
	case "cas":
		if exists && value != int64(body["from"].(float64)) {
			reply["type"], reply["code"] = "error", maelstrom.PreconditionFailed
		} else {
			w.store[key] = int64(body["to"].(float64))
		}
	}
	line, err := json.Marshal(reply)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.delay != nil {
		time.AfterFunc(w.delay(body), func() { w.send(maelstrom.SeqKV, string(line)) })
	} else {
		w.send(maelstrom.SeqKV, string(line))
	}
}

// total is what the node answers to a read.
func (w *world) total() any {
	w.send("c1", `{"type":"read","msg_id":1}`)
	reply := w.reply()
	if reply["type"] != "read_ok" {
		w.t.Fatalf("a read was answered with %v", reply)
	}
	return reply["value"]
}

// close ends the input. The node has to end too.
func (w *world) close() {
	w.stdin.Close()
	if err := <-w.ended; err != nil {
		w.t.Error(err)
	}
}

// each runs f for every design in a bubble, which fails if a goroutine is left in the end.
func each(t *testing.T, f func(t *testing.T, r Rival)) {
	for _, r := range All {
		t.Run(r.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { f(t, r) })
		})
	}
}

func TestEachDesignCountsRightWhenAlone(t *testing.T) {
	each(t, func(t *testing.T, r Rival) {
		w := start(t, r)
		defer w.close()
		if got := w.total(); got != 0.0 {
			t.Errorf("read %v before any add", got)
		}
		const adds = 30
		for i := range adds {
			w.send("c1", fmt.Sprintf(`{"type":"add","msg_id":%d,"delta":%d}`, i+1, i%5))
		}
		for range adds {
			if reply := w.reply(); reply["type"] != "add_ok" {
				t.Fatalf("an add was answered with %v", reply)
			}
		}
		if got := w.total(); got != 60.0 {
			t.Errorf("read %v, and 60 were added", got)
		}
	})
}

// What the package's doc comment says about a lost reply, which a late one is, too.
func TestOnlyTheSwapLoopCountsTwiceWhenAReplyIsLate(t *testing.T) {
	want := map[string]float64{"rmw": 3, "cas": 6, "crdt": 3}
	each(t, func(t *testing.T, r Rival) {
		w := start(t, r)
		defer w.close()
		changes := 0
		w.delay = func(request map[string]any) time.Duration {
			if request["type"] != "read" {
				changes++
			}
			if changes == 1 && request["type"] != "read" {
				return attemptTimeout + time.Millisecond
			}
			return 0
		}
		w.send("c1", `{"type":"add","msg_id":1,"delta":3}`)
		if reply := w.reply(); reply["type"] != "add_ok" {
			t.Fatalf("the add was answered with %v", reply)
		}
		if got := w.total(); got != want[r.Name] {
			t.Errorf("read %v, want %v", got, want[r.Name])
		}
	})
}

func TestRequestsAreGivenUpWhenTheStoreIsSilent(t *testing.T) {
	each(t, func(t *testing.T, r Rival) {
		w := start(t, r)
		begin := time.Now()
		w.delay = func(map[string]any) time.Duration { return time.Hour }
		const requests = 10
		for i := range requests {
			w.send("c1", fmt.Sprintf(`{"type":%q,"msg_id":%d,"delta":1}`, []string{"add", "read"}[i%2], i+1))
		}
		for range requests {
			if reply := w.reply(); reply["code"] != float64(maelstrom.Crash) {
				t.Errorf("a request was answered with %v", reply)
			}
		}
		if took := time.Since(begin); took != requestTimeout {
			t.Errorf("the requests were given up after %v", took)
		}
		time.Sleep(2 * time.Hour) // the replies come after all
		w.close()
	})
}

func TestANodeEndsSoonAfterItsInputEvenIfTheStoreIsSilent(t *testing.T) {
	each(t, func(t *testing.T, r Rival) {
		w := start(t, r)
		for i := range 10 {
			w.send("c1", fmt.Sprintf(`{"type":%q,"msg_id":%d,"delta":1}`, []string{"add", "read"}[i%2], i+1))
		}
		begin := time.Now()
		w.close()
		if took := time.Since(begin); took > requestTimeout {
			t.Errorf("the node ended %v after its input", took)
		}
	})
}
