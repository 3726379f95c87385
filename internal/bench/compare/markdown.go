package compare

import (
	"fmt"
	"math"
	"strings"
)

// Markdown returns a table of cells, with a note on how to read it. A row with
// the name of a condition is above its cells.
func Markdown(cells []Cell) string { return Table(cells) + "\n" + note }

// Table returns the table alone.
func Table(cells []Cell) string {
	table := [][]string{append([]string{"Design"}, columns(cells)...), {"---"}}
	for range table[0][1:] {
		table[1] = append(table[1], "---:")
	}
	for _, r := range rows(cells) {
		if r.First {
			table = append(table, []string{"**" + r.Condition.Title + "**"})
		}
		table = append(table, append([]string{r.Contender.Title}, r.Values()...))
	}
	widths := make([]int, len(table[0]))
	for _, row := range table {
		for i, text := range row {
			widths[i] = max(widths[i], len(text))
		}
	}
	for i, line := range table[1] {
		table[1][i] = strings.Repeat("-", widths[i]-len(line)) + line
	}
	var b strings.Builder
	for _, row := range table {
		fmt.Fprintf(&b, "%-*s |", widths[0], row[0])
		if values := row[1:]; len(values) > 0 {
			for i, text := range values {
				values[i] = fmt.Sprintf("%*s", widths[i+1], text)
			}
			b.WriteString(" " + strings.Join(values, " | "))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// columns are the names of a cell's values.
func columns(cells []Cell) []string {
	right := "Right"
	if len(cells) > 0 {
		right = fmt.Sprintf("Right of %d", cells[0].Seeds)
	}
	return []string{right, "Late reads, % (by)", "Answered, %", "p50, ms", "p99, ms", "Messages"}
}

const note = `Unless the condition says otherwise: 3 nodes, each with one client, 100 requests a second in all, and no latency but that of
processes and pipes. Right: on how many seeds Maelstrom's verdict, which looks at the final reads, was good. Late reads: those
that returned less than had been acknowledged, or read, before they began; and by how much less at most. Answered: requests
answered ok. p50, p99: their latency in virtual time. Messages: per request, without the clients'.
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
		fmt.Sprint(c.Right()), c.late(), percent(c.OK, c.Requests),
		latency(c, 50), latency(c, 99), fmt.Sprintf("%.1f", c.MessagesPerRequest()),
	}
}

// late says how many reads missed something, and how much at most.
func (c *Cell) late() string {
	if c.Missed == 0 {
		return "0"
	}
	return fmt.Sprintf("%s (%d)", few(c.MissedPerHundred()), c.MissedMost())
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

// Class returns the class of the cell's verdict in a page.
func (c *Cell) Class() string {
	switch {
	case len(c.Wrong) > 0:
		return "bad"
	case len(c.Contradicted) > 0:
		return "warn" // only by checks that Maelstrom does not make
	}
	return "good"
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
		return "<0.1"
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

// percent formats a share, rounded down, so that only the whole is 100.
func percent(part, whole int) string {
	if part == whole {
		return "100"
	}
	return fmt.Sprintf("%.1f", math.Floor(1000*ratio(part, whole))/10)
}
