// Package fressian decodes Fressian, the binary format of Clojure's
// data.fressian, as Maelstrom writes it, and gives it as JSON:
//
//	d := fressian.NewDecoder(data)
//	for d.More() {
//		d.Struct("ev")            // a struct, of which the first field
//		id := d.Int()             // is an integer,
//		body = d.AppendJSON(body) // and the second anything
//	}
//	err := d.Err()
//
// Strings and keywords become strings, with a slash between a keyword's
// namespace and its name; lists become arrays, and maps objects, in the order
// in which they were written. A key that is null becomes an empty string, as it
// does when Maelstrom sends it to a node. A float is written with a point,
// since Clojure tells 1.0 from 1. NaN and the infinities, which JSON lacks,
// become the strings "NaN", "+Inf" and "-Inf". What is not Unicode, such as
// half of a surrogate pair, becomes U+FFFD.
//
// The package also knows the caches of objects and of struct types, strings in
// chunks, and integers of any size. Anything that Maelstrom does not write is
// an error: keys that are not strings, symbols, sets, dates, UUIDs, regular
// expressions, URIs, decimals, floats of 32 bits, bytes, typed arrays, structs
// within objects, more than 16 types of structs, open lists, resets of the
// caches, and footers with their checksums.
//
// The input may be damaged or hostile. Memory is taken only for bytes that have
// been read. How deep objects may be within others is bounded, and so is what
// the cache adds to the output.
package fressian

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A Decoder reads objects. After an error, what its methods return is of no
// use, and More returns false.
type Decoder struct {
	input   []byte // what is left of it
	err     error
	cache   [][]byte // objects, as JSON; nil where one is being read
	growth  int      // how many bytes the cache may still add to the output
	structs []string // the tags of structs, as JSON
	depth   int      // of the object that is being read, within others
	text    []byte   // of a string
	quoted  []byte   // the same as JSON
}

const (
	maxDepth = 2000 // of objects; Jackson, with which Maelstrom reads JSON, takes 1000 lists

	// The cache may add this much to the output, and this much for each byte of
	// the input: a cached key takes up one byte.
	freeGrowth, growthPerByte = 1 << 20, 64
)

// The codes of Codes.java with which objects begin. Bytes, strings and lists
// have ten each, of which the first eight are a length.
const (
	cacheUse, cacheGet, cachePut     = 0x80, 0xcc, 0xcd
	structUse, structDef             = 0xa0, 0xef
	mapping, bigInt, keyword         = 0xc0, 0xc6, 0xca
	bytesOf0, stringOf0, stringChunk = 0xd0, 0xda, 0xe2
	listOf0, closedList, endOfList   = 0xe4, 0xed, 0xfd
	null, longInt, float, minusOne   = 0xf7, 0xf8, 0xfa, 0xff
)

var constants = map[int]string{0xf5: "true", 0xf6: "false", null: "null", 0xfb: "0.0", 0xfc: "1.0"}

// ints has the codes of integers: below which code they are, which of them
// stands for zero, and how many bytes follow. The code's distance from zero are
// the bits before these.
var ints = [...]struct{ end, zero, follow int }{
	{0x40, 0x00, 0}, {0x60, 0x50, 1}, {0x70, 0x68, 2}, {0x74, 0x72, 3}, {0x78, 0x76, 4}, {0x7c, 0x7a, 5}, {0x80, 0x7e, 6},
	{longInt, -1, 0}, {longInt + 1, longInt, 8}, {minusOne, -1, 0}, {minusOne + 1, minusOne + 1, 0},
}

// NewDecoder returns a decoder of an input, which must not change.
func NewDecoder(input []byte) *Decoder {
	return &Decoder{input: input, growth: freeGrowth + growthPerByte*len(input)}
}

// Err returns the first error. It is io.ErrUnexpectedEOF if the input ended
// within an object, and nil if it ended between objects.
func (d *Decoder) Err() error { return d.err }

// More says whether there is another object.
func (d *Decoder) More() bool { return len(d.input) > 0 && d.err == nil }

// Struct begins a struct, which must have a tag. Its fields are the next
// objects, and may be structs as well.
func (d *Decoder) Struct(tag string) {
	i := d.code() - structUse
	if i == structDef-structUse {
		i = len(d.structs)
		d.structs = append(d.structs, string(d.AppendJSON(nil)))
		d.Int() // how many fields it has
	}
	if i < 0 || i >= len(d.structs) || d.structs[i] != `"`+tag+`"` {
		d.failf("a struct %s was expected", tag)
	}
}

// Int returns the next object, which must be an integer of 64 bits.
func (d *Decoder) Int() int64 { return d.int(d.code()) }

// Text returns the next object, which must be a string or a keyword.
func (d *Decoder) Text() string {
	d.quoted = d.AppendJSON(d.quoted[:0])
	text, err := jsontext.AppendUnquote(d.text[:0], d.quoted)
	d.fail(err)
	return string(text)
}

// AppendJSON appends the next object to a slice.
func (d *Decoder) AppendJSON(to []byte) []byte { return d.object(d.code(), to) }

// object appends the object that begins with a code.
func (d *Decoder) object(code int, to []byte) []byte {
	d.depth++
	defer func() { d.depth-- }()
	switch {
	case d.depth > maxDepth: // only constants are left
	case code < cacheUse || code == longInt || code == minusOne:
		return strconv.AppendInt(to, d.int(code), 10)
	case code < structUse:
		return d.cached(int64(code-cacheUse), to)
	case code >= stringOf0 && code < listOf0:
		return d.string(code, to)
	case code >= listOf0 && code <= closedList:
		return d.list(code, to, "[]")
	case code == mapping:
		return d.list(d.code(), to, "{}")
	case code == bigInt:
		return d.bigInt(to)
	case code == float:
		return appendFloat(to, math.Float64frombits(uint64(d.int(longInt))))
	case code == keyword:
		return d.keyword(to)
	case code == cachePut:
		return d.put(to)
	case code == cacheGet:
		return d.cached(d.Int(), to)
	}
	constant, known := constants[code]
	if !known {
		d.failf("code %#x is not known here, or too deep within others", code)
	}
	return append(to, cmp.Or(constant, "null")...)
}

