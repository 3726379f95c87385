package fressian

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"maelstrom-counter/internal/bench/fressian/fressiantest"
)

// decode returns the JSON of all objects of an input, a line each.
func decode(input []byte) (string, error) {
	var out []byte
	d := NewDecoder(input)
	for d.More() {
		out = append(d.AppendJSON(out), '\n')
	}
	return strings.TrimSpace(string(out)), d.Err()
}

func fromHex(t *testing.T, digits string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The bytes are made by hand from Codes.java and FressianWriter.java.
func TestObjectsBecomeJSON(t *testing.T) {
	for _, c := range []struct{ name, hex, want string }{
		{"constants", "f7 f5 f6", "null true false"},
		{"integers of one byte", "ff 00 01 3f", "-1 0 1 63"},
		{"integers of two bytes", "5040 4ffe 5fff 4000", "64 -2 4095 -4096"},
		{"integers of three bytes", "681000 67efff 6fffff 600000", "4096 -4097 524287 -524288"},
		{"integers of four bytes", "72080000 73ffffff 70000000", "524288 33554431 -33554432"},
		{"integers of five bytes", "7602000000 77ffffffff 7400000000", "33554432 8589934591 -8589934592"},
		{"integers of six bytes", "7a0200000000 7bffffffffff 780000000000", "8589934592 2199023255551 -2199023255552"},
		{"integers of seven bytes", "7e020000000000 7fffffffffffff 7c000000000000",
			"2199023255552 562949953421311 -562949953421312"},
		{"integers of nine bytes", "f80002000000000000 f87fffffffffffffff f88000000000000000",
			"562949953421312 9223372036854775807 -9223372036854775808"},
		{"integers of any size", "c6d2ff7f c6d180 c6d100 c6d90900ffffffffffffffff",
			"-129 -128 0 18446744073709551615"},
		{"floats", "fb fc fa3ff8000000000000 fac000000000000000", "0.0 1.0 1.5 -2.0"},
		{"great and small floats", "fa4480f0cf064dd592 fa3e45798ee2308c3a",
			"10000000000000000000000.0 0.00000001"},
		{"floats that JSON lacks", "fa7ff8000000000000 fa7ff0000000000000 fafff0000000000000", `"NaN" "+Inf" "-Inf"`},
		{"strings", "da dc6e30 e30b696e5f7265706c795f746f", `"" "n0" "in_reply_to"`},
		{"strings that JSON escapes", "dc225c df000a1f7f3c", `"\"\\" "\u0000\n\u001f` + "\x7f<\""},
		{"characters of two and three bytes", "dcc3a9 dde282ac", `"é" "€"`},
		{"a surrogate pair", "e0eda0bdedb880", `"😀"`},
		{"halves of surrogate pairs", "ddeda0bd e0edb880eda0bd", `"` + "\ufffd" + `" "` + "\ufffd\ufffd" + `"`},
		{"characters before and after half of a pair", "e30c c3a9 eda0bd e282ac eda0bd 61", `"é` + "\ufffd€\ufffd" + `a"`},
		{"what is not a character", "dcc328", `"` + "\ufffd" + `("`},
		{"a string in chunks", "e201 61 e201 62 e301 63", `"abc"`},
		{"a string whose last chunk is short", "e201 61 dc6263", `"abc"`},
		{"a string whose last chunk is empty", "e201 61 da", `"a"`},
		{"a surrogate pair in two chunks", "e203 eda0bd ddedb880", `"😀"`},
		{"lists", "e4 e601db61 ec080102030405060708 ec00 ed fd ed01e4fd",
			`[] [1,"a"] [1,2,3,4,5,6,7,8] [] [] [1,[]]`},
		{"maps", "c0e4 c0e6db6101 c0e8db6101db6202 c0ec02db6101 c0ed fd c0eddb61c0eddb6201fdfd",
			`{} {"a":1} {"a":1,"b":2} {"a":1} {} {"a":{"b":1}}`},
		{"a key that is null", "c0e8f700 dadb61", `{"":0,"":"a"}`},
		{"keywords", "caf7db61 cadb61db62 cadadb61 cadb61da caf7db2f", `"a" "a/b" "/a" "a/" "/"`},
		{"a keyword that JSON escapes", "cadc6122db62", `"a\"/b"`},
		{"the cache", "cddb61 cdcaf7cddb62 80 81 82 cc02", `"a" "b" "a" "b" "b" "b"`},
		{"a long index into the cache", "cddb61 cc00", `"a" "a"`},
		{"a map in the cache", "cdc0e6db6105 e68080", `{"a":5} [{"a":5},{"a":5}]`},
		{"a cached list within a cached list", "cde4 cde580", `[] [[]]`},
	} {
		got, err := decode(fromHex(t, c.hex))
		if got != strings.ReplaceAll(c.want, " ", "\n") || err != nil {
			t.Errorf("%s: %s became %s, %v; want %s", c.name, c.hex, got, err, c.want)
		}
	}
}

func TestWhatIsNotFressianIsAnError(t *testing.T) {
	for _, c := range []struct{ name, hex, want string }{
		{"a code that is not known", "b3", "0xb3 is not known"},
		{"a float of 32 bits", "f93fc00000", "0xf9 is not known"},
		{"an end outside of a list", "fd", "0xfd is not known"},
		{"an end within a list with a length", "e5fd", "0xfd is not known"},
		{"a struct within an object", "efdb6101 e5a0", "0xef is not known"},
		{"a footer", "cfcfcfcf 00000000 00000000", "0xcf is not known"},
		{"a symbol", "c9f7db61", "0xc9 is not known"},
		{"a reset of the caches", "fe", "0xfe is not known"},
		{"a map that is not a list", "c005", "0x5 was not expected"},
		{"a map that is a string", "c0db61", "0xdb was not expected"},
		{"a map of three", "c0e7db6102db62", "has no value"},
		{"a map that ends with a key", "c0eddb61fd", "0xfd is not known"},
		{"a map with a list as a key", "c0e6e401", "a key is not a string"},
		{"a map with a number as a key", "c0e60501", "a key is not a string"},
		{"a keyword with a number as its name", "cadb6105", "not made of strings"},
		{"a keyword with a number as its namespace", "ca05db61", "not made of strings"},
		{"a cache that is empty", "80", "object 0 is not there"},
		{"an index behind the cache", "cddb61 81", "object 1 is not there"},
		{"a negative index", "cddb61 ccff", "object -1 is not there"},
		{"a code behind those of the cache", strings.Repeat("cddb61", 33) + "a0", "0xa0 is not known"},
		{"an object that contains itself", "cde580", "object 0 is not there"},
		{"a chunk of a negative length", "e3ff" + "6161", "unexpected EOF"},
		{"a list after a chunk", "e20161 e4", "0xe4 was not expected"},
		{"an integer after a chunk", "e20161 05", "0x5 was not expected"},
		{"an integer that is a string", "c6db61", "0xdb was not expected"},
		{"an integer in chunks", "c6d80101d101", "0xd1 is not known"},
		{"lists in lists", strings.Repeat("e5", maxDepth) + "05", "too deep"},
		{"objects in cached objects", strings.Repeat("cd", maxDepth+1), "too deep"},
		{"keywords in keywords", strings.Repeat("ca", maxDepth+1), "too deep"},
	} {
		if got, err := decode(fromHex(t, c.hex)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %.40s became %.40s, %v; want the error %q", c.name, c.hex, got, err, c.want)
		}
	}
}

func TestStructs(t *testing.T) {
	// ev(7, msg("x", ev(8, null))), then another type.
	d := NewDecoder(fromHex(t, "efdc657602 07 efdd6d736702 db78 a0 08 f7 efdb7a00 a2"))
	d.Struct("ev")
	a := d.Int()
	d.Struct("msg")
	text := string(d.AppendJSON(nil))
	d.Struct("ev")
	b := d.Int()
	text += string(d.AppendJSON(nil))
	d.Struct("z")
	d.Struct("z")
	if a != 7 || b != 8 || text != `"x"null` || d.More() || d.Err() != nil {
		t.Errorf("%d, %d, %s, %v", a, b, text, d.Err())
	}
	for _, c := range []struct{ name, hex string }{
		{"another tag", "efdb6102"},
		{"a tag that is not a string", "ef0502"},
		{"a type that is not there", "a0"},
		{"a code below those of structs", "9f"},
		{"a code behind those of structs", "b0"},
	} {
		d := NewDecoder(fromHex(t, c.hex))
		if d.Struct("ev"); d.Err() == nil {
			t.Errorf("%s: no error", c.name)
		}
	}
	many := strings.Repeat("efdb7a00", 16)
	for digits, ok := range map[string]bool{"af": true, "b0": false, "f010": false} {
		d := NewDecoder(fromHex(t, many+digits))
		for d.More() {
			d.Struct("z")
		}
		if (d.Err() == nil) != ok {
			t.Errorf("%s after 16 types: %v", digits, d.Err())
		}
	}
	d = NewDecoder(fromHex(t, "db61"))
	if d.Int(); d.Err() == nil {
		t.Error("a string passed for an integer")
	}
}

func TestTexts(t *testing.T) {
	d := NewDecoder(fromHex(t, "cddc6330 80 da caf7dc6e30 dc225c"))
	if got := []string{d.Text(), d.Text(), d.Text(), d.Text(), d.Text()}; fmt.Sprintf("%q", got) != `["c0" "c0" "" "n0" "\"\\"]` || d.Err() != nil {
		t.Errorf("%q, %v", got, d.Err())
	}
	for _, digits := range []string{"f7", "05", "e4", "", "dc61"} {
		d := NewDecoder(fromHex(t, digits))
		if text := d.Text(); d.Err() == nil {
			t.Errorf("%q passed for a string, %q", digits, text)
		}
	}
}

// values are those of a message, and some that are rare.
func values(rng *rand.Rand, depth int) any {
	switch n := rng.IntN(12); {
	case n < 2:
		return rng.Int64() >> rng.IntN(64) * int64(1-2*rng.IntN(2))
	case n == 2:
		return new(big.Int).Lsh(big.NewInt(rng.Int64()-1<<62), uint(rng.IntN(200)))
	case n == 3:
		return math.Float64frombits(rng.Uint64())
	case n == 4:
		return []any{nil, true, false, 0.0, 1.0, 100.0, ""}[rng.IntN(7)]
	case n == 5:
		return fressiantest.Keyword{Space: text(rng), Name: text(rng)}
	case n < 8 || depth == 0:
		return text(rng)
	case n == 8:
		return fressiantest.Cached{Value: values(rng, 0)}
	}
	var list []any
	for range rng.IntN(10) {
		list = append(list, text(rng), values(rng, depth-1))
	}
	return []any{list, fressiantest.Closed(list), fressiantest.Map(list)}[rng.IntN(3)]
}

func text(rng *rand.Rand) string {
	return strings.Repeat([]string{"a", "é", "€", "😀", "\"\n", "n0"}[rng.IntN(6)], rng.IntN(6))
}

// asJSON returns what a value is to become.
func asJSON(value any) string {
	var items []string
	switch v := value.(type) {
	case fressiantest.Cached:
		return asJSON(v.Value)
	case fressiantest.Keyword:
		if v.Space == "" {
			return quote(v.Name)
		}
		return quote(v.Space + "/" + v.Name)
	case fressiantest.Map:
		for i := 0; i < len(v); i += 2 {
			items = append(items, asJSON(v[i])+":"+asJSON(v[i+1]))
		}
		return "{" + strings.Join(items, ",") + "}"
	case fressiantest.Closed:
		return asJSON([]any(v))
	case []any:
		for _, item := range v {
			items = append(items, asJSON(item))
		}
		return "[" + strings.Join(items, ",") + "]"
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return quote(fmt.Sprint(v))
		}
		text := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(text, ".") {
			text += ".0"
		}
		return text
	case string:
		return quote(v)
	case nil:
		return "null"
	}
	return fmt.Sprint(value)
}

