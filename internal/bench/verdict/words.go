package verdict

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Time shows a time as people read it: 0.4 ms, 17 ms, 2.31 s, 104 s.
func Time(d time.Duration) string {
	ms, s := float64(d)/float64(time.Millisecond), d.Seconds()
	switch size := max(d, -d); {
	case size < 50*time.Microsecond:
		return "0 ms"
	case size < 9950*time.Microsecond:
		return fmt.Sprintf("%.1f ms", ms)
	case size < 999500*time.Microsecond:
		return fmt.Sprintf("%.0f ms", ms)
	case size < 9995*time.Millisecond:
		return fmt.Sprintf("%.2f s", s)
	case size < 99950*time.Millisecond:
		return fmt.Sprintf("%.1f s", s)
	default:
		return fmt.Sprintf("%.0f s", s)
	}
}

// What says what kind of request an operation is, such as "add of 3" or "final
// read".
func (op Op) What() string {
	switch {
	case op.F == "add":
		return fmt.Sprintf("add of %d", op.Int())
	case op.Final:
		return "final " + op.F
	}
	return op.F
}

// Request names a request by what it is and when it was made, where its node is
// known already: "the add of 3 made at 17 ms".
func (op Op) Request() string {
	if op.Final {
		return "the " + op.What()
	}
	return fmt.Sprintf("the %s made at %s", op.What(), Time(op.Invoke))
}

// RequestTo names a request, and its node: "the add of 3 made to n1 at
// 17 ms", or "the final read of n1".
func (op Op) RequestTo() string {
	if op.Final {
		return fmt.Sprintf("the %s of %s", op.What(), op.Node)
	}
	return fmt.Sprintf("the %s made to %s at %s", op.What(), op.Node, Time(op.Invoke))
}

// particular matches what differs between texts of one kind: strings, numbers,
// and JSON.
var particular = regexp.MustCompile(`"(\\.|[^"\\])*"|[{\[].*|[0-9]+(\.[0-9]+)?`)

// Kind returns a text without its particulars. Texts that say the same of other
// nodes, values and times are of one kind.
func Kind(text string) string { return particular.ReplaceAllString(text, "#") }

// maxShown bounds how many bytes of what a node printed are shown.
const maxShown = 1000

// Shown returns what a node has printed, or its beginning if it is very long.
func Shown(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return fmt.Sprintf("%s... (%d bytes in all)", strings.ToValidUTF8(text[:maxShown], ""), len(text))
}

// Number returns a number with what it is of: "1 request", "12 requests".
func Number(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// isAre returns the verb for that many things.
func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// list joins names: "n0", "n0 and n1", "n0, n1 and n2", "n0, n1, n2 and 4
// more".
func list(names []string, and string) string {
	const most = 4
	last := len(names) - 1
	switch {
	case last < 0:
		return ""
	case last == 0:
		return names[0]
	case last >= most:
		return fmt.Sprintf("%s %s %d more", strings.Join(names[:most-1], ", "), and, len(names)-most+1)
	}
	return strings.Join(names[:last], ", ") + " " + and + " " + names[last]
}

// A group is what is wrong of one kind.
type group[T any] struct {
	first T
	n     int
}

// grouped puts things of one kind together, in the order of the first of each
// kind.
func grouped[T any](all []T, kind func(T) string) []group[T] {
	var groups []group[T]
	index := map[string]int{}
	for _, x := range all {
		k := kind(x)
		i, ok := index[k]
		if !ok {
			i = len(groups)
			index[k] = i
			groups = append(groups, group[T]{first: x})
		}
		groups[i].n++
	}
	return groups
}

// andMore adds to a text how many more there are of its kind.
func andMore(text string, n int) string {
	if n == 1 {
		return text
	}
	return fmt.Sprintf("%s (and %d more like it)", text, n-1)
}
