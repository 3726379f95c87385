package story

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/journal"
)

// label says what a message is, in few words.
func (t *teller) label(m *Message) string {
	key := strings.Trim(string(m.body["key"]), `"`)
	service := isService(m.Dest) || isService(m.Src)
	switch code := string(m.body["code"]); {
	case m.kind == "read" && service:
		return "read " + key
	case m.kind == "write" && service:
		return fmt.Sprintf("write %s = %s", key, t.value(m.body["value"]))
	case m.kind == "cas" && service:
		return fmt.Sprintf("%s: %s", key, t.swap(m.body["from"], m.body["to"]))
	case m.kind == "add":
		return "add " + string(m.body["delta"])
	case m.kind == "read_ok" && service:
		return t.value(m.body["value"])
	case m.kind == "read_ok":
		return "read ok: " + shortened(string(m.body["value"]), 16)
	case m.kind == "error" && service && code == "20":
		return "no value"
	case m.kind == "error" && service && code == "22":
		return "has another value"
	case m.kind == "error":
		return "error " + code
	case m.kind == "":
		return shortened(string(m.Body), 24)
	}
	label := strings.TrimSuffix(m.kind, "_ok")
	if label != m.kind {
		label += " ok"
	}
	if numbers := m.content(); isNode(m.Src) && isNode(m.Dest) && len(numbers) > 0 {
		var values []string
		common := commonField(numbers)
		for _, n := range numbers[:min(3, len(numbers))] {
			values = append(values, fmt.Sprintf("%s %d", strings.TrimPrefix(n.path, common), n.value))
		}
		label += ": " + strings.Join(values, ", ")
	}
	return label
}

// commonField returns the field that all of a message's numbers are in, with a
// dot, or nothing.
func commonField(numbers []number) string {
	field, _, _ := strings.Cut(numbers[0].path, ".")
	for _, n := range numbers {
		if !strings.HasPrefix(n.path, field+".") {
			return ""
		}
	}
	return field + "."
}

// value returns a value in few words: a large one with its long strings
// shortened, or if that does not do, the number that the story is about and the
// first of the other small numbers.
func (t *teller) value(value json.RawMessage) string {
	const most = 40
	if short, ok := claim.Whole(string(value), most); ok {
		return short
	}
	return t.short(value) + inBrackets(t.details(value))
}

func (t *teller) short(value json.RawMessage) string {
	if t.large(value) {
		return fmt.Sprint(numberAt(value, t.field))
	}
	return shortened(string(value), 16)
}

func (t *teller) large(value json.RawMessage) bool { return t.field != "" && len(value) > 16 }

// swap returns what a swap replaces and by what, with the details that differ.
func (t *teller) swap(from, to json.RawMessage) string {
	was, is := t.details(from), t.details(to)
	without := func(list, other []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(other, s) })
	}
	return t.short(from) + inBrackets(without(was, is)) + " → " + t.short(to) + inBrackets(without(is, was))
}

// mostDigits bounds the length of the integers that are details. Times and
// random numbers are longer.
const mostDigits = 6

// details returns the small integers that a large value holds besides the
// story's number. Each comes with the last two names of its path: the seq of
// {"total":7,"by":{"n0":{"seq":3}}} is "n0 seq 3".
func (t *teller) details(value json.RawMessage) (found []string) {
	if !t.large(value) {
		return nil
	}
	for _, n := range numbersIn(nil, "", value) {
		text := fmt.Sprint(n.value)
		names := strings.Split(n.path, ".")
		if len(text) <= mostDigits && n.path != t.field {
			found = append(found, strings.Join(names[max(0, len(names)-2):], " ")+" "+text)
		}
	}
	return found
}

// inBrackets formats the first few details for the end of a label.
func inBrackets(details []string) string {
	const most = 2
	switch {
	case len(details) == 0:
		return ""
	case len(details) > most:
		details = append(slices.Clone(details[:most]), "…")
	}
	return " (" + strings.Join(details, ", ") + ")"
}

func shortened(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-1]) + "…"
}

// fateOf says what became of a copy of a message.
func (t *teller) fateOf(m *Message, c *Ending) claim.Fate {
	switch {
	case c.What == journal.Received && !c.unread:
		return claim.Arrived
	case c.What == "" && t.gapIn(m.pos, len(t.journal)), c.What != "" && t.gapIn(m.pos, c.pos):
		return claim.Unknown
	case c.What == journal.Received:
		return claim.Unread
	}
	return map[journal.What]claim.Fate{journal.Lost: claim.WasLost, journal.Blocked: claim.WasCut, "": claim.OnItsWay}[c.What]
}
