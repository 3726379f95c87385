package maelstromstore_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromstore"
	"maelstrom-counter/internal/bench/maelstromstore/storetest"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/rivals"
	"maelstrom-counter/internal/bench/strangers"
	"maelstrom-counter/internal/bench/verdict"
)

var (
	first = flag.Int("first", 0, "begin with the run, or the case of damage, of this number")
	more  = flag.Int("more", 0, "make this many runs and cases more")
)

// drawnNumbers returns the numbers of the runs or cases of a test.
func drawnNumbers(n int) (from, to int) {
	if testing.Short() {
		n /= 8
	}
	return *first, *first + n + *more
}

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	os.Exit(m.Run())
}

// A simulated run.
type simulated struct {
	name    string
	result  *maelstromtest.Result
	entries []journal.Entry
	late    bool
}

// drawn simulates a run that the real Maelstrom could have made. It is drawn by
// its number.
func drawn(t testing.TB, number uint64) simulated {
	rng := rand.New(rand.NewPCG(number, 28))
	programs, names := map[string]maelstromtest.Program{}, []string{}
	for _, r := range rivals.All {
		programs[r.Name], names = r.Program, append(names, r.Name)
	}
	for _, s := range strangers.All {
		if !s.Mute { // from the start, so that there is no run
			programs[s.Name], names = s.Program, append(names, s.Name)
		}
	}
	name := pick(rng, names...)
	cfg := maelstromtest.Config{
		Seed: number, Nodes: 3 + rng.IntN(3), Rate: float64(20 + rng.IntN(60)), KeepGoing: true,
		TimeLimit: time.Second + time.Duration(rng.IntN(2000))*time.Millisecond,
		Latency:   time.Duration(pick(rng, 0, 0, 1, 5, 20, 100)) * time.Millisecond, Hop: 300 * time.Microsecond,
		LatencyDist:     pick(rng, maelstromtest.Constant, maelstromtest.Uniform, maelstromtest.Exponential),
		NemesisInterval: time.Duration(100+rng.IntN(1000)) * time.Millisecond,
	}
	cfg.Concurrency = cfg.Nodes * (1 + rng.IntN(3))
	if rng.IntN(2) == 0 {
		cfg.Nemesis = maelstromtest.MustNemesis("partition")
	}
	if slices.Contains([]string{"no_create", "no_reread", "lww"}, name) { // which send as much as there is time for
		cfg.Latency = max(cfg.Latency, 20*time.Millisecond)
	}
	r, entries := maelstromtest.Record(t, cfg, programs[name])
	return simulated{name, r, storetest.Recorded(r, entries), rng.IntN(4) == 0}
}

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }

// A run that is written as Maelstrom would have written it, and read again, has
// the same history, journal, verdict and story.
func TestWhatIsReadIsWhatWasWritten(t *testing.T) {
	from, to := drawnNumbers(200)
	const workers = 2
	var doubtful atomic.Int64
	t.Cleanup(func() {
		if n := doubtful.Load(); 10*n > int64(to-from) {
			t.Errorf("in %d of %d runs it is not known what a service did", n, to-from)
		}
	})
	for w := range workers {
		t.Run(fmt.Sprint(w), func(t *testing.T) {
			t.Parallel()
			for number := from + w; number < to; number += workers {
				want := drawn(t, uint64(number))
				store := storetest.Write(want.result, want.entries, storetest.Options{Late: want.late})
				got, err := maelstromstore.Read(store, maelstromstore.Options{})
				if err != nil {
					t.Fatalf("run %d of %s: %v", number, want.name, err)
				}
				c := comparison{simulated: want, got: got, read: entriesOf(got)}
				c.compare()
				if c.doubtful {
					doubtful.Add(1)
				}
				for _, problem := range c.problems {
					t.Errorf("run %d of %s: %s", number, want.name, problem)
				}
			}
		})
	}
}

// A comparison finds what differs between a run and what was read of it.
type comparison struct {
	simulated
	got      *maelstromstore.Run
	read     []journal.Entry
	problems []string
	shift    time.Duration // by which the times that were read are later
	doubtful bool          // an answer is not known to be from the state that it is from
}

func (c *comparison) problem(format string, args ...any) {
	if len(c.problems) < 5 {
		c.problems = append(c.problems, fmt.Sprintf(format, args...))
	}
}

func (c *comparison) compare() {
	c.findShift()
	c.history()
	c.messages()
	c.links()
	c.answers()
	c.verdict()
	c.story()
}

// same compares two values that must be equal.
func same[T any](c *comparison, what string, got, want T) bool {
	ok := reflect.DeepEqual(got, want)
	if !ok {
		c.problem("%s: read %.300s, want %.300s", what, fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want))
	}
	return ok
}

// sameLines compares two texts line by line.
func (c *comparison) sameLines(what, got, want string) {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		line := func(lines []string) string {
			if i < len(lines) {
				return lines[i]
			}
			return "no more"
		}
		if line(g) != line(w) {
			c.problem("%s, line %d: read %s\n\twant %s", what, i, line(g), line(w))
			return
		}
	}
}

