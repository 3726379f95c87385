package claim

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/verdict"
)

// noun names an operation, as in "an add of 4" and "the final read".
func (r *Run) noun(i int) string {
	switch op := r.op(i); {
	case op.F == "add":
		return say("an add of %d", op.Int())
	case op.Final:
		return "the final " + op.F
	case strings.ContainsAny(op.F[:1], "aeiou"):
		return "an " + op.F
	default:
		return "a " + op.F
	}
}

// Acknowledged says that an add was acknowledged.
type Acknowledged struct {
	Add   int
	Node  string // which acknowledged it
	Delta int64
	Reply int // the acknowledgement
}

func (c Acknowledged) holds(r *Run) bool {
	op, m := r.op(c.Add), r.reply(c.Add)
	return op.F == "add" && op.Outcome == verdict.OK && op.Int() == c.Delta && m.id == c.Reply &&
		m.src == c.Node
}

func (c Acknowledged) text(r *Run) string {
	return say("%s acknowledged an add of %d %s.", c.Node, c.Delta, r.when(r.message(c.Reply).sent))
}

func (c Acknowledged) shows(r *Run) Shown { return arrows(r.request(c.Add).id, c.Reply) }

// Unanswered says that a request got no answer while its client waited. If the
// journal has a gap there, the history has to say so.
type Unanswered struct {
	Op      int
	Node, F string
	Delta   int64 // of an add; otherwise 0
	Request int
}

func (c Unanswered) holds(r *Run) bool {
	op, m := r.op(c.Op), r.request(c.Op)
	return r.unanswered(c.Op) && op.Node == c.Node && op.F == c.F && op.Int() == c.Delta && m.id == c.Request &&
		(op.Unanswered || r.whole(m.sent, r.until(m.sent, op.Complete)))
}

func (c Unanswered) text(r *Run) string {
	op, m, what := r.op(c.Op), r.message(c.Request), r.noun(c.Op)
	waited := brief(op.Complete - op.Invoke)
	if at := m.arrival(); at >= 0 {
		return say("%s did not answer %s in time. The request arrived %s, and the client waited for %s.",
			c.Node, what, r.when(at), waited)
	}
	return say("%s did not answer %s that was sent %s. The client waited for %s.", c.Node, what, r.when(m.sent), waited)
}

func (c Unanswered) shows(r *Run) Shown {
	m := r.message(c.Request)
	return arrows(c.Request).note(m.arrival(), c.Node, "never answered")
}

// AnsweredLate says that a request was answered when its client had given up.
type AnsweredLate struct{ Op, Reply int }

func (c AnsweredLate) holds(r *Run) bool {
	m := r.reply(c.Op)
	return m.id == c.Reply && r.op(c.Op).Outcome == verdict.Info && r.entry(m.sent).Time > r.op(c.Op).Complete
}

func (c AnsweredLate) text(r *Run) string {
	m := r.message(c.Reply)
	return say("%s sent its answer %s, %s after the client had given up.",
		m.src, r.when(m.sent), brief(r.entry(m.sent).Time-r.op(c.Op).Complete))
}

func (c AnsweredLate) shows(*Run) Shown { return arrows(c.Reply) }

// WrongReplyTo says that a node sent a request's client an answer whose
// in_reply_to is not the msg_id of the request, nor that of any earlier request
// of the client.
type WrongReplyTo struct {
	Op, Reply int
	Got, Want string // JSON; Got is empty if there is none
}

func (c WrongReplyTo) holds(r *Run) bool {
	op, m, request := r.op(c.Op), r.message(c.Reply), r.request(c.Op)
	from, to := r.wait(c.Op)
	for earlier := range r.sent(op.Client, 0, m.sent) {
		if bytes.Equal(earlier.body["msg_id"], m.body["in_reply_to"]) {
			return false
		}
	}
	return r.unanswered(c.Op) && m.src == op.Node && m.dest == op.Client && from < m.sent && m.sent < to &&
		r.whole(0, m.sent) && string(m.body["in_reply_to"]) == c.Got && string(request.body["msg_id"]) == c.Want
}

