package trial

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
)

// The greatest boot and the greatest of all other numbers that a node takes
// from another: 2^52 + 2^51, and 2^53-1.
const (
	maxBoot   = 6_755_399_441_055_744
	maxNumber = 9_007_199_254_740_991
)

// maxName is the greatest length of a client's name.
const maxName = 1 << 10

// A mark tells a fold from the other folds of its node. A receipt holds the
// mark of a fold.
type mark struct{ Boot, Nonce, Seq int64 }

// valid reports whether a mark is in range, if maxBoot is the greatest boot.
func (m mark) valid(maxBoot int64) bool {
	return within(m.Boot, 1, maxBoot) && within(m.Nonce, 0, maxNumber) && within(m.Seq, 1, maxNumber)
}

// compare is positive if a fold is of a later life than another, or a later one
// of the same life.
func (m mark) compare(o mark) int {
	return slices.Compare([]int64{m.Boot, m.Nonce, m.Seq}, []int64{o.Boot, o.Nonce, o.Seq})
}

// life returns the mark without the number of the fold.
func (m mark) life() mark { return mark{m.Boot, m.Nonce, 0} }

// A value is what the store holds.
type value struct {
	Total    int64
	Receipts map[string]mark
}

// parseValue parses a stored value. It returns an error if the good nodes
// cannot have stored it.
func parseValue(raw []byte) (v value, err error) {
	err = json.Unmarshal(raw, &v)
	valid := within(v.Total, 0, maxNumber)
	for _, m := range v.Receipts {
		valid = valid && m.valid(maxNumber)
	}
	if err == nil && !valid {
		err = errors.New("out of range")
	}
	return v, err
}

// A key says whom to answer, and about which request.
type key struct {
	client string
	id     int
}

func (a answer) to() key { return key{a.Dest, a.Body.InReplyTo} }

func (a answer) is(typ string, code int) bool { return a.Body.Type == typ && a.Body.Code == code }

// A request is one that a node has to answer.
type request struct {
	key
	what  string // an "add", a "read", a "fold", an "init", or what is "refused"
	delta int64
	fold  mark
	code  int // the error that it is refused with
	older int // the noise's older when the request was made
	made  time.Time
}

// A noise is what was said to a node in one step, and what must follow from it.
type noise struct {
	*session
	n, other *member
	began    time.Time
	before   value

	text     string // all lines
	requests []request
	maybe    map[key]int // how many requests may be answered too, with an error
	heeded   bool        // a line has made the node do something
	lies     []int64     // the totals in the hostile node's answers to this step's folds
	older    int         // how many earlier folds the hostile node has answered; with each, the wait for the last one begins anew
}

func newNoise(s *session, n, other *member) *noise {
	s.mu.Lock()
	s.heard = nil
	s.mu.Unlock()
	return &noise{session: s, n: n, other: other, began: time.Now(), before: s.stored(), maybe: map[key]int{}}
}

// take works out what must follow from a line that the node is about to get. It
// reports whether the node may get it. The hostile node knows the numbers of
// the folds that it was handed, but must not use them in the name of the store
// or of the other good node.
func (o *noise) take(line string) (deliver bool) {
	o.text += line + "\n"
	raw := bytes.TrimSpace([]byte(line))
	var m maelstrom.Message
	if json.Unmarshal(raw, &m) != nil {
		return true
	}
	var ids struct {
		MsgID     *int             `json:"msg_id"`
		InReplyTo *json.RawMessage `json:"in_reply_to"`
	}
	idErr := json.Unmarshal(m.Body, &ids)
	var body maelstrom.MessageBody
	if json.Unmarshal(m.Body, &body) != nil {
		if ids.MsgID != nil && ids.InReplyTo == nil {
			o.maybe[key{m.Src, *ids.MsgID}]++
			o.heeded = true
		}
		return true
	}
	switch {
	case m.Src == "" || m.Dest != o.n.name:
	case body.InReplyTo != 0:
		return o.takeReply(m, body)
	case idErr == nil && ids.MsgID != nil:
		r := request{key: key{m.Src, body.MsgID}, older: o.older, made: time.Now()}
		r.read(m, body.Type, o)
		o.requests, o.heeded = append(o.requests, r), true
	}
	return true
}

