//go:build unix

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
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
		"--rate 7 test --node-count 2":     {"Rate:7", "Nodes:2"},
		"-workload echo":                   {"maelstromtest.Echo"},
		"--node-count=3 --concurrency=4":   {"Concurrency:4"},
		"--node-count 3 --concurrency 10n": {"Concurrency:30"},
		"--nodes a,b,c --concurrency 2n":   {"Nodes:3", "Concurrency:6"},
		"-n a --node b":                    {"Nodes:2"},
		"--nodes a,b,c --node-count 4":     {"Nodes:4"},
		"--test-count 3":                   {"runs:3"},
		"--recovery 0.5":                   {"Recovery:500ms"},
		"--recovery 0":                     {"Recovery:1ns"},
		"--recovery 2m --time-limit 20s --nemesis-interval 1m30s":   {"Recovery:2m0s", "TimeLimit:20s", "NemesisInterval:1m30s"},
		"--max-p99 50ms --min-ok 99.9":                              {"MaxP99:50ms", "MinOK:99.9", "KeepGoing:true"},
		"--max-p99 50 --time-limit 1e6":                             {"MaxP99:50ms", "TimeLimit:277h46m40s", "KeepGoing:false"},
		"--availability total":                                      {"Availability:1", "logSend:false"},
		"--availability 0.5 --log-net-send":                         {"Availability:0.5", "logSend:true", "logRecv:false"},
		"--log-net-recv --keep-going":                               {"Availability:0", "logRecv:true", "KeepGoing:true"},
		"--latency 2.5 --latency-dist uniform":                      {"Latency:2.5ms", "LatencyDist:uniform"},
		"--latency 10ms":                                            {"Latency:10ms"},
		"--latency 5 --far n2=10":                                   {"Far:map[n2:10]"},
		"--node-count 12 --far n11=0.5,n1=2 --far n3=4 --latency 5": {"Far:map[n1:2 n11:0.5 n3:4]"},
		"--nemesis partition,loss,loss --nemesis-interval 3":        {"Nemesis:[partition loss]", "NemesisInterval:3s"},
		"--seed 9 -- --key k -- z":                                  {"Seed:9", "Args:[--key k -- z]"},
		"--seed 0":                                                  {"Seed:0"},
		"--nemesis none":                                            {"Nemesis:[]"},
		"--topology grid --no-ssh --username me --key-count 3 -- a": {"ignored:[--topology --no-ssh --username --key-count]", "Args:[a]"},
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

func TestNodesAreCountedInAFile(t *testing.T) {
	bin, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "nodes")
	if err := os.WriteFile(file, []byte("one\n two\n\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if o, err := parse([]string{"--bin", bin, "--nodes-file", file}); err != nil || o.Nodes != 2 {
		t.Errorf("%d nodes, %v", o.Nodes, err)
	}
}

func TestEachFlagAndFaultIsExplained(t *testing.T) {
	text := help()
	for _, f := range processFaults() {
		if !regexp.MustCompile(`(?m)^  (\w+ +)?` + f.String() + ` .* [A-Z].*$`).MatchString(text) {
			t.Errorf("%s is not explained in:\n%s", f, text)
		}
	}
	define(&options{}, &raw{}).VisitAll(func(f *flag.Flag) {
		if n := len(regexp.MustCompile(`(?m)(^  |-)-`+f.Name+`\b[^-]`).FindAllString(text, -1)); n == 0 && !slices.Contains([]string{"n", "node", "nodes-file"}, f.Name) {
			t.Errorf("--%s is not explained", f.Name)
		}
	})
}

func TestHelpExplainsExitCodesAndFitsIn80Columns(t *testing.T) {
	for _, text := range []string{help(), helpWhy()} {
		for _, code := range []int{passed, failed, usage, interrupted} {
			if !regexp.MustCompile(fmt.Sprintf(`(?m)^  %-3d  [A-Z]`, code)).MatchString(text) {
				t.Errorf("exit code %d is not explained in:\n%s", code, text)
			}
		}
		for line := range strings.SplitSeq(text, "\n") {
			if utf8.RuneCountInString(line) > 80 {
				t.Errorf("the help is wider than 80 columns: %s", line)
			}
		}
	}
}
