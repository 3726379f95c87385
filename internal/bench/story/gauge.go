package story

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// A gauge reads a sum off a service's state. Nodes may keep anything there. So
// gauges of several kinds are tried, and the gauge is used whose sums fit best
// what was added.
type gauge struct {
	service string
	key     string // empty: all keys
	field   string // of the value, if it is an object; empty: the value is an integer, or an object of integers
}

func (g gauge) read(key string, value json.RawMessage) int64 {
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
func (g gauge) show(key string, value json.RawMessage) string {
	name := strings.Trim(key, `"`)
	if len(value) == 0 {
		return name + " has no value"
	}
	if text := string(value); len(text) <= 16 {
		return name + " = " + text
	}
	if g.field != "" && g.key == key {
		return fmt.Sprintf("%s of %s = %d%s", g.field, name, g.read(key, value), inBrackets(g.details(key, value)))
	}
	return name + " = " + shortened(string(value), 16)
}

// brief returns a value in as few words as possible.
func (g gauge) brief(key string, value json.RawMessage) string {
	if g.reduces(key, value) {
		return fmt.Sprint(g.read(g.key, value))
	}
	return shortened(string(value), 16)
}

// reduces reports whether brief shows only the gauge's field of a value.
func (g gauge) reduces(key string, value json.RawMessage) bool {
	return g.field != "" && (key == "" || g.key == key) && len(value) > 16
}

// label returns a value in few words, with the details that brief leaves out.
func (g gauge) label(key string, value json.RawMessage) string {
	return g.brief(key, value) + inBrackets(g.details(key, value))
}

// swap returns what a swap replaces and by what, with the details that differ.
func (g gauge) swap(key string, from, to json.RawMessage) string {
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
func (g gauge) details(key string, value json.RawMessage) []string {
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

func fieldsOf(value json.RawMessage) map[string]json.RawMessage {
	if len(value) == 0 || value[0] != '{' {
		return nil
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(value, &fields) != nil {
		return nil
	}
	return fields
}

// chooseGauge returns the gauge that fits best. Of gauges that fit equally well
// it prefers one of a field to one of a whole value, and one of all keys to one
// of a single key.
func chooseGauge(x *run) gauge {
	candidates := map[gauge]bool{}
	for _, c := range x.changes {
		candidates[gauge{service: c.service}] = true
		candidates[gauge{service: c.service, key: c.key}] = true
		for name, raw := range fieldsOf(c.value) {
			if _, ok := integer(raw); ok {
				candidates[gauge{service: c.service, key: c.key, field: name}] = true
			}
		}
	}
	ordered := slices.SortedFunc(maps.Keys(candidates), func(a, b gauge) int {
		return cmp.Or(strings.Compare(a.service, b.service), -strings.Compare(a.field, b.field), strings.Compare(a.key, b.key))
	})
	var best gauge
	most := -1
	for _, g := range ordered {
		x.gauge = g
		x.measure()
		if fit := x.fit(); fit > most {
			best, most = g, fit
		}
	}
	return best
}

// measure reads the sums of all states.
func (x *run) measure() {
	parts := map[string]int64{}
	var sum int64
	for _, c := range x.changes {
		c.step = 0
		if c.service == x.gauge.service && !c.idle {
			part := x.gauge.read(c.key, c.value)
			c.step = part - parts[c.key]
			parts[c.key] = part
			sum += c.step
		}
		c.sum = sum
	}
}

// fit counts the changes that add exactly what they were made to add.
func (x *run) fit() int {
	fit := 0
	for _, c := range x.changes {
		if o := c.add(); o != nil && c.step == o.Int() {
			fit++
		}
	}
	return fit
}

// add returns the operation that a change was made for, or nil if that is not
// an add.
func (c *change) add() *op {
	if c.call == nil || c.call.op == nil || c.call.op.F != "add" {
		return nil
	}
	return c.call.op
}

// valueAt returns the value of a service's key in a state, or nothing.
func (x *run) valueAt(service, key string, state int) json.RawMessage {
	var value json.RawMessage
	for _, c := range x.changes {
		if c.service == service && c.key == key && c.number <= state && !c.idle {
			value = c.value
		}
	}
	return value
}

// keyOf returns the key that a call to a service is about, as changes name it.
func keyOf(c *call) string {
	var s string
	if json.Unmarshal(c.request.body.Key, &s) == nil {
		quoted, _ := json.Marshal(s) // a string can always be marshalled
		return string(quoted)
	}
	return string(c.request.body.Key)
}

// acked reports whether an operation is an add that was acknowledged.
func (o *op) acked() bool { return o != nil && o.F == "add" && o.Outcome == maelstromtest.OK }
