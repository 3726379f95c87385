package maelstromtest

import (
	"cmp"
	"fmt"
)

// boot starts all nodes. When the last of them is ready, it begins the
// configured faults and calls ready.
func (b *bench) boot(ready func()) {
	all := func(do func(*node, func(error)), then func()) {
		waiting := len(b.nodes)
		for _, n := range b.nodes {
			do(n, func(err error) {
				if err != nil {
					b.unstarted, b.done = cmp.Or(b.unstarted, err), true
				}
				if waiting--; waiting == 0 && !b.done {
					then()
				}
			})
		}
	}
	all(b.startLife, func() {
		all(b.prepare, func() {
			b.epoch, b.booted = b.now(), true
			b.startFaults()
			ready()
		})
	})
}

// prepare sends a node the request that the workload prepares nodes with, if
// there is one. It calls answered when the node has answered.
func (b *bench) prepare(n *node, answered func(error)) {
	var body Body
	if preparer, ok := b.cfg.Workload.(Preparer); ok {
		body = preparer.Prepare(n.name, nodeNames(b.cfg.Nodes))
	}
	if body == nil {
		answered(nil)
		return
	}
	b.newClient().request(n, body, b.cfg.ClientTimeout, func(_ Reply, err error) {
		if _, unsent := err.(bodyError); err != nil && !unsent {
			err = fmt.Errorf("%s did not answer the %v request that prepares it: %w%s", n.name, body["type"], err, n.lastWords())
		}
		answered(err)
	})
}
