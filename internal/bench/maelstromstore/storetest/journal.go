package storetest

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing/fstest"

	"maelstrom-counter/internal/bench/fressian/fressiantest"
	"maelstrom-counter/internal/bench/journal"
)

// A thread of Maelstrom's has a file of its own for what it sends and receives.
type thread struct {
	file *bytes.Buffer
	*fressiantest.Writer
	read int64 // the clock, when it last did
}

// journal writes net-journal. A file gets its number when its thread sends or
// receives something for the first time.
func (w *run) journal() {
	threads, order := map[string]*thread{}, []*thread{}
	workers, random, id := w.workers(), w.random(1), int64(0)
	for i, e := range w.entries {
		if e.What != journal.Sent && e.What != journal.Received {
			continue
		}
		if w.Killed > 0 && w.sinceBegan(i) > w.killed() {
			break
		}
		name := threadOf(e, workers)
		t := threads[name]
		if t == nil {
			file := &bytes.Buffer{}
			t = &thread{file: file, Writer: fressiantest.NewWriter(file)}
			threads[name], order = t, append(order, t)
		}
		t.read = max(t.read, origin+int64(w.sinceBegan(i))+w.late(random))
		t.event(id, e)
		id++
	}
	for i, t := range order {
		_ = t.Flush() // a buffer takes all
		data := t.file.Bytes()
		if w.Killed > 0 {
			block := cmp.Or(w.Block, 8192)
			data = data[:len(data)/block*block]
		}
		w.store[fmt.Sprintf("net-journal/%d.fressian", i)] = &fstest.MapFile{Data: data, Mode: 0o644, ModTime: began}
	}
}

// late is by how many nanoseconds a thread reads the clock too late.
func (w *run) late(random *rand.Rand) int64 {
	if !w.Late || random.IntN(20) > 0 {
		return 0
	}
	return random.Int64N(1 + random.Int64N(40_000_000))
}

// workers returns by client which worker's it is.
func (w *run) workers() map[string]string {
	workers := map[string]string{}
	for _, op := range w.History {
		workers[op.Client] = fmt.Sprintf("worker %d", op.Worker)
	}
	return workers
}

// threadOf names the thread that sends or receives a message. A client that
// sends init belongs to a thread that sets a node up, and does nothing else. A
// node has one thread for its standard input and one for its output. A service
// has one for all.
func threadOf(e journal.Entry, workers map[string]string) string {
	name, what := e.Src, "stdout of "
	if e.What == journal.Received {
		name, what = e.Dest, "stdin of "
	}
	switch {
	case workers[name] != "":
		return workers[name]
	case isNode(name):
		return what + name
	}
	return name
}

func isNode(name string) bool { return strings.HasPrefix(name, "n") }

// event writes the event that an entry is.
func (t *thread) event(id int64, e journal.Entry) {
	body, err := fressiantest.FromJSON(e.Body)
	fields, isMap := body.(fressiantest.Map)
	if err != nil || !isMap {
		panic(fmt.Sprintf("storetest: a body that is not an object: %s", e.Body))
	}
	Event(t.Writer, id, t.read, e, fields)
}

// Event writes an event as net/journal.clj does: what an entry says of a
// message, whose body has those fields.
func Event(w *fressiantest.Writer, id, nanoTime int64, e journal.Entry, body fressiantest.Map) {
	message := fressiantest.Struct{Tag: "msg", Fields: []any{
		e.ID, fressiantest.Cached{Value: e.Src}, fressiantest.Cached{Value: e.Dest},
		fressiantest.Struct{Tag: "map", Fields: []any{bodyOf(body)}},
	}}
	w.Write(fressiantest.Struct{Tag: "ev", Fields: []any{id, nanoTime, keyword(string(e.What)), message}})
}

// bodyOf returns a message's fields: their names are keywords, and the value of
// the type is kept.
func bodyOf(fields fressiantest.Map) (body fressiantest.Closed) {
	for i := 0; i < len(fields); i += 2 {
		name, value := fields[i].(string), fields[i+1]
		if name == "type" {
			value = fressiantest.Cached{Value: value}
		}
		body = append(body, keyword(name), value)
	}
	return body
}

// keyword returns the keyword that Clojure makes of a name.
func keyword(name string) any {
	space, rest, ok := strings.Cut(name, "/")
	if !ok || name == "/" {
		space, rest = "", name
	}
	return fressiantest.Cached{Value: fressiantest.Keyword{Space: space, Name: rest}}
}
