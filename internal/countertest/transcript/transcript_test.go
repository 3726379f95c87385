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
	"sync/atomic"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// lastNumber is the number of sleeper's last message, in all its lives.
var lastNumber atomic.Int64

// sleeper is a node that asks the store for permission before each nap, in the
// name of its life, and asks again every second. Once it has permission, it
// sleeps, and answers the request. It fails if it is sent a crash.
func sleeper(env maelstromtest.Env) error {
	send := func(dest, format string, args ...any) {
		fmt.Fprintf(env.Stdout, `{"src":"n0","dest":%q,"body":%s}`+"\n", dest, fmt.Sprintf(format, args...))
	}
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
			number := int(lastNumber.Add(1))
			grant := make(chan bool, 10)
			granted[number] = grant
			go func() {
				for {
					send("seq-kv", `{"type":"ask","msg_id":%d,"life":{"life":%d},"text":"as life %d","n":1.50}`, number, 1_000_000+env.Seed, 1_000_000+env.Seed)
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
			if grant := granted[p.InReplyTo]; grant != nil && (by == "" || by == fmt.Sprint(1_000_000+env.Seed)) {
				grant <- true
			}
		case "crash":
			fmt.Fprintln(env.Stderr, "alas")
			return errors.New("crashed")
		}
	}
	return nil
}

const nap = `# A comment stays, and so does an empty line.

node n0 of n0 n1 seed=7
c1 -> n0 nap minutes=[1, 2]
  n0 -> seq-kv ask life={"life":life1} text="as life life1" n=1.50
let first be the last ask
c2 -> n0 nap minutes="x y"
  n0 -> seq-kv ask again
let second be the last ask
wait 2500ms
  +1s n0 -> seq-kv ask again
  +1s n0 -> seq-kv ask again
  +2s n0 -> seq-kv ask again
  +2s n0 -> seq-kv ask again
seq-kv -> n0 ask_ok re=first by=life1
wait for nap_ok
  +2ms n0 -> c1 nap_ok minutes=[1, 2]
seq-kv -> n0 error code=1 re=second
wait 3ms
  +2ms n0 -> c2 nap_ok minutes="x y"
end
  n0 ends
node n0 seed=8
c1 -> n0 nap minutes=short
  n0 -> seq-kv ask life={"life":life2} text="as life life2" n=1.50
seq-kv -> n0 ask_ok re=first
wait 10ms
seq-kv -> n0 ask_ok
wait 10ms
  +2ms n0 -> c1 nap_ok minutes=short
c1 -> n0 crash
  n0 logged alas
  n0 ends: crashed
c1 -> n0 nap minutes=late
`

func TestAConversationIsWrittenDownAsItWent(t *testing.T) {
	for range 20 {
		lastNumber.Store(0)
		got, err := play(t, nap, sleeper, []string{"life"})
		if err != nil || got != nap {
			t.Fatalf("%v\n%s", err, difference(nap, got))
		}
	}
}

func TestHiddenMessagesAreNotShownAndValuesFromTheTestGetNoNames(t *testing.T) {
	const script = `node n0 seed=7
c0 -> n0 note life=1000007
hide c2
c2 -> n0 nap minutes=0
  n0 -> seq-kv ask life={"life":1000007} text="as life 1000007" n=1.50
seq-kv -> n0 ask_ok
wait 2ms
c1 -> n0 nap minutes=1
  n0 -> seq-kv ask again
seq-kv -> n0 ask_ok
wait 2ms
  +2ms n0 -> c1 nap_ok minutes=1
  n0 ends
`
	if got, err := play(t, script, sleeper, []string{"life"}); err != nil || got != script {
		t.Fatalf("%v\n%s", err, difference(script, got))
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
		{begin + "seq-kv -> n0 ask_ok re=first\n" + grant, "no message is called first"},
	} {
		if _, err := play(t, test.script, quiet, []string{"life"}); err == nil || !strings.Contains(err.Error(), test.want) {
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

func TestRunRewritesAFileOnlyWithUpdate(t *testing.T) {
	const folder = "TRANSCRIPT_TEST_FOLDER"
	if dir := os.Getenv(folder); dir != "" { // this is the process that is started below
		Run(t, filepath.Join(dir, "*.txtar"), false, quiet)
		return
	}
	const wrong = "What it is about.\n\n-- one --\nnode n0\n  n0 -> c1 hello\nend\n-- two --\nnode n0\nstop\nend\n  n0 ends\n"
	const right = "What it is about.\n\n-- one --\nnode n0\nend\n  n0 ends\n-- two --\nnode n0\nstop\nend\n  n0 ends\n"
	path := filepath.Join(t.TempDir(), "a.txtar")
	if err := os.WriteFile(path, []byte(wrong), 0o666); err != nil {
		t.Fatal(err)
	}
	read := func() string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), folder+"="+filepath.Dir(path))
	out, err := cmd.CombinedOutput()
	said := fmt.Sprintf("After line 1, %q, the transcript goes on", "node n0")
	if err == nil || !strings.Contains(string(out), "/a/one") || !strings.Contains(string(out), said) || strings.Contains(string(out), "/a/two") || read() != wrong {
		t.Errorf("%v: %s\nthe file is now\n%s", err, out, read())
	}
	Run(t, path, true, quiet)
	if got := read(); got != right {
		t.Errorf("the file is now\n%s", got)
	}
	Run(t, path, false, quiet)
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
