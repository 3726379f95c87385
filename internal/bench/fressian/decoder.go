// Package fressian decodes Fressian, the binary format of Clojure's
// data.fressian, and gives it as JSON:
//
//	d := fressian.NewDecoder(file)
//	for d.More() {
//		d.Struct("ev", 2)         // a struct of two fields:
//		id := d.Int()             // one is an integer,
//		body = d.AppendJSON(body) // and the other anything
//	}
//	err := d.Err()
//
// Strings, keywords and symbols become strings, with a slash between namespace
// and name; lists become arrays, and maps objects, in the order in which they
// were written. A key that is null becomes an empty string. A float is written
// with a point, since Clojure tells 1.0 from 1. NaN and the infinities, which
// JSON lacks, become the strings "NaN", "+Inf" and "-Inf". Half of a surrogate
// pair, which a Java string may hold, becomes U+FFFD.
//
// What else is known are the caches of objects and of struct types, with their
// resets, strings in chunks, and integers of any size. It leaves out what JSON
// has no form for, and what Maelstrom does not write: keys that are not
// strings, sets, dates, UUIDs, regular expressions, URIs, decimals, floats of
// 32 bits, bytes, typed arrays, records and other structs within objects, open
// lists, and footers with their checksums. They are errors, as is a chunk of
// more than 64 kB, which no writer makes.
//
// The input may be damaged or hostile. Memory is taken only for bytes that have
// been read; nesting is bounded, and so is what the caches add to the output.
package fressian

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"
)

// A Decoder reads objects. After an error, what its methods return is of no
// use, and More returns false.
type Decoder struct {
	Entry func(key, value []byte) // if set, is called with the JSON of each entry of an outermost map

	r       *bufio.Reader
	err     error
	read    int64    // bytes that were taken from r
	added   int64    // bytes of output that came from the cache
	cache   [][]byte // objects, as JSON; nil where one is being read
	caching int      // how many are being read
	structs []structType
	depth   int    // of lists and maps
	text    []byte // what a string or an integer is made of
}

// A structType is written once for many structs.
type structType struct {
	tag    string
	fields int64
}

const (
	maxChunk = 1 << 16 // bytes: FressianWriter's buffer is not larger
	maxDepth = 1000    // of nesting: Jackson, with which Maelstrom reads JSON, goes no deeper

	// The cache may add this much to the output, and this many times the input:
	// a cached key takes up one byte.
	freeGrowth, maxGrowth = 1 << 20, 64
)

// The codes of Codes.java. Behind those that are short there are seven or more
// others, each of which holds a length or an index.
const (
	shortCache, getCache, putCache    = 0x80, 0xcc, 0xcd
	shortStruct, structDef, structUse = 0xa0, 0xef, 0xf0
	mapping, bigInt, symbol, keyword  = 0xc0, 0xc6, 0xc9, 0xca
	shortBytes, shortString           = 0xd0, 0xda
	shortList, longList, closedList   = 0xe4, 0xec, 0xed
	isTrue, isFalse, null             = 0xf5, 0xf6, 0xf7
	longInt, float, zero, one         = 0xf8, 0xfa, 0xfb, 0xfc
	endOfList, resetCaches, minusOne  = 0xfd, 0xfe, 0xff
)

var constants = [...]string{isTrue: "true", isFalse: "false", null: "null", zero: "0.0", one: "1.0"}

// NewDecoder returns a decoder, which may read more of r than it needs.
func NewDecoder(r io.Reader) *Decoder {
	return &Decoder{r: bufio.NewReaderSize(r, maxChunk)}
}

// Err returns the first error. It is io.ErrUnexpectedEOF if the input ended
// within an object, and nil if it ended between objects.
func (d *Decoder) Err() error {
	if d.err == io.EOF { // More has not seen it
		return io.ErrUnexpectedEOF
	}
	return d.err
}

// More says whether there is another object.
func (d *Decoder) More() bool {
	_, err := d.r.Peek(1)
	if err != io.EOF {
		d.fail(err)
	}
	return err == nil && d.err == nil
}

