package storytest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"maelstrom-counter/internal/bench/claim"
)

func TestEveryArgumentIsChangedAndNothingElse(t *testing.T) {
	for _, test := range []struct {
		claim claim.Claim
		want  []string
	}{
		{claim.NoService{}, nil},
		{claim.Killed{Node: "n2", At: 7}, []string{"{Node:n0 At:7}", "{Node:n2 At:8}", "{Node:n2 At:6}"}},
		{claim.Message{ID: 3, Src: "n0", Dest: "seq-kv", Fate: claim.OnItsWay, Copies: 1}, []string{
			"ID:4", "ID:2", "Src:n1", "Dest:lin-kv", "Fate:arrival not", "Copies:2", "Copies:0", "Late:1ns", "Late:-1ns",
		}},
		{claim.Told{Key: `"t"`, Was: "5", Is: ""}, []string{`Key:"tx"`, "Was:6", "Is:x"}},
		{claim.Overwritten{Idle: true}, []string{"Idle:false"}},
		{claim.Path{Messages: []int{5, 6, 7}}, []string{
			"[6 7]", "[5 5 6 7]", "[6 6 7]", "[4 6 7]", "[5 6]", "[5 6 7 7]", "[5 6 8]", "[5 6 6]",
		}},
		{claim.AllMissing{Read: 1, Of: []claim.Claim{claim.Cone{Sum: 4, Adds: []int{2}}}}, []string{"Adds:[3]", "Sum:5", "Adds:[] "}},
	} {
		var got []string
		for _, m := range mutants(test.claim) {
			got = append(got, fmt.Sprintf("%+v", m.claim))
			if reflect.DeepEqual(m.claim, test.claim) || reflect.TypeOf(m.claim) != reflect.TypeOf(test.claim) {
				t.Errorf("%s of %T is not changed: %+v", m.argument, test.claim, m.claim)
			}
		}
		for _, want := range test.want {
			if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, want) }) {
				t.Errorf("%+v: no mutant has %s; they are %q", test.claim, want, got)
			}
		}
	}
}
