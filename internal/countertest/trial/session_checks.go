package trial

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/ledger"
)

// An episode is what one node is told and asked until it has answered all.
type episode struct {
	total int64 // at the beginning
	asks  int   // how many folds the node had handed to the hostile one at the beginning

	said    string        // the lines of the noise
	noted   bool          // they have a request, or the answer to a fold
	open    []*request    // those without an answer
	folds   []ledger.Fold // of the noise
	lies    []int64       // the totals in the hostile node's answers to this episode's folds
	held    bool          // the hostile node has answered an earlier fold than the last
	excused bool          // the good request has failed because of what the hostile node has said
	moves   []int64       // by how much the total may have moved
}

// A request is one that a node has to answer.
type request struct {
	client string
	id     int
	typ    string
	good   bool // it must be served
	// Another has the same client and number, so which answer is whose cannot
	// be told.
	twin  bool
	fold  ledger.Fold // of a combine; of an add only the delta
	made  time.Time
	total int64 // the stored total when it was made
}

func (s *session) begin(n *member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.episode = episode{total: s.value.Total, asks: len(n.asks), moves: []int64{0}}
}

// end checks that the total has moved as the answers say. It reports whether
// the noise could do anything.
func (s *session) end() (noted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if moved := s.value.Total - s.total; !slices.Contains(s.moves, moved) {
		s.t.Errorf("%q moved the total by %d; it might by %v", s.said, moved, s.moves)
	}
	return s.noted
}

// note works out what a line of the noise is. It reports whether n may get it.
func (s *session) note(n *member, line string) (deliver bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said += line + "\n"
	var m maelstrom.Message
	if json.Unmarshal(bytes.TrimSpace([]byte(line)), &m) != nil || m.Src == "" || m.Dest != n.name {
		return true
	}
	var body maelstrom.MessageBody
	err := json.Unmarshal(m.Body, &body)
	if err == nil && body.InReplyTo != 0 {
		return s.noteReply(n, m, body.InReplyTo)
	}
	var ids struct {
		MsgID     *int             `json:"msg_id"`
		InReplyTo *json.RawMessage `json:"in_reply_to"`
	}
	if json.Unmarshal(m.Body, &ids) == nil && ids.MsgID != nil && (err == nil || ids.InReplyTo == nil) {
		s.noted = true
		s.expect(n, &request{client: m.Src, id: *ids.MsgID, typ: body.Type}, m.Body)
	}
	return true
}

// noteReply works out what a reply is: nothing, unless it is the hostile node's
// first one to a fold.
func (s *session) noteReply(n *member, m maelstrom.Message, to int) (deliver bool) {
	i := slices.IndexFunc(n.asks, func(a ask) bool { return a.MsgID == to })
	if m.Src != s.peer || i < 0 || n.asks[i].answered {
		return i < 0 || m.Src != n.other.name && m.Src != maelstrom.SeqKV
	}
	n.asks[i].answered, s.noted = true, true
	s.held = s.held || i < len(n.asks)-1
	var lie struct {
		Type  string
		Total int64
	}
	err := json.Unmarshal(m.Body, &lie)
	// This cannot fail for a good node's fold.
	delta, _ := strconv.ParseInt(n.asks[i].Field("delta"), 10, 64)
	if err == nil && lie.Type == "combine_ok" && i >= s.asks && delta <= lie.Total && lie.Total <= ledger.Max {
		s.lies = append(s.lies, lie.Total)
	}
	return true
}

// expect notes a request that n is about to get.
func (s *session) expect(n *member, r *request, body json.RawMessage) {
	r.made, r.total = time.Now(), s.value.Total
	for _, o := range s.open {
		if o.client == r.client && o.id == r.id {
			o.twin, r.twin = true, true
		}
	}
	s.open = append(s.open, r)
	switch r.typ {
	case "add":
		var fields map[string]json.RawMessage // in which "Delta" is another field
		_ = json.Unmarshal(body, &fields)
		// If this fails, the fold must not count.
		r.fold.Delta, _ = strconv.ParseInt(string(fields["delta"]), 10, 64)
	case "combine":
		r.fold.Node = r.client
		err := json.Unmarshal(body, &r.fold)
		if err == nil && (r.client == s.peer || r.client == n.other.name) && !slices.Contains(s.folds, r.fold) {
			s.folds = append(s.folds, r.fold)
		}
	}
}

