package strangers

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// A body is the body of a message.
type body map[string]any

// integer returns a field as a number. A field that is missing, or not a
// number, counts as 0.
func (b body) integer(field string) int {
	f, _ := b[field].(float64)
	return int(f)
}

type message struct {
	Src  string `json:"src"`
	Dest string `json:"dest"`
	Body body   `json:"body"`
}

// A node handles each request in a goroutine of its own. Its goroutines end
// with its input, so that a simulation can end. Maelstrom's library is not
// used, as many of the slips could not be made with it.
type node struct {
	env      maelstromtest.Env
	id       string
	ids      []string // of all nodes
	handlers map[string]func(message)
	initOK   func(message)
	format   func(message) string // a message as it is printed
	out      io.Writer
	patience time.Duration // how long a call waits for its answer; 0: for ever
	serial   bool          // it reads no message before it has dealt with the one before
	timers   []func()
	total    register
	input    *bufio.Scanner
	ended    context.Context // at the end of the input
	working  sync.WaitGroup
	err      error // how it crashed

	mu      sync.Mutex // guards what follows, and output
	last    int        // msg_id
	waiting map[int]chan body
}

// run runs a node until its input ends. Unless setup changes it, the node keeps
// the total in a service, and is right if the service is linearizable and no
// message is lost.
func run(env maelstromtest.Env, service string, setup func(*node)) error {
	n := &node{
		env: env, out: env.Stdout, input: bufio.NewScanner(env.Stdin), format: line,
		handlers: map[string]func(message){}, patience: time.Second, waiting: map[int]chan body{},
	}
	n.initOK = func(m message) { n.reply(m, body{"type": "init_ok"}) }
	n.total = register{n, service, "t"}
	n.onAdd(n.total.add)
	n.onRead(n.total.get)
	setup(n)
	n.input.Buffer(nil, 1<<20)
	var end context.CancelFunc
	n.ended, end = context.WithCancel(context.Background())
	n.working.Go(func() {
		defer end()
		n.read()
	})
	n.working.Wait()
	return n.err
}

// read handles the input until it ends, or the node crashes.
func (n *node) read() {
	for n.err == nil && n.input.Scan() {
		var m message
		if n.err = json.Unmarshal(n.input.Bytes(), &m); n.err != nil {
			return
		}
		handle := n.handlers[fmt.Sprint(m.Body["type"])]
		switch {
		case n.answers(m.Body):
		case m.Body["type"] == "init":
			n.begin(m)
		case handle == nil:
		case n.serial:
			handle(m)
		default:
			n.working.Go(func() { handle(m) })
		}
	}
}

// answers reports whether a message is the answer to a call that waits, and
// hands it over if so.
func (n *node) answers(b body) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	id := b.integer("in_reply_to")
	answer, ok := n.waiting[id]
	if ok {
		answer <- b
		delete(n.waiting, id)
	}
	return ok
}

func (n *node) begin(init message) {
	n.id = fmt.Sprint(init.Body["node_id"])
	ids, _ := init.Body["node_ids"].([]any)
	for _, id := range ids {
		n.ids = append(n.ids, fmt.Sprint(id))
	}
	n.initOK(init)
	for _, timer := range n.timers {
		n.working.Go(timer)
	}
}

// peers returns the other nodes.
func (n *node) peers() (peers []string) {
	for _, id := range n.ids {
		if id != n.id {
			peers = append(peers, id)
		}
	}
	return peers
}

// every makes the node do something again and again, from init on.
func (n *node) every(interval time.Duration, what func()) {
	n.timers = append(n.timers, func() {
		for {
			n.sleep(interval)
			what()
		}
	})
}

// sleep ends the goroutine if the input ends.
func (n *node) sleep(d time.Duration) {
	select {
	case <-time.After(d):
	case <-n.ended.Done():
		runtime.Goexit()
	}
}

// line is how a message is meant to be printed.
func line(m message) string {
	text, _ := json.Marshal(m) // cannot fail
	return string(text) + "\n"
}

func (n *node) print(text string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	io.WriteString(n.out, text) // the reader may be gone
}

func (n *node) send(dest string, b body) { n.print(n.format(message{n.id, dest, b})) }

func (n *node) reply(m message, b body) {
	b["in_reply_to"] = m.Body["msg_id"]
	n.send(m.Src, b)
}

// A question is a request of the node that may be answered.
type question struct {
	id      int
	answer  chan body
	timeout <-chan time.Time
}

func (n *node) ask(dest string, b body) question {
	q := question{answer: make(chan body, 1)}
	n.mu.Lock()
	n.last++
	q.id = n.last
	n.waiting[q.id] = q.answer
	n.mu.Unlock()
	if n.patience > 0 {
		q.timeout = time.After(n.patience)
	}
	b["msg_id"] = q.id
	n.send(dest, b)
	return q
}

// await returns the answer, or nil if none comes in time. It ends the goroutine
// if the input ends.
func (n *node) await(q question) body {
	if n.serial { // nobody else reads the answer
		for n.input.Scan() {
		}
		runtime.Goexit()
	}
	select {
	case b := <-q.answer: // whether its time is over or not
		return b
	default:
	}
	select {
	case b := <-q.answer:
		return b
	case <-q.timeout:
	case <-n.ended.Done():
		runtime.Goexit()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.waiting, q.id)
	return nil
}

func (n *node) call(dest string, b body) body { return n.await(n.ask(dest, b)) }

// crash writes to stderr what a program says when it crashes.
func (n *node) crash(why string) {
	fmt.Fprintf(n.env.Stderr, "panic: %s\n\ngoroutine 1 [running]:\nmain.main()\n\t/counter/main.go:31 +0x1b\n", why)
	n.err = fmt.Errorf("exit status 2")
}

// On an add, do is called, and then the add is acknowledged.
func (n *node) onAdd(do func(delta int)) {
	n.handlers["add"] = func(m message) {
		do(m.Body.integer("delta"))
		n.reply(m, body{"type": "add_ok"})
	}
}

// On an add, it is acknowledged, and then do is called.
func (n *node) onAddEarly(do func(delta int)) {
	n.handlers["add"] = func(m message) {
		n.reply(m, body{"type": "add_ok"})
		do(m.Body.integer("delta"))
	}
}

func (n *node) onRead(value func() int) {
	n.handlers["read"] = func(m message) { n.reply(m, body{"type": "read_ok", "value": value()}) }
}

// A register is a key of a service. If it does not exist, or the service does
// not answer, it is read as 0: that is how people write it.
type register struct {
	n            *node
	service, key string
}

func (n *node) key(key string) register { return register{n, "seq-kv", key} }

func (r register) call(b body) body {
	b["key"] = r.key
	return r.n.call(r.service, b)
}

func (r register) get() int { return r.call(body{"type": "read"}).integer("value") }

func (r register) put(value any) body { return r.call(body{"type": "write", "value": value}) }

func (r register) cas(from, to any) body {
	return r.call(body{"type": "cas", "from": from, "to": to, "create_if_not_exists": true})
}

// try reads the value, swaps it for that and delta, and returns the answer.
func (r register) try(delta int) body {
	value := r.get()
	return r.cas(value, value+delta)
}

func swapped(answer body) bool { return answer["type"] == "cas_ok" }

// add is the loop that most people write.
func (r register) add(delta int) {
	for !swapped(r.try(delta)) {
	}
}
