package trial

import (
	"strings"
	"testing"

	"maelstrom-counter/internal/bench/maelstromtest"
)

func TestFaultsThatStrikeNothingAreReported(t *testing.T) {
	faults := func(kind string, struck, missed int) *maelstromtest.Result {
		r := &maelstromtest.Result{}
		for i := range struck + missed {
			f := maelstromtest.FaultRecord{Fault: kind}
			if i < struck {
				f.InFlight = 1
			}
			r.Faults = append(r.Faults, f)
		}
		return r
	}
	doubled := func(apart, all int) *maelstromtest.Result {
		return &maelstromtest.Result{Traffic: maelstromtest.Traffic{Doubled: all, DoubledApart: apart}}
	}
	for _, test := range []struct {
		what    string
		results []*maelstromtest.Result
		missed  string // what is reported, or ""
	}{
		{"half of the kills struck", []*maelstromtest.Result{faults("kill", 10, 0), faults("kill", 0, 10)}, ""},
		{"fewer than half of the kills struck", []*maelstromtest.Result{faults("kill", 9, 0), faults("kill", 0, 11)}, "kill: 9 of 20"},
		{"too few kills to tell", []*maelstromtest.Result{faults("kill", 0, 19)}, ""},
		{"clocks", []*maelstromtest.Result{faults("kill", 20, 0), faults("clock", 0, 20)}, "clock: 0 of 20"},
		{"pauses", []*maelstromtest.Result{faults("pause", 0, 20)}, "pause: 0 of 20"},
		{"cuts from the store", []*maelstromtest.Result{faults("store-cut", 0, 20)}, "store-cut: 0 of 20"},
		{"partitions, which hit no node", []*maelstromtest.Result{faults("partition", 0, 20)}, ""},
		{"doubled messages", []*maelstromtest.Result{doubled(10, 20)}, ""},
		{"doubled messages that arrive together", []*maelstromtest.Result{doubled(9, 10), doubled(0, 10)}, "doubled messages: 9 of 20"},
	} {
		if got := strings.Join(Missed(test.results), "\n"); (got == "") != (test.missed == "") || !strings.Contains(got, test.missed) {
			t.Errorf("%s: %q, want %q", test.what, got, test.missed)
		}
	}
}

func TestFairnessComparesTheNodesThatServedFewestAndMost(t *testing.T) {
	for served, want := range map[string]float64{
		"": 1, "n0 n0 n1": 0, "n0 n0 n0 n0 n1 n1 n1 n2 n2 n2 n2 n2": 0.6,
	} {
		r := &maelstromtest.Result{Config: maelstromtest.Config{Nodes: 3}}
		for _, node := range strings.Fields(served) {
			r.History = append(r.History, maelstromtest.Op{Node: node, Outcome: maelstromtest.OK})
		}
		r.History = append(r.History, maelstromtest.Op{Node: "n1", Outcome: maelstromtest.Info})
		if got := Fairness(r); got != want {
			t.Errorf("%q: %v, want %v", served, got, want)
		}
	}
}
