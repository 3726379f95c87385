package desk

// This part of the search breaks the rules that the promises rest on, one at a
// time, and checks that the search notices.

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Faults of the model itself. The other faults are edits of the code.
const (
	plainReads        = "a read is answered with what a plain read of the store returns"
	identityReads     = "a read is answered with what a plain read of the store returns, if a swap of that for itself succeeds"
	livesNamedByClock = "lives are named by the clock alone"
	messageIDsReused  = "each life counts its messages from 1, and so takes an answer to an earlier one for its own"
)

// An edit replaces a statement of the code that ships by another.
type edit struct{ file, old, new string }

const (
	deskFile   = "desk.go"
	ledgerFile = "../ledger/ledger.go"
)

var faults = []struct {
	name   string
	edits  []edit // none if it is a fault of the model
	bounds bounds
	want   string
}{
	{
		name:   plainReads,
		bounds: bounds{deltas: [][]int64{{1, 3}, {9, 0}}},
		want:   "the total has been 9 to 9 since the request began",
	},
	{
		name:   identityReads,
		bounds: bounds{deltas: [][]int64{{1, 3}, {9, 0}}},
		want:   "the total has been 9 to 9 since the request began",
	},
	{
		name:   livesNamedByClock,
		bounds: bounds{deltas: [][]int64{{1, 3}, {9, 0}}, restarts: 1, setbacks: 1},
		want:   "n0 has acknowledged n0's add of 3, and it is not in the total",
	},
	{
		name:   messageIDsReused,
		bounds: bounds{deltas: [][]int64{{1, 3}, {9, 0}}, restarts: 1},
		want:   "n0 has acknowledged n0's add of 3, and it is not in the total",
	},
	{
		name:   "a value that a refusal tells counts as one that the store has shown",
		edits:  []edit{{ledgerFile, "\tw.Base = v\n", "w.Shown, w.Base = v, v\n"}},
		bounds: bounds{deltas: [][]int64{{1, 3}, {9, 0}}},
		want:   "n0 has acknowledged n0's add of 1, and it is not in the total",
	},
	{
		name:   "receipts are ignored",
		edits:  []edit{{ledgerFile, "return Applied", "return Pending"}},
		bounds: bounds{deltas: [][]int64{{1, 3}, {9, 0}}},
		want:   "n0's add of 1 is in the total twice",
	},
	{
		name:   "a fold of an earlier life is applied like any other",
		edits:  []edit{{ledgerFile, "return Outlived", "return Pending"}},
		bounds: bounds{deltas: [][]int64{{1, 3}, {9, 0}}, restarts: 1},
		want:   "n0's add of 3 is in the total twice",
	},
	{
		// It may have been applied before the fold whose receipt is there.
		name:   "an outlived fold is taken back, and tried again in a later life",
		edits:  []edit{{deskFile, `d.fail(&b.requests, maelstrom.Timeout, "a later life of this node has taken over: the request may have taken effect")`, "d.waiting, b.requests = slices.Concat(b.requests, d.waiting), nil"}},
		bounds: bounds{deltas: [][]int64{{1, 3}, {9, 0}}, restarts: 1, setbacks: 1},
		want:   "n0's add of 3 is in the total, and was refused",
	},
	{
		name:   "a combiner acknowledges another node's fold that overflows",
		edits:  []edit{{deskFile, `d.fail(&b.requests, maelstrom.Abort, "the total would pass 2^53-1")`, "d.done(b, v.Total)"}},
		bounds: bounds{deltas: [][]int64{{1, 3}, {9}}, room: 9},
		want:   "n1 has acknowledged n1's add of 9, and it is not in the total",
	},
	{
		name:   "error 11 for requests in a fold when the stored value makes no sense",
		edits:  []edit{{deskFile, "d.fail(&b.requests, maelstrom.Timeout, why)", "d.fail(&b.requests, maelstrom.TemporarilyUnavailable, why)"}},
		bounds: bounds{deltas: [][]int64{{1, 3}, {9}}, senseless: true},
		want:   "n0's add of 1 is in the total, and was refused",
	},
	{
		name:   "a request that was given up while it waited still goes into a fold",
		edits:  []edit{{deskFile, "for _, r := range cut(&d.waiting, due) {\n\t\td.refuse(r, maelstrom.TemporarilyUnavailable, \"the store could not be asked in time\")\n\t}", "for _, r := range d.waiting {\nif due(r) {\nd.refuse(r, maelstrom.TemporarilyUnavailable, \"\")\n}\n}"}},
		bounds: bounds{deltas: [][]int64{{1, 3}, {9}}},
		want:   "n0's add of 1 is in the total, and was refused",
	},
	{
		name:   "late news of an earlier fold is taken for news of this one",
		edits:  []edit{{deskFile, "if b == d.own {\n\t\td.done(b, total)\n\t\td.sweep()\n\t}", "if d.own != nil {\nd.done(d.own, total)\nd.sweep()\n}"}},
		bounds: bounds{deltas: [][]int64{{1, 3}, {9}}, free: true},
		want:   "n0 has acknowledged n0's add of 3, and it is not in the total",
	},
	{
		name: "late news of a fold that was taken back is acknowledged",
		edits: []edit{
			{deskFile, "d.takeBack(b)", "d.waiting, d.own, d.here = slices.Concat(b.requests, d.waiting), nil, false"},
			{deskFile, "if b == d.own {\n\t\td.done(b, total)\n\t\td.sweep()\n\t}", "d.done(b, total)\nd.sweep()"},
		},
		bounds: bounds{deltas: [][]int64{{1, 3}, {9}}, room: 12, free: true},
		want:   "n0 has acknowledged n0's add of 3, and it is not in the total",
	},
}

