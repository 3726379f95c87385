package report

import (
	_ "embed"
	"io"
	"strings"
	"text/template"
)

//go:embed readme.txt
var readmeText string

// readme says what each file of a run is.
var readme = template.Must(template.New("README.txt").Parse(readmeText))

func (run Run) writeReadme(w io.Writer) error { return readme.Execute(w, run) }

// Wrap breaks a text into lines of at most width characters, where its words
// allow.
func Wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
