package report

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"maelstrom-counter/internal/bench/maelstromtest"
)

const aboutLatency = `A point for each request: when it was made (s) and how long it took (ms, logarithmic), with the median and the 95th and 99th
percentiles over time as lines, and what failed on top. The bars below are the faults. The final reads are not shown.`

// A request is an operation and its index in the history.
type request struct {
	maelstromtest.Op
	index int
}

// timed returns the requests of a history, except the final ones, which come
// only after a long rest.
func timed(history []maelstromtest.Op) []request {
	var all []request
	for i, op := range history {
		if !op.Final {
			all = append(all, request{op, i})
		}
	}
	return all
}

// A series is some of a run's requests: those of one kind with one outcome.
type series struct {
	kind    string
	outcome maelstromtest.Outcome
	ops     []request
	rank    int // of its kind among the run's kinds
}

func (s series) String() string { return s.kind + " " + OutcomeName(s.outcome) }

// divide sorts a history, except its final requests, into series. Those that
// are ok come first, so that failures are drawn on top.
func divide(history []maelstromtest.Op) []series {
	var all []series
	var kinds []string
	for _, op := range timed(history) {
		i := slices.IndexFunc(all, func(s series) bool { return s.kind == op.F && s.outcome == op.Outcome })
		if i < 0 {
			i = len(all)
			all = append(all, series{kind: op.F, outcome: op.Outcome})
			kinds = append(kinds, op.F)
		}
		all[i].ops = append(all[i].ops, op)
	}
	slices.Sort(kinds)
	kinds = slices.Compact(kinds)
	for i := range all {
		all[i].rank = slices.Index(kinds, all[i].kind)
	}
	order := map[maelstromtest.Outcome]int{maelstromtest.OK: 0, maelstromtest.Info: 1, maelstromtest.Fail: 2}
	slices.SortFunc(all, func(a, b series) int {
		return cmp.Or(cmp.Compare(order[a.outcome], order[b.outcome]), cmp.Compare(a.rank, b.rank))
	})
	return all
}

// shade returns the colour of a series. Each kind has one colour for ok
// requests and a darker one for the others.
func (s series) shade() color.NRGBA {
	fine := []color.NRGBA{{R: 35, G: 115, B: 200, A: 255}, {R: 245, G: 140, B: 20, A: 255}, {R: 30, G: 150, B: 110, A: 255}}
	failed := []color.NRGBA{{R: 130, G: 0, B: 160, A: 255}, {R: 220, G: 20, B: 20, A: 255}, {R: 120, G: 70, B: 30, A: 255}}
	if s.outcome == maelstromtest.OK {
		return fine[s.rank%len(fine)]
	}
	return failed[s.rank%len(failed)]
}

// style returns how the points of a series look. If there are many ok requests,
// their points are more transparent, since they overlap.
func (s series) style() draw.GlyphStyle {
	style := draw.GlyphStyle{Color: s.shade(), Radius: vg.Points(3)}
	switch s.outcome {
	case maelstromtest.Fail:
		style.Shape = draw.CrossGlyph{}
	case maelstromtest.Info:
		style.Shape = draw.TriangleGlyph{}
	default:
		shade := s.shade()
		shade.A = 110
		if len(s.ops) > 3000 {
			shade.A = 50
		}
		style = draw.GlyphStyle{Color: shade, Radius: vg.Points(1.4), Shape: draw.CircleGlyph{}}
	}
	return style
}

// maxPoints bounds how many points are drawn of a series: more would make a
// drawing too large to open.
const maxPoints = 20_000