// findShift finds by how much the times that were read differ from the true
// ones. The log has whole milliseconds, and so does the instant from which they
// count.
func (c *comparison) findShift() {
	first := func(entries []journal.Entry) time.Duration {
		for _, e := range entries {
			if e.What == journal.Sent && strings.HasPrefix(e.Src, "c") && !strings.Contains(string(e.Body), `"init"`) {
				return e.Time
			}
		}
		return 0
	}
	if c.shift = first(c.read) - first(c.entries); c.shift.Abs() > c.off(2*time.Millisecond) {
		c.problem("times are %v off", c.shift)
	}
}

// off is how much times may differ: more if threads were slow to read the
// clock.
func (c *comparison) off(exact time.Duration) time.Duration {
	if c.late {
		return 50 * time.Millisecond
	}
	return exact
}

// near compares two times.
func (c *comparison) near(what string, got, want, tolerance time.Duration) {
	if (got - want - c.shift).Abs() > c.off(tolerance) {
		c.problem("%s: read %v, want %v", what, got-c.shift, want)
	}
}

func (c *comparison) history() {
	order := func(history []verdict.Op) []verdict.Op {
		history = slices.Clone(history)
		slices.SortStableFunc(history, func(a, b verdict.Op) int { return cmp.Compare(a.Worker, b.Worker) })
		return history
	}
	got, want := order(c.got.Result.History), order(c.result.History)
	if !same(c, "number of operations", len(got), len(want)) {
		return
	}
	for i, op := range got {
		// Of a request without an answer the log has the end.
		tolerance := time.Duration(0)
		if op.Unanswered {
			tolerance = 2 * time.Millisecond
		}
		c.near("invoke of "+op.RequestTo(), op.Invoke, want[i].Invoke, 0)
		c.near("end of "+op.RequestTo(), op.Complete, want[i].Complete, tolerance)
		op.Invoke, op.Complete = want[i].Invoke, want[i].Complete
		same(c, "operation", op, want[i])
	}
}

// messages compares what became of each message, and the order in which it did.
func (c *comparison) messages() {
	about := func(what journal.What) bool { return what == journal.Sent || what == journal.Received }
	got, want := only(c.read, about), only(c.entries, about)
	if !same(c, "number of events", len(got), len(want)) {
		return
	}
	ready := 0 // before, the times of the bench count from another instant
	for i := range want {
		if i > 0 && want[i].Time < want[i-1].Time {
			ready = i
		}
	}
	for i, e := range got {
		w := want[i]
		if i >= ready {
			c.near(fmt.Sprintf("time of %s %d", e.What, e.ID), e.Time, w.Time, 0)
		}
		if !equalJSON(e.Body, w.Body) {
			c.problem("body of %d: read %s, want %s", e.ID, e.Body, w.Body)
		}
		e.Time, e.Body, w.Time, w.Body = 0, nil, 0, nil
		same(c, "event", e, w)
	}
	for i, e := range c.read {
		if i > 0 && e.Time < c.read[i-1].Time {
			c.problem("entry %d at %v comes after one at %v", i, e.Time, c.read[i-1].Time)
		}
	}
	for _, id := range notBlocked(c.read, c.entries) {
		c.problem("message %d was not blocked", id)
	}
}

