package maelstromstore

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"olympos.io/encoding/edn"

	"maelstrom-counter/internal/bench/verdict"
)

// A runLog is what jepsen.log tells of a run. Times count from when the first
// request could be made, in whole milliseconds.
type runLog struct {
	settings
	start   time.Time // when the first request could be made; until then, of the log
	ops     []*logged
	cuts    []*cut
	mutes   []verdict.Mute
	crash   *verdict.Crash
	crashed string        // why Jepsen broke the run off
	done    bool          // the run has come to its end, and only the analysis was left
	last    time.Duration // when the last line was written

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
	Availability any // nil, a number, or the keyword total
}

// A logged operation is one as a worker has logged it.
type logged struct {
	process    int
	f          string
	asked      string // the value of its invocation, as EDN
	given      string // the value of its completion
	begin, end time.Duration
	outcome    verdict.Outcome // empty if there is no completion
	why        string          // it is not ok
	final      bool
}

// timedOut reports whether the client has given up.
func (o *logged) timedOut() bool { return strings.Contains(o.why, "Client read timeout") }

// A cut is a partition. Its times are when the nemesis began to make it and to
// mend it.
type cut struct {
	from, to time.Duration
	kind     string                     // as Jepsen names it, such as majorities-ring
	deaf     map[string]map[string]bool // by receiver: the senders that it does not hear
}

// never is when what has no end ends.
const never = verdict.Never

// A logRecord is a message of a log: a line, and those that follow it and are not
// the beginning of another message.
type logRecord struct {
	at            time.Time
	level, thread string
	text          string
}

var head = regexp.MustCompile(`^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3})\S*\t(\w+)\t\[([^\]]*)\] [\w.$-]+: ?(.*)$`)

// maxRecord bounds what is kept of the text of a record, in bytes.
const maxRecord = 1 << 20

// records calls do with each record of a log. The last may be cut off.
func records(r io.Reader, do func(logRecord)) error {
	lines := bufio.NewReader(r)
	var current *logRecord
	for {
		line, err := lines.ReadString('\n')
		if err != nil && err != io.EOF {
			return err
		}
		text := strings.TrimRight(line, "\r\n")
		if m := head.FindStringSubmatch(text); m != nil {
			if current != nil {
				do(*current)
			}
			at, _ := time.Parse("2006-01-02 15:04:05,000", m[1])
			current = &logRecord{at, m[2], m[3], m[4]}
		} else if current != nil && len(current.text) < maxRecord {
			current.text += "\n" + text[:min(len(text), maxRecord)]
		}
		if err == io.EOF {
			break
		}
	}
	if current != nil {
		do(*current)
	}
	return nil
}

func readLog(r io.Reader) (*runLog, error) {
	l := &runLog{open: map[int]*logged{}}
	err := records(r, l.take)
	return l, err
}

// take takes the next record.
func (l *runLog) take(r logRecord) {
	if l.start.IsZero() {
		l.start = r.at
	}
	at := r.at.Sub(l.start)
	first, rest, _ := strings.Cut(r.text, "\n")
	switch fields := strings.Split(first, "\t"); {
	case len(fields) >= 4 && strings.HasPrefix(fields[1], ":"):
		l.operation(at, fields)
	case first == "Running test:":
		l.settings = settingsOf(rest)
	case strings.HasPrefix(first, "Relative time begins now"):
		for i := range l.mutes {
			l.mutes[i].At -= at
		}
		l.start = r.at
	case strings.HasPrefix(first, "Waiting for recovery"):
		l.recovering = true
	case strings.HasPrefix(first, "Run complete"):
		l.done = true
	case r.level == "WARN":
		l.warning(at, r.thread, first, rest)
	}
	l.last = r.at.Sub(l.start)
}

var (
	processCrashed = regexp.MustCompile(`^Process (\d+) crashed`)
	nodeCrashed    = regexp.MustCompile(`(?s)Node (\S+) crashed with exit status (-?\d+)\. Before crashing, it wrote to STDOUT:\n(.*?)\nAnd to STDERR:\n(.*?)\nFull STDERR logs`)
	exception      = regexp.MustCompile(`^[\w.$]+(Exception|ExceptionInfo|Error): `)
)

// warning takes a record of the level WARN, whose lines after the first are an
// exception.
func (l *runLog) warning(at time.Duration, thread, first, rest string) {
	message, _, _ := strings.Cut(rest, "\n\tat ")
	message = strings.TrimSpace(exception.ReplaceAllString(message, ""))
	if m := processCrashed.FindStringSubmatch(first); m != nil {
		process, _ := strconv.Atoi(m[1])
		l.complete(at, process, verdict.Info, "", strings.SplitN(message, "\n", 2)[0])
	} else if node, ok := strings.CutSuffix(thread, " stdout"); ok && first == "Error!" {
		l.mutes = append(l.mutes, muteOf(node, at, message))
	} else if strings.HasPrefix(first, "Test crashed!") {
		l.crashed = strings.SplitN(message, "\n", 2)[0]
		if m := nodeCrashed.FindStringSubmatch(rest); m != nil {
			l.crash = &verdict.Crash{Node: m[1], Why: "its process ended with exit status " + m[2], Stdout: m[3], Stderr: m[4], Unseen: true}
		}
	}
}

