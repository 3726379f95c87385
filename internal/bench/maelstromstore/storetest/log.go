package storetest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromtest"
)

// A line of jepsen.log, with what follows it before the next.
type line struct {
	at   time.Duration // from the start of the JVM
	text string
}

// A logger collects the lines of jepsen.log.
type logger struct{ lines []line }

func (l *logger) add(at time.Duration, level, thread, logger, format string, args ...any) {
	when := began.Add(at).Format("2006-01-02 15:04:05,000")
	text := fmt.Sprintf(format, args...)
	l.lines = append(l.lines, line{at, fmt.Sprintf("%s{GMT}\t%s\t[%s] %s: %s\n", when, level, thread, logger, text)})
}

// runner has the test's runner say something.
func (l *logger) runner(at time.Duration, format string, args ...any) {
	l.add(at, "INFO", "jepsen test runner", "jepsen.core", format, args...)
}

// trace is the end of what Java prints of an exception.
const trace = "\tat clojure.lang.AFn.call(AFn.java:18)\n\tat java.base/java.lang.Thread.run(Thread.java:840)"

// log writes jepsen.log.
func (w *run) log() {
	l := &logger{}
	w.logStart(l)
	w.logEntries(l)
	w.logRequests(l)
	w.logEnd(l)
	slices.SortStableFunc(l.lines, func(x, y line) int { return cmp.Compare(x.at, y.at) })
	var b strings.Builder
	for _, line := range l.lines {
		if w.Killed > 0 && line.at > w.killed() {
			b.WriteString(line.text[:w.random(2).IntN(len(line.text))])
			break
		}
		b.WriteString(line.text)
	}
	w.write("jepsen.log", b.String())
}

// flags are Maelstrom's options.
func (w *run) flags() []string {
	c := w.Config
	flags := []string{"test", "--bin", "./node", "-w", "g-counter", "--node-count", strconv.Itoa(c.Nodes),
		"--concurrency", strconv.Itoa(c.Concurrency), "--rate", strconv.FormatFloat(c.Rate, 'g', -1, 64),
		"--time-limit", strconv.FormatFloat(c.TimeLimit.Seconds(), 'g', -1, 64),
		"--latency", strconv.FormatInt(c.Latency.Milliseconds(), 10), "--latency-dist", string(c.LatencyDist)}
	if c.Availability > 0 {
		flags = append(flags, "--availability", strconv.FormatFloat(c.Availability, 'g', -1, 64))
	}
	if len(c.Nemesis) > 0 {
		flags = append(flags, "--nemesis", "partition",
			"--nemesis-interval", strconv.FormatFloat(c.NemesisInterval.Seconds(), 'g', -1, 64))
	}
	return flags
}

func (w *run) logStart(l *logger) {
	l.runner(0, "Command line:\nlein run %s", strings.Join(w.flags(), " "))
	l.runner(0, "Running test:\n%s\n", w.test())
	l.add(ready, "INFO", "jepsen node n0", "maelstrom.net", "Starting Maelstrom network")
	l.add(ready, "INFO", "jepsen test runner", "jepsen.db", "Setting up DB")
	for n := range w.Config.Nodes {
		thread := fmt.Sprintf("jepsen node n%d", n)
		l.add(ready, "INFO", thread, "maelstrom.db", "Setting up n%d", n)
		l.add(ready, "INFO", thread, "maelstrom.process", "launching ./node []")
	}
	l.runner(ready+w.boot, "Relative time begins now")
}

