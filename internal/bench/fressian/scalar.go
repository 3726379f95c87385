package fressian

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"
)

func (d *Decoder) int() int64 { return d.intOf(d.code()) }

// intOf returns the integer that begins with a code. A code below 0x80 says how
// many bytes follow, and has the bits before them: it is in one of the ranges
// that end below, and the middle of each range stands for zero.
func (d *Decoder) intOf(code int) int64 {
	start := -0x40
	for size, end := range [...]int{0x40, 0x60, 0x70, 0x74, 0x78, 0x7c, 0x80} {
		if code < end {
			return d.integer(code-(start+end)/2, size)
		}
		start = end
	}
	if code == longInt {
		return d.integer(0, 8)
	}
	if code != minusOne {
		d.failf("an integer was expected, not code %#x", code)
	}
	return -1
}

// integer returns an integer, given the bits before its last bytes.
func (d *Decoder) integer(first, size int) int64 {
	n := int64(first)
	for _, b := range d.bytes(size) {
		n = n<<8 | int64(b)
	}
	return n
}

// appendFloat appends a float so that it stays one.
func appendFloat(to []byte, f float64) []byte {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return fmt.Appendf(to, `"%v"`, f)
	case f == math.Trunc(f):
		return strconv.AppendFloat(to, f, 'f', 1, 64)
	}
	return strconv.AppendFloat(to, f, 'f', -1, 64)
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

// chunks returns what a string or an integer is made of. A code below short + 8
// holds a length. The next two are followed by one: the first of them begins a
// chunk, behind which there are others, and the second the last one.
func (d *Decoder) chunks(code, short int) []byte {
	d.text = d.text[:0]
	for {
		kind := code - short
		size := kind
		if kind >= 8 {
			size = int(d.int())
		}
		if kind < 0 || kind > 9 || kind == 8 && short == shortBytes {
			d.failf("code %#x within a string or an integer", code)
		}
		d.text = append(d.text, d.bytes(size)...)
		if kind != 8 || d.err != nil {
			return d.text
		}
		code = d.code()
	}
}

// named appends a keyword or symbol: a namespace, which may be null, and a
// name.
func (d *Decoder) named(to []byte) []byte {
	space, name := d.object(nil), d.object(nil)
	switch {
	case d.err != nil:
		return to
	case string(space) == "null" && name[0] == '"':
		return append(to, name...)
	case space[0] != '"' || name[0] != '"':
		d.failf("a keyword that is not made of strings")
	}
	return append(append(append(to, space[:len(space)-1]...), '/'), name[1:]...)
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
// zero.
func (d *Decoder) units(text []byte) (units []uint16) {
	for len(text) > 0 {
		ones := bits.LeadingZeros8(^text[0])
		size := max(1, ones)
		if ones == 1 || size > min(3, len(text)) {
			d.failf("a string with a wrong byte %#x", text[0])
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
