//go:build !unix

package maelstromtest

// A diversion reads along what the process writes to its standard output. It
// works only on Unix.
type diversion struct{}

var stdout diversion

func (*diversion) during(f func()) []string {
	f()
	return nil
}
