package story

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/page/pagetest"
	"maelstrom-counter/internal/bench/verdict"
)

// transcripts returns the files in testdata. Each has a run's history and,
// after it, the run's journal.
func transcripts(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	return paths
}

// load reads a transcript and judges its history.
func load(t *testing.T, path string) (claim.Result, []journal.Entry) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var history []verdict.Op
	for bytes.HasPrefix(text, []byte(`{"worker"`)) {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		var o verdict.Op
		if err := json.Unmarshal(line, &o); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if n, ok := o.Value.(float64); ok {
			o.Value = int64(n)
		}
		history, text = append(history, o), rest
	}
	entries, err := journal.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return judged(history), entries
}

func judged(history []verdict.Op) claim.Result {
	checks, facts := verdict.Counter(history)
	right := !slices.ContainsFunc(checks, func(c verdict.Check) bool { return c.Status == verdict.Wrong })
	return claim.Result{History: history, Verdict: verdict.Verdict{Right: right, Checks: checks, Facts: facts}}
}

// Each transcript has the story in the files beside it: why it went wrong, or
// how it went right. A run never has both.
func TestStoriesOfTranscripts(t *testing.T) {
	for _, path := range transcripts(t) {
		name := strings.TrimSuffix(path, ".jsonl")
		t.Run(filepath.Base(name), func(t *testing.T) {
			r, entries := load(t, path)
			s, once := Tell(r, entries), TellOnce(r, entries)
			if (s == nil) == (once == nil) {
				t.Fatalf("%+v and %+v", s, once)
			}
			s = cmp.Or(s, once)
			check(t, s)
			pagetest.Golden(t, name+".txt", s.Text())
			pagetest.Golden(t, name+".svg", s.SVG())
		})
	}
}

// casLost returns the run in which a compare-and-swap loop counts an add twice,
// and the entry in which the answer to its swap is lost.
func casLost(t *testing.T) (r claim.Result, entries []journal.Entry, lost int) {
	t.Helper()
	r, entries = load(t, "testdata/cas-lost.jsonl")
	return r, entries, slices.IndexFunc(entries, func(e journal.Entry) bool { return e.What == journal.Lost })
}

// The text says what became of the answer to a swap, and when.
func TestTheTextSaysWhyThereWasNoAnswer(t *testing.T) {
	for what, says := range map[journal.What]string{
		journal.Lost: "it was lost", journal.Blocked: "it was blocked by a cut link", journal.Sent: "it was not received by the end",
	} {
		r, entries, lost := casLost(t)
		end := entries[lost].Time + 900*time.Microsecond
		entries[lost].Time = end
		if entries[lost].What = what; what == journal.Sent { // it has no end
			entries = slices.Delete(entries, lost, lost+1)
		}
		s := Tell(r, entries)
		if s == nil || s.Kind != CountedTwice || !strings.Contains(s.Caption, says) {
			t.Fatalf("an answer that was %q: %+v", what, s)
		}
		if what != journal.Sent && !strings.Contains(s.Text(), clock(end)) {
			t.Errorf("the end at %s has no row:\n%s", clock(end), s.Text())
		}
	}
}

// If a final read is too little because a service answered from an old state,
// the story is about that. That the newest state counts an add twice, which
// cannot make a read less, comes after it.
func TestAnAddThatCountsTwiceDoesNotExplainAReadThatIsTooLittle(t *testing.T) {
	r, entries, _ := casLost(t)
	read := slices.IndexFunc(entries, func(e journal.Entry) bool { return e.What == journal.Answered && e.Time > time.Second })
	old := *entries[read].Answer
	old.State = 0 // the empty one
	entries[read].Answer = &old
	for i := read; i < len(entries); i++ {
		none := []byte(`"value":0`)
		if entries[i].Src == "seq-kv" {
			none = []byte(`"code":20`)
			entries[i].Body = bytes.ReplaceAll(entries[i].Body, []byte(`"read_ok"`), []byte(`"error"`))
		}
		entries[i].Body = bytes.ReplaceAll(entries[i].Body, []byte(`"value":2`), none)
	}
	r.History[1].Value = int64(0)
	s := Tell(judged(r.History), entries)
	if s == nil || s.Kind != OldAnswer {
		t.Fatalf("%+v", s)
	}
	if _, ok := s.Claims[s.Reason].(claim.Told); !ok || s.Reason == 0 { // the wrong value comes before it
		t.Errorf("the reason is %d, %q, of %q", s.Reason, s.Sentences[s.Reason], s.Sentences)
	}
	twice := slices.IndexFunc(s.Claims, func(c claim.Claim) bool { _, ok := c.(claim.CountedTwice); return ok })
	if twice < s.Reason {
		t.Errorf("that an add was counted twice is not told after the reason: %q", s.Sentences)
	}
}

