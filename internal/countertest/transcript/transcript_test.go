package transcript

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// sleeper is a node that asks the store for permission before each nap, in the
// name of its life, and asks again every second. Once it has permission, it
// sleeps, and answers the request. It fails if it is sent a crash.
func sleeper(env maelstromtest.Env) error {
	send := func(dest, format string, args ...any) {
		fmt.Fprintf(env.Stdout, `{"src":"n0","dest":%q,"body":%s}`+"\n", dest, fmt.Sprintf(format, args...))
	}
	name := 1_000_000 + env.Seed
	granted := map[int]chan bool{}
	over := make(chan bool)
	defer close(over)
	for lines := bufio.NewScanner(env.Stdin); lines.Scan(); {
		p, err := maelstromtest.ParsePacket(lines.Bytes())
		if err != nil {
			return err
		}
		switch p.Type {
		case "init":
			send(p.Src, `{"type":"init_ok","in_reply_to":%d}`, p.MsgID)
		case "nap":
			grant := make(chan bool, 10)
			id := 10*int(env.Seed) + len(granted) // which no other life uses
			granted[id] = grant
			go func() {
				for {
					send("seq-kv", `{"type":"ask","msg_id":%d,"life":{"life":%d},"text":"as life %[2]d","n":1.50}`, id, name)
					select {
					case <-grant:
						time.Sleep(1500 * time.Microsecond)
						send(p.Src, `{"type":"nap_ok","in_reply_to":%d,"minutes":%s}`, p.MsgID, p.Field("minutes"))
						return
					case <-over:
						return
					case <-time.After(time.Second):
					}
				}
			}()
		case "ask_ok", "error":
			by := p.Field("by")
			if grant := granted[p.InReplyTo]; grant != nil && (by == "" || by == fmt.Sprint(name)) {
				grant <- true
			}
		case "crash":
			fmt.Fprintln(env.Stderr, "alas")
			return errors.New("crashed")
		}
	}
	return nil
}

func TestConversationsAreWrittenDownAsTheyWent(t *testing.T) {
	for range 20 {
		Run(t, "testdata/*.txtar", sleeper, "life")
	}
}

func TestAScriptThatMakesNoSenseIsAnError(t *testing.T) {
	const begin = "node n0\nc1 -> n0 nap minutes=1\n"
	const grant = "seq-kv -> n0 ask_ok\nwait 2ms\n"
	for _, test := range []struct{ script, want string }{
		{"c1 -> n0 nap", `line 1, "c1 -> n0 nap": there is no node yet`},
		{"wait 1s", "there is no node yet"},
		{"node", "node takes a name"},
		{"node n0 seed=x", "invalid syntax"},
		{"node n0\nc1 -> n1 nap", "not understood"},
		{"node n0\nc1 -> n0", "not understood"},
		{"node n0\nrest", "not understood"},
		{"node n0\nwait", "wait takes"},
		{"node n0\nwait 1", "missing unit"},
		{"node n0\nwait 1s or so", "wait takes"},
		{"node n0\nlet x be the last ask", "has sent no ask"},
		{"node n0\nseq-kv -> n0 ask_ok", "nothing that this may answer"},
		{"node n0\nc1 -> n0 nap minutes", "not field=value"},
		{"node n0\nc1 -> n0 nap minutes=[", "the value of minutes"},
		{"node n0\nc1 -> n0 nap minutes=life1", "life1 has not been seen"},
		{begin + "seq-kv -> n0 ask_ok re=first\n" + grant, "nothing that this may answer: re=first"},
	} {
		err := converse(t, &Script{text: test.script}, quiet, "life")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.script, err, test.want)
		}
	}
}

// quiet is a node that answers only init.
func quiet(env maelstromtest.Env) error {
	lines := bufio.NewScanner(env.Stdin)
	for lines.Scan() {
		if p, err := maelstromtest.ParsePacket(lines.Bytes()); err == nil && p.Type == "init" {
			fmt.Fprintf(env.Stdout, `{"src":"n0","dest":"c0","body":{"type":"init_ok","in_reply_to":%d}}`+"\n", p.MsgID)
		}
	}
	return lines.Err()
}

// A test that fails, as this one must first, runs in a process of its own.
func TestAFileIsRewrittenOnlyWithUpdate(t *testing.T) {
	const folder = "TRANSCRIPT_TEST_FOLDER"
	if dir := os.Getenv(folder); dir != "" {
		Run(t, filepath.Join(dir, "*.txtar"), quiet, "life")
		return
	}
	const wrong = "What it is about.\n\n-- one --\nnode n0\n  n0 -> c1 hello\nend\n-- two --\nnode n0\nstop\nend\n  n0 ends\n"
	right := strings.Replace(wrong, "  n0 -> c1 hello\nend\n", "end\n  n0 ends\n", 1)
	path := filepath.Join(t.TempDir(), "a.txtar")
	if err := os.WriteFile(path, []byte(wrong), 0o666); err != nil {
		t.Fatal(err)
	}
	run := func(want string, flags ...string) (said string, passed bool) {
		t.Helper()
		cmd := exec.Command(os.Args[0], append(flags, "-test.run", "^"+t.Name()+"$")...)
		cmd.Env = append(os.Environ(), folder+"="+filepath.Dir(path))
		out, err := cmd.CombinedOutput()
		if got, readErr := os.ReadFile(path); readErr != nil || string(got) != want {
			t.Errorf("%s\nthe file is now\n%s%v", out, got, readErr)
		}
		return string(out), err == nil
	}
	const first = `After line 1, "node n0", the script goes on with`
	said, passed := run(wrong)
	if passed || !strings.Contains(said, "/a/one") || !strings.Contains(said, first) || strings.Contains(said, "/a/two") {
		t.Error(said)
	}
	if said, passed := run(right, "-update"); !passed {
		t.Error(said)
	}
	if said, passed := run(right); !passed {
		t.Error(said)
	}
}

func FuzzFields(f *testing.F) {
	f.Add(`{"type":"x","a":1,"b":"word","c":"two words","d":{"e":[1, 2]},"f":null,"g":"null","h":"","i":"7"}`)
	f.Fuzz(func(t *testing.T, body string) {
		m, err := maelstromtest.ParsePacket(fmt.Appendf(nil, `{"src":"n0","dest":"c1","body":%s}`, body))
		if err != nil || m.Type != "x" || !json.Valid(m.Body) || m.Body[0] != '{' {
			return
		}
		var named map[string]json.RawMessage
		if err := json.Unmarshal(m.Body, &named); err != nil {
			t.Fatal(err)
		}
		for name := range named {
			if strings.TrimSpace(name) != name {
				return // spaces about a name are not kept
			}
		}
		shown := strings.TrimPrefix(show(m), "n0 -> c1 x")
		fields, err := parseFields(shown)
		if err != nil {
			return // a name that is not a word
		}
		var again strings.Builder
		for _, f := range fields {
			fmt.Fprintf(&again, " %s=%s", f.name, showValue(f.value))
		}
		if again.String() != shown {
			t.Errorf("%q was read as %q", shown, again.String())
		}
	})
}
