package maelstromtest

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"maelstrom-counter/internal/bench/service"
)

// exitTimeout is how long nodes may take to end after the end of their input.
const exitTimeout = 2 * time.Second

// maxPerInstant bounds the events at one instant of virtual time. Nodes that
// talk without a pause and without latency would keep time from passing.
const maxPerInstant = 100_000

// A bench runs one cluster. The goroutine that runs loop owns everything except
// the fields that are marked as shared.
//
// In virtual time, loop lets all nodes come to rest, takes what they have
// written, puts it in a fixed order, and only then lets one thing happen: one
// message arrive, or one fault begin. So the order of all random draws depends
// on the seed alone. The nodes' own timers that are due at an instant have
// fired before the bench does anything at that instant.
type bench struct {
	scheduler
	network
	cfg      Config
	virtual  bool
	settle   func() // waits until all nodes wait for something
	start    starter
	nodes    []*node
	services map[string]service.Service
	faultLog []FaultRecord
	stops    []func()   // end the faults of faultLog that are in force
	faulty   bool       // faults may begin
	rng      *rand.Rand // for the workload

	epoch    time.Duration // when all nodes had answered init; the history's times count from here
	clients  int
	failures []failure // what went wrong that belongs to no single request
	Lives
	load      *load // nil until then, and if a test makes the requests
	booted    bool  // all nodes have answered init
	unstarted error // why they have not
	done      bool

	wakeup chan struct{}

	mu     sync.Mutex // guards what follows, which is shared with tests' goroutines
	calls  []func()
	closed bool
}

// A life is one run of a node's program, from its start to its end.
type life struct {
	stdin  *pipe
	stdout *outbox
	ended  chan struct{}
	stderr *errlog   // nil if there is no journal
	began  time.Time // by the node's own clock
	mute   bool      // it has printed a line that is not a message

	init     *benchClient // which has asked it to init
	answered bool         // its answer to init has been sent
	ready    bool         // and has arrived
	early    int          // messages that it sent before it was ready

	watched bool   // a look at the line that it has begun is due
	waiting string // the beginning of a line that has been noted, of the last such line
	// For a process: pause stops it, resume continues it, and kill ends it at
	// once. For a Program the first two do nothing, and kill is nil.
	pause, resume, kill func()
}

// A starter starts a life of a node. The life calls wake when the node has
// written something, or has ended.
type starter func(env Env, wake func()) (*life, error)

// An interval is a span of time. It is open while to is zero.
type interval struct{ from, to time.Duration }

func newBench(cfg Config, virtual bool, settle func(), start starter) (*bench, error) {
	cfg, err := cfg.withDefaults(virtual)
	if err != nil {
		return nil, err
	}
	b := &bench{
		cfg: cfg, virtual: virtual, settle: settle, start: start,
		services: map[string]service.Service{
			"seq-kv":  service.NewSequential(cfg.stream("seq-kv")),
			"lin-kv":  service.NewLinearizable(),
			"lww-kv":  service.NewEventual(cfg.stream("lww-kv")),
			"lin-tso": service.NewOracle(),
		},
		rng:    cfg.stream("workload"),
		wakeup: make(chan struct{}, 1),
	}
	b.scheduler.begin = time.Now()
	b.network = newNetwork(cfg, &b.scheduler, b.note)
	if script := cfg.Script; script != nil {
		b.network.deliver, b.network.hops = script.deliver(cfg.Latency), hops{}
		b.services["seq-kv"] = service.NewStore(script.answer)
	}
	for name, s := range b.services {
		b.network.add(name, aService, func(m *message) {
			reply, from := service.Answer(s, m.src.name, m.body)
			if from != nil {
				b.note(Entry{What: Answered, ID: m.id, Src: m.src.name, Dest: m.dest.name, Answer: from})
			}
			if reply != nil {
				b.network.send(m.dest, m.src, reply)
			}
		})
	}
	for _, name := range nodeNames(cfg.Nodes) {
		n := &node{name: name}
		n.endpoint = b.network.add(n.name, aNode, func(m *message) { n.input(m.line()) })
		n.endpoint.far = cfg.Far[n.name]
		b.nodes = append(b.nodes, n)
	}
	return b, nil
}

// nodeNames returns the names of the nodes of a cluster.
func nodeNames(nodes int) []string {
	names := make([]string, nodes)
	for i := range names {
		names[i] = fmt.Sprintf("n%d", i)
	}
	return names
}

// startLife starts a node and sends it an init message, the first message that
// it gets. It calls answered when the node has answered or has failed to.
func (b *bench) startLife(n *node, answered func(error)) {
	began := n.clock.now()
	stderr := b.errlog()
	life, err := b.start(Env{
		Args:   b.cfg.Args,
		Stderr: b.stderrOf(n, stderr),
		Now:    n.clock.now,
		Seed:   b.cfg.stream(fmt.Sprintf("%s life %d", n.name, len(n.lives))).Uint64(),
		Stop:   context.Background(),
	}, b.wake)
	if err != nil {
		answered(&StartError{Node: n.name, Why: err.Error()})
		return
	}
	life.began, life.stderr = began, stderr
	n.life = life
	n.lives = append(n.lives, life)
	b.note(Entry{What: Started, Node: n.name})
	n.up(b.now())

	c := b.newClient()
	life.init = c
	init := Body{"type": "init", "node_id": n.name, "node_ids": nodeNames(b.cfg.Nodes)}
	line := c.expect(n, init, initTimeout, func(r Reply, err error) {
		err = b.initError(n, life, r, err)
		life.ready = err == nil
		c.close()
		answered(err)
	})
	b.settle()
	b.listen(n) // to what it prints before it is asked
	if c.awaited == 0 {
		return
	}
	// This bypasses the network: a message that waits in the node's queue must
	// not come first.
	m := &message{id: b.Messages, src: c.endpoint, dest: n.endpoint, body: line}
	b.Messages++
	b.record(Sent, m, 0)
	b.record(Received, m, 0)
	n.input(m.line())
}

