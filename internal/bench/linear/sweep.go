package linear

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// A level is a total that was read.
type level struct {
	total int64
	due   int64 // when the total must have reached it at the latest
	leave int64 // when the total may leave it
	// The most that adds of unknown outcome may sum up to, if this level and
	// all later ones are to be kept.
	room int64
}

// levels returns the totals that were read, in ascending order.
func levels(history []Op) []level {
	var list []level
	var acknowledged []Op
	for _, op := range history {
		if op.Read {
			list = append(list, level{op.Value, op.Complete, op.Invoke, 0})
		} else if op.Complete != Never {
			acknowledged = append(acknowledged, op)
		}
	}
	slices.SortFunc(list, func(a, b level) int { return cmp.Compare(a.total, b.total) })
	slices.SortFunc(acknowledged, func(a, b Op) int { return cmp.Compare(a.Complete, b.Complete) })

	distinct := list[:0]
	leave, sum := int64(math.MinInt64), int64(0)
	for _, l := range list {
		leave = max(leave, l.leave)
		for len(acknowledged) > 0 && acknowledged[0].Complete < leave {
			sum += acknowledged[0].Value
			acknowledged = acknowledged[1:]
		}
		l.leave, l.room = leave, l.total-sum
		if n := len(distinct); n > 0 && distinct[n-1].total == l.total {
			l.due = min(l.due, distinct[n-1].due)
			distinct[n-1] = l
		} else {
			distinct = append(distinct, l)
		}
	}
	for i := len(distinct) - 2; i >= 0; i-- {
		distinct[i].room = min(distinct[i].room, distinct[i+1].room)
	}
	return distinct
}

// An add is one that has been invoked. It is due at its completion.
type add struct{ delta, due int64 }

// A state is one way to place adds so that everything is right up to now.
type state struct {
	total  int64
	level  int   // the first level that the total has not left
	spent  int64 // how much of the total comes from adds of unknown outcome
	placed set   // which of the open adds are placed
}

// A sweep decides a history.
type sweep struct {
	levels    []level
	open      []add   // the adds that are not due yet, in the order in which they fall due
	bySize    []int   // indexes into open, by falling delta; made by serve
	states    []state // in the order of their levels
	now       int64
	ahead     int  // the first level that may not be left yet
	explained bool // some state has passed the last level
	steps     int  // how many are left
}

// An event is the invocation of an add, if delta is not 0, or something that is
// due.
type event struct {
	at    int64
	what  kind
	add   add
	level int
}

type kind int

const (
	invoked kind = iota // the first of the events at one instant
	levelDue
	addDue
)

// decide returns whether a history is linearizable, and how many steps that
// took.
func decide(history []Op, steps int) (answer Answer, used int) {
	s := &sweep{levels: levels(history), states: []state{{}}, steps: steps}
	answer = s.run(events(history, s.levels))
	return answer, steps - s.steps
}

// events returns the events of a history, in order of time.
func events(history []Op, levels []level) []event {
	var list []event
	for _, op := range history {
		if op.Read || op.Value == 0 {
			continue
		}
		list = append(list, event{at: op.Invoke, what: invoked, add: add{op.Value, op.Complete}})
		if op.Complete != Never {
			list = append(list, event{at: op.Complete, what: addDue})
		}
	}
	for i, l := range levels {
		list = append(list, event{at: l.due, what: levelDue, level: i})
	}
	slices.SortStableFunc(list, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.what, b.what), cmp.Compare(a.level, b.level))
	})
	return list
}

