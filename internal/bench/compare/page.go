package compare

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"

	"maelstrom-counter/internal/bench/page"
)

//go:embed page.html
var pageText string

var comparison = page.New(pageText)

// WritePage writes the table of cells as a page, with the story of each cell in
// which something went wrong. It makes the folder.
func WritePage(path string, cells []Cell) error {
	var text bytes.Buffer
	err := comparison.Write(&text, map[string]any{"Note": note, "Columns": columns(cells), "Rows": rows(cells)})
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o777)
	}
	if err == nil {
		err = os.WriteFile(path, text.Bytes(), 0o666)
	}
	if err != nil {
		return fmt.Errorf("page of the comparison: %w", err)
	}
	return nil
}
