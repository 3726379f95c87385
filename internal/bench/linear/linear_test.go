package linear

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

// addOp and readOp make operations from begin to end.
func addOp(delta, begin, end int64) Op { return Op{Value: delta, Invoke: begin, Complete: end} }
func readOp(total, begin, end int64) Op {
	return Op{Read: true, Value: total, Invoke: begin, Complete: end}
}

func TestSmallHistories(t *testing.T) {
	for name, test := range map[string]struct {
		history  []Op
		evidence *Evidence // nil: it is linearizable
	}{
		"nothing":                         {nil, nil},
		"a read of nothing":               {[]Op{readOp(0, 0, 1)}, nil},
		"a negative read":                 {[]Op{readOp(-1, 0, 1)}, &Evidence{0, 0, 0}},
		"in any order":                    {[]Op{readOp(3, 8, 9), addOp(1, 4, 5), readOp(2, 2, 3), addOp(2, 0, 1)}, nil},
		"an add that is lost":             {[]Op{addOp(2, 0, 1), readOp(0, 2, 3)}, &Evidence{1, 2, 2}},
		"two adds that are lost":          {[]Op{addOp(2, 0, 1), addOp(3, 0, 1), readOp(0, 2, 3)}, &Evidence{2, 5, 5}},
		"an add that is counted twice":    {[]Op{addOp(2, 0, 1), readOp(4, 2, 3)}, &Evidence{1, 2, 2}},
		"an add that began too late":      {[]Op{readOp(2, 0, 1), addOp(2, 2, 3)}, &Evidence{0, 0, 0}},
		"a read that goes back":           {[]Op{addOp(2, 0, 9), readOp(2, 1, 2), readOp(0, 3, 4)}, &Evidence{2, 2, 2}},
		"a read in the instant of an end": {[]Op{addOp(2, 0, 5), readOp(0, 5, 6)}, nil},
		"a read in the instant of a call": {[]Op{readOp(2, 0, 5), addOp(2, 5, 6)}, nil},
		"all in one instant":              {[]Op{addOp(1, 5, 5), readOp(0, 5, 5), readOp(3, 5, 5), addOp(2, 5, 5), readOp(1, 5, 5)}, nil},
		"two orders at once":              {[]Op{addOp(1, 0, 9), addOp(2, 0, 9), readOp(1, 1, 5), readOp(2, 2, 6)}, &Evidence{3, 0, 3}},
		"more than begins in time":        {[]Op{readOp(4, 0, 5), addOp(2, 5, 6), addOp(3, 6, 7)}, &Evidence{0, 0, 2}},
		"half of an add":                  {[]Op{addOp(2, 0, Never), readOp(1, 1, 2)}, &Evidence{1, 0, 2}},
		"unknown, seen late":              {[]Op{addOp(2, 0, Never), readOp(0, 1, 2), readOp(2, 3, 4)}, nil},
		"unknown, seen and gone":          {[]Op{addOp(2, 0, Never), readOp(2, 1, 2), readOp(0, 3, 4)}, &Evidence{2, 2, 2}},
		"what constrains nothing":         {[]Op{{}, addOp(2, 0, 1), {}, readOp(2, 2, 3), {}}, nil},
		"the first of many wrong reads":   {[]Op{readOp(9, 8, 9), readOp(7, 0, 3), readOp(5, 1, 2), addOp(1, 0, 9)}, &Evidence{2, 0, 1}},
		"less than the greatest read":     {[]Op{addOp(2, 0, 9), readOp(2, 3, 4), readOp(0, 1, 2), readOp(1, 5, 6)}, &Evidence{3, 2, 2}},
		"great totals":                    {[]Op{addOp(math.MaxInt64-1, 0, Never), addOp(1, 0, 9), readOp(math.MaxInt64, 1, 2)}, nil},
		"the add due first is needed": {[]Op{
			addOp(1, 0, 20), addOp(1, 0, 4), readOp(1, 1, 2), readOp(1, 4, 5), readOp(2, 6, 7),
		}, nil},
		"one of 4, or 1 and 3": {[]Op{
			addOp(4, 0, 30), addOp(1, 0, 30), addOp(3, 0, 30), readOp(4, 1, 2), readOp(5, 3, 4), readOp(8, 5, 6),
		}, nil},
	} {
		answer, evidence := Check(test.history, 1e6)
		if want := test.evidence; (answer == Yes) != (want == nil) || !reflect.DeepEqual(evidence, want) {
			t.Errorf("%s: answer %v, evidence %+v, want %+v", name, answer, evidence, want)
		}
	}
}

