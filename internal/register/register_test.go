package register

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
	"go.uber.org/goleak"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/ledger"
	"maelstrom-counter/internal/node"
	"maelstrom-counter/internal/rtt"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	goleak.VerifyTestMain(m)
}

const ms = time.Millisecond

// seed is that of the registers' jitter.
const seed = 1

func newRandom() *rand.Rand { return rand.New(rand.NewPCG(seed, 2)) }

// withStore runs test with node n1's register of key "k". The given store
// answers each request with a body after a delay, or not at all if the body is
// empty. The context that test gets ends only long after. So nothing ends what
// a request leaves behind, and the bubble reports it.
func withStore(t *testing.T, store func(maelstromtest.Packet) (reply string, after time.Duration), test func(context.Context, *Register)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		serve := func(c *maelstromtest.Conversation, request maelstromtest.Packet) {
			if reply, after := store(request); reply != "" {
				time.AfterFunc(after, func() { c.Answer(request, "%s", reply) })
			}
		}
		var r *Register
		c := maelstromtest.Converse(t, maelstromtest.Setting{
			Node: "n1", Services: map[string]maelstromtest.Responder{maelstrom.SeqKV: serve},
		}, func(env maelstromtest.Env) error {
			n := node.New(env.Stdin, env.Stdout, slog.New(slog.DiscardHandler), rand.New(rand.NewPCG(3, 4)))
			r = New(n, "k", newRandom())
			return n.Run(env.Stop)
		})
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(10*time.Minute, cancel) // so no test waits for ever
		test(ctx, r)
		time.Sleep(10 * time.Second) // late replies arrive, and do no harm
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		c.Unheard()
	})
}

// answers returns a store that answers a request according to its type, at
// once, or not at all.
func answers(byType map[string]string) func(maelstromtest.Packet) (string, time.Duration) {
	return func(r maelstromtest.Packet) (string, time.Duration) { return byType[r.Type], 0 }
}

// valueOf returns a value with a total, which is not 0 unless the key is to be
// missing.
func valueOf(total int64) ledger.Value {
	if total == 0 {
		return ledger.Value{}
	}
	return ledger.Value{Total: total, Receipts: map[string]ledger.Receipt{
		"n0": {Life: ledger.Life{Boot: 1, Nonce: 2}, Seq: total},
	}}
}

// jsonOf returns valueOf(total) as the store holds it.
func jsonOf(total int64) string {
	raw, _ := json.Marshal(valueOf(total)) // cannot fail
	return string(raw)
}

// shows returns the answer to a read of a key that holds this JSON.
func shows(stored string) string { return `{"type":"read_ok","value":` + stored + `}` }

// refuses returns a refusal of a swap with this text.
func refuses(text string) string {
	raw, _ := json.Marshal(map[string]any{"type": "error", "code": maelstrom.PreconditionFailed, "text": text})
	return string(raw)
}

// tells returns the refusal of a swap that tells valueOf(total).
func tells(total int64) string {
	return refuses(fmt.Sprintf(`current value {"total" %d, "receipts" {"n0" {"boot" 1, "nonce" 2, "seq" %d}}} is not 1`, total, total))
}

const missing = `{"type":"error","code":20,"text":"key does not exist"}`

// is reports whether err is the error that a test wants, and not only wraps it.
func is(err, want error) bool {
	return err == want || want == ErrBadValue && errors.Is(err, want)
}

// sameJSON reports whether a and b are the same JSON, to the last digit.
func sameJSON(a, b string) bool {
	decode := func(text string) (v any) {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if d.Decode(&v) != nil {
			return errors.New(text)
		}
		return v
	}
	return reflect.DeepEqual(decode(a), decode(b))
}

// A call is one use of a register.
type call struct {
	name string
	do   func(context.Context, *Register) error
}

var (
	callRead    = call{"Read", func(ctx context.Context, r *Register) error { return r.Read(ctx) }}
	callConfirm = call{"Confirm", func(ctx context.Context, r *Register) error { return r.Confirm(ctx) }}
	// callSwap adds 1 to Base.
	callSwap = call{"Swap", func(ctx context.Context, r *Register) error { return r.Swap(ctx, valueOf(r.Base().Total+1)) }}
)

func TestASwapEndsAsTheStoreSaysOrAtItsTimeout(t *testing.T) {
	type row struct {
		reply string
		after time.Duration
		want  error
	}
	for _, test := range []struct {
		name, read string // the answer to the read before the swap
		rows       []row
	}{
		{"of a value", shows(jsonOf(5)), []row{
			{`{"type":"error","code":20}`, ms, ErrConflict},
		}},
		{"of a missing key", missing, []row{
			{`{"type":"error","code":20}`, ms, context.DeadlineExceeded},
		}},
	} {
		// All other codes of Maelstrom, and some that it does not have.
		for _, code := range []int{-1, 0, 1, 10, 11, 12, 13, 14, 21, 23, 30, 1000} {
			test.rows = append(test.rows, row{fmt.Sprintf(`{"type":"error","code":%d}`, code), ms, context.DeadlineExceeded})
		}
		for _, row := range append(test.rows, []row{
			{`{"type":"cas_ok"}`, ms, nil},
			{`{"type":"cas_ok"}`, 2*time.Second - 1, nil},
			{`{"type":"error","code":22}`, ms, ErrConflict},
			{`{"type":"write_ok"}`, ms, context.DeadlineExceeded},
			{`{"type":"read_ok","value":` + jsonOf(6) + `}`, ms, context.DeadlineExceeded},
			{``, 0, context.DeadlineExceeded},
			{`{"type":"cas_ok"}`, 3 * time.Second, context.DeadlineExceeded},
		}...) {
			t.Run(fmt.Sprintf("%s/%s after %v", test.name, row.reply, row.after), func(t *testing.T) {
				withStore(t, func(r maelstromtest.Packet) (string, time.Duration) {
					if r.Type == "cas" {
						return row.reply, row.after
					}
					return test.read, 0
				}, func(ctx context.Context, r *Register) {
					if err := r.Confirm(ctx); err != nil {
						t.Error(err)
					}
					ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
					defer cancel()
					if err := r.Swap(ctx, valueOf(ledger.Max)); err != row.want {
						t.Errorf("got %v, want %v", err, row.want)
					}
				})
			})
		}
	}
}

