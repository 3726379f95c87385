package story

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/verdict"
)

// noneSucceeded tells of the first request of a kind of which none succeeded.
func (t *teller) noneSucceeded() {
	for _, f := range t.kinds() {
		asked, unanswered := 0, 0
		var first *op
		for _, o := range t.ops {
			if o.F != f {
				continue
			}
			if o.Outcome == verdict.OK {
				asked = 0
				break
			}
			if asked++; o.silent() {
				unanswered++
			}
			if first == nil || first.silent() && !o.silent() && unanswered == 0 {
				first = o
			}
		}
		if asked > 0 && t.say(claim.NoneSucceeded{F: f, Asked: asked, Unanswered: unanswered}) {
			t.failed(first)
			return
		}
	}
}

func (t *teller) kinds() (kinds []string) {
	for _, o := range t.ops {
		if !slices.Contains(kinds, o.F) {
			kinds = append(kinds, o.F)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// silent reports whether a request got no answer while its client waited.
func (o *op) silent() bool {
	return o.Outcome == verdict.Info && !o.Error && !o.Malformed && (o.reply == nil || !o.reply.cameBy(o.Complete))
}

// cameBy reports whether a message had arrived at a time.
func (m *Message) cameBy(at time.Duration) bool {
	return slices.ContainsFunc(m.Copies, func(c *Ending) bool { return c.What == journal.Received && c.At <= at })
}

// unavailable tells of the first request that got no answer, or else of the
// first that was refused.
func (t *teller) unavailable() {
	for _, bad := range []func(*op) bool{
		func(o *op) bool { return o.silent() && t.up(o) },
		func(o *op) bool { return o.Outcome != verdict.OK && !o.silent() },
		(*op).silent,
	} {
		if i := slices.IndexFunc(t.ops, bad); i >= 0 {
			t.failed(t.ops[i])
			return
		}
	}
}

// up reports whether no fault stopped a request's node while its client waited.
func (t *teller) up(o *op) bool {
	down := false
	for _, e := range t.journal {
		if e.Node != o.Node || e.Time > o.Complete {
			continue
		}
		switch e.What {
		case journal.Killed, journal.Paused, journal.Crashed:
			down = true
			if e.Time >= o.Invoke {
				return false
			}
		case journal.Started, journal.Resumed:
			down = down && e.Time > o.Invoke
			if down {
				return false
			}
		}
	}
	return !down
}

// failed tells why a request did not succeed.
func (t *teller) failed(o *op) {
	switch {
	case o.request == nil || t.muteBefore(o):
	case o.silent():
		t.unanswered(o)
	case o.Error:
		t.refused(o)
	default:
		t.badBody(o)
	}
}

// unanswered tells what a node did in place of answering a request.
func (t *teller) unanswered(o *op) {
	gap := o.arrived != none && t.gapIn(o.arrived, t.posAt(o.Complete))
	if gap && !o.Unanswered { // it may have been answered there
		t.leftOut(o.Node)
		return
	}
	if !t.because(Unanswered, claim.Unanswered{
		Op: o.index, Node: o.Node, F: o.F, Delta: map[bool]int64{true: o.Int()}[o.F == "add"], Request: o.request.ID,
	}) {
		return
	}
	if t.stopped(o) {
		return
	}
	if o.arrived == none {
		t.say(t.sent(o.request))
		return
	}
	t.kind = ""
	if t.answeredWrongly(o) {
		return
	}
	if n := t.open(o); n > 0 {
		t.try("", claim.InHand{Op: o.index, Node: o.Node, N: n})
	}
	end := t.posAt(o.Complete)
	since := claim.SentSince{Op: o.index, Node: o.Node}
	var calls []*Message
	for _, m := range t.sentBy[o.Node] {
		switch {
		case m.pos < o.arrived || m.pos >= end:
		case isClient(m.Dest):
			since.Clients++
		default:
			calls, since.Calls = append(calls, m), append(since.Calls, m.ID)
		}
	}
	switch {
	case t.storm(o, calls) || t.leftOut(o.Node):
	case len(calls) == 0 && !gap:
		if t.because(Unanswered, since); since.Clients == 0 {
			t.lastSent(o)
		}
	case len(calls) > 0:
		if len(calls) > 1 {
			t.try("", since)
		}
		t.lastCall(o, t.call(o, calls))
	}
	if o.reply != nil {
		t.say(claim.AnsweredLate{Op: o.index, Reply: o.reply.ID})
	}
	t.leftOut(o.Node)
	t.printed(o)
	t.kindIfNone(Unanswered)
}

// stopped tells that a fault killed a request's node before the request came,
// or while its client waited.
func (t *teller) stopped(o *op) bool {
	for pos, e := range t.journal {
		if e.Node != o.Node || e.What != journal.Killed || e.Time > o.Complete {
			continue
		}
		back := slices.IndexFunc(t.journal[pos:], func(later journal.Entry) bool {
			return later.What == journal.Started && later.Node == o.Node
		})
		if back < 0 || t.journal[pos+back].Time >= o.Invoke {
			t.kind = ""
			return t.because(NodeKilled, claim.Killed{Node: o.Node, At: pos})
		}
	}
	return false
}

// muteBefore tells that a request's node was mute when the request came, or
// became so while its client waited.
func (t *teller) muteBefore(o *op) bool {
	for pos, e := range t.journal {
		if e.What == journal.Muted && e.Node == o.Node && (e.Time <= o.Complete || pos < o.request.pos) &&
			t.born(o.Node, pos) == t.born(o.Node, o.request.pos) {
			return t.tellMute(pos)
		}
	}
	return false
}

// tellMute tells that a node was mute from an entry on.
func (t *teller) tellMute(pos int) bool {
	mute := t.because(MuteNode, t.mute(pos))
	t.failedSometime(t.journal[pos].Node)
	return mute
}

// failedSometime quotes the standard error of a node if that names an error,
// and nobody knows when.
func (t *teller) failedSometime(node string) {
	if lines := strings.Split(t.result.Stderr[node], "\n"); journal.Fault(lines) != "" {
		t.quote(node, lines, nil)
	}
}

// mute claims that a node was mute from an entry on.
func (t *teller) mute(pos int) claim.Claim {
	e := t.journal[pos]
	c := claim.Mute{Node: e.Node, Line: e.Text, Why: e.Why, At: pos}
	for i, later := range t.journal[pos:] {
		if later.What == journal.Unheard && later.Node == e.Node && t.born(e.Node, pos+i) == t.born(e.Node, pos) {
			c.Unheard++
		}
	}
	return c
}

// answeredWrongly tells that a node answered a request too late, or with a
// wrong in_reply_to.
func (t *teller) answeredWrongly(o *op) bool {
	if o.reply != nil {
		return false
	}
	for _, m := range t.sentBy[o.Node] {
		if m.Dest == o.Client && m.pos > o.arrived && m.Time <= o.Complete && m.of == nil {
			return t.because(WrongReplyTo, claim.WrongReplyTo{
				Op: o.index, Reply: m.ID, Got: string(m.body["in_reply_to"]), Want: string(o.request.body["msg_id"]),
			})
		}
	}
	return false
}

// open counts the other requests that a node had in hand when one came.
func (t *teller) open(o *op) (n int) {
	for _, other := range t.ops {
		if other != o && other.Node == o.Node && other.arrived != none && other.arrived < o.arrived &&
			(other.answered == none || other.answered > o.arrived) {
			n++
		}
	}
	return n
}

// lastSent shows the last message that a node had sent before a request came.
func (t *teller) lastSent(o *op) {
	born := t.born(o.Node, o.arrived)
	if m := latest(t.sentBy[o.Node], func(m *Message) bool {
		return m.pos < o.arrived && !isClient(m.Dest) && t.born(o.Node, m.pos) == born
	}); m != nil {
		t.lastCall(o, m)
	}
}

// aFew is how many refusals of like calls are told as one.
const aFew = 4

// storm tells that a node made the same call again and again, or many changes
// that were refused.
func (t *teller) storm(o *op, calls []*Message) bool {
	for _, same := range []bool{true, false} {
		groups := map[string][]*Message{}
		for _, m := range calls {
			alike := m.Dest + " " + m.kind
			if same {
				alike = m.Dest + " " + m.withoutIDs()
			}
			groups[alike] = append(groups[alike], m)
		}
		var most []*Message
		for _, alike := range slices.Sorted(maps.Keys(groups)) {
			group := groups[alike]
			if weight(group) > weight(most) {
				most = group
			}
		}
		if r := refusals(most); r >= aFew && r > 2*t.requests(o, same && most[0].changes()) && 2*r >= len(most) &&
			t.repeated(o, calls, most[0], same, len(most)) {
			return true
		}
	}
	return false
}

// requests counts the requests that a node had in hand while one was, or only
// those that may make the same change.
func (t *teller) requests(o *op, same bool) (n int) {
	for _, other := range t.ops {
		if other.Node == o.Node && other.arrived != none && other.Invoke < o.Complete &&
			(other.arrived >= o.arrived || other.answered == none || other.answered > o.arrived) &&
			!(same && o.F == "add" && (other.F != "add" || other.Int() != o.Int())) {
			n++
		}
	}
	return n
}

// weight weighs like messages by how often they were refused: a bit more if
// they ask for a change.
func weight(list []*Message) int {
	n := 10 * refusals(list)
	if n > 0 && list[0].changes() {
		n += n / 5
	}
	return n
}

// refusals counts the messages that were answered with an error before the next
// was sent.
func refusals(list []*Message) (n int) {
	for i, m := range list {
		last := i == len(list)-1
		if len(m.answers) > 0 && m.answers[0].kind == "error" && (last || m.answers[0].before(list[i+1].pos)) {
			n++
		}
	}
	return n
}

// repeated tells how often a node made a call, and what became of that.
func (t *teller) repeated(o *op, calls []*Message, m *Message, same bool, times int) bool {
	c := claim.Repeated{Op: o.index, Node: o.Node, First: m.ID, Dest: m.Dest, Same: same, N: times, Reply: -1}
	refusals := map[int]int{}
	replies := map[int]*Message{}
	for _, again := range calls {
		if again.Dest != m.Dest || again.kind != m.kind || same && again.withoutIDs() != m.withoutIDs() {
			continue
		}
		for _, a := range again.answers[:min(1, len(again.answers))] {
			code, _ := strconv.Atoi(string(a.body["code"]))
			if refusals[code]++; replies[code] == nil {
				replies[code] = a
			}
		}
	}
	for code, n := range refusals {
		if n > c.Answered {
			c.Code, c.Answered, c.Reply = code, n, replies[code].ID
		}
	}
	c.AtLeast = t.gapIn(o.arrived, t.posAt(o.Complete))
	if c.Code == 0 || !t.try(Repeated, c) {
		return false
	}
	if c.Code == 20 {
		t.neverSet(m.slot())
	}
	return true
}

// gapIn reports whether the journal has a gap between two positions.
func (t *teller) gapIn(from, to int) bool {
	next, _ := slices.BinarySearch(t.gaps, from)
	return next < len(t.gaps) && t.gaps[next] < to
}

// leftOut tells which of the messages from and to a node the journal had no
// room for, most of all, if it has noted that.
func (t *teller) leftOut(node string) (told bool) {
	if len(t.gaps) == 0 || t.journal[t.gaps[0]].Omitted == nil {
		return false
	}
	pos := t.gaps[0]
	left := t.journal[pos].Omitted
	if left.Missing {
		t.say(claim.LeftOut{At: pos, Lines: left.Lines})
	}
	from := slices.IndexFunc(left.Most, func(m journal.Frequent) bool { return m.Src == node && !isClient(m.Dest) })
	to := slices.IndexFunc(left.Most, func(m journal.Frequent) bool { return m.Dest == node && !isClient(m.Src) })
	for _, i := range []int{from, to} {
		if i >= 0 && t.say(claim.LeftOut{At: pos, Lines: left.Lines}) {
			m := left.Most[i]
			told = t.because(Repeated, claim.SentMost{At: pos, Most: i, Src: m.Src, Dest: m.Dest, Times: m.Times})
		}
	}
	return told
}

// neverSet tells that nothing ever set a key.
func (t *teller) neverSet(s slot) {
	if len(t.slots[s]) > 0 {
		return
	}
	c := claim.NeverSet{Service: s.service, Key: s.key}
	for _, m := range t.messages {
		if m.used != nil && m.of.slot() == s && string(m.body["code"]) == "20" {
			c.Refused++
		}
	}
	if c.Refused > 0 {
		t.say(c)
	}
}

// posAt returns the position of the first entry from a time on. Entries from
// before the first request have times of another clock.
func (t *teller) posAt(at time.Duration) int {
	ready := max(0, slices.IndexFunc(t.journal, func(e journal.Entry) bool {
		m := t.byID[e.ID]
		return e.What == journal.Sent && m != nil && m.op != nil
	}))
	pos, _ := slices.BinarySearchFunc(t.journal[ready:], at, func(e journal.Entry, at time.Duration) int {
		return cmp.Compare(e.Time, at)
	})
	return ready + pos
}

// withoutIDs returns a message's body without its numbers, as JSON.
func (m *Message) withoutIDs() string {
	fields := map[string]json.RawMessage{}
	for name, value := range m.body {
		if name != "msg_id" && name != "in_reply_to" {
			fields[name] = value
		}
	}
	form, _ := json.Marshal(fields)
	return string(form)
}

// call chooses, of the calls that a node made after a request came, the one
// that says most of why it was not answered: one that went wrong before another
// request came, or else the last before that.
func (t *teller) call(o *op, calls []*Message) *Message {
	next := len(t.journal)
	for _, other := range t.ops {
		if other.Node == o.Node && other.arrived > o.arrived {
			next = min(next, other.arrived)
		}
	}
	before := slices.DeleteFunc(slices.Clone(calls), func(m *Message) bool { return m.pos > next })
	went := func(m *Message) bool {
		return gone(m.fate()) || len(m.answers) == 0 || gone(m.answers[0].fate())
	}
	for _, pool := range [][]*Message{before, calls} {
		if i := slices.IndexFunc(pool, went); i >= 0 {
			return pool[i]
		}
	}
	if len(before) > 0 {
		return before[len(before)-1]
	}
	return calls[len(calls)-1]
}

// lastCall tells what became of a call that a node made.
func (t *teller) lastCall(o *op, m *Message) {
	switch {
	case gone(m.fate()):
		t.because(CallLost, t.sent(m))
		return
	case len(m.answers) == 0:
		t.say(t.sent(m))
		if len(m.body["msg_id"]) > 0 {
			t.because(CallLost, claim.Unreplied{Call: m.ID, Src: m.Src, Dest: m.Dest})
		}
		return
	}
	t.say(t.sent(m))
	a := m.answers[0]
	if a.arrived == none {
		if t.say(t.sent(a)); t.facts.Sent(a.ID).Fate != claim.Unknown {
			t.kindIfNone(CallLost)
		}
		return
	}
	c := claim.NextSent{Node: o.Node, Message: a.ID, Next: -1}
	if i := slices.IndexFunc(t.sentBy[o.Node], func(m *Message) bool { return m.pos > a.arrived }); i >= 0 {
		c.Next = t.sentBy[o.Node][i].ID
	}
	if c.Next >= 0 {
		t.say(c)
		return
	}
	t.because(NotActedOn, c)
}

// printed tells what a node wrote to its standard error, or did not end on its
// standard output, while a request's client waited.
func (t *teller) printed(o *op) {
	var lines []string
	var at []int
	for pos, e := range t.journal {
		if e.Node != o.Node || pos < o.arrived || e.Time > o.Complete {
			continue
		}
		switch e.What {
		case journal.ToStderr:
			lines, at = append(lines, e.Text), append(at, pos)
		case journal.Pending:
			t.say(claim.PendingBytes{Node: e.Node, Line: e.Text, At: pos})
		}
	}
	for _, i := range telling(lines) {
		t.say(claim.Stderr{Node: o.Node, Line: lines[i], At: at[i]}, claim.Within{Op: o.index, Node: o.Node, At: at[i]})
	}
	t.failedSometime(o.Node)
}

// refused tells of a request that was answered with an error, and of the last
// that its node had been told for it.
func (t *teller) refused(o *op) {
	if o.reply == nil {
		return
	}
	if !t.because(Refusal, t.refusal(o)) {
		return
	}
	m := latest(t.gotBy[o.Node], func(m *Message) bool {
		return m.arrived > o.arrived && m.arrived < o.answered && m.of != nil && m.of.pos > o.arrived && !isClient(m.Src)
	})
	if m == nil {
		t.calledInVain(o)
	} else if t.say(t.sent(m.of), t.sent(m)) && isService(m.Src) && string(m.body["code"]) == "20" {
		t.neverSet(m.of.slot())
	}
	t.printed(o)
}

// calledInVain tells of the first call that a node made for a request that it
// refused, and whose answer had not come.
func (t *teller) calledInVain(o *op) {
	for _, m := range t.sentBy[o.Node] {
		if m.pos > o.arrived && m.pos < o.answered && !isClient(m.Dest) && !m.answeredBefore(o.answered) {
			t.say(claim.AskedInVain{Question: m.ID, Call: o.reply.ID, Node: m.Src, Dest: m.Dest}, t.sent(m))
			for _, a := range m.answers {
				t.say(t.sent(a))
			}
			return
		}
	}
}

func (t *teller) refusal(o *op) claim.Claim {
	definite := slices.Contains([]int{1, 10, 11, 12, 14, 20, 21, 22, 30}, o.Code)
	return claim.Refused{Op: o.index, Reply: o.reply.ID, Node: o.Node, Code: o.Code, Definite: definite}
}

// badAnswer tells of the first answer that is not as it should be.
func (t *teller) badAnswer() {
	for _, o := range t.ops {
		if o.Outcome == verdict.Info && !o.Error && !o.silent() {
			if t.badBody(o); len(t.claims) > 0 {
				return
			}
		}
	}
	for _, o := range t.ops {
		if o.request == nil || o.arrived == none {
			continue
		}
		if len(o.request.answers) > 1 {
			t.because(BadAnswer, claim.BadAnswer{Op: o.index, Reply: o.request.answers[1].ID, Problem: claim.TwoAnswers})
		} else if o.reply == nil {
			if t.answeredWrongly(o) {
				t.claims = slices.Insert(t.claims, 0, claim.Claim(claim.Unanswered{
					Op: o.index, Node: o.Node, F: o.F, Delta: map[bool]int64{true: o.Int()}[o.F == "add"], Request: o.request.ID,
				}))
			}
		}
		if len(t.claims) > 0 {
			return
		}
	}
	for _, m := range t.messages { // to init, which is not an operation
		if isClient(m.Src) && m.op == nil && len(m.answers) > 1 {
			t.say(t.sent(m.answers[0]), t.sent(m.answers[1]))
			return
		}
	}
}

// badBody tells what is wrong with the answer to a request.
func (t *teller) badBody(o *op) {
	if o.reply == nil {
		return
	}
	c := claim.BadAnswer{Op: o.index, Reply: o.reply.ID}
	body := o.reply.body
	fields := []string{}
	if o.F == "read" {
		fields = []string{"value"}
	}
	_, tooLarge := strconv.ParseInt(string(body["value"]), 10, 64)
	switch kind := text(body["type"]); {
	case kind == "error":
		c.Problem, c.Field = claim.NoSuchCode, string(body["code"])
	case kind != o.F+"_ok":
		c.Problem, c.Field = claim.WrongType, kind
	case len(fields) > 0 && len(body["value"]) == 0:
		c.Problem, c.Field = claim.NoField, "value"
	case len(fields) > 0 && !isInteger(body["value"]):
		c.Problem, c.Field = claim.NotInteger, "value"
	case len(fields) > 0 && tooLarge != nil:
		c.Problem, c.Field = claim.TooLarge, "value"
	default:
		for _, name := range slices.Backward(slices.Sorted(maps.Keys(body))) {
			value := body[name]
			known := name == "type" || slices.Contains(fields, name)
			if number := name == "msg_id" || name == "in_reply_to"; number && !isInteger(value) {
				c.Problem, c.Field = claim.NotInteger, name
			} else if !known && !number {
				c.Problem, c.Field = claim.ExtraField, name
			}
		}
	}
	t.because(BadAnswer, c)
}

// isInteger reports whether JSON is a number without fraction or exponent.
func isInteger(value json.RawMessage) bool {
	_, err := strconv.ParseInt(string(value), 10, 64)
	return err == nil || len(value) > 18 && strings.Trim(string(value), "-0123456789") == ""
}

// refusedAdd tells of an add that was refused for certain, and is in the total.
func (t *teller) refusedAdd() {
	facts, _ := t.result.Facts.(verdict.CounterFacts)
	for _, o := range t.ops {
		if !o.Final || o.F != "read" || o.Outcome != verdict.OK || !facts.Accepts(o.Int()) {
			continue
		}
		right := t.withoutRefused()
		c := claim.CountsRefused{Read: o.index, Node: o.Node, Value: o.Int(), Right: right}
		if outside(right, o.Int()) == 0 || !t.say(c) {
			continue
		}
		for _, add := range t.ops {
			if add.F == "add" && add.Outcome == verdict.Fail && add.Int() > 0 && add.reply != nil && t.countedAll(add) {
				return
			}
		}
		return
	}
}

// countedAll tells that a node changed a figure by a refused add.
func (t *teller) countedAll(add *op) bool {
	for _, c := range t.effects {
		if c.by.Src != add.Node || c.idle || c.by.pos < add.arrived || c.by.pos > add.answered {
			continue
		}
		for _, n := range numbersIn(nil, "", c.value) {
			if n.value-c.before.number(n.path) != add.Int() {
				continue
			}
			if which := t.onlyAdd(add, c.by); t.facts.Holds(which) {
				return t.because(RefusedAdd, t.changed(c), which, t.refusal(add))
			}
		}
	}
	return false
}

// crashed tells of the first node that ended by itself.
func (t *teller) crashed() {
	if len(t.result.Crashes) == 0 {
		return
	}
	crash := slices.MinFunc(t.result.Crashes, func(a, b verdict.Crash) int { return cmp.Compare(a.At, b.At) })
	c := claim.Crash{Node: crash.Node, At: crash.At, Why: crash.Why, Unseen: crash.Unseen}
	if !t.because(CrashedNode, c) {
		return
	}
	end := slices.IndexFunc(t.journal, func(e journal.Entry) bool {
		return e.What == journal.Crashed && e.Node == crash.Node
	})
	t.lastLines(crash, end)
	if end < 0 {
		return
	}
	sent := latest(t.sentBy[crash.Node], func(m *Message) bool { return m.pos < end })
	got := slices.DeleteFunc(slices.Clone(t.gotBy[crash.Node]), func(m *Message) bool { return m.arrived > end })
	i := slices.IndexFunc(got, func(m *Message) bool { return sent == nil || m.arrived > sent.pos })
	switch {
	case i >= 0 && t.try("", claim.NextSent{Node: crash.Node, Message: got[i].ID, Next: -1}):
	case len(got) > 0:
		t.say(t.sent(got[len(got)-1]))
	}
}

// lastLines tells what a node that crashed wrote to its standard error.
func (t *teller) lastLines(crash verdict.Crash, end int) {
	var lines []string
	var at []int
	for pos, e := range t.journal {
		if e.What == journal.ToStderr && e.Node == crash.Node && t.born(e.Node, pos) == t.born(e.Node, end) {
			lines, at = append(lines, e.Text), append(at, pos)
		}
	}
	if len(lines) == 0 {
		lines = strings.Split(crash.Stderr, "\n")
	}
	t.quote(crash.Node, lines, at)
}

// quote quotes the lines of a node's standard error that say most. It is given
// where they are in the journal, or nothing if that does not have them.
func (t *teller) quote(node string, lines []string, at []int) {
	for _, i := range telling(lines) {
		c := claim.Stderr{Node: node, Line: lines[i], At: -1}
		if len(at) > 0 {
			c.At = at[i]
		}
		t.say(c)
	}
}

// telling returns the indices of the lines of a standard error that say most:
// of Rust's panics, whose message is on a line of its own, there are two.
func telling(lines []string) (found []int) {
	line := journal.Telling(lines)
	for i := range lines {
		switch own := strings.TrimSpace(lines[i]); {
		case own == "" || line == "":
		case own == line:
			return []int{i}
		case strings.HasPrefix(line, own+" ") && i+1 < len(lines) && strings.HasSuffix(line, strings.TrimSpace(lines[i+1])):
			return []int{i, i + 1}
		case strings.HasSuffix(own, line): // of a group of exceptions
			found = []int{i}
		}
	}
	return found
}

// muted tells of the first node that printed a line that is not a message.
func (t *teller) muted() {
	for pos, e := range t.journal {
		if e.What == journal.Muted {
			t.tellMute(pos)
			return
		}
	}
}

// withoutRefused returns the sums that a final read may be if no add counts
// that was refused for certain.
func (t *teller) withoutRefused() []verdict.Range {
	history := slices.DeleteFunc(slices.Clone(t.history), func(o verdict.Op) bool { return o.Outcome == verdict.Fail })
	_, facts := verdict.Counter(history)
	return facts.(verdict.CounterFacts).Acceptable
}