// Struct begins a struct, which must have a tag and a number of fields. The
// fields are the next objects, and may be structs as well.
func (d *Decoder) Struct(tag string, fields int64) {
	code := d.code()
	index := int64(code - shortStruct)
	switch {
	case code == structDef:
		index = int64(len(d.structs))
		d.structs = append(d.structs, structType{strings.Trim(string(d.AppendJSON(nil)), `"`), d.Int()})
	case code == structUse:
		index = d.Int()
	case index >= 16:
		index = -1
	}
	if index < 0 || index >= int64(len(d.structs)) || d.structs[index] != (structType{tag, fields}) {
		d.failf("a struct %s of %d fields was expected", tag, fields)
	}
}

// Int returns the next object, which must be an integer of 64 bits.
func (d *Decoder) Int() int64 { return d.intOf(d.code()) }

// intOf returns the integer that begins with a code. A code below 0x80 says how
// many bytes follow, and has the bits before them: it is in one of the ranges
// that end below, and the middle of each range stands for zero.
func (d *Decoder) intOf(code int) int64 {
	n, size := int64(0), 8
	start := -0x40
	for more, end := range [...]int{0x40, 0x60, 0x70, 0x74, 0x78, 0x7c, 0x80} {
		if code >= start && code < end {
			n, size = int64(code-(start+end)/2), more
		}
		start = end
	}
	if code == minusOne {
		return -1
	} else if code >= start && code != longInt {
		d.failf("an integer was expected, not code %#x", code)
	}
	for _, b := range d.bytes(size) {
		n = n<<8 | int64(b)
	}
	return n
}

// AppendJSON appends the next object to a slice.
func (d *Decoder) AppendJSON(to []byte) []byte { return d.object(d.code(), to) }

// object appends the object that begins with a code.
func (d *Decoder) object(code int, to []byte) []byte {
	switch {
	case code < shortCache || code == longInt || code == minusOne:
		return strconv.AppendInt(to, d.intOf(code), 10)
	case code < shortStruct:
		return d.cached(int64(code-shortCache), to)
	case code >= shortString && code < shortList:
		return d.string(code, to)
	case code >= shortList && code <= closedList:
		return d.list(code, to, "[]")
	case code >= isTrue && code <= null || code == zero || code == one:
		return append(to, constants[code]...)
	}
	switch code {
	case float:
		return appendFloat(to, math.Float64frombits(uint64(d.intOf(longInt))))
	case bigInt:
		return d.bigInt(to)
	case keyword, symbol:
		return d.named(to)
	case mapping:
		return d.list(d.code(), to, "{}")
	case putCache:
		return d.put(to)
	case getCache:
		return d.cached(d.Int(), to)
	}
	d.failf("code %#x is not known here", code)
	return to
}

// list appends a list that begins with a code, or a map, which is a list of
// keys and values in turn. The code has the length, or it follows, or the list
// has a mark at its end.
func (d *Decoder) list(code int, to []byte, brackets string) []byte {
	left, key := int64(code-shortList), -1
	switch d.depth++; {
	case code < shortList || code > closedList || d.depth > maxDepth:
		d.failf("code %#x is not a list, or it is too deep within others", code)
	case code == longList:
		left = d.Int()
	case code == closedList:
		left = -1
	}
	to = append(to, brackets[0])
	for left != 0 {
		if code = d.code(); left < 0 && code == endOfList {
			break
		}
		left--
		from := len(to)
		if to = d.object(code, to); d.err != nil {
			return to
		}
		switch {
		case brackets == "[]":
			to = append(to, ',')
		case key < 0:
			if string(to[from:]) == "null" { // nodes get it as an empty string, too
				to = append(to[:from], `""`...)
			} else if to[from] != '"' {
				d.failf("a key is not a string: %.40s", to[from:])
			}
			to, key = append(to, ':'), from
		default:
			if d.Entry != nil && d.depth == 1 {
				d.Entry(to[key:from-1], to[from:])
			}
			to, key = append(to, ','), -1
		}
	}
	if key >= 0 {
		d.failf("a key has no value")
	}
	d.depth--
	return append(bytes.TrimSuffix(to, []byte{','}), brackets[1])
}

// put appends an object and keeps it in the cache. It comes there before those
// that it contains.
func (d *Decoder) put(to []byte) []byte {
	i, from := len(d.cache), len(to)
	d.cache = append(d.cache, nil)
	d.caching++
	to = d.AppendJSON(to)
	d.caching--
	if d.err == nil && i < len(d.cache) {
		d.cache[i] = bytes.Clone(to[from:])
	}
	return to
}