func TestASwapAsksForWhatItsStoreUnderstands(t *testing.T) {
	for _, test := range []struct {
		name, read, from, create string
	}{
		{"a value", shows(jsonOf(5)), jsonOf(5), ""},
		{"the greatest value but one", shows(jsonOf(ledger.Max - 1)), jsonOf(ledger.Max - 1), ""},
		{"a missing key", missing, jsonOf(ledger.Max), "true"}, // from is to
	} {
		t.Run(test.name, func(t *testing.T) {
			var asked []maelstromtest.Packet
			withStore(t, func(r maelstromtest.Packet) (string, time.Duration) {
				if r.Type == "read" {
					return test.read, 0
				}
				asked = append(asked, r)
				return `{"type":"cas_ok"}`, 0
			}, func(ctx context.Context, r *Register) {
				if err := errors.Join(r.Confirm(ctx), r.Swap(ctx, valueOf(ledger.Max))); err != nil {
					t.Error(err)
				}
			})
			if len(asked) != 1 {
				t.Fatalf("the store was asked %v", asked)
			}
			a := asked[0]
			if a.Type != "cas" || a.Field("key") != `"k"` || a.Field("create_if_not_exists") != test.create ||
				!sameJSON(a.Field("from"), test.from) || !sameJSON(a.Field("to"), `{"total":9007199254740991,"receipts":{"n0":{"boot":1,"nonce":2,"seq":9007199254740991}}}`) {
				t.Errorf("the store was asked %v", a)
			}
		})
	}
}

// If the answer to the first copy is not lost but slow, it counts as well as
// one to the second.
func TestARequestWithoutAnAnswerIsSentAgain(t *testing.T) {
	for _, test := range []struct {
		call   call
		answer string
	}{
		{callRead, shows(jsonOf(1))},
		{callConfirm, shows(jsonOf(1))},
		{callSwap, `{"type":"cas_ok"}`},
	} {
		for _, slow := range []time.Duration{0, 1100 * ms} { // longer than the first timeout
			t.Run(fmt.Sprintf("%s, answered after %v", test.call.name, slow), func(t *testing.T) {
				requests := 0
				withStore(t, func(r maelstromtest.Packet) (string, time.Duration) {
					if r.Type == "write" {
						return "", 0
					}
					switch requests++; {
					case slow > 0 && requests == 1:
						return test.answer, slow
					case slow == 0 && requests == 2:
						return test.answer, ms
					}
					return "", 0
				}, func(ctx context.Context, r *Register) {
					if err := test.call.do(ctx, r); err != nil {
						t.Error(err)
					}
					if r.Shown().Total != 1 {
						t.Errorf("Shown is %v", r.Shown())
					}
				})
				if requests < 2 {
					t.Errorf("%d requests", requests)
				}
			})
		}
	}
}

func TestReadWritesAFreshMarkBeforeEachCopyAndRepeatsUntilItIsAnswered(t *testing.T) {
	var asked, want []string
	reads := 0
	withStore(t, func(r maelstromtest.Packet) (string, time.Duration) {
		asked = append(asked, r.Type+" "+r.Field("key")+" "+r.Field("value"))
		if r.Type == "read" {
			if reads++; reads >= 3 {
				return shows(jsonOf(int64(reads))), ms
			}
		}
		return "", 0
	}, func(ctx context.Context, r *Register) {
		for _, total := range []int64{3, 4} { // the second time at the first copy
			if err := r.Read(ctx); err != nil || !r.Shown().Equal(valueOf(total)) {
				t.Errorf("got %v, %v", r.Shown(), err)
			}
		}
		for i := range 4 {
			want = append(want, fmt.Sprintf(`write "k/sync/n1" "%d.%d"`, r.node.Nonce(), i+1), `read "k" `)
		}
	})
	if !slices.Equal(asked, want) {
		t.Errorf("the store was asked %q, want %q", asked, want)
	}
}

func TestConfirmReadsWithoutAWrite(t *testing.T) {
	var asked []string
	withStore(t, func(r maelstromtest.Packet) (string, time.Duration) {
		if asked = append(asked, r.Type+" "+r.Field("key")); len(asked) == 3 {
			return shows(jsonOf(7)), ms
		}
		return "", 0
	}, func(ctx context.Context, r *Register) {
		if err := r.Confirm(ctx); err != nil || !r.Shown().Equal(valueOf(7)) {
			t.Errorf("got %v, %v", r.Shown(), err)
		}
	})
	if want := []string{`read "k"`, `read "k"`, `read "k"`}; !slices.Equal(asked, want) {
		t.Errorf("the store was asked %q, want %q", asked, want)
	}
}

