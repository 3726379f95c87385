package trial

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
	"maelstrom-counter/internal/ledger"
)

// heap returns how many bytes of the heap are in use.
func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // frees what the first has moved out of each sync.Pool
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// gaveUp reports whether an answer says that the store has not answered in
// time.
func gaveUp(p maelstromtest.Packet) bool {
	return p.Type == "error" && (p.Code == maelstrom.TemporarilyUnavailable || p.Code == maelstrom.Timeout)
}

// Overload gives a node 65,636 requests while the store is silent. The 100 that
// are more than may wait must be refused at once, and the others when their
// time is up.
func Overload(t *testing.T, program maelstromtest.Program) {
	Long(t, "takes a second, and ten with the race detector")
	synctest.Test(t, func(t *testing.T) {
		o := startOutage(t, program, nil)
		start := time.Now()
		for i := range 65_636 {
			o.Line(AddLine("c2", i+1))
		}
		for i := range 65_636 {
			p := o.Hear("error", "add_ok")
			switch at := time.Since(start); {
			case i < 100 && (p.Code != maelstrom.TemporarilyUnavailable || at > 0):
				t.Fatalf("after %v: %+v", at, p)
			case i >= 100 && (!gaveUp(p) || at != 4*time.Second):
				t.Fatalf("after %v: %+v", at, p)
			}
		}
		o.resumes(t)
	})
}

// Padding gives a node requests with long parts that it does not need, or with
// a client's name so long that it must refuse them. While they wait, it must
// not keep what it does not need.
func Padding(t *testing.T, program maelstromtest.Program) {
	Long(t, "takes five seconds, and a minute with the race detector")
	padding := `"padding":"` + strings.Repeat("x", 15_000) + `","delta"`
	t.Run("fields", func(t *testing.T) {
		keepsLittle(t, program, strings.Replace(AddLine("c2", 1), `"delta"`, padding, 1), 0)
	})
	t.Run("names", func(t *testing.T) { keepsLittle(t, program, AddLine(strings.Repeat("x", 60_000), 1), requests) })
}

// requests and mostKept are a 16th of the requests that may wait, and of the 64
// MB that they may take.
const requests, mostKept = 1 << 12, 4e6

// keepsLittle gives a node the same line many times, while the store is silent,
// and checks how much memory that takes.
func keepsLittle(t *testing.T, program maelstromtest.Program, line string, refused int) {
	synctest.Test(t, func(t *testing.T) {
		refusals := 0
		o := startOutage(t, program, func(line []byte) bool {
			if bytes.Contains(line, []byte(`"code":12,`)) {
				refusals++
			}
			return bytes.Contains(line, []byte(`"error"`))
		})
		before := heap()
		for range requests {
			o.Line(line)
			synctest.Wait()
		}
		if used := heap() - before; used > mostKept || refusals != refused {
			t.Errorf("%d requests keep %d bytes, want at most %v; %d were refused, want %d", requests, used, mostKept, refusals, refused)
		}
	})
}

// Crowd starts a node in the largest cluster, in which all names are long. The
// stored value has a receipt for each node. The node must serve its clients.
func Crowd(t *testing.T, program maelstromtest.Program) {
	synctest.Test(t, func(t *testing.T) {
		names := make([]string, 5000)
		value := ledger.Value{Total: 5, Receipts: map[string]ledger.Receipt{}}
		for i := range names {
			names[i] = fmt.Sprintf("n%063d", i)
			value.Receipts[names[i]] = ledger.Receipt{Life: ledger.Life{Boot: ledger.Max, Nonce: ledger.Max}, Seq: ledger.Max}
		}
		// A later life can follow this one.
		value.Receipts[names[0]] = ledger.Receipt{Life: ledger.Life{Boot: 1}, Seq: 1}
		stored, _ := json.Marshal(value) // cannot fail
		store := maelstromtest.NewStore()
		store.Put("counter", string(stored))
		setting := Alone(store.Serve)
		setting.Node, setting.Nodes = names[0], names
		s := maelstromtest.Converse(t, setting, program)
		s.Request("c1", `{"type":"add","delta":3}`)
		if p := s.Hear("add_ok", "error"); p.Type != "add_ok" {
			t.Errorf("the add was answered %v", p)
		}
		s.Request("c1", `{"type":"read"}`)
		if p := s.Hear("read_ok", "error"); p.Field("value") != "8" {
			t.Errorf("the read was answered %v", p)
		}
	})
}

