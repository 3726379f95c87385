package verdict

import (
	"slices"
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	hundred := make([]time.Duration, 101)
	for i := range hundred {
		hundred[i] = time.Duration(i)
	}
	for _, test := range []struct {
		sorted  []time.Duration
		percent int
		want    time.Duration
	}{
		{nil, 50, 0}, {hundred[7:8], 0, 7}, {hundred[7:8], 100, 7},
		{hundred, 0, 0}, {hundred, 50, 50}, {hundred, 99, 99}, {hundred, 100, 100},
		{hundred[:2], 99, 0}, {hundred[:2], 100, 1},
	} {
		if got := Percentile(test.sorted, test.percent); got != test.want {
			t.Errorf("percentile %d of %v is %v, want %v", test.percent, test.sorted, got, test.want)
		}
	}
	slices.Reverse(hundred)
	if got := QuantilesOf(hundred); got != (Quantiles{P50: 50, P95: 95, P99: 99, Max: 100}) {
		t.Errorf("quantiles %v of 0 to 100", got)
	}
}
