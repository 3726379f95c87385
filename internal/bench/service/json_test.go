package service

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// FuzzFields compares the functions that read JSON with the standard
// library.
func FuzzFields(f *testing.F) {
	for _, object := range []string{
		`{}`, ` { } `, `{"a":1}`, "\t{ \"a\" :\r\n1 , \"b\": [ 1, {\"c\":2} ] } ", `{"a":1,"a":{}}`, `{"a":[],"":null,"b":""}`,
		`{"a\"b":"c\\","d":"}],:{"}`, `{"\u0061":"\u2028","ä":"ö"}`, "{\"\xff\":\"\xff\"}", `{"a":{"b":{"c":[[[1]]]}},"d":-1.5e3}`, `{"<":"&"}`,
		`{"total":7,"receipts":{"n1":{"seq":1,"boot":12345678901234567890},"n0":{}},"list":[1,"b",null,[],[true,false]]}`,
		`{"b":-0,"a":-1}`, `{"b":{"a!":1,"a":2},"a":[]}`, `{"b":1,"a":2,"b":3}`,
		`{"a":[1,]}`, `{"a":1,}`, `{"a":01}`, `{"a":-}`, `{"a":tru}`, `{"a"}`, `{"a":"}`, `{"a":{]}`,
		`{"a":1}{"a":2}`, `{"a":1}x`, `null`, `{null:1}`, `{"a":-0.0,"b":[1.0,1e0,1E+2,100,1e400]}`, `{"a":"1e2","b":"-0"}`,
		`{"\ud800":"\ud800\u0041","\ud83d\ude00":1,"\uffff":2}`,
	} {
		f.Add([]byte(object))
	}
	f.Fuzz(agreeWithStandardLibrary)
}

func TestJSONIsNestedAsDeeplyAsTheStandardLibraryAllows(t *testing.T) {
	for _, depth := range []int{9_999, 10_000, 10_001} {
		agreeWithStandardLibrary(t, []byte(strings.Repeat(`{"a":`, depth)+"1"+strings.Repeat("}", depth)))
	}
}

func agreeWithStandardLibrary(t *testing.T, object []byte) {
	var want map[string]json.RawMessage
	wantErr := json.Unmarshal(object, &want)
	got, err := Fields(object)
	if err == nil != (wantErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
		t.Errorf("%q has the fields %q, %v, want %q, %v", object, got, err, want, wantErr)
	}
	if wantErr != nil {
		return
	}
	for _, raw := range append(slices.Collect(maps.Values(want)), object) {
		// The standard library's form of a value is its own, too, so two
		// values are equal in one form if and only if they are in the other.
		form, standard := canonical(raw), string(plain(raw))
		if canonical([]byte(standard)) != form || string(plain([]byte(form))) != standard || canonical([]byte(form)) != form {
			t.Errorf("%s is %s in canonical form, and %s by the standard library", raw, form, standard)
		}
		var s any
		err := json.Unmarshal(raw, &s)
		value, isString := s.(string)
		if got, ok := StringOf(raw); err == nil && (ok != isString || got != value) {
			t.Errorf("%s is %q, %v; want %q, %v", raw, got, ok, value, isString)
		}
	}
}
