package story

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// once returns the run in which a compare-and-swap loop counts twice, changed
// in one way: instead of swapping again, the node reads the store and finds its
// add there.
func once(t *testing.T) (*maelstromtest.Result, []maelstromtest.Entry) {
	t.Helper()
	r, journal := load(t, "testdata/cas-lost.jsonl")
	journal = slices.DeleteFunc(journal, func(e maelstromtest.Entry) bool { return e.ID == 9 || e.ID == 10 })
	for i := range journal {
		e := &journal[i]
		e.Body = bytes.ReplaceAll(e.Body, []byte(`"value":2`), []byte(`"value":1`))
		if e.Answer != nil && e.State == 2 {
			e.State, e.Newest = 1, 1
		}
	}
	r.History[1].Value = int64(1)
	r = judged(r.History)
	r.Right = true
	return r, journal
}

func TestOnceTellsWhyAnAddCountsOnce(t *testing.T) {
	r, journal := once(t)
	s := Once(r, journal)
	if s == nil {
		t.Fatal("no story")
	}
	text := strings.Join(strings.Fields(s.Text()), " ")
	for _, want := range []string{
		"Counted once: n0's swap to 1 took effect, but its answer was lost. n0 asked the store, found its add of 1 there already, and acknowledged it. So it counted once.",
		"cas ok, lost", "[ counter = 1 already ]", "add ok, acknowledged", "read ok: 1, right", "[ right: it was added once ]",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, s.Text())
		}
	}
	if svg := s.SVG(); !strings.Contains(svg, `class="right"`) || !strings.Contains(svg, `class="praise"`) {
		t.Errorf("what is right is not drawn as right:\n%s", svg)
	}
}

// If the run was wrong, or if the node heard of every swap, there is nothing to
// tell.
func TestOnceHasNoStoryOfOtherRuns(t *testing.T) {
	r, journal := once(t)
	r.Right = false
	if Once(r, journal) != nil {
		t.Error("a wrong run has a story")
	}
	r.Right = true
	for i := range journal {
		if journal[i].What == maelstromtest.Lost {
			journal[i].What = maelstromtest.Received
		}
	}
	if s := Once(r, journal); s != nil {
		t.Errorf("a run in which nothing was lost has a story:\n%s", s.Text())
	}
}
