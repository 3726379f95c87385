//go:build unix

package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"maelstrom-counter/internal/bench/maelstromtest"
)

func TestProgressFitsItsWidth(t *testing.T) {
	calm := maelstromtest.Progress{Invoked: 936, OK: 936, P99: 14 * time.Millisecond}
	one := calm
	one.Faults = []string{"partition halves with bridge n17"}
	many := maelstromtest.Progress{
		Invoked: 10936, OK: 10830, Refused: 6, Unknown: 90, P99: 2345 * time.Millisecond, Waiting: "recovery (9 s left)",
		Faults: []string{"kill n7, clock back by 10.8s", "loss"},
	}
	for _, test := range []struct {
		now   maelstromtest.Progress
		width int
		want  string
	}{
		{calm, 80, " 12 s  936 requests, 936 ok  p99 14 ms"},
		{one, 80, " 12 s  936 requests, 936 ok  p99 14 ms  partition halves with bridge n17"},
		{one, 60, " 12 s  936 requests, 936 ok  p99 14 ms  partition"},
		{many, 130, " 12 s  10936 requests, 10830 ok, 6 refused, 90 unknown  p99 2345 ms  recovery (9 s left)  kill n7, clock back by 10.8s, loss"},
		{many, 100, " 12 s  10936 requests, 10830 ok, 6 refused, 90 unknown  p99 2345 ms  recovery (9 s left)  2 faults"},
		{many, 90, " 12 s  10936 requests, 10830 ok, 6 refused, 90 unknown  recovery (9 s left)  2 faults"},
		{many, 80, " 12 s  recovery (9 s left)  10936 requests, 10830 ok, 6 refused, 90 unknown"},
		{many, 60, " 12 s  recovery (9 s left)  10936 requests"},
		{many, 20, " 12 s  recovery (9 s"},
		{many, 0, ""},
	} {
		var p progress
		got := p.line(12, test.now, test.width)
		if got != test.want || utf8.RuneCountInString(got) > test.width {
			t.Errorf("with %d characters %q, not %q", test.width, got, test.want)
		}
	}
}

// Nothing is shown before a second has passed. On a terminal each line replaces
// the one before, and what is written between does not break it.
func TestProgressIsShown(t *testing.T) {
	for _, test := range []struct {
		columns func() int
		between [3][]string // what is written after each second
		want    string
	}{
		{nil, [3][]string{{"a\n"}, {"b\n"}, {"c\n"}}, "a\nb\n  2 s  2 requests\nc\nend\n"},
		{
			func() int { return 17 },
			[3][]string{{"a\n"}, {"b\n", "c\n"}, {}},
			"a\n\r  1 s  1 request\x1b[K\r\x1b[Kb\n  1 s  1 request\r\x1b[Kc\n  1 s  1 request\r  2 s  2 request\x1b[K\r\x1b[Kend\n",
		},
		{
			func() int { return 17 },
			[3][]string{{}, {"half", "way"}, {"half", " a line\n"}},
			"\r  1 s  1 request\x1b[K\r\x1b[Khalfway\n  2 s  2 request\x1b[K\r\x1b[Khalf a line\n  2 s  2 request\r\x1b[Kend\n",
		},
	} {
		var out strings.Builder
		p := progress{screen: &screen{w: &out, columns: test.columns}}
		for second, texts := range test.between {
			p.tick(maelstromtest.Progress{Elapsed: time.Duration(second) * time.Second, Invoked: second})
			for _, text := range texts {
				if n, err := p.Write([]byte(text)); n != len(text) || err != nil {
					t.Errorf("wrote %d of %q, %v", n, text, err)
				}
			}
		}
		p.clear()
		_, _ = p.Write([]byte("end\n"))
		if out.String() != test.want {
			t.Errorf("shown is %q, want %q", out.String(), test.want)
		}
	}
}
