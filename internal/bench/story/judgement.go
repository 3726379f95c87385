package story

import "maelstrom-counter/internal/bench/maelstromtest"

// A judgement is what a verdict has found wrong, as far as there are stories
// about it.
type judgement struct {
	crashes     []maelstromtest.Crash
	acceptable  []maelstromtest.Range     // final reads
	outOfOrder  []maelstromtest.Violation // reads
	unexplained *maelstromtest.Violation  // the first read that makes the history not linearizable
}

func judgementOf(r *maelstromtest.Result) judgement {
	facts, _ := r.Facts.(maelstromtest.CounterFacts) // the zero value if it is not a counter: then nothing is known of reads
	return judgement{r.Crashes, facts.Acceptable, facts.OutOfOrder, facts.Unexplained}
}
