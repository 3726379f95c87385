package story

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A gauge reads a sum off a service's state. Nodes may keep anything there. So
// gauges of several kinds are tried, and the gauge is used whose sums fit best
// what was added.
type gauge struct {
	slot // with an empty key: all keys

	// The field of the value, if that is an object. If it is empty, the value
	// is an integer, or an object of integers.
	field string
}

func (g gauge) read(key key, value json.RawMessage) int64 {
	if g.key != "" && key != g.key {
		return 0
	}
	if n, ok := integer(value); ok && g.field == "" {
		return n
	}
	var sum int64
	for name, raw := range fieldsOf(value) {
		if n, ok := integer(raw); ok && (g.field == "" || name == g.field) {
			sum += n
		}
	}
	return sum
}

// show returns a key and its value in few words.
func (g gauge) show(key key, value json.RawMessage) string {
	name := key.name()
	if len(value) == 0 {
		return name + " has no value"
	}
	if g.reduces(key, value) {
		name = g.field + " of " + name
	}
	return name + " = " + g.label(key, value)
}

// brief returns a value in as few words as possible.
func (g gauge) brief(key key, value json.RawMessage) string {
	if g.reduces(key, value) {
		return fmt.Sprint(g.read(g.key, value))
	}
	return shortened(string(value), 16)
}

// reduces reports whether brief shows only the gauge's field of a value.
func (g gauge) reduces(key key, value json.RawMessage) bool {
	return g.field != "" && (key == "" || g.key == key) && len(value) > 16
}

// label returns a value in few words, with the details that brief leaves out.
func (g gauge) label(key key, value json.RawMessage) string {
	return g.brief(key, value) + inBrackets(g.details(key, value))
}

// swap returns what a swap replaces and by what, with the details that differ.
func (g gauge) swap(key key, from, to json.RawMessage) string {
	was, is := g.details(key, from), g.details(key, to)
	without := func(list, other []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(other, s) })
	}
	return g.brief(key, from) + inBrackets(without(was, is)) + " → " + g.brief(key, to) + inBrackets(without(is, was))
}

// mostDigits bounds the length of the integers that are details. Times and
// random numbers are longer.
const mostDigits = 6

// details returns the small integers that a value holds besides the gauge's
// field, in order. Each comes with its name and the name of the object that it
// is in: the seq of {"total":7,"by":{"n0":{"seq":3}}} is "n0 seq 3".
func (g gauge) details(key key, value json.RawMessage) []string {
	if !g.reduces(key, value) {
		return nil
	}
	var found []string
	var walk func(object string, value json.RawMessage)
	walk = func(object string, value json.RawMessage) {
		fields := fieldsOf(value)
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if _, ok := integer(fields[name]); !ok {
				walk(name, fields[name])
			} else if len(fields[name]) <= mostDigits && (object != "" || name != g.field) {
				found = append(found, strings.TrimSpace(object+" "+name+" "+string(fields[name])))
			}
		}
	}
	walk("", value)
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

// fieldsOf returns the fields of an object, and none of other values.
func fieldsOf(value json.RawMessage) (fields map[string]json.RawMessage) {
	_ = json.Unmarshal(value, &fields)
	return fields
}

// chooseGauge sets the gauge to the one that fits best. Of gauges that fit
// equally well it prefers one of a field to one of a whole value, and one of
// all keys to one of a single key.
func (x *run) chooseGauge() {
	fits := map[gauge]int{}
	for _, c := range x.changes {
		fits[gauge{slot: slot{service: c.service}}] = 0
		fits[gauge{slot: c.slot}] = 0
		for name, raw := range fieldsOf(c.value) {
			if _, ok := integer(raw); ok {
				fits[gauge{c.slot, name}] = 0
			}
		}
	}
	for g := range fits {
		fits[g] = x.measure(g)
	}
	ordered := slices.SortedFunc(maps.Keys(fits), func(a, b gauge) int {
		return cmp.Or(fits[b]-fits[a], strings.Compare(a.service, b.service), -strings.Compare(a.field, b.field), cmp.Compare(a.key, b.key))
	})
	if len(ordered) > 0 {
		x.gauge = ordered[0]
	}
	x.measure(x.gauge)
}

// measure reads off every change by how much it changes the sum. It returns how
// many changes add exactly what they were made to add.
func (x *run) measure(g gauge) (fits int) {
	parts := map[key]int64{}
	for _, c := range x.changes {
		c.step = 0
		if c.service == g.service && !c.idle {
			part := g.read(c.key, c.value)
			c.step = part - parts[c.key]
			parts[c.key] = part
		}
		if o := c.add(); o != nil && c.step == o.Int() {
			fits++
		}
	}
	return fits
}
