package verdict

import (
	"slices"
	"testing"
	"time"
)

// The list is of the numbers from 0, so that each element is how many come
// before it: at most percent % of the others for the percentile, and more for
// the next.
func TestAPercentileIsTheLastElementBeforeWhichAreAtMostThatManyOfTheOthers(t *testing.T) {
	to := func(n int) []time.Duration {
		list := make([]time.Duration, n)
		for i := range list {
			list[i] = time.Duration(i)
		}
		return list
	}
	for _, test := range []struct{ n, p0, p50, p95, p99, p100 time.Duration }{
		{0, 0, 0, 0, 0, 0},
		{1, 0, 0, 0, 0, 0},
		{2, 0, 0, 0, 0, 1},
		{3, 0, 1, 1, 1, 2},
		{10, 0, 4, 8, 8, 9},
		{21, 0, 10, 19, 19, 20},
		{100, 0, 49, 94, 98, 99},
		{101, 0, 50, 95, 99, 100},
		{201, 0, 100, 190, 198, 200},
	} {
		list := to(int(test.n))
		for percent, want := range map[int]time.Duration{0: test.p0, 50: test.p50, 95: test.p95, 99: test.p99, 100: test.p100} {
			got := Percentile(list, percent)
			if got != want {
				t.Errorf("the %dth percentile of %d is %d, want %d", percent, test.n, got, want)
			}
			if others := int(test.n) - 1; others > 0 && (100*int(got) > percent*others || percent < 100 && 100*int(got+1) <= percent*others) {
				t.Errorf("%d come before the %dth percentile of %d", got, percent, test.n)
			}
		}
		slices.Reverse(list)
		if got := QuantilesOf(list); got != (Quantiles{test.p50, test.p95, test.p99, test.p100}) {
			t.Errorf("%d have the quantiles %v", test.n, got)
		}
	}
}

// Each figure counts what its name says. Latencies are only of what was
// answered ok, but a kind of request is listed even if nothing of it was.
func TestFiguresAreOfWhatTheirNamesSay(t *testing.T) {
	given, echo := add(1, 30, 5030, Info), Op{F: "echo", Invoke: ms(1), Complete: ms(100), Outcome: Info, Error: true}
	given.Unanswered = true
	history := []Op{read(0, 0, 1), echo, add(1, 10, 13, OK), add(1, 20, 90, Fail), given, read(1, 40, 44), add(1, 50, 60, Fail)}
	if got, want := CountOf(history), (Counts{Invoked: 7, OK: 3, Fail: 2, Info: 2, Unanswered: 1, Availability: 3. / 7}); got != want {
		t.Errorf("counts %+v, want %+v", got, want)
	}
	if got, want := CountOf(nil), (Counts{Availability: 1}); got != want {
		t.Errorf("of nothing, counts %+v, want %+v", got, want)
	}
	l := LatenciesOf(history)
	if want := (Quantiles{ms(3), ms(3), ms(3), ms(4)}); l.Latency != want {
		t.Errorf("all latencies %+v, want %+v", l.Latency, want)
	}
	for kind, want := range map[string]Quantiles{
		"read": {ms(1), ms(1), ms(1), ms(4)}, "add": {ms(3), ms(3), ms(3), ms(3)}, "echo": {},
	} {
		if got, ok := l.LatencyByKind[kind]; got != want || !ok {
			t.Errorf("latencies of %s are %+v, want %+v", kind, got, want)
		}
	}
	if len(l.LatencyByKind) != 3 {
		t.Errorf("latencies of %v", l.LatencyByKind)
	}
}
