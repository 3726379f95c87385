package claim

import (
	"encoding/json"
	"slices"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/verdict"
)

// Keys and values are JSON, compared by value. Numbers in them are found by
// their path: "" for a value that is a number, and otherwise the names of
// fields and the indices of elements with dots between, such as "parts.n2".
// A string that holds a number or JSON counts as what it holds. A missing key
// counts as 0.

// Changed says that a request of a node changed a key of a service.
type Changed struct {
	Service, Key string
	By           string // the node
	Call         int    // its request
	At           int    // the service's answer
	State        int    // the number of the state that it made
	From, To     string // JSON; From is empty if the key was missing
	Path         string // of the number in them that is shown; or empty
}

func (c Changed) holds(r *Run) bool {
	e := r.changed(c.At, c.Service, c.Key)
	return e.Src == c.By && e.ID == c.Call && e.Newest+1 == c.State && same(e.Value, json.RawMessage(c.To)) &&
		r.version(c.Service, c.Key, e.Newest, c.At).is(c.From) && tellsApart(c.Path, c.From, c.To)
}

func (c Changed) text(r *Run) string {
	from := ""
	if c.From != "" {
		from = " from " + part(c.From, c.Path)
	}
	return say("%s changed %s's key %s%s to %s %s.",
		c.By, c.Service, name(c.Key)+inside(c.Path), from, part(c.To, c.Path), r.when(c.At))
}

func (c Changed) shows(r *Run) Shown { return r.change(c.At) }

// Told says what a service's reply told a node that a key was: Was, from a
// state, and what it was in the newest state when the service answered: Is. A
// write_ok or cas_ok tells the value that was asked for.
type Told struct {
	Reply              int
	Node, Service, Key string
	State, Newest      int
	Was, Is            string // empty if the key was missing
	Path               string // of the number in them that is shown; or empty
}

func (c Told) holds(r *Run) bool {
	request, state, newest, v := r.told(c.Reply)
	m := r.message(c.Reply)
	return m.dest == c.Node && m.src == c.Service && request.key == canonical(c.Key) && state == c.State &&
		newest == c.Newest &&
		v.is(c.Was) && r.version(c.Service, c.Key, newest, m.basis+1).is(c.Is) && tellsApart(c.Path, c.Was, c.Is)
}

func (c Told) text(r *Run) string {
	m := r.message(c.Reply)
	age := ""
	if canonical(c.Was) != canonical(c.Is) {
		age = say(". That was an old state: in the newest state the key %s", was(c.Is, c.Path))
	}
	return say("%s told %s %s that its key %s %s%s.",
		c.Service, c.Node, r.when(m.sent), name(c.Key)+inside(c.Path), is(c.Was, c.Path), age)
}

func (c Told) shows(r *Run) Shown {
	m := r.message(c.Reply)
	shown := r.telling(c.Reply, true)
	if canonical(c.Was) != canonical(c.Is) {
		was, now := part(c.Was, c.Path), part(c.Is, c.Path)
		shown = shown.note(m.basis, c.Service, say("old state: %s, the newest is %s", was, now))
	}
	return shown
}

func (c Told) amount() (string, int64) { return gained(c.Service, c.Key, c.Was, c.Is, c.Path) }

// gained returns by how much a key has grown: the number at a path, or if that
// is empty, all numbers in it.
func gained(service, key, was, is, path string) (string, int64) {
	a, b := numbers(json.RawMessage(was)), numbers(json.RawMessage(is))
	n := b[path] - a[path]
	if path == "" {
		n = total(b) - total(a)
	}
	return service + " " + canonical(key), n
}

// part shows a value, or only the number at a path in it.
func part(value, path string) string {
	if value == "" {
		return "nothing"
	}
	if n, ok := numbers(json.RawMessage(value))[path]; ok && path != "" {
		return say("%d", n)
	}
	return outline(value)
}

// is says what a key is.
func is(value, path string) string {
	if value == "" {
		return "does not exist"
	}
	return "is " + part(value, path)
}

// was says what a key was.
func was(value, path string) string {
	if value == "" {
		return "did not exist"
	}
	return "was " + part(value, path)
}

