package story

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
)

// A number is an integer in a JSON value, and where: the names of fields and
// the indices of lists that lead to it, with dots between them.
type number struct {
	path  string
	value int64
}

// maxNumbers bounds how many numbers of a value are looked at.
const maxNumbers = 400

// numbersIn appends the integers in a value: maps and lists, and strings that
// hold an integer or other JSON, are opened.
func numbersIn(list []number, path string, value json.RawMessage) []number {
	var any json.RawMessage
	switch {
	case len(value) == 0 || len(list) >= maxNumbers:
	case value[0] == '{':
		fields := fieldsOf(value)
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			list = numbersIn(list, join(path, name), fields[name])
		}
	case value[0] == '[':
		var items []json.RawMessage
		_ = json.Unmarshal(value, &items)
		for i, item := range items {
			list = numbersIn(list, join(path, strconv.Itoa(i)), item)
		}
	case value[0] == '"':
		if s := text(value); s != "" && json.Unmarshal([]byte(s), &any) == nil && s[0] != '"' {
			list = numbersIn(list, path, any)
		}
	default:
		if n, err := strconv.ParseInt(string(value), 10, 64); err == nil {
			list = append(list, number{path, n})
		} else if f, err := strconv.ParseFloat(string(value), 64); err == nil && f == float64(int64(f)) {
			list = append(list, number{path, int64(f)})
		}
	}
	return list
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// numberAt returns the integer at a path in a value, or zero.
func numberAt(value json.RawMessage, path string) int64 {
	for _, n := range numbersIn(nil, "", value) {
		if n.path == path {
			return n.value
		}
	}
	return 0
}

// hasNumber reports whether a value has an integer at a path.
func hasNumber(value json.RawMessage, path string) bool {
	return slices.ContainsFunc(numbersIn(nil, "", value), func(n number) bool { return n.path == path })
}

// notContent are the fields of a body that say nothing of a counter.
var notContent = []string{"msg_id", "in_reply_to", "type", "key", "code", "text", "from", "to", "create_if_not_exists"}

// content returns the numbers that a message tells its receiver: of a service's
// answer, those in the value of the key that was read or written.
func (m *Message) content() []number {
	if m.read {
		return m.numbers
	}
	m.read = true
	switch {
	case m.used != nil:
		m.numbers = numbersIn(nil, "", m.valueTold())
	case isService(m.Src):
	default:
		for _, name := range slices.Sorted(maps.Keys(m.body)) {
			if !slices.Contains(notContent, name) {
				m.numbers = numbersIn(m.numbers, name, m.body[name])
			}
		}
	}
	return m.numbers
}

// valueTold returns the value of a key that a service's answer tells: of a key
// that does not exist, 0.
func (m *Message) valueTold() json.RawMessage {
	switch code := string(m.body["code"]); {
	case m.kind == "read_ok":
		return m.body["value"]
	case m.kind == "cas_ok":
		return m.of.body["to"]
	case m.kind == "write_ok":
		return m.of.body["value"]
	case m.kind == "error" && code == "20" && m.of.kind == "read":
		return json.RawMessage("0")
	case m.kind == "error" && code == "22":
		if found := currentValue.FindStringSubmatch(text(m.body["text"])); found != nil {
			return json.RawMessage(found[1])
		}
	}
	return nil
}

var currentValue = regexp.MustCompile(`^current value (-?\d+) is not`)

// wrote reports whether a service's answer says that a key was set.
func (m *Message) wrote() bool { return m.kind == "cas_ok" || m.kind == "write_ok" }
