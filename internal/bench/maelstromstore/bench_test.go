package maelstromstore_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime/metrics"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/fressian/fressiantest"
	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromstore"
	"maelstrom-counter/internal/bench/maelstromstore/storetest"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/report"
	"maelstrom-counter/internal/bench/verdict"
)

// Time and memory grow in proportion to the journal.
func BenchmarkRead(b *testing.B) {
	for _, megabytes := range []float64{0.5, 1, 10, 100} {
		b.Run(fmt.Sprintf("%gMB", megabytes), func(b *testing.B) {
			dir := b.TempDir()
			size := gossip(b, dir, megabytes*1e6)
			b.SetBytes(size)
			var events int
			peak := peakOf(func() {
				for b.Loop() {
					run, err := maelstromstore.Read(os.DirFS(dir), maelstromstore.Options{})
					if err != nil {
						b.Fatal(err)
					}
					run.Entries(func(journal.Entry) {})
					events = run.Events
				}
			})
			b.ReportMetric(peak/1e6, "MB-heap")
			b.ReportMetric(peak/float64(events), "B-heap/event")
		})
	}
}

// The page of a run, and all else that is written of it.
func BenchmarkPage(b *testing.B) {
	for _, megabytes := range []float64{0.5, 10, 100} {
		b.Run(fmt.Sprintf("%gMB", megabytes), func(b *testing.B) {
			dir := b.TempDir()
			b.SetBytes(gossip(b, dir, megabytes*1e6))
			peak := peakOf(func() {
				for b.Loop() {
					page(b, dir)
				}
			})
			b.ReportMetric(peak/1e6, "MB-heap")
		})
	}
}

