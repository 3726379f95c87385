// Package maelstromstore reads the directory in which the real Maelstrom keeps
// a run, and makes of it what a run of the bench gives: a result and a journal.
//
//	dir, err := maelstromstore.Find("store/latest")
//	run, err := maelstromstore.Read(os.DirFS(dir), maelstromstore.Options{})
//	fmt.Println(run.Result.Right, run.Valid)
//	run.Entries(func(e journal.Entry) { ... })
//
// A directory need not be complete: Maelstrom may have been interrupted, or may
// still be at work. Of three sources, net-journal/ has every message that was
// sent and received, jepsen.log the operations of workers and nemesis, and what
// went wrong, and results.edn Maelstrom's own verdict. What they do not record
// is either worked out, such as what seq-kv must have done to answer as it did
// (package service), or left open: where it is not known what followed, the
// journal ends with a Gap.
//
// Two clocks come together: the journal's, which is the JVM's nanoTime, and the
// log's, which has milliseconds. Operations that are matched with their
// messages have the journal's times.
package maelstromstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"olympos.io/encoding/edn"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/verdict"
)

// A Run is a run of the real Maelstrom.
type Run struct {
	Result  *maelstromtest.Result
	Entries func(do func(journal.Entry)) // calls do with each entry of the run's journal, in order

	Command []string  // Maelstrom's command line, from the word test on
	Bin     string    // the node, as the command line names it
	Start   time.Time // when the first request could be made
	Recording

	Bytes  int64 // of the network's journal
	Events int
}

// A Recording says where a run was read from, how it ended, what Maelstrom said
// of it, and what is not known.
type Recording struct {
	Directory string            `json:"directory"`          // which was read; the caller of Read sets it
	Ended     string            `json:"ended,omitempty"`    // how the run ended, if it did not come to its end
	Valid     string            `json:"valid,omitempty"`    // Maelstrom's own :valid?: true, false, :unknown; empty if there is none
	Checkers  map[string]string `json:"checkers,omitempty"` // the same of each checker, such as workload and stats
	Notes     []string          `json:"notes,omitempty"`    // what is missing, odd or not known: a sentence each
}

// Options are how a run is to be read.
type Options struct {
	Consistency verdict.Consistency     // by which it is judged
	Progress    func(done, total int64) // if set, is called now and then with the bytes that have been read
}

// Find returns the directory of a run, given that directory or one above it:
// store, store/g-counter, or a link such as latest. Of several runs, it is the
// newest.
func Find(path string) (string, error) {
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("cannot read %s: %w", path, errors.Unwrap(err))
	}
	for _, pattern := range []string{"jepsen.log", "*/jepsen.log", "*/*/jepsen.log"} {
		logs, _ := fs.Glob(os.DirFS(path), pattern)
		if len(logs) == 0 {
			continue
		}
		newest := slices.MaxFunc(logs, func(a, b string) int {
			return modified(filepath.Join(path, a)).Compare(modified(filepath.Join(path, b)))
		})
		return filepath.EvalSymlinks(filepath.Join(path, filepath.Dir(newest)))
	}
	return "", fmt.Errorf("%s is not the directory of a Maelstrom run, and does not contain one: there is no jepsen.log", path)
}

