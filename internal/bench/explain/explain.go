package explain

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"maelstrom-counter/internal/bench/page"
	"maelstrom-counter/internal/bench/rivals"
	"maelstrom-counter/internal/bench/story"
)

// A Found is the shortest story of a design under a kind of trouble. Its Story
// is nil if none was found.
type Found struct {
	Design  rivals.Rival
	Trouble Trouble
	Story   *story.Story
	Plan    Plan
	Runs    int // how many there were in the search
}

// Search looks for the shortest story of each design under each kind of
// trouble, several at a time, or only of the design and the trouble with these
// names, if they are not empty. Designs that are always right are searched only
// by name. The same seed finds the same stories.
func Search(t *testing.T, design, trouble string, seed uint64) []Found {
	t.Helper()
	designs := named(t, design, rivals.All, func(r rivals.Rival) string { return r.Name })
	if design == "" {
		designs = slices.DeleteFunc(slices.Clone(designs), func(r rivals.Rival) bool { return r.Right })
	}
	troubles := named(t, trouble, Troubles, func(tr Trouble) string { return tr.Name })
	found := make([]Found, len(designs)*len(troubles))
	t.Run("search", func(t *testing.T) {
		for i := range found {
			design, trouble := designs[i/len(troubles)], troubles[i%len(troubles)]
			t.Run(design.Name+"/"+trouble.Name, func(t *testing.T) {
				t.Parallel()
				r := &runner{t: t, program: design.Program}
				best := r.search(trouble, seed)
				found[i] = Found{design, trouble, best.story, best.plan, r.runs}
			})
		}
	})
	return found
}

// named returns the element with that name, or all elements if the name is
// empty.
func named[T any](t *testing.T, name string, all []T, nameOf func(T) string) []T {
	t.Helper()
	var names []string
	for i, x := range all {
		if nameOf(x) == name {
			return all[i : i+1]
		}
		names = append(names, nameOf(x))
	}
	if name != "" {
		t.Fatalf("%q is not one of %s", name, strings.Join(names, ", "))
	}
	return all
}

// ID names the story's picture, and its place on the page.
func (f Found) ID() string { return f.Design.Name + "-" + f.Trouble.Name }

// Heading names the design and the trouble.
func (f Found) Heading() string {
	design := f.Design.Name
	if f.Design.Title != design {
		design += " (" + f.Design.Title + ")"
	}
	return design + ", " + f.Trouble.Title
}

// Summary says how short the story is, and of how many runs.
func (f Found) Summary() string {
	if f.Story == nil {
		return fmt.Sprintf("no failure in %d runs.", f.Runs)
	}
	return fmt.Sprintf("%d messages of %d requests, the shortest in %d runs.", f.Story.Messages(), len(f.Plan.Requests), f.Runs)
}

// String returns the story as text, with a heading.
func (f Found) String() string {
	text := f.Heading() + ": " + f.Summary() + "\n"
	if f.Story != nil {
		text += f.Story.Text()
	}
	return text
}

//go:embed page.html
var pageText string

var all = page.New(pageText)

// Write prints the stories, and writes their pictures and a page that has all
// of them to a folder, which it creates.
func Write(folder string, found []Found) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return fmt.Errorf("folder for pictures: %w", err)
	}
	for _, f := range found {
		fmt.Println(f)
		if f.Story == nil {
			continue
		}
		path := filepath.Join(folder, f.ID()+".svg")
		if err := os.WriteFile(path, []byte(f.Story.SVG()), 0o666); err != nil {
			return fmt.Errorf("picture of a story: %w", err)
		}
		fmt.Printf("%s\n\n", path)
	}
	path := filepath.Join(folder, "index.html")
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("page of stories: %w", err)
	}
	if err := errors.Join(all.Write(file, found), file.Close()); err != nil {
		return fmt.Errorf("page of stories: %w", err)
	}
	fmt.Printf("All of them are in %s.\n", path)
	return nil
}
