package service

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// Decoders accept what encoding/json accepts. With encoding/json in their
// place, simulations take 30 % more CPU time.
var (
	decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}
	lenient  = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
)

// Fields returns the fields of an object as they are written. Of fields with
// the same name, the last counts. The error is encoding/json's.
func Fields(object []byte) (fields map[string]json.RawMessage, err error) {
	fields = make(map[string]json.RawMessage, 8)
	if end, err := ScanFields(object, fields); err != nil || len(bytes.TrimSpace(object[end:])) > 0 {
		return fields, json.Unmarshal(object, &fields)
	}
	return fields, nil
}

// ScanFields reads the fields of the object that text begins with. It returns
// where the object ends.
func ScanFields(text []byte, fields map[string]json.RawMessage) (end int, err error) {
	d := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(d)
	d.Reset(bytes.NewBuffer(text), lenient...)
	if brace, err := d.ReadToken(); err != nil || brace.Kind() != '{' {
		return 0, cmp.Or(err, errors.New("not an object"))
	}
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return 0, err
		}
		name := token.String()
		value, err := d.ReadValue()
		if err != nil {
			return 0, err
		}
		end := int(d.InputOffset()) // the decoder's copy of the value will not last
		fields[name] = text[end-len(value) : end]
	}
	_, err = d.ReadToken()
	return int(d.InputOffset()), err
}

// StringOf returns a JSON string's value, and whether raw is a string.
func StringOf(raw json.RawMessage) (s string, ok bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	text, _ := jsontext.AppendUnquote(nil, raw) // fails after replacing what is not UTF-8
	return string(text), true
}

// canonical returns a JSON value in a form that is the same for equal values.
// Object keys are in order. Integers keep all their digits and are distinct
// from floating-point numbers, as in Clojure.
func canonical(raw json.RawMessage) string {
	if isSimple(raw) {
		return string(raw)
	}
	form, err := jsontext.AppendFormat(nil, raw, jsontext.ReorderRawObjects(true))
	if err != nil || !isPlain(form) {
		form, _ = jsontext.AppendFormat(nil, plain(raw), jsontext.ReorderRawObjects(true))
	}
	return string(form)
}

// isSimple reports whether a JSON value is a string without escapes or an
// integer, which is its own canonical form, as most are. It may miss some.
func isSimple(raw []byte) bool {
	if len(raw) == 0 {
		return false
	}
	if raw[0] == '"' {
		return !bytes.ContainsFunc(raw[1:], func(c rune) bool { return c < ' ' || c > '~' || c == '\\' })
	}
	return raw[0] >= '1' && raw[0] <= '9' && !bytes.ContainsFunc(raw, func(c rune) bool { return c < '0' || c > '9' })
}

// isPlain reports whether all numbers in a JSON value are integers, which can
// be written in one way only. It may take text in a string for a number.
func isPlain(raw []byte) bool {
	for i, c := range raw[1:] {
		before := raw[i]
		if c == '0' && before == '-' || (c == '.' || c == 'e' || c == 'E') && '0' <= before && before <= '9' {
			return false
		}
	}
	return true
}

// plain writes each number in a JSON value in one way: integers plainly, others
// with an exponent. Of keys that come twice, it keeps the last.
func plain(raw json.RawMessage) json.RawMessage {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var decoded any
	if decoder.Decode(&decoded) != nil {
		return raw
	}
	encoded, _ := json.Marshal(withPlainNumbers(decoded)) // what has been decoded can be encoded
	return encoded
}

func withPlainNumbers(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = withPlainNumbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = withPlainNumbers(v[k])
		}
	case json.Number:
		if v == "-0" {
			return json.Number("0")
		}
		if f, err := v.Float64(); err == nil && strings.ContainsAny(string(v), ".eE") {
			return json.Number(strconv.FormatFloat(f, 'e', -1, 64))
		}
	}
	return v
}

// prStr returns a JSON value as Clojure's pr-str prints what Maelstrom makes of
// it: a map as {"a" 1, "b" [2 3]}. Unlike there, numbers stay as they were
// written, maps keep their order, and a key that comes twice stays twice.
func prStr(raw json.RawMessage) string {
	var b strings.Builder
	d := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(d)
	d.Reset(bytes.NewBuffer(raw), lenient...)
	for {
		around, before := d.StackIndex(d.StackDepth())
		token, err := d.ReadToken()
		if err != nil {
			return b.String()
		}
		kind := token.Kind()
		if before > 0 && kind != '}' && kind != ']' {
			if around == '{' && before%2 == 0 {
				b.WriteByte(',')
			}
			b.WriteByte(' ')
		}
		switch kind {
		case '"':
			b.WriteString(`"` + clojureEscapes.Replace(token.String()) + `"`)
		case 'n':
			b.WriteString("nil")
		default:
			b.WriteString(token.String())
		}
	}
}

// clojureEscapes escapes what pr-str escapes in a string: clojure.core's
// char-escape-string.
var clojureEscapes = strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`, "\f", `\f`, "\b", `\b`)
