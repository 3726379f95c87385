package claim

import "time"

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
}

func (c Changed) text(r *Run) string {
	from := ""
	if c.From != "" {
		from = say(" from %s", shorten(c.From, 40))
	}
	return say("%s changed %s's key %s%s to %s %s.", c.By, c.Service, name(c.Key), from, shorten(c.To, 40), r.when(c.At))
}

func (c Changed) shows(r *Run) Shown { return r.change(c.At) }

// Told says which value of a key a service's reply told a node, and from which
// state. A write_ok or cas_ok tells the value that was asked for.
type Told struct {
	Reply         int
	Node          string
	Service, Key  string
	Value         string // empty if the key was missing
	State, Newest int    // the state, and the newest when the service answered
}

func (c Told) text(r *Run) string {
	m := r.message(c.Reply)
	age := ""
	if c.State < c.Newest {
		age = say(", from a state %s old", plural(c.Newest-c.State, "state"))
	}
	return say("%s told %s that %s %s%s; that came %s.", c.Service, c.Node, name(c.Key), is(c.Value), age, r.when(m.arrival()))
}

func (c Told) shows(r *Run) Shown {
	return Shown{Messages: []int{r.entry(r.message(c.Reply).basis).ID, c.Reply}}
}

func is(value string) string {
	if value == "" {
		return "does not exist"
	}
	return "is " + shorten(value, 40)
}

// OldState says that a reply told an old state of its key: Was, when it was
// already Is.
type OldState struct {
	Reply         int
	Node          string
	Service, Key  string
	State, Newest int
	Was, Is       string
}

func (c OldState) text(r *Run) string {
	m := r.message(c.Reply)
	return say("%s answered %s %s from an old state: its key %s %s there, and %s in the newest.",
		c.Service, c.Node, r.when(m.sent), name(c.Key), is(c.Was), is(c.Is))
}

func (c OldState) shows(r *Run) Shown {
	m := r.message(c.Reply)
	return Shown{
		Messages: []int{r.entry(m.basis).ID, c.Reply},
		Notes:    []Note{{m.basis, c.Service, say("old state: %s %s, no longer %s", name(c.Key), is(c.Is), shorten(c.Was, 24))}},
	}
}

// ChangedSince says that a key was no longer what a reply had told when Until
// was sent.
type ChangedSince struct {
	Reply        int
	Node         string
	Service, Key string
	Was, Is      string
	Until        int
}

func (c ChangedSince) text(r *Run) string {
	return say("%s was told %s that %s's key %s %s. When it %s, the key was %s.", c.Node,
		r.when(r.message(c.Reply).arrival()), c.Service, name(c.Key), is(c.Was), r.did(c.Until), shorten(c.Is, 40))
}

func (c ChangedSince) shows(r *Run) Shown {
	return Shown{Messages: []int{r.entry(r.message(c.Reply).basis).ID, c.Reply}}
}

// NeverTold says that nothing had told a node of a service's key when it sent
// Until.
type NeverTold struct {
	Node, Service, Key string
	Until              int
}

func (c NeverTold) text(r *Run) string {
	return say("Nothing had told %s what %s's key %s is before it %s.", c.Node, c.Service, name(c.Key), r.did(c.Until))
}

// NeverSet says that nothing ever set a key, and how often a service answered
// that it does not exist.
type NeverSet struct {
	Service, Key string
	Refused      int // answers of error 20 about it
}

func (c NeverSet) text(*Run) string {
	return say("Nothing ever set %s's key %s; %d answers say that it does not exist.", c.Service, name(c.Key), c.Refused)
}

// Overwritten says that a node changed a key without knowing of the change
// before it: the last that it had been told of the key, in the reply Told,
// comes from an older state. Told is -1 if it had been told nothing of the key.
type Overwritten struct {
	Service, Key   string
	Lost, LostCall int // the change that was overwritten: the service's answer, and the request
	LostBy         string
	LostTo         string
	At, Call       int // the change that overwrote it
	By             string
	To             string
	Told           int
	Knew           string // what it told
}

