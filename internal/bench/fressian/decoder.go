// Package fressian decodes Fressian, the binary format of Clojure's
// data.fressian, and gives it as JSON:
//
//	d := fressian.NewDecoder(file)
//	for d.More() {
//		d.Struct("ev", 2)       // a struct of two fields
//		id := d.Int()           // one is an integer,
//		body = d.AppendJSON(body) // and the other of any type
//		if d.Err() != nil {
//			break
//		}
//	}
//	err := d.Err()
//
// Strings, keywords and symbols become strings, with a slash between namespace
// and name; lists become arrays, and maps objects, in the order in which they
// were written. A key that is null or a number becomes a string. A float is
// written with a point, since Clojure tells 1.0 from 1. NaN and the infinities,
// which JSON lacks, become the strings "NaN", "+Inf" and "-Inf". Half of a
// surrogate pair, which a Java string may hold, becomes U+FFFD.
//
// What else is known are the caches of objects and of struct types, with their
// resets, strings in chunks, and integers of any size. It leaves out what JSON
// has no form for, and what Maelstrom does not write: sets, dates, UUIDs,
// regular expressions, URIs, decimals, floats of 32 bits, bytes, typed arrays,
// records and other structs within objects, open lists, and footers with their
// checksums. They are errors, as is a chunk of more than 64 kB, which no writer
// makes.
//
// The input may be damaged or hostile. Memory is taken only for bytes that have
// been read; nesting is bounded, and so is what the caches add to the output.
package fressian

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A Decoder reads objects. After an error its methods return nothing of use.
type Decoder struct {
	r       *bufio.Reader
	err     error
	read    int64    // bytes that were taken from r
	added   int64    // bytes of output that came from the cache
	cache   [][]byte // objects, as JSON; nil where one is being read
	caching int      // how many are being read
	structs []structType
	depth   int                     // of lists and maps
	each    func(key, value []byte) // if set, is called for each entry of the outermost map
	text    []byte                  // of a string in chunks
}

// A structType is written once for many structs.
type structType struct {
	tag    string
	fields int64
}

const (
	maxChunk = 1 << 16 // bytes of a string or an integer: FressianWriter's buffer is not larger
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
func (d *Decoder) Err() error { return d.err }

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
func (d *Decoder) Struct(tag string, fields int) {
	code := d.code()
	index := int64(code - shortStruct)
	switch {
	case code == structDef:
		index = int64(len(d.structs))
		d.structs = append(d.structs, structType{strings.Trim(string(d.object(nil)), `"`), d.int()})
	case code == structUse:
		index = d.int()
	case index >= 16:
		index = -1
	}
	if index < 0 || index >= int64(len(d.structs)) || d.structs[index] != (structType{tag, int64(fields)}) {
		d.failf("a struct %s of %d fields was expected", tag, fields)
	}
}

// Int returns the next object, which must be an integer of 64 bits.
func (d *Decoder) Int() int64 { return d.int() }

// AppendJSON appends the next object to a slice.
func (d *Decoder) AppendJSON(to []byte) []byte { return d.object(to) }

// AppendMap is AppendJSON of an object that must be a map. It calls each with
// the JSON of every key and value of this map, which stay valid until the slice
// is written to.
func (d *Decoder) AppendMap(to []byte, each func(key, value []byte)) []byte {
	from := len(to)
	d.each = each
	to = d.object(to)
	d.each = nil
	if d.err == nil && to[from] != '{' {
		d.failf("a map was expected")
	}
	return to
}

func (d *Decoder) object(to []byte) []byte { return d.objectOf(d.code(), to) }

// objectOf appends the object that begins with a code.
func (d *Decoder) objectOf(code int, to []byte) []byte {
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
		return appendFloat(to, math.Float64frombits(uint64(d.integer(0, 8))))
	case bigInt:
		return d.bigInt(to)
	case keyword, symbol:
		return d.named(to)
	case mapping:
		return d.list(d.code(), to, "{}")
	case putCache:
		return d.put(to)
	case getCache:
		return d.cached(d.int(), to)
	}
	d.failf("code %#x is not known here", code)
	return to
}

// list appends a list that begins with a code. A map is a list, too, of keys
// and values in turn.
func (d *Decoder) list(code int, to []byte, brackets string) []byte {
	left, key := d.begin(code), -1
	to = append(to, brackets[0])
	for left != 0 {
		if code = d.code(); left < 0 && code == endOfList {
			break
		}
		left--
		from := len(to)
		if to = d.objectOf(code, to); d.err != nil {
			return to
		}
		switch {
		case brackets == "[]":
			to = append(to, ',')
		case key < 0:
			to, key = append(d.quoted(to, from), ':'), from
		default:
			if d.each != nil && d.depth == 1 {
				d.each(to[key:from-1], to[from:])
			}
			to, key = append(to, ','), -1
		}
	}
	if key >= 0 {
		d.failf("a key without a value")
	}
	d.depth--
	return append(bytes.TrimSuffix(to, []byte{','}), brackets[1])
}

// begin returns how many objects a list has. It is negative if they are not
// counted: then the list has a mark at its end.
func (d *Decoder) begin(code int) int64 {
	d.depth++
	switch {
	case d.depth > maxDepth:
		d.failf("more than %d lists and maps in each other", maxDepth)
	case code >= shortList && code < longList:
		return int64(code - shortList)
	case code == longList:
		return max(0, d.int())
	case code != closedList:
		d.failf("a list was expected, not code %#x", code)
	}
	return -1
}

// quoted makes a string of a map's key.
func (d *Decoder) quoted(to []byte, key int) []byte {
	switch to[key] {
	case '"':
		return to
	case '[', '{':
		d.failf("a key that is a list or a map")
	}
	to, err := jsontext.AppendQuote(to[:key], string(to[key:]))
	d.fail(err)
	return to
}

// put appends an object and keeps it in the cache. It comes there before those
// that it contains.
func (d *Decoder) put(to []byte) []byte {
	i, from := len(d.cache), len(to)
	d.cache = append(d.cache, nil)
	d.caching++
	to = d.object(to)
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
		d.failf("cached object %d of %d", index, len(d.cache))
		return to
	}
	object := d.cache[index]
	d.added += int64(len(object))
	if d.added > freeGrowth+maxGrowth*d.read || d.caching > 0 && object[0] != '"' {
		d.failf("a cached object where it would make the output very large")
	}
	return append(to, object...)
}

// code returns the code with which the next object begins. After an error it is
// null.
func (d *Decoder) code() int {
	for d.err == nil {
		b, err := d.r.ReadByte()
		d.fail(err)
		d.read++
		if b != resetCaches && err == nil {
			return int(b)
		}
		d.cache, d.structs = nil, nil
	}
	return null
}

// bytes returns the next bytes. They are valid until more is read. After an
// error they are none.
func (d *Decoder) bytes(n int) []byte {
	b, err := d.r.Peek(n)
	d.fail(err)
	_, err = d.r.Discard(len(b))
	d.fail(err)
	d.read += int64(len(b))
	return b
}

// fail keeps the first error.
func (d *Decoder) fail(err error) {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if d.err == nil {
		d.err = err
	}
}

func (d *Decoder) failf(format string, args ...any) {
	d.fail(fmt.Errorf("fressian: byte %d: "+format, append([]any{d.read}, args...)...))
}
