package report

import (
	"cmp"
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// The measures of a picture. An inch has 96 of a page's pixels and 72 points.
const (
	width      = 960 * vg.Inch / 96
	dataHeight = 420 * vg.Inch / 96 // with title, legend and axes; the lanes of the faults come below
	margin     = 8 * vg.Length(1)
	laneHeight = 12 * vg.Length(1)
	barHeight  = 8 * vg.Length(1)
	dpi        = 192 // of a PNG
)

// A picture is a plot over the time in which requests were made, with the
// faults in lanes below it.
type picture struct {
	*plot.Plot
	title, subtitle string
	legend          []entry
	lanes           []lane
}

// An entry explains a sign.
type entry struct {
	text string
	sign plot.Thumbnailer
}

// newPicture returns a picture without data. It ends with the last request that
// is not a final one, since the final ones come only after a long rest.
func newPicture(r *maelstromtest.Result, title, unit string) *picture {
	p := &picture{Plot: plot.New(), title: fmt.Sprintf("%s of %s, %s", title, r.Workload, unit), subtitle: describe(r.Config)}
	p.X.Label.Text = "seconds since all nodes were ready"
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.TickerFunc(rounds), plot.TickerFunc(rounds)
	p.BackgroundColor = color.Transparent
	for _, style := range []*text.Style{&p.X.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label} {
		style.Font = sans(9)
	}
	p.X.Padding, p.Y.Padding = 0, 0
	p.X.Min, p.X.Max = 0, span(r).Seconds()
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{225}, color.Gray{225}
	p.Add(grid)
	p.lanes = lanesOf(r)
	return p
}

func sans(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}

// rounds marks ten or so round numbers.
func rounds(low, high float64) []plot.Tick {
	step := math.Pow(10, math.Floor(math.Log10((high-low)/5)))
	for _, factor := range []float64{5, 2} {
		if (high-low)/(step*factor) >= 6 {
			step *= factor
			break
		}
	}
	var ticks []plot.Tick
	for i := math.Ceil(low / step); i*step <= high; i++ {
		ticks = append(ticks, plot.Tick{Value: i * step, Label: fmt.Sprintf("%.6g", i*step)})
	}
	return ticks
}

// span returns the time that a picture shows.
func span(r *maelstromtest.Result) time.Duration {
	end := min(r.Config.TimeLimit, r.Elapsed)
	for _, op := range r.History {
		if !op.Final {
			end = max(end, op.Complete)
		}
	}
	return max(end, time.Second)
}

// describe says in a line what a run was put through.
func describe(cfg maelstromtest.Config) string {
	parts := []string{
		fmt.Sprintf("%d nodes", cfg.Nodes), fmt.Sprintf("%d workers", cfg.Concurrency), fmt.Sprintf("%g requests/s asked for", cfg.Rate),
	}
	if cfg.Latency > 0 {
		parts = append(parts, fmt.Sprintf("%g ms latency, %s", milliseconds(cfg.Latency), cfg.LatencyDist))
		parts = append(parts, far(cfg)...)
	}
	return strings.Join(append(parts, fmt.Sprintf("seed %d", cfg.Seed)), ", ")
}

// asPNG returns a function that writes a picture as PNG.
func asPNG(picture func(*maelstromtest.Result) (*picture, error)) func(io.Writer, Run) error {
	return func(w io.Writer, run Run) error {
		p, err := picture(run.Result)
		if err != nil {
			return err
		}
		c := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, p.height()), vgimg.UseDPI(dpi))}
		p.draw(draw.New(c))
		_, err = c.WriteTo(w)
		return err
	}
}

// asSVG returns a function that writes a picture as SVG.
func asSVG(picture func(*maelstromtest.Result) (*picture, error)) func(io.Writer, Run) error {
	return func(w io.Writer, run Run) error {
		p, err := picture(run.Result)
		if err != nil {
			return err
		}
		c := vgsvg.New(width, p.height())
		p.draw(draw.New(c))
		_, err = c.WriteTo(w)
		return err
	}
}

func (p *picture) height() vg.Length { return dataHeight + vg.Length(len(p.lanes))*laneHeight }

// draw draws the picture: title, legend, data and, on the same time axis, the
// faults.
func (p *picture) draw(c draw.Canvas) {
	c.FillPolygon(color.White, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
	c = draw.Crop(c, margin, -margin, margin, -margin)
	top := c.Max.Y
	label(c, p.title, sans(12), color.Black, vg.Point{X: c.Min.X, Y: top}, draw.XLeft, draw.YTop)
	label(c, p.subtitle, sans(8), color.Gray{90}, vg.Point{X: c.Max.X, Y: top - 2}, draw.XRight, draw.YTop)
	top = p.explain(c, top-18)

	bottom := vg.Length(len(p.lanes)) * laneHeight
	data := draw.Crop(c, 0, -margin, bottom, top-c.Max.Y-4)
	inner := p.DataCanvas(data)
	if missing := widest(p.lanes) + 6 - (inner.Min.X - data.Min.X); missing > 0 {
		data = draw.Crop(data, missing, 0, 0, 0)
		inner = p.DataCanvas(data)
	}
	p.Draw(data)
	x, _ := p.Transforms(&inner)
	for i, l := range p.lanes {
		l.draw(c, inner, x, c.Min.Y+bottom-vg.Length(i)*laneHeight-laneHeight/2)
	}
}

// explain draws the legend below top, in as many rows as it needs, and returns
// where it ends.
func (p *picture) explain(c draw.Canvas, top vg.Length) vg.Length {
	const sign, gap, row = 16, 14, 12
	style := sans(8)
	at := c.Min.X
	for _, e := range p.legend {
		need := sign + 4 + textWidth(e.text, style)
		if at > c.Min.X && at+need > c.Max.X {
			at, top = c.Min.X, top-row
		}
		box := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: at, Y: top - row + 2}, Max: vg.Point{X: at + sign, Y: top - 2}}}
		e.sign.Thumbnail(&box)
		label(c, e.text, style, color.Black, vg.Point{X: at + sign + 4, Y: top - row/2}, draw.XLeft, draw.YCenter)
		at += need + gap
	}
	return top - row
}

