package maelstromtest

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// A Fault is something that goes wrong during the time limit and is mended
// after it. A zero Probability means the default of the fault's kind.
//
// Faults in messages act all the time, either on the links between nodes and
// services or on those between nodes. They never act on clients' links.
//
// The other faults come and go. The first partition begins at once. Partitions
// end and begin after intervals drawn uniformly from 0 to twice
// NemesisInterval, as Jepsen's do. The others last as long as their kind says,
// with a rest before each that is drawn uniformly from 0 to half of
// NemesisInterval. By default that makes about four in 20 s. Each hits one
// node, chosen at random from those that are neither dead nor paused.
type Fault struct {
	Kind        Kind
	Links       Links   // of a fault in messages
	Probability float64 // of a fault in messages: that it hits one
}

// A Kind is a kind of fault. The comment says how it is by default.
type Kind string

const (
	Loss      Kind = "loss"      // a message is lost: 5 %
	Duplicate Kind = "duplicate" // a message comes twice, the second copy delayed as by Overtake: 10 %
	Late      Kind = "late"      // a message comes 0.5 to 3 s late; on the store's links only replies do: 10 %
	Overtake  Kind = "overtake"  // a message is delayed by a random time, exponential with mean 20 ms: all

	Partition Kind = "partition" // links between nodes are cut: one node off, halves, majorities in a ring, or a bridge
	StoreCut  Kind = "store-cut" // a node can't reach the services for 2 s
	Kill      Kind = "kill"      // a node is killed and started 0.1 to 5 s later; in virtual time, one in three kills also sets the clock, as Clock does
	Pause     Kind = "pause"     // a node's input and output are held for up to 5 s
	Clock     Kind = "clock"     // a kill that also sets the node's clock: back, to the start of an earlier life, or to an absurd time
)

// Links says on which links a fault in messages acts.
type Links int

const (
	StoreLinks Links = iota // between nodes and services, in both directions
	NodeLinks               // between nodes
)

// AllFaults returns every fault that ParseNemesis knows.
func AllFaults() []Fault {
	return []Fault{
		{Kind: Partition}, {Kind: StoreCut}, {Kind: Kill}, {Kind: Pause}, {Kind: Clock},
		{Kind: Loss}, {Kind: Duplicate}, {Kind: Late}, {Kind: Overtake},
		{Kind: Loss, Links: NodeLinks}, {Kind: Duplicate, Links: NodeLinks},
		{Kind: Late, Links: NodeLinks}, {Kind: Overtake, Links: NodeLinks},
	}
}

// String returns the fault's name: its kind, with "node-" before it if it acts
// on messages between nodes.
func (f Fault) String() string {
	if f.Links == NodeLinks {
		return "node-" + string(f.Kind)
	}
	return string(f.Kind)
}

// MarshalText returns the fault's name.
func (f Fault) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// ParseNemesis reads a comma-separated list of faults' names, as Maelstrom's
// --nemesis does: a set, which may be empty. The faults must be among the known
// ones: if none are given, among AllFaults.
func ParseNemesis(list string, known ...Fault) ([]Fault, error) {
	if len(known) == 0 {
		known = AllFaults()
	}
	var faults []Fault
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		f, err := parseName("fault", name, known...)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(faults, f) {
			faults = append(faults, f)
		}
	}
	return faults, nil
}

// MustNemesis is ParseNemesis of a list that is part of a program. It panics if
// the list is wrong.
func MustNemesis(list string) []Fault {
	faults, err := ParseNemesis(list)
	if err != nil {
		panic(err)
	}
	return faults
}

func (f Fault) check() error {
	if _, err := ParseNemesis(f.String()); err != nil {
		return err
	}
	if !(f.Probability >= 0 && f.Probability <= 1) {
		return fmt.Errorf("the Probability of %s is %v, want 0 to 1", f, f.Probability)
	}
	return nil
}

// A FaultRecord is when a fault was in force. Times count from when all nodes
// were ready; Stop is negative while it lasts.
type FaultRecord struct {
	Fault  string        `json:"fault"`
	Detail string        `json:"detail,omitempty"` // which nodes, and how
	Start  time.Duration `json:"start"`
	Stop   time.Duration `json:"stop"`

	// InFlight counts the messages from and to the node that were on their way
	// when the fault began, without clients' messages. It is zero unless the
	// fault hit one node.
	InFlight int `json:"in_flight"`
}

func (r FaultRecord) String() string { return strings.TrimSpace(r.Fault + " " + r.Detail) }

// A messageFault is a fault that acts on messages.
type messageFault struct {
	Fault
	random *rand.Rand
}

func (f *messageFault) applies(m *message) bool {
	if f.Links == NodeLinks {
		return m.src.kind == aNode && m.dest.kind == aNode
	}
	return m.src.kind == aService || m.dest.kind == aService && f.Kind != Late
}

// change takes the copies of a message and returns what the fault makes of
// them.
func (f *messageFault) change(copies []Copy) (changed []Copy) {
	p := cmp.Or(f.Probability, map[Kind]float64{Loss: 0.05, Duplicate: 0.1, Late: 0.1, Overtake: 1}[f.Kind])
	for _, c := range copies {
		if f.random.Float64() < p {
			switch f.Kind {
			case Loss:
				continue
			case Late:
				c.Delay += between(f.random, time.Second/2, 3*time.Second)
			case Duplicate:
				changed = append(changed, c)
				fallthrough
			case Overtake: // a delay that lets other messages overtake
				c.Delay += time.Duration(f.random.ExpFloat64() * float64(20*time.Millisecond))
			}
		}
		changed = append(changed, c)
	}
	return changed
}