func page(b *testing.B, dir string) {
	folder := b.TempDir()
	run, err := maelstromstore.Read(os.DirFS(dir), maelstromstore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	messages := report.NewJournal(folder, report.MaxMessages)
	run.Entries(func(e journal.Entry) { _ = journal.Write(messages, e) }) // Close returns the error
	run.Entries = nil                                                     // which holds all events
	if err := messages.Close(); err != nil {
		b.Fatal(err)
	}
	s, err := report.Tell(folder, run.Result)
	if err != nil {
		b.Fatal(err)
	}
	luck, err := report.LuckOf(folder, run.Result)
	if err != nil {
		b.Fatal(err)
	}
	if err := report.Write(folder, report.Run{Result: run.Result, Command: run.Command, Bin: run.Bin, Start: run.Start, Story: s, Luck: luck}); err != nil {
		b.Fatal(err)
	}
}

// peakOf runs f and returns how many bytes the heap had at most.
func peakOf(f func()) float64 {
	stop, peak := make(chan struct{}), make(chan float64)
	go func() {
		most, sample := uint64(0), []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		for {
			metrics.Read(sample)
			most = max(most, sample[0].Value.Uint64())
			select {
			case <-stop:
				peak <- float64(most)
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}()
	f()
	close(stop)
	return <-peak
}

const (
	gossipNodes = 25
	tick        = 200 * time.Millisecond // each node tells all others its part
)

// A gossiper writes the store of a run in which each node has a part of the
// total in memory, and tells it all others again and again.
type gossiper struct {
	b       *testing.B
	dir     string
	threads map[string]*fressiantest.Writer
	files   []*os.File
	id      int64 // of the next event
	next    int   // the next message's number
	asked   int   // requests
	history []verdict.Op
	parts   [gossipNodes]int64
	known   [gossipNodes][gossipNodes]int64 // by node: the others' parts
}

// gossip writes a store whose journal has about that many bytes, and returns
// how many it has.
func gossip(b *testing.B, dir string, size float64) int64 {
	g := &gossiper{b: b, dir: dir, threads: map[string]*fressiantest.Writer{}}
	if err := os.Mkdir(filepath.Join(dir, "net-journal"), 0o755); err != nil {
		b.Fatal(err)
	}
	g.start()
	const perTick = 2 * 30 * gossipNodes * gossipNodes // bytes
	last := time.Duration(size/perTick) * tick
	for now := time.Duration(0); now <= last; now += tick {
		g.requests(now, false)
		g.tell(now + tick/2)
	}
	g.requests(last+tick+10*time.Second, true)
	return g.finish(last)
}

func node(i int) string { return fmt.Sprintf("n%d", i) }

// event writes an event of a thread.
func (g *gossiper) event(thread string, what journal.What, now time.Duration, message, src, dest string, id int, body ...any) {
	w := g.threads[thread]
	if w == nil {
		f, err := os.Create(filepath.Join(g.dir, "net-journal", fmt.Sprintf("%d.fressian", len(g.files))))
		if err != nil {
			g.b.Fatal(err)
		}
		w = fressiantest.NewWriter(f)
		g.threads[thread], g.files = w, append(g.files, f)
	}
	e := journal.Entry{What: what, ID: id, Src: src, Dest: dest}
	storetest.Event(w, g.id, storetest.NanoTime(now), e, append(fressiantest.Map{"type", message}, body...))
	g.id++
}

// start tells each node who it is.
func (g *gossiper) start() {
	var names []any
	for i := range gossipNodes {
		names = append(names, node(i))
	}
	for i, name := range names {
		client := fmt.Sprintf("c%d", i)
		g.call("setup of "+node(i), client, node(i), 0, 0, []any{"init", "node_id", name, "node_ids", names}, []any{"init_ok"})
	}
}

// call writes a request, and its answer, each with its type before its fields.
func (g *gossiper) call(thread, client, to string, sent, answered time.Duration, request, answer []any) {
	g.asked++
	number := int64(g.asked)
	for i, m := range [][]any{append(request, "msg_id", number), append(answer, "in_reply_to", number)} {
		at, from, dest := sent, client, to
		write, read := thread, "stdin of "+to
		if i == 1 {
			at, from, dest, write, read = answered, to, client, "stdout of "+to, thread
		}
		g.event(write, journal.Sent, at, m[0].(string), from, dest, g.next, m[1:]...)
		g.event(read, journal.Received, at+100*time.Microsecond, m[0].(string), from, dest, g.next, m[1:]...)
		g.next++
	}
}

// requests makes 20 requests after another, or one final read of each node.
func (g *gossiper) requests(now time.Duration, final bool) {
	n := 20
	if final {
		n = gossipNodes
	}
	for k := range n {
		worker := k
		if !final {
			worker = len(g.history) % gossipNodes
		}
		invoke := now + time.Duration(k)*time.Millisecond
		op := verdict.Op{
			Worker: worker, Client: fmt.Sprintf("c%d", gossipNodes+worker), Node: node(worker), F: "read",
			Invoke: invoke, Complete: invoke + 300*time.Microsecond, Outcome: verdict.OK, Final: final,
		}
		request, answer := []any{"read"}, []any{"read_ok"}
		if len(g.history)%3 == 0 && !final {
			delta := int64(len(g.history) % 5)
			g.parts[worker] += delta
			op.F, op.Value, request, answer = "add", delta, []any{"add", "delta", delta}, []any{"add_ok"}
		} else {
			sum := g.parts[worker]
			for _, part := range g.known[worker] {
				sum += part
			}
			op.Value, answer = sum, append(answer, "value", sum)
		}
		g.call(fmt.Sprintf("worker %d", worker), op.Client, op.Node, invoke, invoke+200*time.Microsecond, request, answer)
		g.history = append(g.history, op)
	}
}

// tell has each node tell all others its part.
func (g *gossiper) tell(now time.Duration) {
	for _, what := range []journal.What{journal.Sent, journal.Received} {
		next := g.next
		for i := range gossipNodes {
			for j := range gossipNodes {
				if i == j {
					continue
				}
				thread := "stdout of " + node(i)
				if what == journal.Received {
					thread, g.known[j][i] = "stdin of "+node(j), g.parts[i]
				}
				g.event(thread, what, now, "gossip", node(i), node(j), next, "part", g.parts[i])
				next++
			}
		}
		if now += time.Millisecond; what == journal.Received {
			g.next = next
		}
	}
}

// finish writes what else belongs to a run, and returns the journal's size.
func (g *gossiper) finish(limit time.Duration) (size int64) {
	cfg := maelstromtest.Config{
		Nodes: gossipNodes, Concurrency: gossipNodes, Rate: 100, TimeLimit: limit, NemesisInterval: 10 * time.Second,
		Recovery: 10 * time.Second, LatencyDist: maelstromtest.Constant,
	}
	r := &maelstromtest.Result{
		Verdict: verdict.Judge(verdict.Evidence{History: g.history, Complete: true}, maelstromtest.GCounter{}),
		Config:  cfg, History: g.history, Elapsed: g.history[len(g.history)-1].Complete,
	}
	if err := os.CopyFS(g.dir, storetest.Write(r, nil, storetest.Options{})); err != nil {
		g.b.Fatal(err)
	}
	for _, w := range g.threads {
		if err := w.Flush(); err != nil {
			g.b.Fatal(err)
		}
	}
	for _, f := range g.files {
		info, err := f.Stat()
		if err := cmp.Or(err, f.Close()); err != nil {
			g.b.Fatal(err)
		}
		size += info.Size()
	}
	return size
}
