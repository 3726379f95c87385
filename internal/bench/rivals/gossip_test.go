package rivals

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// gossiping runs n0 of a cluster, in a bubble, in which the test plays all the
// others.
func gossiping(t *testing.T, f func(t *testing.T, c *maelstromtest.Conversation)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f(t, maelstromtest.Converse(t, maelstromtest.Setting{Nodes: []string{"n0", "n1", "n2", "n3"}, Seed: 7}, withChance(gossip)))
	})
}

func TestGossipTellsAnotherNodeAllThatItKnowsAtEachInterval(t *testing.T) {
	gossiping(t, func(t *testing.T, c *maelstromtest.Conversation) {
		begin := time.Now()
		c.Send("n1", `{"type":"gossip","added":{"n1-x":5}}`)
		c.Request("c1", `{"type":"add","delta":3}`)
		c.Hear("add_ok")
		if took := time.Since(begin); took != 0 {
			t.Errorf("the add was answered after %v", took)
		}
		told := map[string]int{}
		for i := range 30 {
			p := c.Hear("gossip")
			if at, want := time.Since(begin), time.Duration(i+1)*gossipInterval; at != want {
				t.Fatalf("message %d came after %v, not %v", i, at, want)
			}
			var sums []int64
			for _, sum := range added(t, p) {
				sums = append(sums, sum)
			}
			if slices.Sort(sums); !slices.Equal(sums, []int64{3, 5}) {
				t.Fatalf("message %d tells of %v", i, sums)
			}
			told[p.Dest]++
		}
		if len(told) != 3 || told["n1"] < 3 || told["n2"] < 3 || told["n3"] < 3 {
			t.Errorf("30 messages went to %v", told)
		}
	})
}

// added returns what a message of gossip tells.
func added(t *testing.T, p maelstromtest.Packet) map[string]int64 {
	t.Helper()
	var body gossipBody
	if err := p.Decode(&body); err != nil {
		t.Fatal(err)
	}
	return body.Added
}

func TestGossipThatIsOldOrComesTwiceChangesNothing(t *testing.T) {
	gossiping(t, func(t *testing.T, c *maelstromtest.Conversation) {
		for _, told := range []string{`"n1-x":5`, `"n1-x":5`, `"n1-x":2,"n2-x":1`, `"n1-x":5`} {
			c.Send("n1", `{"type":"gossip","added":{%s}}`, told)
		}
		synctest.Wait()
		if got := total(t, c); got != "6" {
			t.Errorf("read %v", got)
		}
	})
}

// A node that starts again hears of its earlier life from the others, and what
// it adds now counts besides.
func TestGossipCountsAllLivesOfANode(t *testing.T) {
	life := func(seed uint64, earlier string) (name string, sum string) {
		synctest.Test(t, func(t *testing.T) {
			c := maelstromtest.Converse(t, maelstromtest.Setting{Nodes: []string{"n0", "n1"}, Seed: seed}, withChance(gossip))
			if earlier != "" {
				c.Send("n1", `{"type":"gossip","added":{%q:4}}`, earlier)
				synctest.Wait()
			}
			c.Request("c1", `{"type":"add","delta":4}`)
			c.Hear("add_ok")
			sum = total(t, c)
			for entry := range added(t, c.Hear("gossip")) {
				if entry != earlier {
					name = entry
				}
			}
		})
		return name, sum
	}
	first, _ := life(1, "")
	if second, sum := life(2, first); second == "" || sum != "8" {
		t.Errorf("the first life is %q, the second is %q and reads %s", first, second, sum)
	}
}

// Whatever becomes of messages, all final reads are right soon after the last
// fault. Maelstrom's rest is 10 s.
func TestGossipIsRightSoonAfterTheLastFault(t *testing.T) {
	for _, cfg := range []maelstromtest.Config{
		{Nemesis: maelstromtest.MustNemesis("partition")},
		{Nemesis: maelstromtest.MustNemesis("partition"), Latency: 100 * time.Millisecond},
		{Nemesis: maelstromtest.MustNemesis("node-loss,node-late,node-duplicate")},
		{Nodes: 25, Latency: 20 * time.Millisecond, LatencyDist: maelstromtest.Exponential},
	} {
		cfg.Rate, cfg.TimeLimit, cfg.NemesisInterval, cfg.Recovery = 100, 4*time.Second, 2*time.Second, 2*time.Second
		for cfg.Seed = range 10 {
			r := maelstromtest.Simulate(t, cfg, withChance(gossip))
			if !r.MaelstromValid || r.OK != r.Invoked {
				t.Errorf("%d of %d requests were answered: %v\nconditions %+v", r.OK, r.Invoked, r.Err(), cfg)
			}
		}
	}
}

// A node that is killed takes with it what it has told nobody, and nothing else
// goes wrong.
func TestGossipLosesAddsOnlyWhenANodeIsKilled(t *testing.T) {
	wrong := 0
	for seed := range uint64(10) {
		r := maelstromtest.Simulate(t, maelstromtest.Config{
			Rate: 100, TimeLimit: 4 * time.Second, Seed: seed,
			Nemesis: maelstromtest.MustNemesis("kill"), NemesisInterval: 2 * time.Second,
		}, withChance(gossip))
		if r.MaelstromValid {
			continue
		}
		wrong++
		facts := r.Facts.(maelstromtest.CounterFacts)
		for _, read := range facts.FinalReads {
			if read != facts.FinalReads[0] || read > facts.Acceptable[0].Lo {
				t.Errorf("seed %d: the final reads are %v, and right would be %v", seed, facts.FinalReads, facts.Acceptable)
			}
		}
	}
	if wrong == 0 {
		t.Error("nothing was lost with any seed")
	}
}
