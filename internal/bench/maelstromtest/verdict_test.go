package maelstromtest

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"maelstrom-counter/internal/bench/verdict"
)

// Each check reports a bounded number of findings, and causes come before what
// may follow from them.
func TestACrashIsNotBuried(t *testing.T) {
	// Each node counts for itself alone, so that many reads are out of order,
	// until it ends too soon.
	r := Simulate(t, Config{Rate: 100, TimeLimit: 20 * time.Second, Seed: 1}, func(env Env) error {
		env.Stdin = io.LimitReader(env.Stdin, 30_000)
		return memoryCounter()(env)
	})
	text, why, _ := strings.Cut(fmt.Sprint(r.Err()), "\nWhy: ")
	if !strings.HasPrefix(why, "Crash: n") {
		t.Errorf("the reason is %s", why)
	}
	if lines := strings.Split(text, "\n"); !strings.HasPrefix(lines[1], "n") || !strings.Contains(lines[1], " crashed at") {
		t.Errorf("the first finding is %s", lines[1])
	}
	if !strings.Contains(text, "\nBeyond Maelstrom's verdict:\n") || !strings.Contains(text, ": less than had been acknowledged (and ") {
		t.Errorf("reads out of order are missing in %s", text)
	}
	if last := text[strings.LastIndex(text, "\n"):]; !strings.HasPrefix(last, "\nthe history is not linearizable: the read made to n") {
		t.Errorf("the last finding is missing: %s", text)
	}
	if found := len(r.Facts.(CounterFacts).OutOfOrder); found < 100 {
		t.Errorf("only %d reads are out of order", found)
	}
}

// Err is nil if and only if the run was right. What does not decide is said
// apart.
func TestErrIsNilOnlyIfTheRunWasRight(t *testing.T) {
	old := Op{F: "read", Node: "n1", Value: int64(0), Invoke: 20 * time.Millisecond, Complete: 21 * time.Millisecond, Outcome: OK}
	history := []Op{{F: "add", Value: int64(2), Outcome: OK}, old}
	const asOld = "the read made to n1 at 20 ms (op 1) returned 0 instead of 2: "
	for _, test := range []struct {
		promise Consistency
		wrong   bool // the final read is
		want    string
	}{
		{Eventual, false, ""},
		{Eventual, true, "w with seed 7:\nthe final read of n1 is 0, not 2\nBeyond Maelstrom's verdict:\n" + asOld},
		{Linearizable, false, "w with seed 7:\n" + asOld},
		{Linearizable, true, "w with seed 7:\nthe final read of n1 is 0, not 2\n" + asOld},
	} {
		last := old
		last.Final = true
		if !test.wrong {
			last.Value = int64(2)
		}
		last.Invoke += time.Second
		last.Complete += time.Second
		e := verdict.Evidence{History: append(slices.Clone(history), last), Complete: true, Consistency: test.promise}
		r := &Result{Workload: "w", Config: Config{Seed: 7}, Verdict: verdict.Judge(e, GCounter{})}
		if err := r.Err(); (err == nil) != (test.want == "") || err != nil && !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %s", test.promise, err, test.want)
		}
	}
}

// What has no answer when a run is ended may have taken effect, or may still.
// So may that to which the answer was bad.
func TestWhatIsNotKnownIsIndeterminate(t *testing.T) {
	cfg := Config{Rate: 100, TimeLimit: time.Hour, Seed: 1}
	ended := func(program Program) (history []Op) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			b, h, err := run(ctx, cfg, true, synctest.Wait, inProcess(program))
			if err != nil || b.done {
				t.Fatalf("the run went to its end, or not at all: %v", err)
			}
			history = h
		})
		return history
	}
	inHand := ended(replying())
	if len(inHand) != 3 {
		t.Errorf("three workers have made %d requests", len(inHand))
	}
	for _, op := range inHand {
		if op.Outcome != Info || op.Unanswered || op.Malformed || op.Complete != 100*time.Millisecond || op.Text != "no answer before the end" {
			t.Errorf("in hand at the end: %+v", op)
		}
	}
	bad := ended(replying(`{"type":"done","in_reply_to":%d}`))
	if len(bad) < 5 {
		t.Errorf("only %d requests were made", len(bad))
	}
	for _, op := range bad {
		if op.Outcome != Info || op.Unanswered || !op.Malformed || op.Error {
			t.Errorf("badly answered: %+v", op)
		}
	}
	for _, op := range ended(replying(`{"type":"error","code":11,"text":"not now","in_reply_to":%d}`)) {
		if op.Outcome != Fail || op.Unanswered || op.Malformed || !op.Error || op.Text != "not now" {
			t.Errorf("refused: %+v", op)
		}
	}
}

