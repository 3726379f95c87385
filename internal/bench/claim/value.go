package claim

import (
	"encoding/json"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// canonical returns the same text for equal JSON values.
func canonical(raw string) string {
	d := json.NewDecoder(strings.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || d.More() {
		return raw
	}
	text, err := json.Marshal(v)
	if err != nil {
		return raw
	}
	return string(text)
}

// same reports whether two JSON values are equal. No value equals only no
// value.
func same(a, b json.RawMessage) bool { return canonical(string(a)) == canonical(string(b)) }

// is reports whether a version has a value. An empty value is that the key is
// missing.
func (v version) is(value string) bool { return same(v.value, json.RawMessage(value)) }

// numbers returns the integers in a JSON value, by their paths.
func numbers(raw json.RawMessage) map[string]int64 {
	found := map[string]int64{}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	var v any
	if d.Decode(&v) == nil {
		collect(v, "", found)
	}
	return found
}

func collect(v any, path string, found map[string]int64) {
	switch v := v.(type) {
	case json.Number:
		if n, ok := integer(v.String()); ok {
			found[path] = n
		}
	case string:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			found[path] = n
		} else if strings.HasPrefix(v, "{") || strings.HasPrefix(v, "[") {
			for inner, n := range numbers(json.RawMessage(v)) {
				found[join(path, inner)] = n
			}
		}
	case map[string]any:
		for name, x := range v {
			collect(x, join(path, name), found)
		}
	case []any:
		for i, x := range v {
			collect(x, join(path, strconv.Itoa(i)), found)
		}
	}
}

func join(path, name string) string {
	if path == "" || name == "" {
		return path + name
	}
	return path + "." + name
}

// integer reads a JSON number that is an integer, however it is written.
func integer(text string) (int64, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(text, 64)
	return int64(f), err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53
}

// outline shows a JSON value in up to 60 characters. If it is longer than 40,
// its long strings are shortened. If that is not enough, see digest.
func outline(value string) string {
	const long, most = 40, 60
	if len(value) <= long {
		return value
	}
	if short, ok := Whole(value, most); ok {
		return short
	}
	return digest(value)
}

// Whole returns a JSON object with its long strings shortened, if that takes no
// more than so many characters.
func Whole(value string, most int) (short string, ok bool) {
	short = withShortStrings(value)
	return short, strings.HasPrefix(value, "{") && utf8.RuneCountInString(short) <= most
}

// digest shows a JSON value in up to 40 characters. Of a long object it shows
// the number that has the shortest name: most likely that is the total.
func digest(value string) string {
	const long = 40
	if len(value) > long && value[0] == '{' {
		found := numbers(json.RawMessage(value))
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(found)), func(path string) bool { return strings.Contains(path, ".") })
		if len(names) > 0 {
			name := slices.MinFunc(names, func(a, b string) int { return len(a) - len(b) })
			return say("{%q:%d,…}", name, found[name])
		}
	}
	return shorten(value, long)
}

var aString = regexp.MustCompile(`"(?:[^"\\]|\\.)*"\s*:?`)

// withShortStrings shows only the first four characters of the strings in a
// JSON value that are longer than eight. The names of fields stay as they are.
func withShortStrings(value string) string {
	return aString.ReplaceAllStringFunc(value, func(text string) string {
		characters := []rune(strings.Trim(text, `"`))
		if strings.HasSuffix(text, ":") || len(characters) <= 8 || slices.Contains(characters[:4], '\\') {
			return text
		}
		return `"` + string(characters[:4]) + `…"`
	})
}

// total returns the sum of all numbers of a value.
func total(numbers map[string]int64) (sum int64) {
	for _, n := range numbers {
		sum += n
	}
	return sum
}
