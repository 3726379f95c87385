//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
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
	ended := make(chan error, 1)
	go func() {
		output, err := exec.Command(opener(), full).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("cannot open %s: %s: %w %s", page, opener(), err, bytes.TrimSpace(output))
		}
		ended <- err
	}()
	select {
	case err := <-ended:
		return err
	case <-time.After(openingTime):
		return nil
	}
}