func (c WrongReplyTo) text(r *Run) string {
	m := r.message(c.Reply)
	got := "in_reply_to " + c.Got
	if c.Got == "" {
		got = "no in_reply_to"
	}
	return say("%s sent the client an answer with %s %s, but the msg_id of the request is %s.",
		m.src, got, r.when(m.sent), c.Want)
}

func (c WrongReplyTo) shows(r *Run) Shown {
	return arrows(c.Reply).note(r.message(c.Reply).sent, r.message(c.Reply).src, "in_reply_to should be "+c.Want)
}

// A Problem is what is wrong with the body of an answer.
type Problem string

const (
	WrongType  Problem = "type"         // Field is the type that it has
	NoField    Problem = "missing"      // Field is missing
	ExtraField Problem = "unexpected"   // Field does not belong there
	NotInteger Problem = "no integer"   // Field should be an integer
	TooLarge   Problem = "too large"    // Field is an integer of more than 64 bits
	TwoAnswers Problem = "second"       // there was an answer before; Field is empty
	NoSuchCode Problem = "unknown code" // Field is the code of an error, and is not an integer
)

// BadAnswer says that the answer to a request is not as it should be.
type BadAnswer struct {
	Op, Reply int
	Problem   Problem
	Field     string
}

func (c BadAnswer) holds(r *Run) bool {
	op, first, m := r.op(c.Op), r.reply(c.Op), r.message(c.Reply)
	if op.F != "add" && op.F != "read" || c.Problem != TwoAnswers && first != m {
		return false
	}
	raw, has := m.body[c.Field]
	known := slices.Contains([]string{"type", "msg_id", "in_reply_to"}, c.Field) || op.F == "read" && c.Field == "value"
	switch c.Problem {
	case WrongType:
		return c.Field == m.kind && m.kind != "error" && m.kind != op.F+"_ok"
	case NoField:
		return !has && (c.Field == "type" || m.kind == "read_ok" && c.Field == "value")
	case ExtraField:
		return has && !known && m.kind == op.F+"_ok"
	case NotInteger:
		return has && known && c.Field != "type" && m.kind == op.F+"_ok" && !isInteger(raw)
	case TooLarge:
		_, err := strconv.ParseInt(string(raw), 10, 64)
		return c.Field == "value" && m.kind == "read_ok" && op.F == "read" && isInteger(raw) && err != nil
	case TwoAnswers:
		return c.Field == "" && m.sent > first.sent && m.src == first.src && r.answers(m, r.request(c.Op))
	case NoSuchCode:
		return m.kind == "error" && string(m.body["code"]) == c.Field && !isInteger(m.body["code"])
	}
	return false
}

func (c BadAnswer) text(r *Run) string {
	m := r.message(c.Reply)
	what := map[Problem]string{
		WrongType:  say("its type is not %q", r.op(c.Op).F+"_ok"),
		NoField:    say("it has no %s", c.Field),
		ExtraField: say("it has a field %q, which does not belong there", c.Field),
		NotInteger: say("its %s is not an integer", c.Field),
		TooLarge:   say("its %s does not fit in 64 bits", c.Field),
		TwoAnswers: m.src + " had answered that request before",
		NoSuchCode: "its code is not an integer",
	}[c.Problem]
	if c.Problem == NoSuchCode && c.Field == "" {
		what = "it has no code"
	}
	return say("%s answered %s with %s %s: %s.", m.src, r.noun(c.Op), r.body(c.Reply), r.when(m.sent), what)
}

func (c BadAnswer) shows(r *Run) Shown { return arrows(r.request(c.Op).id, c.Reply) }

// definite is the codes that say for certain that a request did not happen.
var definite = []int{1, 10, 11, 12, 14, 20, 21, 22, 30}

// Refused says that a request was answered with an error.
type Refused struct {
	Op, Reply int
	Node      string
	Code      int
	Definite  bool // the code says for certain that the request did not and will not happen
}

func (c Refused) holds(r *Run) bool {
	m := r.reply(c.Op)
	return m.id == c.Reply && m.kind == "error" && m.src == c.Node && string(m.body["code"]) == strconv.Itoa(c.Code) &&
		c.Definite == slices.Contains(definite, c.Code) && !r.unanswered(c.Op) && r.op(c.Op).Outcome != verdict.OK
}

