// Package fressiantest writes Fressian as Clojure's data.fressian does, byte
// for byte, for tests of what reads it.
//
//	w := fressiantest.NewWriter(file)
//	w.Write(fressiantest.Struct{Tag: "ev", Fields: []any{7, fressiantest.Cached{Value: "n0"}}})
//	err := w.Flush()
//
// It writes what a message can hold: see [Writer.Write]. It does not write
// footers, sets, dates, UUIDs and arrays of numbers, which Maelstrom's journal
// does not have.
package fressiantest

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/big"
	"math/bits"
	"reflect"
	"unicode/utf16"
)

type (
	// A Keyword is Clojure's, such as :send, or :space/name.
	Keyword struct{ Space, Name string }
	// A Map has keys and values in turn. A map that Java's handler writes is a
	// list with a length.
	Map []any
	// A Closed is a list that is written without its length, and with a mark at
	// its end.
	Closed []any
	// A Struct is a value of a type that has a name. Types named map, key, sym
	// and bigint have a code of their own.
	Struct struct {
		Tag    string
		Fields []any
	}
	// A Cached is a value that is kept: it is written once, and from then on
	// referred to. Values that take no more than two bytes are not kept.
	Cached struct{ Value any }
	// Units are the UTF-16 units of a string that is not valid Unicode.
	Units []uint16
)

// A Writer is org.fressian.FressianWriter.
type Writer struct {
	out     *bufio.Writer
	kept    map[any]int // the priority cache
	structs map[string]int
}

func NewWriter(out io.Writer) *Writer {
	return &Writer{out: bufio.NewWriter(out), kept: map[any]int{}, structs: map[string]int{}}
}

// Flush writes what is buffered. Its error is the first of all that were met.
func (w *Writer) Flush() error { return w.out.Flush() }

// Write writes a value: nil, a bool, an int, an int64, a float32, a float64, a
// *big.Int, a string, a list as an []any, or one of this package's types. It
// panics if the value is something else.
func (w *Writer) Write(value any) {
	switch v := value.(type) {
	case nil:
		w.out.WriteByte(0xf7)
	case bool:
		w.out.WriteByte(map[bool]byte{true: 0xf5, false: 0xf6}[v])
	case int:
		w.int(int64(v))
	case int64:
		w.int(v)
	case float32:
		w.raw(0xf9, uint64(math.Float32bits(v)), 4)
	case float64:
		w.float(v)
	case *big.Int:
		w.Write(Struct{"bigint", []any{twosComplement(v)}})
	case []byte:
		w.bytes(v)
	case string:
		w.text(utf16.Encode([]rune(v)))
	case Units:
		w.text(v)
	case Keyword:
		space := any(v.Space)
		if v.Space == "" {
			space = nil
		}
		w.Write(Struct{"key", []any{Cached{space}, Cached{v.Name}}})
	case []any:
		w.list(v)
	case Map:
		w.Write(Struct{"map", []any{[]any(v)}})
	case Closed:
		w.out.WriteByte(0xed)
		w.all(v)
		w.out.WriteByte(0xfd)
	case Struct:
		w.tag(v.Tag, len(v.Fields))
		w.all(v.Fields)
	case Cached:
		w.cached(v.Value)
	default:
		panic(fmt.Sprintf("fressiantest: a value of the type %T", value))
	}
}

func (w *Writer) all(values []any) {
	for _, v := range values {
		w.Write(v)
	}
}

// raw writes a byte and the last n bytes of a number.
func (w *Writer) raw(first byte, number uint64, n int) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], number)
	w.out.WriteByte(first)
	w.out.Write(b[8-n:])
}

// zeros are the codes of small integers that have one, two, ... bytes more,
// each with 0 in what the code itself holds.
var zeros = [...]int64{0x00, 0x50, 0x68, 0x72, 0x76, 0x7a, 0x7e}

func (w *Writer) int(n int64) {
	more := intBytes(n)
	if more == 8 {
		w.raw(0xf8, uint64(n), 8)
		return
	}
	w.raw(byte(zeros[more]+n>>(8*more)), uint64(n), more)
}

