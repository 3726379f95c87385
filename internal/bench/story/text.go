package story

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/verdict"
)

// width is the greatest length of a text's lines, unless a word is longer.
const width = 100

// Text returns the story as plain text: its sentences, and below them what they
// speak of, in order and a line each.
func (s *Story) Text() string {
	rows := make([]string, len(s.Rows))
	add := func(row int, who, what string) {
		rows[row] += fmt.Sprintf("%11s  %-14s %s\n", clock(s.Rows[row]), who, what)
	}
	for _, a := range s.Arrows {
		path := s.Lanes[a.From].Name + " → " + s.Lanes[a.To].Name
		copied, arrived := "", "" // what is said of a copy
		if a.Copy > 0 {
			copied, arrived = " (a copy)", ", a second copy"
		}
		if a.Sent == a.Ends {
			add(a.Sent, path, a.Label+copied+a.remark())
			continue
		}
		if a.Copy == 0 {
			add(a.Sent, path, a.Label+" … on its way")
		}
		add(a.Ends, path, a.Label+" arrives, sent at "+clock(a.SentAt)+a.remark()+arrived)
	}
	for _, n := range s.Notes {
		add(n.Row, s.Lanes[n.Lane].Name, "[ "+n.Text+" ]")
	}
	var head strings.Builder
	fmt.Fprintln(&head, s.heading()+":")
	for _, sentence := range s.Sentences {
		fmt.Fprintln(&head, "  "+strings.Join(Wrap(sentence, width-2), "\n    "))
	}
	return head.String() + "\n" + strings.Join(rows, "")
}

// remark says what is special about an arrow.
func (a *Arrow) remark() string {
	text := ""
	if a.Late > 0 && a.Fate != claim.WasLost {
		text += ", late by " + verdict.Time(a.Late)
	}
	if a.Fate != claim.Arrived {
		text += ", " + string(a.Fate)
	}
	if a.Mark != Plain {
		text += ", " + string(a.Mark)
	}
	return text
}

// heading returns the story's kind with a capital letter, and which check it is
// about if that is not one of Maelstrom's.
func (s *Story) heading() string {
	kind := strings.ToUpper(string(s.Kind[:1])) + string(s.Kind[1:])
	if s.Beyond != "" {
		kind += " (beyond Maelstrom: " + s.Beyond + ")"
	}
	return kind
}

// Wrap breaks a text into lines of at most that many characters, where its
// words allow.
func Wrap(text string, most int) []string {
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
