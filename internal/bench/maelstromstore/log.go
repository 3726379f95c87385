package maelstromstore

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"olympos.io/encoding/edn"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/verdict"
)

// A runLog is what jepsen.log tells of a run. Times count from when the first
// request could be made, in whole milliseconds.
type runLog struct {
	settings
	start   time.Time // when the first request could be made; until then, of the log
	ops     []*logged
	cuts    []cut
	lives   verdict.Lives
	stderr  []journal.Entry // with --log-stderr
	crashed string          // why Jepsen broke the run off
	done    bool            // all requests were made that the run has
	stopped bool            // the nodes were stopped, and none had crashed, unless crashed says so
	last    time.Duration   // when the last line was written

	recovering bool
	open       map[int]*logged // by process: what has not ended
	begun      cut             // the beginning of the nemesis' last operation
}

// settings are those options of a run that matter here.
type settings struct {
	Argv        []string
	Workload    edn.Keyword
	Bin         string
	Args        []string
	Nodes       []string
	Concurrency int
	Rate        float64
	TimeLimit   float64
	Interval    float64
	Latency     struct {
		Mean float64
		Dist edn.Keyword
	}
	Availability edn.RawMessage // nil, a number, or the keyword total
	LeaveRunning bool           // the nodes, at the end
}

// A logged operation is one as a worker has logged it, when it began and when
// it was over.
type logged struct {
	process int
	verdict.Op
}

// A cut is a partition, as long as the nemesis was making and mending it. Its
// Detail is Jepsen's name for it, such as majorities-ring.
type cut struct {
	maelstromtest.FaultRecord
	deaf map[string]map[string]bool // by receiver: the senders that it does not hear
}

// never is when an operation is over that has no end.
const never = verdict.Never

// A logRecord is a message of a log: a line, and those that follow it and do
// not begin another message.
type logRecord struct {
	at            time.Time
	level, thread string
	text          string
}

var head = regexp.MustCompile(`^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3})\S*\t(\w+)\t\[([^\]]*)\] [\w.$-]+: ?(.*)$`)

func readLog(text string) *runLog {
	l := &runLog{open: map[int]*logged{}}
	text = text[:strings.LastIndexByte(text, '\n')+1] // the last line may be cut off
	var current logRecord
	from, to := 0, 0 // where its text is
	end := func() {
		current.text = text[from:to]
		l.take(current)
	}
	for line := range strings.Lines(text) {
		if m := head.FindStringSubmatch(strings.TrimRight(line, "\r\n")); m != nil {
			end()
			at, _ := time.Parse("2006-01-02 15:04:05,000", m[1])
			current, from = logRecord{at: at, level: m[2], thread: m[3]}, to+len(m[0])-len(m[4])
		}
		to += len(line)
	}
	end()
	return l
}

// take takes the next record.
func (l *runLog) take(r logRecord) {
	if l.start.IsZero() {
		l.start = r.at
	}
	at := r.at.Sub(l.start)
	l.last = at
	first, rest, _ := strings.Cut(r.text, "\n")
	switch fields := strings.Split(first, "\t"); {
	case r.level == "WARN":
		l.warning(at, r.thread, first, rest)
	case strings.HasSuffix(r.thread, " stderr"):
		l.stderr = append(l.stderr, journal.Entry{Time: at, What: journal.ToStderr, Node: strings.TrimSuffix(r.thread, " stderr"), Text: first})
	case !strings.HasPrefix(r.thread, "jepsen "): // a node may print anything
	case len(fields) >= 4:
		l.operation(at, fields)
	case first == "Running test:":
		l.settings = settingsOf(rest)
	case strings.HasPrefix(first, "Relative time begins now"):
		for i := range l.lives.Mutes {
			l.lives.Mutes[i].At -= at
		}
		for i := range l.stderr {
			l.stderr[i].Time -= at
		}
		l.start, l.last = r.at, 0
	case strings.HasPrefix(first, "Waiting for recovery"):
		l.recovering = true
	case strings.HasPrefix(first, "Run complete"):
		l.done = true
	case strings.HasPrefix(first, "Analyzing"):
		l.stopped = !l.LeaveRunning
	}
}

