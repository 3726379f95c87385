package fressian

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

func (d *Decoder) int() int64 { return d.intOf(d.code()) }

// intOf returns the integer that begins with a code. A code below 0x80 has the
// first bits and says how many bytes follow: it is in one of the ranges that
// end at the codes below, and has a zero in the middle of it.
func (d *Decoder) intOf(code int) int64 {
	switch {
	case code == minusOne:
		return -1
	case code == longInt:
		return d.packed(0, 8)
	case code < 0x40:
		return int64(code)
	}
	start := 0x40
	for i, end := range [...]int{0x60, 0x70, 0x74, 0x78, 0x7c, 0x80} {
		if code < end {
			return d.packed(code-(start+end)/2, i+1)
		}
		start = end
	}
	d.failf("an integer was expected, not code %#x", code)
	return 0
}

// packed returns an integer, given its first bits and how many bytes follow.
func (d *Decoder) packed(first, bytes int) int64 {
	n := int64(first)
	for _, b := range d.bytes(bytes) {
		n = n<<8 | int64(b)
	}
	return n
}

// scalar appends the object that begins with a code and is not made of others.
func (d *Decoder) scalar(code int, to []byte) []byte {
	switch code {
	case null:
		return append(to, "null"...)
	case isTrue:
		return append(to, "true"...)
	case isFalse:
		return append(to, "false"...)
	case zero:
		return append(to, "0.0"...)
	case one:
		return append(to, "1.0"...)
	case float:
		return appendFloat(to, math.Float64frombits(uint64(d.packed(0, 8))))
	case bigInt:
		return d.bigInt(to)
	}
	d.failf("code %#x is not known here", code)
	return to
}

// appendFloat appends a float so that it stays one.
func appendFloat(to []byte, f float64) []byte {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return fmt.Appendf(to, `"%v"`, f)
	case f != 0 && math.Abs(f) < 1e-6 || math.Abs(f) >= 1e21:
		return strconv.AppendFloat(to, f, 'e', -1, 64)
	case f == math.Trunc(f):
		return strconv.AppendFloat(to, f, 'f', 1, 64)
	}
	return strconv.AppendFloat(to, f, 'f', -1, 64)
}

// bigInt appends an integer of any size: bytes in two's complement.
func (d *Decoder) bigInt(to []byte) []byte {
	code := d.code()
	if code != longBytes && (code < shortBytes || code >= shortBytes+8) {
		d.failf("an integer's bytes were expected, not code %#x", code)
	}
	digits := d.bytes(d.length(code, shortBytes))
	n := new(big.Int).SetBytes(digits)
	if len(digits) > 0 && digits[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(digits))))
	}
	return n.Append(to, 10)
}

// length returns the length that is in a code, or follows it.
func (d *Decoder) length(code, short int) int {
	if code < short+8 {
		return code - short
	}
	n := d.int()
	if n < 0 || n > maxChunk {
		d.failf("a chunk of %d bytes", n)
	}
	return int(n)
}

// named appends a keyword or symbol: a namespace, which may be null, and a
// name.
func (d *Decoder) named(to []byte) []byte {
	space, name := d.object(nil), d.object(nil)
	switch {
	case d.err != nil:
		return to
	case name[0] != '"':
	case space[0] == '"':
		to = append(append(to, space[:len(space)-1]...), '/')
		return append(to, name[1:]...)
	case string(space) == "null":
		return append(to, name...)
	}
	d.failf("%.40s and %.40s are not a keyword", space, name)
	return to
}

// string appends a string that begins with a code. It is made of Java's UTF-16
// units, each in up to three bytes; a long one comes in chunks.
func (d *Decoder) string(code int, to []byte) []byte {
	text := d.bytes(d.length(code, shortString))
	if code != stringChunk && plain(text) {
		return append(append(append(to, '"'), text...), '"')
	}
	d.units = d.units[:0]
	d.decode(text)
	for code == stringChunk && d.err == nil {
		if code = d.code(); code < shortString || code > longString {
			d.failf("a string was expected, not code %#x", code)
		}
		d.decode(d.bytes(d.length(code, shortString)))
	}
	return appendText(to, d.units)
}

// plain says whether text is the same in JSON.
func plain(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// decode appends the units that a chunk holds to d.units. A chunk ends between
// units.
func (d *Decoder) decode(text []byte) {
	for len(text) > 0 && d.err == nil {
		c, size := uint16(text[0]), 1
		switch {
		case c < 0x80:
		case c>>5 == 0b110 && len(text) >= 2:
			c, size = c&0x1f<<6|uint16(text[1])&0x3f, 2
		case c>>4 == 0b1110 && len(text) >= 3:
			c, size = c<<12|uint16(text[1])&0x3f<<6|uint16(text[2])&0x3f, 3
		default:
			d.failf("a string with the byte %#x", c)
		}
		d.units, text = append(d.units, c), text[size:]
	}
}

// appendText appends UTF-16 as a string.
func appendText(to []byte, units []uint16) []byte {
	to = append(to, '"')
	for i := 0; i < len(units); i++ {
		c := rune(units[i])
		if i+1 < len(units) {
			if pair := utf16.DecodeRune(c, rune(units[i+1])); pair != utf8.RuneError {
				c, i = pair, i+1
			}
		}
		switch {
		case c == '"' || c == '\\':
			to = append(to, '\\', byte(c))
		case c == '\n':
			to = append(to, `\n`...)
		case c < ' ' || utf16.IsSurrogate(c):
			to = fmt.Appendf(to, `\u%04x`, c)
		default:
			to = utf8.AppendRune(to, c)
		}
	}
	return append(to, '"')
}
