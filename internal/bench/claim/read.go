package claim

import (
	"slices"
	"strings"

	"maelstrom-counter/internal/bench/verdict"
)

// A Range is all numbers from Lo to Hi.
type Range = verdict.Range

// WrongTotal says that a final read returned what is not the sum of the
// acknowledged adds and any of those that may have happened.
type WrongTotal struct {
	Read  int
	Node  string
	Value int64
	Right []Range // all sums that would be right
}

func (c WrongTotal) holds(r *Run) bool {
	right := r.totals(func(op verdict.Op) bool { return op.Outcome != verdict.OK })
	return r.isFinal(c.Read, c.Node, c.Value) && slices.Equal(right, c.Right) && !within(right, c.Value)
}

func (c WrongTotal) text(r *Run) string {
	return say("%s answered the final read with %d %s. The right answer is %s.",
		c.Node, c.Value, r.answeredWhen(c.Read), ranges(c.Right))
}

func (c WrongTotal) shows(r *Run) Shown {
	return r.exchange(c.Read, "wrong: should be "+ranges(c.Right))
}

// CountsRefused says that a final read can only be a sum that includes adds
// that were refused for certain.
type CountsRefused struct {
	Read  int
	Node  string
	Value int64
	Right []Range // all sums without those adds
}

func (c CountsRefused) holds(r *Run) bool {
	right := r.totals(func(op verdict.Op) bool { return op.Outcome == verdict.Info })
	all := r.totals(func(op verdict.Op) bool { return op.Outcome != verdict.OK })
	return r.isFinal(c.Read, c.Node, c.Value) && slices.Equal(right, c.Right) && !within(right, c.Value) &&
		within(all, c.Value)
}

func (c CountsRefused) text(r *Run) string {
	return say("%s answered the final read with %d %s. Without the adds that were refused for certain, the right answer is %s.",
		c.Node, c.Value, r.answeredWhen(c.Read), ranges(c.Right))
}

func (c CountsRefused) shows(r *Run) Shown { return r.exchange(c.Read, "counts a refused add") }

// OutOfBounds says that a read returned less than had been acknowledged when it
// was sent, or more than all adds that had been sent when it was answered,
// except those that were refused for certain.
type OutOfBounds struct {
	Read                int
	Node                string
	Value, Acked, Asked int64
}

func (c OutOfBounds) holds(r *Run) bool {
	return r.isRead(c.Read, c.Node, c.Value) && r.ackedSum(c.Read) == c.Acked && r.askedSum(c.Read) == c.Asked &&
		(c.Value < c.Acked || c.Value > c.Asked)
}

func (c OutOfBounds) text(r *Run) string {
	but := say("Before that read was sent, adds that sum to %d had been acknowledged", c.Acked)
	if c.Value > c.Asked {
		but = say("By then,%s only adds that sum to %d had been sent", r.exceptRefused(c.Read), c.Asked)
	}
	return say("%s answered a read with %d %s. %s.", c.Node, c.Value, r.answeredWhen(c.Read), but)
}

func (c OutOfBounds) shows(r *Run) Shown {
	if c.Value > c.Asked {
		return r.exchange(c.Read, say("wrong: only %d had been added", c.Asked))
	}
	return r.exchange(c.Read, say("wrong: %d had been acknowledged", c.Acked))
}

// exceptRefused names the adds that OutOfBounds does not count, if there are
// any.
func (r *Run) exceptRefused(read int) string {
	end := r.op(read).Complete
	refused := r.adds(func(_ int, op verdict.Op) bool { return op.Invoke <= end && op.Outcome == verdict.Fail })
	if refused == 0 {
		return ""
	}
	return " apart from adds that were refused for certain,"
}

// BelowSeen says that a read returned less than another one that had been
// answered when it was sent.
type BelowSeen struct {
	Read    int
	Node    string
	Value   int64
	Earlier int // the other read
	By      string
	Seen    int64 // what that returned
}

func (c BelowSeen) holds(r *Run) bool {
	return r.isRead(c.Read, c.Node, c.Value) && r.isRead(c.Earlier, c.By, c.Seen) &&
		r.op(c.Earlier).Complete < r.op(c.Read).Invoke && c.Value < c.Seen
}

func (c BelowSeen) text(r *Run) string {
	return say("%s answered a read with %d %s. Before that read was sent, %s had answered another one with %d.",
		c.Node, c.Value, r.answeredWhen(c.Read), c.By, c.Seen)
}

func (c BelowSeen) shows(r *Run) Shown {
	shown := r.exchange(c.Read, say("wrong: %d had been read", c.Seen))
	shown.Messages = append(shown.Messages, r.exchange(c.Earlier, "").Messages...)
	return shown
}

// NotLinearizable says that by the verdict a read is the first that no order of
// the requests explains. Lo and Hi are the verdict's.
type NotLinearizable struct {
	Read          int
	Node          string
	Value, Lo, Hi int64
}

func (c NotLinearizable) holds(r *Run) bool {
	facts, _ := r.Facts.(verdict.CounterFacts)
	v := facts.Unexplained
	return v != nil && v.Index == c.Read && v.Bounds == Range{Lo: c.Lo, Hi: c.Hi} && r.isRead(c.Read, c.Node, c.Value)
}

func (c NotLinearizable) text(r *Run) string {
	return say("%s answered a read with %d %s. No order of the adds explains both this answer and the reads before it.",
		c.Node, c.Value, r.answeredWhen(c.Read))
}

func (c NotLinearizable) shows(r *Run) Shown {
	return r.exchange(c.Read, "wrong: no order explains it")
}

// Answered says what a read returned, right or wrong.
type Answered struct {
	Read  int
	Node  string
	Value int64
	Reply int
}

func (c Answered) holds(r *Run) bool {
	return r.isRead(c.Read, c.Node, c.Value) && r.reply(c.Read).id == c.Reply
}

func (c Answered) text(r *Run) string {
	return say("%s answered %s with %d %s.", c.Node, r.noun(c.Read), c.Value, r.answeredWhen(c.Read))
}

func (c Answered) shows(r *Run) Shown { return r.exchange(c.Read, "") }

// exchange shows an operation's request and its answer, with a remark where
// that arrives.
func (r *Run) exchange(op int, remark string) Shown {
	m := r.reply(op)
	shown := arrows(r.request(op).id, m.id)
	if remark != "" {
		shown.Notes = []Note{{max(m.sent, m.arrival()), m.dest, remark}}
	}
	return shown
}

func (r *Run) answeredWhen(op int) string { return r.when(r.reply(op).sent) }

func ranges(all []Range) string { return strings.Join(verdict.Texts(all), " or ") }