// tellsApart reports whether a path is empty, or that of a number which shows
// how two values differ, if they do.
func tellsApart(path, a, b string) bool {
	x, inA := numbers(json.RawMessage(a))[path]
	y, inB := numbers(json.RawMessage(b))[path]
	return path == "" || (inA || inB) && (x != y || inA != inB || canonical(a) == canonical(b))
}

// ChangedSince says that a key was no longer what a reply had told when Until
// was sent.
type ChangedSince struct {
	Reply                       int
	Node, Service, Key, Was, Is string
	Path                        string // of the number in them that is shown; or empty
	Until                       int
}

func (c ChangedSince) holds(r *Run) bool {
	request, _, _, v := r.told(c.Reply)
	m, until := r.message(c.Reply), r.byNode(c.Until)
	now := r.versionAt(c.Service, c.Key, until.sent)
	return m.dest == c.Node && m.src == c.Service && request.key == canonical(c.Key) && until.src == c.Node &&
		m.arrivedBefore(until.sent) && v.is(c.Was) && now.is(c.Is) && !now.is(c.Was) && tellsApart(c.Path, c.Was, c.Is)
}

func (c ChangedSince) text(r *Run) string {
	return say("%s was told %s that %s's key %s %s. When it %s, the key was %s.", c.Node,
		r.when(r.message(c.Reply).arrival()), c.Service, name(c.Key)+inside(c.Path), is(c.Was, c.Path),
		r.did(c.Until), part(c.Is, c.Path))
}

func (c ChangedSince) shows(r *Run) Shown { return r.telling(c.Reply, true) }

func (c ChangedSince) amount() (string, int64) { return gained(c.Service, c.Key, c.Was, c.Is, c.Path) }

// NeverTold says that a service had told a node nothing about a key when it
// sent Until. The answer to a write tells nothing.
type NeverTold struct {
	Node, Service, Key string
	Until              int
}

func (c NeverTold) holds(r *Run) bool {
	until := r.byNode(c.Until)
	return until.src == c.Node && isService(c.Service) && r.whole(0, until.sent) &&
		!slices.ContainsFunc(r.got[c.Node], func(m *message) bool {
			return m.arrival() < until.sent && m.src == c.Service && m.basis >= 0 &&
				r.questionOf(m).key == canonical(c.Key) && r.questionOf(m).kind != "write"
		}) && len(r.changesOf(c.Service, c.Key, len(r.Journal))) > 0
}

func (c NeverTold) text(r *Run) string {
	return say("%s had told %s nothing about its key %s before %s %s.",
		c.Service, c.Node, name(c.Key), c.Node, r.did(c.Until))
}

// NeverSet says that nothing ever set a key, and how often a service answered
// that it does not exist.
type NeverSet struct {
	Service, Key string
	Refused      int // answers of error 20 about it
}

func (c NeverSet) holds(r *Run) bool {
	refused := 0
	for m := range r.sent("", 0, len(r.Journal)) {
		if m.src == c.Service && m.basis >= 0 && code(m) == 20 &&
			r.message(r.Journal[m.basis].ID).key == canonical(c.Key) {
			refused++
		}
	}
	return refused == c.Refused && refused > 0 && len(r.changesOf(c.Service, c.Key, len(r.Journal))) == 0 &&
		r.whole(0, len(r.Journal)) && len(r.doubts[slot{c.Service, canonical(c.Key)}]) == 0
}

func (c NeverSet) text(*Run) string {
	return say("No request ever set %s's key %s. %s said that it does not exist.",
		c.Service, name(c.Key), verdict.Number(c.Refused, "answer"))
}

// Overwritten says that a node set a key without knowing of the change before
// it, which another node had made: the last that it had been told of the key,
// in the reply Told, comes from an older state.
type Overwritten struct {
	Service, Key   string
	Lost, LostCall int // the change that was overwritten: the service's answer, and the request
	LostBy, LostTo string
	At, Call       int // what overwrote it
	By, To         string
	Idle           bool   // that changed nothing, as To is LostTo
	Told           int    // -1 if the node had been told nothing of the key
	Knew           string // what it had been told
}

