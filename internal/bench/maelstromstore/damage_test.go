package maelstromstore_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromstore"
	"maelstrom-counter/internal/bench/maelstromstore/storetest"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/verdict"
)

// A damage does something to a file of a store, and perhaps to another.
type damage struct {
	name  string
	loses bool // it only takes away events of the journal
	do    func(rng *rand.Rand, store fstest.MapFS, name, other string)
}

var damages = []damage{
	{"cut", true, func(rng *rand.Rand, store fstest.MapFS, name, _ string) {
		set(store, name, store[name].Data[:rng.IntN(len(store[name].Data))])
	}},
	{"cut at a block", true, func(rng *rand.Rand, store fstest.MapFS, name, _ string) {
		set(store, name, store[name].Data[:len(store[name].Data)/8192*8192])
	}},
	{"delete", true, func(_ *rand.Rand, store fstest.MapFS, name, _ string) { delete(store, name) }},
	{"empty", true, func(_ *rand.Rand, store fstest.MapFS, name, _ string) { set(store, name, nil) }},
	{"flip", false, func(rng *rand.Rand, store fstest.MapFS, name, _ string) {
		data := slices.Clone(store[name].Data)
		for range 1 + rng.IntN(3) {
			data[rng.IntN(len(data))] ^= byte(1 + rng.IntN(255))
		}
		set(store, name, data)
	}},
	{"garble", false, func(rng *rand.Rand, store fstest.MapFS, name, _ string) {
		data := slices.Clone(store[name].Data)
		for i := rng.IntN(len(data)); i < len(data) && rng.IntN(40) > 0; i++ {
			data[i] = byte(rng.Uint32())
		}
		set(store, name, data)
	}},
	{"swap", false, func(_ *rand.Rand, store fstest.MapFS, name, other string) {
		store[name], store[other] = store[other], store[name]
	}},
	{"copy", false, func(_ *rand.Rand, store fstest.MapFS, name, other string) { store[other] = store[name] }},
	{"shuffle lines", false, func(rng *rand.Rand, store fstest.MapFS, name, _ string) {
		lines := bytes.SplitAfter(store[name].Data, []byte("\n"))
		i := rng.IntN(len(lines))
		some := lines[i:min(len(lines), i+2+rng.IntN(20))]
		rng.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
		set(store, name, bytes.Join(lines, nil))
	}},
	{"double lines", false, func(rng *rand.Rand, store fstest.MapFS, name, _ string) {
		lines := bytes.SplitAfter(store[name].Data, []byte("\n"))
		i := rng.IntN(len(lines))
		set(store, name, bytes.Join(slices.Insert(lines, i, lines[i:min(len(lines), i+1+rng.IntN(5))]...), nil))
	}},
}

func set(store fstest.MapFS, name string, data []byte) {
	file := *store[name]
	file.Data = data
	store[name] = &file
}

// A damaged store is either refused with a sentence, or read. Each claim about
// it then holds, and if events were lost, it holds in the whole run as well.
func TestDamage(t *testing.T) {
	t.Parallel()
	const seed = 28
	from, to := drawnNumbers(600)
	whole := map[string]*told{}
	stores := storetest.RealRuns()
	names := slices.Sorted(maps.Keys(stores))
	refused := 0
	for i := from; i < to; i++ {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		name := names[rng.IntN(len(names))]
		store, what, loses := damaged(rng, stores[name])
		run, err := maelstromstore.Read(store, maelstromstore.Options{})
		if err != nil {
			refused++
			if problem := unclear(err); problem != "" {
				t.Errorf("case %d, %s, %s: the error %s: %q", i, name, what, problem, err)
			}
			continue
		}
		after := tell(run.Result, entriesOf(run))
		for _, problem := range after.problems() {
			t.Errorf("case %d, %s, %s: %s", i, name, what, problem)
		}
		if !loses {
			continue
		}
		if whole[name] == nil {
			before, entries := read(t, stores[name])
			whole[name] = tell(before.Result, entries)
		}
		for _, problem := range after.refutedBy(whole[name]) {
			t.Errorf("case %d, %s, %s: %s", i, name, what, problem)
		}
	}
	t.Logf("%d of %d were refused", refused, to-from)
}

