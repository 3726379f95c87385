// Package rivals holds the designs that people argue about for a grow-only
// counter on Maelstrom's seq-kv, each as small as it can be without being a
// straw man: requests to the store time out after a second and are repeated,
// and a node's own adds do not get in each other's way.
//
// Two things make the exercise harder than it looks. A request or its reply may
// be lost or late, and a missing answer does not tell whether the request took
// effect. And the store is only sequentially consistent: it promises that all
// nodes see the same changes in the same order, and that no node goes back, but
// not how soon a node sees a change. A node that has only read for a while may
// be served a value many changes old (up to 32 in Maelstrom's service.clj).
// What becomes of each design:
//
//   - Read, add, write (rmw). Between one node's read and its write another
//     node writes, and that add is overwritten: a lost update. No fault is
//     needed for it, only two nodes. The read may be old as well, and then even
//     adds that were over and acknowledged are lost.
//   - The compare-and-swap loop (cas). No update is lost, since a total that
//     has changed is not replaced. But if the swap took effect and its reply
//     didn't arrive, the loop goes round again and the add is counted twice;
//     giving up instead would leave it unknown whether it counts. The same
//     happens where the network doubles the swap, and the answer to the second
//     copy, which fails, arrives before that to the first. Reads are plain
//     reads of the store, so they may be old, the final ones too.
//   - A key per node, the CRDT known as a G-Counter (crdt). Each key has one
//     writer, which is always served its own last write or a later one, and
//     repeating a write doesn't add twice. But a read sums keys that may each
//     be old, so it can miss adds that were acknowledged long ago: the sum
//     converges only as fast as the store lets it, and nothing says when it
//     has. And a copy of a write that arrives after the next write takes the
//     key back.
//   - Gossip (gossip), the same CRDT without the store. Each node keeps its
//     part in memory, and tells the others. Soon after nodes have been able to
//     talk again, every read is right. Until then a read misses what its node
//     has not heard of. A node that is killed takes with it what it has told
//     nobody.
//   - Receipts (package receipts). A compare-and-swap loop that stores, next to
//     the total, a receipt of each node's last request. It is right, and serves
//     one request of a node after the other.
//   - Receipts and batching (batching, of the same package). One swap is for
//     all requests that wait at a node.
//
// None of this is a bug in the store or in the library. They keep their
// promises.
package rivals

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/rivals/receipts"
)

// A Rival is one design.
type Rival struct {
	Name    string // one word, for flags and benchmarks
	Title   string // a few words, for tables
	Program maelstromtest.Program
	Right   bool // always, also beyond Maelstrom's verdict
}

// All lists every rival.
var All = []Rival{
	{"rmw", "read, add, write", Program(readAddWrite), false},
	{"cas", "compare-and-swap loop", Program(casLoop), false},
	{"crdt", "a key per node", Program(keyPerNode), false},
	{"gossip", "gossip", withChance(gossip), false},
	{"receipts", "receipts", withChance(inTurn), true},
	{"batching", "batching", withChance(receipts.ServeBatches), true},
}

// Named returns the rival with a name. If there is none, the error lists the
// names.
func Named(name string) (Rival, error) {
	var names []string
	for _, r := range All {
		if r.Name == name {
			return r, nil
		}
		names = append(names, r.Name)
	}
	return Rival{}, fmt.Errorf("%q is not one of %s", name, strings.Join(names, ", "))
}

// Program returns a program that runs a node, which serve makes serve the
// workload before it runs. The program returns after the end of stdin, when the
// requests in hand have been answered or have timed out, which takes at most
// requestTimeout. It returns an error as soon as stdin has a line that is not a
// message. The library logs every message through package log, and the program
// does not silence it.
func Program(serve func(*maelstrom.Node)) maelstromtest.Program {
	return func(env maelstromtest.Env) error {
		n := maelstrom.NewNode()
		n.Stdin, n.Stdout = env.Stdin, env.Stdout
		serve(n)
		return n.Run()
	}
}

// inTurn is receipts.Serve, which leaves nothing to end.
func inTurn(n *maelstrom.Node, random *rand.Rand) (end func()) {
	receipts.Serve(n, random)
	return func() {}
}

// withChance is Program for a node that draws random numbers, and that has
// something to end when its input has ended.
func withChance(serve func(*maelstrom.Node, *rand.Rand) (end func())) maelstromtest.Program {
	return func(env maelstromtest.Env) error {
		var end func()
		run := Program(func(n *maelstrom.Node) { end = serve(n, rand.New(rand.NewPCG(env.Seed, 0))) })
		defer func() { end() }()
		return run(env)
	}
}

// requestTimeout bounds the work on one request. It is a little less than the 5
// s that Maelstrom's clients wait, so that they get an answer. The answer is
// error 13, crash, which the library sends for errors that are not its own, and
// which leaves open whether the request took effect.
const requestTimeout = 4500 * time.Millisecond

// Serve makes n answer the workload's two requests. The context of each ends
// after requestTimeout.
func Serve(n *maelstrom.Node, add func(ctx context.Context, delta int64) error, read func(context.Context) (int64, error)) {
	handle := func(request string, answer func(ctx context.Context, body json.RawMessage) (map[string]any, error)) {
		n.Handle(request, func(msg maelstrom.Message) error {
			ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
			defer cancel()
			reply, err := answer(ctx, msg.Body)
			if err != nil {
				return err
			}
			return n.Reply(msg, reply)
		})
	}
	handle("add", func(ctx context.Context, body json.RawMessage) (map[string]any, error) {
		var request struct {
			Delta int64 `json:"delta"`
		}
		if err := json.Unmarshal(body, &request); err != nil {
			return nil, maelstrom.NewRPCError(maelstrom.MalformedRequest, err.Error())
		}
		return map[string]any{"type": "add_ok"}, add(ctx, request.Delta)
	})
	handle("read", func(ctx context.Context, _ json.RawMessage) (map[string]any, error) {
		total, err := read(ctx)
		return map[string]any{"type": "read_ok", "value": total}, err
	})
}