// latencyPicture draws a point for each request, and percentiles over time.
func latencyPicture(r *maelstromtest.Result) (*picture, error) {
	p := newPicture(r, "Latency", "in ms from when a request was made")
	p.Y.Min, p.Y.Max = latencyBounds(r)
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.TickerFunc(decades)

	all := divide(r.History)
	failures := len(all)
	for i, s := range all {
		if s.outcome != maelstromtest.OK {
			failures = i
			break
		}
	}
	for _, s := range all[:failures] {
		if err := p.scatter(s); err != nil {
			return nil, err
		}
	}
	if err := p.percentiles(r); err != nil {
		return nil, err
	}
	for _, s := range all[failures:] {
		if err := p.scatter(s); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// latencyBounds returns the bounds of a logarithmic scale of latencies in ms:
// whole decades, at least two, and never zero.
func latencyBounds(r *maelstromtest.Result) (low, high float64) {
	least, most := math.Inf(1), 0.1
	for _, op := range r.History {
		if !op.Final {
			ms := milliseconds(op.Complete - op.Invoke)
			least, most = min(least, ms), max(most, ms)
		}
	}
	high = math.Pow(10, math.Ceil(math.Log10(most)))
	return min(math.Pow(10, math.Floor(math.Log10(max(least, 0.01)))), high/100), high
}

// scatter draws a series' points, or some of them if there are too many.
func (p *picture) scatter(s series) error {
	every := (len(s.ops)-1)/maxPoints + 1
	var points plotter.XYs
	for i := 0; i < len(s.ops); i += every {
		op := s.ops[i]
		points = append(points, plotter.XY{X: op.Invoke.Seconds(), Y: max(milliseconds(op.Complete-op.Invoke), p.Y.Min)})
	}
	scatter, err := plotter.NewScatter(points)
	if err != nil {
		return fmt.Errorf("points of %s: %w", s, err)
	}
	scatter.GlyphStyle = s.style()
	p.Add(scatter)
	sign := *scatter
	if s.outcome == maelstromtest.OK {
		sign.Color, sign.Radius = s.shade(), 3
	}
	text := fmt.Sprintf("%s (%d)", s, len(s.ops))
	if every > 1 {
		text = fmt.Sprintf("%s (%d, one in %d drawn)", s, len(s.ops), every)
	}
	p.legend = append(p.legend, entry{text, &sign})
	return nil
}

// Percentiles are taken over stretches of time. A stretch is a fiftieth of the
// picture, or longer if that is less than half a second or has fewer than
// twenty requests on average.
const (
	stretches  = 50
	minStretch = time.Second / 2
	minAnswers = 20
)

// percents lists the percentiles that are drawn.
var percents = []int{50, 95, 99}

// percentiles draws the median and the 95th and 99th percentiles of ok requests
// over time. A line is broken where no request was answered.
func (p *picture) percentiles(r *maelstromtest.Result) error {
	styles := []draw.LineStyle{
		{Color: color.Gray{25}, Width: 1.6},
		{Color: color.Gray{25}, Width: 1.2, Dashes: []vg.Length{6, 2}},
		{Color: color.Gray{25}, Width: 1.2, Dashes: []vg.Length{1.5, 1.5}},
	}
	for i, lines := range percentilesOf(r) {
		for _, points := range lines {
			for j := range points {
				points[j].Y = max(points[j].Y, p.Y.Min)
			}
			line, err := plotter.NewLine(points)
			if err != nil {
				return fmt.Errorf("percentiles: %w", err)
			}
			line.LineStyle = styles[i]
			p.Add(line)
		}
		p.legend = append(p.legend, entry{fmt.Sprintf("p%d", percents[i]), &plotter.Line{LineStyle: styles[i]}})
	}
	return nil
}

// percentilesOf returns the lines for each of percents, in ms over s.
func percentilesOf(r *maelstromtest.Result) [][]plotter.XYs {
	whole := span(r)
	length := max(whole/stretches, minStretch)
	if r.OK > 0 {
		length = max(length, min(whole, whole*minAnswers/time.Duration(r.OK)))
	}
	parts := make([][]time.Duration, max(1, (whole+length/2)/length)) // a remainder of less than half a stretch belongs to the last one
	for _, op := range r.History {
		if op.Outcome == maelstromtest.OK && !op.Final {
			i := min(int(op.Invoke/length), len(parts)-1)
			parts[i] = append(parts[i], op.Complete-op.Invoke)
		}
	}
	for i := range parts {
		slices.Sort(parts[i])
	}
	var all [][]plotter.XYs
	for _, percent := range percents {
		all = append(all, broken(parts, func(i int) plotter.XY {
			middle := (time.Duration(i)*length + min(time.Duration(i+1)*length, whole)) / 2
			return plotter.XY{X: middle.Seconds(), Y: milliseconds(maelstromtest.Percentile(parts[i], percent))}
		}))
	}
	return all
}

// broken returns the lines through the points of the parts that are not empty:
// one line for each run of such parts.
func broken(parts [][]time.Duration, point func(i int) plotter.XY) []plotter.XYs {
	var lines []plotter.XYs
	for i := range parts {
		switch {
		case len(parts[i]) == 0:
		case i == 0 || len(parts[i-1]) == 0:
			lines = append(lines, plotter.XYs{point(i)})
		default:
			last := &lines[len(lines)-1]
			*last = append(*last, point(i))
		}
	}
	return lines
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
