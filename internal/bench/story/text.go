package story

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// width is the greatest length of a text's lines, unless a word is longer.
const width = 100

// Text returns the story as plain text: the caption, and below it what
// happened, in order and a line each.
func (s *Story) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", strings.Join(wrap(upper(string(s.Kind))+": "+s.Caption, width), "\n"))
	type line struct {
		row, order int
		at         time.Duration
		text       string
	}
	var lines []line
	for i, a := range s.Arrows {
		path := s.Lanes[a.From].Name + " → " + s.Lanes[a.To].Name
		what := fmt.Sprintf("%-14s %s", path, a.Label)
		if a.Copy > 0 {
			what += " (a copy)"
		}
		level := a.Sent == a.Ends
		if remark := a.remark(); remark != "" && level {
			what += ", " + remark
		}
		if level || a.Copy == 0 {
			if !level {
				what += " … on its way"
			}
			lines = append(lines, line{a.Sent, i, s.at(a), what})
		}
		if !level {
			text := fmt.Sprintf("%-14s %s arrives, sent at %s", path, a.Label, clock(a.SentAt))
			if remark := a.remark(); remark != "" {
				text += ", " + remark
			}
			if a.Copy > 0 {
				text += ", a second copy"
			}
			lines = append(lines, line{a.Ends, i, a.EndedAt, text})
		}
	}
	for _, n := range s.Notes {
		lines = append(lines, line{n.Row, len(s.Arrows), n.At, fmt.Sprintf("%-14s %s", s.Lanes[n.Lane].Name, "[ "+n.Text+" ]")})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Or(a.row-b.row, a.order-b.order) })
	b.WriteString("\n")
	for _, l := range lines {
		fmt.Fprintf(&b, "%11s  %s\n", clock(l.at), l.text)
	}
	return b.String()
}

// at returns the time that is shown where an arrow starts. If the arrow is
// level, that is the time of its arrival.
func (s *Story) at(a Arrow) time.Duration {
	if a.Sent == a.Ends {
		return max(a.SentAt, a.EndedAt)
	}
	return a.SentAt
}

// remark says what is special about an arrow.
func (a Arrow) remark() string {
	var parts []string
	if a.Late > 0 && a.Fate != WasLost {
		parts = append(parts, "late by "+brief(a.Late))
	}
	if a.Fate != Arrived {
		parts = append(parts, string(a.Fate))
	}
	switch a.Mark {
	case Acknowledged:
		parts = append(parts, "acknowledged")
	case Wrong, Right:
		parts = append(parts, string(a.Mark))
	}
	return strings.Join(parts, ", ")
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// wrap breaks text into lines.
func wrap(text string, most int) []string {
	var lines []string
	for word := range strings.FieldsSeq(text) {
		last := len(lines) - 1
		if last >= 0 && utf8.RuneCountInString(lines[last]+" "+word) <= most {
			lines[last] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}
