package claim

import (
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"maelstrom-counter/internal/bench/verdict"
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
	for _, m := range r.got[node] {
		if isClient(m.src) {
			continue
		}
		n := number{at: m.arrival(), message: m.id, src: m.src, kind: m.kind}
		if isService(m.src) {
			n.service, n.key = m.src, r.questionOf(m).key
		}
		for path, value := range r.tells(m) {
			n.path, n.value = path, value
			found = append(found, n)
		}
	}
	r.memory[node] = found
	return found
}

// tells returns the numbers that a message tells a node.
func (r *Run) tells(m *message) map[string]int64 {
	if isNode(m.src) {
		return m.numbers()
	}
	if code(m) == 20 && r.questionOf(m).kind == "read" {
		return map[string]int64{"": 0}
	}
	value, _ := r.valueTold(m)
	return numbers(value)
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

// label says which part of a node's sum a number is, and whose it is. The
// part's label is empty if there is only one.
func (f Formula) label(n number, node string) (label, of string, ok bool) {
	sent := n.service == "" && n.kind == f.Type
	last := n.path[strings.LastIndex(n.path, ".")+1:]
	switch s := shapes[f.How]; s.of {
	case oneNumber:
		if f.Key != "" {
			wrote := n.kind == "cas_ok" || n.kind == "write_ok"
			return "", n.of(), n.service+" "+n.key == f.Key && n.path == f.Path && (f.How != CachedRead || !wrote)
		}
		return "", n.src, sent && n.path == f.Path
	case eachKey:
		others := !s.own || !mentions(n.key+n.path, node)
		return n.of(), n.of(), n.service != "" && (f.Path == "" || last == f.Path) && others
	case eachPeer:
		return n.src, n.src, sent && n.path == f.Path
	case eachNode:
		others := !s.own || last != node
		return last, last, sent && isNode(last) && n.path == join(f.Path, last) && others
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

// single reports whether a formula is one number.
func (f Formula) single() bool { return shapes[f.How].of == oneNumber }

// sound reports whether a formula has the fields that it needs, and no others.
func (f Formula) sound() bool {
	s := shapes[f.How]
	ofPeers := f.single() && f.Key == "" || s.of == eachPeer || s.of == eachNode
	return s.text != "" && ofPeers == (f.Type != "") && (f.single() || f.Key == "") && (s.of != nobody || f.Path == "")
}

// A reading is a node's answer to a read.
type reading struct {
	*Run
	node     string
	value    int64
	born     int // where the node's life began
	earliest int // 10 ms before the request arrived
	window   int // where that was
	answer   int
}

func (r *Run) reading(read int) reading {
	op, reply := r.read(read)
	window := max(r.request(read).arrival(), 0)
	x := reading{r, reply.src, op.Int(), r.born(reply.src, reply.sent), window, window, reply.sent}
	since := r.Journal[window].Time - 10*time.Millisecond
	for x.earliest > x.born && r.Journal[x.earliest].Time > since {
		x.earliest--
	}
	return x
}

// A timed is a part from a position on, until the next of its label.
type timed struct {
	at int
	Part
}

// A lifetime is a formula in a life of a node.
type lifetime struct {
	Formula
	node string
	born int
}

// parts returns the parts of a formula's sums, by label, as they changed in a
// node's life, without own adds.
func (r *Run) parts(f Formula, node string, born int) map[string][]timed {
	l := lifetime{f, node, born}
	if found, ok := r.lifetimes[l]; ok {
		return found
	}
	all := map[string][]timed{}
	for _, n := range r.numbersTo(node) {
		label, of, ok := f.label(n, node)
		if !ok || r.born(node, n.at) != born {
			continue
		}
		part := Part{of, n.value, n.message}
		if f.How == Deltas {
			part.Message = -1
		}
		if known := all[label]; len(known) > 0 {
			switch last := known[len(known)-1].Value; {
			case f.How == Deltas:
				part.Value += last
			case f.How == PeersMost && last >= n.value:
				continue
			}
		}
		all[label] = append(all[label], timed{n.at, part})
	}
	r.lifetimes[l] = all
	return all
}

// series returns the parts that count for the read, as they changed until the
// answer. It reports whether the formula makes sense for the read.
func (x reading) series(f Formula) (told map[string][]timed, ok bool) {
	since := x.born
	if shapes[f.How].windowed {
		since = x.window
	}
	told = map[string][]timed{}
	for label, parts := range x.parts(f, x.node, x.born) {
		after := func(at int) int {
			return sort.Search(len(parts), func(i int) bool { return parts[i].at > at })
		}
		if now := parts[after(since):after(x.answer)]; len(now) > 0 {
			told[label] = now
		}
	}
	if f.How == OwnAlone {
		return told, f.sound() && !slices.ContainsFunc(x.numbersTo(x.node), func(n number) bool {
			return x.window < n.at && n.at < x.answer && n.service == ""
		})
	}
	return told, f.sound() && len(told) > 0
}

// ownAdds returns the sum of the node's own adds in this life, as it grew: of
// those that it had acknowledged, or that had reached it.
func (x reading) ownAdds(acked bool) []timed {
	grown := []timed{{x.born, Part{x.node, 0, -1}}}
	for _, t := range x.addsAt(x.node, acked) {
		if x.born < t.at && t.at < x.answer {
			t.Value += grown[len(grown)-1].Value
			grown = append(grown, t)
		}
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

// explained returns how many reads of more than 0 a formula explains with the
// last numbers when each was answered, of how many.
func (r *Run) explained(f Formula) (n, of int) {
	if found, ok := r.fits[f]; ok {
		return found[0], found[1]
	}
	for i, op := range r.History {
		if op.F == "read" && op.Outcome == verdict.OK && op.Int() > 0 && r.firstReply(i) != nil {
			if of++; r.reading(i).gives(f) {
				n++
			}
		}
	}
	r.fits[f] = [2]int{n, of}
	return n, of
}

// gives reports whether a formula gives a read's value with the last part of
// each label.
func (x reading) gives(f Formula) bool {
	told, ok := x.series(f)
	if f.How == ToldOnce {
		return ok && slices.ContainsFunc(told[""], func(t timed) bool { return t.Value == x.value })
	}
	sum := int64(0)
	for _, parts := range told {
		sum += parts[len(parts)-1].Value
	}
	if !shapes[f.How].own {
		return ok && sum == x.value
	}
	acked, arrived := x.ownAdds(true), x.ownAdds(false)
	return ok && (sum+acked[len(acked)-1].Value == x.value || sum+arrived[len(arrived)-1].Value == x.value)
}

// makes reports whether a sum of numbers that messages have told a node, one of
// each or all of it, is a value.
func (r *Run) makes(messages []int, value int64) bool {
	sums := map[int64]bool{0: true}
	for _, id := range messages {
		told, next := r.tells(r.message(id)), map[int64]bool{}
		for sum := range sums {
			next[sum+total(told)] = true
			for _, n := range told {
				next[sum+n] = true
			}
		}
		sums = next
	}
	return sums[value]
}

// formulas returns all formulas that speak of what nodes were told in a run.
func (r *Run) formulas() []Formula {
	found := map[Formula]bool{{How: OwnAlone}: true}
	for node := range r.starts {
		for _, n := range r.numbersTo(node) {
			group, last := "", n.path
			if i := strings.LastIndex(n.path, "."); i >= 0 {
				group, last = n.path[:i], n.path[i+1:]
			}
			for how := range shapes {
				for _, f := range []Formula{
					{How: how, Key: n.service + " " + n.key, Path: n.path}, {How: how}, {How: how, Path: last},
					{How: how, Type: n.kind, Path: n.path}, {How: how, Type: n.kind, Path: group},
				} {
					if _, _, ok := f.label(n, "nobody"); ok && f.sound() {
						found[f] = true
					}
				}
			}
		}
	}
	return slices.Collect(maps.Keys(found))
}
