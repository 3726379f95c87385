package maelstromtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Program is a node. It reads messages from env.Stdin, one JSON object a
// line, writes messages to env.Stdout, and returns at the end of its input.
// Returning earlier, with or without an error, is a crash.
type Program func(env Env) error

// Env is what a node gets for one life, like what a process gets from the
// operating system.
type Env struct {
	Args           []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Now            func() time.Time // the wall clock; a fault may have set it back. Timers are not affected.
	Seed           uint64           // for the node's own randomness: differs per node and per life
	Stop           context.Context  // ends when the node is asked to end, as by a signal; only a Conversation asks
}

// Config says what a cluster is put through. Its zero value means three nodes
// and no requests.
type Config struct {
	Workload    Workload      `json:"-"`           // nil: GCounter
	Nodes       int           `json:"nodes"`       // zero: 3
	Rate        float64       `json:"rate"`        // requests per second, all workers together
	TimeLimit   time.Duration `json:"time_limit"`  // how long requests are generated and faults injected
	Concurrency int           `json:"concurrency"` // the number of workers, of which the i-th talks to node i mod Nodes; zero: one per node

	Consistency Consistency `json:"consistency"` // what the nodes promise; empty: Eventual, with which Maelstrom's own checks decide

	// Availability is the share of the requests, from 0 to 1, that must be
	// answered ok by Maelstrom's verdict: its --availability, of which "total"
	// is 1. With 0 nothing is demanded.
	Availability float64 `json:"availability,omitempty"`

	Latency time.Duration `json:"latency"` // mean, one way, between nodes and services and among nodes; clients' messages have none
	// Latencies are whole milliseconds, like Maelstrom's, if the mean is.
	LatencyDist Distribution `json:"latency_dist"` // of the latency about its mean; empty: Constant

	// Far has a factor for each node that is farther than usual from the
	// services and the other nodes, or nearer. The latencies of messages from
	// and to that node are multiplied by it. If Far names both ends of a
	// message, the greater factor counts. These latencies are whole
	// milliseconds if their own mean is, which is the factor times Latency. The
	// time that a factor adds does not delay other messages. Neither Hop nor
	// the delays of faults are multiplied. A Script ignores Far.
	Far map[string]float64 `json:"far,omitempty"`

	// Hop is the mean time that messages take in a simulation in addition to
	// their latency, clients' messages included. It stands for what pipes and
	// processes take in reality. These times are not rounded. Hop is the mean
	// while the cluster is busy: the first message after a rest takes longer,
	// see hops. A receiver handles one message at a time. RunProcesses needs no
	// Hop.
	Hop time.Duration `json:"hop"`

	// Nemesis lists the faults. If one has killed or paused a node during a
	// request that did not succeed, the node cannot know that the request is
	// over, so its client continues to exist.
	Nemesis         []Fault       `json:"nemesis"`
	NemesisInterval time.Duration `json:"nemesis_interval"` // the pace of the faults that come and go, see Fault; zero: 10 s
	Recovery        time.Duration `json:"recovery"`         // rest between the last fault and the final requests; zero: 10 s
	ClientTimeout   time.Duration `json:"client_timeout"`   // how long a client waits for an answer; zero: 5 s

	// KeepGoing lets a run go on when all nodes have crashed or are mute.
	// Without it, open requests are then given up at once, there is neither
	// recovery nor a final request, and Result.Ended says why. A run also goes
	// on if Availability is between 0 and 1 and no node has crashed, since the
	// requests that fail until its end count.
	KeepGoing bool `json:"keep_going,omitempty"`

	Seed uint64   `json:"seed"`
	Args []string `json:"args,omitempty"` // for the nodes

	// Stderr, if set, returns the writer for the standard error of the node of
	// that name. For the empty name it returns the writer for what nodes in
	// this process write with package log, as Maelstrom's library does with
	// every message. If Stderr is nil, only the last lines of standard error
	// are kept, for a Crash, and what the library logs is dropped.
	Stderr func(node string) io.Writer `json:"-"`
	// Progress, if set, is called at the start and then once a second.
	Progress func(Progress) `json:"-"`
	// Journal, if set, gets an Entry as a line of JSON for everything that
	// happens to messages, services, nodes and links.
	Journal io.Writer `json:"-"`
	// Watch, if set, is called with each Entry as it happens. It must not
	// change what the entry points to.
	Watch func(Entry) `json:"-"`
	// Script, if set, takes the place of the workload's requests, of the
	// faults, and of all chance.
	Script *Script `json:"-"`
}

// Progress is how far a run has come.
type Progress struct {
	Elapsed                       time.Duration
	Invoked, OK, Refused, Unknown int           // requests; open ones count only in Invoked
	P99                           time.Duration // of the requests that were answered ok in the last second; zero if there were none
	Faults                        []string      // those in force
	Waiting                       string        // what the run waits for since the time limit was reached
}

// maxRate bounds the requests per second.
const maxRate = 1_000_000

// maxFar bounds the factors of Config.Far.
const maxFar = 1_000_000