// Each claim about a run that was killed is true of what happened.
func TestKilledRuns(t *testing.T) {
	t.Parallel()
	from, to := drawnNumbers(80)
	refused := 0
	for number := from; number < to; number++ {
		truth := drawn(t, uint64(100_000+number))
		rng := rand.New(rand.NewPCG(uint64(number), 29))
		killed := time.Duration(1 + rng.Int64N(int64(truth.result.Elapsed)))
		o := storetest.Options{Killed: killed, Block: pick(rng, 16, 128, 1024, 8192), Late: truth.late}
		store := storetest.Write(truth.result, truth.entries, o)
		run, err := maelstromstore.Read(store, maelstromstore.Options{})
		if err != nil {
			refused++
			if problem := unclear(err); problem != "" {
				t.Errorf("run %d of %s, killed after %v: the error %s: %q", number, truth.name, killed, problem, err)
			}
			continue
		}
		after := tell(run.Result, entriesOf(run))
		for _, problem := range append(after.problems(), after.refutedBy(tell(truth.result, truth.entries))...) {
			t.Errorf("run %d of %s, killed after %v: %s", number, truth.name, killed, problem)
		}
	}
	t.Logf("%d of %d were refused", refused, to-from)
}

// damaged returns a damaged copy of a store, what was done to it, and whether
// that only took away events of the journal.
func damaged(rng *rand.Rand, store fstest.MapFS) (copied fstest.MapFS, what string, loses bool) {
	copied, loses = maps.Clone(store), true
	for range 1 + rng.IntN(3) {
		var files, logs []string
		for name, file := range copied {
			if len(file.Data) > 0 && strings.HasPrefix(name, "net-journal") {
				files = append(files, name)
			} else if len(file.Data) > 0 {
				logs = append(logs, name)
			}
		}
		slices.Sort(files)
		slices.Sort(logs)
		d, name, other := damages[rng.IntN(len(damages))], "", ""
		if strings.HasSuffix(d.name, "lines") || rng.IntN(4) == 0 || len(files) == 0 {
			files, loses = logs, false
		}
		if len(files) == 0 {
			break
		}
		name, other = files[rng.IntN(len(files))], files[rng.IntN(len(files))]
		d.do(rng, copied, name, other)
		loses = loses && d.loses
		what += fmt.Sprintf("%s %s (%s), ", d.name, name, other)
	}
	return copied, what, loses
}

// unclear says what is wrong with an error that is meant to be a sentence.
func unclear(err error) string {
	text := err.Error()
	switch {
	case text == "":
		return "is empty"
	case strings.ContainsAny(text, "\n\r\x00"):
		return "has more than one line"
	case len(text) > 300:
		return "is long"
	}
	for _, word := range []string{"EOF", "runtime", "unmarshal", "invalid character", "index out of", "nil"} {
		if strings.Contains(text, word) {
			return "speaks of " + word
		}
	}
	return ""
}

// told is a run with the claims of its story.
type told struct {
	*maelstromtest.Result
	entries []journal.Entry
	claims  []claim.Claim
	run     *claim.Run
	places  map[[2]any][]int // by what and message: where this is in the journal
}

func tell(r *maelstromtest.Result, entries []journal.Entry) *told {
	w := &told{Result: r, entries: entries, places: map[[2]any][]int{}}
	w.run = claim.NewRun(w.Claimable(), w.entries)
	for at, e := range w.entries {
		w.places[[2]any{e.What, e.ID}] = append(w.places[[2]any{e.What, e.ID}], at)
	}
	if s := maelstromtest.Tell(w.Result, w.entries); s != nil {
		w.claims = s.Claims
	}
	return w
}

