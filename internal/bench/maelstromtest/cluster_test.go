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
	if v, ok := c.Get("lin-kv", "counter"); !ok || string(v) != want {
		t.Errorf("the store has %s, %v, want %s", v, ok, want)
	}
}

// succeeds checks that a node answers a request of a type with ok.
func succeeds(t *testing.T, c *Cluster, node, typ string) {
	t.Helper()
	if _, err := c.Request(node, Body{"type": typ, "delta": 1}, time.Second); err != nil {
		t.Errorf("%s of %s: %v", typ, node, err)
	}
}

func TestAClusterAnswersRequestsAndShowsItsStore(t *testing.T) {
	inCluster(t, Config{}, linCounter, func(t *testing.T, c *Cluster) {
		for _, n := range []string{"n0", "n1", "n2"} {
			succeeds(t, c, n, "add")
		}
		reply, err := c.Request("n0", Body{"type": "read"}, time.Second)
		if err != nil || reply.Type() != "read_ok" || string(reply["value"]) != "3" {
			t.Errorf("reply %s, error %v", reply, err)
		}
		stored(t, c, "3")
		c.Put("lin-kv", "counter", 40)
		succeeds(t, c, "n1", "add")
		stored(t, c, "41")
		if v, ok := c.Get("seq-kv", "counter"); ok {
			t.Errorf("seq-kv has %s", v)
		}
		problems(t, c)
	})
}

// What a test has cut, and the faults of the configuration, last until they are
// mended, or until Heal.
func TestCutsAndFaultsLastUntilTheyAreMended(t *testing.T) {
	program := func(env Env) error { return counterOn(env, "lin-kv", time.Second/2) }
	cut := 0 // links
	cfg := Config{Nemesis: []Fault{{Kind: Loss, Probability: 1}}, Watch: func(e Entry) {
		switch e.What {
		case LinkCut:
			cut++
		case LinkMends:
			cut--
		}
	}}
	inCluster(t, cfg, program, func(t *testing.T, c *Cluster) {
		for i, step := range []struct {
			do           func()
			works, fails []string // the nodes that hear from the store, and those that do not
			cut          int      // links
		}{
			{func() {}, nil, []string{"n0"}, 0},
			{c.Heal, []string{"n0"}, nil, 0},
			{func() { c.CutStore("n0"); c.CutStore("n0") }, []string{"n1"}, []string{"n0"}, 8},
			{func() { c.MendStore("n0") }, []string{"n0"}, nil, 0}, // one is enough
			{func() { c.CutStore() }, nil, []string{"n1", "n2"}, 24},
			{c.Heal, []string{"n2"}, nil, 0},
			{func() { c.CutOneWay("lin-kv", "n2") }, nil, []string{"n2"}, 1},
			{func() { c.Mend("n2", "lin-kv") }, []string{"n2"}, nil, 0},
		} {
			if step.do(); cut != step.cut {
				t.Errorf("step %d: %d links are cut, not %d", i, cut, step.cut)
			}
			for _, n := range step.works {
				succeeds(t, c, n, "add")
			}
			for _, n := range step.fails {
				_, err := c.Request(n, Body{"type": "add", "delta": 1}, time.Second)
				if maelstrom.ErrorCode(err) != maelstrom.TemporarilyUnavailable {
					t.Errorf("step %d: cut off, %s answered %v", i, n, err)
				}
			}
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
		if _, err := c.Request("n1", Body{"type": "echo"}, time.Second); err != ErrTimeout {
			t.Errorf("a dead node answered: %v", err)
		}
		c.SetClock("n1", time.Now())
		c.Restart("n1")
		succeeds(t, c, "n1", "echo")
		if logs := lives["n1"]; len(logs) != 2 || logs[1].types[0] != "init" || logs[1].begin.Sub(logs[0].end) != time.Second {
			t.Errorf("lives %+v", logs)
		}
		for _, clock := range []time.Time{
			time.Now().Add(-time.Minute), lives["n1"][0].clock, time.UnixMicro(-1), time.Unix(0, 0),
			time.UnixMicro(1<<52 + 1), time.Date(290_000, 1, 1, 0, 0, 0, 0, time.UTC),
		} {
			c.Kill("n1")
			c.SetClock("n1", clock)
			c.Restart("n1")
			if logs := lives["n1"]; !logs[len(logs)-1].clock.Equal(clock) {
				t.Errorf("the clock was set to %v, and shows %v", clock, logs[len(logs)-1].clock)
			}
		}
		problems(t, c)
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
		succeeds(t, c, "n0", "echo") // its client is one of those that are used now
		c.Pause("n0")
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if _, err := c.Request("n0", Body{"type": "echo"}, 5*time.Second); err != nil {
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

func TestAClusterThatDoesNotStartSaysWhy(t *testing.T) {
	for name, test := range map[string]struct {
		program Program
		want    string
	}{
		"mute":  {executables["mute node"], "n0 did not start: it printed nothing in 10 s (a Program reads Env.Stdin and writes to Env.Stdout; os.Stdin and os.Stdout are the test's)\nstderr:\nthis is all that I say"},
		"crash": {func(Env) error { return errors.New("no luck") }, "n0 did not start: it ended before it answered init: no luck"},
		"error": {printing(`{"src":"n0","dest":"c0","body":{"type":"error","code":13,"text":"not today","in_reply_to":1}}` + "\n"), "not today"},
		"other": {printing(`{"src":"n0","dest":"c0","body":{"type":"ok","in_reply_to":1}}` + "\n"), `n0 did not start: it answered init with the type "ok", not init_ok:` + "\n\t" + `{"in_reply_to":1,"type":"ok"}`},
		"cat":   {func(env Env) error { _, err := io.Copy(env.Stdout, env.Stdin); return err }, "n0 did not start: it sent 1001 messages instead of an answer to init; the last:\n\t{\"id\":"},
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

// Heal mends links in the order of their names.
func TestHealMendsInOrder(t *testing.T) {
	var got []string
	cfg := Config{Nodes: 4, Watch: func(e Entry) {
		if e.What == LinkMends {
			got = append(got, e.Src+" "+e.Dest)
		}
	}}
	inCluster(t, cfg, linCounter, func(_ *testing.T, c *Cluster) {
		for _, l := range [][2]string{{"n3", "n1"}, {"n0", "n2"}, {"lin-kv", "n2"}, {"n1", "n0"}} {
			c.Cut(l[0], l[1])
		}
		c.Heal()
	})
	if len(got) != 8 || !slices.IsSorted(got) {
		t.Errorf("links were mended in the order %q", got)
	}
}
