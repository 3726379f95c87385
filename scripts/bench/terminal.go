//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"
)

// The width of a text that does not go to a terminal, unless COLUMNS says
// otherwise, and of a terminal that does not tell its width.
const (
	fileColumns    = 100
	defaultColumns = 80
)

// A look is how a text is shown.
type look struct {
	columns int // no line is longer, where words allow
	colour  bool
}

// lookOf returns how a text is shown that is written to w. NO_COLOR turns
// colours off, and CLICOLOR_FORCE turns them on where there is no terminal.
func lookOf(w io.Writer) look {
	force := os.Getenv("CLICOLOR_FORCE")
	l := look{columns: fileColumns, colour: force != "" && force != "0"}
	if n, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && n > 0 {
		l.columns = n
	}
	if width := columns(w); width != nil {
		l.columns, l.colour = width(), true
	}
	l.columns = min(max(l.columns, 40), 200)
	l.colour = l.colour && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return l
}

// columns returns a function that returns the width of a terminal, or nil if w
// is not a terminal, or one that cannot clear a line.
func columns(w io.Writer) func() int {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return func() int {
		width, _, err := term.GetSize(int(file.Fd()))
		if err != nil || width <= 0 {
			return defaultColumns
		}
		return width
	}
}

// Parameters of the escape sequence that sets how text is shown.
const (
	bold  = "1"
	red   = "1;31"
	green = "1;32"
)

// paint returns a text in a colour, if there are colours.
func (l look) paint(colour, text string) string {
	if !l.colour {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// wrap breaks a line that is longer than most columns and consists of a lead
// and a text. The lead stays as it is, and what follows the first break is
// indented. A word that is too long for a line is broken, too.
func wrap(lead, text string, most, indent int) string {
	room := most - utf8.RuneCountInString(lead)
	if utf8.RuneCountInString(text) <= room {
		return lead + text
	}
	line, space := lead, ""
	for _, word := range words(text, min(room, most-indent)) {
		n := utf8.RuneCountInString(word)
		if n+len(space) > room {
			line += "\n" + strings.Repeat(" ", indent)
			room, space = most-indent, ""
		}
		line += space + word
		room -= n + len(space)
		space = " "
	}
	return line
}

// words returns the words of a text, in pieces of at most that many characters.
func words(text string, most int) (list []string) {
	for word := range strings.FieldsSeq(text) {
		for piece := range slices.Chunk([]rune(word), max(1, most)) {
			list = append(list, string(piece))
		}
	}
	return list
}

// A screen is a writer for several goroutines, such as standard error: what
// they write does not break the line that shows the progress.
type screen struct {
	columns func() int // the width of the terminal; nil if there is none

	mu     sync.Mutex
	w      io.Writer
	status string // the line that is shown at the bottom of a terminal
	within bool   // the last line that was written has not ended
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	text := p
	if s.status != "" && !s.within {
		text = append([]byte("\r\x1b[K"), p...)
	}
	if s.within = !bytes.HasSuffix(p, []byte("\n")); !s.within {
		text = append(text[:len(text):len(text)], s.status...)
	}
	if _, err := s.w.Write(text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// show makes a line the last on a terminal, in place of the one that it has
// shown before. Without a terminal it only writes the line.
func (s *screen) show(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.columns == nil {
		_, _ = io.WriteString(s.w, line+"\n")
		return
	}
	lead := "\r"
	if s.within {
		lead, s.within = "\n", false
	}
	_, _ = io.WriteString(s.w, lead+line+"\x1b[K")
	s.status = line
}

// clear removes the line that show has shown, if there is one.
func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status != "" && !s.within {
		_, _ = io.WriteString(s.w, "\r\x1b[K")
	}
	s.status = ""
}
