package maelstromtest

import (
	"errors"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/story"
)

// Tell returns the story of the first check of a run that is wrong, as far as
// the run's journal shows why. Those that Maelstrom makes, too, come first. It
// returns nil if no check is wrong, or if there is nothing to tell. The other
// claims end the story.
func Tell(r *Result, entries []Entry, also ...claim.Claim) *story.Story {
	return story.Tell(r.Claimable(), entries, also...)
}

// Claimable returns what claims can be made of.
func (r *Result) Claimable() claim.Result {
	return claim.Result{Verdict: r.Verdict, Lives: r.Lives, History: r.History}
}

// Why is Tell for a run whose journal was not kept. Err has the beginning of
// the story, Text has all of it, and SVG draws it.
//
// A simulation is run again for it with the same seed, but without its Journal,
// Watch, Progress and Stderr. So Why must be called before the end of the test
// that ran the simulation, and not in a synctest bubble. It returns nil if the
// nodes do something else then. It also does if there is a Script, which can be
// carried out only once: use Record and Tell in that case. A run of processes
// keeps the beginning of its journal if it has neither Journal nor Watch.
func (r *Result) Why() *story.Story {
	s, _ := r.why.tell(r)
	return s
}

// A why is what Result.Why makes a story of.
type why struct {
	entries func() ([]Entry, error)

	once  sync.Once
	story *story.Story
	err   error
}

// tell returns the story, or why there is none. Both are nil if there is
// nothing to tell.
func (w *why) tell(r *Result) (*story.Story, error) {
	if w == nil {
		return nil, nil
	}
	w.once.Do(func() {
		var entries []Entry
		if entries, w.err = w.entries(); w.err == nil {
			w.story = Tell(r, entries)
		}
	})
	return w.story, w.err
}

// reason returns lines about why a run was wrong, if that is known.
func (w *why) reason(r *Result) []string {
	switch s, err := w.tell(r); {
	case err != nil:
		return []string{"Why is not known: " + err.Error()}
	case s != nil:
		return []string{"Why: " + s.Short(), "(Result.Why returns all of this story, as a text and as a picture.)"}
	}
	return nil
}

// again returns what makes the journal of a simulation, by running it again.
func again(t testing.TB, cfg Config, program Program, history []Op) *why {
	var over atomic.Bool
	t.Cleanup(func() { over.Store(true) })
	return &why{entries: func() ([]Entry, error) {
		switch {
		case cfg.Script != nil:
			return nil, errors.New("a Script cannot be carried out twice (use Record and Tell)")
		case over.Load():
			return nil, errors.New("the test that ran the simulation has ended")
		case bubble() != "":
			return nil, errors.New("a synctest bubble cannot hold a simulation")
		}
		cfg.Journal, cfg.Progress, cfg.Stderr = nil, nil, nil
		r, entries := Record(t, cfg, program)
		if !reflect.DeepEqual(r.History, history) {
			return nil, errors.New("when the simulation was run again, the nodes did something else")
		}
		return entries, nil
	}}
}

// mostKept bounds the entries of a keeper.
const mostKept = 1 << 17

// A keeper keeps the beginning of a journal, and how much has followed.
type keeper struct {
	entries []Entry
	left    journal.Omission
	from    time.Duration // when the first of those that are left out happened
}

func (k *keeper) keep(e Entry) {
	if len(k.entries) < mostKept {
		k.entries = append(k.entries, e)
		return
	}
	if k.left.Lines == 0 {
		k.from = e.Time
	}
	k.left.Lines++
	k.left.Until = e.Time
}

func (k *keeper) kept() ([]Entry, error) {
	if k.left.Lines == 0 {
		return k.entries, nil
	}
	return append(slices.Clip(k.entries), Entry{Time: k.from, What: Gap, Omitted: &k.left}), nil
}
