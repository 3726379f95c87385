package story

import (
	"strings"
	"testing"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/journal"
)

// A message between nodes that is on its way while its receiver does something
// is not drawn below that.
func TestAMessageIsDrawnLevelOnlyIfNothingComesBetween(t *testing.T) {
	for _, test := range []struct {
		src, dest string
		between   []int // the lanes in which something happens before it arrives; its own go from 0 to 1
		want      bool
	}{
		{"n0", "n1", nil, true},
		{"n0", "n1", []int{2}, true},
		{"n0", "n1", []int{2, 1}, false},
		{"n0", "n1", []int{0}, false},
		{"n0", "seq-kv", []int{1}, true},
		{"c1", "n1", []int{1}, true},
		{"n0", "seq-kv", []int{0}, false},
	} {
		m := &Message{Entry: journal.Entry{Src: test.src, Dest: test.dest}}
		var later []moment
		for _, lane := range test.between {
			later = append(later, moment{lane: lane})
		}
		later = append(later, moment{lane: 1, ends: m}, moment{lane: 0})
		if got := arrivesFirst(later, moment{lane: 0, starts: m}); got != test.want {
			t.Errorf("%+v: level %v", test, got)
		}
	}
}

// A node that was killed is alive again where it sends a message or gets one.
func TestAKilledNodeIsAliveWhereAMessageShowsIt(t *testing.T) {
	s := &Story{Arrows: []*Arrow{
		{From: 0, To: 1, Sent: 1, Ends: 2, Fate: claim.Arrived},
		{From: 1, To: 0, Sent: 3, Ends: 4, Fate: claim.Unread},
		{From: 1, To: 0, Sent: 8, Ends: 8, Fate: claim.Arrived},
		{From: 0, To: 1, Sent: 6, Ends: 6, Fate: claim.WasLost},
	}}
	for _, test := range []struct{ lane, below, want int }{
		{0, 0, 1}, {0, 1, 6}, {0, 6, 8}, {0, 8, -1},
		{1, 1, 2}, {1, 2, 3}, {1, 8, -1},
	} {
		if got := s.alive(test.lane, test.below); got != test.want {
			t.Errorf("lane %d is alive below row %d in row %d, want %d", test.lane, test.below, got, test.want)
		}
	}
}

// What is counted of a node includes the numbers of its lives, and not what
// keys hold.
func TestWhatIsCountedOfANodeIncludesItsLives(t *testing.T) {
	f := &fit{}
	for who, value := range map[string]int64{"n1": 1, "n1-5f": 2, "n1-60": 4, "n10": 8, "n2": 16} {
		f.parts = append(f.parts, part{label{from: theMost, who: who}, point{value: value}})
	}
	f.parts = append(f.parts, part{label{from: aKey, who: "n1"}, point{value: 32}})
	if got := f.knownOf("n1"); got != 7 {
		t.Errorf("%d is counted of n1", got)
	}
}

// A label that is wider than its arrow is shortened, and not what follows it.
func TestALabelFitsItsArrow(t *testing.T) {
	long := &Arrow{Label: strings.Repeat("1234567890", 6), Fate: claim.Arrived}
	lost := &Arrow{Label: long.Label, Fate: claim.WasLost}
	second := &Arrow{Label: "gossip", Fate: claim.Arrived, Copy: 1}
	for _, test := range []struct {
		arrow  *Arrow
		length float64
		want   string
	}{
		{long, 60 * letter, long.Label},
		{long, 40 * letter, long.Label[:39] + "…"},
		{long, 5 * letter, long.Label[:15] + "…"},
		{lost, 40 * letter, long.Label[:33] + "…, lost"},
		{second, 5 * letter, "copy of gossip"},
	} {
		if got := test.arrow.caption(test.length); got != test.want {
			t.Errorf("an arrow of length %.0f says %q, want %q", test.length, got, test.want)
		}
	}
}

// The label of a message whose numbers are all in one field does not repeat the
// field's name.
func TestALabelDoesNotRepeatTheFieldOfAllNumbers(t *testing.T) {
	for want, body := range map[string]string{
		"gossip: n0-5f 61, n1-60 7": `{"type":"gossip","added":{"n0-5f":61,"n1-60":7}}`,
		"gossip: added.n0 61, at 7": `{"type":"gossip","added":{"n0":61},"at":7}`,
		"gossip: added 7":           `{"type":"gossip","added":7}`,
	} {
		m := &Message{kind: "gossip", body: fieldsOf([]byte(body))}
		m.Src, m.Dest = "n0", "n1"
		if got := (&teller{}).label(m); got != want {
			t.Errorf("%s has the label %q, want %q", body, got, want)
		}
	}
}
