package trial

import (
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

const ms = time.Millisecond

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
	{"exercise's test, 1 ms, calm", 4, three(ms, ""), Figures{P50: 4.2, P99: 8, PerRequest: 3.4, Answered: 100}},
	{"100 ms, calm", 20, three(100*ms, ""), Figures{P50: 420, P99: 620, PerRequest: 3, Answered: 100}},
	{"300 ms, calm", 20, three(300*ms, ""), Figures{P50: 1300, P99: 2100, PerRequest: 4, Answered: 100}},
	{"25 nodes, exponential 20 ms, calm", 4, twentyFive(20*ms, "exponential", ""), Figures{P50: 120, P99: 300, PerRequest: 2.4, Answered: 100}},
	{"25 nodes, exponential 100 ms, calm", 20, twentyFive(100*ms, "exponential", ""), Figures{P50: 600, P99: 1500, PerRequest: 2.4, Answered: 100}},
	{"25 nodes, exponential 200 ms, calm", 5, twentyFive(200*ms, "exponential", ""), Figures{P50: 1500, P99: 3500, PerRequest: 4, Answered: 98.9}},
	{"5 nodes, 1000/s, calm, 5 s", 2, five(5*time.Second, ""), Figures{P50: 6, P99: 12, PerRequest: 2.5, Answered: 100}},
	{"3 nodes, 5000/s, calm, 5 s", 1, crowded(5 * time.Second), Figures{P50: 8, P99: 20, PerRequest: 0.5, Answered: 100}},

	{"exercise's test, 1 ms, partitions", 20, three(ms, "partition"), Figures{P50: 4, P95: 6.5, P99: 8, PerRequest: 4, Answered: 100}},
	{"100 ms, partitions", 20, three(100*ms, "partition"), Figures{P50: 560, P95: 810, P99: 1000, PerRequest: 4.1, Answered: 100}},
	{"5 nodes, 1000/s, partitions", 4, five(20*time.Second, "partition"), Figures{P50: 7.5, P95: 13, P99: 16, Longest: 150, PerRequest: 2.7, Answered: 100}},
	{"25 nodes, exponential 20 ms, partitions", 5, twentyFive(20*ms, "exponential", "partition"), Figures{P50: 130, P95: 300, P99: 550, PerRequest: 2.6, Answered: 100}},
	{"25 nodes, 100 ms, partitions", 5, twentyFive(100*ms, "", "partition"), Figures{P50: 600, P95: 1150, P99: 2000, PerRequest: 2.8, Answered: 99.9}},
	{"25 nodes, exponential 100 ms, partitions", 5, twentyFive(100*ms, "exponential", "partition"), Figures{P50: 680, P95: 1900, P99: 2600, PerRequest: 3.1, Answered: 99.8}},

	{"no links between nodes, 100 ms", 20, Isolated(three(100*ms, "")), Figures{P50: 760, P95: 1050, P99: 1450, PerRequest: 7, Answered: 100, Even: 75}},
	{"10 % of replies late, 1 ms", 5, three(ms, "late"), Figures{P50: 4.2, P95: 25, P99: 40, PerRequest: 4.2, Answered: 100}},
	{"10 % of replies late, no links between nodes, 1 ms", 5, Isolated(three(ms, "late")), Figures{P50: 4.2, P95: 30, P99: 60, PerRequest: 6.2, Answered: 100}},
}