func quote(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string can be encoded
	return strings.TrimSpace(b.String())
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	const seed = 28
	for i := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, i))
		var b bytes.Buffer
		w, want := fressiantest.NewWriter(&b), ""
		for range 1 + rng.IntN(20) {
			v := values(rng, 3)
			w.Write(v)
			want += asJSON(v) + "\n"
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		got, err := decode(b.Bytes())
		want = strings.TrimSpace(want)
		if got != want || err != nil {
			same := 0
			for same < min(len(got), len(want)) && got[same] == want[same] {
				same++
			}
			t.Fatalf("seed %d, %d: %x became %.80q; want %.80q, %v", seed, i, b.Bytes(), got[same:], want[same:], err)
		}
	}
}

func TestIntegersAroundEachPowerOfTwo(t *testing.T) {
	for power := range 64 {
		for near := int64(-2); near <= 2; near++ {
			for _, n := range []int64{1<<power + near, -1<<power + near} {
				var b bytes.Buffer
				w := fressiantest.NewWriter(&b)
				w.Write(n)
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
				d := NewDecoder(b.Bytes())
				if got := d.Int(); got != n || d.Err() != nil {
					t.Errorf("%d was read as %d, %v", n, got, d.Err())
				}
			}
		}
	}
}

func TestLongStrings(t *testing.T) {
	const chunk = 1 << 16 // bytes, at most
	for _, size := range []int{chunk - 1, chunk, chunk + 1, 3*chunk + 5} {
		for _, character := range []string{"a", "é", "€", "😀"} {
			want := "x" + strings.Repeat(character, size)
			var b bytes.Buffer
			w := fressiantest.NewWriter(&b)
			w.Write([]any{want, "after"})
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			got, err := decode(b.Bytes())
			if got != `["`+want+`","after"]` || err != nil {
				t.Errorf("%d of %s: %.40s, %v", size, character, got, err)
			}
		}
	}
}

