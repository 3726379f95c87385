package claim

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// A number is one that a message has told a node.
type number struct {
	at        int // where the message arrived
	message   int
	service   string // empty if a node sent it
	key       string // of the service, in canonical form
	src, kind string // of the message
	path      string
	value     int64
}

// of says what a service's number belongs to.
func (n number) of() string {
	if n.path == "" {
		return n.service + " " + strings.Trim(n.key, `"`)
	}
	return n.service + " " + strings.Trim(n.key, `"`) + "." + n.path
}

// mentions reports whether a text has a node's name in it.
func mentions(text, node string) bool {
	for {
		_, after, found := strings.Cut(text, node)
		if !found || after == "" || !strings.ContainsAny(after[:1], "0123456789") {
			return found
		}
		text = after
	}
}

// numbersTo returns all numbers that a node was told, in order.
func (r *Run) numbersTo(node string) []number {
	if found, ok := r.memory[node]; ok {
		return found
	}
	found := []number{}
	for at := range r.Journal {
		m := r.messages[r.Journal[at].ID]
		if m == nil || m.dest != node || m.arrival() != at || isClient(m.src) {
			continue
		}
		n := number{at: at, message: m.id, src: m.src, kind: m.kind}
		told := m.numbers()
		if isService(m.src) {
			request := r.questionOf(m)
			n.service, n.key, told = m.src, request.key, tells(request, m)
		}
		for path, value := range told {
			n.path, n.value = path, value
			found = append(found, n)
		}
	}
	r.memory[node] = found
	return found
}

// questionOf returns the request that a service's message answers.
func (r *Run) questionOf(m *message) *message {
	if m.basis >= 0 {
		return r.message(r.Journal[m.basis].ID)
	}
	for _, q := range slices.Backward(r.sent(m.dest, 0, m.sent)) {
		if q.dest == m.src && r.answers(m, q) {
			return q
		}
	}
	return &message{}
}

var currentValue = regexp.MustCompile(`^current value (-?\d+) is not `)

// tells returns the numbers that a service's reply tells.
func tells(request, m *message) map[string]int64 {
	var text string
	_ = json.Unmarshal(m.body["text"], &text)
	refusal := currentValue.FindStringSubmatch(text)
	switch {
	case m.kind == "read_ok":
		return numbers(m.body["value"])
	case m.kind == "cas_ok":
		return numbers(request.body["to"])
	case m.kind == "write_ok":
		return numbers(request.body["value"])
	case code(m) == 20 && request.kind == "read":
		return map[string]int64{"": 0}
	case code(m) == 22 && refusal != nil:
		return numbers(json.RawMessage(refusal[1]))
	}
	return nil
}

// numbers returns the numbers that a node's message tells, without those that
// belong to its form.
func (m *message) numbers() map[string]int64 {
	told := map[string]int64{}
	for field, raw := range m.body {
		switch field {
		case "type", "msg_id", "in_reply_to", "key", "code", "text", "from", "to", "create_if_not_exists":
			continue
		}
		for path, n := range numbers(raw) {
			told[join(field, path)] = n
		}
	}
	return told
}

// single reports whether a formula is one number.
func (f Formula) single() bool {
	return f.How == ToldOnce || f.How == CachedKey || f.How == CachedRead
}

// windowed reports whether only what was told in a read's window counts.
func (f Formula) windowed() bool {
	return slices.Contains([]How{ToldOnce, Keys, OthersKeys, PeersAnswers}, f.How)
}

// label says which part of a node's sum a number is, and whose it is. The
// part's label is empty if there is only one.
func (f Formula) label(n number, node string) (label, of string, ok bool) {
	sent := n.service == "" && n.kind == f.Type
	forNode := n.path[strings.LastIndex(n.path, ".")+1:]
	switch f.How {
	case ToldOnce, CachedKey, CachedRead:
		if f.Key != "" {
			wrote := n.kind == "cas_ok" || n.kind == "write_ok"
			return "", n.of(), n.service+" "+n.key == f.Key && n.path == f.Path && (f.How != CachedRead || !wrote)
		}
		return "", n.src, sent && n.path == f.Path
	case Keys, CachedKeys:
		return n.of(), n.of(), n.service != "" && (f.Path == "" || forNode == f.Path)
	case OthersKeys, OthersCachedKeys:
		return n.of(), n.of(), n.service != "" && (f.Path == "" || forNode == f.Path) && !mentions(n.key+n.path, node)
	case PeersAnswers, PeersLast, Deltas:
		return n.src, n.src, sent && n.path == f.Path
	case PeersMost, LastMap:
		return forNode, forNode, sent && isNode(forNode) && n.path == join(f.Path, forNode) && (f.How == LastMap || forNode != node)
	}
	return "", "", false
}

// labelOf returns the label of a part.
func (f Formula) labelOf(p Part) string {
	if f.single() {
		return ""
	}
	return p.Of
}

// sound reports whether a formula has the fields that it needs, and no others.
func (f Formula) sound() bool {
	ofPeers := slices.Contains([]How{PeersAnswers, PeersLast, Deltas, PeersMost, LastMap}, f.How) || f.single() && f.Key == ""
	return hows[f.How] != "" && ofPeers == (f.Type != "") && (f.single() || f.Key == "") && (f.How != OwnAlone || f.Path == "")
}