var (
	processCrashed = regexp.MustCompile(`^Process (\d+) crashed`)
	nodeCrashed    = regexp.MustCompile(`(?s)Node (\S+) crashed with exit status (-?\d+)\. Before crashing, it wrote to STDOUT:\n(.*?)\nAnd to STDERR:\n(.*?)\nFull STDERR logs`)
	rpcError       = regexp.MustCompile(`^throw\+: \{:type :rpc-error, :code (\d+),`)
	rpcText        = regexp.MustCompile(`:body \{.*:text ("(?:[^"\\]|\\.)*")`)
	exception      = regexp.MustCompile(`^([\w.$]+(Exception|ExceptionInfo|Error): )+`)
)

// warning takes a record of the level WARN, whose lines after the first are an
// exception.
func (l *runLog) warning(at time.Duration, thread, first, rest string) {
	message, _, _ := strings.Cut(rest, "\n\tat ")
	message = strings.TrimSpace(exception.ReplaceAllString(message, ""))
	if m := processCrashed.FindStringSubmatch(first); m != nil {
		process, _ := strconv.Atoi(m[1])
		l.complete(at, process, strings.SplitN(message, "\n", 2)[0])
	} else if node, ok := strings.CutSuffix(thread, " stdout"); ok && first == "Error!" && !l.done { // then nodes are stopped
		l.lives.Mutes = append(l.lives.Mutes, muteOf(node, at, message))
	} else if strings.HasPrefix(first, "Test crashed!") {
		l.crashed = strings.SplitN(message, "\n", 2)[0]
		if m := nodeCrashed.FindStringSubmatch(rest); m != nil {
			l.crashed = m[1] + " crashed"
			l.lives.Crashes = []verdict.Crash{{Node: m[1], Why: "its process ended with exit status " + m[2], Stdout: m[3], Stderr: m[4], Unseen: true}}
		}
	}
}

// failure says why a run broke off before its first request.
func (l *runLog) failure() string {
	why := strings.TrimSuffix(l.crashed, ".")
	for _, c := range l.lives.Crashes {
		said := strings.Split(strings.TrimSpace(c.Stderr), "\n")
		why = fmt.Sprintf("%s: %s, and its standard error ends with %q", l.crashed, c.Why, said[len(said)-1])
	}
	if len(l.lives.Mutes) > 0 {
		m := l.lives.Mutes[0]
		why += strings.TrimSuffix(fmt.Sprintf("; %s printed a line that Maelstrom does not accept (%s): %s", m.Node, m.Why, m.Line), ": ")
	}
	return why
}

// reasons has what Maelstrom says about a line that it does not accept, and
// what a Mute says about that line. Maelstrom repeats the line only if it is
// not JSON.
var reasons = []struct {
	is        *regexp.Regexp
	line, why string
}{
	{regexp.MustCompile(`(?s)not well-formed JSON:\n(.*)\nDid you mean to encode`), "$1", "not JSON"},
	{regexp.MustCompile(`STDOUT:\s+\{:body \{\}\}\s+This is malformed`), "", "Maelstrom reads it as a message without src, dest and body, as it reads a blank line"},
	{regexp.MustCompile(`(?s)STDOUT:(.*?)\s+This is malformed because:(.*?)\s+See doc`), "", "Maelstrom reads it as $1, which is malformed: $2"},
	{regexp.MustCompile(`Invalid source for .*?:src "((?:[^"\\]|\\.)*)".*?, :body (.*)\}\n\(get queues`), "", "its src $1 did not exist then; its body is $2"},
	{regexp.MustCompile(`Invalid dest for .*?:dest "((?:[^"\\]|\\.)*)".*?, :body (.*)\}\n\(get queues`), "", "its dest $1 did not exist then; its body is $2"},
	{regexp.MustCompile(`(?s)(.*)`), "", "$1"},
}

