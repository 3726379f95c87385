package compare

import (
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"os"
	"path/filepath"

	"maelstrom-counter/internal/bench/page"
)

//go:embed page.html
var pageText string

var comparison = page.New(pageText)

// A row is a cell as the page shows it.
type row struct {
	First, AllRight bool   // the first of its condition; nothing went wrong
	Condition       string // named in its first row
	Title           string // of the condition
	Contender       string
	Values          []string
	Link            int    // which of the values leads to the story; -1 if none does
	ID              string // of the story; empty if there is none

	Kind, Caption string
	Diagram       template.HTML
	Told          uint64
}

// WritePage writes the table of cells as a page, with the story of each cell in
// which something went wrong. It makes the folder.
func WritePage(path string, cells []Cell) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("folder for the comparison: %w", err)
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("page of the comparison: %w", err)
	}
	err = comparison.Write(f, map[string]any{"Note": note, "Columns": columns, "Rows": rows(cells)})
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("page of the comparison: %w", err)
	}
	return nil
}

func rows(cells []Cell) []row {
	var all []row
	named := ""
	for _, c := range cells {
		_, wrong := c.Worst()
		r := row{Title: c.Condition.Title, Contender: c.Contender.Title, Values: c.values(), Link: -1, AllRight: !wrong}
		if r.Title != named {
			named = r.Title
			r.First, r.Condition = true, named
		}
		if c.Story != nil {
			r.ID = c.Contender.Name + "-" + c.Condition.Name
			r.Kind, r.Caption, r.Diagram, r.Told = string(c.Story.Kind), c.Story.Caption, template.HTML(c.Story.SVG()), c.Told
			if r.Link = 0; len(c.Wrong) == 0 {
				r.Link = 1 // Maelstrom's verdict was good
			}
		}
		all = append(all, r)
	}
	return all
}
