package maelstromstore

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"maelstrom-counter/internal/bench/fressian"
	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/service"
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
	body             journal.Raw // nil if its events differ
	kind             string      // its type; empty if this is not a string
	msgID, inReplyTo string      // as JSON; empty if there is none
	sent, recv       int         // 1 + the index of the event; zero if there is none
}

// A netJournal is Maelstrom's journal of its network: what was sent and
// received, in order. Each thread that sends or receives has written a file.
// Ids rise within a file; across files they are 0, 1, 2, ... An event that
// cannot be right is left out, and so it is missing.
type netJournal struct {
	events   []event // by id until settle
	messages []*message
	bytes    int64
	open     bool     // it is not known that the last event was the last of the run
	notes    []string // what is damaged or missing: a sentence each
	text     []byte   // the message that is being read
}

// readJournal reads net-journal. After each file it calls progress with the
// bytes that have been read and those that there are.
func readJournal(dir fs.FS, progress func(done, total int64)) *netJournal {
	names, _ := fs.Glob(dir, "net-journal/*.fressian") // the pattern is right
	j, total := &netJournal{}, int64(0)
	for _, name := range names {
		if info, err := fs.Stat(dir, name); err == nil {
			total += info.Size()
		}
	}
	j.events = make([]event, 1<<16+total/16) // an event takes up 20 bytes or more
	j.messages = make([]*message, len(j.events))
	for _, name := range names {
		file, err := fs.ReadFile(dir, name)
		err = cmp.Or(err, j.read(file))
		if j.open = j.open || err != nil; err != nil && err != io.ErrUnexpectedEOF { // it was not just cut off
			j.notes = append(j.notes, fmt.Sprintf("%s cannot be read to its end: %v.", name, err))
		}
		j.bytes += int64(len(file))
		progress(j.bytes, total)
	}
	if j.open = !j.settle() || j.open; j.open {
		j.notes = append(j.notes, fmt.Sprintf("%d events of the network's journal could be read, and others are missing.", len(j.events)))
	}
	return j
}

// read reads a file. A thread opens its file for an event, so there is one. The
// event before damage may be damaged as well.
func (j *netJournal) read(file []byte) error {
	d, last := fressian.NewDecoder(file), event{id: -1, at: -1 << 63, msg: &message{}}
	for more := true; more; more = d.More() {
		e := j.event(d)
		if e.msg == nil || e.id < last.id || e.at < last.at || j.events[e.id].msg != nil {
			if d.Err() != io.ErrUnexpectedEOF {
				last.msg.body = nil
			}
			return cmp.Or(d.Err(), fmt.Errorf("what follows event %d is damaged", last.id))
		}
		last, j.events[e.id] = e, e
	}
	return nil
}

// event reads an event. It has no message if it is damaged.
func (j *netJournal) event(d *fressian.Decoder) event {
	d.Struct("ev")
	e, what := event{id: d.Int(), at: time.Duration(d.Int())}, d.Text()
	d.Struct("msg")
	id, src, dest := d.Int(), d.Text(), d.Text()
	j.text = d.AppendJSON(j.text[:0])
	if e.recv = what == "recv"; d.Err() != nil || !e.recv && what != "send" || min(e.id, id) < 0 || max(e.id, id) >= int64(len(j.events)) {
		return e
	}
	if e.msg = j.messages[id]; e.msg == nil {
		fields, _ := service.Fields(j.text)
		kind, _ := service.StringOf(fields["type"])
		e.msg = &message{id: id, src: src, dest: dest, body: slices.Clone(j.text), kind: kind,
			msgID: string(fields["msg_id"]), inReplyTo: string(fields["in_reply_to"])}
		j.messages[id] = e.msg
	} else if e.msg.src != src || e.msg.dest != dest || string(e.msg.body) != string(j.text) {
		e.msg.body = nil
	}
	return e
}

// settle keeps the events that can be right, in order, and reports whether
// these are all.
func (j *netJournal) settle() (whole bool) {
	all, next := slices.DeleteFunc(j.events, func(e event) bool { return e.msg == nil }), int64(0)
	j.events = all[:0]
	for i, e := range all {
		// A thread reads the clock soon after it has taken an id.
		before, after := all[max(i-1, 0)].at, all[min(i+1, len(all)-1)].at
		astray := e.at-10*time.Second > max(before, after) || e.at+10*time.Second < min(before, after)
		half, early := &e.msg.sent, false
		if e.recv { // what was sent before is there
			half, early = &e.msg.recv, e.msg.sent == 0 && e.id == int64(len(j.events))
		}
		if e.msg.body == nil || *half != 0 || early || astray {
			continue
		}
		e.missing, next = int(e.id-next), e.id+1
		j.events = append(j.events, e)
		*half = len(j.events)
	}
	for i := len(j.events) - 2; i >= 0; i-- { // an id is taken before the clock is read
		j.events[i].at = min(j.events[i].at, j.events[i+1].at)
	}
	return len(all) > 0 && all[len(all)-1].id == int64(len(j.events)-1)
}
