package strangers

import (
	"bufio"
	"fmt"
	"strings"
)

func noFlush(n *node) {
	n.out = bufio.NewWriterSize(n.out, 8192)
}

func noNewline(n *node) {
	n.format = func(m message) string { return strings.TrimSuffix(line(m), "\n") }
}

func blankLine(n *node) {
	n.format = func(m message) string { return line(m) + "\n" }
}

func blankFirst(n *node) {
	n.format = func(m message) string { return "\n" + line(m) }
}

func trailing(n *node) {
	n.format = func(m message) string { return strings.TrimSuffix(line(m), "\n") + " // sent\n" }
}

func extraField(n *node) {
	n.format = func(m message) string { return strings.Replace(line(m), "{", `{"ts":5,`, 1) }
}

func byteOrderMark(n *node) {
	n.format = func(m message) string { return "\ufeff" + line(m) }
}

func pretty(n *node) {
	n.format = func(m message) string { return strings.ReplaceAll(line(m), ",", ",\n  ") }
}

func stringReplyTo(n *node) {
	n.format = func(m message) string {
		if id := m.Body["in_reply_to"]; id != nil {
			m.Body["in_reply_to"] = fmt.Sprint(id)
		}
		return line(m)
	}
}

func initWithoutReplyTo(n *node) {
	n.initOK = func(m message) { n.send(m.Src, body{"type": "init_ok"}) }
}

func chatter(n *node) {
	n.onAdd(func(delta int) {
		n.print(fmt.Sprintf("adding %d\n", delta))
		n.total.add(delta)
	})
}
