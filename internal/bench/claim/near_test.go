package claim

import (
	"fmt"
	"testing"
	"time"

	"maelstrom-counter/internal/bench/journal"
	"maelstrom-counter/internal/bench/verdict"
)

// nearMisses are claims that hold unless one more thing happens. If near is
// false, that thing is left out.
var nearMisses = []struct {
	name string
	play func(s *scene, near bool) Claim
}{
	{"another add is in hand", func(s *scene, near bool) Claim {
		add := s.ask("c0", "n0", "add", 2)
		if near {
			s.ask("c1", "n0", "add", 0)
		}
		return OnlyAdd{add, "n0", 2, s.call("n0", `{"type":"read","key":"t","msg_id":1}`).request, 1}
	}},
	{"two adds of the same amount are in hand", func(s *scene, near bool) Claim {
		add := s.ask("c0", "n0", "add", 2)
		s.ask("c1", "n0", "add", map[bool]int64{true: 2, false: 3}[near])
		return OnlyAdd{add, "n0", 2, s.call("n0", `{"type":"read","key":"t","msg_id":1}`).request, 2}
	}},
	{"another add was in hand, and has been answered", func(s *scene, near bool) Claim {
		other := s.ask("c1", "n0", "add", 1)
		add := s.ask("c0", "n0", "add", 2)
		if !near {
			s.ack(other)
		}
		return OnlyAdd{add, "n0", 2, s.call("n0", `{"type":"read","key":"t","msg_id":1}`).request, 1}
	}},
	{"a node has been handed an add by another", func(s *scene, near bool) Claim {
		add := s.ask("c0", "n0", "add", 2)
		if near {
			s.pass("n1", "n0", `{"type":"add","delta":5}`)
		}
		h := s.call("n0", `{"type":"write","key":"t","value":7,"msg_id":1}`)
		return AnotherAmount{"seq-kv", `"t"`, "", h.request, h.at, "n0", 0, 7, add, 2}
	}},
	{"it handed its add on to another", func(s *scene, near bool) Claim {
		s.ack(s.ask("c0", "n0", "add", 2))
		if near {
			s.pass("n0", "n1", `{"type":"add","delta":2}`)
		}
		s.call("n0", `{"type":"write","key":"t","value":1,"msg_id":1}`)
		at := s.at()
		s.answer(s.ask("c1", "n1", "read", 0), "0")
		return Counted{"seq-kv", `"t"`, "", "n0", at + 2, 2, 2, 1}
	}},
	{"it changes another key", func(s *scene, near bool) Claim {
		s.ack(s.ask("c0", "n0", "add", 2))
		s.call("n1", `{"type":"write","key":"t","value":1,"msg_id":1}`)
		if near {
			s.call("n0", `{"type":"write","key":"n0","value":2,"msg_id":1}`)
		}
		at := s.at()
		s.answer(s.ask("c1", "n1", "read", 0), "0")
		return Counted{"seq-kv", `"t"`, "", "n0", at + 2, 2, 2, 0}
	}},
	{"it stores what others have added, too", func(s *scene, near bool) Claim {
		s.ack(s.ask("c0", "n0", "add", 2))
		at := s.at()
		s.answer(s.ask("c1", "n1", "read", 0), "0")
		s.call("n0", `{"type":"write","key":"sum","value":%d,"msg_id":1}`, map[bool]int{true: 3, false: 2}[near])
		return Counted{"seq-kv", `"sum"`, "", "n0", at + 2, 2, 2, 0}
	}},
	{"the number that is shown has not changed", func(s *scene, near bool) Claim {
		s.call("n0", `{"type":"write","key":"t","value":{"a":1,"b":1},"msg_id":1}`)
		h := s.call("n0", `{"type":"write","key":"t","value":{"a":1,"b":2},"msg_id":2}`)
		path := map[bool]string{true: "a", false: "b"}[near]
		return Changed{"seq-kv", `"t"`, "n0", h.request, h.at, 2, `{"a":1,"b":1}`, `{"a":1,"b":2}`, path}
	}},
	{"a node prints what is not heard", func(s *scene, near bool) Claim {
		op := s.ask("c0", "n0", "add", 2)
		if near {
			s.node(journal.Pending, "n0", `{"src":`)
		}
		s.giveUp(op)
		s.node(journal.Unheard, "n0", "{}")
		return SentSince{op, "n0", 0, nil}
	}},
	{"a node is killed, and so sends nothing more", func(s *scene, near bool) Claim {
		h := s.call("n0", `{"type":"read","key":"t","msg_id":1}`)
		if near {
			s.node(journal.Killed, "n0", "")
		}
		return NextSent{"n0", h.reply, -1}
	}},
	{"news goes by way of a third node", func(s *scene, near bool) Claim {
		add := s.ask("c0", "n0", "add", 2)
		s.pass("n0", "n2", `{"type":"more","delta":2}`)
		body := `{"type":"hello","delta":null}`
		if near {
			body = `{"type":"hello","ids":["c0-1"]}`
		}
		s.pass("n2", "n1", "%s", body)
		return NoPath{add, "n0", 2, "n1", s.answer(s.ask("c1", "n1", "read", 0), "0")}
	}},
	{"news goes through a refused swap", func(s *scene, near bool) Claim {
		add := s.ask("c0", "n0", "add", 2)
		s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":1}`)
		key := "u"
		if near {
			key = "t"
		}
		s.call("n1", `{"type":"cas","key":"%s","from":5,"to":6,"msg_id":1}`, key)
		return NoPath{add, "n0", 2, "n1", s.answer(s.ask("c1", "n1", "read", 0), "0")}
	}},
	{"news goes through a write of what was there", func(s *scene, near bool) Claim {
		s.call("n2", `{"type":"write","key":"t","value":2,"msg_id":1}`)
		add := s.ask("c0", "n0", "add", 2)
		if near {
			s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":1}`)
		}
		s.call("n1", `{"type":"read","key":"t","msg_id":1}`)
		return NoPath{add, "n0", 2, "n1", s.answer(s.ask("c1", "n1", "read", 0), "0")}
	}},
	{"a killed node has lost the news", func(s *scene, near bool) Claim {
		add := s.ask("c0", "n0", "add", 2)
		if !near {
			s.node(journal.Killed, "n0", "")
			s.node(journal.Started, "n0", "")
		}
		s.pass("n0", "n1", `{"type":"more","delta":2}`)
		return NoPath{add, "n0", 2, "n1", s.answer(s.ask("c1", "n1", "read", 0), "0")}
	}},
	{"a path leads through a killed node", func(s *scene, near bool) Claim {
		add := s.ask("c0", "n0", "add", 2)
		first := s.pass("n0", "n2", `{"type":"more","delta":2}`)
		if near {
			s.node(journal.Killed, "n2", "")
			s.node(journal.Started, "n2", "")
		}
		second := s.pass("n2", "n1", `{"type":"more","delta":2}`)
		return Path{add, "n0", 2, "n1", s.answer(s.ask("c1", "n1", "read", 0), "0"), []int{first, second}}
	}},
	{"a node that knew changes a service", func(s *scene, near bool) Claim {
		add := s.ask("c0", "n0", "add", 2)
		if near {
			s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":1}`)
		}
		return Silent{add, "n0", 2, []string{"n0"}, "n1", s.answer(s.ask("c1", "n1", "read", 0), "0")}
	}},
	{"a message comes late, but comes", func(s *scene, near bool) Claim {
		add := s.ask("c0", "n0", "add", 2)
		late := s.send("n0", "n1", `{"type":"more","delta":2}`)
		if near {
			s.happens(journal.Received, late)
		}
		reply := s.answer(s.ask("c1", "n1", "read", 0), "0")
		s.happens(journal.Received, late)
		return Undelivered{add, "n0", 2, reply, []int{late}}
	}},
	{"two writes are lost, not one and a read", func(s *scene, near bool) Claim {
		add := s.ask("c0", "n0", "add", 2)
		id := s.send("n0", "seq-kv", `{"type":"write","key":"t","value":2,"msg_id":1}`)
		s.send("n0", "seq-kv", `{"type":"%s","key":"t","msg_id":2}`, map[bool]string{true: "write", false: "read"}[near])
		reply := s.answer(s.ask("c1", "n1", "read", 0), "0")
		return Undelivered{add, "n0", 2, reply, []int{id}}
	}},
	{"the overwriting node had been told", func(s *scene, near bool) Claim {
		lost := s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":1}`)
		told := s.callOld("n1", 1, `{"type":"read","key":"t","msg_id":1}`)
		if near {
			told = s.call("n1", `{"type":"read","key":"t","msg_id":1}`)
		}
		by := s.call("n1", `{"type":"write","key":"t","value":1,"msg_id":2}`)
		knew := map[bool]string{true: "2", false: ""}[near]
		return Overwritten{"seq-kv", `"t"`, lost.at, lost.request, "n0", "2", by.at, by.request, "n1", "1", false, told.reply, knew}
	}},
	{"an old write was sent after all", func(s *scene, near bool) Claim {
		s.call("n0", `{"type":"write","key":"t","value":1,"msg_id":1}`)
		var lost handled
		var old int
		if near {
			lost = s.call("n1", `{"type":"write","key":"t","value":3,"msg_id":1}`)
			old = s.send("n0", "seq-kv", `{"type":"write","key":"t","value":1,"msg_id":2}`)
		} else {
			old = s.send("n0", "seq-kv", `{"type":"write","key":"t","value":1,"msg_id":2}`)
			lost = s.call("n1", `{"type":"write","key":"t","value":3,"msg_id":1}`)
		}
		s.happens(journal.Received, old)
		return WrittenBack{"seq-kv", `"t"`, lost.at, "n1", "3", s.store(old, 0).at, old, "n0", "1"}
	}},
	{"an answer comes in time", func(s *scene, near bool) Claim {
		op := s.ask("c0", "n0", "read", 0)
		if near {
			s.pass("n0", "c0", `{"type":"read_ok","value":"1","in_reply_to":1}`)
		}
		s.giveUp(op)
		return Unanswered{op, "n0", "read", 0, s.asked[op]}
	}},
	{"in_reply_to is that of an earlier request", func(s *scene, near bool) Claim {
		s.fail(s.ask("c0", "n0", "add", 1), 13)
		op := s.ask("c0", "n0", "add", 2)
		wrong := map[bool]string{true: "1", false: "7"}[near]
		reply := s.pass("n0", "c0", `{"type":"add_ok","in_reply_to":%s}`, wrong)
		s.giveUp(op)
		return WrongReplyTo{op, reply, wrong, "2"}
	}},
	{"a node asks somebody", func(s *scene, near bool) Claim {
		s.ask("c1", "n0", "read", 0)
		read := s.ask("c0", "n0", "read", 0)
		if near {
			s.call("n0", `{"type":"read","key":"t","msg_id":1}`)
		}
		s.answer(read, "0")
		return AskedNobody{read, "n0"}
	}},
	{"a question was answered", func(s *scene, near bool) Claim {
		read := s.ask("c0", "n0", "read", 0)
		q := s.pass("n0", "seq-kv", `{"type":"read","key":"t","msg_id":1}`)
		h := s.store(q, 0)
		if near {
			s.happens(journal.Received, h.reply)
		}
		s.answer(read, "0")
		s.happens(journal.Received, h.reply)
		return AnsweredBefore{read, "n0", []int{q}}
	}},
	{"it was told in this life", func(s *scene, near bool) Claim {
		s.call("n0", `{"type":"read","key":"t","msg_id":1}`)
		if !near {
			s.node(journal.Killed, "n0", "")
			s.node(journal.Started, "n0", "")
		}
		read := s.ask("c0", "n0", "read", 0)
		s.answer(read, "0")
		return ToldNothing{read, "n0"}
	}},
	{"it answers what it had acknowledged itself", func(s *scene, near bool) Claim {
		s.ack(s.ask("c0", "n0", "add", 3))
		read := s.ask("c1", "n0", "read", 0)
		value := int64(2)
		if near {
			value = 3
		}
		s.answer(read, say("%d", value))
		return OwnAcked{read, "n0", value, 3}
	}},
	{"the key is set later", func(s *scene, near bool) Claim {
		s.call("n0", `{"type":"read","key":"t","msg_id":1}`)
		if near {
			s.call("n1", `{"type":"write","key":"t","value":0,"msg_id":1}`)
		}
		return NeverSet{"seq-kv", `"t"`, 1}
	}},
	{"a node uses a service", func(s *scene, near bool) Claim {
		s.pass("n0", "n1", `{"type":"hello"}`)
		if near {
			s.send("n0", "lin-tso", `{"type":"ts","msg_id":1}`)
		}
		return NoService{}
	}},
	{"a part of the sum is old", func(s *scene, near bool) Claim {
		s.pass("n1", "n0", `{"type":"sum","value":1}`)
		old := s.pass("n1", "n0", `{"type":"sum","value":2}`)
		s.pass("n1", "n0", `{"type":"sum","value":3}`)
		if near {
			s.now += 10 * time.Millisecond
		}
		read := s.ask("c0", "n0", "read", 0)
		s.answer(read, "2")
		return Sum{read, "n0", 2, Formula{How: PeersLast, Type: "sum", Path: "value"}, []Part{{"n0", 0, -1}, {"n1", 2, old}}}
	}},
	{"a part of the sum is left out", func(s *scene, near bool) Claim {
		read := s.ask("c0", "n0", "read", 0)
		s.call("n1", `{"type":"write","key":"a","value":2,"msg_id":1}`)
		a := s.call("n0", `{"type":"read","key":"a","msg_id":1}`)
		if near {
			s.call("n0", `{"type":"read","key":"b","msg_id":2}`)
		}
		s.answer(read, "2")
		return Sum{read, "n0", 2, Formula{How: Keys}, []Part{{"seq-kv a", 2, a.reply}}}
	}},
	{"two claims of one cause", func(s *scene, near bool) Claim {
		add := s.ask("c0", "n0", "add", 2)
		s.ack(add)
		read := s.ask("c1", "n1", "read", 0)
		s.answer(read, "0")
		cone := Cone{read, "n1", nil, []int{add}, 2}
		if near {
			return AllMissing{read, 4, []Claim{cone, cone}}
		}
		return AllMissing{read, 2, []Claim{cone}}
	}},
	{"it told a peer before it was killed", func(s *scene, near bool) Claim {
		s.ack(s.ask("c0", "n0", "add", 2))
		body := `{"type":"hello"}`
		if near {
			body = `{"type":"hello","sum":2}`
		}
		s.pass("n0", "n1", "%s", body)
		return AckedInMemory{"n0", s.node(journal.Killed, "n0", ""), 2}
	}},
	{"it had changed the store before it was killed", func(s *scene, near bool) Claim {
		s.ack(s.ask("c0", "n0", "add", 2))
		kind := map[bool]string{true: "write", false: "read"}[near]
		s.call("n0", `{"type":"%s","key":"t","value":2,"msg_id":1}`, kind)
		at := s.node(journal.Killed, "n0", "")
		s.node(journal.Started, "n0", "")
		s.call("n0", `{"type":"write","key":"t","value":3,"msg_id":1}`)
		return AckedInMemory{"n0", at, 2}
	}},
	{"a request was overtaken by another", func(s *scene, near bool) Claim {
		add := s.ask("c0", "n0", "add", 2)
		var old int
		if near {
			old = s.pass("n0", "seq-kv", `{"type":"write","key":"t","value":1,"msg_id":1}`)
		}
		s.call("n1", `{"type":"write","key":"t","value":4,"msg_id":1}`)
		if !near {
			old = s.pass("n0", "seq-kv", `{"type":"write","key":"t","value":1,"msg_id":1}`)
		}
		return AnotherAmount{"seq-kv", `"t"`, "", old, s.store(old, 0).at, "n0", 4, 1, add, 2}
	}},
	{"an answer came before the one for an earlier life", func(s *scene, near bool) Claim {
		earlier := s.store(s.pass("n0", "seq-kv", `{"type":"read","key":"t","msg_id":1}`), 0)
		s.node(journal.Killed, "n0", "")
		s.node(journal.Started, "n0", "")
		call := s.pass("n0", "seq-kv", `{"type":"read","key":"t","msg_id":1}`)
		own := s.store(call, 0)
		if near {
			s.happens(journal.Received, own.reply)
		}
		s.happens(journal.Received, earlier.reply)
		return Misdirected{"n0", earlier.reply, call, earlier.request}
	}},
	{"a key changes only afterwards", func(s *scene, near bool) Claim {
		h := s.call("n1", `{"type":"read","key":"t","msg_id":1}`)
		if !near {
			s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":1}`)
		}
		reply := s.answer(s.ask("c1", "n1", "read", 0), "0")
		s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":2}`)
		s.call("n0", `{"type":"write","key":"t","value":5,"msg_id":3}`)
		return ChangedSince{h.reply, "n1", "seq-kv", `"t"`, "", "2", "", reply}
	}},
	{"it was acknowledged at the same instant", func(s *scene, near bool) Claim {
		add := s.ask("c0", "n0", "add", 2)
		s.ack(add)
		read := s.ask("c1", "n1", "read", 0)
		s.answer(read, "0")
		if near {
			s.History[read].Invoke = s.History[add].Complete
		}
		return OutOfBounds{read, "n1", 0, 2, 2}
	}},
	{"one of a kind succeeded", func(s *scene, near bool) Claim {
		s.fail(s.ask("c0", "n0", "add", 2), 13)
		if near {
			s.ack(s.ask("c0", "n0", "add", 0))
		} else {
			s.fail(s.ask("c0", "n0", "add", 0), 13)
		}
		return NoneSucceeded{"add", 2, 0}
	}},
	{"the same message twice, but for two adds", func(s *scene, near bool) Claim {
		body := map[bool]string{true: `{"type":"more","delta":1}`, false: `{"type":"more","delta":1,"msg_id":4}`}[near]
		first, second := s.pass("n0", "n1", "%s", body), s.pass("n0", "n1", "%s", body)
		return GotTwice{first, second, s.pass("n1", "n0", `{"type":"hello"}`), "n0", "n1"}
	}},
	{"a request of the node's earlier life", func(s *scene, near bool) Claim {
		s.ask("c0", "n0", "add", 2)
		if near {
			s.node(journal.Killed, "n0", "")
			s.node(journal.Started, "n0", "")
		}
		return InHand{s.ask("c1", "n0", "add", 3), "n0", 1}
	}},
	{"an add that was refused for certain", func(s *scene, near bool) Claim {
		s.fail(s.ask("c0", "n0", "add", 2), map[bool]int{true: 13, false: 11}[near])
		read := s.ask("c1", "n1", "read", 0)
		s.History[read].Final = true
		s.answer(read, "2")
		return CountsRefused{read, "n1", 2, []Range{{Lo: 0, Hi: 0}}}
	}},
	{"an add that may have happened makes it right", func(s *scene, near bool) Claim {
		s.ack(s.ask("c0", "n0", "add", 2))
		s.fail(s.ask("c0", "n0", "add", 3), 11)
		value := map[bool]int64{true: 5, false: 4}[near]
		read := s.ask("c1", "n1", "read", 0)
		s.History[read].Final = true
		s.answer(read, fmt.Sprint(value))
		return WrongTotal{read, "n1", value, []Range{{Lo: 2, Hi: 2}, {Lo: 5, Hi: 5}}}
	}},
	{"a delta arrives", func(s *scene, near bool) Claim {
		id := s.send("n0", "n1", `{"type":"more","delta":4}`)
		if near {
			s.happens(journal.Received, id)
		}
		read := s.ask("c1", "n1", "read", 0)
		s.answer(read, "0")
		return DeltasMissing{read, "n1", "n0", "more", "delta", []int{id}, 4}
	}},
	{"fewer steps than adds", func(s *scene, near bool) Claim {
		for i := range 2 {
			op := s.ask("c0", "n0", "add", 2)
			s.call("n0", `{"type":"write","key":"t","value":%d,"msg_id":%d}`, i+1, i)
			s.ack(op)
		}
		if near {
			s.ack(s.ask("c0", "n0", "add", 1))
			return SameSteps{"seq-kv", `"t"`, "", "n0", 2, 1, 3, 5}
		}
		return SameSteps{"seq-kv", `"t"`, "", "n0", 2, 1, 2, 4}
	}},
	{"a step of another size", func(s *scene, near bool) Claim {
		for i, to := range []int{1, 2, map[bool]int{true: 4, false: 3}[near]} {
			op := s.ask("c0", "n0", "add", 2)
			s.call("n0", `{"type":"write","key":"t","value":%d,"msg_id":%d}`, to, i)
			s.ack(op)
		}
		return SameSteps{"seq-kv", `"t"`, "", "n0", 3, 1, 3, 6}
	}},
	{"a number is from the node's earlier life", func(s *scene, near bool) Claim {
		s.pass("n1", "n0", `{"type":"more","delta":2}`)
		if near {
			s.node(journal.Killed, "n0", "")
			s.node(journal.Started, "n0", "")
		}
		s.pass("n1", "n0", `{"type":"more","delta":1}`)
		s.now += 20 * time.Millisecond
		read := s.ask("c0", "n0", "read", 0)
		s.answer(read, "3")
		return Sum{read, "n0", 3, Formula{Deltas, "", "more", "delta"}, []Part{{"n0", 0, -1}, {"n1", 3, -1}}}
	}},
	{"a message comes to a dead node", func(s *scene, near bool) Claim {
		add := s.ask("c0", "n0", "add", 2)
		more := s.send("n0", "n1", `{"type":"more","delta":2}`)
		s.node(journal.Killed, "n1", "")
		if near {
			s.node(journal.Started, "n1", "")
		}
		s.happens(journal.Received, more)
		s.node(journal.Started, "n1", "")
		return NoPath{add, "n0", 2, "n1", s.answer(s.ask("c1", "n1", "read", 0), "0")}
	}},
	{"the last is not the most", func(s *scene, near bool) Claim {
		most := s.pass("n2", "n0", `{"type":"gossip","parts":{"n1":%d}}`, map[bool]int{true: 1, false: 3}[near])
		s.pass("n1", "n0", `{"type":"gossip","parts":{"n1":2}}`)
		s.now += 20 * time.Millisecond
		read := s.ask("c0", "n0", "read", 0)
		value := map[bool]string{true: "1", false: "3"}[near]
		s.answer(read, value)
		parts := []Part{{"n0", 0, -1}, {"n1", s.History[read].Int(), most}}
		return Sum{read, "n0", parts[1].Value, Formula{How: PeersMost, Type: "gossip", Path: "parts"}, parts}
	}},
	{"it alone, but for what a peer sent meanwhile", func(s *scene, near bool) Claim {
		read := s.ask("c0", "n0", "read", 0)
		if near {
			s.pass("n1", "n0", `{"type":"gossip","parts":{"n1":2}}`)
		}
		s.answer(read, "0")
		s.pass("n1", "n0", `{"type":"gossip","parts":{"n1":2}}`)
		return Sum{read, "n0", 0, Formula{How: OwnAlone}, []Part{{"n0", 0, -1}}}
	}},
	{"who was asked answers, not another, and not before", func(s *scene, near bool) Claim {
		s.pass("n1", "n0", `{"type":"local_ok","in_reply_to":1}`)
		call := s.pass("n0", "n1", `{"type":"local","msg_id":1}`)
		s.pass("n2", "n0", `{"type":"local_ok","in_reply_to":1}`)
		if near {
			s.pass("n1", "n0", `{"type":"local_ok","in_reply_to":1}`)
		}
		return Unreplied{call, "n0", "n1"}
	}},
	{"what has no number is not answered", func(s *scene, near bool) Claim {
		op := s.ask("c0", "n0", "add", 2)
		number := map[bool]string{true: `,"msg_id":7`, false: ""}[near]
		first := s.pass("n0", "n1", `{"type":"more","delta":2%s}`, number)
		s.pass("n0", "n1", `{"type":"more","delta":2%s}`, number)
		s.pass("n1", "n0", `{"type":"more"%s}`, map[bool]string{true: `,"in_reply_to":7`, false: ""}[near])
		s.giveUp(op)
		s.node(journal.Unheard, "n0", "")
		return Repeated{Op: op, Node: "n0", First: first, Dest: "n1", Same: true, N: 2, Reply: -1}
	}},
	{"a read is within its bounds", func(s *scene, near bool) Claim {
		s.ack(s.ask("c0", "n0", "add", 2))
		read := s.ask("c1", "n1", "read", 0)
		value := map[bool]int64{true: 2, false: 1}[near]
		s.answer(read, fmt.Sprint(value))
		return OutOfBounds{read, "n1", value, 2, 2}
	}},
	{"it had been told in its earlier life only", func(s *scene, near bool) Claim {
		s.call("n1", `{"type":"read","key":"t","msg_id":1}`)
		if !near {
			s.node(journal.Killed, "n1", "")
			s.node(journal.Started, "n1", "")
		}
		lost := s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":1}`)
		by := s.call("n1", `{"type":"write","key":"t","value":1,"msg_id":2}`)
		return Overwritten{"seq-kv", `"t"`, lost.at, lost.request, "n0", "2", by.at, by.request, "n1", "1", false, -1, ""}
	}},
	{"a client that was answered asks another node", func(s *scene, near bool) Claim {
		add := s.ask("c0", "n0", "add", 2)
		s.ack(add)
		late := s.send("n0", "n1", `{"type":"more","delta":2}`)
		if near {
			s.send("n0", "n1", `{"type":"more","delta":2}`)
		}
		s.send("c0", "n1", `{"type":"add","delta":1,"msg_id":9}`)
		return Undelivered{add, "n0", 2, s.answer(s.ask("c1", "n1", "read", 0), "0"), []int{late}}
	}},
	{"it is not sure that it changed the key", func(s *scene, near bool) Claim {
		h := s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":1}`)
		s.journal[h.at].Unsure = near
		return Changed{"seq-kv", `"t"`, "n0", h.request, h.at, 1, "", "2", ""}
	}},
	{"one of two equal values may be the one that was told", func(s *scene, near bool) Claim {
		for i, value := range []int{1, 2, map[bool]int{true: 1, false: 3}[near]} {
			s.call("n0", `{"type":"write","key":"t","value":%d,"msg_id":%d}`, value, i)
		}
		h := s.callOld("n1", 2, `{"type":"read","key":"t","msg_id":1}`)
		s.journal[h.at].Unsure = true
		return Told{h.reply, "n1", "seq-kv", `"t"`, 1, 3, "1", map[bool]string{true: "1", false: "3"}[near], ""}
	}},
	{"the store may still have had the first of two equal values", func(s *scene, near bool) Claim {
		s.call("n0", `{"type":"write","key":"t","value":1,"msg_id":1}`)
		s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":3}`)
		for i := range map[bool]int{true: 29, false: 30}[near] {
			s.call("n0", `{"type":"write","key":"u","value":%d,"msg_id":2}`, i)
		}
		s.call("n0", `{"type":"write","key":"t","value":1,"msg_id":4}`)
		h := s.call("n1", `{"type":"read","key":"t","msg_id":1}`)
		s.journal[h.at].Unsure = true
		return Told{h.reply, "n1", "seq-kv", `"t"`, h.newest(s), h.newest(s), "1", "1", ""}
	}},
	{"a refusal does not tell which value there was", func(s *scene, near bool) Claim {
		s.call("n0", `{"type":"write","key":"t","value":1,"msg_id":1}`)
		s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":2}`)
		value := map[bool]string{true: "true", false: "3"}[near]
		s.call("n0", `{"type":"write","key":"t","value":%s,"msg_id":3}`, value)
		h := s.call("n1", `{"type":"cas","key":"t","from":9,"to":10,"msg_id":1}`)
		s.journal[h.at].Unsure = true
		return Told{h.reply, "n1", "seq-kv", `"t"`, 3, 3, value, value, ""}
	}},
	{"a write may have set the key again, and a read told that", func(s *scene, near bool) Claim {
		s.call("n0", `{"type":"write","key":"t","value":1,"msg_id":1}`)
		s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":2}`)
		s.callAgain("n0", "t", 1, near)
		h := s.call("n1", `{"type":"read","key":"t","msg_id":1}`)
		s.journal[h.at].Unsure = true
		return Told{h.reply, "n1", "seq-kv", `"t"`, 2, 2, "2", "2", ""}
	}},
	{"the key may have been set again since", func(s *scene, near bool) Claim {
		h := s.call("n1", `{"type":"read","key":"t","msg_id":1}`)
		s.call("n0", `{"type":"write","key":"t","value":1,"msg_id":1}`)
		s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":2}`)
		s.callAgain("n2", "t", 1, near)
		reply := s.answer(s.ask("c1", "n1", "read", 0), "0")
		return ChangedSince{h.reply, "n1", "seq-kv", `"t"`, "", "2", "", reply}
	}},
	{"the state before may have been another", func(s *scene, near bool) Claim {
		s.call("n0", `{"type":"write","key":"t","value":1,"msg_id":1}`)
		s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":2}`)
		s.callAgain("n2", "t", 1, near)
		h := s.call("n1", `{"type":"write","key":"t","value":3,"msg_id":1}`)
		s.callAgain("n2", "t", 2, true)
		return Changed{"seq-kv", `"t"`, "n1", h.request, h.at, 3, "2", "3", ""}
	}},
	{"it may have changed something after that", func(s *scene, near bool) Claim {
		h := s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":1}`)
		s.call("n1", `{"type":"write","key":"u","value":1,"msg_id":1}`)
		s.call("n1", `{"type":"write","key":"u","value":2,"msg_id":2}`)
		s.callAgain("n0", "u", 1, near)
		return LastChange{"n0", "seq-kv", `"t"`, "2", h.at, s.answer(s.ask("c1", "n1", "read", 0), "0")}
	}},
	{"it wrote to a store of which no states are known", func(s *scene, near bool) Claim {
		h := s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":1}`)
		s.pass("n0", "lww-kv", `{"type":%q,"key":"t","value":2,"msg_id":2}`, map[bool]string{true: "write", false: "read"}[near])
		return LastChange{"n0", "seq-kv", `"t"`, "2", h.at, s.answer(s.ask("c1", "n1", "read", 0), "0")}
	}},
	{"who knew may have changed a service", func(s *scene, near bool) Claim {
		s.call("n0", `{"type":"write","key":"t","value":1,"msg_id":1}`)
		s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":2}`)
		add := s.ask("c0", "n0", "add", 2)
		s.callAgain("n0", "t", 1, near)
		return Silent{add, "n0", 2, []string{"n0"}, "n1", s.answer(s.ask("c1", "n1", "read", 0), "0")}
	}},
	{"news may have come with one of two equal values", func(s *scene, near bool) Claim {
		s.call("n2", `{"type":"write","key":"t","value":1,"msg_id":1}`)
		add := s.ask("c0", "n0", "add", 2)
		s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":1}`)
		s.call("n2", `{"type":"write","key":"t","value":%d,"msg_id":2}`, map[bool]int{true: 2, false: 3}[near])
		h := s.call("n1", `{"type":"read","key":"t","msg_id":1}`)
		s.journal[h.at].Unsure = true
		if near { // as if n2's write had not changed anything
			s.journal[h.at].State--
		}
		return NoPath{add, "n0", 2, "n1", s.answer(s.ask("c1", "n1", "read", 0), "0")}
	}},
	{"a path may have led through one of two equal values", func(s *scene, near bool) Claim {
		add := s.ask("c0", "n0", "add", 2)
		s.call("n2", `{"type":"write","key":"t","value":%d,"msg_id":1}`, map[bool]int{true: 2, false: 3}[near])
		s.call("n2", `{"type":"write","key":"t","value":1,"msg_id":2}`)
		set := s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":1}`)
		h := s.call("n1", `{"type":"read","key":"t","msg_id":1}`)
		s.journal[h.at].Unsure = true
		return Path{add, "n0", 2, "n1", s.answer(s.ask("c1", "n1", "read", 0), "2"), []int{set.request, h.reply}}
	}},
	{"it may have changed the number once more", func(s *scene, near bool) Claim {
		add := s.ask("c0", "n0", "add", 2)
		s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":1}`)
		s.call("n0", `{"type":"write","key":"t","value":1,"msg_id":2}`)
		s.callAgain("n0", "t", 2, near)
		s.ack(add)
		at := s.at()
		s.answer(s.ask("c1", "n1", "read", 0), "0")
		return Counted{"seq-kv", `"t"`, "", "n0", at + 2, 2, 2, 1}
	}},
	{"what overwrote it may have changed nothing", func(s *scene, near bool) Claim {
		a := s.call("n0", `{"type":"write","key":"t","value":3,"msg_id":1}`)
		b := s.call("n1", `{"type":"write","key":"t","value":4,"msg_id":1}`)
		s.journal[b.at].Unsure = near
		return Overwritten{"seq-kv", `"t"`, a.at, a.request, "n0", "3", b.at, b.request, "n1", "4", false, -1, ""}
	}},
	{"a write asks for what the key was, and not for what it is", func(s *scene, near bool) Claim {
		s.call("n0", `{"type":"write","key":"t","value":1,"msg_id":1}`)
		a := s.call("n0", `{"type":"write","key":"t","value":3,"msg_id":2}`)
		value := map[bool]int{true: 1, false: 3}[near]
		b := s.callAgain("n1", "t", value, true)
		return Overwritten{"seq-kv", `"t"`, a.at, a.request, "n0", "3", b.at, b.request, "n1", say("%d", value), true, -1, ""}
	}},
	{"a write asks for what the key is, if nothing has set it since", func(s *scene, near bool) Claim {
		s.call("n0", `{"type":"write","key":"t","value":1,"msg_id":1}`)
		s.call("n0", `{"type":"write","key":"t","value":2,"msg_id":2}`)
		h := s.call("n1", `{"type":"write","key":"u","value":5,"msg_id":1}`)
		s.callAgain("n0", "t", 1, near)
		s.callAgain("n1", "t", 2, true)
		return LastChange{"n1", "seq-kv", `"u"`, "5", h.at, s.answer(s.ask("c1", "n1", "read", 0), "0")}
	}},
	{"a swap may have put back what the key was", func(s *scene, near bool) Claim {
		s.call("n0", `{"type":"write","key":"t","value":1,"msg_id":1}`)
		h := s.call("n0", `{"type":"write","key":"t","value":3,"msg_id":2}`)
		value := map[bool]int{true: 1, false: 3}[near]
		id := s.pass("n0", "seq-kv", `{"type":"cas","key":"t","from":%d,"to":%[1]d,"msg_id":3}`, value)
		s.note(journal.Entry{What: journal.Answered, ID: id, Src: "n0", Dest: "seq-kv", Answer: &journal.Answer{State: 1, Newest: 2, Unsure: true}})
		return LastChange{"n0", "seq-kv", `"t"`, "3", h.at, s.answer(s.ask("c1", "n1", "read", 0), "0")}
	}},
	{"a write may have set the key", func(s *scene, near bool) Claim {
		s.call("n0", `{"type":"read","key":"t","msg_id":1}`)
		h := s.call("n1", `{"type":"read","key":"t","msg_id":1}`)
		if near {
			m := s.sent[h.request]
			s.journal[h.at-2].Body = []byte(`{"type":"write","key":"t","value":0,"msg_id":1}`)
			s.journal[h.at].Unsure = m.ID == h.request
		}
		return NeverSet{"seq-kv", `"t"`, 2}
	}},
	{"the request is of the next operation", func(s *scene, near bool) Claim {
		missing := s.ask("c0", "n0", "add", 2)
		sent := s.at() - 2
		ack := s.ack(missing)
		again := s.ask("c0", "n0", "add", 2)
		second := s.ack(again)
		if near { // the first exchange is not recorded, and took longer by the log
			s.journal[sent].What, s.journal[sent+1].What, s.journal[sent+2].What, s.journal[sent+3].What = "", "", "", ""
			s.History[missing].Complete += 3 * time.Millisecond
			ack = second
		}
		return Acknowledged{missing, "n0", 2, ack}
	}},
	{"the reply is of another request", func(s *scene, near bool) Claim {
		first := s.store(s.pass("n0", "seq-kv", `{"type":"read","key":"t","msg_id":1}`), 0)
		if near {
			s.journal[s.at()-1].What = journal.Gap // its reply is not recorded
		}
		odd := s.pass("n0", "seq-kv", `{"type":"reed","key":"t","msg_id":2}`)
		reply := s.pass("seq-kv", "n0", `{"type":"error","code":20,"in_reply_to":%d}`, odd)
		if !near {
			s.happens(journal.Received, first.reply)
			reply = first.reply
		}
		return Told{reply, "n0", "seq-kv", `"t"`, 0, 0, "", "", ""}
	}},
	{"answers to the same request are not recorded", func(s *scene, near bool) Claim {
		op := s.ask("c0", "n0", "add", 2)
		first := s.pass("n0", "n1", `{"type":"more","msg_id":1}`)
		s.pass("n0", "n1", `{"type":"more","msg_id":2}`)
		if near {
			s.note(journal.Entry{What: journal.Gap})
		}
		s.giveUp(op)
		return Repeated{Op: op, Node: "n0", First: first, Dest: "n1", Same: true, N: 2, Reply: -1, AtLeast: near}
	}},
	{"another copy of what was lost is not recorded", func(s *scene, near bool) Claim {
		id := s.send("n0", "n1", `{"type":"more"}`)
		if near {
			s.note(journal.Entry{What: journal.Gap})
		}
		s.happens(journal.Lost, id)
		return Message{id, 3, "n0", "n1", WasLost, 1, 0}
	}},
	{"what a node had acknowledged before another's life began is not recorded", func(s *scene, near bool) Claim {
		if near {
			s.note(journal.Entry{What: journal.Gap})
		}
		s.ack(s.ask("c0", "n0", "add", 2))
		s.node(journal.Started, "n1", "")
		read := s.ask("c1", "n1", "read", 0)
		s.answer(read, "0")
		return PartOff{Sum{read, "n1", 0, Formula{How: OwnAlone}, []Part{{"n1", 0, -1}}}, "n0", 0, 2, 2}
	}},
	{"a node that ended when nobody looked, and one that was killed", func(s *scene, near bool) Claim {
		got := s.call("n0", `{"type":"read","key":"t","msg_id":1}`)
		s.node(map[bool]journal.What{true: journal.Killed, false: journal.Crashed}[near], "n0", "")
		if !near {
			s.Crashes = []verdict.Crash{{Node: "n0", Unseen: true}}
		}
		return NextSent{"n0", got.reply, -1}
	}},
	{"it was answered with an error that is not recorded", func(s *scene, near bool) Claim {
		s.giveUp(s.ask("c1", "n0", "add", 2))
		op := s.ask("c0", "n0", "add", 2)
		s.giveUp(op)
		s.History[op].Error = near
		return NoneSucceeded{"add", 2, 2}
	}},
	{"another copy comes in the node's next life", func(s *scene, near bool) Claim {
		add := s.ask("c0", "n0", "add", 2)
		more := s.pass("n0", "n1", `{"type":"more","delta":2}`)
		s.happens(journal.Doubled, more)
		s.node(journal.Killed, "n1", "")
		s.node(journal.Started, "n1", "")
		if near {
			s.happens(journal.Received, more)
		}
		return NoPath{add, "n0", 2, "n1", s.answer(s.ask("c1", "n1", "read", 0), "0")}
	}},
}

func TestNearMisses(t *testing.T) {
	for _, test := range nearMisses {
		for _, near := range []bool{false, true} {
			s := newScene(3)
			c := test.play(s, near)
			if got := s.run().Holds(c); got == near {
				t.Errorf("%s: if it is so, %T holds: %v\n%#v\n%s", test.name, c, got, c, s)
			}
		}
	}
}
