//go:build unix

package main

import (
	"os"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/report"
	"maelstrom-counter/internal/bench/story"
)

// A run that missed a threshold, with a request of each outcome, many faults
// and a story of what went wrong beyond Maelstrom.
func Example_summarize() {
	const ms = time.Millisecond
	r := &maelstromtest.Result{
		Workload: "g-counter", Elapsed: 20 * time.Second,
		Config: maelstromtest.Config{Nodes: 2, Concurrency: 2, Rate: 1, TimeLimit: 10 * time.Second, Seed: 7, Consistency: maelstromtest.Linearizable},
		Counts: maelstromtest.Counts{Invoked: 4, OK: 2, Fail: 1, Info: 1, Availability: 0.5},
		Latencies: maelstromtest.Latencies{
			Latency:       maelstromtest.Quantiles{P50: 1 * ms, P95: 20 * ms, P99: 300 * ms, Max: 4000 * ms},
			LatencyByKind: map[string]maelstromtest.Quantiles{"read": {}},
		},
		Traffic: maelstromtest.Traffic{Messages: 30, MessagesPerRequest: 4.5},
		Verdict: maelstromtest.Verdict{
			Right: true, MaelstromValid: true,
			Checks: []maelstromtest.Check{
				{Name: "no crash", Status: maelstromtest.Passed, Maelstrom: true}, {Name: "linearizable", Status: maelstromtest.NotChecked, Detail: "why"},
				{Name: "run complete", Status: maelstromtest.Wrong}, {Name: "final reads", Status: maelstromtest.Passed, Maelstrom: true},
			},
			Facts: maelstromtest.CounterFacts{FinalReads: []int64{5, 6, 5}, Acceptable: []maelstromtest.Range{{Lo: 5, Hi: 6}}},
		},
		History: []maelstromtest.Op{
			{F: "add", Outcome: maelstromtest.OK}, {F: "read", Outcome: maelstromtest.Info, Text: "lost"},
			{F: "add", Outcome: maelstromtest.OK}, {F: "add", Outcome: maelstromtest.Fail, Error: true, Code: 11, Text: "not today"},
		},
	}
	for i := range 17 {
		at := time.Duration(i) * time.Second
		r.Faults = append(r.Faults, maelstromtest.FaultRecord{Fault: "kill", Detail: "n1", Start: at, Stop: at + time.Second/2})
	}
	run := report.Run{
		Result: r, Thresholds: report.Thresholds{MinOK: 99},
		Story: &story.Story{Kind: story.Unanswered, Sentences: []string{"n1 did not end.", "n1 was told to end after 12.3 s, and it sent nothing to anybody after that."}},
	}
	_ = summarize(os.Stdout, look{columns: 60}, done{run, &store{folder: "store/x"}}, true)
	// Output:
	// RIGHT by Maelstrom's verdict. Not checked: linearizable
	// (why).
	// MISSED: 50 % ok, with --min-ok 99
	//
	// Beyond Maelstrom, as --consistency linearizable demands:
	//   wrong: run complete
	//   not checked: linearizable (why)
	//
	// Why: no answer: n1 did not end.
	//      n1 was told to end after 12.3 s, and it sent nothing to
	//      anybody after that.
	//
	// Latency of requests answered ok, from when they were made:
	//
	//            p50    p95     p99      max
	//    all  1.0 ms  20 ms  300 ms  4000 ms
	//   read    none   none    none     none
	//
	// rate          1 requests/s asked for, 0.4 made, 0.2 answered
	//                 ok
	//               As in Maelstrom, each delay of the machine
	//                 lowers the rate.
	// answered      50 %: of 4 requests 2 ok, 1 refused, 1 unknown
	//               1 × add refused: the node answered error 11:
	//                 not today
	//               1 × read unknown: lost
	// messages      4.50 per request, not counting clients'
	//                 messages; 30 in all with them
	// final reads   returned 5, 6
	// right answers 5..6
	// checked       ok: no crash, final reads
	// faults         0.0 s to  0.5 s  kill n1
	//                1.0 s to  1.5 s  kill n1
	//                2.0 s to  2.5 s  kill n1
	//                3.0 s to  3.5 s  kill n1
	//                4.0 s to  4.5 s  kill n1
	//                5.0 s to  5.5 s  kill n1
	//                6.0 s to  6.5 s  kill n1
	//                7.0 s to  7.5 s  kill n1
	//                8.0 s to  8.5 s  kill n1
	//                9.0 s to  9.5 s  kill n1
	//               10.0 s to 10.5 s  kill n1
	//               11.0 s to 11.5 s  kill n1
	//               12.0 s to 12.5 s  kill n1
	//               13.0 s to 13.5 s  kill n1
	//               14.0 s to 14.5 s  kill n1
	//               and 2 more
	// seed          7
	// page          could not be written
	// files         store/x
}

// What nodes have written is broken and indented, and cannot do anything to the
// terminal.
func TestFindingsFitTheTerminal(t *testing.T) {
	shown := &text{look: look{columns: 20}}
	shown.say(2, "%s", "n1 crashed after 2.31 s\n\tat \x1b[31mmain.go\n\n  indented, and too long")
	want := "n1 crashed after\n  2.31 s\n    at \uFFFD[31mmain.go\n\n  indented, and too\n    long\n"
	if shown.String() != want {
		t.Errorf("%q, not %q", shown.String(), want)
	}
}