func modified(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// A reader puts a run together.
type reader struct {
	*Run
	log     *runLog
	cfg     maelstromtest.Config
	events  []event // of the journal, up to where it is whole
	ended   bool    // the last event is the last of the run
	origin  time.Duration
	coarse  int                          // how many requests have only the log's times
	latest  map[string]int               // by receiver: the latest sending of what it received, 1 + an index
	answers map[string][]*journal.Answer // by service, in the order of its requests
	strays  []stray
}

// Read reads a run's directory. The error says in a sentence why it cannot be
// read: for example, it is of another workload.
func Read(dir fs.FS, o Options) (*Run, error) {
	r := &reader{Run: &Run{}}
	if o.Progress == nil {
		o.Progress = func(int64, int64) {}
	}
	net := readJournal(dir, o.Progress)
	// While a run goes on, the log must not be older than the journal.
	if err := r.readLog(dir); err != nil {
		return nil, err
	}
	r.take(net)
	r.configure(o.Consistency)
	history := r.history()
	r.replay()
	r.placeLives(dir)
	r.Result = maelstromtest.Judge(r.evidence(history), r.cfg, r.traffic(), r.faults())
	r.readResults(dir)
	r.Entries = r.entries
	return r.Run, nil
}

// readLog reads jepsen.log.
func (r *reader) readLog(dir fs.FS) error {
	text, err := fs.ReadFile(dir, "jepsen.log")
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("it is not the directory of a Maelstrom run: there is no jepsen.log")
	} else if err != nil {
		return err
	}
	r.log = readLog(string(text))
	l := r.log
	switch {
	case l.Workload == "", len(l.Nodes) == 0, l.Concurrency < 1:
		return errors.New("jepsen.log does not say what was run")
	case l.Workload != "g-counter":
		return fmt.Errorf("it is a run of the workload %s, and only runs of g-counter can be read", string(l.Workload))
	case l.crashed != "" && len(l.ops) == 0:
		return fmt.Errorf("the run ended before its first request: %s", l.failure())
	case len(l.ops) == 0:
		return errors.New("the run has not reached its first request")
	}
	r.Command, r.Bin, r.Start = l.Argv, l.Bin, l.start
	switch {
	case l.crashed != "":
		r.Ended = "Maelstrom broke it off without results: " + l.crashed
	case !l.done:
		r.Ended = fmt.Sprintf("it was stopped from outside, or is still running: the log ends at %s", verdict.Time(l.last))
	}
	return nil
}

// take takes the events up to the first that is missing. At the start, the
// messages of init are known well enough if one end of each is.
func (r *reader) take(net *netJournal) {
	r.Bytes, r.Events, r.Notes = net.bytes, len(net.events), append(r.Notes, net.notes...)
	halves, requests := 0, false
	for _, e := range net.events {
		if inits(e.msg) && (e.msg.sent == 0 || e.msg.recv == 0) {
			halves++
		}
	}
	whole := slices.IndexFunc(net.events, func(e event) bool {
		if requests {
			return e.missing > 0
		}
		requests = r.isClient(e.msg.src) && !inits(e.msg)
		halves -= e.missing
		return halves < 0
	})
	if whole < 0 {
		whole = len(net.events)
	}
	r.events = net.events[:whole]
	r.ended = whole == len(net.events) && !net.open && r.log.done
	r.latest = map[string]int{}
	for _, e := range r.events {
		if e.recv {
			r.latest[e.msg.dest] = max(r.latest[e.msg.dest], e.msg.sent)
		}
	}
}

// inits reports whether a message is an init or the answer to one.
func inits(m *message) bool { return m.kind == "init" || m.kind == "init_ok" }

