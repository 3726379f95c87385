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
	"testing"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/ledger"
)

// A Lie is what the text of a refusal says in place of the truth. It is given
// the swap that was refused, and the text that is true.
type Lie struct {
	Name string
	tell func(from, to ledger.Value, truth string, random *rand.Rand) string
}

// Lies are what the texts of a store may say that is right in all else.
var Lies = []Lie{
	{"what the swap was to write", func(_, to ledger.Value, _ string, _ *rand.Rand) string { return says(to) }},
	{"a value that was never written, with all receipts moved on", func(_, to ledger.Value, _ string, random *rand.Rand) string {
		v := to.Clone()
		v.Total += random.Int64N(100)
		for node, r := range v.Receipts {
			r.Seq += 1 << 40
			v.Receipts[node] = r
		}
		return says(v)
	}},
	{"a total that leaves no room", func(from, _ ledger.Value, _ string, _ *rand.Rand) string {
		return says(ledger.Value{Total: ledger.Max, Receipts: from.Receipts})
	}},
	{"a total that leaves little room", func(from, _ ledger.Value, _ string, random *rand.Rand) string {
		return says(ledger.Value{Total: ledger.Max - random.Int64N(5), Receipts: from.Receipts})
	}},
	{"the last life of each node", func(_, to ledger.Value, _ string, _ *rand.Rand) string {
		v := to.Clone()
		for node := range v.Receipts {
			v.Receipts[node] = ledger.Receipt{Life: ledger.Life{Boot: ledger.Max, Nonce: ledger.Max}, Seq: 1}
		}
		return says(v)
	}},
	{"that there is nothing", func(_, _ ledger.Value, _ string, random *rand.Rand) string {
		empty := []string{"nil", "{}", `{"total" 0}`, `{"total" 0, "receipts" {}}`, `{"total" 0, "receipts" nil}`}
		return "current value " + empty[random.IntN(len(empty))] + " is not {}"
	}},
	{"the truth, cut off", func(_, _ ledger.Value, truth string, random *rand.Rand) string {
		return truth[:random.IntN(len(truth))]
	}},
	{"the value that the swap was to replace", func(from, _ ledger.Value, _ string, _ *rand.Rand) string { return says(from) }},
}

// AnyLie tells one of Lies, or the truth, each time.
var AnyLie = Lie{"any of these", func(from, to ledger.Value, truth string, random *rand.Rand) string {
	i := random.IntN(len(Lies) + 1)
	if i == len(Lies) {
		return truth
	}
	return Lies[i].tell(from, to, truth, random)
}}

// says is the text of a refusal, in JSON, that tells v.
func says(v ledger.Value) string {
	value, _ := json.Marshal(v)
	return fmt.Sprintf("current value %s is not {}", value)
}

// liesEnd is how long a liar lies, from the beginning of a simulation.
const liesEnd = 3 * time.Second

// Lying returns program with a store whose refusals tell a lie for the first 3
// s.
func Lying(program maelstromtest.Program, lie Lie) maelstromtest.Program {
	return func(env maelstromtest.Env) error {
		l := &liar{lie: lie, random: rand.New(rand.NewPCG(env.Seed, 1)), in: bufio.NewReader(env.Stdin), out: env.Stdout, swaps: map[int]swap{}}
		env.Stdin, env.Stdout = l, writerFunc(l.sent)
		return program(env)
	}
}

// AfterLies checks that the nodes have given up nothing because of the lies:
// that they refused none of the requests that were made later, and none at all
// for good.
func AfterLies(t *testing.T, r *maelstromtest.Result) {
	t.Helper()
	for _, op := range r.History {
		if op.Outcome == maelstromtest.Fail && (op.Invoke > liesEnd || op.Code == maelstrom.Abort) {
			t.Errorf("%s answered a %s of %v with error %d: %s", op.Node, op.F, op.Invoke, op.Code, op.Text)
		}
	}
}

// A liar stands between a node and its network.
type liar struct {
	lie    Lie
	random *rand.Rand
	in     *bufio.Reader
	rest   []byte // of the line that the node is reading
	out    io.Writer

	mu    sync.Mutex // guards swaps
	swaps map[int]swap
}

// A swap is the body of a compare-and-swap.
type swap struct {
	From, To ledger.Value
}

// sent notes the swaps that the node sends.
func (l *liar) sent(p []byte) (int, error) {
	for line := range bytes.Lines(p) {
		var m struct {
			Body struct {
				Type  string
				MsgID int `json:"msg_id"`
				swap
			}
		}
		if json.Unmarshal(line, &m) == nil && m.Body.Type == "cas" {
			l.mu.Lock()
			l.swaps[m.Body.MsgID] = m.Body.swap
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
	var truth string
	_ = json.Unmarshal([]byte(p.Field("text")), &truth) // the bench's store always has a text
	l.mu.Lock()
	swap := l.swaps[p.InReplyTo]
	l.mu.Unlock()
	lie, _ := json.Marshal(l.lie.tell(swap.From, swap.To, truth, l.random)) // cannot fail for a string
	return strings.Replace(line, p.Field("text"), string(lie), 1)
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
