package verdict

import (
	"slices"
	"testing"
)

// counter is the workload of a counter.
type counter struct{}

func (counter) Check(history []Op) ([]Check, any) { return Counter(history) }

// Each figure counts what its name says. One of the two requests without an
// answer counts against its node, which was dead for the other.
func TestFiguresAreOfWhatTheirNamesSay(t *testing.T) {
	up, dead := add(1, 1001, 5999, Info), add(1, 1001, 6000, Info)
	up.Unanswered, up.Final, dead.Unanswered = true, true, true
	history := []Op{read(0, 0, 1), add(1, 10, 13, OK), add(1, 20, 90, Fail), dead, up, read(1, 40, 44)}
	counts, figures := CountOf(history), LatenciesOf(history)
	if want := (Counts{Invoked: 6, OK: 3, Fail: 1, Info: 2, Unanswered: 2, Availability: 0.5}); counts != want {
		t.Errorf("counts %+v, want %+v", counts, want)
	}
	all, reads := Quantiles{ms(3), ms(3), ms(3), ms(4)}, Quantiles{ms(1), ms(1), ms(1), ms(4)}
	if add := figures.LatencyByKind["add"]; figures.Latency != all || figures.LatencyByKind["read"] != reads || add.P50 != ms(3) || add.Max != ms(3) {
		t.Errorf("latencies %+v", figures)
	}
	v := Judge(Evidence{History: history, Down: map[string][]Interval{
		"n0": {{ms(500), ms(1000)}, {ms(6000), Never}},
		"n1": {{ms(-999), Never}},
	}}, counter{})
	for check, want := range map[string][]string{
		LiveAnswers:    {"n0 was up and did not answer add of 1.001s"},
		SomethingAsked: {"none of 1 final requests succeeded"},
	} {
		if got := v.Check(check).Findings; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", check, got, want)
		}
	}
	if c := v.Check(FinalReads); c.Status != NotChecked || v.Check(RunComplete).Status != NotChecked {
		t.Errorf("a run that was cut off, in which no final read was answered, is judged %+v", v)
	}
}
