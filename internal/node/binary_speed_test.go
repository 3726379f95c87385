//go:build unix

package node_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"testing"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// If echoVariable is set in the environment, this test binary runs the smallest
// node on Maelstrom's library that answers an add.
const echoVariable = "MAELSTROM_COUNTER_TEST_ECHO"

func init() {
	if os.Getenv(echoVariable) == "" {
		return
	}
	log.SetOutput(io.Discard) // where Maelstrom's library logs every message
	n := maelstrom.NewNode()
	n.Handle("add", func(msg maelstrom.Message) error {
		return n.Reply(msg, map[string]any{"type": "add_ok"})
	})
	if err := n.Run(); err != nil {
		panic(err)
	}
	os.Exit(0)
}

// A driver plays clients of a process with 64 requests on their way, and a
// store that answers at once.
type driver struct {
	in    *bufio.Writer
	out   *bufio.Reader
	store *maelstromtest.Store
	sent  int
}

// drive starts a process, and returns it with its driver.
func drive(b *testing.B, path string) (*process, *driver) {
	p := start(b, time.Hour, os.Stderr, path)
	b.Cleanup(func() {
		p.stdin.Close()
		p.ends(time.Now(), 0)
	})
	d := &driver{bufio.NewWriter(p.stdin), bufio.NewReaderSize(p.stdout, 1<<20), maelstromtest.NewStore(), 0}
	d.run(b, 1000)
	return p, d
}

// run makes the clients do n adds, and returns how long that took.
func (d *driver) run(b *testing.B, n int) time.Duration {
	begin := time.Now()
	var request []byte
	for begun, done := 0, 0; done < n; {
		// This must cost next to nothing, because the driver shares the
		// processors with the node.
		for ; begun < min(n, done+64); begun++ {
			d.sent++
			request = append(request[:0], `{"src":"c1","dest":"n0","body":{"type":"add","delta":1,"msg_id":`...)
			request = append(strconv.AppendInt(request, int64(d.sent), 10), "}}\n"...)
			_, _ = d.in.Write(request) // Flush returns the error
		}
		if d.out.Buffered() == 0 {
			if err := d.in.Flush(); err != nil {
				b.Fatal(err)
			}
		}
		line, err := d.out.ReadSlice('\n')
		switch {
		case err != nil:
			b.Fatal(err)
		case bytes.Contains(line, []byte(`"add_ok"`)):
			done++
		case bytes.Contains(line, []byte(`"seq-kv"`)):
			p, err := maelstromtest.ParsePacket(line)
			if err != nil {
				b.Fatal(err)
			}
			fmt.Fprintf(d.in, `{"src":"seq-kv","dest":"n0","body":%s}`+"\n", d.store.Reply(p))
		case !bytes.Contains(line, []byte(`"init_ok"`)):
			b.Fatalf("%s", line)
		}
	}
	return time.Since(begin)
}

// resident returns the memory that a process occupies, in MB, or 0 if the
// system does not tell.
func resident(p *process) float64 {
	var size, pages int
	statm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	_, _ = fmt.Sscan(string(statm), &size, &pages)
	return float64(pages*os.Getpagesize()) / 1e6
}

// BenchmarkProcess measures the node against the echo node, which shows what
// Maelstrom's library does on the same machine. The two take turns. One
// operation is 20,000 adds, so -benchtime 50x makes a million.
func BenchmarkProcess(b *testing.B) {
	node, counter := drive(b, buildNode(b))
	b.Setenv(echoVariable, "1")
	_, echo := drive(b, os.Args[0])
	const adds = 20_000
	var counting, echoing time.Duration
	before := 0.0
	for b.Loop() {
		counting += counter.run(b, adds)
		echoing += echo.run(b, adds)
		if before == 0 {
			before = resident(node)
		}
	}
	b.ReportMetric(float64(b.N*adds)/counting.Seconds(), "adds/s")
	b.ReportMetric(float64(b.N*adds)/echoing.Seconds(), "echoes/s")
	b.ReportMetric(echoing.Seconds()/counting.Seconds(), "ratio")
	b.ReportMetric(before, "MB-before")
	b.ReportMetric(resident(node), "MB-after")
}