func TestARequestWithoutAnAnswerEndsWithItsContext(t *testing.T) {
	for _, test := range []struct {
		call    call
		replies []string // none of which is an answer
	}{
		{callRead, []string{"", `{"type":"error","code":13,"text":"crash"}`, `{"type":"error","code":22}`, `{"type":"cas_ok"}`, `{"type":"write_ok"}`}},
		{callConfirm, []string{"", `{"type":"error","code":13,"text":"crash"}`, `{"type":"error","code":22}`, `{"type":"cas_ok"}`, `{"type":"write_ok"}`}},
		{callSwap, []string{"", `{"type":"error","code":13,"text":"crash"}`, `{"type":"read_ok","value":1}`}},
	} {
		for _, reply := range test.replies {
			t.Run(test.call.name+" "+reply, func(t *testing.T) {
				copies := 0
				withStore(t, func(r maelstromtest.Packet) (string, time.Duration) {
					if r.Type != "write" {
						copies++
					}
					return reply, 0
				}, func(ctx context.Context, r *Register) {
					ctx, cancel := context.WithTimeout(ctx, time.Minute)
					defer cancel()
					began := time.Now()
					if err := test.call.do(ctx, r); err != context.DeadlineExceeded || time.Since(began) != time.Minute {
						t.Errorf("got %v after %v", err, time.Since(began))
					}
				})
				if copies < 30 || copies > 400 {
					t.Errorf("%d copies in a minute", copies)
				}
			})
		}
	}
}

// One of the answers counts. The other is not left waiting to be heard.
func TestTwoCopiesMayBeAnsweredAtOnce(t *testing.T) {
	const requests = 100
	var first time.Time // when the first copy was sent, or zero
	copies := 0
	withStore(t, func(r maelstromtest.Packet) (string, time.Duration) {
		copies++
		if first.IsZero() {
			first = r.At
		}
		return shows(jsonOf(1)), first.Add(5 * time.Second).Sub(r.At)
	}, func(ctx context.Context, r *Register) {
		for range requests {
			if err := r.Confirm(ctx); err != nil {
				t.Error(err)
			}
			synctest.Wait() // for the store
			first = time.Time{}
		}
	})
	if copies < 2*requests {
		t.Errorf("%d copies of %d requests", copies, requests)
	}
}

func TestACancelledRequestReturnsAtOnce(t *testing.T) {
	for _, call := range []call{callRead, callConfirm, callSwap} {
		withStore(t, answers(nil), func(ctx context.Context, r *Register) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(30*ms, cancel)
			began := time.Now()
			if err := call.do(ctx, r); err != context.Canceled || time.Since(began) != 30*ms {
				t.Errorf("%s: got %v after %v", call.name, err, time.Since(began))
			}
		})
	}
}

// A step is one call, and what must then hold. Totals stand for values, and 0
// for that of a missing key.
type step struct {
	call        call
	reply       string // to each read or compare-and-swap; none if it is empty
	err         error
	shown, base int64
}