func (c Overwritten) text(r *Run) string {
	knew := say("had been told nothing of it, and")
	if c.Told >= 0 {
		knew = say("had last been told that it %s, and", is(c.Knew))
	}
	return say("%s changed %s's key %s to %s %s. %s %s changed it to %s %s.", c.LostBy, c.Service, name(c.Key),
		shorten(c.LostTo, 40), r.when(c.Lost), c.By, knew, shorten(c.To, 40), r.when(c.At))
}

func (c Overwritten) shows(r *Run) Shown {
	shown := r.change(c.Lost)
	by := r.change(c.At)
	shown.Messages = append(shown.Messages, by.Messages...)
	shown.Notes = append(shown.Notes, by.Notes...)
	if c.Told >= 0 {
		shown.Messages = append(shown.Messages, r.entry(r.message(c.Told).basis).ID, c.Told)
	}
	return shown
}

// WrittenBack says that a request that was sent before a key was changed to
// Lost arrived after that and set the key to what it had been before.
type WrittenBack struct {
	Service, Key string
	Lost         int // the change that was taken back
	LostBy       string
	LostTo       string
	At, Call     int // the change that took it back
	By           string
	To           string
}

func (c WrittenBack) text(r *Run) string {
	m := r.message(c.Call)
	return say("%s changed %s's key %s to %s %s. Then a %s that %s had sent %s before it took effect, and took the key back to %s.",
		c.LostBy, c.Service, name(c.Key), shorten(c.LostTo, 40), r.when(c.Lost), m.kind, c.By,
		brief(r.entry(c.At).Time-r.entry(m.sent).Time), shorten(c.To, 40))
}

func (c WrittenBack) shows(r *Run) Shown {
	shown, by := r.change(c.Lost), r.change(c.At)
	return Shown{append(shown.Messages, by.Messages...), append(shown.Notes, by.Notes...)}
}

// SecondCopy says that the network doubled a request, and that both copies
// changed the key.
type SecondCopy struct {
	Service, Key  string
	Call          int
	By            string
	First, Second int // the service's answers
}

func (c SecondCopy) text(r *Run) string {
	return say("The network made another copy of %s's %s, and both changed %s's key %s: %s and %s.",
		c.By, r.body(c.Call), c.Service, name(c.Key), r.when(c.First), r.when(c.Second))
}

func (c SecondCopy) shows(r *Run) Shown {
	first, second := r.change(c.First), r.change(c.Second)
	return Shown{first.Messages, append(first.Notes, second.Notes...)}
}

// OnlyAdd says that when a node sent a request, it had exactly one add in hand:
// one whose request had come and that it had not answered.
type OnlyAdd struct {
	Add   int
	Node  string
	Delta int64
	Call  int
}

func (c OnlyAdd) text(r *Run) string {
	return say("When %s sent that, it had one add in hand: the add of %d that had come %s.",
		c.Node, c.Delta, r.when(r.request(c.Add).arrival()))
}

func (c OnlyAdd) shows(r *Run) Shown { return Shown{Messages: []int{r.request(c.Add).id}} }

// AnotherAmount says that a node changed a number by another amount than the
// one add that it had in hand when it sent the request, or that all such adds
// make together.
type AnotherAmount struct {
	Service, Key string
	Path         string
	Call, At     int
	By           string
	From, To     int64
	Add          int
	Delta        int64
}

func (c AnotherAmount) text(r *Run) string {
	return say("%s changed %s's key %s from %d to %d %s; the one add that it had in hand was of %d.",
		c.By, c.Service, name(c.Key)+inside(c.Path), c.From, c.To, r.when(c.At), c.Delta)
}

func (c AnotherAmount) shows(r *Run) Shown {
	shown := r.change(c.At)
	shown.Messages = append(shown.Messages, r.request(c.Add).id)
	return shown
}

// amount is what is missing or too much for it.
func (c AnotherAmount) amount() int64 { return c.Delta - (c.To - c.From) }

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
	Service, Key  string
	Path          string
	Add           int
	Node          string
	Delta         int64
	First, Second int // the service's answers
}