// notBlocked returns the messages that were read as blocked and were not.
func notBlocked(read, truth []journal.Entry) (ids []int) {
	truly := map[int]bool{}
	for _, e := range truth {
		truly[e.ID] = truly[e.ID] || e.What == journal.Blocked
	}
	for _, e := range read {
		if e.What == journal.Blocked && !truly[e.ID] {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// links compares when links were cut and mended. The log has milliseconds.
func (c *comparison) links() {
	of := func(entries []journal.Entry) []journal.Entry {
		links := only(entries, func(what journal.What) bool { return what == journal.LinkCut || what == journal.LinkMends })
		slices.SortStableFunc(links, func(a, b journal.Entry) int {
			return cmp.Or(cmp.Compare(a.What, b.What), cmp.Compare(a.Src, b.Src), cmp.Compare(a.Dest, b.Dest))
		})
		return links
	}
	got, want := of(c.read), of(c.entries)
	if !same(c, "number of cuts and mends", len(got), len(want)) {
		return
	}
	for i, e := range got {
		c.near(fmt.Sprintf("%s of %s to %s", e.What, e.Src, e.Dest), e.Time, want[i].Time, 2*time.Millisecond)
		e.Time = want[i].Time
		same(c, "link", e, want[i])
	}
}

func only(entries []journal.Entry, which func(journal.What) bool) (some []journal.Entry) {
	for _, e := range entries {
		if which(e.What) {
			some = append(some, e)
		}
	}
	return some
}

func equalJSON(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	parse := func(text []byte) (v any) {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if d.Decode(&v) != nil {
			return text
		}
		return v
	}
	return reflect.DeepEqual(parse(a), parse(b))
}

// answers compares what services did. Of several states in which a key has the
// same value, it cannot be known which has answered.
func (c *comparison) answers() {
	isAnswer := func(what journal.What) bool { return what == journal.Answered }
	got, want := only(c.read, isAnswer), only(c.entries, isAnswer)
	if !same(c, "number of answers of services", len(got), len(want)) {
		return
	}
	keys := c.keys()
	read, truth := states{}, states{}
	for i, e := range got {
		w := want[i]
		same(c, "answer", [3]any{e.ID, e.Src, e.Dest}, [3]any{w.ID, w.Src, w.Dest})
		had, has := truth.take(w, keys[w.ID]), read.take(e, keys[w.ID])
		if e.Answer.Unsure {
			c.doubtful = c.doubtful || e.Changed != w.Changed || has.since != had.since
			continue
		}
		if e.Changed != w.Changed || !equalJSON(e.Value, w.Value) || !equalJSON(e.Key, w.Key) || !equalJSON(has.value, had.value) {
			c.problem("answer to %d: read %+v, of %s, want %+v, of %s", e.ID, *e.Answer, has.value, *w.Answer, had.value)
		}
	}
}

// keys returns by message the key that it asks for.
func (c *comparison) keys() map[int]string {
	keys := map[int]string{}
	for _, e := range c.entries {
		var body struct{ Key json.RawMessage }
		if e.What == journal.Sent && json.Unmarshal(e.Body, &body) == nil {
			keys[e.ID] = string(body.Key)
		}
	}
	return keys
}

// states has by service and key what values the key has had.
type states map[string][]version

// A version is a value that a key has had, and since which state.
type version struct {
	since int
	value json.RawMessage
}

// take takes an answer, and returns which value a key had in the state that the
// answer came from.
func (s states) take(e journal.Entry, key string) (had version) {
	slot := e.Dest + " " + key
	for _, v := range s[slot] {
		if v.since <= e.State {
			had = v
		}
	}
	if e.Changed {
		s[slot] = append(s[slot], version{e.Newest + 1, e.Value})
	}
	return had
}

// unknown are the checks that a store cannot answer.
var unknown = []string{verdict.StartsAndEnds}

func (c *comparison) verdict() {
	got, want := c.got.Result, c.result
	same(c, "events", c.got.Events, len(only(c.entries, func(what journal.What) bool { return what == journal.Sent || what == journal.Received })))
	if len(want.Crashes) == 0 {
		same(c, "what Maelstrom said", c.got.Valid, fmt.Sprint(want.MaelstromValid))
		same(c, "the end", c.got.Ended, "")
	}
	for _, note := range c.got.Notes {
		if !strings.HasPrefix(note, "Some requests to ") {
			c.problem("note: %s", note)
		}
	}
	same(c, "right", got.Right, want.Right)
	same(c, "valid", got.MaelstromValid, want.MaelstromValid)
	for _, check := range want.Checks {
		read := got.Check(check.Name)
		switch {
		case slices.Contains(unknown, check.Name), check.Name == verdict.LiveAnswers && len(want.Crashes) > 0:
			// It is not known when a node ended.
			same(c, check.Name, read.Status, verdict.NotChecked)
		case c.late: // what overlapped is less well known
			if read.Status == verdict.Wrong {
				same(c, check.Name, check.Status, verdict.Wrong)
			}
		case check.Name == verdict.NoCrash, check.Name == verdict.OnlyMessages, // which quote lines
			check.Name == verdict.WellFormed && c.name == "tworeplies": // and the last of which nobody receives
			same(c, check.Name, read.Status, check.Status)
		default:
			same(c, check.Name, read.Status, check.Status)
			c.sameLines(check.Name, timeless(read.Detail, read.Findings...), timeless(check.Detail, check.Findings...))
		}
	}
	if !c.late {
		same(c, "latencies", got.Latencies, want.Latencies)
	}
	traffic := want.Traffic
	traffic.Late = got.Late // nobody receives those
	same(c, "traffic", got.Traffic, traffic)
	same(c, "counts", got.Counts, want.Counts)
}

var aTime = regexp.MustCompile(`[0-9.]+ m?s\b`)

// timeless returns texts without the times in them.
func timeless(text string, texts ...string) string {
	return aTime.ReplaceAllString(strings.Join(append([]string{text}, texts...), "\n"), "<time>")
}

// story compares what is told. When lines of standard error were written, when
// a node ended, and what it printed when it was mute, is not recorded.
func (c *comparison) story() {
	want, got := maelstromtest.Tell(c.result, c.entries), maelstromtest.Tell(c.got.Result, c.read)
	if want == nil || got == nil {
		same(c, "is there a story", got != nil, want != nil)
		return
	}
	if len(c.result.Crashes) > 0 || c.late || c.doubtful {
		return
	}
	quotes := func(sentence string) bool {
		return strings.Contains(sentence, "printed a line that Maelstrom does not accept") ||
			strings.Contains(sentence, "wrote to its stderr") || strings.HasPrefix(sentence, "That was ")
	}
	same(c, "story", got.Kind, want.Kind)
	c.sameLines("story", timeless("", slices.DeleteFunc(got.Sentences, quotes)...), timeless("", slices.DeleteFunc(want.Sentences, quotes)...))
}