func TestBaseIsWhatWasShownOrTold(t *testing.T) {
	swapped := `{"type":"cas_ok"}`
	for _, test := range []struct {
		name  string
		steps []step
	}{
		{"what a read shows", []step{
			{callRead, shows(jsonOf(5)), nil, 5, 5},
			{callRead, shows(jsonOf(3)), nil, 3, 3}, // an old value: it is the caller who knows that
			{callConfirm, shows(jsonOf(7)), nil, 7, 7},
			{callSwap, swapped, nil, 8, 8},
		}},
		{"a missing key", []step{
			{callSwap, swapped, nil, 1, 1}, // that the register has never looked at
			{callRead, missing, nil, 0, 0},
			{callSwap, swapped, nil, 1, 1},
			{callSwap, swapped, nil, 2, 2},
			{callConfirm, missing, nil, 0, 0},
			{callSwap, swapped, nil, 1, 1},
		}},
		{"a missing key that was not missing", []step{
			{callRead, missing, nil, 0, 0},
			{callSwap, tells(4), ErrConflict, 0, 4},
			{callSwap, refuses(""), ErrConflict, 0, 0},
			{callSwap, tells(6), ErrConflict, 0, 6},
			{callSwap, swapped, nil, 7, 7},
		}},
		{"a key that has gone missing", []step{
			{callRead, shows(jsonOf(5)), nil, 5, 5},
			{callSwap, missing, ErrConflict, 5, 5},
			{callSwap, tells(7), ErrConflict, 5, 7},
			{callSwap, missing, ErrConflict, 5, 5},
		}},
		{"told, and true", []step{
			{callRead, shows(jsonOf(5)), nil, 5, 5},
			{callSwap, tells(7), ErrConflict, 5, 7},
			{callSwap, swapped, nil, 8, 8},
			{callSwap, refuses(""), ErrConflict, 8, 8},
		}},
		{"told once more", []step{
			{callRead, shows(jsonOf(5)), nil, 5, 5},
			{callSwap, tells(7), ErrConflict, 5, 7},
			{callSwap, tells(9), ErrConflict, 5, 9},
			{callSwap, tells(8), ErrConflict, 5, 8},
			{callSwap, swapped, nil, 9, 9},
		}},
		{"told, and confirmed", []step{
			{callRead, shows(jsonOf(5)), nil, 5, 5},
			{callSwap, tells(7), ErrConflict, 5, 7},
			{callConfirm, shows(jsonOf(7)), nil, 7, 7},
			{callSwap, swapped, nil, 8, 8},
		}},
		{"told, and not confirmed", []step{
			{callRead, shows(jsonOf(5)), nil, 5, 5},
			{callSwap, tells(7), ErrConflict, 5, 7},
			{callConfirm, shows(jsonOf(6)), nil, 6, 6},
			{callSwap, swapped, nil, 7, 7},
		}},
		{"told, and read anew", []step{
			{callRead, shows(jsonOf(5)), nil, 5, 5},
			{callSwap, tells(7), ErrConflict, 5, 7},
			{callRead, shows(jsonOf(5)), nil, 5, 5},
		}},
		{"told what was to be replaced", []step{
			{callRead, shows(jsonOf(5)), nil, 5, 5},
			{callSwap, tells(5), ErrConflict, 5, 5},
			{callSwap, tells(7), ErrConflict, 5, 7},
			{callSwap, tells(7), ErrConflict, 5, 5}, // so it was false
			{callSwap, tells(7), ErrConflict, 5, 7},
			{callSwap, tells(5), ErrConflict, 5, 5}, // told, but the store has held it
		}},
		{"told what the swap was to write", []step{
			{callRead, shows(jsonOf(5)), nil, 5, 5},
			{callSwap, tells(6), ErrConflict, 5, 6},
			{callSwap, swapped, nil, 7, 7},
		}},
		{"nothing told", []step{
			{callRead, shows(jsonOf(5)), nil, 5, 5},
			{callSwap, refuses(""), ErrConflict, 5, 5},
			{callSwap, tells(7), ErrConflict, 5, 7},
			{callSwap, refuses("no"), ErrConflict, 5, 5},
			{callSwap, tells(7), ErrConflict, 5, 7},
			{callSwap, `{"type":"error","code":22}`, ErrConflict, 5, 5},
		}},
		{"requests without an answer", []step{
			{callRead, shows(jsonOf(5)), nil, 5, 5},
			{callRead, "", context.DeadlineExceeded, 5, 5},
			{callConfirm, "", context.DeadlineExceeded, 5, 5},
			{callSwap, "", context.DeadlineExceeded, 5, 5},
			{callSwap, tells(7), ErrConflict, 5, 7},
			{callRead, "", context.DeadlineExceeded, 5, 7},
			{callConfirm, "", context.DeadlineExceeded, 5, 7},
			{callSwap, "", context.DeadlineExceeded, 5, 7},
			{callSwap, swapped, nil, 8, 8},
			{callSwap, "", context.DeadlineExceeded, 8, 8},
		}},
		{"bad values", []step{
			{callRead, shows(`42`), ErrBadValue, 0, 0},
			{callConfirm, shows(`42`), ErrBadValue, 0, 0},
			{callRead, shows(jsonOf(5)), nil, 5, 5},
			{callSwap, tells(7), ErrConflict, 5, 7},
			{callRead, shows(`42`), ErrBadValue, 5, 7},
			{callConfirm, shows(`42`), ErrBadValue, 5, 7},
			{callSwap, swapped, nil, 8, 8},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var reply string
			var asked []maelstromtest.Packet
			withStore(t, func(r maelstromtest.Packet) (string, time.Duration) {
				if r.Type == "write" {
					return `{"type":"write_ok"}`, 0
				}
				asked = append(asked, r)
				return reply, 0
			}, func(ctx context.Context, r *Register) {
				if !r.Shown().Equal(ledger.Value{}) || !r.Base().Equal(ledger.Value{}) || r.Told() {
					t.Errorf("at first: shown %v, base %v, told %t", r.Shown(), r.Base(), r.Told())
				}
				base := int64(0)
				for i, s := range test.steps {
					reply, asked = s.reply, nil
					ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
					err := s.call.do(ctx, r)
					cancel()
					synctest.Wait() // for the store
					if !is(err, s.err) {
						t.Errorf("step %d: %s: got %v, want %v", i, s.call.name, err, s.err)
					}
					if !r.Shown().Equal(valueOf(s.shown)) || !r.Base().Equal(valueOf(s.base)) || r.Told() != (s.shown != s.base) {
						t.Errorf("step %d: %s: shown %v, base %v, told %t, want %d, %d, %t", i, s.call.name,
							r.Shown(), r.Base(), r.Told(), s.shown, s.base, s.shown != s.base)
					}
					for _, a := range asked {
						if a.Type == "cas" && !isSwap(a, base, base+1) {
							t.Errorf("step %d: the store was asked %v, want a swap of %d by %d", i, a, base, base+1)
						}
					}
					base = s.base
				}
			})
		})
	}
}

// isSwap reports whether a request is to replace valueOf(from) by valueOf(to).
func isSwap(request maelstromtest.Packet, from, to int64) bool {
	create := request.Field("create_if_not_exists") == "true"
	if from == 0 {
		return create && sameJSON(request.Field("from"), jsonOf(to)) && sameJSON(request.Field("to"), jsonOf(to))
	}
	return !create && sameJSON(request.Field("from"), jsonOf(from)) && sameJSON(request.Field("to"), jsonOf(to))
}

