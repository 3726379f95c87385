package maelstromtest

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// told is an echo workload that first tells each node its neighbours, except
// n2.
type told struct{ faultyEcho }

func (told) Prepare(node string, nodes []string) Body {
	if node == "n2" {
		return nil
	}
	return Body{"type": "topology", "of": nodes}
}

// knowing is an echo node that refuses to echo before it has been told its
// neighbours, unless it is n2.
func knowing(env Env) error {
	knows := false
	return eachMessage(env, func(m Packet) error {
		switch {
		case m.Type == "topology" && m.Field("of") == `["n0","n1","n2"]`:
			knows = true
		case m.Type == "echo" && m.Dest != "n2" && !knows:
			return say(env, m.Dest, m.Src, fmt.Sprintf(`{"type":"error","code":11,"in_reply_to":%d}`, m.MsgID))
		}
		return echo(env, m)
	})
}

// A workload prepares a node before the load, and again in each later life. A
// node that refuses to be prepared has not started.
func TestNodesArePreparedInEachLife(t *testing.T) {
	r := Simulate(t, Config{
		Workload: told{}, Consistency: Linearizable, Rate: 100, TimeLimit: 20 * time.Second, Nemesis: nemesis(t, "kill"), Seed: 1,
	}, knowing)
	if err := r.Err(); err != nil {
		t.Error(err)
	}
	if len(r.Exits) < 5 || r.OK == 0 {
		t.Errorf("%d lives, %d ok", len(r.Exits), r.OK)
	}
	// Right after init, the first request may come before the preparation has
	// arrived.
	if r.Fail > len(r.Exits)-3 {
		t.Errorf("%d requests were refused in %d lives", r.Fail, len(r.Exits))
	}

	refusing := replying(`{"type":"error","code":10,"text":"what is that","in_reply_to":%d}`)
	starting := func(w Workload, program Program) (err error) {
		synctest.Test(t, func(t *testing.T) {
			_, _, err = run(t.Context(), Config{Workload: w}, true, synctest.Wait, inProcess(program))
		})
		return err
	}
	err := starting(told{}, refusing)
	if err == nil || !strings.Contains(err.Error(), "did not answer the topology request that prepares it") || !strings.Contains(err.Error(), "what is that") {
		t.Errorf("error %v", err)
	}
	err = starting(untellable{}, knowing)
	if err == nil || err.Error() != "request to n0: json: unsupported type: func()" {
		t.Errorf("error %v", err)
	}
}

// untellable prepares nodes with what cannot be sent.
type untellable struct{ told }

func (untellable) Prepare(string, []string) Body { return Body{"type": func() {}} }
