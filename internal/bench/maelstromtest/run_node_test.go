package maelstromtest

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
	"go.uber.org/goleak"
)

// The test binary is also the executable that the tests of processes run. Its
// first argument says which node it then is.
func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // where the library logs every message
	if len(os.Args) > 1 {
		if program := executables[os.Args[1]]; program != nil {
			err := program(Env{Args: os.Args[2:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Now: time.Now})
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("maelstrom-counter/internal/bench/maelstromtest.stayForEver"))
}

var executables = map[string]Program{
	"echo node":    echoNode,
	"lin counter":  linCounter,
	"rubbish node": rubbishNode,
	"crashing node": func(env Env) error {
		fmt.Fprintln(env.Stderr, "about to fail")
		return errors.Join(echoUntil(env, 5), errors.New("five requests are too many"))
	},
	"stubborn node": func(env Env) error {
		err := echoNode(env)
		time.Sleep(time.Hour)
		return err
	},
	// At its end, it says how long it has stood still at the longest.
	"ticking node": func(env Env) error {
		ended := make(chan error)
		go func() { ended <- echoNode(env) }()
		tick := time.Tick(10 * time.Millisecond)
		var longest time.Duration
		for last := time.Now(); ; last = time.Now() {
			select {
			case <-tick:
				longest = max(longest, time.Since(last))
			case err := <-ended:
				fmt.Fprintln(env.Stderr, max(longest, time.Since(last)))
				return err
			}
		}
	},
	"mute node": printing(""),
}

// faultyEcho is an echo workload under faults: an echo need not come back. It
// finds only those that differ from what was sent.
type faultyEcho struct{ Echo }

func (faultyEcho) Check(history []Op) ([]Check, any) {
	return Echo{}.Check(slices.DeleteFunc(slices.Clone(history), func(op Op) bool { return op.Error || op.Unanswered }))
}

// linCounter is a counter that is right as long as nothing goes wrong: a number
// in lin-kv.
func linCounter(env Env) error { return counterOn(env, "lin-kv", 4*time.Second) }

// seqCounter is the plain CAS loop with a plain read, on seq-kv: its reads may
// be old.
func seqCounter(env Env) error { return counterOn(env, "seq-kv", time.Second) }

func counterOn(env Env, service string, timeout time.Duration) error {
	n := maelstrom.NewNode()
	n.Stdin, n.Stdout = env.Stdin, env.Stdout
	call := func(body Body) (value int, err error) {
		// Unlike the library's SyncRPC, this leaves no goroutine behind.
		answer := make(chan maelstrom.Message, 1)
		if err := n.RPC(service, body, func(m maelstrom.Message) error { answer <- m; return nil }); err != nil {
			return 0, err
		}
		select {
		case m := <-answer:
			var reply struct{ Value int }
			err := json.Unmarshal(m.Body, &reply)
			if rpc := m.RPCError(); rpc != nil {
				err = rpc
			}
			return reply.Value, err
		case <-time.After(timeout):
			return 0, context.DeadlineExceeded
		}
	}
	read := func() (int, error) {
		value, err := call(Body{"type": "read", "key": "counter"})
		switch {
		case maelstrom.ErrorCode(err) == maelstrom.KeyDoesNotExist:
			return 0, nil
		case err != nil:
			return 0, maelstrom.NewRPCError(maelstrom.TemporarilyUnavailable, err.Error())
		}
		return value, nil
	}
	n.Handle("add", func(msg maelstrom.Message) error {
		var add struct{ Delta int }
		if err := json.Unmarshal(msg.Body, &add); err != nil {
			return err
		}
		for {
			from, err := read()
			if err != nil {
				return err
			}
			_, err = call(Body{"type": "cas", "key": "counter", "from": from, "to": from + add.Delta, "create_if_not_exists": true})
			switch {
			case err == nil:
				return n.Reply(msg, Body{"type": "add_ok"})
			case maelstrom.ErrorCode(err) != maelstrom.PreconditionFailed:
				return maelstrom.NewRPCError(maelstrom.Crash, err.Error())
			}
		}
	})
	n.Handle("read", func(msg maelstrom.Message) error {
		value, err := read()
		if err != nil {
			return err
		}
		return n.Reply(msg, Body{"type": "read_ok", "value": value})
	})
	return n.Run()
}

// memoryCounter returns a counter whose nodes all keep the total in one
// variable, which only works in one process.
func memoryCounter() Program {
	var total atomic.Int64
	return func(env Env) error {
		return eachMessage(env, func(m Packet) error {
			var body struct{ Delta int64 }
			if err := m.Decode(&body); err != nil {
				return err
			}
			value := ""
			if sum := total.Add(body.Delta); m.Type == "read" {
				value = fmt.Sprintf(`,"value":%d`, sum)
			}
			say(env, m.Dest, m.Src, fmt.Sprintf(`{"type":"%s_ok","in_reply_to":%d%s}`, m.Type, m.MsgID, value))
			return nil
		})
	}
}

// eachMessage calls f with each message that a node gets, until the end of its
// input or an error.
func eachMessage(env Env, f func(Packet) error) error {
	lines := bufio.NewScanner(env.Stdin)
	for lines.Scan() {
		m, err := ParsePacket(lines.Bytes())
		if err == nil {
			err = f(m)
		}
		if err != nil {
			return err
		}
	}
	return lines.Err()
}

// echoNode answers init and echo, as simply as possible.
func echoNode(env Env) error { return eachMessage(env, func(m Packet) error { return echo(env, m) }) }

// echoUntil is an echoNode that returns after it has answered limit requests.
func echoUntil(env Env, limit int) error {
	lines := bufio.NewScanner(env.Stdin)
	for ; limit > 0 && lines.Scan(); limit-- {
		m, err := ParsePacket(lines.Bytes())
		if err := cmp.Or(err, echo(env, m)); err != nil {
			return err
		}
	}
	return lines.Err()
}

// echo answers a message with its own body.
func echo(env Env, m Packet) error {
	var body Body
	if err := m.Decode(&body); err != nil {
		return err
	}
	body["type"] = m.Type + "_ok"
	body["in_reply_to"] = body["msg_id"]
	delete(body, "msg_id")
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return say(env, m.Dest, m.Src, string(raw))
}

// rubbishNode prints a line that is not a message before each answer but that
// to init.
func rubbishNode(env Env) error {
	return eachMessage(env, func(m Packet) error {
		if m.Type != "init" {
			fmt.Fprintln(env.Stdout, "Received a line!")
		}
		return echo(env, m)
	})
}

// say sends a message.
func say(env Env, src, dest, body string) error {
	_, err := fmt.Fprintf(env.Stdout, `{"src":%q,"dest":%q,"body":%s}`+"\n", src, dest, body)
	return err
}

// printing returns a node that prints text, and then reads its input to the
// end.
func printing(text string) Program {
	return func(env Env) error {
		fmt.Fprintln(env.Stderr, "this is all that I say")
		fmt.Fprint(env.Stdout, text)
		_, err := io.Copy(io.Discard, env.Stdin)
		return err
	}
}

// respond returns a node that hands each message but init to f.
func respond(f func(env Env, m Packet)) Program {
	return func(env Env) error {
		return eachMessage(env, func(m Packet) error {
			if m.Type == "init" {
				return say(env, m.Dest, m.Src, `{"type":"init_ok","in_reply_to":1}`)
			}
			f(env, m)
			return nil
		})
	}
}

// replying returns a node that answers each request with these bodies, in which
// %d stands for the request's msg_id.
func replying(bodies ...string) Program {
	return respond(func(env Env, m Packet) {
		for _, body := range bodies {
			say(env, m.Dest, m.Src, strings.ReplaceAll(body, "%d", fmt.Sprint(m.MsgID)))
		}
	})
}
