package report

import (
	"cmp"
	"io"
	"log"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"maelstrom-counter/internal/bench/maelstromstore"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/page/pagetest"
	"maelstrom-counter/internal/bench/rivals"
	"maelstrom-counter/internal/bench/verdict"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	m.Run()
}

// simulated returns a run of a rival in virtual time, with its story.
func simulated(t *testing.T, design string, cfg maelstromtest.Config) Run {
	t.Helper()
	rival, _ := rivals.Named(design)
	cfg.Consistency = cmp.Or(cfg.Consistency, maelstromtest.Linearizable)
	folder := t.TempDir()
	journal := NewJournal(folder, MaxMessages)
	cfg.Journal = journal
	r := maelstromtest.Simulate(t, cfg, rival.Program)
	err := journal.Close()
	story, told := Tell(folder, r)
	if err := cmp.Or(err, told); err != nil {
		t.Fatal(err)
	}
	return Run{
		Result: r, Command: []string{"bench", "--bin", "./" + design}, Bin: "/bin/" + design, Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Story: story,
	}
}

// wrong returns a run that is wrong, and has a story.
func wrong(t *testing.T) Run {
	t.Helper()
	run := simulated(t, "cas", maelstromtest.Config{
		Rate: 50, TimeLimit: 5 * time.Second, Nemesis: []maelstromtest.Fault{{Kind: maelstromtest.Loss}}, Seed: 2,
	})
	if run.Story == nil {
		t.Fatal("no story")
	}
	return run
}

// lucky returns a run that Maelstrom would call valid, and the bench would not.
func lucky(t *testing.T) Run {
	t.Helper()
	for seed := range uint64(10) {
		run := simulated(t, "cas", maelstromtest.Config{
			Rate: 50, TimeLimit: 5 * time.Second, Consistency: maelstromtest.Eventual, Seed: seed,
		})
		run.Luck = "chance: seq-kv had a choice"
		if run.Result.MaelstromValid && run.Result.Check(verdict.IsLinearizable).Status == verdict.Wrong {
			return run
		}
	}
	t.Fatal("no run is valid without being linearizable")
	return Run{}
}

// pageOf writes a run's page and returns its path.
func pageOf(t *testing.T, name string, run Run) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name+".html")
	if err := create(path, run.writePage); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPagesAndPicturesWorkInABrowser(t *testing.T) {
	b := pagetest.Open(t)
	b.Check(pageOf(t, "right", sample()))
	b.Check(pageOf(t, "wrong", wrong(t)))
	b.Check(pageOf(t, "lucky", lucky(t)))
	stranger := wrong(t)
	stranger.Maelstrom = &maelstromstore.Recording{
		Directory: "/home/somebody/" + strings.Repeat("maelstrom/", 20) + "store/g-counter/20261130T075050.940Z",
		Ended:     "it was interrupted", Notes: []string{strings.Repeat("What cannot be known is said. ", 10)},
	}
	b.Check(pageOf(t, "stranger", stranger))
	crowd := simulated(t, "crdt", maelstromtest.Config{
		Nodes: 25, Rate: 300, TimeLimit: 20 * time.Second, Latency: 10 * ms, LatencyDist: maelstromtest.Exponential,
		Nemesis: maelstromtest.AllFaults(), NemesisInterval: 3 * time.Second, Seed: 1,
	})
	folder := t.TempDir()
	if err := Write(folder, crowd); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{PageFile, "latency.svg", "rate.svg"} {
		b.Check(filepath.Join(folder, name))
	}
}

// A point tells its request, and a drag over one chart zooms into all of them,
// with their axes and faults.
func TestChartsCanBeZoomed(t *testing.T) {
	b := pagetest.Open(t)
	b.Show(pageOf(t, "zoomed", sample()), 1280, "light", true)
	const first = `document.querySelector(".chart .plot")`
	pagetest.Ask[any](b, first+`.scrollIntoView({block: "center"})`)
	box := pagetest.Ask[[]float64](b, `(b => [b.left, b.top, b.width, b.height])(`+first+`.getBoundingClientRect())`)
	x := func(s float64) float64 { return box[0] + box[2]*s/4.0 } // of 4 s
	views := func() []string {
		return pagetest.Ask[[]string](b, `[...document.querySelectorAll(".plot svg")].map(s => s.getAttribute("viewBox"))`)
	}
	// Request 6 was made at 2 s, and took 20 ms on a scale from 1 to 100.
	b.Do(chromedp.MouseEvent("mouseMoved", x(2)+3, box[1]+box[3]*0.35))
	tip := pagetest.Ask[string](b, `[...document.querySelectorAll(".tip")].filter(t => !t.hidden).map(t => t.textContent).join()`)
	if !strings.HasPrefix(tip, "op 6: add 1, ok by n0 after 20 ms, made at 2 s by c3") {
		t.Errorf("the point at 2 s tells %q", tip)
	}
	before := views()
	b.Do(
		chromedp.MouseEvent("mousePressed", x(1), box[1]+50, chromedp.ButtonLeft),
		chromedp.MouseEvent("mouseMoved", x(1.5), box[1]+50, chromedp.ButtonLeft),
		chromedp.MouseEvent("mouseMoved", x(2), box[1]+50, chromedp.ButtonLeft),
		chromedp.MouseEvent("mouseReleased", x(2), box[1]+50, chromedp.ButtonLeft),
	)
	for i, view := range views() {
		if fields := strings.Fields(view); !strings.HasPrefix(fields[0], "25") && !strings.HasPrefix(fields[0], "24.9") || !strings.HasPrefix(fields[2], "25") && !strings.HasPrefix(fields[2], "24.9") {
			t.Errorf("chart %d shows %q after a drag from 1 s to 2 s", i, view)
		}
	}
	if axis := pagetest.Ask[string](b, `document.querySelector(".xaxis").textContent`); !strings.Contains(axis, "1.4") {
		t.Errorf("the axis shows %q", axis)
	}
	// A fault from 0 s to 1 s ends where the picture begins. A fault from 0.1 s
	// to 1.1 s takes a tenth of it.
	bars := pagetest.Ask[[]float64](b, `[...document.querySelectorAll(".track")].slice(0, 2).map(t => t.firstChild).map(i => i.hidden ? -1 : parseFloat(i.style.width))`)
	if len(bars) != 2 || bars[0] > 1 || bars[1] < 9 || bars[1] > 11 {
		t.Errorf("the first two faults take %v %% of the picture", bars)
	}
	pagetest.Ask[any](b, `[...document.querySelectorAll(".tools button")].find(b => b.textContent === "all").click()`)
	if after := views(); !slices.Equal(after, before) {
		t.Errorf("the button all shows %q, want %q", after, before)
	}
	b.NoProblems("zoomed")
}
