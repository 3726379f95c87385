package explain

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/page/pagetest"
	"maelstrom-counter/internal/bench/rivals"
	"maelstrom-counter/internal/bench/story"
)

var (
	explainFlag = flag.Bool("explain", false, "run TestExplain, which prints the shortest stories of the rivals")
	design      = flag.String("design", "", "with -explain: only this design")
	fault       = flag.String("fault", "", "with -explain: only this kind of trouble")
	seed        = flag.Uint64("seed", 1, "with -explain: another seed may find another story")
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	all := flag.Usage
	flag.Usage = func() {
		if !*explainFlag {
			all()
			return
		}
		io.WriteString(flag.CommandLine.Output(), usage())
	}
	m.Run()
}

// usage explains make explain, in 80 columns.
func usage() string {
	var designs, faults []string
	for _, r := range rivals.All {
		designs = append(designs, r.Name)
	}
	for _, trouble := range Troubles {
		faults = append(faults, trouble.Name)
	}
	list := func(names []string) string {
		return strings.Join(story.Wrap(strings.Join(names, ", "), 80-18), "\n                  ")
	}
	return fmt.Sprintf(`make explain searches for the shortest runs in which usual designs of a counter
fail. It prints their stories, and writes pictures of them and a page to
store/explain. ARGS="-design cas -fault late" is for one of them:

  -design name    only this design:
                  %s
  -fault name     only this kind of trouble:
                  %s
  -seed number    another seed may find another story (default %s)
`, list(designs), list(faults), flag.Lookup("seed").DefValue)
}

// The help for make explain names its own flags, and none of package testing's.
func TestTheHelpExplainsTheFlags(t *testing.T) {
	test, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := exec.Command(test, "-explain", "-h").CombinedOutput()
	if err != nil || strings.Contains(string(text), "-test.") {
		t.Errorf("%v\n%s", err, text)
	}
	for line := range strings.Lines(string(text)) {
		if utf8.RuneCountInString(line) > 80+len("\n") {
			t.Errorf("wider than 80 columns: %s", line)
		}
	}
	flag.VisitAll(func(f *flag.Flag) {
		if strings.HasPrefix(f.Usage, "with -explain: ") && !strings.Contains(string(text), "\n  -"+f.Name+" ") {
			t.Errorf("-%s is not explained in:\n%s", f.Name, text)
		}
	})
}

// A design whose title is its name is not named twice.
func TestAHeadingNamesTheDesignOnce(t *testing.T) {
	for _, test := range []struct{ name, title, want string }{
		{"gossip", "gossip", "gossip, no fault at all"}, {"rmw", "read-add-write", "rmw (read-add-write), no fault at all"},
	} {
		f := Found{Design: rivals.Rival{Name: test.name, Title: test.title}, Trouble: Troubles[0]}
		if got := f.Heading(); got != test.want {
			t.Errorf("%q, not %q", got, test.want)
		}
	}
}

// TestExplain is make explain. It is a test because virtual time exists only in
// tests.
func TestExplain(t *testing.T) {
	if !*explainFlag {
		t.Skip("only with -explain")
	}
	if err := Write(filepath.Join("store", "explain"), Search(t, *design, *fault, *seed)); err != nil {
		t.Fatal(err)
	}
}

// Each classic fault has a story of at most 15 messages, and the same seed
// tells the same story.
func TestClassicFaultsHaveShortStories(t *testing.T) {
	for _, test := range []struct {
		design, fault string
		kind          story.Kind
		says          []string
	}{
		{"rmw", "none", story.LostUpdate, []string{"and changed it to", "had last been told", "n0 acknowledged an add of 2"}},
		{"cas", "lost", story.CountedTwice, []string{"it was lost", "and again"}},
		{"cas", "late", story.CountedTwice, []string{"delayed by", "and again"}},
		{"cas", "doubled", story.CountedTwice, []string{"and again", `"code":22`}},
		{"cas", "none", story.OldAnswer, []string{"That was an old state"}},
		{"crdt", "none", story.OldAnswer, []string{"That was an old state"}},
		{"crdt", "doubled", story.TakenBack, []string{"Both copies changed"}},
		{"crdt", "crash", story.OldBasis, []string{"was killed"}},
		{"rmw", "lost", story.LostUpdate, []string{"it was lost"}},
		{"cas", "crash", story.CountedTwice, []string{"was killed", "it answered a request from an earlier life"}},
		{"gossip", "none", story.NotSent, []string{"n1 answered a read with 0 at 1 ms", "n0 sent n1", "at 100 ms; it arrived"}},
		{"gossip", "lost", story.Undelivered, []string{"it was lost"}},
		{"gossip", "late", story.Undelivered, []string{"delayed by"}},
		{"gossip", "crash", story.Forgotten, []string{"was killed", "told no other node anything", "The right answer is 1."}},
	} {
		t.Run(test.design+"/"+test.fault, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && (test.fault != "lost" || test.design == "gossip") {
				t.Skip("takes long with -race")
			}
			f := Search(t, test.design, test.fault, 1)[0]
			if f.Story == nil {
				t.Fatalf("no story in %d runs", f.Runs)
			}
			text := f.Story.Text()
			if !shows(f.Story, f.Trouble.what) {
				t.Errorf("the picture does not show what was %s:\n%s", f.Trouble.what, text)
			}
			said := strings.Join(strings.Fields(text), " ")
			if f.Story.Kind != test.kind || f.Story.Messages() > 15 || slices.ContainsFunc(test.says, func(s string) bool { return !strings.Contains(said, s) }) {
				t.Errorf("a %s of %d messages, want a %s that says %q:\n%s", f.Story.Kind, f.Story.Messages(), test.kind, test.says, text)
			}
			if again := Search(t, test.design, test.fault, 1)[0]; again.String() != f.String() || again.Story.SVG() != f.Story.SVG() {
				t.Errorf("the same seed first told\n%s\nand then\n%s", f, again)
			}
		})
	}
}

// shows reports whether a story has an arrow or a note of a kind of trouble.
func shows(s *story.Story, what maelstromtest.What) bool {
	killed := func(n *story.Note) bool { return strings.HasSuffix(n.Text, " is killed") }
	if what == "" || what == maelstromtest.Killed && slices.ContainsFunc(s.Notes, killed) {
		return true
	}
	for _, trouble := range Troubles {
		if trouble.what == what && trouble.shown != nil && slices.ContainsFunc(s.Arrows, trouble.shown) {
			return true
		}
	}
	return false
}

func TestThePageWorksInABrowser(t *testing.T) {
	b := pagetest.Open(t)
	folder := t.TempDir()
	if err := Write(folder, append(Search(t, "cas", "lost", 1), Search(t, "rmw", "none", 1)...)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"index.html", "cas-lost.svg", "rmw-none.svg"} {
		b.Check(filepath.Join(folder, name))
	}
}

// What is told of a failed simulation is much shorter than it was.
func TestAFailedSimulationIsShortened(t *testing.T) {
	cfg := maelstromtest.Config{Rate: 20, TimeLimit: 4 * time.Second, Latency: hop, LatencyDist: "exponential"}
	if text := Shorten(t, cfg, rivals.All[0].Program); !strings.Contains(text, " requests:\n\nLost update (beyond Maelstrom: reads in order):\n") {
		t.Error(text)
	}
}
