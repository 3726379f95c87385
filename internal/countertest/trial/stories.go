package trial

import (
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/story/storytest"
)

// Stories runs the counter n times, each time under other conditions, and
// checks the stories of the runs that are wrong.
func Stories(t *testing.T, program maelstromtest.Program, n int) {
	var checker storytest.Checker
	for number := range Seeds(n) {
		cfg := storytest.Config(number)
		r, journal := maelstromtest.Record(t, cfg, program)
		s, problems := checker.Check(r, journal)
		if s != nil {
			t.Logf("run %d, with %+v:\n%s", number, cfg, s.Text())
		}
		for _, problem := range problems {
			t.Errorf("run %d, with %+v: %s", number, cfg, problem)
		}
	}
	t.Log(checker.Table())
}

// told finds the number of stories in what Checker.Table returns.
var told = regexp.MustCompile(`(\d+) stories`)

// Tell makes a mistake in a copy of the module whose root is the working
// directory, and runs a test of the copy that calls Stories. The test has to
// pass, after it has checked a few stories.
func Tell(t *testing.T, m Mistake, test string) {
	t.Helper()
	path := Overlay(t, edited(t, m.Edits))
	out, err := exec.Command("go", "test", "-vet=off", "-overlay", path, "-v", "-run", "^"+test+"$", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	stories := 0
	if found := told.FindSubmatch(out); found != nil {
		stories, _ = strconv.Atoi(string(found[1])) // it is digits
	}
	if stories < 5 {
		t.Errorf("only %d stories were told:\n%s", stories, out)
	}
	t.Logf("%d stories", stories)
}
