package claim

// The claims of this file are about what a node could know when it sent a
// message, Until: a read's answer, or a write to a service.
//
// News of an add is at a node when the add's request arrives there. It goes
// from node to node with each message that has content: a field with a value,
// beside type, msg_id and in_reply_to. It goes to a service with each message
// of a node that has it, and from there with each answer that tells a value set
// by such a message. A node that is killed has it no more.

// NoPath says that news of an add did not come to To before it sent Until.
type NoPath struct {
	Add   int
	Node  string // which got the add
	Delta int64
	To    string
	Until int
}

func (c NoPath) text(r *Run) string {
	if c.Node == c.To {
		return say("%s had no more of its add of %d when it %s.", c.To, c.Delta, r.did(c.Until))
	}
	return say("No message with any content led from %s's add of %d to %s before that %s, not even through others.",
		c.Node, c.Delta, c.To, r.did(c.Until))
}

// did says what a node did by sending a message, as in "answered that read".
func (r *Run) did(until int) string {
	m := r.message(until)
	switch {
	case isClient(m.dest):
		return "answered that"
	case m.kind == "write" || m.kind == "cas":
		return say("sent that %s", m.kind)
	}
	return "sent that"
}

// Path says that messages led from an add to a node: each was received where
// the next was sent, or set the value that the next one told. The first was
// sent after the add came, and the last arrived before Until was sent.
type Path struct {
	Add      int
	Node     string
	Delta    int64
	To       string
	Until    int
	Messages []int
}

func (c Path) text(r *Run) string {
	return say("%s led from %s's add of %d to %s before that %s.",
		plural(len(c.Messages), "message"), c.Node, c.Delta, c.To, r.did(c.Until))
}

func (c Path) shows(*Run) Shown { return Shown{Messages: c.Messages} }

// Undelivered says which messages set out with news of an add, to nodes that
// did not have it or to change a service, and had not arrived when Until was
// sent.
type Undelivered struct {
	Add      int
	Node     string
	Delta    int64
	Until    int
	Messages []int // all, in order
}

func (c Undelivered) text(r *Run) string {
	counts := map[Fate]int{}
	for _, id := range c.Messages {
		counts[r.message(id).fate()]++
	}
	what := "has"
	if len(c.Messages) > 1 {
		what = "have"
	}
	return say("%s that can have told of %s's add of %d %s not arrived by then%s.",
		plural(len(c.Messages), "message"), c.Node, c.Delta, what, fates(counts))
}

func fates(counts map[Fate]int) string {
	text := ""
	for _, f := range []Fate{WasCut, WasLost, Unread, OnItsWay, Arrived} {
		if n := counts[f]; n > 0 && f == Arrived {
			text += say(", %d arrived later", n)
		} else if n > 0 {
			text += say(", %d %s", n, map[Fate]string{WasCut: "blocked by cut links", WasLost: "lost", Unread: "came to a dead node", OnItsWay: "on their way at the end"}[f])
		}
	}
	if text == "" {
		return ""
	}
	return ": " + text[2:]
}

func (c Undelivered) shows(*Run) Shown { return Shown{Messages: c.Messages[:1]} }

// Silent says that until To sent Until, none of the nodes that had news of an
// add sent anything with content to a node that did not have it, and none
// changed anything in a service.
type Silent struct {
	Add   int
	Node  string
	Delta int64
	Knew  []string // those nodes, sorted
	To    string
	Until int
}

func (c Silent) text(r *Run) string {
	return say("After %s's add of %d, %s sent no content to any other node, and changed nothing in a service, until %s %s.",
		c.Node, c.Delta, list(c.Knew, func(n string) string { return n }), c.To, r.did(c.Until))
}

// LastChange says what the last change was that a node made in a service before
// Until was sent.
type LastChange struct {
	Node, Service, Key, Value string // Key and Value are JSON
	At                        int    // the service's answer
	Until                     int
}

func (c LastChange) text(r *Run) string {
	return say("The last that %s had changed in a service: it set %s's key %s to %s %s.",
		c.Node, c.Service, name(c.Key), shorten(c.Value, 48), r.when(c.At))
}

func (c LastChange) shows(r *Run) Shown { return r.change(c.At) }

// AskedNobody says that a node sent nothing to nodes or services between the
// arrival of a read and its answer.
type AskedNobody struct {
	Read int
	Node string
}

func (c AskedNobody) text(*Run) string {
	return say("Between that read and its answer, %s sent nothing to anybody.", c.Node)
}

// AnsweredBefore says that a node answered a read before these of the messages
// that it had sent since the read came were answered. All of them have a
// msg_id, so they ask for an answer.
type AnsweredBefore struct {
	Read  int
	Node  string
	Calls []int // all such, in order
}

func (c AnsweredBefore) text(r *Run) string {
	counts := map[Fate]int{}
	for _, id := range c.Calls {
		if f := r.message(id).fate(); f != Arrived {
			counts[f]++
		} else if f := r.answerTo(id).fate(); f != Arrived {
			counts[f]++
		}
	}
	return say("%s answered that read before %s that it had asked since the read came %s answered%s.", c.Node,
		plural(len(c.Calls), "question"), map[bool]string{true: "was", false: "were"}[len(c.Calls) == 1], fates(counts))
}

func (c AnsweredBefore) shows(r *Run) Shown {
	return Shown{Messages: []int{c.Calls[0]}}
}

// ToldNothing says that a node had received nothing from nodes or services in
// its life when it answered a read.
type ToldNothing struct {
	Read int
	Node string
}

func (c ToldNothing) text(*Run) string {
	return say("Nobody had told %s anything since it started.", c.Node)
}

// LastGot says which message from a node or service was the last that had
// reached a node when it answered a read.
type LastGot struct {
	Read    int
	Node    string
	Message int
	Src     string
}

func (c LastGot) text(r *Run) string {
	return say("The last message that had reached %s was %s from %s, %s.",
		c.Node, r.body(c.Message), c.Src, r.when(r.message(c.Message).arrival()))
}

func (c LastGot) shows(*Run) Shown { return Shown{Messages: []int{c.Message}} }

// Cone says that news of none of these acknowledged adds came to the node that
// answered a read before it did. They are all such adds that had been
// acknowledged when the read was asked, without those of 0.
type Cone struct {
	Read int
	Node string
	Adds []int
	Sum  int64 // of them
}

func (c Cone) text(*Run) string {
	return say("%s cannot have known of %s that had been acknowledged before that read was asked; they make %d.",
		c.Node, plural(len(c.Adds), "add"), c.Sum)
}

func (c Cone) amount() int64 { return c.Sum }

// ValueCone says the same of the values that services told in these replies.
type ValueCone struct {
	Read    int
	Node    string
	Replies []int
	Adds    []int
	Sum     int64
}

func (c ValueCone) text(*Run) string {
	where := "that value was"
	if len(c.Replies) > 1 {
		where = "those values were"
	}
	return say("%s that had been acknowledged before that read was asked cannot have been known where %s written; they make %d.",
		plural(len(c.Adds), "add"), where, c.Sum)
}

func (c ValueCone) shows(*Run) Shown { return Shown{Messages: c.Replies} }

func (c ValueCone) amount() int64 { return c.Sum }

// NoService says that no node sent anything to a service in the whole run.
type NoService struct{}

func (NoService) text(*Run) string { return "No node used a service." }
