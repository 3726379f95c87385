//go:build unix

package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestFlagsAreRead(t *testing.T) {
	bin, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for args, fields := range map[string][]string{
		"": {
			"maelstromtest.GCounter", "Nodes:5", "Rate:5", "TimeLimit:1m0s", "Concurrency:5", "Latency:0s", "runs:1",
			"NemesisInterval:10s", "Recovery:10s", "Nemesis:[]", "Far:map[]", "Consistency:eventual",
		},
		"-workload echo":                                            {"maelstromtest.Echo"},
		"--node-count=3 --concurrency=4":                            {"Concurrency:4"},
		"--node-count 3 --concurrency 10n":                          {"Concurrency:30"},
		"--recovery 0.5":                                            {"Recovery:500ms"},
		"--recovery 0":                                              {"Recovery:1ns"},
		"--max-p99 50ms --min-ok 99.9":                              {"MaxP99:50ms", "MinOK:99.9"},
		"--latency 2.5 --latency-dist uniform":                      {"Latency:2.5ms", "LatencyDist:uniform"},
		"--latency 5 --far n2=10":                                   {"Far:map[n2:10]"},
		"--node-count 12 --far n11=0.5,n1=2 --far n3=4 --latency 5": {"Far:map[n1:2 n11:0.5 n3:4]"},
		"--nemesis partition,loss,loss --nemesis-interval 3":        {"Nemesis:[partition loss]", "NemesisInterval:3s"},
		"--seed 9 -- --key k -- z":                                  {"Seed:9", "Args:[--key k -- z]"},
		"--seed 0":                                                  {"Seed:0"},
	} {
		o, err := parse(append([]string{"--bin", bin}, strings.Fields(args)...))
		got := strings.NewReplacer("{", " ", "}", " ").Replace(fmt.Sprintf(" %T %+v", o.Workload, o))
		for _, want := range fields {
			if err != nil || !strings.Contains(got, " "+want+" ") {
				t.Errorf("%s: no %s in %s, %v", args, want, got, err)
			}
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
