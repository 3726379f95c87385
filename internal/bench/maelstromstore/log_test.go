package maelstromstore

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"olympos.io/encoding/edn"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/verdict"
)

const ms = time.Millisecond

// logOf returns what a log tells whose lines begin with their seconds and
// milliseconds, level and thread, with | before the text.
func logOf(lines ...string) *runLog { return readLog(textOf(lines...)) }

func textOf(lines ...string) string {
	var text strings.Builder
	for _, line := range lines {
		if head, message, ok := strings.Cut(line, "|"); ok {
			f := strings.Fields(head)
			line = fmt.Sprintf("2026-11-30 07:00:%s{GMT}\t%s\t[%s] jepsen.any: %s", f[0], f[1], strings.Join(f[2:], " "), message)
		}
		text.WriteString(line + "\n")
	}
	return text.String()
}

func TestTheLogTellsTheOperations(t *testing.T) {
	l := logOf(
		"01,000 INFO jepsen test runner|Relative time begins now",
		"01,020 INFO jepsen worker 0|0\t:invoke\t:add\t12",
		"01,020 INFO jepsen worker 0|-3\t:invoke\t:add\t12", // which no process has
		"01,021 INFO jepsen worker 1|1\t:invoke\t:read\tnil",
		"01,022 INFO n0 thread|0\t:ok\t:add\t9", "01,023 INFO jepsen worker 0|0\t:fail\t:add\t9", "01,024 INFO jepsen worker 0|x\t:invoke\t:add\t9",
		"01,030 INFO jepsen worker 0|0\t:ok\t:add\t12",
		"01,031 INFO jepsen worker 0|0\t:ok\t:add\t9", "01,032 WARN jepsen worker 0|Process 0 crashed",
		"06,030 WARN jepsen worker 1|Process 1 crashed", "clojure.lang.ExceptionInfo: Client read timeout", "\tat slingshot.support$stack_trace.invoke(support.clj:201)",
		"06,031 INFO jepsen worker 0|Waiting for recovery...",
		"16,035 INFO jepsen worker 1|4\t:invoke\t:read\tnil",
		"16,037 INFO jepsen worker 1|4\t:ok\t:read\t3",
		"16,038 INFO jepsen worker 0|0\t:invoke\t:read\tnil",
		"16,038 INFO jepsen worker 1|7\t:invoke\t:add\t1",
		"16,039 WARN jepsen worker 1|Process 7 crashed",
		`clojure.lang.ExceptionInfo: throw+: {:type :rpc-error, :code 11, :name :temporarily-unavailable, :definite? true, :body {:type "error", :text "not \"now\"", :code 11}}`,
		"16,040 INFO jepsen worker 1|10\t:invoke\t:read\tnil",
		"16,041 WARN jepsen worker 1|Process 10 crashed", "clojure.lang.ExceptionInfo: throw+: {:type :rpc-error, :code 14, :body {}}",
		"16,042 INFO jepsen worker 1|13\t:invoke\t:read\tnil",
		"16,043 WARN jepsen worker 1|Process 13 crashed", "java.lang.RuntimeException: one", "two",
		"16,044 INFO jepsen test runner|Run complete, writing",
	)
	var got []logged
	for _, o := range l.ops {
		got = append(got, *o)
	}
	if want := []logged{
		{0, verdict.Op{F: "add", Value: int64(12), Invoke: 20 * ms, Complete: 31 * ms, Outcome: verdict.OK}},
		{1, verdict.Op{F: "read", Invoke: 21 * ms, Complete: 5031 * ms, Outcome: verdict.Info, Text: "no answer in time", Unanswered: true}},
		{4, verdict.Op{F: "read", Value: int64(3), Invoke: 15035 * ms, Complete: 15038 * ms, Outcome: verdict.OK, Final: true}},
		{0, verdict.Op{F: "read", Invoke: 15038 * ms, Complete: never, Outcome: verdict.Info, Final: true}},
		{7, verdict.Op{F: "add", Value: int64(1), Invoke: 15038 * ms, Complete: 15040 * ms, Outcome: verdict.Fail, Final: true, Error: true, Code: 11, Text: `not "now"`}},
		{10, verdict.Op{F: "read", Invoke: 15040 * ms, Complete: 15042 * ms, Outcome: verdict.Fail, Final: true, Error: true, Code: 14}},
		{13, verdict.Op{F: "read", Invoke: 15042 * ms, Complete: 15044 * ms, Outcome: verdict.Info, Final: true, Text: "one"}},
	}; !reflect.DeepEqual(got, want) {
		t.Errorf("operations\n%+v, want\n%+v", got, want)
	}
	if !l.done || l.last != 15044*ms {
		t.Errorf("done is %v after %v", l.done, l.last)
	}
}

