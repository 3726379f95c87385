package maelstromtest

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"maelstrom-counter/internal/bench/verdict"
)

// drain takes what the nodes have written.
func (b *bench) drain() {
	for _, n := range b.nodes {
		if n.healthy() {
			b.listen(n)
		}
	}
}

// listen takes what a healthy node has written.
func (b *bench) listen(n *node) {
	life := n.life
	lines, ended := life.stdout.take()
	if life.stderr != nil {
		b.noteLines(ToStderr, n, life.stderr.take(ended))
	}
	b.hear(n, lines)
	if ended {
		b.crashed(n)
		return
	}
	b.watchPending(n, life)
}

// noteLines writes an entry for each line that a node has written.
func (b *bench) noteLines(what What, n *node, lines []string) {
	for _, line := range lines {
		b.note(Entry{What: what, Node: n.name, Text: line})
	}
}

// An outgoing message is a line that a node has printed, with what a Remark
// says of it, if there is one.
type outgoing struct {
	line   []byte
	remark string
	*message
}

// A refusedLine is a line that is not a message.
type refusedLine struct{ text, why string }

// hear sends the lines that a node has printed at one instant. After a line
// that is not a message, nothing is heard. That is so in Maelstrom because the
// thread that reads the node's output ends there.
//
// In virtual time the lines are sent in a fixed order, since the node's
// goroutines may have raced to write them. Messages to a service keep the order
// in which they were written, since that order may matter. So a line that is
// not a message counts as the last of its instant, except before what the same
// goroutine wrote after it. (This is known only if it does not begin with a
// brace: see outbox.)
func (b *bench) hear(n *node, lines []printed) {
	var heard []outgoing
	var refused []refusedLine
	var unheard []string
	deaf := n.life.mute
	for _, line := range lines {
		n.said.keep(line.text)
		if deaf || line.after {
			unheard = append(unheard, string(line.text))
			continue
		}
		m, remark, err := b.parse(line.text)
		if err != nil {
			refused = append(refused, refusedLine{string(line.text), err.Error()})
			deaf = !b.virtual
			continue
		}
		heard = append(heard, outgoing{line.text, remark, m})
	}
	if b.virtual {
		sortOutput(heard)
		slices.SortFunc(refused, func(x, y refusedLine) int { return cmp.Compare(x.text, y.text) })
	}
	for _, o := range heard {
		b.emit(n, o)
	}
	if len(refused) > 0 {
		b.mute(n, refused[0])
		for _, line := range refused[1:] {
			unheard = append(unheard, line.text)
		}
	}
	if b.virtual {
		slices.Sort(unheard)
	}
	b.noteLines(Unheard, n, unheard)
}

func sortOutput(out []outgoing) {
	slices.SortStableFunc(out, func(x, y outgoing) int {
		if c := cmp.Compare(x.dest.name, y.dest.name); c != 0 || x.dest.kind == aService {
			return c
		}
		return bytes.Compare(x.line, y.line)
	})
}

// emit sends a message that a node has printed.
func (b *bench) emit(n *node, o outgoing) {
	if o.remark != "" {
		b.remark(n, string(o.line), o.remark+": Maelstrom accepts this, but a stricter parser may not")
	}
	if o.src != n.endpoint {
		b.remark(n, string(o.line), "the src is "+o.src.name+", so to Maelstrom "+o.src.name+" has sent the message")
	}
	if !n.life.ready {
		b.heardBeforeInit(n, o)
	}
	b.network.send(o.src, o.dest, o.body)
}

// remark notes that Maelstrom accepts a line that a stricter parser would
// refuse. It notes the same only once for a node.
func (b *bench) remark(n *node, line, text string) {
	if slices.ContainsFunc(b.Remarks, func(r Remark) bool { return r.Node == n.name && r.Text == text }) {
		return
	}
	b.Remarks = append(b.Remarks, Remark{Node: n.name, At: b.recorded(), Line: verdict.Shown(line), Text: verdict.Shown(text)})
}

// mute notes that nothing more is heard from a node in this life.
func (b *bench) mute(n *node, line refusedLine) {
	n.life.mute = true
	b.Mutes = append(b.Mutes, Mute{Node: n.name, Life: len(n.lives) - 1, At: b.recorded(), Line: verdict.Shown(line.text), Why: verdict.Shown(line.why)})
	b.note(Entry{What: Muted, Node: n.name, Text: line.text, Why: line.why})
	if !n.life.ready && !n.life.answered {
		n.life.init.fail(n.refusal(line))
	}
	b.endIfLost()
}

// pendingAfter is how long a line may wait for its end before that is noted.
const pendingAfter = time.Second

// watchPending notes a line that a node has begun and does not end.
func (b *bench) watchPending(n *node, life *life) {
	if life.watched {
		return // a line may be long, and pending copies it
	}
	text, line := life.stdout.pending()
	if text == "" {
		return
	}
	life.watched = true
	b.after(pendingAfter, func() {
		life.watched = false
		if text, now := life.stdout.pending(); n.life == life && !n.paused && text != "" && now == line && life.waiting == "" {
			b.notePending(n, text)
			b.pendingBeforeInit(n, text)
		}
	})
}

// notePending writes an entry for the beginning of a line that waits for its
// end.
func (b *bench) notePending(n *node, text string) {
	n.life.waiting = text
	b.note(Entry{What: Pending, Node: n.name, Text: text})
}

// lastPending notes the line that a node has begun and not ended at the end of
// its life.
func (b *bench) lastPending(n *node) {
	if text, _ := n.life.stdout.pending(); text != "" && text != n.life.waiting {
		b.notePending(n, text)
	}
}