func TestAnInvalidOrTooHardHistoryIsUnknown(t *testing.T) {
	var crowd, hard []Op
	for i := range int64(maxOpen) {
		crowd = append(crowd, addOp(1, 0, Never))
		if i < 60 {
			hard = append(hard, addOp(40+i, 0, Never))
		}
	}
	crowd = append(crowd, readOp(int64(maxOpen), 0, 1))
	for i := range int64(5) {
		hard = append(hard, readOp(400*(i+1), i, i))
	}
	if answer, _ := Check(crowd, 1e6); answer != Yes {
		t.Errorf("%d open adds: %v", maxOpen, answer)
	}
	for name, history := range map[string][]Op{
		"a negative delta":           {addOp(-1, 0, 1)},
		"an end before a beginning":  {addOp(1, 1, 0)},
		"a sum above 2^63-1":         {addOp(math.MaxInt64, 0, 1), addOp(1, 0, 1)},
		"a sum that grows too great": {addOp(math.MaxInt64-2, 0, 1), addOp(1, 0, 1), addOp(2, 0, 1)},
		"one more open add":          append(crowd, addOp(1, 0, Never)),
		"many different deltas":      hard,
	} {
		if answer, evidence := Check(history, 1e6); answer != Unknown || evidence != nil {
			t.Errorf("%s: answer %v, evidence %v", name, answer, evidence)
		}
	}
	if _, used := decide(hard, 1e5); used > 101_000 {
		t.Errorf("%d steps, where 100,000 were allowed", used)
	}
}

// A history of 20,000 operations of 50 workers is decided, right or wrong, and
// the read that was tampered with is found.
func TestBigHistoriesAreDecided(t *testing.T) {
	seeds := uint64(2)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		for _, unknown := range []float64{0, 0.001} {
			random := rand.New(rand.NewPCG(seed, 3))
			history := load{clients: 50, ops: 20000, unknown: unknown, deltas: 4, latency: 1000, idle: 1000}.history(random)
			for i := range history {
				history[i].Value *= 2
			}
			if answer, _ := Check(history, 1e7); answer != Yes {
				t.Errorf("seed %d, %v unknown: answer %v", seed, unknown, answer)
			}
			read := 1000 + random.IntN(len(history)-1000)
			for !history[read].Read {
				read--
			}
			low, high := bounds(history, read)
			for name, value := range map[string]int64{
				"a stale read": low - 1, "a read of what is not there": high + 1, "half an add": history[read].Value + 1,
			} {
				wrong := append([]Op(nil), history...)
				wrong[read].Value = value
				if answer, evidence := Check(wrong, 1e7); answer != No || evidence.Read != read {
					t.Errorf("seed %d, %v unknown, %s at %d: answer %v, evidence %+v", seed, unknown, name, read, answer, evidence)
				}
			}
		}
	}
}

// The search for the evidence takes as many steps as the decision. If these do
// not suffice, the evidence is a later read than the first.
func TestTheSearchForTheEvidenceIsBounded(t *testing.T) {
	history := load{clients: 50, ops: 2000, deltas: 4, latency: 1000, idle: 100}.history(rand.New(rand.NewPCG(1, 2)))
	reads := readsOf(history)
	wrong := reads[len(reads)*9/10]
	_, history[wrong].Value = bounds(history, wrong)
	history[wrong].Value++
	_, used := decide(history, 1e7)
	if answer, evidence := Check(history, 100*used); answer != No || evidence.Read != wrong {
		t.Errorf("with many steps: answer %v, evidence %+v", answer, evidence)
	}
	if answer, evidence := Check(history, used+1); answer != No || evidence.Read == wrong {
		t.Errorf("with %d steps: answer %v, evidence %+v", used, answer, evidence)
	}
}

