package explain

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/story"
)

// A Trouble is a kind of thing that goes wrong around a node.
type Trouble struct {
	Name  string // one word, for flags
	Title string
	// add puts some of the trouble into a plan, and without takes all of it
	// out. They are nil if the trouble is that there is none.
	add     func(*Plan, dice)
	without func(Plan) Plan
	// what is the journal's word for the trouble, if it has one.
	what maelstromtest.What
	// shown reports whether an arrow shows the trouble. It is nil if the
	// trouble is not one of single messages.
	shown func(*story.Arrow) bool
}

// claims says which messages or nodes the trouble has hit in a run, apart from
// kills of which its story tells more.
func (tr Trouble) claims(x trial) (claims []claim.Claim) {
	run := claim.NewRun(x.result.Claimable(), x.journal)
	told := func(at int) bool {
		return slices.ContainsFunc(x.story.Claims, func(c claim.Claim) bool {
			more, ok := c.(claim.AckedInMemory)
			return ok && more.At == at
		})
	}
	for i, e := range x.journal {
		switch {
		case e.What != tr.what || tr.what == "":
		case e.Node != "" && told(i):
		case e.Node != "":
			claims = append(claims, claim.Killed{Node: e.Node, At: i})
		default:
			claims = append(claims, run.Sent(e.ID))
		}
	}
	return claims
}

// Troubles lists the kinds of trouble that designs are searched under.
var Troubles = []Trouble{
	{"none", "no fault at all", nil, nil, "", nil},
	{"lost", "a message that is lost", addFate(func(dice) []maelstromtest.Copy { return nil }), noFates, maelstromtest.Lost,
		func(a *story.Arrow) bool { return a.Fate == claim.WasLost }},
	{"late", "a message that is late", addFate(func(random dice) []maelstromtest.Copy {
		return []maelstromtest.Copy{{Latency: hop, Delay: span(random)}}
	}), noFates, maelstromtest.IsLate, func(a *story.Arrow) bool { return a.Late > 0 }},
	{"doubled", "a message that comes twice", addDouble, single, maelstromtest.Doubled, func(a *story.Arrow) bool { return a.Copy > 0 }},
	{"crash", "a node that is killed and starts again", addCrash, func(p Plan) Plan { p.Faults = nil; return p }, maelstromtest.Killed, nil},
	{"latency", "messages that take different times", addLatency, noFates, "", nil},
}

// hop is how long a message takes if nothing is wrong, as in Maelstrom with its
// processes and pipes.
const hop = time.Millisecond

func noFates(p Plan) Plan { p.Fates = nil; return p }

// span draws a time: either a few hops, or a time as long as nodes' timeouts.
func span(random dice) time.Duration {
	if random.IntN(2) == 0 {
		return time.Duration(1+random.IntN(8)) * hop
	}
	return time.Duration(1+random.IntN(25)) * 100 * time.Millisecond
}

// dice draw plans for a design, which uses the store, or links between nodes,
// or both.
type dice struct {
	*rand.Rand
	store, peers bool
}

// link draws a link between nodes, or between a node and the store.
func (d dice) link(nodes int) Link {
	if d.peers && nodes > 1 && (!d.store || d.IntN(2) == 0) {
		src := d.IntN(nodes)
		return Link{src, (src + 1 + d.IntN(nodes-1)) % nodes}
	}
	link := Link{d.IntN(nodes), aService}
	if d.IntN(2) == 0 {
		link.Src, link.Dest = link.Dest, link.Src
	}
	return link
}

// links returns all links of a node that the design uses.
func (d dice) links(node, nodes int) (links []Link) {
	if d.store {
		links = append(links, Link{node, aService}, Link{aService, node})
	}
	for other := range nodes {
		if d.peers && other != node {
			links = append(links, Link{node, other})
		}
	}
	return links
}

// addFate returns a function that lets copies decide about one or two of the
// first messages between nodes and the store, or between nodes.
func addFate(copies func(dice) []maelstromtest.Copy) func(*Plan, dice) {
	return func(p *Plan, random dice) {
		for range 1 + random.IntN(2) {
			link := random.link(p.Nodes)
			f := Fate{Nth{link, random.IntN(6)}, copies(random)}
			if !slices.ContainsFunc(p.Fates, func(g Fate) bool { return g.Nth == f.Nth }) {
				p.Fates = append(p.Fates, f)
			}
		}
	}
}