// own reports whether a node's own adds are a part of a formula's sums.
func (f Formula) own() bool {
	return slices.Contains([]How{OthersKeys, OthersCachedKeys, OwnAlone, PeersAnswers, PeersLast, Deltas, PeersMost}, f.How)
}

// A reading is what a node had been told when it answered a read.
type reading struct {
	*Run
	node     string
	told     []number
	born     int
	earliest int // 10 ms before the request arrived
	window   int // where that was
	answer   int
}

func (r *Run) reading(read int) reading {
	_, reply := r.read(read)
	x := reading{Run: r, node: reply.src, born: r.born(reply.src, reply.sent), window: r.request(read).arrival(), answer: reply.sent}
	for x.earliest = max(x.window, 0); x.earliest > x.born && r.Journal[x.window].Time-r.Journal[x.earliest].Time < 10*time.Millisecond; {
		x.earliest--
	}
	for _, n := range r.numbersTo(reply.src) {
		if n.at > x.born && n.at < reply.sent {
			x.told = append(x.told, n)
		}
	}
	return x
}

// A timed is a part from a position on, until the next of its label.
type timed struct {
	at int
	Part
}

// series returns the parts of a sum as they changed until the answer, by label.
func (x reading) series(f Formula) map[string][]timed {
	all := map[string][]timed{}
	peerInWindow := false
	for _, n := range x.told {
		peerInWindow = peerInWindow || n.service == "" && n.at > x.window
		label, of, ok := f.label(n, x.node)
		if !ok || f.windowed() && n.at < x.window {
			continue
		}
		p := Part{of, n.value, n.message}
		if s := all[label]; len(s) > 0 && f.How == Deltas {
			p.Value += s[len(s)-1].Value
		} else if len(s) > 0 && f.How == PeersMost && s[len(s)-1].Value >= p.Value {
			continue
		}
		if f.How == Deltas {
			p.Message = -1
		}
		all[label] = append(all[label], timed{n.at, p})
	}
	if !f.sound() || f.How == OwnAlone && peerInWindow || f.How != OwnAlone && len(all) == 0 {
		return nil
	}
	return all
}

// ownAdds returns the sum of the node's own adds in this life, as it grew: of
// those that it had acknowledged, or that had reached it.
func (x reading) ownAdds(acked bool) []timed {
	var grown []timed
	for i, op := range x.History {
		at := -1
		if m := x.firstReply(i); acked && op.Outcome == maelstromtest.OK && m != nil && m.src == x.node {
			at = m.sent
		} else if !acked && op.Node == x.node && x.requests[i] >= 0 {
			at = x.request(i).arrival()
		}
		if op.F == "add" && x.born < at && at < x.answer {
			grown = append(grown, timed{at, Part{x.node, x.delta(i), -1}})
		}
	}
	slices.SortFunc(grown, func(a, b timed) int { return cmp.Compare(a.at, b.at) })
	grown = slices.Insert(grown, 0, timed{x.born, Part{x.node, 0, -1}})
	for i := range grown[1:] {
		grown[i+1].Value += grown[i].Value
	}
	return grown
}

// options returns the parts of a series that were right at some instant since
// the earliest.
func (x reading) options(s []timed) (parts []Part) {
	for i, t := range s {
		if i+1 == len(s) || s[i+1].at > x.earliest {
			parts = append(parts, t.Part)
		}
	}
	return parts
}

// gives reports whether a formula gives a read's value, with what was right when
// it was answered.
func (r *Run) gives(f Formula, read int) bool {
	x := r.reading(read)
	sum, value := int64(0), r.op(read).Int()
	all := x.series(f)
	for _, s := range all {
		if f.How == ToldOnce && slices.ContainsFunc(s, func(t timed) bool { return t.Value == value }) {
			return true
		}
		sum += s[len(s)-1].Value
	}
	if !f.own() {
		return len(all) > 0 && sum == value
	}
	acked, arrived := x.ownAdds(true), x.ownAdds(false)
	return all != nil && (sum+acked[len(acked)-1].Value == value || sum+arrived[len(arrived)-1].Value == value)
}

// explained returns how many reads of more than 0 a formula explains, of how
// many.
func (r *Run) explained(f Formula) (n, of int) {
	if found, ok := r.fits[f]; ok {
		return found[0], found[1]
	}
	for i, op := range r.History {
		if op.F == "read" && op.Outcome == maelstromtest.OK && op.Int() > 0 && r.firstReply(i) != nil {
			of++
			if r.gives(f, i) {
				n++
			}
		}
	}
	r.fits[f] = [2]int{n, of}
	return n, of
}

// makes reports whether a sum of numbers that messages have told a node, one of
// each or all of it, is a value.
func (r *Run) makes(messages []int, value int64) bool {
	sums := map[int64]bool{0: true}
	for _, id := range messages {
		m := r.message(id)
		told := m.numbers()
		if isService(m.src) {
			told = tells(r.questionOf(m), m)
		}
		all, next := int64(0), map[int64]bool{}
		for _, n := range told {
			all += n
		}
		for sum := range sums {
			next[sum+all] = true
			for _, n := range told {
				next[sum+n] = true
			}
		}
		sums = next
	}
	return sums[value]
}