// A run that was cut off may end within a line.
func TestALogMayEndAnywhere(t *testing.T) {
	const last = "2026-11-30 07:00:03,000{GMT}\tINFO\t[jepsen worker 0] jepsen.util: 0\t:ok\t:add\t3\n"
	whole := "2026-11-30 07:00:01,000{GMT}\tINFO\t[jepsen test runner] jepsen.core: Relative time begins now\n" +
		"2026-11-30 07:00:02,000{GMT}\tINFO\t[jepsen worker 0] jepsen.util: 0\t:invoke\t:add\t3\n" +
		last
	for n := range len(whole) {
		l := readLog(whole[:n])
		if l.done || (len(l.ops) == 1) != (n >= len(whole)-len(last)) || len(l.ops) == 1 && l.ops[0].Outcome == verdict.OK {
			t.Errorf("of %d bytes: %+v", n, l)
		}
	}
}

func TestTheLogTellsTheCuts(t *testing.T) {
	l := logOf(
		"01,000 INFO jepsen test runner|Relative time begins now",
		"01,010 INFO jepsen worker nemesis|:nemesis\t:info\t:start-partition\t:majorities-ring",
		`01,013 INFO jepsen worker nemesis|:nemesis`+"\t:info\t:start-partition\t"+`[:isolated {"n1" #{"n0"}, "n0" #{"n2" "n3"}}]`,
		"02,000 INFO jepsen worker nemesis|:nemesis\t:info\t:stop-partition\tnil",
		"02,009 INFO jepsen worker nemesis|:nemesis\t:info\t:stop-partition\t:network-healed",
		"03,000 INFO jepsen worker nemesis|:nemesis\t:info\t:start-partition\t:one",
		`03,001 INFO jepsen worker nemesis|:nemesis`+"\t:info\t:start-partition\t"+`[:isolated {"n1" #{"n0"}}]`,
		"03,002 INFO jepsen worker nemesis|:nemesis\t:info\t:kill\t:one",
	)
	record := func(kind string, start, stop time.Duration) maelstromtest.FaultRecord {
		return maelstromtest.FaultRecord{Fault: "partition", Detail: kind, Start: start, Stop: stop}
	}
	if want := []cut{
		{record("majorities-ring", 10*ms, 1000*ms), map[string]map[string]bool{"n1": {"n0": true}, "n0": {"n2": true, "n3": true}}},
		{record("one", 2000*ms, -1), map[string]map[string]bool{"n1": {"n0": true}}},
	}; !reflect.DeepEqual(l.cuts, want) {
		t.Errorf("cuts\n%+v, want\n%+v", l.cuts, want)
	}
}

