package trial

import (
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

const (
	us = time.Microsecond
	ms = time.Millisecond
)

// These functions return the exercise's workload with changes. It takes 20 s
// unless a limit is given.

func three(latency time.Duration, faults string) maelstromtest.Config {
	cfg := Exercise(faults)
	cfg.Latency = latency
	return cfg
}

func five(limit time.Duration, faults string) maelstromtest.Config {
	cfg := three(ms, faults)
	cfg.Nodes, cfg.Concurrency, cfg.Rate, cfg.TimeLimit = 5, 50, 1000, limit
	return cfg
}

func twentyFive(latency time.Duration, dist maelstromtest.Distribution, faults string) maelstromtest.Config {
	cfg := three(latency, faults)
	cfg.Nodes, cfg.Rate, cfg.LatencyDist = 25, 200, dist
	return cfg
}

func crowded(limit time.Duration) maelstromtest.Config {
	cfg := three(ms, "")
	cfg.Concurrency, cfg.Rate, cfg.TimeLimit = 300, 5000, limit
	return cfg
}

// Rows are the conditions: first calm ones, then partitions, then others.
var Rows = []Row{
	{"exercise's test, 1 ms, calm", 4, three(ms, ""), Figures{p50: 4.2, p99: 8, messages: 3.4, answered: 100}},
	{"100 ms, calm", 20, three(100*ms, ""), Figures{p50: 420, p99: 620, messages: 3, answered: 100}},
	{"300 ms, calm", 20, three(300*ms, ""), Figures{p50: 1300, p99: 2100, messages: 4, answered: 100}},
	{"25 nodes, exponential 20 ms, calm", 4, twentyFive(20*ms, "exponential", ""), Figures{p50: 120, p99: 300, messages: 2.4, answered: 100}},
	{"25 nodes, exponential 100 ms, calm", 20, twentyFive(100*ms, "exponential", ""), Figures{p50: 600, p99: 1500, messages: 2.4, answered: 100}},
	{"25 nodes, exponential 200 ms, calm", 5, twentyFive(200*ms, "exponential", ""), Figures{p50: 1500, p99: 3500, messages: 4, answered: 98.9}},
	{"5 nodes, 1000/s, calm, 5 s", 2, five(5*time.Second, ""), Figures{p50: 6, p99: 12, messages: 2.5, answered: 100}},
	{"3 nodes, 5000/s, calm, 5 s", 1, crowded(5 * time.Second), Figures{p50: 8, p99: 20, messages: 0.5, answered: 100}},

	{"exercise's test, 1 ms, partitions", 20, three(ms, "partition"), Figures{p50: 4, p95: 6.5, p99: 8, messages: 4, answered: 100}},
	{"100 ms, partitions", 20, three(100*ms, "partition"), Figures{p50: 560, p95: 810, p99: 1000, messages: 4.1, answered: 100}},
	{"5 nodes, 1000/s, partitions", 4, five(20*time.Second, "partition"), Figures{p50: 7.5, p95: 13, p99: 16, longest: 150, messages: 2.7, answered: 100}},
	{"25 nodes, exponential 20 ms, partitions", 5, twentyFive(20*ms, "exponential", "partition"), Figures{p50: 130, p95: 300, p99: 550, messages: 2.6, answered: 100}},
	{"25 nodes, 100 ms, partitions", 5, twentyFive(100*ms, "", "partition"), Figures{p50: 600, p95: 1150, p99: 2000, messages: 2.8, answered: 99.9}},
	{"25 nodes, exponential 100 ms, partitions", 5, twentyFive(100*ms, "exponential", "partition"), Figures{p50: 680, p95: 1900, p99: 2500, messages: 3.1, answered: 99.8}},

	{"no links between nodes, 100 ms", 20, Isolated(three(100*ms, "")), Figures{p50: 760, p95: 1050, p99: 1450, messages: 7, answered: 100, even: 75}},
	{"10 % of replies late, 1 ms", 5, three(ms, "late"), Figures{p50: 4.2, p95: 25, p99: 40, messages: 4.2, answered: 100}},
	{"10 % of replies late, no links between nodes, 1 ms", 5, Isolated(three(ms, "late")), Figures{p50: 4.2, p95: 30, p99: 60, messages: 6.2, answered: 100}},
}