// cached appends an object of the cache. Within one that is being cached there
// are only strings, the names of keywords: of others, few bytes could make very
// much, and very deep lists.
func (d *Decoder) cached(index int64, to []byte) []byte {
	if index < 0 || index >= int64(len(d.cache)) || d.cache[index] == nil {
		d.failf("there are %d cached objects, and not one with the index %d", len(d.cache), index)
		return to
	}
	object := d.cache[index]
	d.added += int64(len(object))
	if d.added > freeGrowth+maxGrowth*d.read || d.caching > 0 && object[0] != '"' {
		d.failf("cached objects make the output very large")
	}
	return append(to, object...)
}

// named appends a keyword or symbol: a namespace, which may be null, and a
// name.
func (d *Decoder) named(to []byte) []byte {
	space, name := d.AppendJSON(nil), d.AppendJSON(nil)
	if d.err != nil {
		return to
	}
	if string(space) == "null" {
		space = []byte{'"'}
	} else {
		space[len(space)-1] = '/'
	}
	if space[0] != '"' || name[0] != '"' {
		d.failf("a keyword is not made of strings")
	}
	return append(append(to, space...), name[1:]...)
}

// string appends a string that begins with a code. Java encodes each of its
// UTF-16 units by itself, so that a surrogate pair is not UTF-8.
func (d *Decoder) string(code int, to []byte) []byte {
	text := d.chunks(code, shortString)
	quoted, err := jsontext.AppendQuote(to, text)
	if err != nil {
		quoted, err = jsontext.AppendQuote(to, string(utf16.Decode(d.units(text))))
		d.fail(err)
	}
	return quoted
}

// units returns the UTF-16 units of a string, which take up to three bytes
// each. The first byte begins with as many ones as there are bytes, or with a
// zero if there is one byte.
func (d *Decoder) units(text []byte) (units []uint16) {
	for len(text) > 0 {
		ones := bits.LeadingZeros8(^text[0])
		size := max(1, ones)
		if ones == 1 || size > min(3, len(text)) {
			d.failf("a character of a string begins with %#x", text[0])
			return nil
		}
		unit := uint16(text[0] & (0xff >> ones))
		for _, b := range text[1:size] {
			unit = unit<<6 | uint16(b&0x3f)
		}
		units, text = append(units, unit), text[size:]
	}
	return units
}

// bigInt appends an integer of any size, given as bytes in two's complement.
func (d *Decoder) bigInt(to []byte) []byte {
	digits := d.chunks(d.code(), shortBytes)
	n := new(big.Int).SetBytes(digits)
	if len(digits) > 0 && digits[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(digits))))
	}
	return n.Append(to, 10)
}

// chunks returns what a string or an integer is made of, given the first code
// of a kind. The code behind these with a length begins a chunk with others
// behind it, and the next one the last chunk.
func (d *Decoder) chunks(code, short int) []byte {
	d.text = d.text[:0]
	for {
		size := code - short
		more := size == 8
		if size < 0 || size > 9 || more && short == shortBytes {
			d.failf("code %#x is not a part of a string or integer", code)
		}
		if size >= 8 {
			size = int(d.Int())
		}
		d.text = append(d.text, d.bytes(size)...)
		if !more || d.err != nil {
			return d.text
		}
		code = d.code()
	}
}

// appendFloat appends a float so that it stays one.
func appendFloat(to []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return fmt.Appendf(to, `"%v"`, f)
	}
	to = strconv.AppendFloat(to, f, 'f', -1, 64)
	if f == math.Trunc(f) {
		to = append(to, ".0"...)
	}
	return to
}

// code returns the code with which the next object begins, or 0 after an error.
func (d *Decoder) code() int {
	for {
		b, err := d.r.ReadByte()
		d.fail(err)
		d.read++
		if b != resetCaches {
			return int(b)
		}
		d.cache, d.structs = nil, nil
	}
}

// bytes returns the next bytes, which are valid until more is read.
func (d *Decoder) bytes(n int) []byte {
	b, err := d.r.Peek(n)
	d.fail(err)
	_, _ = d.r.Discard(len(b)) // they are in the buffer
	d.read += int64(len(b))
	return b
}

// fail keeps the first error.
func (d *Decoder) fail(err error) { d.err = cmp.Or(d.err, err) }

func (d *Decoder) failf(format string, args ...any) { d.fail(fmt.Errorf(format, args...)) }
