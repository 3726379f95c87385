package compare

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/page/pagetest"
	"maelstrom-counter/internal/bench/story"
)

// small returns the cells of the rivals under two short conditions.
func small(t *testing.T) []Cell {
	t.Helper()
	loss := exercise("loss")
	loss.Rate, loss.TimeLimit = 50, 4*time.Second
	return Run(t, Rivals(), []Condition{
		{"calm", "one node, and nothing happens", maelstromtest.Config{Nodes: 1, Concurrency: 1, Rate: 20, TimeLimit: time.Second, Seed: 1}},
		{"loss", "5 % of messages lost", loss},
	}, 2, io.Discard)
}

// Cells in which something went wrong lead to their story, and others do not.
func TestThePageTellsWhatWentWrong(t *testing.T) {
	cells := small(t)
	told := 0
	for _, c := range cells {
		name := c.Contender.Name + " under " + c.Condition.Name
		seed, wrong := c.Worst()
		if wrong != (c.Story != nil) || wrong != (c.Link() >= 0) || c.Told != seed {
			t.Errorf("%s: wrong %v with seed %d, a story of seed %d, link %d", name, wrong, seed, c.Told, c.Link())
		}
		if wrong {
			told++
			if c.Story.Caption == "" || (len(c.Wrong) > 0) != (c.Link() == 0) {
				t.Errorf("%s: %+v", name, c)
			}
		}
	}
	if told == 0 || told == len(cells) {
		t.Errorf("%d of %d cells went wrong", told, len(cells))
	}
}

func TestTheWorstSeedIsOneThatMaelstromCallsWrong(t *testing.T) {
	for _, test := range []struct {
		wrong, contradicted []uint64
		want                uint64
		ok                  bool
	}{{nil, nil, 0, false}, {nil, []uint64{3, 4}, 3, true}, {[]uint64{5, 6}, []uint64{3}, 5, true}} {
		tally := Tally{Wrong: test.wrong, Contradicted: test.contradicted}
		if got, ok := tally.Worst(); got != test.want || ok != test.ok {
			t.Errorf("wrong %v, contradicted %v: %d, %v", test.wrong, test.contradicted, got, ok)
		}
	}
}

// The colour of a cell's verdict tells whether it was Maelstrom's that was bad.
func TestTheVerdictHasAColour(t *testing.T) {
	told := &story.Story{Kind: story.OldAnswer}
	for _, test := range []struct {
		cell Cell
		want string // the cells of the verdict and of late reads
	}{
		{Cell{Tally: Tally{Seeds: 2}}, `<td class="n good">2</td><td class="n">0</td>`},
		{Cell{Tally: Tally{Seeds: 2, Contradicted: []uint64{1}}, Story: told}, `<td class="n warn">2</td><td class="n warn"><a href="#-">0</a></td>`},
		{Cell{Tally: Tally{Seeds: 2, Wrong: []uint64{2}, Contradicted: []uint64{1}}, Story: told}, `<td class="n bad"><a href="#-">1</a></td><td class="n">0</td>`},
	} {
		path := filepath.Join(t.TempDir(), "page.html")
		if err := WritePage(path, []Cell{test.cell}); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), test.want) {
			t.Errorf("no %s, %v", test.want, err)
		}
	}
}

// A link in the table leads to its story.
func TestLinksLeadToStoriesInABrowser(t *testing.T) {
	b := pagetest.Open(t)
	path := filepath.Join(t.TempDir(), "new", "compared.html")
	if err := WritePage(path, small(t)); err != nil {
		t.Fatal(err)
	}
	b.Check(path)
	b.Show(path, 1280, "light", true)
	const top = `document.getElementById(document.querySelector("td.bad a").hash.slice(1)).getBoundingClientRect().top`
	if before := pagetest.Ask[float64](b, top); before < 300 {
		t.Fatalf("the first story is %v px from the top of the window", before)
	}
	pagetest.Ask[any](b, `document.querySelector("td.bad a").click()`)
	if after := pagetest.Ask[float64](b, top); after < 0 || after > 100 {
		t.Errorf("after the link has been followed, its story is %v px from the top of the window", after)
	}
	b.NoProblems("followed")
}