func TestTheLogTellsWhyANodeIsMute(t *testing.T) {
	for want, exception := range map[string]string{
		"hello  there | not JSON": "clojure.lang.ExceptionInfo: Node n0 printed a line to STDOUT which was not well-formed JSON:\nhello  there\nDid you mean to encode this line as JSON?",
		" | Maelstrom reads it as a message without src, dest and body, as it reads a blank line": "clojure.lang.ExceptionInfo: Malformed network message. Node n0 tried to send the following message via STDOUT:\n\n" +
			"{:body {}}\n\nThis is malformed because:\n\n{:src missing-required-key, :dest missing-required-key}\n\nSee doc/protocol.md for more guidance.",
		" | Maelstrom reads it as {:src \"n0\", :body {}}, which is malformed: {:dest missing-required-key}": "clojure.lang.ExceptionInfo: Malformed network message. Node n0 tried to send the following message via STDOUT:\n\n" +
			"{:src \"n0\",\n :body {}}\n\nThis is malformed because:\n\n{:dest missing-required-key}\n\nSee doc/protocol.md for more guidance.",
		` | its dest c0 did not exist then; its body is {:in_reply_to 1, :type "init_ok"}`: `java.lang.AssertionError: Assert failed: Invalid dest for message #maelstrom.net.message.Message{:id 71, :src "n0", :dest "c0", :body {:in_reply_to 1, :type "init_ok"}}` +
			"\n(get queues (:dest m))",
		` | its src n9 did not exist then; its body is {:src "n1", :dest "n2"}`: `java.lang.AssertionError: Assert failed: Invalid source for message #maelstrom.net.message.Message{:id 71, :src "n9", :dest "c0", :body {:src "n1", :dest "n2"}}` +
			"\n(get queues (:src m))",
		" | what else there is": "java.util.concurrent.ExecutionException: java.lang.IllegalStateException: what  else\nthere is",
	} {
		l := logOf("00,950 WARN n0 stdout|Error!", exception, "\tat a.b(c.clj:1)", "01,000 INFO jepsen test runner|Relative time begins now",
			"01,050 WARN n1 stdout|Error!", exception, "\tat a.b(c.clj:1)", "01,060 WARN maelstrom seq-kv|Error in service worker!", exception,
			"01,061 WARN n0 thread|Error!", exception, "01,062 WARN n0 stdout|Odd", exception,
			"02,000 INFO jepsen test runner|Run complete, writing", "02,050 WARN n2 stdout|Error!", exception)
		line, why, _ := strings.Cut(want, " | ")
		if want := []verdict.Mute{{Node: "n0", At: -50 * ms, Line: line, Why: why}, {Node: "n1", At: 50 * ms, Line: line, Why: why}}; !reflect.DeepEqual(l.lives.Mutes, want) || l.crashed != "" {
			t.Errorf("%+v, %q, want %+v", l.lives.Mutes, l.crashed, want)
		}
	}
}

func TestTheLogTellsWhyTheRunBrokeOff(t *testing.T) {
	l := logOf("01,000 WARN jepsen test runner|Test crashed!",
		"clojure.lang.ExceptionInfo: Node n1 crashed with exit status -1. Before crashing, it wrote to STDOUT:", "", "one", "two", "", "And to STDERR:", "", "three", "",
		"Full STDERR logs are available in ./n1.log", "\tat x.y(z.clj:1)")
	if want := []verdict.Crash{{Node: "n1", Why: "its process ended with exit status -1", Stdout: "\none\ntwo\n", Stderr: "\nthree\n", Unseen: true}}; !reflect.DeepEqual(l.lives.Crashes, want) {
		t.Errorf("%+v, want %+v", l.lives.Crashes, want)
	}
	l = logOf("01,000 WARN jepsen test runner|Test crashed!", "clojure.lang.ExceptionInfo: Expected node n1 to respond to an init message, but node did not respond.", "second line", "\tat x.y(z.clj:1)")
	if l.lives.Crashes != nil || l.crashed != "Expected node n1 to respond to an init message, but node did not respond." {
		t.Errorf("%+v, %q", l.lives.Crashes, l.crashed)
	}
}

func TestTheLogTellsWhatNodesWroteToStderr(t *testing.T) {
	l := logOf("00,950 INFO n0 stderr|starting", "01,000 INFO jepsen test runner|Relative time begins now", "01,050 INFO n1 stderr|0\t:ok\t:read\t3")
	if want := []journal.Entry{
		{Time: -50 * ms, What: journal.ToStderr, Node: "n0", Text: "starting"},
		{Time: 50 * ms, What: journal.ToStderr, Node: "n1", Text: "0\t:ok\t:read\t3"},
	}; !reflect.DeepEqual(l.stderr, want) {
		t.Errorf("%+v, want %+v", l.stderr, want)
	}
}

