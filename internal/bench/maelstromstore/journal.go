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
	body             journal.Raw
	kind             string // its type; empty if this is not a string
	msgID, inReplyTo string // as JSON; empty if there is none
	sent, recv       int    // 1 + the index of the event; zero if there is none
}

// A netJournal is Maelstrom's journal of its network: what was sent and
// received, in order.
type netJournal struct {
	events []event
	bytes  int64
	open   bool     // it is not known that the last event was the last of the run
	notes  []string // what is damaged or missing: a sentence each
}

// A merger puts together the files of a journal, one for each thread that wrote
// it. Ids rise within a file, and across all files they are 0, 1, 2, ...
type merger struct {
	netJournal
	files  []*file            // that go on, by the id of their current event
	sent   map[int64]*message // that have not been received yet
	names  map[string]string  // strings, by their JSON
	bodies []byte             // where the next ones go
	cut    int                // how many files end within an event
	odd    int                // how many events contradict others
}

// A file is read one event ahead: when an event cannot be read, the one before
// it is not trusted either.
type file struct {
	name      string
	dec       *fressian.Decoder
	now, next record
	err       error // io.EOF if there is no next event
}

// A record is an event as it is in a file. Slices are JSON.
type record struct {
	id, at                 int64
	recv                   bool
	msg                    int64
	src, dest              string
	body                   []byte
	kind, msgID, inReplyTo []byte
}

// readJournal reads net-journal. It calls progress, if set, with the bytes that
// have been read and those that there are.
func readJournal(dir fs.FS, progress func(done, total int64)) (*netJournal, error) {
	names, err := fs.Glob(dir, "net-journal/*.fressian")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errors.New("it has no journal of the network, net-journal/*.fressian")
	}
	m := &merger{sent: map[int64]*message{}, names: map[string]string{}}
	done := int64(0)
	for _, name := range names {
		f, err := dir.Open(name)
		if err != nil {
			m.ended(&file{name: name, err: err})
			continue
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil {
			m.bytes += info.Size()
		}
		m.files = append(m.files, &file{name: name, dec: fressian.NewDecoder(counter{f, func(n int) {
			if done += int64(n); progress != nil {
				progress(done, max(done, m.bytes))
			}
		}})})
	}
	m.merge()
	m.settle()
	if len(m.events) == 0 {
		return nil, m.empty()
	}
	return &m.netJournal, nil
}

// merge reads the files and puts their events in order.
func (m *merger) merge() {
	files := m.files
	m.files = nil
	for _, f := range files {
		if f.err = f.next.read(f.dec, m.name); f.err == io.EOF {
			f.err = io.ErrUnexpectedEOF // a thread opens its file for an event
		}
		m.goOn(f)
	}
	for len(m.files) > 0 {
		f := m.files[0]
		m.files = m.files[1:]
		m.add(&f.now)
		m.goOn(f)
	}
}

// goOn moves on to the next event of a file.
func (m *merger) goOn(f *file) {
	if f.err != nil {
		m.ended(f)
		return
	}
	f.now, f.next = f.next, f.now
	f.err = f.next.read(f.dec, m.name)
	if f.err == nil && (f.next.id <= f.now.id || f.next.at < f.now.at) {
		f.err = fmt.Errorf("event %d comes after event %d", f.next.id, f.now.id)
	}
	if f.now.id < 0 || f.now.id > 1<<20+m.bytes { // an event takes up a dozen bytes
		f.err = fmt.Errorf("there cannot be an event %d", f.now.id)
	}
	if f.err == nil || isEOF(f.err) {
		i, _ := slices.BinarySearchFunc(m.files, f, func(a, b *file) int { return cmp.Compare(a.now.id, b.now.id) })
		m.files = slices.Insert(m.files, i, f)
		return
	}
	m.ended(f)
}

func isEOF(err error) bool { return err == io.EOF || err == io.ErrUnexpectedEOF }

// ended notes how a file ended.
func (m *merger) ended(f *file) {
	m.open = m.open || f.err != io.EOF
	switch f.err {
	case io.EOF:
	case io.ErrUnexpectedEOF:
		m.cut++
	default:
		m.notes = append(m.notes, fmt.Sprintf("%s is damaged, and its rest was not used: %v.", f.name, f.err))
	}
}

// add adds an event, which comes after the others.
func (m *merger) add(r *record) {
	msg := m.sent[r.msg]
	last := len(m.events) - 1
	if last >= 0 && m.events[last].is(r) {
		return // a copy of a file
	}
	switch {
	case last >= 0 && m.events[last].id == r.id:
		m.events[last].msg = nil
		m.odd++
		return
	case msg == nil:
		msg = m.message(r)
	case !r.recv || msg.src != r.src || msg.dest != r.dest || !bytes.Equal(msg.body, r.body):
		m.events[msg.sent-1].msg = nil
		delete(m.sent, r.msg)
		m.odd++
		return
	}
	if r.recv {
		delete(m.sent, r.msg)
	} else {
		m.sent[r.msg] = msg
		msg.sent = last + 2
	}
	m.events = append(m.events, event{id: r.id, at: time.Duration(r.at), recv: r.recv, msg: msg})
}

