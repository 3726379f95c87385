package desk

// This part of the search breaks the rules that the promises rest on, one at a
// time, and checks that the search notices.

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"maelstrom-counter/internal/countertest/trial"
)

// Faults of the model itself. The other faults are edits of the code.
const (
	plainReads        = "a read is answered with what a plain read of the store returns"
	identityReads     = "a read is answered with what a plain read of the store returns, if a swap of that for itself succeeds"
	livesNamedByClock = "lives are named by the clock alone"
	messageIDsReused  = "each life counts its messages from 1, and so takes an answer to an earlier one for its own"
)

// An edit replaces a statement of desk.go or ledger.go by another.
type edit struct{ old, new string }

var faults = []struct {
	name   string
	want   string
	bounds bounds
	edits  []edit // none if it is a fault of the model
}{
	{plainReads, "the total has been 9 to 9 since the request began",
		bounds{deltas: [][]int64{{1, 3}, {9, 0}}}, nil},
	{identityReads, "the total has been 9 to 9 since the request began",
		bounds{deltas: [][]int64{{1, 3}, {9, 0}}}, nil},
	{livesNamedByClock, "n0 has acknowledged n0's add of 3, and it is not in the total",
		bounds{deltas: [][]int64{{1, 3}, {9, 0}}, restarts: 1, setbacks: 1}, nil},
	{messageIDsReused, "n0 has acknowledged n0's add of 3, and it is not in the total",
		bounds{deltas: [][]int64{{1, 3}, {9, 0}}, restarts: 1}, nil},
	{"a value that a refusal tells counts as one that the store has shown",
		"n0 has acknowledged n0's add of 1, and it is not in the total",
		bounds{deltas: [][]int64{{1, 3}, {9, 0}}}, []edit{
			{"\tw.Base = v\n", "w.Shown, w.Base = v, v\n"},
		}},
	{"receipts are ignored", "n0's add of 1 is in the total twice",
		bounds{deltas: [][]int64{{1, 3}, {9, 0}}}, []edit{
			{"return Applied", "return Pending"},
		}},
	{"a fold of an earlier life is applied like any other", "n0's add of 3 is in the total twice",
		bounds{deltas: [][]int64{{1, 3}, {9, 0}}, restarts: 1}, []edit{
			{"return Outlived", "return Pending"},
		}},
	// It may have been applied before the fold whose receipt is there.
	{"an outlived fold is taken back, and tried again in a later life",
		"n0's add of 3 is in the total, and was refused",
		bounds{deltas: [][]int64{{1, 3}, {9, 0}}, restarts: 1, setbacks: 1}, []edit{
			{`d.fail(&b.requests, maelstrom.Timeout, "a later life of this node has taken over: the request may have taken effect")`, "d.waiting, b.requests = slices.Concat(b.requests, d.waiting), nil"},
		}},
	{"a combiner acknowledges another node's fold that overflows",
		"n1 has acknowledged n1's add of 9, and it is not in the total",
		bounds{deltas: [][]int64{{1, 3}, {9}}, room: 9}, []edit{
			{`d.fail(&b.requests, maelstrom.Abort, "the total would pass 2^53-1")`, "d.done(b, v.Total)"},
		}},
	{"error 11 for requests in a fold when the stored value makes no sense",
		"n0's add of 1 is in the total, and was refused",
		bounds{deltas: [][]int64{{1, 3}, {9}}, senseless: true}, []edit{
			{"d.fail(&b.requests, maelstrom.Timeout, why)", "d.fail(&b.requests, maelstrom.TemporarilyUnavailable, why)"},
		}},
	{"a request that was given up while it waited still goes into a fold",
		"n0's add of 1 is in the total, and was refused",
		bounds{deltas: [][]int64{{1, 3}, {9}}}, []edit{
			{"for _, r := range cut(&d.waiting, due) {\n\t\td.refuse(r, maelstrom.TemporarilyUnavailable, \"the store could not be asked in time\")\n\t}", "for _, r := range d.waiting {\nif due(r) {\nd.refuse(r, maelstrom.TemporarilyUnavailable, \"\")\n}\n}"},
		}},
	{"late news of an earlier fold is taken for news of this one",
		"n0 has acknowledged n0's add of 3, and it is not in the total",
		bounds{deltas: [][]int64{{1, 3}, {9}}, free: true}, []edit{
			{"if b == d.own {\n\t\td.done(b, total)\n\t\td.sweep()\n\t}", "if d.own != nil {\nd.done(d.own, total)\nd.sweep()\n}"},
		}},
	{"late news of a fold that was taken back is acknowledged",
		"n0 has acknowledged n0's add of 3, and it is not in the total",
		bounds{deltas: [][]int64{{1, 3}, {9}}, room: 12, free: true}, []edit{
			{"d.takeBack(b)", "d.waiting, d.own, d.here = slices.Concat(b.requests, d.waiting), nil, false"},
			{"if b == d.own {\n\t\td.done(b, total)\n\t\td.sweep()\n\t}", "d.done(b, total)\nd.sweep()"},
		}},
}

// switched is the environment variable that names the fault whose edits are on.
// The test binary that reads it has all edits.
const switched = "SEARCH_FAULT"

// A search that could not fail would prove nothing.
func TestTheSearchFindsEachFault(t *testing.T) {
	on, binary := os.Getenv(switched), ""
	if on == "" && !testing.Short() {
		binary = buildFaults(t)
	}
	for _, f := range faults {
		if on != "" && on != f.name {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			if f.edits == nil || on != "" {
				x := newModel(f.bounds, f.name).search()
				if x.failure != f.want {
					t.Errorf("found %q, want %q", x.failure, f.want)
				}
				t.Logf("%s, %d states:\n%s", f.name, len(x.parents), x.story)
				return
			}
			if binary == "" {
				t.Skip("builds the desk anew")
			}
			cmd := exec.Command(binary, "-test.v", "-test.run", "^TestTheSearchFindsEachFault$")
			cmd.Env = append(os.Environ(), switched+"="+f.name)
			out, err := cmd.CombinedOutput()
			t.Logf("%s", out)
			if err != nil || !strings.Contains(string(out), "WRONG: ") {
				t.Errorf("not found: %v", err)
			}
		})
	}
}

// buildFaults builds a binary of this test with all edits, each under a
// condition. It returns the binary's path.
func buildFaults(t *testing.T) string {
	binary, overlay := filepath.Join(t.TempDir(), "faults.test"), trial.Overlay(t, editedSources(t))
	if out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// editedSources returns the files with all edits, and those that declare which
// fault is on.
func editedSources(t *testing.T) map[string]string {
	sources := map[string]string{}
	for _, name := range []string{"desk", "ledger"} {
		file := "../" + name + "/" + name + ".go"
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sources[file] = string(source)
		sources["../"+name+"/fault.go"] = fmt.Sprintf("package %s\n\nimport \"os\"\n\nvar fault = os.Getenv(%q)\n", name, switched)
	}
	for _, f := range faults {
		for _, e := range f.edits {
			found := 0
			for file, source := range sources {
				found += strings.Count(source, e.old)
				either := fmt.Sprintf("if fault == %q {\n%s\n} else {\n%s\n}\n", f.name, e.new, e.old)
				sources[file] = strings.Replace(source, e.old, either, 1)
			}
			if found != 1 {
				t.Fatalf("%d places have %s", found, e.old)
			}
		}
	}
	return sources
}
