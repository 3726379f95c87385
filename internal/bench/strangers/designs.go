package strangers

import (
	"fmt"
	"time"
)

// right is right on a linearizable store, as long as no message is lost.
func right(n *node, service string) {
	r := n.at(service)
	n.onAdd(r.add)
	n.onRead(r.get)
}

func early(n *node) {
	right(n, "seq-kv")
	n.onAddEarly(n.at("seq-kv").add)
}

func writebehind(n *node) {
	cached(n)
	n.onAddEarly(n.at("seq-kv").add)
}

func cached(n *node) {
	right(n, "seq-kv")
	var seen tally
	n.onRead(seen.get)
	n.every(time.Second/2, func() { seen.atLeast(n.at("seq-kv").get()) })
}

func bgwriter(n *node) {
	var mine tally
	began := time.Now()
	n.onAddEarly(mine.add)
	n.onRead(n.sumOfKeys)
	n.every(time.Second/5, func() {
		if n.id != "n2" || time.Since(began) < time.Second {
			n.key(n.id).put(mine.get())
		}
	})
}

// sumOfKeys reads the keys of all nodes, one after the other.
func (n *node) sumOfKeys() (sum int) {
	for _, id := range n.ids {
		sum += n.key(id).get()
	}
	return sum
}

func readall(n *node) {
	var mine tally
	n.onAdd(func(delta int) { n.key(n.id).put(mine.plus(delta)) })
	n.onRead(n.sumOfKeys)
}

func cachedkey(n *node) {
	var mine tally
	n.onAdd(func(delta int) { n.key(n.id).put(mine.plus(delta)) })
	n.onRead(func() int {
		sum := mine.get()
		for _, peer := range n.peers() {
			sum += n.key(peer).get()
		}
		return sum
	})
}

func readown(n *node) {
	readall(n)
	n.onRead(func() int { return n.key(n.id).get() })
}

func aggregator(n *node) {
	readall(n)
	n.onRead(n.key("sum").get)
	n.every(time.Second/10, func() {
		if n.id == "n0" {
			n.key("tick").put(n.env.Now().UnixNano())
			n.key("sum").put(n.sumOfKeys())
		}
	})
}

func mapcas(n *node) {
	r := n.at("seq-kv")
	parts := func() map[string]any {
		parts, _ := r.call(body{"type": "read"})["value"].(map[string]any)
		return parts
	}
	n.onAdd(func(delta int) {
		for {
			from := parts()
			to := map[string]any{}
			for id, part := range from {
				to[id] = part
			}
			to[n.id] = body(from).integer(n.id) + delta
			if r.cas(from, to)["type"] == "cas_ok" {
				return
			}
		}
	})
	n.onRead(func() (sum int) {
		from := body(parts())
		for id := range from {
			sum += from.integer(id)
		}
		return sum
	})
}

func askpeers(n *node) {
	var mine tally
	n.onAddEarly(mine.add)
	n.handlers["local"] = func(m message) { n.reply(m, body{"type": "local_ok", "value": mine.get()}) }
	n.patience = time.Second / 10
	n.onRead(func() int {
		var asked []question
		for _, peer := range n.peers() {
			asked = append(asked, n.ask(peer, body{"type": "local"}))
		}
		sum := mine.get()
		for _, q := range asked {
			sum += n.await(q).integer("value")
		}
		return sum
	})
}

func gossip(n *node) {
	var parts tallies
	n.onAdd(func(delta int) { parts.of(n.id).add(delta) })
	n.onRead(parts.sum)
	n.handlers["gossip"] = func(m message) {
		told, _ := m.Body["parts"].(map[string]any)
		for id := range told {
			parts.of(id).atLeast(body(told).integer(id))
		}
	}
	n.every(time.Second/5, func() {
		for _, peer := range n.peers() {
			n.send(peer, body{"type": "gossip", "parts": parts.all()})
		}
	})
}

