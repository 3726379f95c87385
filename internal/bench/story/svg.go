package story

import (
	_ "embed"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"maelstrom-counter/internal/bench/claim"
	"maelstrom-counter/internal/bench/verdict"
)

// The measures of a diagram, in the units of its coordinates. A browser draws a
// unit as a pixel if it has the room.
const (
	svgWidth       = 800
	timesWidth     = 74 // the column of times
	edge           = 16
	rowHeight      = 34
	lineHeight     = 20
	headHeight     = 30
	captionLetters = 104
	letter         = 6.8 // the mean width of a letter of a label, roughly
	boldLetter     = 7.9
	valueLetter    = 7.3 // of bold JSON, of which much is narrow
)

// style has the colours, for light and for dark. They differ in lightness too,
// so that no colour is the only sign.
//
//go:embed story.css
var style string

// A canvas is a picture in the making.
type canvas struct {
	strings.Builder
	s   *Story
	top float64 // of the first row
}

// SVG returns the story as a picture that needs no other files.
func (s *Story) SVG() string {
	var caption []string
	for _, sentence := range s.Sentences {
		caption = append(caption, Wrap(sentence, captionLetters)...)
	}
	return s.draw(caption)
}

// Diagram returns the picture without the sentences, for a page that has them.
func (s *Story) Diagram() string { return s.draw(nil) }

func (s *Story) draw(caption []string) string {
	c := &canvas{s: s}
	captionHeight := float64(edge + lineHeight*(len(caption)+1))
	c.top = captionHeight + headHeight + 40
	height := c.top + float64(len(s.Rows)-1)*rowHeight + 30
	c.add(`<svg class="story" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %.0f" width="%d" height="%.0f" style="max-width: 100%%; height: auto" role="img">`,
		svgWidth, height, svgWidth, height)
	c.add("<title>%s</title><desc>%s</desc>", html.EscapeString(s.heading()), html.EscapeString(s.Caption))
	c.add("<style>\n%s</style>", style)
	c.add(`<rect class="paper" width="%d" height="%.0f"/>`, svgWidth, height)
	c.add(`<text class="kind" x="%d" y="%d">%s</text>`, edge, edge+10, html.EscapeString(s.heading()))
	for i, line := range caption {
		c.add(`<text class="caption" x="%d" y="%d">%s</text>`, edge, edge+10+lineHeight*(i+1), html.EscapeString(line))
	}
	for i, lane := range s.Lanes {
		c.lane(i, lane, captionHeight+12, height-12)
	}
	c.times()
	for _, a := range s.Arrows {
		c.arrow(a)
	}
	for _, a := range s.Arrows {
		c.label(a)
	}
	for _, n := range s.Notes {
		c.note(n)
	}
	c.add("</svg>")
	return c.String()
}

func (c *canvas) add(format string, args ...any) { fmt.Fprintf(c, format+"\n", args...) }

// x returns the place of a lane. The outermost lanes have room for their notes.
func (c *canvas) x(lane int) float64 {
	left, right := float64(timesWidth+52), float64(svgWidth-60)
	if len(c.s.Lanes) == 1 {
		return (left + right) / 2
	}
	return left + (right-left)*float64(lane)/float64(len(c.s.Lanes)-1)
}

func (c *canvas) y(row int) float64 { return c.top + float64(row)*rowHeight }

