package report

import (
	"fmt"
	"image/color"
	"math"
	"time"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"maelstrom-counter/internal/bench/maelstromtest"
)

const aboutRate = `Requests per second: asked for (dashed), made, and answered by kind and outcome, counted when the answer came. The bars below are
the faults. The final reads are not shown.`

// A rate is how many requests a second there were, over time.
type rate struct {
	text   string
	points plotter.XYs
	of     *series // the series whose completed requests it counts; nil for the other rates
}

// ratesOf returns how many requests were asked for, made and completed in each
// second, and the height of a picture of it.
func ratesOf(r *maelstromtest.Result) (asked, made rate, completed []rate, height float64) {
	step := max(time.Second, span(r)/300) // more than a second in a long run, so that lines stay lines
	height = 1
	count := func(ops []request, at func(request) time.Duration) plotter.XYs {
		// If less than half of a last step were left, it would look like a
		// drop.
		points := make(plotter.XYs, max(1, int(math.Round(float64(span(r))/float64(step)))))
		for i := range points {
			points[i].X = (time.Duration(i)*step + step/2).Seconds()
		}
		for _, op := range ops {
			points[min(int(at(op)/step), len(points)-1)].Y += 1 / step.Seconds()
		}
		for _, point := range points {
			height = max(height, 1.1*point.Y)
		}
		return points
	}
	made = rate{text: "made", points: count(timed(r.History), func(op request) time.Duration { return op.Invoke })}
	for _, s := range divide(r.History) {
		completed = append(completed, rate{s.String(), count(s.ops, func(op request) time.Duration { return op.Complete }), &s})
	}
	// The picture shows the requests that were asked for, unless that would
	// flatten everything else.
	asked = rate{text: fmt.Sprintf("asked for (%g)", r.Config.Rate), points: plotter.XYs{{X: 0, Y: r.Config.Rate}, {X: r.Config.TimeLimit.Seconds(), Y: r.Config.Rate}}}
	if most := max(height, 1.15*r.Config.Rate); most > 4*height {
		asked.text = fmt.Sprintf("asked for (%g, above the picture)", r.Config.Rate)
	} else {
		height = most
	}
	return asked, made, completed, height
}

// ratePicture draws how many requests were asked for, made and completed in
// each second.
func ratePicture(r *maelstromtest.Result) (*picture, error) {
	p := newPicture(r, "Throughput", "in requests per second")
	asked, made, completed, height := ratesOf(r)
	add := func(of rate, style draw.LineStyle) error {
		line, err := plotter.NewLine(of.points)
		if err != nil {
			return fmt.Errorf("rate of %s: %w", of.text, err)
		}
		line.LineStyle = style
		p.Add(line)
		p.legend = append(p.legend, entry{of.text, line})
		return nil
	}
	if err := add(asked, draw.LineStyle{Color: color.Gray{60}, Width: 1, Dashes: []vg.Length{4, 3}}); err != nil {
		return nil, err
	}
	if err := add(made, draw.LineStyle{Color: color.Gray{110}, Width: 1.6}); err != nil {
		return nil, err
	}
	for _, c := range completed {
		style := draw.LineStyle{Color: c.of.shade(), Width: 1.6}
		if c.of.outcome == maelstromtest.Info {
			style.Dashes = []vg.Length{2, 1.5}
		}
		if err := add(c, style); err != nil {
			return nil, err
		}
	}
	// Adding lines makes the picture as high as they are.
	p.Y.Min, p.Y.Max = 0, height
	return p, nil
}