// addDouble makes a message come twice. Some messages take longer than others:
// otherwise answers could not overtake each other.
func addDouble(p *Plan, random dice) {
	addFate(func(random dice) []maelstromtest.Copy {
		return []maelstromtest.Copy{{Latency: hop}, {Latency: hop + span(random)}}
	})(p, random)
	if random.IntN(2) == 0 {
		addFate(slower)(p, random)
	}
}

// slower returns a copy that takes longer than others.
func slower(random dice) []maelstromtest.Copy {
	return []maelstromtest.Copy{{Latency: time.Duration(1+random.IntN(15)) * hop}}
}

// single returns the plan with at most one copy of each message.
func single(p Plan) Plan {
	for i := range p.Fates {
		p.Fates[i].Copies = p.Fates[i].Copies[:min(1, len(p.Fates[i].Copies))]
	}
	return p
}

// addCrash kills a node while it has something in hand. Messages take different
// times: otherwise nothing could be on its way for longer than a node needs to
// start.
func addCrash(p *Plan, random dice) {
	r := p.Requests[random.IntN(len(p.Requests))]
	f := maelstromtest.ScriptedFault{
		Kind: maelstromtest.Kill, Node: r.Node,
		At: r.At + time.Duration(1+random.IntN(5))*hop, For: time.Duration(1+random.IntN(4)) * hop,
	}
	p.Faults = append(p.Faults, f)
	p.Requests = append(p.Requests, Request{At: f.At + f.For + time.Duration(random.IntN(3))*hop, Node: r.Node, Delta: 1 + random.Int64N(3)})
	slices.SortStableFunc(p.Requests, func(a, b Request) int { return cmp.Compare(a.At, b.At) })
	for range 1 + random.IntN(3) {
		addFate(slower)(p, random)
	}
}

// addLatency makes the first messages take random times, as Maelstrom does with
// exponential latency.
func addLatency(p *Plan, random dice) {
	mean := time.Duration(1+random.IntN(6)) * 50 * time.Millisecond
	for i := range p.Nodes {
		for n := range 12 {
			for _, link := range random.links(i, p.Nodes) {
				latency := time.Duration(random.ExpFloat64() * float64(mean)).Truncate(hop)
				p.Fates = append(p.Fates, Fate{Nth{link, n}, []maelstromtest.Copy{{Latency: latency}}})
			}
		}
	}
}

// draw returns a small plan: up to two nodes, a few requests, and at the end a
// read of each node. If old is set, the store gives some answers from old
// states.
func draw(random dice, trouble Trouble, old bool) Plan {
	p := Plan{Nodes: 1 + random.IntN(2), Latency: hop}
	var at time.Duration
	for range 2 + random.IntN(3) {
		r := Request{At: at, Node: random.IntN(p.Nodes), Delta: 1 + random.Int64N(3)}
		if random.IntN(4) == 0 {
			r.Delta = aRead
		}
		p.Requests = append(p.Requests, r)
		at += time.Duration(random.IntN(4)) * hop
		if random.IntN(3) == 0 {
			at += span(random)
		}
	}
	if random.peers && trouble.what != maelstromtest.Killed {
		// Nodes that tell each other only now and then read too little for a
		// while without any trouble, and have heard of all long before the end.
		at += time.Duration(1+random.IntN(4))*100*time.Millisecond + time.Duration(random.IntN(4))*hop
		p.Requests = append(p.Requests, Request{At: at, Node: random.IntN(p.Nodes), Delta: aRead})
	}
	if trouble.add != nil {
		trouble.add(&p, random)
	}
	for i := range p.Nodes {
		p.Requests = append(p.Requests, Request{At: at + 10*time.Second, Node: i, Delta: aRead, Final: true})
	}
	if old {
		for range 1 + random.IntN(3) {
			p.Ages = append(p.Ages, Age{Nth{Link{random.IntN(p.Nodes), aService}, random.IntN(6)}, 1 + random.IntN(3)})
		}
	}
	return p
}
