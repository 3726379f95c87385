package desk

import (
	"strings"
	"testing"
	"time"

	maelstrom "github.com/jepsen-io/maelstrom/demo/go"

	"maelstrom-counter/internal/ledger"
)

// busy returns a desk with requests in each place: a and b are in this node's
// fold, c and d wait, and o is another node's fold.
func busy() *Desk {
	d := New(ledger.Life{Boot: 5, Nonce: 7})
	d.Open("n1")
	request := func(client string, kind Kind, delta int64, second int) Request {
		return Request{Kind: kind, Client: client, Delta: delta, Deadline: epoch.Add(time.Duration(second) * time.Second)}
	}
	d.Take(request("a", Add, 3, 1))
	d.Take(request("b", Read, 0, 2))
	d.Queue(d.Form())
	d.Take(request("c", Add, 4, 3))
	d.Take(request("d", Read, 0, 4))
	d.TakeFold(request("o", Combine, 0, 5), ledger.Fold{Node: "n0", Life: ledger.Life{Boot: 9, Nonce: 1}, Seq: 1, Delta: 8})
	return d
}

func TestCheckReportsEachKindOfDamage(t *testing.T) {
	for _, test := range []struct {
		name   string
		damage func(d *Desk)
		want   string // part of the error, or ""
	}{
		{"nothing", func(d *Desk) {}, ""},
		{"only others' folds", func(d *Desk) { d.Done(d.own, 3) }, ""},
		{"a request that waits is lost", func(d *Desk) { d.waiting = d.waiting[1:] }, "4 requests wait or are in folds, and 5 are in hand"},
		{"a request in a fold is lost", func(d *Desk) { d.own.requests = d.own.requests[1:] }, "4 requests wait or are in folds"},
		{"a fold is lost", func(d *Desk) { d.others = nil }, "4 requests wait or are in folds"},
		{"a request is in a fold and waits", func(d *Desk) { d.waiting = append(d.own.requests[1:], d.waiting...) }, "6 requests wait"},
		{"a fold is queued twice", func(d *Desk) { d.others = append(d.others, d.others[0]) }, "6 requests wait"},
		{"a request is counted twice", func(d *Desk) { d.inHand++ }, "5 requests wait or are in folds, and 6 are in hand"},
		{"an answered request is counted", func(d *Desk) { *d = Desk{inHand: 1} }, "0 requests wait or are in folds, and 1 are in hand"},
		{"a later request is first", func(d *Desk) { d.waiting[0], d.waiting[1] = d.waiting[1], d.waiting[0] }, "Client:c MsgID:0 Delta:4 Deadline:2026-01-01 00:00:03 +0000 UTC} are out of order"},
		{"a later request is first in a fold", func(d *Desk) {
			d.own.requests[0], d.own.requests[1] = d.own.requests[1], d.own.requests[0]
		}, "are out of order"},
		{"a later request is first among the folds of other nodes", func(d *Desk) {
			d.TakeFold(Request{Kind: Combine, Client: "p", Deadline: epoch}, ledger.Fold{Node: "n2"})
		}, "are out of order"},
		{"a fold without requests is queued", func(d *Desk) { d.others[0].requests = nil }, "Node:n0"},
		{"this node's fold has no requests", func(d *Desk) { d.here, d.own.requests = false, nil }, "is in hand and carries nothing"},
		{"this node is to apply a fold that it does not have", func(d *Desk) { d.Done(d.own, 3); d.here = true }, "is to apply its own fold, and has none"},
		{"the own fold is another node's", func(d *Desk) { d.own.Node = "n0" }, "the own fold is"},
		{"the own fold is of another life", func(d *Desk) { d.life.Nonce++ }, "and the last of this life is 1 of {Boot:5 Nonce:8}"},
		{"the own fold is not the last", func(d *Desk) { d.seq++ }, "and the last of this life is 2 of {Boot:5 Nonce:7}"},
		{"the own fold adds too little", func(d *Desk) { d.own.Delta-- }, "the requests in the own fold add 3, and it adds 2"},
		{"the own fold adds more, for a request that was given up", func(d *Desk) { d.own.Delta++ }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := busy()
			if err := d.Check(); err != nil {
				t.Fatalf("before: %v", err)
			}
			test.damage(d)
			switch err := d.Check(); {
			case test.want == "" && err != nil:
				t.Errorf("got %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want one that says %q", err, test.want)
			}
		})
	}
}

func TestMoreThanMaxRequestsAreRefused(t *testing.T) {
	d := New(ledger.Life{Boot: 5, Nonce: 7})
	d.Open("n1")
	take := func(i int) (answers []Answer) {
		r := Request{MsgID: i, Deadline: epoch.Add(time.Duration(i))}
		if i%3 == 0 {
			r.Kind = Combine
			d.TakeFold(r, ledger.Fold{Node: "n0", Life: ledger.Life{Boot: 9, Nonce: 1}, Seq: int64(i + 1)})
		} else {
			d.Take(r)
		}
		return d.Answers()
	}
	wantRefused := func(i int, want bool) {
		t.Helper()
		answers := take(i)
		refused := len(answers) == 1 && answers[0].MsgID == i && answers[0].Failure.Code == maelstrom.TemporarilyUnavailable
		if refused != want || !want && len(answers) > 0 {
			t.Fatalf("%d: %d requests in hand, answers %+v", i, d.InHand(), answers)
		}
	}
	for i := range MaxRequests {
		wantRefused(i, false)
		if i == MaxRequests/2 {
			d.Form()
		}
	}
	wantRefused(MaxRequests, true)
	wantRefused(MaxRequests+2, true) // a fold
	d.Expire(epoch.Add(1))
	if answers := d.Answers(); len(answers) != 2 || d.InHand() != MaxRequests-2 {
		t.Errorf("%d requests in hand, %d answers", d.InHand(), len(answers))
	}
	wantRefused(MaxRequests+3, false)
	wantRefused(MaxRequests+4, false)
	wantRefused(MaxRequests+5, true)
	if err := d.Check(); err != nil {
		t.Error(err)
	}
}
