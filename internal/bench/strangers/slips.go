package strangers

import (
	"encoding/json"
	"fmt"
	"time"
)

func addone(n *node) {
	n.onAdd(func(int) { n.total.add(1) })
}

// failing makes a node acknowledge an add unless there is an error to answer.
func (n *node) failing(add func(delta int) (error body)) {
	n.handlers["add"] = func(m message) {
		answer := add(m.Body.integer("delta"))
		if answer == nil {
			answer = body{"type": "add_ok"}
		}
		n.reply(m, answer)
	}
}

func failure(code int) body { return body{"type": "error", "code": code, "text": "not stored"} }

func refused(n *node) {
	n.failing(func(delta int) body {
		n.total.add(delta)
		if delta == 4 {
			return failure(11)
		}
		return nil
	})
}

func patient(n *node) {
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
	n.onAdd(func(delta int) {
		v := value(n.total.call(body{"type": "read"}))
		n.total.cas(v, v+delta)
	})
	n.recovered("add")
}

func noCreate(n *node) {
	n.onAdd(func(delta int) {
		for {
			v := n.total.get()
			if swapped(n.total.call(body{"type": "cas", "from": v, "to": v + delta})) {
				return
			}
		}
	})
}

func noReread(n *node) {
	n.onAdd(func(delta int) {
		v := n.total.get()
		for !swapped(n.total.cas(v, v+delta)) {
		}
	})
}

// tryOnce makes a node answer an error if an add's only swap does not succeed.
func (n *node) tryOnce(code int) {
	n.failing(func(delta int) body {
		if swapped(n.total.try(delta)) {
			return nil
		}
		return failure(code)
	})
}

func conflict13(n *node) { n.tryOnce(13) }

func wrongcode(n *node) { n.tryOnce(11) }

func retry22(n *node) {
	n.failing(func(delta int) body {
		for {
			switch answer := n.total.try(delta); {
			case swapped(answer):
				return nil
			case answer.integer("code") != 22:
				return failure(0)
			}
		}
	})
}

func missing(n *node) {
	n.failing(func(delta int) body {
		if n.total.call(body{"type": "read"})["type"] != "read_ok" {
			return failure(20)
		}
		n.total.add(delta)
		return nil
	})
}

func doubleadd(n *node) {
	n.onAdd(func(delta int) {
		for more := delta; !swapped(n.total.try(more)); more += delta {
		}
	})
}

func nokey(n *node) {
	n.handlers["read"] = func(m message) {
		answer := n.total.call(body{"type": "read"})
		if answer["type"] == "read_ok" {
			n.reply(m, body{"type": "read_ok", "value": answer["value"]})
		}
	}
}

func stringvalue(n *node) {
	n.handlers["read"] = func(m message) {
		n.reply(m, body{"type": "read_ok", "value": fmt.Sprint(n.total.get())})
	}
}

func floatvalue(n *node) {
	n.handlers["read"] = func(m message) {
		value := json.Number(fmt.Sprintf("%d.0", n.total.get()))
		n.reply(m, body{"type": "read_ok", "value": value})
	}
}

func wrongReplyTo(n *node) {
	for kind, handle := range n.handlers {
		n.handlers[kind] = func(m message) {
			m.Body["msg_id"] = m.Body.integer("msg_id") + 1
			handle(m)
		}
	}
}

func tworeplies(n *node) {
	n.handlers["add"] = func(m message) {
		n.total.add(m.Body.integer("delta"))
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
	n.initOK = func(m message) {
		n.reply(m, body{"type": "init_ok"})
		n.working.Go(func() {
			n.sleep(300 * time.Millisecond)
			n.reply(m, body{"type": "init_ok"})
		})
	}
}

func strangerOnce(n *node) {
	var sent tally
	n.onAdd(func(delta int) {
		n.total.add(delta)
		if n.id == "n1" && sent.plus(1) == 1 {
			n.send("n9", body{"type": "hello"})
		}
	})
}
