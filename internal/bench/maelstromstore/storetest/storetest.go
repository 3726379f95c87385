// Package storetest writes a simulated run into the directory that the real
// Maelstrom would have made of it, for tests of what reads such directories.
//
//	result, entries := maelstromtest.Record(t, cfg, program)
//	store := storetest.Write(result, entries, storetest.Options{})
//	run, err := maelstromstore.Read(store, maelstromstore.Options{})
//
// It writes net-journal, jepsen.log, results.edn and node-logs in the form of
// Maelstrom 0.2.4. It leaves out history.edn, of which jepsen.log has all, the
// pages and pictures, and most of what the log says of the test at its start.
//
// The simulation must be one that Maelstrom could have run: with no fault but
// partitions, and with Config.KeepGoing, as Maelstrom goes on when no node can
// answer any more.
package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing/fstest"
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromtest"
)

// Options say how the run ended, and how it was written down.
type Options struct {
	// Killed is when Maelstrom's JVM was killed, from when all nodes were
	// ready. With 0 it was not. Of each file of the journal only whole blocks
	// are there then, and a line of the log may be cut off.
	Killed time.Duration
	// Block is how many bytes a block has. With 0 these are the 8,192 that
	// Java's BufferedOutputStream holds. With less, a short run leaves as much
	// as a long one.
	Block int
	// Late has a thread now and then read the clock up to 40 ms after it has
	// taken the number of an event.
	Late bool
}

// ready is how long a JVM has run when it starts the nodes.
const ready = 2 * time.Second

// began is when the JVM started. Its nanoTime was origin then.
var began = time.Date(2026, 11, 30, 7, 48, 52, 317_000, time.UTC)

const origin = 4_564_129_320_847

// NanoTime is the nanoTime at some time of a run whose nodes were ready at
// once, as those are of which there are no entries.
func NanoTime(at time.Duration) int64 { return origin + int64(ready+at) }

// A run is a run that is being written.
type run struct {
	*maelstromtest.Result
	entries []journal.Entry
	Options
	boot   time.Duration // from the start of the nodes to when all were ready
	booted int           // the position of the first entry after that
	store  fstest.MapFS
}

// Write returns the directory of a run.
func Write(r *maelstromtest.Result, entries []journal.Entry, o Options) fstest.MapFS {
	w := &run{Result: r, entries: Recorded(r, entries), Options: o, store: fstest.MapFS{}}
	w.findBoot()
	w.journal()
	w.log()
	w.nodeLogs()
	if o.Killed == 0 && len(r.Crashes) == 0 {
		w.write("results.edn", w.results())
	}
	return w.store
}

func (w *run) write(name, text string) {
	w.store[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644, ModTime: began}
}

// findBoot finds when all nodes were ready: from then on, the times of entries
// count from 0 again.
func (w *run) findBoot() {
	for i, e := range w.entries {
		if i > 0 && e.Time < w.entries[i-1].Time {
			w.boot, w.booted = w.entries[i-1].Time, i
		}
	}
}

// sinceBegan returns when an entry's event happened, from the start of the JVM.
func (w *run) sinceBegan(at int) time.Duration {
	if at < w.booted {
		return ready + w.entries[at].Time
	}
	return ready + w.boot + w.entries[at].Time
}

// killed is when the JVM was killed, from its start.
func (w *run) killed() time.Duration { return ready + w.boot + w.Killed }

func (w *run) random(part uint64) *rand.Rand { return rand.New(rand.NewPCG(w.Config.Seed, part)) }

// nodeLogs writes what the nodes wrote to their standard errors.
func (w *run) nodeLogs() {
	lines := map[string][]string{}
	for i, e := range w.entries {
		if e.What == journal.ToStderr && (w.Killed == 0 || w.sinceBegan(i) <= w.killed()) {
			lines[e.Node] = append(lines[e.Node], e.Text+"\n")
		}
	}
	for n := range w.Config.Nodes {
		name := fmt.Sprintf("n%d", n)
		w.write("node-logs/"+name+".log", strings.Join(lines[name], ""))
	}
}

// results is results.edn.
func (w *run) results() string {
	valid := func(checker string) bool {
		return !slices.ContainsFunc(w.Checks, func(c maelstromtest.Check) bool {
			return c.Checker == checker && c.Status == maelstromtest.Wrong
		})
	}
	var finals []any
	for _, op := range w.History {
		if op.Final && op.Outcome == maelstromtest.OK {
			finals = append(finals, op.Value)
		}
	}
	const form = `{:perf {:latency-graph {:valid? true}, :rate-graph {:valid? true}, :valid? true},
 :timeline {:valid? true},
 :exceptions {:valid? true},
 :stats {:valid? %v, :count %d, :ok-count %d, :fail-count 0, :info-count %d},
 :availability {:valid? %v, :ok-fraction %.7g},
 :net {:all {:msg-count %d}, :valid? true},
 :workload {:valid? %v, :errors nil, :final-reads (%v)},
 :valid? %v}
`
	return fmt.Sprintf(form, valid("stats"), w.Invoked, w.OK, w.Invoked-w.OK,
		valid("availability"), float64(w.OK)/float64(max(1, w.Invoked)), w.Messages,
		valid("workload"), strings.Trim(fmt.Sprint(finals), "[]"), w.MaelstromValid)
}