func muteOf(node string, at time.Duration, message string) verdict.Mute {
	for _, r := range reasons {
		if m := r.is.FindStringSubmatchIndex(message); m != nil {
			line, why := string(r.is.ExpandString(nil, r.line, message, m)), string(r.is.ExpandString(nil, r.why, message, m))
			return verdict.Mute{Node: node, At: at, Line: verdict.Shown(line), Why: verdict.Shown(strings.Join(strings.Fields(why), " "))}
		}
	}
	panic("unreachable: the last matches all")
}

// operation takes a line about an operation: its process, type, f and value.
func (l *runLog) operation(at time.Duration, fields []string) {
	kind, f, value := fields[1], strings.TrimPrefix(fields[2], ":"), fields[3]
	process, err := strconv.Atoi(fields[0])
	switch {
	case fields[0] == ":nemesis":
		l.nemesis(at, f, value)
	case err != nil || process < 0:
	case kind == ":invoke":
		o := &logged{process, verdict.Op{F: f, Value: number(value), Invoke: at, Complete: never, Outcome: verdict.Info, Final: l.recovering}}
		l.ops, l.open[process] = append(l.ops, o), o
	case kind == ":ok" && l.open[process] != nil:
		l.open[process].Outcome, l.open[process].Value = verdict.OK, number(value)
		l.complete(at, process, "")
	}
}

// number returns an integer, or nil if the text is none.
func number(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	return nil
}

// complete notes that an operation is over, and why it is not ok.
func (l *runLog) complete(at time.Duration, process int, why string) {
	o := l.open[process]
	if o == nil {
		return
	}
	o.Complete, o.Text = at+tick, verdict.Shown(why)
	if strings.Contains(why, "Client read timeout") {
		o.Text, o.Unanswered = maelstromtest.ErrTimeout.Error(), true
	} else if code := rpcError.FindStringSubmatch(why); code != nil {
		reply := maelstromtest.Reply{"type": []byte(`"error"`), "code": []byte(code[1])}
		if text := rpcText.FindStringSubmatch(why); text != nil {
			reply["text"] = []byte(text[1])
		}
		maelstromtest.Conclude(&o.Op, maelstromtest.GCounter{}, reply)
	}
	delete(l.open, process)
}

// tick is the resolution of the log's times.
const tick = time.Millisecond

// nemesis takes a line about an operation of the nemesis. When it ends, its
// value is what it has done.
func (l *runLog) nemesis(at time.Duration, f, value string) {
	if f != "start-partition" && f != "stop-partition" {
		return
	}
	if n := len(l.cuts); n > 0 && l.cuts[n-1].Stop < 0 {
		l.cuts[n-1].Stop = at
	}
	c := l.begun
	grudge, isDone := strings.CutPrefix(value, "[:isolated ")
	if isDone && edn.UnmarshalString(grudge, &c.deaf) == nil {
		l.cuts = append(l.cuts, c)
	}
	l.begun.FaultRecord = maelstromtest.FaultRecord{Fault: "partition", Detail: strings.TrimPrefix(value, ":"), Start: at, Stop: -1}
}

// settingsOf reads the options from the printed test, a map that has much that
// is not EDN.
func settingsOf(test string) (s settings) {
	for name, to := range map[string]any{
		"argv": &s.Argv, "workload": &s.Workload, "bin": &s.Bin, "args": &s.Args, "nodes": &s.Nodes, "concurrency": &s.Concurrency,
		"rate": &s.Rate, "time-limit": &s.TimeLimit, "nemesis-interval": &s.Interval, "latency": &s.Latency, "availability": &s.Availability, "leave-db-running?": &s.LeaveRunning,
	} {
		_, value, _ := strings.Cut("\n "+strings.TrimPrefix(test, "{"), "\n :"+name)
		_ = edn.NewDecoder(strings.NewReader(value)).Decode(to) // without a value, or with an odd one, it stays zero
	}
	return s
}
