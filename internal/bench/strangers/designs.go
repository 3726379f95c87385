package strangers

import (
	"fmt"
	"time"
)

func early(n *node) {
	n.onAddEarly(n.total.add)
}

func writebehind(n *node) {
	cached(n)
	n.onAddEarly(n.total.add)
}

func cached(n *node) {
	var seen tally
	n.onRead(seen.get)
	n.every(time.Second/2, func() { seen.atLeast(n.total.get()) })
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
	parts := func() map[string]any {
		parts, _ := n.total.call(body{"type": "read"})["value"].(map[string]any)
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
			if swapped(n.total.cas(from, to)) {
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

func gossipAll(n *node) {
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
	n.onAdd(unsaved.add)
	n.onRead(func() int { return n.total.get() + unsaved.get() })
	n.every(time.Second/10, func() {
		if delta := unsaved.get(); delta > 0 {
			n.total.add(delta)
			unsaved.add(-delta)
		}
	})
}

func lostflush(n *node) {
	var unsaved tally
	n.onAdd(unsaved.add)
	n.onRead(n.total.get)
	n.every(time.Second/10, func() {
		if delta := unsaved.take(); delta > 0 {
			n.total.try(delta)
		}
	})
}

func identitycas(n *node) {
	n.onRead(func() int {
		for {
			value := n.total.get()
			if swapped(n.total.cas(value, value)) {
				return value
			}
		}
	})
}

func uniquewrite(n *node) {
	var reads tally
	n.onRead(func() int {
		n.key("sync").put(fmt.Sprint(n.id, n.env.Seed, reads.plus(1)))
		return n.total.get()
	})
}

func tso(n *node) {
	n.onRead(func() int {
		n.key("sync").put(n.call("lin-tso", body{"type": "ts"})["ts"])
		return n.total.get()
	})
}

func lww(*node) {}

func zero(n *node) {
	n.initOK = func(m message) {
		n.reply(m, body{"type": "init_ok"})
		if n.id == "n0" {
			n.working.Go(func() { n.total.put(0) })
		}
	}
}
