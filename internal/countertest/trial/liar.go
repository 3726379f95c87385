package trial

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/ledger"
)

// A Lie is what the text of a refusal says in place of the truth.
type Lie struct {
	Name string
	tell func(refusal) string
}

// A refusal is the store's answer to a swap. Its true text is truth.
type refusal struct {
	From, To ledger.Value
	truth    string
	random   *rand.Rand
}

// Lies are false texts of a store that is right in all else.
var Lies = []Lie{
	{"what the swap was to write", func(r refusal) string { return says(r.To) }},
	{"a value that was never written, with all receipts moved on", func(r refusal) string {
		v := r.To.Clone()
		v.Total += r.random.Int64N(100)
		for node, last := range v.Receipts {
			last.Seq += 1 << 40
			v.Receipts[node] = last
		}
		return says(v)
	}},
	{"a total that leaves no room", func(r refusal) string {
		return says(ledger.Value{Total: ledger.Max, Receipts: r.From.Receipts})
	}},
	{"a total that leaves little room", func(r refusal) string {
		return says(ledger.Value{Total: ledger.Max - r.random.Int64N(5), Receipts: r.From.Receipts})
	}},
	{"the last life of each node", func(r refusal) string {
		v := r.To.Clone()
		for node := range v.Receipts {
			v.Receipts[node] = ledger.Receipt{Life: ledger.Life{Boot: ledger.Max, Nonce: ledger.Max}, Seq: 1}
		}
		return says(v)
	}},
	{"that there is nothing", func(r refusal) string {
		empty := []string{"nil", "{}", `{"total" 0}`, `{"total" 0, "receipts" {}}`, `{"total" 0, "receipts" nil}`}
		return "current value " + empty[r.random.IntN(len(empty))] + " is not {}"
	}},
	{"the truth, cut off", func(r refusal) string { return r.truth[:r.random.IntN(len(r.truth))] }},
	{"the value that the swap was to replace", func(r refusal) string { return says(r.From) }},
}

// AnyLie tells one of Lies, or the truth, each time.
var AnyLie = Lie{"any of these", func(r refusal) string {
	i := r.random.IntN(len(Lies) + 1)
	if i == len(Lies) {
		return r.truth
	}
	return Lies[i].tell(r)
}}

// says is the text of a refusal, in JSON, that tells v.
func says(v ledger.Value) string {
	value, _ := json.Marshal(v) // cannot fail
	return fmt.Sprintf("current value %s is not {}", value)
}

// liesEnd is how long a liar lies, from the beginning of a simulation.
const liesEnd = 3 * time.Second

// Lying returns program with a store whose refusals tell a lie for the first
// three seconds.
func Lying(program maelstromtest.Program, lie Lie) maelstromtest.Program {
	return func(env maelstromtest.Env) error {
		random := rand.New(rand.NewPCG(env.Seed, 1))
		l := &liar{lie: lie, random: random, in: bufio.NewReader(env.Stdin), out: env.Stdout, swaps: map[int]refusal{}}
		env.Stdin, env.Stdout = l, l
		return program(env)
	}
}

// AfterLies checks that the lies have done no lasting harm: the nodes refused
// no request that was made after them, and none for good.
var AfterLies = Never(func(op maelstromtest.Op) bool {
	return op.Outcome == maelstromtest.Fail && (op.Invoke > liesEnd || op.Code == maelstrom.Abort)
})

// A liar stands between a node and its network.
type liar struct {
	lie    Lie
	random *rand.Rand
	in     *bufio.Reader
	rest   []byte // of the line that the node is reading
	out    io.Writer

	mu    sync.Mutex      // guards swaps
	swaps map[int]refusal // without truth and random
}

// Write notes the swaps that the node sends.
func (l *liar) Write(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		var s refusal
		if m, err := maelstromtest.ParsePacket(line); err == nil && m.Type == "cas" && m.Decode(&s) == nil {
			l.mu.Lock()
			l.swaps[m.MsgID] = s
			l.mu.Unlock()
		}
	}
	return l.out.Write(p)
}

// Read reads what the network says to the node, with another text in each
// refusal.
func (l *liar) Read(p []byte) (int, error) {
	if len(l.rest) == 0 {
		line, err := l.in.ReadString('\n')
		if err != nil {
			return 0, err
		}
		l.rest = []byte(l.changed(line))
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

func (l *liar) changed(line string) string {
	p, err := maelstromtest.ParsePacket([]byte(line))
	began := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // as in every synctest bubble
	if err != nil || p.Src != maelstrom.SeqKV || p.Code != maelstrom.PreconditionFailed || time.Since(began) > liesEnd {
		return line
	}
	l.mu.Lock()
	r := l.swaps[p.InReplyTo]
	l.mu.Unlock()
	r.random = l.random
	_ = json.Unmarshal([]byte(p.Field("text")), &r.truth) // the bench's store always has a text
	lie, _ := json.Marshal(l.lie.tell(r))                 // cannot fail for a string
	return strings.Replace(line, p.Field("text"), string(lie), 1)
}