// Two of the swaps are refused with each text: one when Base was shown, and one
// when it was told.
func TestARefusalThatTellsNoValueOfTheCounterMakesBaseWhatWasShown(t *testing.T) {
	for _, told := range []string{
		`nil`, `null`, `42`, `-1`, `"a"`, `true`, `[]`, `{}`, ``, ` `,
		`{"total" 5}`, `{"receipts" {"n0" {"boot" 1, "nonce" 2, "seq" 3}}}`, `{"total" 5, "receipts" {}}`,
		`{"total" 9007199254740992, "receipts" {"n0" {"boot" 1, "nonce" 2, "seq" 3}}}`,
		`{"total" -1, "receipts" {"n0" {"boot" 1, "nonce" 2, "seq" 3}}}`,
		`{"total" 6, "receipts" {"n0" {"boot" 0, "nonce" 2, "seq" 3}}}`,
		`{"total" 6, "receipts" {"n0" {"boot" 1, "nonce" 2, "seq" 3}}`,
		`{"total" 6, "receipts" {"n0" {"boot" 1, "nonce" 2, "seq" 3}}}}`,
		`{"total" 6, "receipts" {"n0" {"boot" 1, "no`,
		`{"total" 6, "receipts" {"n0 is not n1" {"boot" 1, "nonce" 2, "seq" 3}}}`,
		`{:total 6, :receipts {"n0" {:boot 1, :nonce 2, :seq 3}}}`,
		`{"total" 6, "receipts" {"n0" {"boot" 1, "nonce" 2, "seq" 3}}} now`,
	} {
		t.Run(told, func(t *testing.T) {
			var replies []string
			withStore(t, func(r maelstromtest.Packet) (reply string, _ time.Duration) {
				reply, replies = replies[0], replies[1:]
				return reply, 0
			}, func(ctx context.Context, r *Register) {
				refusal := refuses("current value " + told + " is not 1")
				replies = []string{shows(jsonOf(5)), refusal, tells(7), refusal}
				if err := r.Confirm(ctx); err != nil {
					t.Error(err)
				}
				for _, base := range []int64{5, 7, 5} {
					if err := callSwap.do(ctx, r); err != ErrConflict {
						t.Errorf("got %v", err)
					}
					if !r.Shown().Equal(valueOf(5)) || !r.Base().Equal(valueOf(base)) || r.Told() != (base == 7) {
						t.Errorf("shown %v, base %v, told %t, want base %d", r.Shown(), r.Base(), r.Told(), base)
					}
				}
			})
		})
	}
}

// An empty told means that there is no JSON in the text.
func TestARefusalsTextTellsWhatTheKeyHolds(t *testing.T) {
	for _, test := range []struct{ text, told string }{
		{`current value 7 is not 1`, `7`},
		{`current value nil is not 1`, ``},
		{`current value {} is not 1`, `{}`},
		{`current value "a" is not 1`, `"a"`},
		{`current value {"total" 5, "receipts" {"n0" {"boot" 1, "nonce" 9007199254740991, "seq" 3}, "n1" {}}} is not {"total" 4}`,
			`{"total":5, "receipts":{"n0":{"boot":1, "nonce":9007199254740991, "seq":3}, "n1":{}}}`},
		{`current value {"total" 12345678901234567890} is not 1`, `{"total":12345678901234567890}`},
		{`current value {"total":5,"receipts":{"n0":{"seq": 3}}} is not {"total":4}`, `{"total":5,"receipts":{"n0":{"seq": 3}}}`}, // JSON
		{`current value {"a \" b" 1, "c\\" 2, "\" }" {}} is not 1`, `{"a \" b":1, "c\\":2, "\" }":{}}`},
		{`current value {"a" "b", "c" 1} is not 1`, `{"a":"b", "c":1}`},
		{`current value {"a" "b", " c" 1} is not 1`, `{"a":"b", " c":1}`},
		{`current value {"" {" " 1}} is not 1`, `{"":{" ":1}}`},
		{`current value 7 is not 1 is not 2`, `7`},
		{`current value ["a" "b"] is not 1`, ``},
		{`current value {:total 5} is not 1`, ``},
		{`current value {"total" 5`, ``},
		{`current value `, ``},
		{`current value 7`, ``},
		{`current value {"a is not b" 1} is not 1`, ``},
		{`the current value 7 is not 1`, ``},
		{`7`, ``},
		{`7 is not 1`, ``},
		{` is not 1`, ``},
		{``, ``},
	} {
		told := string(toldBy(test.text))
		if !json.Valid([]byte(told)) {
			told = ""
		}
		if told != test.told {
			t.Errorf("%s\ntold %s\nwant %s", test.text, told, test.told)
		}
	}
}

