package page

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

//go:embed chart.svg
var picture string

var pictures = template.Must(template.Must(base.Clone()).New("picture").Parse(picture))

// A view is a chart as its picture shows it.
type view struct {
	Drawing
	Caption string
	Keys    []key // the legend
	X, Y    int   // where the drawing begins
}

// A key is a mark at its place in the legend.
type key struct {
	Mark
	X, Y int
}

// The measures of a picture, in pixels.
const (
	margin    = 16
	fullWidth = 960
	left      = 136 // of the drawing, for the names of the lanes
	height    = 300 // of the drawing
	rowHeight = 18  // of the legend and the lanes
)

// WriteSVG writes the chart as a picture that needs no other files and can be
// shown without a browser. The caption stands above the legend.
func (c *Chart) WriteSVG(w io.Writer, caption string) error {
	v := view{Drawing: c.In(fullWidth-left-margin, height), Caption: caption, X: left}
	x, y := margin, 74
	for _, m := range c.Legend() {
		wide := 40 + 7*utf8.RuneCountInString(m.Name) // roughly
		if x > margin && x+wide > fullWidth {
			x, y = margin, y+rowHeight
		}
		v.Keys = append(v.Keys, key{m, x, y})
		x += wide
	}
	v.Y = y + rowHeight + 10
	if err := pictures.Execute(w, v); err != nil {
		return fmt.Errorf("picture of %s: %w", c.Title, err)
	}
	return nil
}

// Row returns where a row below the drawing begins.
func (v view) Row(i int) int { return height + 9 + rowHeight*i }

// Full returns the height of the picture.
func (v view) Full() int { return v.Y + v.Row(len(v.Lanes)) + 40 }

// literal is the style of charts without variables, which many viewers of
// pictures do not know: first for light, then for dark.
func literal() template.CSS {
	light, dark, _ := strings.Cut(colours, "@media")
	return template.CSS(paint(light) + "@media (prefers-color-scheme: dark) {\n" + paint(dark) + "}\n")
}

// paint returns the style of charts with colours in place of their names.
func paint(colours string) string {
	painted := chartStyle
	for _, c := range regexp.MustCompile(`(--\w+): (#\w+);`).FindAllStringSubmatch(colours, -1) {
		painted = strings.ReplaceAll(painted, "var("+c[1]+")", c[2])
	}
	return painted
}