func (e *event) is(r *record) bool {
	return e.msg != nil && e.id == r.id && int64(e.at) == r.at && e.recv == r.recv && e.msg.id == r.msg && bytes.Equal(e.msg.body, r.body)
}

// message returns a new message.
func (m *merger) message(r *record) *message {
	if cap(m.bodies)-len(m.bodies) < len(r.body) {
		m.bodies = make([]byte, 0, max(1<<16, len(r.body)))
	}
	from := len(m.bodies)
	m.bodies = append(m.bodies, r.body...)
	return &message{
		id: r.msg, src: r.src, dest: r.dest, body: m.bodies[from:len(m.bodies):len(m.bodies)],
		kind: m.name(r.kind), msgID: string(r.msgID), inReplyTo: string(r.inReplyTo),
	}
}

// settle leaves out events that contradict others, and fills in what is known
// only when all events are.
func (m *merger) settle() {
	for _, e := range m.events {
		if e.msg != nil {
			e.msg.sent = 0
		}
	}
	m.events = slices.DeleteFunc(m.events, func(e event) bool { return e.msg == nil })
	next, missing := int64(0), 0
	for i := range m.events {
		e := &m.events[i]
		e.missing = int(e.id - next)
		missing += e.missing
		next = e.id + 1
		if e.recv {
			e.msg.recv = i + 1
		} else {
			e.msg.sent = i + 1
		}
	}
	for i := len(m.events) - 2; i >= 0; i-- {
		m.events[i].at = min(m.events[i].at, m.events[i+1].at)
	}
	if m.cut > 0 {
		m.notes = append(m.notes, fmt.Sprintf("%d files of the network's journal were cut off.", m.cut))
	}
	if m.odd > 0 {
		m.notes = append(m.notes, fmt.Sprintf("%d events of the network's journal contradict others; neither was used.", m.odd))
	}
	if missing > 0 {
		m.open = true
		m.notes = append(m.notes, fmt.Sprintf("%d of %d events of the network's journal are missing.", missing, next))
	}
}

// empty says why there are no events.
func (m *merger) empty() error {
	if len(m.notes) > 0 && m.cut == 0 {
		return errors.New("its journal of the network cannot be read: " + m.notes[0])
	}
	return errors.New("its journal of the network is empty: the run ended before Maelstrom had written any of it")
}

// name returns a string, given its JSON. It is empty for what is not a string.
func (m *merger) name(text []byte) string {
	name, ok := m.names[string(text)]
	if !ok {
		if json.Unmarshal(text, &name) != nil {
			name = ""
		}
		m.names[string(text)] = name
	}
	return name
}

// read reads an event.
func (r *record) read(d *fressian.Decoder, name func([]byte) string) (err error) {
	*r = record{body: r.body[:0]}
	if err := begin(d, "ev"); err != nil {
		return err
	}
	if r.id, err = d.Int(); err != nil {
		return err
	}
	if r.at, err = d.Int(); err != nil {
		return err
	}
	if r.body, err = d.AppendJSON(r.body[:0]); err != nil {
		return err
	}
	r.recv = string(r.body) == `"recv"`
	if !r.recv && string(r.body) != `"send"` {
		return fmt.Errorf("an event that is %.40s", r.body)
	}
	return r.readMessage(d, name)
}

func (r *record) readMessage(d *fressian.Decoder, name func([]byte) string) (err error) {
	if err := begin(d, "msg"); err != nil {
		return err
	}
	if r.msg, err = d.Int(); err != nil {
		return err
	}
	for _, end := range []*string{&r.src, &r.dest} {
		if r.body, err = d.AppendJSON(r.body[:0]); err != nil {
			return err
		}
		if *end = name(r.body); *end == "" {
			return fmt.Errorf("a message of or for %.40s", r.body)
		}
	}
	r.body, err = d.AppendMap(r.body[:0], r.field)
	return err
}

// field takes note of a field of the body.
func (r *record) field(key, value []byte) {
	switch string(key) {
	case `"type"`:
		r.kind = value
	case `"msg_id"`:
		r.msgID = value
	case `"in_reply_to"`:
		r.inReplyTo = value
	}
}

// begin reads the beginning of a struct of four fields.
func begin(d *fressian.Decoder, want string) error {
	tag, fields, err := d.Struct()
	if err == nil && (tag != want || fields != 4) {
		err = fmt.Errorf("%s of %d fields, not %s", tag, fields, want)
	}
	return err
}

// A counter tells how much has been read.
type counter struct {
	r    io.Reader
	read func(n int)
}

func (c counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.read(n)
	return n, err
}
