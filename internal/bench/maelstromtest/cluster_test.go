package maelstromtest

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"
)

// inCluster runs f with a cluster, in a bubble.
func inCluster(t *testing.T, cfg Config, program Program, f func(t *testing.T, c *Cluster)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := Start(t, cfg, program)
		defer c.Close()
		f(t, c)
	})
}

// problems checks that a cluster has these problems.
func problems(t *testing.T, c *Cluster, want ...string) {
	t.Helper()
	found := c.Problems()
	if !slices.EqualFunc(found, want, strings.Contains) {
		t.Errorf("problems %q, want %q", found, want)
	}
}

// stored checks what lin-kv holds for the counter.
func stored(t *testing.T, c *Cluster, want string) {
	t.Helper()
	if v, ok := c.Service("lin-kv").Get("counter"); !ok || string(v) != want {
		t.Errorf("the store has %s, %v, want %s", v, ok, want)
	}
}

func addOne(c *Cluster, node string) error {
	_, err := c.Client(node).Request(Body{"type": "add", "delta": 1}, time.Second)
	return err
}

func askEcho(c *Cluster, node string) error {
	_, err := c.Client(node).Request(Body{"type": "echo"}, time.Second)
	return err
}

func TestAClusterAnswersRequestsAndShowsItsStore(t *testing.T) {
	inCluster(t, Config{}, linCounter, func(t *testing.T, c *Cluster) {
		for _, n := range []string{"n0", "n1", "n2"} {
			if err := addOne(c, n); err != nil {
				t.Error(err)
			}
		}
		reply, err := c.Client("n0").Request(Body{"type": "read"}, time.Second)
		if err != nil || reply.Type() != "read_ok" || string(reply["value"]) != "3" {
			t.Errorf("reply %s, error %v", reply, err)
		}
		stored(t, c, "3")
		c.Service("lin-kv").Put("counter", 40)
		if err := addOne(c, "n1"); err != nil {
			t.Error(err)
		}
		stored(t, c, "41")
		if v, ok := c.Service("seq-kv").Get("counter"); ok {
			t.Errorf("seq-kv has %s", v)
		}
		problems(t, c)
	})
}

