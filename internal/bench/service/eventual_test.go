package service

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// asks sends a request to a service and returns the answer's body without
// in_reply_to.
func asks(s Service, body string) string {
	reply, _ := Answer(s, "n0", json.RawMessage(body))
	return strings.Replace(string(reply), `,"in_reply_to":null`, "", 1)
}

func TestTheOracleCountsFromZero(t *testing.T) {
	s := &oracle{}
	for i := range 5 {
		if got, want := asks(s, `{"type":"ts"}`), fmt.Sprintf(`{"type":"ts_ok","ts":%d}`, i); got != want {
			t.Errorf("answer %s, want %s", got, want)
		}
		if got := asks(s, `{"type":"read","key":"k"}`); got != "" {
			t.Errorf("a read was answered with %s", got)
		}
	}
}

// fixed draws these bits, one after the other, and then zeros.
type fixed []uint64

func (f *fixed) Uint64() uint64 {
	if len(*f) == 0 {
		return 0
	}
	bit := (*f)[0]
	*f = (*f)[1:]
	return bit // IntN(2) is the last bit
}

// lww-kv merges the first replica drawn into the second, and then asks the
// third. The later write wins, by the replicas' clocks, and of two equally late
// ones that of the replica that is merged into the other.
func TestLastWriteWins(t *testing.T) {
	const read = `{"type":"read","key":"k"}`
	write := func(v string) string { return `{"type":"write","key":"k","value":` + v + `}` }
	cas := func(from, to string) string {
		return `{"type":"cas","key":"k","from":` + from + `,"to":` + to + `,"create_if_not_exists":true}`
	}
	const none, written, swapped = `{"type":"error","code":20,"text":"key does not exist"}`, `{"type":"write_ok"}`, `{"type":"cas_ok"}`
	other := func(kind string) string { return `{"type":"` + kind + `","key":"other","value":7}` }
	value := func(v string) string { return `{"type":"read_ok","value":` + v + `}` }
	for name, steps := range map[string][]struct {
		source, dest, asked uint64
		body, want          string
	}{
		"a cas does not create":     {{0, 0, 0, cas("0", "1"), none}, {0, 0, 0, read, none}},
		"a write is on one replica": {{0, 0, 0, write("1"), written}, {0, 0, 1, read, none}, {0, 0, 0, read, value("1")}},
		"it is merged":              {{0, 0, 0, write("1"), written}, {0, 1, 1, read, value("1")}},
		"into the second":           {{0, 0, 0, write("1"), written}, {1, 0, 1, read, none}, {1, 1, 0, read, value("1")}},
		"the source wins a tie":     {{0, 0, 0, write("1"), written}, {0, 0, 1, write("2"), written}, {0, 1, 1, read, value("1")}},
		"and the other way":         {{0, 0, 0, write("1"), written}, {0, 0, 1, write("2"), written}, {1, 0, 0, read, value("2")}},
		"the later one wins":        {{0, 0, 0, write("1"), written}, {0, 0, 1, write("2"), written}, {0, 0, 1, write("3"), written}, {0, 1, 1, read, value("3")}},
		"as a source, too":          {{0, 0, 0, write("1"), written}, {0, 0, 1, write("2"), written}, {0, 0, 1, write("3"), written}, {1, 0, 0, read, value("3")}},
		"a merge brings the clock":  {{0, 0, 0, write("1"), written}, {0, 0, 0, write("2"), written}, {0, 1, 1, write("3"), written}, {0, 1, 1, read, value("3")}},
		"a merge keeps the clock": {
			{0, 0, 0, write("1"), written}, {0, 0, 0, write("2"), written}, {0, 0, 1, write("3"), written}, {1, 0, 0, write("4"), written},
			{0, 0, 1, write("5"), written}, {1, 0, 0, read, value("4")},
		},
		"a merge changes one replica": {
			{0, 0, 0, write("1"), written}, {0, 0, 1, other("write"), written}, {0, 1, 1, other("read"), value("7")}, {0, 0, 0, other("read"), none},
		},
		"a cas swaps":                {{0, 0, 0, write("1"), written}, {0, 0, 0, cas("1", "2"), swapped}, {0, 0, 0, read, value("2")}},
		"a cas is later, too":        {{0, 0, 0, write("1"), written}, {0, 1, 1, cas("1", "2"), swapped}, {0, 1, 1, read, value("2")}},
		"a cas that differs":         {{0, 0, 0, write("1"), written}, {0, 0, 0, cas("2", "3"), `{"type":"error","code":22,"text":"current value 1 is not 2"}`}},
		"a text":                     {{0, 0, 0, write(`"a"`), written}, {0, 0, 0, cas(`"b"`, "3"), `{"type":"error","code":22,"text":"current value \"a\" is not b"}`}},
		"null":                       {{0, 0, 0, write(`1`), written}, {0, 0, 0, cas(`null`, "3"), `{"type":"error","code":22,"text":"current value 1 is not "}`}},
		"a list":                     {{0, 0, 0, write(`1`), written}, {0, 0, 0, cas(`["b"]`, "3"), `{"type":"error","code":22,"text":"current value 1 is not [\"b\"]"}`}},
		"an unknown type draws none": {{0, 0, 0, write("1"), written}, {0, 1, 1, `{"type":"ts"}`, ""}, {0, 0, 1, read, none}},
	} {
		draws := &fixed{}
		s := &eventual{random: rand.New(draws)}
		for i, step := range steps {
			*draws = fixed{step.source, step.dest, step.asked}
			if got := asks(s, step.body); got != step.want {
				t.Errorf("%s: step %d: %s, want %s", name, i, got, step.want)
			}
		}
	}
}
