package maelstromtest

import (
	"bytes"
	"encoding/json"
)

// rawFields returns the fields of an object as they are written. It does what json.Unmarshal into a map does, several times
// as fast: it only looks where values end, and so wants valid JSON. Of fields with the same name, the last counts.
func rawFields(object []byte) map[string]json.RawMessage {
	fields := make(map[string]json.RawMessage, 8)
	var name string
	depth, start := 0, 0 // start is of the name or the value
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

// endOfString returns the index of the quote that ends the string which begins at i.
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

// isPlainString says whether raw is a string that is encoded in one way only.
func isPlainString(raw json.RawMessage) bool {
	for _, c := range raw {
		switch {
		case c < ' ', c > '~', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return raw[0] == '"'
}

// isInteger says whether raw is a JSON number without fraction or exponent.
func isInteger(raw json.RawMessage) bool {
	for i, c := range raw {
		if (c < '0' || c > '9') && !(i == 0 && c == '-') {
			return false
		}
	}
	return len(raw) > 0
}
