package claim

import (
	"cmp"
	"encoding/json"
	"maps"
	"regexp"
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
	last := &message{}
	for q := range r.sent(m.dest, 0, m.sent) {
		if q.dest == m.src && r.answers(m, q) {
			last = q
		}
	}
	return last
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

// told returns what the node had been told from a position on.
func (x reading) told(from int) []number {
	all := x.numbersTo(x.node)
	after := func(at int) int {
		return sort.Search(len(all), func(i int) bool { return all[i].at > at })
	}
	return all[after(from):after(x.answer)]
}

// A timed is a part from a position on, until the next of its label.
type timed struct {
	at int
	Part
}

// series returns the parts of a sum as they changed until the answer, by label,
// without own adds.
func (x reading) series(f Formula) map[string][]timed {
	all := map[string][]timed{}
	last := map[string]Part{}
	for _, n := range x.told(f.since(x)) {
		if label, changed := f.follow(last, n, x.node); changed {
			all[label] = append(all[label], timed{n.at, last[label]})
		}
	}
	if !f.fits(x, len(all)) {
		return nil
	}
	return all
}

// since returns from where on what a node was told counts.
func (f Formula) since(x reading) int {
	if shapes[f.How].windowed {
		return x.window
	}
	return x.born
}

// follow brings the last part of each label up to date with one more number.
func (f Formula) follow(last map[string]Part, n number, node string) (label string, changed bool) {
	label, of, ok := f.label(n, node)
	p, had := last[label]
	switch {
	case !ok || f.How == PeersMost && had && p.Value >= n.value:
		return label, false
	case f.How == Deltas:
		last[label] = Part{of, p.Value + n.value, -1}
	default:
		last[label] = Part{of, n.value, n.message}
	}
	return label, true
}

// fits reports whether a formula makes sense for a read for which it has some
// number of parts beside own adds.
func (f Formula) fits(x reading, parts int) bool {
	if f.How == OwnAlone {
		return f.sound() && !slices.ContainsFunc(x.told(x.window), func(n number) bool { return n.service == "" })
	}
	return f.sound() && parts > 0
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

// addsAt returns the adds that a node acknowledged, or that reached it, in
// order.
func (r *Run) addsAt(node string, acked bool) []timed {
	key := say("%s %v", node, acked)
	if found, ok := r.own[key]; ok {
		return found
	}
	found := []timed{}
	for i, op := range r.History {
		at := -1
		if m := r.firstReply(i); acked && op.Outcome == verdict.OK && m != nil && m.src == node {
			at = m.sent
		} else if !acked && op.Node == node && r.requests[i] >= 0 {
			at = r.request(i).arrival()
		}
		if op.F == "add" && at >= 0 {
			found = append(found, timed{at, Part{node, r.delta(i), -1}})
		}
	}
	slices.SortFunc(found, func(a, b timed) int { return cmp.Compare(a.at, b.at) })
	r.own[key] = found
	return found
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
	var reads []reading
	for i, op := range r.History {
		if op.F == "read" && op.Outcome == verdict.OK && op.Int() > 0 && r.firstReply(i) != nil {
			reads = append(reads, r.reading(i))
		}
	}
	slices.SortFunc(reads, func(a, b reading) int {
		return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.answer, b.answer))
	})
	last, from := map[string]Part{}, 0
	for i, x := range reads {
		if shapes[f.How].windowed || i == 0 || reads[i-1].node != x.node || reads[i-1].born != x.born {
			last, from = map[string]Part{}, f.since(x)
		}
		for _, n := range x.told(from) {
			f.follow(last, n, x.node)
		}
		if from = x.answer; x.gives(f, last) {
			n++
		}
	}
	r.fits[f] = [2]int{n, len(reads)}
	return n, len(reads)
}

// gives reports whether a formula gives a read's value with the last part of
// each label.
func (x reading) gives(f Formula, last map[string]Part) bool {
	if f.How == ToldOnce {
		return f.sound() && slices.ContainsFunc(x.told(x.window), func(n number) bool {
			_, _, ok := f.label(n, x.node)
			return ok && n.value == x.value
		})
	}
	sum := int64(0)
	for _, p := range last {
		sum += p.Value
	}
	if !f.fits(x, len(last)) || !shapes[f.How].own {
		return f.fits(x, len(last)) && sum == x.value
	}
	acked, arrived := x.ownAdds(true), x.ownAdds(false)
	return sum+acked[len(acked)-1].Value == x.value || sum+arrived[len(arrived)-1].Value == x.value
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