// The bench tells the verdict when nodes were down, in the history's time. A
// node that is down to the end is not up afterwards.
func TestTheVerdictRestsOnWhatHappened(t *testing.T) {
	b, err := newBench(Config{Consistency: Linearizable, Availability: 0.5}, true, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	const ms = time.Millisecond
	b.Messages, b.ServerMessages, b.epoch, b.done = 30, 12, time.Second, true
	b.nodes[0].down = []interval{{1500 * ms, 2000 * ms}, {from: 7000 * ms}}
	b.nodes[2].down = []interval{{from: 1 * ms}}
	b.Crashes = []Crash{{Node: "n2"}}
	b.complain(wellFormed, "%s said %d", "n1", 7)
	history := []Op{{F: "add", Complete: 5 * ms, Outcome: OK}, {F: "read", Complete: 60 * ms}, {F: "read", Complete: 50 * ms}}
	e := b.evidence(history)
	if want := (verdict.Evidence{
		History: history, Lives: b.Lives, Failures: []failure{{Check: wellFormed, Text: "at " + verdict.Time(b.since()) + ": n1 said 7"}},
		Down: map[string][]verdict.Interval{
			"n0": {{From: 500 * ms, To: 1000 * ms}, {From: 6000 * ms, To: verdict.Never}},
			"n2": {{From: -999 * ms, To: verdict.Never}},
		},
		Complete: true, Idle: "Config.Rate is 0", Consistency: Linearizable, Availability: 0.5,
	}); !reflect.DeepEqual(e, want) {
		t.Errorf("evidence\n%+v, want\n%+v", e, want)
	}
	r := b.result(history)
	if r.Messages != 30 || r.ServerMessages != 12 || r.MessagesPerRequest != 4 || r.Elapsed != 60*ms || r.OK != 1 || r.Invoked != 3 {
		t.Errorf("traffic %+v, counts %+v in %v", r.Traffic, r.Counts, r.Elapsed)
	}
	if r.Right || r.Check(verdict.NoCrash).Status != Wrong || r.Latency.Max != 5*ms {
		t.Errorf("verdict %+v, latencies %+v", r.Verdict, r.Latencies)
	}
}

func TestEveryCheckIsNamed(t *testing.T) {
	r := Simulate(t, Config{Rate: 100, TimeLimit: 2 * time.Second}, linCounter)
	var got []string
	for _, c := range r.Checks {
		got = append(got, fmt.Sprintf("%s: %s, %v", c.Name, c.Status, c.Maelstrom))
	}
	want := `no crash: ok, true
only messages on stdout: ok, false
starts and ends: ok, false
run complete: ok, false
answers well-formed: ok, false
live nodes answer: ok, false
some request answered: ok, false
every kind succeeded: ok, true
final reads: ok, true
refused adds not in the total: not checked, false
reads in order: ok, false
linearizable: ok, false`
	if strings.Join(got, "\n") != want {
		t.Errorf("checks:\n%s\nwant:\n%s", strings.Join(got, "\n"), want)
	}
}

// What --availability takes is a share that the requests must reach.
func TestAvailabilityDecidesIfItIsDemanded(t *testing.T) {
	for text, want := range map[string]string{
		"total": "1 <nil>", "1": "1 <nil>", "0": "0 <nil>", "0.999": "0.999 <nil>",
		"all": `0 "all" is neither total nor a number from 0 to 1`, "NaN": `0 "NaN" is neither total nor a number from 0 to 1`,
		"1.1": `0 "1.1" is neither total nor a number from 0 to 1`, "-1": `0 "-1" is neither total nor a number from 0 to 1`,
	} {
		share, err := ParseAvailability(text)
		if got := fmt.Sprint(share, " ", err); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	cfg := Config{Rate: 100, TimeLimit: 10 * time.Second, Latency: time.Second, ClientTimeout: 3 * time.Second, Availability: 1, Seed: 1}
	r := Simulate(t, cfg, linCounter) // an add takes four seconds, unless it must be repeated
	if c := r.Check(verdict.Available); r.Right || r.MaelstromValid || c.Status != Wrong || !c.Decides {
		t.Errorf("%v ok: %+v", r.Counts.Availability, c)
	}
	cfg.Availability, cfg.ClientTimeout = 0.5, 10*time.Second
	if r := Simulate(t, cfg, linCounter); !r.Right || r.Check(verdict.Available).Status != Passed {
		t.Errorf("%v ok: %+v", r.Counts.Availability, r.Err())
	}
}
