//go:build unix

package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

func TestFlagsAreRead(t *testing.T) {
	bin, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for args, check := range map[string]func(options) bool{
		"": func(o options) bool {
			return o.Nodes == 5 && o.Rate == 5 && o.TimeLimit == time.Minute && o.Concurrency == 5 && o.Latency == 0 && o.runs == 1 &&
				o.NemesisInterval == 10*time.Second && o.Recovery == 10*time.Second && o.Nemesis == nil && len(o.Far) == 0 && o.Workload == maelstromtest.GCounter{}
		},
		"-workload echo":                   func(o options) bool { return o.Workload == maelstromtest.Echo{} },
		"--node-count=3 --concurrency=4":   func(o options) bool { return o.Concurrency == 4 },
		"--node-count 3 --concurrency 10n": func(o options) bool { return o.Concurrency == 30 },
		"--recovery 0.5":                   func(o options) bool { return o.Recovery == time.Second/2 },
		"--recovery 0":                     func(o options) bool { return o.Recovery == 1 },
		"--max-p99 50ms --min-ok 99.9":     func(o options) bool { return o.MaxP99 == 50*time.Millisecond && o.MinOK == 99.9 },
		"--latency 2.5 --latency-dist uniform": func(o options) bool {
			return o.Latency == 2500*time.Microsecond && o.LatencyDist == "uniform"
		},
		"--latency 5 --far n2=10": func(o options) bool { return len(o.Far) == 1 && o.Far["n2"] == 10 },
		"--node-count 12 --far n11=0.5,n1=2 --far n3=4 --latency 5": func(o options) bool {
			return len(o.Far) == 3 && o.Far["n11"] == 0.5 && o.Far["n1"] == 2 && o.Far["n3"] == 4
		},
		"--nemesis partition,loss,loss --nemesis-interval 3": func(o options) bool {
			return len(o.Nemesis) == 2 && o.NemesisInterval == 3*time.Second
		},
		"--seed 9 -- --key k -- z": func(o options) bool { return o.Seed == 9 && strings.Join(o.Args, " ") == "--key k -- z" },
		"--seed 0":                 func(o options) bool { return o.Seed == 0 },
	} {
		o, err := parse(append([]string{"--bin", bin}, strings.Fields(args)...))
		if err != nil || !check(o) {
			t.Errorf("%s: %+v, %v", args, o, err)
		}
	}
}

func TestEachFaultIsExplained(t *testing.T) {
	text := help()
	for _, f := range processFaults() {
		if !regexp.MustCompile(`(?m)^  (\w+ +)?` + f.String() + ` .* [A-Z].*\.$`).MatchString(text) {
			t.Errorf("%s is not explained in:\n%s", f, text)
		}
	}
}
