package maelstromtest

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/verdict"
)

// alone returns a node that counts only the adds that it gets itself. Its
// readers are told shift more than that.
func alone(shift func() int64) Program {
	return func(env Env) error {
		total := int64(0)
		fmt.Fprintln(env.Stderr, "here I am")
		return respond(func(env Env, m Packet) {
			var add struct{ Delta int64 }
			if err := m.Decode(&add); err != nil {
				panic(err)
			}
			if total += add.Delta; m.Type == "read" {
				say(env, m.Dest, m.Src, fmt.Sprintf(`{"type":"read_ok","in_reply_to":%d,"value":%d}`, m.MsgID, total+shift()))
				return
			}
			say(env, m.Dest, m.Src, fmt.Sprintf(`{"type":"add_ok","in_reply_to":%d}`, m.MsgID))
		})(env)
	}
}

func none() int64 { return 0 }

// The error of a simulation that was wrong begins the story, and Why has all of
// it, which is that of the run's journal.
func TestAnErrorSaysWhy(t *testing.T) {
	cfg := Config{Rate: 20, TimeLimit: 2 * time.Second, Latency: time.Millisecond, Seed: 3}
	r := Simulate(t, cfg, alone(none))
	want := Tell(Record(t, cfg, alone(none)))
	got := r.Why()
	if got == nil || want == nil || got.Text() != want.Text() {
		t.Fatalf("the story is\n%+v\nand not\n%+v", got, want)
	}
	if text := fmt.Sprint(r.Err()); !strings.HasSuffix(text, "\nWhy: "+want.Short()+"\n(Result.Why returns all of this story, as a text and as a picture.)") {
		t.Error(text)
	}
	if r, _ := Record(t, cfg, alone(none)); r.Why() == nil {
		t.Error("a run whose journal was recorded has no story")
	}
}

// A run that is valid has a story if a check beyond Maelstrom is wrong, and no
// error. A run that is right in every respect has neither.
func TestAValidRunMayHaveAStory(t *testing.T) {
	for seed := range uint64(20) {
		r := Simulate(t, Config{Rate: 50, TimeLimit: 3 * time.Second, Seed: seed}, seqCounter)
		if r.Right && r.Check(verdict.ReadsInOrder).Status == Wrong {
			if r.Err() != nil || r.Why() == nil {
				t.Errorf("seed %d: error %v, story %v", seed, r.Err(), r.Why())
			}
			return
		}
	}
	t.Error("no run is valid with a check that is wrong")
}

func TestARightRunHasNoStory(t *testing.T) {
	r := Simulate(t, Config{Rate: 20, TimeLimit: time.Second}, memoryCounter())
	if r.Err() != nil || r.Why() != nil {
		t.Errorf("error %v, story %v", r.Err(), r.Why())
	}
}

// If there can be no story, the error says why.
func TestAnErrorSaysWhyThereIsNoStory(t *testing.T) {
	cfg := Config{Rate: 20, TimeLimit: 2 * time.Second}
	var reads atomic.Int64
	script := cfg
	script.Script = &Script{Requests: []ScriptedRequest{
		{Request: Request{F: "add", Value: int64(1), Body: Body{"type": "add", "delta": 1}}},
		{At: time.Second, Node: 1, Request: Request{F: "read", Body: Body{"type": "read"}}, Final: true},
	}}
	var ended *Result
	t.Run("a test that ends", func(t *testing.T) { ended = Simulate(t, cfg, alone(none)) })
	for want, r := range map[string]*Result{
		"when the simulation was run again, the nodes did something else": Simulate(t, cfg, alone(func() int64 { return reads.Add(1) })),
		"a Script cannot be carried out twice":                            Simulate(t, script, alone(none)),
		"the test that ran the simulation has ended":                      ended,
	} {
		if text := fmt.Sprint(r.Err()); !strings.Contains(text, "\nWhy is not known: "+want) || r.Why() != nil {
			t.Errorf("want %q, not\n%s", want, text)
		}
	}
	wrong := Simulate(t, cfg, alone(none))
	if r, _ := Record(t, script, alone(none)); r.Why() == nil {
		t.Error("a run with a Script whose journal was recorded has no story")
	}
	inCluster(t, Config{Nodes: 1}, alone(none), func(t *testing.T, _ *Cluster) {
		if text := fmt.Sprint(wrong.Err()); !strings.Contains(text, "\nWhy is not known: a synctest bubble") {
			t.Error(text)
		}
	})
}

// A journal that is too long is kept up to the bound, and the rest is a gap.
func TestAKeeperKeepsTheBeginning(t *testing.T) {
	var k keeper
	for i := range mostKept + 3 {
		k.keep(Entry{Time: time.Duration(i), What: Sent, ID: i})
		if i == mostKept-1 {
			if all, err := k.kept(); err != nil || len(all) != mostKept {
				t.Errorf("%d are kept, error %v", len(all), err)
			}
		}
	}
	all, err := k.kept()
	last := all[len(all)-1]
	inOrder := slices.IsSortedFunc(all, func(a, b Entry) int { return int(a.Time - b.Time) })
	if err != nil || len(all) != mostKept+1 || !inOrder || last.What != Gap || last.Time != mostKept || last.Omitted.Lines != 3 || last.Omitted.Until != mostKept+2 {
		t.Errorf("%d are kept, the last is %+v, error %v", len(all), last, err)
	}
}
