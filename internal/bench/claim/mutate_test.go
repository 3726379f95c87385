package claim

import (
	"reflect"
	"strings"
)

// A mutant is a claim of which one argument is changed.
type mutant struct {
	Claim
	change string // the argument's path and its new value
}

// mutants changes each argument of a claim in each sensible way.
func mutants(c Claim) (all []mutant) {
	original := reflect.ValueOf(c)
	change(original, "", func(v reflect.Value, what string) {
		changed := v.Interface().(Claim)
		if !reflect.DeepEqual(changed, c) {
			all = append(all, mutant{changed, what})
		}
	})
	return all
}

// change calls with for each way in which a value may be changed.
func change(v reflect.Value, path string, with func(reflect.Value, string)) {
	set := func(x any) {
		with(reflect.ValueOf(x).Convert(v.Type()), say("%s = %v", path, x))
	}
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		set(v.Int() + 1)
		set(v.Int() - 1)
	case reflect.Bool:
		set(!v.Bool())
	case reflect.String:
		changeString(v, set)
	case reflect.Struct:
		for i := range v.NumField() {
			change(v.Field(i), strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."), func(x reflect.Value, what string) {
				whole := reflect.New(v.Type()).Elem()
				whole.Set(v)
				whole.Field(i).Set(x)
				with(whole, what)
			})
		}
	case reflect.Interface:
		change(v.Elem(), path, with)
	case reflect.Slice:
		for i := range v.Len() {
			less := reflect.AppendSlice(v.Slice3(0, i, i), v.Slice(i+1, v.Len()))
			with(less, say("%s without %d", path, i))
			change(v.Index(i), say("%s[%d]", path, i), func(x reflect.Value, what string) {
				whole := reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v)
				whole.Index(i).Set(x)
				with(whole, what)
			})
		}
		if v.Type().Elem().Kind() == reflect.Int {
			with(reflect.Append(v.Slice3(0, v.Len(), v.Len()), reflect.ValueOf(0)), path+" with 0")
		}
	}
}

func changeString(v reflect.Value, set func(any)) {
	switch s := v.String(); {
	case isNode(s):
		for _, other := range []string{"n0", "n1", "n2"} {
			set(other)
		}
	case v.Type() == reflect.TypeFor[Fate]():
		for _, f := range []Fate{Arrived, Unread, WasLost, WasCut, OnItsWay, Unknown} {
			set(f)
		}
	case v.Type() == reflect.TypeFor[Problem]():
		for _, p := range []Problem{WrongType, NoField, ExtraField, NotInteger, TooLarge, TwoAnswers, NoSuchCode} {
			set(p)
		}
	case v.Type() == reflect.TypeFor[How]():
		for h := range shapes {
			set(h)
		}
	default:
		set(s + "1")
		set("")
	}
}
