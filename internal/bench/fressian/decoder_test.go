package fressian

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
)

// decode returns the JSON of all objects of an input.
func decode(input []byte) (texts []string, err error) {
	d := NewDecoder(bytes.NewReader(input))
	for {
		text, err := d.AppendJSON(nil)
		if errors.Is(err, io.ErrUnexpectedEOF) && d.read == int64(len(input)) {
			return texts, nil
		}
		if err != nil {
			return texts, err
		}
		texts = append(texts, string(text))
	}
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
		texts, err := decode(fromHex(t, c.hex))
		if got := strings.Join(texts, " "); got != c.want || err != nil {
			t.Errorf("%s: %s became %s, %v; want %s", c.name, c.hex, got, err, c.want)
		}
	}
}
