package compare

import (
	"fmt"
	"math"
	"strings"
)

// Markdown returns a table of cells, with a note on how to read it. A condition
// is named in its first row.
func Markdown(cells []Cell) string {
	table := [][]string{
		append([]string{"Condition", "Contender"}, columns...),
		{"---", "---", "---:", "---:", "---:", "---:", "---:", "---:"},
	}
	for _, r := range rows(cells) {
		condition := ""
		if r.First {
			condition = r.Condition.Title
		}
		table = append(table, append([]string{condition, r.Contender.Title}, r.Values()...))
	}
	var b strings.Builder
	widths := make([]int, len(table[0]))
	for _, row := range table {
		for i, text := range row {
			widths[i] = max(widths[i], len(text))
		}
	}
	for i, line := range table[1] {
		table[1][i] = strings.Repeat("-", widths[i]-len(line)) + line
	}
	widths[0], widths[1] = -widths[0], -widths[1] // to the left
	for _, row := range table {
		for i, text := range row {
			fmt.Fprintf(&b, "| %*s ", widths[i], text)
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

// A row is a cell as tables show it.
type row struct {
	Cell
	First bool // of its condition
}

func rows(cells []Cell) []row {
	var all []row
	for i, c := range cells {
		all = append(all, row{c, i == 0 || cells[i-1].Condition.Title != c.Condition.Title})
	}
	return all
}

// Values returns what a table shows of a cell.
func (c *Cell) Values() []string {
	return []string{
		fmt.Sprintf("%d of %d", c.Right(), c.Seeds), few(c.OutOfOrderPerThousand()), percent(c.OK, c.Requests),
		latency(c, 50), latency(c, 99), fmt.Sprintf("%.1f", c.MessagesPerRequest()),
	}
}

// ID names the story of a cell in a page.
func (c *Cell) ID() string { return c.Contender.Name + "-" + c.Condition.Name }

// Link returns which of the values leads to the story, or -1 if there is none.
func (c *Cell) Link() int {
	switch {
	case c.Story == nil:
		return -1
	case len(c.Wrong) > 0:
		return 0
	}
	return 1 // Maelstrom's verdict was good
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
