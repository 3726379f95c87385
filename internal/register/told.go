package register

import (
	"encoding/json"
	"regexp"
	"strings"
)

// toldBy returns the value that the key holds according to the text of a
// refusal, as JSON, or nil if the text does not tell one. What it returns may
// not be valid JSON.
//
// The text of Maelstrom's store (service.clj) is "current value X is not Y".
// The values are as Clojure prints them: a map with strings as keys as in JSON,
// but with a space, and no colon, behind each key. If X has " is not " in a
// name, what is returned is not valid.
func toldBy(text string) json.RawMessage {
	text, isCurrent := strings.CutPrefix(text, "current value ")
	printed, _, isOther := strings.Cut(text, " is not ")
	if !isCurrent || !isOther {
		return nil
	}
	return json.RawMessage(clojureString.ReplaceAllStringFunc(printed, func(s string) string {
		if key, ok := strings.CutSuffix(s, " "); ok {
			return key + ":"
		}
		return s
	}))
}

// clojureString matches a string, and the space behind it if there is one: then
// the string is a key, since behind other elements of a map there is a comma or
// the end.
var clojureString = regexp.MustCompile(`"(?:[^"\\]|\\.)*" ?`)
