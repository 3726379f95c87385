package journal

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An Omission is what a gap in a journal leaves out. A journal that has a gap
// proves that something happened, but not that it did not.
type Omission struct {
	Lines int           `json:"lines"`
	Until time.Duration `json:"until_ns"` // when the last of them happened
	// Most has the messages that were sent most often, the most frequent first.
	// Each may have been sent MoreTimes times more than it says.
	Most      []Frequent `json:"most,omitempty"`
	MoreTimes int        `json:"more_times,omitempty"`
	// Missing says that nobody has recorded the lines, or not enough of them:
	// it is not known what and how many they were. Other fields are then zero.
	Missing bool `json:"missing,omitempty"`
}

// A Frequent is a message that was sent several times. Its body is without
// msg_id and in_reply_to. Deeper in the body, numbers of these names are 0.
type Frequent struct {
	Src   string          `json:"src"`
	Dest  string          `json:"dest"`
	Body  json.RawMessage `json:"body"`
	Times int             `json:"times"`
}

// Bounds of what a Tally keeps.
const (
	maxTallied     = 500  // different messages
	maxTalliedLine = 2000 // bytes of the line of one
	maxFrequent    = 10   // that an Omission names
)

// A Tally counts the lines of a journal that are left out, in memory that is
// bounded. It looks at as little of a line as it can, since a node that storms
// makes very many. Its zero value has counted none.
type Tally struct {
	From time.Duration // when the first of the lines happened
	left Omission
	sent map[string]int // by the line from its sender on; each count is too low by up to left.MoreTimes
}

// Add counts a line, which must be as a bench writes it.
func (t *Tally) Add(line []byte) {
	t.left.Until = timeOf(line)
	if t.left.Lines == 0 {
		t.From = t.left.Until
	}
	t.left.Lines++
	if from := bytes.Index(line, []byte(`"src":`)); from >= 0 && len(line) <= maxTalliedLine && WhatOf(line) == Sent {
		t.count(anonymous(slices.Clone(line[from:])))
	}
}

// count counts a message. Where there are too many different ones, all counts
// are lowered by one, and those that are zero make room: Misra and Gries,
// Finding repeated elements, 1982.
func (t *Tally) count(message []byte) {
	if t.sent == nil {
		t.sent = map[string]int{}
	}
	if _, known := t.sent[string(message)]; known || len(t.sent) < maxTallied {
		t.sent[string(message)]++
		return
	}
	t.left.MoreTimes++
	for m, n := range t.sent {
		if t.sent[m]--; n == 1 {
			delete(t.sent, m)
		}
	}
}

// anonymous sets the numbers to 0 that differ each time a message is sent, and
// returns the message.
func anonymous(message []byte) []byte {
	for _, name := range []string{`"msg_id":`, `"in_reply_to":`} {
		for at := 0; ; {
			i := bytes.Index(message[at:], []byte(name))
			if i < 0 {
				break
			}
			at += i + len(name)
			end := at
			for end < len(message) && message[end] >= '0' && message[end] <= '9' {
				end++
			}
			if end > at {
				message = slices.Replace(message, at, end, '0')
			}
		}
	}
	return message
}

// Omission returns what has been counted.
func (t *Tally) Omission() Omission {
	left := t.left
	often := slices.DeleteFunc(slices.Collect(maps.Keys(t.sent)), func(m string) bool { return t.sent[m] < 2 })
	slices.SortFunc(often, func(a, b string) int { return cmp.Or(t.sent[b]-t.sent[a], strings.Compare(a, b)) })
	for _, message := range often[:min(maxFrequent, len(often))] {
		f := Frequent{Times: t.sent[message]}
		var fields map[string]json.RawMessage
		if json.Unmarshal([]byte("{"+message), &f) != nil {
			continue // it is not of a bench's line
		}
		if json.Unmarshal(f.Body, &fields) == nil && fields != nil {
			delete(fields, "msg_id")
			delete(fields, "in_reply_to")
			f.Body, _ = json.Marshal(fields) // which has been JSON before
		}
		left.Most = append(left.Most, f)
	}
	return left
}

// timeOf returns when a line happened.
func timeOf(line []byte) time.Duration {
	_, rest, _ := bytes.Cut(line, []byte(`"time_ns":`))
	number, _, _ := bytes.Cut(rest, []byte(","))
	ns, _ := strconv.ParseInt(string(number), 10, 64) // 0 if it is not a bench's line
	return time.Duration(ns)
}

// WhatOf returns what happened in a line of a journal, without reading all of
// it.
func WhatOf(line []byte) What {
	_, rest, _ := bytes.Cut(line, []byte(`"what":"`))
	what, _, _ := bytes.Cut(rest, []byte(`"`))
	return What(what)
}
