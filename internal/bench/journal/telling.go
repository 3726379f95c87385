package journal

import (
	"regexp"
	"slices"
	"strings"
)

var (
	traceback = regexp.MustCompile(`^[\s|+]*(Exception Group )?Traceback \(most recent call last\)`) // Python
	bars      = regexp.MustCompile(`^\s*[|+] ?`)                                                     // before each line of a Python group
	goPanic   = regexp.MustCompile(`^(panic|fatal error|Fatal error): `)                             // Go, OCaml and Swift
	panicked  = regexp.MustCompile(`\bpanicked at `)                                                 // Rust
	causedBy  = regexp.MustCompile(`^Caused by: `)                                                   // Java
	aFrame    = regexp.MustCompile(`^\s+(at|from) |^stack traceback:|^CallStack \(from`)             // Java, C#, JavaScript, Ruby, Lua, Haskell
	says      = regexp.MustCompile(`\w.*\s\S`)
	nothing   = regexp.MustCompile(`^(Node\.js v|note: run with|\(Use .node --trace|exit status \d+$|\W*$)`)
)

// Telling returns the line of a program's standard error that names the error
// which ended the program: that of an exception or a panic, in whatever
// language, or else the last line that is not empty. It returns an empty string
// if no line does. The lines are those that the program wrote last.
func Telling(lines []string) string {
	if line := Fault(lines); line != "" {
		return line
	}
	for _, line := range slices.Backward(lines) {
		if line = strings.TrimSpace(line); !nothing.MatchString(line) {
			return line
		}
	}
	return ""
}

// Fault is Telling without the last resort: it returns an empty string if no
// line is that of an exception or a panic.
func Fault(lines []string) string {
	last := len(lines) - 1
	find := func(is *regexp.Regexp) int {
		return slices.IndexFunc(lines, is.MatchString)
	}
	findLast := func(is *regexp.Regexp) int {
		backwards := slices.Clone(lines)
		slices.Reverse(backwards)
		return last - slices.IndexFunc(backwards, is.MatchString) // beyond the last if there is none
	}
	if i := findLast(traceback); i <= last {
		if line := afterTraceback(lines[i+1:]); line != "" {
			return line
		}
	}
	if i := find(goPanic); i >= 0 {
		return strings.TrimSpace(lines[i])
	}
	if i := find(panicked); i >= 0 {
		line := strings.TrimSpace(lines[i])
		if strings.HasSuffix(line, ":") && i < last {
			line += " " + strings.TrimSpace(lines[i+1])
		}
		return line
	}
	if i := findLast(causedBy); i <= last {
		return strings.TrimSpace(lines[i])
	}
	if i := find(aFrame); i > 0 && says.MatchString(lines[i-1]) {
		return strings.TrimSpace(lines[i-1])
	}
	return ""
}

// afterTraceback returns the line that ends a traceback of Python, given what
// follows its first line: the first that is not indented. Each line of a group
// of exceptions has a bar before it.
func afterTraceback(lines []string) string {
	for _, line := range lines {
		line = bars.ReplaceAllString(line, "")
		if line != "" && !strings.ContainsAny(line[:1], " \t") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
