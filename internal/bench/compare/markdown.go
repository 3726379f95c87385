package compare

import (
	"fmt"
	"math"
	"strings"
)

// Markdown returns a table of cells, with a note on how to read it. A condition
// is named in its first row.
func Markdown(cells []Cell) string {
	rows := [][]string{
		append([]string{"Condition", "Contender"}, columns...),
		{"---", "---", "---:", "---:", "---:", "---:", "---:", "---:"},
	}
	named := ""
	for _, c := range cells {
		condition := c.Condition.Title
		if condition == named {
			condition = ""
		} else {
			named = condition
		}
		rows = append(rows, append([]string{condition, c.Contender.Title}, c.values()...))
	}
	var b strings.Builder
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, text := range row {
			widths[i] = max(widths[i], len(text))
		}
	}
	for n, row := range rows {
		for i, text := range row {
			switch {
			case n == 1: // dashes as wide as the column
				text = strings.Replace(text, "---", strings.Repeat("-", widths[i]-len(text)+3), 1)
				fmt.Fprintf(&b, "| %s ", text)
			case i < 2:
				fmt.Fprintf(&b, "| %-*s ", widths[i], text)
			default:
				fmt.Fprintf(&b, "| %*s ", widths[i], text)
			}
		}
		b.WriteString("|\n")
	}
	b.WriteString("\n" + note)
	return b.String()
}

// columns are the names of a cell's values.
var columns = []string{"Right", "Out of order", "Answered", "p50", "p99", "Messages"}

const note = `Unless the condition says otherwise: 3 nodes, 100 requests/s, and no latency besides that of processes and pipes. Right: on
how many seeds Maelstrom's verdict, which looks at the final reads, was good. Out of order: how many of a thousand reads
contradict what was known before they began or when they ended. Answered: requests answered ok. p50, p99: their latency in ms
of virtual time. Messages: per request, without the clients'.
`

// values returns what a table shows of a cell.
func (c *Cell) values() []string {
	return []string{
		fmt.Sprintf("%d of %d", c.Right(), c.Seeds), few(c.OutOfOrderPerThousand()), percent(c.OK, c.Requests), latency(c, 50), latency(c, 99),
		fmt.Sprintf("%.1f", c.MessagesPerRequest()),
	}
}

// latency formats a percentile in ms.
func latency(c *Cell, percent int) string {
	if c.OK == 0 {
		return "-"
	}
	return number(milliseconds(c.Quantile(percent)))
}

// few formats a number so that only zero looks like zero.
func few(x float64) string {
	switch {
	case x == 0:
		return "0"
	case x < 0.1:
		return "< 0.1"
	}
	return number(x)
}

// number formats a number with one decimal below 10 and none above.
func number(x float64) string {
	if x < 9.95 {
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.0f", x)
}

// percent formats a share, rounded down, so that only the whole is 100 %.
func percent(part, whole int) string {
	if part == whole {
		return "100 %"
	}
	return fmt.Sprintf("%.1f %%", math.Floor(1000*ratio(part, whole))/10)
}