// Most first attempts end with that.
func TestARunMayEndBeforeItsFirstRequest(t *testing.T) {
	const ended, crashed = "the run ended before its first request: ", "01,000 WARN jepsen test runner|Test crashed!\nclojure.lang.ExceptionInfo: "
	for message, want := range map[string]string{
		crashed + "Node n0 crashed with exit status 1. Before crashing, it wrote to STDOUT:\n\n\n\nAnd to STDERR:\n\n  File x\nKeyError: 'a'\n\nFull STDERR logs are": ended +
			`n0 crashed: its process ended with exit status 1, and its standard error ends with "KeyError: 'a'"`,
		crashed + "Cannot run program \"/n\": error=13, Permission denied": ended + `Cannot run program "/n": error=13, Permission denied`,
		"01,000 WARN n0 stdout|Error!\nclojure.lang.ExceptionInfo: Node n0 printed a line to STDOUT which was not well-formed JSON:\nhello\nDid you mean to encode\n" +
			"2026-11-30 07:00:" + strings.Replace(crashed, " WARN jepsen test runner|", "{GMT}\tWARN\t[jepsen test runner] jepsen.core: ", 1) +
			"Expected node n0 to respond to an init message, but node did not respond.": ended +
			"Expected node n0 to respond to an init message, but node did not respond; n0 printed a line that Maelstrom does not accept (not JSON): hello",
		"01,000 WARN n0 stdout|Error!\nclojure.lang.ExceptionInfo: STDOUT:\n\n{:a 1}\n\nThis is malformed because:\n\n{:b 2}\n\nSee doc\n" +
			"2026-11-30 07:00:" + strings.Replace(crashed, " WARN jepsen test runner|", "{GMT}\tWARN\t[jepsen test runner] jepsen.core: ", 1) + "No reply.": ended +
			"No reply; n0 printed a line that Maelstrom does not accept (Maelstrom reads it as {:a 1}, which is malformed: {:b 2})",
		"01,000 INFO jepsen test runner|Tearing down DB": "the run has not reached its first request",
	} {
		log := textOf("00,000 INFO jepsen test runner|Running test:", "{:workload :g-counter", " :nodes [\"n0\"]", " :concurrency 1}", message)
		if _, err := Read(fstest.MapFS{"jepsen.log": {Data: []byte(log)}}, Options{}); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// Whether a node has crashed is known when Maelstrom has stopped the nodes,
// which it does not do with --leave-db-running.
func TestTheLogTellsWhetherNodesWereStopped(t *testing.T) {
	for _, test := range []struct {
		leave string
		lines []string
		want  bool
	}{
		{"false", []string{"Run complete, writing"}, false},
		{"false", []string{"Run complete, writing", "Analyzing..."}, true},
		{"true", []string{"Run complete, writing", "Analyzing..."}, false},
	} {
		lines := []string{"01,000 INFO jepsen test runner|Running test:", "{:args []", " :leave-db-running? " + test.leave, " :rate 5.0}"}
		for _, line := range test.lines {
			lines = append(lines, "02,000 INFO jepsen test runner|"+line)
		}
		if l := logOf(lines...); l.stopped != test.want {
			t.Errorf("%+v: %v", test, l.stopped)
		}
	}
}

func TestTheLogTellsTheOptions(t *testing.T) {
	l := logOf(`01,000 INFO jepsen test runner|Running test:`, `{:args ["-a" "b c"]`, ` :remote #x.Y{:z #object[a "b" (c)]}`, ` :concurrency 20`, ` :rate 60.5`, ` :argv`, ` ("test"`, `  "--nemesis"`, `  "partition")`,
		` :generator`, ` (a.B`, `  {:rate 7})`, ` :nodes ["n0" "n1"]`, ` :latency {:mean 10, :dist :exponential}`, ` :nemesis-interval 1/2`, ` :bin "./x"`, ` :availability :total`,
		` :workload :g-counter`, ` :time-limit 4}`)
	want := settings{Argv: []string{"test", "--nemesis", "partition"}, Workload: "g-counter", Bin: "./x", Args: []string{"-a", "b c"}, Nodes: []string{"n0", "n1"}, Concurrency: 20, Rate: 60.5, TimeLimit: 4}
	want.Latency.Mean, want.Latency.Dist, want.Availability = 10, "exponential", edn.RawMessage(":total")
	if !reflect.DeepEqual(l.settings, want) {
		t.Errorf("%+v, want %+v", l.settings, want)
	}
}
