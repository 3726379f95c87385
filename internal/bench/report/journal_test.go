package report

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// record writes entries to a journal of that many bytes, numbers them, and
// returns what is kept, and the length of the file.
func record(t *testing.T, limit int, entries []maelstromtest.Entry) (kept []maelstromtest.Entry, size int64) {
	t.Helper()
	folder := t.TempDir()
	j := NewJournal(folder, limit)
	for i, e := range entries {
		e.ID, e.Time = i+1, time.Duration(i+1)
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		line = append(line, '\n')
		if n, err := j.Write(line); n != len(line) || err != nil {
			t.Fatalf("wrote %d of %q, %v", n, line, err)
		}
		clear(line) // which the journal must not keep
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(folder, MessagesFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if kept, err = maelstromtest.ReadJournal(f); err != nil {
		t.Fatal(err)
	}
	return kept, info.Size()
}

// storm returns entries of a node that says the same all the time.
func storm(n int) []maelstromtest.Entry {
	entries := make([]maelstromtest.Entry, n)
	for i := range entries {
		body := fmt.Appendf(nil, `{"type":"cas","msg_id":%d}`, i)
		entries[i] = maelstromtest.Entry{What: maelstromtest.Sent, Src: "n1", Dest: "seq-kv", Body: body}
	}
	return entries
}

// Whatever does not fit is left out in one place, which says how many lines it
// were, from when to when, and of what there was most. Before a crash or a mute
// node, lines are kept, too.
func TestTheJournalKeepsWhatMatters(t *testing.T) {
	const many, limit = 20_000, 400 << 10
	crash := func(at ...int) []maelstromtest.Entry {
		entries := storm(many)
		for i, at := range at {
			entries[at] = maelstromtest.Entry{What: []maelstromtest.What{maelstromtest.Muted, maelstromtest.Crashed}[i%2], Node: "n1"}
		}
		return entries
	}
	for name, test := range map[string]struct {
		limit   int
		entries []maelstromtest.Entry
		gaps    int
		keeps   []int // these and the entries about them
	}{
		"all fits":                     {4 << 20, storm(many), 0, []int{10, many / 4, many / 2, many - 10}},
		"nothing happened":             {limit, nil, 0, nil},
		"a storm":                      {limit, storm(many), 1, []int{10, many - 10}},
		"trouble at the beginning":     {limit, crash(20), 1, []int{10, 20, many - 10}},
		"trouble in the middle, twice": {limit, crash(many/2, many/2+4000), 2, []int{10, many/2 - 10, many - 10}},
		"trouble at the end":           {limit, crash(many - 20), 2, []int{10, many - 20}},
	} {
		kept, size := record(t, test.limit, test.entries)
		there := map[int]bool{}
		gaps, next := 0, 1
		for _, e := range kept {
			if e.What == maelstromtest.Gap {
				gaps++
				if e.Time != time.Duration(next) || e.Omitted == nil || len(e.Omitted.Most) != 1 || e.Omitted.Most[0].Times < e.Omitted.Lines-2 {
					t.Fatalf("%s: after entry %d the gap %+v, %+v", name, next-1, e, e.Omitted)
				}
				next += e.Omitted.Lines
				if e.Omitted.Until != time.Duration(next-1) {
					t.Errorf("%s: the gap ends with %d, not with %d", name, e.Omitted.Until, next-1)
				}
				continue
			}
			if e.ID != next {
				t.Fatalf("%s: entry %d is there in place of %d", name, e.ID, next)
			}
			there[e.ID] = true
			next++
		}
		if next != len(test.entries)+1 || gaps > test.gaps || size > int64(test.limit) {
			t.Errorf("%s: %d of %d entries, %d gaps, %d bytes", name, next-1, len(test.entries), gaps, size)
		}
		for _, at := range test.keeps {
			for i := at - 5; i < at+5; i++ {
				if !there[i] {
					t.Errorf("%s: entry %d is left out", name, i)
				}
			}
		}
	}
}

// A line that is longer than what may be kept is left out, too.
func TestTheJournalLeavesOutALineThatIsTooLong(t *testing.T) {
	entries := storm(3)
	entries[1].Body = fmt.Appendf(nil, "%q", strings.Repeat("x", 300<<10))
	kept, _ := record(t, 400<<10, entries)
	if len(kept) != 3 || kept[1].What != maelstromtest.Gap || kept[1].Omitted.Lines != 1 || kept[2].ID != 3 {
		t.Errorf("kept %+v", kept)
	}
}
