package maelstromtest

import (
	"encoding/json"
	"strings"
)

// prStr returns a JSON value as Clojure's pr-str prints what Maelstrom makes of
// it: a map as {"a" 1, "b" [2 3]}. Unlike there, numbers stay as they were
// written, maps keep their order, and a key that comes twice stays twice. It
// needs valid JSON.
func prStr(raw json.RawMessage) string {
	var b strings.Builder
	b.Grow(2 * len(raw))
	var open []byte // the brackets of the maps and lists around what comes next
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; c {
		case ' ', '\t', '\r', '\n':
		case '"':
			end := endOfString(raw, i)
			text, _ := stringOf(raw[i : end+1])
			b.WriteByte('"')
			clojureEscapes.WriteString(&b, text)
			b.WriteByte('"')
			i = end
		case '{', '[':
			open = append(open, c)
			b.WriteByte(c)
		case '}', ']':
			open = open[:len(open)-1]
			b.WriteByte(c)
		case ',':
			if open[len(open)-1] == '{' {
				b.WriteByte(c)
			}
			b.WriteByte(' ')
		case ':':
			b.WriteByte(' ')
		case 'n':
			b.WriteString("nil")
			i += len("null") - 1
		default: // a number, true or false
			b.WriteByte(c)
		}
	}
	return b.String()
}

// clojureEscapes escapes what pr-str escapes in a string: clojure.core's
// char-escape-string.
var clojureEscapes = strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`, "\f", `\f`, "\b", `\b`)
