package maelstromtest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/service"
	"maelstrom-counter/internal/bench/verdict"
)

// A Cluster is a cluster that a test operates by hand, in virtual time and in
// the test's own synctest bubble. Its methods may be called from any goroutine
// of the bubble. They have taken effect when they return. Naming a node or
// service that does not exist fails the test. The cluster calls synctest.Wait,
// which only one goroutine may do at a time, so the test must not call it: it
// can call time.Sleep instead.
type Cluster struct {
	t     testing.TB
	b     *bench
	ended chan struct{} // closed when the bench's goroutine has ended

	// What follows belongs to the bench's goroutine.
	cuts map[link]func() // what mends the cuts that the test has made
	idle []*benchClient  // clients without an open request
}

// Start starts a cluster of nodes that run program, as cfg says but without its
// workload. The faults of cfg begin when all nodes have answered init, and end
// only with Heal. The caller must Close the cluster before the test ends.
func Start(t testing.TB, cfg Config, program Program) *Cluster {
	t.Helper()
	if bubble() == "" {
		t.Fatal("maelstromtest: Start was called outside of a synctest bubble: call it in the function that is given to synctest.Test")
	}
	w := watchOver(t, cfg.Seed)
	t.Cleanup(w.done)
	w.enter(cfg.Stderr)
	b, err := newBench(cfg, true, w.settle, inProcess(program))
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{t: t, b: b, ended: make(chan struct{}), cuts: map[link]func(){}}
	ready := make(chan struct{})
	b.boot(func() { close(ready) })
	go func() {
		defer close(c.ended)
		b.loop(context.Background())
		b.finish()
	}()
	t.Cleanup(func() {
		if bubble() == "" {
			return // t is not the bubble's, which has ended
		}
		select {
		case <-c.ended:
		default:
			t.Error("maelstromtest: the test ended without Close of its cluster: defer it right after Start")
			c.Close()
		}
	})
	if _, ok := await(c, ready); !ok {
		t.Fatal(b.unstarted)
	}
	return c
}

// await waits for an element of a channel, or for its close. It returns false
// if the bench ends first.
func await[T any](c *Cluster, from <-chan T) (x T, ok bool) {
	select {
	case x = <-from:
		return x, true
	case <-c.ended:
		return x, false
	}
}

// Close ends the nodes' input and waits for them to end, up to 2 s. If a node
// leaves goroutines behind, the bubble panics afterwards.
func (c *Cluster) Close() {
	c.b.call(func() { c.b.done = true })
	<-c.ended
}

// Problems returns what is wrong under any workload: crashes, lines that are
// not messages, after which a node is mute, and requests answered twice.
func (c *Cluster) Problems() []string {
	var problems []string
	c.do(func() {
		problems = slices.Concat(verdict.Texts(c.b.Crashes), verdict.Texts(c.b.Mutes), verdict.Texts(c.b.failures))
	})
	return problems
}

// do makes the bench's goroutine run f, and waits until it has.
func (c *Cluster) do(f func()) {
	c.t.Helper()
	done := make(chan struct{})
	if !c.b.call(func() { f(); close(done) }) {
		c.t.Fatal("maelstromtest: the cluster is closed")
	}
	if _, ok := await(c, done); !ok {
		c.t.Fatal("maelstromtest: the cluster has ended")
	}
}

// doTo is do for a node.
func (c *Cluster) doTo(name string, f func(*node)) {
	c.t.Helper()
	i := slices.IndexFunc(c.b.nodes, func(n *node) bool { return n.name == name })
	if i < 0 {
		c.t.Fatalf("maelstromtest: no node %q", name)
	}
	c.do(func() { f(c.b.nodes[i]) })
}

// Request sends a request to a node and waits for the reply. The body must
// marshal to a JSON object with a type and without a msg_id. The error is a
// *maelstrom.RPCError if the reply is an error that has a code, and ErrTimeout
// if no reply comes in time. Requests may be made concurrently: each is sent
// under the name of a client that has no other open request.
func (c *Cluster) Request(name string, body any, timeout time.Duration) (reply Reply, err error) {
	c.t.Helper()
	answered := make(chan struct{})
	c.doTo(name, func(n *node) {
		client := c.client()
		client.request(n, body, timeout, func(r Reply, e error) {
			if e != ErrTimeout { // after a timeout, an answer may still come
				c.idle = append(c.idle, client)
			}
			reply, err = r, e
			close(answered)
		})
	})
	if _, ok := await(c, answered); !ok {
		return nil, errors.New("maelstromtest: the cluster was closed")
	}
	return reply, err
}

// client returns a client that has no open request.
func (c *Cluster) client() *benchClient {
	last := len(c.idle) - 1
	if last < 0 {
		return c.b.newClient()
	}
	client := c.idle[last]
	c.idle = c.idle[:last]
	return client
}

// Inject writes a line to a node's input as it is, bypassing the network.
func (c *Cluster) Inject(name string, line []byte) {
	c.t.Helper()
	c.doTo(name, func(n *node) { n.input(append(slices.Clip(line), '\n')) })
}

