package maelstromtest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"os"
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
	"ticking node": func(env Env) error {
		go func() {
			for range time.Tick(10 * time.Millisecond) {
				fmt.Fprintln(env.Stderr, "tick")
			}
		}()
		err := echoNode(env)
		time.Sleep(100 * time.Millisecond) // for a last tick
		return err
	},
	"mute node": func(env Env) error {
		fmt.Fprintln(env.Stderr, "I say nothing")
		_, err := io.Copy(io.Discard, env.Stdin)
		return err
	},
}

// linCounter is a counter that is right as long as nothing goes wrong: a number
// in lin-kv.
func linCounter(env Env) error { return counterOn(env, "lin-kv", 5*time.Second) }

// seqCounter is the plain CAS loop with a plain read, on seq-kv: its reads may
// be old.
func seqCounter(env Env) error { return counterOn(env, "seq-kv", time.Second) }

func counterOn(env Env, service string, timeout time.Duration) error {
	n := maelstrom.NewNode()
	n.Stdin, n.Stdout = env.Stdin, env.Stdout
	r := &rpc{n: n, service: service, timeout: timeout}
	n.Handle("add", func(msg maelstrom.Message) error {
		var add struct{ Delta int }
		if err := json.Unmarshal(msg.Body, &add); err != nil {
			return err
		}
		for {
			from, err := r.read()
			if err != nil {
				return maelstrom.NewRPCError(maelstrom.TemporarilyUnavailable, err.Error())
			}
			err = r.call(map[string]any{"type": "cas", "key": "counter", "from": from, "to": from + add.Delta, "create_if_not_exists": true}, nil)
			switch maelstrom.ErrorCode(err) {
			case maelstrom.PreconditionFailed:
				continue
			default:
				if err != nil {
					return maelstrom.NewRPCError(maelstrom.Crash, err.Error())
				}
				return n.Reply(msg, map[string]any{"type": "add_ok"})
			}
		}
	})
	n.Handle("read", func(msg maelstrom.Message) error {
		value, err := r.read()
		if err != nil {
			return maelstrom.NewRPCError(maelstrom.TemporarilyUnavailable, err.Error())
		}
		return n.Reply(msg, map[string]any{"type": "read_ok", "value": value})
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

// An rpc calls a service. Unlike the library's SyncRPC, it leaves no goroutine
// behind.
type rpc struct {
	n       *maelstrom.Node
	service string
	timeout time.Duration
}

func (r *rpc) read() (int, error) {
	var value int
	err := r.call(map[string]any{"type": "read", "key": "counter"}, &value)
	if maelstrom.ErrorCode(err) == maelstrom.KeyDoesNotExist {
		return 0, nil
	}
	return value, err
}

func (r *rpc) call(body map[string]any, value *int) error {
	ctx, cancel := context.WithTimeout(context.Background(), r.timeout)
	defer cancel()
	answer := make(chan maelstrom.Message, 1)
	if err := r.n.RPC(r.service, body, func(m maelstrom.Message) error { answer <- m; return nil }); err != nil {
		return err
	}
	select {
	case m := <-answer:
		if err := m.RPCError(); err != nil {
			return err
		}
		var reply struct{ Value int }
		err := json.Unmarshal(m.Body, &reply)
		if value != nil {
			*value = reply.Value
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// echoNode answers init and echo, as simply as possible.
func echoNode(env Env) error { return echoUntil(env, math.MaxInt) }

// echoUntil is an echoNode that returns after it has answered limit requests.
func echoUntil(env Env, limit int) error {
	lines := bufio.NewScanner(env.Stdin)
	for n := 0; n < limit && lines.Scan(); n++ {
		if err := echoLine(lines.Bytes(), env.Stdout); err != nil {
			return err
		}
	}
	return lines.Err()
}

func echoLine(line []byte, w io.Writer) error {
	var m struct {
		Src, Dest string
		Body      map[string]any
	}
	if err := json.Unmarshal(line, &m); err != nil {
		return err
	}
	m.Body["type"] = fmt.Sprint(m.Body["type"], "_ok")
	m.Body["in_reply_to"] = m.Body["msg_id"]
	delete(m.Body, "msg_id")
	body, err := json.Marshal(m.Body)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, `{"src":%q,"dest":%q,"body":%s}`+"\n", m.Dest, m.Src, body)
	return err
}

// rubbishNode prints a line that is not a message before each answer.
func rubbishNode(env Env) error {
	lines := bufio.NewScanner(env.Stdin)
	for lines.Scan() {
		fmt.Fprintln(env.Stdout, "Received a line!")
		if err := echoLine(lines.Bytes(), env.Stdout); err != nil {
			return err
		}
	}
	return lines.Err()
}