func (c Refused) text(r *Run) string {
	m := r.message(c.Reply)
	kind := "leaves open whether the request took effect"
	if c.Definite {
		kind = "says for certain that the request did not take effect"
	}
	return say("%s answered %s with error %d %s. That code %s.",
		c.Node, r.noun(c.Op), c.Code, r.when(m.sent), kind)
}

func (c Refused) shows(r *Run) Shown { return arrows(r.request(c.Op).id, c.Reply) }

// NoneSucceeded says that no request of a kind succeeded, and how many there
// were.
type NoneSucceeded struct {
	F                 string
	Asked, Unanswered int
}

func (c NoneSucceeded) holds(r *Run) bool {
	var asked, unanswered int
	for i, op := range r.History {
		switch {
		case op.F != c.F:
			continue
		case op.Outcome == verdict.OK:
			return false
		case r.unanswered(i):
			unanswered++
		}
		asked++
	}
	return c.Asked == asked && c.Unanswered == unanswered && asked > 0
}

func (c NoneSucceeded) text(*Run) string {
	none := "None of the " + verdict.Number(c.Asked, c.F)
	switch {
	case c.Asked == 1 && c.Unanswered == 0:
		return "The only " + c.F + " did not succeed."
	case c.Asked == 1:
		return "The only " + c.F + " was not answered."
	case c.Unanswered == 0:
		return none + " succeeded."
	case c.Unanswered == c.Asked:
		return none + " was answered."
	}
	return say("%s succeeded, and %d were not answered.", none, c.Unanswered)
}

// InHand says how many other requests of clients a node had not answered when a
// request arrived.
type InHand struct {
	Op   int
	Node string
	N    int
}

func (c InHand) holds(r *Run) bool {
	n, at := 0, r.request(c.Op).arrival()
	for i, op := range r.History {
		if i != c.Op && op.Node == c.Node && r.inHand(i, at) {
			n++
		}
	}
	return r.op(c.Op).Node == c.Node && n == c.N && n > 0 && r.whole(0, at)
}

func (c InHand) text(*Run) string {
	return say("When it arrived, %s had %s.", c.Node, verdict.Number(c.N, "other unanswered request"))
}

// SentSince says what a node sent from the arrival of a request until its
// client gave up: how many messages to clients, and which to nodes and
// services.
type SentSince struct {
	Op      int
	Node    string
	Clients int
	Calls   []int
}

func (c SentSince) holds(r *Run) bool {
	from, to := r.wait(c.Op)
	calls, clients := r.calls(c.Node, from, to)
	return r.op(c.Op).Node == c.Node && r.whole(from, to) && slices.Equal(c.Calls, calls) && c.Clients == clients &&
		!r.silenced(c.Node, to)
}

func (c SentSince) text(*Run) string {
	switch {
	case c.Clients == 0 && len(c.Calls) == 0:
		return say("From then until the client gave up, %s sent nothing to anybody.", c.Node)
	case len(c.Calls) == 0:
		return say("From then until the client gave up, %s sent %s to clients, and nothing else.",
			c.Node, verdict.Number(c.Clients, "message"))
	}
	return say("From then until the client gave up, %s sent %s to nodes and services.",
		c.Node, verdict.Number(len(c.Calls), "message"))
}

// Repeated says how many messages like First a node sent from the arrival of a
// request until its client gave up, and how many of them were answered like
// Reply.
type Repeated struct {
	Op    int
	Node  string
	First int // the first of them
	Dest  string
	Same  bool // all have the same body, and not just the same type
	N     int

	Reply    int // the first such answer; -1 if there is none
	Code     int // of the error that it is, or 0
	Answered int // how many answers have that code

	// AtLeast says that the journal has a gap in that time, so there may have
	// been more of them.
	AtLeast bool
}