// The bench's store prints values as Clojure does.
func TestValuesWithAnyNamesAreTold(t *testing.T) {
	for _, name := range []string{"n0", "", " ", `"`, `\`, `a "b" c`, `" "`, `\" `, "é\n\t\r\f\b/", "<&>", "{:}", `"}, "`, "𝄞", "current value 1"} {
		held := ledger.Value{Total: ledger.Max, Receipts: map[string]ledger.Receipt{
			name: {Life: ledger.Life{Boot: ledger.Max - 1, Nonce: ledger.Max}, Seq: 1},
			"b":  {Life: ledger.Life{Boot: 1, Nonce: 0}, Seq: ledger.Max},
		}}
		stored, err := json.Marshal(held)
		if err != nil {
			t.Fatal(err)
		}
		store := maelstromtest.NewStore()
		store.Put("k", jsonOf(1))
		withStore(t, func(r maelstromtest.Packet) (string, time.Duration) { return store.Reply(r), ms }, func(ctx context.Context, r *Register) {
			if err := r.Read(ctx); err != nil {
				t.Error(err)
			}
			store.Put("k", string(stored))
			if err := r.Swap(ctx, valueOf(2)); err != ErrConflict || !r.Base().Equal(held) || !r.Told() {
				t.Errorf("stored %s, base %v: %v", stored, r.Base(), err)
			}
			if err := r.Swap(ctx, valueOf(2)); err != nil || store.Get("k") != jsonOf(2) {
				t.Errorf("stored %s, a swap of what was told: %v", stored, err)
			}
		})
	}
}

// The store takes the first copy of each swap, but its answer is lost.
func TestASwapThatTookEffectIsNotLostWithItsAnswer(t *testing.T) {
	for _, test := range []struct {
		name  string
		held  int64
		want  error
		shown int64
	}{
		{"of a missing key", 0, nil, 1},
		// The second copy is refused, which tells what the first has written.
		{"of a value", 5, ErrConflict, 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			store, swaps := maelstromtest.NewStore(), 0
			if test.held > 0 {
				store.Put("k", jsonOf(test.held))
			}
			withStore(t, func(r maelstromtest.Packet) (string, time.Duration) {
				reply := store.Reply(r)
				if r.Type == "cas" {
					if swaps++; swaps == 1 {
						return "", 0
					}
				}
				return reply, ms
			}, func(ctx context.Context, r *Register) {
				if err := r.Read(ctx); err != nil {
					t.Error(err)
				}
				to := valueOf(test.held + 1)
				if err := callSwap.do(ctx, r); err != test.want || !r.Shown().Equal(valueOf(test.shown)) || !r.Base().Equal(to) {
					t.Errorf("got %v, shown %v, base %v", err, r.Shown(), r.Base())
				}
				if got := store.Get("k"); got != jsonOf(test.held+1) {
					t.Errorf("the key holds %s", got)
				}
				if err := callSwap.do(ctx, r); err != nil || store.Get("k") != jsonOf(test.held+2) {
					t.Errorf("the next swap: %v, the key holds %s", err, store.Get("k"))
				}
			})
		})
	}
}

// The key held null, or another node has created it.
func TestASwapOfAMissingKeyReplacesNothing(t *testing.T) {
	for _, held := range []string{`null`, `42`, `{}`, jsonOf(9)} {
		store := maelstromtest.NewStore()
		store.Put("k", held)
		withStore(t, func(r maelstromtest.Packet) (string, time.Duration) { return store.Reply(r), ms }, func(ctx context.Context, r *Register) {
			if err := callSwap.do(ctx, r); err != ErrConflict || store.Get("k") != held {
				t.Errorf("held %s: got %v, holds %s", held, err, store.Get("k"))
			}
		})
	}
}

func TestABadValueIsReportedOnlyIfAWriteDoesNotBringABetterOne(t *testing.T) {
	bad := shows(`{"x":12345678901234567890}`)
	for _, test := range []struct {
		name         string
		first, write string
		second       string // the answer to reads after the first
		want         error
		shown        int64
		asked        []string // but not the mark of Read
	}{
		{"it stays", bad, `{"type":"write_ok"}`, bad, ErrBadValue, 5, []string{"read", "write", "read"}},
		{"it is another one", shows(`42`), `{"type":"write_ok"}`, bad, ErrBadValue, 5, []string{"read", "write", "read"}},
		{"it is mended", bad, `{"type":"write_ok"}`, shows(jsonOf(7)), nil, 7, []string{"read", "write", "read"}},
		{"it is deleted", bad, `{"type":"write_ok"}`, missing, nil, 0, []string{"read", "write", "read"}},
		{"there is none", shows(jsonOf(7)), `{"type":"write_ok"}`, bad, nil, 7, []string{"read"}},
		{"no answer to the write", bad, ``, bad, context.DeadlineExceeded, 5, []string{"read", "write"}},
		{"the write is read", bad, `{"type":"read_ok"}`, bad, context.DeadlineExceeded, 5, []string{"read", "write"}},
		{"no answer to the second read", bad, `{"type":"write_ok"}`, ``, context.DeadlineExceeded, 5, []string{"read", "write", "read"}},
	} {
		for _, call := range []call{callRead, callConfirm} {
			t.Run(test.name+"/"+call.name, func(t *testing.T) {
				reads, began := 0, false
				var asked []string
				store := func(r maelstromtest.Packet) (string, time.Duration) {
					switch {
					case !began:
						return shows(jsonOf(5)), 0
					case r.Type == "write" && call.name == "Read" && reads == 0:
						return `{"type":"write_ok"}`, 0 // to which nobody listens
					}
					if n := len(asked); n == 0 || asked[n-1] != r.Type { // not another copy
						asked = append(asked, r.Type)
					}
					if r.Type == "write" {
						return test.write, ms
					}
					if reads++; reads == 1 {
						return test.first, ms
					}
					return test.second, ms
				}
				withStore(t, store, func(ctx context.Context, r *Register) {
					if err := r.Confirm(ctx); err != nil {
						t.Error(err)
					}
					began = true
					ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
					defer cancel()
					err := call.do(ctx, r)
					if !is(err, test.want) || !r.Shown().Equal(valueOf(test.shown)) || !r.Base().Equal(valueOf(test.shown)) {
						t.Errorf("got %v, shown %v, base %v", err, r.Shown(), r.Base())
					}
					if errors.Is(err, ErrBadValue) && !strings.HasPrefix(err.Error(), `key "k" of the store holds "{\"x\":12345678901234567890}": `) {
						t.Errorf("got %v", err)
					}
				})
				if !slices.Equal(asked, test.asked) {
					t.Errorf("the store was asked %q, want %q", asked, test.asked)
				}
			})
		}
	}
}

