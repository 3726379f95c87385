package maelstromstore

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"maelstrom-counter/internal/bench/fressian/fressiantest"
	"maelstrom-counter/internal/bench/maelstromstore/storetest"
)

// A line is an event that a test writes.
type line struct {
	id, at    int64
	what      string
	msg       int64
	src, dest any
	body      any
}

// keyword is a keyword as the journal has it.
func keyword(name string) any {
	return fressiantest.Cached{Value: fressiantest.Keyword{Name: name}}
}

// body returns a body as net/journal.clj writes it, of keys and values in turn.
func body(fields ...any) any {
	var list fressiantest.Closed
	for i := 0; i < len(fields); i += 2 {
		if fields[i] == "type" {
			fields[i+1] = fressiantest.Cached{Value: fields[i+1]}
		}
		list = append(list, keyword(fields[i].(string)), fields[i+1])
	}
	return fressiantest.Struct{Tag: "map", Fields: []any{list}}
}

// fileOf returns a thread's file.
func fileOf(t *testing.T, lines []line) []byte {
	t.Helper()
	var b bytes.Buffer
	w := fressiantest.NewWriter(&b)
	for _, l := range lines {
		src, dest := fressiantest.Cached{Value: l.src}, fressiantest.Cached{Value: l.dest}
		msg := fressiantest.Struct{Tag: "msg", Fields: []any{l.msg, src, dest, l.body}}
		w.Write(fressiantest.Struct{Tag: "ev", Fields: []any{l.id, l.at, keyword(l.what), msg}})
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// storeOf returns a store with these files.
func storeOf(files ...[]byte) fstest.MapFS {
	s := fstest.MapFS{"jepsen.log": {}, "net-journal/notes.txt": {Data: []byte("not a journal")}}
	for i, data := range files {
		s[fmt.Sprintf("net-journal/%d.fressian", i)] = &fstest.MapFile{Data: data}
	}
	return s
}

// told returns an event as a text, without its position.
func told(e event) string {
	what := "send"
	if e.recv {
		what = "recv"
	}
	m := e.msg
	return fmt.Sprintf("%d %s %d %s %s %s %q %q %q", e.id, what, m.id, m.src, m.dest, m.body, m.kind, m.msgID, m.inReplyTo)
}

func quietly(int64, int64) {}

// twoThreads returns what a client and a node send and receive. Across the two,
// times run backwards.
func twoThreads() (client, node []line) {
	add, ok := body("type", "add", "delta", 3, "msg_id", 5), body("in_reply_to", 5, "type", "add_ok")
	odd := body("type", fressiantest.Map{"a", 1}, "msg_id", "x", "in_reply_to", nil)
	client = []line{
		{0, 1000, "send", 0, "c1", "n0", add},
		{3, 5000, "recv", 1, "n0", "c1", ok},
		{4, 6000, "send", 2, "c1", "n0", odd},
	}
	node = []line{
		{1, 2000, "recv", 0, "c1", "n0", add},
		{2, 5500, "send", 1, "n0", "c1", ok},
		{5, 6500, "recv", 2, "c1", "n0", odd},
	}
	return client, node
}

func TestEventsOfAllFilesAreInOrder(t *testing.T) {
	client, node := twoThreads()
	var done []int64
	s := storeOf(fileOf(t, client), fileOf(t, node))
	j := readJournal(s, func(read, total int64) { done = append(done, read, total) })
	want := []string{
		`0 send 0 c1 n0 {"type":"add","delta":3,"msg_id":5} "add" "5" ""`,
		`1 recv 0 c1 n0 {"type":"add","delta":3,"msg_id":5} "add" "5" ""`,
		`2 send 1 n0 c1 {"in_reply_to":5,"type":"add_ok"} "add_ok" "" "5"`,
		`3 recv 1 n0 c1 {"in_reply_to":5,"type":"add_ok"} "add_ok" "" "5"`,
		`4 send 2 c1 n0 {"type":{"a":1},"msg_id":"x","in_reply_to":null} "" "\"x\"" "null"`,
		`5 recv 2 c1 n0 {"type":{"a":1},"msg_id":"x","in_reply_to":null} "" "\"x\"" "null"`,
	}
	times := []time.Duration{1000, 2000, 5000, 5000, 6000, 6500} // of event 2 it is lowered
	if len(j.events) != len(want) {
		t.Fatalf("%d events: %v", len(j.events), j.events)
	}
	for i, e := range j.events {
		if told(e) != want[i] || e.at != times[i] || e.missing != 0 {
			t.Errorf("event %d is %s at %d, %d missing; want %s at %d", i, told(e), e.at, e.missing, want[i], times[i])
		}
		if sent, recv := i/2*2+1, i/2*2+2; e.msg.sent != sent || e.msg.recv != recv {
			t.Errorf("event %d: its message was event %d and %d", i, e.msg.sent, e.msg.recv)
		}
	}
	a, b := int64(len(fileOf(t, client))), int64(len(fileOf(t, node)))
	if j.open || len(j.notes) > 0 || j.bytes != a+b || !slices.Equal(done, []int64{a, a + b, a + b, a + b}) {
		t.Errorf("open: %v, notes: %q, %d bytes, progress %v", j.open, j.notes, j.bytes, done)
	}
}

func TestWhatIsDamagedOrMissing(t *testing.T) {
	const others, after2 = "and others are missing", "what follows event 2 is damaged"
	type lines = []line
	nothing := func(lines, lines) {}
	whole := func(data []byte) []byte { return data }
	for _, c := range []struct {
		name  string
		lines func(client, node lines) // changes what is written
		file  func([]byte) []byte      // changes the node's file
		ids   string                   // of the events that are left, each with what is missing before
		note  string
	}{
		{"nothing", nothing, whole, "0 1 2 3 4 5", ""},
		{"cut off within the last event", nothing, func(b []byte) []byte { return b[:len(b)-1] }, "0 1 2 3 4", others},
		{"an empty file", nothing, func([]byte) []byte { return nil }, "0 2+3 4", others},
		{"garbage", nothing, func(b []byte) []byte { return append(b, 0xb3) }, "0 1 2 3",
			"net-journal/1.fressian cannot be read to its end: a struct ev was expected."},
		{"an id that goes down", func(_, n lines) { n[2].id = 1 }, whole, "0 1 2+4", after2},
		{"an id that goes down, to one that is free", func(_, n lines) { n[1].id, n[2].id = 5, 2 }, whole, "0 1 2+4",
			"what follows event 5 is damaged"},
		{"a clock that goes back", func(_, n lines) { n[2].at = 5499 }, whole, "0 1 2+4", after2},
		{"a negative id", func(_, n lines) { n[0].id = -1 }, whole, "0 2+3 4", "what follows event -1 is damaged"},
		{"an absurd id", func(_, n lines) { n[2].id = 1 << 40 }, whole, "0 1 2+4", after2},
		{"an id that is larger than there are events", func(_, n lines) { n[2].id = 100_000 }, whole, "0 1 2+4", after2},
		{"an id that is too large", func(_, n lines) { n[2].id = 60_000 }, whole, "0 1 2 3 4 59995+60000", others},
		{"a message's absurd id", func(_, n lines) { n[2].msg = 1 << 40 }, whole, "0 1 2+4", after2},
		{"a message's negative id", func(_, n lines) { n[2].msg = -1 }, whole, "0 1 2+4", after2},
		{"neither sent nor received", func(_, n lines) { n[2].what = "lost" }, whole, "0 1 2+4", after2},
		{"no sender", func(_, n lines) { n[2].src = nil }, whole, "0 1 2+4", "1.fressian cannot be read to its end"},
		{"no receiver", func(_, n lines) { n[2].dest = 7 }, whole, "0 1 2+4", "1.fressian cannot be read to its end"},
		{"no map", func(_, n lines) { n[2].body = "{" }, whole, "0 1 2 3", others},
		{"one id twice", func(_, n lines) { n[2].id, n[2].what, n[2].msg = 4, "send", 3 }, whole, "0 1 2+4", after2},
		{"another body", func(_, n lines) { n[0].body = body("type", "x") }, whole, "2+2 3 4 5", others},
		{"another sender", func(_, n lines) { n[0].src = "c2" }, whole, "2+2 3 4 5", others},
		{"another receiver", func(_, n lines) { n[0].dest = "n1" }, whole, "2+2 3 4 5", others},
		{"sent twice", func(_, n lines) { n[0].what = "send" }, whole, "0 1+2 3 4 5", others},
		{"received twice", func(c, n lines) { c[2] = n[0]; c[2].id, c[2].at = 4, 6000 }, whole, "0 1 2 3 1+5", others},
		{"received first", func(c, n lines) { c[0].what, n[0].what = "recv", "send" }, whole, "1+1 2 3 4 5", others},
		{"never sent", func(_, n lines) { n[2].msg = 3 }, whole, "0 1 2 3 4", others},
		{"sent, as far as is known", func(_, n lines) { n[2].msg, n[2].id = 3, 6 }, whole, "0 1 2 3 4 1+6", others},
		{"a clock far ahead", func(c, n lines) { c[2].at = 1e12 }, whole, "0 1 2 3 1+5", others},
		{"a clock far behind", func(_, n lines) { n[0].at = -1e12 }, whole, "0 1+2 3 4 5", others},
		{"a clock before zero", func(c, n lines) {
			for i := range c {
				c[i].at, n[i].at = c[i].at-1e12, n[i].at-1e12
			}
		}, whole, "0 1 2 3 4 5", ""},
	} {
		client, node := twoThreads()
		c.lines(client, node)
		j := readJournal(storeOf(fileOf(t, client), c.file(fileOf(t, node))), quietly)
		var ids []string
		for i, e := range j.events {
			id := fmt.Sprint(e.id)
			if e.missing != 0 {
				id = fmt.Sprintf("%d+%s", e.missing, id)
			}
			ids = append(ids, id)
			half := e.msg.sent
			if e.recv {
				half = e.msg.recv
			}
			if half != i+1 || e.msg.sent > len(j.events) || e.msg.recv > len(j.events) {
				t.Errorf("%s: event %d says that its message was event %d and %d", c.name, i+1, e.msg.sent, e.msg.recv)
			}
		}
		if got := strings.Join(ids, " "); got != c.ids {
			t.Errorf("%s: events %s, want %s", c.name, got, c.ids)
		}
		notes := strings.Join(j.notes, "\n")
		if !strings.Contains(notes, c.note) || c.note == others && len(j.notes) > 1 || (notes == "") != (c.note == "") || j.open != (notes != "") {
			t.Errorf("%s: open: %v, notes: %q, want %q", c.name, j.open, j.notes, c.note)
		}
	}
}

// A thread opens its file for an event, so a file without any was cut off.
func TestAFileWithoutEvents(t *testing.T) {
	client, node := twoThreads()
	j := readJournal(storeOf(fileOf(t, client), fileOf(t, node), nil), quietly)
	if len(j.events) != 6 || !j.open || len(j.notes) != 1 {
		t.Errorf("%d events, open: %v, notes: %q", len(j.events), j.open, j.notes)
	}
}

func TestAFileThatIsThereTwice(t *testing.T) {
	client, node := twoThreads()
	j := readJournal(storeOf(fileOf(t, client), fileOf(t, node), fileOf(t, node)), quietly)
	if len(j.events) != 6 || !j.open || len(j.notes) == 0 {
		t.Errorf("%d events, open: %v, notes: %q", len(j.events), j.open, j.notes)
	}
}

// A lockedFS has a file that cannot be opened.
type lockedFS struct {
	fs.FS
	locked string
}

func (f lockedFS) Open(name string) (fs.File, error) {
	if name == f.locked {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return f.FS.Open(name)
}

func TestAFileThatCannotBeOpened(t *testing.T) {
	client, node := twoThreads()
	j := readJournal(lockedFS{storeOf(fileOf(t, client), fileOf(t, node)), "net-journal/1.fressian"}, quietly)
	want := "net-journal/1.fressian cannot be read to its end: open net-journal/1.fressian: permission denied."
	if len(j.events) != 3 || !j.open || j.notes[0] != want {
		t.Errorf("%d events, open: %v, notes: %q", len(j.events), j.open, j.notes)
	}
}

func TestAJournalWithoutEvents(t *testing.T) {
	for name, s := range map[string]fstest.MapFS{
		"no folder": {"jepsen.log": {}}, "no files": storeOf(),
		"an empty file": storeOf(nil), "a damaged file": storeOf([]byte{0xb3}),
	} {
		j := readJournal(s, quietly)
		if last := len(j.notes) - 1; len(j.events) > 0 || !j.open || last < 0 || !strings.Contains(j.notes[last], "0 events of the network's journal could be read") {
			t.Errorf("%s: %d events, open: %v, notes: %q", name, len(j.events), j.open, j.notes)
		}
	}
}

// netJournals returns the journals of sixteen runs of the real Maelstrom.
func netJournals() map[string]fstest.MapFS {
	runs := storetest.RealRuns()
	for _, run := range runs {
		maps.DeleteFunc(run, func(name string, _ *fstest.MapFile) bool { return !strings.HasSuffix(name, ".fressian") })
	}
	return runs
}

// All that Maelstrom has written is read, without contradictions. Only the run
// whose JVM was killed is not whole.
func TestRealRunsAreRead(t *testing.T) {
	runs := netJournals()
	if len(runs) != 16 {
		t.Fatalf("%d runs", len(runs))
	}
	for name, s := range runs {
		j := readJournal(s, quietly)
		if j.open != (name == "killed") || (len(j.notes) > 0) != j.open {
			t.Errorf("%s: open: %v, notes: %q", name, j.open, j.notes)
		}
		for i, e := range j.events {
			if e.msg.kind == "" || i > 0 && e.at < j.events[i-1].at {
				t.Errorf("%s: event %s, at %d", name, told(e), e.at)
			}
		}
	}
}

// A journal that was cut off is read as a part of the whole.
func TestEveryPrefixOfARealJournal(t *testing.T) {
	s := netJournals()["blank_line"]
	whole := map[int64]string{}
	j := readJournal(s, quietly)
	for _, e := range j.events {
		whole[e.id] = told(e)
	}
	for name, file := range s {
		for end := range file.Data {
			cut := maps.Clone(s)
			cut[name] = &fstest.MapFile{Data: file.Data[:end]}
			j := readJournal(cut, quietly)
			last := j.events[len(j.events)-1].id // if all up to it are there, nobody can know of others
			if !j.open && last != int64(len(j.events)-1) || j.open != (len(j.notes) > 0) || len(j.events) >= len(whole) {
				t.Errorf("%s, cut off after %d bytes: %d events, open: %v, notes: %q", name, end, len(j.events), j.open, j.notes)
			}
			for _, e := range j.events {
				if told(e) != whole[e.id] {
					t.Errorf("%s, cut off after %d bytes: event %s, which was %s", name, end, told(e), whole[e.id])
				}
			}
		}
	}
}

// There are no checksums. But most things are recorded twice, so a wrong byte
// seldom makes an event wrong, and it is noticed.
func TestWrongBytesInRealJournals(t *testing.T) {
	const seed, cases = 28, 2000
	runs, whole := netJournals(), map[string]string{}
	names := []string{"blank_line", "crash", "init_twice", "thread_exception"}
	for _, run := range names {
		j := readJournal(runs[run], quietly)
		for _, e := range j.events {
			whole[fmt.Sprint(run, e.id)] = told(e)
		}
	}
	wrong := 0
	for i := range uint64(cases) {
		rng := rand.New(rand.NewPCG(seed, i))
		run := names[rng.IntN(len(names))]
		files := slices.Sorted(maps.Keys(runs[run]))
		name := files[rng.IntN(len(files))]
		s := maps.Clone(runs[run])
		data := slices.Clone(s[name].Data)
		data[rng.IntN(len(data))] ^= byte(1 + rng.IntN(255))
		s[name] = &fstest.MapFile{Data: data}
		j := readJournal(s, quietly)
		for _, e := range j.events {
			if told(e) != whole[fmt.Sprint(run, e.id)] {
				wrong++
				if len(j.notes) == 0 {
					t.Errorf("seed %d, %d: %s, %s: %s, which was %q", seed, i, run, name, told(e), whole[fmt.Sprint(run, e.id)])
				}
			}
		}
	}
	if wrong > cases/200 {
		t.Errorf("%d events of %d journals are wrong", wrong, cases)
	}
}
