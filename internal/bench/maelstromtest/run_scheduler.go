package maelstromtest

import "time"

// A scheduler is the bench's clock and its agenda. It belongs to the one
// goroutine that runs the bench.
type scheduler struct {
	begin  time.Time
	events queue[event]
	next   int
}

// An event is something to do at a time, counted from when the bench began. Of
// events at the same time, the one that was scheduled first comes first.
type event struct {
	at  time.Duration
	seq int
	do  func()
}

func (e event) before(o event) bool { return e.at < o.at || e.at == o.at && e.seq < o.seq }

func (s *scheduler) now() time.Duration { return time.Since(s.begin) }

func (s *scheduler) at(t time.Duration, do func()) {
	s.events.push(event{t, s.next, do})
	s.next++
}

func (s *scheduler) after(d time.Duration, do func()) { s.at(s.now()+d, do) }

// due returns the next event if its time has come.
func (s *scheduler) due() (do func(), ok bool) {
	if len(s.events) == 0 || s.events[0].at > s.now() {
		return nil, false
	}
	return s.events.pop().do, true
}
