package trial

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// heap returns how many bytes of the heap are in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // frees what the first has moved out of each sync.Pool
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Overload gives a node 65,636 requests while the store is silent. The 100 that
// are more than may wait must be refused at once, and the others when their
// time is up.
func Overload(t *testing.T, program maelstromtest.Program) {
	if testing.Short() {
		t.Skip("takes a second, and ten with the race detector")
	}
	synctest.Test(t, func(t *testing.T) {
		var silent atomic.Bool
		s := maelstromtest.Converse(t, Alone(Unless(&silent, maelstromtest.NewStore().Serve)), program)
		s.Line(AddLine("c1", 1))
		s.Hear("add_ok")
		silent.Store(true)
		begin := time.Now()
		for i := range 65_636 {
			s.Line(AddLine("c2", i+1))
		}
		for i := range 65_636 {
			p := s.Hear("error", "add_ok")
			switch at := time.Since(begin); {
			case i < 100 && (p.Code != maelstrom.TemporarilyUnavailable || at > 0):
				t.Fatalf("after %v: %+v", at, p)
			case i >= 100 && (p.Code != maelstrom.TemporarilyUnavailable && p.Code != maelstrom.Timeout || at != 4*time.Second):
				t.Fatalf("after %v: %+v", at, p)
			}
		}
		silent.Store(false)
		s.Line(AddLine("c3", 1))
		begin = time.Now()
		s.Hear("add_ok")
		if took := time.Since(begin); took > time.Second {
			t.Errorf("the node served again only after %v", took)
		}
	})
}

// Padding gives a node long requests, most of which it does not need. While
// they wait, the node must not keep what it does not need.
func Padding(t *testing.T, program maelstromtest.Program) {
	if testing.Short() {
		t.Skip("takes five seconds, and a minute with the race detector")
	}
	// A 16th of the requests that may wait, and of the 64 MB that they may
	// take.
	const requests, most = 1 << 12, 4e6
	synctest.Test(t, func(t *testing.T) {
		var silent atomic.Bool
		setting := Alone(Unless(&silent, maelstromtest.NewStore().Serve))
		setting.Ignore = func(line []byte) bool { return bytes.Contains(line, []byte(`"error"`)) }
		s := maelstromtest.Converse(t, setting, program)
		s.Line(AddLine("c1", 1))
		s.Hear("add_ok")
		silent.Store(true)
		long := strings.Replace(AddLine("c2", 1), `"delta"`, `"padding":"`+strings.Repeat("x", 15_000)+`","delta"`, 1)
		before := heap()
		for range requests {
			s.Line(long)
			synctest.Wait()
		}
		if used := int64(heap()) - int64(before); used > most {
			t.Errorf("%d requests that wait keep %d bytes", requests, used)
		}
	})
}

// Names gives a node requests of clients with names of 60 kB, while the store
// is silent. The node must not keep such names.
func Names(t *testing.T, program maelstromtest.Program) {
	if testing.Short() {
		t.Skip("takes five seconds, and a minute with the race detector")
	}
	// A 16th of the requests that may wait, and of the 64 MB that they may
	// take.
	const requests, most = 1 << 12, 4e6
	synctest.Test(t, func(t *testing.T) {
		var silent atomic.Bool
		var refused atomic.Int64
		setting := Alone(Unless(&silent, maelstromtest.NewStore().Serve))
		setting.Ignore = func(line []byte) bool {
			is := bytes.Contains(line, []byte(`"code":12,`))
			if is {
				refused.Add(1)
			}
			return is
		}
		s := maelstromtest.Converse(t, setting, program)
		s.Line(AddLine("c1", 1))
		s.Hear("add_ok")
		silent.Store(true)
		before := heap()
		line := AddLine(strings.Repeat("x", 60_000), 1)
		for range requests {
			s.Line(line)
			synctest.Wait()
		}
		if used := int64(heap()) - int64(before); used > most {
			t.Errorf("%d requests of clients with long names keep %d bytes", requests, used)
		}
		if n := refused.Load(); n != requests {
			t.Errorf("%d of %d requests were refused", n, requests)
		}
	})
}