func TestWhatNoCounterHasWrittenIsABadValue(t *testing.T) {
	for _, stored := range []string{
		`null`, `0`, `42`, `"a"`, `[]`, `{}`, `{"total":5}`, `{"total":5,"receipts":{}}`,
		`{"total":9007199254740992,"receipts":{"n0":{"boot":1,"nonce":2,"seq":3}}}`,
		`{"total":5,"receipts":{"n0":{"boot":0,"nonce":2,"seq":3}}}`,
	} {
		withStore(t, answers(map[string]string{"read": shows(stored), "write": `{"type":"write_ok"}`}), func(ctx context.Context, r *Register) {
			err := r.Read(ctx)
			if !is(err, ErrBadValue) || !strings.HasPrefix(err.Error(), fmt.Sprintf(`key "k" of the store holds %.80q: `, stored)) {
				t.Errorf("the key holds %s: got %v", stored, err)
			}
		})
	}
	withStore(t, answers(map[string]string{"read": `{"type":"read_ok"}`, "write": `{"type":"write_ok"}`}), func(ctx context.Context, r *Register) {
		if err := r.Read(ctx); !is(err, ErrBadValue) {
			t.Errorf("an answer without a value: got %v", err)
		}
	})
}

// Each copy of the write changes the store, whatever has arrived before. No
// error answers a write.
func TestTheWriteThatIsWaitedForIsRepeatedWithATextThatTheKeyNeverHad(t *testing.T) {
	for _, call := range []call{callRead, callConfirm} {
		for _, code := range []int{0, 13, 20, 22} {
			var written, want []string
			bad := true
			withStore(t, func(r maelstromtest.Packet) (string, time.Duration) {
				if r.Type == "read" {
					if bad {
						return shows(`42`), ms
					}
					return shows(jsonOf(7)), ms
				}
				if written = append(written, r.Field("key")+" "+r.Field("value")); len(written) == 4 {
					bad = false
					return `{"type":"write_ok"}`, ms
				}
				return fmt.Sprintf(`{"type":"error","code":%d,"text":"a write cannot meet this"}`, code), ms
			}, func(ctx context.Context, r *Register) {
				if err := call.do(ctx, r); err != nil || r.Shown().Total != 7 {
					t.Errorf("%s, code %d: %v, shown %v", call.name, code, err, r.Shown())
				}
				for i := range 4 {
					want = append(want, fmt.Sprintf(`"k/sync/n1" "%d.%d"`, r.node.Nonce(), i+1))
				}
			})
			if !slices.Equal(written, want) {
				t.Errorf("%s, code %d: written %q, want %q", call.name, code, written, want)
			}
		}
	}
}

func TestABadValueErrorNamesTheKeyAndTheBeginningOfWhatItHolds(t *testing.T) {
	r := New(nil, "k", nil)
	for _, test := range []struct{ stored, want string }{
		{`42`, `"42"`},
		{`{"a":1}`, `"{\"a\":1}"`},
		{strings.Repeat("1", 80), `"` + strings.Repeat("1", 80) + `"`},
		{strings.Repeat("1", 80) + "2", `"` + strings.Repeat("1", 80) + `"`},
		{strings.Repeat("1", 1e6), `"` + strings.Repeat("1", 80) + `"`},
	} {
		_, err := r.parse(json.RawMessage(test.stored))
		_, reason := ledger.Parse([]byte(test.stored))
		if want := fmt.Sprintf("key \"k\" of the store holds %s: %v: no counter has written that", test.want, reason); err.Error() != want {
			t.Errorf("got %s, want %s", err, want)
		}
		if !errors.Is(err, ErrBadValue) {
			t.Errorf("%v is not ErrBadValue", err)
		}
	}
}

