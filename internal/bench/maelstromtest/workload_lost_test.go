package maelstromtest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// muteAfter returns a counter of which each node but those named is mute after
// so many requests.
func muteAfter(limit int, but ...string) Program {
	return func(env Env) error {
		requests := 0
		return respond(func(env Env, m Packet) {
			if requests++; requests == limit+1 && !strings.Contains(strings.Join(but, " "), m.Dest) {
				fmt.Fprintln(env.Stdout)
			}
			value := ""
			if m.Type == "read" {
				value = `,"value":0`
			}
			say(env, m.Dest, m.Src, fmt.Sprintf(`{"type":"%s_ok","in_reply_to":%d%s}`, m.Type, m.MsgID, value))
		})(env)
	}
}

// crashAfter returns a counter that answers so many requests and ends.
func crashAfter(limit int) Program {
	return func(env Env) error {
		left := limit + 1 // and init
		return muteAfter(1000)(Env{Stdout: env.Stdout, Stdin: readerFunc(func(p []byte) (int, error) {
			if left--; left < 0 {
				return 0, errors.New("that is enough")
			}
			return env.Stdin.Read(p)
		})})
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A run ends when no node can answer any more: at once, with open requests
// unanswered, and without recovery. What was answered before counts. Each kind
// of request is made at least once.
func TestARunEndsWhenNoNodeCanAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		program Program
		cfg     Config
		want    bool // it ends early
		ok      int  // requests, if it does
	}{
		"all are mute":         {muteAfter(2), Config{}, true, 6},
		"all are mute at once": {muteAfter(0), Config{}, true, 0},
		"all are mute after init": {func(env Env) error {
			return eachMessage(env, func(m Packet) error {
				_, err := fmt.Fprintf(env.Stdout, `{"src":%q,"dest":%q,"body":{"type":"init_ok","in_reply_to":1}}`+"\n\n", m.Dest, m.Src)
				return err
			})
		}, Config{}, true, 0},
		"all have crashed":       {crashAfter(2), Config{}, true, 6},
		"one is heard":           {muteAfter(2, "n1"), Config{}, false, 0},
		"it goes on":             {muteAfter(2), Config{KeepGoing: true}, false, 0},
		"a share is demanded":    {muteAfter(2), Config{Availability: 0.01}, false, 0},
		"all are demanded":       {muteAfter(2), Config{Availability: 1}, true, 6},
		"a crash has decided":    {crashAfter(2), Config{Availability: 0.01}, true, 6},
		"kills revive":           {muteAfter(2), Config{Nemesis: []Fault{{Kind: Kill}}}, false, 0},
		"clocks revive":          {muteAfter(2), Config{Nemesis: []Fault{{Kind: Clock}}}, false, 0},
		"pauses do not revive":   {muteAfter(2), Config{Nemesis: []Fault{{Kind: Partition}}}, true, 6},
		"answers are on the way": {crashAfter(2), Config{Hop: time.Second}, true, 6},
	} {
		cfg := test.cfg
		cfg.Rate, cfg.TimeLimit, cfg.Consistency = 100, 20*time.Second, Linearizable
		r := Simulate(t, cfg, test.program)
		if (r.Ended != "") != test.want || (r.Check(runComplete).Status == NotChecked) != test.want {
			t.Errorf("%s: ended %q, %v", name, r.Ended, r.Check(runComplete))
		}
		if !test.want {
			if r.Elapsed < 30*time.Second {
				t.Errorf("%s: ended after %v", name, r.Elapsed)
			}
			continue
		}
		last := r.History[len(r.History)-1]
		if last.Outcome != OK && last.Text != r.Ended || last.Complete > 15*time.Second {
			t.Errorf("%s: ended %q, the last %+v", name, r.Ended, last)
		}
		kinds := map[string]bool{}
		for _, op := range r.History {
			kinds[op.F] = true
			if op.Final || op.Outcome == Fail {
				t.Errorf("%s: %+v", name, op)
			}
		}
		if r.OK != test.ok || r.Unanswered != r.Invoked-r.OK || r.Unanswered == 0 || len(kinds) != 2 || r.Right {
			t.Errorf("%s: %+v of the kinds %v", name, r.Counts, kinds)
		}
	}
}

// When the time limit is reached, no kill revives a mute node any more.
func TestARunEndsAfterItsLastKill(t *testing.T) {
	atTheLimit := 0
	for seed := range uint64(8) {
		r := Simulate(t, Config{
			Rate: 100, TimeLimit: 20 * time.Second, ClientTimeout: time.Second / 10, Nemesis: []Fault{{Kind: Kill}}, Seed: seed,
		}, muteAfter(0))
		if r.Ended == "" || r.Elapsed < 20*time.Second {
			t.Errorf("seed %d: ended %q after %v", seed, r.Ended, r.Elapsed)
		}
		if r.Elapsed == 20*time.Second {
			atTheLimit++
		}
	}
	if atTheLimit == 0 {
		t.Error("no run ended at the time limit")
	}
}