func TestConcurrentRequestsAreAllAnswered(t *testing.T) {
	inCluster(t, Config{Latency: 10 * time.Millisecond}, linCounter, func(t *testing.T, c *Cluster) {
		var all sync.WaitGroup
		for i := range 30 {
			all.Go(func() {
				if _, err := c.Client([]string{"n0", "n1", "n2"}[i%3]).Request(Body{"type": "add", "delta": 1}, time.Minute); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		stored(t, c, "30")
	})
}

func TestCutsLastUntilTheyAreMended(t *testing.T) {
	program := func(env Env) error { return counterOn(env, "lin-kv", time.Second/2) }
	inCluster(t, Config{}, program, func(t *testing.T, c *Cluster) {
		var rpc *maelstrom.RPCError
		c.CutStore("n0")
		c.CutStore("n0") // which is mended by one MendStore
		if err := addOne(c, "n0"); !errors.As(err, &rpc) || rpc.Code != maelstrom.TemporarilyUnavailable {
			t.Errorf("cut off, n0 answered %v", err)
		}
		if err := addOne(c, "n1"); err != nil {
			t.Errorf("n1 isn't cut off: %v", err)
		}
		c.MendStore("n0")
		if err := addOne(c, "n0"); err != nil {
			t.Errorf("mended: %v", err)
		}
		c.CutStore()
		if addOne(c, "n1") == nil || addOne(c, "n2") == nil {
			t.Errorf("the store answers nodes that are cut off from it")
		}
		c.Heal()
		c.Service("lin-kv").Put("counter", 0)
		c.CutOneWay("lin-kv", "n2")
		if addOne(c, "n2") == nil {
			t.Errorf("the store's replies reach n2")
		}
		c.Mend("n2", "lin-kv")
		if err := addOne(c, "n2"); err != nil {
			t.Errorf("mended: %v", err)
		}
	})
}

func TestAKilledNodeIsSilentUntilItIsRestarted(t *testing.T) {
	program, lives := watched()
	inCluster(t, Config{}, program, func(t *testing.T, c *Cluster) {
		time.Sleep(time.Second)
		c.Pause("n1") // killing works on a paused node, too
		c.Kill("n1")
		c.Kill("n1")
		if err := askEcho(c, "n1"); !errors.Is(err, ErrTimeout) {
			t.Errorf("a dead node answered: %v", err)
		}
		c.SetClock("n1", -time.Minute)
		c.Restart("n1")
		if err := askEcho(c, "n1"); err != nil {
			t.Error(err)
		}
		if logs := lives["n1"]; len(logs) != 2 || logs[1].clock.Sub(logs[1].begin) != -time.Minute || logs[1].types[0] != "init" ||
			logs[1].begin.Sub(logs[0].end) != time.Second {
			t.Errorf("lives %+v", logs)
		}
		for _, clock := range []time.Time{
			lives["n1"][0].clock, time.UnixMicro(-1), time.Unix(0, 0), time.UnixMicro(1<<52 + 1), time.Date(290_000, 1, 1, 0, 0, 0, 0, time.UTC),
		} {
			c.Kill("n1")
			c.SetClockTo("n1", clock)
			c.Restart("n1")
			if logs := lives["n1"]; !logs[len(logs)-1].clock.Equal(clock) {
				t.Errorf("the clock was set to %v, and shows %v", clock, logs[len(logs)-1].clock)
			}
		}
		problems(t, c)
	})
}

func TestAPausedNodeAnswersOnlyAfterItIsResumed(t *testing.T) {
	inCluster(t, Config{}, echoNode, func(t *testing.T, c *Cluster) {
		c.Pause("n2")
		if err := askEcho(c, "n2"); !errors.Is(err, ErrTimeout) {
			t.Errorf("a paused node answered: %v", err)
		}
		c.Resume("n2")
		if err := askEcho(c, "n2"); err != nil {
			t.Error(err)
		}
	})
}

// A resumed node gets the messages that came during its pause one at a time,
// like all others.
func TestInputHeldDuringAPauseComesOneMessageAtATime(t *testing.T) {
	var most int // the most lines that one Read returned
	program := func(env Env) error {
		read, write := io.Pipe()
		defer write.Close()
		go echoNode(Env{Stdin: read, Stdout: env.Stdout})
		buffer := make([]byte, 1<<16)
		for {
			n, err := env.Stdin.Read(buffer)
			if err != nil {
				return nil
			}
			most = max(most, bytes.Count(buffer[:n], []byte("\n")))
			write.Write(buffer[:n])
		}
	}
	inCluster(t, Config{Nodes: 1}, program, func(t *testing.T, c *Cluster) {
		c.Pause("n0")
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if _, err := c.Client("n0").Request(Body{"type": "echo"}, 5*time.Second); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(time.Second)
		c.Resume("n0")
		all.Wait()
	})
	if most != 1 {
		t.Errorf("%d messages at once", most)
	}
}

func TestAnyLineCanBeInjected(t *testing.T) {
	inCluster(t, Config{}, linCounter, func(t *testing.T, c *Cluster) {
		c.Inject("n0", []byte(`{"src":"n1","dest":"n0","body":{"type":"add","delta":5,"msg_id":1}}`))
		time.Sleep(time.Second)
		stored(t, c, "5")
		c.Inject("n0", []byte("\x00 not a message"))
		time.Sleep(time.Second)
		problems(t, c, "n0 crashed")
	})
}

// The faults of the configuration last until Heal.
func TestConfiguredFaultsLastUntilHeal(t *testing.T) {
	program := func(env Env) error { return counterOn(env, "lin-kv", time.Second/2) }
	inCluster(t, Config{Nemesis: []Fault{{Kind: Loss, Probability: 1}}}, program, func(t *testing.T, c *Cluster) {
		if addOne(c, "n0") == nil {
			t.Errorf("a message arrived although all are lost")
		}
		c.Heal()
		if err := addOne(c, "n0"); err != nil {
			t.Error(err)
		}
	})
}

func TestAClusterThatDoesNotStartSaysWhy(t *testing.T) {
	for name, test := range map[string]struct {
		program Program
		want    string
	}{
		"mute":  {executables["mute node"], "did not answer init with init_ok: no answer in time (a Program reads Env.Stdin and writes to Env.Stdout; os.Stdin and os.Stdout are the test's)\nstdout:\n\nstderr:\nI say nothing"},
		"crash": {func(Env) error { return errors.New("no luck") }, "n0: no luck"},
		"error": {func(env Env) error {
			return respondInit(env, `{"type":"error","code":13,"text":"not today","in_reply_to":1}`)
		}, "not today"},
		"cat":   {func(env Env) error { _, err := io.Copy(env.Stdout, env.Stdin); return err }, "n0 printed 1001 lines instead of an answer to init"},
		"other": {func(env Env) error { return respondInit(env, `{"type":"ok","in_reply_to":1}`) }, `answered "ok"`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, _, err := run(t.Context(), Config{}, true, synctest.Wait, inProcess(test.program))
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error %v, want %q", err, test.want)
				}
			})
		})
	}
}

// respondInit sends c0 one message with this body, as n0, and then reads its
// input to the end.
func respondInit(env Env, body string) error {
	say(env, "n0", "c0", body)
	_, err := io.Copy(io.Discard, env.Stdin)
	return err
}
