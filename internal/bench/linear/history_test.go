package linear

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// A load describes the clients of a right counter. Each client makes one
// request at a time.
type load struct {
	clients, ops int
	unknown      float64 // the share of the adds whose outcome is unknown
	deltas       int64   // the greatest delta; the least is 1
	// The longest that a request takes, and the longest between two requests of
	// a client.
	latency, idle int64
}

// history returns a history of a right counter under the load.
func (l load) history(random *rand.Rand) []Op {
	free := make([]int64, l.clients)
	history := make([]Op, l.ops)
	points := make([]int64, l.ops) // when each operation takes effect
	for i := range history {
		client := slices.Index(free, slices.Min(free))
		op := Op{Read: random.IntN(3) > 0, Invoke: free[client] + random.Int64N(l.idle+1)}
		op.Complete = op.Invoke + random.Int64N(l.latency+1)
		free[client] = op.Complete + random.Int64N(2)
		points[i] = op.Invoke + random.Int64N(op.Complete-op.Invoke+1)
		if !op.Read {
			op.Value = 1 + random.Int64N(l.deltas)
			if random.Float64() < l.unknown {
				op.Complete = Never
				points[i] += []int64{0, random.Int64N(10*l.latency + 1), Never - points[i]}[random.IntN(3)]
			}
		}
		history[i] = op
	}
	order := random.Perm(l.ops)
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(points[i], points[j]) })
	var total int64
	for _, i := range order {
		if history[i].Read {
			history[i].Value = total
		} else {
			total += history[i].Value
		}
	}
	return history
}

// small returns a history of 2 to 5 clients, in which much happens at the same
// instant. It tampers with some of the histories.
func small(random *rand.Rand) []Op {
	history := load{
		clients: 2 + random.IntN(4), ops: 3 + random.IntN(14), unknown: []float64{0, 0.2, 0.5}[random.IntN(3)], deltas: 1 + random.Int64N(5),
		latency: 1 + random.Int64N(8), idle: random.Int64N(4),
	}.history(random)
	for range random.IntN(3) {
		if op := &history[random.IntN(len(history))]; op.Read {
			op.Value += random.Int64N(5) - 2
		} else {
			*op = Op{} // the add failed
		}
	}
	return history
}

// model is porcupine's model of a counter. Its inputs are Ops.
var model = porcupine.Model{
	Init: func() any { return int64(0) },
	Step: func(state, input, _ any) (bool, any) {
		total, op := state.(int64), input.(Op)
		if op.Read {
			return op.Value == total, total
		}
		return true, total + op.Value
	},
}

// operations returns a history for porcupine. An add of unknown outcome may
// take effect after everything else, which is the same as not at all.
func operations(history []Op) (ops []porcupine.Operation) {
	for i, op := range history {
		if op.Read || op.Value != 0 {
			ops = append(ops, porcupine.Operation{ClientId: i, Input: op, Call: op.Invoke, Return: op.Complete})
		}
	}
	return ops
}

// judge asks porcupine.
func judge(history []Op) Answer {
	if porcupine.CheckOperations(model, operations(history)) {
		return Yes
	}
	return No
}

// Every answer is porcupine's. The evidence is the read at which porcupine's
// answer changes, and at least one other result of it would have been right.
func TestEveryAnswerAgreesWithPorcupine(t *testing.T) {
	n := uint64(40000)
	if testing.Short() {
		n = 4000
	}
	answers := map[Answer]int{}
	for seed := range n {
		random := rand.New(rand.NewPCG(seed, 0))
		history := small(random)
		want := judge(history)
		answers[want]++
		answer, evidence := Check(history, 1e6)
		if answer != want || (answer == No) != (evidence != nil) {
			t.Fatalf("seed %d: %v with evidence %v, want %v, of %+v", seed, answer, evidence, want, history)
		}
		// With few steps the answer may be Unknown, but it is never wrong.
		if got, evidence := Check(history, random.IntN(200)); got != want && got != Unknown || (got == No) != (evidence != nil) {
			t.Fatalf("seed %d, few steps: %v, want %v, of %+v", seed, got, want, history)
		}
		if evidence == nil {
			continue
		}
		reads := readsOf(history)
		first := slices.Index(reads, evidence.Read)
		if judge(known(history, reads[:first+1])) != No || first > 0 && judge(known(history, reads[:first])) != Yes {
			t.Fatalf("seed %d: %+v is not the first of %+v", seed, evidence, history)
		}
		right := false
		for value := evidence.Low; value <= evidence.High; value++ {
			history[evidence.Read].Value = value
			right = right || judge(known(history, reads[:first+1])) == Yes
		}
		if !right {
			t.Fatalf("seed %d: no result within %+v is right in %+v", seed, evidence, history)
		}
	}
	if answers[Yes] < int(n)/4 || answers[No] < int(n)/4 {
		t.Errorf("the answers are one-sided: %v", answers)
	}
}

// known returns what was known of a history when the last of the given reads
// was completed. It leaves out all other reads.
func known(history []Op, reads []int) []Op {
	now := history[reads[len(reads)-1]].Complete
	var known []Op
	for _, op := range history {
		if op.Read || op.Invoke > now {
			continue
		}
		if op.Complete > now {
			op.Complete = Never
		}
		known = append(known, op)
	}
	for _, i := range reads {
		known = append(known, history[i])
	}
	return known
}

// BenchmarkPorcupine decides the same histories with this package and with
// porcupine, which it lets try for 10 s.
func BenchmarkPorcupine(b *testing.B) {
	crowd := load{clients: 30, ops: 2000, unknown: 0.02, deltas: 4, latency: 1000, idle: 1000}
	for seed := range uint64(8) {
		history := crowd.history(rand.New(rand.NewPCG(seed, 4)))
		b.Run(fmt.Sprintf("seed=%d/linear", seed), func(b *testing.B) {
			for b.Loop() {
				if answer, _ := Check(history, 1e7); answer != Yes {
					b.Fatalf("answer %v", answer)
				}
			}
		})
		b.Run(fmt.Sprintf("seed=%d/porcupine", seed), func(b *testing.B) {
			gaveUp := 0
			for b.Loop() {
				switch porcupine.CheckOperationsTimeout(model, operations(history), 10*time.Second) {
				case porcupine.Illegal:
					b.Fatal("porcupine takes it for wrong")
				case porcupine.Unknown:
					gaveUp++
				}
			}
			b.ReportMetric(float64(gaveUp)/float64(b.N), "gave-up/op")
		})
	}
}
