package page

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// A Chart shows points and lines over time, and below them when something was
// in force. A reader can zoom in and point at a point to see what it is.
// Without scripts a chart is a picture.
type Chart struct {
	Title string
	Note  string
	End   float64 // of the time that is shown, in s; it begins at 0
	// Low and High bound what is shown of y. On a logarithmic scale Low is
	// positive.
	Low, High float64
	Log       bool
	Fit       bool // when a reader zooms in, y is fitted to what is shown
	Lines     []Line
	Dots      []Dots
	Lanes     []Lane
}

// A Point is a value Y at a time X, in s.
type Point struct{ X, Y float64 }

// A Line goes through points. Its Class gives it its colour and its dashes: see
// chart.css.
type Line struct {
	Name  string
	Class string
	Runs  [][]Point // one for each part of a line that is broken
	Steps bool      // y stays as it is up to the next point
}

// Dots are points of one kind. They are discs, or squares if their Class ends
// with square or hollow.
type Dots struct {
	Name   string
	Class  string
	Points []Dot
}

// A Dot is a point that tells what it is. It is drawn as long as what it stands
// for lasted.
type Dot struct {
	Point
	For  float64 // in s, up to the point's time
	Text string
}

// A Lane shows when one thing was in force.
type Lane struct {
	Name   string
	Colour template.CSS
	Bars   []Bar
}

// A Bar is one time that the thing was in force, in s.
type Bar struct {
	From, To    float64
	Text, Title string
}

// scale is the width and the height of a chart's finest coordinates, in which
// one can zoom in on a thousandth.
const scale = 100_000

func (c *Chart) x(x float64) int { return int(math.Round(scale * x / c.End)) }

func (c *Chart) y(y float64) int {
	if c.Log {
		return int(math.Round(scale * (1 - math.Log(max(y, c.Low)/c.Low)/math.Log(c.High/c.Low))))
	}
	return int(math.Round(scale * (1 - (y-c.Low)/(c.High-c.Low))))
}

// A Drawing is a chart in coordinates from 0 to a width and to a height.
type Drawing struct {
	*Chart
	Width, Height float64
}

// In returns the chart in coordinates of a width and a height.
func (c *Chart) In(width, height float64) Drawing { return Drawing{c, width, height} }

// Fine returns the chart in its finest coordinates.
func (c *Chart) Fine() Drawing { return c.In(scale, scale) }

func (d Drawing) across(x int) string { return number(float64(x) * d.Width / scale) }
func (d Drawing) down(y int) string   { return number(float64(y) * d.Height / scale) }

// A Mark is how a line or dots look.
type Mark struct {
	Name, Class string
	Path        string // of SVG
	Hollow      bool
}

func (c *Chart) marks(line func(Line) string, dots func(Dots) string) []Mark {
	var all []Mark
	for _, l := range c.Lines {
		all = append(all, Mark{l.Name, "line " + l.Class, line(l), false})
	}
	for _, d := range c.Dots {
		all = append(all, Mark{d.Name, "dots " + d.Class, dots(d), strings.HasSuffix(d.Class, " hollow")})
	}
	return all
}

// Legend returns a sample of each line and of all dots, 18 wide and 10 high.
func (c *Chart) Legend() []Mark {
	return c.marks(func(Line) string { return "M0 5h18" }, func(Dots) string { return "M4.5 5h" + shortest })
}

// Marks returns the lines and the dots.
func (d Drawing) Marks() []Mark { return d.marks(d.line, d.dots) }

func (d Drawing) line(l Line) string {
	var b strings.Builder
	for _, run := range l.Runs {
		for i, p := range run {
			x, y := d.across(d.x(p.X)), d.down(d.y(p.Y))
			switch {
			case i == 0:
				fmt.Fprintf(&b, "M%s %s", x, y)
			case l.Steps:
				fmt.Fprintf(&b, "H%sV%s", x, y)
			default:
				fmt.Fprintf(&b, "L%s %s", x, y)
			}
		}
	}
	return b.String()
}

// shortest is the length of a line that looks like a point: its ends show. Some
// viewers do not draw the ends of a line of length 0.
const shortest = ".01"

// dots returns a path with a line for each point.
func (d Drawing) dots(of Dots) string {
	var b strings.Builder
	for _, p := range of.Points {
		from, length := d.x(max(0, p.X-p.For)), shortest
		if long := d.x(p.X) - from; long > 0 {
			length = d.across(long)
		}
		fmt.Fprintf(&b, "M%s %sh%s", d.across(from), d.down(d.y(p.Y)), length)
	}
	return b.String()
}

// few is the number of dots up to which dots are drawn larger.
const few = 400

// Size returns the chart's class. In the class few, dots are larger.
func (c *Chart) Size() string {
	n := 0
	for _, dots := range c.Dots {
		n += len(dots.Points)
	}
	if n <= few {
		return "few"
	}
	return "many"
}

// Left and Wide return a bar's position and width.
func (d Drawing) Left(b Bar) string { return d.across(max(0, d.x(b.From))) }
func (d Drawing) Wide(b Bar) string { return d.across(max(0, d.x(min(b.To, d.End)-b.From))) }

// A Tick is a mark on an axis, from the left or the top.
type Tick struct{ At, Text string }

// XTicks returns the marks of the time axis.
func (d Drawing) XTicks() []Tick {
	return ticks(rounds(0, d.End, 8), func(v float64) string { return d.across(d.x(v)) })
}

// YTicks returns the marks of the other axis: powers of ten if it is
// logarithmic.
func (d Drawing) YTicks() []Tick {
	values := rounds(d.Low, d.High, 6)
	if d.Log {
		values = nil
		for v := d.Low; v <= d.High*1.001; v *= 10 {
			values = append(values, v)
		}
	}
	return ticks(values, func(v float64) string { return d.down(d.y(v)) })
}

func ticks(values []float64, place func(float64) string) []Tick {
	var ticks []Tick
	for _, v := range values {
		ticks = append(ticks, Tick{place(v), number(v)})
	}
	return ticks
}

// Grid returns a path of SVG with a line for each mark of the axes.
func (d Drawing) Grid() string {
	var b strings.Builder
	for _, t := range d.XTicks() {
		fmt.Fprintf(&b, "M%s 0v%s", t.At, d.down(scale))
	}
	for _, t := range d.YTicks() {
		fmt.Fprintf(&b, "M0 %sh%s", t.At, d.across(scale))
	}
	return b.String()
}

// rounds returns the round numbers from low to high, at most that many steps.
func rounds(low, high float64, most int) []float64 {
	step := math.Pow(10, math.Floor(math.Log10((high-low)/float64(most))))
	for _, factor := range []float64{1, 2, 5, 10} {
		if (high-low)/(step*factor) <= float64(most) {
			step *= factor
			break
		}
	}
	var values []float64
	for i := math.Ceil(low / step); i*step <= high*1.000001; i++ {
		values = append(values, i*step+0) // makes 0 of -0
	}
	return values
}

func number(v float64) string { return fmt.Sprintf("%.6g", v) }

// Data returns the chart as its script needs it. Of each dot it has the place
// in the finest coordinates, and what the dot tells.
func (c *Chart) Data() any {
	all := [][3]any{}
	for _, dots := range c.Dots {
		for _, p := range dots.Points {
			all = append(all, [3]any{c.x(p.X), c.y(p.Y), p.Text})
		}
	}
	return map[string]any{"end": c.End, "low": c.Low, "high": c.High, "log": c.Log, "fit": c.Fit, "dots": all}
}
