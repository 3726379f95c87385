package maelstromtest

import (
	"container/heap"
	"time"
)

// A scheduler is the bench's clock and its agenda. It belongs to the one
// goroutine that runs the bench.
type scheduler struct {
	begin  time.Time
	events queue[*event]
	next   int
}

// An event is something to do at a time, counted from when the bench began. Of
// events at the same time, the one that was scheduled first comes first.
type event struct {
	at  time.Duration
	seq int
	do  func()
}

func (e *event) before(o *event) bool { return e.at < o.at || e.at == o.at && e.seq < o.seq }

func (s *scheduler) now() time.Duration { return time.Since(s.begin) }

func (s *scheduler) at(t time.Duration, do func()) {
	heap.Push(&s.events, &event{t, s.next, do})
	s.next++
}

func (s *scheduler) after(d time.Duration, do func()) { s.at(s.now()+d, do) }

// due returns the next event if its time has come.
func (s *scheduler) due() (do func(), ok bool) {
	if len(s.events) == 0 || s.events[0].at > s.now() {
		return nil, false
	}
	return heap.Pop(&s.events).(*event).do, true
}

// A queue is a heap, see container/heap, of elements whose order is total.
type queue[T ordered[T]] []T

type ordered[T any] interface{ before(T) bool }

func (q queue[T]) Len() int           { return len(q) }
func (q queue[T]) Less(i, j int) bool { return q[i].before(q[j]) }
func (q queue[T]) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue[T]) Push(x any)        { *q = append(*q, x.(T)) }

func (q *queue[T]) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	clear((*q)[last:])
	*q = (*q)[:last]
	return x
}