// Million gives a node a million requests. They must leave neither memory nor
// goroutines behind.
func Million(t *testing.T, program maelstromtest.Program) {
	Long(t, "takes ten seconds, and much longer with the race detector")
	synctest.Test(t, func(t *testing.T) {
		answered := 0
		setting := Alone(maelstromtest.NewStore().Serve)
		setting.Ignore = func(line []byte) bool {
			ok := bytes.Contains(line, []byte(`"add_ok"`))
			if ok {
				answered++
			}
			return ok
		}
		s := maelstromtest.Converse(t, setting, program)
		rounds := func(n, size int) (bytes, goroutines int) {
			var lines strings.Builder
			for i := range size {
				fmt.Fprintln(&lines, AddLine("c1", i+1))
			}
			for range n {
				s.Input(lines.String())
				synctest.Wait()
			}
			time.Sleep(time.Minute) // until it is idle
			return heap(), runtime.NumGoroutine()
		}
		rounds(5, 10_000) // until its buffers have grown
		// The runtime keeps the memory of ended goroutines for new ones. So
		// make as many goroutines as a round may need.
		var crowd sync.WaitGroup
		release := make(chan struct{})
		for range 2_000 {
			crowd.Go(func() { <-release })
		}
		close(release)
		crowd.Wait()
		before, idle := rounds(10, 1_000)
		after, left := rounds(1_000, 1_000)
		if answered != 1_060_000 {
			t.Errorf("%d adds were acknowledged", answered)
		}
		if after > before+before/10 || left > idle {
			t.Errorf("heap %d, then %d bytes; %d, then %d goroutines", before, after, idle, left)
		}
	})
}

// Outage keeps the store and the other node silent for ten hours. That must
// leave nothing behind in a node. The node must ask the store seldom, and not
// at all while no request waits. It must serve again within a second of the
// store's return.
func Outage(t *testing.T, program maelstromtest.Program) {
	hour := 3600
	if testing.Short() {
		hour = 60
	}
	synctest.Test(t, func(t *testing.T) {
		o := startOutage(t, program, nil, "n1", "n0")
		idle := runtime.NumGoroutine()
		var bytes, goroutines [10]int
		for h := range bytes {
			for range hour {
				o.Line(AddLine("c1", 1))
				time.Sleep(time.Second)
			}
			for answers := hour; answers > 4; answers-- { // the last requests still wait
				if p := o.Hear("error", "add_ok"); !gaveUp(p) {
					t.Fatalf("heard %+v", p)
				}
			}
			bytes[h], goroutines[h] = heap(), runtime.NumGoroutine()
		}
		rate := float64(o.asked.Load()) / float64(len(bytes)*hour)
		// The first hour may still have grown buffers. Up to 20 copies of a
		// request wait for an answer, each in a goroutine, depending on the
		// moment.
		if last := len(bytes) - 1; bytes[last] > bytes[1]+bytes[1]/10 || goroutines[last] > slices.Max(goroutines[:5])+10 || rate > 6 {
			t.Errorf("heap %d, goroutines %d, the store was asked %.1f times a second", bytes, goroutines, rate)
		}

		time.Sleep(time.Minute)
		o.asked.Store(0)
		time.Sleep(time.Minute)
		if n := o.asked.Load(); n > 0 {
			t.Errorf("the store was asked %d times while no request waited", n)
		}
		if n := runtime.NumGoroutine(); n > idle {
			t.Errorf("%d goroutines are left while no request waits; before the outage there were %d", n, idle)
		}
		o.resumes(t)
	})
}

// resumes ends an outage, and checks that the node serves within a second, both
// the request that waits then and one that comes later.
func (o *outage) resumes(t *testing.T) {
	t.Helper()
	o.Line(AddLine("c1", 1))
	time.Sleep(3 * time.Second)
	o.silent.Store(false)
	time.Sleep(900 * time.Millisecond)
	o.Line(AddLine("c2", 1))
	time.Sleep(100 * time.Millisecond)
	served := map[string]bool{}
	for _, p := range o.Heard() {
		if p.Type == "add_ok" {
			served[p.Dest] = true
		}
	}
	if !served["c1"] || !served["c2"] {
		t.Errorf("served within a second: %v", served)
	}
}