// intBytes returns how many bytes an integer takes behind the first.
func intBytes(n int64) int {
	significant := 64 - bits.LeadingZeros64(uint64(n^n>>63))
	if n >= -1 && significant <= 6 {
		return 0
	}
	for more, most := range []int{1: 12, 2: 19, 3: 25, 4: 33, 5: 41, 6: 49} {
		if significant <= most {
			return more
		}
	}
	return 8
}

func (w *Writer) float(f float64) {
	switch f {
	case 0:
		w.out.WriteByte(0xfb)
	case 1:
		w.out.WriteByte(0xfc)
	default:
		w.raw(0xfa, math.Float64bits(f), 8)
	}
}

// count writes a length: in the code if it is less than 8.
func (w *Writer) count(packed, long byte, n int) {
	if n < 8 {
		w.out.WriteByte(packed + byte(n))
		return
	}
	w.out.WriteByte(long)
	w.int(int64(n))
}

func (w *Writer) list(values []any) {
	w.count(0xe4, 0xec, len(values))
	w.all(values)
}

const maxChunk = 65536 // bytes of a string; of bytes one less

// text writes a string. Java's characters are UTF-16 units, each of which takes
// one to three bytes, the halves of a surrogate pair as well.
func (w *Writer) text(units []uint16) {
	var chunk []byte
	for _, u := range units {
		var b []byte
		switch {
		case u < 0x80:
			b = []byte{byte(u)}
		case u < 0x800:
			b = []byte{0xc0 | byte(u>>6), 0x80 | byte(u&0x3f)}
		default:
			b = []byte{0xe0 | byte(u>>12), 0x80 | byte(u>>6&0x3f), 0x80 | byte(u&0x3f)}
		}
		if len(chunk)+len(b) > maxChunk {
			w.count(0xda, 0xe2, len(chunk))
			w.out.Write(chunk)
			chunk = chunk[:0]
		}
		chunk = append(chunk, b...)
	}
	w.count(0xda, 0xe3, len(chunk))
	w.out.Write(chunk)
}

func (w *Writer) bytes(b []byte) {
	for ; len(b) > maxChunk-1; b = b[maxChunk-1:] {
		w.count(0xd0, 0xd8, maxChunk-1)
		w.out.Write(b[:maxChunk-1])
	}
	w.count(0xd0, 0xd9, len(b))
	w.out.Write(b)
}

// twosComplement returns the shortest bytes that are n, as Java's toByteArray
// does.
func twosComplement(n *big.Int) []byte {
	size := n.BitLen()/8 + 1
	if n.Sign() < 0 {
		size = new(big.Int).Not(n).BitLen()/8 + 1
		n = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), uint(8*size)))
	}
	return n.FillBytes(make([]byte, size))
}

// tag begins a value of a type that has a name.
func (w *Writer) tag(name string, fields int) {
	if code, ok := map[string]byte{"map": 0xc0, "bigint": 0xc6, "sym": 0xc9, "key": 0xca}[name]; ok {
		w.out.WriteByte(code)
		return
	}
	i, known := w.structs[name]
	switch {
	case !known:
		w.structs[name] = len(w.structs)
		w.out.WriteByte(0xef)
		w.Write(name)
		w.int(int64(fields))
	case i < 16:
		w.out.WriteByte(0xa0 + byte(i))
	default:
		w.out.WriteByte(0xf0)
		w.int(int64(i))
	}
}

// cached writes a value or, if it has been written before, its number. A value
// gets its number before those that it holds.
func (w *Writer) cached(value any) {
	if skipsCache(value) {
		w.Write(value)
		return
	}
	key := value
	if !reflect.TypeOf(value).Comparable() {
		key = fmt.Sprintf("%T %v", value, value)
	}
	i, known := w.kept[key]
	switch {
	case !known:
		w.kept[key] = len(w.kept)
		w.out.WriteByte(0xcd)
		w.Write(value)
	case i < 32:
		w.out.WriteByte(0x80 + byte(i))
	default:
		w.out.WriteByte(0xcc)
		w.int(int64(i))
	}
}

func skipsCache(value any) bool {
	switch v := value.(type) {
	case int:
		return intBytes(int64(v)) < 2
	case int64:
		return intBytes(v) < 2
	case float64:
		return v == 0 || v == 1
	}
	return value == nil || value == true || value == false || value == ""
}
