// Package page makes web pages that are one file each: they open from disk,
// need no network, and can be read without scripts. It provides the frame of a
// page, its style for light and dark, and charts over time. Its users provide
// the content, as templates.
package page

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed page.html
var frame string

//go:embed colours.css
var colours string

//go:embed page.css
var style string

//go:embed chart.css
var chartStyle string

//go:embed chart.js
var script string

var base = template.Must(template.New("page").Funcs(template.FuncMap{
	"style":   func() template.CSS { return template.CSS(colours + style + chartStyle) },
	"literal": literal,
	"svg":     func(picture string) template.HTML { return template.HTML(picture) },
	"script":  func() template.JS { return template.JS(script) },
}).Parse(frame))

// A Template is a kind of page.
type Template struct{ t *template.Template }

// New returns the template of a kind of page. The text defines the templates
// "title" and "body", in which a *Chart is shown by the template "chart". It
// panics if the text is not a template, as it is part of the program.
func New(text string) Template {
	return Template{template.Must(template.Must(base.Clone()).Parse(text))}
}

// Write writes the page that the template makes of data.
func (t Template) Write(w io.Writer, data any) error {
	if err := t.t.Execute(w, data); err != nil {
		return fmt.Errorf("page: %w", err)
	}
	return nil
}
