package claim

import (
	"encoding/json"
	"strings"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// what names an operation, as in "n2's add of 4" and "n0's final read".
func (r *Run) what(i int) string {
	op := r.op(i)
	switch {
	case op.F == "add":
		return say("%s's add of %d", op.Node, r.delta(i))
	case op.Final:
		return say("%s's final %s", op.Node, op.F)
	}
	return say("%s's %s", op.Node, op.F)
}

// Acknowledged says that an add was acknowledged.
type Acknowledged struct {
	Add   int
	Node  string // which acknowledged it
	Delta int64
	Reply int // the acknowledgement
}

func (c Acknowledged) text(r *Run) string {
	return say("%s acknowledged an add of %d %s.", c.Node, c.Delta, r.when(r.message(c.Reply).sent))
}

func (c Acknowledged) shows(r *Run) Shown {
	return Shown{Messages: []int{r.request(c.Add).id, c.Reply}}
}

// A Range is all numbers from Lo to Hi.
type Range = maelstromtest.Range

// WrongTotal says that a final read returned what is not the sum of the
// acknowledged adds and any of those that may have happened.
type WrongTotal struct {
	Read  int
	Node  string
	Value int64
	Right []Range // all sums that would be right
}

func (c WrongTotal) text(r *Run) string {
	return say("%s answered %d to the final read %s; right would be %s.", c.Node, c.Value, r.answeredWhen(c.Read), ranges(c.Right))
}

func (c WrongTotal) shows(r *Run) Shown {
	return r.exchange(c.Read, "wrong: right would be "+ranges(c.Right))
}

// CountsRefused says that a final read can only be a sum in which adds are that
// were refused for certain.
type CountsRefused struct {
	Read  int
	Node  string
	Value int64
	Right []Range // all sums without those adds
}

func (c CountsRefused) text(r *Run) string {
	return say("%s answered %d to the final read %s. Without the adds that were refused for certain, right would be %s.",
		c.Node, c.Value, r.answeredWhen(c.Read), ranges(c.Right))
}

func (c CountsRefused) shows(r *Run) Shown { return r.exchange(c.Read, "counts a refused add") }

// BelowAcked says that a read returned less than had been acknowledged when it
// was asked.
type BelowAcked struct {
	Read         int
	Node         string
	Value, Acked int64
}

func (c BelowAcked) text(r *Run) string {
	return say("%s answered %d to a read %s, although adds that make %d had been acknowledged before it was asked.",
		c.Node, c.Value, r.answeredWhen(c.Read), c.Acked)
}

func (c BelowAcked) shows(r *Run) Shown {
	return r.exchange(c.Read, say("wrong: %d had been acknowledged", c.Acked))
}

// BelowSeen says that a read returned less than another that had been answered
// when it was asked.
type BelowSeen struct {
	Read    int
	Node    string
	Value   int64
	Earlier int // the other read
	By      string
	Seen    int64 // what that returned
}

func (c BelowSeen) text(r *Run) string {
	return say("%s answered %d to a read %s, although %s had answered %d to another before it was asked.",
		c.Node, c.Value, r.answeredWhen(c.Read), c.By, c.Seen)
}

func (c BelowSeen) shows(r *Run) Shown {
	shown := r.exchange(c.Read, say("wrong: %d had been read", c.Seen))
	shown.Messages = append(shown.Messages, r.exchange(c.Earlier, "").Messages...)
	return shown
}

// AboveAsked says that a read returned more than all adds that had been asked
// for when it was answered, without those that were refused for certain.
type AboveAsked struct {
	Read         int
	Node         string
	Value, Asked int64
}

func (c AboveAsked) text(r *Run) string {
	return say("%s answered %d to a read %s, although all adds until then make only %d.",
		c.Node, c.Value, r.answeredWhen(c.Read), c.Asked)
}

func (c AboveAsked) shows(r *Run) Shown {
	return r.exchange(c.Read, say("wrong: only %d had been added", c.Asked))
}

// NotLinearizable says that by the verdict a read is the first that no order of
// the requests explains. Lo and Hi are the verdict's.
type NotLinearizable struct {
	Read          int
	Node          string
	Value, Lo, Hi int64
}

func (c NotLinearizable) text(r *Run) string {
	return say("%s answered %d to a read %s, which no order of the adds explains together with the reads before it.",
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

func (c Answered) text(r *Run) string {
	final := ""
	if r.op(c.Read).Final {
		final = "final "
	}
	return say("%s answered %d to a %sread %s.", c.Node, c.Value, final, r.answeredWhen(c.Read))
}

func (c Answered) shows(r *Run) Shown { return r.exchange(c.Read, "") }

// Unanswered says that a request got no answer while its client waited.
type Unanswered struct {
	Op      int
	Node    string
	F       string
	Delta   int64 // of an add; otherwise 0
	Request int
}

func (c Unanswered) text(r *Run) string {
	what := "a " + c.F
	if c.F == "add" {
		what = say("an add of %d", c.Delta)
	}
	op, m := r.op(c.Op), r.message(c.Request)
	waited := brief(op.Complete - op.Invoke)
	if at := m.arrival(); at >= 0 {
		return say("%s did not answer %s that reached it %s; the client waited for %s.", c.Node, what, r.when(at), waited)
	}
	return say("%s was not reached by %s that was sent %s; the client waited for %s.", c.Node, what, r.when(m.sent), waited)
}

func (c Unanswered) shows(r *Run) Shown {
	m := r.message(c.Request)
	return Shown{Messages: []int{c.Request}, Notes: []Note{{m.arrival(), c.Node, "never answered"}}}
}

// AnsweredLate says that a request was answered when its client had given up.
type AnsweredLate struct{ Op, Reply int }

func (c AnsweredLate) text(r *Run) string {
	m := r.message(c.Reply)
	return say("%s sent the answer to that %s, %s after the client had given up.",
		m.src, r.when(m.sent), brief(r.entry(m.sent).Time-r.op(c.Op).Complete))
}

func (c AnsweredLate) shows(*Run) Shown { return Shown{Messages: []int{c.Reply}} }

// WrongReplyTo says that a node sent a request's client an answer with an
// in_reply_to that is not the request's msg_id, and that is none of any request
// of that client.
type WrongReplyTo struct {
	Op, Reply int
	Got, Want string // JSON; Got is empty if there is none
}

func (c WrongReplyTo) text(r *Run) string {
	m := r.message(c.Reply)
	got := "in_reply_to " + c.Got
	if c.Got == "" {
		got = "no in_reply_to"
	}
	return say("%s sent the client an answer with %s %s, but the msg_id of the request is %s.", m.src, got, r.when(m.sent), c.Want)
}

func (c WrongReplyTo) shows(r *Run) Shown {
	return Shown{Messages: []int{c.Reply}, Notes: []Note{{r.message(c.Reply).sent, r.message(c.Reply).src, "in_reply_to should be " + c.Want}}}
}

// A Problem is what is wrong with the body of an answer.
type Problem string

const (
	WrongType  Problem = "type"         // Field is the type that it has
	NoField    Problem = "missing"      // Field is missing
	ExtraField Problem = "unexpected"   // Field does not belong there
	NotInteger Problem = "no integer"   // Field should be an integer
	TwoAnswers Problem = "second"       // there was an answer before; Field is empty
	NoSuchCode Problem = "unknown code" // Field is the code of an error, and is not an integer
)

// BadAnswer says that the answer to a request is not as it should be.
type BadAnswer struct {
	Op, Reply int
	Problem   Problem
	Field     string
}

func (c BadAnswer) text(r *Run) string {
	m := r.message(c.Reply)
	what := map[Problem]string{
		WrongType:  say("its type is %q, not %q", c.Field, r.op(c.Op).F+"_ok"),
		NoField:    say("it has no %s", c.Field),
		ExtraField: say("it has a field %q, which does not belong there", c.Field),
		NotInteger: say("its %s is not an integer", c.Field),
		TwoAnswers: "it had answered that before",
		NoSuchCode: say("its code is %s", c.Field),
	}[c.Problem]
	return say("%s answered %s with %s %s: %s.", m.src, article(r.op(c.Op).F), r.body(c.Reply), r.when(m.sent), what)
}

func (c BadAnswer) shows(r *Run) Shown { return Shown{Messages: []int{r.request(c.Op).id, c.Reply}} }

// Refused says that a request was answered with an error.
type Refused struct {
	Op, Reply int
	Node      string
	Code      int
	Definite  bool // the code says for certain that the request did not and will not happen
}

func (c Refused) text(r *Run) string {
	m := r.message(c.Reply)
	kind := "which leaves open whether it happened"
	if c.Definite {
		kind = "which says for certain that it did not happen"
	}
	return say("%s answered %s with error %d %s, %s.", c.Node, strings.Replace(r.what(c.Op), c.Node+"'s", "an", 1), c.Code, r.when(m.sent), kind)
}

func (c Refused) shows(r *Run) Shown { return Shown{Messages: []int{r.request(c.Op).id, c.Reply}} }

// NoneSucceeded says that no request of a kind succeeded, and how many there
// were.
type NoneSucceeded struct {
	F                 string
	Asked, Unanswered int
}

func (c NoneSucceeded) text(*Run) string {
	switch {
	case c.Asked == c.Unanswered:
		return say("None of %s was answered.", plural(c.Asked, c.F))
	case c.Unanswered == 0:
		return say("None of %s succeeded.", plural(c.Asked, c.F))
	}
	return say("None of %s succeeded, and %d were not answered.", plural(c.Asked, c.F), c.Unanswered)
}

// InHand says how many other requests of clients a node had in hand when a
// request came.
type InHand struct {
	Op   int
	Node string
	N    int
}

func (c InHand) text(*Run) string {
	return say("%s had %s in hand when it came.", c.Node, plural(c.N, "other request"))
}

// SentNothing says that a node sent nothing to anybody from the arrival of a
// request until its client gave up.
type SentNothing struct {
	Op   int
	Node string
}

func (c SentNothing) text(r *Run) string {
	return say("From then until the client gave up, %s sent nothing to anybody.", c.Node)
}

// SentClientsOnly says that a node sent only messages to clients in that time,
// and how many.
type SentClientsOnly struct {
	Op   int
	Node string
	N    int
}

func (c SentClientsOnly) text(*Run) string {
	return say("Until the client gave up, %s sent %s to clients, and nothing else.", c.Node, plural(c.N, "message"))
}

// Repeated says that after a request came, a node sent the same message N
// times, and that each answer that it got is the same error. It counts until
// the client gave up.
type Repeated struct {
	Op    int
	Node  string
	First int // the first such message
	Dest  string
	N     int
	Code  int // of the error; 0: the answers are no errors
	Reply int // the first answer
}

func (c Repeated) text(r *Run) string {
	how := say("each time %s answered without an error", c.Dest)
	if c.Code != 0 {
		how = say("each answer was error %d", c.Code)
		if s := r.errorText(c.Reply); s != "" {
			how += say(", %q", s)
		}
	}
	return say("Until the client gave up, %s sent %s the same %s %d times; %s.", c.Node, c.Dest, r.body(c.First), c.N, how)
}

func (c Repeated) shows(*Run) Shown { return Shown{Messages: []int{c.First, c.Reply}} }

// Unreplied says that nobody ever answered a message of a node.
type Unreplied struct {
	Call      int
	Src, Dest string
}

func (c Unreplied) text(r *Run) string {
	return say("%s never answered what %s had sent it %s.", c.Dest, c.Src, r.when(r.message(c.Call).sent))
}

func (c Unreplied) shows(*Run) Shown { return Shown{Messages: []int{c.Call}} }

// NothingSince says that a node has sent nothing since a message came.
type NothingSince struct {
	Node    string
	Message int
}

func (c NothingSince) text(r *Run) string {
	m := r.message(c.Message)
	return say("%s got %s from %s %s, and has sent nothing since.", c.Node, r.body(c.Message), m.src, r.when(m.arrival()))
}

func (c NothingSince) shows(r *Run) Shown {
	m := r.message(c.Message)
	return Shown{Messages: []int{c.Message}, Notes: []Note{{m.arrival(), c.Node, "sends nothing more"}}}
}

// NextSent says what a node sent next after a message came.
type NextSent struct {
	Node          string
	Message, Next int
}

func (c NextSent) text(r *Run) string {
	m, next := r.message(c.Message), r.message(c.Next)
	return say("%s got %s from %s %s; the next that it sent was %s to %s, %s later.",
		c.Node, r.body(c.Message), m.src, r.when(m.arrival()), r.body(c.Next), next.dest,
		brief(r.entry(next.sent).Time-r.entry(m.arrival()).Time))
}

func (c NextSent) shows(*Run) Shown { return Shown{Messages: []int{c.Message, c.Next}} }

// CallsSince says which messages a node sent to nodes and services between the
// arrival of a request and when its client gave up.
type CallsSince struct {
	Op    int
	Node  string
	Calls []int
}

func (c CallsSince) text(r *Run) string {
	return say("Until the client gave up, %s sent %s to nodes and services.", c.Node, plural(len(c.Calls), "message"))
}

// delta returns what an add adds.
func (r *Run) delta(op int) int64 {
	if n := r.op(op).Int(); n != 0 || r.requests[op] < 0 {
		return n
	}
	var n int64
	_ = json.Unmarshal(r.request(op).body["delta"], &n)
	return n
}

// body shows what a message holds.
func (r *Run) body(id int) string {
	return shorten(withoutIDs(r.entry(r.message(id).sent).Body), 90)
}

// errorText returns the text of an error.
func (r *Run) errorText(id int) (text string) {
	_ = json.Unmarshal(r.message(id).body["text"], &text)
	return shorten(text, 60)
}

// exchange shows an operation's request and its answer, with a remark where
// that arrives.
func (r *Run) exchange(op int, remark string) Shown {
	m := r.reply(op)
	shown := Shown{Messages: []int{r.request(op).id, m.id}}
	if remark != "" {
		shown.Notes = []Note{{max(m.sent, m.arrival()), m.dest, remark}}
	}
	return shown
}

func (r *Run) answeredWhen(op int) string { return r.when(r.reply(op).sent) }

func article(noun string) string {
	if strings.ContainsAny(noun[:1], "aeiou") {
		return "an " + noun
	}
	return "a " + noun
}

func ranges(all []Range) string {
	texts := make([]string, len(all))
	for i, x := range all {
		texts[i] = x.String()
	}
	return strings.Join(texts, " or ")
}

// reply returns the first answer to an operation that anybody sent.
func (r *Run) reply(op int) *message {
	if m := r.answerTo(r.request(op).id); m != nil {
		return m
	}
	panic(missing{"reply"})
}

// answerTo returns the first message that answers another, or nil: a service's
// by its answer, anybody else's by in_reply_to.
func (r *Run) answerTo(id int) *message {
	m := r.message(id)
	for at := m.sent; at < len(r.Journal); at++ {
		e := r.Journal[at]
		if e.What != maelstromtest.Sent || e.Dest != m.src {
			continue
		}
		switch y := r.message(e.ID); {
		case y.basis >= 0 && r.Journal[y.basis].ID == id:
			return y
		case y.basis < 0 && len(m.body["msg_id"]) > 0 && string(y.body["in_reply_to"]) == string(m.body["msg_id"]) && (y.src == m.dest || isClient(m.src)):
			return y
		}
	}
	return nil
}
