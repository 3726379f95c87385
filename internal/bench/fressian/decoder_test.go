package fressian

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// decode returns the JSON of all objects of an input, a line each.
func decode(input []byte) (string, error) {
	var out []byte
	d := NewDecoder(bytes.NewReader(input))
	for d.More() {
		out = append(d.AppendJSON(out), '\n')
	}
	return string(bytes.TrimSpace(out)), d.Err()
}

func fromHex(t *testing.T, digits string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The bytes are made by hand from Codes.java and what FressianWriter does.
func TestObjectsBecomeJSON(t *testing.T) {
	for _, c := range []struct{ name, hex, want string }{
		{"constants", "f7 f5 f6", "null true false"},
		{"floats 0 and 1", "fb fc", "0.0 1.0"},
		{"packed string", "dc 6e30", `"n0"`},
	} {
		got, err := decode(fromHex(t, c.hex))
		if got != strings.ReplaceAll(c.want, " ", "\n") || err != nil {
			t.Errorf("%s: %s became %s, %v; want %s", c.name, c.hex, got, err, c.want)
		}
	}
}
