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

// A Line goes through points. Its Class gives it its colour: see page.css.
type Line struct {
	Name  string
	Class string
	Runs  [][]Point // one for each part of a line that is broken
	Steps bool      // y stays as it is up to the next point
}

// Dots are points of one kind.
type Dots struct {
	Name   string
	Class  string
	Shape  string // "" for a disc, "square" or "hollow"
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

// scale is the width and the height of a chart's coordinates: fine enough to
// zoom in on a thousandth.
const scale = 100_000

// Scale is the width and the height of the chart's coordinates.
func (c *Chart) Scale() int { return scale }

func (c *Chart) x(x float64) int { return int(math.Round(scale * x / c.End)) }

func (c *Chart) y(y float64) int {
	if c.Log {
		return int(math.Round(scale * (1 - math.Log(max(y, c.Low)/c.Low)/math.Log(c.High/c.Low))))
	}
	return int(math.Round(scale * (1 - (y-c.Low)/(c.High-c.Low))))
}

// LinePath returns a line as a path of SVG.
func (c *Chart) LinePath(l Line) string {
	var b strings.Builder
	for _, run := range l.Runs {
		for i, p := range run {
			x, y := c.x(p.X), c.y(p.Y)
			switch {
			case i == 0:
				fmt.Fprintf(&b, "M%d %d", x, y)
			case l.Steps:
				fmt.Fprintf(&b, "H%dV%d", x, y)
			default:
				fmt.Fprintf(&b, "L%d %d", x, y)
			}
		}
	}
	return b.String()
}

// DotsPath returns a path of SVG with a line for each point. A line without
// length still shows its round ends.
func (c *Chart) DotsPath(d Dots) string {
	var b strings.Builder
	for _, p := range d.Points {
		from := c.x(max(0, p.X-p.For))
		fmt.Fprintf(&b, "M%d %dh%d", from, c.y(p.Y), c.x(p.X)-from)
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

// Left and Width return a bar's position and width, in percent of the chart's
// width.
func (c *Chart) Left(b Bar) float64  { return percent(b.From / c.End) }
func (c *Chart) Width(b Bar) float64 { return percent((min(b.To, c.End) - b.From) / c.End) }

// percent returns a share in percent, rounded and at least 0.
func percent(share float64) float64 { return math.Round(max(0, share)*100_000) / 1000 }

// A Tick is a mark on an axis, in percent of its length from the left or the
// top.
type Tick struct {
	At   float64
	Text string
}

// XTicks returns the marks of the time axis.
func (c *Chart) XTicks() []Tick {
	var ticks []Tick
	for _, v := range rounds(0, c.End, 8) {
		ticks = append(ticks, Tick{percent(v / c.End), number(v)})
	}
	return ticks
}

// YTicks returns the marks of the other axis: powers of ten if it is
// logarithmic.
func (c *Chart) YTicks() []Tick {
	values := rounds(c.Low, c.High, 6)
	if c.Log {
		values = nil
		for v := c.Low; v <= c.High*1.001; v *= 10 {
			values = append(values, v)
		}
	}
	var ticks []Tick
	for _, v := range values {
		ticks = append(ticks, Tick{percent(float64(c.y(v)) / scale), number(v)})
	}
	return ticks
}

// Grid returns a path of SVG with a line for each mark.
func (c *Chart) Grid() string {
	var b strings.Builder
	for _, t := range c.XTicks() {
		fmt.Fprintf(&b, "M%.0f 0v%d", t.At*scale/100, scale)
	}
	for _, t := range c.YTicks() {
		fmt.Fprintf(&b, "M0 %.0fh%d", t.At*scale/100, scale)
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

// data is what chart.js gets.
type data struct {
	End  float64   `json:"end"`
	Low  float64   `json:"low"`
	High float64   `json:"high"`
	Log  bool      `json:"log"`
	Fit  bool      `json:"fit"`
	Dots []dotData `json:"dots"`
}

// dotData is a point: its place in the chart's coordinates, and what it tells.
type dotData struct {
	X    int    `json:"x"`
	Y    int    `json:"y"`
	Text string `json:"t"`
}

// Data returns the chart as its script needs it.
func (c *Chart) Data() any {
	d := data{End: c.End, Low: c.Low, High: c.High, Log: c.Log, Fit: c.Fit, Dots: []dotData{}}
	for _, dots := range c.Dots {
		for _, p := range dots.Points {
			d.Dots = append(d.Dots, dotData{c.x(p.X), c.y(p.Y), p.Text})
		}
	}
	return d
}