// test is the map of the test's options, of which most are left out.
func (w *run) test() string {
	c := w.Config
	var nodes []string
	for n := range c.Nodes {
		nodes = append(nodes, fmt.Sprintf("\"n%d\"", n))
	}
	availability := "nil"
	if c.Availability > 0 {
		availability = strconv.FormatFloat(c.Availability, 'g', -1, 64)
	}
	return fmt.Sprintf(`{:args []
 :remote
 #jepsen.control.retry.Remote{:remote #jepsen.control.scp.Remote{:cmd-remote #jepsen.control.sshj.SSHJRemote{:conn-spec nil},
                                                                 :conn-spec nil},
                              :conn nil}
 :log-net-send false
 :node-count %d
 :availability %s
 :concurrency %d
 :db
 #object[maelstrom.db$db$reify__16896
         "0x4fb61f4a"
         "maelstrom.db$db$reify__16896@4fb61f4a"]
 :name "g-counter"
 :nemesis-interval %g
 :rate %.1f
 :argv
 ("%s")
 :nodes [%s]
 :latency {:mean %d, :dist :%s}
 :bin "./node"
 :time-limit %g
 :workload :g-counter
 :consistency-models [:strict-serializable]
 :topology :grid}`, c.Nodes, availability, c.Concurrency, c.NemesisInterval.Seconds(), c.Rate,
		strings.Join(w.flags(), "\"\n  \""), strings.Join(nodes, " "), c.Latency.Milliseconds(), c.LatencyDist, c.TimeLimit.Seconds())
}

// logEntries logs what the journal of Maelstrom does not have: partitions and
// lines that are not messages.
func (w *run) logEntries(l *logger) {
	var grudge []journal.Entry // the links that are being cut
	for i, e := range w.entries {
		at := w.sinceBegan(i)
		switch e.What {
		case journal.LinkCut:
			grudge = append(grudge, e)
			if i+1 == len(w.entries) || w.entries[i+1].What != journal.LinkCut {
				l.nemesis(at, "start-partition", ":one", "[:isolated "+grudgeOf(grudge)+"]")
				grudge = nil
			}
		case journal.LinkMends:
			if w.entries[i-1].What != journal.LinkMends {
				l.nemesis(at, "stop-partition", "nil", ":network-healed")
			}
		case journal.Muted:
			l.add(at, "WARN", e.Node+" stdout", "maelstrom.process", "Error!\n%s\n%s", whyMuted(e), trace)
		}
	}
}

func (l *logger) nemesis(at time.Duration, f, before, after string) {
	for _, value := range []string{before, after} {
		l.add(at, "INFO", "jepsen worker nemesis", "jepsen.util", ":nemesis\t:info\t:%s\t%s", f, value)
	}
}