func (c Overwritten) holds(r *Run) bool {
	lost, by, call := r.changed(c.Lost, c.Service, c.Key), r.set(c.At, c.Service, c.Key), r.message(c.Call)
	if lost.ID != c.LostCall || lost.Src != c.LostBy || !same(lost.Value, json.RawMessage(c.LostTo)) ||
		by.ID != c.Call || by.Src != c.By || !same(by.Value, json.RawMessage(c.To)) || c.Idle == by.Changed ||
		c.By == c.LostBy || r.version(c.Service, c.Key, by.Newest, c.At).at != c.Lost {
		return false
	}
	last := r.lastTold(c.By, c.Service, c.Key, r.born(c.By, call.sent), call.sent)
	if last == nil {
		return c.Told == -1 && c.Knew == "" && r.whole(0, call.sent)
	}
	_, state, _, v := r.told(last.id)
	return c.Told == last.id && state <= lost.Newest && v.is(c.Knew) && r.whole(last.basis, call.sent)
}

func (c Overwritten) text(r *Run) string {
	knew := "had been told nothing about that key"
	if c.Told >= 0 {
		knew = say("had last been told that the key %s", is(c.Knew, ""))
	}
	then := say("changed it to %s %s", outline(c.To), r.when(c.At))
	if c.Idle {
		then = say("set it to %s, too, %s, so that the two requests together changed it only once",
			outline(c.To), r.when(c.At))
	}
	return say("%s changed %s's key %s to %s %s. %s %s, and %s.", c.LostBy, c.Service, name(c.Key),
		outline(c.LostTo), r.when(c.Lost), c.By, knew, then)
}

func (c Overwritten) shows(r *Run) Shown {
	shown := r.change(c.Lost).and(r.change(c.At))
	if c.Told >= 0 {
		shown = shown.and(r.telling(c.Told, true))
	}
	return shown
}

// WrittenBack says that a request set a key back to an earlier value: it was
// sent before the change Lost, and took effect after it.
type WrittenBack struct {
	Service, Key   string
	Lost           int // the change that was taken back
	LostBy, LostTo string
	At, Call       int // the change that took it back
	By, To         string
}

func (c WrittenBack) holds(r *Run) bool {
	lost, by, call := r.changed(c.Lost, c.Service, c.Key), r.changed(c.At, c.Service, c.Key), r.message(c.Call)
	had := slices.ContainsFunc(r.changesOf(c.Service, c.Key, c.Lost),
		func(at int) bool { return same(r.Journal[at].Value, by.Value) })
	return lost.Src == c.LostBy && same(lost.Value, json.RawMessage(c.LostTo)) && by.Src == c.By && by.ID == c.Call &&
		same(by.Value, json.RawMessage(c.To)) && call.sent < c.Lost && had &&
		r.version(c.Service, c.Key, by.Newest, c.At).at == c.Lost
}

func (c WrittenBack) text(r *Run) string {
	m := r.message(c.Call)
	return say("%s changed %s's key %s to %s %s. Then a %s that %s had sent %s earlier took effect, and set the key back to %s.",
		c.LostBy, c.Service, name(c.Key), outline(c.LostTo), r.when(c.Lost), m.kind, c.By,
		brief(r.entry(c.At).Time-r.entry(m.sent).Time), outline(c.To))
}

func (c WrittenBack) shows(r *Run) Shown { return r.change(c.Lost).and(r.change(c.At)) }

// SecondCopy says that the network doubled a request, and that both copies
// changed the key.
type SecondCopy struct {
	Service, Key  string
	Call          int
	By            string
	First, Second int // the service's answers
}

func (c SecondCopy) holds(r *Run) bool {
	first, second := r.changed(c.First, c.Service, c.Key), r.changed(c.Second, c.Service, c.Key)
	return c.First < c.Second && first.ID == c.Call && second.ID == c.Call && first.Src == c.By
}

func (c SecondCopy) text(r *Run) string {
	return say("The network duplicated %s's %s. Both copies changed %s's key %s, %s and %s.",
		c.By, r.body(c.Call), c.Service, name(c.Key), r.when(c.First), r.when(c.Second))
}

func (c SecondCopy) shows(r *Run) Shown { return r.change(c.First).and(r.change(c.Second)) }

// OnlyAdd says that when a node sent a request, it had some adds in hand, and
// only one of them of this amount. An add is in hand from its arrival to its
// answer.
type OnlyAdd struct {
	Add          int
	Node         string
	Delta        int64
	Call, InHand int // InHand is how many
}