// problems returns the claims that do not hold.
func (w *told) problems() (problems []string) {
	for _, c := range w.claims {
		if !w.run.Holds(c) {
			problems = append(problems, fmt.Sprintf("%T%+v does not hold", c, c))
		}
	}
	for i, e := range w.entries {
		if e.What == journal.Gap && (e.Omitted == nil || !e.Omitted.Missing || e.Omitted.Lines < 0) {
			problems = append(problems, fmt.Sprintf("entry %d is a gap of %+v", i, e.Omitted))
		}
		if i > 0 && e.Time < w.entries[i-1].Time {
			problems = append(problems, fmt.Sprintf("entry %d at %v comes after one at %v", i, e.Time, w.entries[i-1].Time))
		}
	}
	return problems
}

// While a run goes on, it writes its log and its journal.
func TestTheLogIsNotOlderThanTheJournal(t *testing.T) {
	want := drawn(t, 1)
	store := storetest.Write(want.result, want.entries, storetest.Options{})
	log := store["jepsen.log"].Data
	set(store, "jepsen.log", log[:len(log)/2])
	got, err := maelstromstore.Read(store, maelstromstore.Options{Progress: func(int64, int64) { set(store, "jepsen.log", log) }})
	if err != nil || len(got.Notes) > 0 || len(got.Result.History) != len(want.result.History) {
		t.Errorf("%v; %+v", err, got)
	}
}

// refutedBy returns the claims about a run that has lost events which are not
// true of the whole run.
func (w *told) refutedBy(whole *told) (problems []string) {
	for _, c := range w.Checks {
		if c.Status == verdict.Wrong && whole.Check(c.Name).Status != verdict.Wrong {
			problems = append(problems, fmt.Sprintf("%s is wrong: %s", c.Name, c.Detail))
		}
	}
	for _, id := range notBlocked(w.entries, whole.entries) {
		problems = append(problems, fmt.Sprintf("message %d was not blocked", id))
	}
	result := whole.Claimable()
	if result.History = w.inOrder(whole.History); result.History == nil {
		return append(problems, "the requests are others")
	}
	run := claim.NewRun(result, whole.entries)
	for _, c := range w.claims {
		same, ok := w.inWhole(c, whole)
		if !ok || aboutTheRecord(c) {
			continue
		}
		if !run.Holds(same) {
			problems = append(problems, fmt.Sprintf("in the whole run this is not true: %s\n%T%+v", w.run.Text(c), c, c))
		} else if text, want := gist(w.run, c), gist(run, same); text != want {
			problems = append(problems, fmt.Sprintf("of the whole run it would be said differently: %s\nwant %s", text, want))
		}
	}
	return problems
}

// aboutTheRecord reports whether a claim says what is recorded: when a node was
// last heard of before it ended, or that a message's arrival is not recorded.
func aboutTheRecord(c claim.Claim) bool {
	switch c := c.(type) {
	case claim.Crash:
		return true
	case claim.Message:
		return strings.Contains(string(c.Fate), "recorded")
	}
	return false
}

// gist returns what a claim says, without times and without what not every
// journal has: the line with which a node became mute and whether that was
// before the first request, and when a request came to a node that did not
// answer it.
func gist(run *claim.Run, c claim.Claim) string {
	text := timeless(run.Text(c))
	switch c.(type) {
	case claim.Mute:
		_, text, _ = strings.Cut(text, ", ") // when
		text, _, _ = strings.Cut(text, " that Maelstrom does not accept")
	case claim.Unanswered:
		text, _, _ = strings.Cut(text, " that was sent ")
		text, _, _ = strings.Cut(text, " in time")
	}
	return text
}

// inOrder returns a history in the order in which the requests were read here.
// It returns nil if the requests are not the same.
func (w *told) inOrder(history []verdict.Op) (ordered []verdict.Op) {
	byWorker := map[int][]verdict.Op{}
	for _, op := range history {
		byWorker[op.Worker] = append(byWorker[op.Worker], op)
	}
	for _, op := range w.History {
		own := byWorker[op.Worker]
		if len(own) == 0 || own[0].F != op.F || own[0].Final != op.Final || own[0].Outcome != op.Outcome && op.Outcome != verdict.Info {
			return nil
		}
		ordered, byWorker[op.Worker] = append(ordered, own[0]), own[1:]
	}
	return ordered
}