// Crowd starts a node in the largest cluster, in which all names are long. The
// stored value has a receipt for each node. The node must serve its clients.
func Crowd(t *testing.T, program maelstromtest.Program) {
	synctest.Test(t, func(t *testing.T) {
		const nodes = 5000
		var value strings.Builder
		names := make([]string, nodes)
		for i := range names {
			names[i] = fmt.Sprintf("n%063d", i)
			fmt.Fprintf(&value, `,%q:{"boot":9007199254740991,"nonce":9007199254740991,"seq":9007199254740991}`, names[i])
		}
		store := maelstromtest.NewStore()
		store.Put("counter", `{"total":5,"receipts":{`+strings.Replace(value.String()[1:], "9007199254740991", "1", 1)+`}}`)
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
	if testing.Short() {
		t.Skip("takes ten seconds, and much longer with the race detector")
	}
	synctest.Test(t, func(t *testing.T) {
		var answered atomic.Int64
		setting := Alone(maelstromtest.NewStore().Serve)
		setting.Ignore = func(line []byte) bool {
			ok := bytes.Contains(line, []byte(`"add_ok"`))
			if ok {
				answered.Add(1)
			}
			return ok
		}
		s := maelstromtest.Converse(t, setting, program)
		rounds := func(n, size int) (bytes uint64, goroutines int) {
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
		if n := answered.Load(); n != 1_060_000 {
			t.Errorf("%d adds were acknowledged", n)
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
		var silent atomic.Bool
		var asked atomic.Int64
		store := maelstromtest.NewStore()
		setting := Alone(func(c *maelstromtest.Conversation, p maelstromtest.Packet) {
			switch {
			case !silent.Load():
				store.Serve(c, p)
			case p.Type != "write": // one is sent before each read
				asked.Add(1)
			}
		})
		setting.Nodes = []string{"n1", "n0"}
		s := maelstromtest.Converse(t, setting, program)
		s.Line(AddLine("c1", 1))
		s.Hear("add_ok")
		synctest.Wait()
		idle := runtime.NumGoroutine()
		silent.Store(true)
		var bytes, goroutines [10]int
		for h := range bytes {
			for range hour {
				s.Line(AddLine("c1", 1))
				time.Sleep(time.Second)
			}
			for answers := hour; answers > 4; answers-- { // the last requests still wait
				if p := s.Hear("error", "add_ok"); p.Code != maelstrom.TemporarilyUnavailable && p.Code != maelstrom.Timeout {
					t.Fatalf("heard %+v", p)
				}
			}
			bytes[h], goroutines[h] = int(heap()), runtime.NumGoroutine()
		}
		rate := float64(asked.Load()) / float64(len(bytes)*hour)
		// The first hour may still have grown buffers. Up to 20 copies of a
		// request wait for an answer, each in a goroutine, depending on the
		// moment.
		if last := len(bytes) - 1; bytes[last] > bytes[1]+bytes[1]/10 || goroutines[last] > slices.Max(goroutines[:5])+10 || rate > 6 {
			t.Errorf("heap %d, goroutines %d, the store was asked %.1f times a second", bytes, goroutines, rate)
		}

		time.Sleep(time.Minute)
		asked.Store(0)
		time.Sleep(time.Minute)
		if n := asked.Load(); n > 0 {
			t.Errorf("the store was asked %d times while no request waited", n)
		}
		if n := runtime.NumGoroutine(); n > idle {
			t.Errorf("%d goroutines are left while no request waits; before the outage there were %d", n, idle)
		}
		serviceResumes(t, s, &silent)
	})
}

// serviceResumes checks that a node serves again within a second of the store's
// return, both the request that waits then and one that comes later.
func serviceResumes(t *testing.T, s *maelstromtest.Conversation, silent *atomic.Bool) {
	t.Helper()
	s.Line(AddLine("c1", 1))
	time.Sleep(3 * time.Second)
	silent.Store(false)
	time.Sleep(900 * time.Millisecond)
	s.Line(AddLine("c2", 1))
	time.Sleep(100 * time.Millisecond)
	served := map[string]bool{}
	for _, p := range s.Heard() {
		if p.Type == "add_ok" {
			served[p.Dest] = true
		}
	}
	if !served["c1"] || !served["c2"] {
		t.Errorf("served within a second: %v", served)
	}
}
