package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/bench/story"
)

// StoryFile is the name of the picture of a run's story.
const StoryFile = "story.svg"

// Tell returns why a run was wrong, as far as the messages in its folder show
// it. It returns nil if the run was right, or if the messages do not show why
// it was wrong. If there was no room for all messages, they prove nothing.
func Tell(folder string, r *maelstromtest.Result) (*story.Story, error) {
	if r.Right {
		return nil, nil
	}
	f, err := os.Open(filepath.Join(folder, MessagesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // the missing file has been reported already
	}
	if err != nil {
		return nil, fmt.Errorf("cannot tell why the run was wrong: %w", err)
	}
	defer f.Close()
	messages, err := maelstromtest.ReadJournal(f)
	if err != nil {
		return nil, fmt.Errorf("cannot tell why the run was wrong: %s: %w", MessagesFile, err)
	}
	if n := len(messages); n > 0 && messages[n-1].What == full {
		return nil, nil
	}
	return story.Of(r, messages), nil
}
