package maelstromtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A recorder stands in for a test and records its failures.
type recorder struct {
	testing.TB
	failures []string
	cleanups []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	panic(r)
}

// record runs a test in a bubble and returns what made it fail.
func record(t *testing.T, test func(t testing.TB)) []string {
	r := &recorder{TB: t}
	whileGoing := func(f func()) {
		defer func() {
			if p := recover(); p != nil && p != any(r) {
				panic(p)
			}
		}()
		f()
	}
	synctest.Test(t, func(*testing.T) {
		whileGoing(func() { test(r) })
		for _, f := range slices.Backward(r.cleanups) {
			whileGoing(f)
		}
		time.Sleep(time.Hour) // for a node that does not end
	})
	return r.failures
}

const initOK = `{"src":"n0","dest":"c0","body":{"type":"init_ok","in_reply_to":1}}` + "\n"

// brief returns a node that prints text and ends.
func brief(text string) Program {
	return func(env Env) error {
		return printing(text)(Env{Stdin: strings.NewReader(""), Stdout: env.Stdout, Stderr: env.Stderr})
	}
}

// broken returns what a program returns, joined with an error.
func broken(program Program) Program {
	return func(env Env) error { return errors.Join(program(env), errors.New("broken")) }
}

const said = initOK + `{"src":"n0","dest":"n1","body":{"type":"a","msg_id":1}}
{"src":"n0","dest":"c1","body":{"type":"b","in_reply_to":7,"x":[1, 2]}}
{"src":"n0","dest":"c1","body":{"type":"error","code":22,"in_reply_to":8}}
{"src":"n0","dest":"c1","body":{"type":"c"}}` // without a newline

func TestAConversationHearsWhatTheNodeSaysInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Converse(t, Setting{}, printing(said))
		if p := c.Hear(); p.Dest != "n1" || p.Type != "a" || p.MsgID != 1 || p.InReplyTo != 0 {
			t.Errorf("first %+v", p)
		}
		if p := c.Hear("error", "c"); p.Type != "error" || p.Code != 22 || p.InReplyTo != 8 || !strings.HasPrefix(p.String(), `{"src":"n0","dest":"c1"`) {
			t.Errorf("then %+v", p)
		}
		c.Unheard()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if p := c.Hear(); p.Type != "c" {
			t.Errorf("at last %+v", p)
		}
	})
}

func TestAPacketsFieldsAreAsTheyWereWritten(t *testing.T) {
	p, err := ParsePacket([]byte(`{"src":"n0","dest":"c1","body":{"type":"b","x":[1, 2],"big":9007199254740993}}`))
	var body struct{ Big int64 }
	if err != nil || p.Field("x") != "[1, 2]" || p.Field("y") != "" || p.Decode(&body) != nil || body.Big != 9007199254740993 {
		t.Errorf("%+v, %+v, %v", p, body, err)
	}
	if err := p.Decode(new(int)); err == nil {
		t.Error("an object was decoded into an int")
	}
}

func TestATestFailsIfTheNodeDoesNotSayWhatItShould(t *testing.T) {
	for _, test := range []struct {
		name    string
		program Program
		test    func(c *Conversation)
		want    string // part of the failure; empty: there is none
	}{
		{"all is well", printing(initOK), func(*Conversation) {}, ""},
		{"silence", printing(said), func(c *Conversation) { c.Hear("d") }, "the node sent none of [d] for 5s; before that it sent [{"},
		{"an end", brief(initOK), func(c *Conversation) { c.Hear("d") }, "the node sent none of [d] before it ended;"},
		{"no init_ok", printing(""), nil, "did not answer init for 5s"},
		{"init refused", printing(`{"src":"n0","dest":"c0","body":{"in_reply_to":1}}` + "\n"), nil, `answered init with {"src":"n0"`},
		{"not unheard", printing(said), func(c *Conversation) { c.Unheard("b") }, `the node sent {"src":"n0","dest":"c1","body":{"type":"b"`},
		{"something at all", printing(said), func(c *Conversation) { c.Hear("b"); c.Unheard() }, `the node sent {"src":"n0","dest":"c1","body":{"type":"error"`},
		{"not JSON", printing(initOK + "hello\n"), func(c *Conversation) { c.Unheard() }, `the node wrote "hello"`},
		{"no body", printing(initOK + "{}\n"), func(c *Conversation) { c.Unheard() }, `the node wrote "{}"`},
		{"a code that is not a number", printing(initOK + `{"src":"n0","dest":"c1","body":{"code":"x"}}` + "\n"), func(c *Conversation) { c.Unheard() }, "body"},
		{"an error", broken(printing(initOK)), func(*Conversation) {}, "ended with: broken"},
		{"an early error", broken(brief(initOK)), func(c *Conversation) { c.Unheard() }, "ended with: broken"},
		{"an error waited for", broken(printing(initOK)), func(c *Conversation) {
			if err := c.Close(); err == nil || err.Error() != "broken" {
				c.t.Errorf("ended with %v", err)
			}
		}, ""},
		{"no end", func(env Env) error { defer time.Sleep(time.Minute); return printing(initOK)(env) }, func(*Conversation) {}, "has not ended after 5s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			failures := record(t, func(t testing.TB) { test.test(Converse(t, Setting{}, test.program)) })
			if test.want == "" && len(failures) > 0 || test.want != "" && (len(failures) != 1 || !strings.Contains(failures[0], test.want)) {
				t.Errorf("failed with %q, want %q", failures, test.want)
			}
		})
	}
}

func TestANodeIsGivenTheSettingAndTheNetworkThatTheTestPlays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		then := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
		var got Env
		store := NewStore()
		c := Converse(t, Setting{
			Node: "n1", Nodes: []string{"n0", "n1"}, Args: []string{"-x"}, Seed: 7, Now: func() time.Time { return then },
			Services: map[string]Responder{"seq-kv": func(c *Conversation, p Packet) {
				time.AfterFunc(300*time.Millisecond, func() { store.Serve(c, p) })
			}},
			Ignore: func(line []byte) bool { return strings.Contains(string(line), `"ping`) },
		}, func(env Env) error {
			got = env
			fmt.Fprintln(env.Stderr, "begun")
			return seqCounter(env)
		})
		if !slices.Equal(got.Args, []string{"-x"}) || got.Seed != 7 || !got.Now().Equal(then) || got.Stop.Err() != nil || c.Stderr() != "begun\n" {
			t.Errorf("%+v, stderr %q", got, c.Stderr())
		}
		store.Put("counter", "39")
		begin := time.Now()
		first := c.Request("c1", `{"type":"add","delta":%d}`, 3)
		if p := c.Hear("add_ok"); p.InReplyTo != first || p.Dest != "c1" || p.Src != "n1" || time.Since(begin) < 600*time.Millisecond {
			t.Errorf("an add was answered %v after %v", p, time.Since(begin))
		}
		second := c.Request("c2", `{"type":"read"}`)
		if p := c.Hear("read_ok"); first == second || p.InReplyTo != second || p.Field("value") != "42" {
			t.Errorf("request %d, after %d, was answered %v", second, first, p)
		}
		unknown := store.Reply(Packet{Src: "n1", Body: []byte(`{"type":"steal","key":"counter","msg_id":5}`)})
		if held, other := store.Get("counter"), store.Get("other"); held != "42" || other != "" || unknown != "" {
			t.Errorf("the store holds %q and %q, and answered %q", held, other, unknown)
		}
		c.Stop()
		if got.Stop.Err() != context.Canceled {
			t.Error("not stopped")
		}
	})
}