// Wherever an input ends, what comes before is read, and the error says whether
// it ended within an object.
func TestInputsThatAreCutOff(t *testing.T) {
	objects := []string{
		"05", "7e020000000000", "f80002000000000000", "fa3ff8000000000000", "e30b696e5f7265706c795f746f",
		"e20161e30162", "c6d90900ffffffffffffffff", "cdcaf7cdde74797065", "c0eddb61c0e6db6201fd", "ec03010203", "cc00",
	}
	input, whole := []byte(nil), map[int]int{0: 0} // objects, by where they end
	for i, digits := range objects {
		input = append(input, fromHex(t, digits)...)
		whole[len(input)] = i + 1
	}
	for end := range len(input) + 1 {
		d, read := NewDecoder(input[:end]), 0
		for d.More() {
			if d.AppendJSON(nil); d.Err() == nil {
				read++
			}
		}
		if n, ok := whole[end]; ok && (d.Err() != nil || read != n) {
			t.Errorf("after %d bytes, between objects: %d objects were read, %v", end, read, d.Err())
		} else if !ok && d.Err() != io.ErrUnexpectedEOF {
			t.Errorf("after %d bytes, within an object: %v", end, d.Err())
		}
	}
}

// Few bytes can't stand for very many, however the caches are used.
func TestOutputIsBounded(t *testing.T) {
	for _, c := range []struct{ name, hex string }{
		{"a long string, again and again", "cde3 68ffff" + strings.Repeat("61", 0xffff) + strings.Repeat("80", 5000)},
		{"a long list, again and again", "cdec 68ffff" + strings.Repeat("f7", 0xffff) + strings.Repeat("80", 5000)},
		{"lists of lists", "cdec 68ffff" + strings.Repeat("f7", 0xffff) + "cdec 5064" + strings.Repeat("80", 100)},
	} {
		input := fromHex(t, c.hex)
		got, err := decode(input)
		if err == nil || len(got) > freeGrowth+128*len(input) {
			t.Errorf("%s: %d bytes became %d, %v", c.name, len(input), len(got), err)
		}
	}
}

