package maelstromtest

import (
	"encoding/json"
	"reflect"
	"testing"
)

// FuzzRawFields holds what reads JSON against the standard library.
func FuzzRawFields(f *testing.F) {
	for _, object := range []string{
		`{}`, ` { } `, `{"a":1}`, "\t{ \"a\" :\r\n1 , \"b\": [ 1, {\"c\":2} ] } ", `{"a":1,"a":{}}`, `{"a":[],"":null,"b":""}`,
		`{"a\"b":"c\\","d":"}],:{"}`, `{"\u0061":"\u2028","ä":"ö"}`, "{\"\xff\":\"\xff\"}", `{"a":{"b":{"c":[[[1]]]}},"d":-1.5e3}`, `{"<":"&"}`,
	} {
		f.Add([]byte(object))
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		var want map[string]json.RawMessage
		if json.Unmarshal(object, &want) != nil || want == nil {
			return // not an object
		}
		if got := rawFields(object); !reflect.DeepEqual(got, want) {
			t.Errorf("%q has the fields %q, want %q", object, got, want)
		}
		for _, raw := range want {
			var s any
			err := json.Unmarshal(raw, &s)
			value, isString := s.(string)
			if got, ok := stringOf(raw); ok != (err == nil && isString) || got != value {
				t.Errorf("%s is %q, %v; want %q, %v", raw, got, ok, value, isString)
			}
		}
	})
}
