package story

import (
	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/maelstromtest"
)

// Of is Tell for a run of the bench.
func Of(r *maelstromtest.Result, entries []journal.Entry) *Story {
	return Tell(claim.Result{Verdict: r.Verdict, Lives: r.Lives, History: r.History}, entries)
}

// Once is TellOnce for a run of the bench.
func Once(r *maelstromtest.Result, entries []journal.Entry) *Story {
	return TellOnce(claim.Result{Verdict: r.Verdict, Lives: r.Lives, History: r.History}, entries)
}