// A crash comes before everything else that is wrong, with the line that says
// why, and the last that the node had been told.
func TestACrashComesFirst(t *testing.T) {
	r, entries, _ := casLost(t)
	entries = append(entries, journal.Entry{Time: time.Minute, What: journal.Crashed, Node: "n0"})
	r.Crashes = []verdict.Crash{{
		Node: "n0", At: time.Minute, Why: "exit status 2",
		Stderr: "starting\npanic: out of ideas\n\ngoroutine 1 [running]:\nmain.main()",
	}}
	r.Checks = slices.Insert(r.Checks, 0, verdict.Check{Name: "no crash", Status: verdict.Wrong, Maelstrom: true})
	s := Tell(r, entries)
	if s == nil || s.Kind != CrashedNode || !strings.Contains(s.Caption, "panic: out of ideas") || s.Messages() != 1 {
		t.Fatalf("%+v", s)
	}
}

// A node may have another answer its clients.
func TestAnotherNodeMayAnswer(t *testing.T) {
	var entries []journal.Entry
	for id, m := range []journal.Entry{
		{Src: "c9", Dest: "n1", Body: []byte(`{"type":"read","msg_id":1}`)},
		{Src: "n1", Dest: "n0", Body: []byte(`{"type":"fwd","client":"c9","id":1}`)},
		{Src: "n0", Dest: "c9", Body: []byte(`{"type":"read_ok","value":5,"in_reply_to":1}`)},
	} {
		m.ID, m.Time = id, time.Duration(1+id)*time.Millisecond
		for _, m.What = range []journal.What{journal.Sent, journal.Received} {
			entries = append(entries, m)
		}
	}
	s := Tell(judged([]verdict.Op{{
		F: "read", Value: int64(5), Node: "n1", Client: "c9", Invoke: time.Millisecond, Complete: 3 * time.Millisecond, Outcome: verdict.OK, Final: true,
	}}), entries)
	check(t, s)
	if !strings.Contains(s.Caption, "n0 answered the final read with 5 at 3 ms. The right answer is 0.") {
		t.Error(s.Text())
	}
}

// If it was not seen when a node ended, the story says which message it
// received after the last that it sent.
func TestACrashThatNobodySaw(t *testing.T) {
	r, entries, lost := casLost(t)
	ask := journal.Entry{Time: time.Second, ID: 99, Src: "c9", Dest: "n0", Body: []byte(`{"type":"read","msg_id":1}`)}
	for _, what := range []journal.What{journal.Sent, journal.Received} {
		ask.What = what
		entries = append(entries, ask)
	}
	entries = append(entries, journal.Entry{Time: time.Minute, What: journal.Crashed, Node: "n0"})
	r.Crashes = []verdict.Crash{{Node: "n0", At: entries[lost].Time, Why: "exit status 2", Stderr: "panic: no", Unseen: true}}
	r.Checks = slices.Insert(r.Checks, 0, verdict.Check{Name: "no crash", Status: verdict.Wrong, Maelstrom: true})
	s := Tell(r, entries)
	check(t, s)
	for _, says := range []string{"n0 ended by itself some time after ", `n0 received {"type":"read"} from c9 at 1 s. It sent nothing after that.`,
		"n0 wrote to its stderr at a time that is not recorded: panic: no"} {
		if s.Kind != CrashedNode || !strings.Contains(s.Caption, says) {
			t.Errorf("want %q:\n%s", says, s.Text())
		}
	}
}

