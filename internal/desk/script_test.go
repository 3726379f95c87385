package desk

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"maelstrom-counter/internal/countertest/transcript"
	"maelstrom-counter/internal/ledger"
)

// A script is a list of steps at the desk of node n1, whose life is 5.7: boot 5
// and nonce 7. A line that is not indented is a step. The indented lines after
// it show everything that the desk does in that step. The steps are
//
//	life 5.7                    makes the desk that of another life; only as the first step
//	add c1 3 by 4s              takes an add of 3 of client c1, with a deadline
//	read c1 by 4s               takes a read
//	fold n0 9.1 seq 2 delta 4 by 4s
//	                            takes a fold of another node
//	form                        forms a fold, which is called f1, f2, ... from then on
//	queue f1                    makes this node apply that fold itself
//	apply 10 n0=9.1/2           applies the queue to a value, which is a total and receipts
//	settle 10 n0=9.1/2          settles the folds by a value
//	done f1 10                  is a combiner's answer
//	refuse text                 refuses everything
//	expire 4s                   gives up what is due
//	close                       gives up everything
//	show                        shows what is in hand
type script struct {
	*transcript.Script
	t     *testing.T
	desk  *Desk
	folds []*Batch
	steps []string // the steps that the desk has reported during this step of the script
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestScripts(t *testing.T) {
	transcript.Play(t, "testdata/*.txtar", func(t *testing.T, text *transcript.Script) error {
		s := &script{Script: text, t: t}
		s.open(ledger.Life{Boot: 5, Nonce: 7})
		return text.Each(s.play)
	})
}

// play plays a step. The desk must report it, and then be in order.
func (s *script) play(line string) error {
	s.steps = nil
	name := s.step(strings.Fields(line))
	if got := strings.Join(s.steps, " "); got != name {
		return fmt.Errorf("the desk reported the steps %q, want %q", got, name)
	}
	for _, a := range s.desk.Answers() {
		switch {
		case a.Failure != nil:
			s.Happens("%s: error %d, %s", a.Client, a.Failure.Code, a.Failure.Text)
		case a.Kind == Add:
			s.Happens("%s: ok", a.Client)
		default:
			s.Happens("%s: %s", a.Client, write(a.Total))
		}
	}
	return s.desk.Check()
}

func (s *script) open(life ledger.Life) {
	s.desk = New(life)
	s.desk.Open("n1")
	s.desk.Watch(func(_ *Desk, step string) {
		if err := s.desk.Check(); err != nil {
			s.t.Errorf("when %s was reported: %v", step, err)
		}
		s.steps = append(s.steps, step)
	})
}

// step does one step, and returns the name by which the desk should report it.
func (s *script) step(words []string) (name string) {
	d := s.desk
	switch words[0] {
	case "life":
		s.open(s.life(words[1]))
	case "add":
		d.Take(Request{Kind: Add, Client: words[1], Delta: s.number(words[2]), Deadline: s.time(words[4])})
		return "Take"
	case "read":
		d.Take(Request{Kind: Read, Client: words[1], Deadline: s.time(words[3])})
		return "Take"
	case "fold":
		r := Request{Kind: Combine, Client: words[1], Deadline: s.time(words[8])}
		d.TakeFold(r, ledger.Fold{Node: words[1], Life: s.life(words[2]), Seq: s.number(words[4]), Delta: s.number(words[6])})
		return "TakeFold"
	case "form":
		return s.form()
	case "queue":
		d.Queue(s.fold(words[1]))
		return "Queue"
	case "apply":
		v := s.value(words[1:])
		carries := d.Apply(&v)
		s.Happens("%s %v", describe(v), carries)
	case "settle":
		d.Settle(s.value(words[1:]))
		return "Settle"
	case "done":
		d.Done(s.fold(words[1]), s.number(words[2]))
		return "Done"
	case "refuse":
		d.Refuse(strings.Join(words[1:], " "))
		return "Refuse"
	case "expire":
		due, ok := d.Due()
		d.Expire(s.time(words[1]))
		if ok && !due.After(s.time(words[1])) {
			return "Expire"
		}
	case "close":
		d.Close()
		return "Close"
	case "show":
		s.show()
	default:
		s.t.Fatalf("there is no step %q", words)
	}
	return ""
}

func (s *script) form() (name string) {
	if !s.desk.Formable() {
		s.Happens("not formable")
		return ""
	}
	if b := s.desk.Form(); b == nil {
		s.Happens("no room")
	} else {
		s.folds = append(s.folds, b)
		s.Happens("f%d is %s %s seq %d delta %d", len(s.folds), b.Node, writeLife(b.Life), b.Seq, b.Delta)
	}
	return "Form"
}

// show shows what is in hand.
func (s *script) show() {
	d := s.desk
	text := fmt.Sprintf("in hand %d", d.InHand())
	if d.Formable() {
		text += ", formable"
	}
	if i := slices.Index(s.folds, d.Own()); i >= 0 {
		text += fmt.Sprintf(", own f%d", i+1)
	}
	if d.Queued() {
		text += ", queued"
	}
	if len(d.others) > 0 {
		text += " for others"
	}
	if due, ok := d.Due(); ok {
		text += fmt.Sprintf(", due %v", due.Sub(epoch))
	}
	s.Happens("%s", text)
}

func (s *script) fold(name string) *Batch {
	return s.folds[s.number(strings.TrimPrefix(name, "f"))-1]
}

func (s *script) time(text string) time.Time {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return epoch.Add(d)
}

func (s *script) life(text string) ledger.Life {
	boot, nonce, _ := strings.Cut(text, ".")
	return ledger.Life{Boot: s.number(boot), Nonce: s.number(nonce)}
}

// number reads a number, or one such as max-5.
func (s *script) number(text string) int64 {
	base := int64(0)
	if rest, ok := strings.CutPrefix(text, "max"); ok {
		if base = ledger.Max; rest == "" {
			return base
		}
		text = rest
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return base + n
}

// write writes a number as number reads it.
func write(n int64) string {
	switch {
	case n == ledger.Max:
		return "max"
	case n > ledger.Max-1000:
		return fmt.Sprintf("max%d", n-ledger.Max)
	}
	return fmt.Sprint(n)
}

func writeLife(l ledger.Life) string { return write(l.Boot) + "." + write(l.Nonce) }

func (s *script) value(words []string) ledger.Value {
	v := ledger.Value{Total: s.number(words[0]), Receipts: map[string]ledger.Receipt{}}
	for _, word := range words[1:] {
		node, receipt, _ := strings.Cut(word, "=")
		life, seq, _ := strings.Cut(receipt, "/")
		v.Receipts[node] = ledger.Receipt{Life: s.life(life), Seq: s.number(seq)}
	}
	return v
}

func describe(v ledger.Value) string {
	text := write(v.Total)
	for _, node := range slices.Sorted(maps.Keys(v.Receipts)) {
		r := v.Receipts[node]
		text += fmt.Sprintf(" %s=%s/%d", node, writeLife(r.Life), r.Seq)
	}
	return text
}
