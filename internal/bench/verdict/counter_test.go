package verdict

import (
	"encoding/json"
	"fmt"
	"reflect"
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

// failing returns a request that met an error in the place of an answer.
func failing(op Op) Op {
	op.Outcome, op.Error, op.Code, op.Text = Fail, true, 11, "not now"
	if op.F == "add" {
		op.Outcome, op.Code = Info, 13
	}
	return op
}

// counter is the workload of a counter.
type counter struct{}

func (counter) Check(history []Op) ([]Check, any) { return Counter(history) }

// judgeCounter judges a history by the counter's own checks alone.
func judgeCounter(history []Op, promise Consistency) Verdict {
	checks, facts := Counter(history)
	return sum(checks, facts, promise, true)
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
		{"nothing", nil, true, true, "", NotChecked},
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
		{"reads that stay behind what was read", []Op{
			add(2, 0, 500, OK), add(1, 0, 5, OK), read(3, 6, 7), read(2, 8, 9), read(1, 10, 11), finalRead(3),
		}, true, true, "3: less than had been read" + "3: less than had been read", Wrong},
		{"a final read that was refused", []Op{add(2, 0, 5, OK), read(2, 6, 7), failing(finalRead(0))}, true, true, "", Passed},
		{"final reads of which one was not answered", []Op{add(2, 0, 5, OK), failing(finalRead(0)), finalRead(1)}, false, true, "2: less than had been acknowledged", Wrong},
		{"a read without an answer", []Op{add(2, 0, 5, OK), unanswered(read(0, 6, 7)), finalRead(2)}, true, true, "", Passed},
		{"an add of an error that is not definite", []Op{failing(add(2, 0, 5, Info)), finalRead(2)}, true, true, "", Passed},
		{"final reads that differ", []Op{add(1, 0, 5, Info), finalRead(0), finalRead(1)}, true, true, "", Passed},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := judgeCounter(test.history, Linearizable)
			if v.MaelstromValid != test.valid || (v.Check(FinalReads).Status == Wrong) == test.valid {
				t.Errorf("valid: %v; %+v", v.MaelstromValid, v.Check(FinalReads))
			}
			if c := v.Check(RefusedAdds); (c.Status != Wrong) != test.strict {
				t.Errorf("strict: %+v", c)
			}
			named := v.Facts.(CounterFacts).Unexplained != nil
			if c := v.Check(IsLinearizable); c.Status != test.linear || named != (test.linear == Wrong) {
				t.Errorf("linearizability: %+v, want %s", c, test.linear)
			}
			order := ""
			for _, read := range v.Facts.(CounterFacts).OutOfOrder {
				order += fmt.Sprint(read.Bounds, ": ", read.Why)
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
			eventual := judgeCounter(test.history, Eventual)
			if eventual.Right != test.valid || eventual.MaelstromValid != test.valid {
				t.Errorf("if eventual consistency is promised: %+v", eventual)
			}
			for i, c := range eventual.Checks {
				if c.Decides = v.Checks[i].Decides; !reflect.DeepEqual(c, v.Checks[i]) {
					t.Errorf("the promise changes what is found: %+v", c)
				}
			}
		})
	}
}

