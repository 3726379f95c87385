package maelstromtest

import (
	"fmt"
	"io"
	"path"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Time passes in a bubble only when every goroutine waits durably: for the
// bubble's own channels, timers and conditions. A wait for a mutex is not
// durable. So if a node holds a mutex while it waits for a message, its bubble
// stands still as soon as another goroutine wants the mutex. A watch notices
// that, from outside the bubble and in real time.

// patience is how long, in real time, a bubble may stand still before it is
// looked at.
const patience = 3 * time.Second

// A watch watches one cluster.
type watch struct {
	test string
	seed uint64

	bubble string // the cluster's, by its name in stack traces; it may be read once there are steps
	steps  atomic.Int64

	// What follows belongs to lookAfterWatches.
	seen  int64     // steps at the last look
	since time.Time // when they were first seen to be as many
}

var watches sync.Map // its keys are the *watch of each cluster

// A timer looks after the watches, since tests that look for leaked goroutines
// would find a goroutine. It is started here because a timer that is started in
// a bubble belongs to the bubble.
func init() {
	if testing.Testing() {
		time.AfterFunc(time.Second, lookAfterWatches)
	}
}

func lookAfterWatches() {
	defer time.AfterFunc(time.Second, lookAfterWatches)
	var stacks []string
	for key := range watches.Range {
		w := key.(*watch)
		now, steps := time.Now(), w.steps.Load()
		if steps == 0 || steps != w.seen {
			w.seen, w.since = steps, now
		}
		if now.Sub(w.since) < patience {
			continue
		}
		if stacks == nil {
			stacks = allStacks()
		}
		if text := hung(w, stacks); text != "" && w.steps.Load() == steps {
			panic(text)
		}
		w.since = now
	}
}

// watchOver returns a watch over a cluster, whose steps go through settle. It
// ends with done.
func watchOver(t testing.TB, seed uint64) *watch {
	w := &watch{test: t.Name(), seed: seed}
	watches.Store(w, nil)
	return w
}

// enter notes that the cluster is in the caller's bubble. What its nodes log
// goes to stderr, as Config says.
func (w *watch) enter(stderr func(node string) io.Writer) {
	w.bubble = bubble()
	w.steps.Add(1)
	var to io.Writer
	if stderr != nil {
		to = stderr("")
	}
	logs.Store(w.bubble, to)
	divertLog()
}

func (w *watch) done() {
	logs.Delete(w.bubble)
	watches.Delete(w)
}

// settle waits until all goroutines of the bubble wait durably.
func (w *watch) settle() {
	synctest.Wait()
	w.steps.Add(1)
}

// bubble returns the name that stack traces give to the synctest bubble which
// the caller is in, or an empty string if it is in none.
func bubble() string {
	header := make([]byte, 200)
	return bubbleName.FindString(string(header[:runtime.Stack(header, false)]))
}

// bubbleName finds the name of a goroutine's bubble in its stack trace.
var bubbleName = regexp.MustCompile(`synctest bubble \d+`)

// waitOf returns what a goroutine waits for, given its stack trace, and whether
// that wait lets time pass.
func waitOf(stack string) (state string, durable bool) {
	_, state, _ = strings.Cut(stack, "[")
	state, _, _ = strings.Cut(state, "]")
	state, _, _ = strings.Cut(state, ",")
	return strings.CutSuffix(state, " (durable)")
}

func allStacks() []string {
	for buf := make([]byte, 1<<20); ; buf = make([]byte, 2*len(buf)) {
		if n := runtime.Stack(buf, true); n < len(buf) {
			return strings.Split(strings.TrimSpace(string(buf[:n])), "\n\n")
		}
	}
}

// undurable are the waits that keep time from passing and may never end.
var undurable = []string{"sync.Mutex.Lock", "sync.RWMutex.Lock", "sync.RWMutex.RLock", "semacquire", "chan receive", "chan send", "select"}

// hung says what is wrong if no goroutine of the watch's bubble will ever go
// on. Otherwise it returns an empty string. The stacks are those of all
// goroutines.
func hung(w *watch, stacks []string) string {
	var blocking, nodes []string
	mutex := false
	for _, stack := range stacks {
		if bubbleName.FindString(stack) != w.bubble {
			continue
		}
		switch state, durable := waitOf(stack); {
		case durable:
			if ofANode(stack) {
				nodes = append(nodes, stack)
			}
		case slices.Contains(undurable, state):
			blocking = append(blocking, stack)
			mutex = mutex || strings.HasPrefix(state, "sync.") || state == "semacquire"
		default:
			return "" // it runs
		}
	}
	if len(blocking) == 0 {
		return ""
	}
	why := `a goroutine waits for a channel that was made outside of the test's bubble, which keeps virtual time from passing.
Make the channel where the node is started, not in a package variable.`
	if mutex {
		why = `a goroutine waits for a mutex whose holder waits for a message. A wait for a mutex keeps virtual
time from passing, so the message never comes. Do not hold a mutex across a call to a service or a node: unlock it before the
call, and lock it again to handle the answer. If calls must not overlap, use a channel of capacity 1 as the lock: waiting for a
channel lets time pass.`
	}
	return fmt.Sprintf("maelstromtest: %s with seed %d hangs: %s\n\nWhat keeps time from passing:\n\n%s\n\nWhat else the nodes wait for:\n\n%s\n",
		w.test, w.seed, why, some(blocking), some(nodes))
}

// ofANode reports whether a waiting goroutine belongs to a node, not to the
// bench or the test, and waits for something other than input.
func ofANode(stack string) bool {
	others := []string{
		"maelstromtest.(*pipe).Read(", "maelstromtest.(*bench).", "maelstromtest.(*Cluster).", "maelstromtest.(*watch).",
		"internal/synctest.Run(", "testing/synctest.testingSynctestTest(", "testing.tRunner(",
	}
	return !slices.ContainsFunc(others, func(frame string) bool { return strings.Contains(stack, frame) })
}

// some joins the first few stacks.
func some(stacks []string) string {
	const most = 4
	if more := len(stacks) - most; more > 0 {
		stacks = append(stacks[:most:most], fmt.Sprintf("and %d more goroutines", more))
	}
	return strings.Join(stacks, "\n\n")
}

// leftBehind says where the goroutines wait that the nodes of a bubble have
// left behind.
func leftBehind(bubble string, stacks []string) string {
	text := "goroutines of the nodes were left waiting for ever after the end of their input:"
	var places []string
	library := false
	for _, stack := range stacks {
		if bubbleName.FindString(stack) == bubble && ofANode(stack) {
			places = append(places, place(stack))
			library = library || strings.Contains(stack, "demo/go.(*Node).SyncRPC.func1(")
		}
	}
	slices.Sort(places)
	for _, p := range slices.Compact(places) {
		text += "\n\t" + p
	}
	if library {
		text += "\n\tThe library's SyncRPC, and so its KV, leaves a goroutine behind, and Run never returns, when an answer comes after" +
			" the context has ended. Use RPC, and hand the answer over in a channel of capacity 1."
	}
	return text
}

// place says in a line where a goroutine waits: its state, and the innermost
// functions outside of the standard library.
func place(stack string) string {
	state, _ := waitOf(stack)
	var frames []string
	for _, f := range frame.FindAllStringSubmatch(stack, -1) {
		if len(frames) < 2 && !standard.MatchString(f[1]) {
			frames = append(frames, path.Base(f[1])+" at "+path.Base(f[2]))
		}
	}
	return state + " in " + strings.Join(frames, ", called by ")
}

var (
	// frame finds a function and the file and line where it is.
	frame = regexp.MustCompile(`(?m)^(\S+)\(.*\)\n\t(\S+)`)
	// standard matches functions of the standard library.
	standard = regexp.MustCompile(`^(runtime\.|internal/|sync|time\.|io\.|bufio\.|context\.)`)
)
