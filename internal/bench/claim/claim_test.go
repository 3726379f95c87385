package claim

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/sentences.txt")

func TestClaimsHoldAndNoChangeOfAnArgumentDoes(t *testing.T) {
	for _, scene := range scenes {
		t.Run(scene.name, func(t *testing.T) {
			s := newScene(3)
			claims := scene.play(s)
			run := s.run()
			for _, c := range claims {
				if !run.Holds(c.Claim) {
					t.Errorf("does not hold: %#v", c.Claim)
					continue
				}
				for _, m := range mutants(c.Claim) {
					if holds := run.Holds(m); holds != slices.Contains(c.also, m.change) {
						t.Errorf("%T with %s holds: %v\n%#v", c.Claim, m.change, holds, c.Claim)
					}
				}
			}
			if t.Failed() {
				t.Logf("the journal:\n%s", s)
			}
		})
	}
}

// The sentences are in a file, so that a change of one is a difference to read.
func TestSentences(t *testing.T) {
	const file = "testdata/sentences.txt"
	var b strings.Builder
	for _, scene := range scenes {
		s := newScene(3)
		claims := scene.play(s)
		run := s.run()
		fmt.Fprintf(&b, "-- %s --\n", scene.name)
		for _, c := range claims {
			shown := run.Shows(c.Claim)
			fmt.Fprintf(&b, "%s: %s\n", strings.TrimPrefix(fmt.Sprintf("%T", c.Claim), "claim."), run.Text(c.Claim))
			for _, n := range shown.Notes {
				fmt.Fprintf(&b, "\t%s: %s\n", n.Lane, n.Text)
			}
			for _, id := range shown.Messages {
				if !run.Holds(run.Sent(id)) {
					t.Errorf("%s: %T shows message %d, which there is not", scene.name, c.Claim, id)
				}
			}
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("sentences have changed (-update rewrites the file):\n%s", b.String())
	}
}
