package story

import (
	"slices"
	"testing"

	"maelstrom-counter/internal/bench/verdict"
)

// An add stays in hand until it is answered, or its node's life ends, whatever
// came and was answered after it.
func TestAddsInHand(t *testing.T) {
	add := func(delta int64, arrived, answered int) *op {
		return &op{Op: verdict.Op{F: "add", Node: "n0", Value: delta}, arrived: arrived, answered: answered}
	}
	adds := []*op{add(1, 1, 9), add(2, 2, none), add(3, 4, 5), add(4, 7, 8), add(5, 12, 14)}
	addUp(adds)
	x := &teller{run: &run{addsTo: map[string][]*op{"n0": adds}, lives: map[string][]int{"n0": {0, 10, 11}}}}
	for pos, want := range map[int][]int64{1: nil, 3: {1, 2}, 5: {1, 2}, 6: {1, 2}, 10: {2}, 12: nil, 13: {5}} {
		var got []int64
		m := &Message{pos: pos}
		m.Src = "n0"
		for _, o := range x.inHand(m) {
			got = append(got, o.Int())
		}
		if !slices.Equal(got, want) {
			t.Errorf("at %d: %v, want %v", pos, got, want)
		}
	}
	if got := x.askedUpTo("n0", 7); got != 6 {
		t.Errorf("up to 7 it was asked for %d, want 6", got)
	}
}