// read works out what a request asks for, and how it must be answered.
func (r *request) read(m maelstrom.Message, typ string, o *noise) {
	r.what = "refused"
	if len(m.Src) > maxName {
		r.code = maelstrom.MalformedRequest
		return
	}
	switch typ {
	case "add":
		var body map[string]json.RawMessage // in which "Delta" is another field
		_ = json.Unmarshal(m.Body, &body)   // cannot fail, as take has done it before
		delta, err := strconv.ParseInt(string(body["delta"]), 10, 64)
		if r.code = maelstrom.MalformedRequest; err == nil && within(delta, 0, maxNumber) {
			r.what, r.delta, r.code = "add", delta, 0
		}
	case "read":
		r.what = "read"
	case "combine":
		var body struct {
			mark
			Delta int64
		}
		err := json.Unmarshal(m.Body, &body)
		if r.code = maelstrom.MalformedRequest; err == nil && (m.Src == o.peer || m.Src == o.other.name) && body.valid(maxBoot) && within(body.Delta, 0, maxNumber) {
			r.what, r.delta, r.fold, r.code = "fold", body.Delta, body.mark, 0
		}
	case "init":
		var body maelstrom.InitMessageBody
		err := json.Unmarshal(m.Body, &body)
		ids, _ := json.Marshal(body.NodeIDs) // cannot fail for strings
		if r.code = maelstrom.MalformedRequest; err == nil && body.NodeID == o.n.name && string(ids) == cluster {
			r.what, r.code = "init", 0
		}
	default:
		r.code = maelstrom.NotSupported
	}
}

func within(n, least, most int64) bool { return least <= n && n <= most }

// takeReply works out what must follow from a reply: nothing, unless it answers
// a fold of the node.
func (o *noise) takeReply(m maelstrom.Message, body maelstrom.MessageBody) (deliver bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	asks := o.n.asks
	i := slices.IndexFunc(asks, func(a ask) bool { return a.id == body.InReplyTo })
	if m.Src != o.peer || i < 0 || asks[i].answered {
		return i < 0 || m.Src != o.other.name && m.Src != "seq-kv"
	}
	asks[i].answered, o.heeded = true, true
	if i < len(asks)-1 {
		o.older++
	}
	var reply struct{ Total int64 }
	err := json.Unmarshal(m.Body, &reply)
	if err == nil && body.Type == "combine_ok" && !asks[i].sent.Before(o.began) && within(reply.Total, asks[i].delta, maxNumber) {
		o.lies = append(o.lies, reply.Total)
	}
	return true
}

// judge checks the answers to the requests, and that the total has moved as
// they say.
func (o *noise) judge() {
	o.t.Helper()
	after := o.stored()
	answers := map[key][]answer{}
	for _, a := range o.hears(o.requests) {
		answers[a.to()] = append(answers[a.to()], a)
	}
	open := map[key]int{}     // how many requests have each key
	folds := map[string]int{} // how many folds each node has sent
	moves, totals := []int64{0}, []int64{o.before.Total}
	for _, r := range o.requests {
		open[r.key]++
		if r.what == "fold" {
			folds[r.client]++
		}
		totals = sums(totals, []int64{0, r.delta})
	}
	for k, as := range answers {
		if n := open[k]; len(as) < n || len(as) > n+o.maybe[k] {
			o.t.Errorf("%q: %d requests of %v have %d answers: %+v", o.text, n, k, len(as), as)
		}
	}
	for _, r := range o.requests {
		as := answers[r.key]
		switch {
		case len(as) == 0:
			o.t.Errorf("%q: %+v has no answer", o.text, r)
		case len(as) > 1 || o.maybe[r.key] > 0: // which of them answers this request cannot be told
			moves = sums(moves, []int64{0, r.delta})
			o.done(r, slices.ContainsFunc(as, func(a answer) bool { return a.Body.Type == "combine_ok" }))
		default:
			if a := as[0]; a.at.Sub(r.made) > answerTime {
				o.t.Errorf("%q: %+v was answered after %v", o.text, r, a.at.Sub(r.made))
			}
			moves = sums(moves, o.moves(r, as[0], after, totals, folds[r.client] == 1))
		}
	}
	if got := after.Total - o.before.Total; !slices.Contains(moves, got) {
		o.t.Errorf("%q moved the total from %d to %d; it might by %v: %+v were answered %+v", o.text, o.before.Total, after.Total, moves, o.requests, answers)
	}
}

