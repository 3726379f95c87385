package storytest

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"maelstrom-counter/internal/bench/claim"
)

// A mutant is a claim with one argument changed.
type mutant struct {
	argument string // the claim's type and the field, such as "Told.State"
	claim    claim.Claim
}

// mutants returns what becomes of a claim if one argument is changed: a number
// by one, a node to another, a list by an element.
func mutants(c claim.Claim) (mutants []mutant) {
	v := reflect.ValueOf(c)
	for _, ch := range changes(v.Type().Name(), v) {
		mutants = append(mutants, mutant{ch.name, ch.value.Interface().(claim.Claim)})
	}
	return mutants
}

// A change is what becomes of a value, and which part of it was changed.
type change struct {
	name  string
	value reflect.Value
}

func changes(name string, v reflect.Value) (all []change) {
	set := func(as func(to reflect.Value)) {
		to := reflect.New(v.Type()).Elem()
		as(to)
		all = append(all, change{name, to})
	}
	switch v.Kind() {
	case reflect.Interface:
		return changes(name, v.Elem())
	case reflect.Bool:
		set(func(to reflect.Value) { to.SetBool(!v.Bool()) })
	case reflect.Int, reflect.Int64:
		set(func(to reflect.Value) { to.SetInt(v.Int() + 1) })
		set(func(to reflect.Value) { to.SetInt(v.Int() - 1) })
	case reflect.String:
		set(func(to reflect.Value) { to.SetString(another(v)) })
	case reflect.Struct:
		for i := range v.NumField() {
			for _, ch := range changes(name+"."+v.Type().Field(i).Name, v.Field(i)) {
				to := reflect.New(v.Type()).Elem()
				to.Set(v)
				to.Field(i).Set(ch.value)
				all = append(all, change{ch.name, to})
			}
		}
	case reflect.Slice:
		return changesOfList(name, v)
	}
	return all
}

// changesOfList drops, repeats and changes the first and the last element.
func changesOfList(name string, v reflect.Value) (all []change) {
	n := v.Len()
	list := func(elements ...reflect.Value) reflect.Value {
		return reflect.Append(reflect.MakeSlice(v.Type(), 0, n+1), elements...)
	}
	var elements []reflect.Value
	for i := range n {
		elements = append(elements, v.Index(i))
	}
	for _, i := range slices.Compact([]int{0, n - 1}) {
		if n == 0 {
			break
		}
		without := slices.Delete(slices.Clone(elements), i, i+1)
		twice := slices.Insert(slices.Clone(elements), i, elements[i])
		all = append(all, change{name + " less one", list(without...)}, change{name + " with one twice", list(twice...)})
		for _, ch := range changes(name, elements[i]) {
			changed := slices.Clone(elements)
			changed[i] = ch.value
			all = append(all, change{ch.name, list(changed...)})
		}
	}
	return all
}

// others are the values of types that have few.
var others = map[reflect.Type][]string{
	reflect.TypeFor[claim.Fate](): {
		string(claim.Arrived), string(claim.Unread), string(claim.WasLost), string(claim.WasCut), string(claim.OnItsWay), string(claim.Unknown),
	},
	reflect.TypeFor[claim.How](): {
		string(claim.ToldOnce), string(claim.Keys), string(claim.OthersKeys), string(claim.CachedKey),
		string(claim.CachedKeys), string(claim.OthersCachedKeys), string(claim.OwnAlone), string(claim.PeersAnswers),
		string(claim.PeersLast), string(claim.PeersMost), string(claim.Deltas), string(claim.LastMap),
	},
	reflect.TypeFor[claim.Problem](): {
		string(claim.WrongType), string(claim.NoField), string(claim.ExtraField),
		string(claim.NotInteger), string(claim.TooLarge), string(claim.TwoAnswers), string(claim.NoSuchCode),
	},
}

var node = regexp.MustCompile(`^n\d+$`)

// another returns another text of the same kind.
func another(v reflect.Value) string {
	s := v.String()
	if all := others[v.Type()]; all != nil {
		return all[(slices.Index(all, s)+1)%len(all)]
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return strconv.FormatInt(n+1, 10)
	}
	switch {
	case node.MatchString(s):
		n, _ := strconv.Atoi(s[1:])
		return "n" + strconv.Itoa((n+1)%3)
	case s == "seq-kv":
		return "lin-kv"
	case s == "lin-kv":
		return "seq-kv"
	case strings.HasSuffix(s, `"`): // a string as JSON
		return s[:len(s)-1] + `x"`
	}
	return s + "x"
}
