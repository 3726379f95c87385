package explain

import (
	"testing"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/rivals"
	"maelstrom-counter/internal/bench/story"
)

// Pictures returns the pictures that the README shows, by their files' names.
// They show why a compare-and-swap loop counts twice, why a key per node reads
// old totals, and why a loop with receipts counts once: it gets the same
// requests as the loop, and the answer to its swap is lost, too.
func Pictures(t *testing.T) map[string]string {
	t.Helper()
	receipts, err := rivals.Named("receipts")
	if err != nil {
		t.Fatal(err)
	}
	twice, old := classic(t, "cas", "lost"), classic(t, "crdt", "none")
	once := again(t, twice.Plan, receipts.Program)
	return map[string]string{"cas-lost.svg": twice.Story.SVG(), "crdt-none.svg": old.Story.SVG(), "receipts-lost.svg": once.SVG()}
}

// again carries out a plan in which an answer of the store is lost with a
// program that is right, and returns the story. The program asks the store for
// other things, so the loss is moved until it hits the answer to a swap.
func again(t *testing.T, plan Plan, program maelstromtest.Program) *story.Story {
	t.Helper()
	r := &runner{t: t, program: program}
	plan = plan.clone()
	for n := range 10 {
		for i := range plan.Fates {
			plan.Fates[i].N = n
		}
		x := r.try(plan)
		if err := x.result.Err(); err != nil {
			t.Fatal(err)
		}
		if once := story.TellOnce(x.result.Claimable(), x.journal); once != nil {
			return once
		}
	}
	t.Fatal("the run in which a compare-and-swap loop counts twice has no story with this program")
	return nil
}

// classic returns the shortest story of a design under a kind of trouble, as
// make explain finds it.
func classic(t *testing.T, design, trouble string) Found {
	t.Helper()
	found := Search(t, design, trouble, 1)[0]
	if found.Story == nil {
		t.Fatalf("no story of %s under %s", design, trouble)
	}
	return found
}