func (c CountedTwice) text(r *Run) string {
	return say("%s changed %s's key %s by %d %s, and again %s; each time it had one add in hand, the same add of %d.",
		c.Node, c.Service, name(c.Key)+inside(c.Path), c.Delta, r.when(c.First), r.when(c.Second), c.Delta)
}

func (c CountedTwice) shows(r *Run) Shown {
	first, second := r.change(c.First), r.change(c.Second)
	messages := append([]int{r.request(c.Add).id}, first.Messages...)
	return Shown{append(messages, second.Messages...), append(first.Notes, second.Notes...)}
}

func (c CountedTwice) amount() int64 { return -c.Delta }

// ChangedTooMuch says, by counting, that up to and with a change a node had
// changed a number by more than all adds that had reached it.
type ChangedTooMuch struct {
	Service, Key   string
	Path           string
	Node           string
	At             int
	Changed, Asked int64
}

func (c ChangedTooMuch) text(r *Run) string {
	return say("With the change %s, %s had changed %s's key %s by %d in all; the adds that had reached it make %d.",
		r.when(c.At), c.Node, c.Service, name(c.Key)+inside(c.Path), c.Changed, c.Asked)
}

func (c ChangedTooMuch) shows(r *Run) Shown { return r.change(c.At) }

// AckedEarly says, by counting, that a node had acknowledged more than it had
// changed a number by, just before a change of it by that node.
type AckedEarly struct {
	Service, Key   string
	Path           string
	Node           string
	At             int
	Acked, Changed int64
}

func (c AckedEarly) text(r *Run) string {
	return say("%s acknowledged before that was stored: just before it changed %s's key %s %s, it had acknowledged %d, and its changes of that key made %d.",
		c.Node, c.Service, name(c.Key)+inside(c.Path), r.when(c.At), c.Acked, c.Changed)
}

func (c AckedEarly) shows(r *Run) Shown { return r.change(c.At) }

// NotStored says, by counting, that all changes of numbers in services by a
// node until Until was sent make less than what it had acknowledged.
type NotStored struct {
	Node           string
	Until          int
	Acked, Changed int64
}

func (c NotStored) text(r *Run) string {
	return say("Until then %s had acknowledged %d, and all its changes in services made %d.", c.Node, c.Acked, c.Changed)
}

func (c NotStored) amount() int64 { return c.Acked - c.Changed }

// StoredAfterAck says that a change by a node came after it had acknowledged an
// add, and that no change by it came between the add's arrival and that.
type StoredAfterAck struct {
	Add   int
	Node  string
	Delta int64
	Reply int
	At    int
}

func (c StoredAfterAck) text(r *Run) string {
	after := r.entry(c.At).Time - r.entry(r.message(c.Reply).sent).Time
	return say("%s acknowledged its add of %d %s; from that add's arrival on, its first change in a service came %s later.",
		c.Node, c.Delta, r.when(r.message(c.Reply).sent), later(after))
}

func later(d time.Duration) string {
	if d == 0 {
		return "at the same time, but"
	}
	return brief(d)
}

func (c StoredAfterAck) shows(r *Run) Shown {
	shown := r.change(c.At)
	shown.Messages = append(shown.Messages, r.request(c.Add).id, c.Reply)
	return shown
}

// AskedInVain says that when a node sent a request, its earlier question had
// not been answered.
type AskedInVain struct {
	Question, Call int
	Node, Dest     string
}

func (c AskedInVain) text(r *Run) string {
	return say("When %s sent that, %s had not answered what it had asked %s.", c.Node, c.Dest, r.when(r.message(c.Question).sent))
}

func (c AskedInVain) shows(*Run) Shown { return Shown{Messages: []int{c.Question}} }

// change shows a change: its request, and the new value.
func (r *Run) change(at int) Shown {
	e := r.entry(at)
	return Shown{[]int{e.ID}, []Note{{at, e.Dest, say("%s = %s", name(string(e.Key)), shorten(string(e.Value), 32))}}}
}