// startFaults begins the configured faults.
func (b *bench) startFaults() {
	if b.cfg.Script != nil {
		return
	}
	b.faulty = true
	for _, f := range b.cfg.Nemesis {
		random := b.cfg.stream("fault " + f.String())
		switch f.Kind {
		case Loss, Duplicate, Late, Overtake:
			b.network.faults = append(b.network.faults, &messageFault{f, random})
			// Messages' faults end all at once.
			b.begin(f, nil, "", func() { b.network.faults = nil })
		case Partition:
			b.partition(f, random)
		default:
			b.hitNodes(f, random)
		}
	}
}

// begin notes that a fault is in force until the returned function is called,
// or all faults are healed. The node is nil unless the fault hits just one.
func (b *bench) begin(f Fault, n *node, how string, mend func()) (stop func()) {
	r := FaultRecord{Fault: f.String(), Detail: how, Start: b.since(), Stop: -1}
	if n != nil {
		r.Detail = strings.TrimSuffix(n.name+", "+how, ", ")
		r.InFlight = n.endpoint.inFlight
	}
	i := len(b.faultLog)
	b.faultLog = append(b.faultLog, r)
	stop = func() {
		if r := &b.faultLog[i]; r.Stop < 0 {
			r.Stop = b.since()
			mend()
		}
	}
	b.stops = append(b.stops, stop)
	return stop
}

// hit begins to kill or pause a node. Set is what happens to the node's clock
// before it starts again.
func (b *bench) hit(f Fault, n *node, set clockFault) (stop func()) {
	if f.Kind == Pause {
		b.pause(n)
		return b.begin(f, n, "", func() { b.resume(n) })
	}
	b.kill(n)
	if set.strike == nil {
		return b.begin(f, n, "", func() { b.restart(n) })
	}
	b.note(Entry{What: ClockSet, Node: n.name, Text: set.detail})
	return b.begin(f, n, set.detail, func() {
		set.strike(&n.clock)
		b.restart(n)
	})
}

// healFaults ends all faults.
func (b *bench) healFaults() {
	b.faulty = false
	for _, stop := range b.stops {
		stop()
	}
}

// partition cuts the network, mends it some time later, and so on.
func (b *bench) partition(f Fault, random *rand.Rand) {
	if !b.faulty {
		return
	}
	interval := func() time.Duration { return between(random, 0, 2*b.cfg.NemesisInterval) }
	shape, blocked := drawPartition(random, len(b.nodes))
	var links []link
	for _, pair := range blocked {
		links = append(links, link{b.nodes[pair[0]].endpoint, b.nodes[pair[1]].endpoint})
	}
	stop := b.begin(f, nil, shape, b.network.cut(links...))
	b.after(interval(), func() {
		if !b.faulty {
			return // the partition stays until all faults are healed
		}
		stop()
		b.after(interval(), func() { b.partition(f, random) })
	})
}

// drawPartition draws one of the shapes of Jepsen's nemesis.clj, and which
// nodes take its places. In each pair that it returns, the second node no
// longer hears the first.
func drawPartition(random *rand.Rand, nodes int) (shape string, blocked [][2]int) {
	order := random.Perm(nodes)
	half := nodes / 2
	var hears func(dest, src int) bool // by place in order
	switch random.IntN(4) {
	case 0:
		shape = fmt.Sprintf("n%d off", order[0])
		hears = func(dest, src int) bool { return (dest == 0) == (src == 0) }
	case 1:
		shape = "halves"
		hears = func(dest, src int) bool { return (dest < half) == (src < half) }
	case 2:
		// Each node hears a majority with itself in the middle. No two nodes
		// hear the same majority.
		shape = "majorities in a ring"
		majority := nodes/2 + 1
		hears = func(dest, src int) bool {
			first := dest - majority/2 + nodes
			return (src-first%nodes+nodes)%nodes < majority
		}
	case 3:
		shape = fmt.Sprintf("halves with bridge n%d", order[half])
		hears = func(dest, src int) bool { return dest == half || src == half || (dest < half) == (src < half) }
	}
	for dest := range nodes {
		for src := range nodes {
			if src != dest && !hears(dest, src) {
				blocked = append(blocked, [2]int{order[src], order[dest]})
			}
		}
	}
	return shape, blocked
}

// hitNodes lets a fault hit one node after another.
func (b *bench) hitNodes(f Fault, random *rand.Rand) {
	b.after(between(random, 0, b.cfg.NemesisInterval/2), func() {
		if !b.faulty {
			return
		}
		healthy := slices.DeleteFunc(slices.Clone(b.nodes), func(n *node) bool { return !n.healthy() })
		if len(healthy) == 0 {
			b.hitNodes(f, random)
			return
		}
		n := healthy[random.IntN(len(healthy))]
		var lasts time.Duration
		var stop func()
		switch f.Kind {
		case StoreCut:
			lasts = 2 * time.Second
			stop = b.begin(f, n, "", b.network.cut(b.storeLinks(n)...))
		case Pause:
			lasts = between(random, 0, 5*time.Second)
			stop = b.hit(f, n, clockFault{})
		case Kill, Clock:
			lasts = between(random, time.Second/10, 5*time.Second)
			back := between(random, 0, maxBack)
			var set clockFault
			if (f.Kind == Clock || random.IntN(3) == 0) && b.virtual {
				set = drawClock(back, n.lives)
			}
			stop = b.hit(f, n, set)
		}
		b.after(lasts, func() {
			stop()
			b.hitNodes(f, random)
		})
	})
}

// storeLinks returns a node's links to and from the services.
func (b *bench) storeLinks(n *node) []link {
	var links []link
	for _, name := range slices.Sorted(maps.Keys(b.services)) {
		s := b.endpoints[name]
		links = append(links, link{n.endpoint, s}, link{s, n.endpoint})
	}
	return links
}
