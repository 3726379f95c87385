//go:build unix

package node_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// If echoVariable is set in the environment, this test binary runs echo.
const echoVariable = "MAELSTROM_COUNTER_TEST_ECHO"

func init() {
	if os.Getenv(echoVariable) != "" {
		log.SetOutput(io.Discard) // where Maelstrom's library logs every message
		echo()
		os.Exit(0)
	}
}

// echo is the smallest node on Maelstrom's library that answers an add.
func echo() {
	n := maelstrom.NewNode()
	n.Handle("add", func(msg maelstrom.Message) error {
		return n.Reply(msg, map[string]any{"type": "add_ok"})
	})
	if err := n.Run(); err != nil {
		panic(err)
	}
}

// A driver is the other end of a node's pipes. It plays clients with 64
// requests on their way, and a store that answers at once.
type driver struct {
	in    *bufio.Writer
	out   *bufio.Reader
	store *maelstromtest.Store
	sent  int
}

func newDriver(t testing.TB, in io.Writer, out io.Reader) *driver {
	d := &driver{in: bufio.NewWriter(in), out: bufio.NewReaderSize(out, 1<<20), store: maelstromtest.NewStore()}
	d.send(`{"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}`)
	d.run(t, 1000)
	return d
}

// drive starts a process and returns its driver.
func drive(b *testing.B, cmd *exec.Cmd) *driver {
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			b.Errorf("%s: %v", cmd.Path, err)
		}
	})
	return newDriver(b, in, out)
}

func (d *driver) send(format string, args ...any) { fmt.Fprintf(d.in, format+"\n", args...) }

// run makes the clients do n adds, and returns how long that took.
func (d *driver) run(t testing.TB, n int) time.Duration {
	begin := time.Now()
	var line []byte
	add := func() { // must cost next to nothing, because the driver shares the processors with the node
		d.sent++
		line = append(line[:0], `{"src":"c1","dest":"n0","body":{"type":"add","delta":1,"msg_id":`...)
		line = append(strconv.AppendInt(line, int64(d.sent), 10), "}}\n"...)
		_, _ = d.in.Write(line) // Flush returns the error
	}
	for range min(n, 64) {
		add()
	}
	for begun, done := min(n, 64), 0; done < n; {
		if d.out.Buffered() == 0 {
			if err := d.in.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		line, err := d.out.ReadSlice('\n')
		switch {
		case err != nil:
			t.Fatal(err)
		case bytes.Contains(line, []byte(`"add_ok"`)):
			if done++; begun < n {
				begun++
				add()
			}
		case bytes.Contains(line, []byte(`"seq-kv"`)):
			p, err := maelstromtest.ParsePacket(line)
			if err != nil {
				t.Fatal(err)
			}
			d.send(`{"src":"seq-kv","dest":"n0","body":%s}`, d.store.Reply(p))
		case !bytes.Contains(line, []byte(`"init_ok"`)):
			t.Fatalf("%s", line)
		}
	}
	return time.Since(begin)
}

// resident returns the memory that a process occupies, in MB, or 0 if the
// system does not tell.
func resident(cmd *exec.Cmd) float64 {
	var size, pages int
	statm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", cmd.Process.Pid))
	_, _ = fmt.Sscan(string(statm), &size, &pages)
	return float64(pages*os.Getpagesize()) / 1e6
}

// BenchmarkProcess measures the node against the echo node, which shows what
// Maelstrom's library does on the same machine. The two take turns. One
// operation is 20,000 adds, so -benchtime 50x makes a million.
func BenchmarkProcess(b *testing.B) {
	node := exec.Command(buildNode(b))
	counter := drive(b, node)
	least := exec.Command(os.Args[0])
	least.Env = append(os.Environ(), echoVariable+"=1")
	echo := drive(b, least)
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
