// Package fressian decodes Fressian, the binary format of Clojure's
// data.fressian, and gives it as JSON:
//
//	d := fressian.NewDecoder(file)
//	for {
//		tag, fields, err := d.Struct() // io.EOF after the last object
//		...
//		id, err := d.Int()             // a field that is an integer
//		body, err = d.AppendJSON(body) // a field of any type
//	}
//
// Strings, keywords and symbols become strings, with a slash between namespace
// and name; lists become arrays, and maps objects, in the order in which they
// were written. A key that is not a string becomes one that has its JSON. A
// float is written with a point or an exponent, since Clojure tells 1.0 from 1.
// NaN and the infinities, which JSON lacks, become the strings "NaN", "+Inf"
// and "-Inf". Half of a surrogate pair, which a Java string may hold, is
// escaped: "\ud83d".
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
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// A Decoder reads objects. After an error it gives only that error.
type Decoder struct {
	r       *bufio.Reader
	err     error
	read    int64    // bytes that were taken from r
	added   int64    // bytes of output that were not there in the input
	cache   [][]byte // objects, as JSON; nil where one is being read
	caching int      // how many are being read
	structs []structType
	fields  int // that the structs that have begun still lack
	depth   int // of lists and maps
	units   []uint16
}

// A structType is the type of structs, which is written once.
type structType struct {
	tag    string
	fields int
}

const (
	maxChunk = 1 << 16 // bytes of a string or an integer: FressianWriter's buffer is not larger
	maxDepth = 1000    // of nesting: Jackson, which reads what nodes print, goes no deeper

	// Output may be larger than the input by a fixed number of bytes and by a
	// factor, which is for keys that are cached: each is one byte of input.
	freeGrowth, maxGrowth = 1 << 20, 64
)

// The codes of Codes.java. One that is short stands for eight or more, each
// with a length or an index in it.
const (
	shortCache, getCache, putCache       = 0x80, 0xcc, 0xcd
	shortStruct, structDef, structUse    = 0xa0, 0xef, 0xf0
	mapping, bigInt, symbol, keyword     = 0xc0, 0xc6, 0xc9, 0xca
	shortBytes, longBytes                = 0xd0, 0xd9
	shortString, stringChunk, longString = 0xda, 0xe2, 0xe3
	shortList, longList, closedList      = 0xe4, 0xec, 0xed
	isTrue, isFalse, null                = 0xf5, 0xf6, 0xf7
	longInt, float, zero, one            = 0xf8, 0xfa, 0xfb, 0xfc
	endOfList, resetCaches, minusOne     = 0xfd, 0xfe, 0xff
)

// NewDecoder returns a decoder, which may read more of r than it needs.
func NewDecoder(r io.Reader) *Decoder {
	return &Decoder{r: bufio.NewReaderSize(r, maxChunk)}
}

// Struct begins a struct. Its fields are the next objects, which may be structs
// as well. The error is io.EOF if the input ends before the struct and not
// within another; if it ends within an object, here or in another method, the
// error is io.ErrUnexpectedEOF.
func (d *Decoder) Struct() (tag string, fields int, err error) {
	between := d.fields == 0 && d.err == nil
	code := d.code()
	if between && d.err == io.ErrUnexpectedEOF {
		d.err = io.EOF
	}
	index := int64(code - shortStruct)
	switch {
	case code == structDef:
		index = d.define()
	case code == structUse:
		index = d.int()
	case code < shortStruct || code >= shortStruct+16:
		d.failf("a struct was expected, not code %#x", code)
	}
	if index < 0 || index >= int64(len(d.structs)) {
		d.failf("struct type %d of %d", index, len(d.structs))
	}
	if d.err != nil {
		return "", 0, d.err
	}
	s := d.structs[index]
	d.fields = max(0, d.fields-1) + s.fields
	return s.tag, s.fields, nil
}

// define reads the type of a struct: its tag, and how many fields it has. It
// returns the index of the type.
func (d *Decoder) define() int64 {
	tag, fields := d.object(nil), d.int()
	s := structType{fields: int(fields)}
	if json.Unmarshal(tag, &s.tag) != nil || fields < 0 || fields > maxChunk {
		d.failf("a struct %.40s with %d fields", tag, fields)
	}
	d.structs = append(d.structs, s)
	return int64(len(d.structs) - 1)
}

// Int returns the next object, which must be an integer of 64 bits.
func (d *Decoder) Int() (int64, error) {
	d.fields = max(0, d.fields-1)
	return d.int(), d.err
}

// AppendJSON appends the next object to a slice.
func (d *Decoder) AppendJSON(to []byte) ([]byte, error) {
	d.fields = max(0, d.fields-1)
	return d.object(to), d.err
}

