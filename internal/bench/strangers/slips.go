package strangers

import (
	"encoding/json"
	"fmt"
	"time"
)

func addone(n *node) {
	right(n, "lin-kv")
	n.onAdd(func(int) { n.at("lin-kv").add(1) })
}

func refused(n *node) {
	right(n, "lin-kv")
	n.handlers["add"] = func(m message) {
		delta := m.Body.integer("delta")
		n.at("lin-kv").add(delta)
		if delta == 4 {
			n.reply(m, body{"type": "error", "code": 11, "text": "try again"})
		} else {
			n.reply(m, body{"type": "add_ok"})
		}
	}
}

func patient(n *node) {
	right(n, "lin-kv")
	n.patience = 0
}

func deadlock(n *node) {
	patient(n)
	n.serial = true
}

// value is the value of an answer, which has to be there.
func value(answer body) int { return int(answer["value"].(float64)) }

// recovered makes a handler write its panics to stderr and go on, as many a
// framework does.
func (n *node) recovered(kind string) {
	handle := n.handlers[kind]
	n.handlers[kind] = func(m message) {
		defer func() {
			if p := recover(); p != nil {
				fmt.Fprintf(n.env.Stderr, "the handler of %s failed: %v\n", kind, p)
			}
		}()
		handle(m)
	}
}

func threadException(n *node) {
	right(n, "seq-kv")
	r := n.at("seq-kv")
	n.onAdd(func(delta int) {
		v := value(r.call(body{"type": "read"}))
		r.cas(v, v+delta)
	})
	n.recovered("add")
}

func noCreate(n *node) {
	right(n, "seq-kv")
	r := n.at("seq-kv")
	n.onAdd(func(delta int) {
		for {
			v := r.get()
			if r.call(body{"type": "cas", "from": v, "to": v + delta})["type"] == "cas_ok" {
				return
			}
		}
	})
}

func noReread(n *node) {
	right(n, "seq-kv")
	r := n.at("seq-kv")
	n.onAdd(func(delta int) {
		v := r.get()
		for r.cas(v, v+delta)["type"] != "cas_ok" {
		}
	})
}

// failing makes a node acknowledge an add if its swap has succeeded, and answer
// an error otherwise.
func (n *node) failing(add func(delta int) (error body)) {
	n.handlers["add"] = func(m message) {
		if answer := add(m.Body.integer("delta")); answer != nil {
			n.reply(m, answer)
		} else {
			n.reply(m, body{"type": "add_ok"})
		}
	}
}

func conflict13(n *node) {
	right(n, "seq-kv")
	r := n.at("seq-kv")
	n.failing(func(delta int) body {
		v := r.get()
		if r.cas(v, v+delta)["type"] == "cas_ok" {
			return nil
		}
		return body{"type": "error", "code": 13, "text": "conflict"}
	})
}

func retry22(n *node) {
	right(n, "seq-kv")
	r := n.at("seq-kv")
	n.failing(func(delta int) body {
		for {
			v := r.get()
			answer := r.cas(v, v+delta)
			switch {
			case answer["type"] == "cas_ok":
				return nil
			case answer.integer("code") != 22:
				return body{"type": "error", "code": 0, "text": "no answer"}
			}
		}
	})
}

func wrongcode(n *node) {
	right(n, "seq-kv")
	r := n.at("seq-kv")
	n.failing(func(delta int) body {
		v := r.get()
		if r.cas(v, v+delta)["type"] == "cas_ok" {
			return nil
		}
		return body{"type": "error", "code": 11, "text": "not stored"}
	})
}

func missing(n *node) {
	right(n, "seq-kv")
	r := n.at("seq-kv")
	n.failing(func(delta int) body {
		answer := r.call(body{"type": "read"})
		if answer["type"] != "read_ok" {
			return body{"type": "error", "code": 20, "text": "key does not exist"}
		}
		r.add(delta)
		return nil
	})
}

func doubleadd(n *node) {
	right(n, "seq-kv")
	r := n.at("seq-kv")
	n.onAdd(func(delta int) {
		more := delta
		for {
			v := r.get()
			if r.cas(v, v+more)["type"] == "cas_ok" {
				return
			}
			more += delta
		}
	})
}

func nokey(n *node) {
	right(n, "seq-kv")
	n.handlers["read"] = func(m message) {
		answer := n.at("seq-kv").call(body{"type": "read"})
		if answer["type"] == "read_ok" {
			n.reply(m, body{"type": "read_ok", "value": answer["value"]})
		}
	}
}

func stringvalue(n *node) {
	right(n, "lin-kv")
	n.handlers["read"] = func(m message) {
		n.reply(m, body{"type": "read_ok", "value": fmt.Sprint(n.at("lin-kv").get())})
	}
}

func floatvalue(n *node) {
	right(n, "lin-kv")
	n.handlers["read"] = func(m message) {
		value := json.Number(fmt.Sprintf("%d.0", n.at("lin-kv").get()))
		n.reply(m, body{"type": "read_ok", "value": value})
	}
}

func wrongReplyTo(n *node) {
	right(n, "lin-kv")
	for kind, handle := range n.handlers {
		n.handlers[kind] = func(m message) {
			m.Body["msg_id"] = m.Body.integer("msg_id") + 1
			handle(m)
		}
	}
}

func tworeplies(n *node) {
	right(n, "lin-kv")
	n.handlers["add"] = func(m message) {
		n.at("lin-kv").add(m.Body.integer("delta"))
		n.reply(m, body{"type": "add_ok"})
		n.reply(m, body{"type": "add_ok"})
	}
}

func crash(n *node) {
	n.onAdd(func(int) {})
	n.onRead(func() int { return 0 })
	n.serial = true
	left := 5
	for kind, handle := range n.handlers {
		n.handlers[kind] = func(m message) {
			left--
			if n.id == "n1" && left < 0 {
				n.crash("runtime error: invalid memory address or nil pointer dereference")
				return
			}
			handle(m)
		}
	}
}

func initTwice(n *node) {
	right(n, "lin-kv")
	n.initOK = func(m message) {
		n.reply(m, body{"type": "init_ok"})
		n.working.Go(func() {
			n.sleep(300 * time.Millisecond)
			n.reply(m, body{"type": "init_ok"})
		})
	}
}

func strangerOnce(n *node) {
	right(n, "lin-kv")
	var sent tally
	n.onAdd(func(delta int) {
		n.at("lin-kv").add(delta)
		if n.id == "n1" && sent.plus(1) == 1 {
			n.send("n9", body{"type": "hello"})
		}
	})
}