// switched is the environment variable that names the fault whose edits are on.
// The test binary that reads it has all edits.
const switched = "SEARCH_FAULT"

// A search that could not fail would prove nothing.
func TestTheSearchFindsEachFault(t *testing.T) {
	binary, dir := "", t.TempDir()
	for _, f := range faults {
		t.Run(strings.ReplaceAll(f.name, " ", "_"), func(t *testing.T) {
			if f.edits == nil || os.Getenv(switched) == f.name {
				x := newModel(f.bounds, f.name).search()
				if x.failure != f.want {
					t.Errorf("found %q, want %q", x.failure, f.want)
				}
				t.Logf("%s, %d states:\n%s", f.name, len(x.parents), x.story)
				return
			}
			if testing.Short() || os.Getenv(switched) != "" {
				t.Skip("builds the desk anew")
			}
			if binary == "" {
				binary = buildFaults(t, dir)
			}
			cmd := exec.Command(binary, "-test.v", "-test.run", "^TestTheSearchFindsEachFault$/^"+regexp.QuoteMeta(strings.ReplaceAll(f.name, " ", "_"))+"$")
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
func buildFaults(t *testing.T, dir string) string {
	sources := map[string]string{}
	for _, f := range faults {
		for _, e := range f.edits {
			if sources[e.file] == "" {
				source, err := os.ReadFile(e.file)
				if err != nil {
					t.Fatal(err)
				}
				sources[e.file] = string(source)
			}
			if strings.Count(sources[e.file], e.old) != 1 {
				t.Fatalf("%s does not contain exactly once: %s", e.file, e.old)
			}
			on := "ledger.Fault"
			if e.file == ledgerFile {
				on = "Fault"
			}
			sources[e.file] = strings.Replace(sources[e.file], e.old, "if "+on+" == \""+f.name+"\" {\n"+e.new+"\n} else {\n"+e.old+"\n}\n", 1)
		}
	}
	sources["../ledger/fault.go"] = "package ledger\n\nimport \"os\"\n\nvar Fault = os.Getenv(\"" + switched + "\")\n"
	overlay := map[string]map[string]string{"Replace": {}}
	for file, source := range sources {
		original, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		edited := filepath.Join(dir, filepath.Base(file))
		overlay["Replace"][original] = edited
		if err := os.WriteFile(edited, []byte(source), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	list, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), list, 0o666); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "faults.test")
	if out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", filepath.Join(dir, "overlay.json"), "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}
