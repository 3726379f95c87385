package scripts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// makeHelp returns what make prints with the given arguments.
func makeHelp(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("make is not installed")
	}
	out, err := exec.Command("make", append([]string{"-C", "..", "--no-print-directory"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("make %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func TestMakeHelpFitsOnOneScreenAndIsTheDefault(t *testing.T) {
	help := makeHelp(t, "help")
	if plain := makeHelp(t); plain != help {
		t.Errorf("make prints\n%s, and make help\n%s", plain, help)
	}
	if n := strings.Count(help, "\n"); n > 40 {
		t.Errorf("make help prints %d lines", n)
	}
	for line := range strings.Lines(help) {
		if utf8.RuneCountInString(line) > 81 { // with the newline
			t.Errorf("wider than 80 columns: %s", line)
		}
	}
}

func TestMakeHelpHasAllTargetsAndNoOthers(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	var targets, explained []string
	for _, match := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(string(makefile), -1) {
		targets = append(targets, match[1])
	}
	for _, match := range regexp.MustCompile(`(?m)^  make ([a-z-]+) `).FindAllStringSubmatch(makeHelp(t, "help"), -1) {
		explained = append(explained, match[1])
	}
	phony, _, _ := strings.Cut(string(makefile[strings.Index(string(makefile), ".PHONY: ")+len(".PHONY: "):]), "\n")
	for _, list := range [][]string{targets, append(explained, "help"), strings.Fields(phony)} {
		slices.Sort(list)
		slices.Sort(targets)
		if !slices.Equal(list, targets) {
			t.Errorf("the targets are %v, not %v", targets, list)
		}
	}
}

// The names of packages, tests and benchmarks in make help could get out of
// date unnoticed: go test succeeds if it finds none with a name.
func TestTheGoCommandsInMakeHelpFindSomething(t *testing.T) {
	commands := regexp.MustCompile(`(?m)^  go (test|run|build) .*$`).FindAllString(makeHelp(t, "help"), -1)
	for _, command := range commands {
		words := strings.Fields(strings.ReplaceAll(command, "'", ""))
		dir := "" // the last word that is a directory
		for _, word := range words {
			if word == "." || strings.HasPrefix(word, "./") && word != "./my-node" {
				dir = filepath.Join("..", word)
			}
		}
		files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
		if len(files) == 0 {
			t.Errorf("%s: there is no package in %q", command, dir)
		}
		for flag, prefix := range map[string]string{"-run": "Test", "-bench": "Benchmark"} {
			i := slices.Index(words, flag)
			if i < 0 || words[i+1] == "^$" {
				continue
			}
			name, _, _ := strings.Cut(words[i+1], "/") // from here on it names parts of the benchmark
			if !defines(t, files, regexp.MustCompile(`(?m)^func `+prefix+`\w*`+strings.TrimPrefix(name, prefix))) {
				t.Errorf("%s: there is no %s of that name", command, prefix)
			}
		}
	}
	if len(commands) < 5 {
		t.Errorf("make help has only %q", commands)
	}
}

// defines reports whether one of the test files defines what the pattern
// matches.
func defines(t *testing.T, files []string, pattern *regexp.Regexp) bool {
	return slices.ContainsFunc(files, func(file string) bool {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return strings.HasSuffix(file, "_test.go") && pattern.Match(source)
	})
}
