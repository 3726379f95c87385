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

// readJournal reads net-journal. After each file it calls progress, if set,
// with the bytes that have been read and those that there are.
func readJournal(dir fs.FS, progress func(done, total int64)) (*netJournal, error) {
	names, err := fs.Glob(dir, "net-journal/*.fressian")
	if err != nil {
		return nil, err
	}
	j, sizes := &netJournal{}, make([]int64, len(names))
	for i, name := range names {
		if info, err := fs.Stat(dir, name); err == nil {
			sizes[i] = info.Size()
			j.bytes += sizes[i]
		}
	}
	r := &journalReader{
		events: make([]event, 0, min(j.bytes/28, 1<<22)), // most take up 28 bytes or more
		limit:  1<<20 + j.bytes/4,
		names:  map[string]string{},
	}
	done, cut := int64(0), 0
	for i, name := range names {
		err := r.open(dir, name)
		if err == io.ErrUnexpectedEOF {
			cut++
		} else if err != nil {
			j.notef("%s cannot be read to its end: %v.", name, err)
		}
		if done += sizes[i]; progress != nil {
			progress(done, j.bytes)
		}
	}
	if cut > 0 {
		j.notef("%d of the %d files of the network's journal were cut off.", cut, len(names))
	}
	if j.settle(r.events); len(j.events) == 0 {
		return nil, errors.New("its journal of the network, net-journal, has no event that can be read: " +
			"the run ended before Maelstrom had written any, or the files are damaged")
	}
	return j, nil
}

// notef notes what is damaged or missing.
func (j *netJournal) notef(format string, args ...any) {
	j.open = true
	j.notes = append(j.notes, fmt.Sprintf(format, args...))
}

// settle puts events in order, leaves out those of messages that contradict
// themselves, and finds what is missing.
func (j *netJournal) settle(events []event) {
	slices.SortFunc(events, func(a, b event) int { return cmp.Compare(a.id, b.id) })
	events = slices.Compact(events) // a file may be there twice
	for i, e := range events {
		half, early := e.half(), !e.recv && e.msg.recv != 0
		if e.recv && e.msg.sent == 0 {
			early = e.id == int64(i) // all that was sent before is there
		}
		if *half != 0 || early || outlier(events, i) {
			e.msg.body = nil
		}
		*half = i + 1
		if i > 0 && events[i-1].id == e.id {
			events[i-1].msg.body, e.msg.body = nil, nil
		}
	}
	j.events = slices.DeleteFunc(events, func(e event) bool { return e.msg.body == nil })
	if odd := len(events) - len(j.events); odd > 0 {
		j.notef("%d events of the network's journal contradict others, and were not used.", odd)
	}
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
	if missing := next - int64(len(j.events)); missing > 0 {
		j.notef("%d of %d events of the network's journal are missing.", missing, next)
	}
}

// half returns which half of its message an event is.
func (e event) half() *int {
	if e.recv {
		return &e.msg.recv
	}
	return &e.msg.sent
}

// outlier says whether an event's id is far from the last one's, or its time
// from those of both neighbours: a thread reads the clock soon after it has
// taken an id.
func outlier(events []event, i int) bool {
	if i > 0 && events[i].id-events[i-1].id > int64(1000+2*len(events)) {
		return true
	}
	if i == 0 || i == len(events)-1 {
		return false
	}
	const far = 10 * time.Second
	before, after := events[i-1].at, events[i+1].at
	return events[i].at > max(before, after)+far || events[i].at < min(before, after)-far
}

// A journalReader reads one file after the other.
type journalReader struct {
	events   []event
	messages []*message        // by id
	limit    int64             // of ids
	names    map[string]string // strings, by their JSON

	// The JSON of the message that is being read.
	body, kind, msgID, inReplyTo []byte
}

// open reads a file.
func (r *journalReader) open(dir fs.FS, name string) error {
	f, err := dir.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	d, from := fressian.NewDecoder(f), len(r.events)
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
	m := r.messages[id]
	if m == nil {
		m = &message{
			id: id, src: src, dest: dest, body: bytes.Clone(r.body),
			kind: r.intern(r.kind), msgID: string(r.msgID), inReplyTo: string(r.inReplyTo),
		}
		r.messages[id] = m
	} else if m.src != src || m.dest != dest || !bytes.Equal(m.body, r.body) {
		m.body = nil
	}
	e.msg = m
	return e, nil
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
		_ = json.Unmarshal(text, &s) // then it is empty
		r.names[string(text)] = s
	}
	return s
}
