package verdict

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTimesAreShownAsPeopleReadThem(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 ms", 49999: "0 ms", -49999: "0 ms", 50 * time.Microsecond: "0.1 ms", 400 * time.Microsecond: "0.4 ms", 9949 * time.Microsecond: "9.9 ms", 9950 * time.Microsecond: "10 ms",
		93906001: "94 ms", ms(17): "17 ms", ms(999): "999 ms", 999499 * time.Microsecond: "999 ms", 999500 * time.Microsecond: "1.00 s",
		ms(2310): "2.31 s", ms(9994): "9.99 s", ms(9995): "10.0 s", ms(10400): "10.4 s", ms(99949): "99.9 s", ms(99950): "100 s",
		ms(104400): "104 s", ms(-5): "-5.0 ms", ms(-2310): "-2.31 s",
	} {
		if got := Time(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func TestARequestIsNamedByWhatItIsAndWhenItWasMade(t *testing.T) {
	for _, test := range []struct {
		op           Op
		request, all string
	}{
		{add(3, 17, 20, OK), "the add of 3 made at 17 ms", "the add of 3 made to n0 at 17 ms"},
		{read(9, 2310, 2400), "the read made at 2.31 s", "the read made to n1 at 2.31 s"},
		{finalRead(9), "the final read", "the final read of n1"},
		{Op{F: "echo", Value: "hi", Node: "n2", Invoke: ms(17)}, "the echo made at 17 ms", "the echo made to n2 at 17 ms"},
	} {
		if got := test.op.Request(); got != test.request {
			t.Errorf("%q, want %q", got, test.request)
		}
		if got := test.op.RequestTo(); got != test.all {
			t.Errorf("%q, want %q", got, test.all)
		}
	}
}

// Texts are of one kind if they say the same of other nodes, values and times.
func TestTextsOfOneKindDifferInTheirParticulars(t *testing.T) {
	for _, kind := range [][]string{
		{`value of read_ok: "7" is not an integer`, `value of read_ok: "a \" b" is not an integer`, `value of read_ok: 7.5 is not an integer`},
		{`at 17 ms: n1 answered request 3 of c5, which had been answered: {"a":[1]}`, `at 8.50 ms: n12 answered request 40 of c5, which had been answered: {}`},
		{`read_ok has no value`},
		{`add_ok has no value`},
		{`not an object: [1]`, `not an object: ["a", {}]`},
	} {
		for _, text := range kind {
			if Kind(text) != Kind(kind[0]) {
				t.Errorf("%q and %q are of two kinds, %q", text, kind[0], Kind(text))
			}
		}
		if Kind(kind[0]) == Kind("add_ok has a field") {
			t.Errorf("%q has no kind of its own", kind[0])
		}
	}
	if Kind("read_ok has no value") == Kind("add_ok has no value") {
		t.Error("different texts are of one kind")
	}
}

func TestNamesAreJoined(t *testing.T) {
	for want, names := range map[string][]string{
		"": nil, "n0": {"n0"}, "n0 and n1": {"n0", "n1"}, "n0, n1 and n2": {"n0", "n1", "n2"}, "n0, n1, n2 and n3": {"n0", "n1", "n2", "n3"},
		"n0, n1, n2 and 2 more": {"n0", "n1", "n2", "n3", "n4"},
	} {
		if got := list(names, "and"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := Number(1, "read") + ", " + Number(0, "read") + ", " + Number(2, "read"); got != "1 read, 0 reads, 2 reads" {
		t.Error(got)
	}
}

// What a node printed is shown up to a thousand bytes, and no character is cut
// in two.
func TestLongLinesAreCut(t *testing.T) {
	for n, want := range map[int]string{
		1000: strings.Repeat("x", 1000),
		1001: strings.Repeat("x", 1000) + "... (1001 bytes in all)",
	} {
		if got := Shown(strings.Repeat("x", n)); got != want {
			t.Errorf("%d bytes: %s", n, got)
		}
	}
	if got, want := Shown("x"+strings.Repeat("é", 500)), "x"+strings.Repeat("é", 499)+"... (1001 bytes in all)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Remarks of one kind are one line.
func TestRemarksAreGrouped(t *testing.T) {
	l := Lives{Remarks: []Remark{
		{"n0", 17 * time.Millisecond, "{} x", "there is text"}, {"n1", 2 * time.Second, "{} y", "there is text"}, {Line: "hello", Text: "printed"},
	}}
	want := []string{"n0: there is text: {} x (and 1 more like it)", "printed: hello"}
	if got := l.Notes(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
