//go:build unix

package main

import (
	"fmt"
	"image/color"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"maelstrom-counter/internal/maelstromtest"
)

// The size of a picture: 900 by 400 pixels, of which an inch has 96.
const (
	width  = 900 * vg.Inch / 96
	height = 400 * vg.Inch / 96
)

// A series is some of a run's requests: those of one kind with one outcome.
type series struct {
	f       string
	outcome maelstromtest.Outcome
}

func (s series) String() string {
	return s.f + " " + map[maelstromtest.Outcome]string{
		maelstromtest.OK: "ok", maelstromtest.Fail: "refused", maelstromtest.Info: "unknown",
	}[s.outcome]
}

// divide sorts a history into series, which it also returns in a fixed order.
func divide(history []maelstromtest.Op) (map[series][]maelstromtest.Op, []series) {
	parts := map[series][]maelstromtest.Op{}
	for _, op := range history {
		s := series{op.F, op.Outcome}
		parts[s] = append(parts[s], op)
	}
	return parts, slices.SortedFunc(maps.Keys(parts), func(a, b series) int {
		return strings.Compare(a.String(), b.String())
	})
}

// look is how a series is drawn: coloured by the kind of request where that is ok, and else by the outcome.
func (s series) look() (color.Color, draw.GlyphDrawer) {
	switch {
	case s.outcome == maelstromtest.Fail:
		return color.RGBA{R: 200, A: 255}, draw.CrossGlyph{}
	case s.outcome == maelstromtest.Info:
		return color.RGBA{R: 150, B: 170, A: 255}, draw.TriangleGlyph{}
	case s.f == "read":
		return color.RGBA{R: 240, G: 130, B: 20, A: 255}, draw.CircleGlyph{}
	}
	return color.RGBA{R: 30, G: 100, B: 190, A: 255}, draw.CircleGlyph{}
}

// latencyPicture draws a point for each request: when it began, and how long it took.
func latencyPicture(w io.Writer, r *maelstromtest.Result) error {
	p := newPicture(r, "Latency", "ms")
	parts, order := divide(r.History)
	const least = 0.1 // ms; the scale is logarithmic, so there is no zero
	top := 10.0
	for _, s := range order {
		points := make(plotter.XYs, len(parts[s]))
		for i, op := range parts[s] {
			latency := float64(op.Complete-op.Invoke) / float64(time.Millisecond)
			points[i] = plotter.XY{X: op.Invoke.Seconds(), Y: max(latency, least)}
			top = max(top, latency)
		}
		scatter, err := plotter.NewScatter(points)
		if err != nil {
			return fmt.Errorf("latencies: %w", err)
		}
		scatter.Color, scatter.Shape = s.look()
		scatter.Radius = vg.Points(1.2)
		if s.outcome != maelstromtest.OK {
			scatter.Radius = vg.Points(2.5)
		}
		p.Add(scatter)
		p.Legend.Add(s.String(), scatter)
	}
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.TickerFunc(decades)
	p.Y.Min, p.Y.Max = least, math.Pow(10, math.Ceil(math.Log10(top)))
	return p.write(w)
}

// decades marks powers of ten.
func decades(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for decade := math.Pow(10, math.Floor(math.Log10(low))); decade <= high*1.001; decade *= 10 {
		ticks = append(ticks, plot.Tick{Value: decade, Label: fmt.Sprintf("%g", decade)})
		for i := 2.0; i < 10 && decade*i < high; i++ {
			ticks = append(ticks, plot.Tick{Value: decade * i})
		}
	}
	return ticks
}

// ratePicture draws how many requests were completed in each second.
func ratePicture(w io.Writer, r *maelstromtest.Result) error {
	p := newPicture(r, "Throughput", "requests per second")
	seconds := int(r.Elapsed/time.Second) + 1
	parts, order := divide(r.History)
	p.Y.Max = 1
	for _, s := range order {
		points := make(plotter.XYs, seconds)
		for i := range points {
			points[i].X = float64(i) + 0.5
		}
		for _, op := range parts[s] {
			points[min(int(op.Complete/time.Second), seconds-1)].Y++
		}
		for _, point := range points {
			p.Y.Max = max(p.Y.Max, 1.1*point.Y)
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return fmt.Errorf("rates: %w", err)
		}
		line.Color, _ = s.look()
		line.Width = vg.Points(1.5)
		p.Add(line)
		p.Legend.Add(s.String(), line)
	}
	p.Y.Min = 0
	return p.write(w)
}

// A picture is a plot over time.
type picture struct{ *plot.Plot }

func newPicture(r *maelstromtest.Result, title, unit string) picture {
	p := picture{plot.New()}
	p.Title.Text = fmt.Sprintf("%s of %s, %d nodes", title, r.Workload, r.Config.Nodes)
	p.Title.Padding = vg.Points(6)
	p.X.Label.Text, p.Y.Label.Text = "seconds", unit
	p.BackgroundColor = color.White
	p.Legend.Top = true
	p.Legend.Padding = vg.Points(2)
	p.X.Min, p.X.Max = 0, max(1, r.Elapsed.Seconds()*1.17) // with room for the legend
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{230}, color.Gray{230}
	p.Add(grid)
	p.shade(r)
	return p
}

// write writes the picture as PNG.
func (p picture) write(w io.Writer) error {
	to, err := p.WriterTo(width, height, "png")
	if err == nil {
		_, err = to.WriteTo(w)
	}
	if err != nil {
		return fmt.Errorf("picture: %w", err)
	}
	return nil
}

// A band shades a span of time, in seconds.
type band struct {
	from, to float64
	shade    color.Color
}

// Plot implements plot.Plotter.
func (b band) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	c.FillPolygon(b.shade, c.ClipPolygonX([]vg.Point{
		{X: x(b.from), Y: c.Min.Y}, {X: x(b.to), Y: c.Min.Y}, {X: x(b.to), Y: c.Max.Y}, {X: x(b.from), Y: c.Max.Y},
	}))
}

// Thumbnail implements plot.Thumbnailer: it is the legend's sign.
func (b band) Thumbnail(c *draw.Canvas) {
	c.FillPolygon(b.shade, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
}

// shade shades the time of each fault.
func (p picture) shade(r *maelstromtest.Result) {
	shades := []color.Color{
		color.NRGBA{R: 120, G: 120, B: 120, A: 50}, color.NRGBA{R: 200, G: 60, B: 60, A: 45},
		color.NRGBA{R: 60, G: 160, B: 60, A: 45}, color.NRGBA{R: 70, G: 90, B: 220, A: 45},
	}
	known := map[string]color.Color{}
	for _, fault := range r.Faults {
		b := band{fault.Start.Seconds(), end(fault, r.Elapsed).Seconds(), known[fault.Fault]}
		if b.shade == nil {
			b.shade = shades[len(known)%len(shades)]
			known[fault.Fault] = b.shade
			p.Legend.Add(fault.Fault, b)
		}
		p.Add(b)
	}
}
