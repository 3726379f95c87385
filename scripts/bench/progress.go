//go:build unix

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/report"
)

// A progress shows how far a run has come. On a terminal it overwrites one
// line. Elsewhere it writes a new line every two seconds.
type progress struct {
	*screen
	prefix string
	shown  time.Time // when pass last showed something, or when bench was started
}

// tick is called when all nodes are ready, and then once a second.
func (p *progress) tick(now maelstromtest.Progress) {
	second := int(now.Elapsed.Round(time.Second) / time.Second)
	if second == 0 || p.columns == nil && second%2 != 0 {
		return
	}
	width := defaultColumns
	if p.columns != nil {
		width = p.columns() - 1 // a line of full width would make some terminals scroll
	}
	p.show(p.line(second, now, width))
}

// pass shows what is being done, unless something was shown in the last two
// seconds.
func (p *progress) pass(format string, args ...any) {
	if now := time.Now(); now.Sub(p.shown) >= 2*time.Second {
		p.shown = now
		p.show(fmt.Sprintf(format, args...))
	}
}

// line returns the line of a second, with at most width characters. If it does
// not fit, the names of the faults are left out first, and then the latency.
func (p *progress) line(second int, now maelstromtest.Progress, width int) string {
	made := fmt.Sprintf("%d requests", now.Invoked)
	count := made
	for _, outcome := range []struct {
		n    int
		name string
	}{{now.OK, "ok"}, {now.Refused, "refused"}, {now.Unknown, "unknown"}} {
		if outcome.n > 0 {
			count += fmt.Sprintf(", %d %s", outcome.n, outcome.name)
		}
	}
	var p99 string
	if now.P99 > 0 {
		p99 = "p99 " + report.Milliseconds(now.P99)
	}
	names := strings.Join(now.Faults, ", ")
	number, _, _ := strings.Cut(names, " ")
	if len(now.Faults) > 1 {
		number = fmt.Sprintf("%d faults", len(now.Faults))
	}
	start := fmt.Sprintf("%s%3d s", p.prefix, second)
	var line string
	for _, parts := range [][]string{
		{start, count, p99, now.Waiting, names},
		{start, count, p99, now.Waiting, number},
		{start, count, now.Waiting, number},
		{start, now.Waiting, count},
		{start, now.Waiting, made},
	} {
		line = strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "  ")
		if utf8.RuneCountInString(line) <= width {
			return line
		}
	}
	return string([]rune(line)[:max(0, width)])
}