func (c OnlyAdd) holds(r *Run) bool {
	m := r.message(c.Call)
	adds := r.addsInHand(c.Node, m.sent)
	same := slices.DeleteFunc(slices.Clone(adds), func(i int) bool { return r.op(i).Int() != c.Delta })
	return m.src == c.Node && !isClient(m.dest) && len(adds) == c.InHand && slices.Equal(same, []int{c.Add}) &&
		r.whole(0, m.sent)
}

func (c OnlyAdd) text(r *Run) string {
	which := say("one unanswered add: the add of %d that had arrived", c.Delta)
	if c.InHand > 1 {
		which = say("%d unanswered adds. Only one of them was of %d: it had arrived", c.InHand, c.Delta)
	}
	return say("When %s sent that request, it had %s %s.", c.Node, which, r.when(r.request(c.Add).arrival()))
}

func (c OnlyAdd) shows(r *Run) Shown { return arrows(r.request(c.Add).id) }

// AnotherAmount says that a node changed a number by another amount than the
// one add that it had in hand when it sent the request, or that all such adds
// make together.
type AnotherAmount struct {
	Service, Key, Path string
	Call, At           int
	By                 string
	From, To           int64
	Add                int
	Delta              int64
}

func (c AnotherAmount) holds(r *Run) bool {
	s := r.step(c.At, c.By, c.Service, c.Key, c.Path)
	return (OnlyAdd{c.Add, c.By, c.Delta, c.Call, 1}).holds(r) && r.Journal[c.At].ID == c.Call && s.from == c.From &&
		s.to == c.To &&
		c.To-c.From != c.Delta && r.inHand(c.Add, c.At) && r.alone(c.By, c.At) && !r.overtaken(c.At)
}

func (c AnotherAmount) text(r *Run) string {
	return say("%s changed %s's key %s from %d to %d %s. Its only unanswered add was of %d.",
		c.By, c.Service, name(c.Key)+inside(c.Path), c.From, c.To, r.when(c.At), c.Delta)
}

func (c AnotherAmount) shows(r *Run) Shown { return arrows(r.request(c.Add).id).and(r.change(c.At)) }

// amount is what is missing or too much for it.
func (c AnotherAmount) amount() (string, int64) {
	return say("change %d", c.At), c.Delta - (c.To - c.From)
}

func inside(path string) string {
	if path == "" {
		return ""
	}
	return "." + path
}

// CountedTwice says that two changes of a number by a node, each by the amount
// of an add, were sent when that add was the only one that the node had in
// hand.
type CountedTwice struct {
	Service, Key, Path string
	Add                int
	Node               string
	Delta              int64
	First, Second      int // the service's answers
}

func (c CountedTwice) holds(r *Run) bool {
	for _, at := range []int{c.First, c.Second} {
		s := r.step(at, c.Node, c.Service, c.Key, c.Path)
		if s.to-s.from != c.Delta || !(OnlyAdd{c.Add, c.Node, c.Delta, r.Journal[s.at].ID, 1}).holds(r) {
			return false
		}
	}
	return c.First < c.Second && c.Delta > 0 && r.alone(c.Node, c.Second)
}

func (c CountedTwice) text(r *Run) string {
	return say("%s changed %s's key %s by %d %s, and again %s. "+
		"Each time it sent the change, its only unanswered add was the same add of %d.",
		c.Node, c.Service, name(c.Key)+inside(c.Path), c.Delta, r.when(c.First), r.when(c.Second), c.Delta)
}

func (c CountedTwice) shows(r *Run) Shown {
	return arrows(r.request(c.Add).id).and(r.change(c.First)).and(r.change(c.Second))
}

func (c CountedTwice) amount() (string, int64) { return say("change %d", c.Second), -c.Delta }

// Counted says by how much a node had changed a number before At, what the adds
// make that had come to it, and what those make that it had acknowledged. The
// change is less than what it had acknowledged, or more than what had come. The
// number is one that the node does change, if it changes any, and by no more in
// the end than what has come, unless the claim is about just that; and until
// then it has exchanged no content with other nodes.
type Counted struct {
	Service, Key, Path, Node string
	At                       int // where a node answers a client, or a change by Node
	Acked, Asked, Changed    int64
}

