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
	{"exercise's test, 1 ms, calm", 4, three(ms, ""), Figures{P50: 4200 * us, P99: 8 * ms, Messages: 3.4, OK: 1}},
	{"100 ms, calm", 20, three(100*ms, ""), Figures{P50: 420 * ms, P99: 620 * ms, Messages: 3, OK: 1}},
	{"300 ms, calm", 20, three(300*ms, ""), Figures{P50: 1300 * ms, P99: 2100 * ms, Messages: 4, OK: 1}},
	{"25 nodes, exponential 20 ms, calm", 4, twentyFive(20*ms, "exponential", ""), Figures{P50: 120 * ms, P99: 300 * ms, Messages: 2.4, OK: 1}},
	{"25 nodes, exponential 100 ms, calm", 20, twentyFive(100*ms, "exponential", ""), Figures{P50: 600 * ms, P99: 1500 * ms, Messages: 2.4, OK: 1}},
	{"25 nodes, exponential 200 ms, calm", 5, twentyFive(200*ms, "exponential", ""), Figures{P50: 1500 * ms, P99: 3500 * ms, Messages: 4, OK: 0.989}},
	{"5 nodes, 1000/s, calm, 5 s", 2, five(5*time.Second, ""), Figures{P50: 6 * ms, P99: 12 * ms, Messages: 2.5, OK: 1}},
	{"3 nodes, 5000/s, calm, 5 s", 1, crowded(5 * time.Second), Figures{P50: 8 * ms, P99: 20 * ms, Messages: 0.5, OK: 1}},

	{"exercise's test, 1 ms, partitions", 20, three(ms, "partition"), Figures{P50: 4 * ms, P95: 6500 * us, P99: 8 * ms, Messages: 4, OK: 1}},
	{"100 ms, partitions", 20, three(100*ms, "partition"), Figures{P50: 560 * ms, P95: 810 * ms, P99: 1000 * ms, Messages: 4.1, OK: 1}},
	{"5 nodes, 1000/s, partitions", 4, five(20*time.Second, "partition"), Figures{P50: 7500 * us, P95: 13 * ms, P99: 16 * ms, Max: 150 * ms, Messages: 2.7, OK: 1}},
	{"25 nodes, exponential 20 ms, partitions", 5, twentyFive(20*ms, "exponential", "partition"), Figures{P50: 130 * ms, P95: 300 * ms, P99: 550 * ms, Messages: 2.6, OK: 1}},
	{"25 nodes, 100 ms, partitions", 5, twentyFive(100*ms, "", "partition"), Figures{P50: 600 * ms, P95: 1150 * ms, P99: 2000 * ms, Messages: 2.8, OK: 0.999}},
	{"25 nodes, exponential 100 ms, partitions", 5, twentyFive(100*ms, "exponential", "partition"), Figures{P50: 680 * ms, P95: 1900 * ms, P99: 2500 * ms, Messages: 3.1, OK: 0.998}},

	{"no links between nodes, 100 ms", 20, Isolated(three(100*ms, "")), Figures{P50: 760 * ms, P95: 1050 * ms, P99: 1450 * ms, Messages: 7, OK: 1, Fair: 0.75}},
	{"10 % of replies late, 1 ms", 5, three(ms, "late"), Figures{P50: 4200 * us, P95: 25 * ms, P99: 40 * ms, Messages: 4.2, OK: 1}},
	{"10 % of replies late, no links between nodes, 1 ms", 5, Isolated(three(ms, "late")), Figures{P50: 4200 * us, P95: 30 * ms, P99: 60 * ms, Messages: 6.2, OK: 1}},
}
