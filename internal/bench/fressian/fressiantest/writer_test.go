package fressiantest

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
)

// What data.fressian writes: the codes are those of Codes.java.
func TestWhatFressianWriterWrites(t *testing.T) {
	bignum := func(text string) *big.Int {
		n, _ := new(big.Int).SetString(text, 10)
		return n
	}
	long := strings.Repeat("x", 65535)
	for _, c := range []struct {
		values []any
		hex    string
	}{
		{[]any{nil, true, false}, "f7 f5 f6"},
		{[]any{-1, 0, 63}, "ff 00 3f"},
		{[]any{64, -2, 4095, -4096}, "5040 4ffe 5fff 4000"},
		{[]any{4096, -4097, 1<<19 - 1, -1 << 19}, "681000 67efff 6fffff 600000"},
		{[]any{1 << 19, 1<<25 - 1, -1 << 25}, "72080000 73ffffff 70000000"},
		{[]any{1 << 25, 1<<33 - 1, -1 << 33}, "7602000000 77ffffffff 7400000000"},
		{[]any{1 << 33, 1<<41 - 1, -1 << 41}, "7a0200000000 7bffffffffff 780000000000"},
		{[]any{1 << 41, 1<<49 - 1, -1 << 49}, "7e020000000000 7fffffffffffff 7c000000000000"},
		{[]any{1 << 49, int64(math.MinInt64)}, "f80002000000000000 f88000000000000000"},
		{[]any{0.0, 1.0, 1.5, float32(1.5)}, "fb fc fa3ff8000000000000 f93fc00000"},
		{[]any{bignum("9223372036854775808"), bignum("-129"), bignum("-128")},
			"c6d90900 8000000000000000 c6d2ff7f c6d180"},
		{[]any{"", "n0", "in_reply_to"}, "da dc6e30 e30b 696e5f7265706c795f746f"},
		{[]any{"é€", "😀", Units{0xd83d}}, "dfc3a9e282ac e0eda0bdedb880 ddeda0bd"},
		{[]any{long + "x"}, "e3690000" + hex.EncodeToString([]byte(long+"x"))},
		{[]any{long + "é"}, "e268ffff" + hex.EncodeToString([]byte(long)) + "dcc3a9"},
		{[]any{[]any{1, "a"}, []any{1, 2, 3, 4, 5, 6, 7, 8}}, "e601db61 ec080102030405060708"},
		{[]any{Closed{1, 2}, Map{"a", 1}}, "ed0102fd c0e6db6101"},
		{[]any{Struct{"ev", []any{1}}, Struct{"msg", nil}, Struct{"ev", []any{2}}}, "efdc65760101 efdd6d736700 a002"},
		// A keyword gets its number before its name.
		{[]any{Cached{Keyword{Name: "type"}}, Cached{"type"}, Cached{Keyword{Name: "type"}}}, "cdcaf7cdde74797065 81 80"},
		{[]any{Cached{Keyword{Space: "a", Name: "b"}}, Cached{"a"}}, "cdcacddb61cddb62 81"},
		{[]any{Cached{nil}, Cached{""}, Cached{4095}, Cached{1.0}, Cached{true}, Cached{"x"}}, "f7 da 5fff fc f5 cddb78"},
		{[]any{Cached{4096}, Cached{int64(5000)}, Cached{4096}, Cached{[]any{}}, Cached{[]any{}}}, "cd681000 cd681388 80 cde4 82"},
	} {
		var b bytes.Buffer
		w := NewWriter(&b)
		for _, v := range c.values {
			w.Write(v)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if got, want := hex.EncodeToString(b.Bytes()), strings.ReplaceAll(c.hex, " ", ""); got != want {
			t.Errorf("%.60v was written as %.200s, want %.200s", c.values, got, want)
		}
	}
}

// aFile is a file that Maelstrom wrote: the events of the client c0.
const aFile = "" +
	"efdc657604007e0426c89c8f90cdcaf7cdde73656e64efdd6d73670400cddc6330cddc6e31c0edcdcaf7cdde74797065cdde" +
	"696e6974cdcaf7cde16e6f64655f6964dc6e31cdcaf7cde3086e6f64655f696473e7dc6e30dc6e31dc6e32cdcaf7cde06d73" +
	"675f696401fda0077e0426d19f27a3cdcaf7cdde72656376a1038382c0edcdcaf7cde30b696e5f7265706c795f746f0184cd" +
	"e1696e69745f6f6bfd"

func TestAFileOfMaelstroms(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	keyword := func(name string) any { return Cached{Keyword{Name: name}} }
	event := func(id int, time int64, what string, message int, src, dest string, body ...any) {
		m := Struct{"msg", []any{message, Cached{src}, Cached{dest}, Struct{"map", []any{Closed(body)}}}}
		w.Write(Struct{"ev", []any{id, time, keyword(what), m}})
	}
	event(0, 4564620971920, "send", 0, "c0", "n1", keyword("type"), Cached{"init"},
		keyword("node_id"), "n1", keyword("node_ids"), []any{"n0", "n1", "n2"}, keyword("msg_id"), 1)
	event(7, 4564772136867, "recv", 3, "n1", "c0", keyword("in_reply_to"), 1, keyword("type"), Cached{"init_ok"})
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(b.Bytes()); got != aFile {
		t.Errorf("it was written as\n%s\nwant\n%s", got, aFile)
	}
}

// The 33rd value that is kept and the 17th type are referred to by longer
// codes.
func TestFullCaches(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	for i := range 33 {
		w.Write(Cached{fmt.Sprint(i)})
	}
	for i := range 17 {
		w.Write(Struct{Tag: fmt.Sprint(i)})
	}
	for _, v := range []any{Cached{"31"}, Cached{"32"}, Struct{Tag: "15"}, Struct{Tag: "16"}} {
		w.Write(v)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(b.Bytes()); !strings.HasSuffix(got, "9fcc20aff010") {
		t.Errorf("the last bytes are %s, want 9f cc20 af f010", got[len(got)-20:])
	}
}

func TestFromJSON(t *testing.T) {
	v, err := FromJSON([]byte(`{"b": [1, -2.50, "x", null, true, {}], "a": 98765432109876543210}`))
	if got, want := fmt.Sprintf("%v %v", v, err), "[b [1 -2.5 x <nil> true []] a 98765432109876543210] <nil>"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, text := range []string{"", "{", `{"a":`, "[1", "x"} {
		if v, err := FromJSON([]byte(text)); err == nil {
			t.Errorf("%q became %v", text, v)
		}
	}
}