// If it is not known when a node wrote to its standard error, the story of its
// silence quotes it only if it names an error.
func TestWhatANodeWroteAtSomeTime(t *testing.T) {
	for text, quoted := range map[string]bool{"starting\nKeyError: 'value'\n": false, "Traceback (most recent call last):\n  at\nKeyError: 'value'\n": true} {
		r, entries, lost := casLost(t)
		r.History, entries = r.History[:1], entries[:lost]
		r.History[0].Outcome, r.History[0].Unanswered, r.History[0].Complete = verdict.Info, true, time.Second
		r.Checks = []verdict.Check{{Name: "every kind succeeded", Status: verdict.Wrong, Maelstrom: true}}
		r.Stderr = map[string]string{"n0": text, "n1": "panic: of another"}
		s := Tell(r, entries)
		check(t, s)
		if says := strings.Contains(s.Caption, "n0 wrote to its stderr at a time that is not recorded: KeyError: 'value'"); says != quoted ||
			strings.Contains(s.Caption, "another") {
			t.Errorf("%q is quoted: %v\n%s", text, says, s.Text())
		}
		r.Checks = []verdict.Check{{Name: "only messages on stdout", Status: verdict.Wrong, Maelstrom: true}}
		s = Tell(r, append(entries, journal.Entry{Time: time.Second, What: journal.Muted, Node: "n0", Why: "no src"}))
		if says := strings.Contains(s.Caption, "KeyError"); s.Kind != MuteNode || says != quoted {
			t.Errorf("of a mute node %q is quoted: %v\n%s", text, says, s.Text())
		}
	}
}

// Where something is missing, the story says so if there is something that it
// cannot tell, and what became of a message is left open.
func TestAStorySaysWhatIsNotRecorded(t *testing.T) {
	r, entries, lost := casLost(t)
	gap := journal.Entry{Time: entries[lost].Time, What: journal.Gap, Omitted: &journal.Omission{Lines: 1, Until: entries[lost].Time, Missing: true}}
	r.History = r.History[:1]
	r.History[0].Outcome, r.History[0].Unanswered, r.History[0].Complete = verdict.Info, true, time.Second
	r.Checks = []verdict.Check{{Name: "every kind succeeded", Status: verdict.Wrong, Maelstrom: true}}
	s := Tell(r, append(entries[:lost:lost], gap))
	drawn(t, s)
	for _, says := range []string{"its arrival is not recorded", "The record is incomplete from"} {
		if s.Kind != Unanswered || !strings.Contains(s.Caption, says) {
			t.Errorf("want %q:\n%s", says, s.Text())
		}
	}
	if a := s.Arrows[len(s.Arrows)-1]; a.Fate != claim.Unknown || !strings.Contains(s.SVG(), "arrival not recorded") {
		t.Errorf("%+v\n%s", a, s.Text())
	}
}

// What the store does has no story if the reads are right, and nothing went
// wrong on the way.
func TestAPlainRunHasNoStory(t *testing.T) {
	r, entries, lost := casLost(t)
	r.History[1].Value = int64(1)
	entries[lost].What = journal.Received
	r = judged(r.History)
	if s := cmp.Or(Tell(r, entries), TellOnce(r, entries)); s != nil {
		t.Errorf("%s", s.Text())
	}
}

// outside is zero for each value that is right, and says which way it is wrong.
func TestAValueIsOutsideOfTheRangesAroundIt(t *testing.T) {
	right := []verdict.Range{{Lo: 3, Hi: 4}, {Lo: 8, Hi: 8}}
	for value, want := range map[int64]int64{0: 3, 3: 0, 4: 0, 5: 3, 8: 0, 10: -2} {
		if got := outside(right, value); got != want {
			t.Errorf("%d is outside by %d, want %d", value, got, want)
		}
	}
}

// A change is for an add of its amount, or else for the first few adds, or any,
// that make it together.
func TestAChangeIsForAddsThatItFits(t *testing.T) {
	adds := make([]*op, 5)
	for i, delta := range []int64{1, 2, 4, 3, 1} {
		adds[i] = &op{Op: verdict.Op{F: "add", Value: delta}, index: i}
	}
	for target, want := range map[int64][]int{4: {2}, 3: {3}, 7: {0, 1, 2}, 10: {0, 1, 2, 3}, 8: {0, 2, 3}, 0: nil, -1: nil, 12: nil} {
		var got []int
		for _, o := range choose(adds, adds, target) {
			got = append(got, o.index)
		}
		if !slices.Equal(got, want) {
			t.Errorf("a change by %d is for %v, want %v", target, got, want)
		}
	}
}

