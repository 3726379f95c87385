package register

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/countertest/transcript"
	"maelstrom-counter/internal/ledger"
	"maelstrom-counter/internal/node"
)

// A script is a conversation of node n1's register of key "k" with the store. A
// line that is not indented is a step. The indented lines after it show all
// that the register does then: its requests, and how a call ends. The steps are
//
//	read                begins a call of Read, which is in the background
//	confirm within 2s   begins a call of Confirm with a timeout
//	swap                begins a call of Swap, which adds 1 to Base
//	swap 9              begins a call of Swap to 9
//	cancel              ends the context of the call
//	wait 10ms           lets time pass
//	rtt                 shows the round-trip time and the timeout
//
// and what the store answers to the last request:
//
//	show 5              a read_ok with that value
//	tell 7              a refusal whose text tells that value
//	refuse no           a refusal with that text
//	error 20            an error without a text
//	cas_ok              an answer of that type
//	read_ok {}          an answer of that type with that JSON as its value
//	each show 5         the same to each request of the call
//	first show 5        the same to the first request that is not a write
//	store               what the bench's store answers
//	store lost          the same, but the answer gets lost
//
// "put" and "get" change and show what the bench's store holds. A number stands
// for the value with that total, and nothing for that of a missing key.
type script struct {
	t        *testing.T
	c        *maelstromtest.Conversation
	register *Register
	store    *maelstromtest.Store
	text     *transcript.Script
	cancel   context.CancelFunc // of the call

	mu    sync.Mutex             // guards asked
	asked []maelstromtest.Packet // by the call
}

// seed is that of the register's jitter.
const seed = 1

func newRandom() *rand.Rand { return rand.New(rand.NewPCG(seed, 2)) }

// play plays a script.
func play(t *testing.T, text *transcript.Script) (err error) {
	withScript(t, text, func(s *script) {
		err = text.Each(func(line string) error {
			s.step(line)
			return nil
		})
	})
	return err
}

// withScript calls test, in a bubble, with a script that has had no step. What
// happens is written into text. At the end all calls must have ended. If they
// have left a goroutine behind, the bubble reports it.
func withScript(t *testing.T, text *transcript.Script, test func(*script)) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{t: t, text: text, store: maelstromtest.NewStore(), cancel: func() {}}
		s.c = maelstromtest.Converse(t, maelstromtest.Setting{
			Node: "n1", Services: map[string]maelstromtest.Responder{maelstrom.SeqKV: s.hear},
		}, func(env maelstromtest.Env) error {
			n := node.New(env.Stdin, env.Stdout, slog.New(slog.DiscardHandler), rand.New(rand.NewPCG(3, 4)))
			s.register = New(n, "k", newRandom())
			return n.Run(env.Stop)
		})
		test(s)
		s.c.Unheard()
	})
}

// hear takes a request to the store.
func (s *script) hear(_ *maelstromtest.Conversation, request maelstromtest.Packet) {
	var fields map[string]json.RawMessage
	if err := request.Decode(&fields); err != nil {
		s.t.Error(err)
	}
	words := []string{request.Type}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if name != "type" && name != "msg_id" {
			words = append(words, name+"="+s.describe(fields[name]))
		}
	}
	s.text.Happens("%s", strings.Join(words, " "))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, request)
}

// requests returns the requests of the call.
func (s *script) requests() []maelstromtest.Packet {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// describe returns JSON as it was written, but a value of the counter as a
// number.
func (s *script) describe(raw json.RawMessage) string {
	if v, err := ledger.Parse(raw); err == nil {
		return name(v)
	}
	return strings.Replace(string(raw), fmt.Sprint(s.register.node.Nonce()), "nonce", 1)
}

// step does one step, and lets the register do what it does then.
func (s *script) step(line string) {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "read":
		s.call(rest, s.register.Read)
	case "confirm":
		s.call(rest, s.register.Confirm)
	case "swap":
		total, err := strconv.ParseInt(rest, 10, 64)
		if err != nil {
			total = s.register.Base().Total + 1
		}
		s.call(rest, func(ctx context.Context) error { return s.register.Swap(ctx, valueOf(total)) })
	case "cancel":
		s.cancel()
	case "wait":
		time.Sleep(s.duration(rest))
	case "rtt":
		smoothed, timeout := s.register.RTT()
		s.text.Happens("smoothed %v, timeout %v", smoothed, timeout)
	case "put":
		s.store.Put("k", jsonOf(rest))
	case "get":
		s.text.Happens("%s", s.describe(json.RawMessage(s.store.Get("k"))))
	default:
		s.answer(line)
	}
	s.register.RTT() // which may be called at any time, as the race detector sees
	synctest.Wait()
}