// grudgeOf prints by node those whose messages it does not get.
func grudgeOf(cuts []journal.Entry) string {
	srcs, dests := map[string][]string{}, []string{}
	for _, e := range cuts {
		if srcs[e.Dest] == nil {
			dests = append(dests, e.Dest)
		}
		srcs[e.Dest] = append(srcs[e.Dest], strconv.Quote(e.Src))
	}
	var parts []string
	for _, dest := range dests {
		parts = append(parts, fmt.Sprintf("%q #{%s}", dest, strings.Join(srcs[dest], " ")))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// whyMuted says what Maelstrom does of a line that a node has printed and that
// is not a message, or goes to nobody.
func whyMuted(e journal.Entry) string {
	var value any
	blank := strings.TrimSpace(e.Text) == ""
	if err := json.NewDecoder(strings.NewReader(e.Text)).Decode(&value); err != nil && !blank {
		return fmt.Sprintf("clojure.lang.ExceptionInfo: Node %s printed a line to STDOUT which was not well-formed JSON:\n"+
			"%s\nDid you mean to encode this line as JSON? Or was this line intended for STDERR? "+
			"See doc/protocol.md for more guidance.", e.Node, e.Text)
	}
	fields, _ := value.(map[string]any)
	_, hasBody := fields["body"].(map[string]any)
	if _, hasID := fields["id"]; hasBody && len(fields) == 3 && !hasID {
		return fmt.Sprintf("java.lang.AssertionError: Assert failed: Invalid dest for message "+
			"#maelstrom.net.message.Message{:id 68, :src %s, :dest %s, :body %s}\n(get queues (:dest m))",
			edn(fields["src"]), edn(fields["dest"]), edn(fields["body"]))
	}
	if blank {
		value = map[string]any{"body": map[string]any{}}
	}
	return fmt.Sprintf("clojure.lang.ExceptionInfo: Malformed network message. Node %s tried to send the following message "+
		"via STDOUT:\n\n%s\n\nThis is malformed because:\n\n{:src missing-required-key}\n\n"+
		"See doc/protocol.md for more guidance.", e.Node, edn(value))
}

// edn prints a value that was JSON as Clojure does. The names of fields are
// keywords.
func edn(value any) string {
	switch v := value.(type) {
	case nil:
		return "nil"
	case string:
		return strconv.Quote(v)
	case map[string]any:
		var fields []string
		for name, field := range v {
			fields = append(fields, ":"+name+" "+edn(field))
		}
		slices.Sort(fields)
		return "{" + strings.Join(fields, ", ") + "}"
	}
	return fmt.Sprint(value)
}

// logRequests logs each request when it is made and when it is over. A process
// whose request does not succeed ends, and its worker goes on as another.
func (w *run) logRequests(l *logger) {
	zero := ready + w.boot
	processes := map[int]int{}
	recovering := false
	for _, op := range w.History {
		if op.Final && !recovering {
			recovering = true
			l.add(zero+op.Invoke-w.Config.Recovery, "INFO", "jepsen worker 0", "jepsen.generator.interpreter",
				"Waiting for recovery...")
		}
		p, ok := processes[op.Worker]
		if !ok {
			p = op.Worker
		}
		processes[op.Worker] = p
		thread, asked := fmt.Sprintf("jepsen worker %d", op.Worker), "nil"
		if op.F == "add" {
			asked = fmt.Sprint(op.Value)
		}
		l.add(zero+op.Invoke, "INFO", thread, "jepsen.util", "%d\t:invoke\t:%s\t%s", p, op.F, asked)
		if op.Outcome == maelstromtest.OK {
			l.add(zero+op.Complete, "INFO", thread, "jepsen.util", "%d\t:ok\t:%s\t%v", p, op.F, op.Value)
			continue
		}
		processes[op.Worker] = p + w.Config.Concurrency
		l.add(zero+op.Complete, "WARN", thread, "jepsen.generator.interpreter",
			"Process %d crashed\nclojure.lang.ExceptionInfo: %s\n%s", p, whyFailed(op), trace)
	}
}

func whyFailed(op maelstromtest.Op) string {
	switch {
	case op.Error:
		return fmt.Sprintf("throw+: {:type :rpc-error, :code %d, :name :unknown, :definite? %v, :body {:type \"error\", :code %[1]d, :text %[3]q}}",
			op.Code, op.Outcome == maelstromtest.Fail, op.Text)
	case op.Malformed:
		return fmt.Sprintf("Malformed RPC response. Maelstrom sent node %s the following request:\n\n{:type %q}\n\n"+
			"And expected a response of the form:\n\n{:type (eq \"%[2]s_ok\")}\n\n... but instead received\n\n{}\n\n"+
			"See doc/protocol.md for more guidance.", op.Node, op.F)
	}
	return "Client read timeout"
}

// logEnd logs how the run ended.
func (w *run) logEnd(l *logger) {
	at := ready + w.boot + w.Elapsed + time.Millisecond
	l.runner(at, "Run complete, writing")
	for n := range w.Config.Nodes {
		l.add(at, "INFO", fmt.Sprintf("jepsen node n%d", n), "maelstrom.db", "Tearing down n%d", n)
	}
	if len(w.Crashes) > 0 {
		c := w.Crashes[0] // whatever else has crashed, one is told of
		l.add(at, "WARN", "jepsen test runner", "jepsen.core",
			"Test crashed!\nclojure.lang.ExceptionInfo: Node %s crashed with exit status 1. Before crashing, it wrote to STDOUT:\n\n"+
				"%s\n\nAnd to STDERR:\n\n%s\n\nFull STDERR logs are available in ./store/g-counter/node-logs/%[1]s.log\n%[4]s",
			c.Node, strings.TrimSuffix(c.Stdout, "\n"), strings.TrimSuffix(c.Stderr, "\n"), trace)
		return
	}
	l.runner(at, "Analyzing...")
	l.runner(at, "Analysis complete")
	verdict := "Everything looks good! ヽ(‘ー`)ノ"
	if !w.MaelstromValid {
		verdict = "Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻"
	}
	l.runner(at, "%s\n\n%s\n\n\n", strings.TrimSpace(w.results()), verdict)
}