// What is cached may be used often, if it is short or the input is long.
func TestCachedObjectsMayBeUsedOften(t *testing.T) {
	for _, c := range []struct {
		name, between string
		size, times   int
	}{
		{"a key of each of a million messages", "", 50, 1_000_000},
		{"a long key of messages that are long, too", "e3 5064" + strings.Repeat("61", 100), 1000, 2000},
		{"a long key in a small file", "", 1000, 100},
	} {
		key := strings.Repeat("k", c.size)
		var b bytes.Buffer
		w := fressiantest.NewWriter(&b)
		w.Write(fressiantest.Cached{Value: key})
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		input := append(b.Bytes(), bytes.Repeat(fromHex(t, "80"+c.between), c.times)...)
		if got, err := decode(input); err != nil || strings.Count(got, key) != 1+c.times {
			t.Errorf("%s: %d of %d, %v", c.name, strings.Count(got, key), 1+c.times, err)
		}
	}
}

func TestListsMayBeDeep(t *testing.T) {
	got, err := decode(fromHex(t, strings.Repeat("e5", maxDepth-1)+"05"))
	if want := strings.Repeat("[", maxDepth-1) + "5" + strings.Repeat("]", maxDepth-1); got != want || err != nil {
		t.Errorf("%.40s, %v", got, err)
	}
}

func FuzzDecoder(f *testing.F) {
	for _, seed := range []string{
		"f7f5f6", "efdc65760107", "cdcaf7cdde7479706581", "c0eddb6101fd", "e20161dc6263", "c6d2ff7f", "fa3ff8000000000000",
		"cdc0e6db6105e68080", "eda0fd", "caf705", "e0eda0bdedb880", "c0e8db6105f5fbf6",
	} {
		input, err := hex.DecodeString(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(input)
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		d, size := NewDecoder(input), 0
		for d.More() {
			text := d.AppendJSON(nil)
			if d.Err() == nil && !json.Valid(text) {
				t.Errorf("not JSON: %s", text)
			}
			size += len(text)
		}
		if size > freeGrowth+128*len(input) {
			t.Errorf("%d bytes became %d", len(input), size)
		}
	})
}
