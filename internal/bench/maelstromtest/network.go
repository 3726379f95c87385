package maelstromtest

import (
	"cmp"
	"container/heap"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// A message is on its way from one endpoint to another.
type message struct {
	id        int
	src, dest *endpoint
	body      json.RawMessage
	deadline  time.Duration
	seq       int    // the order of entering the receiver's queue, among equal deadlines
	twins     *twins // nil if there is no other copy
}

func (m *message) before(o *message) bool {
	return m.deadline < o.deadline || m.deadline == o.deadline && m.seq < o.seq
}

// line returns the message as a node reads it. The names of endpoints need no
// quoting.
func (m *message) line() []byte {
	const format = `{"id":%d,"src":"%s","dest":"%s","body":%s}` + "\n"
	return fmt.Appendf(nil, format, m.id, m.src.name, m.dest.name, m.body)
}

// An endpoint can send and receive messages. It is a node, a service or a
// client.
type endpoint struct {
	name    string
	kind    endpointKind
	deliver func(*message)
	far     float64 // by how much latencies from and to it are multiplied; zero: they are not
	gone    string  // of a client that has been closed: why; empty: messages can be sent to it
	queue   queue[*message]
	busy    bool // a message has been taken from the queue, and has not arrived

	inFlight int // messages from and to it that have neither arrived nor been lost, without clients' messages
}

type endpointKind int

const (
	aNode endpointKind = iota
	aService
	aClient
)

// A link is one direction between two endpoints.
type link struct{ src, dest *endpoint }

// A network carries messages as Maelstrom's net.clj does. Each receiver has a
// queue ordered by deadline and takes one message at a time from it: the one
// with the earliest deadline. When it takes a message, it looks whether the
// link is cut. If not, it waits for the deadline and for the hop that follows,
// and then handles the message. So a cut counts when a message is taken, which
// may be long before the message is handled. And a message may wait behind
// another that has a later deadline but was taken first. Latencies are whole
// milliseconds if their mean is, and exact otherwise: Maelstrom would round 0.5
// ms down to nothing. Hops are exact.
type network struct {
	sched     *scheduler
	random    *rand.Rand
	mean      time.Duration
	dist      Distribution
	hops      hops
	endpoints map[string]*endpoint
	cuts      map[link]int // how many reasons there are for each cut
	faults    []*messageFault
	deliver   func(*message) []Copy // decides what becomes of messages that involve no client; nil: chance does

	note func(Entry)

	nextSeq int
	Traffic // the number of messages is also the next one's id
}

func newNetwork(cfg Config, sched *scheduler, note func(Entry)) network {
	return network{
		sched: sched, random: cfg.stream("network"), mean: cfg.Latency, dist: cfg.LatencyDist,
		hops:      hops{mean: cfg.Hop, random: cfg.stream("hops")},
		endpoints: map[string]*endpoint{}, cuts: map[link]int{}, note: note,
	}
}

func (n *network) add(name string, kind endpointKind, deliver func(*message)) *endpoint {
	e := &endpoint{name: name, kind: kind, deliver: deliver}
	n.endpoints[name] = e
	return e
}

// record notes what happened to a message.
func (n *network) record(what What, m *message, delay time.Duration) {
	n.note(Entry{What: what, ID: m.id, Src: m.src.name, Dest: m.dest.name, Body: m.body, Delay: delay})
}

// send takes a message from its sender.
func (n *network) send(src, dest *endpoint, body json.RawMessage) {
	m := &message{id: n.Messages, src: src, dest: dest, body: body}
	n.Messages++
	n.record(Sent, m, 0)
	if src.kind == aClient || dest.kind == aClient {
		n.enqueue(m, 0)
		return
	}
	n.ServerMessages++
	if n.deliver != nil {
		n.sendCopies(m, n.deliver(m), true)
		return
	}
	copies := []Copy{{}}
	for _, f := range n.faults {
		if f.applies(m) {
			copies = f.change(copies)
		}
	}
	for i := range copies {
		copies[i].Latency, copies[i].added = n.latency(link{src, dest})
	}
	n.sendCopies(m, copies, false)
}

// sendCopies sends the copies of a message. A fault's delay passes before a
// copy enters its receiver's queue, so that other messages do not wait behind
// it. So does what a far node adds to the latency. If exact is set, the whole
// latency passes before the queue, too.
func (n *network) sendCopies(m *message, copies []Copy, exact bool) {
	if len(copies) == 0 {
		n.record(Lost, m, 0)
	}
	n.depart(m, len(copies))
	for i, c := range copies {
		if i > 0 {
			n.record(Doubled, m, 0)
		}
		if c.Delay > 0 {
			n.record(IsLate, m, c.Delay)
		}
		copied := *m
		switch {
		case exact:
			n.sched.after(c.Latency+c.Delay, func() { n.enqueue(&copied, 0) })
		case i == 0 && c.Delay+c.added == 0:
			n.enqueue(&copied, c.Latency)
		default:
			n.sched.after(c.Delay+c.added, func() { n.enqueue(&copied, c.Latency-c.added) })
		}
	}
}

// latency draws the latency of a message over a link that involves no client,
// and says how much of it a far node has added. What it draws does not depend
// on how far the ends are.
func (n *network) latency(l link) (latency, added time.Duration) {
	var drawn time.Duration
	switch n.dist {
	case Constant:
		drawn = n.mean
	case Uniform:
		drawn = between(n.random, 0, 2*n.mean)
	case Exponential:
		drawn = time.Duration(n.random.ExpFloat64() * float64(n.mean))
	}
	near := rounded(drawn, n.mean)
	far := cmp.Or(max(l.src.far, l.dest.far), 1)
	latency = rounded(times(drawn, far), times(n.mean, far))
	return latency, max(0, latency-near)
}

// rounded rounds a latency to whole milliseconds if the mean is.
func rounded(latency, mean time.Duration) time.Duration {
	if mean%time.Millisecond != 0 {
		return latency
	}
	return latency.Truncate(time.Millisecond)
}

func times(d time.Duration, factor float64) time.Duration {
	return time.Duration(math.Round(float64(d) * factor))
}

func (n *network) enqueue(m *message, latency time.Duration) {
	m.deadline = n.sched.now() + latency
	m.seq = n.nextSeq
	n.nextSeq++
	heap.Push(&m.dest.queue, m)
	n.receive(m.dest)
}

// receive lets an endpoint that isn't busy take its next message.
func (n *network) receive(e *endpoint) {
	for !e.busy && len(e.queue) > 0 {
		m := heap.Pop(&e.queue).(*message)
		if n.cuts[link{m.src, e}] > 0 {
			n.record(Blocked, m, 0)
			n.end(m, false)
			continue
		}
		e.busy = true
		n.sched.at(n.hops.arrival(m.deadline, n.sched.now()), func() {
			n.record(Received, m, 0)
			n.end(m, true)
			e.busy = false
			e.deliver(m)
			n.receive(e)
		})
	}
}

// cut cuts links until the returned function is called.
func (n *network) cut(links ...link) (mend func()) {
	for _, l := range links {
		n.cuts[l]++
		n.note(Entry{What: LinkCut, Src: l.src.name, Dest: l.dest.name})
	}
	return func() {
		for _, l := range links {
			n.note(Entry{What: LinkMends, Src: l.src.name, Dest: l.dest.name})
			if n.cuts[l]--; n.cuts[l] == 0 {
				delete(n.cuts, l)
			}
		}
	}
}