// answer answers the last request, or those that the line says.
func (s *script) answer(line string) {
	all := s.requests()
	requests := all[len(all)-1:]
	switch verb, rest, _ := strings.Cut(line, " "); verb {
	case "store":
		if reply := s.store.Reply(requests[0]); rest != "lost" {
			s.c.Answer(requests[0], "%s", reply)
		}
		return
	case "each":
		requests, line = all, rest
	case "first":
		i := slices.IndexFunc(all, func(p maelstromtest.Packet) bool { return p.Type != "write" })
		requests, line = all[i:i+1], rest
	}
	for _, request := range requests {
		s.c.Answer(request, "%s", body(line))
	}
}

func (s *script) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// call begins a call in the background, with a timeout if one is given.
func (s *script) call(arguments string, do func(context.Context) error) {
	_, within, _ := strings.Cut(arguments, "within ")
	ctx, cancel := context.WithTimeout(context.Background(), s.duration(cmp.Or(within, "1h")))
	s.cancel = cancel
	s.mu.Lock()
	s.asked = nil
	s.mu.Unlock()
	go func() {
		began := time.Now()
		err := do(ctx)
		s.text.Happens("%s: %s", outcome(err, time.Since(began)), view(s.register))
	}()
}

// outcome says how a call has ended.
func outcome(err error, after time.Duration) string {
	switch {
	case err == nil:
		return "done"
	case err == ErrConflict:
		return "conflict"
	case err == context.DeadlineExceeded:
		return fmt.Sprintf("timed out after %v", after)
	case err == context.Canceled:
		return fmt.Sprintf("cancelled after %v", after)
	case errors.Is(err, ErrBadValue):
		return "bad value: " + err.Error()
	}
	return "error " + err.Error()
}

// view says what Shown, Base and Told return.
func view(r *Register) string {
	switch shown, base := name(r.Shown()), name(r.Base()); {
	case r.Told():
		return shown + ", told " + base
	case shown != base:
		return shown + ", base " + base
	default:
		return shown
	}
}

// valueOf returns the value for which a total stands.
func valueOf(total int64) ledger.Value {
	return ledger.Value{Total: total, Receipts: map[string]ledger.Receipt{
		"n0": {Life: ledger.Life{Boot: 1, Nonce: 2}, Seq: total},
	}}
}

// name returns what stands for v.
func name(v ledger.Value) string {
	switch {
	case v.Equal(valueOf(v.Total)):
		return fmt.Sprint(v.Total)
	case v.Equal(ledger.Value{}):
		return "nothing"
	}
	return marshal(v)
}

// jsonOf returns the JSON of the value for which a total stands, and any other
// text as it is.
func jsonOf(text string) string {
	if total, err := strconv.ParseInt(text, 10, 64); err == nil {
		text = marshal(valueOf(total))
	}
	return text
}

func marshal(v any) string {
	raw, _ := json.Marshal(v) // cannot fail
	return string(raw)
}

// body returns the body of an answer of the store.
func body(line string) string {
	verb, rest, _ := strings.Cut(line, " ")
	switch {
	case verb == "show":
		return body("read_ok " + jsonOf(rest))
	case verb == "error":
		return `{"type":"error","code":` + rest + `}`
	case verb == "tell":
		clojure := strings.ReplaceAll(jsonOf(rest), `":`, `" `)
		return body("refuse current value " + clojure + " is not 1")
	case verb == "refuse":
		return marshal(map[string]any{"type": "error", "code": maelstrom.PreconditionFailed, "text": rest})
	case rest != "":
		return fmt.Sprintf(`{"type":%q,"value":%s}`, verb, rest)
	}
	return fmt.Sprintf(`{"type":%q}`, verb)
}