// more makes a node count what its peers tell it, once for each id that is not
// empty.
func (n *node) more(total *tally) {
	var known tallies
	n.handlers["more"] = func(m message) {
		if id := fmt.Sprint(m.Body["id"]); m.Body["id"] == nil || known.of(id).plus(1) == 1 {
			total.add(m.Body.integer("delta"))
		}
		if m.Body["msg_id"] != nil {
			n.reply(m, body{"type": "more_ok"})
		}
	}
}

func broadcast(n *node) {
	var total tally
	n.more(&total)
	n.onRead(total.get)
	n.onAdd(func(delta int) {
		total.add(delta)
		for _, peer := range n.peers() {
			n.send(peer, body{"type": "more", "delta": delta})
		}
	})
}

func rebroadcast(n *node) {
	var total, adds tally
	n.more(&total)
	n.onRead(total.get)
	n.onAddEarly(func(delta int) {
		total.add(delta)
		id := fmt.Sprint(n.id, "/", adds.plus(1))
		for peers := n.peers(); len(peers) > 0; {
			var asked []question
			for _, peer := range peers {
				asked = append(asked, n.ask(peer, body{"type": "more", "delta": delta, "id": id}))
			}
			var silent []string
			for i, q := range asked {
				if n.await(q) == nil {
					silent = append(silent, peers[i])
				}
			}
			peers = silent
		}
	})
}

func deltas(n *node) {
	var total tally
	var untold tallies // by peer
	n.more(&total)
	n.onRead(total.get)
	n.onAdd(func(delta int) {
		total.add(delta)
		for _, peer := range n.peers() {
			untold.of(peer).add(delta)
		}
	})
	n.every(time.Second/5, func() {
		for _, peer := range n.peers() {
			delta := untold.of(peer).get()
			if delta > 0 && n.call(peer, body{"type": "more", "delta": delta}) != nil {
				untold.of(peer).add(-delta)
			}
		}
	})
}

func leader(n *node) {
	var total tally
	n.more(&total)
	n.handlers["total"] = func(m message) { n.reply(m, body{"type": "total_ok", "value": total.get()}) }
	ask := func(b body) body {
		for {
			if answer := n.call("n0", b); answer != nil {
				return answer
			}
		}
	}
	n.onAdd(func(delta int) {
		if n.id == "n0" {
			total.add(delta)
		} else {
			ask(body{"type": "more", "delta": delta})
		}
	})
	n.onRead(func() int {
		if n.id == "n0" {
			return total.get()
		}
		return ask(body{"type": "total"}).integer("value")
	})
}

func flush(n *node) {
	var unsaved tally
	r := n.at("seq-kv")
	n.onAdd(unsaved.add)
	n.onRead(func() int { return r.get() + unsaved.get() })
	n.every(time.Second/10, func() {
		if delta := unsaved.get(); delta > 0 {
			r.add(delta)
			unsaved.add(-delta)
		}
	})
}

func lostflush(n *node) {
	var unsaved tally
	r := n.at("seq-kv")
	n.onAdd(unsaved.add)
	n.onRead(r.get)
	n.every(time.Second/10, func() {
		if delta := unsaved.take(); delta > 0 {
			value := r.get()
			r.cas(value, value+delta)
		}
	})
}

func identitycas(n *node) {
	right(n, "seq-kv")
	r := n.at("seq-kv")
	n.onRead(func() int {
		for {
			value := r.get()
			if r.cas(value, value)["type"] == "cas_ok" {
				return value
			}
		}
	})
}

func uniquewrite(n *node) {
	right(n, "seq-kv")
	var reads tally
	n.onRead(func() int {
		n.key("sync").put(fmt.Sprint(n.id, n.env.Seed, reads.plus(1)))
		return n.at("seq-kv").get()
	})
}

func tso(n *node) {
	right(n, "seq-kv")
	n.onRead(func() int {
		n.key("sync").put(n.call("lin-tso", body{"type": "ts"})["ts"])
		return n.at("seq-kv").get()
	})
}

func lww(n *node) { right(n, "lww-kv") }

func zero(n *node) {
	right(n, "seq-kv")
	n.initOK = func(m message) {
		n.reply(m, body{"type": "init_ok"})
		if n.id == "n0" {
			n.working.Go(func() { n.at("seq-kv").put(0) })
		}
	}
}