// withDefaults replaces the zero values that stand for a default, or returns an
// error if a value is wrong. Some faults work in virtual time only.
func (c Config) withDefaults(virtual bool) (Config, error) {
	if c.Workload == nil {
		c.Workload = GCounter{}
	}
	c.Nodes = cmp.Or(c.Nodes, 3)
	c.Concurrency = cmp.Or(c.Concurrency, c.Nodes)
	c.Consistency = cmp.Or(c.Consistency, Eventual)
	c.LatencyDist = cmp.Or(c.LatencyDist, Constant)
	c.NemesisInterval = cmp.Or(c.NemesisInterval, 10*time.Second)
	c.Recovery = cmp.Or(c.Recovery, 10*time.Second)
	c.ClientTimeout = cmp.Or(c.ClientTimeout, 5*time.Second)
	if err := c.checkBounds(); err != nil {
		return c, err
	}
	if _, err := ParseConsistency(string(c.Consistency)); err != nil {
		return c, fmt.Errorf("maelstromtest: Config.Consistency: %w", err)
	}
	if _, err := ParseDistribution(string(c.LatencyDist)); err != nil {
		return c, fmt.Errorf("maelstromtest: Config.LatencyDist: %w", err)
	}
	if err := CheckFar(c.Far, c.Nodes); err != nil {
		return c, fmt.Errorf("maelstromtest: Config.Far: %w", err)
	}
	for i, f := range c.Nemesis {
		if err := f.check(); err != nil {
			return c, fmt.Errorf("maelstromtest: Config.Nemesis: %w", err)
		}
		if f.Kind == Clock && !virtual {
			return c, errors.New("maelstromtest: Config.Nemesis: fault clock: the clock of a process cannot be set; kill is the same fault without it")
		}
		if slices.ContainsFunc(c.Nemesis[:i], func(g Fault) bool { return g.String() == f.String() }) {
			return c, fmt.Errorf("maelstromtest: Config.Nemesis: fault %s is listed twice", f)
		}
	}
	return c, nil
}

// checkBounds returns an error that names a field that is out of bounds, if
// there is one.
func (c Config) checkBounds() error {
	for _, f := range []struct {
		name  string
		value any
		ok    bool
		bound string
	}{
		{"Nodes", c.Nodes, c.Nodes >= 1, "at least 1"},
		{"Concurrency", c.Concurrency, c.Concurrency >= 1, "at least 1 worker"},
		{"Rate", c.Rate, c.Rate >= 0 && c.Rate <= maxRate, fmt.Sprintf("0 to %d a second", maxRate)},
		{"TimeLimit", c.TimeLimit, c.TimeLimit >= 0, "at least 0"},
		{"Availability", c.Availability, c.Availability >= 0 && c.Availability <= 1, "0 to 1"},
		{"Latency", c.Latency, c.Latency >= 0, "at least 0"},
		{"Hop", c.Hop, c.Hop >= 0, "at least 0"},
		{"NemesisInterval", c.NemesisInterval, c.NemesisInterval > 0, "more than 0"},
		{"Recovery", c.Recovery, c.Recovery > 0, "more than 0"},
		{"ClientTimeout", c.ClientTimeout, c.ClientTimeout > 0, "more than 0"},
	} {
		if !f.ok {
			return fmt.Errorf("maelstromtest: Config.%s is %v, want %s", f.name, f.value, f.bound)
		}
	}
	return nil
}

// A Distribution is how latencies spread about their mean. Its value is its
// name on Maelstrom's command line.
type Distribution string

const (
	Constant    Distribution = "constant"    // each is the mean
	Uniform     Distribution = "uniform"     // from 0 to twice the mean
	Exponential Distribution = "exponential" // often short, now and then several times the mean
)

// ParseDistribution reads the name of a distribution.
func ParseDistribution(name string) (Distribution, error) {
	return parseName("distribution", name, Constant, Uniform, Exponential)
}

// parseName returns the known thing that has a name.
func parseName[T any](what, name string, known ...T) (x T, err error) {
	names := make([]string, len(known))
	for i, x := range known {
		if names[i] = fmt.Sprint(x); names[i] == name {
			return x, nil
		}
	}
	return x, fmt.Errorf("unknown %s %q; known are %s", what, name, strings.Join(names, ", "))
}

// CheckFar returns an error if far, which is meant to be a Config's Far, names
// a node that is not in a cluster of that many nodes, or has a factor that is
// out of bounds.
func CheckFar(far map[string]float64, nodes int) error {
	known := nodeNames(nodes)
	for _, name := range slices.Sorted(maps.Keys(far)) {
		if !slices.Contains(known, name) {
			return fmt.Errorf("unknown node %q; known are %s to %s", name, known[0], known[nodes-1])
		}
		if factor := far[name]; !(factor > 0 && factor <= maxFar) {
			return fmt.Errorf("the factor of %s is %v, want more than 0 and at most %d", name, factor, maxFar)
		}
	}
	return nil
}

// ParseConsistency reads the name of a consistency.
func ParseConsistency(name string) (Consistency, error) {
	return parseName("consistency", name, Linearizable, Eventual)
}

// ParseAvailability reads what Maelstrom's --availability takes: total, or a
// number from 0 to 1.
func ParseAvailability(text string) (float64, error) {
	if text == "total" {
		return 1, nil
	}
	share, err := strconv.ParseFloat(text, 64)
	if err != nil || !(share >= 0 && share <= 1) {
		return 0, fmt.Errorf("%q is neither total nor a number from 0 to 1", text)
	}
	return share, nil
}

// idle says why a run with this configuration made no requests.
func (c Config) idle() string {
	switch {
	case c.Rate == 0:
		return "Config.Rate is 0"
	case c.TimeLimit == 0:
		return "Config.TimeLimit is 0"
	}
	return "the run ended too soon"
}

// stream returns a source of randomness for one part of the bench. Each part
// has its own, so that the draws of one part do not change those of another.
func (c Config) stream(part string) *rand.Rand {
	h := fnv.New64a()
	io.WriteString(h, part) // never fails
	return rand.New(rand.NewPCG(c.Seed, h.Sum64()))
}

// between draws a duration from lo up to hi.
func between(rng *rand.Rand, lo, hi time.Duration) time.Duration {
	if hi <= lo {
		return lo
	}
	return lo + time.Duration(rng.Int64N(int64(hi-lo)))
}