// lane draws a lane's head and line, which is dotted while its node is dead.
func (c *canvas) lane(i int, lane Lane, top, bottom float64) {
	x := c.x(i)
	half := float64(utf8.RuneCountInString(lane.Name))*4.2 + 10
	round := map[Role]int{Client: 12, Node: 3, Service: 3}[lane.Role]
	from, class := top+headHeight-4, "lane"
	line := func(to float64, then string) {
		c.add(`<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x, from, x, to)
		from, class = to, then
	}
	for _, n := range c.s.Notes {
		if n.Lane != i || !n.Dead {
			continue
		}
		line(c.y(n.Row), "lane dead")
		if row := c.s.alive(i, n.Row); row >= 0 {
			line(c.y(row), "lane")
		}
	}
	line(bottom, "")
	c.add(`<rect class="headbox" x="%.1f" y="%.1f" width="%.1f" height="26" rx="%d"/>`, x-half, top, 2*half, round)
	c.add(`<text class="head" x="%.1f" y="%.1f">%s</text>`, x, top+17, html.EscapeString(lane.Name))
}

// alive returns the first row below another in which a node is seen to be
// alive: a message reaches it, or it sends one. If there is none, it returns
// -1.
func (s *Story) alive(lane, below int) int {
	first := -1
	for _, a := range s.Arrows {
		for _, end := range []struct {
			lane, row int
			seen      bool
		}{{a.From, a.Sent, true}, {a.To, a.Ends, a.Fate == claim.Arrived}} {
			if end.seen && end.lane == lane && end.row > below && (first < 0 || end.row < first) {
				first = end.row
			}
		}
	}
	return first
}

// times writes the time of each row, unless the row above has the same.
func (c *canvas) times() {
	last := ""
	for row, t := range c.s.Rows {
		if text := clock(t); text != last {
			c.add(`<text class="time" x="%d" y="%.1f">%s</text>`, edge, c.y(row)+4, text)
			last = text
		}
	}
}

// arrow draws a copy of a message.
func (c *canvas) arrow(a *Arrow) {
	x1, y1, x2, y2 := c.x(a.From), c.y(a.Sent), c.x(a.To), c.y(a.Ends)
	c.add(`<g class="%s">`, a.classes())
	if a.gone() || a.open() {
		x2, y2 = x1+(x2-x1)*0.62, y1+(y2-y1)*0.62
	}
	c.add(`<line class="arrow" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, x1, y1, x2, y2)
	if a.gone() {
		c.add(`<path class="cross" d="M%.1f %.1f l10 10 m0 -10 l-10 10"/>`, x2-5, y2-5)
	} else {
		c.tip(x1, y1, x2, y2)
	}
	c.add("</g>")
}

// gone reports whether an arrow ends before it reaches its receiver.
func (a *Arrow) gone() bool { return a.Fate == claim.WasLost || a.Fate == claim.WasCut }

// open reports whether the end of an arrow was not seen.
func (a *Arrow) open() bool { return a.Fate == claim.OnItsWay || a.Fate == claim.Unknown }

// classes returns the names of an arrow's styles.
func (a *Arrow) classes() string {
	var classes []string
	switch {
	case a.gone() || a.Fate == claim.Unread:
		classes = append(classes, "lost")
	case a.Copy > 0:
		classes = append(classes, "copy")
	case a.Late > 0 || a.open():
		classes = append(classes, "late")
	}
	if a.Mark != Plain && !a.gone() {
		classes = append(classes, string(a.Mark))
	}
	return strings.Join(classes, " ")
}

// tip draws an arrow's tip.
func (c *canvas) tip(x1, y1, x2, y2 float64) {
	const long, half = 10, 4.5
	length := math.Hypot(x2-x1, y2-y1)
	dx, dy := (x2-x1)/length, (y2-y1)/length
	bx, by := x2-long*dx, y2-long*dy
	c.add(`<polygon class="tip" points="%.1f,%.1f %.1f,%.1f %.1f,%.1f"/>`, x2, y2, bx-half*dy, by+half*dx, bx+half*dy, by-half*dx)
}

// label writes what a message is: above the middle of its arrow if that is
// level, or else beside its end, where there is no other arrow.
func (c *canvas) label(a *Arrow) {
	x1, y1, x2, y2 := c.x(a.From), c.y(a.Sent), c.x(a.To), c.y(a.Ends)
	text := a.caption(math.Abs(x2 - x1))
	half := halfOf(text, a.Mark != Plain)
	x, y := (x1+x2)/2, y1-6
	if a.gone() {
		y = y1 - 8
	}
	if y1 != y2 {
		y = y2 - 10
		at := x2 - (x2-x1)*18/(y2-y1) // where the arrow is at the height of the label
		x = at - half - 8
		if x2 < x1 {
			x = at + half + 8
		}
	}
	x = min(max(x, timesWidth+half), svgWidth-8-half)
	c.add(`<g class="%s"><text class="label" text-anchor="middle" x="%.1f" y="%.1f">%s</text></g>`, a.classes(), x, y, html.EscapeString(text))
}

// shortest is a number of characters to which every label may come, however
// short its arrow is.
const shortest = 16

// caption returns what is written on an arrow of a length: its label, shortened
// so that it does not reach over the ends, and what is special about the arrow.
func (a *Arrow) caption(length float64) string {
	before, after := "", ""
	if a.Copy > 0 {
		before = "copy of "
	}
	switch {
	case a.Mark == Acknowledged:
		after = " (acknowledged)"
	case a.Late > 0 && (a.Fate == claim.Arrived || a.open()):
		after = ", late by " + verdict.Time(a.Late)
	case a.Fate != claim.Arrived:
		after = ", " + string(a.Fate)
	}
	room := int(length/letter) - utf8.RuneCountInString(before+after)
	return before + shortened(a.Label, max(shortest, room)) + after
}

// halfOf returns half the width of a label, at least.
func halfOf(text string, bold bool) float64 {
	width := letter
	if bold {
		width = boldLetter
	}
	return float64(utf8.RuneCountInString(text)) * width / 2
}

// note draws a note on its lane.
func (c *canvas) note(n *Note) {
	half := halfOf(n.Text, n.Style == Verdict || n.Style == Praise) + 8
	if n.Style == NewValue {
		half = float64(utf8.RuneCountInString(n.Text))*valueLetter/2 + 8
	}
	x, y := c.x(n.Lane), c.y(n.Row)
	if n.Style == AFault { // beside the lane, on the side without messages to the services
		x += (half - 12) * c.outward(n.Lane)
	}
	x = min(max(x, timesWidth+half), svgWidth-4-half)
	c.add(`<g class="%s">`, n.Style)
	if n.Style == Verdict || n.Style == Praise {
		c.add(`<text class="label" text-anchor="middle" x="%.1f" y="%.1f">%s</text>`, x, y+4, html.EscapeString(n.Text))
	} else {
		c.add(`<rect x="%.1f" y="%.1f" width="%.1f" height="22" rx="5"/>`, x-half, y-11, 2*half)
		c.add(`<text text-anchor="middle" x="%.1f" y="%.1f">%s</text>`, x, y+4, html.EscapeString(n.Text))
	}
	c.add("</g>")
}

// outward returns the direction away from the services: -1 for left, 1 for
// right.
func (c *canvas) outward(lane int) float64 {
	if slices.ContainsFunc(c.s.Lanes[lane:], func(l Lane) bool { return l.Role == Service }) {
		return -1
	}
	return 1
}