// Labels of a stored object show its total and its small integers: of a swap,
// those that it changes.
func TestLabelsShowWhatASwapChangesBesidesTheTotal(t *testing.T) {
	const (
		one      = `{"total":7,"by":{"n0":{"boot":946684800000000,"seq":3}}}`
		two      = `{"total":7,"by":{"n0":{"boot":946684800000000,"seq":3},"n1":{"seq":1}},"version":12}`
		receipts = `{"total":7,"receipts":{"n0":"198c53aae04a7b1f"}}`
		three    = `{"by":{"n0":{"seq":4},"n1":{"seq":2},"n2":{"seq":5}},"total":9}`
	)
	g := &teller{field: "total"}
	for got, want := range map[string]string{
		g.value([]byte(one)):                       "7 (n0 seq 3)",
		g.value([]byte(two)):                       "7 (n0 seq 3, n1 seq 1, …)",
		g.value([]byte(`{"total":7}`)):             `{"total":7}`,
		g.value([]byte(receipts)):                  `{"total":7,"receipts":{"n0":"198c…"}}`,
		g.swap([]byte(one), []byte(one)):           "7 → 7",
		g.swap([]byte(one), []byte(two)):           "7 → 7 (n1 seq 1, version 12)",
		g.swap([]byte(two), []byte(three)):         "7 (n0 seq 3, n1 seq 1, …) → 9 (n0 seq 4, n1 seq 2, …)",
		g.swap([]byte("null"), []byte(one)):        "null → 7 (n0 seq 3)",
		(&teller{}).value([]byte(two)):             `{"total":7,"by"…`,
		(&teller{}).swap([]byte("1"), []byte("2")): "1 → 2",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A journal whose lines are missing, doubled or out of place makes a poor
// story. But nothing panics, the picture can be drawn, and what does not hold
// is not told.
func TestADamagedJournalDoesNoHarm(t *testing.T) {
	rounds := 100
	if testing.Short() {
		rounds = 10
	}
	for _, path := range transcripts(t) {
		random := rand.New(rand.NewPCG(1, 2))
		for range rounds {
			r, entries := load(t, path)
			for range 1 + random.IntN(4) {
				i, j := random.IntN(len(entries)), random.IntN(len(entries))
				switch random.IntN(3) {
				case 0:
					entries = slices.Delete(entries, i, i+1)
				case 1:
					entries = slices.Insert(entries, i, entries[j])
				case 2:
					entries[i], entries[j] = entries[j], entries[i]
				}
			}
			for _, s := range []*Story{Tell(r, entries), TellOnce(r, entries)} {
				if s == nil {
					continue
				}
				drawn(t, s)
				run := claim.NewRun(r, entries)
				for _, c := range s.Claims {
					if !run.Holds(c) {
						t.Errorf("%#v is told and does not hold", c)
					}
				}
			}
		}
	}
}

// check checks that a story can be told and drawn, and that nothing was chosen
// that does not hold.
func check(t *testing.T, s *Story) {
	t.Helper()
	for _, c := range s.Dropped {
		t.Errorf("%#v does not hold\n%s", c, s.Text())
	}
	drawn(t, s)
}

func drawn(t *testing.T, s *Story) {
	t.Helper()
	for _, a := range s.Arrows {
		if a.Sent < 0 || a.Ends < a.Sent || a.Ends >= len(s.Rows) || a.From == a.To || max(a.From, a.To) >= len(s.Lanes) {
			t.Errorf("arrow %+v of %d rows and %d lanes\n%s", a, len(s.Rows), len(s.Lanes), s.Text())
		}
	}
	for _, n := range s.Notes {
		if n.Row < 0 || n.Row >= len(s.Rows) || n.Lane >= len(s.Lanes) {
			t.Errorf("note %+v of %d rows", n, len(s.Rows))
		}
	}
	for _, unwanted := range []string{"var(", "currentColor", "color-mix", "light-dark", "url("} { // which not every viewer knows
		if strings.Contains(s.SVG(), unwanted) {
			t.Errorf("the picture has %s", unwanted)
		}
	}
	decoder := xml.NewDecoder(strings.NewReader(s.SVG()))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("the picture is not XML: %v\n%s", err, s.SVG())
		}
		element, _ := token.(xml.StartElement)
		for _, a := range element.Attr {
			if strings.HasPrefix(a.Name.Local, "x") && a.Name.Local != "xmlns" {
				if x, err := strconv.ParseFloat(a.Value, 64); err != nil || x < 0 || x > svgWidth {
					t.Errorf("%s has %s=%q", element.Name.Local, a.Name.Local, a.Value)
				}
			}
			if strings.Contains(a.Value, "http") && a.Name.Local != "xmlns" {
				t.Errorf("the picture needs %s", a.Value)
			}
		}
	}
}