// hear takes what a node has written. It notes a fold for the hostile node, and
// checks an answer, to whomever.
func (s *session) hear(n *member, line []byte) {
	p, err := maelstromtest.ParsePacket(line)
	if err != nil || p.Src != n.name {
		s.t.Errorf("%q: %s wrote %s: %v", s.said, n.name, line, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.MsgID != 0 { // it is a request
		if p.Type == "combine" && p.Dest == s.peer {
			n.asks = append(n.asks, ask{Packet: p})
		}
		return
	}
	i := slices.IndexFunc(s.open, func(r *request) bool { return r.client == p.Dest && r.id == p.InReplyTo })
	if i < 0 {
		if p.Dest != n.other.name && p.Dest != "c0" { // which have asked by themselves, c0 for init
			s.t.Errorf("%q: nobody has asked for %s", s.said, p)
		}
		return
	}
	r := s.open[i]
	s.open = slices.Delete(s.open, i, i+1)
	if took := time.Since(r.made); !r.twin && (took > answerTime || !s.isTrue(n, r, p)) {
		s.t.Errorf("%q: with the total %d, %+v was answered %s after %v", s.said, s.value.Total, *r, p, took)
	}
	switch {
	case r.typ == "combine":
		n.other.outlived = n.other.outlived || p.Type == "combine_ok" && r.client == n.other.name
	case len(s.lies) > 0 || r.twin || p.Type == "error" && p.Code == maelstrom.Timeout:
		s.moves = sums(s.moves, 0, r.fold.Delta)
	case p.Type == "add_ok":
		s.moves = sums(s.moves, r.fold.Delta)
	}
	if r.good && p.Type != "error" {
		n.outlived = false
	}
}

// isTrue reports whether an answer is true of the totals.
func (s *session) isTrue(n *member, r *request, p maelstromtest.Packet) bool {
	switch total, _ := strconv.ParseInt(p.Field("value")+p.Field("total"), 10, 64); {
	case p.Type == "error":
		return s.mayFail(n, r, p.Code)
	case p.Type != r.typ+"_ok":
		return false
	case r.typ == "read":
		return r.total <= total && total <= s.value.Total || slices.Contains(s.lies, total)
	case r.typ == "combine":
		standing := s.value.Standing(r.fold)
		// A later life may have come right behind it.
		in := standing == ledger.Applied || standing == ledger.Outlived
		return in && 0 <= total && total <= s.value.Total
	}
	return true
}

// mayFail reports whether a request may be answered with an error.
func (s *session) mayFail(n *member, r *request, code int) bool {
	switch {
	case code == maelstrom.Abort: // it does not fit, or a later life has taken over
		return r.fold.Delta > ledger.Max-s.value.Total || s.value.Standing(r.fold) == ledger.Outlived
	case !r.good:
		return true
	case code == maelstrom.Timeout && n.outlived:
		n.outlived, s.excused = false, true
	case code == maelstrom.Timeout, code == maelstrom.TemporarilyUnavailable:
		s.excused = s.held
	}
	return s.excused
}

// observe checks what the store holds now. Each receipt that has moved must be
// of a fold of the noise, or of a good node's own, which is made of requests.
func (s *session) observe(raw string) {
	if raw == s.raw {
		return
	}
	before := s.value
	now, err := ledger.Parse([]byte(raw))
	if err != nil || now.Total < before.Total || len(now.Receipts) < len(before.Receipts) {
		s.t.Errorf("after %q the store holds %s instead of %+v: %v", s.said, raw, before, err)
	}
	s.raw, s.value = raw, now
	for node, r := range now.Receipts {
		last, known := before.Receipts[node], node == s.good[0].name || node == s.good[1].name
		for _, f := range s.folds {
			mark := ledger.Receipt{Life: f.Life, Seq: f.Seq}
			if f.Node == node && later(mark, last) && !later(mark, r) {
				s.moves = sums(s.moves, 0, f.Delta)
				known = known || mark == r
			}
		}
		if r != last && !(known && later(r, last)) {
			s.t.Errorf("after %q the store holds %s, in which the receipt of %s is not of a new fold", s.said, raw, node)
		}
	}
}

// later reports whether a receipt is of a later fold than another.
func later(r, than ledger.Receipt) bool {
	return cmp.Or(r.Life.Compare(than.Life), cmp.Compare(r.Seq, than.Seq)) > 0
}

// sums returns all sums of an element of xs and one of ys.
func sums(xs []int64, ys ...int64) (all []int64) {
	for _, x := range xs {
		for _, y := range ys {
			all = append(all, x+y)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