// sums returns all sums of an element of xs and an element of ys.
func sums(xs, ys []int64) (all []int64) {
	for _, x := range xs {
		for _, y := range ys {
			all = append(all, x+y)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// moves returns the amounts by which an answered request may have moved the
// total. The argument totals has at least all totals that there may have been
// when the request was answered. The request is alone if it is the only fold of
// its node in this step.
func (o *noise) moves(r request, a answer, after value, totals []int64, alone bool) []int64 {
	o.t.Helper()
	wrong := func() []int64 {
		o.t.Errorf("%q moved the total from %d to %d, and %+v was answered %+v", o.text, o.before.Total, after.Total, r, a.Body)
		return []int64{0, r.delta}
	}
	nothing, all, either := []int64{0}, []int64{r.delta}, []int64{0, r.delta}
	code := -1 // of an error
	if a.Body.Type == "error" {
		code = a.Body.Code
	}
	full := code == maelstrom.Abort && r.delta > maxNumber-after.Total
	switch {
	case r.what == "refused" && code == r.code, r.what == "init" && a.Body.Type == "init_ok":
		return nothing
	case r.what == "fold":
		return o.moveOf(r, a, after, full, alone, wrong)
	case code == maelstrom.Timeout && (o.held(r) || o.n.outlived):
		return either
	case code == maelstrom.TemporarilyUnavailable && o.held(r):
		return nothing
	case r.what == "add" && full:
		return nothing
	case r.what == "add" && a.Body.Type == "add_ok":
		o.n.outlived = false
		if len(o.lies) > 0 {
			return either
		}
		return all
	case r.what == "read" && a.Body.Type == "read_ok":
		o.n.outlived = false
		if slices.Contains(o.lies, a.Body.Value) || a.Body.Value <= after.Total && slices.Contains(totals, a.Body.Value) {
			return nothing
		}
	}
	return wrong()
}

// held reports whether the hostile node may have kept the node from swapping by
// itself until a request was late. The node waits for an answer for at most 2
// s. With each answer to an earlier fold, that wait begins anew.
func (o *noise) held(r request) bool { return o.older > r.older+1 || o.older > r.older && o.slow }

// moveOf is the part of moves for a fold.
func (o *noise) moveOf(r request, a answer, after value, full, alone bool, wrong func() []int64) []int64 {
	o.t.Helper()
	done := append(slices.Clip(o.folds[r.client]), o.before.Receipts[r.client])
	last := slices.MaxFunc(done, mark.compare)
	contained := slices.ContainsFunc(done, func(d mark) bool { return d.life() == r.fold.life() && d.Seq >= r.fold.Seq })
	switch total := a.Body.Total; {
	case a.Body.Type == "error" && a.Body.Code == maelstrom.Abort:
		switch {
		case !alone: // it may be in, and a later life right behind it; the stored value tells its node
			return []int64{0, r.delta}
		case full, last.life().compare(r.fold.life()) > 0:
			return []int64{0}
		}
	case a.Body.Type != "combine_ok" || !within(total, 0, after.Total):
	case !alone:
		o.done(r, true)
		return []int64{0, r.delta}
	case r.fold.compare(last) > 0:
		o.done(r, true)
		if after.Receipts[r.client] == r.fold && total >= r.delta {
			return []int64{r.delta}
		}
	case contained:
		return []int64{0}
	}
	return wrong()
}

// done notes that a request was done, if it is a fold.
func (o *noise) done(r request, done bool) {
	if r.what != "fold" || !done {
		return
	}
	o.folds[r.client] = append(o.folds[r.client], r.fold)
	if r.client == o.other.name {
		o.other.outlived = true
	}
}