// AppendMap is AppendJSON of an object that must be a map. It calls each with
// the JSON of every key and value of this map, which are valid until the slice
// is written to.
func (d *Decoder) AppendMap(to []byte, each func(key, value []byte)) ([]byte, error) {
	d.fields = max(0, d.fields-1)
	if code := d.code(); code != mapping {
		d.failf("a map was expected, not code %#x", code)
	}
	return d.mapping(to, each), d.err
}

// object appends the next object.
func (d *Decoder) object(to []byte) []byte { return d.objectOf(d.code(), to) }

// objectOf appends the object that begins with a code.
func (d *Decoder) objectOf(code int, to []byte) []byte {
	switch {
	case code < shortCache || code == longInt || code == minusOne:
		return strconv.AppendInt(to, d.intOf(code), 10)
	case code < shortStruct:
		return d.cached(int64(code-shortCache), to)
	case code >= shortString && code <= longString:
		return d.string(code, to)
	case code >= shortList && code <= closedList:
		return d.list(code, to)
	}
	switch code {
	case mapping:
		return d.mapping(to, nil)
	case putCache:
		return d.put(to)
	case getCache:
		return d.cached(d.int(), to)
	case keyword, symbol:
		return d.named(to)
	}
	return d.scalar(code, to)
}

// list appends a list that begins with a code.
func (d *Decoder) list(code int, to []byte) []byte {
	left := d.begin(code)
	to = append(to, '[')
	for code, ok := d.next(&left); ok; code, ok = d.next(&left) {
		to = append(d.objectOf(code, to), ',')
	}
	return d.end(to, ']')
}

// mapping appends a map: a list of keys and values, in turn.
func (d *Decoder) mapping(to []byte, each func(key, value []byte)) []byte {
	left := d.begin(d.code())
	if left > 0 {
		if left%2 != 0 {
			d.failf("a map of %d keys and values", left)
		}
		left /= 2
	}
	to = append(to, '{')
	for code, ok := d.next(&left); ok; code, ok = d.next(&left) {
		key := len(to)
		to = d.key(code, to)
		colon := len(to)
		to = append(d.object(append(to, ':')), ',')
		if each != nil && d.err == nil {
			each(to[key:colon], to[colon+1:len(to)-1])
		}
	}
	return d.end(to, '}')
}

// key appends the key of a map.
func (d *Decoder) key(code int, to []byte) []byte {
	from := len(to)
	to = d.objectOf(code, to)
	if d.err != nil || to[from] == '"' {
		return to
	}
	key, err := json.Marshal(string(to[from:]))
	d.fail(err)
	d.grow(len(key))
	return append(to[:from], key...)
}

// begin returns how many objects a list has. It is -1 if they are not counted:
// then the list has a mark at its end.
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

// next returns the code of a list's next object, and false if there is none.
func (d *Decoder) next(left *int64) (code int, ok bool) {
	if *left == 0 {
		return 0, false
	}
	code = d.code()
	if *left > 0 {
		*left--
	} else if code == endOfList {
		return 0, false
	}
	return code, d.err == nil
}

// end closes a list or map, in which each object is followed by a comma.
func (d *Decoder) end(to []byte, mark byte) []byte {
	d.depth--
	if last := len(to) - 1; to[last] == ',' {
		to = to[:last]
	}
	return append(to, mark)
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

// cached appends an object of the cache. One that is to be cached itself may
// contain only cached strings, as the names of keywords are: of others, few
// bytes could make very much, and very deep lists.
func (d *Decoder) cached(index int64, to []byte) []byte {
	if index < 0 || index >= int64(len(d.cache)) || d.cache[index] == nil {
		d.failf("cached object %d of %d", index, len(d.cache))
		return to
	}
	object := d.cache[index]
	if d.caching > 0 && object[0] != '"' {
		d.failf("a cached object within another")
	}
	d.grow(len(object))
	return append(to, object...)
}

// grow counts bytes of output that were not there in the input.
func (d *Decoder) grow(n int) {
	d.added += int64(n)
	if d.added > freeGrowth+maxGrowth*d.read {
		d.failf("objects that are much larger than the input")
	}
}

// code returns the code of the next object. After an error this is null.
func (d *Decoder) code() int {
	for d.err == nil {
		b, err := d.r.ReadByte()
		if err != nil {
			d.fail(err)
			break
		}
		d.read++
		if b != resetCaches {
			return int(b)
		}
		d.cache, d.structs = nil, nil
	}
	return null
}

// bytes returns the next bytes, at most maxChunk. They are valid until more is
// read. After an error they are none.
func (d *Decoder) bytes(n int) []byte {
	if d.err != nil {
		return nil
	}
	b, err := d.r.Peek(n)
	d.fail(err)
	d.read += int64(len(b))
	_, err = d.r.Discard(len(b))
	d.fail(err)
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
	if d.err == nil {
		d.err = fmt.Errorf("fressian: byte %d: %s", d.read, fmt.Sprintf(format, args...))
	}
}