// Get returns the value that key has in the newest state of a service, "seq-kv"
// or "lin-kv".
func (c *Cluster) Get(name, key string) (raw json.RawMessage, ok bool) {
	c.t.Helper()
	c.doWith(name, func(s *service.Store) { raw, ok = s.Get(key) })
	return raw, ok
}

// Put writes a value to a service, as one more of its callers. The value must
// marshal to JSON.
func (c *Cluster) Put(name, key string, v any) {
	c.t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		c.t.Fatalf("maelstromtest: value for %s: %v", name, err)
	}
	c.doWith(name, func(s *service.Store) { s.Put("the test", key, raw) })
}

// doWith is do for a service.
func (c *Cluster) doWith(name string, f func(*service.Store)) {
	c.t.Helper()
	s, ok := c.b.services[name].(*service.Store)
	if !ok {
		c.t.Fatalf("maelstromtest: no store %q", name)
	}
	c.do(func() { f(s) })
}

// Kill ends a node's life, if it has one. Messages that it has sent still
// arrive.
func (c *Cluster) Kill(name string) {
	c.t.Helper()
	c.doTo(name, func(n *node) {
		if n.life != nil {
			c.b.resume(n)
			c.b.kill(n)
		}
	})
}

// Restart starts a dead node again and waits until it has answered init.
func (c *Cluster) Restart(name string) {
	c.t.Helper()
	answered := make(chan error, 1)
	c.doTo(name, func(n *node) {
		if n.life != nil {
			answered <- fmt.Errorf("maelstromtest: %s is not dead", name)
			return
		}
		c.b.startLife(n, func(err error) { answered <- err })
	})
	switch err, ok := await(c, answered); {
	case !ok:
		c.t.Fatal("maelstromtest: the cluster has ended")
	case err != nil:
		c.t.Fatal(err)
	}
}

// SetClock makes a node's wall clock show t now and run on from there. The
// setting outlasts the node's life. Any t will do, such as one before 1970, in
// the far future, or at the start of an earlier life.
func (c *Cluster) SetClock(name string, t time.Time) {
	c.t.Helper()
	c.doTo(name, func(n *node) { n.clock.set(t) })
}

// Pause holds a node's input and output until Resume. Its timers go on.
func (c *Cluster) Pause(name string) {
	c.t.Helper()
	c.doTo(name, func(n *node) {
		if n.healthy() {
			c.b.pause(n)
		}
	})
}

// Resume lets a paused node's input and output flow again.
func (c *Cluster) Resume(node string) {
	c.t.Helper()
	c.doTo(node, c.b.resume)
}

// Cut cuts the links between two endpoints, nodes or services, in both
// directions.
func (c *Cluster) Cut(a, b string) {
	c.t.Helper()
	c.CutOneWay(a, b)
	c.CutOneWay(b, a)
}

// CutOneWay keeps dest from hearing src.
func (c *Cluster) CutOneWay(src, dest string) {
	c.t.Helper()
	l := c.link(src, dest)
	c.do(func() {
		if c.cuts[l] == nil {
			c.cuts[l] = c.b.network.cut(l)
		}
	})
}

// Mend undoes what Cut and CutOneWay have done to the links between two
// endpoints.
func (c *Cluster) Mend(a, b string) {
	c.t.Helper()
	for _, l := range []link{c.link(a, b), c.link(b, a)} {
		c.do(func() {
			if mend := c.cuts[l]; mend != nil {
				mend()
				delete(c.cuts, l)
			}
		})
	}
}

// CutStore cuts the named nodes off from all services. Without names it cuts
// off all nodes.
func (c *Cluster) CutStore(nodes ...string) {
	c.t.Helper()
	c.eachStoreLink(nodes, c.Cut)
}

// MendStore undoes CutStore.
func (c *Cluster) MendStore(nodes ...string) {
	c.t.Helper()
	c.eachStoreLink(nodes, c.Mend)
}

func (c *Cluster) eachStoreLink(nodes []string, f func(a, b string)) {
	c.t.Helper()
	if len(nodes) == 0 {
		nodes = nodeNames(c.b.cfg.Nodes)
	}
	for _, n := range nodes {
		for _, name := range slices.Sorted(maps.Keys(c.b.services)) {
			f(n, name)
		}
	}
}

// Heal mends all links and ends the configured faults. Nodes that the test
// itself has killed or paused stay dead or paused.
func (c *Cluster) Heal() {
	c.t.Helper()
	c.do(func() {
		c.b.healFaults()
		byName := func(a, b link) int {
			return cmp.Or(cmp.Compare(a.src.name, b.src.name), cmp.Compare(a.dest.name, b.dest.name))
		}
		for _, l := range slices.SortedFunc(maps.Keys(c.cuts), byName) {
			c.cuts[l]()
		}
		clear(c.cuts)
	})
}

func (c *Cluster) link(src, dest string) link {
	c.t.Helper()
	var from, to *endpoint
	c.do(func() { from, to = c.b.endpoints[src], c.b.endpoints[dest] })
	if from == nil || to == nil {
		c.t.Fatalf("maelstromtest: no link from %q to %q", src, dest)
	}
	return link{from, to}
}
