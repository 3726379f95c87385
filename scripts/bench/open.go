//go:build unix

package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// opener returns the name of the program that opens a file with the application
// for its type.
func opener() string {
	if runtime.GOOS == "darwin" {
		return "open"
	}
	return "xdg-open"
}

// openingTime is how long to wait for a failure of the opener. Some openers end
// only when the browser does.
const openingTime = 3 * time.Second

// openPage shows a page in a browser.
func openPage(page string) error {
	full, err := filepath.Abs(page)
	if err != nil {
		return fmt.Errorf("cannot open %s: %w", page, err)
	}
	var output strings.Builder
	cmd := exec.Command(opener(), full)
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot open %s: %w", page, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("cannot open %s: %s: %w %s", page, opener(), err, strings.TrimSpace(output.String()))
		}
	case <-time.After(openingTime):
	}
	return nil
}