func TestRTTIsWhatAnswersHaveTaken(t *testing.T) {
	for _, test := range []struct {
		name              string
		after             []time.Duration // what the answers to reads take; none if 0
		requests          int
		smoothed, timeout time.Duration
	}{
		{"nothing was asked", nil, 0, 0, rtt.Initial},
		{"no answer", []time.Duration{0, 0, 0, 0, 0, 0}, 1, 0, rtt.Initial},
		{"one", []time.Duration{20 * ms}, 1, 20 * ms, 60 * ms},
		{"two", []time.Duration{100 * ms, 60 * ms}, 2, 95 * ms, 285 * ms},
		// Only the copy that was answered counts, from when it was sent.
		{"to the second copy", []time.Duration{0, 20 * ms}, 1, 20 * ms, 60 * ms},
		{"to the first copy, after the second was sent", []time.Duration{700 * ms, 5 * time.Second}, 1, 700 * ms, 2000 * ms},
		// It counts as no more than twice the timeout of 500 ms.
		{"to the first copy, after a third was sent", []time.Duration{1500 * ms, 1500 * ms, 1500 * ms}, 1, 1000 * ms, 2000 * ms},
	} {
		t.Run(test.name, func(t *testing.T) {
			after := slices.Clone(test.after)
			withStore(t, func(maelstromtest.Packet) (string, time.Duration) {
				if len(after) == 0 {
					return "", 0
				}
				d := after[0]
				if after = after[1:]; d == 0 {
					return "", 0
				}
				return shows(jsonOf(1)), d
			}, func(ctx context.Context, r *Register) {
				ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
				defer cancel()
				check := func(when string) {
					synctest.Wait()
					if smoothed, timeout := r.RTT(); smoothed != test.smoothed || timeout != test.timeout {
						t.Errorf("%s: smoothed %v, timeout %v, want %v, %v", when, smoothed, timeout, test.smoothed, test.timeout)
					}
				}
				for range test.requests {
					if err := r.Confirm(ctx); err != nil && test.smoothed != 0 {
						t.Error(err)
					}
				}
				check("at the end")
				time.Sleep(20 * time.Second)
				check("after late answers to other copies")
			})
		})
	}
}

func TestRefusalsAndSwapsAreMeasuredToo(t *testing.T) {
	for _, test := range []struct {
		call  call
		reply string
		want  error
	}{
		{callRead, missing, nil},
		{callConfirm, missing, nil},
		{callSwap, `{"type":"cas_ok"}`, nil},
		{callSwap, refuses(""), ErrConflict},
	} {
		withStore(t, func(r maelstromtest.Packet) (string, time.Duration) { return test.reply, 20 * ms }, func(ctx context.Context, r *Register) {
			if err := test.call.do(ctx, r); err != test.want {
				t.Errorf("%s, answered with %s: %v", test.call.name, test.reply, err)
			}
			if smoothed, timeout := r.RTT(); smoothed != 20*ms || timeout != 60*ms {
				t.Errorf("%s, answered with %s: smoothed %v, timeout %v", test.call.name, test.reply, smoothed, timeout)
			}
		})
	}
}

// The backoff grows with the requests that were not answered, whichever they
// are, and an answer ends that.
func TestACopyIsSentAfterTheTimeoutAndABackoff(t *testing.T) {
	swapped := `{"type":"cas_ok"}`
	var sent []time.Time
	var reply string
	const trip = 20 * ms
	withStore(t, func(r maelstromtest.Packet) (string, time.Duration) {
		if r.Type != "write" {
			sent = append(sent, r.At)
		}
		return reply, trip
	}, func(ctx context.Context, r *Register) {
		var (
			estimator  rtt.Estimator
			random     = newRandom()
			unanswered = 0
		)
		for i, test := range []struct {
			call  call
			reply string
			last  time.Duration // how long the call goes on without an answer
		}{
			{callRead, "", 4 * time.Second},
			{callSwap, "", 4 * time.Second},
			{callRead, shows(jsonOf(1)), 0},
			{callConfirm, "", 2 * time.Second},
			{callSwap, "", 4 * time.Second},
			{callSwap, tells(7), 0},
			{callSwap, "", 2 * time.Second},
			{callSwap, swapped, 0},
			{callSwap, swapped, 0},
			{callRead, "", 2 * time.Second},
			{callRead, missing, 0},
			{callRead, "", 20 * time.Second},
		} {
			// What the rule says.
			began, deadline := time.Now(), time.Now().Add(test.last)
			var want []time.Time
			for at := began; len(want) == 0 || test.reply == "" && at.Before(deadline); {
				want = append(want, at)
				unanswered++
				at = at.Add(estimator.Timeout() + rtt.Backoff(unanswered, random))
			}
			if test.reply != "" {
				unanswered = 0
				estimator.Sample(trip)
				deadline = began.Add(trip + 1)
			}

			sent, reply = nil, test.reply
			ctx, cancel := context.WithDeadline(ctx, deadline)
			err := test.call.do(ctx, r)
			cancel()
			synctest.Wait() // for the store
			if (err == context.DeadlineExceeded) != (test.reply == "") {
				t.Errorf("call %d: %v", i, err)
			}
			if !slices.EqualFunc(sent, want, time.Time.Equal) {
				since := func(times []time.Time) (ds []time.Duration) {
					for _, at := range times {
						ds = append(ds, at.Sub(began))
					}
					return ds
				}
				t.Fatalf("seed %d: call %d: copies sent at\n%v, want\n%v", seed, i, since(sent), since(want))
			}
		}
	})
}

// For the race detector.
func TestRTTMayBeCalledWhileTheRegisterIsInUse(t *testing.T) {
	store := maelstromtest.NewStore()
	withStore(t, func(r maelstromtest.Packet) (string, time.Duration) { return store.Reply(r), ms }, func(ctx context.Context, r *Register) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		go func() {
			for ctx.Err() == nil {
				if _, timeout := r.RTT(); timeout < rtt.Min || timeout > rtt.Max {
					t.Errorf("timeout %v", timeout)
				}
				time.Sleep(ms / 4)
			}
		}()
		for range 20 {
			if err := errors.Join(r.Read(ctx), callSwap.do(ctx, r)); err != nil {
				t.Error(err)
			}
		}
	})
}
