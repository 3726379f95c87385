package maelstromtest

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"
)

// FuzzRawFields compares the functions that read JSON with the standard
// library.
func FuzzRawFields(f *testing.F) {
	for _, object := range []string{
		`{}`, ` { } `, `{"a":1}`, "\t{ \"a\" :\r\n1 , \"b\": [ 1, {\"c\":2} ] } ", `{"a":1,"a":{}}`, `{"a":[],"":null,"b":""}`,
		`{"a\"b":"c\\","d":"}],:{"}`, `{"\u0061":"\u2028","ä":"ö"}`, "{\"\xff\":\"\xff\"}", `{"a":{"b":{"c":[[[1]]]}},"d":-1.5e3}`, `{"<":"&"}`,
		`{"total":7,"receipts":{"n1":{"seq":1,"boot":12345678901234567890},"n0":{}},"list":[1,"b",null,[],[true,false]]}`,
		`{"b":-0,"a":-1}`, `{"b":{"a!":1,"a":2},"a":[]}`, `{"b":1,"a":2,"b":3}`,
		`{"a":[1,]}`, `{"a":1,}`, `{"a":01}`, `{"a":-}`, `{"a":tru}`, `{"a"}`, `{"a":"}`, `{"a":{]}`,
	} {
		f.Add([]byte(object))
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		if rest, ok := skipPlain(object); ok && !json.Valid(object[:len(object)-len(rest)]) && len(object) <= maxPlain {
			t.Errorf("%q does not begin with JSON", object)
		}
		var want map[string]json.RawMessage
		if json.Unmarshal(object, &want) != nil || want == nil {
			return // not an object
		}
		if got := rawFields(object); !reflect.DeepEqual(got, want) {
			t.Errorf("%q has the fields %q, want %q", object, got, want)
		}
		for _, raw := range append(slices.Collect(maps.Values(want)), object) {
			if got, want := canonical(raw), decodedCanonical(raw); got != want {
				t.Errorf("%s is %s in canonical form, want %s", raw, got, want)
			}
			var s any
			err := json.Unmarshal(raw, &s)
			value, isString := s.(string)
			if got, ok := stringOf(raw); ok != (err == nil && isString) || got != value {
				t.Errorf("%s is %q, %v; want %q, %v", raw, got, ok, value, isString)
			}
		}
	})
}
