//go:build unix

package main

import (
	_ "embed"
	"strings"
)

//go:embed help.txt
var helpText string

// help explains the flags and the faults.
func help() string {
	var text strings.Builder
	flags := define(&options{}, &raw{})
	flags.SetOutput(&text)
	flags.PrintDefaults()
	return strings.Replace(helpText, "FLAGS\n", text.String(), 1)
}
