// Package strangers has counters as other people write them: each is one design
// or one slip, as small as it can be. The bench has to tell the truth about
// them, although it was not written for them.
//
//	r := maelstromtest.Simulate(t, cfg, stranger.Program)
//
// Some are right. Those that are wrong are wrong in the ways of public
// solutions of the exercise, of bug reports and of first attempts. Unless it
// says otherwise, a stranger keeps the total in one key of seq-kv, swaps it
// with create_if_not_exists until that succeeds, waits for a second for each
// answer, and takes an answer that doesn't come for the value 0.
package strangers

import (
	"cmp"
	"fmt"
	"maps"
	"strings"
	"sync"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// A Stranger is one design or slip.
type Stranger struct {
	Name   string
	What   string // it does
	Right  bool   // it is right in the end, whichever links between nodes are cut meanwhile
	Mute   bool   // Maelstrom does not accept its answer to init
	Faults string // a fault with which it goes wrong, if it needs one
	On     string // the service that has the total; seq-kv if it is empty
	setup  func(*node)
}

// Program is the stranger's node.
func (s Stranger) Program(env maelstromtest.Env) error {
	return run(env, cmp.Or(s.On, "seq-kv"), s.setup)
}

// All lists every stranger: designs, slips, and those that err in how they
// print messages.
var All = []Stranger{
	{Name: "early", What: "acknowledges before it swaps", setup: early},
	{Name: "writebehind",
		What: "acknowledges before it swaps; a read returns what a timer saw last", setup: writebehind},
	{Name: "cached", What: "a read returns what a timer saw last", setup: cached},
	{Name: "bgwriter",
		What: "counts alone; a timer writes the node's key, and that of n2 stops after a second", setup: bgwriter},
	{Name: "readall", What: "has a key of its own; a read reads all keys, one after the other", setup: readall},
	{Name: "cachedkey",
		What: "has a key of its own; a read adds what it knows of that and the others' keys", setup: cachedkey},
	{Name: "readown", What: "has a key of its own, which is all that a read returns", setup: readown},
	{Name: "aggregator",
		What: `has a key of its own; n0 sums all into the key "sum", which a read returns`, setup: aggregator},
	{Name: "mapcas", What: "keeps a map of what each node has added in one key, and swaps the whole map", setup: mapcas},
	{Name: "askpeers",
		What:   "keeps its part in memory; a read asks the others, and sums what it hears in 100 ms",
		Faults: "partition", setup: askpeers},
	{Name: "gossip_all", What: "sends all parts that it knows to all others every 200 ms", Right: true, setup: gossipAll},
	{Name: "broadcast", What: "sends each add to the others once", Faults: "partition", setup: broadcast},
	{Name: "rebroadcast",
		What: "sends each add with an id to the others until they acknowledge", Right: true, setup: rebroadcast},
	{Name: "deltas",
		What: "sends the others what they have not acknowledged, without an id", Faults: "partition", setup: deltas},
	{Name: "leader",
		What: "forwards requests to n0, which counts in memory, and again after a second", Faults: "partition", setup: leader},
	{Name: "flush", What: "acknowledges at once; a timer swaps what has gathered", setup: flush},
	{Name: "lostflush",
		What: "acknowledges at once; a timer tries once to swap what has gathered, and forgets it", setup: lostflush},
	{Name: "identitycas", What: "reads, and swaps what it has read for the same", setup: identitycas},
	{Name: "uniquewrite", What: "writes something new to another key before each read", Right: true, setup: uniquewrite},
	{Name: "tso", What: "writes a timestamp of lin-tso to another key before each read", Right: true, setup: tso},
	{Name: "lww", What: "makes no mistake of its own", On: "lww-kv", setup: lww},
	{Name: "zero", What: "n0 sets the total to 0 when it starts", setup: zero},

	{Name: "addone", What: "takes each delta for 1", On: "lin-kv", setup: addone},
	{Name: "refused",
		What: "answers error 11 to each add of 4 after its swap has succeeded", On: "lin-kv", setup: refused},
	{Name: "patient", What: "waits for each answer for ever", Faults: "loss", On: "lin-kv", setup: patient},
	{Name: "deadlock", What: "reads no message while it waits for an answer", On: "lin-kv", setup: deadlock},
	{Name: "thread_exception",
		What: "its handler panics if the key does not exist yet, and is recovered", setup: threadException},
	{Name: "no_create", What: "never creates the key, and tries for ever", setup: noCreate},
	{Name: "no_reread", What: "tries the same swap for ever, without reading again", setup: noReread},
	{Name: "conflict13", What: "tries each swap once, and answers error 13 if it did not succeed", setup: conflict13},
	{Name: "retry22", What: "tries again after error 22 only, and else answers error 0", setup: retry22},
	{Name: "wrongcode", What: "tries each swap once, and answers error 11 if it hears of no success", setup: wrongcode},
	{Name: "missing",
		What: "passes the store's error 20 on to the client, so that nobody creates the key", setup: missing},
	{Name: "doubleadd", What: "adds the delta once more with each try", setup: doubleadd},
	{Name: "nokey", What: "does not answer a read if the key does not exist", setup: nokey},
	{Name: "stringvalue", What: "answers a read with a string", On: "lin-kv", setup: stringvalue},
	{Name: "floatvalue", What: "answers a read with a number like 4.0", On: "lin-kv", setup: floatvalue},
	{Name: "wrong_reply_to", What: "answers with a number that is off by one", On: "lin-kv", setup: wrongReplyTo},
	{Name: "tworeplies", What: "answers each add twice", On: "lin-kv", setup: tworeplies},
	{Name: "crash", What: "n1 panics at its sixth request; it counts nothing", setup: crash},
	{Name: "init_twice",
		What: "answers init twice, the second time when the client has gone", On: "lin-kv", setup: initTwice},
	{Name: "stranger_once",
		What: "n1 once sends a message to a node that does not exist", On: "lin-kv", setup: strangerOnce},

	{Name: "no_flush",
		What: "does not flush its output, of which 8 kB come at once", Mute: true, On: "lin-kv", setup: noFlush},
	{Name: "no_newline", What: "ends no line", Mute: true, On: "lin-kv", setup: noNewline},
	{Name: "blank_line", What: "prints a blank line behind each message", On: "lin-kv", setup: blankLine},
	{Name: "blank_first", What: "prints a blank line before each message", Mute: true, On: "lin-kv", setup: blankFirst},
	{Name: "trailing",
		What: "prints a comment behind each message, on its line", Right: true, On: "lin-kv", setup: trailing},
	{Name: "extra_field", What: "has a field beside src, dest and body", Mute: true, On: "lin-kv", setup: extraField},
	{Name: "bom", What: "begins each line with a byte order mark", Mute: true, On: "lin-kv", setup: byteOrderMark},
	{Name: "pretty", What: "prints each message on several lines", Mute: true, On: "lin-kv", setup: pretty},
	{Name: "string_reply_to",
		What: "answers with a string in in_reply_to", Mute: true, On: "lin-kv", setup: stringReplyTo},
	{Name: "init_without_reply_to",
		What: "its init_ok has no in_reply_to", Mute: true, On: "lin-kv", setup: initWithoutReplyTo},
	{Name: "chatter", What: "prints a line of text for each add", On: "lin-kv", setup: chatter},
}

// Named returns the stranger with a name. If there is none, the error lists the
// names.
func Named(name string) (Stranger, error) {
	var names []string
	for _, s := range All {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Stranger{}, fmt.Errorf("%q is not one of %s", name, strings.Join(names, ", "))
}

// A tally is a number that several goroutines work with.
type tally struct {
	mu    sync.Mutex
	value int // guarded by mu
}

func (t *tally) get() int { return t.plus(0) }

func (t *tally) add(delta int) { t.plus(delta) }

// plus adds delta and returns the sum.
func (t *tally) plus(delta int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.value += delta
	return t.value
}

func (t *tally) atLeast(value int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.value = max(t.value, value)
}

// take returns the value and sets it to 0.
func (t *tally) take() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	value := t.value
	t.value = 0
	return value
}

// tallies are numbers by name, which are 0 at first.
type tallies struct {
	mu     sync.Mutex
	byName map[string]*tally // guarded by mu
}

func (t *tallies) of(name string) *tally {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byName == nil {
		t.byName = map[string]*tally{}
	}
	if t.byName[name] == nil {
		t.byName[name] = &tally{}
	}
	return t.byName[name]
}

func (t *tallies) all() map[string]int {
	t.mu.Lock()
	tallies := maps.Clone(t.byName)
	t.mu.Unlock()
	all := map[string]int{}
	for name, t := range tallies {
		all[name] = t.get()
	}
	return all
}

func (t *tallies) sum() (sum int) {
	for _, value := range t.all() {
		sum += value
	}
	return sum
}
