package page

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"

	"maelstrom-counter/internal/bench/page/pagetest"
)

func TestTicksAreRound(t *testing.T) {
	for _, test := range []struct {
		low, high float64
		most      int
		want      string
	}{
		{0, 20, 8, "[0 5 10 15 20]"},
		{0, 1, 5, "[0 0.2 0.4 0.6 0.8 1]"},
		{-0.3, 3, 5, "[0 1 2 3]"},
		{-40, 70, 6, "[-40 -20 0 20 40 60]"},
		{0, 28.31, 8, "[0 5 10 15 20 25]"},
		{0, 3600, 8, "[0 500 1000 1500 2000 2500 3000 3500]"},
		{0, 1e-5, 8, "[0 2e-06 4e-06 6e-06 8e-06 1e-05]"},
	} {
		got := rounds(test.low, test.high, test.most)
		var texts []string
		for _, v := range got {
			texts = append(texts, number(v))
		}
		if fmt.Sprint(texts) != test.want || len(got) > test.most+1 {
			t.Errorf("from %v to %v: %v, not %v", test.low, test.high, texts, test.want)
		}
	}
}

// plain returns a chart with one of everything.
func plain() *Chart {
	return &Chart{
		Title: "A <chart>", End: 10, Low: 1, High: 100, Log: true,
		Lines: []Line{{Name: "line", Class: "p50", Runs: [][]Point{{{0, 10}, {5, 100}}, {{7, 1}, {10, 1}}}}, {Name: "steps", Class: "upper", Runs: [][]Point{{{0, 1}, {5, 10}}}, Steps: true}},
		Dots:  []Dots{{Name: "dots", Class: "ok0 hollow", Points: []Dot{{Point: Point{5, 10}, Text: "</script><b>"}, {Point: Point{10, 0}, For: 2.5}}}},
		Lanes: []Lane{{Name: "late", Colour: "#123456", Bars: []Bar{{From: 2, To: 4, Text: "n1", Title: "late n1"}, {From: 8, To: 20}}}},
	}
}

func TestPathsAndTicksAreInTheChartsCoordinates(t *testing.T) {
	c := plain()
	fine, share, bars := c.Fine(), c.In(100, 100), c.Lanes[0].Bars
	for got, want := range map[string]string{
		fine.line(c.Lines[0]): "M0 50000L50000 0M70000 100000L100000 100000",
		fine.line(c.Lines[1]): "M0 100000H50000V50000",
		fine.dots(c.Dots[0]):  "M50000 50000h.01M75000 100000h25000",
		share.Left(bars[0]) + " " + share.Wide(bars[0]) + " " + share.Left(bars[1]) + " " + share.Wide(bars[1]): "20 20 80 20",
		fmt.Sprint(share.YTicks()): "[{100 1} {50 10} {0 100}]",
		fmt.Sprint(share.XTicks()): "[{0 0} {20 2} {40 4} {60 6} {80 8} {100 10}]",
	} {
		if got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	linear := Chart{End: 4, Low: -1, High: 3}
	if got := linear.Fine().dots(Dots{Points: []Dot{{Point: Point{1, 0}}}}); got != "M25000 75000h.01" {
		t.Error(got)
	}
}

// The texts of a chart cannot end its script or begin an element, and the
// script gets them as they are.
func TestAPageKeepsTextsApartFromMarkup(t *testing.T) {
	var b bytes.Buffer
	if err := New(`{{define "title"}}{{.Title}}{{end}}{{define "body"}}{{template "chart" .}}{{end}}`).Write(&b, plain()); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if strings.Contains(text, "A <chart>") || strings.Contains(text, "</script><b>") || !strings.Contains(text, "<h3>A &lt;chart&gt;</h3>") {
		t.Errorf("not escaped:\n%s", text)
	}
	if strings.Contains(text, "ZgotmplZ") {
		t.Error("html/template has refused a value")
	}
	_, rest, _ := strings.Cut(text, `<script type="application/json">`)
	raw, _, _ := strings.Cut(rest, "</script>")
	var got map[string]any
	if err := json.Unmarshal([]byte(raw), &got); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	want := "map[dots:[[50000 50000 </script><b>] [100000 100000 ]] end:10 fit:false high:100 log:true low:1]"
	if fmt.Sprint(got) != want {
		t.Errorf("%v, not %s", got, want)
	}
}

// A picture needs no browser: it is well-formed, its texts stay texts, and its
// colours are not variables.
func TestAPictureNeedsNothingElse(t *testing.T) {
	var b bytes.Buffer
	c := plain()
	for i := range 9 {
		c.Lines = append(c.Lines, Line{Name: fmt.Sprintf("another line, number %d", i), Class: "made"})
	}
	if err := c.WriteSVG(&b, "3 nodes & more"); err != nil {
		t.Fatal(err)
	}
	pagetest.Golden(t, "testdata/chart.svg", b.String())
	for _, unwanted := range []string{"A <chart>", "var(", "url(", "href", "<script", "foreignObject", "ZgotmplZ"} {
		if strings.Contains(b.String(), unwanted) {
			t.Errorf("a picture with %s", unwanted)
		}
	}
	if err := xml.Unmarshal(b.Bytes(), new(any)); err != nil {
		t.Errorf("%v:\n%s", err, &b)
	}
}

func TestAnErrorOfWritingIsReported(t *testing.T) {
	r, w := io.Pipe()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := New(`{{define "title"}}{{end}}{{define "body"}}{{end}}`).Write(w, nil); err == nil || !strings.HasPrefix(err.Error(), "page: ") {
		t.Errorf("error %v", err)
	}
}