// inWhole returns a claim as one about the whole run, in which entries have
// other positions. It returns false if it is about what is not there.
func (w *told) inWhole(c claim.Claim, whole *told) (claim.Claim, bool) {
	v := reflect.New(reflect.TypeOf(c)).Elem()
	v.Set(reflect.ValueOf(c))
	positions := []string{"At", "Lost", "Before"}
	switch c := c.(type) {
	case claim.SecondCopy, claim.CountedTwice:
		positions = append(positions, "First", "Second")
	case claim.LeftOut:
		return c, false
	case claim.Mute:
		return whole.mute(c.Node)
	case claim.Told:
		return whole.numbered(c)
	}
	for _, name := range positions {
		f := v.FieldByName(name)
		if !f.IsValid() || f.Kind() != reflect.Int || f.Int() < 0 {
			continue
		}
		at, ok := w.place(int(f.Int()), whole)
		if !ok {
			return c, false
		}
		f.SetInt(int64(at))
	}
	if c, ok := v.Interface().(claim.Changed); ok { // numbered as numbered does
		c.State = whole.entries[c.At].Newest + 1
		return c, true
	}
	return v.Interface().(claim.Claim), true
}

// numbered returns a claim with this run's numbers of states. A replay gives
// equal states one number.
func (w *told) numbered(c claim.Told) (claim.Claim, bool) {
	places := w.places[[2]any{journal.Sent, c.Reply}]
	if len(places) != 1 {
		return c, false
	}
	for _, e := range slices.Backward(w.entries[:places[0]]) {
		if e.What == journal.Answered && e.Dest == c.Service {
			c.State, c.Newest = e.State, e.Newest
			return c, true
		}
	}
	return c, false
}

// mute returns the claim about a node that became mute.
func (w *told) mute(node string) (claim.Claim, bool) {
	unheard := 0
	for at, e := range slices.Backward(w.entries) {
		switch {
		case e.Node != node:
		case e.What == journal.Unheard:
			unheard++
		case e.What == journal.Muted:
			return claim.Mute{Node: node, Line: e.Text, Why: e.Why, At: at, Unheard: unheard}, true
		}
	}
	return nil, false
}

// place returns where an entry is in the whole run.
func (w *told) place(at int, whole *told) (int, bool) {
	e := w.entries[at]
	if e.Node != "" { // about a node
		i := slices.IndexFunc(whole.entries, func(o journal.Entry) bool { return o.What == e.What && o.Node == e.Node && o.Text == e.Text })
		return i, i >= 0
	}
	places := whole.places[[2]any{e.What, e.ID}]
	if len(places) != 1 {
		return 0, false
	}
	return places[0], true
}

// Whatever the log says after its beginning, a store is refused in a sentence,
// or read.
func FuzzLog(f *testing.F) {
	stores := storetest.RealRuns()
	begins := []byte("Relative time begins now\n")
	start, _, _ := bytes.Cut(stores["crash"]["jepsen.log"].Data, begins)
	start = append(slices.Clip(start), begins...)
	for _, name := range slices.Sorted(maps.Keys(stores)) {
		_, log, _ := bytes.Cut(stores[name]["jepsen.log"].Data, begins)
		for part := range slices.Chunk(log, 4<<10) {
			f.Add(part)
		}
	}
	f.Fuzz(func(t *testing.T, log []byte) {
		store := maps.Clone(stores["crash"])
		store["jepsen.log"] = &fstest.MapFile{Data: append(slices.Clip(start), log...)}
		run, err := maelstromstore.Read(store, maelstromstore.Options{})
		if err != nil {
			if problem := unclear(err); problem != "" {
				t.Errorf("the error %s: %q", problem, err)
			}
			return
		}
		for _, problem := range tell(run.Result, entriesOf(run)).problems() {
			t.Error(problem)
		}
	})
}
