package linear

import (
	"cmp"
	"math/bits"
	"slices"
)

// maxOpen is how many adds can be open at a time.
const maxOpen = 64 * len(set{})

// A set is a set of open adds, by their index.
type set [8]uint64

func (s *set) has(i int) bool { return s[i/64]>>(i%64)&1 != 0 }
func (s *set) add(i int)      { s[i/64] |= 1 << (i % 64) }

// insert makes room for a new add i, which is not in the set. The adds from i
// on move up by one.
func (s *set) insert(i int) {
	w, below := i/64, uint64(1)<<(i%64)-1
	for k := len(s) - 1; k > w; k-- {
		s[k] = s[k]<<1 | s[k-1]>>63
	}
	s[w] = s[w]&below | s[w]&^below<<1
}

// remove takes add i out. The adds above it move down by one.
func (s *set) remove(i int) {
	w, below := i/64, uint64(1)<<(i%64)-1
	s[w] = s[w]&below | s[w]>>1&^below
	for k := w + 1; k < len(s); k++ {
		s[k-1] |= s[k] << 63
		s[k] >>= 1
	}
}

// undominated returns the states of a list that have not placed too many adds
// of unknown outcome and are not dominated by another one, in the order of
// their levels.
func (s *sweep) undominated(list []state) []state {
	list = slices.DeleteFunc(list, func(st state) bool {
		return s.ahead < len(s.levels) && st.spent > s.levels[s.ahead].room
	})
	slices.SortStableFunc(list, func(a, b state) int {
		return cmp.Or(cmp.Compare(a.level, b.level), cmp.Compare(a.total, b.total))
	})
	var kept []state
	rivals := 0 // where in kept those of the same level and total begin
next:
	for _, b := range list {
		if s.steps <= 0 {
			return nil
		}
		if n := len(kept); n > 0 && (kept[n-1].level != b.level || kept[n-1].total != b.total) {
			rivals = n
		}
		for i := range kept[rivals:] {
			if s.dominates(&kept[rivals+i], &b) {
				continue next
			}
		}
		others := slices.DeleteFunc(kept[rivals:], func(a state) bool { return s.dominates(&b, &a) })
		kept = append(kept[:rivals+len(others)], b)
	}
	return kept
}

// dominates reports whether a is as free as b, which has the same level and
// total. It is if the adds that only a has left to place can be grouped so that
// for each add that only b has left there is a group with the same sum, whose
// members are due no earlier. (An add that both have left may stand for itself.
// If it stood for another add, then whatever stood for it could stand for that
// add too, since that is due later still.)
//
// Groups are formed greedily. So the answer may be false although a cleverer
// grouping exists. Then b is kept, which only costs time.
func (s *sweep) dominates(a, b *state) bool {
	s.steps--
	var few [2][16]int64
	// The deltas that only a has left, due no earlier than owed, and those that
	// only b has left.
	hand, owed := few[0][:0], few[1][:0]
	due := int64(Never)
	for w := len(a.placed) - 1; w >= 0; w-- { // from the last due to the first
		for x := a.placed[w] ^ b.placed[w]; x != 0; {
			bit := 63 - bits.LeadingZeros64(x)
			x &^= 1 << bit
			next := s.open[64*w+bit]
			if next.due < due {
				var ok bool
				if hand, ok = pay(hand, owed); !ok {
					return false
				}
				owed, due = owed[:0], next.due
			}
			if a.placed.has(64*w + bit) {
				owed = append(owed, next.delta)
			} else {
				hand = append(hand, next.delta)
			}
		}
	}
	_, ok := pay(hand, owed)
	return ok
}

// pay takes deltas from hand that add up to each delta in owed, and returns the
// rest of hand.
func pay(hand, owed []int64) (rest []int64, ok bool) {
	for _, debt := range owed {
		for debt > 0 {
			i := slices.IndexFunc(hand, func(delta int64) bool { return delta <= debt })
			if i < 0 {
				return nil, false
			}
			debt -= hand[i]
			hand = slices.Delete(hand, i, i+1)
		}
	}
	return hand, true
}