func (c Repeated) holds(r *Run) bool {
	from, to := r.wait(c.Op)
	first := r.message(c.First)
	like := Repeated{Op: c.Op, Node: first.src, First: -1, Dest: first.dest, Same: c.Same, Reply: -1, Code: c.Code,
		AtLeast: !r.whole(from, to)}
	differ := false
	for m := range r.sent(c.Node, from, to) {
		if m.dest != first.dest || m.kind != first.kind || c.Same && r.bodyOf(m) != r.bodyOf(first) {
			continue
		}
		differ = differ || r.bodyOf(m) != r.bodyOf(first)
		if like.N++; like.N == 1 {
			like.First = m.id
		}
		if y := r.answerTo(m); y != nil && code(y) == c.Code {
			if like.Answered++; like.Answered == 1 {
				like.Reply = y.id
			}
		}
	}
	return r.op(c.Op).Node == c.Node && !isClient(c.Dest) && c.N > 1 && (c.Same || differ) &&
		(c.Reply >= 0 || c.Code == 0 && !c.AtLeast) && c == like
}

func (c Repeated) text(r *Run) string {
	what, times, how := "the same "+r.body(c.First), say("%d times", c.N), "none was answered"
	if !c.Same {
		what = "a " + r.message(c.First).kind
	}
	if c.Answered > 0 {
		how = say("%d were answered with error %d, the first with %s", c.Answered, c.Code, r.body(c.Reply))
		if c.Code == 0 {
			how = say("%d were answered without an error", c.Answered)
		}
		if c.Answered == c.N {
			how = "each was" + how[strings.Index(how, " were")+5:]
		}
	}
	if c.AtLeast {
		times, how = "at least "+times, "of those that are recorded, "+how
	}
	return say("Until the client gave up, %s sent %s %s %s. %s.",
		c.Node, c.Dest, what, times, strings.ToUpper(how[:1])+how[1:])
}

func (c Repeated) shows(*Run) Shown {
	if c.Reply < 0 {
		return arrows(c.First)
	}
	return arrows(c.First, c.Reply)
}

// Unreplied says that nobody ever answered a message of a node.
type Unreplied struct {
	Call      int
	Src, Dest string
}

func (c Unreplied) holds(r *Run) bool {
	m := r.message(c.Call)
	return m.src == c.Src && m.dest == c.Dest && isNode(m.src) && !isClient(m.dest) && len(m.body["msg_id"]) > 0 &&
		r.answerTo(m) == nil && r.whole(m.sent, len(r.Journal))
}

func (c Unreplied) text(r *Run) string {
	return say("%s never answered the request that %s sent it %s.", c.Dest, c.Src, r.when(r.message(c.Call).sent))
}

func (c Unreplied) shows(*Run) Shown { return arrows(c.Call) }

// NextSent says what a node sent next after a message had arrived, if anything.
type NextSent struct {
	Node          string
	Message, Next int // Next is -1 if it has sent nothing since
}

func (c NextSent) holds(r *Run) bool {
	m, to := r.message(c.Message), len(r.Journal)
	if c.Next != -1 {
		to = r.message(c.Next).sent
	}
	ended := r.silenced(c.Node, to) || r.happened(m.arrival(), to, c.Node, journal.Killed)
	return m.dest == c.Node && isNode(c.Node) && r.whole(m.arrival(), to) &&
		len(slices.Collect(r.sent(c.Node, m.arrival(), to))) == 0 &&
		!ended && (c.Next == -1 || r.message(c.Next).src == c.Node && m.arrival() < to)
}

func (c NextSent) text(r *Run) string {
	m := r.message(c.Message)
	came := say("%s received %s from %s %s", c.Node, r.body(c.Message), m.src, r.when(m.arrival()))
	if c.Next < 0 {
		return came + ". It sent nothing after that."
	}
	next := r.message(c.Next)
	later := "at once"
	if d := r.entry(next.sent).Time - r.entry(m.arrival()).Time; d > 0 {
		later = brief(d) + " later"
	}
	return say("%s. Its next message was %s to %s, %s.", came, r.body(c.Next), next.dest, later)
}

func (c NextSent) shows(r *Run) Shown {
	if c.Next < 0 {
		return arrows(c.Message).note(r.message(c.Message).arrival(), c.Node, "sends nothing more")
	}
	return arrows(c.Message, c.Next)
}

// body shows what a message holds.
func (r *Run) body(id int) string {
	const most = 90
	body := r.entry(r.message(id).sent).Body
	if text := fields(body, outline); utf8.RuneCountInString(text) <= most {
		return text
	}
	return shorten(fields(body, digest), most)
}
