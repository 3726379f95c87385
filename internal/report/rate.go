package report

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"time"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"maelstrom-counter/internal/maelstromtest"
)

const aboutRate = `Requests per second: asked for (dashed), made, and answered by kind and outcome, counted when the answer came. The bars below are
the faults. The final reads are not shown.`

// ratePicture draws how many requests were asked for, made and completed in each second.
func ratePicture(r *maelstromtest.Result) (*picture, error) {
	p := newPicture(r, "Throughput", "in requests per second")
	p.Y.Min, p.Y.Max = 0, 1
	step := max(time.Second, span(r)/300) // of a long run more than a second, so that lines stay lines
	count := func(ops []maelstromtest.Op, at func(maelstromtest.Op) time.Duration) plotter.XYs {
		// A last step of which less than half was left would look like a drop.
		points := make(plotter.XYs, max(1, int(math.Round(float64(span(r))/float64(step)))))
		for i := range points {
			points[i].X = (time.Duration(i)*step + step/2).Seconds()
		}
		for _, op := range ops {
			points[min(int(at(op)/step), len(points)-1)].Y += 1 / step.Seconds()
		}
		for _, point := range points {
			p.Y.Max = max(p.Y.Max, 1.1*point.Y)
		}
		return points
	}
	add := func(text string, points plotter.XYs, style draw.LineStyle) error {
		line, err := plotter.NewLine(points)
		if err != nil {
			return fmt.Errorf("rate of %s: %w", text, err)
		}
		line.LineStyle = style
		p.Add(line)
		p.legend = append(p.legend, entry{text, line})
		return nil
	}
	all := divide(r.History)
	invoked := count(slices.DeleteFunc(slices.Clone(r.History), func(op maelstromtest.Op) bool { return op.Final }), func(op maelstromtest.Op) time.Duration { return op.Invoke })
	// What was asked for is in the picture unless it would press all else to the ground.
	asked := plotter.XYs{{X: 0, Y: r.Config.Rate}, {X: r.Config.TimeLimit.Seconds(), Y: r.Config.Rate}}
	text := fmt.Sprintf("asked for (%g)", r.Config.Rate)
	most := max(p.Y.Max, 1.15*r.Config.Rate)
	if most > 4*p.Y.Max {
		most = p.Y.Max
		text = fmt.Sprintf("asked for (%g, above the picture)", r.Config.Rate)
	}
	if err := add(text, asked, draw.LineStyle{Color: color.Gray{60}, Width: 1, Dashes: []vg.Length{4, 3}}); err != nil {
		return nil, err
	}
	if err := add("made", invoked, draw.LineStyle{Color: color.Gray{110}, Width: 1.6}); err != nil {
		return nil, err
	}
	for _, s := range all {
		points := count(s.ops, func(op maelstromtest.Op) time.Duration { return op.Complete })
		style := draw.LineStyle{Color: s.shade(), Width: 1.6}
		if s.outcome == maelstromtest.Info {
			style.Dashes = []vg.Length{2, 1.5}
		}
		if err := add(s.String(), points, style); err != nil {
			return nil, err
		}
	}
	p.Y.Max = most
	return p, nil
}