func TestAViolationSaysHowMuchTheReadMissed(t *testing.T) {
	history := []Op{
		add(5, 0, 1, OK), add(2, 2, 90, OK),
		read(3, 10, 11), // misses 2 of what had been acknowledged
		read(7, 12, 13), // sees an add that has not been acknowledged yet
		read(6, 14, 15), // misses 1 of what had been read
		read(9, 16, 17), // is too much
	}
	var missed []int64
	for _, v := range outOfOrder(history) {
		missed = append(missed, v.Missed())
	}
	if want := []int64{2, 1, 0}; !slices.Equal(missed, want) {
		t.Errorf("missed %v, want %v", missed, want)
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

// Whatever is wrong of one kind is one line, which names the first. What was
// not there to check is not ok, but not checked.
func TestFindingsNameRequestsAsPeopleDo(t *testing.T) {
	final := func(node string, value int64) Op {
		op := finalRead(value)
		op.Node = node
		return op
	}
	refusedAdd := add(7, 0, 1, Fail)
	for _, test := range []struct {
		check   string
		history []Op
		want    string // the detail, and the findings
	}{
		{FinalReads, []Op{add(2, 0, 5, OK), final("n1", 3), final("n0", 2), final("n2", 1)},
			"2 of 3 final reads are wrong; the first is 3, not 2" +
				"|the final read of n1 is 3, not 2|the final read of n2 is 1, not 2"},
		{FinalReads, []Op{add(2, 0, 5, OK), add(4, 0, 5, Info), final("n1", 3), final("n1", 3), final("n0", 3), final("n0", 2)},
			"3 of 4 final reads are wrong; the first is 3, not 2 or 6|3 final reads, of n1 and n0, are 3, not 2 or 6"},
		{FinalReads, []Op{final("n1", 3)}, "1 of 1 final read is wrong; the first is 3, not 0|the final read of n1 is 3, not 0"},
		{FinalReads, []Op{read(0, 1, 2)}, "none was made"},
		{FinalReads, []Op{failing(final("n0", 1)), failing(final("n1", 1))}, "none of 2 succeeded"},
		{RefusedAdds, []Op{refusedAdd, final("n0", 7), final("n1", 0)},
			"an add that was refused is in 1 of 2 final reads|the final read of n0 is 7, not 0: a refused add is counted"},
		{RefusedAdds, []Op{refusedAdd, final("n0", 5)}, ""}, // 5 is wrong in another way
		{RefusedAdds, []Op{refusedAdd, failing(final("n0", 7))}, "no final read succeeded"},
		{RefusedAdds, []Op{add(7, 0, 1, Info), add(0, 0, 1, Fail), final("n0", 0)}, "no add was refused"},
		{ReadsInOrder, []Op{add(2, 0, 5, OK), read(0, 17, 18), read(1, 2310, 2311), read(3, 2400, 2401), read(2, 2500, 2501)},
			"4 of 4 reads are out of order" +
				"|the read made to n1 at 17 ms (op 1) returned 0 instead of 2: less than had been acknowledged (and 1 more like it)" +
				"|the read made to n1 at 2.40 s (op 3) returned 3 instead of 2: more than had been added" +
				"|the read made to n1 at 2.50 s (op 4) returned 2 instead of 3: less than had been read"},
		{ReadsInOrder, []Op{add(2, 0, 5, OK), read(0, 17, 18), read(2, 20, 21)},
			"1 of 2 reads is out of order|the read made to n1 at 17 ms (op 1) returned 0 instead of 2: less than had been acknowledged"},
		{ReadsInOrder, []Op{add(2, 0, 5, OK), failing(read(0, 6, 7))}, "no read succeeded"},
		{IsLinearizable, []Op{add(2, 0, 5, OK), failing(read(0, 6, 7))}, "no read succeeded"},
		// Each read by itself is in order.
		{IsLinearizable, []Op{refusedAdd, add(1, 0, 50, OK), add(2, 0, 50, OK), read(1, 1, 20), read(2, 1, 21), finalRead(3)},
			"not linearizable|the history is not linearizable: the read made to n1 at 1.0 ms (op 4) returned 2 instead of 0..3: " +
				"no order of the adds explains both it and the reads before it"},
		{IsLinearizable, append(slices.Repeat([]Op{add(1, 0, 5, Info)}, 600), read(3, 0, 5)), "this took too many steps to decide"},
	} {
		c := judgeCounter(test.history, Eventual).Check(test.check)
		got := strings.Join(append([]string{c.Detail}, c.Findings...), "|")
		if got != test.want || c.Explanation == "" {
			t.Errorf("%s:\n%s\nwant:\n%s\n%+v", test.check, got, test.want, c)
		}
		status := map[bool]Status{true: Wrong, false: NotChecked}[len(c.Findings) > 0]
		if test.want == "" {
			status = Passed
		}
		if c.Status != status || c.Vacuous != (strings.HasPrefix(c.Detail, "no ")) {
			t.Errorf("%s is %s, want %s: %+v", test.check, c.Status, status, c)
		}
		if byMaelstrom := test.check == FinalReads; c.Maelstrom != byMaelstrom || c.Decides != byMaelstrom || (c.Checker == "workload") != byMaelstrom {
			t.Errorf("whose check is this? %+v", c)
		}
	}
}