var (
	notJSON   = regexp.MustCompile(`(?s)which was not well-formed JSON:\n(.*)\nDid you mean to encode`)
	nobody    = regexp.MustCompile(`(?s)Invalid (source|dest) for message #[\w.]+\{:id \d+, :src "([^"]*)", :dest "([^"]*)", :body (.*)\}\n\(get queues`)
	malformed = regexp.MustCompile(`(?s)the following message via STDOUT:\n\n(.*)\n\nThis is malformed because:\n\n(.*)\n\nSee doc`)
)

// muteOf returns what Maelstrom says of a line that it does not take. It
// repeats the line only if that is not JSON.
func muteOf(node string, at time.Duration, message string) verdict.Mute {
	m := verdict.Mute{Node: node, At: at, Why: message}
	if parts := notJSON.FindStringSubmatch(message); parts != nil {
		m.Line, m.Why = parts[1], "it is not JSON"
	} else if parts := malformed.FindStringSubmatch(message); parts != nil {
		m.Why = fmt.Sprintf("Maelstrom reads it as %s, which is malformed: %s", inLine(parts[1]), inLine(parts[2]))
		if inLine(parts[1]) == "{:body {}}" {
			m.Why = "Maelstrom reads it as a message without src, dest and body, as it does a blank line"
		}
	} else if parts := nobody.FindStringSubmatch(message); parts != nil {
		name := map[string]string{"source": "src " + parts[2], "dest": "dest " + parts[3]}[parts[1]]
		m.Why = fmt.Sprintf("its %s does not exist, or no longer; its body is %s", name, inLine(parts[4]))
	}
	m.Line, m.Why = verdict.Shown(m.Line), verdict.Shown(m.Why)
	return m
}

// inLine returns a text without its line breaks.
func inLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// operation takes a line about an operation: its process, type, f and value.
func (l *runLog) operation(at time.Duration, fields []string) {
	kind, f, value := fields[1], strings.TrimPrefix(fields[2], ":"), fields[3]
	process, err := strconv.Atoi(fields[0])
	switch {
	case fields[0] == ":nemesis":
		l.nemesis(at, f, value)
	case err != nil:
	case kind == ":invoke":
		o := &logged{process: process, f: f, asked: value, begin: at, end: never, final: l.recovering}
		l.ops, l.open[process] = append(l.ops, o), o
	case kind == ":ok":
		l.complete(at, process, verdict.OK, value, "")
	default:
		l.complete(at, process, verdict.Info, "", strings.Join(fields[4:], " "))
	}
}

func (l *runLog) complete(at time.Duration, process int, outcome verdict.Outcome, value, why string) {
	if o := l.open[process]; o != nil {
		o.end, o.outcome, o.given, o.why = at, outcome, value, why
		delete(l.open, process)
	}
}

// nemesis takes a line about an operation of the nemesis. When it ends, its
// value is what it has done.
func (l *runLog) nemesis(at time.Duration, f, value string) {
	if f != "start-partition" && f != "stop-partition" {
		return
	}
	if n := len(l.cuts); n > 0 && l.cuts[n-1].to == never {
		l.cuts[n-1].to = at
	}
	c := l.begun
	grudge, isDone := strings.CutPrefix(value, "[:isolated ")
	if isDone && edn.UnmarshalString(strings.TrimSuffix(grudge, "]"), &c.deaf) == nil {
		l.cuts = append(l.cuts, &c)
	}
	l.begun = cut{from: at, to: never, kind: strings.TrimPrefix(value, ":")}
}

// settingsOf reads the options from the printed test, a map that has much that
// is not EDN.
func settingsOf(test string) (s settings) {
	for name, to := range map[string]any{
		"argv": &s.Argv, "workload": &s.Workload, "bin": &s.Bin, "args": &s.Args, "nodes": &s.Nodes, "concurrency": &s.Concurrency,
		"rate": &s.Rate, "time-limit": &s.TimeLimit, "nemesis-interval": &s.Interval, "latency": &s.Latency, "availability": &s.Availability,
	} {
		_, value, found := strings.Cut("\n "+strings.TrimPrefix(test, "{"), "\n :"+name)
		if found {
			_ = edn.NewDecoder(strings.NewReader(value)).Decode(to) // it keeps its zero value
		}
	}
	return s
}
