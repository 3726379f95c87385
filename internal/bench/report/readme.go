package report

import (
	_ "embed"
	"io"
	"text/template"
)

//go:embed readme.txt
var readmeText string

// readme says what each file of a run is.
var readme = template.Must(template.New("README.txt").Parse(readmeText))

func (run Run) writeReadme(w io.Writer) error { return readme.Execute(w, run) }