func (c Counted) holds(r *Run) bool {
	e, end := r.entry(c.At), len(r.Journal)
	event := e.What == journal.Sent && isNode(e.Src) && isClient(e.Dest) || e.Answer != nil && e.Changed &&
		e.Src == c.Node
	writes := len(r.steps(c.Node, c.Service, c.Key, c.Path, end)) > 0 || r.changedBefore(c.Node, end) < 0
	own := c.Changed > c.Asked || r.changedBy(c.Node, c.Service, c.Key, c.Path, end) <= r.asked(c.Node, end)
	return event && writes && own && r.hasPath(c.Service, c.Key, c.Path) &&
		r.changedBy(c.Node, c.Service, c.Key, c.Path, c.At) == c.Changed &&
		r.acked(c.Node, c.At) == c.Acked && r.asked(c.Node, c.At) == c.Asked &&
		(c.Changed < c.Acked || c.Changed > c.Asked) && r.alone(c.Node, c.At)
}

func (c Counted) text(r *Run) string {
	key := say("%s's key %s", c.Service, name(c.Key)+inside(c.Path))
	if c.Changed > c.Asked {
		return say("%s, %s had received adds that sum to %d, but its changes to %s sum to %d.",
			r.by(c.At), c.Node, c.Asked, key, c.Changed)
	}
	return say("%s, %s had acknowledged adds that sum to %d, but its changes to %s sum to %d.",
		r.by(c.At), c.Node, c.Acked, key, c.Changed)
}

func (c Counted) amount() (string, int64) {
	if c.Changed > c.Asked {
		return c.Node, c.Asked - c.Changed
	}
	return c.Node, c.Acked - c.Changed
}

// SameSteps says that all changes of a number by a node were by the same
// amount, and how many there were: at least as many as the adds of more than 0
// that it acknowledged. Those make Acked, and are not all of that amount.
type SameSteps struct {
	Service, Key, Path, Node string
	N                        int
	Step                     int64
	Adds                     int
	Acked                    int64
}

func (c SameSteps) holds(r *Run) bool {
	end, adds := len(r.Journal), 0
	steps := r.steps(c.Node, c.Service, c.Key, c.Path, end)
	acked := r.adds(func(i int, op verdict.Op) bool {
		m := r.firstReply(i)
		ok := op.Outcome == verdict.OK && m != nil && m.src == c.Node && op.Int() > 0
		if ok {
			adds++
		}
		return ok
	})
	return !slices.ContainsFunc(steps, func(s step) bool { return s.to-s.from != c.Step }) &&
		len(steps) == c.N && c.N > 1 && c.N >= adds && adds == c.Adds && acked == c.Acked &&
		acked != int64(adds)*c.Step && r.alone(c.Node, end)
}

func (c SameSteps) text(*Run) string {
	return say("%s changed %s's key %s %d times, each time by %d. The %s that it acknowledged sum to %d.",
		c.Node, c.Service, name(c.Key)+inside(c.Path), c.N, c.Step, verdict.Number(c.Adds, "add"), c.Acked)
}

// AskedInVain says that when a node sent a request, its earlier question had
// not been answered.
type AskedInVain struct {
	Question, Call int
	Node, Dest     string
}

func (c AskedInVain) holds(r *Run) bool {
	q, m := r.message(c.Question), r.message(c.Call)
	return q.src == c.Node && m.src == c.Node && isNode(c.Node) && q.dest == c.Dest && !isClient(c.Dest) &&
		q.sent < m.sent && len(q.body["msg_id"]) > 0 &&
		!r.answeredBy(q, m.sent) && r.whole(q.sent, m.sent)
}

func (c AskedInVain) text(r *Run) string {
	return say("When %s sent that, it had no answer yet to the request that it had sent to %s %s.",
		c.Node, c.Dest, r.when(r.message(c.Question).sent))
}

func (c AskedInVain) shows(*Run) Shown { return arrows(c.Question) }

// telling shows a message, and if it is a service's answer, the request, if
// asked.
func (r *Run) telling(id int, asked bool) Shown {
	if m := r.message(id); asked && m.basis >= 0 {
		return arrows(r.Journal[m.basis].ID, id)
	}
	return arrows(id)
}

// change shows a change: its request, and the new value.
func (r *Run) change(at int) Shown {
	e := r.entry(at)
	m := r.message(e.ID)
	value := e.Value
	if !e.Changed {
		value = m.body["value"]
	}
	return arrows(e.ID).note(at, e.Dest, say("%s = %s", name(m.key), outline(string(value))))
}
