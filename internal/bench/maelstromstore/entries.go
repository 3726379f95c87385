package maelstromstore

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/service"
)

// entries calls do with each entry of the journal.
func (r *reader) entries(do func(journal.Entry)) {
	others, answers, started := r.others(), maps.Clone(r.answers), map[string]bool{}
	for i, e := range r.events {
		for len(others) > 0 && others[0].before <= i {
			do(others[0].Entry)
			others = others[1:]
		}
		m, entry := e.msg, journal.Entry{Time: r.since(e.at), ID: int(e.msg.id), Src: e.msg.src, Dest: e.msg.dest}
		if m.kind == "init" && !started[m.dest] {
			started[m.dest] = true
			do(journal.Entry{Time: entry.Time, What: journal.Started, Node: m.dest})
		}
		say := func(what journal.What, body journal.Raw, a *journal.Answer) {
			entry.What, entry.Body, entry.Answer = what, body, a
			do(entry)
		}
		if !e.recv || m.sent == 0 { // of an init, it may be that only the receipt was recorded
			say(journal.Sent, m.body, nil)
		}
		if e.recv {
			say(journal.Received, m.body, nil)
		} else if r.blocked(m) {
			say(journal.Blocked, m.body, nil)
		}
		if own := answers[m.dest]; e.recv && len(own) > 0 {
			answers[m.dest] = own[1:]
			if own[0] != nil {
				say(journal.Answered, nil, own[0])
			}
		}
	}
	for _, other := range others {
		do(other.Entry)
	}
}

// An insertion is an entry that is not about a message. It comes before the
// event with an index.
type insertion struct {
	before int
	journal.Entry
}

// others returns what happened beside the messages, in order. The log may go on
// when the journal has ended.
func (r *reader) others() (all []insertion) {
	end := r.log.last
	if n := len(r.events); n > 0 {
		end = r.since(r.events[n-1].at)
	}
	add := func(at time.Duration, e journal.Entry) {
		e.Time = at
		all = append(all, insertion{r.indexAt(at), e})
	}
	if !r.ended {
		add(end, journal.Entry{What: journal.Gap, Omitted: &journal.Omission{Until: end, Missing: true}})
	}
	for _, c := range r.log.cuts {
		for _, dest := range slices.Sorted(maps.Keys(c.deaf)) {
			for _, src := range slices.Sorted(maps.Keys(c.deaf[dest])) {
				add(c.Start, journal.Entry{What: journal.LinkCut, Src: src, Dest: dest})
				if c.Stop >= 0 {
					add(c.Stop, journal.Entry{What: journal.LinkMends, Src: src, Dest: dest})
				}
			}
		}
	}
	for _, m := range r.log.lives.Mutes {
		add(m.At, journal.Entry{What: journal.Muted, Node: m.Node, Text: m.Line, Why: m.Why})
	}
	for _, e := range r.log.stderr {
		add(e.Time, e)
	}
	for _, c := range r.log.lives.Crashes {
		add(max(end, r.log.last), journal.Entry{What: journal.Crashed, Node: c.Node, Text: c.Why})
	}
	slices.SortStableFunc(all, func(a, b insertion) int { return cmp.Or(a.before-b.before, cmp.Compare(a.Time, b.Time)) })
	return all
}

// indexAt returns the index of the first event that is later than a time of the
// history.
func (r *reader) indexAt(at time.Duration) int {
	i, _ := slices.BinarySearchFunc(r.events, at+1, func(e event, at time.Duration) int { return cmp.Compare(r.since(e.at), at) })
	return i
}

// lastSent returns the index of the last event in which a node sent something,
// or -1.
func (r *reader) lastSent(node string) int {
	for i, e := range slices.Backward(r.events) {
		if !e.recv && e.msg.src == node {
			return i
		}
	}
	return -1
}

// blocked reports whether a message met a link that was cut: it was not
// received, its receiver received something that was sent later, and there was
// such a cut. Maelstrom looks at the cuts when it takes a message out of the
// receiver's queue, where it has lain for as long as its latency.
func (r *reader) blocked(m *message) bool {
	if m.recv != 0 || m.sent > r.latest[m.dest] {
		return false
	}
	sent := r.since(r.events[m.sent-1].at)
	taken := sent + time.Second + 10*r.cfg.Latency // at the latest
	return slices.ContainsFunc(r.log.cuts, func(c cut) bool {
		return c.deaf[m.dest][m.src] && c.Start <= taken && (c.Stop < 0 || sent <= c.Stop)
	})
}

// replay finds out how services came to their answers. A service has one
// thread, so its answer to a request comes before its next request.
func (r *reader) replay() {
	replays, inHand := map[string]*service.Replay{}, map[string]*message{}
	handle := func(name string, reply *message) {
		request := inHand[name]
		if request == nil {
			return
		}
		var body journal.Raw
		if reply != nil && reply.dest == request.src && reply.inReplyTo == cmp.Or(request.msgID, "null") {
			body = reply.body
		}
		replays[name].Handle(request.src, request.body, body)
		delete(inHand, name)
	}
	for _, name := range service.Names {
		if replay := service.NewReplay(name); replay != nil {
			replays[name] = replay
		}
	}
	for _, e := range r.events {
		if !e.recv {
			handle(e.msg.src, e.msg)
		} else if replays[e.msg.dest] != nil {
			handle(e.msg.dest, nil)
			inHand[e.msg.dest] = e.msg
		}
	}
	r.answers = map[string][]*journal.Answer{}
	for _, name := range slices.Sorted(maps.Keys(replays)) {
		handle(name, nil)
		r.answers[name] = replays[name].Answers()
		r.Notes = append(r.Notes, replays[name].Notes()...)
	}
}