// errlog returns what collects the lines of a node's standard error, or nil if
// there is no journal to write them to.
func (b *bench) errlog() *errlog {
	if b.cfg.Journal == nil && b.cfg.Watch == nil {
		return nil
	}
	return &errlog{wake: b.wake, races: b.virtual}
}

// stderrOf returns the standard error for a node's next life.
func (b *bench) stderrOf(n *node, log *errlog) io.Writer {
	writers := []io.Writer{&n.stderr}
	if log != nil {
		writers = append(writers, log)
	}
	if b.cfg.Stderr != nil {
		writers = append(writers, b.cfg.Stderr(n.name))
	}
	return io.MultiWriter(writers...)
}

// loop runs the bench until it is done or ctx ends.
func (b *bench) loop(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	instant, events := time.Duration(-1), 0
	for ctx.Err() == nil {
		b.settle()
		b.drain()
		b.takeCalls()
		if b.done {
			return
		}
		if do, ok := b.due(); ok {
			do()
			if now := b.now(); now != instant {
				instant, events = now, 0
			}
			if events++; b.virtual && events > maxPerInstant {
				b.complain(runComplete, "%d messages at one instant, and the nodes still talk", events)
				return
			}
			continue
		}
		wait := time.Hour
		if len(b.events) > 0 {
			wait = b.events[0].at - b.now()
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-b.wakeup:
		case <-ctx.Done():
		}
	}
}

// wake makes loop look for something to do. It may be called from any
// goroutine.
func (b *bench) wake() {
	select {
	case b.wakeup <- struct{}{}:
	default:
	}
}

// call makes the bench's goroutine run f. It returns false if the bench has
// ended.
func (b *bench) call(f func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.calls = append(b.calls, f)
	b.wake()
	return true
}

func (b *bench) takeCalls() {
	b.mu.Lock()
	calls := b.calls
	b.calls = nil
	b.mu.Unlock()
	for _, f := range calls {
		f()
	}
}

// crashed notes that a node has ended by itself.
func (b *bench) crashed(n *node) {
	life := n.life
	why := "its program returned before the end of its input"
	if err := life.stdout.exit.err; err != nil {
		why = err.Error()
	}
	b.Crashes = append(b.Crashes, Crash{Node: n.name, At: b.since(), Why: why, Stdout: n.said.String(), Stderr: n.stderr.String()})
	b.note(Entry{What: Crashed, Node: n.name, Text: why})
	n.life, n.crashed = nil, true
	n.goDown(b.now())
	if life.kill == nil && n.said.String() == "" {
		why += aProgram
	}
	if !life.ready {
		life.init.fail(n.startError("it ended before it answered init: "+why, ""))
	} else if !b.booted {
		b.unstarted, b.done = cmp.Or(b.unstarted, error(n.startError("it ended: "+why, ""))), true
	}
	b.endIfLost()
}

// kill ends a healthy node's life. Messages that it has sent are still
// delivered. What it writes from now on is dropped.
func (b *bench) kill(n *node) {
	life := n.life
	b.lastPending(n)
	n.life = nil
	b.note(Entry{What: Killed, Node: n.name})
	n.goDown(b.now())
	if life.kill != nil {
		life.kill()
	}
	life.stdin.close()
}

// restart starts a dead node again.
func (b *bench) restart(n *node) {
	number := len(n.lives)
	answered := func(err error) {
		killedSince := len(n.lives) > number && n.life != n.lives[number]
		if err != nil && !killedSince {
			b.complain(startsAndEnds, "%v", err)
		}
	}
	b.startLife(n, func(err error) {
		if err != nil {
			answered(err)
			return
		}
		b.prepare(n, answered)
	})
}

// pause holds a healthy node's input and output.
func (b *bench) pause(n *node) {
	n.paused = true
	b.note(Entry{What: Paused, Node: n.name})
	n.goDown(b.now())
	n.life.pause()
}

// resume lets a node's input and output flow again, if it is paused.
func (b *bench) resume(n *node) {
	if !n.paused {
		return
	}
	n.paused = false
	b.note(Entry{What: Resumed, Node: n.name})
	n.up(b.now())
	n.life.resume()
	held, life := n.held, n.life
	n.held = nil
	// One line comes at a time, like all other input, and a nanosecond after
	// the other. Otherwise the timers that a node sets when it gets them would
	// be due at one instant, and its goroutines would race.
	for i, line := range held {
		b.after(time.Duration(i), func() {
			if n.life == life {
				n.input(line)
			}
		})
	}
}

// finish ends the input of all nodes and waits for the nodes to end, up to
// exitTimeout.
func (b *bench) finish() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	for _, n := range b.nodes {
		b.resume(n)
		if n.life != nil {
			b.lastPending(n)
			n.life.stdin.close()
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), exitTimeout)
	defer cancel()
	for _, n := range b.nodes {
		for number, life := range n.lives {
			b.Exits = append(b.Exits, life.await(ctx, Exit{Node: n.name, Life: number}))
		}
	}
}

// await waits for a life to end. If ctx ends first, it kills the life if that
// is a process.
func (l *life) await(ctx context.Context, e Exit) Exit {
	select {
	case <-l.ended:
	case <-ctx.Done():
	}
	select {
	case <-l.ended:
	default:
		e.Forced = true
		if l.kill == nil {
			return e
		}
		l.kill()
		<-l.ended
	}
	e.Code = l.stdout.exit.code
	return e
}
