package report

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// writeReadme says what each file of the folder is.
func (run Run) writeReadme(w io.Writer) error {
	r := run.Result
	var text strings.Builder
	fmt.Fprintf(&text, "%s with %d nodes of %s, seed %d, started %s.\n%s\n", r.Workload, r.Config.Nodes, run.Bin, r.Config.Seed,
		run.Start.Format(time.RFC3339), run.Headline())
	about := func(name, what string) {
		fmt.Fprintf(&text, "\n%s\n", name)
		fmt.Fprintln(&text, "    "+strings.Join(Wrap(what, 96), "\n    "))
	}
	for _, f := range run.files() {
		if f.name != readmeFile {
			about(f.name, f.about)
		}
	}
	about("node-logs/", "What each node wrote to stderr, through all its lives: n0.log and so on.")
	_, err := io.WriteString(w, text.String())
	return err
}

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