// Each rule under "What is not tried" saves at least a third of the steps for
// some histories. The limits are a little above the steps that these histories
// take with all rules. Much less would mean that steps are not counted.
func TestEachRuleSavesSteps(t *testing.T) {
	for name, test := range map[string]struct {
		load
		unseen int // adds of unknown outcome that never took effect
		steps  int // for five histories
	}{
		"of one delta the add that is due first":  {load{50, 2000, 0, 1, 100, 100}, 0, 19_000},
		"dominated by what was there":             {load{50, 2000, 0, 4, 1000, 100}, 0, 1_300_000},
		"dominated by what came later":            {load{10, 2000, 0.2, 4, 1000, 1000}, 0, 1_000_000},
		"one great add in place of several small": {load{50, 2000, 0.02, 4, 1000, 1000}, 0, 650_000},
		"no room for adds of unknown outcome":     {load{20, 2000, 0, 4, 100, 100}, 20, 70_000},
		"what all states have placed":             {load{10, 2000, 0.9, 1, 100, 1000}, 0, 9_000},
	} {
		steps := 0
		for seed := range uint64(5) {
			history := test.history(rand.New(rand.NewPCG(seed, 2)))
			for i := range test.unseen {
				history = append(history, addOp(1+int64(i%4), 0, Never))
			}
			answer, used := decide(history, 1e7)
			if steps += used; answer != Yes {
				t.Errorf("%s, seed %d: answer %v", name, seed, answer)
			}
		}
		if steps > test.steps || 4*steps < 3*test.steps {
			t.Errorf("%s: %d steps, more than %d or much less", name, steps, test.steps)
		}
	}
}

func TestASetKeepsItsMembersWhenAddsComeAndGo(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	var s set
	var want []bool
	for range 20000 {
		if i := random.IntN(len(want) + 1); len(want) < maxOpen && random.IntN(2) == 0 {
			s.insert(i)
			want = append(want[:i], append([]bool{false}, want[i:]...)...)
			if j := random.IntN(len(want)); random.IntN(3) > 0 {
				s.add(j)
				want[j] = true
			}
		} else if i < len(want) && random.IntN(20) > 0 {
			s.remove(i)
			want = append(want[:i], want[i+1:]...)
		}
		for i := range maxOpen {
			if s.has(i) != (i < len(want) && want[i]) {
				t.Fatalf("add %d: %v", i, s.has(i))
			}
		}
	}
}

// FuzzCheck checks that any history gets an answer, and that no answer
// contradicts porcupine.
func FuzzCheck(f *testing.F) {
	f.Add([]byte{0, 2, 0, 5, 1, 2, 6, 1})
	f.Add([]byte{2, 2, 0, 5, 4, 127, 1, 9, 5, 127, 3, 3})
	f.Fuzz(func(t *testing.T, data []byte) {
		var history []Op
		for ; len(data) >= 4 && len(history) < 10; data = data[4:] {
			op := Op{Read: data[0]&1 != 0, Value: int64(int8(data[1])), Invoke: int64(data[2]), Complete: int64(data[2]) + int64(int8(data[3]))}
			if data[0]&2 != 0 {
				op.Complete = Never
			}
			if data[0]&4 != 0 {
				op.Value <<= 56
			}
			history = append(history, op)
		}
		answer, evidence := Check(history, 1e6)
		if (answer == No) != (evidence != nil) || evidence != nil && !history[evidence.Read].Read {
			t.Fatalf("answer %v, evidence %+v of %+v", answer, evidence, history)
		}
		if answer != Unknown && answer != judge(history) {
			t.Fatalf("answer %v of %+v", answer, history)
		}
	})
}
