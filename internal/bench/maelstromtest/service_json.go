package maelstromtest

import (
	"bytes"
	"encoding/json"
	"slices"
)

// rawFields returns the fields of an object as they are written. It does what
// json.Unmarshal into a map does, several times as fast: it only looks for the
// ends of values, and so needs valid JSON. Of fields with the same name, the
// last counts.
func rawFields(object []byte) map[string]json.RawMessage {
	fields := make(map[string]json.RawMessage, 8)
	var name string
	depth, start := 0, 0 // start is where the name or the value begins
	for i := 0; i < len(object); i++ {
		switch c := object[i]; c {
		case '"':
			i = endOfString(object, i)
		case '{', '[':
			if depth++; depth == 1 {
				start = i + 1
			}
		case ':':
			if depth == 1 {
				name, _ = stringOf(bytes.TrimSpace(object[start:i]))
				start = i + 1
			}
		case ',', '}', ']':
			value := bytes.TrimSpace(object[start:i:i])
			if depth == 1 && len(value) > 0 {
				fields[name] = value
				start = i + 1
			}
			if c != ',' {
				depth--
			}
		}
	}
	return fields
}

// endOfString returns the index of the quote that ends the string which begins
// at i.
func endOfString(valid []byte, i int) int {
	for i++; valid[i] != '"'; i++ {
		if valid[i] == '\\' {
			i++
		}
	}
	return i
}

// stringOf returns a JSON string's value, and whether raw is a string.
func stringOf(raw json.RawMessage) (s string, ok bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	if isPlainString(raw) {
		return string(raw[1 : len(raw)-1]), true
	}
	err := json.Unmarshal(raw, &s)
	return s, err == nil
}

// isPlainString reports whether raw is a string that can be encoded in only one
// way.
func isPlainString(raw json.RawMessage) bool {
	for _, c := range raw {
		switch {
		case c < ' ', c > '~', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return raw[0] == '"'
}

// isPlainInteger reports whether raw is an integer that can be encoded in only
// one way.
func isPlainInteger(raw json.RawMessage) bool {
	digits := bytes.TrimPrefix(raw, []byte("-"))
	return isInteger(raw) && len(digits) > 0 && (digits[0] != '0' || string(raw) == "0")
}

// isInteger reports whether raw is a JSON number without fraction or exponent.
func isInteger(raw json.RawMessage) bool {
	for i, c := range raw {
		if (c < '0' || c > '9') && !(i == 0 && c == '-') {
			return false
		}
	}
	return len(raw) > 0
}

// maxPlain bounds the length of the JSON that the fast functions below read.
// Longer JSON may be nested more deeply than the standard library allows.
const maxPlain = 10_000

// appendPlain appends the JSON value at the beginning of raw to out, with
// object keys in order, and returns what follows it in raw. It fails if the
// canonical form takes more than that: if the value has spaces, floating-point
// numbers, strings that can be encoded in more than one way, or keys that come
// twice. It is several times as fast as decoding and encoding.
func appendPlain(out, raw []byte) (_, rest []byte, ok bool) {
	if len(raw) == 0 {
		return nil, nil, false
	}
	switch raw[0] {
	case '{':
		return appendPlainObject(out, raw[1:])
	case '[':
		out, rest = append(out, '['), raw[1:]
		for i := 0; i > 0 || len(rest) > 0 && rest[0] != ']'; i++ {
			if out, rest, ok = appendPlain(out, rest); !ok {
				return nil, nil, false
			}
			if len(rest) == 0 || rest[0] != ',' {
				break
			}
			out, rest = append(out, ','), rest[1:]
		}
		return closePlain(out, rest, ']')
	}
	rest, ok = skipPlain(raw)
	return append(out, raw[:len(raw)-len(rest)]...), rest, ok
}

// skipPlain returns what follows the JSON value at the beginning of raw. It
// fails if the value has spaces, floating-point numbers, strings that can be
// encoded in more than one way, or mistakes.
func skipPlain(raw []byte) (rest []byte, ok bool) {
	if len(raw) > 0 && (raw[0] == '{' || raw[0] == '[') {
		isObject, closing := raw[0] == '{', raw[0]+2
		if rest = raw[1:]; len(rest) > 0 && rest[0] == closing {
			return rest[1:], true
		}
		for {
			if isObject {
				end := endOfScalar(rest)
				if end == 0 || !isPlainString(rest[:end]) || end == len(rest) || rest[end] != ':' {
					return nil, false
				}
				rest = rest[end+1:]
			}
			if rest, ok = skipPlain(rest); !ok || len(rest) == 0 {
				return nil, false
			}
			switch rest[0] {
			case closing:
				return rest[1:], true
			case ',':
				rest = rest[1:]
			default:
				return nil, false
			}
		}
	}
	end := endOfScalar(raw)
	switch scalar := raw[:end]; {
	case end == 0:
		return nil, false
	case isPlainString(scalar), isPlainInteger(scalar):
	case string(scalar) == "null", string(scalar) == "true", string(scalar) == "false":
	default:
		return nil, false
	}
	return raw[end:], true
}

// appendPlainObject is appendPlain for what follows an object's opening brace.
func appendPlainObject(out, rest []byte) (_, _ []byte, ok bool) {
	type member struct {
		name     []byte
		from, to int // in out
	}
	out = append(out, '{')
	begin := len(out)
	members := make([]member, 0, 8)
	for len(members) > 0 || len(rest) > 0 && rest[0] != '}' {
		end := endOfScalar(rest)
		if end == 0 || !isPlainString(rest[:end]) || end == len(rest) || rest[end] != ':' {
			return nil, nil, false
		}
		m := member{name: rest[1 : end-1], from: len(out)}
		if out, rest, ok = appendPlain(append(out, rest[:end+1]...), rest[end+1:]); !ok {
			return nil, nil, false
		}
		m.to = len(out)
		members = append(members, m)
		if len(rest) == 0 || rest[0] != ',' {
			break
		}
		out, rest = append(out, ','), rest[1:]
	}
	byName := func(a, b member) int { return bytes.Compare(a.name, b.name) }
	if !slices.IsSortedFunc(members, byName) {
		slices.SortFunc(members, byName)
		written := slices.Clone(out)
		out = out[:begin]
		for i, m := range members {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(out, written[m.from:m.to]...)
		}
	}
	for i := 1; i < len(members); i++ {
		if bytes.Equal(members[i-1].name, members[i].name) {
			return nil, nil, false
		}
	}
	return closePlain(out, rest, '}')
}

// closePlain appends the closing bracket at the beginning of rest to out.
func closePlain(out, rest []byte, bracket byte) (_, _ []byte, ok bool) {
	if len(rest) == 0 || rest[0] != bracket {
		return nil, nil, false
	}
	return append(out, bracket), rest[1:], true
}

// endOfScalar returns where the string, number or word at the beginning of raw
// ends, or zero if there is none. It takes any quote for the end of a string,
// even one after a backslash.
func endOfScalar(raw []byte) int {
	if len(raw) > 0 && raw[0] == '"' {
		if end := bytes.IndexByte(raw[1:], '"'); end >= 0 {
			return end + 2
		}
		return 0
	}
	if end := bytes.IndexAny(raw, ",:]}"); end >= 0 {
		return end
	}
	return len(raw)
}