func label(c draw.Canvas, txt string, f font.Font, shade color.Color, at vg.Point, x text.XAlignment, y text.YAlignment) {
	c.FillText(styled(f, shade, x, y), at, txt)
}

func styled(f font.Font, shade color.Color, x text.XAlignment, y text.YAlignment) text.Style {
	return text.Style{Color: shade, Font: f, XAlign: x, YAlign: y, Handler: plot.DefaultTextHandler}
}

func textWidth(txt string, f font.Font) vg.Length {
	return styled(f, color.Black, draw.XLeft, draw.YTop).Width(txt)
}

// A lane shows when one fault was in force.
type lane struct {
	fault string
	shade color.NRGBA
	bars  []bar
}

// A bar is one time that the fault was in force, in seconds.
type bar struct {
	from, to float64
	detail   string
}

// shades has a colour for each kind of fault, the same in all pictures.
var shades = map[maelstromtest.Kind]color.NRGBA{
	maelstromtest.Partition: {R: 95, G: 95, B: 95, A: 255},
	maelstromtest.StoreCut:  {R: 140, G: 86, B: 75, A: 255},
	maelstromtest.Kill:      {R: 205, G: 45, B: 45, A: 255},
	maelstromtest.Pause:     {R: 225, G: 160, B: 30, A: 255},
	maelstromtest.Clock:     {R: 130, G: 85, B: 190, A: 255},
	maelstromtest.Loss:      {R: 20, G: 150, B: 165, A: 255},
	maelstromtest.Duplicate: {R: 60, G: 155, B: 60, A: 255},
	maelstromtest.Late:      {R: 55, G: 110, B: 200, A: 255},
	maelstromtest.Overtake:  {R: 215, G: 95, B: 175, A: 255},
}

// lanesOf returns the lanes of the faults that were in force, in the order of
// maelstromtest.AllFaults.
func lanesOf(r *maelstromtest.Result) []lane {
	var lanes []lane
	for _, f := range maelstromtest.AllFaults() {
		l := lane{fault: f.String(), shade: shades[f.Kind]}
		for _, record := range r.Faults {
			if record.Fault == l.fault {
				l.bars = append(l.bars, bar{seconds(record.Start), seconds(FaultEnd(record, r.Elapsed)), record.Detail})
			}
		}
		if len(l.bars) > 0 {
			slices.SortFunc(l.bars, func(a, b bar) int { return cmp.Compare(a.from, b.from) })
			lanes = append(lanes, l)
		}
	}
	return lanes
}

func widest(lanes []lane) vg.Length {
	var most vg.Length
	for _, l := range lanes {
		most = max(most, textWidth(l.fault, sans(8)))
	}
	return most
}

// draw draws the lane about the height y, its bars below the data and its name
// to the left of them.
func (l lane) draw(c, data draw.Canvas, x func(float64) vg.Length, y vg.Length) {
	label(c, l.fault, sans(8), l.shade, vg.Point{X: data.Min.X - 6, Y: y}, draw.XRight, draw.YCenter)
	c.StrokeLine2(draw.LineStyle{Color: color.Gray{225}, Width: 0.5}, data.Min.X, y, data.Max.X, y)
	small := sans(6.5)
	for i, b := range l.bars {
		from, to := max(x(b.from), data.Min.X), min(max(x(b.to), x(b.from)+1), data.Max.X)
		tint := l.shade
		tint.A = 90
		c.FillPolygon(color.White, rectangle(from, to, y))
		c.FillPolygon(tint, rectangle(from, to, y))
		c.FillPolygon(l.shade, rectangle(from, from+1, y))
		room := to
		if i+1 == len(l.bars) {
			room = data.Max.X
		} else if next := x(l.bars[i+1].from); next > to {
			room = next
		}
		if from+3+textWidth(b.detail, small) < room {
			label(c, b.detail, small, color.Black, vg.Point{X: from + 3, Y: y}, draw.XLeft, draw.YCenter)
		}
	}
}

func rectangle(from, to, y vg.Length) []vg.Point {
	low, high := y-barHeight/2, y+barHeight/2
	return []vg.Point{{X: from, Y: low}, {X: to, Y: low}, {X: to, Y: high}, {X: from, Y: high}}
}