// configure translates the options of the run.
func (r *reader) configure(promise verdict.Consistency) {
	s := r.log.settings
	seconds := func(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
	r.cfg = maelstromtest.Config{
		Workload: maelstromtest.GCounter{}, Nodes: len(s.Nodes), Concurrency: s.Concurrency, Rate: s.Rate, TimeLimit: seconds(s.TimeLimit),
		Latency: seconds(s.Latency.Mean / 1000), LatencyDist: maelstromtest.Distribution(s.Latency.Dist),
		NemesisInterval: seconds(s.Interval), Recovery: 10 * time.Second, ClientTimeout: 5 * time.Second,
		Consistency: promise, Args: s.Args,
	}
	r.cfg.Availability, _ = maelstromtest.ParseAvailability(strings.TrimPrefix(string(s.Availability), ":")) // none if it is nil
	if slices.Contains(s.Argv, "--nemesis") {
		r.cfg.Nemesis = []maelstromtest.Fault{{Kind: maelstromtest.Partition}} // Maelstrom has no other
	}
}

// maxStderr bounds what is read of the end of a node's standard error.
const maxStderr = 64 << 10

// placeLives finds out what can be known of nodes that crashed or went mute,
// and what nodes wrote to their standard error.
func (r *reader) placeLives(dir fs.FS) {
	lives := &r.log.lives
	lives.Stderr = map[string]string{}
	for _, node := range r.log.Nodes {
		if text, _ := fs.ReadFile(dir, "node-logs/"+node+".log"); len(text) > 0 { // there may be none
			lives.Stderr[node] = strings.ToValidUTF8(string(text[max(0, len(text)-maxStderr):]), "")
		}
	}
	last := func(node string) (at time.Duration) {
		at = -1 // at some time
		if i := r.lastSent(node); i >= 0 {
			at = r.since(r.events[i].at)
		}
		return at
	}
	for i, c := range lives.Crashes {
		lives.Crashes[i].At = last(c.Node)
	}
	for i, m := range lives.Mutes {
		lives.Mutes[i].At = max(m.At, last(m.Node))
	}
}

// evidence returns what the verdict rests on.
func (r *reader) evidence(history []verdict.Op) verdict.Evidence {
	e := verdict.Evidence{
		History: history, Lives: r.log.lives, Complete: r.log.done, Consistency: r.cfg.Consistency, Availability: r.cfg.Availability,
		Unknown: map[string]string{verdict.StartsAndEnds: "Maelstrom kills its nodes at the end"},
	}
	for _, m := range r.strays {
		what := fmt.Sprintf("%s sent %s a reply to none of its requests: %s", m.src, m.dest, m.body)
		if m.twice {
			what = fmt.Sprintf("%s answered request %s of %s, which had been answered: %s", m.src, m.inReplyTo, m.dest, m.body)
		}
		text := "at " + verdict.Time(r.since(m.at)) + ": " + verdict.Shown(what)
		e.Failures = append(e.Failures, verdict.Failure{Check: verdict.WellFormed, Text: text})
	}
	if r.coarse > 0 {
		why := fmt.Sprintf("the times of %s are known to milliseconds only", verdict.Number(r.coarse, "request"))
		e.Unknown[verdict.ReadsInOrder], e.Unknown[verdict.IsLinearizable] = why, why
	}
	if !r.log.stopped {
		e.Unknown[verdict.NoCrash] = "Maelstrom checks this when it stops the nodes"
	}
	if !r.ended {
		e.Unknown[verdict.WellFormed] = "not all messages are recorded"
	}
	return e
}

// traffic counts the messages.
func (r *reader) traffic() (t maelstromtest.Traffic) {
	for _, e := range r.events {
		if e.recv && e.msg.sent != 0 {
			continue
		}
		t.Messages++
		if !r.isClient(e.msg.src) && !r.isClient(e.msg.dest) {
			t.ServerMessages++
		}
	}
	return t
}

func (r *reader) faults() (faults []maelstromtest.FaultRecord) {
	for _, c := range r.log.cuts {
		faults = append(faults, c.FaultRecord)
	}
	return faults
}

// readResults reads Maelstrom's own verdict, if there is one.
func (r *reader) readResults(dir fs.FS) {
	text, _ := fs.ReadFile(dir, "results.edn") // there may be none
	var results map[edn.Keyword]edn.RawMessage
	if edn.Unmarshal(text, &results) != nil {
		return
	}
	r.Valid, r.Checkers = string(results["valid?"]), map[string]string{}
	for name, checker := range results {
		var own struct {
			Valid edn.RawMessage `edn:"valid?"`
		}
		if edn.Unmarshal(checker, &own) == nil && len(own.Valid) > 0 {
			r.Checkers[string(name)] = string(own.Valid)
		}
	}
}
