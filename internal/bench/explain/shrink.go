package explain

import (
	"slices"
	"time"

	"maelstrom-counter/internal/bench/maelstromtest"
)

// shrink returns the smallest plan that it can make of p. It leaves things out,
// one kind after another and large pieces before small ones, for as long as ok
// returns true. It calls ok at most limit times. In place of its argument, ok
// may return another plan that does the same.
func shrink(p Plan, limit int, ok func(Plan) (Plan, bool)) Plan {
	for changed := true; changed; {
		changed = false
		for _, step := range steps {
			for i := 0; ; {
				q, more := step(p, i)
				if !more {
					break
				}
				if slices.Compare(q.size(), p.size()) < 0 {
					if limit--; limit < 0 {
						return p
					}
					if least, good := ok(q); good {
						p, changed = least, true
						continue
					}
				}
				i++
			}
		}
	}
	return p
}

// steps are the ways to make a plan smaller. Each returns its ith attempt, and
// false if there are no more.
var steps = []func(p Plan, i int) (Plan, bool){
	pieces(func(p *Plan) *[]Request { return &p.Requests }),
	pieces(func(p *Plan) *[]maelstromtest.ScriptedFault { return &p.Faults }),
	pieces(func(p *Plan) *[]Age { return &p.Ages }),
	pieces(func(p *Plan) *[]Fate { return &p.Fates }),
	fewerNodes,
	each(func(p *Plan) int { return len(p.Fates) }, plainerFate),
	each(func(p *Plan) int { return len(p.Ages) }, func(p *Plan, i int) { p.Ages[i].Age = max(0, p.Ages[i].Age-1) }),
	each(func(p *Plan) int { return len(p.Faults) }, func(p *Plan, i int) { p.Faults[i].For = halved(p.Faults[i].For) }),
	each(func(p *Plan) int { return len(p.Requests) }, closer),
	each(func(p *Plan) int { return len(p.Requests) }, func(p *Plan, i int) {
		if p.Requests[i].Delta > 1 {
			p.Requests[i].Delta--
		}
	}),
	each(func(*Plan) int { return 1 }, func(p *Plan, _ int) { p.Latency = halved(p.Latency) }),
}

// pieces leaves out pieces of a list: halves, quarters, and so on down to
// single elements.
func pieces[T any](list func(*Plan) *[]T) func(Plan, int) (Plan, bool) {
	return func(p Plan, i int) (Plan, bool) {
		all := *list(&p)
		for size := (len(all) + 1) / 2; size > 0; size /= 2 {
			count := (len(all) + size - 1) / size
			if i >= count {
				i -= count
				continue
			}
			// The last piece comes first: what comes later matters less often.
			from := len(all) - (i+1)*size
			*list(&p) = slices.Concat(all[:max(0, from)], all[from+size:])
			return p, true
		}
		return p, false
	}
}

// each changes one element after another.
func each(count func(*Plan) int, change func(p *Plan, i int)) func(Plan, int) (Plan, bool) {
	return func(p Plan, i int) (Plan, bool) {
		if i >= count(&p) {
			return p, false
		}
		p = p.clone()
		change(&p, i)
		return p, true
	}
}

func (p Plan) clone() Plan {
	p.Requests, p.Faults, p.Fates, p.Ages = slices.Clone(p.Requests), slices.Clone(p.Faults), slices.Clone(p.Fates), slices.Clone(p.Ages)
	return p
}

// fewerNodes leaves out the ith node with all that is its own. The nodes after
// it move up.
func fewerNodes(p Plan, i int) (Plan, bool) {
	if i >= p.Nodes || p.Nodes == 1 {
		return p, false
	}
	p = p.clone()
	p.Nodes--
	p.Requests = withoutNode(i, p.Requests, func(r *Request) []*int { return []*int{&r.Node} })
	p.Faults = withoutNode(i, p.Faults, func(f *maelstromtest.ScriptedFault) []*int { return []*int{&f.Node} })
	p.Fates = withoutNode(i, p.Fates, func(f *Fate) []*int { return []*int{&f.Src, &f.Dest} })
	p.Ages = withoutNode(i, p.Ages, func(a *Age) []*int { return []*int{&a.Src} })
	return p, true
}

// withoutNode leaves out of a list what is the ith node's own. It changes the
// list.
func withoutNode[T any](i int, list []T, nodesOf func(*T) []*int) []T {
	isGone := func(node *int) bool { return *node == i }
	list = slices.DeleteFunc(list, func(x T) bool { return slices.ContainsFunc(nodesOf(&x), isGone) })
	for k := range list {
		for _, node := range nodesOf(&list[k]) {
			if *node > i {
				*node--
			}
		}
	}
	return list
}

// plainerFate halves the delay of a message's last copy, or else its latency.
func plainerFate(p *Plan, i int) {
	copies := slices.Clone(p.Fates[i].Copies)
	if len(copies) == 0 {
		return
	}
	p.Fates[i].Copies = copies
	last := &copies[len(copies)-1]
	if last.Delay > 0 {
		last.Delay = halved(last.Delay)
	} else {
		last.Latency = halved(last.Latency)
	}
}

// closer makes the ith request, and all after it, earlier.
func closer(p *Plan, i int) {
	var before time.Duration
	if i > 0 {
		before = p.Requests[i-1].At
	}
	gap := p.Requests[i].At - before
	less := gap - halved(gap)
	for k := i; k < len(p.Requests); k++ {
		p.Requests[k].At -= less
	}
	for k := range p.Faults {
		if p.Faults[k].At >= before+gap {
			p.Faults[k].At -= less
		}
	}
}

// halved returns half of a duration, in whole hops.
func halved(d time.Duration) time.Duration { return (d / 2).Truncate(hop) }

// size says how large a plan is. The first number counts most.
func (p Plan) size() []int {
	var late, at, deltas, latest int
	for _, f := range p.Fates {
		late += 1 + len(f.Copies)
		for _, c := range f.Copies {
			latest += int(c.Delay + c.Latency)
		}
	}
	for _, f := range p.Faults {
		latest += int(f.For)
	}
	for _, r := range p.Requests {
		at += int(r.At)
		deltas += int(r.Delta)
	}
	ages := len(p.Ages)
	for _, a := range p.Ages {
		ages += a.Age
	}
	return []int{len(p.Requests) + p.Nodes, len(p.Faults) + late + ages, latest, at, deltas, int(p.Latency)}
}
