package maelstromstore

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"maelstrom-counter/internal/bench/fressian"
	"maelstrom-counter/internal/bench/journal"
)

// An event is a message that was sent or received.
type event struct {
	id      int64
	at      time.Duration // of the JVM's clock; never goes back
	recv    bool
	missing int // how many events of the journal just before this one are missing
	msg     *message
}

// A message, which its two events share.
type message struct {
	id               int64
	src, dest        string
	body             journal.Raw // nil if what is recorded of the message contradicts itself
	kind             string      // its type; empty if this is not a string
	msgID, inReplyTo string      // as JSON; empty if there is none
	sent, recv       int         // 1 + the index of the event; zero if there is none
}

// A netJournal is Maelstrom's journal of its network: what was sent and
// received, in order. It is kept in several files, one for each thread that
// sends or receives. Ids rise within a file; across files they are 0, 1, 2, ...
type netJournal struct {
	events []event
	bytes  int64
	open   bool     // it is not known that the last event was the last of the run
	notes  []string // what is damaged or missing: a sentence each
}

// readJournal reads net-journal. It calls progress, if set, with the bytes that
// have been read and those that there are.
func readJournal(dir fs.FS, progress func(done, total int64)) (*netJournal, error) {
	names, err := fs.Glob(dir, "net-journal/*.fressian")
	if err == nil && len(names) == 0 {
		err = errors.New("it has no journal of the network, net-journal/*.fressian")
	}
	if err != nil {
		return nil, err
	}
	j, done, cut := &netJournal{}, int64(0), 0
	for _, name := range names {
		if info, err := fs.Stat(dir, name); err == nil {
			j.bytes += info.Size()
		}
	}
	r := &journalReader{
		events: make([]event, 0, min(j.bytes/28, 1<<22)), // most take up 28 bytes or more
		limit:  1<<20 + j.bytes/4,
		names:  map[string]string{},
	}
	for _, name := range names {
		err := r.open(dir, name, func(n int) {
			if done += int64(n); progress != nil {
				progress(min(done, j.bytes), j.bytes)
			}
		})
		j.open = j.open || err != nil
		if errors.Is(err, io.ErrUnexpectedEOF) {
			cut++
		} else if err != nil {
			j.notes = append(j.notes, fmt.Sprintf("%s is damaged, and its rest was not used: %v.", name, err))
		}
	}
	if cut > 0 {
		j.notes = append(j.notes, fmt.Sprintf("%d of the %d files of the network's journal were cut off.", cut, len(names)))
	}
	j.events = r.events
	j.settle()
	if len(j.events) == 0 && cut < len(names) {
		return nil, fmt.Errorf("nothing of its journal of the network can be used: %s", j.notes[0])
	}
	if len(j.events) == 0 {
		return nil, errors.New("its journal of the network is empty: the run ended before Maelstrom had written any of it")
	}
	return j, nil
}

// settle puts events in order, leaves out those of messages that contradict
// themselves, and finds what is missing.
func (j *netJournal) settle() {
	slices.SortFunc(j.events, func(a, b event) int { return cmp.Compare(a.id, b.id) })
	j.events = slices.Compact(j.events) // a file may be there twice
	for i, e := range j.events {
		half := e.half()
		if *half != 0 || !e.recv && e.msg.recv != 0 {
			e.msg.body = nil
		}
		*half = i + 1
		if i > 0 && j.events[i-1].id == e.id {
			j.events[i-1].msg.body, e.msg.body = nil, nil
		}
	}
	all := len(j.events)
	j.events = slices.DeleteFunc(j.events, func(e event) bool { return e.msg.body == nil })
	next := int64(0)
	for i := range j.events {
		e := &j.events[i]
		*e.half() = i + 1
		e.missing = int(e.id - next)
		next = e.id + 1
	}
	for i := len(j.events) - 2; i >= 0; i-- { // an id is taken before the clock is read
		j.events[i].at = min(j.events[i].at, j.events[i+1].at)
	}
	if odd := all - len(j.events); odd > 0 {
		j.notes = append(j.notes, fmt.Sprintf("%d events of the network's journal contradict others, and were not used.", odd))
	}
	if missing := next - int64(len(j.events)); missing > 0 {
		j.open = true
		j.notes = append(j.notes, fmt.Sprintf("%d of %d events of the network's journal are missing.", missing, next))
	}
}