// int returns the integer that begins with a code.
func (d *Decoder) int(code int) int64 {
	i := 0
	for code >= ints[i].end {
		i++
	}
	if ints[i].zero < 0 {
		d.failf("an integer was expected, not code %#x", code)
	}
	n := int64(code - ints[i].zero)
	for _, b := range d.bytes(ints[i].follow) {
		n = n<<8 | int64(b)
	}
	return n
}

// bigInt appends an integer of any size, given as bytes in two's complement.
func (d *Decoder) bigInt(to []byte) []byte {
	digits := d.bytes(d.length(d.code(), bytesOf0))
	n := new(big.Int).SetBytes(digits)
	if len(digits) > 0 && digits[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(digits))))
	}
	return n.Append(to, 10)
}

// appendFloat appends a float so that it stays one.
func appendFloat(to []byte, f float64) []byte {
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		text = `"` + text + `"`
	} else if f == math.Trunc(f) {
		text += ".0"
	}
	return append(to, text...)
}

// string appends a string that begins with a code.
func (d *Decoder) string(code int, to []byte) []byte {
	d.text = append(d.text[:0], d.bytes(d.length(code, stringOf0))...)
	for code == stringChunk {
		code = d.code()
		d.text = append(d.text, d.bytes(d.length(code, stringOf0))...)
	}
	quoted, err := jsontext.AppendQuote(to, d.text)
	if err != nil { // it is not UTF-8
		quoted, _ = jsontext.AppendQuote(to, string(utf16.Decode(units(d.text))))
	}
	return quoted
}

// units returns the UTF-16 units of a string. Java encodes the two halves of a
// surrogate pair one by one, in three bytes each.
func units(text []byte) (units []uint16) {
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && len(text) >= 3 {
			r, size = rune(text[0])<<12|rune(text[1]&0x3f)<<6|rune(text[2]&0x3f), 3
		}
		units, text = append(units, uint16(r)), text[size:]
	}
	return units
}

// keyword appends a keyword: a namespace, which may be null, and a name.
func (d *Decoder) keyword(to []byte) []byte {
	space, name := d.AppendJSON(nil), d.AppendJSON(nil)
	if string(space) == "null" {
		return append(to, name...)
	}
	space[len(space)-1] = '/'
	if space[0] != '"' || name[0] != '"' {
		d.failf("a keyword is not made of strings")
	}
	return append(append(to, space...), name[1:]...)
}

// list appends a list that begins with a code, or a map, which is a list of
// keys and values in turn. It has a length, or a mark at its end.
func (d *Decoder) list(code int, to []byte, brackets string) []byte {
	to = append(to, brackets[0])
	for left := d.length(code, listOf0); left != 0 && d.err == nil; left-- {
		if code = d.code(); code == endOfList && left < 0 {
			break
		}
		if brackets == "{}" {
			key := len(to)
			if to = d.object(code, to); string(to[key:]) == "null" {
				to = append(to[:key], `""`...)
			}
			if to[key] != '"' || left == 1 {
				d.failf("a key is not a string, or has no value: %.40s", to[key:])
			}
			to, code, left = append(to, ':'), d.code(), left-1
		}
		to = append(d.object(code, to), ',')
	}
	return append(bytes.TrimSuffix(to, []byte{','}), brackets[1])
}

// put appends an object and keeps it in the cache. It comes there before those
// that it contains.
func (d *Decoder) put(to []byte) []byte {
	i, from := len(d.cache), len(to)
	d.cache = append(d.cache, nil)
	to = d.AppendJSON(to)
	d.cache[i] = bytes.Clone(to[from:])
	return to
}

// cached appends an object of the cache.
func (d *Decoder) cached(index int64, to []byte) []byte {
	if index < 0 || index >= int64(len(d.cache)) || d.cache[index] == nil || d.growth < len(d.cache[index]) {
		d.failf("cached object %d is not there, or makes the output very large", index)
		return append(to, "null"...)
	}
	d.growth -= len(d.cache[index])
	return append(to, d.cache[index]...)
}

// length returns the length of what begins with a code: -1 if there is a mark
// at its end. Of the ten codes of a kind, the first stands for the length 0.
func (d *Decoder) length(code, of0 int) int {
	switch {
	case code < of0 || code > of0+9:
		d.failf("code %#x was not expected", code)
	case code == closedList:
		return -1
	case code >= of0+8:
		return int(d.Int())
	}
	return code - of0
}

// code returns the code with which the next object begins, or 0 at the end of
// the input.
func (d *Decoder) code() int {
	if b := d.bytes(1); len(b) > 0 {
		return int(b[0])
	}
	return 0
}

// bytes returns the next bytes.
func (d *Decoder) bytes(n int) (b []byte) {
	if n < 0 || n > len(d.input) {
		d.fail(io.ErrUnexpectedEOF)
		n = 0
	}
	b, d.input = d.input[:n], d.input[n:]
	return b
}

// fail keeps the first error.
func (d *Decoder) fail(err error) { d.err = cmp.Or(d.err, err) }

func (d *Decoder) failf(format string, args ...any) { d.fail(fmt.Errorf(format, args...)) }
