package storetest

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"io/fs"
	"strings"
	"testing/fstest"
)

//go:embed runs.zip
var realRuns []byte

// RealRuns returns sixteen runs of the real Maelstrom, by name, as it has kept
// them. Nothing but pictures and pages is left out.
func RealRuns() map[string]fstest.MapFS {
	archive, err := zip.NewReader(bytes.NewReader(realRuns), int64(len(realRuns)))
	if err != nil {
		panic(err) // it is a part of this package
	}
	runs := map[string]fstest.MapFS{}
	for _, f := range archive.File {
		run, name, _ := strings.Cut(f.Name, "/")
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		data, err := fs.ReadFile(archive, f.Name)
		if err != nil {
			panic(err)
		}
		if runs[run] == nil {
			runs[run] = fstest.MapFS{}
		}
		runs[run][name] = &fstest.MapFile{Data: data, Mode: 0o644, ModTime: f.Modified}
	}
	return runs
}