// half returns which half of its message an event is.
func (e event) half() *int {
	if e.recv {
		return &e.msg.recv
	}
	return &e.msg.sent
}

// A journalReader reads one file after the other.
type journalReader struct {
	events   []event
	messages []*message        // by id
	limit    int64             // of ids
	names    map[string]string // strings, by their JSON
	bodies   []byte            // where the next ones go

	// The JSON of the message that is being read.
	body, kind, msgID, inReplyTo []byte
}

// open reads a file.
func (r *journalReader) open(dir fs.FS, name string, progress tally) error {
	f, err := dir.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	d, from := fressian.NewDecoder(io.TeeReader(f, progress)), len(r.events)
	d.Entry = r.field
	for d.More() {
		e, err := r.event(d)
		if last := len(r.events) - 1; err == nil && last >= from && (e.id <= r.events[last].id || e.at < r.events[last].at) {
			err = fmt.Errorf("event %d comes after event %d", e.id, r.events[last].id)
		}
		if err != nil {
			if err != io.ErrUnexpectedEOF { // then the event before is not trusted either
				r.events = r.events[:max(from, len(r.events)-1)]
			}
			return err
		}
		r.events = append(r.events, e)
	}
	if d.Err() == nil && len(r.events) == from { // a thread opens its file for an event
		return io.ErrUnexpectedEOF
	}
	return d.Err()
}

// event reads an event.
func (r *journalReader) event(d *fressian.Decoder) (event, error) {
	d.Struct("ev", 4)
	e := event{id: d.Int(), at: time.Duration(d.Int())}
	what := r.string(d)
	e.recv = what == "recv"
	d.Struct("msg", 4)
	id, src, dest := d.Int(), r.string(d), r.string(d)
	r.kind, r.msgID, r.inReplyTo = nil, nil, nil
	r.body = d.AppendJSON(r.body[:0])
	switch {
	case d.Err() != nil:
		return e, d.Err()
	case what != "send" && !e.recv, src == "", dest == "", r.body[0] != '{', min(e.id, id) < 0, max(e.id, id) > r.limit:
		return e, fmt.Errorf("event %d, %.20q of message %d of %.20q for %.20q", e.id, what, id, src, dest)
	case id >= int64(len(r.messages)):
		r.messages = append(r.messages, make([]*message, id+1-int64(len(r.messages)))...)
	}
	e.msg = r.messages[id]
	if e.msg == nil {
		e.msg = r.message(id, src, dest)
		r.messages[id] = e.msg
	} else if e.msg.src != src || e.msg.dest != dest || !bytes.Equal(e.msg.body, r.body) {
		e.msg.body = nil
	}
	return e, nil
}

// message makes a message of what has been read.
func (r *journalReader) message(id int64, src, dest string) *message {
	if cap(r.bodies)-len(r.bodies) < len(r.body) {
		r.bodies = make([]byte, 0, max(1<<16, len(r.body)))
	}
	from := len(r.bodies)
	r.bodies = append(r.bodies, r.body...)
	return &message{
		id: id, src: src, dest: dest, body: r.bodies[from:len(r.bodies):len(r.bodies)],
		kind: r.intern(r.kind), msgID: string(r.msgID), inReplyTo: string(r.inReplyTo),
	}
}

// field takes note of a field of the body.
func (r *journalReader) field(key, value []byte) {
	switch string(key) {
	case `"type"`:
		r.kind = value
	case `"msg_id"`:
		r.msgID = value
	case `"in_reply_to"`:
		r.inReplyTo = value
	}
}

// string reads a string.
func (r *journalReader) string(d *fressian.Decoder) string {
	r.body = d.AppendJSON(r.body[:0])
	return r.intern(r.body)
}

// intern returns a string, given its JSON. It is empty for what is not a
// string.
func (r *journalReader) intern(text []byte) string {
	s, ok := r.names[string(text)]
	if !ok {
		if json.Unmarshal(text, &s) != nil {
			s = ""
		}
		r.names[string(text)] = s
	}
	return s
}

// A tally is told how many bytes have been read.
type tally func(n int)

func (t tally) Write(p []byte) (int, error) {
	t(len(p))
	return len(p), nil
}