func (s *sweep) run(events []event) Answer {
	for _, e := range events {
		s.now = e.at
		for s.ahead < len(s.levels) && s.levels[s.ahead].leave <= s.now {
			s.ahead++
		}
		switch e.what {
		case invoked:
			if len(s.open) == maxOpen {
				return Unknown
			}
			s.insert(e.add)
		case levelDue:
			s.serve(0, func(st state) bool {
				return st.level > e.level || st.level == e.level && st.total == s.levels[e.level].total
			})
		case addDue:
			s.serve(s.open[0].delta, func(st state) bool { return st.placed.has(0) })
			s.remove(0)
		}
		switch s.steps -= len(s.states); {
		case s.explained:
			return Yes
		case s.steps <= 0: // some states may not have been found
			return Unknown
		case len(s.states) == 0:
			return No
		}
	}
	return Yes
}

// insert opens an add.
func (s *sweep) insert(a add) {
	i := sort.Search(len(s.open), func(i int) bool { return s.open[i].due > a.due })
	s.open = slices.Insert(s.open, i, a)
	for k := range s.states {
		s.states[k].placed.insert(i)
	}
}

// remove closes an add that all states have placed.
func (s *sweep) remove(i int) {
	s.open = slices.Delete(s.open, i, i+1)
	for k := range s.states {
		s.states[k].placed.remove(i)
	}
}

// forget closes the adds of unknown outcome that all states have placed.
func (s *sweep) forget() {
	for i := len(s.open) - 1; i >= 0 && s.open[i].due == Never; i-- {
		if !slices.ContainsFunc(s.states, func(st state) bool { return !st.placed.has(i) }) {
			s.remove(i)
		}
	}
}

// serve makes each state place adds, in every way that is to be tried, until it
// is served. Due is either a level, or the first of the open adds; in the
// second case urgent is the delta of that add.
func (s *sweep) serve(urgent int64, served func(state) bool) {
	s.bySize = s.bySize[:0]
	for i := range s.open {
		s.bySize = append(s.bySize, i)
	}
	slices.SortStableFunc(s.bySize, func(i, j int) int { return cmp.Compare(s.open[j].delta, s.open[i].delta) })

	var done, arrived []state // arrived are the states that come from the level below
	rest := s.states
	for l := rest[0].level; len(rest)+len(arrived) > 0; l++ {
		here := s.undominated(arrived)
		arrived = nil
		for len(rest) > 0 && rest[0].level == l {
			here, rest = append(here, rest[0]), rest[1:]
		}
		for _, st := range here {
			if served(st) {
				done = append(done, st)
				continue
			}
			if l == len(s.levels) {
				s.explained = true
				return
			}
			gap, free := s.levels[l].total-st.total, s.levels[l].leave <= s.now
			if urgent > 0 && urgent <= gap {
				done = append(done, s.place(st, 0))
			}
			if urgent > 0 && !free {
				continue
			}
			s.fill(st, gap, urgent, s.bySize, func(full state) {
				switch {
				case served(full):
					done = append(done, full)
				case free:
					full.level++
					arrived = append(arrived, full)
				}
			})
		}
	}
	s.states = s.undominated(done)
	s.forget()
}

// place places an open add.
func (s *sweep) place(st state, i int) state {
	st.total += s.open[i].delta
	st.placed.add(i)
	if s.open[i].due == Never {
		st.spent += s.open[i].delta
	}
	return st
}

// fill yields all states that differ from st by placed open adds that sum up to
// gap. Of the adds of one delta, it places those first that are due first. It
// places no add of the urgent delta: the first would be the urgent one itself,
// which alone would serve st.
func (s *sweep) fill(st state, gap, urgent int64, bySize []int, yield func(state)) {
	if gap == 0 {
		yield(st)
		return
	}
	for len(bySize) > 0 && s.steps > 0 {
		s.steps--
		i := bySize[0]
		delta := s.open[i].delta
		if st.placed.has(i) {
			bySize = bySize[1:]
			continue
		}
		if delta <= gap && delta != urgent {
			s.fill(s.place(st, i), gap-delta, urgent, bySize[1:], yield)
		}
		for len(bySize) > 0 && s.open[bySize[0]].delta == delta {
			bySize = bySize[1:]
		}
	}
}
