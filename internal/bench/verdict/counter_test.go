package verdict

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// add and read make operations from begin to end milliseconds.
func add(delta int64, begin, end int, outcome Outcome) Op {
	return Op{Client: "c1", Node: "n0", F: "add", Value: delta, Invoke: ms(begin), Complete: ms(end), Outcome: outcome}
}

func read(value int64, begin, end int) Op {
	return Op{Client: "c2", Node: "n1", F: "read", Value: value, Invoke: ms(begin), Complete: ms(end), Outcome: OK}
}

func finalRead(value int64) Op {
	op := read(value, 1000, 1001)
	op.Final = true
	return op
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// Each check finds the histories that violate it, and no others.
func TestEachCheckFindsOnlyItsOwnViolations(t *testing.T) {
	for _, test := range []struct {
		name    string
		history []Op
		valid   bool   // by Maelstrom's verdict
		strict  bool   // no refused add is counted
		order   string // the reads that are out of order: what they could have been, and why
		linear  Status
	}{
		{"nothing", nil, true, true, "", Passed},
		{"right", []Op{add(2, 0, 5, OK), read(2, 6, 7), add(1, 8, 9, OK), finalRead(3)}, true, true, "", Passed},
		{"an acknowledged add lost", []Op{add(2, 0, 5, OK), finalRead(0)}, false, true, "2: less than had been acknowledged", Wrong},
		{"an add counted twice", []Op{add(2, 0, 5, OK), finalRead(4)}, false, true, "2: more than had been added", Wrong},
		{"an indeterminate add happened", []Op{add(2, 0, 5, Info), finalRead(2)}, true, true, "", Passed},
		{"an indeterminate add did not happen", []Op{add(2, 0, 5, Info), finalRead(0)}, true, true, "", Passed},
		{"half of an indeterminate add", []Op{add(2, 0, 5, Info), finalRead(1)}, false, true, "", Wrong},
		{"a refused add counted", []Op{add(2, 0, 5, Fail), finalRead(2)}, true, false, "0: more than had been added", Wrong},
		{"a refused add not counted", []Op{add(2, 0, 5, Fail), finalRead(0)}, true, true, "", Passed},
		{"an old read in between", []Op{add(2, 0, 5, OK), read(0, 6, 7), finalRead(2)}, true, true, "2: less than had been acknowledged", Wrong},
		{"a read that goes back", []Op{add(2, 0, 50, OK), read(2, 6, 7), read(0, 8, 9), finalRead(2)}, true, true, "2: less than had been read", Wrong},
		{"reads that stay back", []Op{
			add(2, 0, 50, OK), read(2, 6, 7), read(0, 8, 9), read(0, 10, 11), finalRead(2),
		}, true, true, "2: less than had been read" + "2: less than had been read", Wrong},
		{"a read from the future", []Op{read(2, 0, 1), add(2, 5, 6, OK), finalRead(2)}, true, true, "0: more than had been added", Wrong},
		{"a read of an add under way", []Op{add(2, 0, 50, OK), read(2, 6, 7), finalRead(2)}, true, true, "", Passed},
		{"a read of an add that began later", []Op{read(2, 0, 10), add(2, 5, 20, OK), finalRead(2)}, true, true, "", Passed},
		{"a read at the instant of an add's end", []Op{add(2, 0, 5, OK), read(0, 5, 6), finalRead(2)}, true, true, "", Passed},
		{"a read at the instant of an add's begin", []Op{read(2, 0, 5), add(2, 5, 6, OK), finalRead(2)}, true, true, "", Passed},
		{"adds that were never both there", []Op{
			add(1, 0, 50, OK), add(2, 0, 50, OK), read(1, 1, 20), read(2, 1, 20), finalRead(3),
		}, true, true, "", Wrong},
		{"an indeterminate add that is seen late", []Op{
			add(2, 0, 5, Info), read(0, 10, 11), add(1, 12, 13, OK), read(1, 14, 15), read(3, 20, 21), finalRead(3),
		}, true, true, "", Passed},
		{"an indeterminate add that is seen and gone", []Op{
			add(2, 0, 5, Info), read(2, 10, 11), finalRead(0),
		}, true, true, "2: less than had been read", Wrong},
		{"too hard to decide", append(slices.Repeat([]Op{add(1, 0, 5, Info)}, 600), read(3, 0, 5)), true, true, "", NotChecked},
		{"final reads that differ", []Op{add(1, 0, 5, Info), finalRead(0), finalRead(1)}, true, true, "", Passed},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := judge(Counter(test.history))
			if v.MaelstromValid != test.valid {
				t.Errorf("valid: %v; %+v", v.MaelstromValid, v.Check(FinalReads))
			}
			if c := v.Check(RefusedAdds); (c.Status != Wrong) != test.strict {
				t.Errorf("strict: %+v", c)
			}
			named := v.Facts.(CounterFacts).Unexplained != nil
			if c := v.Check(IsLinearizable); c.Status != test.linear || named != (test.linear == Wrong) ||
				c.Status == NotChecked && c.Detail != "it is too hard to decide" {
				t.Errorf("linearizability: %+v, want %s", c, test.linear)
			}
			order := ""
			for _, read := range v.Facts.(CounterFacts).OutOfOrder {
				order += fmt.Sprint(read.Bounds, ": ", strings.Split(read.Why, " (")[0])
			}
			if order != test.order {
				t.Errorf("out of order: %q, want %q", order, test.order)
			}
			if c := v.Check(ReadsInOrder); (c.Status == Wrong) != (test.order != "") {
				t.Errorf("out of order: %+v", c)
			}
			if v.Right != (test.valid && test.strict && test.order == "" && test.linear != Wrong) {
				t.Errorf("verdict %+v", v)
			}
		})
	}
}

func TestAcceptableSums(t *testing.T) {
	history := []Op{add(10, 0, 1, OK), add(1, 0, 1, Info), add(4, 0, 1, Fail), add(0, 0, 1, Info)}
	for _, test := range []struct {
		maybe func(Op) bool
		want  []Range
	}{
		{func(op Op) bool { return op.Outcome == Info }, []Range{{10, 11}}},
		{func(op Op) bool { return op.Outcome != OK }, []Range{{10, 11}, {14, 15}}},
		{func(Op) bool { return false }, []Range{{10, 10}}},
	} {
		if got := acceptable(history, test.maybe); !slices.Equal(got, test.want) {
			t.Errorf("acceptable %v, want %v", got, test.want)
		}
	}
	out, err := json.Marshal(CounterFacts{FinalReads: []int64{2}, Acceptable: []Range{{1, 2}}})
	if err != nil || string(out) != `{"final_reads":[2],"acceptable":[[1,2]]}` {
		t.Errorf("as JSON %s, error %v", out, err)
	}
}

// The check names the first read that makes the history not linearizable, even
// if each read by itself is in order.
func TestTheFirstReadThatIsNotLinearizableIsNamed(t *testing.T) {
	history := []Op{add(7, 0, 1, Fail), add(1, 0, 50, OK), add(2, 0, 50, OK), read(1, 1, 20), read(2, 1, 21), finalRead(3)}
	checks, _ := Counter(history)
	want := "the history is not linearizable: " +
		"op 4 read 2 instead of 0..3: no order of the adds explains it and the reads before it (n1 at 21ms)"
	for _, check := range checks {
		if wrong := check.Name == IsLinearizable; wrong != (check.Status == Wrong) || wrong && !slices.Equal(check.Findings, []string{want}) {
			t.Errorf("%+v", check)
		}
	}
}
